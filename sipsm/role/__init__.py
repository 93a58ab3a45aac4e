"""Compositions of the machines: here the user agent (RFC 3261 8, 11, 12, 13)."""

from __future__ import annotations

from sipsm.role.call import Call, CallState, OutgoingRequest
from sipsm.role.events import (
    Answered,
    AnswerReceived,
    Dropped,
    DropReason,
    Ended,
    Established,
    Event,
    IncomingCall,
    NotDelivered,
    OfferReceived,
    Output,
    RequestServed,
    Ringing,
)
from sipsm.role.limits import Limits
from sipsm.role.screening import Profile
from sipsm.role.user_agent import DropNote, UserAgent

__all__ = [
    "AnswerReceived",
    "Answered",
    "Call",
    "CallState",
    "DropNote",
    "DropReason",
    "Dropped",
    "Ended",
    "Established",
    "Event",
    "IncomingCall",
    "Limits",
    "NotDelivered",
    "OfferReceived",
    "OutgoingRequest",
    "Output",
    "Profile",
    "RequestServed",
    "Ringing",
    "UserAgent",
]
