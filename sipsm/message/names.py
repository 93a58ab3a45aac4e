"""Header names and header lines.

RFC 3261 7.3, 7.3.3 and 20; compact forms by the IANA registry of SIP header fields. A line is kept as it came,
without its last CRLF, folds inside; a block of them is indexed by canonical name, which is the long form in
lower case.
"""

from __future__ import annotations

import re

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.tokens import as_text, is_token, unfold, written

HeaderIndex = dict[str, str | list[str]]
"""Canonical name to the one line of that name, or to all of them in order."""

COMPACT = {
    "a": "accept-contact",
    "b": "referred-by",
    "c": "content-type",
    "d": "request-disposition",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "j": "reject-contact",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "n": "identity-info",
    "o": "event",
    "r": "refer-to",
    "s": "subject",
    "t": "to",
    "u": "allow-events",
    "v": "via",
    "x": "session-expires",
    "y": "identity",
}
"""Compact form to canonical name."""

_USUAL_NAMES = (
    "Accept Accept-Contact Accept-Encoding Accept-Language Accept-Resource-Priority Alert-Info Allow Allow-Events "
    "Answer-Mode Authentication-Info Authorization Call-ID Call-Id Call-Info Contact Content-Disposition "
    "Content-Encoding Content-ID Content-Language Content-Length Content-Type CSeq Date Diversion Error-Info Event "
    "Expires Feature-Caps Flow-Timer From Geolocation Geolocation-Error Geolocation-Routing History-Info Identity "
    "In-Reply-To Info-Package Join Max-Breadth Max-Forwards MIME-Version Min-Expires Min-SE Organization "
    "P-Access-Network-Info P-Asserted-Identity P-Associated-URI P-Called-Party-ID P-Charging-Vector P-Early-Media "
    "P-Preferred-Identity P-Visited-Network-ID Path Priority Privacy Proxy-Authenticate Proxy-Authentication-Info "
    "Proxy-Authorization Proxy-Require RAck Reason Record-Route Recv-Info Refer-Events-At Refer-Sub Refer-To "
    "Referred-By Reject-Contact Remote-Party-ID Replaces Reply-To Request-Disposition Require Resource-Priority "
    "Retry-After Route RSeq Security-Client Security-Server Security-Verify Server Service-Route Session-Expires "
    "Session-ID SIP-ETag SIP-If-Match Subject Subscription-State Supported Suppress-If-Match Target-Dialog Timestamp "
    "To Unsupported User-Agent User-to-User Via Warning WWW-Authenticate "
)


ONCE = frozenset(
    [
        "authentication-info",
        "call-id",
        "content-disposition",
        "content-id",
        "content-length",
        "content-type",
        "cseq",
        "date",
        "event",
        "expires",
        "flow-timer",
        "from",
        "geolocation-error",
        "geolocation-routing",
        "info-package",
        "join",
        "max-breadth",
        "max-forwards",
        "mime-version",
        "min-expires",
        "min-se",
        "organization",
        "priority",
        "proxy-authentication-info",
        "rack",
        "refer-events-at",
        "refer-sub",
        "refer-to",
        "referred-by",
        "replaces",
        "reply-to",
        "retry-after",
        "rseq",
        "server",
        "session-expires",
        "sip-etag",
        "sip-if-match",
        "subject",
        "subscription-state",
        "suppress-if-match",
        "target-dialog",
        "timestamp",
        "to",
        "user-agent",
    ]
)
"""The canonical names of the headers of which a message has one at most: those of a single value (RFC 3261 7.3.1)."""


USUAL_SPELLINGS: dict[str, str] = {}
"""What stands before a line's colon, to the canonical name: the usual spellings. What strangers send must not stay."""
for _long in _USUAL_NAMES.split():
    USUAL_SPELLINGS.update(dict.fromkeys((_long, _long.lower(), _long.upper()), _long.lower()))
for _short, _long in COMPACT.items():
    USUAL_SPELLINGS.update(dict.fromkeys((_short, _short.upper()), _long))


