"""How much an endpoint takes on, and what happens beyond that."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import ge, optional


@frozen
class Limits:
    """The bounds of an endpoint. Each is at least 1, and the MTU of a path at least 576 (RFC 791 3.2)."""

    message_bytes: int = field(default=65_535, validator=ge(1))
    """A longer datagram is dropped as `too-large`, unanswered. What a message may have, see `MessageLimits`."""
    transactions: int = field(default=100_000, validator=ge(1))
    """Server transactions alive at once; the next request gets 503 with Retry-After, made without state."""
    calls: int = field(default=10_000, validator=ge(1))
    """Calls alive at once; the next INVITE gets 503, and `invite` raises `LocalProtocolError`."""
    path_mtu: int | None = field(default=None, validator=optional(ge(576)))
    """The largest packet that gets through everywhere in one piece, in bytes, where that is known: a request that comes
    within 200 bytes of it goes by TCP; else one that has more than 1300 (RFC 3261 18.1.1)."""
    look_ups: int = field(default=10_000, validator=ge(1))
    """Requests that wait for a `Resolve` at once; the next one counts as not sent."""
    subscriptions: int = field(default=100_000, validator=ge(1))
    """Subscriptions of ours alive at once; `subscribe` raises `LocalProtocolError` then, and no further branch of a
    SUBSCRIBE makes one."""
    messages: int = field(default=100, validator=ge(1))
    """MESSAGE requests of ours that wait until one before them is answered, to one URI or in one call; with one more
    the command raises `LocalProtocolError`."""
    publications: int = field(default=10_000, validator=ge(1))
    """Publications of ours alive at once; with one more, `publish` raises `LocalProtocolError`."""
    registrations: int = field(default=10_000, validator=ge(1))
    """Registrations of ours alive at once; with one more, `register` raises `LocalProtocolError`."""
    forks: int = field(default=32, validator=ge(1))
    """Dialogs that one INVITE or SUBSCRIBE of ours may make; a response that would make one more is dropped as
    `overloaded`, a NOTIFY gets 481."""
    peer_subscriptions: int = field(default=100_000, validator=ge(1))
    """Subscriptions of peers alive at once; the next SUBSCRIBE for a new one gets 503 with Retry-After."""
    subscriptions_in_dialog: int = field(default=100, validator=ge(1))
    """Subscriptions alive at once in one dialog, of either side; the next SUBSCRIBE for a new one there, or REFER, gets
    503."""
    authentications: int = field(default=1_000, validator=ge(1))
    """Destinations, and calls through proxies, for which it is remembered what their servers asked for, so that
    credentials are sent ahead; with one more, the one that was asked for first is forgotten."""
    waiting_changes: int = field(default=16, validator=ge(1))
    """Partial notifications that wait for one subscription; with one more, the application is asked for all of the
    state."""
