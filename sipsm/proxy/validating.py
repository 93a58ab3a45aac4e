"""What a proxy checks in a request before it forwards it, in this order (RFC 3261 16.3, RFC 5393 4.2.2).

That its syntax is reasonable has been found out before: of headers, only those are read that forwarding needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b

from sipsm.errors import RemoteProtocolError
from sipsm.grammar.lists import split_list
from sipsm.message import Request, Response, Via
from sipsm.message.headers import MAX_BREADTH, MAX_FORWARDS, PROXY_REQUIRE, ROUTE
from sipsm.proxy.results import Answer

UNDERSTOOD = frozenset({"sip", "sips", "tel"})
"""The schemes of Request-URIs that are forwarded."""
SEPARATOR = "p"
"""What stands before the second part of a branch; the first one is of hexadecimal digits."""


def read_what_is_forwarded_by(message: Request | Response) -> None:
    """Read the headers that forwarding needs, so that a malformed one is found before anything has moved."""
    # "Any other components, well-formed or not, SHOULD be ignored and remain unchanged when the message is forwarded."
    # (RFC 3261 16.3)
    if isinstance(message, Request):
        message.check(ROUTE, MAX_FORWARDS, MAX_BREADTH, PROXY_REQUIRE)
        for route in message.route:
            if route.uri.headers is not None:
                # It may have to become the Request-URI (16.6 item 6). Table 1 of RFC 3261 19.1.1: no headers in either.
                raise RemoteProtocolError("a Route holds headers", rfc="3261 19.1.1")
            if not can_be_written(str(route)):
                raise RemoteProtocolError("a Route holds a NUL", rfc="3261 25.1")


def can_be_written(value: str) -> bool:
    """Whether a value that was read may stand in a line of ours: a NUL, which comes in quotes, may not."""
    return "\0" not in value


def objection(request: Request, extensions: Sequence[str]) -> Answer | None:
    """Why a request cannot be proxied, as its answer; None when it can."""
    # "If the Request-URI has a URI whose scheme is not understood by the proxy, the proxy SHOULD reject the request
    # with a 416 (Unsupported URI Scheme) response." (RFC 3261 16.3)
    if request.scheme not in UNDERSTOOD:
        return Answer(416)
    # "If the request contains a Max-Forwards header field with a field value of zero (0), the element MUST NOT forward
    # the request. If the request was for OPTIONS, the element MAY act as the final recipient and respond per Section
    # 11. Otherwise, the element MUST return a 483 (Too many hops) response." (RFC 3261 16.3)
    if request.max_forwards == 0:
        return Answer(483)
    # "The response MUST include an Unsupported (Section 20.40) header field listing those option-tags the element did
    # not understand." (RFC 3261 16.3)
    # "Note that Require and Proxy-Require MUST NOT be used in a SIP CANCEL request ... These header fields MUST be ignored
    # if they are present in these requests." (RFC 3261 8.2.2.3)
    if request.method == "CANCEL":
        return None
    strange = [tag for tag in request[PROXY_REQUIRE] if tag not in extensions]
    return Answer(420, headers=(("Unsupported", ", ".join(strange)),)) if strange else None


# -------------------------------------------------------------------- loops


def loop_mark(request: Request, routes_by: Iterable[str], secret: bytes) -> str:
    """What a loop is known by: equal for requests that would be forwarded alike (RFC 5393 4.2.1)."""
    # "Hence, the second part MUST depend at least on the received Request-URI and any Route header field values used
    # when processing the received request." And: "This second part MUST NOT vary with the request method." (RFC 5393
    # 4.2.1)  "The Call-ID and CSeq fields would be good inputs for this purpose." (4.2.4)
    lines = [str(request.uri), request.call_id, str(request.cseq.number)]
    for name in ("route", "proxy-require", "proxy-authorization", *routes_by):
        lines += (name, *request.lines_of(name))
    text = "\n".join(lines).encode("utf-8", "surrogateescape")
    return SEPARATOR + blake2b(text, digest_size=4, key=secret).hexdigest()


def has_looped(request: Request, mark: str, is_ours: Callable[[Via], bool]) -> bool:
    """Whether this proxy has forwarded the same request before, for the same reasons (RFC 5393 4.2.2)."""
    # "Each Via header field value in the request whose sent-by value matches a value placed into previous requests by
    # this proxy MUST be inspected for the "second part" defined in Section 4.2.1 of RFC 5393." (RFC 5393 4.2.2)
    return any(_is_marked(line, mark, is_ours) for line in request.lines_of("Via") if mark in line)


def _is_marked(line: str, mark: str, is_ours: Callable[[Via], bool]) -> bool:
    try:
        vias = [Via.parse(text) for text in split_list(line) if mark in text]
    except RemoteProtocolError:
        # "Implementers need to take care to avoid making assumptions about the format of another element's Via header
        # field value" (RFC 5393 4.2.4)  Ours can be read.
        return False
    return any((via.branch or "").endswith(mark) and is_ours(via) for via in vias)
