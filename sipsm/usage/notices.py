"""The NOTIFY requests of one subscription: one at a time, none sooner than allowed, the last one for certain.

RFC 6665 4.2.2, 4.2.1.2 (one at once after each 2xx to a SUBSCRIBE). What is told while one is under way waits: of whole
states the latest alone, of changes all since then, up to a bound, beyond which the application is asked for the whole
state. The least interval between two is the rate that a package may lay down (RFC 6665 5.4.10). What the subscriber says
it knows is left out (RFC 5839 6.2, 6.3). One that another request in its dialog has overtaken is sent once more
(RFC 3261 12.2.2).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from attrs import define, evolve, field, frozen

from sipsm.machine import Ignore, Machine, Row, Step, Table, Timer, always, once
from sipsm.message import Request, Response
from sipsm.message.headers import SUPPRESS_IF_MATCH
from sipsm.transaction.timer_values import DEFAULT, T1, TimerValues
from sipsm.usage.destroying import ENDS_SUBSCRIPTION

IDLE: Final = "Idle"
SENT: Final = "Sent"
QUEUED: Final = "Queued"
RESTING: Final = "Resting"
HELD: Final = "Held"
OWED: Final = "Owed"
SENT_OWED: Final = "SentOwed"
ENDING: Final = "Ending"
LAST_HELD: Final = "LastHeld"
LAST: Final = "Last"
OVER: Final = "Over"

HeaderLines = tuple[tuple[str, str], ...]


def _lines(lines: Iterable[tuple[str, str]]) -> HeaderLines:
    return tuple((name, value) for name, value in lines)


@frozen
class Notice:
    """What a NOTIFY tells."""

    body: bytes = b""
    content_type: str | None = None
    headers: HeaderLines = field(default=(), converter=_lines)
    partial: bool = False
    """Whether it tells what has changed, and not the whole state."""
    etag: str | None = None
    """What names the whole state as it is now among all that it has been, where the application says so (RFC 5839 6.1)."""


@frozen
class LastNotice:
    """What the NOTIFY tells that ends the subscription, and the parameters of its Subscription-State."""

    reason: str | None
    retry_after_s: int | None = None
    notice: Notice | None = None
    """None: the whole state as it was told last; nothing where only changes have been told since."""
    waits: bool = False
    """Whether it waits for the interval, as the others do."""


@frozen
class SendNotify:
    """Send a NOTIFY."""

    notice: Notice
    last: LastNotice | None = None
    """Of the one that ends the subscription."""


@frozen
class WantState:
    """The whole state is to be told, and only the application knows it."""


@frozen
class NoticeRefused:
    """A NOTIFY came to nothing."""

    status: int
    """Of the response; 408 for silence, 503 where it could not be sent (RFC 3261 8.1.3.1)."""
    response: Response | None


@define(eq=False)
class Notices(Machine):
    """The NOTIFY requests of one subscription."""

    table: ClassVar[Table]
    times: TimerValues = DEFAULT
    interval_s: float = 0.0
    """The least time between two, in seconds; 0: none."""
    most: int = 16
    """How many changes may wait."""
    latest: Notice | None = None
    """The whole state, where it was told last, or waits; None where only the application knows it."""
    waiting: tuple[Notice, ...] = ()
    """What is to be told, the oldest first."""
    urgent: bool = False
    """Whether what waits may not wait for the interval."""
    rested: bool = False
    """Whether the interval was over while the NOTIFY was under way."""
    last: LastNotice | None = None
    """What is to be told in the end."""
    sent: Notice | None = None
    """What the NOTIFY told that was sent last, unless that was the one that ends the subscription."""
    repeated: bool = False
    """Whether that was sent once more already."""
    given: int = 0
    """How many notifications have been given to it."""
    etag: str | None = None
    """What names the state that was told last, or waits."""
    known: str | None = None
    """The state that is not to be told, since the subscriber has it: as it names it, or `*` (RFC 5839 5.2)."""
    quiet: bool = False
    """Whether its NOTIFY is left out as a whole, and not its body alone."""

    def knows(self, subscribe: Request) -> bool:
        """Whether a SUBSCRIBE within the dialog says that the subscriber has the present state."""
        # "A Suppress-If-Match header field that includes an entity-tag with the value of "*" MUST always evaluate to
        # true." (RFC 5839 6.3)
        named = subscribe[SUPPRESS_IF_MATCH]
        return named is not None and named in ("*", self.etag)


# -------------------------------------------------------------------- guards


def may_go_on(notices: Notices, _x: Any, _at: Any) -> bool:
    """The interval is over, or there is none, or what waits need not wait for it."""
    return notices.interval_s <= 0 or notices.rested or notices.urgent


def is_quiet(notices: Notices, notice: Notice, _at: Any) -> bool:
    """The subscriber has that state, or wants none, and has said so within the dialog."""
    # "Notifiers MUST NOT suppress a NOTIFY unless the corresponding SUBSCRIBE message was sent in an established dialog."
    # (RFC 5839 6.3)
    return notices.quiet and _is_known(notices, notice)


def _is_known(notices: Notices, notice: Notice) -> bool:
    return notices.known is not None and notices.known in ("*", notice.etag)


def is_full(notices: Notices, notice: Notice, _at: Any) -> bool:
    """As many changes wait as may."""
    return notice.partial and len(notices.waiting) >= notices.most


def is_partial(_: Notices, notice: Notice, _at: Any) -> bool:
    """What is told is a change."""
    return notice.partial


def several_wait(notices: Notices, _x: Any, _at: Any) -> bool:
    """More than one waits."""
    return len(notices.waiting) > 1


def must_ask(notices: Notices, notice: Notice | None, at: Any) -> bool:
    """The whole state is to be told, and what is known here is changes."""
    return notice is None and notices.latest is None and bool(at.notifier.authorized)


def waits(_: Notices, last: LastNotice, _at: Any) -> bool:
    """It is to come no sooner than any other would."""
    return last.waits


def is_to_rest(notices: Notices, _x: Any, _at: Any) -> bool:
    """The last one is to wait for the interval, and that is not over."""
    assert notices.last is not None, "it is kept"
    return notices.last.waits and notices.interval_s > 0 and not notices.rested


def ends_it(_: Notices, refused: NoticeRefused, _at: Any) -> bool:
    """The subscription is over with the NOTIFY that came to nothing."""
    # "If the NOTIFY request fails due to expiration of SIP Timer F (transaction timeout), the notifier SHOULD remove
    # the subscription." (RFC 6665 4.2.2)  "Receiving a 408 will have the same effect on usages and dialogs as a real
    # transaction timeout" (RFC 5057 5.1)
    return refused.status == 408 or refused.status in ENDS_SUBSCRIPTION


def was_overtaken(notices: Notices, refused: NoticeRefused, at: Any) -> bool:
    """Another request has gone out in the dialog after the NOTIFY, and may have come before it."""
    # "If the remote sequence number was not empty, but the sequence number of the request is lower than the remote
    # sequence number, the request is out of order and MUST be rejected with a 500 (Server Internal Error) response."
    # (RFC 3261 12.2.2)  Who names a time after which it may be tried has another reason.
    response = refused.response
    if response is None or response.status != 500 or notices.repeated or response.has("Retry-After"):
        return False
    return bool(response.cseq.number < at.dialog.local_cseq)


def leaves_gap(notices: Notices, _refused: NoticeRefused, _at: Any) -> bool:
    """What has not arrived is a change, and no whole state waits that holds it."""
    assert notices.sent is not None, "it is kept"
    return notices.sent.partial and (not notices.waiting or notices.waiting[0].partial)


# -------------------------------------------------------------------- actions


def keep(notices: Notices, notice: Notice | None, _step: Step) -> None:
    """It waits: the whole state in place of all that waits, a change behind it."""
    if notice is None:
        notices.waiting = notices.waiting or (notices.latest or Notice(),)
        return
    note_state(notices, notice, _step)
    if notice.partial:
        notices.waiting, notices.latest = (*notices.waiting, notice), None
    else:
        notices.waiting, notices.latest = (notice,), notice


def note_state(notices: Notices, notice: Notice, _step: Step) -> None:
    """From now on that is the state."""
    notices.given += 1
    notices.etag = notice.etag
    if not notice.partial:
        notices.latest = notice


def note_known(notices: Notices, subscribe: Request, _step: Step) -> None:
    """What the subscriber says that it has, until the state is another."""
    # The headers of a REFER are not those of a SUBSCRIBE: "its behavior is only defined for the SUBSCRIBE request."
    # (RFC 5839 7.2)
    notices.known = subscribe[SUPPRESS_IF_MATCH] if subscribe.method == "SUBSCRIBE" else None
    notices.quiet = subscribe.to_tag is not None


def _less_what_is_known(notices: Notices, notice: Notice) -> Notice:
    """What a NOTIFY tells, without a body that the subscriber has."""
    # "That is, the resulting NOTIFY contains no Content-Type header field, the Content-Length is set to zero, and no
    # payload is attached to the message." (RFC 5839 6.2)
    if _is_known(notices, notice):
        return evolve(notice, body=b"", content_type=None)
    # "As long as the condition remains true" (RFC 5839 6.3): if that state comes back, it is news.
    notices.known = None
    return notice


def hurry(notices: Notices, _x: Any, _step: Step) -> None:
    """It may not wait longer than for the answer to the one before."""
    notices.urgent = True


def send_next(notices: Notices, _x: Any, step: Step) -> None:
    """Send what waits first."""
    notice, *rest = notices.waiting
    notices.waiting = tuple(rest)
    notices.rested = False
    notices.urgent = notices.urgent and bool(rest)
    notices.sent, notices.repeated = _less_what_is_known(notices, notice), False
    step.emit(SendNotify(notices.sent))


def send_again(notices: Notices, _x: Any, step: Step) -> None:
    """Send the same once more."""
    assert notices.sent is not None, "it is kept"
    notices.repeated = True
    step.emit(SendNotify(notices.sent))


def cause_next(_: Notices, _x: Any, step: Step) -> None:
    """The next one may be sent."""
    step.cause("NEXT NOTICE")


def want_state(notices: Notices, _x: Any, step: Step) -> None:
    """Have the application tell the whole state, which holds all that waits."""
    notices.waiting, notices.latest = (), None
    step.emit(WantState())


def note_rested(notices: Notices, _x: Any, _step: Step) -> None:
    """When the one that is under way has been answered, the next one may go."""
    notices.rested = True


def keep_last(notices: Notices, last: LastNotice, _step: Step) -> None:
    """Nothing is told any more but this."""
    if last.notice is None:
        last = evolve(last, notice=notices.latest or Notice())
    notices.waiting, notices.latest, notices.last = (), None, last


def send_last(notices: Notices, _x: Any, step: Step) -> None:
    """Send the one that ends the subscription."""
    notices.sent, notices.repeated = None, False
    _send_last(notices, step)


def send_last_again(notices: Notices, _x: Any, step: Step) -> None:
    """The same once more: nobody else tells the subscriber before his time is over."""
    notices.repeated = True
    _send_last(notices, step)


def _send_last(notices: Notices, step: Step) -> None:
    assert notices.last is not None, "it is kept"
    assert notices.last.notice is not None, "it has been filled"
    step.emit(SendNotify(_less_what_is_known(notices, notices.last.notice), notices.last))


def report_refused(_: Notices, refused: NoticeRefused, step: Step) -> None:
    """Tell that this state has not arrived."""
    step.emit(refused)


def cause_lost(_: Notices, refused: NoticeRefused, step: Step) -> None:
    """The subscription is over, and nothing is told any more."""
    step.cause("NOTICE LOST", refused)


# -------------------------------------------------------------------- timers


def least_interval(notices: Notices) -> float | None:
    """The least time between two; not at all where there is none."""
    return notices.interval_s if notices.interval_s > 0 else None


UNDER_WAY: Final = frozenset({SENT, QUEUED, SENT_OWED})
AT_REST: Final = frozenset({RESTING, HELD})
ASKED_ALREADY: Final = "the application has been asked for the whole state"
ALL: Final = frozenset({IDLE, SENT, QUEUED, RESTING, HELD, OWED, SENT_OWED, ENDING, LAST_HELD, LAST, OVER})
ENDED: Final = frozenset({ENDING, LAST_HELD, LAST, OVER})

# fmt: off
Notices.table = Table(
    "NOTIFY requests of a subscription",
    rfc="6665 4.2.2",
    initial=IDLE,
    rows=(
        #   state             input             guard      next       actions                        RFC
        # What the subscriber says it has, or does not want (RFC 5839 6.3).
        Row(ALL - {OVER},     "SUBSCRIBE",      always,    None,      (note_known,),                 "5839 6.2"),
        Row({IDLE, SENT, RESTING}, "NOTIFY",    is_quiet,  None,      (note_state,),                 "5839 6.3"),
        Row(IDLE,             "NOTIFY",         always,    SENT,      (keep, send_next),             "6665 4.2.2"),
        Row(SENT,             "NOTIFY",         always,    QUEUED,    (keep,),                       "6665 4.2.2"),
        Row(QUEUED,           "NOTIFY",         is_full,   SENT_OWED, (want_state,),                 "6665 4.2.2"),
        Row(QUEUED,           "NOTIFY",         always,    QUEUED,    (keep,),                       "6665 4.2.2"),
        Row(RESTING,          "NOTIFY",         always,    HELD,      (keep,),                       "6665 5.4.10"),
        Row(HELD,             "NOTIFY",         is_full,   OWED,      (want_state,),                 "6665 5.4.10"),
        Row(HELD,             "NOTIFY",         always,    HELD,      (keep,),                       "6665 5.4.10"),
        # The whole state, once it is told, holds the change.
        Row({OWED, SENT_OWED}, "NOTIFY",        is_partial, None,     (),                            "6665 4.2.1.2"),
        Row(OWED,             "NOTIFY",         always,    IDLE,      (keep, cause_next),            "6665 4.2.1.2"),
        Row(SENT_OWED,        "NOTIFY",         always,    QUEUED,    (keep, hurry),                 "6665 4.2.1.2"),
        # "Upon successfully accepting or refreshing a subscription, notifiers MUST send a NOTIFY request immediately to
        # communicate the current resource state to the subscriber." (RFC 6665 4.2.1.2)
        Row(IDLE,             "CONFIRM",        must_ask,  OWED,      (want_state,),                 "6665 4.2.1.2"),
        Row(AT_REST,          "CONFIRM",        must_ask,  OWED,      (want_state,),                 "6665 4.2.1.2"),
        Row({SENT, QUEUED},   "CONFIRM",        must_ask,  SENT_OWED, (want_state,),                 "6665 4.2.1.2"),
        Row(IDLE,             "CONFIRM",        always,    SENT,      (keep, send_next),             "6665 4.2.1.2"),
        # By way of Idle, where no interval runs: it begins anew.
        Row(AT_REST,          "CONFIRM",        always,    IDLE,      (keep, cause_next),            "6665 4.2.1.2"),
        Row({SENT, QUEUED},   "CONFIRM",        always,    QUEUED,    (keep, hurry),                 "6665 4.2.1.2"),
        Row(IDLE,             "NEXT NOTICE",    several_wait, QUEUED, (send_next,),                  "6665 4.2.2"),
        Row(IDLE,             "NEXT NOTICE",    always,    SENT,      (send_next,),                  "6665 4.2.2"),
        Row(SENT,             "ANSWERED",       may_go_on, IDLE,      (),                            "6665 4.2.2"),
        Row(SENT,             "ANSWERED",       always,    RESTING,   (),                            "6665 5.4.10"),
        Row(QUEUED,           "ANSWERED",       may_go_on, IDLE,      (cause_next,),                 "6665 4.2.2"),
        Row(QUEUED,           "ANSWERED",       always,    HELD,      (),                            "6665 5.4.10"),
        Row(SENT_OWED,        "ANSWERED",       always,    OWED,      (),                            "6665 4.2.1.2"),
        Row(UNDER_WAY,        "REFUSED",        ends_it,   OVER,      (cause_lost,),                 "6665 4.2.2"),
        # With a CSeq number of its own, which is higher than that of what has overtaken it.
        Row(UNDER_WAY,        "REFUSED",        was_overtaken, None,  (send_again,),                 "3261 12.2.2"),
        # "If a NOTIFY request arrives that has a version number that is incremented by more than one, the subscriber knows
        # that a state delta has been missed; it ignores the NOTIFY request containing the state delta"
        Row({SENT, QUEUED},   "REFUSED",        leaves_gap, OWED,     (report_refused, want_state),  "6665 5.3.2"),
        Row(SENT,             "REFUSED",        may_go_on, IDLE,      (report_refused,),             "6665 4.2.2"),
        Row(SENT,             "REFUSED",        always,    RESTING,   (report_refused,),             "6665 4.2.2"),
        Row(QUEUED,           "REFUSED",        may_go_on, IDLE,      (report_refused, cause_next),  "6665 4.2.2"),
        Row(QUEUED,           "REFUSED",        always,    HELD,      (report_refused,),             "6665 4.2.2"),
        Row(SENT_OWED,        "REFUSED",        always,    OWED,      (report_refused,),             "6665 4.2.2"),
        Row(UNDER_WAY,        "Timer interval", always,    None,      (note_rested,),                "6665 5.4.10"),
        Row(RESTING,          "Timer interval", always,    IDLE,      (),                            "6665 5.4.10"),
        Row(HELD,             "Timer interval", always,    IDLE,      (cause_next,),                 "6665 5.4.10"),
        # "If the resource has no meaningful state at the time that the SUBSCRIBE request is processed, this NOTIFY
        # request MAY contain an empty or neutral body." (RFC 6665 4.2.1.2)
        Row(OWED,             "Timer owed",     always,    IDLE,      (keep, cause_next),            "6665 4.2.1.2"),
        Row(SENT_OWED,        "Timer owed",     always,    QUEUED,    (keep, hurry),                 "6665 4.2.1.2"),
        Row(AT_REST,          "END",            waits,     LAST_HELD, (keep_last,),                  "6665 5.4.10"),
        Row({IDLE, RESTING, HELD, OWED}, "END", always,    LAST,      (keep_last, send_last),        "6665 4.2.2"),
        Row(UNDER_WAY,        "END",            always,    ENDING,    (keep_last,),                  "6665 4.2.2"),
        Row(ENDING,           "Timer interval", always,    None,      (note_rested,),                "6665 5.4.10"),
        Row(ENDING,           "ANSWERED",       is_to_rest, LAST_HELD, (),                           "6665 5.4.10"),
        Row(ENDING,           "ANSWERED",       always,    LAST,      (send_last,),                  "6665 4.2.2"),
        Row(ENDING,           "REFUSED",        ends_it,   OVER,      (),                            "6665 4.2.2"),
        Row(ENDING,           "REFUSED",        is_to_rest, LAST_HELD, (),                           "6665 5.4.10"),
        Row(ENDING,           "REFUSED",        always,    LAST,      (send_last,),                  "6665 4.2.2"),
        Row(LAST_HELD,        "Timer interval", always,    LAST,      (send_last,),                  "6665 5.4.10"),
        Row(LAST,             "ANSWERED",       always,    OVER,      (),                            "6665 4.4.1"),
        Row(LAST,             "REFUSED",        was_overtaken, None,  (send_last_again,),            "3261 12.2.2"),
        Row(LAST,             "REFUSED",        always,    OVER,      (),                            "6665 4.4.1"),
        # The dialog is no more.
        Row(ALL - {OVER},     "GONE",           always,    OVER,      (),                            "5057 5.1"),
        # The SUBSCRIBE is refused: there has been no subscription.
        Row(IDLE,             "REJECTED",       always,    OVER,      (),                            "6665 4.2.1"),
    ),
    timers=(
        #     letter      runs in                        lasts           then  RFC
        Timer("interval", UNDER_WAY | AT_REST | {ENDING, LAST_HELD}, least_interval, once, "6665 5.4.10"),
        # What is to be told at once does not wait for an application that has forgotten it.
        Timer("owed",     {OWED, SENT_OWED},             T1,             once, "6665 4.2.1.2"),
    ),
    ignored=(
        Ignore({OWED, SENT_OWED}, "CONFIRM", ASKED_ALREADY),
        Ignore(OVER, "GONE", "nothing more was to be told"),
        Ignore(OVER, "SUBSCRIBE", "the subscription has ended"),
        Ignore(ENDED, {"NOTIFY", "CONFIRM", "NEXT NOTICE", "END", "REJECTED"}, "the subscription has ended"),
        Ignore({SENT, QUEUED, RESTING, HELD, OWED, SENT_OWED}, "NEXT NOTICE", "what waits is sent when it may"),
        Ignore({SENT, QUEUED, RESTING, HELD, OWED, SENT_OWED}, "REJECTED", "it has been accepted"),
        Ignore({IDLE, RESTING, HELD, OWED, LAST_HELD, OVER}, {"ANSWERED", "REFUSED"}, "no NOTIFY is under way"),
    ),
)
# fmt: on
