"""Requests that the user agent answers by itself: OPTIONS, and what belongs to no call or comes at a wrong time."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from sipsm import (
    Call,
    Dropped,
    DropReason,
    Ended,
    EndReason,
    Ids,
    IncomingCall,
    MessageReceived,
    NotDelivered,
    OfferReceived,
    Profile,
    RequestServed,
)
from sipsm.role.calls import calls
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.endpoint.snapshot import snapshot

# -------------------------------------------------------------------- OPTIONS


def capabilities(bench: Bench) -> list[tuple[str, str | None]]:
    """What the last response says of us."""
    names = ("Allow", "Accept", "Accept-Encoding", "Accept-Language", "Supported")
    return [(name, bench.last_response.header(name)) for name in names]


@pytest.mark.rfc("3261 11.2")
@pytest.mark.parametrize("inside", [False, True], ids=["outside a call", "inside"])
def test_options_is_told_what_we_can(inside: bool) -> None:
    """The 200 to OPTIONS lists methods, bodies, encodings, languages and extensions."""
    bench = Bench(profile=Profile(supported=("gruu", "timer"), accept=("application/sdp", "text/plain")))
    if inside:
        call = bench.acked()
        bench.receive(bench.in_dialog("OPTIONS", 2, call))
    else:
        bench.receive(bench.request("OPTIONS"))
    assert bench.last_response.status == 200
    assert capabilities(bench) == [
        ("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, MESSAGE, NOTIFY"),
        ("Accept", "application/sdp, text/plain"),
        ("Accept-Encoding", "identity"),
        ("Accept-Language", "*"),
        ("Supported", "100rel, timer, replaces, join, 199, gruu"),
    ]
    served = bench.told(RequestServed)
    assert [(event.request.method, event.status) for event in served] == [("OPTIONS", 200)]


def test_a_call_goes_on_after_options() -> None:
    """OPTIONS in a call touches nothing but the sequence numbers (RFC 3261 12.2.2)."""
    bench = Bench()
    call = bench.acked()
    for cseq in (2, 3, 99):
        bench.receive(bench.in_dialog("OPTIONS", cseq, call))
    assert bench.statuses[-3:] == [200, 200, 200]
    assert (call.state, call.local_sdp, call.remote_sdp) == ("established", SDP2, SDP)
    bench.receive(bench.in_dialog("BYE", 100, call))
    assert bench.told(Ended)[0].reason is EndReason.HUNG_UP_BY_PEER


def test_options_in_an_early_dialog_and_in_one_of_ours() -> None:
    """A dialog is one from its first answer on, whoever called."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.ring(now=bench.now))
    bench.receive(bench.in_dialog("OPTIONS", 2, call))
    assert bench.last_response.status == 200
    ours = bench.outgoing()
    bench.receive(bench.response(ours.invite, 180))
    bench.receive(bench.in_dialog("OPTIONS", 7, ours))
    assert bench.last_response.status == 200
    assert [call.state, ours.state] == ["ringing", "ringing"]


# -------------------------------------------------------------------- what belongs to no call


@pytest.mark.rfc("3261 12.2.2", "3261 15.1.2", "3261 9.2")
@pytest.mark.parametrize(
    ("method", "tag"),
    [
        ("BYE", ";tag=none"),
        ("OPTIONS", ";tag=none"),
        ("INVITE", ";tag=none"),
        ("CANCEL", ";tag=none"),
        ("BYE", ""),
        ("CANCEL", ""),
    ],
)
def test_what_belongs_to_no_dialog(method: str, tag: str) -> None:
    """A request with a tag that names no dialog gets 481; so do BYE and CANCEL, which cannot stand alone."""
    bench = Bench()
    bench.receive(bench.request(method, to=f"<sip:bob@192.0.2.1>{tag}", body=SDP if method == "INVITE" else b""))
    assert bench.statuses == [481]
    assert [(event.request.method, event.status) for event in bench.told(RequestServed)] == [(method, 481)]


@pytest.mark.parametrize("part", ["call_id", "from_", "to"])
def test_a_dialog_is_named_by_all_of_its_three_parts(part: str) -> None:
    """Call-ID, own tag and the peer's tag: who knows two of them cannot hang up (RFC 3261 12)."""
    bench = Bench()
    call = bench.acked()
    dialog = call.here.dialog
    known: dict[str, Any] = {"call_id": call.call_id, "from_": dialog.remote, "to": dialog.local}
    bench.receive(bench.request("BYE", cseq=2, **known | {part: known[part] + "x"}))
    assert bench.statuses[-1] == 481
    assert call.state == "established"


