"""What the ladders ask of the simulated network beside its picture: who was told what, and who sent which bytes."""

from __future__ import annotations

from typing import Any, TypeVar

from sipsm import Call, Ended, EndReason, IncomingCall, Request, Response
from sipsm.message import read_message
from sipsm.testing import Agent, Net
from sipsm.trace import Left

E = TypeVar("E")


def parties(seed: int = 1, **network: Any) -> tuple[Net, Agent, Agent]:
    """A network with Alice, who calls, and Bob, who is called."""
    net = Net(seed, **network)
    return net, net.agent("alice"), net.agent("bob")


def told(agent: Agent, kind: type[E]) -> list[E]:
    """What an agent was told of one kind."""
    return [event for event in agent.events if isinstance(event, kind)]


def names(agent: Agent) -> list[str]:
    """The kinds of all that an agent was told, in their order."""
    return [type(event).__name__ for event in agent.events]


def reasons(agent: Agent) -> list[EndReason]:
    """Why its calls are over."""
    return [event.reason for event in told(agent, Ended)]


def taken(agent: Agent) -> Call:
    """The last call that came in."""
    return told(agent, IncomingCall)[-1].call


def sent(net: Net, agent: Agent, label: str | int) -> list[bytes]:
    """The bytes of each message that an agent sent with this method or status."""
    first = f"SIP/2.0 {label} " if isinstance(label, int) else f"{label} "
    return [
        record.data
        for record in net.recorder.records
        if isinstance(record, Left) and record.who == agent.name and record.data.startswith(first.encode())
    ]


def request(net: Net, agent: Agent, method: str) -> Request:
    """The last request of this method that an agent sent."""
    message = read_message(sent(net, agent, method)[-1])
    assert isinstance(message, Request)
    return message


def response(net: Net, agent: Agent, status: int) -> Response:
    """The last response with this status that an agent sent."""
    message = read_message(sent(net, agent, status)[-1])
    assert isinstance(message, Response)
    return message
