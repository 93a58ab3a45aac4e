"""How much an answer may be larger than its request, towards an address that nobody has verified.

RFC 3261 26.1.5. The source of a datagram can be forged: then its answer strikes somebody who never asked. So:

- An answer goes to one place only, and on a datagram's flow to the address of its source, whatever Via says; `maddr`
  alone names another (18.2.2), which an endpoint that is open to strangers should not follow.
- An answer that no application has given (an error, a challenge, an answer to OPTIONS) has at most `FACTOR` times the
  bytes of the datagram that asked for it: `trimmed` leaves out first the body, then every header that it can do
  without, and what then is too large still is not sent at all.
- It is sent once for each datagram, so `FACTOR` bounds all that a datagram brings about. The final response to an
  INVITE alone is repeated by itself until it is acknowledged (Timer G, 17.2.1): it goes out 11 times at most.
- A request's repeat brings the last answer again, whoever gave that, and has the bytes of the request itself. One that
  has fewer is no repeat, and brings an answer only where that has at most `FACTOR` times its bytes.

A connection needs none of this: who opened it receives what is sent to him.
"""

from __future__ import annotations

from typing import Final

from sipsm.message import Response

FACTOR: Final = 3
"""How many times the bytes of a request its answer may have. QUIC allows as many (RFC 9000 8.1)."""

# What a response cannot do without (RFC 3261 8.2.6.2), and what makes it the answer that it is.
_NEEDED = frozenset(
    {
        "via",
        "from",
        "to",
        "call-id",
        "cseq",
        "content-length",
        "retry-after",
        "unsupported",
        "www-authenticate",
        "proxy-authenticate",
    }
)


def fitting(response: Response, request_bytes: int, factor: int = FACTOR) -> Response | None:
    """The response as it may answer a datagram of so many bytes: whole, or less of it, or None."""
    response = trimmed(response, factor * request_bytes)
    return response if len(bytes(response)) <= factor * request_bytes else None


def trimmed(response: Response, room: int) -> Response:
    """The response without what it can do without, as far as it needs more bytes than these."""
    if len(bytes(response)) > room:
        response = response.with_body(b"")
    if len(bytes(response)) > room:
        # A 200 to a REGISTER says all bindings, or a lie (RFC 3261 10.3). The registrar bounds how long that gets.
        needed = _NEEDED | {"contact"} if response.cseq.method == "REGISTER" else _NEEDED
        for name in response.names:
            if name not in needed:
                response = response.without_header(name)
    return response
