"""Everything is bounded, and what happens at each bound: a refusal, while what was accepted goes on."""

from __future__ import annotations

import pytest

from sipsm import (
    CallState,
    Dropped,
    DropReason,
    Ended,
    EndReason,
    IncomingCall,
    Limits,
    LocalProtocolError,
    RequestServed,
    Resolve,
)
from sipsm.machine.agenda import WORTH_SWEEPING
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.endpoint.snapshot import snapshot
from tests.endpoint.wired import FROM_THEM, NAME, TO_THEM, Wired

# -------------------------------------------------------------------- transactions


def full(bench: Bench) -> None:
    """Fill up an endpoint that takes three transactions, beside the call that it has."""
    while len(bench.endpoint._transactions.servers) < 3:
        bench.receive(bench.request("OPTIONS"))
    bench.drain()


@pytest.mark.rfc("3261 8.2.7", "3261 21.5.4", "3261-S08")
@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "REGISTER", "BYE", "FOO"])
def test_a_full_endpoint_refuses_without_keeping_anything(method: str) -> None:
    """A new request gets 503 with Retry-After, its repeat the same bytes; and it leaves nothing."""
    bench = Bench(limits=Limits(transactions=3))
    full(bench)
    before = snapshot(bench.endpoint)
    data = bench.request(method, body=SDP if method == "INVITE" else b"")
    bench.receive(data)
    bench.receive(data)
    assert snapshot(bench.endpoint) == before
    assert bench.statuses == [503, 503]
    assert bench.wires[0] == bench.wires[1]
    assert bench.last_response.header("Retry-After") == "10"
    assert bench.last_response.to.tag
    assert [event.reason for event in bench.told(Dropped)] == [DropReason.OVERLOADED] * 2
    assert bench.told(IncomingCall) == bench.told(RequestServed) == []
    assert len(bench.wires) == 2
    bench.drain()
    bench.quiet()
    assert bench.wires == [], "nothing is sent by itself, neither a 100 nor the 503 again"
    bench.receive(data)
    assert len(bench.told(IncomingCall) + bench.told(RequestServed)) == 1


def test_what_was_accepted_goes_on() -> None:
    """In a full endpoint a call rings, is answered, acknowledged and hung up, and repeats get their answers."""
    bench = Bench(limits=Limits(transactions=3))
    invite = bench.request("INVITE", branch="z9hG4bKcall", body=SDP)
    call = bench.incoming()
    full(bench)
    bench.take(call.ring(now=bench.now))
    bench.receive(invite)
    assert bench.statuses == [180, 180]
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert call.state is CallState.ESTABLISHED
    bench.receive(bench.in_dialog("OPTIONS", 2, call))
    bench.receive(bench.in_dialog("BYE", 3, call))
    assert bench.statuses[-2:] == [200, 200]
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP_BY_PEER]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 8.2.7", "3261-S08")
def test_a_cancel_in_a_full_endpoint() -> None:
    """It belongs to the INVITE that was accepted; one that does not is ignored, as by any server without state."""
    bench = Bench(limits=Limits(transactions=3))
    call = bench.incoming()
    full(bench)
    bench.receive(bench.request("CANCEL", branch="z9hG4bKother"))
    assert bench.statuses == []
    assert bench.told(Dropped)[-1].reason is DropReason.OVERLOADED
    bench.receive(bench.request("CANCEL", branch="z9hG4bKcall"))
    assert bench.statuses == [200, 487]
    assert call.state is CallState.ENDED


@pytest.mark.rfc("3261 8.2.7", "3261-S08")
def test_a_stray_ack_in_a_full_endpoint_is_not_answered() -> None:
    """There is no answer to an ACK."""
    bench = Bench(limits=Limits(transactions=3))
    full(bench)
    bench.receive(bench.request("ACK"))
    assert bench.wires == []
    assert [event.reason for event in bench.told(Dropped)] == [DropReason.STRAY_ACK]


