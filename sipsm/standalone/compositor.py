"""An event state compositor: what is published for which address, and by whom it may be changed.

RFC 3903 6. Each publication is a machine with a timer, see `sipsm.standalone.soft_state`; what is wrong with a PUBLISH
is found in `sipsm.standalone.judging`. Not here: what becomes of several publications for one address. That is told in
their order, and composed by who knows the event package.
"""

from __future__ import annotations

from functools import cached_property

from attrs import define, field, frozen

from sipsm.grammar import Uri
from sipsm.ids import Ids
from sipsm.machine import Observer, Step
from sipsm.message import Request
from sipsm.message.headers import EVENT, EXPIRES, SIP_IF_MATCH
from sipsm.standalone.composing import Composing, address_of_record
from sipsm.standalone.soft_state import CREATE, HELD, MODIFY, REFRESH, EventState, Place, Renewal, SoftState


@frozen
class StateChanged:
    """To who composes: another state holds for this address and event package from now on."""

    address: Uri
    event: str
    states: tuple[EventState, ...]
    """The live publications; the one that was changed last stands last."""


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

    def publish(self, asked: Asked, now: float, observer: Observer | None = None) -> Accepted:
        """Take a PUBLISH that is in order."""
        request, before = asked.request, asked.known
        body = request.body
        soft = before or SoftState(self.made, asked.place, "")
        size = soft.octets
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
            self.octets += soft.octets
        return Accepted(soft, asked.lasts_s, self.changed(soft.place) if is_change else None)

    def wake(self, soft: SoftState, now: float, observer: Observer | None = None) -> StateChanged:
        """Fire the timer of a publication that is due: it has expired."""
        letter = soft.due(now)
        assert letter is not None, "it is due"
        soft.receive(soft.fired(letter, now), None, Step(now, observer))
        self._remove(soft, soft.octets)
        return self.changed(soft.place)

    def states(self, address: Uri, event: str) -> tuple[EventState, ...]:
        """What is published for an address; the one that was changed last stands last."""
        return self.states_of((address_of_record(address), event))

    def states_of(self, place: Place) -> tuple[EventState, ...]:
        """The same, of an address of record."""
        live = sorted(self.held.get(place, {}).values(), key=lambda soft: soft.turn)
        return tuple(soft.state_of for soft in live if soft.state_of is not None)

    def changed(self, place: Place) -> StateChanged:
        """What holds there from now on."""
        return StateChanged(*place, self.states_of(place))

    def _remove(self, soft: SoftState, size: int) -> None:
        by_tag = self.held[soft.place]
        del by_tag[soft.tag]
        if not by_tag:
            del self.held[soft.place]
        self.entries -= 1
        self.octets -= size


class Asked:
    """A PUBLISH, and what its compositor has to do with it as it stands: to be asked before anything changes there."""

    def __init__(self, compositor: Compositor, request: Request, address: Uri) -> None:
        self.compositor = compositor
        self.composing = compositor.composing
        self.request = request
        self.address = address
        """The address of record of its Request-URI."""

    @cached_property
    def place(self) -> Place:
        """The address and the event package; there is one of these."""
        event = self.request[EVENT]
        assert event is not None, "that has been checked"
        return self.address, event.value

    @cached_property
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
