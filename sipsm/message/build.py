"""Messages that follow from others: a response, the ACK for a failed INVITE, a CANCEL.

RFC 3261 8.2.6, 17.1.1.3 and 9.1. What must be equal is copied line by line, as it came, without being read.
"""

from __future__ import annotations

from typing import Any

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.tokens import as_text, is_token, written
from sipsm.message.address import Address
from sipsm.message.block import CheckedHeaders, Headers
from sipsm.message.headers.content import ContentType
from sipsm.message.headers.core import MAX_FORWARDS
from sipsm.message.message import header_block
from sipsm.message.request import Request
from sipsm.message.response import Response, checked_status
from sipsm.message.status import PHRASES, reason_phrase
from sipsm.message.usual import CALL_ID_TEXT, FROM_TEXT, NOTHING, TO_OK, TO_TAG, TO_TEXT, VIA_TEXT, Essentials
from sipsm.message.via import Via


def response_to(
    request: Request,
    status: int,
    reason: str | None = None,
    *,
    to_tag: str | None = None,
    record_route: bool = False,
    headers: Headers = (),
    body: bytes = b"",
    content_type: ContentType | str | None = None,
) -> Response:
    """The response to a request: Via, From, To, Call-ID and CSeq as they came, the rest as given (RFC 3261 8.2.6).

    The status is given as any integer. `to_tag` is added when the request's To has no tag; `record_route` copies
    Record-Route, as a response that makes a dialog must (12.1.1). What the request lacks the response lacks too, so
    that a 400 can say so. Raises RemoteProtocolError when the request has no Via, LocalProtocolError for what cannot be
    written.
    """
    if status.__class__ is not int:
        status = checked_status(status)
    if content_type is not None:
        headers = (*headers, ("Content-Type", content_type))
    start_line = _START_LINES.get(status)
    known = request._essentials
    if start_line is None or reason is not None or known is NOTHING:
        return _of_lines(request, status, reason, to_tag, record_route, headers, body)
    # The usual phrase to a usual request: at half the cost.
    index: dict[str, Any] = request._index or request._indexed()
    rest = "" if record_route or headers or body or status == 100 else _NO_BODY
    try:
        via, to = index["via"], index["to"]
        if via.__class__ is list:
            via = "\r\n".join(via)
        if to_tag is not None:
            if known[TO_OK] is None or to_tag.__class__ is not str or not (to_tag.isalnum() and to_tag.isascii()):
                return _of_lines(request, status, reason, to_tag, record_route, headers, body)
            if known[TO_TAG] is None:
                to = f"{to};tag={to_tag}"
        text = "\r\n".join((start_line, via, index["from"], to, index["call-id"], index["cseq"], rest))
    except (KeyError, TypeError):
        # One is missing, or there twice.
        return _of_lines(request, status, reason, to_tag, record_route, headers, body)
    if not rest:
        if headers.__class__ is CheckedHeaders and headers.fit(body):
            lines = [headers.text, f"Content-Length: {len(body)}"]
        else:
            lines = header_block(headers, body)[0]
        if status == 100 and isinstance(timestamp := index.get("timestamp"), str):
            lines.insert(0, timestamp)
        if record_route and "record-route" in index:
            lines[:0] = request._lines_of("record-route")
        text += "\r\n".join((*lines, "\r\n"))
    response = _new(Response)
    response._status = status
    response._reason = PHRASES[status]
    response._body = body
    wire = text.encode("utf-8", "surrogateescape")
    response._wire = wire + body if body else wire
    # Of what it says hardly anything is asked of who has built it.
    response._essentials = NOTHING
    response._lines = response._index = response._values = response._via = response._cseq = None
    return response


def _of_lines(
    request: Request,
    status: int,
    reason: str | None,
    to_tag: str | None,
    record_route: bool,
    headers: Headers,
    body: bytes,
) -> Response:
    """The response to any request, its lines taken one by one."""
    known = request._essentials
    index = request._indexed()
    if "via" not in index:
        raise RemoteProtocolError("no Via header", rfc="3261 8.1.1")
    lines: list[str] = []
    # "The From field of the response MUST equal the From header field of the request." The same is said of Call-ID,
    # CSeq, and Via, which "MUST maintain the same ordering" (RFC 3261 8.2.6.2).
    for name in _WITH_RECORD_ROUTE if record_route else _ALWAYS:
        line = index.get(name)
        if isinstance(line, str):
            lines.append(line)
        elif line is not None:
            lines += line
    if to_tag is not None:
        known = _add_tag(request, lines, to_tag)
    # "When a 100 (Trying) response is generated, any Timestamp header field present in the request MUST be copied into
    # this 100 (Trying) response." (RFC 3261 8.2.6.1)
    if status == 100 and isinstance(timestamp := index.get("timestamp"), str):
        lines.append(timestamp)
    if headers or body:
        lines += header_block(headers, body)[0]
    else:
        lines.append("Content-Length: 0")
    status = checked_status(status)
    reason = reason_phrase(status) if reason is None else written(reason)
    response = Response(status, reason, lines, None, body, None)
    response._essentials = known
    return response


_START_LINES = {status: f"SIP/2.0 {status} {phrase}" for status, phrase in PHRASES.items()}
_NO_BODY = "Content-Length: 0\r\n\r\n"
_new = object.__new__

