"""INVITEs that are refused, not answered, or not sent (RFC 3261 13.2.2.2, 13.2.2.3, 13.3.1.2, 13.3.1.3, 8.1.3.1)."""

from __future__ import annotations

import pytest

from sipsm import CallState, EndReason, LocalProtocolError, Profile, Send
from sipsm.role import Ended
from sipsm.testing import Agent, Net, ladder, nothing_left, reject, ring
from tests.ladders.parties import names, parties, reasons, request, response, sent, taken, told


@pytest.mark.rfc("3261 13.2.2.3", "3261 13.3.1.3", "3261 17.1.1.3")
@pytest.mark.parametrize("status", [400, 486, 500, 603, 699])
def test_a_refusal(status: int) -> None:
    """The refusal ends the call on both sides, and the transaction acknowledges it on the INVITE's branch."""
    net, alice, bob = parties()
    bob.script(ring(), reject(status, after=1.0))
    call = alice.invite("sip:bob")
    picture = ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------180- bob
        1.0  alice <------------486- bob
        1.0  alice ACK-------------> bob
    """)
    assert net.run() == picture.replace("486", str(status))
    assert [(event.reason, event.status) for event in told(alice, Ended)] == [(EndReason.REJECTED, status)]
    assert [(event.reason, event.status) for event in told(bob, Ended)] == [(EndReason.DECLINED, None)]
    assert (call.state, taken(bob).state) == (CallState.ENDED, CallState.ENDED)
    ack = request(net, alice, "ACK")
    assert (ack.via, ack.to.tag) == (call.invite.via, response(net, bob, status).to.tag)
    nothing_left(net)


@pytest.mark.rfc("3261 13.2.2.3")
def test_a_refusal_at_once() -> None:
    """Without a provisional response it is the same."""
    net, alice, bob = parties()
    bob.script(reject(486))
    alice.invite("sip:bob")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------486- bob
        0.0  alice ACK-------------> bob
    """)
    assert names(alice) == ["Ended"]
    nothing_left(net)


@pytest.mark.rfc("3261 13.3.1.2", "3261 13.2.2.2")
def test_a_redirection() -> None:
    """A 302 tells the caller where else to try: its Contacts reach the application, and the call is over."""
    net, alice, bob = parties()
    alice.invite("sip:bob")
    net.run(until=0.1)
    contacts = [("Contact", "<sip:bob@192.0.2.77>;q=0.7"), ("Contact", "<sip:bob@192.0.2.78>")]
    bob.do(taken(bob).reject, 302, headers=contacts)
    net.run()
    (ended,) = told(alice, Ended)
    assert (ended.reason, ended.status) == (EndReason.REJECTED, 302)
    assert ended.message is not None
    assert [str(contact.uri) for contact in ended.message.contacts] == ["sip:bob@192.0.2.77", "sip:bob@192.0.2.78"]
    nothing_left(net)


