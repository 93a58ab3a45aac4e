"""A REFER at the one who is to contact somebody: asked, accepted or not, and followed to its end.

RFC 3515 2.4.2 to 2.4.4 and 2.4.7; RFC 7614 4.7; RFC 7647 5. Not here: the subscription by which the referrer hears of it, see
`sipsm.usage.notifier`; and the request that is made of it, see `sipsm.role.subscriptions.following`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from attrs import define, field, frozen

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, Timer, always, once
from sipsm.sdp.description import Sdp
from sipsm.transaction.timer_values import DEFAULT, TimerValues

INITIAL: Final = "Initial"
ASKED: Final = "Asked"
UNDECIDED: Final = "Undecided"
ACCEPTED: Final = "Accepted"
OVER: Final = "Over"

HeaderLines = tuple[tuple[str, str], ...]


def _lines(lines: Iterable[tuple[str, str]]) -> HeaderLines:
    return tuple((name, value) for name, value in lines)


@frozen
class Report:
    """How far the request has come that the REFER asked for, as a status line; with headers, if they are to be told."""

    status: int
    reason: str | None = None
    headers: HeaderLines = field(default=(), converter=_lines)


@frozen
class Refusal:
    """Answer the REFER with this."""

    status: int
    reason: str | None = None
    headers: HeaderLines = field(default=(), converter=_lines)


@frozen
class Wish:
    """Follow it by a call, with this offer, and these headers beside those that it asks for."""

    offer: Sdp
    headers: HeaderLines = field(default=(), converter=_lines)


@frozen
class AcceptRefer:
    """Answer the REFER with 200, and begin the subscription; `decided` is whether the application has said so."""

    decided: bool
    headers: HeaderLines = ()


@frozen
class RefuseRefer:
    """Answer the REFER as the application says."""

    refusal: Refusal


@frozen
class Authorize:
    """What was accepted before anybody had decided is decided now."""


@frozen
class Tell:
    """Tell the referrer how far it has come; the last time with the reason of the subscription's end."""

    report: Report
    ends: str | None = None


@frozen
class Forget:
    """Nobody can ask any more how it has come out."""


@define(eq=False)
class Referee(Machine):
    """One REFER of a peer."""

    table: ClassVar[Table]
    times: TimerValues = DEFAULT
    retains: bool = False
    """Whether it has been accepted so that anybody may subscribe to how far it has come (RFC 7614)."""


# -------------------------------------------------------------------- actions


def accept(_: Referee, headers: HeaderLines | None, step: Step) -> None:
    """The application wants it."""
    step.emit(AcceptRefer(True, headers or ()))


def accept_undecided(_: Referee, _x: Any, step: Step) -> None:
    """Nobody has decided in time."""
    step.emit(AcceptRefer(False))


def refuse(_: Referee, refusal: Refusal, step: Step) -> None:
    """The application does not want it."""
    step.emit(RefuseRefer(refusal))


def authorize(_: Referee, _x: Any, step: Step) -> None:
    """The application wants what has been accepted already."""
    step.emit(Authorize())


def tell_denied(_: Referee, refusal: Refusal, step: Step) -> None:
    """The application does not want what has been accepted already."""
    # "if the REFER request was accepted before approval to follow the reference could be obtained and that approval was
    # subsequently denied (see Section 2.4.7)." (RFC 3515 2.4.5)
    step.emit(Tell(Report(refusal.status, refusal.reason), "rejected"))


def tell_given_up(_: Referee, _x: Any, step: Step) -> None:
    """Nobody will decide on what has been accepted already."""
    # "giveup: The subscription has been terminated because the notifier could not obtain authorization in a timely
    # fashion." (RFC 6665 4.1.3)
    step.emit(Tell(Report(408), "giveup"))


def tell(_: Referee, report: Report, step: Step) -> None:
    """It goes on."""
    step.emit(Tell(report))


def tell_last(_: Referee, report: Report, step: Step) -> None:
    """It has come to its end."""
    # "The final NOTIFY sent in response to a REFER MUST indicate the subscription has been "terminated" with a reason
    # of "noresource"." (RFC 3515 2.4.7)
    step.emit(Tell(report, "noresource"))


def forget(_: Referee, _x: Any, step: Step) -> None:
    """Who has not asked by now does not ask."""
    step.emit(Forget())


# -------------------------------------------------------------------- timers


def T1_times_8(referee: Referee) -> float:
    """8*T1: while its sender does not need to send it often, and long before it gives up."""
    return 8 * referee.times.T1


def a_while(_: Referee) -> float:
    """As long as somebody may be asked, in seconds: well before the subscription ends, which refer gives 600."""
    return 180.0


def T1_times_128(referee: Referee) -> float | None:
    """2*64*T1, where it can be subscribed to; else not at all."""
    # "the event server MUST retain the final refer event state for a reasonable period of time, which SHOULD be at least
    # 2*64*T1 (that is, 64 seconds)" (RFC 7614 4.7)
    return 128 * referee.times.T1 if referee.retains else None


