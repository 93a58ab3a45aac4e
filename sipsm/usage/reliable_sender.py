"""Reliable provisional responses at the UAS: sent again until their PRACK, one at a time.

RFC 3262 3. The RSeq number of the first is drawn by whoever makes this machine.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define, evolve

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, Timer, always, doubled, once
from sipsm.message import Request
from sipsm.message.headers import RACK
from sipsm.transaction.timer_values import DEFAULT, T1, T1_times_64, TimerValues
from sipsm.usage.outputs import ProvisionalAcknowledged, RepeatProvisional, Reply, ReplyReliably

IDLE: Final = "Idle"
UNACKNOWLEDGED: Final = "Unacknowledged"
LATE: Final = "Late"
OVER: Final = "Over"


@define(eq=False)
class ReliableSender(Machine):
    """The reliable provisional responses to one INVITE."""

    table: ClassVar[Table]
    times: TimerValues = DEFAULT
    rseq: int = 0
    """Of the next one to be sent; of the one that waits for its PRACK, while one does."""
    reply: Reply | None = None
    """The last one that was sent."""

    @property
    def bears_sdp(self) -> bool:
        """Whether a description of ours waits for its PRACK."""
        return self.state == UNACKNOWLEDGED and self.reply is not None and bool(self.reply.body)


def does_not_match(sender: ReliableSender, prack: Request, at: Any) -> bool:
    """The PRACK is not for the response that waits for one."""
    # "A matching PRACK is defined as one within the same dialog as the response, and whose method, CSeq-num, and
    # response-num in the RAck header field match, respectively, the method from the CSeq, the sequence number from the
    # CSeq, and the sequence number from the RSeq of the reliable provisional response." (RFC 3262 3)
    rack = prack[RACK]
    return rack is None or tuple(rack) != (sender.rseq, at.invite.cseq_number, "INVITE")


def send_reliably(sender: ReliableSender, reply: Reply, step: Step) -> None:
    """Send it, to be sent again until its PRACK comes."""
    sender.reply = reply
    step.emit(ReplyReliably(reply, sender.rseq))


def send_another(sender: ReliableSender, _x: Any, step: Step) -> None:
    """The same once more, as a further response and without a description: the INVITE takes long."""
    assert sender.reply is not None, "only what was sent reliably is extended reliably"
    send_reliably(sender, evolve(sender.reply, body=b""), step)


def repeat(_: ReliableSender, _x: Any, step: Step) -> None:
    """The PRACK has not come yet."""
    step.emit(RepeatProvisional())


def count_on(sender: ReliableSender, prack: Request, step: Step) -> None:
    """The next one has the next number."""
    # "The value of the RSeq in each subsequent reliable provisional response for the same request MUST be greater by
    # exactly one." (RFC 3262 3)
    sender.rseq += 1
    step.emit(ProvisionalAcknowledged(prack))


def cause_acknowledged(_: ReliableSender, prack: Request, step: Step) -> None:
    """A 2xx that waited for this may go."""
    step.cause("ACKNOWLEDGED", prack)


def cause_no_prack(_: ReliableSender, _x: Any, step: Step) -> None:
    """The PRACK will not come."""
    step.cause("NO PRACK")


NO_MATCH = "the PRACK matches no response that waits for one"

# fmt: off
ReliableSender.table = Table(
    "reliable provisional responses at the UAS",
    rfc="3262 3",
    initial=IDLE,
    rows=(
        #   state            input              guard           next            actions                         RFC
        Row(IDLE,            "REL",             always,         UNACKNOWLEDGED, (send_reliably,),               "3262 3"),
        # "The UAS MUST NOT send a second reliable provisional response until the first is acknowledged. After the first, it
        # is RECOMMENDED that the UAS not send an additional reliable provisional response until the previous is
        # acknowledged."
        Refuse(UNACKNOWLEDGED, "REL",           always,         None, "the one before has not been acknowledged; wait for its PRACK", "3262 3"),
        Row(UNACKNOWLEDGED,  "Timer reliable",  always,         UNACKNOWLEDGED, (repeat,),                      "3262 3"),
        # "If a reliable provisional response is retransmitted for 64*T1 seconds without reception of a corresponding
        # PRACK, the UAS SHOULD reject the original request with a 5xx response."
        Row(UNACKNOWLEDGED,  "Timer PRACK",     always,         OVER,           (cause_no_prack,),              "3262 3"),
        Refuse({UNACKNOWLEDGED, LATE}, "PRACK", does_not_match, 481, NO_MATCH,                                  "3262 3"),
        Row(UNACKNOWLEDGED,  "PRACK",           always,         IDLE,           (count_on, cause_acknowledged), "3262 3"),
        # "it MUST be prepared to process PRACK requests for those outstanding responses."
        Row(LATE,            "PRACK",           always,         OVER,           (),                             "3262 3"),
        Row(LATE,            "Timer PRACK",     always,         OVER,           (),                             "3262 3"),
        Refuse({IDLE, OVER}, "PRACK",           always,         481, NO_MATCH,                                  "3262 3"),
        Row(IDLE,            "EXTEND",          always,         UNACKNOWLEDGED, (send_another,),                "3262 3"),
        Row(UNACKNOWLEDGED,  "FINAL",           always,         LATE,           (),                             "3262 3"),
    ),
    timers=(
        # "an interval that starts at T1 seconds and doubles for each retransmission": "This differs from retransmissions
        # of 2xx responses, whose intervals cap at T2 seconds."
        #     letter      runs in           lasts        then     RFC
        Timer("reliable", {UNACKNOWLEDGED}, T1,          doubled, "3262 3"),
        Timer("PRACK",    {UNACKNOWLEDGED, LATE}, T1_times_64, once, "3262 3"),
    ),
    ignored=(
        Ignore({LATE, OVER}, {"REL", "EXTEND"}, "the INVITE's life refuses it: the INVITE has been answered"),
        Ignore(UNACKNOWLEDGED, "EXTEND", "it is being sent again as it is"),
        Ignore(IDLE, "FINAL", "no PRACK is to come, and the INVITE's life refuses to send more"),
        Ignore({LATE, OVER}, "FINAL", "it has been answered"),
    ),
)
# fmt: on
