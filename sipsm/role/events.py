"""What an application is told. Each event holds all it needs from birth, and is frozen."""

from __future__ import annotations

from attrs import frozen

from sipsm.errors import RemoteProtocolError
from sipsm.grammar import Uri
from sipsm.message import Message, Request, Response
from sipsm.message.bodies import Part
from sipsm.message.headers import RETRY_AFTER, SubscriptionState
from sipsm.role.call import Call, OutgoingRequest
from sipsm.role.drop_reason import DropReason
from sipsm.role.peer_referral import PeerReferral
from sipsm.role.peer_subscription import PeerSubscription
from sipsm.role.publication import Publication
from sipsm.role.publish_request import PublishRequest
from sipsm.role.referral import Referral
from sipsm.role.subscription import Subscription
from sipsm.standalone.compositor import EventState
from sipsm.standalone.messages import FOREVER, Validity
from sipsm.standalone.publication import Operation, PublicationEndReason
from sipsm.transport import Close, Flow, Open, Resolve, Send
from sipsm.usage import EndReason, Leg
from sipsm.usage.notifier import PeerSubscriptionEndReason
from sipsm.usage.subscription_outputs import SubscriptionEndReason


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
class MessageReceived:
    """An instant message, in a call or outside one (RFC 3428 7). It has been answered."""

    call: Call | None
    request: Request
    holds: Validity = FOREVER
    """For how long: `holds.is_over(now, date)` says whether what is shown now must be marked as expired."""


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
class SubscriptionPending:
    """A subscription of ours is there, and its notifier does not know yet whether we may have it (RFC 6665 4.1.3)."""

    subscription: Subscription
    request: Request
    """The NOTIFY that says so; `NotifyReceived` tells it as well."""


@frozen
class SubscriptionActive:
    """A subscription of ours is there, and granted (RFC 6665 4.1.3)."""

    subscription: Subscription
    request: Request
    """The NOTIFY that says so; `NotifyReceived` tells it as well."""


@frozen
class SubscriptionForked:
    """A further branch of our SUBSCRIBE has notified, and is a subscription of its own (RFC 6665 4.1.4)."""

    subscription: Subscription
    """The new one."""
    forked_from: Subscription


@frozen
class NotifyReceived:
    """A notifier tells a state, or a change of it (RFC 6665 4.1.3). It has been answered."""

    subscription: Subscription
    request: Request
    """Its body is the state, where it has one: see `sipsm.packages.read_document`."""
    state: SubscriptionState
    """How the subscription stands."""


@frozen
class RefreshFailed:
    """A refresh of our subscription came to nothing; it lasts as long as it did (RFC 6665 4.1.2.2).

    It is tried again by itself before the subscription ends.
    """

    subscription: Subscription
    status: int
    """Of the response; 408 when none came, 503 when it could not be sent (RFC 3261 8.1.3.1)."""
    response: Response | None


@frozen
class Resubscribing:
    """A subscription of ours has ended, and is made anew by itself (RFC 6665 4.1.3). `unsubscribe` prevents that."""

    subscription: Subscription
    reason: SubscriptionEndReason
    after_s: float
    """In how many seconds."""
    message: Request | Response | None
    """The NOTIFY or the response that ended it, if one did."""


@frozen
class SubscriptionEnded:
    """A subscription of ours is over; there is one such event for each."""

    subscription: Subscription
    reason: SubscriptionEndReason
    message: Request | Response | None
    """The NOTIFY or the response that ended it, if one did."""
    retry_after_s: int | None = None
    """When the notifier would have it made anew: for the application, since it is not by itself."""

    @property
    def status(self) -> int | None:
        """The status of the response that ended it; 408 and 503 for silence and failure (RFC 3261 8.1.3.1)."""
        if isinstance(self.message, Response):
            return self.message.status
        return _STATUS_OF.get(self.reason)


_STATUS_OF = {
    SubscriptionEndReason.TIMED_OUT: 408,
    SubscriptionEndReason.NO_NOTIFY: 408,
    SubscriptionEndReason.TRANSPORT_FAILED: 503,
}


@frozen
class Published:
    """A compositor has accepted a PUBLISH of ours: the state is there, has been changed, or lasts longer (RFC 3903 4).

    `publication.entity_tag` is the new one.
    """

    publication: Publication
    operation: Operation
    """What was accepted; a removal is told by `PublicationEnded`."""
    expires_s: int
    """How long it lasts from when the PUBLISH went out, in seconds, unless it is refreshed; which is done by itself."""
    response: Response


@frozen
class PublishFailed:
    """A refresh or a modification of our publication came to nothing: the compositor has what it had (RFC 3903 5)."""

    publication: Publication
    operation: Operation
    status: int
    """Of the response; 408 when none came, 503 when it could not be sent (RFC 3261 8.1.3.1)."""
    response: Response | None
    retry_after_s: float | None
    """After how many seconds it is tried again by itself; None when it is not: another state must be published, or
    the publication expires before."""


@frozen
class PublicationEnded:
    """Our publication is over; there is one such event for each."""

    publication: Publication
    reason: PublicationEndReason
    status: int | None
    """Of the response that ended it; 408 when none came, 503 when it could not be sent; None where neither did."""
    response: Response | None


