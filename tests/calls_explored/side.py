"""One side of the exploration: an endpoint with one call, and the wire by whose rules its messages are judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import attrs

from sipsm import Call, Ended, Endpoint, LocalProtocolError, Policy
from sipsm.message import parse_message
from tests.exploring.person import Offered, Person, Todo, later
from tests.exploring.saved import NOW, TICK_S, Messages, ticks_until
from tests.simulation.wire import FOREVER, Invite, Wire


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
        return later(self, ticks)._replace(wire=None if self.wire is None else _wire_later(self.wire, ticks))

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


Commands = Mapping[str, Callable[[Call], Any]]


class Caller(Person[Side]):
    """Who has one call, or is called."""

    def __init__(self, rank: int, messages: Messages, commands: Commands, offered: Offered, policy: Policy) -> None:
        super().__init__(rank, messages, offered)
        self.commands = commands
        self.policy = policy

    def born(self) -> Side:
        """Nothing has happened."""
        return self.new(Side, policy=self.policy)

    def command(self, side: Side, endpoint: Endpoint, name: str, x: Any) -> tuple[Side, list[Any]]:
        """Call, or give a command, if there is a call and it is allowed."""
        if name == "invite":
            return side, endpoint.invite(f"sip:{self.peer}", offer=x, now=NOW)[1]
        calls = endpoint.calls
        try:
            return side, list(self.commands[name](calls[0])) if calls else []
        except LocalProtocolError:
            return side, []

    def receives(self, side: Side, number: int) -> Side:
        """The wire hears each message once."""
        if number in side.heard:
            return side
        wire = Wire(False) if side.wire is None else _wire(side.wire)
        wire.hears(parse_message(self.messages.all[number]), NOW)
        return side._replace(wire=_value(wire), heard=side.heard | {number})

    def sends(self, side: Side, number: int) -> Side:
        """The wire judges each message once."""
        if number in side.said:
            return side
        wire = Wire(True) if side.wire is None else _wire(side.wire)
        wire.sends(parse_message(self.messages.all[number]), NOW)
        return side._replace(wire=_value(wire), said=side.said | {number})

    def told(self, side: Side, event: Any) -> Side:
        """When the call has ended nothing is left to be done."""
        return side._replace(ended=(*side.ended, str(event.reason)), todo=()) if isinstance(event, Ended) else side

    def has_begun(self, side: Side) -> bool:
        """Whether the call has not ended."""
        return not side.ended

    def seen(self, side: Side, endpoint: Endpoint) -> Side:
        """How the call stands."""
        call = endpoint.calls[0] if endpoint.calls else None
        return side._replace(
            state=str(call.state) if call else "none",
            agreed=call.agreed if call else None,
            waits=call is not None and call.here.glare.state == "Waiting",
        )


# -------------------------------------------------------------------- values


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
    return None if value == FOREVER else max(ticks_until(value), -200)


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
