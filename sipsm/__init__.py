"""SIP as pure state machines: bytes, time and commands in; bytes and events out."""

from __future__ import annotations

from sipsm.endpoint import Endpoint, Watcher
from sipsm.errors import LocalProtocolError, RemoteProtocolError, SipError
from sipsm.grammar import Uri
from sipsm.ids import Ids, RandomSource
from sipsm.message import Address, CSeq, Request, Response, Via, parse_message, reason_phrase
from sipsm.role import (
    Answered,
    AnswerReceived,
    Call,
    CallState,
    Dropped,
    DropReason,
    Ended,
    Established,
    Event,
    IncomingCall,
    Limits,
    NotDelivered,
    OfferReceived,
    OutgoingRequest,
    Output,
    Profile,
    RequestServed,
    Ringing,
)
from sipsm.transaction import TimerValues
from sipsm.transport import Flow, Listening, Resolve, Send
from sipsm.usage import EndReason

__all__ = [
    "Address",
    "AnswerReceived",
    "Answered",
    "CSeq",
    "Call",
    "CallState",
    "DropReason",
    "Dropped",
    "EndReason",
    "Ended",
    "Endpoint",
    "Established",
    "Event",
    "Flow",
    "Ids",
    "IncomingCall",
    "Limits",
    "Listening",
    "LocalProtocolError",
    "NotDelivered",
    "OfferReceived",
    "OutgoingRequest",
    "Output",
    "Profile",
    "RandomSource",
    "RemoteProtocolError",
    "Request",
    "RequestServed",
    "Resolve",
    "Response",
    "Ringing",
    "Send",
    "SipError",
    "TimerValues",
    "Uri",
    "Via",
    "Watcher",
    "parse_message",
    "reason_phrase",
]
