"""The usual message, checked and read by one pattern.

RFC 3261 7, 8.1.1 and 25.1. Nearly all messages of nearly all peers: no folds, the headers that every transaction needs
there once and of the usual form. What does not match is not wrong: `parse` reads it line by line.
"""

from __future__ import annotations

import re
from typing import Final

from sipsm.grammar.tokens import TOKEN
from sipsm.grammar.uri import USUAL_SIP_URI
from sipsm.message.address import USUAL_ADDRESS
from sipsm.message.via import USUAL_VIA

Essentials = tuple[str | None, ...]
"""What a message says of itself: the groups of the patterns below, None for what has been changed since."""

# Where in the `Essentials` it stands; 0 and 1 are the start line's, 3 is nobody's.
VIA: Final = 2
BRANCH: Final = 4
FROM: Final = 5
FROM_TAG: Final = 6
TO: Final = 7
TO_TAG: Final = 8
CALL_ID: Final = 9
CSEQ: Final = 10
CSEQ_METHOD: Final = 11
LENGTH: Final = 12

PLACES = {
    "via": (VIA, FROM),
    "from": (FROM, TO),
    "to": (TO, CALL_ID),
    "call-id": (CALL_ID, CSEQ),
    "cseq": (CSEQ, LENGTH),
}
"""Which of the `Essentials` come from which header."""

_ANY = r"[^\r\n]*+"
_CALL_ID = "([!-~]++)"
_NUMBER = "([0-9]{1,9})"


def _usual(start_line: str, cseq_method: str) -> re.Pattern[str]:
    """The pattern of a head whose start line has two groups."""
    # A second From, To, Call-ID, CSeq or Content-Length does not match, nor do their names in unusual spelling. A group
    # is closed at the end of its line only, so that none is set by an attempt that fails.
    return re.compile(
        rf"{start_line}\r\n(?:"
        rf"(?:Via|v): ?+(?(3){_ANY}|({USUAL_VIA}(?=\r)))\r\n"
        rf"|(?:From|f): ?+(?(6)(?!)|(?! )({USUAL_ADDRESS}(?=\r)))\r\n"
        rf"|(?:To|t): ?+(?(8)(?!)|(?! )({USUAL_ADDRESS}(?=\r)))\r\n"
        rf"|(?:Call-ID|i): ?+(?(10)(?!)|{_CALL_ID})\r\n"
        rf"|CSeq: ?+(?(11)(?!)|{_NUMBER} ({cseq_method}))\r\n"
        rf"|(?:Content-Length|l): ?+(?(13)(?!)|{_NUMBER})\r\n"
        rf"|[ABDEGHJKMNOPQRSUWXYZ][A-Za-z0-9\-]++:{_ANY}\r\n"
        rf"|(?!(?i:via|from|to|call-id|cseq|content-length|[vftil])[ \t]*+:){TOKEN}:{_ANY}\r\n"
        # All five are there.
        r")*+(?(3)(?(6)(?(8)(?(10)(?(11)|(?!))|(?!))|(?!))|(?!))|(?!))"
    )


# "The method MUST match that of the request." (RFC 3261 8.1.1.5)
usual_request = _usual(rf"([A-Z]++) ({USUAL_SIP_URI}) SIP/2\.0", r"\1").fullmatch
usual_response = _usual(rf"SIP/2\.0 ([1-6][0-9][0-9]) ({_ANY})", "[A-Z]++").fullmatch
