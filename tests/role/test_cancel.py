"""CANCEL, on both sides (RFC 3261 9)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sipsm import (
    Call,
    CallState,
    Dropped,
    DropReason,
    Ended,
    EndReason,
    Established,
    LocalProtocolError,
    Profile,
    Request,
)
from sipsm.role import Output
from tests.endpoint.by_hand import SDP, SDP2, T1, Bench

# -------------------------------------------------------------------- at the callee


@pytest.mark.rfc("3261-S09", "3261 9.2")
def test_a_cancel_and_its_answers() -> None:
    """481 when it matches nothing, else 200; the INVITE gets 487 with the same To tag; no effect after a final."""
    bench = Bench()
    bench.receive(bench.request("CANCEL", branch="z9hG4bKcall"))
    assert bench.statuses == [481]

    bench = Bench()
    call = bench.incoming()
    bench.receive(bench.request("CANCEL", branch="z9hG4bKcall"))
    ok, terminated = bench.sent
    assert [(m.cseq.method, getattr(m, "status", None)) for m in bench.sent] == [("CANCEL", 200), ("INVITE", 487)]
    assert ok.to.tag == terminated.to.tag
    assert ok.to.tag
    assert [(event.reason, event.message.method) for event in bench.told(Ended)] == [
        (EndReason.CANCELLED_BY_PEER, "CANCEL")
    ]
    assert call.state is CallState.ENDED

    bench = Bench()
    call = bench.incoming()
    bench.take(call.answer(SDP2, now=bench.now))
    answer = bench.last_response
    bench.receive(bench.request("CANCEL", branch="z9hG4bKcall"))
    assert bench.statuses == [200, 200]
    assert bench.last_response.to.tag == answer.to.tag
    assert call.state == "answering"
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert call.state == "established"


@pytest.mark.rfc("3261 9.2")
def test_the_tags_are_the_same_once_it_has_rung() -> None:
    """The 180, the 200 to the CANCEL and the 487 are of one dialog."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.ring(now=bench.now))
    bench.receive(bench.request("CANCEL", branch="z9hG4bKcall"))
    assert len({message.to.tag for message in bench.sent}) == 1
    assert bench.statuses == [180, 200, 487]


def test_a_late_cancel_of_a_refused_call_is_answered_and_nothing_more() -> None:
    """The INVITE's transaction is known for a while longer than its call."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.reject(486, now=bench.now))
    bench.drain()
    bench.receive(bench.request("CANCEL", branch="z9hG4bKcall"))
    assert bench.drain() == (["SIP/2.0 200 OK"], ["RequestServed"])


def test_a_cancel_of_a_call_that_was_never_one() -> None:
    """An INVITE that was refused before anybody heard of it: its CANCEL has the tag of the refusal."""
    bench = Bench()
    bench.receive(bench.request("INVITE", branch="z9hG4bKcall", contact=None))
    bench.receive(bench.request("CANCEL", branch="z9hG4bKcall"))
    assert bench.statuses == [400, 200]
    assert len({message.to.tag for message in bench.sent}) == 1


def test_a_repeated_cancel_changes_nothing_more() -> None:
    """Its transaction repeats the 200, and nobody is told of it again."""
    bench = Bench()
    bench.incoming()
    cancel = bench.request("CANCEL", branch="z9hG4bKcall")
    bench.receive(cancel)
    bench.drain()
    bench.receive(cancel)
    assert bench.drain() == (["SIP/2.0 200 OK"], [])


@pytest.mark.rfc("3261-S16", "3261 15.1.2")
def test_a_bye_before_the_answer() -> None:
    """A BYE in an early dialog is answered, and the pending INVITE gets 487."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.ring(now=bench.now))
    bench.drain()
    bench.receive(bench.in_dialog("BYE", 2, call))
    assert sorted(bench.statuses) == [200, 487]
    assert [event.reason for event in bench.told(Ended)] == [EndReason.CANCELLED_BY_PEER]


# -------------------------------------------------------------------- at the caller


@pytest.mark.rfc("3261-C08", "3261 9.1")
def test_a_cancel_waits_for_a_provisional_response() -> None:
    """No CANCEL before a provisional response, one at once after it, and none once a final response has come."""
    bench = Bench()
    call = bench.outgoing()
    bench.take(call.cancel(now=bench.now))
    assert bench.methods == ["INVITE"]
    bench.receive(bench.response(call.invite, 100, tag=None, contact=None))
    assert bench.methods == ["INVITE", "CANCEL"]
    assert not bench.last_request.has("Require")
    assert not bench.last_request.has("Proxy-Require")

    for status, state in [(486, "ended"), (200, "ending")]:
        bench = Bench()
        call = bench.outgoing()
        bench.take(call.cancel(now=bench.now))
        bench.receive(bench.response(call.invite, status, body=SDP2 if status == 200 else b""))
        bench.wait(10)
        assert "CANCEL" not in bench.methods
        assert call.state == state


