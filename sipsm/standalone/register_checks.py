"""What may be wrong with a REGISTER: `CHECKS` are the steps of RFC 3261 10.3 in their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import frozen

from sipsm.message.headers import EXPIRES
from sipsm.standalone.judging import PUSH_BACK_S, Struck
from sipsm.standalone.location import Asked
from sipsm.standalone.registering import HOUR_S

HeaderLine = tuple[str, str]


def judge(asked: Asked) -> Struck | None:
    """What is wrong with a REGISTER; None when it is in order (RFC 3261 10.3)."""
    for check in CHECKS:
        if check.strikes(asked):
            return Struck(check.status, tuple(check.headers(asked)))
    return None


@frozen
class Check:
    """One step: when `strikes(asked)`, the answer is `status` with `headers(asked)`, and the rest is skipped."""

    strikes: Callable[[Asked], bool]
    status: int
    headers: Callable[[Asked], list[HeaderLine]]
    rfc: str


def strange_domain(asked: Asked) -> bool:
    """Its Request-URI names a domain of which there are no bindings here."""
    return not asked.registering.serves(asked.request.uri.host)


def third_party(asked: Asked) -> bool:
    """It is sent for somebody else, and that is not to be."""
    # "If no authentication mechanism is available, the registrar MAY take the From address as the asserted identity of
    # the originator of the request." (RFC 3261 10.3)
    registering = asked.registering
    return registering.own_only and registering.address_of(asked.request.from_.uri) != asked.address


def strange_address(asked: Asked) -> bool:
    """The address of record is none of the domain."""
    # "This address-of-record MUST be a SIP URI or SIPS URI." (RFC 3261 10.2)
    uri, addresses = asked.request.to.uri, asked.location.addresses
    if uri.scheme not in {"sip", "sips"} or not asked.registering.serves(uri.host):
        return True
    return bool(addresses) and asked.address not in addresses


def misplaced_star(asked: Asked) -> bool:
    """It is about all bindings, and is not to remove them. That there is no other Contact has been checked."""
    # "it MUST NOT be used unless the Expires header field is present with a value of "0"." (RFC 3261 10.2.2)
    return asked.is_star and asked.request[EXPIRES] != 0


def too_many_contacts(asked: Asked) -> bool:
    """It has more Contacts than there may be bindings."""
    return len(asked.request.contacts) > asked.registering.bindings_of_address


def too_long(asked: Asked) -> bool:
    """One of its Contacts is longer than any need be."""
    longest = asked.registering.contact_octets
    return any(len(str(each).encode("utf-8", "surrogateescape")) > longest for each in asked.request.contacts)


def too_brief(asked: Asked) -> bool:
    """A binding is to last some time, but too short a time."""
    # "If and only if the requested expiration interval is greater than zero AND smaller than one hour AND less than a
    # registrar-configured minimum, the registrar MAY reject the registration with a response of 423 (Interval Too
    # Brief)." (RFC 3261 10.3)
    least = min(HOUR_S, asked.registering.smallest_s)
    return not asked.is_star and any(0 < seconds < least for _, seconds, _ in asked.wanted)


def out_of_order(asked: Asked) -> bool:
    """It was overtaken by a later one of the same client."""
    # "If they are the same, the registrar compares the CSeq value. If the value is higher than that of the existing
    # binding, it MUST update or remove the binding as above. If not, the update MUST be aborted and the request fails."
    # (RFC 3261 10.3)
    request = asked.request
    about = asked.there if asked.is_star else [known for _, _, known in asked.wanted if known is not None]
    by = [held.binding for held in about if held.binding.call_id == request.call_id]
    return any(binding.cseq >= request.cseq.number for binding in by)


def too_much(asked: Asked) -> bool:
    """It would add to what is held, and that is as much as it may be."""
    if asked.is_star:
        return False
    registering, location = asked.registering, asked.location
    added = sum(1 for _, seconds, known in asked.wanted if seconds and known is None)
    removed = sum(1 for _, seconds, known in asked.wanted if not seconds and known is not None)
    if len(asked.there) + added - removed > registering.bindings_of_address:
        return added > 0
    return bool(added) and not asked.there and len(location.held) >= registering.bound_addresses


def min_expires(asked: Asked) -> list[HeaderLine]:
    """The shortest time."""
    # "This response MUST contain a Min-Expires header field that states the minimum expiration interval the registrar
    # is willing to honor." (RFC 3261 10.3)
    return [("Min-Expires", str(min(HOUR_S, asked.registering.smallest_s)))]


def retry_after(_: Asked) -> list[HeaderLine]:
    """When it may be tried again."""
    return [("Retry-After", str(PUSH_BACK_S))]


def none(_: Asked) -> list[HeaderLine]:
    """Nothing more."""
    return []


# fmt: off
CHECKS: Final = (
    #     strikes            status  headers      RFC
    Check(strange_domain,    404,    none,        "3261 10.3"),  # step 1
    Check(third_party,       403,    none,        "3261 10.3"),  # step 4
    Check(strange_address,   404,    none,        "3261 10.3"),  # step 5
    Check(misplaced_star,    400,    none,        "3261 10.3"),  # step 6
    Check(too_many_contacts, 503,    retry_after, "3261 21.5.4"),
    Check(too_long,          400,    none,        "3261 21.4.1"),
    Check(too_brief,         423,    min_expires, "3261 10.3"),  # step 7
    # "the request MUST fail with a 500 (Server Error) response and all tentative binding updates MUST be removed."
    Check(out_of_order,      500,    none,        "3261 10.3"),  # steps 6 and 7
    Check(too_much,          503,    retry_after, "3261 21.5.4"),
)
# fmt: on
