"""An agent as bytes: the snapshot of its endpoint, and how late it was.

The clocks of two processes may count from different beginnings, so the time on the wall is kept as well: what has
passed by that is what the endpoint has slept.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from math import ceil
from typing import Final

from attrs import frozen

from sipsm.endpoint.endpoint import Endpoint
from sipsm.endpoint.snapshot import restore, save
from sipsm.endpoint.watcher import Watcher
from sipsm.errors import SnapshotError
from sipsm.ids import Ids

MICRO: Final = 1_000_000


@frozen
class Suspended:
    """An endpoint that is not driven, since `now` in its own time and `wall` in seconds since the epoch."""

    endpoint: Endpoint
    now: float
    wall: float

    @classmethod
    def read(cls, data: bytes, ids: Ids | None, watcher: Watcher | None) -> Suspended:
        """From what `written` gave. Raises `SnapshotError` for anything else."""
        first, _, rest = data.partition(b"\n")
        match = _first_line(first)
        if match is None or match[3] != _digest(match):
            raise SnapshotError(
                "this is no snapshot of an agent: it does not begin as one, or its beginning is damaged"
            )
        return cls(restore(rest, ids=ids, watcher=watcher), int(match[1]) / MICRO, int(match[2]) / MICRO)

    def written(self) -> bytes:
        """As bytes: a line with both times, in microseconds, then the snapshot of the endpoint."""
        # Rounded up: time must not run backwards.
        line = f"sipsm agent 1 {ceil(self.now * MICRO)} {ceil(self.wall * MICRO)}".encode()
        return b"%s %s\n%s" % (line, _digest_of(line), save(self.endpoint))

    def time(self, wall: float) -> float:
        """How late it is for the endpoint when it is so late on the wall. That clock may have been set back."""
        return self.now + max(0.0, wall - self.wall)


_first_line = re.compile(rb"sipsm agent 1 (-?[0-9]{1,20}) (-?[0-9]{1,20}) ([0-9a-f]{16})").fullmatch


def _digest(match: re.Match[bytes]) -> bytes:
    return _digest_of(match[0].rpartition(b" ")[0])


def _digest_of(line: bytes) -> bytes:
    return blake2b(line, digest_size=8).hexdigest().encode()
