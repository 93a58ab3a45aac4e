"""INVITE server transaction.

RFC 3261 17.2.1 as amended by RFC 6026 7.1 and 8.5 to 8.7 (the Accepted state, Timer L; a failed send ends nothing).

The RFC's Proceeding state is two here: Trying, until anything has been sent, and Proceeding, in which there is
always a last response to repeat. The 100 that the RFC asks for within 200 ms is then a timer of Trying.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import define

from sipsm.machine import Ignore, Row, Step, Table, Timer, always, once
from sipsm.message import Request
from sipsm.transaction.actions import (
    pass_request_up,
    report_failure,
    report_timeout,
    send_again,
    send_final_response,
    send_response,
    send_trying,
)
from sipsm.transaction.base import (
    ACCEPTED,
    ACK,
    COMPLETED,
    CONFIRMED,
    INITIAL,
    OF_INVITE,
    PROCEEDING,
    R1XX,
    R2XX,
    R300_699,
    REQUEST,
    START,
    TERMINATED,
    TRANSPORT_ERROR,
    TRYING,
    AckReceived,
    ServerTransaction,
)
from sipsm.transaction.timer_values import T1_if_unreliable, T1_times_64, T4_if_unreliable_else_0, doubled_to_T2


@define(eq=False)
class InviteServerTransaction(ServerTransaction):
    """Shows the TU an INVITE once, repeats what it answered, and waits for the ACK of a refusal."""

    table: ClassVar[Table]
    inputs = OF_INVITE


def pass_ack_up(_: InviteServerTransaction, ack: Request, step: Step) -> None:
    """Give the ACK of a 2xx to the TU."""
    # "Any ACKs received from the network while in the "Accepted" state MUST be passed directly to the TU and not
    # absorbed." (RFC 6026 7.1)  Only one of an RFC 2543 client matches here: others have a branch of their own.
    step.emit(AckReceived(ack))


def ms200(_: InviteServerTransaction) -> float:
    """200 ms."""
    return 0.2


# fmt: off
InviteServerTransaction.table = Table(
    "INVITE server transaction",
    rfc="3261 17.2.1",
    initial=INITIAL,
    rows=(
        #   state       input            guard   next        actions                          RFC
        Row(INITIAL,    START,           always, TRYING,     (pass_request_up,),              "3261 17.2.1"),
        Row(TRYING,     "Timer 100",     always, PROCEEDING, (send_trying,),                  "3261 17.2.1"),
        Row(TRYING,     R1XX,            always, PROCEEDING, (send_response,),                "3261 17.2.1"),
        Row(TRYING,     R2XX,            always, ACCEPTED,   (send_final_response,),          "6026 7.1"),
        Row(TRYING,     R300_699,        always, COMPLETED,  (send_final_response,),          "3261 17.2.1"),
        Row(PROCEEDING, REQUEST,         always, PROCEEDING, (send_again,),                   "3261 17.2.1"),
        Row(PROCEEDING, R1XX,            always, PROCEEDING, (send_response,),                "3261 17.2.1"),
        Row(PROCEEDING, R2XX,            always, ACCEPTED,   (send_final_response,),          "6026 7.1"),
        Row(PROCEEDING, R300_699,        always, COMPLETED,  (send_final_response,),          "3261 17.2.1"),
        Row(PROCEEDING, TRANSPORT_ERROR, always, PROCEEDING, (report_failure,),               "6026 7.1"),
        Row(COMPLETED,  REQUEST,         always, COMPLETED,  (send_again,),                   "3261 17.2.1"),
        Row(COMPLETED,  "Timer G",       always, COMPLETED,  (send_again,),                   "3261 17.2.1"),
        Row(COMPLETED,  ACK,             always, CONFIRMED,  (),                              "3261 17.2.1"),
        Row(COMPLETED,  "Timer H",       always, TERMINATED, (report_timeout,),               "3261 17.2.1"),
        Row(COMPLETED,  TRANSPORT_ERROR, always, COMPLETED,  (report_failure,),               "6026 7.1"),
        Row(CONFIRMED,  "Timer I",       always, TERMINATED, (),                              "3261 17.2.1"),
        Row(ACCEPTED,   R2XX,            always, ACCEPTED,   (send_response,),                "6026 7.1"),
        Row(ACCEPTED,   ACK,             always, ACCEPTED,   (pass_ack_up,),                  "6026 7.1"),
        Row(ACCEPTED,   TRANSPORT_ERROR, always, ACCEPTED,   (report_failure,),               "6026 7.1"),
        Row(ACCEPTED,   "Timer L",       always, TERMINATED, (),                              "6026 7.1"),
    ),
    timers=(
        #     letter runs in      lasts                    then           RFC
        Timer("100", {TRYING},    ms200,                   once,          "3261 17.2.1"),
        Timer("G",   {COMPLETED}, T1_if_unreliable,        doubled_to_T2, "3261 17.2.1"),
        Timer("H",   {COMPLETED}, T1_times_64,             once,          "3261 17.2.1"),
        Timer("I",   {CONFIRMED}, T4_if_unreliable_else_0, once,          "3261 17.2.1"),
        Timer("L",   {ACCEPTED},  T1_times_64,             once,          "6026 7.1"),
    ),
    ignored=(
        Ignore({TRYING, PROCEEDING, COMPLETED, CONFIRMED, ACCEPTED, TERMINATED}, START, "started only once"),
        Ignore(INITIAL, {REQUEST, ACK, R1XX, R2XX, R300_699, TRANSPORT_ERROR}, "the INVITE has not been passed up yet"),
        Ignore(TRYING, REQUEST, "a repeat of the INVITE, and nothing has been answered that could be repeated"),
        Ignore({TRYING, PROCEEDING}, ACK, "an ACK before a final response acknowledges nothing"),
        Ignore(TRYING, TRANSPORT_ERROR, "nothing has been sent"),
        Ignore(COMPLETED, {R1XX, R2XX, R300_699}, "a final response has been sent: any other is discarded"),
        Ignore(CONFIRMED, {REQUEST, ACK}, "a repeat that was still in the network"),
        Ignore(CONFIRMED, {R1XX, R2XX, R300_699}, "the final response has been acknowledged"),
        Ignore(CONFIRMED, TRANSPORT_ERROR, "nothing is sent here"),
        Ignore(ACCEPTED, REQUEST, "a repeat of the INVITE: the TU repeats the 2xx, RFC 6026 7.1"),
        Ignore(ACCEPTED, {R1XX, R300_699}, "a 2xx has been sent: only its repeats follow"),
        Ignore(TERMINATED, {REQUEST, ACK, R1XX, R2XX, R300_699, TRANSPORT_ERROR}, "the transaction is over"),
    ),
)
# fmt: on
