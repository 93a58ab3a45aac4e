"""`python -m tests.exhaustive`: the large bounds; with `planted`, the planted faults and who finds them."""

from __future__ import annotations

import sys
from time import perf_counter

from tests.exhaustive.faults import UNSEEN, faults, found_by
from tests.exhaustive.settings import BY_HAND, explored
from tests.exhaustive.test_planted import FOUND


def pairs() -> bool:
    """Explore all settings; whether all laws hold."""
    states, start, well = 0, perf_counter(), True
    for setting in BY_HAND:
        began = perf_counter()
        found = explored(setting)
        states += found.states
        well = well and found.complete and found.violation is None
        print(f"{setting}\n  {found}; {perf_counter() - began:.1f} s", flush=True)
    seconds = perf_counter() - start
    print(f"{states:,} states in {seconds:.0f} s: {'all laws hold' if well else 'A LAW IS BROKEN'}")
    return well


def planted() -> bool:
    """Plant every fault, and write down who finds it; whether all but the known ones are found."""
    lines, well = [], True
    for fault in faults():
        law = found_by(fault)
        known = UNSEEN.get(str(fault))
        well = well and bool(law) == (known is None)
        print(f"{fault}: {law or 'nothing'}{f' ({known})' if known else ''}", flush=True)
        if known is None:
            lines.append(f"{fault}: {law or 'nothing'}")
    FOUND.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return well


if __name__ == "__main__":
    sys.exit(not (planted() if sys.argv[1:] == ["planted"] else pairs()))
