"""Bugs that were found by playing the stranger: each left a test."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import Dropped, DropReason, LocalProtocolError, Profile, Request, Resolve, Response
from sipsm.role import AnswerReceived, Ended, OfferReceived, Ringing
from tests.endpoint.by_hand import SDP, SDP2, Bench


def acks(bench: Bench) -> list[Request]:
    """The ACKs sent so far."""
    return [m for m in bench.sent if isinstance(m, Request) and m.method == "ACK"]


# -------------------------------------------------------------------- what arrives must not raise


@pytest.mark.parametrize("contact", [None, "*"])
def test_a_2xx_without_a_contact_does_not_raise(contact: str | None) -> None:
    """A 2xx that forgets its Contact is acknowledged all the same."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 200, contact=contact, body=SDP2))
    assert len(acks(bench)) == 1


@pytest.mark.parametrize("method", ["OPTIONS", "INVITE"])
@pytest.mark.parametrize(
    ("line", "statuses"),
    [
        ('Require: a,"b', {400}),
        ("Require: \0", {400, 420}),
        ('Content-Encoding: a,"b', {400, 415}),
        ("Record-Route: *", {400}),
        ("Record-Route: a b", {400}),
        ("Contact: a b", {400}),
    ],
)
def test_a_header_that_cannot_be_read_is_answered_and_leaves_nothing(
    method: str, line: str, statuses: set[int]
) -> None:
    """A malformed value in a header that the core reads is found before anything has moved."""
    bench = Bench()
    bench.receive(bench.request(method, contact=None, headers=["Contact: <sip:a@192.0.2.2>", line], body=SDP))
    assert len(bench.statuses) == 1
    assert set(bench.statuses) <= statuses
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.parametrize("name", ["to", "from_"])
@pytest.mark.parametrize("method", ["OPTIONS", "INVITE"])
def test_a_star_is_nobody_s_address(method: str, name: str) -> None:
    """`*` is a value of Contact only: in To and From it is malformed (RFC 3261 20.10)."""
    bench = Bench()
    parts: dict[str, Any] = {name: "*"}
    bench.receive(bench.request(method, body=SDP, **parts))
    assert bench.statuses == [400]
    assert bench.left() == {}


@pytest.mark.parametrize("via", ["Via: x", 'Via: SIP/2.0/UDP h;a="', "Via: SIP/2.0/UDP h;branch=z9hG4bKq;;"])
def test_a_response_with_a_second_via_that_cannot_be_read_is_dropped(via: str) -> None:
    """A malformed Via below the top one does not raise."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 200, headers=[via], body=SDP))
    assert [type(event) for event in bench.events] == [Dropped]


def test_a_record_route_of_star_does_not_raise() -> None:
    """A response whose Record-Route is no URI is dropped, and the call goes on waiting."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 200, headers=["Record-Route: *"], body=SDP))
    assert bench.events[-1].reason is DropReason.MALFORMED
    bench.receive(bench.response(call.invite, 200, body=SDP))
    assert len(acks(bench)) == 1


@pytest.mark.parametrize(
    "profile",
    [
        {"identity": "garbage <<"},
        {"identity": "*"},
        {"user_agent": "a\r\nb"},
        {"accept": ("a\r\nb",)},
        {"supported": ("a\r\nb",)},
        {"route": ("x y",)},
        {"route": ("*",)},
    ],
    ids=str,
)
def test_a_profile_that_cannot_be_written_is_refused_at_once(profile: dict[str, Any]) -> None:
    """A bad setting is the program's fault, and does not wait for the first packet to show."""
    with pytest.raises(LocalProtocolError):
        Profile(**profile)


# -------------------------------------------------------------------- offers and answers


