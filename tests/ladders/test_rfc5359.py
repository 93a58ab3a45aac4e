"""The services of RFC 5359 2, as far as telephones alone can play them.

What REFER and SUBSCRIBE tell somebody there, is known by other means here; for a proxy that forwards, there is a
telephone that redirects. Not here, since nothing is left of them then: 2.4, 2.6, 2.13, 2.14, 2.17 and 2.18.
"""

from __future__ import annotations

import pytest

from sipsm import Call, CallState, Ended, EndReason, Policy
from sipsm.role import IncomingCall, Redirected, Ringing
from sipsm.sdp import SessionDescription, hold, resume
from sipsm.testing import Agent, Net, ladder, nothing_left
from tests.ladders.parties import reasons, request, taken, told
from tests.ladders.phones import hears, phone

HOLD = """
        0.0  alice INVITE----------> bob
        0.0  alice <------------180- bob
        1.0  alice <------------200- bob
        1.0  alice ACK-------------> bob
        3.0  alice <---------INVITE- bob
        3.0  alice 200-------------> bob
        3.0  alice <------------ACK- bob"""


def called() -> tuple[Net, Agent, Agent, Call, Call]:
    """Alice calls Bob at 0, who answers at 1; the last are her call and his."""
    net = Net(1)
    alice, bob = phone(net, "alice"), phone(net, "bob")
    call = alice.invite("sip:bob")
    net.run(until=2)
    return net, alice, bob, call, taken(bob)


def directions(call: Call) -> list[str]:
    """Which way media go, as this side sees each stream."""
    assert call.agreed is not None
    return [str(stream.direction) for stream in SessionDescription.parse(call.agreed[0]).streams]


def holds(agent: Agent, call: Call) -> None:
    """Put the peer on hold."""
    agent.do(call.offer, bytes(hold(call.local_sdp)))


def resumes(agent: Agent, call: Call) -> None:
    """End that."""
    agent.do(call.offer, bytes(resume(call.local_sdp)))


def naming(call: Call) -> str:
    """A dialog, as somebody names it who sends to the one whose call this is (RFC 3891 6.1, RFC 3911 7.1)."""
    dialog = call.here.dialog
    return f"{dialog.call_id};to-tag={dialog.local_tag};from-tag={dialog.remote_tag}"


@pytest.mark.rfc("5359 2.1", "3264 8.4")
def test_call_hold() -> None:
    """Bob holds, and Alice hears and sends nothing; he takes her off hold, and all is as it was."""
    net, alice, bob, call, his = called()
    net.at(3, lambda: holds(bob, his))
    assert net.run(until=4) == ladder(HOLD)
    assert (directions(his), directions(call)) == (["sendonly"], ["recvonly"])
    assert SessionDescription.parse(call.remote_sdp).streams[0].is_held
    net.at(5, lambda: resumes(bob, his))
    net.run(until=6)
    assert (directions(his), directions(call)) == (["sendrecv"], ["sendrecv"])
    versions = [SessionDescription.parse(sdp).origin.version for sdp in (bob.sdp, his.local_sdp)]
    assert versions[1] == versions[0] + 2
    alice.do(call.hang_up)
    net.run()
    nothing_left(net)


@pytest.mark.rfc("5359 2.1", "6337 5.3")
def test_both_hold() -> None:
    """A hold is of one direction: Alice ends hers, and Bob's goes on, since his telephone answers with it."""
    net, alice, bob, call, his = called()
    bob.sdp = bytes(hold(bob.sdp))
    holds(bob, his)
    net.run(until=3)
    alice.sdp = bytes(hold(alice.sdp))
    holds(alice, call)
    net.run(until=4)
    assert (directions(his), directions(call)) == (["inactive"], ["inactive"])
    alice.sdp = bytes(resume(alice.sdp))
    resumes(alice, call)
    net.run(until=5)
    assert (directions(his), directions(call)) == (["sendonly"], ["sendrecv"])
    assert SessionDescription.parse(call.remote_sdp).streams[0].is_held
    bob.sdp = bytes(resume(bob.sdp))
    resumes(bob, his)
    net.run(until=6)
    assert (directions(his), directions(call)) == (["sendrecv"], ["sendrecv"])


