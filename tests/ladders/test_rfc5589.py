"""Transfers: a party of a call has the other one call a third (RFC 5589)."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import Call, CallState, EndReason, Profile, ReferEnded, ReferProgress, ReferReceived
from sipsm.message.headers import REFER_TO, REFERRED_BY, REPLACES, in_uri
from sipsm.testing import Agent, Net, answer, ladder, nothing_left, reject, ring
from tests.ladders.parties import names, reasons, request, taken, told

TAKES = Profile(takes_referrals=True)


def three(seed: int = 1, **network: Any) -> tuple[Net, Agent, Agent, Agent]:
    """A network with Alice, who transfers, Bob, who is transferred, and Carol, to whom."""
    net = Net(seed, **network)
    return net, net.agent("alice"), net.agent("bob", profile=TAKES), net.agent("carol")


def follows(agent: Agent) -> None:
    """This party calls whom it is told to."""
    agent.on(ReferReceived, lambda event: agent.do(event.referral.follow, agent.sdp))


def hangs_up_when_done(agent: Agent, *calls: Call) -> None:
    """This party ends the old calls that are still up when the transfer has succeeded."""

    def done(event: ReferEnded) -> None:
        if event.succeeded:
            for call in calls:
                if call.state is CallState.ESTABLISHED:
                    agent.do(call.hang_up)

    agent.on(ReferEnded, done)


@pytest.mark.rfc("5589 6.2", "3515 2.4.4", "3515-05", "3515-06", "3515-10")
def test_blind_transfer() -> None:
    """Alice has Bob call Carol, hears of it step by step, and leaves when Carol has answered."""
    net, alice, bob, carol = three()
    bob.script(answer(after=0.1))
    carol.script(ring(after=0.1), answer(after=2.5))
    call = alice.invite("sip:bob")
    follows(bob)
    hangs_up_when_done(alice, call)
    net.at(2, lambda: alice.do(call.refer, "sip:carol", referred_by="<sip:alice@192.0.2.1>"))
    net.at(9, lambda: bob.do(bob.endpoint.calls[-1].hang_up))
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.1  alice <------------200- bob
        0.1  alice ACK-------------> bob
        2.0  alice REFER-----------> bob
        2.0  alice <------------200- bob
        2.0  alice <---------NOTIFY- bob
        2.0  alice 200-------------> bob
        2.0  bob   INVITE----------> carol
        2.1  bob   <------------180- carol
        3.0  alice <---------NOTIFY- bob     Timer interval
        3.0  alice 200-------------> bob
        4.5  bob   <------------200- carol
        4.5  bob   ACK-------------> carol
        4.5  alice <---------NOTIFY- bob
        4.5  alice 200-------------> bob
        4.5  alice BYE-------------> bob
        4.5  alice <------------200- bob
        9.0  bob   BYE-------------> carol
        9.0  bob   <------------200- carol
    """)
    assert [event.status for event in told(alice, ReferProgress)] == [100, 180, 200]
    (ended,) = told(alice, ReferEnded)
    assert ended.succeeded
    assert reasons(alice) == [EndReason.HUNG_UP]
    (received,) = told(bob, ReferReceived)
    assert received.about is not None
    assert received.about.origin.request.call_id == call.call_id
    assert str(taken(carol).invite[REFERRED_BY]) == "<sip:alice@192.0.2.1>"
    nothing_left(net)


@pytest.mark.rfc("5589 6.3.1", "5589 6.3.2")
@pytest.mark.parametrize(
    ("steps", "last"),
    [((reject(486, after=0.5),), 486), ((ring(after=0.5),), 408)],
    ids=["busy", "no answer"],
)
def test_a_transfer_that_fails(steps: tuple[Any, ...], last: int) -> None:
    """The target does not take the call: Alice is told why, and still has Bob."""
    net, alice, bob, carol = three()
    bob.script(answer(after=0.1))
    call = alice.invite("sip:bob")

    def follow(event: ReferReceived) -> None:
        bob.do(event.referral.follow, bob.sdp, headers=[("Expires", "20")])

    bob.on(ReferReceived, follow)
    carol.script(*steps)
    net.at(2, lambda: alice.do(call.refer, "sip:carol"))
    net.run(until=60)
    (ended,) = told(alice, ReferEnded)
    # An INVITE that has run out is cancelled, and answered with 487.
    assert ended.status == (487 if last == 408 else last)
    assert not ended.succeeded
    assert call.state is CallState.ESTABLISHED


def consulted(net: Net, alice: Agent, bob: Agent, carol: Agent) -> tuple[Call, Call]:
    """Alice calls Bob, puts him on hold, and calls Carol; both are up when a second has passed."""
    bob.script(answer(after=0.1))
    carol.script(answer(after=0.1))
    first = alice.invite("sip:bob")
    calls: list[Call] = []
    net.at(0.5, lambda: calls.append(alice.invite("sip:carol")))
    net.run(until=1)
    return first, calls[0]


