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
from sipsm.role.events.messages import Answered, Dropped, MessageEvent, MessageReceived, NotDelivered, RequestServed
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
from sipsm.role.events.registrations import (
    BindingAdded,
    BindingRefreshed,
    BindingRemoved,
    Registered,
    RegisterFailed,
    RegistrationEnded,
    RegistrationEvent,
    RegistrationRequested,
    RegistrationWithdrawn,
)
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
    "BindingAdded",
    "BindingRefreshed",
    "BindingRemoved",
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
    "RegisterFailed",
    "Registered",
    "RegistrationEnded",
    "RegistrationRequested",
    "RegistrationWithdrawn",
    "RequestServed",
    "Resubscribing",
    "Ringing",
    "StatePublished",
    "StateWanted",
    "SubscriptionActive",
    "SubscriptionEnded",
    "SubscriptionForked",
    "SubscriptionPending",
    "SubscriptionRequested",
]

Event = CallEvent | SubscriptionEvent | ReferEvent | PublicationEvent | RegistrationEvent | MessageEvent
"""All that an application can be told."""

Output = Send | Resolve | Open | Close | Event
"""What an endpoint returns, to be performed in order: four kinds of actions for the adapter, and events."""