def test_the_answers_to_strays_have_a_tag() -> None:
    """All answers but 100 have a To tag, and the one that came stays (RFC 3261 8.2.6.2)."""
    bench = Bench()
    bench.receive(bench.request("BYE"))
    bench.receive(bench.request("BYE", to="<sip:bob@192.0.2.1>;tag=mine"))
    tags = [message.to.tag for message in bench.sent]
    assert tags[0]
    assert tags[1] == "mine"


@pytest.mark.rfc("3261 17.1.1.3")
@pytest.mark.parametrize("to", ["<sip:bob@192.0.2.1>;tag=none", "<sip:bob@192.0.2.1>"])
def test_an_ack_to_nothing_is_dropped(to: str) -> None:
    """There is no answer to an ACK: one that belongs nowhere comes to nothing."""
    bench = Bench()
    outputs = bench.receive(bench.request("ACK", to=to, headers=["Require: foo"]))
    assert [type(output) for output in outputs] == [Dropped]
    assert bench.events[0].reason is DropReason.STRAY_ACK
    assert bench.left() == {}


def test_an_ack_that_acknowledges_nothing_in_its_dialog_is_dropped() -> None:
    """An ACK in a call of ours, or with another number than the INVITE's, acknowledges nothing that was sent."""
    bench = Bench()
    ours = bench.answered()
    bench.receive(bench.in_dialog("ACK", 1, ours))
    call = bench.incoming(call_id="second")
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 2, call))
    assert [event.reason for event in bench.told(Dropped)] == [DropReason.STRAY_ACK] * 2
    assert call.state == "answering"


def test_an_ack_before_the_answer_is_dropped() -> None:
    """An ACK before a final response acknowledges nothing, whether by branch or by dialog."""
    bench = Bench()
    call = bench.incoming()
    bench.receive(bench.in_dialog("ACK", 1, call))
    bench.receive(bench.in_dialog("ACK", 1, call, branch="z9hG4bKcall"))
    assert [event.reason for event in bench.told(Dropped)] == [DropReason.ABSORBED] * 2
    assert call.state == "incoming"


# -------------------------------------------------------------------- numbers


@pytest.mark.rfc("3261-C19", "3261 12.2.2")
@pytest.mark.parametrize("begin", [Bench.acked, Bench.answered], ids=["callee", "caller"])
def test_sequence_numbers(begin: Callable[[Bench], Call]) -> None:
    """A number lower than an earlier one is answered with 500; a gap upward is no error."""
    bench = Bench()
    call = begin(bench)
    bench.drain()
    for cseq, status in [(10, 200), (9, 500), (500, 200), (11, 500), (501, 200)]:
        bench.receive(bench.in_dialog("OPTIONS", cseq, call))
        assert bench.statuses[-1] == status, cseq
    bench.receive(bench.in_dialog("BYE", 400, call))
    assert bench.statuses[-1] == 500
    assert call.state == "established"
    bench.receive(bench.in_dialog("BYE", 502, call))
    assert bench.statuses[-1] == 200


@pytest.mark.rfc("3261-S14", "3261 14.2")
def test_an_invite_at_a_wrong_time() -> None:
    """A second INVITE while the first is unanswered gets 500 and a Retry-After of 0 to 10 s; while ours runs, 491."""
    waits = set()
    for seed in range(200):
        bench = Bench(seed)
        call = bench.incoming()
        bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP))
        assert bench.last_response.status == 500
        waits.add(bench.last_response.header("Retry-After"))
        assert call.state == "incoming"
    assert waits == {str(seconds) for seconds in range(11)}

    bench = Bench()
    ours = bench.outgoing()
    bench.receive(bench.response(ours.invite, 180))
    bench.receive(bench.in_dialog("INVITE", 5, ours, body=SDP))
    assert bench.last_response.status == 491
    assert ours.state == "ringing"
    bench.receive(bench.response(ours.invite, 200, body=SDP2))
    assert ours.state == "established"