@pytest.mark.rfc("5589 7.3", "3891 3", "3515-18", "3515-16")
def test_attended_transfer() -> None:
    """Alice has asked Carol before: Bob's call takes the place of hers with Carol; hers with Bob is up until then."""
    net, alice, bob, carol = three()
    with_bob, with_carol = consulted(net, alice, bob, carol)
    follows(bob)
    hangs_up_when_done(alice, with_bob, with_carol)
    net.at(2, lambda: alice.do(with_bob.refer, replaces=with_carol))
    net.at(9, lambda: bob.do(bob.endpoint.calls[-1].hang_up))
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.1  alice <------------200- bob
        0.1  alice ACK-------------> bob
        0.5  alice INVITE----------> carol
        0.6  alice <------------200- carol
        0.6  alice ACK-------------> carol
        2.0  alice REFER-----------> bob
        2.0  alice <------------200- bob
        2.0  alice <---------NOTIFY- bob
        2.0  bob   INVITE----------> carol
        2.0  alice 200-------------> bob
        2.1  bob   <------------200- carol
        2.1  alice <------------BYE- carol
        2.1  bob   ACK-------------> carol
        2.1  alice 200-------------> carol
        3.0  alice <---------NOTIFY- bob     Timer interval
        3.0  alice 200-------------> bob
        3.0  alice BYE-------------> bob
        3.0  alice <------------200- bob
        9.0  bob   BYE-------------> carol
        9.0  bob   <------------200- carol
    """)
    refer = request(net, alice, "REFER")
    address = refer[REFER_TO]
    assert address is not None
    named = in_uri(address.uri, REPLACES)
    assert named is not None
    assert named.call_id == with_carol.call_id
    assert ("Require", "replaces") in address.uri.header_fields
    invite = request(net, bob, "INVITE")
    assert invite[REPLACES] == named
    assert invite.header_values("Require") == ("replaces",)
    assert reasons(carol) == [EndReason.REPLACED, EndReason.HUNG_UP_BY_PEER]
    nothing_left(net)


@pytest.mark.rfc("5589 7.1", "3515-16")
def test_the_call_is_hung_up_at_once() -> None:
    """Alice leaves as soon as Bob has agreed: what he tells her still arrives, in the dialog of a call that is over."""
    net, alice, bob, carol = three()
    bob.script(answer(after=0.1))
    carol.script(answer(after=3.0))
    call = alice.invite("sip:bob")
    follows(bob)
    net.at(2, lambda: alice.do(call.refer, "sip:carol"))
    net.at(3, lambda: alice.do(call.hang_up))
    net.at(9, lambda: bob.do(bob.endpoint.calls[-1].hang_up))
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.1  alice <------------200- bob
        0.1  alice ACK-------------> bob
        2.0  alice REFER-----------> bob
        2.0  alice <------------200- bob
        2.0  alice <---------NOTIFY- bob
        2.0  alice 200-------------> bob
        2.0  bob   INVITE----------> carol
        2.2  bob   <------------100- carol   Timer 100
        3.0  alice BYE-------------> bob
        3.0  alice <------------200- bob
        5.0  bob   <------------200- carol
        5.0  bob   ACK-------------> carol
        5.0  alice <---------NOTIFY- bob
        5.0  alice 200-------------> bob
        9.0  bob   BYE-------------> carol
        9.0  bob   <------------200- carol
    """)
    assert names(alice)[-2:] == ["ReferProgress", "ReferEnded"]
    nothing_left(net)


@pytest.mark.rfc("5589 6.2")
def test_the_callee_transfers_as_well() -> None:
    """Bob, who was called, has Alice call Carol."""
    net = Net(1)
    alice, bob, carol = net.agent("alice", profile=TAKES), net.agent("bob"), net.agent("carol")
    bob.script(answer(after=0.1))
    carol.script(answer(after=0.1))
    alice.invite("sip:bob")
    follows(alice)
    net.at(2, lambda: bob.do(taken(bob).refer, "sip:carol"))
    net.run(until=10)
    (ended,) = told(bob, ReferEnded)
    assert ended.succeeded
    assert taken(carol).state is CallState.ESTABLISHED


@pytest.mark.rfc("3515 2.4.4")
@pytest.mark.parametrize("seed", range(6))
def test_a_transfer_over_a_bad_network(seed: int) -> None:
    """Whatever is lost, doubled or delayed: Alice and Bob agree on how the transfer went."""
    net, alice, bob, carol = three(seed, loss=0.25, delay=(0.01, 0.3), duplicate=0.1)
    bob.script(answer(after=0.1))
    carol.script(ring(after=0.1), answer(after=2.0))
    call = alice.invite("sip:bob")
    follows(bob)

    def transfer() -> None:
        if call.state is CallState.ESTABLISHED:
            alice.do(call.refer, "sip:carol")

    net.at(20, transfer)
    net.run(until=200)
    received = told(bob, ReferReceived)
    for event in told(alice, ReferEnded):
        if event.succeeded:
            assert received[0].referral.call is not None
    assert all(event.referral.state == "over" for event in received)
