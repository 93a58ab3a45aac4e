"""A call with one wire or one row less, beside a whole one: who notices?

The broken call is put where the whole one takes that row, or hears that event, and both are given the same inputs.
It is noticed by an oracle (`tests.usage.walk`), or by whoever looks on from outside: what is sent and told, what is
refused, what is agreed, and where the peer is reached.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from attrs import define, field, frozen

from sipsm.machine import Decision, Ignore, Refuse, Row, Table, To
from sipsm.usage import CALL
from sipsm.usage.wiring import MACHINES
from tests.usage.walk import STATES, STEPS, Edge, Walked
from tests.usage.world import Done, Input, World, apply, everything, inputs, key, observers

TABLES: tuple[Table, ...] = tuple(table for tables in MACHINES.values() for table in tables)


@frozen
class Wire:
    """A wire."""

    event: str
    place: str

    def __str__(self) -> str:
        return f"{self.event} to {self.place}"

    @contextmanager
    def cut(self) -> Iterator[None]:
        """A while without it."""
        CALL.connect(without=(self.event, self.place))
        try:
            yield
        finally:
            CALL.connect()


@frozen
class Entry:
    """A row or a refusal."""

    table: Table
    row: Row | Refuse

    def __str__(self) -> str:
        states = self.row.state
        if not isinstance(states, str):
            others = set(self.table.states) - states
            states = "all but " + "/".join(sorted(others)) if len(others) == 1 else "/".join(sorted(states))
        what = getattr(self.row, "next", "refused")
        guard = "" if self.row.guard.__name__ == "always" else f" when {self.row.guard.__name__}"
        return f"{self.table.name}: {states} {self.row.input}{guard} -> {what}"

    @contextmanager
    def cut(self) -> Iterator[None]:
        """A while without it: what comes behind it applies, or nothing happens."""
        kept: list[tuple[dict[str, tuple[Decision, ...]], str, tuple[Decision, ...]]] = []
        for state, by_input in self.table.lookup.items():
            for name, found in by_input.items():
                if any(each.entry is self.row for each in found):
                    kept.append((by_input, name, found))
                    left = [each for each in found if each.entry is not self.row]
                    if not left or left[-1].conditional:
                        left.append(Decision(Ignore(state, name, "cut"), state, ()))
                    by_input[name] = tuple(left)
        CALL.connect()
        try:
            yield
        finally:
            for by_input, name, found in kept:
                by_input[name] = found
            CALL.connect()


Cut = Wire | Entry

WIRES: tuple[Wire, ...] = tuple(
    Wire(event, place) for event, cells in CALL.grid.items() for place, cell in cells.items() if isinstance(cell, To)
)
HEARD = {cell.input for cells in CALL.grid.values() for cell in cells.values() if isinstance(cell, To)}
# A dialog has rows for what else may live in it (RFC 6665 4.5.2): no event of a call leads there.
ENTRIES: tuple[Entry, ...] = tuple(Entry(table, row) for table in TABLES for row in table.rows if row.input in HEARD)

# -------------------------------------------------------------------- where a whole call uses what


class Heard(dict[str, Any]):
    """The wires, which note what is looked up."""

    event = ""
    """The last one."""

    def __getitem__(self, event: str) -> Any:
        self.event = event
        return super().__getitem__(event)


PLACES = {table: place for place, tables in MACHINES.items() for table in tables}
OWNERS = {row: PLACES[table] for table in TABLES for row in table.rows}


@define
class Uses:
    """Where the rows and the events of walked calls occur: a state and an input for each time."""

    of_rows: dict[Row | Refuse, list[tuple[World, Input]]] = field(factory=dict)
    of_wires: dict[tuple[str, str], list[tuple[World, Input]]] = field(factory=dict)

    def of(self, cut: Cut) -> list[tuple[World, Input]]:
        """The places where this one might be missed."""
        return self.of_wires.get((cut.event, cut.place), []) if isinstance(cut, Wire) else self.of_rows.get(cut.row, [])


def note_uses(walked: Walked, uses: Uses) -> None:
    """Note where rows and wires are used in a walk: the first time, the second, the fourth, the eighth and so on."""
    met: dict[Any, None] = {}
    count: dict[Any, int] = {}
    heard = Heard(CALL.wires)

    def observer(machine: Any, _before: str, _name: str, row: Row, _now: float) -> None:
        met[row] = None
        met[heard.event, PLACES[machine.table]] = None

    observers.append(observer)
    CALL.wires = heard
    try:
        for world in walked.worlds:
            for each in inputs(world):
                met.clear()
                heard.event = ""
                refusal = apply(world.copy(), each).outcome.refusal
                if refusal is not None:
                    met[refusal] = None
                    met[heard.event, OWNERS[refusal]] = None
                for what in met:
                    times = count[what] = count.get(what, 0) + 1
                    if times & (times - 1) == 0:
                        where = uses.of_wires if isinstance(what, tuple) else uses.of_rows
                        where.setdefault(what, []).append((world, each))
    finally:
        observers.pop()
        CALL.connect()


# -------------------------------------------------------------------- whether it is noticed


def seen(world: World) -> Any:
    """What a call shows besides messages and events."""
    return [
        (
            leg.offer_answer.local,
            leg.offer_answer.remote,
            leg.offer_answer.agreed,
            leg.timer.agreed,
            leg.timer.smallest_s,
            (leg.dialog.remote_target, leg.dialog.route_set),
        )
        for leg in world.legs
    ]


def outside(done: Done) -> Any:
    """What a step comes to for those outside."""
    return [repr(x) for _, x in done.outputs], done.outcome.refusal, [(no, repr(wish)) for no, wish, _ in done.told]


@define
class Pair:
    """A whole call and a broken one that have heard the same."""

    whole: World
    broken: World


def noticed(cut: Cut, uses: list[tuple[World, Input]], most: int = 60) -> str | None:
    """Who notices that it is missing: the name of an oracle, or "outside"; None when nobody does.

    From each place where it is used, the whole and the broken call are followed side by side through so many pairs of
    states in which they differ.
    """
    waiting: deque[Pair] = deque()
    known: set[Any] = set()
    for world, each in uses:
        by = _step(cut, Pair(world, world), each, waiting, known)
        if by is not None:
            return by
    for _ in range(most):
        if not waiting:
            break
        pair = waiting.popleft()
        for each in inputs(pair.whole):
            by = _step(cut, pair, each, waiting, known)
            if by is not None:
                return by
        running = set(inputs(pair.whole))
        for each in inputs(pair.broken):
            if each.kind == "timer" and each not in running:
                with cut.cut():
                    if outside(apply(pair.broken.copy(), each))[0]:
                        return "a timer that should not run"
    return None


def _step(cut: Cut, pair: Pair, each: Input, waiting: deque[Pair], known: set[Any]) -> str | None:
    whole = pair.whole.copy()
    expected = apply(whole, each)
    broken = pair.broken.copy()
    with cut.cut():
        try:
            done = apply(broken, each)
        except (AssertionError, LookupError, TypeError):
            return "it breaks down"
    if outside(done) != outside(expected) or seen(broken) != seen(whole):
        return "outside"
    edge = Edge(pair.broken, each, done, broken)
    for step_oracle in STEPS:
        if step_oracle(edge) is not None:
            return step_oracle.__name__
    for oracle in STATES:
        if oracle(broken) is not None:
            return oracle.__name__
    states = key(whole), key(broken)
    if states not in known and (states[0] != states[1] or everything(whole) != everything(broken)):
        known.add(states)
        waiting.append(Pair(whole, broken))
    return None
