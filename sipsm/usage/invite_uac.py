"""The life of an INVITE at its UAC: from sending it to the end of the time in which it may be answered.

RFC 3261 13.2 and 9.1 (CANCEL), and the same within a dialog (14.1). It lasts 64*T1 longer than the first 2xx: until
then other branches of a fork may answer too, and the 2xx may come again (13.2.2.4). What becomes of each answer is the
affair of its dialog, see `sipsm.usage.session` and `sipsm.usage.acknowledging`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, Timer, always, once
from sipsm.message import Request, Response
from sipsm.transaction.timer_values import DEFAULT, T1_times_64, TimerValues
from sipsm.usage.outputs import (
    Cancel,
    EndReason,
    Failure,
    GiveUp,
    Over,
    Postpone,
    Postponed,
    SendInviteAgain,
    Withdraw,
)

INITIAL: Final = "Initial"
CALLING: Final = "Calling"
PROCEEDING: Final = "Proceeding"
WAITING: Final = "Waiting"
CANCEL_WAITS: Final = "CancelWaits"
CANCELLING: Final = "Cancelling"
ACCEPTED: Final = "Accepted"
TERMINATED: Final = "Terminated"

UNANSWERED: Final = frozenset({CALLING, PROCEEDING})
ANSWERED: Final = frozenset({ACCEPTED, TERMINATED})
GIVEN_UP: Final = frozenset({CANCEL_WAITS, CANCELLING})


GIVE_UP: Final = GiveUp()


@define(eq=False)
class InviteUac(Machine):
    """One outgoing INVITE."""

    table: ClassVar[Table]
    times: TimerValues = DEFAULT
    modifies: bool = False
    """Whether it is sent within a dialog, to change its session."""
    expires_s: float | None = None
    """How long it may go unanswered, in seconds, as its Expires says."""
    keeps_forks: bool = False
    """Whether each branch that answers is wanted, and not the first alone."""
    cancel: Cancel | None = None
    """The CANCEL that waits for a provisional response."""
    postponed: Request | None = None
    """What is sent when the time to wait is over."""
    wait_s: float = 0.0
    """That time, in seconds."""

    @property
    def wants_answers(self) -> bool:
        """Whether a 2xx makes the call: not after CANCEL, and not when another branch has answered before.

        What a 2xx to a re-INVITE agrees to is in force, cancelled or not.
        """
        return self.modifies or self.state in UNANSWERED or (self.keeps_forks and self.state in ANSWERED)

    @property
    def is_cancelled(self) -> bool:
        """Whether we have given it up."""
        return self.state in GIVEN_UP


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


def keep_own_cancel(invite: InviteUac, _x: Any, _step: Step) -> None:
    """The time of the invitation is over, and its CANCEL must wait."""
    invite.cancel = Cancel()


def send_own_cancel(_: InviteUac, _x: Any, step: Step) -> None:
    """The time of the invitation is over."""
    step.emit(Cancel())


def as_expires(invite: InviteUac) -> float | None:
    """As the INVITE's Expires says; not at all without one."""
    return invite.expires_s


def send_kept_cancel(invite: InviteUac, _response: Response, step: Step) -> None:
    """A provisional response has come: the CANCEL that waited may go."""
    assert invite.cancel is not None, "a CANCEL waits in CancelWaits"
    step.emit(invite.cancel)


def send_again(_: InviteUac, request: Request, step: Step) -> None:
    """What was wrong with it is put right: it goes out anew."""
    step.emit(SendInviteAgain(request))


def postpone(invite: InviteUac, x: Postpone, step: Step) -> None:
    """It may be sent anew, and not yet."""
    invite.postponed, invite.wait_s = x.request, x.wait_s
    step.emit(Postponed(x.response, x.wait_s))
    step.cause("POSTPONED")


def send_postponed(invite: InviteUac, _x: Any, step: Step) -> None:
    """The time to wait is over."""
    assert invite.postponed is not None, "an INVITE waits in Waiting"
    step.emit(SendInviteAgain(invite.postponed))
    invite.postponed = None


def as_told(invite: InviteUac) -> float:
    """As the Retry-After of the response says."""
    return invite.wait_s


def fail(invite: InviteUac, reason: EndReason, response: Response | None, step: Step) -> None:
    """It has come to no session: that ends the call that was to be, and leaves one that is up as it was."""
    step.cause("FAILED", Failure(reason, response))
    if not invite.modifies:
        step.emit(Over(reason, response))
        step.cause("ABANDON")


def report_rejected(invite: InviteUac, response: Response, step: Step) -> None:
    """The INVITE was refused."""
    fail(invite, EndReason.REJECTED, response, step)


def report_cancelled(invite: InviteUac, response: Response | None, step: Step) -> None:
    """The INVITE is given up as cancelled, by 487 or another final response, or by silence."""
    fail(invite, EndReason.CANCELLED, response, step)


def report_given_up(invite: InviteUac, _x: Any, step: Step) -> None:
    """What waited to be sent anew is not wanted any more."""
    invite.postponed = None
    fail(invite, EndReason.CANCELLED, None, step)


def report_timeout(invite: InviteUac, _x: Any, step: Step) -> None:
    """Nothing came."""
    fail(invite, EndReason.TIMED_OUT, None, step)


def report_failure(invite: InviteUac, _x: Any, step: Step) -> None:
    """The INVITE could not be sent."""
    fail(invite, EndReason.TRANSPORT_FAILED, None, step)


