"""Writes the generated pages of the documentation: `python -m docs.generate`, or `make docs`.

A page is named once, in PAGES, with the function that gives its text. A test compares every page with its file.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from docs import deviations, diagrams, headers, machines
from docs.conformance import matrix

DOCS = Path(__file__).parent

PAGES: dict[str, Callable[[], str]] = {
    "conformance.md": matrix.page,
    "deviations.md": deviations.page,
    "headers.md": headers.page,
    "machines.md": machines.page,
    **{name: partial(diagrams.page, name) for name in diagrams.pages()},
}


def main() -> None:
    """Write every page whose text has changed, and name it."""
    for name, text_of in PAGES.items():
        path, text = DOCS / name, text_of()
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"docs/{name}")


if __name__ == "__main__":
    main()
