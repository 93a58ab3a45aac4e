"""A request of a user agent's own, from values that it knows already, and that need not be read again.

RFC 3261 8.1.1 and 12.2.1.1. They have been read or built as what they are; `Request.build` takes anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sipsm.grammar.tokens import rewritten, written
from sipsm.grammar.uri import Uri
from sipsm.message.block import CheckedHeaders, Headers
from sipsm.message.message import header_block
from sipsm.message.methods import KNOWN_METHODS
from sipsm.message.request import Request, checked_method, checked_uri
from sipsm.message.usual import FROM_TEXT, VIA_TEXT, Essentials
from sipsm.message.via import Via


def request_of(
    method: str,
    uri: Uri | str,
    *,
    via: Via,
    routes: Sequence[str] = (),
    from_: str,
    from_tag: str | None,
    to: str,
    to_tag: str | None,
    call_id: str,
    cseq: int,
    headers: Headers = (),
    body: bytes = b"",
) -> Request:
    """A request with Via, Route, Max-Forwards 70, From, To, Call-ID and CSeq, then these headers, and Content-Length.

    From and To are given with the tags that stand in them. Raises LocalProtocolError as `Request.build` does.
    """
    if method.__class__ is not str or method not in KNOWN_METHODS:
        method = checked_method(method)
    if uri.__class__ is not Uri or uri._headers is not None:
        uri = checked_uri(uri)
    said = f"{via._text}{from_}{to}{call_id}{''.join(routes)}"
    if not said.isascii() or "\r" in said or "\n" in said or "\0" in said:
        # These say what cannot be.
        for text in (via._text, call_id):
            written(text)
        for text in (from_, to, *routes):
            rewritten(text)
    number = f"{cseq:d}"
    index: dict[str, Any] = {
        "via": f"Via: {via._text}",
        "max-forwards": "Max-Forwards: 70",
        "from": f"From: {from_}",
        "to": f"To: {to}",
        "call-id": f"Call-ID: {call_id}",
        "cseq": f"CSeq: {number} {method}",
    }
    start_line = f"{method} {uri._text} SIP/2.0"
    request = _new(Request)
    if not routes and headers.__class__ is CheckedHeaders and headers.fit(body):
        length = f"Content-Length: {len(body)}"
        text = "\r\n".join((start_line, *index.values(), headers.text, length, "\r\n"))
        index.update(headers.by_name)
        index["content-length"] = length
        request._index = index
    else:
        rest, of_rest = header_block(headers, body)
        if routes or len(of_rest) < len(rest) or not index.keys().isdisjoint(of_rest):
            via_line, *others = index.values()
            lines = [via_line, *[f"Route: {route}" for route in routes], *others, *rest]
            text = "\r\n".join((start_line, *lines, "\r\n"))
            request._index = None
        else:
            # No name is there twice, so that the index has all lines, and in their order.
            text = "\r\n".join((start_line, *index.values(), *rest, "\r\n"))
            index.update(of_rest)
            request._index = index
    request._method = method
    request._uri = uri
    request._uri_text = uri._text
    request._wire = text.encode("utf-8", "surrogateescape") + body
    request._body = body
    request._via = via
    request._lines = request._values = request._cseq = None
    if via._params is None:
        # It is of the usual form.
        rport = "" if via._has_rport else None
        of_via: Essentials = (via._text, via._transport, via._host, via._port, via._branch, rport, None, None, "")
    else:
        of_via = _NOTHING_OF_VIA
    of_others = (from_, from_tag, "", to, to_tag, "", call_id, number, method, f"{len(body)}", None)
    request._essentials = _NOTHING_OF_START_LINE + of_via + of_others
    return request


_new = object.__new__
_NOTHING_OF_START_LINE = (None,) * VIA_TEXT
_NOTHING_OF_VIA = (None,) * (FROM_TEXT - VIA_TEXT)
