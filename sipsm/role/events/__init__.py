"""What an application is told. Each event holds all it needs from birth, and is frozen."""

from __future__ import annotations

from sipsm.role.events.calls import (
    AnswerReceived,
    CallEvent,
    EarlyDialogEnded,
    Ended,
    Established,
    Forked,
    IncomingCall,
    InfoReceived,
    ModificationRefused,
    Modified,
    OfferReceived,
    OfferRequested,
    OfferWithdrawn,
    Postponed,
    ProvisionalAcknowledged,
    Redirected,
    Refreshed,
    Ringing,
)
from sipsm.role.events.messages import (
    Answered,
    Dropped,
    MessageEvent,
    MessageReceived,
    NotDelivered,
    RequestServed,
    ServerUnproven,
)
from sipsm.role.events.publications import (
    PublicationEnded,
    PublicationEvent,
    Published,
    PublishFailed,
    PublishRequested,
    PublishWithdrawn,
    StatePublished,
)
from sipsm.role.events.referrals import ReferAccepted, ReferEnded, ReferEvent, ReferForked, ReferProgress, ReferReceived
from sipsm.role.events.subscriptions import (
    NotificationRefused,
    NotifyReceived,
    PeerSubscriptionEnded,
    RefreshFailed,
    Resubscribing,
    StateWanted,
    SubscriptionActive,
    SubscriptionEnded,
    SubscriptionEvent,
    SubscriptionForked,
    SubscriptionPending,
    SubscriptionRequested,
)
from sipsm.transport import Close, Open, Resolve, Send

__all__ = [
    "AnswerReceived",
    "Answered",
    "Dropped",
    "EarlyDialogEnded",
    "Ended",
    "Established",
    "Event",
    "Forked",
    "IncomingCall",
    "InfoReceived",
    "MessageReceived",
    "ModificationRefused",
    "Modified",
    "NotDelivered",
    "NotificationRefused",
    "NotifyReceived",
    "OfferReceived",
    "OfferRequested",
    "OfferWithdrawn",
    "Output",
    "PeerSubscriptionEnded",
    "Postponed",
    "ProvisionalAcknowledged",
    "PublicationEnded",
    "PublishFailed",
    "PublishRequested",
    "PublishWithdrawn",
    "Published",
    "Redirected",
    "ReferAccepted",
    "ReferEnded",
    "ReferForked",
    "ReferProgress",
    "ReferReceived",
    "RefreshFailed",
    "Refreshed",
    "RequestServed",
    "Resubscribing",
    "Ringing",
    "ServerUnproven",
    "StatePublished",
    "StateWanted",
    "SubscriptionActive",
    "SubscriptionEnded",
    "SubscriptionForked",
    "SubscriptionPending",
    "SubscriptionRequested",
]

Event = CallEvent | SubscriptionEvent | ReferEvent | PublicationEvent | MessageEvent
"""All that an application can be told."""

Output = Send | Resolve | Open | Close | Event
"""What an endpoint returns, to be performed in order: four kinds of actions for the adapter, and events."""
