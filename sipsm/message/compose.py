"""A request of a user agent's own, from values that it knows already, and that need not be read again.

RFC 3261 8.1.1 and 12.2.1.1. They have been read or built as what they are; `Request.build` takes anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from sipsm.grammar.tokens import written
from sipsm.grammar.uri import Uri
from sipsm.message.block import Headers
from sipsm.message.headers.core import ROUTE
from sipsm.message.message import TOP_VIA, header_block
from sipsm.message.request import Request, checked_method, checked_uri
from sipsm.message.usual import FROM, VIA, Essentials
from sipsm.message.via import Via

_NOTHING_OF_START_LINE = (None,) * VIA
_NOTHING_OF_VIA = (None,) * (FROM - VIA)


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
    method = checked_method(method)
    uri = checked_uri(uri)
    if not f"{via._text}{from_}{to}{call_id}{''.join(routes)}".isprintable():
        for text in (via._text, from_, to, call_id, *routes):
            written(text)  # which says what cannot be
    number = f"{cseq:d}"
    first = {
        "via": f"Via: {via._text}",
        "max-forwards": "Max-Forwards: 70",
        "from": f"From: {from_}",
        "to": f"To: {to}",
        "call-id": f"Call-ID: {call_id}",
        "cseq": f"CSeq: {number} {method}",
    }
    rest, index = header_block(headers, body)
    lines = [*first.values(), *rest]
    lines[1:1] = [f"Route: {route}" for route in routes]
    request = Request(method, uri._text, lines, None, body, None)
    request._uri = uri
    request._values = {TOP_VIA: via}
    if not routes and "route" not in index and first.keys().isdisjoint(index):
        request._index = {**first, **index}
        request._values[ROUTE] = ()
    of_via: Essentials = _NOTHING_OF_VIA
    if via._params is None:
        # It is of the usual form.
        port = None if via._port is None else f"{via._port}"
        rport = "" if via._has_rport else None
        of_via = via._text, via._transport, via._host, port, via._branch, rport, None, None, ""
    of_others = from_, from_tag, "", to, to_tag, "", call_id, number, method, f"{len(body)}", None
    request._essentials = (*_NOTHING_OF_START_LINE, *of_via, *of_others)
    return request
