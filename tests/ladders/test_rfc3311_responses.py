"""What becomes of an UPDATE of ours: refused, lost, answered without the answer, crossed (RFC 3311 5.3)."""

from __future__ import annotations

import pytest

from sipsm import CallState, EndReason
from sipsm.role import EarlyDialogEnded, Ended, ModificationRefused, Modified, OfferReceived, Policy
from sipsm.testing import nothing_left
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.parties import parties, taken
from tests.ladders.reliably import ALLOWS, SDP3, early_in, early_out, requests, rings, says_ok


@pytest.mark.rfc("3311 5.3", "3311-11", "6337 2.3")
@pytest.mark.parametrize("status", [302, 488, 500, 504, 603])
@pytest.mark.parametrize("early", [True, False])
def test_a_refused_update(status: int, early: bool) -> None:
    """A refusal leaves the session as it was, tells so once, and nothing is tried again by itself."""
    bench = Bench()
    call = early_out(bench, answer=SDP2) if early else bench.answered(headers=[ALLOWS])
    state = call.state
    bench.take(call.offer(SDP3, method="UPDATE", now=bench.now))
    assert call.local_sdp == SDP3
    bench.receive(bench.response(bench.last_request, status))
    assert (call.agreed, call.local_sdp, call.state) == ((SDP, SDP2), SDP, state)
    (refused,) = bench.told(ModificationRefused)
    assert (refused.method, refused.status, refused.retry_after_s) == ("UPDATE", status, None)
    bench.wait(10)
    assert len(requests(bench, "UPDATE")) == 1


@pytest.mark.rfc("3311 5.3", "3311-11")
def test_a_2xx_without_the_answer() -> None:
    """A 2xx that does not answer the offer agrees to nothing: the session is as it was."""
    bench = Bench()
    call = bench.answered(headers=[ALLOWS])
    bench.take(call.offer(SDP3, method="UPDATE", now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    assert (call.agreed, call.local_sdp) == ((SDP, SDP2), SDP)


@pytest.mark.rfc("3311 5.3", "3311-13", "3261 12.2.1.2")
@pytest.mark.parametrize("status", [481, 408, None])
@pytest.mark.parametrize("body", [SDP3, b""])
def test_a_lost_peer(status: int | None, body: bytes) -> None:
    """481, 408 or silence to an UPDATE ends an established call with BYE."""
    bench = Bench()
    call = bench.answered(headers=[ALLOWS])
    bench.take(call.offer(body, method="UPDATE", now=bench.now))
    if status is None:
        bench.wait(32)
    else:
        bench.receive(bench.response(bench.last_request, status))
    assert bench.methods[-1] == "BYE"
    says_ok(bench, "BYE")
    assert [event.reason for event in bench.told(Ended)] == [EndReason.PEER_LOST]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3311 5.3", "3311-13", "3262-21")
@pytest.mark.parametrize("status", [481, 408, None])
def test_a_lost_branch(status: int | None) -> None:
    """In an early dialog the same ends that dialog only; another branch may still answer."""
    bench = Bench()
    call = early_out(bench, answer=SDP2)
    rings(bench, call.invite, 1, tag="b")
    says_ok(bench, "PRACK")
    bench.take(call.offer(SDP3, dialog=call.legs[0], now=bench.now))
    if status is None:
        bench.wait(32)
    else:
        bench.receive(bench.response(bench.last_request, status))
    (lost,) = bench.told(EarlyDialogEnded)
    assert (lost.dialog, bench.told(Ended), call.state) == (call.legs[0], [], CallState.RINGING)
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
    assert (call.state, call.here) == (CallState.ESTABLISHED, call.legs[1])


@pytest.mark.rfc("3311 5.3", "3311-13", "3261 12.2.1.2")
@pytest.mark.parametrize("status", [481, 408, None])
def test_a_lost_caller(status: int | None) -> None:
    """When the callee's UPDATE in the early dialog gets 481, 408 or silence, the INVITE is refused."""
    bench = Bench()
    call = early_in(bench, answer=SDP2)
    bench.take(call.offer(SDP3, now=bench.now))
    if status is None:
        bench.wait(32)
    else:
        bench.receive(bench.response(bench.last_request, status))
    assert (bench.last_response.status >= 400, bench.last_response.cseq.method) == (True, "INVITE")
    assert [event.reason for event in bench.told(Ended)] == [EndReason.PEER_LOST]


@pytest.mark.rfc("3311 5.3", "3311-13")
@pytest.mark.parametrize("status", [481, 408])
def test_a_lost_caller_that_was_answered(status: int) -> None:
    """While the 2xx waits for its ACK, the BYE for a lost peer waits for it too."""
    bench = Bench()
    call = early_in(bench, answer=SDP2)
    bench.take(call.offer(SDP3, now=bench.now))
    update = bench.last_request
    bench.take(call.answer(now=bench.now))
    bench.receive(bench.response(update, status))
    assert "BYE" not in bench.methods
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert bench.methods[-1] == "BYE"
    says_ok(bench, "BYE")
    assert [event.reason for event in bench.told(Ended)] == [EndReason.PEER_LOST]


@pytest.mark.rfc("3311 5.3", "3261 13.2.2.4")
def test_it_crosses_the_2xx() -> None:
    """An UPDATE that is under way when the call is answered is completed in the confirmed dialog."""
    net, alice, bob = parties(delay=0.1)
    mine = alice.invite("sip:bob")
    net.run(until=1)
    call = taken(bob)
    bob.on(OfferReceived, lambda event: bob.do(event.call.answer_offer, bob.sdp))
    bob.do(call.ring, 183, sdp=bob.sdp, reliable=True)
    net.run(until=2)
    other = alice.sdp.replace(b"4000", b"7000")
    alice.do(mine.offer, other)
    bob.do(call.answer)
    net.run(until=3)
    assert (mine.state, mine.agreed, call.agreed) == (CallState.ESTABLISHED, (other, bob.sdp), (bob.sdp, other))
    alice.do(mine.hang_up)
    net.run()
    nothing_left(net)


@pytest.mark.rfc("3311 5.3", "3261 15")
def test_the_call_ends_first() -> None:
    """A 2xx to an UPDATE of a call that has ended is told to nobody."""
    bench = Bench(policy=Policy())
    call = bench.answered(headers=[ALLOWS])
    bench.take(call.offer(SDP3, method="UPDATE", now=bench.now))
    update = bench.last_request
    bench.take(call.hang_up(now=bench.now))
    bench.receive(bench.response(update, 200, body=SDP2))
    says_ok(bench, "BYE")
    assert bench.told(Modified) == []
    bench.quiet()
    assert bench.left() == {}
