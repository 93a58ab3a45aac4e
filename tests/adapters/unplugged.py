"""Agents without sockets: what their commands return is looked at, or carried to another one by the test itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from sipsm import Event, Flow, Output, Send
from sipsm.endpoint.bound import (
    Beginning,
    BoundAgent,
    BoundCall,
    BoundPeerReferral,
    BoundPeerSubscription,
    BoundPublication,
    BoundPublishRequest,
    BoundReferral,
    BoundRegisterRequest,
    BoundRegistration,
    BoundRequest,
    BoundSubscription,
    Finding,
)


class Caller(BoundCall[list[Output], list[Output], Any]):
    """A call whose commands just return their outputs."""


class Agent(
    BoundAgent,
    Finding[Caller, Any, Any, Any, Any, Any, Any, Any, Any],
    Beginning[Caller, Any, Any, Any, Any],
):
    """An agent whose datagrams the test carries."""

    _kinds = (
        Caller,
        BoundRequest,
        BoundSubscription,
        BoundPublication,
        BoundReferral,
        BoundRegistration,
        BoundPeerSubscription,
        BoundPeerReferral,
        BoundPublishRequest,
        BoundRegisterRequest,
    )

    @property
    def _now(self) -> float:
        return 1000.0

    def do(self, command: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """What the command returns: what it has made, or its outputs."""
        made, outputs = self._done(command, args, options)
        return outputs if made is None else made

    def _ask(self, command: Callable[..., Any], *args: Any, **options: Any) -> list[Output]:
        return self._done(command, args, options)[1]


def opened(**options: Any) -> Agent:
    """An agent at 192.0.2.1."""
    agent = Agent("udp:192.0.2.1:0", **options)
    agent._opened(("192.0.2.1", 5060))
    return agent


class Wired(Agent):
    """An agent whose datagrams reach another one at once, or wait as long as the test holds them back."""

    def __init__(self, host: str, **options: Any) -> None:
        super().__init__(f"udp:{host}:5060", **options)
        self._opened((host, 5060))
        self.time = 1000.0
        self.other = self
        self.held: deque[Send] | None = None
        """What has been held back."""

    @property
    def _now(self) -> float:
        return self.time

    def do(self, command: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """What the command has made."""
        made, outputs = self._done(command, args, options)
        self.perform(outputs)
        return made

    def perform(self, outputs: list[Output]) -> None:
        """Carry out what is to be done."""
        for output in outputs:
            if isinstance(output, Event):
                self._note(output)
            elif isinstance(output, Send):
                if self.held is None:
                    self.carry(output)
                else:
                    self.held.append(output)

    def carry(self, send: Send) -> None:
        """Have it arrive."""
        flow = Flow("UDP", send.flow.remote, send.flow.local)
        self.other.perform(self.other.endpoint.receive(send.data, flow, self.time))

    def release(self) -> None:
        """Have all arrive that has been held back."""
        held, self.held = self.held or deque(), None
        for send in held:
            self.carry(send)

    def read(self) -> list[Event]:
        """All that nobody has read yet."""
        events = []
        while (event := self._take()) is not None:
            events.append(event)
        return events


def two(**options: Any) -> tuple[Wired, Wired]:
    """Alice, and Bob with these options."""
    alice, bob = Wired("192.0.2.1"), Wired("192.0.2.2", **options)
    alice.other, bob.other = bob, alice
    return alice, bob
