"""The races of RFC 5407 3.1: what reaches the callee between its 2xx and the ACK. Every message takes 0.1 s."""

from __future__ import annotations

import pytest

from sipsm import CallState, Dropped, EndReason, Established, Request
from sipsm.role import AnswerReceived, Ended, IncomingCall, ModificationRefused, Modified
from sipsm.testing import answer, answer_offer, cancel, ladder, nothing_left, ring
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.parties import parties, reasons, request, sent, taken, told
from tests.ladders.races import ringing


@pytest.mark.rfc("5407 3.1.1", "6026 7.1")
def test_the_invite_again_behind_the_200() -> None:
    """An INVITE that is repeated while the 200 is on its way is no second call, and changes nothing."""
    net, alice, bob = parties(delay=0.1, lose={"bob": (1,)})
    bob.script(ring(), answer(after=0.4))
    call = alice.invite("sip:bob")
    assert net.run(until=2) == ladder("""
        0.0  alice INVITE----------> bob
        0.1  alice x------------180- bob
        0.5  alice <------------200- bob
        0.5  alice INVITE----------> bob   Timer A
        0.6  alice ACK-------------> bob
    """)
    first, again = sent(net, alice, "INVITE")
    assert first == again
    assert len(told(bob, IncomingCall)) == len(told(bob, Established)) == len(told(alice, Established)) == 1
    assert (call.state, taken(bob).state) == (CallState.ESTABLISHED, CallState.ESTABLISHED)
    alice.do(call.hang_up)
    net.run()
    nothing_left(net)


@pytest.mark.rfc("5407 3.1.2", "5407 C", "3261-C29")
@pytest.mark.parametrize("offers", [True, False])
def test_a_cancel_meets_the_200(offers: bool) -> None:
    """The CANCEL gets 200 and has no effect; she acknowledges the 200 to her INVITE and hangs up at once."""
    net, alice, bob = ringing()
    alice.script(cancel(after=1.0))
    call = alice.invite("sip:bob", offer=None if offers else b"")
    assert net.run(until=2) == ladder("""
        0.0  alice INVITE----------> bob
        0.1  alice <------------180- bob
        1.0  alice CANCEL----------> bob
        1.0  alice <------------200- bob
        1.1  alice <------------200- bob
        1.1  alice ACK-------------> bob
        1.1  alice BYE-------------> bob
        1.2  alice <------------200- bob
    """)
    assert [b"CSeq: %d CANCEL" % call.invite.cseq.number in data for data in sent(net, bob, 200)] == [
        False,
        True,
        False,
    ]
    # Where his 200 bore the offer, her ACK has to answer it, and refuses each stream.
    assert (b"m=audio 0 " in sent(net, alice, "ACK")[0]) is not offers
    assert told(alice, Established) == []
    assert (reasons(alice), reasons(bob)) == ([EndReason.CANCELLED], [EndReason.HUNG_UP_BY_PEER])
    net.run()
    nothing_left(net)


@pytest.mark.rfc("5407 3.1.2", "5407 C", "3261 9.2")
def test_a_cancel_ends_no_confirmed_dialog() -> None:
    """After his 200 the CANCEL leaves the call as it is, whatever it gets; the BYE that follows ends it."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.request("CANCEL", branch="z9hG4bKcall"))
    assert (bench.statuses, call.state) == ([200, 200], CallState.ANSWERING)
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert (call.state, bench.told(Ended)) == (CallState.ESTABLISHED, [])
    bench.receive(bench.in_dialog("BYE", 2, call))
    assert (bench.statuses[2:], call.state) == ([200], CallState.ENDED)
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("5407 3.1.3")
def test_an_early_bye_meets_the_200() -> None:
    """A BYE that the caller sent before it saw the 200 is one for the dialog: 200, and the late ACK begins nothing."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.ring(now=bench.now))
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("BYE", 2, call))
    assert (bench.statuses, call.state) == ([180, 200, 200], CallState.ENDED)
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP_BY_PEER]
    assert (bench.told(Established), bench.told(Dropped)) == ([], [])
    bench.drain()
    bench.quiet()
    assert (bench.drain()[0], bench.left()) == ([], {})


