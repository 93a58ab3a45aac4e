"""What may be wrong with a PUBLISH: `CHECKS` are the steps of RFC 3903 6 in their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import frozen

from sipsm.errors import RemoteProtocolError
from sipsm.message.headers import EVENT, EXPIRES, SIP_IF_MATCH
from sipsm.standalone.compositor import Asked

PUSH_BACK_S: Final = 60
"""How long who publishes is to wait when nothing more can be held, in seconds."""

HeaderLine = tuple[str, str]


@frozen
class Struck:
    """A PUBLISH is to be answered so, and nothing changes."""

    status: int
    headers: tuple[HeaderLine, ...] = ()


def judge(asked: Asked) -> Struck | None:
    """What is wrong with a PUBLISH; None when it is in order (RFC 3903 6)."""
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


def not_ours(asked: Asked) -> bool:
    """It is targeted to a resource for which nothing is kept here."""
    addresses = asked.compositor.addresses
    return bool(addresses) and asked.address not in addresses


def strange_event(asked: Asked) -> bool:
    """It names no event package, or one that is not composed here."""
    event = asked.request[EVENT]
    return event is None or asked.composing.types_of(event.value) is None


def more_than_one_tag(asked: Asked) -> bool:
    """Its SIP-If-Match has anything else than a single entity tag."""
    try:
        _ = asked.request[SIP_IF_MATCH]
    except RemoteProtocolError:
        return True
    return False


def unknown_tag(asked: Asked) -> bool:
    """Its entity tag names nothing that is there."""
    return asked.request.has("SIP-If-Match") and asked.known is None


def unreadable_expires(asked: Asked) -> bool:
    """Its Expires is no number."""
    try:
        _ = asked.request[EXPIRES]
    except RemoteProtocolError:
        return True
    return False


def too_brief(asked: Asked) -> bool:
    """It is to last some time, but too short a time."""
    # "Only if the requested expiration interval is greater than zero and less than a locally-configured minimum, the
    # ESC MAY reject the publication with a response of 423 (Interval Too Brief)" (RFC 3903 6)
    return 0 < asked.wanted_s < asked.composing.smallest_s


def strange_type(asked: Asked) -> bool:
    """Its body is of a type that the package does not have, or of none."""
    if not asked.request.body:
        return False
    kind, types = asked.request.content_type, asked.types
    return kind is None or (bool(types) and kind not in types)


def has_neither(asked: Asked) -> bool:
    """It has no body and no entity tag."""
    return not asked.request.body and not asked.request.has("SIP-If-Match")


def too_much(asked: Asked) -> bool:
    """It would add to what is held, and that is as much as it may be."""
    compositor, composing, known = asked.compositor, asked.composing, asked.known
    if asked.lasts_s == 0:
        return False
    more = len(asked.request.body) - (0 if known is None or not asked.request.body else known.octets)
    if more > 0 and compositor.octets + more > composing.octets:
        return True
    of_address = len(compositor.held.get(asked.place, ()))
    return known is None and (compositor.entries >= composing.entries or of_address >= composing.entries_of_address)


def allow_events(asked: Asked) -> list[HeaderLine]:
    """The event packages that are composed here."""
    return [("Allow-Events", ", ".join(name for name, _ in asked.composing.packages))]


def min_expires(asked: Asked) -> list[HeaderLine]:
    """The shortest lifetime."""
    # "This response MUST contain a Min-Expires header field that states the minimum expiration interval the ESC is
    # willing to honor." (RFC 3903 6)
    return [("Min-Expires", str(asked.composing.smallest_s))]


def accept(asked: Asked) -> list[HeaderLine]:
    """The types of body that its package takes."""
    return [("Accept", ", ".join(asked.types) or "*/*")]


def retry_after(_: Asked) -> list[HeaderLine]:
    """When it may be tried again."""
    # "This response SHOULD contain a Retry-After header field indicating the time interval that the publication source
    # is required to wait until sending another PUBLISH request." (RFC 3903 9)
    return [("Retry-After", str(PUSH_BACK_S))]


def none(_: Asked) -> list[HeaderLine]:
    """Nothing more."""
    return []


# fmt: off
CHECKS: Final = (
    #     strikes             status  headers       RFC
    Check(not_ours,           404,    none,         "3903 6"),
    Check(strange_event,      489,    allow_events, "3903 6"),
    Check(more_than_one_tag,  400,    none,         "3903 6"),
    Check(unknown_tag,        412,    none,         "3903 6"),
    Check(unreadable_expires, 400,    none,         "3261 20.19"),
    Check(too_brief,          423,    min_expires,  "3903 6"),
    Check(strange_type,       415,    accept,       "3903 6"),
    Check(has_neither,        400,    none,         "3903 6"),
    Check(too_much,           503,    retry_after,  "3903 9"),
)
# fmt: on
