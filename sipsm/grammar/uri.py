"""SIP, SIPS and tel URIs; URIs of other schemes are carried as opaque text.

RFC 3261 19.1 and 25.1, RFC 3966; compared as RFC 3261 19.1.4 and RFC 3966 4 say. Not here: forming a request from a URI
(RFC 3261 19.1.5), and where a URI leads (RFC 3263).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Self

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.escapes import (
    ESCAPED,
    HEADER_CHARS,
    PARAM_CHARS,
    PASSWORD_CHARS,
    URI_CHARS,
    USER_CHARS,
    escape_header,
    join_params,
    one_of,
    split_params,
    undo_needless,
    unescape,
)
from sipsm.grammar.params import Params, pairs_of
from sipsm.grammar.tel import TelephoneSubscriber
from sipsm.grammar.text_value import TextValue, built
from sipsm.grammar.tokens import HOST, PORT, bracketed, unbracketed
from sipsm.grammar.uri_equality import host_key, opaque_key, same_headers, same_params, same_userinfo

HeaderFields = Mapping[str, str] | Iterable[tuple[str, str]]
"""Header fields of a URI as a program gives them: names and values, not escaped, in their order."""

# user = 1*( unreserved / escaped / user-unreserved )
_USER = rf"(?:{one_of(USER_CHARS)}++|{ESCAPED})++"
# password = *( unreserved / escaped / "&" / "=" / "+" / "$" / "," )
_PASSWORD = rf"(?:{one_of(PASSWORD_CHARS)}++|{ESCAPED})*+"
# paramchar = param-unreserved / unreserved / escaped
_PARAMCHARS = rf"(?:{one_of(PARAM_CHARS)}++|{ESCAPED})"
# uri-parameters = *( ";" uri-parameter), other-param = pname [ "=" pvalue ]
# Wider by the empty pvalue, which does no harm and is sent (";transport=").
_PARAMS = rf"(?:;{_PARAMCHARS}++(?:={_PARAMCHARS}*+)?)*+"
# hname = 1*( hnv-unreserved / unreserved / escaped ), hvalue = *( hnv-unreserved / unreserved / escaped )
_HNV = rf"(?:{one_of(HEADER_CHARS)}++|{ESCAPED})"
# headers = "?" header *( "&" header ), header = hname "=" hvalue
_HEADERS = rf"{_HNV}++={_HNV}*+(?:&{_HNV}++={_HNV}*+)*+"

# SIP-URI = "sip:" [ userinfo ] hostport uri-parameters [ headers ], SIPS-URI likewise
SIP_URI = rf"[sS][iI][pP][sS]?:(?:{_USER}(?::{_PASSWORD})?@)?{HOST}(?::{PORT})?{_PARAMS}(?:\?{_HEADERS})?"
# Of these the most usual, told at half the cost: no escapes, no password, no headers, and too few parameters for one to
# be there twice. `Uri.parse` takes all that this matches.
USUAL_SIP_URI = (
    rf"sips?:(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]++@)?{HOST}(?::{PORT})?(?:;[A-Za-z0-9\-]++(?:=[A-Za-z0-9\-.]++)?)?"
)
# Up to three of them, told apart: for one URI in a pattern, as its groups remember their names.
_NAME, _PVALUE = r"[a-z0-9\-]++", r"(?:=[A-Za-z0-9\-.~]++)?"
USUAL_REQUEST_URI = (
    rf"sips?:(?:[A-Za-z0-9\-_.!~*'()&=+$,;?/]++@)?{HOST}(?::{PORT})?"
    rf"(?:;(?P<p1>{_NAME}){_PVALUE}(?:;(?!(?P=p1)[=; ])(?P<p2>{_NAME}){_PVALUE}"
    rf"(?:;(?!(?P=p1)[=; ])(?!(?P=p2)[=; ]){_NAME}{_PVALUE})?)?)?"
)
# absoluteURI = scheme ":" ( hier-part / opaque-part )
# uric = reserved / unreserved / escaped
# Wider by the brackets that RFC 3986 added for IPv6, and in tel URIs by the "#" of local-number-digits.
OPAQUE_URI = (
    rf"(?:[tT][eE][lL]:(?:{one_of(URI_CHARS + '[]#')}++|{ESCAPED})++"
    rf"|(?![sS][iI][pP][sS]?:)[A-Za-z][A-Za-z0-9+\-.]*+:(?:{one_of(URI_CHARS + '[]')}++|{ESCAPED})++)"
)

_sip_parts = re.compile(
    rf"([sS][iI][pP][sS]?):(?:({_USER})(?::({_PASSWORD}))?@)?({HOST})(?::({PORT}))?({_PARAMS})(?:\?({_HEADERS}))?"
).fullmatch
# The most usual of them, told at two thirds of the cost: no escapes, no password, no brackets, no headers.
_usual_parts = re.compile(
    rf"(sips?):(?:([A-Za-z0-9\-_.!~*'()&=+$,;?/]++)@)?([A-Za-z0-9._\-]++)(?::({PORT}))?"
    r"((?:;[A-Za-z0-9\-]++(?:=[A-Za-z0-9\-._~]*+)?)*+)"
).fullmatch
is_usual_uri = re.compile(USUAL_SIP_URI).fullmatch
_is_opaque = re.compile(OPAQUE_URI).fullmatch

_NO_PARAMS: dict[str, str | None] = {}
_new = object.__new__


class Uri(TextValue):
    """The address of a resource: a SIP, SIPS or tel URI, or an opaque one of another scheme (RFC 3261 19.1, RFC 3966).

    `str(uri)` is the text as it came. Two URIs are equal by the rules of RFC 3261 19.1.4 or RFC 3966 4, escapes, case,
    order and all, and then have one hash; a URI also equals a str that reads as an equal one, whose hash is another.
    Equality of SIP URIs is not transitive, as the RFC notes: one without the parameter equals both `...;security=on`
    and `...;security=off`.
    """

    __slots__ = ("_headers", "_host", "_params", "_password", "_port", "_scheme", "_user")

    _scheme: str
    _user: str | None
    _password: str | None
    _host: str
    _port: int | None
    _params: dict[str, str | None]
    _headers: str | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The URI that the text is; raises RemoteProtocolError when it is none (RFC 3261 25.1)."""
        uri = _new(cls)
        uri._text = text
        match = _usual_parts(text)
        if match is not None:
            uri._scheme, uri._user, uri._host, port, params = match.groups()
            uri._port = None if port is None else int(port)
            uri._params = split_params(params, rfc="3261 19.1.1") if params else _NO_PARAMS
            uri._password = uri._headers = None
            return uri
        match = _sip_parts(text)
        if match is None:
            if _is_opaque(text) is None:
                raise RemoteProtocolError(f"{text[:80]!r} is no URI", rfc="3261 25.1")
            scheme, _, rest = text.partition(":")
            uri._scheme = scheme.lower()
            if uri._scheme == "tel":
                TelephoneSubscriber.parse(rest)  # raises for what is none
            uri._user = uri._password = uri._port = uri._headers = None
            uri._host = ""
            uri._params = _NO_PARAMS
            return uri
        scheme, uri._user, uri._password, host, port, params, uri._headers = match.groups()
        uri._scheme = scheme.lower()
        # The ABNF of RFC 3261 let a third colon in, and an implementation "can choose to ignore the extra colon when
        # parsing the IPv6 reference" (RFC 5118 4.10).
        uri._host = host[1:-1].replace(":::", "::") if host[0] == "[" else host
        uri._port = None if port is None else int(port)
        uri._params = split_params(params, rfc="3261 19.1.1") if params else _NO_PARAMS
        return uri

    @classmethod
    def build(
        cls,
        scheme: str = "sip",
        user: str | None = None,
        *,
        password: str | None = None,
        host: str,
        port: int | None = None,
        params: Params = (),
        headers: str | HeaderFields | None = None,
    ) -> Self:
        """A SIP or SIPS URI from its parts, which are given as they stand in the text: escaped where they must be.

        `sipsm.grammar.escape_user` and its kin escape a part. Headers are given as they stand in the text or, not
        escaped, as pairs of name and value. An IPv6 host may come with brackets or without. Raises LocalProtocolError
        when the parts make no URI.
        """
        pairs = list(pairs_of(params))
        if headers is not None and not isinstance(headers, str):
            fields = headers.items() if isinstance(headers, Mapping) else headers
            headers = "&".join([f"{escape_header(name)}={escape_header(value)}" for name, value in fields]) or None
        userinfo = "" if user is None else f"{user}@" if password is None else f"{user}:{password}@"
        text = f"{scheme}:{userinfo}{bracketed(host)}{'' if port is None else f':{port}'}{join_params(pairs)}"
        if headers is not None:
            text += "?" + headers
        uri = built(cls.parse, text)
        # No part may run over into the next: a host of "a;lr" would make a parameter.
        named = {undo_needless(name).lower(): value for name, value in pairs}
        asked = (scheme.lower(), user, password, unbracketed(host), named, headers)
        if (uri._scheme, uri._user, uri._password, uri._host, uri._params, uri._headers) != asked:
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
    def unescaped_user(self) -> str | None:
        """The user part as plain text, in which a NUL is a character as any other (RFC 3261 19.1.2)."""
        return None if self._user is None else unescape(self._user)

    @property
    def unescaped_password(self) -> str | None:
        """The password as plain text (RFC 3261 19.1.2)."""
        return None if self._password is None else unescape(self._password)

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
        """Host and port as SIP writes them, an IPv6 address in brackets."""
        host = bracketed(self._host)
        return host if self._port is None else f"{host}:{self._port}"

    @property
    def params(self) -> Mapping[str, str | None]:
        """A SIP URI's parameters by lower-case name, in their order, as they stand in the text; a flag's value is None.

        A tel URI's are those of `telephone`.
        """
        return MappingProxyType(self._params)

    @property
    def headers(self) -> str | None:
        """The text after the question mark: headers of a request to form from the URI (RFC 3261 19.1.5)."""
        return self._headers

    @property
    def header_fields(self) -> tuple[tuple[str, str], ...]:
        """The headers as pairs of name and value, unescaped, in their order (RFC 3261 19.1.5).

        A stranger chose them: a value may hold line ends, and "body" is the name of the message's body.
        """
        pairs = [header.partition("=") for header in self._headers.split("&")] if self._headers else ()
        return tuple((unescape(name), unescape(value)) for name, _, value in pairs)

    @property
    def transport(self) -> str | None:
        """The transport parameter in lower case, such as "tcp"."""
        if not self._params:
            return None
        transport = self._params.get("transport")
        return None if transport is None else undo_needless(transport).lower()

    @property
    def maddr(self) -> str | None:
        """The address to send to instead of the host, an IPv6 address without its brackets."""
        if not self._params:
            return None
        maddr = self._params.get("maddr")
        return None if maddr is None else unbracketed(undo_needless(maddr))

    @property
    def lr(self) -> bool:
        """True when the element at this URI routes loosely (RFC 3261 16.12)."""
        return "lr" in self._params

    @property
    def telephone(self) -> TelephoneSubscriber | None:
        """The telephone number of a tel URI, or of a SIP URI whose user parameter is "phone" (RFC 3261 19.1.1, 19.1.6).

        None for others. A program that takes the users of its own domain for numbers, as it may, gives them to
        `TelephoneSubscriber.parse`.
        """
        if self._scheme == "tel":
            return TelephoneSubscriber.parse(self._text[4:])
        if self._user is None or undo_needless(self._params.get("user") or "").lower() != "phone":
            return None
        try:
            return TelephoneSubscriber.parse(self._user)
        except RemoteProtocolError:
            return None

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
        # "A SIP and SIPS URI are never equivalent." (RFC 3261 19.1.4)
        if self._scheme != other._scheme:
            return False
        if not self._host:
            return self._key() == other._key()
        # "For two URIs to be equal, the user, password, host, and port components must match." (RFC 3261 19.1.4)
        return (
            self._port == other._port
            and same_userinfo(self._user, other._user)
            and same_userinfo(self._password, other._password)
            and host_key(self._host) == host_key(other._host)
            and same_params(self._params, other._params)
            and same_headers(self._headers, other._headers)
        )

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> object:
        """What is equal for equal URIs; of SIP and SIPS URIs, for some others as well."""
        if self._host:
            user = None if self._user is None else undo_needless(self._user)
            return self._scheme, user, host_key(self._host), self._port
        return self.telephone or opaque_key(self._text)
