"""One branch of a proxied request: from forwarding it to one target until its final response.

RFC 3261 16.6 (items 10 and 11), 16.7 (items 2, 5 and 10), 16.8 to 16.10, 9.1. What becomes of its responses is the
affair of the response context. The next server of the same target, where one fails (RFC 3263 4.3), is another client
transaction of the same branch here.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define, evolve

from sipsm.machine import Ignore, Machine, Row, Step, Table, Timer, always, once
from sipsm.message import Response
from sipsm.proxy.results import CancelBranch, GiveUpBranch, Result, WithdrawBranch
from sipsm.transaction.timer_values import DEFAULT, T1_times_64, TimerValues

INITIAL: Final = "Initial"
LOCATING: Final = "Locating"
CALLING: Final = "Calling"
HEARD: Final = "Heard"
PROCEEDING: Final = "Proceeding"
CANCEL_WAITS: Final = "CancelWaits"
CANCELLING: Final = "Cancelling"
ACCEPTED: Final = "Accepted"
TERMINATED: Final = "Terminated"

PENDING: Final = frozenset({LOCATING, CALLING, PROCEEDING, CANCEL_WAITS, CANCELLING})
"""Where it has no final response yet. It is `HEARD` within a step only."""


@define(eq=False)
class Branch(Machine):
    """One forwarded request."""

    table: ClassVar[Table]
    is_invite: bool
    breadth: int = 1
    """Its share of Max-Breadth."""
    times: TimerValues = DEFAULT
    timer_c_s: float = 181.0


def is_invite(branch: Branch, _x: Any, _at: Any) -> bool:
    """Only an INVITE is cancelled."""
    return branch.is_invite


def reset_timer_c(_: Branch, _x: Any, step: Step) -> None:
    """Timer C begins anew."""
    # "For an INVITE transaction, if the response is a provisional response with status codes 101 to 199 inclusive
    # (i.e., anything but 100), the proxy MUST reset timer C for that client transaction." (RFC 3261 16.7 item 2)
    step.cause("GO ON")


def pass_provisional(_: Branch, response: Response, step: Step) -> None:
    """The context hears of a provisional response other than 100."""
    step.cause("PROVISIONAL", response)


def pass_answer(_: Branch, response: Response, step: Step) -> None:
    """The context hears of a 2xx."""
    step.cause("ANSWERED", response)


def pass_result(branch: Branch, result: Result, step: Step) -> None:
    """The context hears how it ended."""
    step.cause("RESULT", evolve(result, breadth=branch.breadth))


def pass_408(branch: Branch, _x: Any, step: Step) -> None:
    """The context hears that no final response came."""
    # "If the client transaction has not received a provisional response, the proxy MUST behave as if the transaction
    # received a 408 (Request Timeout) response." (RFC 3261 16.8)
    pass_result(branch, Result(408), step)


def pass_487(branch: Branch, _x: Any, step: Step) -> None:
    """The context hears that it was cancelled before it was sent."""
    pass_result(branch, Result(487), step)


def send_cancel(_: Branch, _x: Any, step: Step) -> None:
    """Send the CANCEL."""
    step.emit(CancelBranch())


def withdraw(_: Branch, _x: Any, step: Step) -> None:
    """What has not even been sent need not be, and no other server is tried."""
    step.emit(WithdrawBranch())


def give_up(_: Branch, _x: Any, step: Step) -> None:
    """The client transaction would wait for ever."""
    step.emit(GiveUpBranch())


def timer_c(branch: Branch) -> float | None:
    """More than three minutes, for an INVITE; a request of another method has Timer F of its transaction."""
    # "The timer MUST be larger than 3 minutes." (RFC 3261 16.6 item 11)
    return branch.timer_c_s if branch.is_invite else None


# fmt: off
Branch.table = Table(
    "branch of a proxied request",
    rfc="3261 16.6",
    initial=INITIAL,
    rows=(
        #   state                    input              guard      next          actions                            RFC
        Row(INITIAL,                 "SEND",            always,    CALLING,      (),                                "3261 16.6"),
        # "If the client transaction reports failure to send the request or a timeout from its state machine, the proxy
        # continues to the next address in that ordered set."  Nothing is under way then, until it is sent there.
        Row({CALLING, PROCEEDING},   "TRIES AGAIN",     always,    LOCATING,     (),                                "3261 16.6"),
        Row(LOCATING,                "SENT",            always,    CALLING,      (),                                "3261 16.6"),
        # "A stateful proxy MUST NOT immediately forward any other responses. In particular, a stateful proxy MUST NOT
        # forward any 100 (Trying) response."
        Row(CALLING,                 "100",             always,    PROCEEDING,   (),                                "3261 16.7"),
        # By way of a state without it, so that Timer C begins anew.
        Row({CALLING, PROCEEDING},   "1XX",             always,    HEARD,        (pass_provisional, reset_timer_c), "3261 16.7"),
        Row(HEARD,                   "GO ON",           always,    PROCEEDING,   (),                                "3261 16.7"),
        Row(CANCELLING,              "1XX",             always,    None,         (pass_provisional,),               "3261 16.7"),
        Row(PENDING - {LOCATING},    "2XX",             always,    ACCEPTED,     (pass_answer,),                    "3261 16.7"),
        Row(ACCEPTED,                "2XX",             always,    None,         (pass_answer,),                    "6026 8.4"),
        Row(PENDING,                 "FINAL",           always,    TERMINATED,   (pass_result,),                    "3261 16.7"),
        # "the proxy MUST behave as if the forwarded request received a 503 (Service Unavailable) response."
        Row(PENDING - {CANCEL_WAITS}, "FAILURE",        always,    TERMINATED,   (pass_result,),                    "3261 16.9"),
        Row(CANCEL_WAITS,            "FAILURE",         always,    TERMINATED,   (pass_487,),                       "3261 9.1"),
        # "... otherwise acts as if this element of the target set returned a 408 (Request Timeout) final response."
        Row(PENDING,                 "TIMEOUT",         always,    TERMINATED,   (pass_result,),                    "3261 16.6"),
        # "If no provisional response has been received, the CANCEL request MUST NOT be sent; rather, the client MUST
        # wait for the arrival of a provisional response before sending the request."
        Row({LOCATING, CALLING},     "CANCEL",          is_invite, CANCEL_WAITS, (withdraw,),                       "3261 9.1"),
        Row(CANCEL_WAITS,            "100",             always,    CANCELLING,   (send_cancel,),                    "3261 9.1"),
        Row(CANCEL_WAITS,            "1XX",             always,    CANCELLING,   (pass_provisional, send_cancel),   "3261 9.1"),
        Row(PROCEEDING,              "CANCEL",          is_invite, CANCELLING,   (send_cancel,),                    "3261 16.7"),
        # "If the client transaction has received a provisional response, the proxy MUST generate a CANCEL request
        # matching that transaction."
        Row(PROCEEDING,              "Timer C",         always,    CANCELLING,   (send_cancel,),                    "3261 16.8"),
        Row(CALLING,                 "Timer C",         always,    TERMINATED,   (withdraw, pass_408),              "3261 16.8"),
        Row(LOCATING,                "Timer look-up",   always,    TERMINATED,   (withdraw, pass_408),              "3261 16.8"),
        # Who sends one after that is still to be told that nobody waits; its transaction would wait for ever.
        Row(TERMINATED,              "100",             always,    None,         (send_cancel, give_up),            "3261 9.1"),
        Row(TERMINATED,              "1XX",             always,    None,         (send_cancel, give_up),            "3261 9.1"),
        # "If there is no final response for the original request in 64*T1 seconds ..., the client SHOULD then consider
        # the original transaction cancelled"
        Row(CANCELLING,              "Timer cancel",    always,    TERMINATED,   (give_up, pass_408),               "3261 9.1"),
    ),
    timers=(
        #     letter     runs in                lasts        then  RFC
        Timer("C",       {CALLING, PROCEEDING}, timer_c,     once, "3261 16.6"),
        Timer("look-up", {LOCATING},            timer_c,     once, "3261 16.8"),
        Timer("cancel",  {CANCELLING},          T1_times_64, once, "3261 9.1"),
    ),
    ignored=(
        Ignore(INITIAL, {"TRIES AGAIN", "SENT", "100", "1XX", "2XX", "FINAL", "FAILURE", "TIMEOUT", "CANCEL"}, "nothing has been sent"),
        Ignore({LOCATING, CALLING, PROCEEDING, CANCEL_WAITS, CANCELLING, ACCEPTED, TERMINATED, HEARD}, "SEND", "sent only once"),
        Ignore({CANCEL_WAITS, CANCELLING, ACCEPTED, TERMINATED, LOCATING}, "TRIES AGAIN", "it is sent nowhere else"),
        Ignore({CALLING, PROCEEDING, CANCEL_WAITS, CANCELLING, ACCEPTED, TERMINATED}, "SENT", "it is under way"),
        Ignore(LOCATING, {"100", "1XX", "2XX"}, "nothing is under way that could be answered"),
        Ignore({PROCEEDING, CANCELLING, ACCEPTED}, "100", "it has been heard of before"),
        Ignore(ACCEPTED, "1XX", "its final response has come"),
        Ignore({ACCEPTED, TERMINATED}, {"FINAL", "FAILURE", "TIMEOUT"}, "its final response has come"),
        Ignore(TERMINATED, "2XX", "its final response has come, or was not waited for any longer"),
        Ignore({CALLING, PROCEEDING, LOCATING}, "CANCEL", "only an INVITE is cancelled"),
        Ignore({CANCEL_WAITS, CANCELLING}, "CANCEL", "it is being cancelled already"),
        Ignore({ACCEPTED, TERMINATED}, "CANCEL", "its final response has come"),
        Ignore({INITIAL, CALLING, PROCEEDING, LOCATING, CANCEL_WAITS, CANCELLING, ACCEPTED, TERMINATED}, "GO ON", "no provisional response has just come"),
        Ignore(HEARD, {"TRIES AGAIN", "SENT", "100", "1XX", "2XX", "FINAL", "FAILURE", "TIMEOUT", "CANCEL"}, "it goes on within the step"),
    ),
)
# fmt: on
