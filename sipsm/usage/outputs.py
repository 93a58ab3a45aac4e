"""What the machines of a call ask for, and what they tell.

Requests and responses are asked for by what they mean; the role builds them from the dialog. What is told carries
no call: the role, which knows whose machines these are, adds it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from attrs import field, frozen

from sipsm.message import Request, Response

HeaderLines = tuple[tuple[str, str], ...]


def header_lines(lines: Iterable[tuple[str, str]]) -> HeaderLines:
    """Header lines as a tuple of (name, value)."""
    return tuple((name, value) for name, value in lines)


@frozen
class Reply:
    """Send a response to the INVITE."""

    status: int
    reason: str | None = None
    body: bytes = b""
    content_type: str = "application/sdp"
    headers: HeaderLines = field(default=(), converter=header_lines)


@frozen
class RepeatReply:
    """Send the 2xx to the INVITE once more."""


@frozen
class Acknowledge:
    """Send the ACK for a 2xx, with the answer if it carried the offer."""

    body: bytes = b""
    content_type: str = "application/sdp"
    headers: HeaderLines = field(default=(), converter=header_lines)


@frozen
class AcknowledgeAgain:
    """Send the same ACK again."""


@frozen
class Cancel:
    """Send a CANCEL for the INVITE."""

    headers: HeaderLines = field(default=(), converter=header_lines)


@frozen
class GiveUp:
    """The CANCEL had no effect: forget the INVITE's transaction."""


@frozen
class Withdraw:
    """If the INVITE has not been sent, because its address is still looked for, it need not be."""


@frozen
class HangUp:
    """Send a BYE."""

    headers: HeaderLines = field(default=(), converter=header_lines)


@frozen
class Ask:
    """Send a request within the dialog."""

    method: str
    headers: HeaderLines = field(default=(), converter=header_lines)
    body: bytes = b""
    content_type: str | None = None
    asked_as: object = None
    """What the application knows it as; nothing to the machines."""


@frozen
class Accept:
    """Answer a request within the dialog with 200."""

    request: Request


class EndReason(StrEnum):
    """Why a call is over. The names are stable."""

    HUNG_UP = "hung-up"
    """We sent a BYE."""
    HUNG_UP_BY_PEER = "hung-up-by-peer"
    """The peer sent a BYE."""
    REJECTED = "rejected"
    """The peer, or somebody on the way, answered the INVITE with 300 or more."""
    DECLINED = "declined"
    """We answered the INVITE with 300 or more."""
    CANCELLED = "cancelled"
    """We cancelled the INVITE."""
    CANCELLED_BY_PEER = "cancelled-by-peer"
    """The peer cancelled the INVITE, or sent a BYE before it was answered."""
    TIMED_OUT = "timed-out"
    """No final response came to the INVITE; as a 408 (RFC 3261 8.1.3.1)."""
    TRANSPORT_FAILED = "transport-failed"
    """The INVITE could not be sent; as a 503 (RFC 3261 8.1.3.1)."""
    NOT_ACKNOWLEDGED = "not-acknowledged"
    """Our 2xx never got its ACK (RFC 3261 13.3.1.4)."""
    NO_ANSWER = "no-answer"
    """The ACK did not answer the offer in our 2xx."""
    PEER_LOST = "peer-lost"
    """A request within the dialog got 481, 408 or silence (RFC 3261 12.2.1.2)."""


@frozen
class Rang:
    """A provisional response other than 100 came."""

    response: Response


@frozen
class Connected:
    """The session is established: our 2xx has its ACK, or the peer's 2xx has come."""

    message: Request | Response


@frozen
class Over:
    """The session, or the attempt at one, is over."""

    reason: EndReason
    message: Request | Response | None = None
