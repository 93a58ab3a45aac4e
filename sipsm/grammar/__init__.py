"""Text to values: tokens, parameters, lists and URIs (RFC 3261 19.1 and 25.1)."""

from __future__ import annotations

from sipsm.grammar.lists import split_list
from sipsm.grammar.params import format_params, parse_params
from sipsm.grammar.tokens import is_host, is_token, quote, unquote
from sipsm.grammar.uri import Uri

__all__ = [
    "Uri",
    "format_params",
    "is_host",
    "is_token",
    "parse_params",
    "quote",
    "split_list",
    "unquote",
]
