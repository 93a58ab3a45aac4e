"""Why a message came to nothing."""

from __future__ import annotations

from enum import StrEnum


class DropReason(StrEnum):
    """Why a message came to nothing. The names are stable."""

    NOT_SIP = "not-sip"
    """It could not be read, and could not be answered either."""
    KEEP_ALIVE = "keep-alive"
    """Nothing but line ends (RFC 5626 3.5.1)."""
    MALFORMED = "malformed"
    """A rule was broken; a request was answered if that could be done."""
    TOO_LARGE = "too-large"
    """More than `Limits.message_bytes` or the `MessageLimits` allow; by the latter a request was answered."""
    OVERLOADED = "overloaded"
    """A limit was reached; a request was answered with 503, a connection was closed."""
    UNANSWERED = "unanswered"
    """A request that was not served, and the answer to it would have had too many bytes for who asks unproven."""
    CLOSED = "closed"
    """It came on a connection on which nothing is read any more, or that is not known."""
    CUT_SHORT = "cut-short"
    """The rest of a message did not come: its connection ended, or it took too long."""
    NOT_SECURED = "not-secured"
    """A handshake of TLS failed, took too long, or proved the wrong name: the connection was closed before any message.
    """
    STRAY_RESPONSE = "stray-response"
    """A response that no transaction waits for (RFC 3261 18.1.2, RFC 6026 7.2)."""
    MISROUTED_RESPONSE = "misrouted-response"
    """A response whose Via is not ours, or that has more than one (RFC 3261 18.1.2, 8.1.3.3)."""
    STRAY_ACK = "stray-ack"
    """An ACK that belongs to no dialog and no transaction."""
    ABSORBED = "absorbed"
    """A repeat, or a message that came too late or too early: the state it met has no use for it."""
