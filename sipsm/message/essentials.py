"""The five headers that every transaction needs, read in one go.

RFC 3261 8.1.1. Only when all five are of the usual kind, which nearly all are. The parsers of `Via`, `Address` and
`CSeq` read the rest.
"""

from __future__ import annotations

import re

from sipsm.message.address import USUAL_ADDRESS, Address
from sipsm.message.cseq import CSeq
from sipsm.message.names import HeaderIndex
from sipsm.message.via import USUAL_VIA, Via

_NAME = r"[A-Za-z\-]++: *+"
# One match for five lines: what a match costs beside its characters is paid once.
_FIVE = (USUAL_VIA, USUAL_ADDRESS, USUAL_ADDRESS, "([!-~]++)", "([0-9]{1,9}) ([A-Z]++)")
_five = re.compile("\\n".join(_NAME + value for value in _FIVE)).fullmatch
_via = Via._usual
_address = Address._usual
_new = tuple.__new__


def read_essentials(index: HeaderIndex) -> tuple[Via, Address, Address, str, CSeq] | None:
    """Top Via, From, To, Call-ID and CSeq; or None when they are not all there, once each and of the usual kind."""
    get = index.get
    via = get("via")
    if via.__class__ is list:
        via = via[0]
    # What is missing or there twice is written so that nothing matches it.
    match = _five(f"{via}\n{get('from')}\n{get('to')}\n{get('call-id')}\n{get('cseq')}")
    if match is None:
        return None
    v0, v1, v2, v3, v4, v5, f0, f1, f2, f3, f4, t0, t1, t2, t3, t4, call_id, number, method = match.groups()
    cseq = _new(CSeq, (int(number), method))
    return _via(v0, v1, v2, v3, v4, v5), _address(f0, f1, f2, f3, f4), _address(t0, t1, t2, t3, t4), call_id, cseq
