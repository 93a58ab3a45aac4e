"""What a challenge and its answer are made of: a scheme, and parameters between commas (RFC 3261 25.1, RFC 7616).

Not here: what the parameters mean (`challenge`, `credentials`, `authentication_info`), and the digests themselves.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from types import MappingProxyType
from typing import ClassVar, Self

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.params import Params, pairs_of
from sipsm.grammar.text_value import TextValue, built
from sipsm.grammar.tokens import TOKEN, is_token, quote, refuse_line_ends, unquote

# auth-param = auth-param-name EQUAL ( token / quoted-string )
# Wider by two. A value without quotes may hold all but white space, commas and quotes: the grammar of RFC 2617 had the
# uri so, and base64 ends in "=". And elements may be empty, as they may be in HTTP, where these headers come from.
_BARE = r"[!#-+\--\[\]-~]++"
_PARAM = rf'({TOKEN})[ \t]*+=[ \t]*+(?:"([^"\\\r\n]*+(?:\\[^\r\n][^"\\\r\n]*+)*+)"|({_BARE}))[ \t]*+(?:,[ \t,]*+|\Z)'
_param = re.compile(_PARAM).match
# All parameters in one go: name, inside of the quotes, or value without; and as the last one what is no parameter.
_params = re.compile(rf"{_PARAM}|(.++)", re.DOTALL).findall
# auth-scheme = token
_scheme = re.compile(rf"({TOKEN})(?:[ \t]++[ \t,]*+|\Z)").match
# nc-value = 8LHEX
# Wider by digits in upper case. "For historical reasons, the nc value MUST be exactly 8 hexadecimal digits."
# (RFC 7616 3.5)
_nc = re.compile(r"[0-9A-Fa-f]{8}").fullmatch
_new = object.__new__


class AuthParams(TextValue):
    """Parameters between commas, as Authentication-Info has them. Equal to others of the same names and values."""

    __slots__ = ("_params",)

    what: ClassVar[str] = "authentication parameters"
    """What an error calls it."""

    bare: ClassVar[frozenset[str]]
    """The parameters, by lower-case name, that are written without quotes."""

    _params: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The parameters that the text is; raises RemoteProtocolError when it is none, or one is there twice."""
        found = _params(text)
        if not found or found[-1][3]:
            raise RemoteProtocolError(f"{text[:80]!r} is no {cls.what}", rfc="3261 25.1")
        value = _new(cls)
        value._text = text
        value._take(found)
        return value

    def _take(self, found: list[tuple[str, str, str, str]]) -> None:
        params = {name.lower(): inside or bare for name, inside, bare, _ in found}
        if len(params) != len(found):
            raise RemoteProtocolError(f"a parameter is there twice in {self._text[:80]!r}", rfc="3261 7.3.1")
        if "\\" in self._text:
            params = {name: unquote(f'"{value}"') for name, value in params.items()}
        self._params = params
        self._check()

    @classmethod
    def _format(cls, known: Mapping[str, str | None], params: Params = ()) -> str:
        """The text of those known parameters that are not None, and of others behind them."""
        given = [(name, value) for name, value in known.items() if value is not None]
        return format_auth_params([*given, *pairs_of(params)], cls.bare)

    def _check(self) -> None:
        nc = self._params.get("nc")
        if nc is not None and _nc(nc) is None:
            raise RemoteProtocolError(f"nc {nc[:40]!r} is not 8 hexadecimal digits", rfc="7616 3.5")

    @property
    def params(self) -> Mapping[str, str]:
        """The parameters by lower-case name, in their order, without quotes and escapes."""
        return MappingProxyType(self._params)

    @property
    def nc(self) -> int | None:
        """How many requests were sent with this nonce, this one counted (RFC 7616 3.4)."""
        nc = self._params.get("nc", "")
        # Another scheme than Digest may mean something else by it.
        return None if _nc(nc) is None else int(nc, 16)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, AuthParams)
        return self._params == other._params

    def __hash__(self) -> int:
        return hash(frozenset(self._params.items()))


