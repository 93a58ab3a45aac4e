"""Comments: text in parentheses, for people to read (RFC 3261 25.1). Retry-After, Server and User-Agent hold some."""

from __future__ import annotations

import re

# comment = LPAREN *(ctext / quoted-pair / comment) RPAREN
# ctext   = %x21-27 / %x2A-5B / %x5D-7E / UTF8-NONASCII / LWS
# Comments in comments are read down to the fifth.
_CTEXT = r"[^()\\\r\n]++|\\[^\r\n]"
COMMENT = rf"\((?:{_CTEXT})*+\)"
for _ in range(4):
    COMMENT = rf"\((?:{_CTEXT}|{COMMENT})*+\)"

_QUOTED_PAIR = re.compile(r"\\(.)")
_TO_ESCAPE = re.compile(r"([()\\])")


def comment_text(comment: str) -> str:
    """What a comment says, without its parentheses and escapes."""
    inside = comment[1:-1]
    return _QUOTED_PAIR.sub(r"\1", inside) if "\\" in inside else inside


def format_comment(text: str) -> str:
    """The text as a comment, its parentheses and backslashes escaped."""
    return "(" + _TO_ESCAPE.sub(r"\\\1", text) + ")"
