"""Non-INVITE server transaction.

RFC 3261 17.2.2, as amended by RFC 4320 4 (no provisional response but 100, and that only late; no 408) and by
RFC 6026 8.8 (a failed send ends nothing).

A request that the TU never answers is given up after 64*T1: by then its client has timed out, and a late response
would be a stray one (RFC 4320 2.2). The RFC has no letter for that timer; it stands here as "late".
"""

from __future__ import annotations

from functools import lru_cache
from typing import ClassVar

from attrs import define

from sipsm.machine import Ignore, Refuse, Row, Table, Timer, always, once
from sipsm.transaction.actions import (
    pass_request_up,
    report_failure,
    report_timeout,
    send_again,
    send_final_response,
    send_trying,
)
from sipsm.transaction.base import (
    COMPLETED,
    INITIAL,
    OF_OTHERS_TO_SEND,
    PROCEEDING,
    R1XX,
    R200_699,
    R408,
    REQUEST,
    START,
    TERMINATED,
    TRANSPORT_ERROR,
    TRYING,
    ServerTransaction,
)
from sipsm.transaction.timer_values import T1_times_64, T1_times_64_if_unreliable_else_0


@define(eq=False)
class NonInviteServerTransaction(ServerTransaction):
    """Shows the TU a request once, and repeats the response that it was given."""

    table: ClassVar[Table]
    inputs = OF_OTHERS_TO_SEND


def until_E_reaches_T2(tx: NonInviteServerTransaction) -> float:
    """The time after which a client's Timer E is reset to T2: T1 + 2*T1 + ... while below T2 (3.5 s by default)."""
    return _until_reset_to(tx.times.T2, tx.times.T1)


@lru_cache(maxsize=16)
def _until_reset_to(T2: float, T1: float) -> float:
    total, length = 0.0, T1
    while length < T2:
        total += length
        length *= 2
    return total or T1


# fmt: off
NonInviteServerTransaction.table = Table(
    "non-INVITE server transaction",
    rfc="3261 17.2.2",
    initial=INITIAL,
    rows=(
        #   state       input            guard   next        actions                          RFC
        Row(INITIAL,    START,           always, TRYING,     (pass_request_up,),              "3261 17.2.2"),
        Row(TRYING,     "Timer 100",     always, PROCEEDING, (send_trying,),                  "4320 4.1"),
        Row(TRYING,     R200_699,        always, COMPLETED,  (send_final_response,),          "3261 17.2.2"),
        Row(TRYING,     "Timer late",    always, TERMINATED, (report_timeout,),               "4320 2.2"),
        Refuse(TRYING,  R1XX,            always, None, "a non-INVITE request gets no provisional response but 100, "
                                                       "and that one is sent when it is due",               "4320 4.1"),
        Row(PROCEEDING, REQUEST,         always, PROCEEDING, (send_again,),                   "3261 17.2.2"),
        Row(PROCEEDING, R200_699,        always, COMPLETED,  (send_final_response,),          "3261 17.2.2"),
        Row(PROCEEDING, "Timer late",    always, TERMINATED, (report_timeout,),               "4320 2.2"),
        Row(PROCEEDING, TRANSPORT_ERROR, always, PROCEEDING, (report_failure,),               "6026 8.8"),
        Refuse(PROCEEDING, R1XX,         always, None, "a non-INVITE request gets no provisional response but 100, "
                                                       "and that one has been sent",                        "4320 4.1"),
        # "A transaction-stateful SIP element MUST NOT send a response with Status-Code of 408 to a non-INVITE request."
        Refuse({TRYING, PROCEEDING}, R408, always, None, "a non-INVITE request gets no 408: it would come too late",
                                                                                 "4320 4.2"),
        Row(COMPLETED,  REQUEST,         always, COMPLETED,  (send_again,),                   "3261 17.2.2"),
        Row(COMPLETED,  TRANSPORT_ERROR, always, COMPLETED,  (report_failure,),               "6026 8.8"),
        Row(COMPLETED,  "Timer J",       always, TERMINATED, (),                              "3261 17.2.2"),
    ),
    timers=(
        #     letter  runs in               lasts                             then  RFC
        Timer("100",  {TRYING},             until_E_reaches_T2,               once, "4320 4.1"),
        Timer("late", {TRYING, PROCEEDING}, T1_times_64,                      once, "4320 2.2"),
        Timer("J",    {COMPLETED},          T1_times_64_if_unreliable_else_0, once, "3261 17.2.2"),
    ),
    ignored=(
        Ignore({TRYING, PROCEEDING, COMPLETED, TERMINATED}, START, "started only once"),
        Ignore(INITIAL, {REQUEST, R1XX, R200_699, R408, TRANSPORT_ERROR}, "the request has not been passed up yet"),
        Ignore(TRYING, REQUEST, "a repeat of the request, and nothing has been answered that could be repeated"),
        Ignore(TRYING, TRANSPORT_ERROR, "nothing has been sent"),
        Ignore(COMPLETED, {R1XX, R200_699, R408}, "a final response has been sent: any other is discarded"),
        Ignore(TERMINATED, {REQUEST, R1XX, R200_699, R408, TRANSPORT_ERROR}, "the transaction is over"),
    ),
)
# fmt: on
