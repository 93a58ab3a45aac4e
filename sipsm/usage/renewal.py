"""The SUBSCRIBE requests of one subscription: one at a time, each until its response and its NOTIFY have come.

RFC 6665 4.1.2.1 to 4.1.2.4 (Timer N), 4.4.3 (fetching); RFC 3261 21.4.17 (423); RFC 5839 (204).
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, Timer, always, once
from sipsm.message import Response
from sipsm.message.headers import MIN_EXPIRES
from sipsm.transaction.timer_values import DEFAULT, T1_times_64, TimerValues
from sipsm.usage.subscription_outputs import Failure, SendSubscribe, Subscribe

OFF: Final = "Off"
ASKED: Final = "Asked"
ACCEPTED: Final = "Accepted"
NOTIFIED: Final = "Notified"
IDLE: Final = "Idle"
LEAVING: Final = "Leaving"


MOST_RAISES: Final = 5
"""How often in a row a 423 is obeyed: each server on the way may have a minimum of its own."""


@define(eq=False)
class Renewal(Machine):
    """The SUBSCRIBE of one subscription that is under way."""

    table: ClassVar[Table]
    times: TimerValues = DEFAULT
    corrects: bool = True
    """Whether what is too short for the notifier is asked for anew, for longer."""
    asked_s: int = 0
    """The duration in the last SUBSCRIBE, in seconds."""
    least_s: int = 0
    """What the last 423 has named as the least, in seconds; 0 where none has come."""
    raised: int = 0
    """How often a 423 was obeyed since the command, or the time, for which a SUBSCRIBE went out."""
    refreshes: bool = False
    """Whether that was not the first one."""
    leaves_next: bool = False
    """Whether the subscription is to be ended as soon as nothing is under way."""

    @property
    def leaves(self) -> bool:
        """Whether the subscription is being ended by us, or was to end at once."""
        return self.state == LEAVING or self.leaves_next


# -------------------------------------------------------------------- guards


def fetches(_: Renewal, asked: Subscribe, _at: Any) -> bool:
    """It is to be told the state once."""
    return asked.expires_s == 0


def asks_for_longer(renewal: Renewal, failure: Failure, _at: Any) -> bool:
    """It was too short for the notifier, which says what would not be."""
    if failure.status != 423 or failure.response is None or not renewal.corrects or renewal.leaves:
        return False
    smallest = failure.response[MIN_EXPIRES]
    # Who names no more than was asked for, or a little more each time, would be asked for ever.
    return smallest is not None and renewal.asked_s < smallest and renewal.raised < MOST_RAISES


def is_first(renewal: Renewal, _response: object, _at: Any) -> bool:
    """Nothing is there yet, so that a NOTIFY must come."""
    return not renewal.refreshes


def was_asked_there(renewal: Renewal, _response: object, _at: Any) -> bool:
    """The SUBSCRIBE was one within the dialog."""
    return renewal.refreshes


def is_to_leave(renewal: Renewal, _x: Any, _at: Any) -> bool:
    """Its end waited for this."""
    return renewal.leaves_next


# -------------------------------------------------------------------- actions


def send_first(renewal: Renewal, asked: Subscribe, step: Step) -> None:
    """Ask for the subscription: for no less than has been refused before it was made anew."""
    seconds = max(asked.expires_s, renewal.least_s) if asked.expires_s else 0
    renewal.asked_s, renewal.raised, renewal.refreshes, renewal.leaves_next = seconds, 0, False, False
    step.emit(SendSubscribe(seconds))


def note_forked(renewal: Renewal, asked: Subscribe, _step: Step) -> None:
    """What the SUBSCRIBE of all branches has asked for."""
    renewal.asked_s = asked.expires_s


def send_refresh(renewal: Renewal, asked: Subscribe, step: Step) -> None:
    """Ask for more of it."""
    renewal.asked_s, renewal.raised, renewal.refreshes = asked.expires_s, 0, True
    step.emit(SendSubscribe(asked.expires_s))


def send_end(renewal: Renewal, _x: Any, step: Step) -> None:
    """Ask for its end."""
    # "Unsubscribing is handled in the same way as refreshing of a subscription, with the "Expires" header field set to
    # "0"." (RFC 6665 4.1.2.3)
    renewal.asked_s, renewal.refreshes, renewal.leaves_next = 0, True, False
    step.emit(SendSubscribe(0))


def note_leaving(renewal: Renewal, _x: Any, _step: Step) -> None:
    """It is to end, as soon as what is under way is over."""
    renewal.leaves_next = True


def cause_leave(_: Renewal, _x: Any, step: Step) -> None:
    """Now it can be ended."""
    step.cause("LEAVE")


def cause_longer(renewal: Renewal, failure: Failure, step: Step) -> None:
    """The same once more, for as long as the notifier wants it at least."""
    assert failure.response is not None, "a 423 has come"
    smallest = failure.response[MIN_EXPIRES]
    assert smallest is not None, "it names the least"
    renewal.least_s = smallest
    step.cause("LONGER", Subscribe(smallest))


def send_longer(renewal: Renewal, asked: Subscribe, step: Step) -> None:
    """Ask once more."""
    renewal.asked_s = asked.expires_s
    renewal.raised += 1
    step.emit(SendSubscribe(asked.expires_s, again=True))


def cause_refresh(renewal: Renewal, _x: Any, step: Step) -> None:
    """It is time to ask for more."""
    step.cause("REFRESH", Subscribe(renewal.asked_s))


def cause_left(_: Renewal, response: Response, step: Step) -> None:
    """It is over, and no NOTIFY will say so."""
    step.cause("LEFT", response)


def cause_no_notify(_: Renewal, _x: Any, step: Step) -> None:
    """No NOTIFY will come."""
    step.cause("NO NOTIFY")


# -------------------------------------------------------------------- table

UNDER_WAY: Final = frozenset({ASKED, ACCEPTED, NOTIFIED})
UNANSWERED: Final = frozenset({ASKED, NOTIFIED})

# fmt: off
Renewal.table = Table(
    "SUBSCRIBE requests of a subscription",
    rfc="6665 4.1.2",
    initial=OFF,
    rows=(
        #   state      input          guard            next      actions                        RFC
        Row(OFF,       "SUBSCRIBE",   fetches,         LEAVING,  (send_first,),                 "6665 4.4.3"),
        Row(OFF,       "SUBSCRIBE",   always,          ASKED,    (send_first,),                 "6665 4.1.2.1"),
        # A dialog that another branch of the SUBSCRIBE has made: its NOTIFY has come.
        Row(OFF,       "FORKED",      fetches,         LEAVING,  (),                            "6665 4.4.3"),
        Row(OFF,       "FORKED",      always,          IDLE,     (note_forked,),                "6665 4.1.4"),
        Row(IDLE,      "REFRESH",     always,          ASKED,    (send_refresh,),               "6665 4.1.2.2"),
        Row(IDLE,      "DUE",         always,          None,     (cause_refresh,),              "6665 4.1.2.2"),
        Row(IDLE,      "UNSUBSCRIBE", always,          LEAVING,  (send_end,),                   "6665 4.1.2.3"),
        # There is no dialog before the first NOTIFY, and one SUBSCRIBE at a time.
        Row(UNDER_WAY, "UNSUBSCRIBE", always,          None,     (note_leaving,),               "6665 4.1.2.3"),
        Row(IDLE,      "LEAVE",       always,          LEAVING,  (send_end,),                   "6665 4.1.2.3"),
        Row(ASKED,     "2XX",         always,          ACCEPTED, (),                            "6665 4.1.2.1"),
        Row(NOTIFIED,  "2XX",         is_to_leave,     IDLE,     (cause_leave,),                "6665 4.1.2.3"),
        Row(NOTIFIED,  "2XX",         always,          IDLE,     (),                            "6665 4.1.2.4"),
        # "If the subscriber receives a success response to the SUBSCRIBE request that indicates that no NOTIFY request will
        # be generated -- such as the 204 response defined for use with the optional extension described in [RFC5839] --
        # then it MUST cancel Timer N."
        Row(ASKED,     "204",         is_first,        ACCEPTED, (),                            "6665 4.1.2.4"),
        Row(UNANSWERED, "204",        is_to_leave,     IDLE,     (cause_leave,),                "6665 4.1.2.3"),
        Row(UNANSWERED, "204",        always,          IDLE,     (),                            "6665 4.1.2.2"),
        # "the notifier sends a 204 (No Notification) response, which concludes the subscription"
        Row(LEAVING,   "204",         was_asked_there, None,     (cause_left,),                 "5839 5.7"),
        # "the subscriber MUST be prepared to receive NOTIFY requests before the SUBSCRIBE transaction has completed."
        Row(ASKED,     "NOTIFY",      always,          NOTIFIED, (),                            "6665 4.1.2.4"),
        Row(ACCEPTED,  "NOTIFY",      is_to_leave,     IDLE,     (cause_leave,),                "6665 4.1.2.3"),
        Row(ACCEPTED,  "NOTIFY",      always,          IDLE,     (),                            "6665 4.1.2.4"),
        # Off and on again, since each SUBSCRIBE begins Timer N anew.
        Row(UNANSWERED, "REFUSED",    asks_for_longer, OFF,      (cause_longer,),               "3261 21.4.17"),
        Row(OFF,       "LONGER",      always,          ASKED,    (send_longer,),                "3261 21.4.17"),
        Row(UNANSWERED, "REFUSED",    is_to_leave,     IDLE,     (cause_leave,),                "6665 4.1.2.3"),
        Row(UNANSWERED, "REFUSED",    always,          IDLE,     (),                            "6665 4.1.2.2"),
        Row({ASKED, ACCEPTED, LEAVING}, "Timer N", always, None, (cause_no_notify,),            "6665 4.1.2.4"),
        Row(UNDER_WAY | {IDLE, LEAVING}, "OVER", always, OFF,    (),                            "6665 4.4.1"),
        Refuse(UNDER_WAY, "REFRESH",  always, None, "a SUBSCRIBE is under way",                 "6665 4.1.2.2"),
        Refuse(LEAVING, "REFRESH",    always, None, "it is being ended",                        "6665 4.1.2.3"),
        Refuse(LEAVING, "UNSUBSCRIBE", always, None, "it is being ended already",               "6665 4.1.2.3"),
    ),
    timers=(
        # "a subscriber starts a Timer N, set to 64*T1, when it sends a SUBSCRIBE request."
        #     letter runs in                     lasts        then  RFC
        Timer("N",   {ASKED, ACCEPTED, LEAVING}, T1_times_64, once, "6665 4.1.2.4"),
    ),
    ignored=(
        Ignore(UNDER_WAY | {IDLE, LEAVING}, {"SUBSCRIBE", "FORKED", "LONGER"}, "it has begun"),
        Ignore(OFF, {"REFRESH", "DUE", "UNSUBSCRIBE", "LEAVE", "2XX", "204", "NOTIFY", "REFUSED", "OVER"}, "it has not begun, or is over"),
        Ignore(UNDER_WAY | {LEAVING}, "DUE", "a SUBSCRIBE is under way"),
        Ignore(UNDER_WAY | {LEAVING}, "LEAVE", "it waits for what is under way"),
        Ignore({ACCEPTED, IDLE}, {"2XX", "204", "REFUSED"}, "the final response has come"),
        Ignore(LEAVING, {"2XX", "204"}, "the last NOTIFY, or the only one, is still to come"),
        Ignore(LEAVING, "REFUSED", "it is over"),
        Ignore({NOTIFIED, IDLE, LEAVING}, "NOTIFY", "the state has changed, or has been told before its end"),
    ),
)
# fmt: on