@pytest.mark.rfc("3261 17.1.1.3", "3261 17.2.1", "3261-S20")
def test_every_repeated_refusal_is_acknowledged() -> None:
    """A lost ACK brings the refusal again, and each repeat the same ACK: one Via, the INVITE's Route, no body."""
    net = Net(1, lose={"alice": (2,), "bob": (2,)})
    alice = net.agent("alice", profile=Profile(route=["<sip:bob;lr>"]))
    bob = net.agent("bob")
    bob.script(reject(486))
    call = alice.invite("sip:bob")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------486- bob
        0.0  alice ACK-------------x bob
        0.5  alice x------------486- bob   Timer G
        1.5  alice <------------486- bob   Timer G
        1.5  alice ACK-------------> bob
    """)
    acks = sent(net, alice, "ACK")
    assert len(acks) == 2
    assert len(set(acks)) == 1
    ack = request(net, alice, "ACK")
    assert ack.lines_of("Via") == call.invite.lines_of("Via")
    assert ack.lines_of("Route") == call.invite.lines_of("Route") == ("<sip:bob;lr>",)
    assert ack.lines_of("To") == response(net, bob, 486).lines_of("To")
    assert (str(ack.cseq), ack.body) == (f"{call.invite.cseq.number} ACK", b"")
    nothing_left(net)


@pytest.mark.rfc("3261 13.3.1.3")
def test_a_refused_call_cannot_be_refused_again() -> None:
    """Once an INVITE has been refused nothing more can be said to it."""
    net, alice, bob = parties()
    bob.script(reject(486))
    call = alice.invite("sip:bob")
    net.run(until=0.1)
    with pytest.raises(LocalProtocolError, match="the INVITE is over"):
        bob.do(taken(bob).ring)
    with pytest.raises(LocalProtocolError, match="the INVITE is over"):
        bob.do(taken(bob).reject)
    with pytest.raises(LocalProtocolError, match="the INVITE is over"):
        bob.do(taken(bob).answer, bob.sdp)
    with pytest.raises(LocalProtocolError, match="the INVITE is over"):
        alice.do(call.cancel)
    for agent, one in ((alice, call), (bob, taken(bob))):
        with pytest.raises(LocalProtocolError, match="ending already, or over"):
            agent.do(one.hang_up)
    with pytest.raises(LocalProtocolError, match="no offer of the peer waits"):
        alice.do(call.answer_offer, alice.sdp)
    net.run()
    nothing_left(net)


@pytest.mark.rfc("3261 8.1.3.1", "3261 17.1.1.2")
def test_silence() -> None:
    """Nobody answers: after 64*T1 the call has ended as if a 408 had come."""
    net, alice, _ = parties(loss=1.0)
    alice.invite("sip:bob")
    assert net.run() == ladder("""
         0.0  alice INVITE----------x bob
         0.5  alice INVITE----------x bob   Timer A
         1.5  alice INVITE----------x bob   Timer A
         3.5  alice INVITE----------x bob   Timer A
         7.5  alice INVITE----------x bob   Timer A
        15.5  alice INVITE----------x bob   Timer A
        31.5  alice INVITE----------x bob   Timer A
    """)
    assert net.now == 1032.0
    assert [(event.reason, event.status) for event in told(alice, Ended)] == [(EndReason.TIMED_OUT, 408)]
    nothing_left(net)


def unsent(net: Net, alice: Agent, how: str) -> None:
    """Have an INVITE of Alice's come to nothing, in one of three ways."""
    if how != "the socket refuses":
        alice.invite("sip:nobody@nowhere.test" if how == "no such host" else "sip:192.0.2.99")
        return
    _, outputs = alice.endpoint.invite("sip:bob@192.0.2.99", offer=alice.sdp, now=net.now)
    for send in outputs:
        assert isinstance(send, Send)
        net.perform(alice, alice.endpoint.send_failed(send, net.now))


@pytest.mark.rfc("3261 8.1.3.1", "3261 18.4", "3261-C04")
@pytest.mark.parametrize(
    ("how", "reason", "status"),
    [
        ("no such host", EndReason.TRANSPORT_FAILED, 503),
        ("the socket refuses", EndReason.TRANSPORT_FAILED, 503),
        ("nobody is there", EndReason.TIMED_OUT, 408),
    ],
)
def test_failure(how: str, reason: EndReason, status: int) -> None:
    """An INVITE that cannot be sent ends the call as if a 503 had come, one that nobody answers as if a 408 had."""
    net, alice, _ = parties()
    unsent(net, alice, how)
    net.run()
    assert [(event.reason, event.status) for event in told(alice, Ended)] == [(reason, status)]
    nothing_left(net)


@pytest.mark.rfc("3261 13.2.2.1")
def test_ringing_may_last() -> None:
    """A provisional response ends the repeats of the INVITE, and no timer limits how long it rings."""
    net, alice, bob = parties()
    bob.script(ring())
    call = alice.invite("sip:bob")
    net.run(until=3000)
    assert call.state is CallState.RINGING
    assert len(sent(net, alice, "INVITE")) == 1
    bob.do(taken(bob).reject, 480)
    net.run()
    assert reasons(alice) == [EndReason.REJECTED]
    nothing_left(net)
