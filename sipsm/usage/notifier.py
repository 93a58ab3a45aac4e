"""A subscription at its notifier: asked for, pending, active, terminated.

RFC 6665 4.2.1 and 4.2.2, whose figure calls Asked "resp_wait". Not here: the NOTIFY requests, see
`sipsm.usage.notices`; and the dialog, see `sipsm.dialog`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, ClassVar, Final

from attrs import define, field, frozen

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, Timer, always, once
from sipsm.message import Request, Response
from sipsm.message.headers import EXPIRES
from sipsm.transaction.timer_values import DEFAULT, TimerValues
from sipsm.usage.notices import LastNotice, Notice, NoticeRefused

INITIAL: Final = "Initial"
ASKED: Final = "Asked"
PENDING: Final = "Pending"
ACTIVE: Final = "Active"
RENEWED: Final = "Renewed"
TERMINATED: Final = "Terminated"

AN_HOUR_S: Final = 3600

HeaderLines = tuple[tuple[str, str], ...]


def _lines(lines: Iterable[tuple[str, str]]) -> HeaderLines:
    return tuple((name, value) for name, value in lines)


class PeerSubscriptionEndReason(StrEnum):
    """Why a subscription of a peer is over. The names are stable."""

    REJECTED = "rejected"
    """We refused the SUBSCRIBE."""
    FETCHED = "fetched"
    """It was to last no time: its one NOTIFY tells the state (RFC 6665 4.4.3)."""
    UNSUBSCRIBED = "unsubscribed"
    """The peer ended it."""
    EXPIRED = "expired"
    """The peer did not refresh it in time."""
    TERMINATED = "terminated"
    """We ended it."""
    REFUSED = "refused"
    """The peer, or somebody on the way, answered a NOTIFY with what says that there is no subscription, or something else
    in its dialog with what says that there is no dialog (RFC 5057 5.1)."""
    NOT_ANSWERED = "not-answered"
    """A NOTIFY got no answer."""


@frozen
class Acceptance:
    """What the application says of a subscription that it takes."""

    notice: Notice | None = None
    """The state, or what is told of it while nobody has decided."""
    expires_s: int | None = None
    """How long it lasts at most, in seconds; None: as long as the settings say."""
    headers: HeaderLines = field(default=(), converter=_lines)
    """Of the 2xx."""
    last: LastNotice | None = None
    """The only NOTIFY, where there is nothing to be told behind it."""


@frozen
class Rejection:
    """Answer the SUBSCRIBE with this."""

    status: int
    reason: str | None = None
    headers: HeaderLines = field(default=(), converter=_lines)


@frozen
class AcceptSubscribe:
    """Answer the SUBSCRIBE with 200, or with 204 where no NOTIFY follows."""

    request: Request
    expires_s: int
    headers: HeaderLines = ()
    status: int = 200


@frozen
class RefuseSubscribe:
    """Answer the SUBSCRIBE with what the application says."""

    request: Request
    rejection: Rejection


@frozen
class SubscriptionOver:
    """The subscription is over; the NOTIFY that says so may yet be to come."""

    reason: PeerSubscriptionEndReason
    message: Request | Response | None = None


@define(eq=False)
class Notifier(Machine):
    """One subscription of a peer."""

    table: ClassVar[Table]
    times: TimerValues = DEFAULT
    default_s: int = AN_HOUR_S
    """How long it lasts where the SUBSCRIBE does not say, in seconds: its package says (RFC 6665 5.4.4)."""
    shortest_s: int = 0
    """Less is too brief, in seconds."""
    longest_s: int = AN_HOUR_S
    """More is not granted, in seconds."""
    granted_s: int = 0
    """How long it lasts from its last SUBSCRIBE, in seconds."""
    authorized: bool = False
    """Whether the application has granted it."""
    subscribe: Request | None = None
    """The SUBSCRIBE that waits for the application."""

    def asked_s(self, subscribe: Request) -> int:
        """How long it is to last as the SUBSCRIBE says, in seconds."""
        expires = subscribe[EXPIRES]
        return self.default_s if expires is None else expires

    def left_s(self, now: float) -> int:
        """How long it lasts from now, in whole seconds, never more than was granted."""
        # The deadline is a sum of floats: a whole second is not lost to their rounding.
        ends = next(at for at, letter, _ in self.running if letter == "expires")
        return max(0, int(min(ends - now + 0.001, self.granted_s)))


# -------------------------------------------------------------------- guards


def is_too_brief(notifier: Notifier, subscribe: Request, _at: Any) -> bool:
    """It is to last less than the settings allow."""
    # "If and only if the expiration interval is greater than zero AND smaller than one hour AND less than a
    # notifier-configured minimum, the notifier MAY return a 423 (Interval Too Brief) error" (RFC 6665 4.2.1.1)
    asked = notifier.asked_s(subscribe)
    return 0 < asked < min(AN_HOUR_S, notifier.shortest_s)


def lasts_no_time(notifier: Notifier, acceptance: Acceptance | None, _at: Any) -> bool:
    """It is a fetch, or the application grants no time."""
    return notifier.granted_s == 0 or (acceptance is not None and acceptance.expires_s == 0)


def is_done(_: Notifier, acceptance: Acceptance, _at: Any) -> bool:
    """What is told is the end of it."""
    return acceptance.last is not None


def knows_it(_: Notifier, subscribe: Request, at: Any) -> bool:
    """The SUBSCRIBE says that the peer has the present state."""
    return bool(at.notices.knows(subscribe))


def is_authorized(notifier: Notifier, _x: Any, _at: Any) -> bool:
    """The application has granted it."""
    return notifier.authorized


# -------------------------------------------------------------------- actions


def note_asked(notifier: Notifier, subscribe: Request, _step: Step) -> None:
    """How long it may last, when it is accepted."""
    # "the server MAY shorten the interval but MUST NOT lengthen it." (RFC 6665 4.2.1.1)
    notifier.granted_s = min(notifier.asked_s(subscribe), notifier.longest_s)


def keep_asked(notifier: Notifier, subscribe: Request, _step: Step) -> None:
    """The application has yet to say what becomes of it."""
    notifier.subscribe = subscribe


def grant(notifier: Notifier, acceptance: Acceptance | None, step: Step) -> None:
    """Answer the SUBSCRIBE with 200; what the application lays down counts for refreshes as well."""
    headers: HeaderLines = ()
    if acceptance is not None:
        headers = acceptance.headers
        if acceptance.expires_s is not None:
            notifier.longest_s = min(acceptance.expires_s, notifier.longest_s)
            notifier.granted_s = min(notifier.granted_s, notifier.longest_s)
    subscribe, notifier.subscribe = notifier.subscribe, None
    assert subscribe is not None, "it is kept while it waits"
    step.emit(AcceptSubscribe(subscribe, notifier.granted_s, headers))
    step.cause("ACCEPTED", subscribe)


def authorize(notifier: Notifier, _x: Any, _step: Step) -> None:
    """The application has granted it."""
    notifier.authorized = True


def renew(notifier: Notifier, subscribe: Request, step: Step) -> None:
    """Answer a further SUBSCRIBE with 200: it lasts anew from now."""
    note_asked(notifier, subscribe, step)
    step.emit(AcceptSubscribe(subscribe, notifier.granted_s))
    step.cause("ACCEPTED", subscribe)
    step.cause("RENEWED")


def renew_quietly(notifier: Notifier, subscribe: Request, step: Step) -> None:
    """The same with 204: the subscriber knows the state, and no NOTIFY follows."""
    note_asked(notifier, subscribe, step)
    step.emit(AcceptSubscribe(subscribe, notifier.granted_s, status=204))
    step.cause("ACCEPTED", subscribe)
    step.cause("RENEWED")


def cause_confirm(_: Notifier, acceptance: Acceptance | None, step: Step) -> None:
    """A NOTIFY goes out at once, with what the application says, if it says anything."""
    step.cause("CONFIRM", None if acceptance is None else acceptance.notice)


def cause_confirm_again(_: Notifier, _x: Any, step: Step) -> None:
    """The same, with what is known already."""
    step.cause("CONFIRM", None)


def refuse(notifier: Notifier, rejection: Rejection, step: Step) -> None:
    """Answer the SUBSCRIBE as the application says."""
    subscribe, notifier.subscribe = notifier.subscribe, None
    assert subscribe is not None, "it is kept while it waits"
    step.emit(RefuseSubscribe(subscribe, rejection))
    step.cause("REJECTED")
    step.emit(SubscriptionOver(PeerSubscriptionEndReason.REJECTED))


def end_fetched(_: Notifier, acceptance: Acceptance | None, step: Step) -> None:
    """The only NOTIFY is the last one."""
    # "the NOTIFY requests triggered by SUBSCRIBE requests with "Expires" header fields of 0 will contain a
    # "Subscription-State" value of "terminated" and a "reason" parameter of "timeout"." (RFC 6665 4.4.3)
    step.cause("END", LastNotice("timeout", notice=None if acceptance is None else acceptance.notice))
    step.emit(SubscriptionOver(PeerSubscriptionEndReason.FETCHED))


def end_at_once(_: Notifier, acceptance: Acceptance, step: Step) -> None:
    """The only NOTIFY is the last one, since the state does not change any more."""
    step.cause("END", acceptance.last)
    step.emit(SubscriptionOver(PeerSubscriptionEndReason.TERMINATED))


def end_unsubscribed(_: Notifier, subscribe: Request, step: Step) -> None:
    """The peer wants no more: one NOTIFY says so."""
    step.emit(AcceptSubscribe(subscribe, 0))
    step.cause("ACCEPTED", subscribe)
    step.cause("END", LastNotice("timeout"))
    step.emit(SubscriptionOver(PeerSubscriptionEndReason.UNSUBSCRIBED, subscribe))


def end_quietly(_: Notifier, subscribe: Request, step: Step) -> None:
    """The peer wants no more, and knows all that a last NOTIFY could tell."""
    step.emit(AcceptSubscribe(subscribe, 0, status=204))
    step.cause("ACCEPTED", subscribe)
    step.cause("GONE")
    step.emit(SubscriptionOver(PeerSubscriptionEndReason.UNSUBSCRIBED, subscribe))


def end_expired(_: Notifier, _x: Any, step: Step) -> None:
    """Nobody has refreshed it."""
    # "When removing a subscription, the notifier SHOULD send a NOTIFY request with a "Subscription-State" value of
    # "terminated" to inform it that the subscription is being removed.  If such a request is sent, the
    # "Subscription-State" header field SHOULD contain a "reason=timeout" parameter." (RFC 6665 4.2.1.4)
    step.cause("END", LastNotice("timeout"))
    step.emit(SubscriptionOver(PeerSubscriptionEndReason.EXPIRED))


def end_terminated(_: Notifier, last: LastNotice, step: Step) -> None:
    """The application ends it."""
    step.cause("END", last)
    step.emit(SubscriptionOver(PeerSubscriptionEndReason.TERMINATED))


def report_lost(_: Notifier, refused: NoticeRefused, step: Step) -> None:
    """A NOTIFY has failed in a way that ends it."""
    silence = refused.response is None
    reason = PeerSubscriptionEndReason.NOT_ANSWERED if silence else PeerSubscriptionEndReason.REFUSED
    step.emit(SubscriptionOver(reason, refused.response))


def report_dialog_lost(_: Notifier, response: Response, step: Step) -> None:
    """Another usage was told that the dialog is no more."""
    step.emit(SubscriptionOver(PeerSubscriptionEndReason.REFUSED, response))


def cause_gone(_: Notifier, _x: Any, step: Step) -> None:
    """Nothing can be told any more, nor that it is over."""
    step.cause("GONE")


# -------------------------------------------------------------------- timers


def T1_times_8(notifier: Notifier) -> float:
    """8*T1: a little more than the time after which the subscriber's Timer E is at its longest."""
    return 8 * notifier.times.T1


