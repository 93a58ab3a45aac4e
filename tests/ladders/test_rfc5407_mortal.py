"""The races of RFC 5407 3.2 and 3.3.3, B and D: what reaches a side that has hung up. Every message takes 0.1 s."""

from __future__ import annotations

import pytest

from sipsm import Answered, CallState, EndReason, Established, OfferReceived, Request
from sipsm.role import AnswerReceived, Ended, MessageReceived, ModificationRefused, Modified, RequestServed
from sipsm.testing import answer, answer_offer, nothing_left, ring
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.parties import names, parties, reasons, response, sent, taken, told
from tests.ladders.races import then, up


@pytest.mark.rfc("5407 3.2.1", "5407 2", "3261 15.1.2")
def test_two_byes_meet() -> None:
    """Both hang up: each BYE gets 200, and each side has ended it itself."""
    net, alice, bob, call, his = up()
    net.at(3, lambda: alice.do(call.hang_up))
    net.at(3, lambda: bob.do(his.hang_up))
    assert net.run() == then("""
        3.0  alice BYE-------------> bob
        3.0  alice <------------BYE- bob
        3.1  alice <------------200- bob
        3.1  alice 200-------------> bob
    """)
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP], [EndReason.HUNG_UP])
    nothing_left(net)


@pytest.mark.rfc("5407 3.2.2", "5407 D")
def test_a_reinvite_meets_the_bye() -> None:
    """Who has hung up answers a re-INVITE with 481; its ACK comes though the dialog is over."""
    net, alice, bob, call, his = up()
    net.at(3, lambda: alice.do(call.hang_up))
    net.at(3, lambda: bob.do(his.offer, bob.sdp))
    assert net.run() == then("""
        3.0  alice BYE-------------> bob
        3.0  alice <---------INVITE- bob
        3.1  alice <------------200- bob
        3.1  alice 481-------------> bob
        3.2  alice <------------ACK- bob
    """)
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP], [EndReason.HUNG_UP_BY_PEER])
    assert (told(alice, OfferReceived), told(bob, Modified), told(bob, ModificationRefused)) == ([], [], [])
    nothing_left(net)


@pytest.mark.rfc("5407 3.2.3", "5407 D")
def test_the_200_to_a_reinvite_meets_the_bye() -> None:
    """He hangs up behind his re-INVITE: the 200 to it gets its ACK, and changes nothing any more."""
    net, alice, bob, _, his = up()
    net.at(3, lambda: bob.do(his.offer, bob.sdp))
    net.at(3.1, lambda: bob.do(his.hang_up))
    assert net.run() == then("""
        3.0  alice <---------INVITE- bob
        3.1  alice <------------BYE- bob
        3.1  alice 200-------------> bob
        3.2  alice 200-------------> bob
        3.2  alice <------------ACK- bob
    """)
    invite, bye, ack = (sent(net, bob, method)[-1] for method in ("INVITE", "BYE", "ACK"))
    numbers = [int(data.partition(b"CSeq: ")[2].split()[0]) for data in (invite, bye, ack)]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0]]
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP_BY_PEER], [EndReason.HUNG_UP])
    assert (told(bob, Modified), told(bob, AnswerReceived)) == ([], [])
    nothing_left(net)


@pytest.mark.rfc("5407 D", "3261 13.2.2.4")
def test_a_2xx_is_acknowledged_long_after_the_bye() -> None:
    """When the BYE is done, each repeat of a 200 to a re-INVITE still gets the ACK, for 64*T1; all else gets 481."""
    bench = Bench()
    call = bench.answered()
    bench.take(call.offer(SDP, now=bench.now))
    reinvite = bench.last_request
    bench.take(call.hang_up(now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP]
    bench.wait(5)
    bench.drain()
    for _ in range(3):
        bench.receive(bench.response(reinvite, 200, body=SDP2))
        bench.wait(10)
    assert (bench.methods, len(set(bench.wires)), bench.events) == (["ACK"] * 3, 1, [])
    bench.receive(bench.in_dialog("INVITE", 1, call, body=SDP))
    assert bench.statuses == [481]
    bench.receive(bench.in_dialog("ACK", 1, call, branch=f"z9hG4bKhand{bench.branches}"))
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("5407 3.2.4", "3261 15")
@pytest.mark.parametrize("offers", [True, False])
def test_he_hangs_up_while_the_ack_is_on_its_way(offers: bool) -> None:
    """His BYE waits for the ACK, as RFC 3261 15 has it; then nothing begins, and an answer in the ACK is ignored."""
    net, alice, bob = parties(delay=0.1)
    bob.script(ring(), answer(after=0.9))
    alice.script(answer_offer())
    alice.invite("sip:bob", offer=None if offers else b"")
    net.at(1.1, lambda: bob.do(taken(bob).hang_up))
    assert net.run() == then("""
        1.2  alice <------------BYE- bob
        1.3  alice 200-------------> bob
    """)
    assert names(bob) == ["IncomingCall", "Ended"]
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP_BY_PEER], [EndReason.HUNG_UP])
    nothing_left(net)


