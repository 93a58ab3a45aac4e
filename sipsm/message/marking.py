"""The Via of a request marked in the request itself, by who has just read it (RFC 3261 18.2.1, RFC 3581 4).

Messages never change, but for this: one that has just been read is in nobody else's hands yet.
"""

from __future__ import annotations

from sipsm.grammar.tokens import bracketed, is_host, unbracketed
from sipsm.message.headers.core import VIA as ALL_VIAS
from sipsm.message.request import Request
from sipsm.message.usual import LENGTH, RPORT, VIA_HOST, VIA_OK, VIA_TEXT, Essentials
from sipsm.message.via import Via


def asks_for_port(request: Request) -> bool:
    """Whether the topmost Via of a request is of the usual kind, and asks for the response where the request came from.

    Of such a request nothing else is to be looked at; of others, everything (RFC 3261 18.2.2, RFC 3581 4).
    """
    known = request._essentials
    return known[RPORT] is not None and known[VIA_OK] is not None


def filled_in_place(request: Request, received: str, rport: int) -> bool:
    """Fill `received` and `rport` into the topmost Via, where it is of the usual kind, asks for both, and has neither.

    Returns whether that was so. Only for who has just read the request, and has given it to nobody.
    """
    known = request._essentials
    if known[RPORT] is None or known[VIA_OK] is None or known[LENGTH] is None:
        return False
    text = known[VIA_TEXT]
    before, _, behind = text.partition(";rport")
    if (behind and behind[0] != ";") or "received" in text or not 0 <= rport <= 65535:
        return False
    if received != known[VIA_HOST] and not is_host(bracketed(received)):
        return False
    _put(request, known, f"{before};rport={rport:d}{behind};received={unbracketed(received)}")
    return True


def marked_in_place(request: Request, via: Via) -> Request:
    """The request with its topmost Via as `Via.with_params` has marked it: the same one, where it is of the usual kind.

    Only for who has just read it, and has given it to nobody.
    """
    known = request._essentials
    if known[VIA_OK] is None or known[LENGTH] is None:
        return request.with_via(via)
    _put(request, known, via._text)
    request._via = via
    return request


_BEFORE, _BEHIND = slice(VIA_TEXT), slice(VIA_TEXT + 1, None)


def _put(request: Request, known: Essentials, text: str) -> None:
    """Puts the text of a Via in the place of the topmost one, both of the usual form, with an rport or both without."""
    index = request._index or request._indexed()
    lines = request._lines or request._all_lines()
    there = index["via"]
    # One of the usual form is alone in its line.
    first = there if isinstance(there, str) else there[0]
    at = lines.index(first)
    line = lines[at] = f"{first.partition(':')[0]}: {text}"
    if isinstance(there, str):
        index["via"] = line
    else:
        there[0] = line
    request._essentials = known[_BEFORE] + (text,) + known[_BEHIND]
    if request._values is not None:
        request._values.pop(ALL_VIAS, None)
    request._via = request._wire = None