@pytest.mark.rfc("3261-C09", "3261 9.1")
def test_what_a_cancel_is_made_of() -> None:
    """Request-URI, Route, Call-ID, To without a tag, CSeq number and top Via are the INVITE's; so is the address."""
    bench = Bench(profile=Profile(route=("<sip:proxy.example.com;lr>", "<sip:second.example.com;lr>")))
    call = bench.outgoing()
    bench.looked_up("192.0.2.77")
    bench.receive(bench.response(call.invite, 180, headers=["Record-Route: <sip:third.example.com;lr>"]))
    bench.take(call.cancel(headers=[("Reason", "SIP;cause=480")], now=bench.now))
    invite, cancel = [m for m in bench.sent if isinstance(m, Request)]
    assert cancel.method == "CANCEL"
    assert cancel.uri == invite.uri
    for name in ("Route", "Call-ID", "To", "From", "Via"):
        assert cancel.lines_of(name) == invite.lines_of(name), name
    assert len(cancel.lines_of("Route")) == 2
    assert cancel.to.tag is None
    assert cancel.cseq == (invite.cseq.number, "CANCEL")
    assert cancel.header("Reason") == "SIP;cause=480"
    assert not cancel.has("Contact")
    assert bench.flows[-1] == bench.flows[0]
    assert bench.flows[0].remote == ("192.0.2.77", 5060)


@pytest.mark.rfc("3261 9.1")
@pytest.mark.parametrize("name", ["Require", "Proxy-Require"])
def test_a_cancel_never_has_require(name: str) -> None:
    """A CANCEL "MUST NOT contain any Require or Proxy-Require header fields": the program cannot add them."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    with pytest.raises(LocalProtocolError, match=name):
        call.cancel(headers=[(name, "foo")], now=bench.now)
    assert not any(message.has(name) for message in bench.sent)


@pytest.mark.rfc("3261-C10", "3261 9.1")
def test_a_cancel_without_effect() -> None:
    """No final response within 64*T1 of the CANCEL: the INVITE is given up as cancelled, and forgotten."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    bench.take(call.cancel(now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    bench.wait(64 * T1 - 0.1)
    assert call.state is CallState.ENDING
    assert bench.told(Ended) == []
    bench.wait(0.2)
    ended = bench.told(Ended)
    assert [(event.reason, event.message, event.status) for event in ended] == [(EndReason.CANCELLED, None, None)]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 9.1")
@pytest.mark.parametrize("status", [487, 486, 503, 200])
def test_any_final_response_ends_a_cancelled_call(status: int) -> None:
    """After a CANCEL it does not matter which final response comes; a 2xx is acknowledged and hung up."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    bench.take(call.cancel(now=bench.now))
    bench.drain()
    bench.receive(bench.response(call.invite, status, body=SDP2 if status == 200 else b""))
    if status == 200:
        assert bench.methods == ["ACK", "BYE"]
        bench.receive(bench.response(bench.last_request, 200))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.CANCELLED]
    assert bench.told(Established) == []


def test_the_answer_to_a_cancel_tells_nothing() -> None:
    """A 481 to the CANCEL says nothing of the INVITE, which goes on to its own end."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    bench.take(call.cancel(now=bench.now))
    bench.receive(bench.response(bench.last_request, 481))
    assert call.state is CallState.ENDING
    assert bench.told(Ended) == []
    bench.receive(bench.response(call.invite, 487))
    assert len(bench.told(Ended)) == 1


def silence(bench: Bench, _call: Call) -> list[Output]:
    bench.quiet()
    return []


def failure(bench: Bench, _call: Call) -> list[Output]:
    return bench.take(bench.endpoint.flow_closed(bench.flows[0], bench.now))


@pytest.mark.parametrize("end", [silence, failure])
def test_a_call_that_was_given_up_before_anybody_answered(end: Callable[[Bench, Call], list[Output]]) -> None:
    """A CANCEL that still waits is never sent when nothing comes: the call ends as cancelled."""
    bench = Bench()
    call = bench.outgoing()
    bench.take(call.cancel(now=bench.now))
    end(bench, call)
    assert [event.reason for event in bench.told(Ended)] == [EndReason.CANCELLED]
    assert set(bench.methods) == {"INVITE"}
    bench.quiet()
    assert bench.left() == {}


def test_provisional_responses_after_a_cancel_are_dropped() -> None:
    """They tell nothing any more, and send no second CANCEL."""
    bench = Bench()
    call = bench.outgoing(offer=SDP)
    bench.receive(bench.response(call.invite, 180))
    bench.take(call.cancel(now=bench.now))
    bench.drain()
    bench.receive(bench.response(call.invite, 100, tag=None, contact=None))
    assert bench.methods == []
    assert [event.reason for event in bench.told(Dropped)] == [DropReason.ABSORBED]
