"""Non-INVITE client transaction.

RFC 3261 17.1.2 and 17.1.4.
"""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import define

from sipsm.machine import Ignore, Row, Step, Table, Timer, always, once
from sipsm.message import Response
from sipsm.transaction.base import (
    COMPLETED,
    INITIAL,
    PROCEEDING,
    R1XX,
    R200_699,
    START,
    TERMINATED,
    TRANSPORT_ERROR,
    TRYING,
    ClientTransaction,
    ResponseReceived,
    TimedOut,
    TransportFailed,
)
from sipsm.transaction.timer_values import T1_if_unreliable, T1_times_64, T4_if_unreliable_else_0
from sipsm.transport.flow import Send


@define(eq=False)
class NonInviteClientTransaction(ClientTransaction):
    """Sends any request but INVITE and ACK until it is answered."""

    table: ClassVar[Table]


def send_request(tx: NonInviteClientTransaction, _: Any, step: Step) -> None:
    """Pass the request to the transport."""
    step.emit(Send(tx.flow, tx.wire, tx.key))


def pass_up(tx: NonInviteClientTransaction, response: Response, step: Step) -> None:
    """Give the response to the TU."""
    step.emit(ResponseReceived(tx, response))


def report_timeout(tx: NonInviteClientTransaction, _: Any, step: Step) -> None:
    """Tell the TU that no final response came."""
    step.emit(TimedOut(tx))


def report_failure(tx: NonInviteClientTransaction, _: Any, step: Step) -> None:
    """Tell the TU that it could not be sent."""
    step.emit(TransportFailed(tx))


def doubled_to_T2_and_T2_in_proceeding(tx: NonInviteClientTransaction, length: float) -> float:
    """MIN(2*length, T2) in Trying, T2 in Proceeding."""
    # "If Timer E fires while in the "Proceeding" state, the request MUST be passed to the transport layer for
    # retransmission, and Timer E MUST be reset with a value of T2 seconds." (RFC 3261 17.1.2.2)
    return tx.times.T2 if tx.state == PROCEEDING else min(2 * length, tx.times.T2)


# fmt: off
NonInviteClientTransaction.table = Table(
    "non-INVITE client transaction",
    rfc="3261 17.1.2",
    initial=INITIAL,
    rows=(
        #   state       input            guard   next         actions            RFC
        Row(INITIAL,    START,           always, TRYING,      (send_request,),   "3261 17.1.2.2"),
        Row(TRYING,     "Timer E",       always, TRYING,      (send_request,),   "3261 17.1.2.2"),
        Row(TRYING,     "Timer F",       always, TERMINATED,  (report_timeout,), "3261 17.1.2.2"),
        Row(TRYING,     TRANSPORT_ERROR, always, TERMINATED,  (report_failure,), "3261 17.1.4"),
        Row(TRYING,     R1XX,            always, PROCEEDING,  (pass_up,),        "3261 17.1.2.2"),
        Row(TRYING,     R200_699,        always, COMPLETED,   (pass_up,),        "3261 17.1.2.2"),
        Row(PROCEEDING, "Timer E",       always, PROCEEDING,  (send_request,),   "3261 17.1.2.2"),
        Row(PROCEEDING, "Timer F",       always, TERMINATED,  (report_timeout,), "3261 17.1.2.2"),
        Row(PROCEEDING, TRANSPORT_ERROR, always, TERMINATED,  (report_failure,), "3261 17.1.4"),
        Row(PROCEEDING, R1XX,            always, PROCEEDING,  (pass_up,),        "3261 17.1.2.2"),
        Row(PROCEEDING, R200_699,        always, COMPLETED,   (pass_up,),        "3261 17.1.2.2"),
        Row(COMPLETED,  "Timer K",       always, TERMINATED,  (),                "3261 17.1.2.2"),
    ),
    timers=(
        #     letter runs in               lasts                    then                                RFC
        Timer("E",   {TRYING, PROCEEDING}, T1_if_unreliable,        doubled_to_T2_and_T2_in_proceeding, "3261 17.1.2.2"),
        Timer("F",   {TRYING, PROCEEDING}, T1_times_64,             once,                               "3261 17.1.2.2"),
        Timer("K",   {COMPLETED},          T4_if_unreliable_else_0, once,                               "3261 17.1.2.2"),
    ),
    ignored=(
        Ignore({TRYING, PROCEEDING, COMPLETED, TERMINATED}, START, "started only once"),
        Ignore(INITIAL, {R1XX, R200_699, TRANSPORT_ERROR}, "nothing has been sent that could be answered or fail"),
        Ignore(COMPLETED, {R1XX, R200_699}, "a repeat: the final response has been passed up"),
        Ignore(COMPLETED, TRANSPORT_ERROR, "nothing is sent here"),
        Ignore(TERMINATED, {R1XX, R200_699, TRANSPORT_ERROR}, "the transaction is over"),
    ),
)
# fmt: on
