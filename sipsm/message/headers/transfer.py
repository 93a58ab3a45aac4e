"""Transfer: whom a REFER asks to contact, on whose behalf, and whether it wants to hear of the outcome.

RFC 3515 2.1, RFC 3892 3, RFC 4488 4 and RFC 7614 4.8; headers inside of the URI by RFC 3261 19.1.5. Not here: acting on
a REFER.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple, Self, overload

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.params import Params
from sipsm.grammar.tokens import HOST
from sipsm.grammar.uri import Uri
from sipsm.message.address import Address
from sipsm.message.headers.core import address_of_one
from sipsm.message.headers.field import Listed, Single, Value
from sipsm.message.headers.with_params import WithParams
from sipsm.message.names import canonical, header_line

# Refer-To = ("Refer-To" / "r") HCOLON ( name-addr / addr-spec ) * (SEMI generic-param)
# "A REFER request MUST contain exactly one Refer-To header field value." (RFC 3515 2.4.1)  It is no list.
REFER_TO = Single("Refer-To", address_of_one, rfc="3515 2.1")


# sip-clean-msg-id = LDQUOT dot-atom "@" (dot-atom / host) RDQUOT
# dot-atom = atom *( "." atom ), atom = 1*( alphanum / "-" / "!" / "%" / "*" / "_" / "+" / "'" / "`" / "~" )
_ATOM = r"[A-Za-z0-9\-!%*_+'`~]++"
_DOT_ATOM = rf"{_ATOM}(?:\.{_ATOM})*+"
_clean_msg_id = re.compile(rf"{_DOT_ATOM}@(?:{_DOT_ATOM}|{HOST})").fullmatch


class ReferredBy(NamedTuple):
    """Who referred, and where in the message's body the proof of it is (RFC 3892 3)."""

    address: Address
    """The referrer, and the parameters of the header."""

    @classmethod
    def parse(cls, text: str) -> ReferredBy:
        """The value that the text is; raises RemoteProtocolError when it is none."""
        return tuple.__new__(cls, (address_of_one(text),))

    @classmethod
    def build(
        cls, uri: Uri | str, display_name: str | None = None, params: Params = (), *, cid: str | None = None
    ) -> ReferredBy:
        """A value of its parts; `cid` is a Content-ID without its brackets. LocalProtocolError when they make none."""
        address = Address.build(uri, display_name, params)
        if cid is None:
            return cls(address)
        if _clean_msg_id(cid) is None or "cid" in address.params:
            raise LocalProtocolError(f"{cid!r} cannot be the cid of {address}", rfc="3892 3")
        # The quotes belong to the grammar, also where the value could do without.
        return cls(Address.parse(f'{address};cid="{cid}"'))

    @property
    def uri(self) -> Uri:
        """The identity of the referrer."""
        return self.address.uri

    @property
    def cid(self) -> str | None:
        """The Content-ID, without brackets, of the body part that proves the identity; None when there is none."""
        return self.address.params.get("cid")

    def __str__(self) -> str:
        return str(self.address)


REFERRED_BY = Single("Referred-By", ReferredBy.parse, rfc="3892 3")


class ReferSub(WithParams):
    """Whether a REFER makes a subscription: `false` asks for none, and grants it in a 2xx (RFC 4488 4)."""

    __slots__ = ()

    # Refer-Sub = "Refer-Sub" HCOLON refer-sub-value *(SEMI exten)
    # refer-sub-value = "true" / "false"
    pattern = "(?i:true|false)"
    what = "Refer-Sub"
    rfc = "4488 4"

    @classmethod
    def build(cls, value: str | bool, params: Params = ()) -> Self:
        """A value of its parts, True and False among them; raises LocalProtocolError when they cannot be written."""
        return cls._of(str(value).lower() if isinstance(value, bool) else value, params)

    @property
    def subscribes(self) -> bool:
        """True when there is a subscription, as there is without this header."""
        return self._value.lower() == "true"


REFER_SUB = Single("Refer-Sub", ReferSub.parse, rfc="4488 4")


def _events_at(text: str) -> Address:
    # Refer-Events-At = "Refer-Events-At" HCOLON LAQUOT ( SIP-URI / SIPS-URI ) RAQUOT *( SEMI generic-param )
    address = address_of_one(text)
    if not text.startswith("<") or address.uri.scheme not in {"sip", "sips"}:
        raise RemoteProtocolError(f"{text[:80]!r} is no place where a REFER is told of", rfc="7614 4.8")
    return address


REFER_EVENTS_AT = Single("Refer-Events-At", _events_at, rfc="7614 4.8")


# Headers in a URI: `<sip:bob@biloxi.example.com?Replaces=12345%40host%3Bto-tag%3D1%3Bfrom-tag%3D2>`


@overload
def in_uri(uri: Uri, field: Single[Value]) -> Value | None: ...


@overload
def in_uri(uri: Uri, field: Listed[Value]) -> tuple[Value, ...]: ...


def in_uri(uri: Uri, field: Single[Any] | Listed[Any]) -> Any:
    """What a URI wants a header of the request to say, as `message[field]` has it of a message (RFC 3261 19.1.5).

    `in_uri(message[REFER_TO].uri, REPLACES)` is the dialog that a transfer is to replace. Raises RemoteProtocolError
    when it is malformed.
    """
    values = [value.strip(" \t") for name, value in uri.header_fields if canonical(name) == field.key]
    if not values:
        return field.nothing
    if any(end in value for value in values for end in "\r\n\0"):
        # Unescaped, it would make lines of its own in the request.
        raise RemoteProtocolError(f"a line end in the {field.name} of a URI", rfc="3261 19.1.5")
    return field.read(values)


def with_headers(uri: Uri, headers: Iterable[tuple[str, object]]) -> Uri:
    """The SIP or SIPS URI with headers, not yet escaped, behind those that it has (RFC 3261 19.1.5).

    Raises LocalProtocolError for a URI of another scheme, and for a header that could not stand in a message.
    """
    if uri.scheme not in ("sip", "sips"):
        raise LocalProtocolError(f"{uri} can hold no headers", rfc="3261 19.1.1")
    fields = list(uri.header_fields)
    for name, value in headers:
        header_line(name, value)  # raises for what would be more than one line
        fields.append((name, str(value)))
    return Uri.build(
        uri.scheme,
        uri.user,
        password=uri.password,
        host=uri.host,
        port=uri.port,
        params=uri.params,
        headers=fields,
    )
