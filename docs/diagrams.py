"""The state diagrams in the pages: written into them from the tables, and drawn as SVG on the site.

Where a page that is written by hand has a line `<!-- diagram: name of the machine -->`, `make docs` writes that
machine's diagram below it, in Mermaid, which GitHub draws. The site (`make site`) has the same machines from Graphviz.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from docs.machines import found
from sipsm.machine import Table, graphviz, mermaid

DOCS = Path(__file__).parent
SHOWN = re.compile(r"^<!-- diagram: (?P<name>[^\n]+) -->\n(?:```mermaid\n.*?^```$)?", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```mermaid\n(?P<diagram>stateDiagram-v2\n.*?)^```$", re.MULTILINE | re.DOTALL)


@cache
def tables() -> dict[str, Table]:
    """Every machine's table, by its name."""
    return {table.name: table for _, table in found(Table)}


def pages() -> list[str]:
    """The names of the pages that show diagrams."""
    return [path.name for path in sorted(DOCS.glob("*.md")) if SHOWN.search(path.read_text("utf-8"))]


def page(name: str) -> str:
    """The text of a page that is written by hand, with the diagrams that it shows as the tables give them."""
    return SHOWN.sub(_shown, (DOCS / name).read_text("utf-8"))


def _shown(match: re.Match[str]) -> str:
    return f"<!-- diagram: {match['name']} -->\n```mermaid\n{mermaid(tables()[match['name']])}```"


def as_graphviz(text: str) -> str:
    """A page as the site has it: each state diagram drawn by Graphviz. Raises `KeyError` for one of no table."""
    of = {mermaid(table): table for table in tables().values()}
    return FENCE.sub(lambda match: _directive(of[match["diagram"]]), text)


def _directive(table: Table) -> str:
    alt = f"State diagram: {table.name}"
    return f"```{{graphviz}}\n:alt: {alt}\n:class: machine\n\n{graphviz(table)}```"
