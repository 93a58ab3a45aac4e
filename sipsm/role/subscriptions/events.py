"""Events of subscriptions (RFC 6665): of our own, and of those of peers here."""

from __future__ import annotations

from attrs import frozen

from sipsm.message import Request, Response
from sipsm.message.headers import SubscriptionState
from sipsm.role.subscriptions.peer_subscription import PeerSubscription
from sipsm.role.subscriptions.subscription import Subscription
from sipsm.usage.notifier import PeerSubscriptionEndReason
from sipsm.usage.subscription_outputs import SubscriptionEndReason


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


SubscriptionEvent = (
    SubscriptionPending
    | SubscriptionActive
    | SubscriptionForked
    | NotifyReceived
    | RefreshFailed
    | Resubscribing
    | SubscriptionEnded
    | SubscriptionRequested
    | StateWanted
    | NotificationRefused
    | PeerSubscriptionEnded
)
"""All that is told of subscriptions."""
