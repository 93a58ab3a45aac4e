"""INVITE server transaction.

RFC 3261 17.2.1 as amended by RFC 6026 7.1 and 8.5 to 8.7 (the Accepted state, Timer L; a failed send ends nothing).

The RFC's Proceeding state is two here: Trying, until anything has been sent, and Proceeding, in which there is
always a last response to repeat. The 100 that the RFC asks for within 200 ms is then a timer of Trying.
"""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from sipsm.machine import Ignore, Row, Step, Table, Timer, always, once
from sipsm.message import Request, response_to
from sipsm.transaction.base import (
    ACCEPTED,
    ACK,
    COMPLETED,
    CONFIRMED,
    INITIAL,
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
    RequestReceived,
    ServerTransaction,
    TimedOut,
    TransportFailed,
)
from sipsm.transaction.timer_values import T1_if_unreliable, T1_times_64, T4_if_unreliable_else_0, doubled_to_T2
from sipsm.transport.flow import Send


@define(eq=False)
class InviteServerTransaction(ServerTransaction):
    """Shows the TU an INVITE once, repeats what it answered, and waits for the ACK of a refusal."""

    table: ClassVar[Table]


def pass_up(tx: InviteServerTransaction, request: Request, step: Step) -> None:
    """Give the INVITE to the TU."""
    step.emit(RequestReceived(tx, request))


def pass_ack_up(_: InviteServerTransaction, ack: Request, step: Step) -> None:
    """Give the ACK of a 2xx to the TU."""
    # "Any ACKs received from the network while in the "Accepted" state MUST be passed directly to the TU and not
    # absorbed." (RFC 6026 7.1)  Only one of an RFC 2543 client matches here: others have a branch of their own.
    step.emit(AckReceived(ack))


def send(tx: InviteServerTransaction, response: bytes, step: Step) -> None:
    """Pass the TU's response to the transport, and keep it for repeats."""
    tx.wire = response
    step.emit(Send(tx.flow, response, tx.key))


def send_again(tx: InviteServerTransaction, _: Any, step: Step) -> None:
    """Pass the last response to the transport once more."""
    step.emit(Send(tx.flow, tx.wire, tx.key))


def send_trying(tx: InviteServerTransaction, _: Any, step: Step) -> None:
    """Answer with 100, without a To tag."""
    # "The server transaction MUST generate a 100 (Trying) response unless it knows that the TU will generate a
    # provisional or final response within 200 ms" (RFC 3261 17.2.1)
    assert tx.request is not None, "the request is kept while nothing has been answered"
    tx.wire = bytes(response_to(tx.request, 100))
    step.emit(Send(tx.flow, tx.wire, tx.key))


def forget_request(tx: InviteServerTransaction, _: Any, _step: Step) -> None:
    """Keep the response only: it is all that is ever needed again."""
    tx.request = None


def report_timeout(tx: InviteServerTransaction, _: Any, step: Step) -> None:
    """Tell the TU that no ACK came."""
    step.emit(TimedOut(tx))


def report_failure(tx: InviteServerTransaction, _: Any, step: Step) -> None:
    """Tell the TU that the response could not be sent."""
    step.emit(TransportFailed(tx))


def ms200(_: InviteServerTransaction) -> float:
    """200 ms."""
    return 0.2


# fmt: off
InviteServerTransaction.table = Table(
    "INVITE server transaction",
    rfc="3261 17.2.1",
    initial=INITIAL,
    rows=(
        #   state       input            guard   next         actions                 RFC
        Row(INITIAL,    START,           always, TRYING,      (pass_up,),             "3261 17.2.1"),
        Row(TRYING,     "Timer 100",     always, PROCEEDING,  (send_trying,),         "3261 17.2.1"),
        Row(TRYING,     R1XX,            always, PROCEEDING,  (send,),                "3261 17.2.1"),
        Row(TRYING,     R2XX,            always, ACCEPTED,    (send, forget_request), "6026 7.1"),
        Row(TRYING,     R300_699,        always, COMPLETED,   (send, forget_request), "3261 17.2.1"),
        Row(PROCEEDING, REQUEST,         always, PROCEEDING,  (send_again,),          "3261 17.2.1"),
        Row(PROCEEDING, R1XX,            always, PROCEEDING,  (send,),                "3261 17.2.1"),
        Row(PROCEEDING, R2XX,            always, ACCEPTED,    (send, forget_request), "6026 7.1"),
        Row(PROCEEDING, R300_699,        always, COMPLETED,   (send, forget_request), "3261 17.2.1"),
        Row(PROCEEDING, TRANSPORT_ERROR, always, PROCEEDING,  (report_failure,),      "6026 7.1"),
        Row(COMPLETED,  REQUEST,         always, COMPLETED,   (send_again,),          "3261 17.2.1"),
        Row(COMPLETED,  "Timer G",       always, COMPLETED,   (send_again,),          "3261 17.2.1"),
        Row(COMPLETED,  ACK,             always, CONFIRMED,   (),                     "3261 17.2.1"),
        Row(COMPLETED,  "Timer H",       always, TERMINATED,  (report_timeout,),      "3261 17.2.1"),
        Row(COMPLETED,  TRANSPORT_ERROR, always, COMPLETED,   (report_failure,),      "6026 7.1"),
        Row(CONFIRMED,  "Timer I",       always, TERMINATED,  (),                     "3261 17.2.1"),
        Row(ACCEPTED,   R2XX,            always, ACCEPTED,    (send,),                "6026 7.1"),
        Row(ACCEPTED,   ACK,             always, ACCEPTED,    (pass_ack_up,),         "6026 7.1"),
        Row(ACCEPTED,   TRANSPORT_ERROR, always, ACCEPTED,    (report_failure,),      "6026 7.1"),
        Row(ACCEPTED,   "Timer L",       always, TERMINATED,  (),                     "6026 7.1"),
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
