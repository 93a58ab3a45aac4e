"""The delivery of one request: to one target after the other, each try a transaction of its own, until one takes it.

RFC 3263 4.3, RFC 3261 8.1.3.1. And that of a response which does not reach the place that its request came from: to one
target of its Via after the other, until it leaves (RFC 3263 5, RFC 3261 17.2.4 and 18.2.2). Where the targets come from
is the affair of `sipsm.transport.locating`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define, field, frozen

from sipsm.machine import Ignore, Machine, Row, Step, Table, Timer, always, once
from sipsm.message import Request, Response
from sipsm.transaction.base import ClientTransaction, Key, ResponseReceived, TimedOut, TransportFailed
from sipsm.transaction.timer_values import T1_times_64, TimerValues
from sipsm.transport.flow import Flow
from sipsm.transport.locating import Locating, Target

LOCATING: Final = "Locating"
SENT: Final = "Sent"
PROCEEDING: Final = "Proceeding"
LEFT: Final = "Left"
OVER: Final = "Over"

TARGET: Final = "target"
NO_TARGET: Final = "no target"
R1XX: Final = "1xx"
R503: Final = "503"
FINAL: Final = "final"
TIMEOUT: Final = "timeout"
TRANSPORT_ERROR: Final = "transport error"
WITHDRAW: Final = "withdraw"
UNSENT: Final = "unsent"
GONE_OUT: Final = "gone out"

Outcome = ResponseReceived | TimedOut | TransportFailed
"""What a transaction tells of a request."""


@frozen
class NotSent:
    """To the TU: a request that could not be sent at all, as if a 503 had come (RFC 3261 8.1.3.1)."""

    user: Any
    request: Request
    why: str


@frozen
class TriesAgain:
    """To the TU: a try of its request has failed, and another place is looked for; nothing is under way now."""

    user: Any


@frozen
class SentAs:
    """To the TU: its request goes out in this form from now on: with another branch, or for another transport.

    What is made from it later, such as a CANCEL, must be made from this one.
    """

    user: Any
    request: Request


@frozen
class Undelivered:
    """To whom it belongs: no way was found on which a response could be sent, and why."""

    why: str


@frozen
class Attempt:
    """To whom it belongs: send it there."""

    target: Target


@frozen
class TryNext:
    """To whom it belongs: look for another target."""

    refused: bool
    """Whether this one could not be reached at all."""


@define(eq=False)
class Delivery(Machine):
    """One request on its way. It is over when a server has taken it, or when there is no target left."""

    table: ClassVar[Table]
    request: Request
    """As it was sent last."""
    user: Any
    locating: Locating
    tries: int = 0
    asks: int | None = None
    """The number of the question whose answer it waits for."""
    failed: ClientTransaction | None = None
    """The last try that failed: what it came to is told when there is no other."""
    response: Response | None = None
    """Its 503, if one came."""
    timed_out: bool = False
    """Whether nothing came."""


@define(eq=False)
class ResponseDelivery(Machine):
    """One response that could not be sent to where its request came from.

    It is over when it cannot be sent anywhere, and some time after it has left: that may yet turn out to have failed.
    """

    table: ClassVar[Table]
    wire: bytes
    key: Key
    """Of its transaction, which may be over by now."""
    locating: Locating
    times: TimerValues
    asks: int | None = None
    """The number of the question whose answer it waits for."""
    flow: Flow | None = None
    """Where it was sent last."""
    watched_at: float | None = field(default=None, init=False)


def is_ack(delivery: Delivery, _x: Any, _at: Any) -> bool:
    """The ACK for a 2xx, which is in no transaction."""
    return delivery.request.method == "ACK"


def has_failed(delivery: Delivery, _x: Any, _at: Any) -> bool:
    """It was sent somewhere, in vain."""
    return delivery.failed is not None


def makes_dialog(delivery: Delivery, response: Response, _at: Any) -> bool:
    """A provisional response to INVITE other than 100."""
    return delivery.request.method == "INVITE" and response.status > 100


def send(delivery: Delivery, target: Target, step: Step) -> None:
    """Send the request there."""
    delivery.tries += 1
    step.emit(Attempt(target))


def send_back(_delivery: ResponseDelivery, target: Target, step: Step) -> None:
    """Send the response there."""
    step.emit(Attempt(target))


def try_next_place(_delivery: ResponseDelivery, _x: Any, step: Step) -> None:
    """Look for another place where the client may be."""
    # "As in the client processing, the next entry in the list is tried if the one before it results in a failure."
    # (RFC 3263 5)
    step.emit(TryNext(refused=True))


def report_undelivered(_delivery: ResponseDelivery, why: str, step: Step) -> None:
    """Tell that the response was not sent."""
    step.emit(Undelivered(why))


def remember(delivery: Delivery, outcome: Outcome | None, _step: Step) -> None:
    """Keep what this try came to. None: it came not even to a transaction."""
    if outcome is not None:
        assert isinstance(outcome.transaction, ClientTransaction), "it is that of a request of ours"
        delivery.failed = outcome.transaction
        delivery.response = outcome.response if isinstance(outcome, ResponseReceived) else None
        delivery.timed_out = isinstance(outcome, TimedOut)


def try_next(delivery: Delivery, _outcome: Outcome | None, step: Step) -> None:
    """Look for another target."""
    # "If a failure occurs, the client SHOULD create a new request, which is identical to the previous, but has a
    # different value of the Via branch ID than the previous (and therefore constitutes a new SIP transaction). That
    # request is sent to the next element in the list as specified by RFC 2782." (RFC 3263 4.3)
    step.emit(TriesAgain(delivery.user))
    step.emit(TryNext(refused=False))


def try_next_as_refused(delivery: Delivery, _outcome: Outcome | None, step: Step) -> None:
    """Look for another target, which may be the same place over another transport."""
    step.emit(TriesAgain(delivery.user))
    step.emit(TryNext(refused=True))


def report_failure(delivery: Delivery, _why: str, step: Step) -> None:
    """Tell the TU what the last try came to."""
    assert delivery.failed is not None, "the guard has seen it"
    if delivery.response is not None:
        step.emit(ResponseReceived(delivery.failed, delivery.response))
    else:
        step.emit(TimedOut(delivery.failed) if delivery.timed_out else TransportFailed(delivery.failed))


def report_not_sent(delivery: Delivery, why: str, step: Step) -> None:
    """Tell the TU that the request was not sent, and why."""
    step.emit(NotSent(delivery.user, delivery.request, why))


# fmt: off
Delivery.table = Table(
    "delivery of a request",
    rfc="3263 4.3",
    initial=LOCATING,
    rows=(
        #   state               input            guard         next        actions                          RFC
        Row(LOCATING,           TARGET,          is_ack,       OVER,       (send,),                "3261 13.2.2.4"),
        Row(LOCATING,           TARGET,          always,       SENT,       (send,),                "3263 4.3"),
        Row(LOCATING,           NO_TARGET,       has_failed,   OVER,       (report_failure,),      "3263 4.3"),
        Row(LOCATING,           NO_TARGET,       always,       OVER,       (report_not_sent,),     "3261 8.1.3.1"),
        Row(LOCATING,           WITHDRAW,        always,       OVER,       (report_not_sent,),     "3261 9.1"),
        # Deviation: RFC 3263 4.3 goes on after every 503. Where an INVITE has rung already, another server would let
        # it ring again: its 503 is told.
        Row({SENT, PROCEEDING}, R1XX,            makes_dialog, OVER,       (),                     "3263 4.3"),
        # "Failure also occurs if the transaction layer times out without ever having received any response"
        Row({SENT, PROCEEDING}, R1XX,            always,       PROCEEDING, (), "3263 4.3"),
        Row({SENT, PROCEEDING}, R503,            always,       LOCATING,   (remember, try_next),            "3263 4.3"),
        Row({SENT, PROCEEDING}, TRANSPORT_ERROR, always,       LOCATING,   (remember, try_next_as_refused), "3263 4.3"),
        Row(SENT,               TIMEOUT,         always,       LOCATING,   (remember, try_next),            "3263 4.3"),
        Row(PROCEEDING,         TIMEOUT,         always,       OVER,       (),                     "3263 4.3"),
        # "once a SIP server has successfully been contacted ..., all retransmissions of the SIP request and the ACK for
        # non-2xx SIP responses to INVITE MUST be sent to the same host."
        Row({SENT, PROCEEDING}, FINAL,           always,       OVER,       (),                     "3263 4"),
        Row({SENT, PROCEEDING}, WITHDRAW,        always,       OVER,       (),                     "3261 9.1"),
    ),
    ignored=(
        Ignore(LOCATING, {R1XX, R503, FINAL, TIMEOUT, TRANSPORT_ERROR}, "nothing is under way that could be answered"),
        Ignore({SENT, PROCEEDING, OVER}, {TARGET, NO_TARGET}, "no target is looked for"),
        Ignore(OVER, {R1XX, R503, FINAL, TIMEOUT, TRANSPORT_ERROR, WITHDRAW}, "what comes now is the TU's alone"),
    ),
)

ResponseDelivery.table = Table(
    "delivery of a response",
    rfc="3263 5",
    initial=LOCATING,
    rows=(
        #   state     input      guard   next      actions                RFC
        Row(LOCATING, TARGET,    always, SENT,     (send_back,),          "3263 5"),
        # "If those should all fail, based on the definition of failure in [4], the server transaction SHOULD inform the
        # TU that a failure has occurred"
        Row(LOCATING, NO_TARGET, always, OVER,     (report_undelivered,), "3261 17.2.4"),
        # A connection to there had to be made, or was: it has failed.
        Row({SENT, LEFT}, UNSENT, always, LOCATING, (try_next_place,),    "3263 5"),
        Row(SENT,     GONE_OUT,  always, LEFT,     (),                    "3263 5"),
        Row(LEFT,     "Timer late", always, OVER,  (),                    "3263 5"),
    ),
    timers=(
        Timer("late", {LEFT}, T1_times_64, once, "3263 5"),
    ),
    ignored=(
        Ignore({LOCATING, OVER}, UNSENT, "another way is looked for already, or there is none"),
        Ignore({SENT, LEFT, OVER}, {TARGET, NO_TARGET}, "no target is looked for"),
        Ignore({LOCATING, LEFT, OVER}, GONE_OUT, "it has left before, or on the old way"),
    ),
)
# fmt: on
