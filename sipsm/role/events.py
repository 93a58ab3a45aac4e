"""What an application is told. Each event holds all it needs from birth, and is frozen."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from sipsm.message import Request, Response
from sipsm.role.call import Call, OutgoingRequest
from sipsm.transport import Close, Flow, Open, Resolve, Send
from sipsm.usage import EndReason


@frozen
class IncomingCall:
    """Somebody calls (RFC 3261 13.3.1). Do `call.ring`, `call.answer` or `call.reject`."""

    call: Call
    request: Request
    """The INVITE."""
    offer: bytes
    """Its session description, or nothing: then the answer to the call must carry the offer."""


@frozen
class Ringing:
    """A provisional response other than 100 came for our call (RFC 3261 13.2.2.1)."""

    call: Call
    response: Response


@frozen
class OfferReceived:
    """The peer proposes a session description in its 2xx (RFC 3264 5). Reply with `call.answer_offer`."""

    call: Call
    sdp: bytes
    in_message: Request | Response


@frozen
class AnswerReceived:
    """The peer has answered our offer (RFC 3264 6), in a response or an ACK."""

    call: Call
    sdp: bytes
    in_message: Request | Response


@frozen
class Established:
    """The call is up: the peer has answered, or has acknowledged our answer."""

    call: Call
    message: Request | Response
    """The 2xx, or the ACK."""


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


@frozen
class Answered:
    """A request of ours, in a call or outside, has its final response."""

    request: OutgoingRequest
    status: int
    """Of the response; 408 when none came, 503 when it could not be sent (RFC 3261 8.1.3.1)."""
    response: Response | None
    why: str = ""
    """When there is no response: the reason."""


@frozen
class RequestServed:
    """A request outside a call, or one within that concerns no session, was answered without asking the application."""

    request: Request
    status: int


@frozen
class NotDelivered:
    """A message that nobody waits for an answer to could not be handed to the network (RFC 3261 18.4).

    A response, an ACK or a CANCEL. Its sender goes on with its timers (RFC 6026 7.1).
    """

    data: bytes
    """The message."""
    why: str


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
    CLOSED = "closed"
    """It came on a connection on which nothing is read any more, or that is not known."""
    CUT_SHORT = "cut-short"
    """The rest of a message did not come: its connection ended, or it took too long."""
    STRAY_RESPONSE = "stray-response"
    """A response that no transaction waits for (RFC 3261 18.1.2, RFC 6026 7.2)."""
    MISROUTED_RESPONSE = "misrouted-response"
    """A response whose Via is not ours, or that has more than one (RFC 3261 18.1.2, 8.1.3.3)."""
    STRAY_ACK = "stray-ack"
    """An ACK that belongs to no dialog and no transaction."""
    ABSORBED = "absorbed"
    """A repeat, or a message that came too late or too early: the state it met has no use for it."""


@frozen
class Dropped:
    """A message came to nothing, and this is what it was and why. No message disappears without one."""

    reason: DropReason
    why: str
    flow: Flow
    data: bytes | Request | Response
    """The message, or the bytes where they are none."""


Event = (
    IncomingCall
    | Ringing
    | OfferReceived
    | AnswerReceived
    | Established
    | Ended
    | Answered
    | RequestServed
    | NotDelivered
    | Dropped
)
"""All that an application can be told."""

Output = Send | Resolve | Open | Close | Event
"""What an endpoint returns, to be performed in order: four kinds of actions for the adapter, and events."""
