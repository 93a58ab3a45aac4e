"""The exploration finds faults: each row, timer and action of the four tables is missed by somebody when it is gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from sipsm.transaction import Transaction
from tests.exhaustive.faults import KINDS, UNSEEN, faults, found_by

FOUND = Path(__file__).parent / "planted.txt"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.table.name)
def test_a_planted_fault_is_found(kind: type[Transaction]) -> None:
    """Each fault is told by the law that `planted.txt` names (written anew by `python -m tests.exhaustive planted`)."""
    planted = [fault for fault in faults() if fault.kind is kind and str(fault) not in UNSEEN]
    expected = [line for line in FOUND.read_text("utf-8").splitlines() if line.startswith(kind.table.name)]
    assert [f"{fault}: {found_by(fault)}" for fault in planted] == expected
    assert not any(line.endswith(": nothing") for line in expected)


def test_what_is_not_found_has_its_reason() -> None:
    """A fault that this exploration cannot see is a fault that there is, with a reason."""
    assert UNSEEN.keys() <= {str(fault) for fault in faults()}
