"""An event state compositor: what is published for which address, by whom it may be changed, and how long it holds.

RFC 3903 6. `CHECKS` are its steps in their order; each publication is a machine with a timer. Not here: what becomes of
several publications for one address. That is told in their order, and composed by who knows the event package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Final

from attrs import define, field, frozen

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import Uri, is_token
from sipsm.ids import Ids
from sipsm.machine import Ignore, Machine, Observer, Row, Step, Table, Timer, always, once
from sipsm.message import Request
from sipsm.message.headers import EVENT, EXPIRES, SIP_IF_MATCH
from sipsm.packages import package_named

NEW: Final = "New"
RENEWING: Final = "Renewing"
HELD: Final = "Held"
GONE: Final = "Gone"

CREATE: Final = "create"
MODIFY: Final = "modify"
REFRESH: Final = "refresh"
RENEWED: Final = "renewed"

PUSH_BACK_S: Final = 60
"""How long who publishes is to wait when nothing more can be held, in seconds."""

HeaderLine = tuple[str, str]
Types = tuple[tuple[str, tuple[str, ...]], ...]
Place = tuple[Uri, str]
"""An address and an event package: of these there is one composed state."""


def _packages(given: Mapping[str, Iterable[str]] | Iterable[str | tuple[str, Iterable[str]]]) -> Types:
    pairs = given.items() if isinstance(given, Mapping) else given
    named = ((each, package_named(each).types) if isinstance(each, str) else each for each in pairs)
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
    ("application/pidf+xml",)}`, or `("presence",)` for those that it is known to have. Others get 489 and 415."""
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


@frozen
class EventState:
    """One live publication, as it counts for the composed state of its address."""

    number: int
    """Which publication it is: its own as long as it lives, while its entity tag changes (RFC 3903 6)."""
    body: bytes
    content_type: str
    changed_at: float
    """When it was created or last modified."""


@frozen
class Renewal:
    """What an accepted PUBLISH means for its publication."""

    body: bytes
    content_type: str
    lasts_s: int


@frozen
class StateChanged:
    """To who composes: another state holds for this address and event package from now on."""

    address: Uri
    event: str
    states: tuple[EventState, ...]
    """The live publications; the one that was changed last stands last."""


@frozen
class Struck:
    """A PUBLISH is to be answered so, and nothing changes."""

    status: int
    headers: tuple[HeaderLine, ...] = ()


# -------------------------------------------------------------------- one publication


@define(eq=False)
class SoftState(Machine):
    """One publication: it lives until it expires or is removed."""

    table: ClassVar[Table]
    number: int
    place: Place
    tag: str
    """The entity tag that its next PUBLISH must name."""
    state_of: EventState | None = None
    turn: int = 0
    """Which change of all it was that made it so."""
    lasts_s: int = 0
    watched_at: float | None = field(default=None, init=False)


def lasts_no_time(_: SoftState, renewal: Renewal, _at: Any) -> bool:
    """It is to expire at once."""
    return renewal.lasts_s == 0


def take_state(soft: SoftState, renewal: Renewal, step: Step) -> None:
    """Its state is the one that the body describes."""
    soft.state_of = EventState(soft.number, renewal.body, renewal.content_type, step.now)


def renew(soft: SoftState, renewal: Renewal, step: Step) -> None:
    """Its lifetime begins anew."""
    soft.lasts_s = renewal.lasts_s
    step.cause(RENEWED)


def lifetime(soft: SoftState) -> float:
    """As long as the 2xx has said."""
    return float(soft.lasts_s)


# fmt: off
SoftState.table = Table(
    "published state",
    rfc="3903 6",
    initial=NEW,
    rows=(
        #   state     input            guard          next      actions              RFC
        # "The ESC MUST NOT store any event state as a result of such a request."
        Row(NEW,      CREATE,          lasts_no_time, GONE,     (),                  "3903 6"),
        Row(NEW,      CREATE,          always,        RENEWING, (take_state, renew), "3903 6"),
        # "If the chosen expiration interval has a special value of "0", the event state identified by the entity-tag
        # MUST be immediately removed."
        Row(HELD,     MODIFY,          lasts_no_time, GONE,     (),                  "3903 6"),
        Row(HELD,     MODIFY,          always,        RENEWING, (take_state, renew), "3903 6"),
        Row(HELD,     REFRESH,         lasts_no_time, GONE,     (),                  "3903 6"),
        Row(HELD,     REFRESH,         always,        RENEWING, (renew,),            "3903 6"),
        Row(RENEWING, RENEWED,         always,        HELD,     (),                  "3903 6"),
        Row(HELD,     "Timer expires", always,        GONE,     (),                  "3903 4.2"),
    ),
    timers=(
        Timer("expires", {HELD}, lifetime, once, "3903 6"),
    ),
    ignored=(
        Ignore({RENEWING, HELD, GONE}, CREATE, "it is there, or was"),
        Ignore({NEW, RENEWING, GONE}, {MODIFY, REFRESH}, "no entity tag names it"),
        Ignore({NEW, HELD, GONE}, RENEWED, "its lifetime does not begin now"),
    ),
)
# fmt: on


# -------------------------------------------------------------------- all of them


@frozen
class Accepted:
    """A PUBLISH is to be answered with 200, the publication's new entity tag, and its lifetime."""

    publication: SoftState
    lasts_s: int
    changed: StateChanged | None
    """The state that it has changed."""