_ALWAYS = ("via", "from", "to", "call-id", "cseq")
_WITH_RECORD_ROUTE = (*_ALWAYS, "record-route")


def _add_tag(request: Request, lines: list[str], tag: str) -> Essentials:
    """Puts the tag into the To line, when the request has one that can be read and has no tag.

    Returns what is then known of the response.
    """
    tag = as_text(tag)
    if not is_token(tag):
        raise LocalProtocolError(f"{tag!r} cannot be a tag", rfc="3261 25.1")
    known = request._essentials
    line = request._indexed().get("to")
    if not isinstance(line, str):
        return known
    try:
        if request.to_tag is not None:
            return known
    except RemoteProtocolError:
        # A To that cannot be read is the peer's to recognise: it goes back as it came, in a 400.
        return known
    # In both forms of an address a parameter at the end is the header's (RFC 3261 20.10).
    lines[lines.index(line)] = f"{line.rstrip()};tag={tag}"
    return known if known is NOTHING else (*known[:TO_TEXT], None, tag, "", *known[CALL_ID_TEXT:])


def forwarded(request: Request, *, via: Via, record_route: Address | None = None) -> Request:
    """The request as a proxy sends it on: Max-Forwards one less, a Via on top, and a Record-Route (RFC 3261 16.6).

    Raises RemoteProtocolError when Max-Forwards cannot be read, with status 483 when it is used up (16.3), and
    LocalProtocolError for a Via or a Record-Route that cannot be written.
    """
    index = request._index or request._indexed()
    # "If this proxy wishes to remain on the path of future requests in a dialog created by this request ..., it MUST
    # insert a Record-Route header field value into the copy before any existing Record-Route header field values". And:
    # "The proxy MUST insert a Via header field value into the copy before the existing Via header field values."
    on_top = f"Via: {via._text}"
    if record_route is None:
        lines = [on_top, *request._all_lines()]
    else:
        lines = [on_top, f"Record-Route: {record_route._text}", *request._all_lines()]
        on_top += record_route._text
    if not on_top.isprintable():
        written(on_top)  # which says what cannot be
    # "If the copy contains a Max-Forwards header field, the proxy MUST decrement its value by one (1). If the copy does
    # not contain a Max-Forwards header field, the proxy MUST add one with a field value, which SHOULD be 70."
    hops = request[MAX_FORWARDS]
    if hops is None:
        lines.append("Max-Forwards: 70")
    elif hops == 0:
        raise RemoteProtocolError("Max-Forwards is 0", rfc="3261 16.3", status=483)
    else:
        line = index["max-forwards"]
        assert isinstance(line, str), "a header that may be there once has been read"
        lines[lines.index(line)] = f"Max-Forwards: {hops - 1}"
    if "content-length" not in index:
        lines.append(f"Content-Length: {len(request._body)}")
    copy = _new(Request)
    copy._method = request._method
    copy._uri_text = request._uri_text
    copy._uri = request._uri
    copy._lines = lines
    copy._body = request._body
    known = request._essentials
    copy._essentials = known if known is NOTHING else (*known[:VIA_TEXT], *_NOTHING_OF_VIA, *known[FROM_TEXT:])
    copy._via = via
    copy._cseq = request._cseq
    copy._index = copy._values = copy._wire = None
    return copy


_NOTHING_OF_VIA = (None,) * (FROM_TEXT - VIA_TEXT)


def ack_for(invite: Request, response: Response) -> Request:
    """The ACK of the client transaction for a final response other than 2xx (RFC 3261 17.1.1.3).

    Raises RemoteProtocolError when the response has no To that can be read.
    """
    # "The To header field in the ACK MUST equal the To header field in the response being acknowledged", and "UACs
    # creating an ACK message will duplicate all of the Authorization and Proxy-Authorization header field values that
    # appeared in the INVITE to which the ACK corresponds" (RFC 3261 22.1).
    response.to  # noqa: B018  (there must be one)
    lines = [*_top_via(invite), *response._lines_of("to")[:1]]
    for name in ("from", "call-id", "route", "authorization", "proxy-authorization"):
        lines += invite._lines_of(name)
    return _follow_up("ACK", invite, lines)


def cancel_for(request: Request) -> Request:
    """The CANCEL for a request that has no final response yet (RFC 3261 9.1)."""
    # "The Request-URI, Call-ID, To, the numeric part of CSeq, and From header fields in the CANCEL request MUST be
    # identical to those in the request being cancelled, including tags." And: "If the request being cancelled contains
    # a Route header field, the CANCEL request MUST include that Route header field's values."
    lines = _top_via(request)
    for name in ("to", "from", "call-id", "route"):
        lines += request._lines_of(name)
    return _follow_up("CANCEL", request, lines)


def _top_via(request: Request) -> list[str]:
    """The line of "only a single Via header field value matching the top Via value" (RFC 3261 9.1, 17.1.1.3)."""
    via = request.via
    line = request._lines_of("via")[0]
    return [f"Via: {via}" if "," in line else line]


def _follow_up(method: str, request: Request, lines: list[str]) -> Request:
    lines += (f"CSeq: {request.cseq.number} {method}", "Max-Forwards: 70", "Content-Length: 0")
    return Request(method, request._uri_text, lines, None, b"", None)