@pytest.mark.rfc("5407 3.2.4", "3261 15")
def test_a_bye_behind_the_200_overtakes_it() -> None:
    """A callee that sends BYE before the ACK may be heard first: it is over, and the 200 that follows gets its ACK."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    bench.receive(bench.in_dialog("BYE", 1, call))
    assert (bench.statuses, call.state) == ([200], CallState.ENDED)
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    assert bench.methods == ["INVITE", "ACK"]
    assert (bench.told(Established), [event.reason for event in bench.told(Ended)]) == ([], [EndReason.HUNG_UP_BY_PEER])
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("5407 3.3.3", "5407 2")
@pytest.mark.parametrize("method", ["MESSAGE", "OPTIONS", "INFO", "UPDATE"])
def test_another_request_meets_the_bye(method: str) -> None:
    """Who has hung up answers what comes within the dialog with 481, and its application hears nothing of it."""
    net, alice, bob, call, his = up()
    net.at(3, lambda: alice.do(call.hang_up))
    asks = {"UPDATE": lambda: bob.do(his.offer, method="UPDATE"), "INFO": lambda: bob.do(his.info, None)}
    net.at(3, asks.get(method, lambda: bob.do(his.request, method)))
    net.run()
    assert [(event.request.method, event.status) for event in told(alice, RequestServed)] == [(method, 481)]
    assert names(alice)[-3:] == ["Established", "RequestServed", "Ended"]
    assert (told(alice, MessageReceived), reasons(bob)) == ([], [EndReason.HUNG_UP_BY_PEER])
    if method != "UPDATE":
        assert [event.status for event in told(bob, Answered)] == [481]
    nothing_left(net)


@pytest.mark.rfc("5407 3.3.3")
def test_a_refer_meets_the_bye() -> None:
    """Who has hung up answers a REFER with an error, and its BYE ends the call all the same."""
    net, alice, bob, call, his = up()
    net.at(3, lambda: alice.do(call.hang_up))
    net.at(3, lambda: bob.do(his.request, "REFER", headers=[("Refer-To", "<sip:carol@example.com>")]))
    net.run()
    (answered,) = told(bob, Answered)
    assert 400 <= answered.status < 500
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP], [EndReason.HUNG_UP_BY_PEER])
    nothing_left(net)


@pytest.mark.rfc("5407 B")
def test_the_bye_overtakes_the_reinvite() -> None:
    """The re-INVITE is lost and sent again behind the BYE: it gets 481, makes no dialog, and its ACK ends it."""
    net, alice, bob, call, _ = up(lose={"alice": (3,)})
    net.at(3, lambda: alice.do(call.offer, alice.sdp))
    net.at(3.1, lambda: alice.do(call.hang_up))
    assert net.run() == then("""
        3.0  alice INVITE----------x bob
        3.1  alice BYE-------------> bob
        3.2  alice <------------200- bob
        3.5  alice INVITE----------> bob   Timer A
        3.6  alice <------------481- bob
        3.7  alice ACK-------------> bob
    """)
    assert response(net, bob, 481).to.tag == response(net, bob, 180).to.tag
    assert len([event for event in bob.events if type(event).__name__ == "IncomingCall"]) == 1
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP], [EndReason.HUNG_UP_BY_PEER])
    nothing_left(net)


@pytest.mark.rfc("5407 B")
def test_a_bye_may_follow_a_reinvite_that_nobody_answers() -> None:
    """The BYE does not wait for the re-INVITE, which is sent on till its own end and leaves nothing behind."""
    bench = Bench()
    call = bench.answered()
    bench.take(call.offer(SDP, now=bench.now))
    bench.take(call.hang_up(now=bench.now))
    numbers = [message.cseq.number for message in bench.sent[2:] if isinstance(message, Request)]
    assert (bench.methods[2:], numbers) == (["INVITE", "BYE"], [numbers[0], numbers[0] + 1])
    bench.receive(bench.response(bench.last_request, 200))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP]
    bench.drain()
    bench.quiet()
    assert {line.split()[0] for line in bench.drain()[0]} == {"INVITE"}
    assert bench.left() == {}
