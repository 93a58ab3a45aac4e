"""What an event state compositor is to take, and how it bounds that (RFC 3903 6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri, is_token
from sipsm.packages import EventPackage, package_named

Types = tuple[tuple[str, tuple[str, ...]], ...]


def _packages(given: Mapping[str, Iterable[str]] | Iterable[str | EventPackage | tuple[str, Iterable[str]]]) -> Types:
    pairs = given.items() if isinstance(given, Mapping) else given
    known = (package_named(each) if isinstance(each, str) else each for each in pairs)
    named = ((each.name, each.types) if isinstance(each, EventPackage) else each for each in known)
    return tuple((name, tuple(each.lower() for each in types)) for name, types in named)


def _all_packages(_: object, _field: object, packages: Types) -> None:
    for name, types in packages:
        if not is_token(name):
            raise LocalProtocolError(f"{name!r} is no event package", rfc="6665 8.4")
        for each in types:
            if not all(is_token(part) for part in each.partition("/")[::2]):
                raise LocalProtocolError(f"{each!r} is no type of body", rfc="3261 20.15")


def _addresses(given: Iterable[Uri | str]) -> tuple[Uri, ...]:
    return tuple(address_of_record(Uri.parse(each) if isinstance(each, str) else each) for each in given)


def _in_order(_: object, _field: object, longest_s: int) -> None:
    if longest_s < 1:
        raise LocalProtocolError("a publication lasts a second at least", rfc="3903 6")


@frozen
class Composing:
    """What an event state compositor takes, and how it bounds that."""

    packages: Types = field(converter=_packages, validator=_all_packages)
    """The event packages, each with the types of body that it takes, none for any: `{"presence":
    ("application/pidf+xml",)}`, or `("presence",)`, or an `EventPackage`, for those that it is known to have. Others get
    489 and 415."""
    addresses: tuple[Uri, ...] = field(default=(), converter=_addresses)
    """The addresses for which it keeps state; others get 404. None means all."""
    smallest_s: int = 60
    """The shortest lifetime that is taken, in seconds; less gets 423."""
    longest_s: int = field(default=3600, validator=_in_order)
    """The longest that is given."""
    usual_s: int = 3600
    """The one that is given to who asks for none, if it is not longer than that."""
    entries: int = 10_000
    """How many publications are held at once; the next one gets 503."""
    entries_of_address: int = 100
    """How many for one address and event package."""
    octets: int = 10_000_000
    """How many octets their bodies may have together."""
    by_hand: bool = False
    """Whether the application decides on each PUBLISH that is in order, told by `PublishRequested`."""

    def types_of(self, package: str) -> tuple[str, ...] | None:
        """The types of body that a package takes, none for any; None for a package that is not taken."""
        return next((types for name, types in self.packages if name == package), None)


def address_of_record(uri: Uri) -> Uri:
    """The address that a Request-URI means: without a port's, a transport's or another parameter (RFC 3261 10.3)."""
    if uri.scheme not in {"sip", "sips"}:
        return uri
    # "all URI parameters MUST be removed (including the user-param), and any escaped characters MUST be converted to
    # their unescaped form." (RFC 3261 10.3)  Where URIs are compared, they are (19.1.4).
    return Uri.build(uri.scheme, uri.user, host=uri.host, port=uri.port)