def test_the_ack_of_an_unwanted_answer_has_no_body() -> None:
    """A 2xx that crossed our CANCEL answers our offer: its ACK carries no description (RFC 3264 4)."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    bench.take(call.cancel(now=bench.now))
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    assert [ack.body for ack in acks(bench)] == [b""]


def test_the_ack_of_a_second_branch_has_no_body_when_we_offered() -> None:
    """Another branch's 2xx carries an answer, and its ACK none (RFC 3261 13.2.2.4)."""
    bench = Bench()
    call = bench.answered()
    bench.receive(bench.response(call.invite, 200, tag="other", body=SDP2))
    assert [ack.body for ack in acks(bench)] == [b"", b""]


def test_the_answer_of_an_unwanted_branch_is_not_told() -> None:
    """The application hears of one answer: the dialog that is hung up at once concerns it not."""
    bench = Bench()
    call = bench.answered()
    bench.receive(bench.response(call.invite, 200, tag="other", body=SDP2))
    assert len(bench.told(AnswerReceived)) == 1


def test_the_offer_of_an_unwanted_branch_is_not_told() -> None:
    """One call, one offer to answer."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    bench.receive(bench.response(call.invite, 200, body=SDP))
    bench.receive(bench.response(call.invite, 200, tag="other", body=SDP2))
    assert [event.sdp for event in bench.told(OfferReceived)] == [SDP]


def test_the_offer_of_a_cancelled_call_is_not_told_and_cannot_be_answered() -> None:
    """The 2xx that crossed our CANCEL is refused by the machine: nobody is asked for an answer."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    bench.receive(bench.response(call.invite, 180))
    bench.take(call.cancel(now=bench.now))
    bench.receive(bench.response(call.invite, 200, body=SDP))
    assert bench.told(OfferReceived) == []
    with pytest.raises(LocalProtocolError):
        call.answer_offer(SDP, now=bench.now)


def test_an_empty_answer_is_none() -> None:
    """The ACK to an offer must carry an answer (RFC 3261 13.2.2.4)."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    bench.receive(bench.response(call.invite, 200, body=SDP))
    with pytest.raises(LocalProtocolError):
        call.answer_offer(b"", now=bench.now)


# -------------------------------------------------------------------- addresses


@pytest.mark.parametrize("contact", ["<sip:bob@192.0.2.2?Subject=x>", "<sip:bob@192.0.2.2;method=INVITE>"])
def test_a_remote_target_becomes_a_request_uri_without_method_and_headers(contact: str) -> None:
    """What must not stand in a Request-URI is left out of it (RFC 3261 19.1.1)."""
    bench = Bench()
    bench.answered(contact=contact)
    assert str(acks(bench)[0].uri) == "sip:bob@192.0.2.2"


def test_a_target_with_headers_does_not_make_a_request_uri_with_headers() -> None:
    """A request formed from a URI has none of its headers in the Request-URI (RFC 3261 19.1.5)."""
    bench = Bench()
    try:
        call = bench.outgoing(target="sip:bob@192.0.2.2?Subject=x")
    except LocalProtocolError:
        assert bench.left() == {}
    else:
        assert call.invite.uri.headers is None


def test_a_strict_outbound_proxy_becomes_the_request_uri() -> None:
    """A first Route without lr is a strict router: it is where the request goes (RFC 3261 8.1.2, 12.2.1.1)."""
    bench = Bench(profile=Profile(route=["<sip:192.0.2.9>"]))
    call = bench.outgoing()
    assert str(call.invite.uri) == "sip:192.0.2.9"
    assert call.invite.lines_of("Route") == ("<sip:bob@192.0.2.2:5060>",)
    assert bench.flows[0].remote == ("192.0.2.9", 5060)


# -------------------------------------------------------------------- misuse


@pytest.mark.parametrize("to", ["garbage <<", "*", "<sip:bob@192.0.2.2>;tag=1", "<sip:a@b>, <sip:c@d>"])
def test_a_to_that_is_no_address_or_has_a_tag_is_refused(to: str) -> None:
    """Outside a dialog To is one address without a tag (RFC 3261 8.1.1.2)."""
    bench = Bench()
    with pytest.raises(LocalProtocolError):
        bench.outgoing(to=to)
    assert bench.left() == {}


@pytest.mark.parametrize("name", ["To", "From", "CSeq", "Call-ID", "i", "Max-Forwards", "Via", "v", "Contact", "m"])
def test_a_header_that_the_core_writes_cannot_be_added(name: str) -> None:
    """Two values where one must stand would be a message that nobody can read (RFC 3261 7.3.1)."""
    bench = Bench()
    with pytest.raises(LocalProtocolError):
        bench.outgoing(headers=[(name, "1")])
    assert bench.left() == {}


@pytest.mark.parametrize("name", ["To", "CSeq", "Call-ID", "Via", "Contact"])
def test_nor_to_an_answer_or_a_bye(name: str) -> None:
    """The same of what a call sends."""
    bench = Bench()
    call = bench.incoming()
    with pytest.raises(LocalProtocolError):
        call.answer(SDP2, headers=[(name, "1 INVITE")], now=bench.now)
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call))
    if name != "Contact":  # a BYE has none of ours
        with pytest.raises(LocalProtocolError):
            call.hang_up(headers=[(name, "1 BYE")], now=bench.now)


# -------------------------------------------------------------------- no message without a trace, and no false trace


def test_a_ringing_without_a_tag_is_told() -> None:
    """A peer of RFC 2543 rings without a tag: the application hears it ring."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180, tag=None))
    assert len(bench.told(Ringing)) == 1


