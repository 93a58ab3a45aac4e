"""Telephones that ring, answer, and say to each offer what they have; and who hears whom."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from sipsm import Call, CallState, OfferReceived
from sipsm.role import IncomingCall, OfferRequested
from sipsm.sdp import SessionDescription
from sipsm.sdp import answer as answer_to
from sipsm.testing import Agent, Net
from tests.ladders.parties import taken

Takes = Callable[[Agent, IncomingCall], object]


def phone(net: Net, name: str, *, after: float = 1.0, takes: Takes | None = None, **endpoint: Any) -> Agent:
    """A telephone that is answered after a while, unless `takes` says otherwise."""
    agent = net.agent(name, **endpoint)

    def says(offer: bytes, call: Call) -> bytes:
        accepted = answer_to(offer, agent.sdp, previous=call.local_sdp or None)
        assert accepted is not None
        return bytes(accepted)

    def called(event: IncomingCall) -> None:
        agent.do(event.call.ring)
        net.after(after, lambda: answered(event))

    def answered(event: IncomingCall) -> None:
        if event.call.state is CallState.RINGING:
            agent.do(event.call.answer, says(event.offer, event.call) if event.offer else agent.sdp)

    agent.on(IncomingCall, called if takes is None else partial(takes, agent))
    agent.on(OfferReceived, lambda event: agent.do(event.call.answer_offer, says(event.sdp, event.call)))
    agent.on(OfferRequested, lambda event: agent.do(event.call.answer, event.call.local_sdp))
    return agent


def talk(one: Agent, other: Agent) -> bool:
    """Whether these two send their media to each other."""
    return hears(one) == other.host and hears(other) == one.host


def hears(agent: Agent) -> str:
    """To whom an agent sends its audio."""
    agreed = taken(agent).agreed
    assert agreed is not None
    stream = SessionDescription.parse(agreed[1]).streams[0]
    return str(stream.connection).split()[-1] if stream.is_wanted else ""
