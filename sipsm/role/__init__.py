"""Compositions of the machines: here the user agent (RFC 3261 8, 11, 12, 13)."""

from __future__ import annotations

from sipsm.role.call import Call, CallState, OutgoingRequest
from sipsm.role.calls import DropNote
from sipsm.role.events import (
    Answered,
    AnswerReceived,
    Dropped,
    DropReason,
    EarlyDialogEnded,
    Ended,
    Established,
    Event,
    Forked,
    IncomingCall,
    InfoReceived,
    MessageReceived,
    ModificationRefused,
    Modified,
    NotDelivered,
    OfferReceived,
    OfferRequested,
    OfferWithdrawn,
    Output,
    Postponed,
    ProvisionalAcknowledged,
    Redirected,
    Refreshed,
    RequestServed,
    Ringing,
)
from sipsm.role.limits import Limits
from sipsm.role.policy import Policy
from sipsm.role.screening import Profile
from sipsm.role.user_agent import UserAgent

__all__ = [
    "AnswerReceived",
    "Answered",
    "Call",
    "CallState",
    "DropNote",
    "DropReason",
    "Dropped",
    "EarlyDialogEnded",
    "Ended",
    "Established",
    "Event",
    "Forked",
    "IncomingCall",
    "InfoReceived",
    "Limits",
    "MessageReceived",
    "ModificationRefused",
    "Modified",
    "NotDelivered",
    "OfferReceived",
    "OfferRequested",
    "OfferWithdrawn",
    "OutgoingRequest",
    "Output",
    "Policy",
    "Postponed",
    "Profile",
    "ProvisionalAcknowledged",
    "Redirected",
    "Refreshed",
    "RequestServed",
    "Ringing",
    "UserAgent",
]