def test_a_provisional_response_to_options_leaves_a_trace() -> None:
    """A message that comes to nothing is told as dropped."""
    bench = Bench()
    outgoing, outputs = bench.endpoint.request("OPTIONS", "sip:bob@192.0.2.2", now=bench.now)
    bench.take(outputs)
    bench.receive(bench.response(outgoing.request, 183))
    assert len(bench.told(Dropped)) == 1


def test_a_response_that_was_told_is_not_told_as_dropped() -> None:
    """The 481 to a request of a call that is ending is its answer, and nothing else."""
    bench = Bench()
    call = bench.acked()
    bench.take(call.request("OPTIONS", now=bench.now)[1])
    options = bench.last_request
    bench.take(call.hang_up(now=bench.now))
    bench.receive(bench.response(options, 481))
    assert bench.told(Dropped) == []


def test_no_ringing_after_a_cancel() -> None:
    """Who has given a call up is not told any more that it rings."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    bench.take(call.cancel(now=bench.now))
    bench.receive(bench.response(call.invite, 183))
    assert len(bench.told(Ringing)) == 1


# -------------------------------------------------------------------- CANCEL


def test_a_cancelled_call_is_not_sent_when_its_address_is_found() -> None:
    """An INVITE that was given up before it could be sent is never sent."""
    bench = Bench()
    call = bench.outgoing(target="sip:bob@biloxi.example.com")
    (resolve,) = bench.told(Resolve)
    bench.take(call.cancel(now=bench.now))
    bench.take(bench.endpoint.resolved(resolve, ["192.0.2.2"], bench.now))
    assert bench.methods == []
    assert len(bench.told(Ended)) == 1
    assert bench.left() == {}


def test_the_answer_to_a_late_cancel_has_the_tag_of_the_invite_s_answer() -> None:
    """The To tags of the answers to CANCEL and INVITE are the same, also after a refusal (RFC 3261 9.2)."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.reject(486, now=bench.now))
    refusal = bench.last_response
    bench.receive(bench.request("CANCEL", branch="z9hG4bKcall"))
    assert isinstance(bench.sent[-1], Response)
    assert (bench.sent[-1].status, bench.sent[-1].to.tag) == (200, refusal.to.tag)


# -------------------------------------------------------------------- the ACK


def test_a_bye_before_our_answer_does_not_leave_the_2xx_unacknowledged() -> None:
    """Each 2xx gets its ACK, also when the peer hangs up before its offer was answered (RFC 3261 13.2.2.4)."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    bench.receive(bench.response(call.invite, 200, body=SDP))
    bench.receive(bench.in_dialog("BYE", 9, call))
    assert len(acks(bench)) == 1
