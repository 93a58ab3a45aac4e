"""The pages that come from the tables: every machine of sipsm as a diagram and as the list of its rows.

The tables are found, not listed: whatever module of `sipsm` holds a `Table` or a `Wiring` is on the page.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path
from typing import TypeVar

import sipsm
from sipsm.machine import Table, Wiring, grid, listing, mermaid

T = TypeVar("T")


def page() -> str:
    """The text of `docs/machines.md`."""
    lines = [
        "# The machines",
        "",
        "<!-- Written by `make docs` from the tables that run. -->",
        "",
        "Each machine below is drawn and listed from the very table that runs. In a diagram an arrow bears the inputs",
        "that make the change, with the guard in brackets. (On the site, what leaves a state as it is stands in its",
        "box, and what one row says of many states leaves a dashed box with their names.) A list has the rows in the",
        "order in which they are tried, then what is ignored and why, then the timers with the states they run in.",
    ]
    for name, table in found(Table):
        lines += ["", f"## {table.name}", "", f"RFC {table.rfc}, in `{name}`.", ""]
        lines += ["```mermaid", mermaid(table).rstrip("\n"), "```", "", listing(table).rstrip("\n")]
    for name, wiring in found(Wiring):
        lines += ["", f"## Who has a say: {wiring.name}", "", f"Every event and every machine, in `{name}`.", ""]
        lines += [grid(wiring).rstrip("\n")]
    return "\n".join(lines) + "\n"


def found(kind: type[T]) -> list[tuple[str, T]]:
    """Every object of `kind` that a module of sipsm defines, or a class in it holds, with the module's name."""
    things = []
    for name in modules():
        module = importlib.import_module(name)
        tree = ast.parse(inspect.getsource(module))
        imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
        for key, value in vars(module).items():
            if key in imported:
                continue
            held = vars(value).values() if isinstance(value, type) else ()
            things += [(name, v) for v in (value, *held) if isinstance(v, kind)]
    return things


def modules() -> list[str]:
    """The modules of sipsm that hold machines: all but its front door, and the tools for tests."""
    root = Path(sipsm.__file__).parent
    parts = [path.relative_to(root.parent).with_suffix("").parts for path in sorted(root.rglob("*.py"))]
    return [
        ".".join(names)
        for names in parts
        if names[1] not in ("__init__", "__main__", "testing") and names[-1] != "__init__"
    ]
