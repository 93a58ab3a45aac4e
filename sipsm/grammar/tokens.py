"""The smallest pieces of SIP text: tokens, quoted strings, comments, hosts and ports.

RFC 3261 25.1, with the ABNF above each pattern. Patterns are strings, to be built into larger ones; all of them
run in linear time on any text (possessive quantifiers), since strangers choose the text.
"""

from __future__ import annotations

import re

from sipsm.errors import LocalProtocolError

# token = 1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~" )
TOKEN = r"[A-Za-z0-9\-.!%*_+`'~]++"

# quoted-string = SWS DQUOTE *(qdtext / quoted-pair ) DQUOTE
# quoted-pair   = "\" (%x00-09 / %x0B-0C / %x0E-7F)
QUOTED_STRING = r'"[^"\\\r\n]*+(?:\\[^\r\n][^"\\\r\n]*+)*+"'

# comment = LPAREN *(ctext / quoted-pair / comment) RPAREN
# ctext   = %x21-27 / %x2A-5B / %x5D-7E / UTF8-NONASCII / LWS
# Comments in comments are read down to the fifth.
_CTEXT = r"[^()\\\r\n]++|\\[^\r\n]"
COMMENT = rf"\((?:{_CTEXT})*+\)"
for _ in range(4):
    COMMENT = rf"\((?:{_CTEXT}|{COMMENT})*+\)"

# IPv6reference = "[" IPv6address "]"
# The inside is not counted out, beyond two colons: RFC 5118 4.10 wants the third colon tolerated that the grammar of
# RFC 3261 let in.
_IPV6 = r"[0-9A-Fa-f]*+:[0-9A-Fa-f]*+:[0-9A-Fa-f:.]*+"
IPV6_REFERENCE = rf"\[{_IPV6}\]"

# host     = hostname / IPv4address / IPv6reference
# hostname = *( domainlabel "." ) toplabel [ "." ]
# IPv4address = 1*3DIGIT "." 1*3DIGIT "." 1*3DIGIT "." 1*3DIGIT
# The same characters make names and IPv4 addresses. Wider by the underscore, which is in the host names of many
# private networks.
HOST = rf"(?:[A-Za-z0-9._\-]++|{IPV6_REFERENCE})"

# port = 1*DIGIT
# No more than a port can be; leading zeros are read as long as they stay within five digits.
PORT = r"(?:[0-5]?[0-9]{1,4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])(?![0-9])"

# LWS = [*WSP CRLF] 1*WSP
# It begins where no white space stands before it: else each character of a long run would be tried in vain.
_FOLD = re.compile(r"(?:(?<![ \t])[ \t]++)?+\r\n[ \t]++")
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_IN_QUOTES = re.compile(r'(["\\])')
_IN_COMMENT = re.compile(r"([()\\])")
# quoted-string = SWS DQUOTE *(qdtext / quoted-pair ) DQUOTE
_quoted_string = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)

_is_token = re.compile(TOKEN).fullmatch
_is_host = re.compile(HOST).fullmatch
_is_ipv6 = re.compile(_IPV6).fullmatch


def is_token(text: str) -> bool:
    """True when the text is a token, as methods, header names and parameter names are (RFC 3261 25.1)."""
    return _is_token(text) is not None


def is_host(text: str) -> bool:
    """True for a host name, an IPv4 address or an IPv6 address in brackets (RFC 3261 25.1)."""
    return _is_host(text) is not None


def is_ipv6(text: str) -> bool:
    """True for an IPv6 address without brackets (RFC 3261 25.1)."""
    return _is_ipv6(text) is not None


def unbracketed(host: str) -> str:
    """The host as sockets want it: an IPv6 address without its brackets."""
    return host[1:-1] if host[:1] == "[" else host


def bracketed(host: str) -> str:
    """The host as SIP writes it: an IPv6 address in brackets (RFC 3261 25.1)."""
    return f"[{host}]" if is_ipv6(host) else host


def quote(text: str) -> str:
    """The text as a quoted string, its quotes and backslashes escaped (RFC 3261 25.1)."""
    return '"' + _IN_QUOTES.sub(r"\\\1", text) + '"'


def unquote(text: str) -> str:
    """What a quoted string says; other text is returned as it is (RFC 3261 25.1)."""
    if text[:1] != '"':
        return text
    return _inside(text)


def format_comment(text: str) -> str:
    """The text as a comment in parentheses, its own parentheses and backslashes escaped (RFC 3261 25.1)."""
    return "(" + _IN_COMMENT.sub(r"\\\1", text) + ")"


def comment_text(comment: str) -> str:
    """What a comment says, without its parentheses and escapes (RFC 3261 25.1)."""
    return _inside(comment)


def _inside(text: str) -> str:
    """What stands between the delimiters at both ends, without escapes."""
    inside = text[1:-1]
    return _QUOTED_PAIR.sub(r"\1", inside) if "\\" in inside else inside


def as_text(value: object) -> str:
    """The text that is written for a value: what is checked is what is written, whatever its class says of itself."""
    # Formatting a subclass of str asks its __str__, which may say something else: as that of an enum does.
    text = value if isinstance(value, str) else str(value)
    return text if text.__class__ is str else str.__str__(text)


def refuse_line_ends(text: str) -> str:
    """The text itself, or LocalProtocolError when it could break out of its line: header injection (RFC 3261 7.3.1)."""
    if "\r" in text or "\n" in text or "\0" in text:
        raise LocalProtocolError(f"CR, LF and NUL cannot be part of a value: {text!r}", rfc="3261 25.1")
    return text


def written(value: object) -> str:
    """The text of a value that stands in a line; LocalProtocolError for one that breaks out of it, or is no UTF-8."""
    text = as_text(value)
    if text.isprintable():
        # Neither line ends nor surrogates are.
        return text
    refuse_line_ends(text)
    if not text.isascii():
        try:
            text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raise LocalProtocolError(f"{text!r} cannot be written as UTF-8", rfc="3261 25.1") from None
    return text


def rewritten(text: str) -> str:
    """As `written`, for a value that a peer may have written before: in quotes it may hold a NUL (RFC 3261 25.1)."""
    # quoted-pair = "\" (%x00-09 / %x0B-0C / %x0E-7F)
    if "\0" in text:
        written(_quoted_string.sub(lambda quoted: quoted[0].replace("\0", ""), text))
        return text
    return written(text)


def unfold(text: str) -> str:
    """The text on one line, each fold a space."""
    # "All linear white space, including folding, has the same semantics as SP." (RFC 3261 25.1)
    return _FOLD.sub(" ", text) if "\r" in text else text


def before_unfolding(text: str, at: int) -> int:
    """Where in a text with folds it stands that stands at `at` in what `unfold` makes of it."""
    for fold in _FOLD.finditer(text):
        if fold.start() >= at:
            break
        at += len(fold[0]) - 1
    return at
