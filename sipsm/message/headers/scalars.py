"""The plain values of headers: whole numbers, tokens, text, and lists of tokens (RFC 3261 20, 25.1)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from sipsm.errors import RemoteProtocolError
from sipsm.grammar.lists import split_list
from sipsm.grammar.tokens import TOKEN, is_token

# token *( COMMA token ), or nothing, as the ABNF of Supported, Allow and their kin has it.
_token_list = re.compile(rf"{TOKEN}(?:[ \t]*+,[ \t]*+{TOKEN})*+").fullmatch


def whole_number(text: str) -> int:
    """The number that the text is, below 2**32; else raises RemoteProtocolError (RFC 3261 20.19: delta-seconds)."""
    if len(text) > 10:
        text = text.lstrip("0") or "0"
    if len(text) > 10 or not (text.isascii() and text.isdecimal()) or (number := int(text)) >= 2**32:
        raise RemoteProtocolError(f"{text[:40]!r} is no whole number below 2**32", rfc="3261 25.1")
    return number


def token(text: str) -> str:
    """The text itself when it is a token; else raises RemoteProtocolError."""
    if not is_token(text):
        raise RemoteProtocolError(f"{text[:80]!r} is no token", rfc="3261 25.1")
    return text


def lower_token(text: str) -> str:
    """The text in lower case when it is a token; else raises RemoteProtocolError."""
    return token(text.lower())


def any_text(text: str) -> str:
    """The text as it is, whatever it is: Subject, Organization (TEXT-UTF8-TRIM of RFC 3261 25.1)."""
    return text


def tokens(line: str) -> tuple[str, ...]:
    """The tokens of a comma-separated line, which may be empty; else raises RemoteProtocolError."""
    return _usual_tokens(line) if len(line) <= USUAL_LENGTH else _tokens(line)


def _tokens(line: str) -> tuple[str, ...]:
    if _token_list(line) is not None:
        # There is no white space inside of tokens.
        return tuple(line.replace(" ", "").replace("\t", "").split(","))
    # Empty elements were legal in RFC 2543 and say nothing.
    return tuple([token(element) for element in split_list(line) if element])


USUAL_LENGTH: Final = 200
"""No longer are the lists of nearly all, who say the same in each message: these are read once, and held once."""
_usual_tokens = lru_cache(maxsize=128)(_tokens)


def lower_tokens(line: str) -> tuple[str, ...]:
    """The tokens of a comma-separated line in lower case; else raises RemoteProtocolError."""
    # "Unless otherwise stated in the definition of a particular header field, field values, parameter names, and
    # parameter values are case-insensitive." (RFC 3261 7.3.1)
    return tokens(line.lower())
