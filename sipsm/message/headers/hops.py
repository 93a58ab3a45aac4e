"""How far and how widely a request may go: Max-Forwards (RFC 3261 20.22) and Max-Breadth (RFC 5393 5.3)."""

from __future__ import annotations

from sipsm.errors import RemoteProtocolError
from sipsm.message.headers.field import Single
from sipsm.message.headers.scalars import whole_number


def max_forwards(text: str) -> int:
    """The number of times that a request may still be forwarded; else raises RemoteProtocolError (RFC 3261 20.22)."""
    # "The Max-Forwards value is an integer in the range 0-255" (RFC 3261 20.22)
    hops = whole_number(text)
    if hops > 255:
        raise RemoteProtocolError(f"Max-Forwards {hops} is more than 255", rfc="3261 20.22")
    return hops


def max_breadth(text: str) -> int:
    """The number of branches that a request may have at a time; else raises RemoteProtocolError (RFC 5393 5.3.1)."""
    # "The Max-Breadth header field takes a single positive integer as its value." (RFC 5393 5.3.1)
    breadth = whole_number(text)
    if not breadth:
        raise RemoteProtocolError("Max-Breadth 0 is not positive", rfc="5393 5.3.1")
    return breadth


MAX_FORWARDS = Single("Max-Forwards", max_forwards, rfc="3261 20.22")
MAX_BREADTH = Single("Max-Breadth", max_breadth, rfc="5393 5.3.1")