@pytest.mark.rfc("3261 14.2")
@pytest.mark.parametrize("begin", [Bench.acked, Bench.answered], ids=["callee", "caller"])
def test_a_re_invite_that_is_refused_changes_nothing(begin: Callable[[Bench], Call]) -> None:
    """The application may answer it with 488; its ACK ends its transaction, and the session goes on as it was."""
    bench = Bench()
    call = begin(bench)
    before = (call.state, call.local_sdp, call.remote_sdp, call.agreed, call.here.dialog.remote_target)
    bench.drain()
    data = bench.in_dialog("INVITE", 2, call, branch="z9hG4bKre", body=SDP2, contact="<sip:elsewhere@192.0.2.7>")
    bench.receive(data)
    assert bench.statuses == []
    (offer,) = bench.events
    assert (type(offer), offer.call, offer.sdp, offer.dialog) == (OfferReceived, call, SDP2, call.here)
    bench.take(call.reject_offer(now=bench.now))
    assert bench.statuses == [488]
    bench.receive(bench.in_dialog("ACK", 2, call, branch="z9hG4bKre"))
    assert (call.state, call.local_sdp, call.remote_sdp, call.agreed, call.here.dialog.remote_target) == before
    bench.quiet()
    assert bench.statuses == [488]
    assert {"clients", "servers", "timers"}.isdisjoint(bench.left())


@pytest.mark.rfc("3261 14.2", "3261 12.2.2")
@pytest.mark.parametrize("begin", [Bench.acked, Bench.answered], ids=["callee", "caller"])
def test_a_re_invite_that_is_accepted_changes_the_session_and_the_target(begin: Callable[[Bench], Call]) -> None:
    """With our answer its offer is in force, its Contact is where the peer is; its 2xx goes out until the ACK comes."""
    bench = Bench()
    call = begin(bench)
    bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP2, contact="<sip:elsewhere@192.0.2.7>"))
    before = str(call.here.dialog.remote_target)
    bench.drain()
    bench.take(call.answer_offer(SDP, now=bench.now))
    assert bench.statuses == [200]
    assert (call.agreed, call.state) == ((SDP, SDP2), "established")
    assert (before, str(call.here.dialog.remote_target)) == (
        "sip:alice@192.0.2.2:5060" if not call.outgoing else "sip:bob@192.0.2.2:5060",
        "sip:elsewhere@192.0.2.7",
    )
    bench.wait(0.5)
    assert bench.wires[0] == bench.wires[1]
    bench.receive(bench.in_dialog("ACK", 2, call))
    bench.drain()
    bench.quiet()
    assert bench.drain() == ([], [])
    assert {"clients", "servers", "timers"}.isdisjoint(bench.left())
    bench.take(call.hang_up(now=bench.now))
    assert str(bench.last_request.uri) == "sip:elsewhere@192.0.2.7"


@pytest.mark.rfc("3428 7")
def test_a_message_in_a_call_and_outside() -> None:
    """It is answered, and told with the call that it belongs to, if it does."""
    bench = Bench()
    call = bench.acked()
    bench.receive(bench.in_dialog("MESSAGE", 2, call, body=b"hi", content_type="text/plain"))
    bench.receive(bench.request("MESSAGE", call_id="other", body=b"ho", content_type="text/plain"))
    assert bench.statuses[-2:] == [200, 200]
    assert [(event.call, event.request.body) for event in bench.told(MessageReceived)] == [(call, b"hi"), (None, b"ho")]


@pytest.mark.rfc("3891 3")
def test_dialogs_that_are_over_are_remembered_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who wants to replace one gets 603; when so many others have ended since that it is forgotten, 481."""
    monkeypatch.setattr(calls, "REMEMBERED", 2)
    bench = Bench()
    replaced = []
    for name in ("one", "two", "three"):
        dialog = bench.acked(call_id=name, via=f"Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK{name}").here.dialog
        bench.receive(bench.in_dialog("BYE", 2, bench.endpoint.calls[0]))
        replaced.append(f"Replaces: {name};to-tag={dialog.local_tag};from-tag={dialog.remote_tag}")
    for header, status in zip(replaced, (481, 603, 603), strict=True):
        bench.receive(bench.request("INVITE", call_id=f"new-{header[10:15]}", body=SDP, headers=[header]))
        assert bench.statuses[-1] == status


# -------------------------------------------------------------------- a dialog that is over


@pytest.mark.rfc("3261 12.2.2")
@pytest.mark.parametrize("method", ["OPTIONS", "INVITE"])
def test_requests_in_a_call_that_is_over(method: str) -> None:
    """Who asks in a dialog that has ended is told that there is none."""
    bench = Bench()
    call = bench.acked()
    bench.receive(bench.in_dialog("BYE", 2, call))
    bench.receive(bench.in_dialog(method, 3, call, body=SDP))
    assert bench.statuses[-1] == 481
    bench.receive(bench.in_dialog("BYE", 4, call))
    assert bench.statuses[-1] == 481


def test_requests_while_our_bye_is_under_way() -> None:
    """Until our BYE is answered the dialog is known: whatever comes is too late, and another BYE crosses ours."""
    bench = Bench()
    call = bench.acked()
    bench.take(call.hang_up(now=bench.now))
    bye = bench.last_request
    bench.drain()
    bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP))
    assert bench.statuses == [481]
    bench.receive(bench.in_dialog("OPTIONS", 3, call))
    bench.receive(bench.in_dialog("BYE", 4, call))
    assert bench.statuses == [481, 481, 200]
    assert bench.told(Ended) == []
    bench.receive(bench.response(bye, 200))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP]


def test_a_late_ack_of_a_call_that_is_over() -> None:
    """The peer's BYE may overtake its ACK, which is the last that was waited for; a further one is a stray."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("BYE", 2, call))
    assert bench.endpoint.calls == [call]
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert (bench.endpoint.calls, bench.told(Dropped)) == ([], [])
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert [event.reason for event in bench.told(Dropped)] == [DropReason.STRAY_ACK]


