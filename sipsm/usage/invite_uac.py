"""The life of an INVITE at its UAC: from sending it to the end of the time in which it may be answered.

RFC 3261 13.2 and 9.1 (CANCEL). It lasts 64*T1 longer than the first 2xx: until then other branches of a fork may
answer too (13.2.2.4). What becomes of each answer is the affair of its dialog's session, see `sipsm.usage.session`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, Timer, always, once
from sipsm.message import Response
from sipsm.transaction.timer_values import DEFAULT, T1_times_64, TimerValues
from sipsm.usage.outputs import Cancel, EndReason, GiveUp, Over, Withdraw

INITIAL: Final = "Initial"
CALLING: Final = "Calling"
PROCEEDING: Final = "Proceeding"
CANCEL_WAITS: Final = "CancelWaits"
CANCELLING: Final = "Cancelling"
ACCEPTED: Final = "Accepted"
TERMINATED: Final = "Terminated"


@define(eq=False)
class InviteUac(Machine):
    """One outgoing INVITE."""

    table: ClassVar[Table]
    times: TimerValues = DEFAULT
    cancel: Cancel | None = None
    """The CANCEL that waits for a provisional response."""

    @property
    def wants_answers(self) -> bool:
        """Whether a 2xx makes the call: not after CANCEL, and not when another branch has answered before."""
        return self.state in {CALLING, PROCEEDING}


def keep_cancel(invite: InviteUac, cancel: Cancel, _step: Step) -> None:
    """No provisional response has come: the CANCEL must wait for one."""
    # "If no provisional response has been received, the CANCEL request MUST NOT be sent; rather, the client MUST wait
    # for the arrival of a provisional response before sending the request." (RFC 3261 9.1)
    invite.cancel = cancel


def withdraw(_: InviteUac, _x: Any, step: Step) -> None:
    """What has not even been sent need not be."""
    step.emit(Withdraw())


def send_cancel(_: InviteUac, cancel: Cancel, step: Step) -> None:
    """Send the CANCEL."""
    step.emit(cancel)


def send_kept_cancel(invite: InviteUac, _response: Response, step: Step) -> None:
    """A provisional response has come: the CANCEL that waited may go."""
    assert invite.cancel is not None, "a CANCEL waits in CancelWaits"
    step.emit(invite.cancel)


def report_rejected(_: InviteUac, response: Response, step: Step) -> None:
    """The INVITE was refused."""
    step.emit(Over(EndReason.REJECTED, response))


def report_cancelled(_: InviteUac, response: Response | None, step: Step) -> None:
    """The INVITE is given up as cancelled, by 487 or another final response, or by silence."""
    step.emit(Over(EndReason.CANCELLED, response))


def report_timeout(_: InviteUac, _x: Any, step: Step) -> None:
    """Nothing came."""
    step.emit(Over(EndReason.TIMED_OUT))


def report_failure(_: InviteUac, _x: Any, step: Step) -> None:
    """The INVITE could not be sent."""
    step.emit(Over(EndReason.TRANSPORT_FAILED))


def give_up(_: InviteUac, _x: Any, step: Step) -> None:
    """The transaction would wait for ever."""
    step.emit(GiveUp())


def abandon_early_dialogs(_: InviteUac, _x: Any, step: Step) -> None:
    """The early dialogs that have not been confirmed are over."""
    step.cause("ABANDON")


# fmt: off
InviteUac.table = Table(
    "INVITE at the UAC",
    rfc="3261 13.2",
    initial=INITIAL,
    rows=(
        #   state         input           guard   next          actions                                             RFC
        Row(INITIAL,      "INVITE",       always, CALLING,      (),                                                 "3261 13.2.1"),
        Row(CALLING,      "1XX",          always, PROCEEDING,   (),                                                 "3261 13.2.2.1"),
        Row(CALLING,      "2XX",          always, ACCEPTED,     (),                                                 "3261 13.2.2.4"),
        Row(CALLING,      "3XX-6XX",      always, TERMINATED,   (report_rejected, abandon_early_dialogs),           "3261 13.2.2.3"),
        Row(CALLING,      "TIMEOUT",      always, TERMINATED,   (report_timeout, abandon_early_dialogs),            "3261 8.1.3.1"),
        Row(CALLING,      "FAILURE",      always, TERMINATED,   (report_failure, abandon_early_dialogs),            "3261 8.1.3.1"),
        Row(CALLING,      "CANCEL",       always, CANCEL_WAITS, (keep_cancel, withdraw),                            "3261 9.1"),
        # Another server is tried, of which nothing has been heard yet: a CANCEL must wait for it.
        Row({CALLING, PROCEEDING}, "TRIES AGAIN", always, CALLING, (),                                              "3263 4.3"),
        Row(PROCEEDING,   "2XX",          always, ACCEPTED,     (),                                                 "3261 13.2.2.4"),
        Row(PROCEEDING,   "3XX-6XX",      always, TERMINATED,   (report_rejected, abandon_early_dialogs),           "3261 13.2.2.3"),
        Row(PROCEEDING,   "CANCEL",       always, CANCELLING,   (send_cancel,),                                     "3261 9.1"),
        Row(CANCEL_WAITS, "1XX",          always, CANCELLING,   (send_kept_cancel,),                                "3261 9.1"),
        Row(CANCEL_WAITS, "2XX",          always, ACCEPTED,     (),                                                 "3261 13.2.2.4"),
        Row(CANCEL_WAITS, "3XX-6XX",      always, TERMINATED,   (report_cancelled, abandon_early_dialogs),          "3261 9.1"),
        Row(CANCEL_WAITS, "TIMEOUT",      always, TERMINATED,   (report_cancelled, abandon_early_dialogs),          "3261 9.1"),
        Row(CANCEL_WAITS, "FAILURE",      always, TERMINATED,   (report_cancelled, abandon_early_dialogs),          "3261 9.1"),
        Row(CANCELLING,   "2XX",          always, ACCEPTED,     (),                                                 "3261 13.2.2.4"),
        Row(CANCELLING,   "3XX-6XX",      always, TERMINATED,   (report_cancelled, abandon_early_dialogs),          "3261 9.1"),
        Row(CANCELLING,   "Timer cancel", always, TERMINATED,   (give_up, report_cancelled, abandon_early_dialogs), "3261 9.1"),
        # A BYE in an early dialog: its 2xx was sent, and lost (RFC 3261 13.3.1.4); other branches are as good as refused.
        Row({PROCEEDING, CANCELLING}, "BYE", always, ACCEPTED, (), "3261 15.1.2"),
        Row(ACCEPTED,     "Timer forks",  always, TERMINATED,   (give_up, abandon_early_dialogs),                           "3261 13.2.2.4"),
        Refuse({CANCEL_WAITS, CANCELLING}, "CANCEL", always, None, "it is being cancelled already",          "3261 9.1"),
        Refuse(ACCEPTED,  "CANCEL",         always, None, "the INVITE has been answered; hang up instead",   "3261 9.1"),
        Refuse(TERMINATED, "CANCEL",        always, None, "the INVITE is over",                              "3261 9.1"),
    ),
    timers=(
        # "If there is no final response for the original request in 64*T1 seconds ..., the client SHOULD then consider
        # the original transaction cancelled" (RFC 3261 9.1)
        #     letter    runs in       lasts        then  RFC
        Timer("cancel", {CANCELLING}, T1_times_64, once, "3261 9.1"),
        Timer("forks",  {ACCEPTED},   T1_times_64, once, "3261 13.2.2.4"),
    ),
    ignored=(
        Ignore(INITIAL, {"1XX", "2XX", "3XX-6XX", "TIMEOUT", "FAILURE", "CANCEL"}, "no INVITE has been sent"),
        Ignore({CALLING, PROCEEDING, CANCEL_WAITS, CANCELLING, ACCEPTED, TERMINATED}, "INVITE", "sent only once"),
        Ignore({PROCEEDING, CANCELLING}, "1XX", "the first one mattered; each dialog's session hears of the rest"),
        Ignore({PROCEEDING, CANCELLING}, {"TIMEOUT", "FAILURE"}, "a provisional response has ended the repeats"),
        Ignore(ACCEPTED, {"1XX", "3XX-6XX", "TIMEOUT", "FAILURE"}, "the transaction gives 2xx only, RFC 6026 8.4"),
        Ignore({INITIAL, CANCEL_WAITS, CANCELLING, ACCEPTED, TERMINATED}, "TRIES AGAIN", "it is sent nowhere else"),
        Ignore({INITIAL, CALLING, CANCEL_WAITS}, "BYE", "no response has made a dialog yet"),
        Ignore({ACCEPTED, TERMINATED}, "BYE", "it has been answered; the session ends"),
        Ignore(ACCEPTED, "2XX", "a repeat, or another branch: the dialog's session answers it"),
        Ignore(TERMINATED, {"1XX", "2XX", "3XX-6XX", "TIMEOUT", "FAILURE"}, "the INVITE is over"),
    ),
)
# fmt: on