@frozen
class PublishRequested:
    """Somebody wants to publish here, and what he wants is in order: do `asked.accept` or `asked.reject` (RFC 3903 6).

    Only where `Composing.by_hand` says that the application decides.
    """

    asked: PublishRequest
    request: Request


@frozen
class PublishWithdrawn:
    """Nobody has decided on a PUBLISH in time: its sender waits no more, and nothing has changed (RFC 4320 4.2)."""

    asked: PublishRequest


@frozen
class StatePublished:
    """Another state holds for an address from now on: a publication has come, changed, expired or been removed.

    Those who watch the address are to be told (RFC 3903 1). A mere refresh is not told.
    """

    address: Uri
    """Whose state it is: the Request-URI of the PUBLISH without its parameters."""
    event: str
    """The event package."""
    states: tuple[EventState, ...]
    """The live publications, to be composed as the package wants it; the one that was changed last stands last."""
    request: Request | None
    """The PUBLISH that has changed it; None when one has expired."""


@frozen
class RequestServed:
    """A request outside a call, or one within that concerns no session, was answered without asking the application."""

    request: Request
    status: int


@frozen
class SubscriptionRequested:
    """Somebody subscribes here (RFC 6665 4.2.1). Do `subscription.accept`, `pending` or `reject` at once.

    A SUBSCRIBE for which nothing is done for 4 s (8*T1) is accepted, and its subscription is pending.
    """

    subscription: PeerSubscription
    request: Request
    """The SUBSCRIBE."""


@frozen
class StateWanted:
    """A peer is to be told the whole state at once, by `subscription.notify`, and only the application knows it.

    It has refreshed its subscription since it was told changes only, or more changes wait than `Limits` allow.
    """

    subscription: PeerSubscription


@frozen
class NotificationRefused:
    """A NOTIFY came to nothing, and the subscription goes on: what it told has not been told (RFC 6665 4.2.2)."""

    subscription: PeerSubscription
    status: int
    """Of the response; 503 when it could not be sent (RFC 3261 8.1.3.1)."""
    response: Response | None


@frozen
class PeerSubscriptionEnded:
    """A subscription of a peer is over; there is one such event for each. Its last NOTIFY may yet be under way."""

    subscription: PeerSubscription
    reason: PeerSubscriptionEndReason
    message: Request | Response | None
    """The SUBSCRIBE that ended it, or the response to a NOTIFY, if one did."""


@frozen
class ReferAccepted:
    """The other side does what our REFER asks for (RFC 3515 2.4.2)."""

    referral: Referral
    message: Request | Response
    """The 2xx, or the NOTIFY that has overtaken it."""
    subscribes: bool
    """Whether `ReferProgress` and `ReferEnded` will tell how that goes; else nothing more is told (RFC 4488 4)."""


@frozen
class ReferProgress:
    """The other side tells how far it has come with what our REFER asks for (RFC 3515 2.4.5)."""

    referral: Referral
    status: int | None
    """Such as 180, and from 200 on how it has ended; None where nobody could read that."""
    reason: str
    request: Request
    """The NOTIFY, which may tell more of it."""


@frozen
class ReferEnded:
    """Our REFER is over; there is one such event for each that is not accepted without any report."""

    referral: Referral
    status: int | None
    """What was told last; where nothing was, that of the response that refused the REFER, if one did."""
    reason: SubscriptionEndReason
    """`NO_RESOURCE` where the other side has come to an end with it (RFC 3515 2.4.7), `REFUSED` where it did not begin;
    others where the subscription, by which that is told, has ended before."""
    message: Request | Response | None
    """The NOTIFY or the response that ended it, if one did."""

    @property
    def succeeded(self) -> bool:
        """Whether what it asked for was done, as far as that is known."""
        return self.status is not None and 200 <= self.status < 300


@frozen
class ReferReceived:
    """Somebody asks to contact another (RFC 3515 2.4.2). Do `referral.follow`, `referral.accept` or `referral.reject`.

    Whether its sender may ask that is for the application to say; `referral` says whom to contact, and on whose behalf.
    """

    referral: PeerReferral
    request: Request
    about: Call | None
    """The call that it is about: in whose dialog it came, or that its Target-Dialog names (RFC 4538 4)."""


@frozen
class NotDelivered:
    """A message that nobody waits for an answer to could not be handed to the network (RFC 3261 18.4).

    A response, an ACK or a CANCEL. Its sender goes on with its timers (RFC 6026 7.1).
    """

    data: bytes
    """The message."""
    why: str


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
    | MessageReceived
    | Established
    | Ended
    | Answered
    | SubscriptionPending
    | SubscriptionActive
    | SubscriptionForked
    | NotifyReceived
    | RefreshFailed
    | Resubscribing
    | SubscriptionEnded
    | Published
    | PublishFailed
    | PublicationEnded
    | PublishRequested
    | PublishWithdrawn
    | StatePublished
    | RequestServed
    | SubscriptionRequested
    | StateWanted
    | NotificationRefused
    | PeerSubscriptionEnded
    | ReferAccepted
    | ReferProgress
    | ReferEnded
    | ReferReceived
    | NotDelivered
    | Dropped
)
"""All that an application can be told."""

Output = Send | Resolve | Open | Close | Event
"""What an endpoint returns, to be performed in order: four kinds of actions for the adapter, and events."""
