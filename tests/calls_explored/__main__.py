"""`python -m tests.calls_explored`: the large bounds; with `planted`, the planted faults and who finds them."""

from __future__ import annotations

import sys

from tests.calls_explored.faults import FAULTS
from tests.calls_explored.settings import BY_HAND
from tests.calls_explored.world import explored
from tests.exploring.by_hand import all_hold


def settings() -> bool:
    """Explore all settings; whether all laws hold."""
    return all_hold(BY_HAND, explored)


def planted() -> bool:
    """Plant every fault; whether each is found."""
    well = True
    for fault in FAULTS:
        law = fault.found()
        well = well and bool(law)
        print(f"{fault}: {law or 'nothing'}", flush=True)
    return well


if __name__ == "__main__":
    sys.exit(not (planted() if sys.argv[1:] == ["planted"] else settings()))
