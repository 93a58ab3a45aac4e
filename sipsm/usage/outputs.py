"""What the machines of a call ask for, and what they tell.

Requests and responses are asked for by what they mean; the role builds them from the dialog. What is told carries
no call: the role, which knows whose machines these are, adds it. Nobody changes one that is made; they are not frozen all
the same, since each is made for one step, and to make what is frozen takes more than twice as long.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from attrs import define

from sipsm.message import Request, Response

HeaderLines = tuple[tuple[str, str], ...]


def header_lines(lines: Iterable[tuple[str, str]]) -> HeaderLines:
    """Header lines as a tuple of (name, value)."""
    return tuple([(name, value) for name, value in lines]) if lines else ()


# -------------------------------------------------------------------- what is to be sent


@define
class Reply:
    """Send a response to the INVITE."""

    status: int
    reason: str | None = None
    body: bytes = b""
    content_type: str = "application/sdp"
    headers: HeaderLines = ()


@define
class ReplyReliably:
    """Send a provisional response to the INVITE with this RSeq number (RFC 3262 3)."""

    reply: Reply
    rseq: int


@define
class RepeatProvisional:
    """Send the reliable provisional response once more."""


@define
class RepeatReply:
    """Send the 2xx to the INVITE once more."""


@define
class Acknowledge:
    """Send the ACK for a 2xx, with the answer if it carried the offer."""

    body: bytes = b""
    content_type: str = "application/sdp"
    headers: HeaderLines = ()


@define
class AcknowledgeAgain:
    """Send the same ACK again."""


@define
class Prack:
    """Send the PRACK for a reliable provisional response, with an answer or an offer if it is to bear one."""

    response: Response | None = None
    """The response; None in a command of the application: the one that waits."""
    body: bytes = b""
    content_type: str = "application/sdp"
    headers: HeaderLines = ()


@define
class Cancel:
    """Send a CANCEL for the INVITE."""

    headers: HeaderLines = ()


@define
class GiveUp:
    """The CANCEL had no effect: forget the INVITE's transaction."""


@define
class Withdraw:
    """If the INVITE has not been sent, because its address is still looked for, it need not be."""


@define
class HangUp:
    """Send a BYE."""

    headers: HeaderLines = ()
    branch: bool = False
    """Whether it is for one early dialog only, while its INVITE goes on."""


@define
class Ask:
    """Send a request within the dialog."""

    method: str
    headers: HeaderLines = ()
    body: bytes = b""
    content_type: str | None = None
    asked_as: object = None
    """What the application knows it as; nothing to the machines."""


@define
class Modify:
    """Send a re-INVITE or an UPDATE: to change the session, to refresh it, or to name another Contact."""

    method: str
    body: bytes = b""
    content_type: str = "application/sdp"
    headers: HeaderLines = ()
    again: bool = False
    """Whether this is the second try, after a 491."""
    refresh: bool = False
    """Whether the session timer asked for it, and not the application."""
    wait_s: float = 0.0
    """How long to wait before the other try, in seconds: drawn for it (RFC 3261 14.1)."""
    since: tuple[bytes, bytes] | None = None
    """What was agreed when it was wished for: what the offer in it was made from."""


@define
class Accept:
    """Answer a request within the dialog with 200."""

    request: Request


@define
class Decide:
    """Answer the request that has been waiting for the application's word: an UPDATE or a PRACK."""

    method: str
    status: int
    reason: str | None = None
    body: bytes = b""
    content_type: str = "application/sdp"
    headers: HeaderLines = ()


# -------------------------------------------------------------------- what is told


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
    EXPIRED = "expired"
    """The time that the INVITE's Expires allows was over before it was answered (RFC 3261 13.3.1)."""
    TIMED_OUT = "timed-out"
    """No final response came to the INVITE; as a 408 (RFC 3261 8.1.3.1)."""
    TRANSPORT_FAILED = "transport-failed"
    """The INVITE could not be sent; as a 503 (RFC 3261 8.1.3.1)."""
    NOT_ACKNOWLEDGED = "not-acknowledged"
    """Our 2xx never got its ACK (RFC 3261 13.3.1.4), or our reliable provisional response its PRACK (RFC 3262 3)."""
    NO_ANSWER = "no-answer"
    """The ACK or the PRACK did not answer our offer."""
    PEER_LOST = "peer-lost"
    """A request within the dialog got 481, 408 or silence (RFC 3261 12.2.1.2), or no ACK could be sent for its 2xx."""
    NOT_REFRESHED = "not-refreshed"
    """Nobody refreshed the session before it expired (RFC 4028 10)."""
    REPLACED = "replaced"
    """Another call took its place (RFC 3891 3)."""


@define
class Rang:
    """A provisional response other than 100 came."""

    response: Response
    reliable: bool = False
    """Whether it was sent reliably, and its PRACK waits for the application."""


@define
class EarlyEnded:
    """An early dialog is over, while the INVITE goes on: a 199 said so, or its PRACK failed."""

    message: Response | None


@define
class ProvisionalAcknowledged:
    """The PRACK for our reliable provisional response has come."""

    request: Request


@define
class Connected:
    """The session is established: our 2xx has its ACK, or the peer's 2xx has come, and its offer has been answered."""

    message: Request | Response | None
    """The ACK or the 2xx, if it is this that has come now."""


@define
class Failure:
    """What an INVITE of ours came to, when it came to no 2xx."""

    reason: EndReason
    response: Response | None = None
    wish: Modify | None = None
    """What it was to change, if it was sent within a dialog."""

    @property
    def status(self) -> int:
        """Of the response; 408 when there is none (RFC 3261 8.1.3.1)."""
        if self.response is not None:
            return self.response.status
        return 503 if self.reason is EndReason.TRANSPORT_FAILED else 408


@define
class Modified:
    """A re-INVITE or UPDATE of ours has been accepted."""

    wish: Modify
    response: Response


@define
class ModifyRefused:
    """A re-INVITE or UPDATE of ours came to nothing; the session is as it was."""

    failure: Failure
    retry_after_s: float | None = None
    """When it is tried once more by itself, seconds from now; None: it is not."""


@define
class PeerModifies:
    """The peer wants to change the session and makes no offer, or names another Contact only."""

    request: Request


@define
class OfferWithdrawn:
    """The peer has cancelled its re-INVITE, or it expired."""

    message: Request | None


@define
class TryAgain:
    """Attempt the re-INVITE or UPDATE once more, if that may be done now."""

    wish: Modify


@define
class Outdated:
    """The re-INVITE or UPDATE that waits is not attempted once more: what it was to change has changed."""

    wish: Modify


@define
class Refresh:
    """Send a session refresh request, if that may be done now (RFC 4028 10)."""


@define
class SendInviteAgain:
    """Send the initial INVITE anew, as this request."""

    request: Request


@define
class Postpone:
    """Send the initial INVITE anew as this request, when so many seconds have passed."""

    request: Request
    wait_s: float
    response: Response
    """The one that named the time."""


@define
class Postponed:
    """The initial INVITE was refused, and waits to be sent anew."""

    response: Response
    wait_s: float


@define
class Over:
    """The session, or the attempt at one, is over."""

    reason: EndReason
    message: Request | Response | None = None