@pytest.mark.rfc("5359 2.2")
def test_consultation_hold() -> None:
    """Bob holds Alice, calls Carol, hangs up there, and goes on with Alice; neither call minds the other."""
    net, alice, bob, call, his = called()
    carol = phone(net, "carol")
    to_carol: list[Call] = []
    net.at(3, lambda: holds(bob, his))
    net.at(4, lambda: to_carol.append(bob.invite("sip:carol")))
    net.at(6, lambda: bob.do(to_carol[0].hang_up))
    net.at(7, lambda: resumes(bob, his))
    net.at(8, lambda: alice.do(call.hang_up))
    assert net.run() == ladder(
        HOLD
        + """
        4.0  bob   INVITE----------> carol
        4.0  bob   <------------180- carol
        5.0  bob   <------------200- carol
        5.0  bob   ACK-------------> carol
        6.0  bob   BYE-------------> carol
        6.0  bob   <------------200- carol
        7.0  alice <---------INVITE- bob
        7.0  alice 200-------------> bob
        7.0  alice <------------ACK- bob
        8.0  alice BYE-------------> bob
        8.0  alice <------------200- bob
    """
    )
    assert reasons(carol) == [EndReason.HUNG_UP_BY_PEER]
    assert reasons(bob) == [EndReason.HUNG_UP, EndReason.HUNG_UP_BY_PEER]
    nothing_left(net)


@pytest.mark.rfc("5359 2.3", "5359 2.15", "3891 3")
def test_music_on_hold() -> None:
    """A music server takes Bob's place, as in a parked call, and Bob the server's in the end; each gets Alice's BYE."""
    net, alice, bob, call, his = called()
    music = phone(net, "music")
    net.at(3, lambda: holds(bob, his))
    net.at(4, lambda: music.invite("sip:alice", headers=[("Replaces", naming(call))]))
    net.run(until=6)
    assert told(alice, IncomingCall)[0].replaces is call
    assert [(event.call, event.reason) for event in told(alice, Ended)] == [(call, EndReason.REPLACED)]
    assert reasons(bob) == [EndReason.HUNG_UP_BY_PEER]
    assert hears(alice) == music.host
    playing = taken(alice)
    net.at(8, lambda: bob.invite("sip:alice", headers=[("Replaces", naming(playing))]))
    net.run(until=10)
    assert reasons(music) == [EndReason.HUNG_UP_BY_PEER]
    assert (hears(alice), taken(alice).state, playing.state) == (bob.host, CallState.ESTABLISHED, CallState.ENDED)


@pytest.mark.rfc("5359 2.5", "3891 3")
def test_attended_transfer() -> None:
    """Alice, told by Bob of his call with Carol, takes his place in it; Carol says BYE to him, and he to Alice."""
    net, alice, bob, call, his = called()
    carol = phone(net, "carol")
    holds(bob, his)
    net.run(until=3)
    consulting = bob.invite("sip:carol")
    net.run(until=5)
    holds(bob, consulting)
    net.run(until=6)
    with_bob = taken(carol)
    to_carol = alice.invite("sip:carol", headers=[("Replaces", naming(with_bob))])
    net.run(until=8)
    assert [(event.call, event.reason) for event in told(carol, Ended)] == [(with_bob, EndReason.REPLACED)]
    assert to_carol.agreed is not None
    assert to_carol.agreed == tuple(reversed(taken(carol).agreed or ()))
    bob.do(his.hang_up)
    net.run(until=9)
    assert [event.call for event in told(bob, Ended)] == [consulting, his]
    assert [event.call for event in told(alice, Ended)] == [call]
    assert to_carol.state is CallState.ESTABLISHED


@pytest.mark.rfc("5359 2.7", "5359 2.8", "5359 2.9", "3261 8.1.3.4")
@pytest.mark.parametrize("rings_for", [None, 0.0, 5.0])
def test_call_forwarding(rings_for: float | None) -> None:
    """Always, when busy, or when nobody answers: Bob's telephone names another, and Alice's goes there by itself."""
    net = Net(1)
    alice = phone(net, "alice", policy=Policy(redirections=1))
    elsewhere = [("Contact", "<sip:office@192.0.2.3>")]

    def forwards(bob: Agent, event: IncomingCall) -> None:
        if rings_for is not None:
            bob.do(event.call.ring)
        net.after(rings_for or 0.0, lambda: bob.do(event.call.reject, 302, headers=elsewhere))

    bob = phone(net, "bob", takes=forwards)
    office = phone(net, "office")
    call = alice.invite("sip:bob")
    net.run(until=10)
    assert [event.target for event in told(alice, Redirected)] == ["sip:office@192.0.2.3"]
    assert (call.state, hears(office)) == (CallState.ESTABLISHED, alice.host)
    assert reasons(bob) == [EndReason.DECLINED]
    assert len(told(alice, Ringing)) == (1 if rings_for is None else 2)