def test_no_stray_leaves_anything() -> None:
    """What belongs to no call is answered and, once its transaction is over, forgotten."""
    bench = Bench()
    before = snapshot(bench.endpoint)
    for method in ("BYE", "CANCEL", "OPTIONS", "REGISTER", "FOO", "ACK"):
        bench.receive(bench.request(method))
    bench.quiet()
    assert snapshot(bench.endpoint) == before


# -------------------------------------------------------------------- a peer that cannot be reached


@pytest.mark.parametrize(
    "contact", ["<tel:+15551234>", "<sips:alice@192.0.2.2>", "<sip:alice@192.0.2.2;transport=tcp>"]
)
def test_a_call_to_whom_no_bye_can_be_sent_ends_all_the_same(contact: str) -> None:
    """Where the peer's Contact is no place to send to, hanging up ends the call here."""
    bench = Bench()
    call = bench.acked(contact=contact)
    bench.take(call.hang_up(now=bench.now))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP]
    bench.quiet()
    assert bench.left() == {}


def test_an_ack_that_cannot_be_sent_is_told() -> None:
    """The 2xx names a Contact that says not where: its ACK goes nowhere, and the application hears of it."""
    bench = Bench()
    call = bench.answered(contact="<tel:+15551234>")
    events = bench.told(NotDelivered)
    assert [event.data.partition(b" ")[0] for event in events] == [b"ACK"]
    assert "tel" in events[0].why
    assert call.state == "established"


def test_the_same_seed_draws_the_same_retry_after() -> None:
    """The wait is drawn from the given source."""

    def wait(seed: int) -> str | None:
        bench = Bench()
        bench.endpoint._ids.source = Ids(random.Random(seed)).source
        call = bench.incoming()
        bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP))
        return bench.last_response.header("Retry-After")

    assert [wait(seed) for seed in range(20)] == [wait(seed) for seed in range(20)]


@pytest.mark.rfc("3261 8.2.2.2", "3261-S03")
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS"])
def test_merged_requests(method: str) -> None:
    """The same request by another way is refused while the first one is being dealt with, and only then."""
    bench = Bench()
    first = bench.request(method, branch="z9hG4bKone", body=SDP if method == "INVITE" else b"")
    other = first.replace(b"z9hG4bKone", b"z9hG4bKtwo")
    bench.receive(first)
    bench.receive(other)
    assert [status for status in bench.statuses if status != 200] == [482]
    bench.receive(first.replace(b"z9hG4bKone", b"z9hG4bK3").replace(b"tag=theirs", b"tag=somebody"))
    bench.receive(first.replace(b"z9hG4bKone", b"z9hG4bK4").replace(b"hand@", b"foot@"))
    bench.receive(first.replace(b"z9hG4bKone", b"z9hG4bK5").replace(b"CSeq: 1", b"CSeq: 2"))
    assert bench.statuses.count(482) == 1
    assert len(bench.told(IncomingCall)) == (4 if method == "INVITE" else 0)


@pytest.mark.rfc("3261 8.2.2.2")
def test_a_merged_request_later() -> None:
    """When the first one's transaction is over, the same request is another one."""
    bench = Bench()
    first = bench.request("OPTIONS", branch="z9hG4bKone")
    bench.receive(first)
    bench.receive(first.replace(b"z9hG4bKone", b"z9hG4bKtwo"))
    bench.quiet()
    assert bench.left() == {}
    bench.receive(first.replace(b"z9hG4bKone", b"z9hG4bKtwo"))
    assert bench.statuses == [200, 482, 200]
