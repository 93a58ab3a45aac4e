"""Messages that follow from others: a response, the ACK for a failed INVITE, a CANCEL.

RFC 3261 8.2.6, 17.1.1.3 and 9.1. What must be equal is copied line by line, as it came, without being read.
"""

from __future__ import annotations

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.tokens import is_token
from sipsm.message.message import Headers, header_block
from sipsm.message.names import HeaderIndex, index_lines
from sipsm.message.request import Request
from sipsm.message.response import Response, checked_reason


def response_to(
    request: Request,
    status: int,
    reason: str | None = None,
    *,
    to_tag: str | None = None,
    record_route: bool = False,
    headers: Headers = (),
    body: bytes = b"",
    content_type: str | None = None,
) -> Response:
    """The response to a request: Via, From, To, Call-ID and CSeq as they came, the rest as given (RFC 3261 8.2.6).

    `to_tag` is added when the request's To has no tag; `record_route` copies Record-Route, as a response that makes a
    dialog must (12.1.1). What the request lacks the response lacks too, so that a 400 can say so. Raises
    RemoteProtocolError when the request has no Via that can be read, LocalProtocolError for what cannot be written.
    """
    via = request.via
    theirs = request._index
    lines: list[str] = []
    index: HeaderIndex = {}
    # "The From field of the response MUST equal the From header field of the request." The same is said of Call-ID,
    # CSeq, and Via, which "MUST maintain the same ordering" (RFC 3261 8.2.6.2).
    for name in _WITH_RECORD_ROUTE if record_route else _ALWAYS:
        line = theirs.get(name)
        if line is None:
            continue
        index[name] = line
        if isinstance(line, str):
            lines.append(line)
        else:
            lines += line
    response = Response(status, checked_reason(status, reason), lines, index, body, None)
    response._via = via
    response._from = request._from
    response._call_id = request._call_id
    response._cseq = request._cseq
    if to_tag is None or not _add_tag(request, lines, index, to_tag):
        response._to = request._to
    # "When a 100 (Trying) response is generated, any Timestamp header field present in the request MUST be copied into
    # this 100 (Trying) response." (RFC 3261 8.2.6.1)
    if status == 100 and isinstance(timestamp := theirs.get("timestamp"), str):
        index["timestamp"] = timestamp
        lines.append(timestamp)
    if content_type is not None:
        headers = (*headers, ("Content-Type", content_type))
    if headers or body:
        added, of_added = header_block(headers, body)
        lines += added
        if index.keys().isdisjoint(of_added):
            index.update(of_added)
        else:
            index.clear()
            index.update(index_lines(lines))
    else:
        index["content-length"] = "Content-Length: 0"
        lines.append("Content-Length: 0")
    return response


_ALWAYS = ("via", "from", "to", "call-id", "cseq")
_WITH_RECORD_ROUTE = (*_ALWAYS, "record-route")


def _add_tag(request: Request, lines: list[str], index: HeaderIndex, tag: str) -> bool:
    """Puts the tag into the To line, when the request has one that can be read and has no tag; True when done."""
    if not is_token(tag):
        raise LocalProtocolError(f"{tag!r} cannot be a tag", rfc="3261 25.1")
    line = index.get("to")
    if not isinstance(line, str):
        return False
    try:
        if request.to.tag is not None:
            return False
    except RemoteProtocolError:
        # A To that cannot be read is the peer's to recognise: it goes back as it came, in a 400.
        return False
    # In both forms of an address a parameter at the end is the header's (RFC 3261 20.10).
    tagged = index["to"] = f"{line.rstrip()};tag={tag}"
    lines[lines.index(line)] = tagged
    return True


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
    return Request(method, request._uri_text, lines, index_lines(lines), b"", None)
