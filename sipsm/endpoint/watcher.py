"""Who is shown all that an endpoint does."""

from __future__ import annotations

from typing import Protocol

from sipsm.machine import Machine, Row
from sipsm.transport import Flow


class Watcher(Protocol):
    """Who is shown everything: see `sipsm.trace`. It changes nothing."""

    def received(self, flow: Flow, data: bytes, now: float) -> None:
        """Bytes arrived: a datagram, or all of a message on a connection."""

    def sent(self, flow: Flow, data: bytes, now: float) -> None:
        """Bytes are to be sent."""

    def moved(self, machine: Machine, before: str, name: str, row: Row, now: float) -> None:
        """A machine took a row."""
