"""A record of what endpoints did: what arrived, what left, which machines moved, by which row.

A `Recorder` gives each endpoint its watcher and keeps everything in one list, in the order in which it happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

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

Raw = tuple[Any, ...]
"""A record that nobody has looked at yet: the function that makes it, and its arguments."""


class Recorder:
    """Keeps what the endpoints do in `records`; `tell`, if given, is called with each record as it happens.

    A record is made when somebody looks at it: to take one down costs little.
    """

    def __init__(self, tell: Callable[[Record], object] | None = None) -> None:
        self._records: list[Record] = []
        self._raw: list[Raw] = []
        self._tell = tell
        self.add: Callable[[Raw], object] = self._raw.append if tell is None else self._show
        self.timers: dict[str, tuple[float, str]] = {}
        """The timer that fired last at each endpoint since anything else happened there, and when."""

    @property
    def records(self) -> list[Record]:
        """All that has happened, in its order."""
        self._records += [make(*args) for make, *args in self._raw]
        self._raw.clear()
        return self._records

    @property
    def messages(self) -> list[Record]:
        """The same without the steps of machines: all that a picture needs that explains nothing."""
        kept = [record for record in self._records if not isinstance(record, Moved)]
        return kept + [make(*args) for make, *args in self._raw if make is not _moved]

    def watcher(self, who: str) -> Watching:
        """The watcher of one endpoint, which is called `who` in the records."""
        return Watching(self, who)

    def asked(self, who: str, what: str, now: float) -> None:
        """The program is about to give a command. Need not be said; then a timer may be taken for the cause."""
        self.timers.pop(who, None)
        self.add((Asked, now, who, what))

    def carried(self, who: str, flow: Flow, data: bytes, arrives: tuple[float, ...], now: float) -> None:
        """What became of the bytes that `who` sent, said by a network that knows."""
        self.add((Carried, now, who, flow, data, arrives))

    def _show(self, raw: Raw) -> None:
        assert self._tell is not None, "somebody is told"
        record = raw[0](*raw[1:])
        self._records.append(record)
        self._tell(record)


class Watching:
    """The watcher of one endpoint: a `sipsm.Watcher`."""

    def __init__(self, recorder: Recorder, who: str) -> None:
        self.recorder = recorder
        self.who = who
        self._add = recorder.add
        self._timers = recorder.timers

    def received(self, flow: Flow, data: bytes, now: float) -> None:
        """Bytes arrived."""
        self._timers.pop(self.who, None)
        self._add((Arrived, now, self.who, flow, data))

    def sent(self, flow: Flow, data: bytes, now: float) -> None:
        """Bytes are to be sent."""
        at, timer = self._timers.get(self.who, _NO_TIMER)
        self._add((Left, now, self.who, flow, data, timer if at == now else ""))

    def moved(self, machine: Machine, before: str, name: str, row: Row, now: float) -> None:
        """A machine took a row."""
        # A timer whose row does nothing, such as Timer K, is no reason why anything is sent.
        if row.actions and name.startswith("Timer "):
            self._timers[self.who] = (now, name)
        self._add((_moved, now, self.who, machine.table.name, before, name, machine.state, row.rfc, machine.running))


_NO_TIMER = (0.0, "")


def _moved(
    at: float,
    who: str,
    machine: str,
    before: str,
    name: str,
    after: str,
    rfc: str,
    running: Iterable[tuple[float, str, float]],
) -> Moved:
    timers = sorted((deadline, letter) for deadline, letter, _ in running)
    return Moved(at, who, machine, before, name, after, rfc, tuple((letter, deadline) for deadline, letter in timers))
