"""Events of a call (RFC 3261 13, 14 and 15), and of the session in it."""

from __future__ import annotations

from attrs import frozen

from sipsm.errors import RemoteProtocolError
from sipsm.message import Message, Request, Response
from sipsm.message.bodies import Part
from sipsm.message.headers import RETRY_AFTER
from sipsm.role.calls.call import Call
from sipsm.usage import EndReason, Leg


@frozen
class IncomingCall:
    """Somebody calls (RFC 3261 13.3.1). Do `call.ring`, `call.answer` or `call.reject`."""

    call: Call
    request: Request
    """The INVITE."""
    offer: bytes
    """Its session description, or nothing: then the answer to the call must carry the offer."""
    replaces: Call | None = None
    """The call whose place this one takes when it is answered (RFC 3891 3). The policy lets it; whether its sender may
    is for the application to say."""
    joins: Call | None = None
    """The call that this one asks to be mixed with (RFC 3911 4). That is for the application to do."""


@frozen
class Ringing:
    """A provisional response other than 100 came for our call (RFC 3261 13.2.2.1)."""

    call: Call
    response: Response
    dialog: Leg
    """The early dialog that it belongs to: each branch of a fork makes one."""


@frozen
class EarlyDialogEnded:
    """One early dialog of our INVITE is over, and the INVITE is not (RFC 6228 4, RFC 3261 12.2.1.2)."""

    call: Call
    dialog: Leg
    response: Response | None
    """The 199 that said so; None when a request in it failed, or when we hung up there."""


@frozen
class ProvisionalAcknowledged:
    """The PRACK for our reliable provisional response has come (RFC 3262 3): the next one may be sent."""

    call: Call
    request: Request


@frozen
class OfferReceived:
    """The peer proposes a session description (RFC 3264 5). Reply with `call.answer_offer`.

    It came in a 2xx or a reliable provisional response to our INVITE without one, or in a PRACK, a re-INVITE or an
    UPDATE (RFC 6337 2). The last two may also be refused with `call.reject_offer`; an UPDATE is to be answered at once.
    """

    call: Call
    sdp: bytes
    in_message: Request | Response
    dialog: Leg


@frozen
class OfferRequested:
    """The peer's re-INVITE has no offer (RFC 3261 14.2): `call.answer` it with one, or `call.reject_offer`."""

    call: Call
    request: Request


@frozen
class OfferWithdrawn:
    """A re-INVITE of the peer need not be answered any more: it was cancelled, or has expired (RFC 3261 9.2).

    Or its UPDATE or PRACK waited for so long that no answer would reach it (RFC 4320 4.2).
    """

    call: Call
    request: Request | None


@frozen
class AnswerReceived:
    """The peer has answered our offer (RFC 3264 6), in a response, a PRACK or an ACK."""

    call: Call
    sdp: bytes
    in_message: Request | Response
    dialog: Leg


@frozen
class Modified:
    """A re-INVITE or UPDATE of ours was accepted; `AnswerReceived` has told the answer, if it was an offer."""

    call: Call
    method: str
    response: Response


@frozen
class ModificationRefused:
    """A re-INVITE or UPDATE of ours came to nothing: the session is as it was (RFC 3261 14.1, RFC 3311 5.3)."""

    call: Call
    method: str
    status: int
    """Of the response; 408 when none came, 503 when it could not be sent (RFC 3261 8.1.3.1)."""
    response: Response | None
    retry_after_s: float | None
    """After a collision: seconds until it is tried once more by itself. None: it is not, or not any more, since the
    session has changed meanwhile."""
    undone: bool = False
    """Whether an exchange within the re-INVITE had been completed, which is undone now. The peer may not think so: have
    `call.offer` send what `call.agreed` holds, with a higher version, so that both are sure (RFC 6141 3.4)."""


@frozen
class Refreshed:
    """The peer has refreshed the session, or named another Contact, without an offer (RFC 3311 5.1, RFC 4028 7.4)."""

    call: Call
    request: Request


@frozen
class Forked:
    """A further branch has answered our INVITE, and is a call of its own (RFC 3261 13.2.2.4, `Policy.keeps_forks`)."""

    call: Call
    """The new one."""
    forked_from: Call


@frozen
class Redirected:
    """Our INVITE goes to another target, since a 3xx has named it and the policy lets it (RFC 3261 8.1.3.4).

    From a SIPS URI to a SIP URI is from a secure way to one that is not.
    """

    call: Call
    response: Response | None
    """The 3xx; or what the target that was tried before has come to, None for silence."""
    target: str


@frozen
class Postponed:
    """Our INVITE was refused, and is sent anew when the time is over that the response names (RFC 3261 20.33).

    The policy lets it, see `Policy.longest_wait_s`. Until then `call.cancel` ends the call.
    """

    call: Call
    response: Response
    retry_after_s: float
    """Seconds from now."""


@frozen
class InfoReceived:
    """An INFO of a package that we take, or of none: as before RFC 6086 (RFC 6086 4.2.2). It has been answered."""

    call: Call
    package: str | None
    request: Request
    parts: tuple[Message | Part, ...] = ()
    """What of the body is the package's: the request itself, or parts of a multipart (RFC 6086 4.3.1)."""


@frozen
class Established:
    """The call is up: the peer has answered, or has acknowledged our answer."""

    call: Call
    message: Request | Response | None
    """The 2xx, or the ACK; None where the 2xx came before with an offer (`OfferReceived`) that was to be answered."""


@frozen
class Ended:
    """The call is over; there is one such event for each call."""

    call: Call
    reason: EndReason
    message: Request | Response | None
    """The response, BYE or CANCEL that ended it, if one did."""

    @property
    def status(self) -> int | None:
        """The final response's status where one ended it; 408 and 503 for silence and failure (RFC 3261 8.1.3.1)."""
        if self.reason is EndReason.TIMED_OUT:
            return 408
        if self.reason is EndReason.TRANSPORT_FAILED:
            return 503
        return self.message.status if isinstance(self.message, Response) else None

    @property
    def retry_after_s(self) -> int | None:
        """When it may be tried again, seconds from the response, where that says so (RFC 3261 20.33)."""
        return retry_after_s(self.message) if isinstance(self.message, Response) else None


def retry_after_s(response: Response) -> int | None:
    """The seconds that a response names in Retry-After; None where it names none that can be read."""
    try:
        after = response[RETRY_AFTER]
    except RemoteProtocolError:
        return None
    return None if after is None else after.wait_s


CallEvent = (
    IncomingCall
    | Ringing
    | EarlyDialogEnded
    | ProvisionalAcknowledged
    | OfferReceived
    | OfferRequested
    | OfferWithdrawn
    | AnswerReceived
    | Modified
    | ModificationRefused
    | Refreshed
    | Forked
    | Redirected
    | Postponed
    | InfoReceived
    | Established
    | Ended
)
"""All that is told of calls."""
