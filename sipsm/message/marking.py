"""The Via of a request marked in the request itself, by who has just read it (RFC 3261 18.2.1, RFC 3581 4).

Messages never change, but for this: one that has just been read is in nobody else's hands yet.
"""

from __future__ import annotations

from sipsm.message.headers.core import VIA as ALL_VIAS
from sipsm.message.message import TOP_VIA
from sipsm.message.request import Request
from sipsm.message.usual import LENGTH, RPORT, VIA, VIA_OK
from sipsm.message.via import Via


def marked_in_place(request: Request, via: Via) -> Request:
    """The request with its topmost Via as `Via.with_params` has marked it: the same one, where it is of the usual kind.

    Only for who has just read it, and has given it to nobody.
    """
    known, values = request._essentials, request._values
    if known is None or known[VIA_OK] is None or known[LENGTH] is None:
        return request.with_via(via)
    assert values is not None, "what is marked has been read"
    index, lines = request._indexed(), request._all_lines()
    there = index["via"]
    # One of the usual form is alone in its line.
    first = there if isinstance(there, str) else there[0]
    line = f"{first.partition(':')[0]}: {via._text}"
    lines[lines.index(first)] = line
    if isinstance(there, str):
        index["via"] = line
    else:
        there[0] = line
    rport = "" if via._has_rport else None
    request._essentials = (*known[:VIA], via._text, *known[VIA + 1 : RPORT], rport, *known[RPORT + 1 :])
    values.pop(ALL_VIAS, None)
    values[TOP_VIA] = via
    request._wire = None
    return request
