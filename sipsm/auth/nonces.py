"""The nonces of a server: made without keeping them, known again, and good once for each count.

RFC 7616 3.3 (nonce, stale) and 3.4 (nc), 5.5. A nonce is the time at which it was made, something by which those of one
moment differ, and a keyed hash of both: so nobody who has only asked for one costs memory. What is kept, and bounded, are
the counts of the nonces that good credentials were made with.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

from attrs import define, field

from sipsm.ids import Ids

_TIME: Final = 12
_TOLD_APART: Final = 12
_MAC_BYTES: Final = 10
_is_one = re.compile(rf"[0-9a-f]{{{_TIME + _TOLD_APART + 2 * _MAC_BYTES}}}").fullmatch
_MOST: Final = 2 ** (4 * _TIME)

WINDOW: Final = 64
"""By how many counts a request may come later than another with the same nonce: on the way, one overtakes the other."""


@define(eq=False)
class Counts:
    """With which counts a nonce has been used."""

    cnonce: str = ""
    """The client's part of the first credentials with it, from which a session's key is made (RFC 7616 3.4.2)."""
    highest: int = 0
    seen: int = 0
    """A bit for each of the last `WINDOW` counts, the highest in the lowest bit."""
    marks: tuple[int, int] = (0, 0)
    """What marks the request that has used the highest one, and the Request-URI that it had."""

    def take(self, count: int) -> bool:
        """Use a count; False where it has been used, or is too old to tell."""
        ahead = count - self.highest
        if ahead > 0:
            self.seen = ((self.seen << min(ahead, WINDOW)) | 1) & (2**WINDOW - 1)
            self.highest = count
            return True
        bit = 1 << -ahead if ahead > -WINDOW else 0
        if not bit or self.seen & bit:
            return False
        self.seen |= bit
        return True


@define(eq=False)
class Nonces:
    """The nonces of one server."""

    lasts_s: float = 300.0
    limit: int = 10_000
    used: dict[str, Counts] = field(factory=dict)
    """Those that good credentials came with, and which may yet be used; the one that was used first at the head."""
    horizon: int = -1
    """What was made then, in milliseconds, or before, and is not among them, is stale: it may have been forgotten."""

    def make(self, realm: str, secret: bytes, ids: Ids, now: float) -> str:
        """A new nonce."""
        text = f"{_milliseconds(now):0{_TIME}x}{ids.nonce()}"
        return text + _mac(text, realm, secret)

    def is_ours(self, nonce: str, realm: str, secret: bytes) -> bool:
        """Whether a nonce was made here."""
        if _is_one(nonce) is None:
            return False
        text = nonce[: _TIME + _TOLD_APART]
        return compare_digest(_mac(text, realm, secret), nonce[_TIME + _TOLD_APART :])

    def age_s(self, nonce: str, now: float) -> float:
        """How long ago one of ours was made, in seconds."""
        return (_milliseconds(now) - int(nonce[:_TIME], 16)) % _MOST / 1000

    def take(self, nonce: str, count: int, cnonce: str, now: float) -> bool:
        """Use one of ours with good credentials; False where it is too old, or this count of it is used up."""
        if self.age_s(nonce, now) > self.lasts_s:
            return False
        counts = self.used.get(nonce)
        if counts is None:
            made = int(nonce[:_TIME], 16)
            if made <= self.horizon:
                return False
            self._make_room(now)
            counts = self.used[nonce] = Counts(cnonce)
        return counts.take(count)

    def note(self, nonce: str, count: int, marks: tuple[int, int]) -> None:
        """A count has been used by the request with these marks: see `Counts.marks`."""
        counts = self.used[nonce]
        if counts.highest == count:
            counts.marks = marks

    def was_forked(self, nonce: str, marks: tuple[int, int]) -> bool:
        """Whether the request that has used a nonce last was this one, to another Request-URI."""
        counts = self.used.get(nonce)
        return counts is not None and counts.marks[0] == marks[0] and counts.marks[1] != marks[1]

    def first_cnonce(self, nonce: str) -> str | None:
        """The client's part with which one of ours was used first; None where it was not."""
        counts = self.used.get(nonce)
        return None if counts is None else counts.cnonce

    def _make_room(self, now: float) -> None:
        while self.used:
            first = next(iter(self.used))
            is_over = self.age_s(first, now) > self.lasts_s
            if not is_over and len(self.used) < self.limit:
                return
            if not is_over:
                self.horizon = max(self.horizon, int(first[:_TIME], 16))
            del self.used[first]


def _milliseconds(now: float) -> int:
    # The origin of `now` may be any: what counts is how much later another one is.
    return int(now * 1000) % _MOST


def _mac(text: str, realm: str, secret: bytes) -> str:
    data = f"{text}{realm}".encode("utf-8", "surrogateescape")
    return blake2b(data, digest_size=_MAC_BYTES, key=secret).hexdigest()
