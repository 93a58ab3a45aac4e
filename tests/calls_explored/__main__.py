"""`python -m tests.calls_explored`: the large bounds; with `planted`, the planted faults and who finds them."""

from __future__ import annotations

import sys
from time import perf_counter

from tests.calls_explored.faults import FAULTS
from tests.calls_explored.settings import BY_HAND
from tests.calls_explored.world import explored


def settings() -> bool:
    """Explore all settings; whether all laws hold."""
    states, start, well = 0, perf_counter(), True
    for setting in BY_HAND:
        began = perf_counter()
        found, world = explored(setting)
        states += found.states
        well = well and found.complete and found.violation is None
        steps = world.alice.computed + world.bob.computed
        print(f"{setting}\n  {found}; {steps:,} steps of endpoints, {perf_counter() - began:.1f} s", flush=True)
    seconds = perf_counter() - start
    print(f"{states:,} states in {seconds:.0f} s: {'all laws hold' if well else 'A LAW IS BROKEN'}")
    return well


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