@pytest.mark.rfc("5359 2.10")
def test_a_third_party_is_added() -> None:
    """Bob, who mixes, changes the session with Alice, and calls Carol: two calls are up at his telephone."""
    net, alice, bob, call, his = called()
    phone(net, "carol")
    bob.do(his.offer, his.local_sdp)
    net.run(until=3)
    to_carol = bob.invite("sip:carol")
    net.run(until=5)
    assert (call.state, his.state, to_carol.state) == (CallState.ESTABLISHED,) * 3
    assert alice.endpoint.calls == [call]


@pytest.mark.rfc("5359 2.11", "3911 4")
def test_a_third_party_joins() -> None:
    """Carol names the call that she wants to join; Bob changes that one first, and then takes hers: nothing ends."""
    net, _, bob, call, his = called()
    carol = phone(net, "carol")
    to_bob = carol.invite("sip:bob", headers=[("Join", naming(his))])
    net.at(2.5, lambda: bob.do(his.offer, his.local_sdp))
    assert net.run(until=4) == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------180- bob
        1.0  alice <------------200- bob
        1.0  alice ACK-------------> bob
        2.0  bob   <---------INVITE- carol
        2.0  bob   180-------------> carol
        2.5  alice <---------INVITE- bob
        2.5  alice 200-------------> bob
        2.5  alice <------------ACK- bob
        3.0  bob   200-------------> carol
        3.0  bob   <------------ACK- carol
    """)
    assert told(bob, IncomingCall)[1].joins is his
    assert (call.state, his.state, to_bob.state) == (CallState.ESTABLISHED,) * 3
    assert told(bob, Ended) == []


@pytest.mark.rfc("5359 2.12", "3261 8.1.3.4")
def test_find_me() -> None:
    """Bob may be at four places, the likeliest first: Alice's telephone tries them until one answers."""
    net = Net(1)
    alice = phone(net, "alice", policy=Policy(redirections=4))
    places = [f"<sip:bob@192.0.2.{number}>;q=0.{9 - number}" for number in (3, 4, 5)]
    phone(
        net, "home", takes=lambda home, event: home.do(event.call.reject, 302, headers=[("Contact", ", ".join(places))])
    )
    phone(net, "b2", takes=lambda b2, event: b2.do(event.call.reject, 480))
    phone(net, "b3", takes=lambda b3, event: b3.do(event.call.reject, 486))
    last = phone(net, "b4")
    call = alice.invite("sip:home")
    assert net.run(until=5) == ladder("""
        0.0  alice INVITE----------> home
        0.0  alice <------------302- home
        0.0  alice ACK-------------> home
        0.0  alice INVITE----------> b2
        0.0  alice <------------480- b2
        0.0  alice ACK-------------> b2
        0.0  alice INVITE----------> b3
        0.0  alice <------------486- b3
        0.0  alice ACK-------------> b3
        0.0  alice INVITE----------> b4
        0.0  alice <------------180- b4
        1.0  alice <------------200- b4
        1.0  alice ACK-------------> b4
    """)
    assert (call.state, hears(last)) == (CallState.ESTABLISHED, alice.host)


@pytest.mark.rfc("5359 2.16", "3891 3")
@pytest.mark.parametrize("answered", [False, True])
def test_call_pickup(answered: bool) -> None:
    """Bill takes what rings at Bob's: Alice cancels there; with early-only he cannot take what Bob has answered."""
    net = Net(1)
    alice, bob, bill = phone(net, "alice", after=0), phone(net, "bob", after=1 if answered else 60), phone(net, "bill")
    call = alice.invite("sip:bob")
    net.run(until=2)
    taking = bill.invite("sip:alice", headers=[("Replaces", naming(call) + ";early-only")])
    net.run(until=3)
    if answered:
        assert [(event.call, event.status) for event in told(bill, Ended)] == [(taking, 486)]
        assert call.state is CallState.ESTABLISHED
        return
    assert (taking.state, reasons(bob)) == (CallState.ESTABLISHED, [EndReason.CANCELLED_BY_PEER])
    assert request(net, alice, "CANCEL").call_id == call.call_id
    assert [(event.call, event.reason) for event in told(alice, Ended)] == [(call, EndReason.CANCELLED)]
    assert hears(alice) == bill.host
