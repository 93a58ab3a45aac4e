"""What URIs are written in: characters, and the escapes of those that may not stand as they are.

RFC 3261 19.1.2 and 25.1, RFC 3986 2. A program may think in plain text throughout: `unescape` what it reads, and escape
what it writes by the function that is named after the part of the URI.
"""

from __future__ import annotations

import re
from string import ascii_letters, digits

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.params import Params, pairs_of

# escaped = "%" HEXDIG HEXDIG
ESCAPED = "%[0-9A-Fa-f]{2}"
# unreserved = alphanum / mark, mark = "-" / "_" / "." / "!" / "~" / "*" / "'" / "(" / ")"
UNRESERVED = ascii_letters + digits + "-_.!~*'()"
# user-unreserved = "&" / "=" / "+" / "$" / "," / ";" / "?" / "/"
USER_CHARS = UNRESERVED + "&=+$,;?/"
# password = *( unreserved / escaped / "&" / "=" / "+" / "$" / "," )
PASSWORD_CHARS = UNRESERVED + "&=+$,"
# param-unreserved = "[" / "]" / "/" / ":" / "&" / "+" / "$"
PARAM_CHARS = UNRESERVED + "[]/:&+$"
# hnv-unreserved = "[" / "]" / "/" / "?" / ":" / "+" / "$"
HEADER_CHARS = UNRESERVED + "[]/?:+$"
# uric = reserved / unreserved / escaped
# reserved = ";" / "/" / "?" / ":" / "@" / "&" / "=" / "+" / "$" / ","
URI_CHARS = UNRESERVED + ";/?:@&=+$,"

_escape = re.compile("%([0-9A-Fa-f]{2})")
_escapes = re.compile(f"(?:{ESCAPED})++")
_no_escape = re.compile("%(?![0-9A-Fa-f]{2})").search


def one_of(chars: str) -> str:
    """The pattern of one of the characters."""
    return f"[{re.escape(chars)}]"


def _spelled(kept: str) -> tuple[str, ...]:
    """How each octet is written where only these characters may stand as they are."""
    return tuple(chr(octet) if chr(octet) in kept else f"%{octet:02X}" for octet in range(256))


_IN_USER = _spelled(USER_CHARS)
_AS_USER = _spelled(USER_CHARS + "%")
_IN_PASSWORD = _spelled(PASSWORD_CHARS)
_IN_PARAM = _spelled(PARAM_CHARS)
# "all URI reserved characters in header field names and values MUST be escaped." (RFC 3261 19.1.2)  The ABNF lets some
# of them stand; escaped, all read them alike.
_IN_HEADER = _spelled(UNRESERVED)
# "Characters other than those in the "reserved" set (see RFC 2396 [5]) are equivalent to their ""%" HEX HEX" encoding."
# (RFC 3261 19.1.4)  The brackets are not in that set.
_NEEDFUL = _spelled(UNRESERVED + "[]")
# unreserved = ALPHA / DIGIT / "-" / "." / "_" / "~" (RFC 3986 2.3)
_NEEDFUL_ANYWHERE = _spelled(ascii_letters + digits + "-._~")


def unescape(text: str) -> str:
    """The plain text of a part of a URI, whose escapes are the octets of UTF-8 (RFC 3261 19.1.2).

    Octets that are no UTF-8 become lone surrogates, as in all text of a message; NUL and line ends become themselves.
    Raises RemoteProtocolError for a percent sign that begins no escape.
    """
    if "%" not in text:
        return text
    wrong = _no_escape(text)
    if wrong is not None:
        raise RemoteProtocolError("a percent sign begins no escape", rfc="3261 25.1", at=wrong.start())
    return _escapes.sub(lambda match: bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "surrogateescape"), text)


def escape_user(text: str) -> str:
    """The text as the user part of a SIP URI: "j@s0n" becomes "j%40s0n" (RFC 3261 19.1.2).

    What the grammar lets stand there stays, such as the plus signs and semicolons of telephone numbers. Raises
    LocalProtocolError for text that UTF-8 cannot hold; so do the other three.
    """
    return _written(text, _IN_USER)


def escape_password(text: str) -> str:
    """The text as the password of a SIP URI (RFC 3261 25.1)."""
    return _written(text, _IN_PASSWORD)


def escape_param(text: str) -> str:
    """The text as the name or the value of a parameter of a SIP or tel URI (RFC 3261 25.1, RFC 3966 3)."""
    return _written(text, _IN_PARAM)


def escape_header(text: str) -> str:
    """The text as the name or the value of a header field in a SIP URI (RFC 3261 19.1.2)."""
    return _written(text, _IN_HEADER)


def as_user(text: str) -> str:
    """The text of another part of a URI as that of a user part; its escapes stay (RFC 3261 19.1.2)."""
    return _written(text, _AS_USER)


def undo_needless(text: str) -> str:
    """The one spelling of the several that mean the same in a SIP or tel URI (RFC 3261 19.1.4, RFC 3966 3).

    Escapes of what is not reserved are undone; the others get upper-case digits.
    """
    return _escape.sub(lambda match: _NEEDFUL[int(match[1], 16)], text) if "%" in text else text


def undo_needless_anywhere(text: str) -> str:
    """The same for a URI of any scheme, where fewer characters are known not to be reserved (RFC 3986 6.2.2)."""
    return _escape.sub(lambda match: _NEEDFUL_ANYWHERE[int(match[1], 16)], text) if "%" in text else text


def split_params(text: str, *, rfc: str) -> dict[str, str | None]:
    """The parameters of a URI, each behind a semicolon, by lower-case name; None is the value of a flag.

    Raises RemoteProtocolError, which names the section, for a name that is there twice.
    """
    parts = text.split(";")
    params: dict[str, str | None] = {}
    for part in parts[1:]:
        name, equal, value = part.partition("=")
        params[(undo_needless(name) if "%" in name else name).lower()] = value if equal else None
    if len(params) + 1 != len(parts):
        raise RemoteProtocolError(f"a parameter is there twice in {text[:80]!r}", rfc=rfc)
    return params


def join_params(params: Params) -> str:
    """The parameters as text, each behind a semicolon; they are given as they stand there."""
    return "".join([f";{name}" if value is None else f";{name}={value}" for name, value in pairs_of(params)])


def _written(text: str, spelling: tuple[str, ...]) -> str:
    try:
        octets = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise LocalProtocolError(f"{text!r} cannot be written in UTF-8", rfc="3261 25.1") from None
    return "".join([spelling[octet] for octet in octets])
