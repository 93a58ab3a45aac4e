"""One party of the simulated network: an endpoint, what it was told, and what it does by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from operator import attrgetter
from typing import Any, Protocol, TypeVar

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.message import Request, Response
from sipsm.role import Call, Ended, Established, Event, OutgoingRequest, Ringing
from sipsm.testing.clock import FOREVER
from sipsm.testing.script import Step
from sipsm.transport import Flow

E = TypeVar("E")


class Network(Protocol):
    """What an agent needs of the network that it is in."""

    @property
    def now(self) -> float:
        """The present time."""

    def command(self, agent: Any, what: str | None, command: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Give a command, and perform its outputs; returns what comes beside them."""

    def give(
        self,
        agent: Agent,
        what: str | None,
        command: Callable[..., Any],
        args: tuple[Any, ...],
        options: Mapping[str, Any],
    ) -> Any:
        """The same, with what the command is given in one piece each."""

    def plan(self, at: float, action: Callable[..., object], *args: Any) -> None:
        """Have something done then."""


class Agent:
    """A party in a `Net`. Its commands are those of `sipsm.Endpoint` and of calls, performed in the network."""

    def __init__(
        self,
        net: Network,
        name: str,
        host: str,
        born: Callable[[int], Any],
        *,
        rank: int = 1,
        listens: frozenset[tuple[str, int]] = frozenset(),
    ) -> None:
        self.net = net
        self.name = name
        self.host = host
        """Its address."""
        self.endpoint = born(0)
        """Its `Endpoint`, or what it has in its place."""
        self.events: list[Event] = []
        """All that its endpoint has told it, the oldest first."""
        self.ended: dict[Call, int] = {}
        """How often each call has ended, of those that have."""
        self.sdp = audio(host)
        """The session description that it offers and answers with where none is given."""
        self.listens = listens
        """The transports and ports at which it takes messages and connections."""
        self.up = True
        """Whether it is there, and has not crashed."""
        self.life = 0
        """How often it has crashed."""
        self.away: list[tuple[float, float]] = []
        """When it is not there, as far as that is known."""
        self.saved = b""
        """Its endpoint, as it was last saved."""
        self._since: list[tuple[Step, Call]] | None = None
        """What it has done by itself since it was last saved; None if it never was."""
        self._missed: list[tuple[Step, Call]] = []
        """What it was to do by itself while it was away."""
        self.rank = rank
        self.watched_at = FOREVER
        self.due_at: float | None = None
        self.paths: dict[Flow, Any] = {}
        """Where the datagrams of each flow go: a note of the network."""
        self._born = born
        self._restored: list[Call] = []
        """The calls that it had when it came back: what had been planned for one that came later is another's."""
        self._script: Callable[[Call], Sequence[Step]] | None = None
        """Which steps it takes with a call, where that depends on the call."""
        self._steps: dict[type[Event] | None, list[Step]] = {}
        """Where it does not: the steps by the event that they wait for."""
        self._callbacks: list[tuple[type[Any], Callable[[Any], object]]] = []

    def __repr__(self) -> str:
        return f"Agent({self.name!r}, {self.host!r})"

    def next_timeout(self) -> float | None:
        """When its endpoint is to be woken, or None."""
        at: float | None = self.endpoint.next_timeout() if self.up else None
        return at

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
        call: Call = self.net.command(
            self, "invite", self.endpoint.invite, target, offer=sdp, to=to, headers=tuple(headers)
        )
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
        options = {"to": to, "headers": tuple(headers), "body": body, "content_type": content_type}
        outgoing: OutgoingRequest = self.net.command(
            self, f"request {method}", self.endpoint.request, method, target, **options
        )
        return outgoing

    def do(self, command: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Give a command of a call, now: `bob.do(call.answer, sdp)`.

        Returns what the command returns beside its outputs: the `OutgoingRequest` of `call.request`, else None.
        """
        return self.net.command(self, None, command, *args, **options)

    # ---------------------------------------------------------------- by itself

    def script(self, *steps: Step) -> None:
        """What it does with every call from now on: see `sipsm.testing.script`."""
        self._script, self._steps = None, {}
        for step in steps:
            self._steps.setdefault(step.event, []).append(step)

    def scripts(self, choose: Callable[[Call], Sequence[Step]]) -> None:
        """What it does with each call from now on: the steps that `choose` names for it."""
        self._script = choose

    def on(self, event: type[E], function: Callable[[E], object]) -> None:
        """Have `function` called with each event of this type, once the outputs that came with it are performed."""
        self._callbacks.append((event, function))

    def told(self, event: Event) -> None:
        """An event of its endpoint: kept, and acted upon."""
        self.events.append(event)
        if self._callbacks:
            for of, function in self._callbacks:
                if isinstance(event, of):
                    self.net.plan(self.net.now, self._react, function, event, self.life)
        kind = event.__class__
        if kind in _WITH_MESSAGE:
            message: Any = _WITH_MESSAGE[kind](event)
            if message.__class__ in _MESSAGES:
                # It is kept as long as the network is, and mostly nobody reads it again.
                message.slim()
        if kind in self._steps or self._script is not None:
            call = getattr(event, "call", None)
            if call is not None:
                self._begin(kind, call)
        if isinstance(event, Ended):
            self.ended[event.call] = self.ended.get(event.call, 0) + 1

    def _react(self, function: Callable[[Any], object], event: Event, life: int) -> None:
        if life == self.life:
            function(event)

    def _begin(self, event: type[Event] | None, call: Call) -> None:
        if self._script is None:
            steps = self._steps.get(event, ())
        else:
            steps = [step for step in self._script(call) if step.event is event]
        if steps:
            plan, now, take, life = self.net.plan, self.net.now, self._take, self.life
            for step in steps:
                plan(now + step.after, take, step, call, life)

    def _take(self, step: Step, call: Call, life: int) -> None:
        if not self.up:
            self._missed.append((step, call))
            return
        if life != self.life:
            same = [known for known in self._restored if _same(known, call)]
            if not same:
                return
            call = same[0]
        if call.state in step.unless_past:
            if self._since is not None:
                self._since.append((step, call))
            command, args = step.command(call, self.sdp)
            # As it was saved, it need not have heard yet of what this step replies to. It does so then.
            with suppress(LocalProtocolError) if life != self.life else nullcontext():
                self.net.give(self, None, command, args, {})

    # ---------------------------------------------------------------- when it crashes

    def save(self, saved: bytes) -> None:
        """Keep its endpoint, as bytes, to come back as."""
        self.saved = saved
        self._since = []

    def crash(self) -> None:
        """Be gone: nothing wakes it, and nobody reads what arrives."""
        self.up = False
        self.life += 1

    def back(self, endpoint: Any = None) -> None:
        """Be there again, with this endpoint or with one that knows of nothing."""
        self.up = True
        self.watched_at = FOREVER
        self.endpoint = self._born(self.life) if endpoint is None else endpoint
        self._restored = [] if endpoint is None else list(getattr(endpoint, "calls", ()))
        # What it did between the saving and the crash has not been done now.
        waiting = [*(self._since or []), *self._missed]
        self._since, self._missed = None if self._since is None else [], []
        for step, call in waiting:
            self.net.plan(self.net.now, self._take, step, call, self.life - 1)


_MESSAGES: frozenset[Any] = frozenset({Request, Response})
_WITH_MESSAGE: dict[type[Any], Callable[[Any], Any]] = {
    Ringing: attrgetter("response"),
    Established: attrgetter("message"),
    Ended: attrgetter("message"),
}
"""The events of nearly every call whose message its endpoint is done with, and what that is."""


def _same(one: Call, other: Call) -> bool:
    """Whether these are one call, before a crash and after it."""
    return (one.call_id, one.outgoing, one.invite.from_tag) == (other.call_id, other.outgoing, other.invite.from_tag)


def audio(host: str) -> bytes:
    """A plain session description: one audio stream at this address (RFC 8866, RFC 3264)."""
    version = "IP6" if ":" in host else "IP4"
    return (
        f"v=0\r\no=- 1 1 IN {version} {host}\r\ns=-\r\nc=IN {version} {host}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
    ).encode()
