"""INVITE client transaction.

RFC 3261 17.1.1 and 17.1.4, as amended by RFC 6026 8.4 (the Accepted state, Timer M).
Not here: the ACK for a 2xx, which the dialog sends (RFC 3261 13.2.2.4).
"""

from __future__ import annotations

from typing import ClassVar

from attrs import define

from sipsm.machine import Ignore, Row, Step, Table, Timer, always, doubled, once
from sipsm.message import Request, Response, ack_for
from sipsm.transaction.actions import (
    pass_response_up,
    report_failure,
    report_timeout,
    send_request,
)
from sipsm.transaction.base import (
    ACCEPTED,
    CALLING,
    COMPLETED,
    GIVE_UP,
    INITIAL,
    OF_INVITE,
    PROCEEDING,
    R1XX,
    R2XX,
    R300_699,
    START,
    TERMINATED,
    TRANSPORT_ERROR,
    ClientTransaction,
    ResponseReceived,
)
from sipsm.transaction.timer_values import T1_if_unreliable, T1_times_64
from sipsm.transport.flow import Send


@define(eq=False)
class InviteClientTransaction(ClientTransaction):
    """Sends an INVITE until it is answered, and acknowledges a final response other than 2xx."""

    request: Request | None = None
    """Until the final response, for the ACK that is made from it."""
    table: ClassVar[Table]
    inputs = OF_INVITE


def send_ack(tx: InviteClientTransaction, response: Response, step: Step) -> None:
    """Acknowledge a final response other than 2xx, each time that it comes."""
    # "The ACK MUST be sent to the same address, port, and transport to which the original request was sent."
    # (RFC 6026 8.4)  Kept, because a repeated 486 gets this same ACK.
    if tx.request is not None:
        tx.wire = bytes(ack_for(tx.request, response))
        tx.request = None
    step.outputs.append(Send(tx.flow, tx.wire, tx.key))


def pass_2xx_up(tx: InviteClientTransaction, response: Response, step: Step) -> None:
    """Give the first 2xx to the TU, which acknowledges it: from then on nothing is sent here."""
    tx.request = None
    tx.wire = b""
    step.outputs.append(ResponseReceived(tx, response))


def s32_if_unreliable_else_0(tx: InviteClientTransaction) -> float:
    """At least 32 s on a datagram transport: the other side's T1 is not known (RFC 6026 8.4)."""
    return 0.0 if tx.flow.reliable else max(32.0, 64 * tx.times.T1)


# fmt: off
InviteClientTransaction.table = Table(
    "INVITE client transaction",
    rfc="3261 17.1.1",
    initial=INITIAL,
    rows=(
        #   state       input            guard   next        actions                                       RFC
        Row(INITIAL,    START,           always, CALLING,    (send_request,),                              "3261 17.1.1.2"),
        Row(CALLING,    "Timer A",       always, CALLING,    (send_request,),                              "3261 17.1.1.2"),
        Row(CALLING,    "Timer B",       always, TERMINATED, (report_timeout,),                            "3261 17.1.1.2"),
        Row(CALLING,    TRANSPORT_ERROR, always, TERMINATED, (report_failure,),                            "3261 17.1.4"),
        Row(CALLING,    R1XX,            always, PROCEEDING, (pass_response_up,),                          "3261 17.1.1.2"),
        Row(CALLING,    R2XX,            always, ACCEPTED,   (pass_2xx_up,),                               "6026 8.4"),
        Row(CALLING,    R300_699,        always, COMPLETED,  (send_ack, pass_response_up),                 "6026 8.4"),
        Row(PROCEEDING, R1XX,            always, PROCEEDING, (pass_response_up,),                          "3261 17.1.1.2"),
        Row(PROCEEDING, R2XX,            always, ACCEPTED,   (pass_2xx_up,),                               "6026 8.4"),
        Row(PROCEEDING, R300_699,        always, COMPLETED,  (send_ack, pass_response_up),                 "6026 8.4"),
        # "the client SHOULD then consider the original transaction cancelled and SHOULD destroy the client transaction"
        Row(PROCEEDING, GIVE_UP,         always, TERMINATED, (),                                           "3261 9.1"),
        Row(COMPLETED,  R300_699,        always, COMPLETED,  (send_ack,),                                  "6026 8.4"),
        Row(COMPLETED,  TRANSPORT_ERROR, always, TERMINATED, (report_failure,),                            "6026 8.4"),
        Row(COMPLETED,  "Timer D",       always, TERMINATED, (),                                           "6026 8.4"),
        Row(ACCEPTED,   R2XX,            always, ACCEPTED,   (pass_response_up,),                          "6026 8.4"),
        Row(ACCEPTED,   "Timer M",       always, TERMINATED, (),                                           "6026 8.4"),
    ),
    timers=(
        #     letter runs in      lasts                              then     RFC
        Timer("A",   {CALLING},   T1_if_unreliable,                  doubled, "3261 17.1.1.2"),
        Timer("B",   {CALLING},   T1_times_64,                       once,    "3261 17.1.1.2"),
        Timer("D",   {COMPLETED}, s32_if_unreliable_else_0,          once,    "6026 8.4"),
        Timer("M",   {ACCEPTED},  T1_times_64,                       once,    "6026 8.4"),
    ),
    ignored=(
        Ignore({CALLING, PROCEEDING, COMPLETED, ACCEPTED, TERMINATED}, START, "started only once"),
        Ignore({INITIAL, CALLING, COMPLETED, ACCEPTED, TERMINATED}, GIVE_UP, "only a CANCEL without effect gives up"),
        Ignore(INITIAL, {R1XX, R2XX, R300_699, TRANSPORT_ERROR}, "nothing has been sent that could be answered or fail"),
        Ignore(PROCEEDING, TRANSPORT_ERROR, "the INVITE has arrived, and nothing else is sent here"),
        Ignore(COMPLETED, R1XX, "late provisional: the final response has been passed up"),
        Ignore(COMPLETED, R2XX, "a 2xx after another final response: that one has been passed up and acknowledged"),
        Ignore(ACCEPTED, R1XX, "late provisional: a 2xx has been passed up"),
        Ignore(ACCEPTED, R300_699, "only 2xx goes up here, RFC 6026 8.4"),
        Ignore(ACCEPTED, TRANSPORT_ERROR, "nothing is sent here: the ACK for a 2xx is the dialog's"),
        Ignore(TERMINATED, {R1XX, R2XX, R300_699, TRANSPORT_ERROR}, "the transaction is over"),
    ),
)
# fmt: on
