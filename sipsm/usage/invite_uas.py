"""The life of an INVITE at its UAS: from its arrival to the ACK of its 2xx, or to its refusal.

RFC 3261 13.3.1, 9.2 (CANCEL), 15.1.2 (a BYE before the answer), 14.2 (within a dialog); RFC 3262 5 (a 2xx that waits
for a PRACK). The 2xx that is sent again until its ACK comes is
two timers of the Accepted state (13.3.1.4, RFC 6026 8.1); the RFC has no letters for them.
Not here: what happens in the session that the 2xx begins or changes, see `sipsm.usage.session`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, Timer, always, once
from sipsm.message import Request
from sipsm.transaction.timer_values import DEFAULT, T1, T1_times_64, TimerValues, doubled_to_T2
from sipsm.usage.outputs import RepeatReply, Reply

INITIAL: Final = "Initial"
PROCEEDING: Final = "Proceeding"
ACCEPTING: Final = "Accepting"
ACCEPTED: Final = "Accepted"
CONFIRMED: Final = "Confirmed"
TERMINATED: Final = "Terminated"

MINUTE_S: Final = 60.0
LONGER_S: Final = 150.0


@define(eq=False)
class InviteUas(Machine):
    """One incoming INVITE."""

    table: ClassVar[Table]
    times: TimerValues = DEFAULT
    cseq_number: int = 0
    """Of the INVITE."""
    expires_s: float | None = None
    """How long it is to be answered, in seconds, as its Expires says."""
    extends: bool = True
    """Whether a provisional response is sent each minute while it is not answered."""
    provisional: Reply | None = None
    """The last one that was sent."""
    reliably: bool = False
    """Whether that was sent reliably."""
    held: Reply | None = None
    """The 2xx that waits for a PRACK."""


# -------------------------------------------------------------------- guards


def must_be_held(_: InviteUas, _reply: Reply, at: Any) -> bool:
    """A reliable provisional response with a description has not had its PRACK."""
    # "If the UAS had placed a session description in any reliable provisional response that is unacknowledged when the
    # INVITE is accepted, the UAS MUST delay sending the 2xx until the provisional response is acknowledged." (RFC 3262
    # 5)
    return bool(at.reliable.bears_sdp)


def was_reliable(invite: InviteUas, _x: Any, _at: Any) -> bool:
    """The last provisional response was sent reliably."""
    return invite.reliably


# -------------------------------------------------------------------- actions


def send_provisional(invite: InviteUas, reply: Reply, step: Step) -> None:
    """Send the provisional response that the application asked for."""
    invite.provisional, invite.reliably = reply, False
    step.emit(reply)


def note_reliable(invite: InviteUas, reply: Reply, _step: Step) -> None:
    """It is sent by the machine that repeats it."""
    invite.provisional, invite.reliably = reply, True


def send_provisional_again(invite: InviteUas, _x: Any, step: Step) -> None:
    """It takes long: what was sent last goes once more."""
    # "To prevent cancellation, the UAS MUST send a non-100 provisional response at every minute, to handle the
    # possibility of lost provisional responses." (RFC 3261 13.3.1.1)
    step.emit(invite.provisional or Reply(183))


def cause_extension(_: InviteUas, _x: Any, step: Step) -> None:
    """It takes long, and its provisional responses are sent reliably."""
    step.cause("EXTEND")


def send_reply(_: InviteUas, reply: Reply, step: Step) -> None:
    """Send the refusal that the application asked for."""
    step.emit(reply)


def send_2xx(_: InviteUas, reply: Reply, step: Step) -> None:
    """Send the 2xx."""
    step.emit(reply)
    step.cause("ACCEPTED", reply)


def hold_2xx(invite: InviteUas, reply: Reply, _step: Step) -> None:
    """The 2xx must wait."""
    invite.held = reply


def send_held_2xx(invite: InviteUas, _x: Any, step: Step) -> None:
    """What it waited for has come."""
    assert invite.held is not None, "a 2xx is held in Accepting"
    send_2xx(invite, invite.held, step)


def send_487(_: InviteUas, _x: Any, step: Step) -> None:
    """The INVITE is answered with 487 (Request Terminated)."""
    # "If the original request was an INVITE, the UAS SHOULD immediately respond to the INVITE with a 487 (Request
    # Terminated)." (RFC 3261 9.2)  And to a BYE: "It is RECOMMENDED that a 487 (Request Terminated) response be
    # generated to those pending requests." (15.1.2)
    step.emit(Reply(487))


def send_504(_: InviteUas, _x: Any, step: Step) -> None:
    """The INVITE is answered with 504 (Server Time-out), since no PRACK came."""
    step.emit(Reply(504))


def send_400(_: InviteUas, _x: Any, step: Step) -> None:
    """The INVITE is answered with 400 (Bad Request), since the PRACK did not answer our offer."""
    step.emit(Reply(400, "The PRACK must carry the answer"))


def cause_cancelled(_: InviteUas, cancel: Request, step: Step) -> None:
    """The peer has given it up."""
    step.cause("CANCELLED", cancel)


def send_500(_: InviteUas, _x: Any, step: Step) -> None:
    """The INVITE is answered with 500 (Server Internal Error), since its sender does not know the early dialog."""
    step.emit(Reply(500))


def cause_expired(_: InviteUas, _x: Any, step: Step) -> None:
    """The invitation is over."""
    step.cause("EXPIRED")


def repeat_2xx(_: InviteUas, _x: Any, step: Step) -> None:
    """The ACK has not come yet: pass the 2xx to the transport again."""
    step.emit(RepeatReply())


def cause_no_ack(_: InviteUas, _x: Any, step: Step) -> None:
    """The ACK will not come."""
    step.cause("NO ACK")


# -------------------------------------------------------------------- timers


def a_minute(invite: InviteUas) -> float | None:
    """A minute, where the profile extends what takes long."""
    return MINUTE_S if invite.extends else None


def a_minute_or_longer(invite: InviteUas, _length: float) -> float:
    """A minute; two and a half where provisional responses are reliable."""
    # "the UAS SHOULD send provisional responses once every two and a half minutes." (RFC 3262 3)
    return LONGER_S if invite.reliably else MINUTE_S


def as_expires(invite: InviteUas) -> float | None:
    """As the INVITE's Expires says; not at all without one."""
    return invite.expires_s


