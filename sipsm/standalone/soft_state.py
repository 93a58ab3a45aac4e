"""One publication at an event state compositor: it lives until it expires or is removed.

RFC 3903 6.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define, field, frozen

from sipsm.grammar import Uri
from sipsm.machine import Ignore, Machine, Row, Step, Table, Timer, always, once

NEW: Final = "New"
RENEWING: Final = "Renewing"
HELD: Final = "Held"
GONE: Final = "Gone"

CREATE: Final = "create"
MODIFY: Final = "modify"
REFRESH: Final = "refresh"
RENEWED: Final = "renewed"

Place = tuple[Uri, str]
"""An address and an event package: of these there is one composed state."""


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

    @property
    def octets(self) -> int:
        """How many its body has."""
        return 0 if self.state_of is None else len(self.state_of.body)


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
