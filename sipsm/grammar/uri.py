"""SIP and SIPS URIs; URIs of other schemes are carried as opaque text.

RFC 3261 19.1 and 25.1; comparison by 19.1.4, IPv6 addresses by value (RFC 5954 4.2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv6Address
from types import MappingProxyType

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.params import Params
from sipsm.grammar.tokens import HOST, PORT, bracketed, unbracketed

_ESCAPED = "%[0-9A-Fa-f]{2}"
# user = 1*( unreserved / escaped / user-unreserved )
_USER = rf"(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]++|{_ESCAPED})++"
# password = *( unreserved / escaped / "&" / "=" / "+" / "$" / "," )
_PASSWORD = rf"(?:[A-Za-z0-9\-_.!~*'()&=+$,]++|{_ESCAPED})*+"
# paramchar = param-unreserved / unreserved / escaped
_PARAMCHARS = rf"(?:[A-Za-z0-9\-_.!~*'()\[\]/:&+$]++|{_ESCAPED})"
# uri-parameters = *( ";" uri-parameter), other-param = pname [ "=" pvalue ]
# Wider by the empty pvalue, which does no harm and is sent (";transport=").
_PARAMS = rf"(?:;{_PARAMCHARS}++(?:={_PARAMCHARS}*+)?)*+"
# hname = 1*( hnv-unreserved / unreserved / escaped ), hvalue = *( hnv-unreserved / unreserved / escaped )
_HNV = rf"(?:[A-Za-z0-9\-_.!~*'()\[\]/?:+$]++|{_ESCAPED})"
# headers = "?" header *( "&" header ), header = hname "=" hvalue
_HEADERS = rf"{_HNV}++={_HNV}*+(?:&{_HNV}++={_HNV}*+)*+"

# SIP-URI = "sip:" [ userinfo ] hostport uri-parameters [ headers ], SIPS-URI likewise
SIP_URI = rf"[sS][iI][pP][sS]?:(?:{_USER}(?::{_PASSWORD})?@)?{HOST}(?::{PORT})?{_PARAMS}(?:\?{_HEADERS})?"
# Of these the most usual, told at half the cost: no escapes, no password, no headers, and too few parameters for one to
# be there twice. `Uri.parse` takes all that this matches.
USUAL_SIP_URI = (
    rf"sips?:(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]++@)?{HOST}(?::{PORT})?(?:;[A-Za-z0-9\-]++(?:=[A-Za-z0-9\-.]++)?)?"
)
# absoluteURI = scheme ":" ( hier-part / opaque-part )
# uric = reserved / unreserved / escaped, with the brackets that RFC 3986 added for IPv6.
OPAQUE_URI = rf"(?![sS][iI][pP][sS]?:)[A-Za-z][A-Za-z0-9+\-.]*+:(?:[A-Za-z0-9\-_.!~*'();/?:@&=+$,\[\]]++|{_ESCAPED})++"

_sip_parts = re.compile(
    rf"([sS][iI][pP][sS]?):(?:({_USER})(?::({_PASSWORD}))?@)?({HOST})(?::({PORT}))?({_PARAMS})(?:\?({_HEADERS}))?"
).fullmatch
is_usual_uri = re.compile(USUAL_SIP_URI).fullmatch
_is_opaque = re.compile(OPAQUE_URI).fullmatch

# 19.1.4: "A user, ttl, or method uri-parameter appearing in only one URI never matches"; an maddr likewise; and so
# transport, by the example of sip:bob@biloxi.com and sip:bob@biloxi.com;transport=udp.
_NEVER_IGNORED = ("user", "ttl", "method", "maddr", "transport")
_NO_PARAMS: dict[str, str | None] = {}
_new = object.__new__


class Uri:
    """The address of a resource: a SIP or SIPS URI, or an opaque one of another scheme (RFC 3261 19.1).

    `str(uri)` is the text as it came. Two URIs are equal by the rules of RFC 3261 19.1.4, escapes, case, order and
    all; a URI also equals a str that reads as an equal one. (That equality is not transitive, as the RFC notes.)
    """

    __slots__ = ("_headers", "_host", "_params", "_password", "_port", "_scheme", "_text", "_user")

    _text: str
    _scheme: str
    _user: str | None
    _password: str | None
    _host: str
    _port: int | None
    _params: dict[str, str | None]
    _headers: str | None

    @classmethod
    def parse(cls, text: str) -> Uri:
        """The URI that the text is; raises RemoteProtocolError when it is none (RFC 3261 25.1)."""
        uri = _new(cls)
        uri._text = text
        match = _sip_parts(text)
        if match is None:
            if _is_opaque(text) is None:
                raise RemoteProtocolError(f"{text!r} is no URI", rfc="3261 25.1")
            uri._scheme = text.partition(":")[0].lower()
            uri._user = uri._password = uri._port = uri._headers = None
            uri._host = ""
            uri._params = _NO_PARAMS
            return uri
        scheme, uri._user, uri._password, host, port, params, uri._headers = match.groups()
        uri._scheme = scheme.lower()
        uri._host = host[1:-1] if host[0] == "[" else host
        uri._port = None if port is None else int(port)
        uri._params = _split_params(params, text) if params else _NO_PARAMS
        return uri

    @classmethod
    def build(
        cls,
        scheme: str = "sip",
        user: str | None = None,
        *,
        host: str,
        port: int | None = None,
        params: Params = (),
        headers: str | None = None,
    ) -> Uri:
        """A SIP or SIPS URI from its parts, which are given as they stand in the text: escaped where they must be.

        An IPv6 host may come with brackets or without. Raises LocalProtocolError when the parts make no URI.
        """
        pairs = list(params.items() if isinstance(params, Mapping) else params)
        text = f"{scheme}:{'' if user is None else user + '@'}{bracketed(host)}{'' if port is None else f':{port}'}"
        for name, value in pairs:
            text += f";{name}" if value is None else f";{name}={value}"
        if headers is not None:
            text += "?" + headers
        try:
            uri = cls.parse(text)
        except RemoteProtocolError as error:
            raise LocalProtocolError(error.what, rfc=error.rfc) from None
        # No part may run over into the next: a host of "a;lr" would make a parameter.
        asked = (scheme.lower(), user, unbracketed(host), {name.lower(): value for name, value in pairs}, headers)
        if (uri._scheme, uri._user, uri._host, uri._params, uri._headers) != asked:
            raise LocalProtocolError(f"{text!r} is no SIP URI of these parts", rfc="3261 19.1.1")
        return uri

    @property
    def scheme(self) -> str:
        """The scheme in lower case, such as "sip", "sips" or "tel"."""
        return self._scheme

    @property
    def user(self) -> str | None:
        """The user part as it stands in the text, escapes and all."""
        return self._user

    @property
    def password(self) -> str | None:
        """The password as it stands in the text; its use is discouraged (RFC 3261 19.1.1)."""
        return self._password

    @property
    def host(self) -> str:
        """The host, an IPv6 address without its brackets; empty for schemes other than SIP and SIPS."""
        return self._host

    @property
    def port(self) -> int | None:
        """The port, where the text names one."""
        return self._port

    @property
    def host_port(self) -> str:
        """Host and port as they are written, an IPv6 address in brackets."""
        host = bracketed(self._host)
        return host if self._port is None else f"{host}:{self._port}"

    @property
    def params(self) -> Mapping[str, str | None]:
        """The URI's parameters by lower-case name, in their order; None is the value of a flag."""
        return MappingProxyType(self._params)

    @property
    def headers(self) -> str | None:
        """The text after the question mark: headers of a request to form from the URI (RFC 3261 19.1.5)."""
        return self._headers

    @property
    def transport(self) -> str | None:
        """The transport parameter in lower case, such as "tcp"."""
        transport = self._params.get("transport")
        return None if transport is None else transport.lower()

    @property
    def maddr(self) -> str | None:
        """The address to send to instead of the host, an IPv6 address without its brackets."""
        maddr = self._params.get("maddr")
        return None if maddr is None else unbracketed(maddr)

    @property
    def lr(self) -> bool:
        """True when the element at this URI routes loosely (RFC 3261 16.12)."""
        return "lr" in self._params

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<Uri {self._text}>"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            try:
                other = Uri.parse(other)
            except RemoteProtocolError:
                return False
        if not isinstance(other, Uri):
            return NotImplemented
        if self._text == other._text:
            return True
        return self._scheme == other._scheme and self._scheme in ("sip", "sips") and _equivalent(self, other)

    def __hash__(self) -> int:
        if not self._host:
            return hash(self._text)
        return hash((self._scheme, _plain(self._user), _host_key(self._host), self._port))

    def __copy__(self) -> Uri:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Uri:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return Uri.parse, (self._text,)


