"""CANCEL, on both sides (RFC 3261 9, and 13.2.2.4 for the 2xx that crosses it)."""

from __future__ import annotations

import pytest

from sipsm import CallState, EndReason, LocalProtocolError, Profile, Response
from sipsm.role import Dropped, Ended
from sipsm.testing import Net, answer, cancel, ladder, nothing_left, ring
from tests.endpoint.by_hand import SDP2, Bench
from tests.ladders.parties import names, parties, reasons, request, response, sent, taken, told


@pytest.mark.rfc("3261 9.1", "3261 9.2")
def test_a_cancelled_call() -> None:
    """CANCEL gets 200, the INVITE 487, both with the same To tag; both sides are told."""
    net, alice, bob = parties()
    bob.script(ring())
    alice.script(cancel(after=1.0))
    call = alice.invite("sip:bob")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------180- bob
        1.0  alice CANCEL----------> bob
        1.0  alice <------------200- bob
        1.0  alice <------------487- bob
        1.0  alice ACK-------------> bob
    """)
    assert response(net, bob, 200).to.tag == response(net, bob, 487).to.tag == response(net, bob, 180).to.tag
    assert (reasons(alice), reasons(bob)) == ([EndReason.CANCELLED], [EndReason.CANCELLED_BY_PEER])
    assert [event.status for event in told(alice, Ended)] == [487]
    for command in (taken(bob).ring, taken(bob).reject):
        with pytest.raises(LocalProtocolError, match="the INVITE is over"):
            bob.do(command)
    assert (call.state, taken(bob).state) == (CallState.ENDED, CallState.ENDED)
    nothing_left(net)


@pytest.mark.rfc("3261 9.1", "3261-C09")
def test_what_a_cancel_looks_like() -> None:
    """Request-URI, Route, Call-ID, From, To without a tag, the number and the one Via are the INVITE's."""
    net = Net(1)
    alice = net.agent("alice", profile=Profile(route=["<sip:bob;lr>"]))
    net.agent("bob").script(ring())
    alice.script(cancel(after=1.0))
    invite = alice.invite("sip:bob@biloxi.example.com").invite
    net.run(until=2)
    cancelled = request(net, alice, "CANCEL")
    assert cancelled.uri == invite.uri
    for name in ("Via", "Route", "From", "To", "Call-ID"):
        assert cancelled.lines_of(name) == invite.lines_of(name), name
    assert cancelled.lines_of("Route") == ("<sip:bob;lr>",)
    assert cancelled.to.tag is None
    assert (str(cancelled.cseq), cancelled.lines_of("Require")) == (f"{invite.cseq.number} CANCEL", ())
    flows = {getattr(record, "flow", None) for record in net.recorder.records if getattr(record, "who", "") == "alice"}
    assert len(flows - {None}) == 1


@pytest.mark.rfc("3261 9.1")
def test_a_cancel_waits_for_a_provisional_response() -> None:
    """Before anything has come back no CANCEL is sent; it goes out when the first provisional response comes."""
    net, alice, bob = parties(lose={"alice": (1, 2)})
    alice.script(cancel(after=0.1))
    call = alice.invite("sip:bob")
    net.run(until=0.2)
    assert call.state is CallState.ENDING
    with pytest.raises(LocalProtocolError, match="being cancelled already"):
        alice.do(call.cancel)
    assert net.run() == ladder("""
        0.0  alice INVITE----------x bob
        0.5  alice INVITE----------x bob   Timer A
        1.5  alice INVITE----------> bob   Timer A
        1.7  alice <------------100- bob   Timer 100
        1.7  alice CANCEL----------> bob
        1.7  alice <------------200- bob
        1.7  alice <------------487- bob
        1.7  alice ACK-------------> bob
    """)
    assert (reasons(alice), reasons(bob)) == ([EndReason.CANCELLED], [EndReason.CANCELLED_BY_PEER])
    nothing_left(net)


@pytest.mark.rfc("3261 9.1", "3261-C08")
def test_when_a_cancel_is_sent() -> None:
    """Only after a provisional response, never once a final one has come; and the INVITE's Require is not in it."""
    for responses, sent_ in (([], 0), ([100], 1), ([180], 1), ([486], 0), ([200], 0)):
        bench = Bench()
        call = bench.outgoing(headers=[("Require", "timer")])
        bench.take(call.cancel(now=bench.now))
        bench.wait(0.4)
        assert bench.methods == ["INVITE"]
        for status in responses:
            bench.receive(bench.response(call.invite, status, tag=None if status == 100 else "far"))
        assert bench.methods.count("CANCEL") == sent_, responses
        if sent_:
            assert bench.last_request.lines_of("Require") == ()
    for final in (486, 200):
        bench = Bench()
        call = bench.outgoing()
        bench.receive(bench.response(call.invite, 180))
        bench.receive(bench.response(call.invite, final, body=SDP2 if final == 200 else b""))
        bench.drain()
        with pytest.raises(LocalProtocolError):
            call.cancel(now=bench.now)
        assert bench.methods == []


