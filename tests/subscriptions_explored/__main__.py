"""`python -m tests.subscriptions_explored`: the large bounds."""

from __future__ import annotations

import sys
from time import perf_counter

from tests.subscriptions_explored.settings import BY_HAND
from tests.subscriptions_explored.world import explored


def main() -> bool:
    """Explore all settings; whether all laws hold."""
    well = True
    for setting in BY_HAND:
        began = perf_counter()
        found, world = explored(setting)
        well = well and found.complete and found.violation is None
        steps = world.alice.computed + world.bob.computed
        print(f"{setting}\n  {found}; {steps:,} steps of endpoints, {perf_counter() - began:.1f} s", flush=True)
    return well


if __name__ == "__main__":
    sys.exit(not main())
