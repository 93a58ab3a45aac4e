"""Faults planted in tables: a machine that differs from the true one in one thing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from attrs import evolve

from sipsm.machine import Ignore, Refuse, Row, Table
from sipsm.proxy.wiring import PROXYING
from sipsm.usage import CALL
from sipsm.usage.notifying import NOTIFYING
from sipsm.usage.subscribing import SUBSCRIBING

Plant = Callable[[], AbstractContextManager[None]]
"""Makes a context in which a fault is there."""


def changed(table: Table, rows: Iterable[Row | Refuse] | None = None, **more: Any) -> Table:
    """The same with other rows, or other timers or ignored pairs."""
    parts = {"ignored": table.ignored, "timers": table.timers, **more}
    kept = table.rows if rows is None else tuple(rows)
    return Table(table.name, initial=table.initial, rows=kept, rfc=table.rfc, inputs=table.inputs, **parts)


@contextmanager
def planted(kind: Any, table: Table) -> Iterator[None]:
    """All machines of a kind go by this table."""
    true, kind.table = kind.table, table
    _compile_again()
    try:
        yield
    finally:
        kind.table = true
        _compile_again()


def _compile_again() -> None:
    for wiring in (CALL, NOTIFYING, PROXYING, SUBSCRIBING):
        wiring.connect()


def without_row(kind: Any, state: str, event: str, nth: int = 0) -> Plant:
    """The first entry of this pair, or another, is left out, and what then nobody decides is ignored."""

    def plant() -> AbstractContextManager[None]:
        true = kind.table
        alternatives = true.lookup[state][event]
        entry = alternatives[nth].entry
        states = entry.state if isinstance(entry.state, frozenset) else frozenset((entry.state,))
        rows: list[Row | Refuse] = []
        for row in true.rows:
            if row is not entry:
                rows.append(row)
            elif states - {state}:
                rows.append(evolve(row, state=states - {state}))
        decided = any(not each.conditional for each in alternatives if each.entry is not entry)
        nothing = () if decided else (Ignore(state, event, "a planted fault"),)
        return planted(kind, changed(true, rows, ignored=(*true.ignored, *nothing)))

    return plant


def changed_row(kind: Any, state: str, event: str, **change: Any) -> Plant:
    """The row of this pair does something else."""

    def plant() -> AbstractContextManager[None]:
        true = kind.table
        entry = true.lookup[state][event][-1].entry
        return planted(kind, changed(true, [evolve(row, **change) if row is entry else row for row in true.rows]))

    return plant


def without_timer(kind: Any, letter: str) -> Plant:
    """A timer is never started."""
    return lambda: planted(
        kind, changed(kind.table, timers=tuple(timer for timer in kind.table.timers if timer.letter != letter))
    )