@pytest.mark.rfc("5407 3.1.3", "3261 13.3.1.4", "3261 15.1.2")
def test_an_early_bye_meets_a_200_that_is_lost() -> None:
    """The 200 is repeated though the session is over: else the caller's INVITE would never have its final response."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("BYE", 2, call))
    bench.drain()
    bench.wait(1.6)
    assert bench.drain()[0] == ["SIP/2.0 200 OK"] * 2
    bench.receive(bench.in_dialog("ACK", 1, call))
    bench.quiet()
    assert (bench.drain()[0], bench.left()) == ([], {})


@pytest.mark.rfc("3261 13.3.1.4", "3261 15.1.2")
@pytest.mark.parametrize("again", [True, False])
def test_no_ack_comes_behind_the_bye(again: bool) -> None:
    """After 64*T1 it is given up, the first INVITE's or a later one's; no BYE of his own follows."""
    bench = Bench()
    call = bench.acked() if again else bench.incoming()
    if again:
        bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP))
        bench.take(call.answer_offer(SDP2, now=bench.now))
    else:
        bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("BYE", 3, call))
    bench.receive(bench.in_dialog("OPTIONS", 4, call))
    assert (call.state, bench.last_response.status) == (CallState.ENDED, 481)
    bench.drain()
    bench.wait(31.9)
    assert (set(bench.drain()[0]), bench.endpoint.calls) == ({"SIP/2.0 200 OK"}, [call])
    bench.quiet()
    assert (bench.drain(), bench.left()) == (([], []), {})


@pytest.mark.rfc("3261 15", "3261 13.3.1.4")
def test_an_ack_for_nothing_lets_no_bye_go() -> None:
    """He has hung up before the ACK for his 200; one for a re-INVITE that is not answered yet is none for it."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP))
    bench.take(call.hang_up(now=bench.now))
    bench.receive(bench.in_dialog("ACK", 2, call))
    assert (bench.methods, call.state) == ([], CallState.ENDING)
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert bench.methods == ["BYE"]


@pytest.mark.rfc("5407 3.1.4", "3261 13.2.2.4")
def test_a_reinvite_overtakes_the_ack() -> None:
    """The first exchange is complete, so the re-INVITE is accepted; its ACK and the late one both count."""
    net, alice, bob = ringing(lose={"alice": (2,)})
    call = alice.invite("sip:bob")
    net.at(1.5, lambda: alice.do(call.offer, alice.sdp))
    assert net.run(until=10) == ladder("""
        0.0  alice INVITE----------> bob
        0.1  alice <------------180- bob
        1.0  alice <------------200- bob
        1.1  alice ACK-------------x bob
        1.5  alice INVITE----------> bob
        1.5  alice <------------200- bob   Timer 2xx
        1.6  alice ACK-------------> bob
        1.6  alice <------------200- bob
        1.7  alice ACK-------------> bob
    """)
    first, same, last = sent(net, alice, "ACK")
    assert first == same
    # "Note that ACK F7 has the same CSeq number as ini-INVITE F1"
    assert b"CSeq: %d ACK" % call.invite.cseq.number in same
    assert b"CSeq: %d ACK" % (call.invite.cseq.number + 1) in last
    assert (len(told(alice, Modified)), len(told(bob, Established))) == (1, 1)
    assert (call.state, taken(bob).state) == (CallState.ESTABLISHED, CallState.ESTABLISHED)


