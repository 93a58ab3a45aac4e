"""One side of the exploration: a real endpoint with one call, run from a value and saved to a value.

Time is counted in ticks from the present, so that what differs only in when it began is the same; names are counted,
not drawn. What a side does is a function of what it is and of what comes, so that each step is computed once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from math import ceil
from typing import Any, NamedTuple

import attrs

from sipsm import Call, Ended, Endpoint, LocalProtocolError, Policy, Profile, Send
from sipsm.endpoint.snapshot import _restored, save
from sipsm.ids import Ids
from sipsm.message import parse_message
from sipsm.testing import census
from sipsm.transport import Flow
from tests.simulation.wire import FOREVER, Invite, RuleBroken, Wire

TICK_S = 0.5
NOW = 1_000_000.0
"""The present, in each step."""
_TIME = re.compile(r"(?<=[\[,: ])(9\d{5}|1\d{6})\.\d+(?=[\],}])")


class Todo(NamedTuple):
    """A command that may be given, or must be within some ticks."""

    ticks: int
    must: bool
    name: str


class Side(NamedTuple):
    """An end of the call as a value."""

    endpoint: str
    """Its snapshot, with the deadlines counted from `NOW`."""
    drawn: int = 0
    """How many names it has made up."""
    wire: tuple[Any, ...] | None = None
    heard: frozenset[int] = frozenset()
    """The messages that it has had, by number."""
    said: frozenset[int] = frozenset()
    todo: tuple[Todo, ...] = ()
    given: frozenset[str] = frozenset()
    """The commands that it has been offered."""
    ended: tuple[str, ...] = ()
    state: str = ""
    """Of its call."""
    agreed: tuple[bytes, bytes] | None = None
    deadline: int | None = None
    """Ticks until its endpoint is to be woken."""
    waits: bool = False
    """Whether a change of its session waits for another try."""
    holds: bool = False
    """Whether there is anything left in its endpoint."""

    def later(self, ticks: int) -> Side:
        """The same after some time."""
        if not ticks:
            return self
        kept = tuple(todo._replace(ticks=todo.ticks - ticks) for todo in self.todo if todo.must or todo.ticks >= ticks)
        return self._replace(
            endpoint=_shifted(self.endpoint, ticks),
            wire=None if self.wire is None else _wire_later(self.wire, ticks),
            todo=kept,
            deadline=None if self.deadline is None else self.deadline - ticks,
        )

    def quiet(self) -> bool:
        """Whether nothing of its is under way, as the wire shows it."""
        return self.wire is None or (_wire(self.wire).quiet(NOW) and not self.waits)

    @property
    def owing(self) -> tuple[int, ...]:
        """The requests that it has not answered."""
        return () if self.wire is None else self.wire[_FIELDS.index("owing")]

    @property
    def has_offered(self) -> int:
        """How many offers it has made."""
        return 0 if self.wire is None else len(self.wire[_FIELDS.index("offered")])


class Did(NamedTuple):
    """What a step came to."""

    side: Side
    sent: tuple[int, ...]
    """Numbers of messages."""
    broken: str = ""


class Messages:
    """All messages that there are, by number."""

    def __init__(self) -> None:
        self.all: list[bytes] = []
        self.numbers: dict[bytes, int] = {}

    def number(self, data: bytes) -> int:
        """The number of these bytes."""
        if data not in self.numbers:
            self.numbers[data] = len(self.all)
            self.all.append(data)
        return self.numbers[data]

    def name(self, number: int) -> str:
        """A word for it, with its CSeq number."""
        message = parse_message(self.all[number])
        what = str(getattr(message, "status", "")) or message.cseq.method
        return f"{what} ({message.cseq})" if what.isdecimal() else f"{what} ({message.cseq.number})"


class Counted:
    """A source of names that counts. Its waits after a collision are whole ticks."""

    def __init__(self, rank: int, drawn: int) -> None:
        self.rank = rank
        self.drawn = drawn

    def getrandbits(self, k: int, /) -> int:
        """The next name, or a number that is always the same."""
        if k < 64:
            # 2.5 s for the caller, 0.5 s for the callee (see `Commands.wait`).
            return 40 + 191 * 57 if k == 32 else self.rank
        self.drawn += 1
        return (self.rank << 32) + self.drawn


Commands = Mapping[str, Callable[[Call], Any]]
Offered = Mapping[str, tuple[Todo, ...]]
"""By the name of an event, or "start": what may or must then be done."""


class Person:
    """Who is at one end, without a memory of its own."""

    def __init__(
        self, rank: int, messages: Messages, commands: Commands, offered: Offered, policy: Policy, peer: int
    ) -> None:
        self.rank = rank
        self.host = f"192.0.2.{rank}"
        self.peer = f"192.0.2.{peer}"
        self.messages = messages
        self.commands = commands
        self.offered = offered
        self.policy = policy
        self.known: dict[tuple[Side, str, Any], Did] = {}
        self.forgotten: dict[Side, Side | None] = {}
        self.computed = 0

    def born(self) -> Side:
        """Nothing has happened."""
        source = Counted(self.rank, 0)
        profile = Profile(identity=f"<sip:{self.rank}@{self.host}>")
        endpoint = Endpoint(f"udp:{self.host}:5060", policy=self.policy, profile=profile, ids=Ids(source))
        return Side(_text(endpoint), source.drawn, todo=self.offered.get("start", ()))

    def do(self, side: Side, what: str, x: Any = None) -> Did:
        """One step: receive, wake, invite, or a command by its name."""
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

    def compute(self, side: Side, what: str, x: Any) -> Did:
        """Restore it, do it, save it."""
        self.computed += 1
        source = Counted(self.rank, side.drawn)
        heard, wire = side.heard, None if side.wire is None else _wire(side.wire)
        try:
            endpoint = _restored(json.loads(side.endpoint), Ids(source), None)
            outputs: list[Any] = []
            if what == "receive":
                data = self.messages.all[x]
                if x not in heard:
                    wire = wire or Wire(False)
                    wire.hears(parse_message(data), NOW)
                    heard |= {x}
                outputs = endpoint.receive(data, Flow("UDP", (self.host, 5060), (self.peer, 5060)), NOW)
            elif what == "wake":
                outputs = endpoint.handle_timeout(NOW)
            elif what == "invite":
                _, outputs = endpoint.invite(f"sip:{self.peer}", offer=x, now=NOW)
            else:
                outputs = self.command(endpoint, what)
            return self.did(side, endpoint, outputs, source.drawn, wire, heard)
        except RuleBroken as error:
            return Did(side, (), f"the rules of the wire: {error}")
        except AssertionError as error:
            return Did(side, (), f"an assertion: {error}")

    def command(self, endpoint: Endpoint, name: str) -> list[Any]:
        """Give a command, if there is a call and it is allowed."""
        calls = endpoint.calls
        try:
            return list(self.commands[name](calls[0])) if calls else []
        except LocalProtocolError:
            return []

    def did(
        self, side: Side, endpoint: Endpoint, outputs: list[Any], drawn: int, wire: Wire | None, heard: frozenset[int]
    ) -> Did:
        """The side after a step."""
        said, sent, todo, given, ended = side.said, [], list(side.todo), side.given, side.ended
        for output in outputs:
            name = type(output).__name__
            if isinstance(output, Send):
                number = self.messages.number(output.data)
                sent.append(number)
                if number not in said:
                    wire = wire or Wire(True)
                    wire.sends(parse_message(output.data), NOW)
                    said |= {number}
            elif isinstance(output, Ended):
                ended += (str(output.reason),)
                todo = []
            for each in self.offered.get(name, ()):
                # What must be done is done each time, what may be done once.
                if not ended and (each.must or each.name not in given) and each.name not in {one.name for one in todo}:
                    given |= {each.name}
                    todo.append(each)
        calls = endpoint.calls
        call = calls[0] if calls else None
        at = endpoint.next_timeout()
        return Did(
            side._replace(
                endpoint=_text(endpoint),
                drawn=drawn,
                wire=None if wire is None else _value(wire),
                heard=heard,
                said=said,
                todo=tuple(sorted(todo)),
                given=given,
                ended=ended,
                state=str(call.state) if call else "none",
                agreed=call.agreed if call else None,
                deadline=None if at is None else _ticks(at),
                waits=call is not None and call.here.glare.state == "Waiting",
                holds=any(census(endpoint).values()),
            ),
            tuple(sent),
        )


# -------------------------------------------------------------------- values


def _ticks(at: float) -> int:
    return ceil((at - NOW) / TICK_S - 1e-3)


def _text(endpoint: Endpoint) -> str:
    """Its snapshot, with its deadlines in whole ticks from now."""
    text = save(endpoint).split(b"\n", 2)[2].decode()
    return _TIME.sub(lambda found: f"{NOW + _ticks(float(found[0])) * TICK_S:.1f}", text)


_shift: dict[tuple[str, int], str] = {}


def _shifted(text: str, ticks: int) -> str:
    """Every deadline so many ticks sooner."""
    found = _shift.get((text, ticks))
    if found is None:
        found = _TIME.sub(lambda at: f"{NOW + (_ticks(float(at[0])) - ticks) * TICK_S:.1f}", text)
        _shift[text, ticks] = found
    return found


_FIELDS = [field.name for field in attrs.fields(Wire)]
_TIMED = {"out", "owed", "pending", "unacknowledged", "answered"}


def _value(wire: Wire) -> tuple[Any, ...]:
    """A wire as a value, its times in ticks from now, and those that are long past forgotten."""
    values: list[Any] = []
    for name in _FIELDS:
        x = getattr(wire, name)
        if name in _TIMED:
            x = tuple(sorted(((key, _timed(value)) for key, value in x.items()), key=repr))
        elif isinstance(x, dict):
            x = tuple((key, attrs.astuple(invite)) for key, invite in sorted(x.items()))
        elif isinstance(x, set):
            x = tuple(sorted(x, key=repr))
        values.append(x)
    return tuple(values)


def _timed(value: Any) -> Any:
    if isinstance(value, tuple):
        return (value[0], _timed(value[1]))
    return None if value == FOREVER else max(_ticks(value), -200)


def _untimed(value: Any) -> Any:
    if isinstance(value, tuple):
        return (value[0], _untimed(value[1]))
    return FOREVER if value is None else NOW + value * TICK_S


def _wire(value: tuple[Any, ...]) -> Wire:
    wire = Wire(value[0])
    for name, x in zip(_FIELDS[1:], value[1:], strict=True):
        if name in _TIMED:
            x = {key: _untimed(at) for key, at in x}
        elif name in {"ours", "theirs"}:
            x = {key: Invite(*invite) for key, invite in x}
        elif isinstance(getattr(wire, name), set):
            x = set(x)
        setattr(wire, name, x)
    return wire


def _wire_later(value: tuple[Any, ...], ticks: int) -> tuple[Any, ...]:
    def later(at: Any) -> Any:
        if isinstance(at, tuple):
            return (at[0], later(at[1]))
        return at if at is None else max(at - ticks, -200)

    return tuple(
        tuple((key, later(at)) for key, at in x) if name in _TIMED else x
        for name, x in zip(_FIELDS, value, strict=True)
    )