UNACCEPTED: Final = frozenset({ASKED, UNDECIDED})
ACCEPT_FIRST: Final = "it has not been accepted; accept or follow it first"
AGAIN: Final = "it has been accepted; tell how it goes by `progress`, or follow it"
TOO_LATE: Final = "it has been accepted; tell its end by `progress` instead"
DONE: Final = "it is over, and its end is told: there is nothing left to do"
FOLLOWED: Final = "it is over, and its end is told; a call of which nothing is told is made by `invite`"
NOT_YET: Final = "no REFER yet"

# fmt: off
Referee.table = Table(
    "REFER of a peer",
    rfc="3515 2.4",
    initial=INITIAL,
    rows=(
        #   state       input             guard   next       actions              RFC
        Row(INITIAL,    "REFER",          always, ASKED,     (),                  "3515 2.4.2"),
        Row(ASKED,      "ACCEPT",         always, ACCEPTED,  (accept,),           "7647 5"),
        Row(ASKED,      "FOLLOW",         always, ACCEPTED,  (accept,),           "3515 2.4.3"),
        Row(ASKED,      "REJECT",         always, OVER,      (refuse,),           "3515 2.4.2"),
        # "If no final response has been generated according to the rules above, the UA MUST return a 202 Accepted
        # response before the REFER transaction expires." (RFC 3515 2.4.2)  It is 200 today (RFC 7647 5).
        Row(ASKED,      "Timer decision", always, UNDECIDED, (accept_undecided,), "3515 2.4.2"),
        Row(UNDECIDED,  "ACCEPT",         always, ACCEPTED,  (authorize,),        "3515 2.4.7"),
        Row(UNDECIDED,  "FOLLOW",         always, ACCEPTED,  (authorize,),        "3515 2.4.7"),
        Row(UNDECIDED,  "REJECT",         always, OVER,      (tell_denied,),      "3515 2.4.7"),
        Row(UNDECIDED,  "Timer giving up", always, OVER,     (tell_given_up,),    "6665 4.1.3"),
        Row(ACCEPTED,   "FOLLOW",         always, ACCEPTED,  (),                  "3515 2.4.3"),
        Row(ACCEPTED,   "PROGRESS",       always, ACCEPTED,  (tell,),             "3515 2.4.4"),
        Row(ACCEPTED,   "FINAL",          always, OVER,      (tell_last,),        "3515 2.4.7"),
        # What is heard of the request that follows it.
        Row(ACCEPTED,   "HEARD",          always, ACCEPTED,  (tell,),             "3515 2.4.4"),
        Row(ACCEPTED,   "HEARD FINAL",    always, OVER,      (tell_last,),        "3515 2.4.7"),
        Row(OVER,       "Timer retention", always, None,     (forget,),           "7614 4.7"),
        Refuse(UNACCEPTED, "PROGRESS",    always, None, ACCEPT_FIRST,             "3515 2.4.4"),
        Refuse(UNACCEPTED, "FINAL",       always, None, ACCEPT_FIRST,             "3515 2.4.4"),
        Refuse(ACCEPTED, "ACCEPT",        always, None, AGAIN,                    "3515 2.4.2"),
        Refuse(ACCEPTED, "REJECT",        always, None, TOO_LATE,          "3515 2.4.2"),
        Refuse(OVER,    "ACCEPT",         always, None, DONE,                     "3515 2.4.2"),
        Refuse(OVER,    "REJECT",         always, None, DONE,                     "3515 2.4.2"),
        Refuse(OVER,    "FOLLOW",         always, None, FOLLOWED,                 "3515 2.4.3"),
        Refuse(OVER,    "PROGRESS",       always, None, DONE,                     "3515 2.4.7"),
        Refuse(OVER,    "FINAL",          always, None, DONE,                     "3515 2.4.7"),
    ),
    timers=(
        #     letter       runs in      lasts       then  RFC
        Timer("decision",  {ASKED},     T1_times_8, once, "3515 2.4.2"),
        Timer("giving up", {UNDECIDED}, a_while,    once, "6665 4.1.3"),
        Timer("retention", {OVER},      T1_times_128, once, "7614 4.7"),
    ),
    ignored=(
        Ignore(INITIAL, {"ACCEPT", "FOLLOW", "REJECT", "PROGRESS", "FINAL"}, NOT_YET),
        Ignore({ASKED, UNDECIDED, ACCEPTED, OVER}, "REFER", "it comes once"),
        Ignore({INITIAL, ASKED, UNDECIDED}, {"HEARD", "HEARD FINAL"}, "nobody follows it yet"),
        Ignore(OVER, {"HEARD", "HEARD FINAL"}, "the application has told its end by itself"),
    ),
)
# fmt: on