@pytest.mark.rfc("5407 3.1.4")
def test_a_reinvite_does_not_stand_for_the_ack() -> None:
    """If the ACK for the first 200 never comes, he hangs up in the end, though a re-INVITE has been acknowledged."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP))
    bench.take(call.answer_offer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 2, call))
    assert (bench.statuses, call.state) == ([200, 200], CallState.ESTABLISHED)
    bench.wait(32)
    assert (bench.methods, call.state) == (["BYE"], CallState.ENDING)
    bench.receive(bench.response(bench.last_request, 200))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.NOT_ACKNOWLEDGED]


@pytest.mark.rfc("5407 3.1.5", "3261 14.1")
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_an_offer_overtakes_the_answer_in_the_ack(method: str) -> None:
    """His own offer, in the 200, has no answer yet: hers gets 491, and comes again by itself."""
    # RFC 6337 4.3 has 500 "While an INVITE server transaction is incomplete or ACK transaction associated with an
    # offer/answer is incomplete"; but "491 is recommended here because 500 applies to so many cases that it is
    # difficult to determine what the real problem was." (RFC 5407 3.1.5)
    net, alice, bob = ringing(lose={"alice": (2,)})
    call = alice.invite("sip:bob", offer=b"")
    net.at(1.5, lambda: alice.do(call.offer, alice.sdp, method=method))
    three_ways = """
        0.0  alice INVITE----------> bob
        0.1  alice <------------180- bob
        1.0  alice <------------200- bob
        1.1  alice ACK-------------x bob
        1.5  alice INVITE----------> bob
        1.5  alice <------------200- bob   Timer 2xx
        1.6  alice <------------491- bob
        1.6  alice ACK-------------> bob
        1.7  alice ACK-------------> bob
    """
    two_ways = """
        0.0  alice INVITE----------> bob
        0.1  alice <------------180- bob
        1.0  alice <------------200- bob
        1.1  alice ACK-------------x bob
        1.5  alice UPDATE----------> bob
        1.5  alice <------------200- bob   Timer 2xx
        1.6  alice <------------491- bob
        1.6  alice ACK-------------> bob
    """
    assert net.run(until=3) == ladder(three_ways if method == "INVITE" else two_ways)
    first, again = sent(net, alice, "ACK")[:2]
    assert (first == again, alice.sdp in again) == (True, True)
    (refused,) = told(alice, ModificationRefused)
    assert refused.retry_after_s is not None
    assert 2.1 <= refused.retry_after_s <= 4.0
    assert [event.sdp for event in told(bob, AnswerReceived)] == [alice.sdp]
    assert (call.state, taken(bob).state) == (CallState.ESTABLISHED, CallState.ESTABLISHED)
    net.run(until=8)
    assert [event.method for event in told(alice, Modified)] == [method]
    assert (call.agreed, taken(bob).agreed) == ((alice.sdp, bob.sdp), (bob.sdp, alice.sdp))


@pytest.mark.rfc("5407 3.1.6", "5407 D")
@pytest.mark.parametrize("offers", [True, False])
def test_a_bye_overtakes_the_ack(offers: bool) -> None:
    """She repeats her ACK for the repeated 200, and begins nothing again; nor does he when it comes behind the BYE."""
    net, alice, bob = parties(delay=0.1, lose={"alice": (2,)})
    bob.script(ring(), answer(after=0.9))
    alice.script(answer_offer())
    call = alice.invite("sip:bob", offer=None if offers else b"")
    net.at(1.5, lambda: alice.do(call.hang_up))
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.1  alice <------------180- bob
        1.0  alice <------------200- bob
        1.1  alice ACK-------------x bob
        1.5  alice BYE-------------> bob
        1.5  alice <------------200- bob   Timer 2xx
        1.6  alice <------------200- bob
        1.6  alice ACK-------------> bob
    """)
    first, again = sent(net, alice, "ACK")
    assert first == again
    assert request(net, alice, "BYE").cseq.number == call.invite.cseq.number + 1
    assert (len(told(alice, Established)), told(bob, Established), told(bob, AnswerReceived)) == (1, [], [])
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP], [EndReason.HUNG_UP_BY_PEER])
    nothing_left(net)


@pytest.mark.rfc("5407 A", "3261-S16", "3261 15.1.2")
def test_a_bye_in_an_early_dialog() -> None:
    """A BYE before the answer gets 200, and the INVITE 487; only the ACK for that is still to come."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.ring(now=bench.now))
    bench.receive(bench.in_dialog("BYE", 2, call))
    assert (bench.statuses, call.state) == ([180, 200, 487], CallState.ENDED)
    assert [event.reason for event in bench.told(Ended)] == [EndReason.CANCELLED_BY_PEER]
    bench.receive(bench.request("ACK", branch="z9hG4bKcall", to=call.here.dialog.local))
    bench.drain()
    bench.quiet()
    assert (bench.drain(), bench.left()) == (([], []), {})


@pytest.mark.rfc("5407 2", "5407 A")
def test_another_branch_answers_though_it_was_given_up() -> None:
    """Until a final response has come, a caller who cancelled must be ready for another dialog: ACK, then BYE."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180, tag="a"))
    bench.take(call.cancel(now=bench.now))
    bench.receive(bench.response(bench.last_request, 200, tag="a"))
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
    assert bench.methods == ["INVITE", "CANCEL", "ACK", "BYE"]
    tags = [
        message.to.tag for message in bench.sent if isinstance(message, Request) and message.method in ("ACK", "BYE")
    ]
    assert (tags, bench.told(Established)) == (["b", "b"], [])
    bench.receive(bench.response(bench.last_request, 200))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.CANCELLED]
    bench.quiet()
    assert bench.left() == {}