def _split_params(text: str, uri: str) -> dict[str, str | None]:
    parts = text.split(";")
    params: dict[str, str | None] = {}
    for part in parts[1:]:
        name, equal, value = part.partition("=")
        params[name.lower()] = value if equal else None
    # "any given parameter-name MUST NOT appear more than once" (RFC 3261 19.1.1)
    if len(params) + 1 != len(parts):
        raise RemoteProtocolError(f"a parameter is there twice in {uri!r}", rfc="3261 19.1.1")
    return params


# Comparison (RFC 3261 19.1.4)

# "Characters other than those in the "reserved" set (see RFC 2396 [5]) are equivalent to their ""%" HEX HEX" encoding."
# Octets that no URI holds unescaped stay escaped as well, their digits in upper case.
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()")
_escape = re.compile(_ESCAPED)


def _plain_char(match: re.Match[str]) -> str:
    octet = int(match[0][1:], 16)
    return chr(octet) if octet in _UNRESERVED else match[0].upper()


def _plain(text: str | None) -> str | None:
    return _escape.sub(_plain_char, text) if text is not None and "%" in text else text


def _plain_lower(text: str | None) -> str | None:
    plain = _plain(text)
    return None if plain is None else plain.lower()


def _host_key(host: str) -> object:
    if ":" not in host:
        return host.lower()
    try:
        return IPv6Address(host)
    except ValueError:
        return host.lower()


def _params_key(params: dict[str, str | None]) -> dict[str | None, str | None]:
    return {_plain_lower(name): _plain_lower(value) for name, value in params.items()}


def _headers_key(headers: str | None) -> list[tuple[str | None, str | None]]:
    """The headers with case and order taken out, each name and value a pair."""
    pairs = (header.partition("=") for header in headers.split("&")) if headers else ()
    return sorted(((_plain_lower(name), _plain_lower(value)) for name, _, value in pairs), key=str)


def _equivalent(one: Uri, other: Uri) -> bool:
    if (
        one._port != other._port
        or _plain(one._user) != _plain(other._user)
        or _plain(one._password) != _plain(other._password)
        or _host_key(one._host) != _host_key(other._host)
    ):
        return False
    if one._params or other._params:
        mine, theirs = _params_key(one._params), _params_key(other._params)
        if any((name in mine) != (name in theirs) for name in _NEVER_IGNORED):
            return False
        # "Any uri-parameter appearing in both URIs must match."
        if any(value != theirs[name] for name, value in mine.items() if name in theirs):
            return False
    # "URI header components are never ignored."
    return _headers_key(one._headers) == _headers_key(other._headers)
