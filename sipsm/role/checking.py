"""What an application may not put into a message, since the core writes it itself.

RFC 3261 8.1.1 and 12.2.1.1. Line ends in values are refused where a message is built (`sipsm.message`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import Uri, split_list
from sipsm.grammar.text_value import built
from sipsm.message import Address
from sipsm.message.headers import ContentType
from sipsm.message.names import canonical

OWN: Final = frozenset(
    (
        "via",
        "from",
        "to",
        "call-id",
        "cseq",
        "contact",
        "max-forwards",
        "route",
        "record-route",
        "content-type",
        "recv-info",
    )
)
"""The headers that the core writes; Content-Length is refused where a message is built."""

NOT_IN_TO: Final = frozenset(("transport", "maddr", "ttl", "lr"))
"""Parameters that the URI of a To must not have (RFC 3261 19.1.1, Table 1)."""


def check_headers(
    headers: Iterable[tuple[str, str]], *, contact: bool = False, packages: bool = False
) -> list[tuple[str, str]]:
    """The headers of an application, when none is the core's. Contact is allowed in answers that redirect.

    `packages`: so is Recv-Info, in a REGISTER. Raises `LocalProtocolError`.
    """
    checked = list(headers)
    for name, value in checked:
        known = canonical(name)
        if contact and known == "contact":
            _ = [address_of_somebody(each) for each in split_list(value)]
        elif known in OWN and not (packages and known == "recv-info"):
            raise LocalProtocolError(f"{name} is written by sipsm itself", rfc="3261 8.1.1")
    return checked


def refuse_100rel(method: str, headers: Iterable[tuple[str, str]]) -> None:
    """Raises `LocalProtocolError` where a request other than INVITE is to require reliable provisional responses."""
    # "A Require header with the value 100rel MUST NOT be present in any requests excepting INVITE" (RFC 3262 4)
    tags = (tag for name, value in headers if canonical(name) == "require" for tag in split_list(value))
    if method != "INVITE" and any(tag.strip().lower() == "100rel" for tag in tags):
        raise LocalProtocolError(f"{method} cannot require 100rel, only INVITE can", rfc="3262 4")


def type_line(content_type: str) -> tuple[str, str]:
    """The header of a body's type. Raises `LocalProtocolError` for what is none, such as `"pidf"` (RFC 3261 20.15)."""
    return "Content-Type", str(built(ContentType.parse, content_type))


def address_of_somebody(text: str) -> Address:
    """The To of a request outside a dialog. Raises `LocalProtocolError` where it is none, or has a tag."""
    try:
        address = Address.parse(text)
        if address.is_star:
            raise LocalProtocolError("`*` is nobody's address", rfc="3261 20.39")
        _ = address.uri
    except RemoteProtocolError as error:
        raise LocalProtocolError(f"{text!r} is no address: {error.what}", rfc=error.rfc) from None
    if address.tag is not None:
        # "A request outside of a dialog MUST NOT contain a To tag" (RFC 3261 8.1.1.2)
        raise LocalProtocolError("a request outside a dialog has no To tag", rfc="3261 8.1.1.2")
    return address


def in_to(target: Uri) -> Uri:
    """A Request-URI without the parameters that say how to send and not whom is meant."""
    if target.scheme not in {"sip", "sips"} or NOT_IN_TO.isdisjoint(target.params):
        return target
    params = [(name, value) for name, value in target.params.items() if name not in NOT_IN_TO]
    return Uri.build(target.scheme, target.user, host=target.host, port=target.port, params=params)
