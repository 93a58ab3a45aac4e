"""Requests within a dialog that wait for the application: an UPDATE or a PRACK that makes an offer.

RFC 3311 5.2, RFC 3262 5. What needs no decision is answered at once.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, always
from sipsm.message import Request
from sipsm.sdp import offer_answer
from sipsm.usage import reliable_sender
from sipsm.usage.outputs import Accept, Decide, PeerModifies

IDLE: Final = "Idle"
OWED: Final = "Owed"


@define(eq=False)
class UpdateIn(Machine):
    """The UPDATE requests of the peer."""

    table: ClassVar[Table]


@define(eq=False)
class PrackIn(Machine):
    """The PRACK requests of the peer."""

    table: ClassVar[Table]


def answers_ours(_: PrackIn, _prack: Request, at: Any) -> bool:
    """The PRACK bears the answer to the offer in our response."""
    return bool(at.offer_answer.state == offer_answer.SENT_IN_1XX)


def is_late(_: PrackIn, _prack: Request, at: Any) -> bool:
    """The INVITE has its final response, so that no description in a PRACK counts any more."""
    return bool(at.reliable.state == reliable_sender.LATE)


def cause_accepted(_: UpdateIn, request: Request, step: Step) -> None:
    """It is accepted, with what it names."""
    step.cause(">UPDATE 2XX", request)


def accept(_: Machine, request: Request, step: Step) -> None:
    """Nothing is to be decided."""
    step.emit(Accept(request))


def report_refreshed(_: UpdateIn, request: Request, step: Step) -> None:
    """Tell of an UPDATE without an offer."""
    step.emit(PeerModifies(request))


def send_decision(_: Machine, decision: Decide, step: Step) -> None:
    """Answer as the application says."""
    step.emit(decision)


def send_487_to_update(_: UpdateIn, _x: Any, step: Step) -> None:
    """The dialog ends before it was decided."""
    # "It is RECOMMENDED that a 487 (Request Terminated) response be generated to those pending requests." (RFC 3261
    # 15.1.2)
    step.emit(Decide("UPDATE", 487))


def send_487_to_prack(_: PrackIn, _x: Any, step: Step) -> None:
    """The same, for a PRACK."""
    step.emit(Decide("PRACK", 487))


NOTHING = "no offer of the peer waits for an answer there"

# fmt: off
UpdateIn.table = Table(
    "UPDATE of the peer",
    rfc="3311 5.2",
    initial=IDLE,
    rows=(
        #   state input         guard   next  actions                      RFC
        Row(IDLE, "UPDATE",     always, IDLE, (accept, cause_accepted, report_refreshed), "3311 5.2"),
        Row(IDLE, "UPDATE+SDP", always, OWED, (),                          "3311 5.2"),
        # "A UAS that receives an UPDATE before it has generated a final response to a previous UPDATE on the same dialog
        # MUST return a 500 response to the new UPDATE"
        Refuse(OWED, "UPDATE",     always, 500, "the UPDATE before it is unanswered", "3311 5.2"),
        Row(OWED, "ANSWER",     always, IDLE, (send_decision,),            "3311 5.2"),
        Row(OWED, "REJECT",     always, IDLE, (send_decision,),            "3311 5.2"),
        Row(OWED, "OVER",       always, IDLE, (send_487_to_update,),       "3261 15.1.2"),
        Refuse(IDLE, "ANSWER",  always, None, NOTHING,                     "3311 5.2"),
        Refuse(IDLE, "REJECT",  always, None, NOTHING,                     "3311 5.2"),
    ),
    ignored=(
        Ignore(OWED, "UPDATE+SDP", "the exchange of descriptions refuses it: an offer is unanswered"),
        Ignore(IDLE, "OVER", "no UPDATE waits"),
    ),
)

PrackIn.table = Table(
    "PRACK of the peer",
    rfc="3262 5",
    initial=IDLE,
    rows=(
        #   state input        guard         next  actions               RFC
        Row(IDLE, "PRACK",     always,       IDLE, (accept,),            "3262 3"),
        Row(IDLE, "PRACK+SDP", answers_ours, IDLE, (accept,),            "3262 5"),
        Row(IDLE, "PRACK+SDP", is_late,      IDLE, (accept,),            "3262 3"),
        # "If the UAS receives a PRACK with an offer, it MUST place the answer in the 2xx to the PRACK."
        Row(IDLE, "PRACK+SDP", always,       OWED, (),                   "3262 5"),
        Row(OWED, "PRACK",     always,       OWED, (accept,),            "3262 3"),
        Row(OWED, "PRACK+SDP", is_late,      OWED, (accept,),            "3262 3"),
        Row(OWED, "ANSWER",    always,       IDLE, (send_decision,),     "3262 5"),
        Row(OWED, "REJECT",    always,       IDLE, (send_decision,),     "4320 4.2"),
        Row(OWED, "OVER",      always,       IDLE, (send_487_to_prack,), "3261 15.1.2"),
        Refuse(IDLE, "ANSWER", always, None, NOTHING,                    "3262 5"),
    ),
    ignored=(
        Ignore(OWED, "PRACK+SDP", "the exchange of descriptions refuses it: an offer is unanswered"),
        Ignore(IDLE, {"OVER", "REJECT"}, "no PRACK waits"),
    ),
)
# fmt: on