@pytest.mark.rfc("3261 9.2", "3261-S09")
def test_what_a_cancel_gets() -> None:
    """481 when it matches no INVITE; else 200, and the INVITE 487, of one To tag; after a final response no effect."""
    bench = Bench()
    bench.receive(bench.request("CANCEL", branch="z9hG4bKunknown"))
    assert bench.statuses == [481]
    call = bench.incoming()
    bench.drain()
    bench.receive(bench.request("CANCEL", branch="z9hG4bKcall"))
    answers = [message for message in bench.sent if isinstance(message, Response)]
    assert [(answer.cseq.method, answer.status) for answer in answers] == [("CANCEL", 200), ("INVITE", 487)]
    assert {answer.to.tag for answer in answers} == {call.here.dialog.local_tag}
    assert [event.reason for event in bench.told(Ended)] == [EndReason.CANCELLED_BY_PEER]
    for final in (486, 200):
        branch = f"z9hG4bK{final}"
        later = bench.incoming(call_id=str(final), via=f"Via: SIP/2.0/UDP 192.0.2.2:5060;branch={branch}")
        bench.take(later.reject(486, now=bench.now) if final == 486 else later.answer(SDP2, now=bench.now))
        state, tag = later.state, bench.last_response.to.tag
        bench.drain()
        bench.receive(bench.request("CANCEL", branch=branch, call_id=str(final)))
        assert (bench.statuses, bench.last_response.to.tag, later.state) == ([200], tag, state)
        assert bench.told(Ended) == []


@pytest.mark.rfc("3261 9.1")
@pytest.mark.parametrize("status", [200, 486])
def test_no_cancel_once_a_final_response_has_come(status: int) -> None:
    """A CANCEL that waits is not sent when the first response is final: a 2xx is acknowledged and hung up."""
    net, alice, bob = parties(delay=0.05)
    alice.script(cancel(after=0.01))
    call = alice.invite("sip:bob")
    net.run(until=0.06)
    bob.do(taken(bob).answer, bob.sdp) if status == 200 else bob.do(taken(bob).reject, status)
    net.run()
    assert sent(net, alice, "CANCEL") == []
    assert len(sent(net, alice, "ACK")) == 1
    assert len(sent(net, alice, "BYE")) == (1 if status == 200 else 0)
    assert reasons(alice) == [EndReason.CANCELLED]
    with pytest.raises(LocalProtocolError, match="the INVITE is over"):
        alice.do(call.cancel)
    nothing_left(net)


CROSSED = """
        0.0  alice INVITE----------> bob
        0.2  alice <------------180- bob
        1.2  alice <------------200- bob
        1.3  alice CANCEL----------> bob
        1.4  alice ACK-------------> bob
        1.4  alice BYE-------------> bob
        1.5  alice <------------200- bob
        1.6  alice <------------200- bob
"""


@pytest.mark.rfc("3261 9.1", "3261 13.2.2.4", "3261-C29")
def test_a_2xx_crosses_the_cancel() -> None:
    """A CANCEL that comes after the answer has no effect: the 2xx is acknowledged, then the call is hung up."""
    net, alice, bob = parties(delay=0.2)
    bob.script(ring(), answer(after=1.0))
    alice.script(cancel(after=1.3))
    alice.invite("sip:bob")
    assert net.run() == ladder(CROSSED)
    assert (reasons(alice), reasons(bob)) == ([EndReason.CANCELLED], [EndReason.HUNG_UP_BY_PEER])
    assert "Established" not in names(alice)
    assert "AnswerReceived" not in names(alice)
    nothing_left(net)


@pytest.mark.rfc("3261 9.1", "3261 13.2.2.4")
def test_a_2xx_with_an_offer_crosses_the_cancel() -> None:
    """The ACK must answer all the same: every stream is refused, then comes the BYE; no offer is told."""
    net, alice, bob = parties(delay=0.2)
    bob.script(ring(), answer(after=1.0))
    alice.script(cancel(after=1.3))
    alice.invite("sip:bob", offer=b"")
    assert net.run() == ladder(CROSSED)
    assert b"m=audio 0 RTP/AVP 0" in request(net, alice, "ACK").body
    assert names(alice) == ["Ringing", "Ended"]
    assert reasons(alice) == [EndReason.CANCELLED]
    nothing_left(net)