def _unusual(before_colon: str) -> str:
    """The canonical name of one that is spelled in another way; raises RemoteProtocolError when it is none."""
    # HCOLON = *( SP / HTAB ) ":" SWS
    name = before_colon.rstrip(" \t")
    if not is_token(name):
        raise RemoteProtocolError(f"{name[:80]!r} is no name of a header", rfc="3261 25.1")
    name = name.lower()
    return COMPACT.get(name, name)


def canonical(name: str) -> str:
    """The name in the form that a `HeaderIndex` knows: long and in lower case (RFC 3261 7.3.3)."""
    known = USUAL_SPELLINGS.get(name)
    if known is not None:
        return known
    name = name.lower()
    return COMPACT.get(name, name)


def index_lines(lines: list[str]) -> HeaderIndex:
    """The lines by canonical name; raises RemoteProtocolError, without `at`, when one of them is no header."""
    index: HeaderIndex = {}
    known = USUAL_SPELLINGS
    for line in lines:
        name, colon, _ = line.partition(":")
        if not colon:
            raise RemoteProtocolError("a header line without a colon", rfc="3261 7.3.1")
        add_to_index(index, known.get(name) or _unusual(name), line)
    return index


def add_to_index(index: HeaderIndex, name: str, line: str) -> None:
    """One line more, behind those that there are of its canonical name."""
    there = index.get(name)
    if there is None:
        index[name] = line
    elif isinstance(there, list):
        there.append(line)
    else:
        index[name] = [there, line]


# "Header fields can be extended over multiple lines by preceding each extra line with at least one SP or horizontal tab
# (HT). The line break and the whitespace at the beginning of the next line are treated as a single SP character."
# (RFC 3261 7.3.1)
_line_end = re.compile(r"\r\n(?![ \t])")
_lone = re.compile(rb"\r(?!\n)|(?<!\r)\n").search


def head_lines(head: bytes) -> list[str]:
    """The lines of a head, folds inside; raises RemoteProtocolError for CR or LF alone among them."""
    # "The start-line, each message-header line, and the empty line MUST be terminated by a carriage-return line-feed
    # sequence (CRLF)." (RFC 3261 7)  Elements that took a lone CR or LF for one would see other headers than this one.
    if not head.count(b"\r\n") == head.count(b"\r") == head.count(b"\n"):
        lone = _lone(head)
        assert lone is not None, "one of them is more than the others"
        raise RemoteProtocolError("CR or LF alone", rfc="3261 7", at=lone.start())
    return _line_end.split(head.decode("utf-8", "surrogateescape")) if head else []


def split_head(text: bytes) -> tuple[bytes, bytes]:
    """The header lines at the beginning of the text, and the body behind the empty line, which may be missing."""
    if text.startswith(b"\r\n"):
        return b"", text[2:]
    head, _, body = text.partition(b"\r\n\r\n")
    return head.removesuffix(b"\r\n"), body


def value_of(line: str) -> str:
    """What a header line says: on one line, without outer white space."""
    value = line.partition(":")[2].strip(" \t\r\n")
    return unfold(value) if "\r" in value else value


def header_line(name: str, value: object) -> str:
    """One header line as a program wants it; raises LocalProtocolError when it could be read as anything else.

    Against header injection: neither part may hold CR, LF or NUL, and the name must be a token (RFC 3261 7.3.1, 25.1).
    """
    if value.__class__ is str and name.__class__ is str and name in USUAL_SPELLINGS and value.isprintable():
        # So are nearly all: neither line ends nor surrogates can be printed.
        return f"{name}: {value}"
    if name.__class__ is not str:
        name = as_text(name)
    if name not in USUAL_SPELLINGS and not is_token(name):
        raise LocalProtocolError(f"{name!r} cannot be the name of a header", rfc="3261 25.1")
    if value is None or value.__class__ in _NO_TEXT:
        raise LocalProtocolError(f"{name} cannot be {value!r}: give its text, a number or a typed value")
    return f"{name}: {written(value)}"


_NO_TEXT = frozenset((bytes, bytearray, tuple, list, dict, set, frozenset))
