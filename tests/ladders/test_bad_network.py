"""Whole calls on networks that lose, delay, double and reorder: both sides agree in the end, and nothing is left."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sipsm import EndReason
from sipsm.role import Ended, IncomingCall, OfferReceived
from sipsm.testing import Agent, Net, answer, answer_offer, cancel, hang_up, nothing_left, reject, ring
from tests.ladders.parties import parties, reasons, told

R = EndReason
Flow = Callable[[Net, Agent, Agent], object]


def answered(_net: Net, alice: Agent, bob: Agent) -> None:
    """Bob answers, Alice hangs up."""
    bob.script(ring(after=0.3), answer(after=3.0))
    alice.script(hang_up(after=20.0))
    alice.invite("sip:bob")


def left(_net: Net, alice: Agent, bob: Agent) -> None:
    """Bob answers and hangs up."""
    bob.script(ring(), answer(after=1.0), hang_up(after=5.0))
    alice.invite("sip:bob")


def offerless(_net: Net, alice: Agent, bob: Agent) -> None:
    """Bob offers, Alice answers in the ACK, and hangs up."""
    bob.script(ring(), answer(after=1.0))
    alice.script(answer_offer(after=0.1), hang_up(after=20.0))
    alice.invite("sip:bob", offer=b"")


def turned_down(_net: Net, alice: Agent, bob: Agent) -> None:
    """Bob offers, and Alice hangs up instead of answering."""
    bob.script(answer(after=1.0))
    alice.on(OfferReceived, lambda event: alice.do(event.call.hang_up))
    alice.invite("sip:bob", offer=b"")


def refused(_net: Net, alice: Agent, bob: Agent) -> None:
    """Bob is busy."""
    bob.script(ring(after=0.1), reject(486, after=4.0))
    alice.invite("sip:bob")


def cancelled(_net: Net, alice: Agent, bob: Agent) -> None:
    """Alice gives up while it rings."""
    bob.script(ring(after=0.5))
    alice.script(cancel(after=2.0))
    alice.invite("sip:bob")


def crossed(_net: Net, alice: Agent, bob: Agent) -> None:
    """Alice gives up when Bob answers."""
    bob.script(ring(), answer(after=2.0))
    alice.script(cancel(after=2.0))
    alice.invite("sip:bob")


AGREED: dict[Flow, set[tuple[EndReason, EndReason]]] = {
    answered: {(R.HUNG_UP, R.HUNG_UP_BY_PEER)},
    left: {(R.HUNG_UP_BY_PEER, R.HUNG_UP)},
    offerless: {(R.HUNG_UP, R.HUNG_UP_BY_PEER)},
    turned_down: {(R.HUNG_UP, R.HUNG_UP_BY_PEER)},
    refused: {(R.REJECTED, R.DECLINED)},
    cancelled: {(R.CANCELLED, R.CANCELLED_BY_PEER)},
    crossed: {(R.CANCELLED, R.CANCELLED_BY_PEER), (R.CANCELLED, R.HUNG_UP_BY_PEER)},
}
"""What each flow comes to where nothing is lost for good."""


def name_of(flow: Flow) -> str:
    """Its name."""
    return flow.__name__


@pytest.mark.rfc("3261 13", "3261 15", "3261 9", "3264 5")
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("flow", AGREED, ids=name_of)
def test_agreed_behind_a_bad_network(flow: Flow, seed: int) -> None:
    """With three packets in ten lost, both sides are told one end each, the ends agree, and nothing is left."""
    net, alice, bob = parties(seed, loss=0.3, delay=(0.01, 0.2), duplicate=0.1, reorder=0.2)
    flow(net, alice, bob)
    net.run()
    nothing_left(net)
    assert len(told(alice, Ended)) == 1
    assert len(told(bob, Ended)) == 1
    assert (reasons(alice)[0], reasons(bob)[0]) in AGREED[flow]


@pytest.mark.rfc("3261 13", "3261 15", "3261 9")
@pytest.mark.parametrize("flow", AGREED, ids=name_of)
@pytest.mark.parametrize("loss", [0.6, 0.9])
def test_over_behind_the_worst_network(flow: Flow, loss: float) -> None:
    """However little comes through, every call that began ends once, by a rule that says so, and nothing is left."""
    for seed in range(8):
        net, alice, bob = parties(seed, loss=loss, delay=(0.01, 0.3))
        flow(net, alice, bob)
        net.run(until=300)
        for call in bob.endpoint.calls:
            # Alice is gone, and no packet has told him so: it rings until he is tired of it.
            bob.do(call.reject)
        net.run()
        nothing_left(net)
        assert len(told(alice, Ended)) == 1
        assert len(told(bob, Ended)) == len(told(bob, IncomingCall))