@pytest.mark.rfc("3261 9.1", "3261-C10")
def test_a_cancel_without_effect() -> None:
    """When no final response comes within 64*T1 of the CANCEL, the INVITE is given up as cancelled, and forgotten."""
    net, alice, bob = parties(lose={"bob": range(2, 99)})
    bob.script(ring())
    alice.script(cancel(after=1.0))
    alice.invite("sip:bob")
    net.run(until=32.9)
    assert reasons(alice) == []
    net.run(until=33.0)
    assert [(event.reason, event.status) for event in told(alice, Ended)] == [(EndReason.CANCELLED, None)]
    net.run()
    nothing_left(net)


@pytest.mark.rfc("3261 9.1", "3261 8.1.3.1")
def test_a_cancel_that_waits_in_vain() -> None:
    """When nothing ever comes back, the INVITE ends as cancelled, and no CANCEL was ever sent."""
    net, alice, _ = parties(loss=1.0)
    alice.script(cancel(after=1.0))
    alice.invite("sip:bob")
    net.run()
    assert reasons(alice) == [EndReason.CANCELLED]
    assert sent(net, alice, "CANCEL") == []
    nothing_left(net)


@pytest.mark.rfc("3261 9.1")
def test_cancelled_before_it_could_be_sent() -> None:
    """An INVITE whose address is still looked for is not sent at all."""
    net, alice, bob = parties()
    call = alice.invite("sip:bob")
    alice.do(call.cancel)
    assert net.run() == ""
    assert (reasons(alice), bob.events) == ([EndReason.CANCELLED], [])
    nothing_left(net)


@pytest.mark.rfc("3261 9.1")
def test_an_answered_call_cannot_be_cancelled() -> None:
    """After the 2xx there is nothing to cancel: hang up."""
    net, alice, bob = parties()
    bob.script(answer())
    call = alice.invite("sip:bob")
    net.run(until=1)
    with pytest.raises(LocalProtocolError, match="hang up instead"):
        alice.do(call.cancel)


@pytest.mark.rfc("3261 15", "3261 9.1")
def test_an_early_call_cannot_be_hung_up() -> None:
    """The caller cancels what nobody has answered; the callee answers or rejects."""
    net, alice, bob = parties()
    bob.script(ring())
    call = alice.invite("sip:bob")
    net.run(until=1)
    with pytest.raises(LocalProtocolError, match="nobody has answered; cancel instead"):
        alice.do(call.hang_up)
    with pytest.raises(LocalProtocolError, match="the dialog is early and you are the UAS"):
        bob.do(taken(bob).hang_up)
    assert sent(net, alice, "BYE") == sent(net, bob, "BYE") == []


@pytest.mark.rfc("3261 9.2")
def test_cancel_and_answer_cross() -> None:
    """The callee that has answered before the CANCEL comes says 200 to it, and its call goes on until the BYE."""
    net, alice, bob = parties(delay=0.2)
    bob.script(ring(), answer(after=1.0))
    alice.script(cancel(after=1.3))
    alice.invite("sip:bob")
    net.run(until=1.7)
    assert len(sent(net, bob, 487)) == 0
    assert [type(event) for event in bob.events if isinstance(event, Dropped)] == [Dropped]


@pytest.mark.rfc("3261 9.1")
def test_an_answer_shown_after_the_cancel() -> None:
    """Who has given a call up is told neither that it rings nor what the peer would have answered."""
    net, alice, bob = parties(delay=0.2)
    bob.script(ring())
    alice.script(cancel(after=0.5))
    alice.invite("sip:bob")
    net.at(0.6, lambda: bob.do(taken(bob).ring, 183, sdp=bob.sdp))
    net.run()
    assert names(alice) == ["Ringing", "Ended"]
    assert len(sent(net, bob, 183)) == 1


@pytest.mark.rfc("3261 9.1", "3261 17.1.2.2")
def test_a_cancel_behind_a_bad_network() -> None:
    """CANCEL, its 200 and the 487 may each be lost: all are repeated until it is agreed."""
    net, alice, bob = parties(lose={"alice": (2,), "bob": (2, 3)})
    bob.script(ring())
    alice.script(cancel(after=1.0))
    alice.invite("sip:bob")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------180- bob
        1.0  alice CANCEL----------x bob
        1.5  alice CANCEL----------> bob   Timer E
        1.5  alice x------------200- bob
        1.5  alice x------------487- bob
        2.0  alice <------------487- bob   Timer G
        2.0  alice ACK-------------> bob
        2.5  alice CANCEL----------> bob   Timer E
        2.5  alice <------------200- bob
    """)
    assert (reasons(alice), reasons(bob)) == ([EndReason.CANCELLED], [EndReason.CANCELLED_BY_PEER])
    nothing_left(net)
