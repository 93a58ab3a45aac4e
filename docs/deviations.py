"""The page of departures: each comment `# Deviation: ...` in the code, where sipsm does not do what an RFC says."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DEVIATION = re.compile(r"^[ \t]*# Deviation: (?P<text>.+(?:\n[ \t]*#[ \t].+)*)", re.MULTILINE)


def page() -> str:
    """The text of `docs/deviations.md`."""
    lines = [
        "# Deviations",
        "",
        "<!-- Written by `make docs` from the comments `# Deviation:` in the code. -->",
        "",
        "Where sipsm departs from the text of an RFC, and why. Each stands as a comment above the line that departs.",
        "",
    ]
    entries = [entry for folder in ("sipsm", "adapters") for entry in deviations_in(ROOT / folder)]
    return "\n".join([*lines, *(entries or ["None."])]) + "\n"


def deviations_in(folder: Path) -> list[str]:
    """The departures in the files under a folder, each as an item of a list."""
    items = []
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        for match in DEVIATION.finditer(path.read_text("utf-8")):
            text = re.sub(r"\s*\n[ \t]*#[ \t]*", " ", match["text"])
            items.append(f"- {text} ([`{name}`](../{name}))")
    return items
