"""A whole head, read by one pattern: the start line, what every transaction needs, and that the rest are headers.

RFC 3261 7, 8.1.1 and 25.1. Each value of the usual form is taken apart on the way; one of another form is handed over
as text, to the parser of its kind. A head that has folds, or lacks or repeats what must be there once, does not match
at all: `parse` reads it line by line.
"""

from __future__ import annotations

import re
from typing import Any, Final

from sipsm.grammar.tokens import TOKEN
from sipsm.grammar.uri import USUAL_REQUEST_URI
from sipsm.message.address import USUAL_ADDRESS
from sipsm.message.via import usual_via

Essentials = tuple[Any, ...]
"""What a message says of itself: the groups of the patterns below, each a text, or None where it did not match.

What has been changed since is None as well.
"""

# Where in the `Essentials` it stands. 0 and 1 are the start line's, those left out are nobody's. What ends in _OK is ""
# when the value is of the usual form, so that its parts beside it hold; ALL_OK is "" when all values are.
URI_OK: Final = 4
VIA_TEXT: Final = 5
VIA_PARTS: Final = slice(5, 11)
"""Text, transport, host, port, branch, and whether there is an rport: where VIA_OK is set."""
VIA_HOST: Final = 7
BRANCH: Final = 9
RPORT: Final = 10
VIA_OK: Final = 13
FROM_TEXT: Final = 14
FROM_TAG: Final = 15
FROM_OK: Final = 16
TO_TEXT: Final = 17
TO_TAG: Final = 18
TO_OK: Final = 19
CALL_ID_TEXT: Final = 20
CSEQ_NUMBER: Final = 21
CSEQ_METHOD: Final = 22
LENGTH: Final = 23
ALL_OK: Final = 24

NOTHING: Final[Essentials] = (None,) * 25
"""Of a message that has not been read in this way: all is read from its lines."""

PLACES = {
    "via": (VIA_TEXT, FROM_TEXT),
    "from": (FROM_TEXT, TO_TEXT),
    "to": (TO_TEXT, CALL_ID_TEXT),
    "call-id": (CALL_ID_TEXT, CSEQ_NUMBER),
    "cseq": (CSEQ_NUMBER, LENGTH),
}
"""Which of the `Essentials` come from which header."""

# One range, which the engine tells at half the cost of what is no line end. A tab or another control character in a
# value leaves the message to the way line by line.
_ANY = r"[ -\U0010ffff]*+"
_COLON = r":[ \t]*+"
_END = r"[ \t]*+\r\n"


def _usual(start_line: str, cseq_method: str) -> re.Pattern[str]:
    """The pattern of a head whose start line has five groups, the last of which is set for a URI of the usual form."""
    # A second From, To, Call-ID, CSeq or Content-Length does not match, nor do their names with a space behind. A group
    # is closed at the end of its line only, so that none is set by an attempt that fails.
    return re.compile(
        rf"{start_line}\r\n(?:"
        # Those that most of the lines are stand first.
        rf"[ABDEGHJKMNOPQRSUWXYZabdeghjkmnopqrsuwxyz][A-Za-z0-9\-]*+:{_ANY}\r\n"
        rf"|Cont(?:act|ent-Type):{_ANY}\r\n"
        rf"|[Vv](?:ia|IA)?+{_COLON}(?(6){_ANY}|({usual_via(7)}(?=\r)()|{_ANY}))\r\n"
        rf"|[Ff](?:rom|ROM)?+{_COLON}(?(15)(?!)|({USUAL_ADDRESS}(?=\r)()|{_ANY}))\r\n"
        rf"|[Tt][Oo]?+{_COLON}(?(18)(?!)|({USUAL_ADDRESS}(?=\r)()|{_ANY}))\r\n"
        rf"|(?:Call-I[Dd]|call-id|CALL-ID|[Ii]){_COLON}(?(21)(?!)|([!-~]++)){_END}"
        rf"|(?:C[Ss]eq|cseq|CSEQ){_COLON}(?(22)(?!)|([0-9]{{1,9}}) ++({cseq_method})){_END}"
        rf"|(?:Content-Length|content-length|CONTENT-LENGTH|[Ll]){_COLON}(?(24)(?!)|([0-9]{{1,9}})){_END}"
        rf"|(?!(?i:via|from|to|call-id|cseq|content-length|[vftil])[ \t]*+:){TOKEN}:{_ANY}\r\n"
        # All five are there; and whether they are of the usual form.
        r")*+(?(6)(?(15)(?(18)(?(21)(?(22)|(?!))|(?!))|(?!))|(?!))|(?!))(?(5)(?(14)(?(17)(?(20)()))))"
    )


# "The method MUST match that of the request." (RFC 3261 8.1.1.5)
usual_request = _usual(rf"([A-Z]++) ({USUAL_REQUEST_URI}(?= )()|[!-~]++) SIP/2\.0", r"\1").fullmatch
usual_response = _usual(rf"SIP/2\.0 ([1-6][0-9][0-9]) ({_ANY})()()()", "[A-Z]++").fullmatch