def as_granted(notifier: Notifier) -> float:
    """As the 2xx says."""
    return float(notifier.granted_s)


UP: Final = frozenset({PENDING, ACTIVE})
BRIEF: Final = "it is to last less than is allowed"
UNANSWERED: Final = "it has not been accepted yet"
ACCEPTED: Final = "it has been accepted"
OVER: Final = "the subscription is over"
NOTHING_YET: Final = "no SUBSCRIBE yet"

# fmt: off
Notifier.table = Table(
    "subscription at the notifier",
    rfc="6665 4.2",
    initial=INITIAL,
    rows=(
        #   state       input             guard          next        actions                              RFC
        Refuse(INITIAL, "SUBSCRIBE",      is_too_brief,  423, BRIEF,                                      "6665 4.2.1.1"),
        Row(INITIAL,    "SUBSCRIBE",      always,        ASKED,      (note_asked, keep_asked),            "6665 4.2.1.1"),
        # "the subscription would be accepted and immediately terminated with a NOTIFY containing the final event state
        # with a Subscription-State of terminated with a reason value of "noresource"."
        Row(ASKED,      "ACCEPT",         is_done,       TERMINATED, (grant, end_at_once),                "7614 4.7"),
        Row(ASKED,      "ACCEPT",         lasts_no_time, TERMINATED, (grant, end_fetched),                "6665 4.4.3"),
        Row(ASKED,      "ACCEPT",         always,        ACTIVE,     (authorize, grant, cause_confirm),   "6665 4.2.1.2"),
        # "If the notifier owner is interactively queried to determine whether a subscription is allowed, a 200 (OK)
        # response is returned immediately." (RFC 6665 4.2.1.3)
        Row(ASKED,      "PENDING",        lasts_no_time, TERMINATED, (grant, end_fetched),                "6665 4.2.1.3"),
        Row(ASKED,      "PENDING",        always,        PENDING,    (grant, cause_confirm),              "6665 4.2.1.3"),
        # "notifiers MUST NOT wait for a user response before returning a final response to a SUBSCRIBE request."
        # (RFC 6665 4.2.1.1)
        Row(ASKED,      "Timer decision", lasts_no_time, TERMINATED, (grant, end_fetched),                "6665 4.2.1.1"),
        Row(ASKED,      "Timer decision", always,        PENDING,    (grant, cause_confirm),              "6665 4.2.1.1"),
        Row(ASKED,      "REJECT",         always,        TERMINATED, (refuse,),                           "6665 4.2.1.3"),
        Row(PENDING,    "ACCEPT",         always,        ACTIVE,     (authorize, cause_confirm),          "6665 4.2.2"),
        Refuse(UP,      "REFRESH",        is_too_brief,  423, BRIEF,                                      "6665 4.2.1.4"),
        # "the notifier MUST suppress the resulting NOTIFY request, and generate a 204 (No Notification) response."
        Row(UP,         "REFRESH",        knows_it,      RENEWED,    (renew_quietly,),                    "5839 6.3"),
        # By way of Renewed, where no timer runs: it begins anew.
        Row(UP,         "REFRESH",        always,        RENEWED,    (renew, cause_confirm_again),        "6665 4.2.1.4"),
        Row(RENEWED,    "RENEWED",        is_authorized, ACTIVE,     (),                                  "6665 4.2.1.4"),
        Row(RENEWED,    "RENEWED",        always,        PENDING,    (),                                  "6665 4.2.1.4"),
        Row(ACTIVE,     "NOTIFY",         always,        ACTIVE,     (),                                  "6665 4.2.2"),
        Row(UP,         "UNSUBSCRIBE",    knows_it,      TERMINATED, (end_quietly,),                      "5839 6.3"),
        Row(UP,         "UNSUBSCRIBE",    always,        TERMINATED, (end_unsubscribed,),                 "6665 4.2.1.4"),
        Row(UP,         "Timer expires",  always,        TERMINATED, (end_expired,),                      "6665 4.2.1.4"),
        Row(UP,         "TERMINATE",      always,        TERMINATED, (end_terminated,),                   "6665 4.2.2"),
        Row(UP,         "NOTICE LOST",    always,        TERMINATED, (report_lost,),                      "6665 4.2.2"),
        # "Destroys Dialog  The error destroys the dialog and all usages sharing it."
        Row(UP,         "DIALOG LOST",    always,        TERMINATED, (report_dialog_lost, cause_gone),    "5057 5.1"),
        Row(TERMINATED, "DIALOG LOST",    always,        TERMINATED, (cause_gone,),                       "5057 5.1"),
        Refuse(ASKED,   "REFRESH",        always,        500, "the SUBSCRIBE before it is unanswered",    "6665 4.2.1.1"),
        Refuse(ASKED,   "UNSUBSCRIBE",    always,        500, "the SUBSCRIBE before it is unanswered",    "6665 4.2.1.1"),
        Refuse(ASKED,   "NOTIFY",         always,        None, UNANSWERED + "; accept it",                "6665 4.2.2"),
        Refuse(ASKED,   "TERMINATE",      always,        None, UNANSWERED + "; reject it",                "6665 4.2.1.3"),
        Refuse(PENDING, "NOTIFY",         always,        None, "nobody has granted it yet; accept it",    "6665 4.2.2"),
        Refuse(PENDING, "PENDING",        always,        None, "it is pending already",                   "6665 4.2.2"),
        Refuse(ACTIVE,  "PENDING",        always,        None, ACCEPTED,                                  "6665 4.2.2"),
        Refuse(ACTIVE,  "ACCEPT",         always,        None, ACCEPTED + "; notify of a change",         "6665 4.2.2"),
        Refuse(UP,      "REJECT",         always,        None, ACCEPTED + "; terminate it instead",       "6665 4.2.1.3"),
        Refuse(TERMINATED, "REFRESH",     always,        481, OVER,                                       "6665 4.2.1.4"),
        Refuse(TERMINATED, "UNSUBSCRIBE", always,        481, OVER,                                       "6665 4.2.1.4"),
        Refuse(TERMINATED, "ACCEPT",      always,        None, OVER,                                      "6665 4.2.2"),
        Refuse(TERMINATED, "PENDING",     always,        None, OVER,                                      "6665 4.2.2"),
        Refuse(TERMINATED, "REJECT",      always,        None, OVER,                                      "6665 4.2.2"),
        Refuse(TERMINATED, "NOTIFY",      always,        None, OVER,                                      "6665 4.2.2"),
        Refuse(TERMINATED, "TERMINATE",   always,        None, OVER,                                      "6665 4.2.2"),
    ),
    timers=(
        #     letter     runs in  lasts       then  RFC
        Timer("decision", {ASKED}, T1_times_8, once, "6665 4.2.1.1"),
        Timer("expires",  UP,      as_granted, once, "6665 4.2.1.4"),
    ),
    ignored=(
        Ignore(INITIAL, {"ACCEPT", "PENDING", "REJECT", "REFRESH", "UNSUBSCRIBE", "NOTIFY", "TERMINATE"}, NOTHING_YET),
        Ignore({INITIAL, ASKED, PENDING, ACTIVE, TERMINATED}, "RENEWED", "caused by a refresh only"),
        Ignore({ASKED, PENDING, ACTIVE, RENEWED, TERMINATED}, "SUBSCRIBE", "what follows it is a refresh"),
        Ignore(RENEWED, {"ACCEPT", "PENDING", "REJECT", "REFRESH", "UNSUBSCRIBE", "NOTIFY", "TERMINATE", "NOTICE LOST", "DIALOG LOST"},
               "left in the step that enters it"),
        Ignore({INITIAL, ASKED}, "NOTICE LOST", "no NOTIFY has been sent"),
        Ignore({INITIAL, ASKED}, "DIALOG LOST", "the SUBSCRIBE is to be answered first"),
        Ignore(TERMINATED, "NOTICE LOST", OVER),
    ),
)
# fmt: on
