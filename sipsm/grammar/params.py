"""Parameters of header values: `;name=value;flag;q="x;y"` (RFC 3261 7.3.1 and 25.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

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


def parse_params(text: str, at: int = 0) -> dict[str, str | None]:
    """The parameters that fill the text from `at` to its end, by lower-case name, quoted values unquoted.

    Raises RemoteProtocolError for what is no parameter, and for a name that comes twice: "any given parameter-name
    MUST NOT appear more than once" (RFC 3261 7.3.1).
    """
    params: dict[str, str | None] = {}
    end = len(text)
    while at < end:
        match = _param(text, at)
        if match is None:
            raise RemoteProtocolError("no parameter where one must be", rfc="3261 25.1", at=at)
        name, value = match.groups()
        name = name.lower()
        if name in params:
            raise RemoteProtocolError(f"parameter {name} is there twice", rfc="3261 7.3.1", at=match.start(1))
        params[name] = value if value is None else unquote(value)
        at = match.end()
    return params


def format_params(params: Params) -> str:
    """The parameters as text, values quoted where they must be; LocalProtocolError for what cannot be written."""
    pairs = params.items() if isinstance(params, Mapping) else params
    text = ""
    for name, value in pairs:
        if not is_token(name):
            raise LocalProtocolError(f"{name!r} cannot be the name of a parameter", rfc="3261 25.1")
        if value is None:
            text += ";" + name
        else:
            text += f";{name}={value if _is_plain_value(value) else quote(refuse_line_ends(value))}"
    return text


# qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )
_qvalue = re.compile(r"0(?:\.[0-9]{0,3}+)?|1(?:\.0{0,3}+)?").fullmatch


def quality(params: Mapping[str, str | None]) -> float:
    """The q parameter, from 0 to 1; 1 when there is none, or none that can be read (RFC 3261 20.1, 20.10)."""
    text = params.get("q")
    return 1.0 if text is None or _qvalue(text) is None else float(text)
