"""One subscription at the subscriber: from its SUBSCRIBE until the notifier, or silence, ends it.

RFC 6665 4.1.2 (its figure), 4.1.3 (the states that NOTIFY requests tell, and what each reason asks of the subscriber).
Not here: the SUBSCRIBE requests, see `sipsm.usage.renewal`; how long it lasts, see `sipsm.usage.lifetime`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, Timer, always, once
from sipsm.message import Request, Response
from sipsm.message.headers import SUBSCRIPTION_STATE
from sipsm.usage.destroying import ENDS_SUBSCRIPTION
from sipsm.usage.renewal import asks_for_longer
from sipsm.usage.subscription_outputs import Ended, Failure, RefreshRefused, Stands, Subscribe, SubscriptionEndReason

INITIAL: Final = "Initial"
NOTIFY_WAIT: Final = "NotifyWait"
PENDING: Final = "Pending"
ACTIVE: Final = "Active"
WAITING: Final = "Waiting"
TERMINATED: Final = "Terminated"

SOON_S: Final = 32.0
"""What is over sooner than this is made anew after a wait, which doubles each time."""
LONGEST_WAIT_S: Final = 1800.0

_BY_NAME: Final[dict[str, SubscriptionEndReason]] = {
    reason.value: reason
    for reason in SubscriptionEndReason
    if reason.value in {"deactivated", "probation", "rejected", "timeout", "giveup", "noresource", "invariant"}
}

_FOREVER: Final = frozenset(
    (SubscriptionEndReason.REJECTED, SubscriptionEndReason.NO_RESOURCE, SubscriptionEndReason.INVARIANT)
)
"""By these "Clients SHOULD NOT attempt to re-subscribe" (RFC 6665 4.1.3)."""

_AS_FETCHED: Final = frozenset((SubscriptionEndReason.TIMEOUT, SubscriptionEndReason.TERMINATED))
"""How what was fetched ends: of timeout, "This reason code is also associated with polling of resource state"."""

_AFTER: Final = frozenset(
    (SubscriptionEndReason.PROBATION, SubscriptionEndReason.GIVE_UP, SubscriptionEndReason.TERMINATED)
)
"""With these retry-after has a meaning."""


@define(eq=False)
class Subscriber(Machine):
    """The state of one subscription, as its subscriber knows it."""

    table: ClassVar[Table]
    asked_s: int = 0
    """The duration that its application asked for, in seconds; 0: to be told the state once."""
    resubscribes: bool = True
    """Whether it is made anew by itself where the reason of its end lets it."""
    began: float | None = None
    """When its first NOTIFY came."""
    tries: int = 0
    """How often it has been made anew in vain, or for a short while."""
    retry_in_s: float = 0.0
    """After its end: in how many seconds it is made anew."""


# -------------------------------------------------------------------- guards


def is_leaving(_: Subscriber, _x: Any, at: Any) -> bool:
    """It is over for us already: what was asked last is its end."""
    return bool(at.renewal.leaves)


def asks_again(_: Subscriber, failure: Failure, at: Any) -> bool:
    """What was refused is asked for once more, for longer."""
    return asks_for_longer(at.renewal, failure, at)


def was_first(_: Subscriber, _failure: Failure, at: Any) -> bool:
    """What failed is the SUBSCRIBE that made it: a NOTIFY has come since, and counts."""
    return not at.renewal.refreshes


def is_lost(_: Subscriber, failure: Failure, _at: Any) -> bool:
    """The status says that the notifier knows it no more."""
    # "If a SUBSCRIBE request to refresh a subscription receives a 404, 405, 410, 416, 480-485, 489, 501, or 604 response,
    # the subscriber MUST consider the subscription terminated." (RFC 6665 4.1.2.2)
    return failure.status in ENDS_SUBSCRIPTION and failure.response is not None


# -------------------------------------------------------------------- actions


def note_asked(subscriber: Subscriber, asked: Subscribe, _step: Step) -> None:
    """What the application wants."""
    subscriber.asked_s = asked.expires_s


def report_active(subscriber: Subscriber, notify: Request, step: Step) -> None:
    """Tell that it is active."""
    _begin(subscriber, step)
    step.emit(Stands("active", notify))


def report_pending(subscriber: Subscriber, notify: Request, step: Step) -> None:
    """Tell that it is pending."""
    _begin(subscriber, step)
    step.emit(Stands("pending", notify))


def _begin(subscriber: Subscriber, step: Step) -> None:
    if subscriber.began is None:
        subscriber.began = step.now


def end_as_told(subscriber: Subscriber, notify: Request, step: Step) -> None:
    """The notifier ends it; the reason says whether it is to be made anew, and when."""
    reason, state = _reason(notify), notify[SUBSCRIPTION_STATE]
    # "The "retry-after" parameter has no semantics for" deactivated, rejected, timeout and noresource (RFC 6665 4.1.3)
    wait_s = state.retry_after_s if state is not None and reason in _AFTER else None
    _end(subscriber, reason, notify, wait_s, step)


def end_as_left(subscriber: Subscriber, x: Any, step: Step) -> None:
    """It ends because we wanted it so."""
    told = _reason(x) if isinstance(x, Request) else SubscriptionEndReason.TIMEOUT
    if subscriber.asked_s:
        _report(SubscriptionEndReason.UNSUBSCRIBED, x, step)
    elif told in _AS_FETCHED:
        _report(SubscriptionEndReason.FETCHED, x, step)
    else:
        _report(told, x, step)


def end_as_refused(_: Subscriber, failure: Failure, step: Step) -> None:
    """It has not begun."""
    _report(_as_failed(failure), failure, step)


def end_as_lost(subscriber: Subscriber, failure: Failure, step: Step) -> None:
    """The notifier knows it no more."""
    _end(subscriber, SubscriptionEndReason.LOST, failure.response, None, step)


def end_with_dialog(subscriber: Subscriber, response: Response, step: Step) -> None:
    """Another usage was told that the dialog is no more."""
    _end(subscriber, SubscriptionEndReason.LOST, response, None, step)


def end_as_unheard(_: Subscriber, _x: Any, step: Step) -> None:
    """No NOTIFY came for it."""
    _report(SubscriptionEndReason.NO_NOTIFY, None, step)


def end_as_silent(subscriber: Subscriber, _x: Any, step: Step) -> None:
    """No NOTIFY came for a refresh."""
    _end(subscriber, SubscriptionEndReason.NO_NOTIFY, None, None, step)


def end_as_expired(subscriber: Subscriber, _x: Any, step: Step) -> None:
    """It has run out."""
    _end(subscriber, SubscriptionEndReason.EXPIRED, None, None, step)


def report_refresh_refused(_: Subscriber, failure: Failure, step: Step) -> None:
    """Tell that a refresh came to nothing."""
    step.emit(RefreshRefused(failure))


def begin_anew(subscriber: Subscriber, _x: Any, step: Step) -> None:
    """The wait is over."""
    step.cause(">SUBSCRIBE", Subscribe(subscriber.asked_s))


def _reason(notify: Request) -> SubscriptionEndReason:
    state = notify[SUBSCRIPTION_STATE]
    assert state is not None, "a NOTIFY without a state is refused before"
    return _BY_NAME.get(state.reason or "", SubscriptionEndReason.TERMINATED)


def _as_failed(failure: Failure) -> SubscriptionEndReason:
    if failure.response is not None:
        return SubscriptionEndReason.REFUSED
    return SubscriptionEndReason.TIMED_OUT if failure.status == 408 else SubscriptionEndReason.TRANSPORT_FAILED


def _report(reason: SubscriptionEndReason, x: Any, step: Step, **more: Any) -> None:
    message = x.response if isinstance(x, Failure) else x
    step.emit(Ended(reason, message if isinstance(message, Request | Response) else None, **more))
    step.cause("ENDED")


def _end(
    subscriber: Subscriber, reason: SubscriptionEndReason, message: Any, retry_after_s: int | None, step: Step
) -> None:
    """It has been there, and is over: it is made anew where that is wanted and of use."""
    if not subscriber.resubscribes or reason in _FOREVER:
        _report(reason, message, step, retry_after_s=retry_after_s)
        return
    lived_s = 0.0 if subscriber.began is None else step.now - subscriber.began
    subscriber.tries = 0 if lived_s >= SOON_S else subscriber.tries + 1
    # Deviation: RFC 6665 4.1.3 has what was deactivated made anew at once, each time. What ends again and again as soon
    # as it has begun would keep both sides busy: only the first time is at once.
    backs_off_s = min(2.0 ** min(subscriber.tries - 1, 20), LONGEST_WAIT_S) if subscriber.tries > 1 else 0.0
    subscriber.retry_in_s = max(float(retry_after_s or 0), backs_off_s)
    subscriber.began = None
    _report(reason, message, step, retry_after_s=retry_after_s, again_in_s=subscriber.retry_in_s)
    step.cause("RETRY")


# -------------------------------------------------------------------- table


def as_told(subscriber: Subscriber) -> float:
    """As the end of it said, or a while that grows."""
    return subscriber.retry_in_s


LIVES: Final = frozenset({PENDING, ACTIVE})
THERE: Final = frozenset({NOTIFY_WAIT, PENDING, ACTIVE})
NOT_THERE: Final = frozenset({INITIAL, WAITING, TERMINATED})
OVER: Final = "it is over"

# fmt: off
Subscriber.table = Table(
    "subscriber",
    rfc="6665 4.1.2",
    initial=INITIAL,
    rows=(
        #   state        input           guard        next         actions                     RFC
        Row(INITIAL,     "SUBSCRIBE",    always,      NOTIFY_WAIT, (note_asked,),              "6665 4.1.2.1"),
        # Which makes it is the NOTIFY, and not the 2xx: either may come first, and the 2xx not at all.
        Row({NOTIFY_WAIT, PENDING}, "ACTIVE", always, ACTIVE,      (report_active,),           "6665 4.1.3"),
        Row(NOTIFY_WAIT, "PENDING",      always,      PENDING,     (report_pending,),          "6665 4.1.3"),
        Row(THERE,       "TERMINATED",   is_leaving,  TERMINATED,  (end_as_left,),             "6665 4.1.2.3"),
        Row(THERE,       "LEFT",         always,      TERMINATED,  (end_as_left,),             "5839 5.7"),
        # "If the "Subscription-State" value is "terminated", the subscriber MUST consider the subscription terminated."
        Row(THERE,       "TERMINATED",   always,      TERMINATED,  (end_as_told,),             "6665 4.1.3"),
        Row(THERE,       "REFUSED",      asks_again,  None,        (),                         "3261 21.4.17"),
        # "Non-200-class final responses indicate that no subscription or new dialog usage has been created, and no
        # subsequent NOTIFY request will be sent."
        Row(NOTIFY_WAIT, "REFUSED",      always,      TERMINATED,  (end_as_refused,),          "6665 4.1.2.1"),
        Row(LIVES,       "REFUSED",      was_first,   None,        (),                         "6665 4.1.2.4"),
        Row(LIVES,       "REFUSED",      is_leaving,  TERMINATED,  (end_as_left,),             "6665 4.1.2.3"),
        Row(LIVES,       "REFUSED",      is_lost,     TERMINATED,  (end_as_lost,),             "6665 4.1.2.2"),
        # "If a SUBSCRIBE request to refresh a subscription fails with any error code other than those listed above, the
        # original subscription is still considered valid for the duration of the most recently known "Expires" value"
        Row(LIVES,       "REFUSED",      always,      None,        (report_refresh_refused,),  "6665 4.1.2.2"),
        Row(THERE,       "DIALOG LOST",  is_leaving,  TERMINATED,  (end_as_left,),             "5057 5.1"),
        # "Destroys Dialog  The error destroys the dialog and all usages sharing it."
        Row(THERE,       "DIALOG LOST",  always,      TERMINATED,  (end_with_dialog,),         "5057 5.1"),
        # "If this Timer N expires prior to the receipt of a NOTIFY request, the subscriber considers the subscription
        # failed" (4.1.2.4), or terminated (4.1.2.2).
        Row(NOTIFY_WAIT, "NO NOTIFY",    always,      TERMINATED,  (end_as_unheard,),          "6665 4.1.2.4"),
        Row(LIVES,       "NO NOTIFY",    is_leaving,  TERMINATED,  (end_as_left,),             "6665 4.1.2.3"),
        Row(LIVES,       "NO NOTIFY",    always,      TERMINATED,  (end_as_silent,),           "6665 4.1.2.2"),
        Row(LIVES,       "EXPIRED",      is_leaving,  None,        (),                         "6665 4.1.2.3"),
        Row(LIVES,       "EXPIRED",      always,      TERMINATED,  (end_as_expired,),          "6665 4.1.2.2"),
        Row(TERMINATED,  "RETRY",        always,      WAITING,     (),                         "6665 4.1.3"),
        # "If the subscriber wishes to re-subscribe to the state, he does so by composing an unrelated initial SUBSCRIBE
        # request with a freshly generated Call-ID and a new, unique "From" tag"
        Row(WAITING,     "Timer retry",  always,      INITIAL,     (begin_anew,),              "6665 4.1.2.2"),
        # ---------------- the application's
        Row(LIVES,       "REFRESH",      always,      None,        (note_asked,),              "6665 4.1.2.2"),
        Refuse(INITIAL,  "REFRESH",      always, None, "it has not been asked for",            "6665 4.1.2.2"),
        Refuse(NOTIFY_WAIT, "REFRESH",   always, None, "there is no dialog until the first NOTIFY comes", "6665 4.4.1"),
        Refuse(WAITING,  "REFRESH",      always, None, "it is over, and waits to be made anew", "6665 4.1.3"),
        Refuse(TERMINATED, "REFRESH",    always, None, OVER,                                   "6665 4.1.2.2"),
        Row(THERE,       "UNSUBSCRIBE",  always,      None,        (),                         "6665 4.1.2.3"),
        Row(WAITING,     "UNSUBSCRIBE",  always,      TERMINATED,  (end_as_left,),             "6665 4.1.2.3"),
        Refuse({INITIAL, TERMINATED}, "UNSUBSCRIBE", always, None, OVER,                       "6665 4.1.2.3"),
    ),
    timers=(
        #     letter   runs in    lasts    then  RFC
        Timer("retry", {WAITING}, as_told, once, "6665 4.1.3"),
    ),
    ignored=(
        Ignore({NOTIFY_WAIT, PENDING, ACTIVE, WAITING, TERMINATED}, "SUBSCRIBE", "begins only once"),
        Ignore(ACTIVE, {"ACTIVE", "PENDING"}, "known already; what was active goes on"),
        Ignore(PENDING, "PENDING", "known already"),
        Ignore(NOT_THERE, {"ACTIVE", "PENDING", "TERMINATED", "REFUSED", "DIALOG LOST", "LEFT", "NO NOTIFY", "EXPIRED"}, "it is not there"),
        Ignore(NOTIFY_WAIT, "EXPIRED", "it has not begun: Timer N sees to it"),
        Ignore(THERE | {INITIAL, WAITING}, "RETRY", "it is not over"),
    ),
)
# fmt: on
