"""One party of the simulated network: an endpoint, what it was told, and what it does by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol, TypeVar

from sipsm.endpoint import Endpoint
from sipsm.grammar import Uri
from sipsm.role import Call, Event, OutgoingRequest, Output
from sipsm.testing.script import Step

E = TypeVar("E")


class Network(Protocol):
    """What an agent needs of the network that it is in."""

    now: float

    def asked(self, agent: Agent, what: str) -> None:
        """The agent's program is about to give a command."""

    def perform(self, agent: Agent, outputs: Iterable[Output]) -> None:
        """Perform what the agent's endpoint returned."""

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Have something done `seconds` from now."""


class Agent:
    """A party in a `Net`. Its commands are those of `sipsm.Endpoint` and of calls, performed in the network."""

    def __init__(self, net: Network, name: str, host: str, endpoint: Endpoint) -> None:
        self.net = net
        self.name = name
        self.host = host
        """Its address."""
        self.endpoint = endpoint
        self.events: list[Event] = []
        """All that its endpoint has told it, the oldest first."""
        self.sdp = audio(host)
        """The session description that it offers and answers with where none is given."""
        self._steps: tuple[Step, ...] = ()
        self._callbacks: list[tuple[type[Any], Callable[[Any], object]]] = []

    def __repr__(self) -> str:
        return f"Agent({self.name!r}, {self.host!r})"

    # ---------------------------------------------------------------- commands

    def invite(
        self,
        target: Uri | str,
        *,
        offer: bytes | None = None,
        to: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Call:
        """Call somebody. The offer is its own `sdp` unless one is given; `b""` offers nothing."""
        sdp = self.sdp if offer is None else offer
        self.net.asked(self, "invite")
        call, outputs = self.endpoint.invite(target, offer=sdp, to=to, headers=headers, now=self.net.now)
        self.net.perform(self, outputs)
        self._begin(None, call)
        return call

    def request(
        self,
        method: str,
        target: Uri | str,
        *,
        to: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        content_type: str | None = None,
    ) -> OutgoingRequest:
        """Send a request outside a call. The event `Answered` tells its end."""
        self.net.asked(self, f"request {method}")
        outgoing, outputs = self.endpoint.request(
            method, target, to=to, headers=headers, body=body, content_type=content_type, now=self.net.now
        )
        self.net.perform(self, outputs)
        return outgoing

    def do(self, command: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Give a command of a call, now: `bob.do(call.answer, sdp)`.

        Returns what the command returns beside its outputs: the `OutgoingRequest` of `call.request`, else None.
        """
        self.net.asked(self, getattr(command, "__name__", "command").replace("_", " "))
        done = command(*args, **options, now=self.net.now)
        asked, outputs = done if isinstance(done, tuple) else (None, done)
        self.net.perform(self, outputs)
        return asked

    # ---------------------------------------------------------------- by itself

    def script(self, *steps: Step) -> None:
        """What it does with every call from now on: see `sipsm.testing.script`."""
        self._steps = steps

    def on(self, event: type[E], function: Callable[[E], object]) -> None:
        """Have `function` called with each event of this type, once the outputs that came with it are performed."""
        self._callbacks.append((event, function))

    def told(self, event: Event) -> None:
        """An event of its endpoint: kept, and acted upon."""
        self.events.append(event)
        for kind, function in self._callbacks:
            if isinstance(event, kind):
                self.net.after(0.0, partial(function, event))
        call = getattr(event, "call", None)
        if isinstance(call, Call):
            self._begin(type(event), call)

    def _begin(self, event: type[Event] | None, call: Call) -> None:
        for step in self._steps:
            if step.event is event:
                self.net.after(step.after, partial(self._take, step, call))

    def _take(self, step: Step, call: Call) -> None:
        if call.state in step.unless_past:
            command, args = step.command(call, self.sdp)
            self.do(command, *args)


def audio(host: str) -> bytes:
    """A plain session description: one audio stream at this address (RFC 8866, RFC 3264)."""
    version = "IP6" if ":" in host else "IP4"
    return (
        f"v=0\r\no=- 1 1 IN {version} {host}\r\ns=-\r\nc=IN {version} {host}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
    ).encode()
