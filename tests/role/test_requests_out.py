"""Requests of ours: outside a call, inside one, and what their answers mean for the call."""

from __future__ import annotations

import pytest

from sipsm import (
    Answered,
    CallState,
    Dropped,
    DropReason,
    Ended,
    EndReason,
    Established,
    OutgoingRequest,
    Profile,
    Request,
)
from sipsm.message import KNOWN_METHODS
from tests.endpoint.by_hand import SDP, SDP2, T1, Bench
from tests.role.stages import to_its_end


def asked(bench: Bench, method: str = "OPTIONS", target: str = "sip:bob@192.0.2.2") -> OutgoingRequest:
    """A request outside a call."""
    outgoing, outputs = bench.endpoint.request(method, target, now=bench.now)
    bench.take(outputs)
    return outgoing


# -------------------------------------------------------------------- outside a call


@pytest.mark.rfc("3261-C01", "3261 8.1.1")
def test_what_every_request_carries() -> None:
    """To, From with a tag, Call-ID, CSeq, Max-Forwards of 70 and Via: in each request, inside a call and outside."""
    bench = Bench()
    asked(bench)
    call = bench.answered()
    bench.take(call.request("INFO", now=bench.now)[1])
    bench.take(call.hang_up(now=bench.now))
    second = bench.outgoing()
    bench.receive(bench.response(second.invite, 180))
    bench.take(second.cancel(now=bench.now))
    assert bench.methods == ["OPTIONS", "INVITE", "ACK", "INFO", "BYE", "INVITE", "CANCEL"]
    for message in bench.sent:
        for name in ("To", "From", "Call-ID", "CSeq", "Max-Forwards", "Via"):
            assert len(message.lines_of(name)) == 1, name
        assert message.from_.tag
        assert message.header("Max-Forwards") == "70"
        assert message.cseq.number < 2**31
        assert message.via.has_rport


@pytest.mark.rfc("3261-C02", "3261 8.1.1.7")
def test_branches() -> None:
    """A branch begins with the magic cookie and is used once, but by a CANCEL and the ACK of a refusal again."""
    bench = Bench()
    asked(bench)
    call = bench.answered()
    bench.take(call.request("INFO", now=bench.now)[1])
    bench.take(call.hang_up(now=bench.now))
    new = [message.via.branch or "" for message in bench.sent]
    assert all(branch.startswith("z9hG4bK") and len(branch) > 7 for branch in new)
    assert len(set(new)) == len(new) == 5
    bench.drain()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    bench.take(call.cancel(now=bench.now))
    bench.receive(bench.response(call.invite, 487))
    assert bench.methods == ["INVITE", "CANCEL", "ACK"]
    assert {message.via.branch for message in bench.sent} == {call.invite.via.branch}


@pytest.mark.rfc("3261 11.1")
def test_an_options_of_ours() -> None:
    """OPTIONS says where we are; other requests outside a call need not."""
    bench = Bench()
    asked(bench)
    asked(bench, "MESSAGE")
    options, message = bench.sent
    assert str(options.contacts[0].uri) == "sip:192.0.2.1:5060"
    assert message.contacts == ()


@pytest.mark.rfc("3261 8.1.2")
def test_an_outbound_proxy() -> None:
    """With a route set of its own, an endpoint sends everything outside a call to the first of it."""
    bench = Bench(profile=Profile(route=("<sip:192.0.2.66;lr>", "<sip:192.0.2.67;lr>")))
    outgoing = asked(bench, target="sip:bob@biloxi.example.com")
    assert outgoing.request.lines_of("Route") == ("<sip:192.0.2.66;lr>", "<sip:192.0.2.67;lr>")
    assert str(outgoing.request.uri) == "sip:bob@biloxi.example.com"
    assert bench.flows[0].remote == ("192.0.2.66", 5060)


@pytest.mark.parametrize(
    "method", [*sorted(KNOWN_METHODS - {"INVITE", "ACK", "BYE", "CANCEL", "PRACK", "UPDATE", "INFO"}), "FOO"]
)
def test_any_other_method_may_be_asked(method: str) -> None:
    """What has no command of its own is sent as it is given, and its final response is told."""
    bench = Bench()
    outgoing = asked(bench, method)
    bench.receive(bench.response(outgoing.request, 100))
    assert bench.told(Answered) == []
    bench.receive(bench.response(outgoing.request, 501))
    assert [(event.request, event.status) for event in bench.told(Answered)] == [(outgoing, 501)]
    bench.quiet()
    assert bench.left() == {}


