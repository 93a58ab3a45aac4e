"""A record of what endpoints did: what arrived, what left, which machines moved, by which row.

A `Recorder` gives each endpoint its watcher and keeps everything in one list, in the order in which it happened.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from sipsm.machine import Machine, Row
from sipsm.transport import Flow


@frozen
class Arrived:
    """Bytes arrived."""

    at: float
    who: str
    flow: Flow
    data: bytes


@frozen
class Left:
    """Bytes were sent."""

    at: float
    who: str
    flow: Flow
    data: bytes
    why: str = ""
    """The timer that had them sent, such as `"Timer A"`; empty when no timer did."""


@frozen
class Moved:
    """A machine took a row of its table."""

    at: float
    who: str
    machine: str
    """The name of its table."""
    before: str
    input: str
    after: str
    rfc: str
    """The section that the row cites."""
    timers: tuple[tuple[str, float], ...] = ()
    """Letter and deadline of the timers that run now, the earliest first."""


@frozen
class Asked:
    """The program gave a command: what is recorded after this has no other cause."""

    at: float
    who: str
    what: str


@frozen
class Carried:
    """What a network that knows such things did with the bytes that left."""

    at: float
    who: str
    flow: Flow
    data: bytes
    arrives: tuple[float, ...]
    """When they will arrive: twice if they were duplicated, never if they were lost."""


Record = Arrived | Left | Moved | Asked | Carried


class Recorder:
    """Keeps what the endpoints do in `records`; `tell`, if given, is called with each record as it happens."""

    def __init__(self, tell: Callable[[Record], object] | None = None) -> None:
        self.records: list[Record] = []
        self._tell = tell
        self._timers: dict[str, tuple[float, str]] = {}

    def watcher(self, who: str) -> Watching:
        """The watcher of one endpoint, which is called `who` in the records."""
        return Watching(self, who)

    def asked(self, who: str, what: str, now: float) -> None:
        """The program is about to give a command. Need not be said; then a timer may be taken for the cause."""
        self._timers.pop(who, None)
        self._add(Asked(now, who, what))

    def carried(self, who: str, flow: Flow, data: bytes, arrives: tuple[float, ...], now: float) -> None:
        """What became of the bytes that `who` sent, said by a network that knows."""
        self._add(Carried(now, who, flow, data, arrives))

    def received(self, who: str, flow: Flow, data: bytes, now: float) -> None:
        """Bytes arrived at `who`."""
        self._timers.pop(who, None)
        self._add(Arrived(now, who, flow, data))

    def sent(self, who: str, flow: Flow, data: bytes, now: float) -> None:
        """Bytes are to be sent by `who`."""
        at, timer = self._timers.get(who, (now, ""))
        self._add(Left(now, who, flow, data, timer if at == now else ""))

    def moved(self, who: str, machine: Machine, before: str, name: str, row: Row, now: float) -> None:
        """A machine of `who` took a row."""
        # A timer whose row does nothing, such as Timer K, is no reason why anything is sent.
        if row.actions and name.startswith("Timer "):
            self._timers[who] = (now, name)
        timers = sorted((at, letter) for letter, (at, _) in machine.timers.items())
        running = tuple((letter, at) for at, letter in timers)
        self._add(Moved(now, who, machine.table.name, before, name, machine.state, row.rfc, running))

    def _add(self, record: Record) -> None:
        self.records.append(record)
        if self._tell is not None:
            self._tell(record)


class Watching:
    """The watcher of one endpoint: a `sipsm.Watcher`."""

    def __init__(self, recorder: Recorder, who: str) -> None:
        self.recorder = recorder
        self.who = who

    def received(self, flow: Flow, data: bytes, now: float) -> None:
        """Bytes arrived."""
        self.recorder.received(self.who, flow, data, now)

    def sent(self, flow: Flow, data: bytes, now: float) -> None:
        """Bytes are to be sent."""
        self.recorder.sent(self.who, flow, data, now)

    def moved(self, machine: Machine, before: str, name: str, row: Row, now: float) -> None:
        """A machine took a row."""
        self.recorder.moved(self.who, machine, before, name, row, now)
