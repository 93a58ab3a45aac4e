"""Finding tables, and counting their rows."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, always
from sipsm.testing.tables import Taken, described, tables_of

PROGRAM = """
from sipsm.machine import Machine, Row, Table, always
from sipsm.transaction import InviteClientTransaction  # not of this program

class Door(Machine):
    table = Table("door", rfc="1 1", initial="Shut", rows=(Row("Shut", "push", always, "Open", (), "1 1"),))

ALSO = Door.table
LOCK = Table("lock", rfc="1 2", initial="Shut", rows=(Row("Shut", "turn", always, "Open", (), "1 2"),))
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package with tables, whose `__main__` must not be imported."""
    folder = tmp_path / "some_program" / "rooms"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("")
    (folder.parent / "__main__.py").write_text("raise SystemExit(3)")
    (folder / "__init__.py").write_text("")
    (folder / "door.py").write_text(PROGRAM)
    (folder / "other.py").write_text("from some_program.rooms.door import LOCK, Door")
    monkeypatch.syspath_prepend(tmp_path)
    yield "some_program"
    for name in [name for name in sys.modules if name.startswith("some_program")]:
        del sys.modules[name]


def test_tables_are_found_wherever_they_stand(program: str) -> None:
    """In modules of any depth and in their classes, each once; those of imported classes are not this program's."""
    assert sorted(table.name for table in tables_of([program])) == ["door", "lock"]
    assert [table.name for table in tables_of([f"{program}.rooms.door"])] == ["door", "lock"]


def narrow(_machine: object, x: int, _at: object) -> bool:
    """A guard."""
    return x < 3


SHARED = Row({"Shut", "Ajar"}, "push", narrow, "Open", (), "1 1")


class Door(Machine):
    table = Table(
        "door",
        rfc="1",
        initial="Shut",
        rows=(
            SHARED,
            Refuse("Shut", "push", always, None, "it is locked", "1 2"),
            Row({"Shut", "Ajar"}, "look", always, None, (), "1 3"),
            Row("Open", "pull", always, "Ajar", (), "1 4"),
        ),
        ignored=(Ignore("Ajar", "push", "too heavy"), Ignore("Open", {"push", "look"}, "open")),
    )


class Gate(Machine):
    table = Table("gate", rfc="1", initial="Shut", rows=(SHARED,))


def test_rows_and_refusals_are_counted_for_each_table() -> None:
    """What has been taken in one table has not been taken in another, though the row be the same."""
    taken = Taken([Door.table, Gate.table])
    assert (taken.all, taken.taken, taken.percent) == (5, 0, 0.0)
    door = Door()
    assert door.receive("push", 5, Step(0.0)).refused
    door.receive("look", 1, Step(0.0))
    door.receive("push", 1, Step(0.0))
    assert str(taken) == "3 of 5 rows of 2 tables taken, 60.0 %"
    assert taken.missing() == [
        "door: Open on pull: Ajar (RFC 1 4)",
        "gate: Ajar/Shut on push [narrow]: Open (RFC 1 1)",
    ]
    assert [described(Door.table, row) for row in Door.table.rows[1:3]] == [
        "door: Shut on push: refused (RFC 1 2)",
        "door: Ajar/Shut on look: stays (RFC 1 3)",
    ]


def test_of_nothing_all_is_taken() -> None:
    """A program without tables leaves none out."""
    assert Taken([]).percent == 100.0