def test_our_own_calls_are_not_counted() -> None:
    """The limit is for what strangers begin; a full endpoint can still call."""
    bench = Bench(limits=Limits(transactions=3))
    full(bench)
    call = bench.answered()
    bench.take(call.hang_up(now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    assert call.state is CallState.ENDED


# -------------------------------------------------------------------- calls


def test_no_more_calls_than_allowed() -> None:
    """One more INVITE gets 503 with Retry-After, one more `invite` is refused; when one has ended, both work again."""
    bench = Bench(limits=Limits(calls=2))
    first, _second = bench.outgoing(), bench.incoming()
    before = snapshot(bench.endpoint)
    with pytest.raises(LocalProtocolError, match="2 calls"):
        bench.outgoing()
    assert snapshot(bench.endpoint) == before
    bench.drain()
    bench.receive(bench.request("INVITE", call_id="1@192.0.2.2", body=SDP))
    assert bench.statuses == [503]
    assert bench.last_response.header("Retry-After") == "10"
    assert [(event.request.method, event.status) for event in bench.told(RequestServed)] == [("INVITE", 503)]
    bench.receive(bench.request("OPTIONS", call_id="2@192.0.2.2"))
    assert bench.statuses == [503, 503], "an OPTIONS is told what an INVITE would be (RFC 3261 11.2)"
    bench.receive(bench.response(first.invite, 486))
    bench.receive(bench.request("INVITE", call_id="3@192.0.2.2", body=SDP))
    assert len(bench.told(IncomingCall)) == 1
    assert len(bench.endpoint.calls) == 2


# -------------------------------------------------------------------- forks


@pytest.mark.parametrize("status", [180, 200])
def test_no_more_branches_than_allowed(status: int) -> None:
    """A response that would make one more dialog is dropped; those that are there go on."""
    bench = Bench(limits=Limits(forks=2))
    call = bench.outgoing()
    for tag in ("a", "b"):
        bench.receive(bench.response(call.invite, 180, tag=tag))
    before = snapshot(bench.endpoint)
    bench.receive(bench.response(call.invite, status, tag="c", body=SDP2))
    (drop,) = bench.told(Dropped)
    assert (drop.reason, drop.data.status) == (DropReason.OVERLOADED, status)
    assert "2" in drop.why
    assert len(call.legs) == 2
    if status == 180:
        assert snapshot(bench.endpoint) == before
        bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
        assert call.state is CallState.ESTABLISHED


# -------------------------------------------------------------------- look-ups


def test_no_more_look_ups_than_allowed() -> None:
    """A request that would wait for one more address counts as not sent; numeric targets need none."""
    bench = Bench(limits=Limits(look_ups=1))
    first = bench.outgoing(target="sip:a@biloxi.example.com")
    second = bench.outgoing(target="sip:b@biloxi.example.com")
    assert [event.call for event in bench.told(Ended)] == [second]
    assert bench.told(Ended)[0].reason is EndReason.TRANSPORT_FAILED
    assert [resolve.name for resolve in bench.told(Resolve)] == ["biloxi.example.com"]
    assert bench.outgoing().state is CallState.CALLING
    assert bench.methods == ["INVITE"]
    bench.looked_up("192.0.2.2")
    assert first.state is CallState.CALLING
    assert bench.methods == ["INVITE", "INVITE"]
    asked = len(bench.told(Resolve))
    bench.outgoing(target="sip:b@biloxi.example.com")
    assert len(bench.told(Resolve)) == asked + 1


# -------------------------------------------------------------------- what an endpoint still waits for


def test_unfinished() -> None:
    """Transactions that wait for the other side are counted: requests without an answer, refusals without an ACK."""
    bench = Bench()
    assert bench.endpoint.unfinished == 0
    call = bench.outgoing(target="sip:bob@biloxi.example.com")
    assert bench.endpoint.unfinished == 1, "its address is looked for"
    bench.looked_up("192.0.2.2")
    assert bench.endpoint.unfinished == 1, "nothing has come"
    bench.receive(bench.response(call.invite, 180))
    assert bench.endpoint.unfinished == 1, "no final response has come"
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    assert bench.endpoint.unfinished == 0
    bench.take(call.request("INFO", now=bench.now)[1])
    bench.take(call.hang_up(now=bench.now))
    info, bye = bench.sent[-2:]
    assert bench.endpoint.unfinished == 2
    bench.receive(bench.response(info, 200))  # type: ignore[arg-type]  # both are requests
    bench.receive(bench.response(bye, 200))  # type: ignore[arg-type]
    assert bench.endpoint.unfinished == 0

    theirs = bench.incoming()
    assert bench.endpoint.unfinished == 0, "it waits for us"
    bench.take(theirs.reject(486, now=bench.now))
    assert bench.endpoint.unfinished == 1, "the refusal wants its ACK"
    bench.receive(bench.request("ACK", branch="z9hG4bKcall", to=bench.last_response.lines_of("To")[0]))
    assert bench.endpoint.unfinished == 0
    bench.receive(bench.request("REGISTER"))
    assert bench.endpoint.unfinished == 0, "an answer to anything else is not acknowledged"


def test_unfinished_while_a_connection_is_made() -> None:
    """What waits for it is counted once: a request, the ACK of a call, a response whose own connection is gone."""
    bench = Wired()
    call = bench.outgoing(target=NAME)
    assert bench.endpoint.unfinished == 1, "a request, which waits for its answer as well"
    bench.opened()
    assert bench.endpoint.unfinished == 1
    bench.gone(TO_THEM)
    assert bench.endpoint.unfinished == 0, "it has failed"

    call = bench.outgoing(target=NAME)
    bench.opened()
    bench.arrives(bench.response(call.invite, 200, body=SDP2, contact="<sip:bob@192.0.2.3;transport=tcp>"), TO_THEM)
    assert bench.endpoint.unfinished == 1, "the ACK waits for a connection to the Contact"
    bench.opened(TO_THEM._replace(remote=("192.0.2.3", 5060)))
    assert bench.endpoint.unfinished == 0

    bench.arrives(bench.request("INVITE", body=SDP))
    bench.gone(FROM_THEM)
    theirs = bench.told(IncomingCall)[0].call
    bench.take(theirs.answer(SDP2, now=bench.now))
    assert bench.endpoint.unfinished == 1, "the 200 waits for a connection to the caller"
    bench.wait(1)
    assert bench.endpoint.unfinished == 1, "and so does its repeat"
    bench.opened(TO_THEM._replace(remote=("192.0.2.2", 5070)))
    assert bench.endpoint.unfinished == 0

    bench.take(bench.endpoint.flow_opened(FROM_THEM, bench.now))
    bench.arrives(bench.request("INVITE", body=SDP, call_id="x", via="Via: SIP/2.0/TCP 192.0.2.2:5071;branch=z9hG4bKx"))
    bench.gone(FROM_THEM)
    bench.take(bench.told(IncomingCall)[1].call.reject(486, now=bench.now))
    assert bench.endpoint.unfinished == 1, "a refusal waits for a connection, and for its ACK"


# -------------------------------------------------------------------- deadlines


def test_who_comes_and_goes_leaves_no_deadlines() -> None:
    """A connection that is closed costs nothing until the time at which it would have been idle."""
    bench = Wired(connected=False)
    for _ in range(4 * WORTH_SWEEPING):
        bench.take(bench.endpoint.flow_opened(FROM_THEM, bench.now))
        bench.gone(FROM_THEM)
        assert len(bench.endpoint._agenda.entries()) <= WORTH_SWEEPING


def test_a_call_that_is_over_waits_for_nothing() -> None:
    """Its 2xx is not repeated any more, once the ACK has come."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.answer(SDP2, now=bench.now))
    waits_until = bench.endpoint.next_timeout()
    bench.receive(bench.in_dialog("BYE", 2, call))
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert waits_until == bench.now + 0.5
    assert (call.alarm.watched_at, call.alarm.sooner) == (None, None)
    assert bench.endpoint.calls == []
