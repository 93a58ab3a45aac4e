"""Calls over TCP: connections opened when needed, shared, lost, and replaced (RFC 3261 18)."""

from __future__ import annotations

import pytest

from sipsm import Answered, Ended, EndReason, Established, KeepAlive
from sipsm.testing import Net, answer, hang_up, ladder, nothing_left, ring
from sipsm.testing.link import Link, Streaming
from tests.ladders.parties import reasons, request, sent, taken, told

MUCH = [("Subject", "x" * 1300)]


@pytest.mark.rfc("3261 18")
def test_a_call() -> None:
    """All of it goes over one connection, which is closed when nobody has used it for a while."""
    net = Net(delay=0.01)
    alice, bob = net.agent("alice", transports=("TCP",)), net.agent("bob", transports=("UDP", "TCP"))
    bob.script(ring(), answer(after=1.0))
    alice.script(hang_up(after=5.0))
    alice.invite("sip:192.0.2.2")
    net.run(until=30)
    assert (len(net.streams.flows(alice)), len(net.streams.flows(bob))) == (1, 1)
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------180- bob
        1.0  alice <------------200- bob
        1.0  alice ACK-------------> bob
        6.0  alice BYE-------------> bob
        6.0  alice <------------200- bob
    """)
    assert {len(agent.endpoint.flows) for agent in (alice, bob)} == {0}
    assert request(net, alice, "BYE").via.transport == "TCP"
    nothing_left(net)


@pytest.mark.rfc("3261 18.2.2")
def test_a_response_whose_connection_is_gone() -> None:
    """It goes by a new one, to the address that the request came from and the port that its Via names."""
    net = Net(delay=0.01)
    alice, bob = net.agent("alice", transports=("TCP",)), net.agent("bob", transports=("TCP",))
    bob.script(ring(), answer(after=2.0))
    alice.script(hang_up(after=5.0))
    alice.invite("sip:192.0.2.2")
    net.at(1.0, lambda: net.streams.reset(bob))
    net.run(until=4)
    flow, _ = bob.endpoint.flows
    assert flow.remote == ("192.0.2.1", 5060)
    net.run()
    assert [len(told(agent, Established)) for agent in (alice, bob)] == [1, 1]
    assert reasons(alice) == [EndReason.HUNG_UP]
    nothing_left(net)


@pytest.mark.rfc("3261 18.4", "3261 8.1.3.1")
def test_a_connection_that_breaks_before_there_is_an_answer() -> None:
    """The call is over as if a 503 had come."""
    net = Net(delay=0.05)
    alice, bob = net.agent("alice", transports=("TCP",)), net.agent("bob", transports=("TCP",))
    alice.invite("sip:192.0.2.2")
    net.at(0.12, lambda: net.streams.reset(alice))
    net.run()
    assert [(ended.reason, ended.status) for ended in told(alice, Ended)] == [(EndReason.TRANSPORT_FAILED, 503)]
    assert told(bob, Ended) == []
    nothing_left(net)


@pytest.mark.rfc("3261 18.4")
def test_a_connection_that_breaks_in_a_call() -> None:
    """The call goes on: what is sent next has a connection made for it."""
    net = Net(delay=0.01)
    alice, bob = net.agent("alice", transports=("TCP",)), net.agent("bob", transports=("TCP",))
    bob.script(answer())
    alice.invite("sip:192.0.2.2")
    net.at(100.0, lambda: net.streams.reset(alice))
    net.at(110.0, lambda: bob.do(taken(bob).hang_up))
    net.run()
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP_BY_PEER], [EndReason.HUNG_UP])
    nothing_left(net)


def test_nobody_takes_connections() -> None:
    """The call is over at once where none can be made."""
    net = Net(delay=0.01)
    alice, bob = net.agent("alice", transports=("TCP",)), net.agent("bob")
    alice.invite("sip:192.0.2.2")
    net.run()
    assert (reasons(alice), bob.events) == ([EndReason.TRANSPORT_FAILED], [])
    nothing_left(net)


@pytest.mark.rfc("3261 18.1.1", "3261-S27")
def test_a_large_request_goes_over_tcp() -> None:
    """More than 1300 bytes are not sent over UDP where TCP may be had; the Via says so."""
    net = Net()
    alice, bob = net.agent("alice", transports=("UDP", "TCP")), net.agent("bob", transports=("UDP", "TCP"))
    bob.script(answer())
    alice.script(hang_up(after=5.0))
    alice.invite("sip:192.0.2.2", headers=MUCH)
    net.run()
    assert request(net, alice, "INVITE").via.transport == "TCP"
    assert request(net, alice, "BYE").via.transport == "TCP", "Bob's Contact is one that is reached in the same way"
    assert (reasons(alice), len(sent(net, alice, "INVITE"))) == ([EndReason.HUNG_UP], 1)
    nothing_left(net)


@pytest.mark.rfc("3261 18.1.1", "3261-S27")
def test_a_large_request_to_one_who_has_no_tcp() -> None:
    """When no connection can be made, it goes over UDP after all."""
    net = Net()
    alice, bob = net.agent("alice", transports=("UDP", "TCP")), net.agent("bob")
    bob.script(answer())
    alice.script(hang_up(after=5.0))
    alice.invite("sip:192.0.2.2", headers=MUCH)
    net.run()
    assert request(net, alice, "INVITE").via.transport == "UDP"
    assert reasons(alice) == [EndReason.HUNG_UP]
    nothing_left(net)


def test_one_who_crashes_and_comes_back_as_it_was() -> None:
    """Its connections are gone, its call is not: the peer's next request comes on a new connection."""
    net = Net(delay=0.01)
    alice, bob = net.agent("alice", transports=("TCP",)), net.agent("bob", transports=("TCP",))
    bob.script(answer())
    alice.script(hang_up(after=20.0))
    alice.invite("sip:192.0.2.2")
    net.crash("bob", at=5.0, back=6.0, saved=4.0)
    net.run()
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP], [EndReason.HUNG_UP_BY_PEER])
    nothing_left(net)


