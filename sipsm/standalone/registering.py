"""What a registrar keeps bindings for, and how it bounds them (RFC 3261 10.3)."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import field, frozen
from attrs.converters import optional
from attrs.validators import ge

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.grammar.uri_equality import host_key
from sipsm.standalone.composing import address_of_record

HOUR_S = 3600


def _hosts(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(_host, (given,) if isinstance(given, str) else given))


def _host(given: str) -> str:
    return Uri.build("sip", host=given).host


def _addresses(given: Iterable[Uri | str]) -> tuple[Uri, ...]:
    return tuple(address_of_record(Uri.parse(each) if isinstance(each, str) else each) for each in given)


@frozen
class Registering:
    """What a registrar keeps bindings for, how long they last, and how many of them there may be."""

    domains: tuple[str, ...] = field(default=(), converter=_hosts)
    """The domains of which it is the registrar, such as `biloxi.com`, by all the names that Request-URIs may have for
    them; others get 404. None means all."""
    addresses: tuple[Uri, ...] = field(default=(), converter=_addresses)
    """The addresses of record that there are; others get 404. None means all of its domains."""
    one_domain: str | None = field(default=None, converter=optional(_host))
    """Where all its domains are names of one: that one. `sip:bob@192.0.2.1` is `sip:bob@biloxi.com` then."""
    smallest_s: int = field(default=60, validator=ge(0))
    """The shortest time that a binding lasts, in seconds; who asks for less, and less than an hour, gets 423."""
    longest_s: int = field(default=HOUR_S, validator=ge(1))
    """The longest that is given."""
    usual_s: int = field(default=HOUR_S, validator=ge(1))
    """The one that is given to who asks for none, if it is not longer than that."""
    bindings_of_address: int = field(default=10, validator=ge(1))
    """How many bindings one address may have, and how many Contacts one REGISTER; with more it gets 503."""
    bound_addresses: int = field(default=100_000, validator=ge(1))
    """How many addresses may have bindings at once; the next one gets 503."""
    contact_octets: int = field(default=500, validator=ge(1))
    """How many octets one Contact may have; a longer one gets 400. All those of an address are in each 200."""
    own_only: bool = False
    """Whether nobody may register an address but who it is, by his From; others get 403 (RFC 3261 10.3)."""
    by_hand: bool = False
    """Whether the application decides on each REGISTER, told by `RegistrationRequested`."""
    alone: bool = False
    """Whether it is a registrar and nothing else, which "accepts only REGISTER requests": others get 405, as REFER does
    (RFC 3261 10.3, RFC 3515 2.5)."""

    def __attrs_post_init__(self) -> None:
        if self.longest_s < self.smallest_s:
            raise LocalProtocolError("no binding may last as long as it must", rfc="3261 10.3")

    def serves(self, host: str) -> bool:
        """Whether it is the registrar of a domain."""
        return not self.domains or host_key(host) in {host_key(each) for each in self.domains}

    def address_of(self, uri: Uri) -> Uri:
        """The index of an address of record: without parameters, and as of the one domain."""
        # "The URI MUST then be converted to a canonical form." (RFC 3261 10.3)
        address = address_of_record(uri)
        if self.one_domain is None or address.scheme not in {"sip", "sips"}:
            return address
        return Uri.build(address.scheme, address.user, host=self.one_domain)
