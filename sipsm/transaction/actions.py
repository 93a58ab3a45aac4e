"""Actions that the tables of several transactions name: sending, sending again, passing up, reporting.

RFC 3261 17. What only one of them does stands beside its table.
"""

from __future__ import annotations

from typing import Any

from sipsm.errors import RemoteProtocolError
from sipsm.machine import Step
from sipsm.message import Request, Response, response_to
from sipsm.message.headers import TIMESTAMP
from sipsm.transaction.base import (
    ClientTransaction,
    RequestReceived,
    ResponseReceived,
    ServerTransaction,
    TimedOut,
    Transaction,
    TransportFailed,
)
from sipsm.transport.flow import send_of


def send_request(tx: ClientTransaction, _: Any, step: Step) -> None:
    """Pass the request to the transport, for the first time or again."""
    step.outputs.append(send_of(tx.flow, tx.wire, tx.key))


def pass_response_up(tx: ClientTransaction, response: Response, step: Step) -> None:
    """Give the response to the TU."""
    step.outputs.append(ResponseReceived(tx, response))


def pass_final_response_up(tx: ClientTransaction, response: Response, step: Step) -> None:
    """The same with what ends it: from then on there is no need of the request."""
    tx.wire = b""
    step.outputs.append(ResponseReceived(tx, response))


def pass_request_up(tx: ServerTransaction, request: Request, step: Step) -> None:
    """Give the request to the TU."""
    step.outputs.append(RequestReceived(tx, request))


def send_response(tx: ServerTransaction, response: bytes, step: Step) -> None:
    """Pass the TU's response to the transport, and keep it for repeats."""
    tx.wire = response
    step.outputs.append(send_of(tx.flow, response, tx.key))


def send_final_response(tx: ServerTransaction, response: bytes, step: Step) -> None:
    """The same with what is the last to be said: from then on there are only repeats of it, and no need of the request."""
    tx.wire = response
    tx.request = None
    tx.received_at = 0.0
    step.outputs.append(send_of(tx.flow, response, tx.key))


def send_again(tx: ServerTransaction, _: Any, step: Step) -> None:
    """Pass the last response to the transport once more."""
    step.outputs.append(send_of(tx.flow, tx.wire, tx.key))


def send_trying(tx: ServerTransaction, _: Any, step: Step) -> None:
    """Answer with 100, without a To tag."""
    # "The server transaction MUST generate a 100 (Trying) response unless it knows that the TU will generate a
    # provisional or final response within 200 ms" (RFC 3261 17.2.1).  "Without regard to transport, an SIP element MUST
    # respond to a non-INVITE request with a Status-Code of 100 if it has not otherwise responded after the amount of
    # time it takes a client transaction's Timer E to be reset to T2." (RFC 4320 4.1)
    assert tx.request is not None, "the request is kept while nothing has been answered"
    send_response(tx, bytes(with_delay(response_to(tx.request, 100), step.now - tx.received_at)), step)


def with_delay(trying: Response, delay_s: float) -> Response:
    """The 100 with how long it took in the Timestamp that it repeats, where there is one that can be read."""
    # "If there is a delay in generating the response, the UAS SHOULD add a delay value into the Timestamp value in the
    # response. This value MUST contain the difference between the time of sending of the response and receipt of the
    # request, measured in seconds." (RFC 3261 8.2.6.1)
    try:
        stamp = trying[TIMESTAMP]
    except RemoteProtocolError:
        return trying
    return trying if stamp is None else trying.with_header(TIMESTAMP, stamp.with_delay(delay_s))


def report_timeout(tx: Transaction, _: Any, step: Step) -> None:
    """Tell the TU that what it waited for did not come in time."""
    step.outputs.append(TimedOut(tx))


def report_failure(tx: Transaction, _: Any, step: Step) -> None:
    """Tell the TU that a message could not be sent."""
    step.outputs.append(TransportFailed(tx))
