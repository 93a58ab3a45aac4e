"""What an exploration is to find."""

from __future__ import annotations

from typing import Any

from sipsm.testing.explore import Explored


def ends_well(found: Explored[Any]) -> None:
    """Everything was reached, all laws hold, and it can end."""
    print(found)
    assert found.violation is None, str(found.violation)
    assert found.complete
    assert found.ends > 0