def test_an_answer_is_told_once() -> None:
    """A repeat of the final response, or another one, comes to nothing."""
    bench = Bench()
    outgoing = asked(bench)
    for status in (200, 200, 486):
        bench.receive(bench.response(outgoing.request, status))
    assert [event.status for event in bench.told(Answered)] == [200]
    assert [event.reason for event in bench.told(Dropped)] == [DropReason.ABSORBED] * 2
    assert outgoing.status == 200


def test_a_provisional_response_tells_nothing() -> None:
    """Only INVITE rings: a provisional response to another request is dropped."""
    bench = Bench()
    outgoing = asked(bench)
    bench.receive(bench.response(outgoing.request, 183))
    assert [event.reason for event in bench.told(Dropped)] == [DropReason.ABSORBED]
    assert outgoing.status is None


# -------------------------------------------------------------------- in a call


@pytest.mark.rfc("3261-C15", "3261 12.2.1.1")
def test_numbers_in_a_call() -> None:
    """Each new request has the next number; ACK and CANCEL keep the INVITE's."""
    bench = Bench()
    call = bench.answered()
    for _ in range(3):
        bench.take(call.request("INFO", now=bench.now)[1])
    bench.take(call.hang_up(now=bench.now))
    first = call.invite.cseq.number
    numbers = [(message.cseq.method, message.cseq.number - first) for message in bench.sent]
    assert numbers == [("INVITE", 0), ("ACK", 0), ("INFO", 1), ("INFO", 2), ("INFO", 3), ("BYE", 4)]

    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    bench.take(call.cancel(now=bench.now))
    assert bench.last_request.cseq.number == call.invite.cseq.number


def test_a_request_in_a_call_goes_where_the_call_is() -> None:
    """To the peer's Contact, by the proxies that want to stay, with the tags of the dialog (RFC 3261 12.2.1.1)."""
    bench = Bench()
    proxies = ["Record-Route: <sip:192.0.2.31;lr>, <sip:192.0.2.32;lr>"]
    call = bench.answered(contact="<sip:phone@192.0.2.40:5070>", headers=[*proxies, "Recv-Info: x"])
    package = [("Info-Package", "x")]
    asked, outputs = call.request("INFO", headers=package, body=b"hi", content_type="text/plain", now=bench.now)
    bench.take(outputs)
    info = bench.last_request
    assert (asked.request, asked.call, asked.status) == (info, call, None)
    assert str(info.uri) == "sip:phone@192.0.2.40:5070"
    assert info.lines_of("Route") == ("<sip:192.0.2.32;lr>", "<sip:192.0.2.31;lr>")
    assert bench.flows[-1].remote == ("192.0.2.32", 5060)
    assert (info.to.tag, info.from_.tag) == ("far", call.invite.from_.tag)
    assert (info.body, info.header("Info-Package"), info.content_type) == (b"hi", "x", "text/plain")


@pytest.mark.parametrize("status", [200, 486, 404, 603])
def test_an_answer_in_a_call(status: int) -> None:
    """It is told with its request, which knows its call; and the call goes on."""
    bench = Bench()
    call = bench.acked()
    bench.take(call.request("INFO", now=bench.now)[1])
    bench.receive(bench.response(bench.last_request, status))
    (answered,) = bench.told(Answered)
    assert (answered.status, answered.request.call, answered.request.method) == (status, call, "INFO")
    assert call.state is CallState.ESTABLISHED


@pytest.mark.rfc("3261-C17", "3261 12.2.1.2")
@pytest.mark.parametrize("status", [481, 408, None])
def test_an_answer_that_ends_the_call(status: int | None) -> None:
    """481, 408 or silence to a request in a call: the peer does not know the dialog, and it is ended."""
    bench = Bench()
    call = bench.acked()
    bench.take(call.request("INFO", now=bench.now)[1])
    info = bench.last_request
    bench.drain()
    if status is None:
        bench.wait(64 * T1)
    else:
        bench.receive(bench.response(info, status))
    assert [event.status for event in bench.told(Answered)] == [status or 408]
    assert bench.methods.count("BYE") == 1
    assert call.state is CallState.ENDING
    bench.receive(bench.response(bench.last_request, 481))
    (ended,) = bench.told(Ended)
    assert ended.reason is EndReason.PEER_LOST
    bench.quiet()
    assert bench.left() == {}


