"""Branches, tags, Call-IDs and what goes into digests, drawn from a source of randomness given at construction.

RFC 3261 8.1.1.7 (branch), 19.3 (tags: at least 32 bits of cryptographic randomness), 8.1.1.4 (Call-ID).
"""

from __future__ import annotations

from secrets import randbits
from typing import Protocol

MAGIC_COOKIE = "z9hG4bK"


class RandomSource(Protocol):
    """Where randomness comes from: `SystemSource`, or `random.Random(seed)` in tests."""

    def getrandbits(self, k: int, /) -> int:
        """A number of `k` random bits."""


class SystemSource:
    """The operating system's randomness, which cannot be guessed (RFC 3261 19.3)."""

    def getrandbits(self, k: int, /) -> int:
        """A number of `k` random bits."""
        return randbits(k)


class Ids:
    """The names that an endpoint makes up. By default they cannot be guessed; with a seeded source they repeat."""

    def __init__(self, source: RandomSource | None = None) -> None:
        self.source: RandomSource = SystemSource() if source is None else source

    def branch(self) -> str:
        """A branch that no other transaction has: the magic cookie and 80 random bits (RFC 3261 8.1.1.7)."""
        return MAGIC_COOKIE + self.source.getrandbits(80).to_bytes(10, "big").hex()

    def tag(self) -> str:
        """A tag for a From or To (RFC 3261 19.3), 64 bits."""
        return self.source.getrandbits(64).to_bytes(8, "big").hex()

    def call_id(self) -> str:
        """A Call-ID, 96 bits, without a host: it needs none to be unique (RFC 3261 8.1.1.4)."""
        return self.source.getrandbits(96).to_bytes(12, "big").hex()

    def cseq(self) -> int:
        """A first CSeq number below 2**16, far from the limit of 2**31 (RFC 3261 8.1.1.5)."""
        return self.source.getrandbits(16)

    def cnonce(self) -> str:
        """A client's part of a digest, 96 bits (RFC 7616 3.4)."""
        return self.source.getrandbits(96).to_bytes(12, "big").hex()

    def nonce(self) -> str:
        """What tells a server's nonces of one moment apart, 48 bits (RFC 7616 3.3)."""
        return self.source.getrandbits(48).to_bytes(6, "big").hex()
