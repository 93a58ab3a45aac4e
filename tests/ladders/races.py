"""The call that the races of RFC 5407 befall: Alice's, where every message takes 0.1 s."""

from __future__ import annotations

from typing import Any

from sipsm import Call, OfferReceived
from sipsm.testing import Agent, Net, answer, ladder, ring
from sipsm.trace import Ladder
from tests.ladders.parties import parties, taken

UP = """
        0.0  alice INVITE----------> bob
        0.1  alice <------------180- bob
        1.0  alice <------------200- bob
        1.1  alice ACK-------------> bob"""


def accepts(agent: Agent) -> None:
    """It answers each offer within a call with the description that it has."""
    agent.on(OfferReceived, lambda event: agent.do(event.call.answer_offer, agent.sdp))


def ringing(**network: Any) -> tuple[Net, Agent, Agent]:
    """Bob will ring at 0.1 and answer at 1.0, when Alice has called; both accept what the other offers later."""
    net, alice, bob = parties(delay=0.1, **network)
    bob.script(ring(), answer(after=0.9))
    accepts(alice)
    accepts(bob)
    return net, alice, bob


def up(**network: Any) -> tuple[Net, Agent, Agent, Call, Call]:
    """The call is up at both ends, and it is 1.9; the last are her call and his."""
    net, alice, bob = ringing(**network)
    call = alice.invite("sip:bob")
    net.run(until=1.9)
    return net, alice, bob, call, taken(bob)


def then(picture: str) -> Ladder:
    """The picture from the start, of what happened to a call that was up."""
    return ladder(UP + picture)
