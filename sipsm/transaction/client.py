"""Non-INVITE client transaction.

RFC 3261 17.1.2 and 17.1.4.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import define

from sipsm.machine import Ignore, Row, Table, Timer, always, once
from sipsm.transaction.actions import (
    pass_final_response_up,
    pass_response_up,
    report_failure,
    report_timeout,
    send_request,
)
from sipsm.transaction.base import (
    COMPLETED,
    INITIAL,
    OF_OTHERS,
    PROCEEDING,
    R1XX,
    R200_699,
    START,
    TERMINATED,
    TRANSPORT_ERROR,
    TRYING,
    ClientTransaction,
)
from sipsm.transaction.timer_values import T1_if_unreliable, T1_times_64, T4_if_unreliable_else_0


@define(eq=False)
class NonInviteClientTransaction(ClientTransaction):
    """Sends any request but INVITE and ACK until it is answered."""

    table: ClassVar[Table]
    inputs = OF_OTHERS


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
        #   state       input            guard   next        actions                           RFC
        Row(INITIAL,    START,           always, TRYING,     (send_request,),                  "3261 17.1.2.2"),
        Row(TRYING,     "Timer E",       always, TRYING,     (send_request,),                  "3261 17.1.2.2"),
        Row(TRYING,     "Timer F",       always, TERMINATED, (report_timeout,),                "3261 17.1.2.2"),
        Row(TRYING,     TRANSPORT_ERROR, always, TERMINATED, (report_failure,),                "3261 17.1.4"),
        Row(TRYING,     R1XX,            always, PROCEEDING, (pass_response_up,),              "3261 17.1.2.2"),
        Row(TRYING,     R200_699,        always, COMPLETED,  (pass_final_response_up,),        "3261 17.1.2.2"),
        Row(PROCEEDING, "Timer E",       always, PROCEEDING, (send_request,),                  "3261 17.1.2.2"),
        Row(PROCEEDING, "Timer F",       always, TERMINATED, (report_timeout,),                "3261 17.1.2.2"),
        Row(PROCEEDING, TRANSPORT_ERROR, always, TERMINATED, (report_failure,),                "3261 17.1.4"),
        Row(PROCEEDING, R1XX,            always, PROCEEDING, (pass_response_up,),              "3261 17.1.2.2"),
        Row(PROCEEDING, R200_699,        always, COMPLETED,  (pass_final_response_up,),        "3261 17.1.2.2"),
        Row(COMPLETED,  "Timer K",       always, TERMINATED, (),                               "3261 17.1.2.2"),
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
