"""A SUBSCRIBE outside a dialog, and whose NOTIFY requests may yet begin a subscription by it.

RFC 6665 4.1.2.4 (until Timer N), 4.1.4 and 5.4.9 (forks), 4.4.1 (which NOTIFY matches).
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, Timer, always, once
from sipsm.message import Request
from sipsm.transaction.timer_values import DEFAULT, T1_times_64, TimerValues

INITIAL: Final = "Initial"
OPEN: Final = "Open"
CLOSED: Final = "Closed"


@define(eq=False)
class Attempt(Machine):
    """One SUBSCRIBE outside a dialog."""

    table: ClassVar[Table]
    origin: Any
    """The subscription that it was sent for."""
    request: Request
    """As it was sent last."""
    forks: bool = True
    """Whether each branch of it that notifies begins a subscription of its own."""
    times: TimerValues = DEFAULT
    heard: tuple[str, ...] = ()
    """The From tags of those that have notified."""
    alarm: Any = None
    """What stands for it in the agenda."""


def is_over(attempt: Attempt, notify: Request, _at: Any) -> bool:
    """Its sender has notified before, and that subscription is over: else its dialog would have taken this."""
    return (notify.from_tag or "") in attempt.heard


def is_one_too_many(attempt: Attempt, _notify: Request, _at: Any) -> bool:
    """Another branch has notified before, and the package has one subscription only."""
    return bool(attempt.heard) and not attempt.forks


def has_been_heard(attempt: Attempt, _x: Any, _at: Any) -> bool:
    """Somebody has notified, and others may."""
    return bool(attempt.heard)


def remember(attempt: Attempt, notify: Request, _step: Step) -> None:
    """One more has notified."""
    attempt.heard = (*attempt.heard, notify.from_tag or "")


NOBODY = "no subscription is waited for"

# fmt: off
Attempt.table = Table(
    "SUBSCRIBE outside a dialog",
    rfc="6665 4.1.2.4",
    initial=INITIAL,
    rows=(
        #   state      input        guard              next    actions   RFC
        Row(INITIAL,   "SUBSCRIBE", always,            OPEN,   (),       "6665 4.1.2.4"),
        Refuse(OPEN,   "NOTIFY",    is_over,           481, "the subscription of this branch is over", "6665 4.1.3"),
        Refuse(OPEN,   "NOTIFY",    is_one_too_many,   481, "the package has one subscription for each SUBSCRIBE", "6665 5.4.9"),
        # "Until Timer N expires, several NOTIFY requests may arrive from different destinations (see Section 4.4.1).  Each of
        # these requests establishes a new dialog usage and a new subscription."
        Row(OPEN,      "NOTIFY",    always,            OPEN,   (remember,), "6665 4.1.2.4"),
        # "Non-200-class final responses indicate that no subscription or new dialog usage has been created, and no
        # subsequent NOTIFY request will be sent."
        Row(OPEN,      "REFUSED",   has_been_heard, OPEN,   (),       "6665 4.1.2.1"),
        Row(OPEN,      "REFUSED",   always,            CLOSED, (),       "6665 4.1.2.1"),
        Row(OPEN,      "CLOSE",     always,            CLOSED, (),       "6665 4.1.2.3"),
        Row(OPEN,      "Timer N",   always,            CLOSED, (),       "6665 4.1.2.4"),
        # "After the expiration of Timer N, the subscriber SHOULD reject any such NOTIFY requests that would otherwise
        # establish a new dialog usage with a 481 (Subscription does not exist) response code."
        Refuse({INITIAL, CLOSED}, "NOTIFY", always, 481, NOBODY,         "6665 4.1.2.4"),
    ),
    timers=(
        #     letter runs in lasts        then  RFC
        Timer("N",   {OPEN}, T1_times_64, once, "6665 4.1.2.4"),
    ),
    ignored=(
        Ignore({OPEN, CLOSED}, "SUBSCRIBE", "begins only once"),
        Ignore({INITIAL, CLOSED}, {"REFUSED", "CLOSE"}, "nobody is waited for"),
    ),
)
# fmt: on