def test_one_who_crashes_while_a_connection_is_made() -> None:
    """Whom it called is not reached: when it is back, the call is over."""
    net = Net(delay=1.0)
    alice, bob = net.agent("alice", transports=("TCP",)), net.agent("bob", transports=("TCP",))
    alice.invite("sip:192.0.2.2")
    net.crash("alice", at=1.0, back=6.0, saved=0.5)
    net.run()
    assert (reasons(alice), bob.events) == ([EndReason.TRANSPORT_FAILED], [])
    nothing_left(net)


@pytest.mark.parametrize("seed", range(5))
def test_pieces(seed: int) -> None:
    """However the bytes are cut into pieces, the call is the same."""
    net = Net(seed, every=Link(0.01, streams=Streaming(chunks=(1, 40), pause=0.001)))
    alice, bob = net.agent("alice", transports=("TCP",)), net.agent("bob", transports=("TCP",))
    bob.script(ring(), answer(after=1.0))
    alice.script(hang_up(after=5.0))
    alice.invite("sip:192.0.2.2")
    net.run()
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP], [EndReason.HUNG_UP_BY_PEER])
    nothing_left(net)


@pytest.mark.rfc("5626 4.4.1", "3261 18.4")
def test_a_peer_that_is_gone_without_a_word() -> None:
    """Nobody says that a connection is dead: the pong that does not come does, and what waits on it has failed."""
    net = Net(delay=0.01)
    alice = net.agent("alice", transports=("TCP",), keep_alive=KeepAlive(every_s=20))
    net.agent("bob", transports=("TCP",))
    alice.request("OPTIONS", "sip:192.0.2.2")
    net.partition("alice", "bob", start=100.0)
    net.at(101.0, lambda: alice.request("OPTIONS", "sip:192.0.2.2"))
    net.run(until=100)
    assert [answered.status for answered in told(alice, Answered)] == [200]
    net.run(until=130)
    assert [answered.status for answered in told(alice, Answered)] == [200, 503]
    assert alice.endpoint.flows == []


@pytest.mark.rfc("3261 18.2.2")
def test_a_peer_that_has_sent_its_last() -> None:
    """It still reads: the answers to what it has asked come on the same connection, however late."""
    net = Net(delay=0.01)
    alice, bob = net.agent("alice", transports=("TCP",)), net.agent("bob", transports=("TCP",))
    bob.script(ring(after=1.0), answer(after=200.0))
    alice.script(hang_up(after=5.0))
    alice.invite("sip:192.0.2.2")
    net.at(0.5, lambda: net.streams.half_close(alice, alice.endpoint.flows[0]))
    net.run(until=150)
    (flow,) = bob.endpoint.flows
    assert flow.remote[1] != 5060
    net.run()
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP], [EndReason.HUNG_UP_BY_PEER])
    nothing_left(net)


def test_a_connection_kept_alive() -> None:
    """It carries the next call as well, however much later."""
    net = Net(delay=0.01)
    alice = net.agent("alice", transports=("TCP",), keep_alive=KeepAlive())
    bob = net.agent("bob", transports=("TCP",))
    bob.script(answer())
    alice.script(hang_up(after=5.0))
    alice.invite("sip:192.0.2.2")
    net.at(5000.0, lambda: alice.invite("sip:192.0.2.2"))
    net.run(until=5100)
    assert reasons(alice) == [EndReason.HUNG_UP] * 2
    assert net.streams.made == 1
    (flow,) = alice.endpoint.flows
    alice.do(alice.endpoint.let_go, flow)
    net.run()
    nothing_left(net)
