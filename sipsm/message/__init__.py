"""Messages: bytes to requests and responses and back, lossless; header values read on first touch (RFC 3261 7, 20)."""

from __future__ import annotations

from sipsm.message import bodies, headers
from sipsm.message.address import Address
from sipsm.message.block import CheckedHeader, CheckedHeaders, HeaderBlock, Headers
from sipsm.message.build import ack_for, cancel_for, forwarded, response_to
from sipsm.message.compose import request_of
from sipsm.message.cseq import CSeq
from sipsm.message.message import Message
from sipsm.message.methods import KNOWN_METHODS
from sipsm.message.parse import answerable, check_message, parse_message, read_message
from sipsm.message.request import Request
from sipsm.message.response import Response
from sipsm.message.status import reason_phrase
from sipsm.message.via import Via

__all__ = [
    "KNOWN_METHODS",
    "Address",
    "CSeq",
    "CheckedHeader",
    "CheckedHeaders",
    "HeaderBlock",
    "Headers",
    "Message",
    "Request",
    "Response",
    "Via",
    "ack_for",
    "answerable",
    "bodies",
    "cancel_for",
    "check_message",
    "forwarded",
    "headers",
    "parse_message",
    "read_message",
    "reason_phrase",
    "request_of",
    "response_to",
]
