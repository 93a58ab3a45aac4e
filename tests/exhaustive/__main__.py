"""`python -m tests.exhaustive`: the large bounds; with `planted`, the planted faults and who finds them."""

from __future__ import annotations

import sys

from tests.exhaustive.faults import UNSEEN, faults, found_by
from tests.exhaustive.settings import BY_HAND, explored
from tests.exhaustive.test_planted import FOUND
from tests.exploring.by_hand import all_hold


def pairs() -> bool:
    """Explore all settings; whether all laws hold."""
    return all_hold(BY_HAND, lambda setting: (explored(setting), None))


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