ANSWERED = "the INVITE has been answered already"
OVER = "the INVITE is over"
UNANSWERED = frozenset({PROCEEDING, ACCEPTING})
DONE = frozenset({ACCEPTING, ACCEPTED, CONFIRMED})

# fmt: off
InviteUas.table = Table(
    "INVITE at the UAS",
    rfc="3261 13.3.1",
    initial=INITIAL,
    rows=(
        #   state       input           guard         next        actions                   RFC
        Row(INITIAL,    "INVITE",       always,       PROCEEDING, (),                       "3261 13.3.1"),
        Row(PROCEEDING, "PROVISION",    always,       PROCEEDING, (send_provisional,),      "3261 13.3.1.1"),
        Row(PROCEEDING, "REL",          always,       PROCEEDING, (note_reliable,),         "3262 3"),
        Row(PROCEEDING, "Timer minute", was_reliable, PROCEEDING, (cause_extension,),       "3262 3"),
        Row(PROCEEDING, "Timer minute", always,       PROCEEDING, (send_provisional_again,), "3261 13.3.1.1"),
        Row(PROCEEDING, "ACCEPT",       must_be_held, ACCEPTING,  (hold_2xx,),              "3262 5"),
        Row(PROCEEDING, "ACCEPT",       always,       ACCEPTED,   (send_2xx,),              "3261 13.3.1.4"),
        Row(ACCEPTING,  "ACKNOWLEDGED", always,       ACCEPTED,   (send_held_2xx,),         "3262 5"),
        Row(UNANSWERED, "REJECT",       always,       TERMINATED, (send_reply,),            "3261 13.3.1.3"),
        Row(UNANSWERED, "CANCEL",       always,       TERMINATED, (send_487, cause_cancelled), "3261 9.2"),
        Row(UNANSWERED, "BYE",          always,       TERMINATED, (send_487,),              "3261 15.1.2"),
        # "If the invitation expires before the UAS has generated a final response, a 487 (Request Terminated) response
        # SHOULD be generated." (RFC 3261 13.3.1)
        Row(UNANSWERED, "Timer expires", always,      TERMINATED, (send_487, cause_expired), "3261 13.3.1"),
        Row(UNANSWERED, "NO PRACK",     always,       TERMINATED, (send_504,),              "3262 3"),
        Row(UNANSWERED, "NO ANSWER",    always,       TERMINATED, (send_400,),              "3262 5"),
        Row(UNANSWERED, "LOST",         always,       TERMINATED, (send_500,),              "3261 12.2.1.2"),
        Row(ACCEPTED,   "Timer 2xx",    always,       ACCEPTED,   (repeat_2xx,),            "3261 13.3.1.4"),
        Row(ACCEPTED,   "ACK",          always,       CONFIRMED,  (),                       "3261 13.3.1.4"),
        Row(ACCEPTED,   "Timer ACK",    always,       TERMINATED, (cause_no_ack,),          "3261 13.3.1.4"),
        Refuse(DONE,       "PROVISION", always, None, ANSWERED,                             "3261 13.3.1.1"),
        Refuse(DONE,       "REL",       always, None, ANSWERED,                             "3262 3"),
        Refuse(ACCEPTING,  "ACCEPT",    always, None, "it has been answered: the 2xx waits for a PRACK", "3262 5"),
        Refuse({ACCEPTED, CONFIRMED}, "ACCEPT", always, None, ANSWERED,                     "3261 13.3.1.4"),
        Refuse({ACCEPTED, CONFIRMED}, "REJECT", always, None, ANSWERED + "; hang up instead", "3261 13.3.1.3"),
        Refuse(TERMINATED, "PROVISION", always, None, OVER,                                 "3261 13.3.1.1"),
        Refuse(TERMINATED, "REL",       always, None, OVER,                                 "3262 3"),
        Refuse(TERMINATED, "ACCEPT",    always, None, OVER,                                 "3261 13.3.1.4"),
        Refuse(TERMINATED, "REJECT",    always, None, OVER,                                 "3261 13.3.1.3"),
    ),
    timers=(
        Timer("minute",  {PROCEEDING}, a_minute,    a_minute_or_longer, "3261 13.3.1.1"),
        Timer("expires", UNANSWERED,   as_expires,  once,               "3261 13.3.1"),
        # "The 2xx response is passed to the transport with an interval that starts at T1 seconds and doubles for each
        # retransmission until it reaches T2 seconds ... This is independent of whatever transport protocols are used"
        #     letter runs in     lasts        then           RFC
        Timer("2xx", {ACCEPTED}, T1,          doubled_to_T2, "6026 8.1"),
        Timer("ACK", {ACCEPTED}, T1_times_64, once,          "3261 13.3.1.4"),
    ),
    ignored=(
        Ignore(INITIAL, {"PROVISION", "REL", "ACCEPT", "REJECT", "CANCEL", "BYE", "ACK", "ACKNOWLEDGED", "NO PRACK", "NO ANSWER", "LOST"}, "no INVITE yet"),
        Ignore({PROCEEDING, ACCEPTING, ACCEPTED, CONFIRMED, TERMINATED}, "INVITE", "comes only once"),
        Ignore(UNANSWERED, "ACK", "an ACK before a final response acknowledges nothing"),
        Ignore({PROCEEDING, ACCEPTED, CONFIRMED, TERMINATED}, "ACKNOWLEDGED", "no 2xx waits for it"),
        Ignore({ACCEPTED, CONFIRMED, TERMINATED}, {"NO PRACK", "NO ANSWER", "LOST"}, "it has been answered; the session sees to it"),
        Ignore({ACCEPTED, CONFIRMED}, "CANCEL", "no effect after a final response, 3261 9.2"),
        Ignore(CONFIRMED, "ACK", "a repeat of the ACK, for a repeat of the 2xx"),
        # "Response retransmissions cease when an ACK request for the response is received."
        Ignore(ACCEPTED, "BYE", "the 2xx goes on until its ACK comes, 3261 13.3.1.4; it may be what the peer has missed"),
        Ignore(CONFIRMED, "BYE", "the INVITE is complete; the session ends"),
        Ignore(TERMINATED, {"CANCEL", "BYE", "ACK"}, "the INVITE is over"),
    ),
)
# fmt: on
