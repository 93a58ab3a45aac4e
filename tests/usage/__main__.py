"""Walk calls further than the suite does: `python -m tests.usage [MOST] [NAME ...]`."""

from __future__ import annotations

import sys

from tests.usage.plans import PLANS
from tests.usage.walk import walk


def main(arguments: list[str]) -> int:
    """Walk the named plans, or all, to at most so many states; the exit status tells whether an oracle spoke."""
    most = int(arguments.pop(0)) if arguments and arguments[0].isdecimal() else 1_000_000
    wrong = 0
    for name in arguments or PLANS:
        walked = walk(PLANS[name], most, thorough=True)
        whole = "all" if len(walked.worlds) < most else "the first"
        print(f"{name}: {whole} {len(walked.worlds)} states, {walked.tried} steps tried, {walked.edges} did something")
        for (oracle, said), way in walked.faults.items():
            print(f"    {oracle}: {said}\n        {way}")
        wrong += len(walked.faults)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
