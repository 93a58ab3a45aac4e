"""What the fuzz target has found stays found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.properties import survived

FOUND = sorted((Path(__file__).parent / "regressions").iterdir())


@pytest.mark.parametrize("path", FOUND, ids=[path.name for path in FOUND])
def test_what_was_found(path: Path) -> None:
    """Bytes that once got something else out of the parser are survived."""
    survived(path.read_bytes())
