"""What the page on the architecture says of rooms and modules, held against those that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
CORE = ROOT / "sipsm"


def named_modules() -> set[str]:
    """The modules of all tables: the room stands before the first of a row, or in the head of the table."""
    found, table = set(), None
    for line in PAGE.splitlines():
        first = line.split("|")[1] if line.startswith("|") else ""
        head = re.fullmatch(r" modules?(?: of `([\w.]+)`)? ", first)
        if head:
            table = head[1] or ""
        elif not first:
            table = None
        elif table is not None and "`" in first:
            names = re.findall(r"`([\w.]+)`", first)
            room = table or names[0].partition(".")[0]
            found |= {f"{room.replace('.', '/')}/{name.removeprefix(f'{room}.')}" for name in names}
    return found


@pytest.mark.parametrize("name", sorted(named_modules()))
def test_a_module_that_is_named_is_there(name: str) -> None:
    """Whoever looks for what the page tells of finds it."""
    assert (CORE / f"{name}.py").is_file() or (CORE / name / "__init__.py").is_file()


def test_every_room_is_drawn() -> None:
    """Each package and each module of the core is a room of the picture, and no other is."""
    drawn = re.search(r'subgraph core\["(.*?)\n    end\n', PAGE, re.DOTALL)
    assert drawn is not None
    rooms = {entry.stem for entry in CORE.iterdir() if entry.suffix == ".py" or (entry / "__init__.py").is_file()}
    assert set(re.findall(r"^        (\w+)\[", drawn[1], re.MULTILINE)) == {room for room in rooms if room[0] != "_"}
