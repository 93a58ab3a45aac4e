"""Flows, and what a server and a client do with them (RFC 3261 18, RFC 3581)."""

from __future__ import annotations

from sipsm.transport.flow import Address, Flow, Listening, Resolve, Send, is_numeric
from sipsm.transport.locate import Hop, next_hop
from sipsm.transport.via import received_from, response_flow, same_host

__all__ = [
    "Address",
    "Flow",
    "Hop",
    "Listening",
    "Resolve",
    "Send",
    "is_numeric",
    "next_hop",
    "received_from",
    "response_flow",
    "same_host",
]
