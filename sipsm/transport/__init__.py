"""Flows, what they carry, and what a server and a client do with them (RFC 3261 18, RFC 3581, RFC 5626, RFC 7118)."""

from __future__ import annotations

from sipsm.transport.flow import Address, Close, Flow, Listening, Naptr, Open, Resolve, Send, Srv, is_numeric
from sipsm.transport.framing import (
    PING,
    PONG,
    BadFrame,
    Frame,
    Framed,
    Ping,
    Pong,
    StreamFramer,
    WebSocketFramer,
)
from sipsm.transport.head import MessageLimits
from sipsm.transport.limits import FlowLimits, FlowTimes, KeepAlive
from sipsm.transport.locate import Hop, next_hop
from sipsm.transport.via import just_received_from, received_from, response_flow, same_host

__all__ = [
    "PING",
    "PONG",
    "Address",
    "BadFrame",
    "Close",
    "Flow",
    "FlowLimits",
    "FlowTimes",
    "Frame",
    "Framed",
    "Hop",
    "KeepAlive",
    "Listening",
    "MessageLimits",
    "Naptr",
    "Open",
    "Ping",
    "Pong",
    "Resolve",
    "Send",
    "Srv",
    "StreamFramer",
    "WebSocketFramer",
    "is_numeric",
    "just_received_from",
    "next_hop",
    "received_from",
    "response_flow",
    "same_host",
]
