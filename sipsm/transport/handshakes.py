"""The handshakes that are under way on connections, before these are connections: how many, and for how long.

They are TLS's. What a handshake is, and what comes of it, is the adapter's; it is bounded here, since whoever begins one
with us costs us memory before he has proved anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from typing import Generic, NamedTuple, TypeVar

from sipsm.transport.limits import FlowLimits, FlowTimes

T = TypeVar("T")


class _Begun(NamedTuple):
    until: float
    host: str
    """Whose it is; nobody's if it is our own."""


class Handshakes(Generic[T]):
    """The handshakes of one agent, each known by its connection, whatever that is to the adapter.

    Those that peers began are bounded by `FlowLimits.handshakes` and `handshakes_per_host`: with one more, the one that
    has taken the longest is given up, so that whoever begins many and ends none keeps nobody out. All of them are given
    up after `FlowTimes.handshake_s`. Our own count for `FlowLimits.made`.
    """

    def __init__(self, limits: FlowLimits, times: FlowTimes) -> None:
        self.limits = limits
        self.times = times
        self._begun: dict[T, _Begun] = {}
        """In the order in which they began, and so in that of their ends."""
        self._of_peers: dict[T, None] = {}
        self._hosts: dict[str, dict[T, None]] = {}

    def __contains__(self, connection: T) -> bool:
        return connection in self._begun

    def begin(self, connection: T, now: float, host: str = "") -> T | None:
        """One begins, with a peer at this host, or our own; returns the one that is to end for it, if any."""
        self._begun[connection] = _Begun(now + self.times.handshake_s, host)
        if not host:
            return None
        self._of_peers[connection] = None
        same = self._hosts.setdefault(host, {})
        same[connection] = None
        if len(same) > self.limits.handshakes_per_host:
            return next(iter(same))
        return next(iter(self._of_peers)) if len(self._of_peers) > self.limits.handshakes else None

    def end(self, connection: T) -> None:
        """One is over, in whatever way; no harm in one that is already."""
        begun = self._begun.pop(connection, None)
        if begun is None or not begun.host:
            return
        del self._of_peers[connection]
        same = self._hosts[begun.host]
        del same[connection]
        if not same:
            del self._hosts[begun.host]

    def next_timeout(self) -> float | None:
        """When the first of them takes too long, or None."""
        return next((each.until for each in self._begun.values()), None)

    def overdue(self, now: float) -> list[T]:
        """Those that have taken too long, and are to end."""
        return [*takewhile(lambda connection: self._begun[connection].until <= now, self._begun)]

    def __iter__(self) -> Iterator[T]:
        return iter([*self._begun])
