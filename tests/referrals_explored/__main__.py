"""`python -m tests.referrals_explored`: the large bounds."""

from __future__ import annotations

import sys

from tests.exploring.by_hand import all_hold
from tests.referrals_explored.settings import BY_HAND
from tests.referrals_explored.world import explored


def main() -> bool:
    """Explore all settings; whether all laws hold."""
    return all_hold(BY_HAND, explored)


if __name__ == "__main__":
    sys.exit(not main())
