"""The life of an INVITE at its UAS: from its arrival to the ACK of its 2xx, or to its refusal.

RFC 3261 13.3.1, 9.2 (CANCEL), 15.1.2 (a BYE before the answer). The 2xx that is sent again until its ACK comes is
two timers of the Accepted state (13.3.1.4, RFC 6026 8.1); the RFC has no letters for them.
Not here: what happens in the session that the 2xx begins, see `sipsm.usage.session`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, Timer, always, once
from sipsm.transaction.timer_values import DEFAULT, T1, T1_times_64, TimerValues, doubled_to_T2
from sipsm.usage.outputs import RepeatReply, Reply

INITIAL: Final = "Initial"
PROCEEDING: Final = "Proceeding"
ACCEPTED: Final = "Accepted"
CONFIRMED: Final = "Confirmed"
TERMINATED: Final = "Terminated"


@define(eq=False)
class InviteUas(Machine):
    """One incoming INVITE."""

    table: ClassVar[Table]
    times: TimerValues = DEFAULT


def send_reply(_: InviteUas, reply: Reply, step: Step) -> None:
    """Send the response that the application asked for."""
    step.emit(reply)


def send_487(_: InviteUas, _x: Any, step: Step) -> None:
    """The INVITE is answered with 487 (Request Terminated)."""
    # "If the original request was an INVITE, the UAS SHOULD immediately respond to the INVITE with a 487 (Request
    # Terminated)." (RFC 3261 9.2)  And to a BYE: "It is RECOMMENDED that a 487 (Request Terminated) response be
    # generated to those pending requests." (15.1.2)
    step.emit(Reply(487))


def repeat_2xx(_: InviteUas, _x: Any, step: Step) -> None:
    """The ACK has not come yet: pass the 2xx to the transport again."""
    step.emit(RepeatReply())


def cause_no_ack(_: InviteUas, _x: Any, step: Step) -> None:
    """The ACK will not come."""
    step.cause("NO ACK")


ANSWERED = "the INVITE has been answered already"
OVER = "the INVITE is over"

# fmt: off
InviteUas.table = Table(
    "INVITE at the UAS",
    rfc="3261 13.3.1",
    initial=INITIAL,
    rows=(
        #   state       input        guard   next        actions          RFC
        Row(INITIAL,    "INVITE",    always, PROCEEDING, (),              "3261 13.3.1"),
        Row(PROCEEDING, "PROVISION", always, PROCEEDING, (send_reply,),   "3261 13.3.1.1"),
        Row(PROCEEDING, "ACCEPT",    always, ACCEPTED,   (send_reply,),   "3261 13.3.1.4"),
        Row(PROCEEDING, "REJECT",    always, TERMINATED, (send_reply,),   "3261 13.3.1.3"),
        Row(PROCEEDING, "CANCEL",    always, TERMINATED, (send_487,),     "3261 9.2"),
        Row(PROCEEDING, "BYE",       always, TERMINATED, (send_487,),     "3261 15.1.2"),
        Row(ACCEPTED,   "Timer 2xx", always, ACCEPTED,   (repeat_2xx,),   "3261 13.3.1.4"),
        Row(ACCEPTED,   "ACK",       always, CONFIRMED,  (),              "3261 13.3.1.4"),
        Row(ACCEPTED,   "BYE",       always, TERMINATED, (),              "3261 15.1.2"),
        Row(ACCEPTED,   "Timer ACK", always, TERMINATED, (cause_no_ack,), "3261 13.3.1.4"),
        Refuse({ACCEPTED, CONFIRMED}, "PROVISION", always, None, ANSWERED,            "3261 13.3.1.1"),
        Refuse({ACCEPTED, CONFIRMED}, "ACCEPT",    always, None, ANSWERED,            "3261 13.3.1.4"),
        Refuse({ACCEPTED, CONFIRMED}, "REJECT",    always, None, ANSWERED + "; hang up instead", "3261 13.3.1.3"),
        Refuse(TERMINATED,            "PROVISION", always, None, OVER,                "3261 13.3.1.1"),
        Refuse(TERMINATED,            "ACCEPT",    always, None, OVER,                "3261 13.3.1.4"),
        Refuse(TERMINATED,            "REJECT",    always, None, OVER,                "3261 13.3.1.3"),
    ),
    timers=(
        # "The 2xx response is passed to the transport with an interval that starts at T1 seconds and doubles for each
        # retransmission until it reaches T2 seconds ... This is independent of whatever transport protocols are used"
        #     letter runs in     lasts        then           RFC
        Timer("2xx", {ACCEPTED}, T1,          doubled_to_T2, "6026 8.1"),
        Timer("ACK", {ACCEPTED}, T1_times_64, once,          "3261 13.3.1.4"),
    ),
    ignored=(
        Ignore(INITIAL, {"PROVISION", "ACCEPT", "REJECT", "CANCEL", "BYE", "ACK"}, "no INVITE yet"),
        Ignore({PROCEEDING, ACCEPTED, CONFIRMED, TERMINATED}, "INVITE", "comes only once"),
        Ignore(PROCEEDING, "ACK", "an ACK before a final response acknowledges nothing"),
        Ignore({ACCEPTED, CONFIRMED}, "CANCEL", "no effect after a final response, 3261 9.2"),
        Ignore(CONFIRMED, "ACK", "a repeat of the ACK, for a repeat of the 2xx"),
        Ignore(CONFIRMED, "BYE", "the INVITE is complete; the session ends"),
        Ignore(TERMINATED, {"CANCEL", "BYE", "ACK"}, "the INVITE is over"),
    ),
)
# fmt: on
