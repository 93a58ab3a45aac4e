"""Bodies: parts of multiparts, what of them must be understood, and fragments of messages (RFC 5621, RFC 3420).

Where a body ends, in a datagram and in a stream, is decided with the message (RFC 3261 18.3).
"""

from __future__ import annotations

from sipsm.message.bodies.handling import Reading, disposition, read_body
from sipsm.message.bodies.multipart import MAX_DEPTH, MAX_PARTS, Multipart, Part, multipart, referred
from sipsm.message.bodies.sipfrag import SIPFRAG, SipFrag

__all__ = [
    "MAX_DEPTH",
    "MAX_PARTS",
    "SIPFRAG",
    "Multipart",
    "Part",
    "Reading",
    "SipFrag",
    "disposition",
    "multipart",
    "read_body",
    "referred",
]
