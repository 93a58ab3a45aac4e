"""How a run that failed is seen again: the command for it, and the network that was made last.

The pytest plugin tells which test runs; elsewhere there is no command but the one given to `Net`.
"""

from __future__ import annotations

from typing import Any


class Running:
    """What runs now."""

    def __init__(self) -> None:
        self.command = ""
        """What a user types to see it again."""
        self.net: Any = None
        """The last network that was made in it."""

    def begin(self, command: str) -> None:
        """Something runs from now on."""
        self.command = command
        self.net = None

    def end(self) -> None:
        """It is over."""
        self.begin("")


RUNNING = Running()


def command() -> str:
    """The command that runs again what runs now; empty if nobody has said it."""
    return RUNNING.command


def begun(net: Any) -> None:
    """A network has been made."""
    if RUNNING.command:
        RUNNING.net = net