def give_up(_: InviteUac, _x: Any, step: Step) -> None:
    """The transaction would wait for ever."""
    step.emit(GIVE_UP)


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
        Row(CALLING,      "3XX-6XX",      always, TERMINATED,   (report_rejected,),           "3261 13.2.2.3"),
        Row(CALLING,      "TIMEOUT",      always, TERMINATED,   (report_timeout,),            "3261 8.1.3.1"),
        Row(CALLING,      "FAILURE",      always, TERMINATED,   (report_failure,),            "3261 8.1.3.1"),
        Row(CALLING,      "CANCEL",       always, CANCEL_WAITS, (keep_cancel, withdraw),                            "3261 9.1"),
        # Another server is tried, of which nothing has been heard yet: a CANCEL must wait for it.
        Row({CALLING, PROCEEDING}, "TRIES AGAIN", always, CALLING, (),                                              "3263 4.3"),
        # "the UAC SHOULD retry the request" with what the response asks for, or to where it points.
        Row({CALLING, PROCEEDING}, "RETRY", always, CALLING,   (send_again, abandon_early_dialogs),                 "3261 8.1.3.5"),
        # "The value of this field is a positive integer number of seconds (in decimal) after the time of the response."
        Row({CALLING, PROCEEDING}, "POSTPONE", always, None, (postpone,),                                          "3261 20.33"),
        Row({CALLING, PROCEEDING}, "POSTPONED", always, WAITING, (abandon_early_dialogs,),                        "3261 20.33"),
        Row(WAITING,      "Timer retry",  always, CALLING,      (send_postponed,),                                  "3261 20.33"),
        Row(WAITING,      "CANCEL",       always, TERMINATED,   (report_given_up,),                                 "3261 20.33"),
        # "The UAC MAY add an Expires header field (Section 20.19) to limit the validity of the invitation.": then "the UAC
        # core SHOULD generate a CANCEL request for the INVITE"
        Row(CALLING,      "Timer expires", always, CANCEL_WAITS, (keep_own_cancel, withdraw),                       "3261 13.2.1"),
        Row(PROCEEDING,   "Timer expires", always, CANCELLING, (send_own_cancel,),                                  "3261 13.2.1"),
        Row(PROCEEDING,   "2XX",          always, ACCEPTED,     (),                                                 "3261 13.2.2.4"),
        Row(PROCEEDING,   "3XX-6XX",      always, TERMINATED,   (report_rejected,),           "3261 13.2.2.3"),
        Row(PROCEEDING,   "CANCEL",       always, CANCELLING,   (send_cancel,),                                     "3261 9.1"),
        Row(CANCEL_WAITS, "1XX",          always, CANCELLING,   (send_kept_cancel,),                                "3261 9.1"),
        Row(CANCEL_WAITS, "2XX",          always, ACCEPTED,     (),                                                 "3261 13.2.2.4"),
        Row(CANCEL_WAITS, "3XX-6XX",      always, TERMINATED,   (report_cancelled,),          "3261 9.1"),
        Row(CANCEL_WAITS, "TIMEOUT",      always, TERMINATED,   (report_cancelled,),          "3261 9.1"),
        Row(CANCEL_WAITS, "FAILURE",      always, TERMINATED,   (report_cancelled,),          "3261 9.1"),
        Row(CANCELLING,   "2XX",          always, ACCEPTED,     (),                                                 "3261 13.2.2.4"),
        Row(CANCELLING,   "3XX-6XX",      always, TERMINATED,   (report_cancelled,),          "3261 9.1"),
        Row(CANCELLING,   "Timer cancel", always, TERMINATED,   (give_up, report_cancelled), "3261 9.1"),
        # A BYE in an early dialog: its 2xx was sent, and lost (RFC 3261 13.3.1.4); other branches are as good as refused.
        # The dialog may be that of a server that was tried before.
        Row({CALLING, PROCEEDING, CANCEL_WAITS, CANCELLING}, "BYE", always, ACCEPTED, (), "3261 15.1.2"),
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
        Timer("expires", {CALLING, PROCEEDING}, as_expires, once, "3261 13.2.1"),
        Timer("retry",  {WAITING},    as_told,      once, "3261 20.33"),
    ),
    ignored=(
        Ignore(INITIAL, {"1XX", "2XX", "3XX-6XX", "TIMEOUT", "FAILURE", "CANCEL"}, "no INVITE has been sent"),
        Ignore({CALLING, PROCEEDING, WAITING, CANCEL_WAITS, CANCELLING, ACCEPTED, TERMINATED}, "INVITE", "sent only once"),
        Ignore(WAITING, {"1XX", "2XX", "3XX-6XX", "TIMEOUT", "FAILURE", "TRIES AGAIN", "RETRY", "POSTPONE", "POSTPONED"}, "the final response has come"),
        Ignore(WAITING, "BYE", "its early dialogs are over"),
        Ignore({PROCEEDING, CANCELLING}, "1XX", "the first one mattered; each dialog's session hears of the rest"),
        Ignore({PROCEEDING, CANCELLING}, {"TIMEOUT", "FAILURE"}, "a provisional response has ended the repeats"),
        Ignore(ACCEPTED, {"1XX", "3XX-6XX", "TIMEOUT", "FAILURE"}, "the transaction gives 2xx only, RFC 6026 8.4"),
        Ignore({INITIAL, CANCEL_WAITS, CANCELLING, ACCEPTED, TERMINATED}, {"TRIES AGAIN", "RETRY", "POSTPONE", "POSTPONED"}, "it is sent nowhere else"),
        Ignore(INITIAL, "BYE", "no response has made a dialog yet"),
        Ignore({ACCEPTED, TERMINATED}, "BYE", "it has been answered; the session ends"),
        Ignore(ACCEPTED, "2XX", "a repeat, or another branch: the dialog's session answers it"),
        Ignore(TERMINATED, {"1XX", "2XX", "3XX-6XX", "TIMEOUT", "FAILURE"}, "the INVITE is over"),
    ),
)
# fmt: on