class SchemeWithParams(AuthParams):
    """A scheme and what follows it. Of a scheme other than Digest it is carried, whatever it is."""

    __slots__ = ("_scheme",)

    _scheme: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The one value that the text is; raises RemoteProtocolError when it is none, or more than one."""
        values = cls.parse_line(text)
        if len(values) > 1:
            raise RemoteProtocolError(f"more than one {cls.what} in a line", rfc="3261 7.3.1")
        return values[0]

    @classmethod
    def parse_line(cls, line: str) -> tuple[Self, ...]:
        """The value of a header line; raises RemoteProtocolError when it is none.

        These headers are never combined into one line (RFC 3261 7.3.1). Where a peer did so all the same, the values
        are told apart by their schemes.
        """
        match = _scheme(line)
        if match is None:
            raise RemoteProtocolError(f"{line[:80]!r} is no {cls.what}", rfc="3261 25.1", at=0)
        found = _params(line, match.end())
        if not found or not found[-1][3]:
            return (cls._made(line, match[1], found),)
        texts = _apart(line)
        if texts:
            return tuple([value for text in texts for value in cls.parse_line(text)])
        if match[1].lower() == "digest":
            raise RemoteProtocolError(f"no parameter at {found[-1][3][:80]!r}", rfc="3261 25.1")
        # "The client MUST ignore any challenge it does not understand." (RFC 8760 2.4)  It may stand beside one that
        # is understood, so it is no error. Bearer is followed by a token that is no parameter (RFC 8898 1.4.1).
        return (cls._made(line, match[1], []),)

    @classmethod
    def _made(cls, text: str, scheme: str, found: list[tuple[str, str, str, str]]) -> Self:
        value = _new(cls)
        value._text = text
        value._scheme = scheme.lower()
        value._take(found)
        return value

    @classmethod
    def build(cls, scheme: str, params: Params = (), *, rest: str | None = None) -> Self:
        """One of any scheme, its parameters quoted; or with `rest` instead of parameters, such as a Bearer's token.

        Raises LocalProtocolError when the parts cannot be written. For Digest there is `digest`.
        """
        text = f"{scheme} {format_auth_params(params) if rest is None else rest}"
        made = built(cls.parse, text.rstrip(" "))
        if made._scheme != scheme.lower():
            raise LocalProtocolError(f"{scheme!r} is no scheme", rfc="3261 25.1")
        return made

    def _check(self) -> None:
        if self._scheme == "digest":
            if not self._params:
                raise RemoteProtocolError("Digest without parameters", rfc="3261 25.1")
            super()._check()

    @property
    def scheme(self) -> str:
        """The scheme in lower case, such as "digest"."""
        return self._scheme

    @property
    def rest(self) -> str:
        """All that follows the scheme, as it came: the token of a Bearer (RFC 8898 1.4.1)."""
        return self._text[len(self._scheme) :].strip(" \t")

    @property
    def realm(self) -> str | None:
        """Which user name and password are asked for, to be shown to the user (RFC 7616 3.3)."""
        return self._params.get("realm")

    @property
    def nonce(self) -> str | None:
        """The string by which the server knows its challenge again (RFC 7616 3.3)."""
        return self._params.get("nonce")

    @property
    def opaque(self) -> str | None:
        """A string that the client returns as it is (RFC 7616 3.3)."""
        return self._params.get("opaque")

    @property
    def algorithm(self) -> str:
        """The algorithm of a Digest as it is spelled, "MD5" when none is named (RFC 7616 3.3)."""
        return self._params.get("algorithm", "MD5")

    @property
    def userhash(self) -> bool:
        """Whether the user name can be hashed, says a challenge; whether it is, say credentials (RFC 7616 3.4.4)."""
        return self._params.get("userhash", "").lower() == "true"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, SchemeWithParams)
        if not (self._params or other._params):
            return self._scheme == other._scheme and self.rest == other.rest
        return self._scheme == other._scheme and self._params == other._params

    def __hash__(self) -> int:
        return hash((self._scheme, frozenset(self._params.items())))


def format_auth_params(params: Params, bare: Container[str] = ()) -> str:
    """The parameters as text, quoted but for the ones named; LocalProtocolError for what cannot be written."""
    parts = []
    for name, value in pairs_of(params):
        if not is_token(name) or value is None:
            raise LocalProtocolError(f"{name!r} cannot be a parameter with {value!r}", rfc="3261 25.1")
        if name.lower() not in bare:
            value = quote(refuse_line_ends(value))
        elif not is_token(value):
            raise LocalProtocolError(f"{name} cannot be {value!r}, which is no token", rfc="3261 25.1")
        parts.append(f"{name}={value}")
    return ", ".join(parts)


def _apart(line: str) -> list[str]:
    """The values of a line of many, each of which begins with its scheme; none when it cannot be taken apart."""
    starts = []
    at = 0
    while at < len(line):
        scheme = _scheme(line, at)
        param = scheme and _param(line, scheme.end())
        if param is None:
            return []
        starts.append(at)
        while param is not None:
            at = param.end()
            param = _param(line, at)
    return [line[start:end].rstrip(" \t,") for start, end in zip(starts, [*starts[1:], at], strict=True)]
