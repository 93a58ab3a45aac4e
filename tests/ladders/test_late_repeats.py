"""What comes again, or late, while the next exchange is under way: it has no say in that one."""

from __future__ import annotations

import pytest

from sipsm import LocalProtocolError, OfferReceived, OfferRequested, OfferWithdrawn
from sipsm.sdp import SessionDescription
from sipsm.testing import answer, ring
from sipsm.transport import Flow
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.parties import parties, request, sent, taken, told
from tests.ladders.reliably import SDP3, pracks


@pytest.mark.rfc("3261 13.2.2.4", "3261 14.1", "6337 2.1")
def test_the_2xx_of_the_first_INVITE_comes_again_during_a_re_INVITE() -> None:
    """It is acknowledged again, and is not taken for the offer that the re-INVITE asks for."""
    net, alice, bob = parties(lose={"alice": (2,)})
    bob.script(answer())
    call = alice.invite("sip:bob")
    net.at(0.3, lambda: alice.do(call.offer, method="INVITE"))
    bob.on(OfferRequested, lambda event: net.after(0.7, lambda: bob.do(event.call.answer, bob.sdp)))
    alice.on(OfferReceived, lambda event: alice.do(event.call.answer_offer, alice.sdp))
    net.run(until=10)
    assert len(sent(net, bob, 200)) == 3
    assert request(net, alice, "ACK").body == alice.sdp
    assert call.agreed == (alice.sdp, bob.sdp)
    assert taken(bob).agreed == (bob.sdp, alice.sdp)


@pytest.mark.rfc("3261 13.3.1.4", "3261 14.1", "6337 2.1")
def test_the_ACK_of_the_first_INVITE_comes_again_during_a_re_INVITE() -> None:
    """It does not stand for the one that must bear the answer, and does not end the peer's turn."""
    net, alice, bob = parties()
    bob.script(answer())
    call = alice.invite("sip:bob")
    net.at(1, lambda: alice.do(call.offer, method="INVITE"))
    bob.on(OfferRequested, lambda event: bob.do(event.call.answer, bob.sdp))
    flow = Flow("UDP", (bob.host, 5060), (alice.host, 5060))
    net.at(1.1, lambda: net.tell(bob, "receive", sent(net, alice, "ACK")[0], flow))
    net.run(until=1.2)
    with pytest.raises(LocalProtocolError):
        bob.do(taken(bob).offer, bob.sdp, method="INVITE")
    alice.do(call.answer_offer, alice.sdp)
    net.run(until=10)
    assert taken(bob).agreed == (bob.sdp, alice.sdp)
    assert not sent(net, bob, "BYE")


@pytest.mark.rfc("3261 13.2.2.4")
def test_an_offer_that_comes_after_the_BYE_is_answered() -> None:
    """Who has hung up while its re-INVITE was under way refuses every stream of the 2xx's offer in the ACK."""
    net, alice, bob = parties(lose={"alice": (4,)})
    bob.script(answer())
    call = alice.invite("sip:bob")
    net.at(1.0, lambda: alice.do(call.offer, method="INVITE"))
    bob.on(OfferRequested, lambda event: net.after(0.4, lambda: bob.do(event.call.answer, bob.sdp)))
    net.at(1.2, lambda: alice.do(call.hang_up))
    net.run()
    assert [stream.media.port for stream in SessionDescription.parse(request(net, alice, "ACK").body).streams] == [0]


@pytest.mark.rfc("3261 13.2.1", "3311 5.1")
def test_an_answer_that_is_shown_after_the_CANCEL_completes_nothing() -> None:
    """An UPDATE may not offer while the INVITE's offer has no answer in a message that is sure to arrive."""
    net, alice, bob = parties(lose={"alice": (2,)})
    bob.script(ring())
    call = alice.invite("sip:bob")
    net.at(0.1, lambda: alice.do(call.cancel))
    net.at(0.2, lambda: bob.do(taken(bob).ring, 183, sdp=bob.sdp))
    net.run(until=0.3)
    with pytest.raises(LocalProtocolError, match="unanswered"):
        alice.do(call.offer, alice.sdp, method="UPDATE")
    assert not told(alice, OfferReceived)


@pytest.mark.rfc("3311 5.2", "4320 4.2")
def test_an_UPDATE_that_nobody_answers_in_time() -> None:
    """After 64*T1 its sender has given up: its offer is withdrawn, and an answer would be a mistake."""
    net, alice, bob = parties(lose={"alice": range(4, 40)})
    bob.script(answer())
    call = alice.invite("sip:bob")
    net.at(1.0, lambda: alice.do(call.offer, alice.sdp, method="UPDATE"))
    net.run(until=40.0)
    assert told(bob, OfferWithdrawn)
    assert taken(bob).agreed == (bob.sdp, alice.sdp)
    with pytest.raises(LocalProtocolError, match="no offer of the peer waits"):
        bob.do(taken(bob).answer_offer, bob.sdp)


@pytest.mark.rfc("3262 5", "4320 4.2")
@pytest.mark.parametrize("again", [True, False])
def test_a_PRACK_that_nobody_answers_in_time(again: bool) -> None:
    """Its offer is withdrawn as well: the answer of before is in force, and the call may go on; so in a re-INVITE."""
    bench = Bench()
    headers = ["Supported: 100rel"]
    call = bench.acked() if again else bench.incoming(headers=headers)
    if again:
        bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP, headers=headers))
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    pracks(bench, call, 3, body=SDP3)
    bench.wait(31.9)
    assert (bench.told(OfferWithdrawn), call.remote_sdp) == ([], SDP3)
    bench.wait(0.2)
    (withdrawn,) = bench.told(OfferWithdrawn)
    assert (withdrawn.request.method, call.agreed, call.remote_sdp) == ("PRACK", (SDP2, SDP), SDP)
    with pytest.raises(LocalProtocolError, match="no offer of the peer waits"):
        bench.take(call.answer_offer(SDP, now=bench.now))
    bench.drain()
    bench.take(call.answer(now=bench.now))
    assert bench.statuses == [200]


@pytest.mark.rfc("3261 14.1", "3261 13.3.1.4")
def test_a_re_INVITE_that_is_refused_before_the_ACK_of_the_first_INVITE() -> None:
    """Ours must wait on: the first INVITE's transaction is complete with its ACK."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP))
    bench.take(call.reject_offer(now=bench.now))
    with pytest.raises(LocalProtocolError, match="the ACK for our 2xx has not come"):
        bench.take(call.offer(SDP2, method="INVITE", now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call))
    bench.take(call.offer(SDP2, method="INVITE", now=bench.now))
    assert bench.methods == ["INVITE"]
