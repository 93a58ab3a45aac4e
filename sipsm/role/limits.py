"""How much an endpoint takes on, and what happens beyond that."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import ge


@frozen
class Limits:
    """The bounds of an endpoint. Each is at least 1."""

    message_bytes: int = field(default=65_535, validator=ge(1))
    """A longer datagram is dropped as `too-large`, unanswered. What a message may have, see `MessageLimits`."""
    transactions: int = field(default=100_000, validator=ge(1))
    """Server transactions alive at once; the next request gets 503 with Retry-After, made without state."""
    calls: int = field(default=10_000, validator=ge(1))
    """Calls alive at once; the next INVITE gets 503, and `invite` raises `LocalProtocolError`."""
    look_ups: int = field(default=10_000, validator=ge(1))
    """Requests that wait for a `Resolve` at once; the next one counts as not sent."""
    forks: int = field(default=32, validator=ge(1))
    """Dialogs that one INVITE of ours may make; a response that would make one more is dropped as `overloaded`."""
