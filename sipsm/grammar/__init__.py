"""Text to values: tokens, parameters, lists and URIs (RFC 3261 19.1 and 25.1, RFC 3966)."""

from __future__ import annotations

from sipsm.grammar.escapes import escape_header, escape_param, escape_password, escape_user, unescape
from sipsm.grammar.lists import split_list
from sipsm.grammar.params import format_params, parse_params
from sipsm.grammar.tel import TelephoneSubscriber
from sipsm.grammar.tel_and_sip import sip_to_tel, tel_to_sip
from sipsm.grammar.tokens import is_host, is_token, quote, unquote
from sipsm.grammar.uri import Uri

__all__ = [
    "TelephoneSubscriber",
    "Uri",
    "escape_header",
    "escape_param",
    "escape_password",
    "escape_user",
    "format_params",
    "is_host",
    "is_token",
    "parse_params",
    "quote",
    "sip_to_tel",
    "split_list",
    "tel_to_sip",
    "unescape",
    "unquote",
]
