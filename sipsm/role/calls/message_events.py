"""Events of single messages: a request of ours is answered, one of a peer was, or a message came to nothing."""

from __future__ import annotations

from attrs import frozen

from sipsm.message import Request, Response
from sipsm.role.calls.call import Call, OutgoingRequest
from sipsm.role.drop_reason import DropReason
from sipsm.standalone.messages import FOREVER, Validity
from sipsm.transport import Flow


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
class MessageReceived:
    """An instant message, in a call or outside one (RFC 3428 7). It has been answered."""

    call: Call | None
    request: Request
    holds: Validity = FOREVER
    """For how long: `holds.is_over(now, date)` says whether what is shown now must be marked as expired."""


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
    call: Call | None = None
    """The call that it is the ACK of. The ACK goes out again when the 2xx comes again; where none can be sent within
    64*T1, the call is over (RFC 3261 13.2.2.4)."""


@frozen
class Dropped:
    """A message came to nothing, and this is what it was and why. No message disappears without one."""

    reason: DropReason
    why: str
    flow: Flow
    data: bytes | Request | Response
    """The message, or the bytes where they are none."""


@frozen
class ServerUnproven:
    """A response to credentials of ours bears a proof of the server's that is wrong: it does not know our password, or
    somebody has changed what it said (RFC 7616 3.5). The response is taken as it is: whether to go on is for the
    application."""

    status: int
    """401 where the proof is that of a server, 407 where it is a proxy's."""
    response: Response


MessageEvent = Answered | MessageReceived | RequestServed | NotDelivered | Dropped | ServerUnproven
"""All that is told of single messages."""
