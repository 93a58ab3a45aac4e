"""What the exit codes of the program mean."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command went."""

    DONE = 0
    REFUSED = 1
    """A final response of 300 or more."""
    WRONG_USAGE = 2
    NO_ANSWER = 3
    """No answer in time, or no connection."""