def test_an_answer_that_comes_when_the_call_ends_anyway() -> None:
    """The 481 to a request that our BYE overtook is told, and ends nothing twice."""
    bench = Bench()
    call = bench.acked()
    bench.take(call.request("INFO", now=bench.now)[1])
    info = bench.last_request
    bench.take(call.hang_up(now=bench.now))
    bench.receive(bench.response(info, 481))
    assert [event.status for event in bench.told(Answered)] == [481]
    to_its_end(bench, call)
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP]


@pytest.mark.rfc("3261-C30", "3261 15.1.1")
@pytest.mark.parametrize("status", [200, 481, 408, 500, None])
def test_every_answer_to_a_bye_ends_the_call(status: int | None) -> None:
    """The session is over the moment the BYE is handed down; 481, 408 or silence end the call as well."""
    bench = Bench()
    call = bench.answered()
    bench.take(call.hang_up(now=bench.now))
    assert call.state is CallState.ENDING
    bench.receive(bench.response(bench.last_request, 100))
    assert bench.told(Ended) == []
    if status is None:
        bench.wait(64 * T1)
    else:
        bench.receive(bench.response(bench.last_request, status))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP]
    bench.quiet()
    assert bench.left() == {}


# -------------------------------------------------------------------- what the ACK does


@pytest.mark.rfc("3261 13.2.2.4")
def test_the_ack_of_a_2xx() -> None:
    """It has the INVITE's number, a new branch, the dialog's route, and goes out again for each repeat of the 2xx."""
    bench = Bench()
    call = bench.outgoing()
    answer = bench.response(call.invite, 200, body=SDP2, headers=["Record-Route: <sip:192.0.2.31;lr>"])
    for _ in range(3):
        bench.receive(answer)
        bench.wait(1)
    acks = [wire for wire, message in zip(bench.wires, bench.sent, strict=True) if message.cseq.method == "ACK"]
    assert len(acks) == 3
    assert len(set(acks)) == 1
    ack = bench.last_request
    assert ack.cseq.number == call.invite.cseq.number
    assert ack.via.branch != call.invite.via.branch
    assert ack.lines_of("Route") == ("<sip:192.0.2.31;lr>",)
    assert len(bench.told(Established)) == 1


def test_the_ack_with_our_answer_is_the_same_each_time() -> None:
    """While the application thinks, repeats of the 2xx bring nothing; afterwards they bring the ACK with its answer."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    answer = bench.response(call.invite, 200, body=SDP)
    bench.receive(answer)
    bench.receive(answer)
    assert bench.methods == ["INVITE"]
    bench.take(call.answer_offer(SDP2, headers=[("X-Mine", "1")], now=bench.now))
    bench.receive(answer)
    assert bench.wires[1] == bench.wires[2]
    assert (bench.last_request.body, bench.last_request.header("X-Mine")) == (SDP2, "1")


@pytest.mark.rfc("3261-C05", "3261 8.1.3.2")
def test_statuses_that_nobody_knows() -> None:
    """An unknown final response counts as the x00 of its class, an unknown provisional one as 183."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 198, body=SDP2))
    assert call.state == "ringing"
    assert call.remote_sdp == SDP2
    bench.receive(bench.response(call.invite, 299))
    assert call.state == "established"
    for status in (399, 499, 599, 699):
        call = bench.outgoing()
        bench.receive(bench.response(call.invite, status))
        assert bench.told(Ended)[-1].reason is EndReason.REJECTED
        assert bench.told(Ended)[-1].status == status


@pytest.mark.rfc("3261-C23", "3261 13.2.2.4")
def test_the_ack_of_a_2xx_has_the_credentials_of_its_invite() -> None:
    """And its CSeq number, the dialog's route and a branch of its own; for a repeated 2xx it goes out again."""
    bench = Bench()
    credentials = [("Authorization", 'Digest username="a"'), ("Proxy-Authorization", 'Digest username="b"')]
    call, outputs = bench.endpoint.invite("sip:bob@192.0.2.2", offer=SDP, headers=credentials, now=bench.now)
    bench.take(outputs)
    answer = bench.response(call.invite, 200, headers=["Record-Route: <sip:192.0.2.9;lr>"], body=SDP)
    bench.receive(answer)
    bench.receive(answer)
    first, second = (message for message in bench.sent if isinstance(message, Request) and message.method == "ACK")
    assert bytes(first) == bytes(second)
    assert (first.cseq.number, first.via.branch != call.invite.via.branch) == (call.invite.cseq.number, True)
    assert [str(route) for route in first.route] == ["<sip:192.0.2.9;lr>"]
    for name, value in credentials:
        assert first.lines_of(name) == (value,)
