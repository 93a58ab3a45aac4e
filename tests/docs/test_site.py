"""What `make site` relies on, without building it: its navigation, its diagrams, and where links lead."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import diagrams
from docs.machines import found
from sipsm.machine import Table, graphviz, mermaid

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
TOCTREE = re.compile(r"^```\{toctree\}\n(?::[^\n]*\n)*\n(?P<pages>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?![a-z]+:|#)(?P<path>[^)#\s]+)")


def test_every_page_is_in_the_navigation() -> None:
    """Whoever reads the site comes to each page, and to each once."""
    index = (ROOT / "docs/index.md").read_text("utf-8")
    listed = [name for tree in TOCTREE.finditer(index) for name in tree["pages"].split()]
    assert sorted([*listed, "index"]) == [path.relative_to(ROOT / "docs").with_suffix("").as_posix() for path in PAGES]


@pytest.mark.parametrize("table", [table for _, table in found(Table)], ids=lambda table: table.name)
def test_every_table_has_its_diagram(table: Table) -> None:
    """A machine is drawn in the pages as it runs, and on the site from the same table."""
    page = (ROOT / "docs/machines.md").read_text("utf-8")
    assert page.count(mermaid(table)) == 1
    assert diagrams.as_graphviz(page).count(graphviz(table)) == 1


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_state_diagram_is_that_of_a_table(path: Path) -> None:
    """No page shows a machine that does not run."""
    assert "stateDiagram" not in diagrams.as_graphviz(path.read_text("utf-8"))


def test_a_diagram_of_no_table_is_found() -> None:
    """The site is not built with a machine that nobody runs."""
    with pytest.raises(KeyError):
        diagrams.as_graphviz("```mermaid\nstateDiagram-v2\n    a --> b\n```\n")


@pytest.mark.parametrize("path", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES], ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    """Each link within the project names a file that is there."""
    linked = {match["path"] for match in LINK.finditer(path.read_text("utf-8"))}
    assert not {link for link in linked if not (path.parent / link).exists()}
