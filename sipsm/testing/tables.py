"""The tables of a program, found, and which of their rows have been taken."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from types import ModuleType

from sipsm.machine import Refuse, Row, Table
from sipsm.machine.diagram import guard_name

Entry = Row | Refuse


def tables_of(packages: Iterable[str]) -> list[Table]:
    """Every table in these packages or modules, each once: those of modules, and those of classes defined there.

    All their modules are imported, but for those called `__main__`.
    """
    found: dict[Table, None] = {}
    for name in packages:
        for module in _modules(name):
            for value in vars(module).values():
                held = vars(value).values() if isinstance(value, type) and value.__module__ == module.__name__ else ()
                found |= dict.fromkeys(table for table in (value, *held) if isinstance(table, Table))
    return list(found)


def _modules(name: str) -> Iterator[ModuleType]:
    module = importlib.import_module(name)
    yield module
    for info in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{name}."):
        if not info.name.endswith(".__main__"):
            yield from _modules(info.name)


class Taken:
    """Counts, from now on, which rows are taken and which refusals are spoken; for each table by itself."""

    def __init__(self, tables: Iterable[Table]) -> None:
        self.rows: dict[Table, set[Entry]] = {table: set() for table in tables}
        for table, taken in self.rows.items():
            table.watch(taken.add)

    def __str__(self) -> str:
        return f"{self.taken} of {self.all} rows of {len(self.rows)} tables taken, {self.percent:.1f} %"

    @property
    def all(self) -> int:
        """How many rows and refusals there are."""
        return sum(len(table.rows) for table in self.rows)

    @property
    def taken(self) -> int:
        """How many of them have been taken."""
        return sum(map(len, self.rows.values()))

    @property
    def percent(self) -> float:
        """The share of them, 0 to 100; 100 of nothing."""
        return 100 * self.taken / self.all if self.all else 100.0

    def numbers(self) -> list[list[int]]:
        """Which have been taken: of each table, in their order, the places of its rows. For another process."""
        return [[at for at, row in enumerate(table.rows) if row in taken] for table, taken in self.rows.items()]

    def add(self, numbers: Iterable[Iterable[int]]) -> None:
        """Count what another process, which found the same tables, has taken too: its `numbers`."""
        for (table, taken), places in zip(self.rows.items(), numbers, strict=True):
            taken.update(table.rows[at] for at in places)

    def missing(self) -> list[str]:
        """Those not taken, a line for each: table, state, input, guard in brackets, section."""
        return [described(table, row) for table, taken in self.rows.items() for row in table.rows if row not in taken]


def described(table: Table, row: Entry) -> str:
    """A row as one line of text."""
    states = row.state if isinstance(row.state, str) else "/".join(sorted(row.state))
    guard = f" [{name}]" if (name := guard_name(row.guard)) else ""
    way = "refused" if isinstance(row, Refuse) else row.next or "stays"
    return f"{table.name}: {states} on {row.input}{guard}: {way} (RFC {row.rfc})"
