"""Who is at one end: a real endpoint, run from a value and saved to a value.

What a side does is a function of what it is and of what comes, so that each step is computed once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from sipsm import Endpoint, Profile, Send
from sipsm.ids import Ids
from sipsm.testing import census
from sipsm.transport import Flow
from tests.exploring.saved import NOW, Counted, Messages, restored, saved, shifted, ticks_until


class Todo(NamedTuple):
    """A command that may be given, or must be within some ticks."""

    ticks: int
    must: bool
    name: str


def may(ticks: int, *names: str) -> tuple[Todo, ...]:
    """Commands that may be given within so many ticks, once."""
    return tuple(Todo(ticks, False, name) for name in names)


def must(ticks: int, *names: str) -> tuple[Todo, ...]:
    """Commands that must be given within so many ticks."""
    return tuple(Todo(ticks, True, name) for name in names)


Offered = Mapping[str, tuple[Todo, ...]]
"""By the name of an event, or "start": what may or must then be done."""

Side = TypeVar("Side", bound=Any)
"""An end as a value, a NamedTuple. What every side has:

`endpoint`, its snapshot with the deadlines counted from `NOW`; `drawn`, how many names it has made up; `todo`, and
`given`, the commands that it has been offered; `ended`, the ends that it was told; `state`, "none" when there is none;
`deadline`, the ticks until its endpoint is to be woken; `holds`, whether there is anything left in its endpoint; and
`quiet()`, whether nothing of its is under way."""


def later(side: Side, ticks: int) -> Side:
    """The same after some time."""
    kept = tuple(todo._replace(ticks=todo.ticks - ticks) for todo in side.todo if todo.must or todo.ticks >= ticks)
    return side._replace(  # type: ignore[no-any-return]
        endpoint=shifted(side.endpoint, ticks),
        todo=kept,
        deadline=None if side.deadline is None else side.deadline - ticks,
    )


class Did(NamedTuple, Generic[Side]):
    """What a step came to."""

    side: Side
    sent: tuple[int, ...]
    """Numbers of messages."""
    broken: str = ""


class Person(Generic[Side]):
    """Who is at one end, without a memory of its own."""

    def __init__(self, rank: int, messages: Messages, offered: Offered) -> None:
        self.rank = rank
        self.host, self.peer = f"192.0.2.{rank}", f"192.0.2.{3 - rank}"
        self.messages = messages
        self.offered = offered
        self.known: dict[tuple[Side, str, Any], Did[Side]] = {}
        self.forgotten: dict[Side, Side | None] = {}
        self.computed = 0

    def new(self, kind: type[Side], **more: Any) -> Side:
        """A side to which nothing has happened; `more` is of its endpoint."""
        source = Counted(self.rank, 0)
        profile = Profile(identity=f"<sip:{self.rank}@{self.host}>", **more.pop("profile", {}))
        endpoint = Endpoint(f"udp:{self.host}:5060", profile=profile, ids=Ids(source), **more)
        return kind(saved(endpoint), source.drawn, todo=self.offered.get("start", ()))  # type: ignore[no-any-return]

    # ---------------------------------------------------------------- what is different for each exploration

    def command(self, side: Side, endpoint: Endpoint, name: str, x: Any) -> tuple[Side, list[Any]]:
        """Begin it all, or give a command, if there is who takes it and that is allowed."""
        raise NotImplementedError

    def receives(self, side: Side, number: int) -> Side:
        """The side that gets a message."""
        return side

    def sends(self, side: Side, number: int) -> Side:
        """The side that has sent a message."""
        return side

    def told(self, side: Side, event: Any) -> Side:
        """The side whose application is told something."""
        raise NotImplementedError

    def has_begun(self, side: Side) -> bool:
        """Whether there is something to be commanded."""
        raise NotImplementedError

    def seen(self, side: Side, endpoint: Endpoint) -> Side:
        """The side with what its endpoint shows."""
        raise NotImplementedError

    # ---------------------------------------------------------------- steps

    def do(self, side: Side, what: str, x: Any = None) -> Did[Side]:
        """One step: receive, wake, or a command by its name."""
        key = side, what, x
        did = self.known.get(key)
        if did is None:
            did = self.known[key] = self.compute(side, what, x)
        return did

    def forgets(self, side: Side) -> Side | None:
        """The side when all its timers have fired, if then nothing is sent or told."""
        if side not in self.forgotten:
            left: Side | None = side
            while left is not None and left.deadline is not None:
                did = self.do(left.later(left.deadline), "wake")
                left = None if did.sent or did.broken or did.side.ended != side.ended else did.side
            self.forgotten[side] = left
        return self.forgotten[side]

    def compute(self, side: Side, what: str, x: Any) -> Did[Side]:
        """Restore it, do it, save it."""
        self.computed += 1
        source = Counted(self.rank, side.drawn)
        try:
            endpoint = restored(side.endpoint, source)
            outputs: list[Any]
            if what == "receive":
                side = self.receives(side, x)
                flow = Flow("UDP", (self.host, 5060), (self.peer, 5060))
                outputs = endpoint.receive(self.messages.all[x], flow, NOW)
            elif what == "wake":
                outputs = endpoint.handle_timeout(NOW)
            else:
                side, outputs = self.command(side, endpoint, what, x)
            return self.did(side, endpoint, outputs, source)
        except AssertionError as error:
            return Did(side, (), f"{type(error).__name__}: {error}")

    def did(self, side: Side, endpoint: Endpoint, outputs: list[Any], source: Counted) -> Did[Side]:
        """The side after a step."""
        sent = []
        for output in outputs:
            if isinstance(output, Send):
                sent.append(self.messages.number(output.data))
                side = self.sends(side, sent[-1])
            else:
                side = self.told(side, output)
            side = self.offers(side, type(output).__name__)
        at = endpoint.next_timeout()
        side = self.seen(side, endpoint)._replace(
            endpoint=saved(endpoint),
            drawn=source.drawn,
            todo=tuple(sorted(side.todo)),
            deadline=None if at is None else ticks_until(at),
            holds=any(census(endpoint).values()),
        )
        return Did(side, tuple(sent))

    def offers(self, side: Side, event: str) -> Side:
        """The side with the commands that an event makes possible."""
        for each in self.offered.get(event, ()):
            # What must be done is done each time, what may be done once.
            is_new = (each.must or each.name not in side.given) and each.name not in {one.name for one in side.todo}
            if is_new and self.has_begun(side):
                side = side._replace(given=side.given | {each.name}, todo=(*side.todo, each))
        return side