@define(eq=False)
class Compositor:
    """All that is published, by address and event package, and then by entity tag."""

    composing: Composing
    ids: Ids
    addresses: frozenset[Uri] = field(init=False)
    """Those of `composing`, to be found however many they are."""
    held: dict[Place, dict[str, SoftState]] = field(factory=dict)
    made: int = 0
    """How many entity tags have been given out."""
    entries: int = 0
    octets: int = 0

    @addresses.default
    def _addresses(self) -> frozenset[Uri]:
        return frozenset(self.composing.addresses)

    def judge(self, request: Request) -> Struck | None:
        """What is wrong with a PUBLISH; None when it is in order (RFC 3903 6)."""
        asked = Asked(self, request)
        for check in CHECKS:
            if check.strikes(asked):
                return Struck(check.status, tuple(check.headers(asked)))
        return None

    def publish(self, request: Request, now: float, observer: Observer | None = None) -> Accepted:
        """Take a PUBLISH that is in order."""
        asked = Asked(self, request)
        body, before = request.body, asked.known
        soft = before or SoftState(self.made, asked.place, "")
        size = _size(soft)
        renewal = Renewal(body, request.header("Content-Type") or "", asked.lasts_s)
        name = CREATE if before is None else MODIFY if body else REFRESH
        soft.receive(name, renewal, Step(now, observer))
        if before is not None:
            self._remove(soft, size)
        # "The ESC MUST generate a new entity-tag for each successful publication, replacing any previous entity-tag
        # associated with that event state." (RFC 3903 6)  The number makes it one that was never given out, and the
        # random bits one that nobody guesses.
        soft.tag = f"{self.ids.source.getrandbits(64):016x}{self.made:x}"
        self.made += 1
        is_change = bool(body) if soft.state == HELD else before is not None
        if soft.state == HELD:
            soft.turn = self.made if is_change else soft.turn
            self.held.setdefault(soft.place, {})[soft.tag] = soft
            self.entries += 1
            self.octets += _size(soft)
        return Accepted(soft, asked.lasts_s, self.changed(soft.place) if is_change else None)

    def wake(self, soft: SoftState, now: float, observer: Observer | None = None) -> StateChanged:
        """Fire the timer of a publication that is due: it has expired."""
        letter = soft.due(now)
        assert letter is not None, "it is due"
        soft.receive(soft.fired(letter, now), None, Step(now, observer))
        self._remove(soft, _size(soft))
        return self.changed(soft.place)

    def states(self, address: Uri, event: str) -> tuple[EventState, ...]:
        """What is published for an address; the one that was changed last stands last."""
        live = sorted(self.held.get((address_of_record(address), event), {}).values(), key=lambda soft: soft.turn)
        return tuple(soft.state_of for soft in live if soft.state_of is not None)

    def changed(self, place: Place) -> StateChanged:
        """What holds there from now on."""
        return StateChanged(*place, self.states(*place))

    def _remove(self, soft: SoftState, size: int) -> None:
        by_tag = self.held[soft.place]
        del by_tag[soft.tag]
        if not by_tag:
            del self.held[soft.place]
        self.entries -= 1
        self.octets -= size


def address_of_record(uri: Uri) -> Uri:
    """The address that a Request-URI means: without a port's, a transport's or another parameter (RFC 3261 10.3)."""
    if uri.scheme not in {"sip", "sips"}:
        return uri
    # "all URI parameters MUST be removed (including the user-param), and any escaped characters MUST be converted to
    # their unescaped form." (RFC 3261 10.3)  Where URIs are compared, they are (19.1.4).
    return Uri.build(uri.scheme, uri.user, host=uri.host, port=uri.port)


def _size(soft: SoftState) -> int:
    return 0 if soft.state_of is None else len(soft.state_of.body)


# -------------------------------------------------------------------- the steps of RFC 3903 6


class Asked:
    """A PUBLISH, and what its compositor has to do with it."""

    def __init__(self, compositor: Compositor, request: Request) -> None:
        self.compositor = compositor
        self.composing = compositor.composing
        self.request = request
        self.address = address_of_record(request.uri)

    @property
    def place(self) -> Place:
        """The address and the event package; there is one of these."""
        event = self.request[EVENT]
        assert event is not None, "that has been checked"
        return self.address, event.value

    @property
    def known(self) -> SoftState | None:
        """The publication that it names."""
        tag = self.request[SIP_IF_MATCH]
        return None if tag is None else self.compositor.held.get(self.place, {}).get(tag)

    @property
    def wanted_s(self) -> int:
        """The lifetime that is asked for."""
        # "If the request has an Expires header field, that value MUST be taken as the requested expiration." And:
        # "Else, a locally-configured default value MUST be taken as the requested expiration." (RFC 3903 6)
        asked = self.request[EXPIRES]
        return self.composing.usual_s if asked is None else asked

    @property
    def lasts_s(self) -> int:
        """The lifetime that is given: "The ESC MAY choose an expiration less than the requested" one (RFC 3903 6)."""
        return min(self.wanted_s, self.composing.longest_s)

    @property
    def types(self) -> tuple[str, ...]:
        """The types of body that its package takes; none for any."""
        return self.composing.types_of(self.place[1]) or ()


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
    more = len(asked.request.body) - (0 if known is None or not asked.request.body else _size(known))
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
