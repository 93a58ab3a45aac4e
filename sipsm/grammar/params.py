"""Parameters of header values: `;name=value;flag;q="x;y"` (RFC 3261 7.3.1 and 25.1)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.tokens import QUOTED_STRING, TOKEN, is_token, quote, refuse_line_ends, unquote

Params = Mapping[str, str | None] | Iterable[tuple[str, str | None]]
"""Parameters as given by a program, in their order; None is the value of a flag."""

# gen-value = token / host / quoted-string
# Wider: all that cannot be mistaken for the end of the value. Peers write "/", "@" and "=" into tags and branches,
# and nothing is gained by losing their calls.
VALUE = r"[!#-+\--:=?-\[\]-~]++"

# *( SEMI generic-param ), generic-param = token [ EQUAL gen-value ]
_param = re.compile(
    rf"[ \t]*+;[ \t]*+({TOKEN})(?:[ \t]*+=[ \t]*+({QUOTED_STRING}|{VALUE}|))?[ \t]*+",
).match
_is_plain_value = re.compile(r"[!#-+\--:?-\[\]-~]++").fullmatch


def pairs_of(params: Params) -> Iterable[tuple[str, str | None]]:
    """The parameters that a program gives, one after the other."""
    return params.items() if isinstance(params, Mapping) else params


def parse_params(text: str, at: int = 0) -> dict[str, str | None]:
    """The parameters that fill the text from `at` to its end, by lower-case name, quoted values unquoted.

    Raises RemoteProtocolError for what is no parameter, and for a name that comes twice: "any given parameter-name
    MUST NOT appear more than once" (RFC 3261 7.3.1).
    """
    params = params_as_written(text, at)
    if '"' in text:
        for name, value in params.items():
            if value is not None:
                params[name] = unquote(value)
    return params


def equivalent_params(one: Mapping[str, str | None], other: Mapping[str, str | None]) -> bool:
    """Whether parameters, by lower-case name and with their values as written, say the same; in any order."""
    return one.keys() == other.keys() and all(_equivalent(value, other[name]) for name, value in one.items())


def _equivalent(one: str | None, other: str | None) -> bool:
    if one is None or other is None or one == other:
        return one is other or one == other
    if '"' in (one[:1], other[:1]):
        # "Unless specified otherwise, values expressed as quoted strings are case-sensitive." (RFC 3261 7.3.1)
        return unquote(one) == unquote(other)
    # "Unless otherwise stated in the definition of a particular header field, field values, parameter names, and
    # parameter values are case-insensitive." (RFC 3261 7.3.1)
    return one.lower() == other.lower()


def params_as_written(text: str, at: int = 0) -> dict[str, str | None]:
    """The parameters as `parse_params` finds them, quoted values still in their quotes; raises likewise."""
    params: dict[str, str | None] = {}
    end = len(text)
    while at < end:
        match = _param(text, at)
        if match is None:
            raise RemoteProtocolError("no parameter where one must be", rfc="3261 25.1", at=at)
        name, value = match.groups()
        name = name.lower()
        if name in params:
            raise RemoteProtocolError(f"parameter {name[:40]} is there twice", rfc="3261 7.3.1", at=match.start(1))
        params[name] = value
        at = match.end()
    return params


def must_be_quoted(name: str, value: str) -> bool:
    """Whether a value could be mistaken for something else without quotes, whatever the parameter's name."""
    return _is_plain_value(value) is None


def format_params(params: Params, quoted: Callable[[str, str], bool] = must_be_quoted) -> str:
    """The parameters as text, values quoted where they must be; LocalProtocolError for what cannot be written.

    `quoted` decides of a parameter, by its name in lower case and its value, whether the value is put in quotes.
    """
    text = ""
    for name, value in pairs_of(params):
        if not is_token(name):
            raise LocalProtocolError(f"{name!r} cannot be the name of a parameter", rfc="3261 25.1")
        if value is None:
            text += ";" + name
        else:
            text += f";{name}={quote(refuse_line_ends(value)) if quoted(name.lower(), value) else value}"
    return text


# qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
is_qvalue = re.compile(r"0(?:\.[0-9]{0,3}+)?|1(?:\.0{0,3}+)?").fullmatch


def quality(params: Mapping[str, str | None]) -> float:
    """The q parameter, from 0 to 1; 1 when there is none, or none that can be read (RFC 3261 20.1, 20.10)."""
    text = params.get("q")
    return 1.0 if text is None or is_qvalue(text) is None else float(text)
