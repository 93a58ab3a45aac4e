"""The notifier side of a user agent: SUBSCRIBE requests that come, and the NOTIFY requests that follow.

RFC 6665 4.2 and 4.5.2. Each event of `sipsm.usage.notifying` comes from here, and what the machines ask for is done
here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from attrs import evolve

from sipsm.dialog import as_uas
from sipsm.errors import LocalProtocolError
from sipsm.grammar import is_token
from sipsm.grammar.text_value import built
from sipsm.machine import Agenda, Observer, Refuse, Step, joint_step
from sipsm.message import Request, Response, response_to
from sipsm.message.headers import ACCEPT, EVENT, EXPIRES, ContentType, Event, SubscriptionState
from sipsm.message.names import canonical
from sipsm.packages.package import EventPackage
from sipsm.role.calls.dialogs import Dialogs, Place
from sipsm.role.calls.message_events import RequestServed
from sipsm.role.calls.requests_in import RequestsIn
from sipsm.role.checking import check_headers, refuse_100rel, type_line
from sipsm.role.commanded import Commanded
from sipsm.role.limits import Limits
from sipsm.role.part import Takes
from sipsm.role.party import HeaderLines, Party
from sipsm.role.policy import Policy
from sipsm.role.steps import Steps
from sipsm.role.subscriptions.events import (
    NotificationRefused,
    PeerSubscriptionEnded,
    StateWanted,
    SubscriptionRequested,
)
from sipsm.role.subscriptions.peer_subscription import NotifyUnderWay, PeerSubscription
from sipsm.transaction import ServerTransaction, TransactionLayer
from sipsm.usage.notices import OVER, LastNotice, Notice, NoticeRefused, Notices, SendNotify, WantState
from sipsm.usage.notifier import (
    Acceptance,
    AcceptSubscribe,
    Notifier,
    RefuseSubscribe,
    Rejection,
    SubscriptionOver,
)
from sipsm.usage.notifying import NOTIFYING

_EVENT_OF: Final = {
    "accept": "ACCEPT",
    "keep it pending": "PENDING",
    "reject": "REJECT",
    "notify": "NOTIFY",
    "terminate": "TERMINATE",
}

REFER: Final = "refer"
"""The package whose subscriptions are begun by REFER, or at the URI that its 200 names (RFC 3515 2.4.4, RFC 7614)."""

OfReferral = Callable[[ServerTransaction, Request, float], list[Any]]
"""What is made of a SUBSCRIBE for it outside a dialog: `(tx, request, now)`."""

_Way = Callable[[PeerSubscription, Any, ServerTransaction | None, float], list[Any]]


class PeerSubscriptionSteps(Steps[PeerSubscription]):
    """The steps of subscriptions of peers."""

    wiring = NOTIFYING


class Notifications:
    """The subscriptions of peers that are not forgotten yet."""

    def __init__(
        self,
        requests: RequestsIn,
        dialogs: Dialogs,
        transactions: TransactionLayer,
        party: Party,
        policy: Policy,
        limits: Limits,
        commanded: Commanded,
        agenda: Agenda,
        observer: Observer | None,
    ) -> None:
        self.requests = requests
        self.dialogs = dialogs
        self.transactions = transactions
        self.party = party
        self.policy = policy
        self.limits = limits
        self.commanded = commanded
        self.observer = observer
        self.steps = PeerSubscriptionSteps(self.finish, agenda, observer)
        dialogs.ends[PeerSubscription] = self.steps.event
        self.all: dict[PeerSubscription, None] = {}
        """Them, the oldest first."""
        self.of_referral: OfReferral
        """Who takes a SUBSCRIBE for what has become of a REFER: to be put here by what knows those."""
        self.ways: Final[dict[type, _Way]] = {
            AcceptSubscribe: self.accept,
            RefuseSubscribe: self.refuse,
            SendNotify: self.notify,
            WantState: self.tell_wanted,
            NoticeRefused: self.tell_refused,
            SubscriptionOver: self.tell_over,
        }

    def takes(self) -> Takes:
        """What of the user agent's it takes."""
        return Takes(
            outside={"SUBSCRIBE": self.outside},
            inside={"SUBSCRIBE": self.inside},
            ends={NotifyUnderWay: self.answered},
            keeps=frozenset({NotifyUnderWay}),
            wakes={PeerSubscription: self.steps.wake},
            commands={PeerSubscription: self.command},
        )

    # ---------------------------------------------------------------- SUBSCRIBE

    def outside(self, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A SUBSCRIBE outside a dialog: its 2xx makes one (RFC 6665 4.2.1.1)."""
        contacts = request.contacts
        if len(contacts) != 1 or contacts[0].is_star or contacts[0].uri.scheme not in {"sip", "sips"}:
            # It is where the NOTIFY requests go (RFC 3261 8.1.1.8, 12.1.1).
            return self.requests.serve(tx, request, 400, now)
        event = request[EVENT]
        assert event is not None, "the screening has seen it"
        if event.value == REFER:
            return self.of_referral(tx, request, now)
        _, outputs = self.begin(None, tx, request, now)
        return outputs

    def inside(self, place: Place, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A SUBSCRIBE within a dialog: of a subscription there, or for a new one (RFC 6665 4.2.1.4, 4.5.2)."""
        event = request[EVENT]
        assert event is not None, "the screening has seen it"
        for each in place.usages:
            if isinstance(each, PeerSubscription) and (each.event, each.id) == (event.value, event.id):
                name = "<UNSUBSCRIBE" if request[EXPIRES] == 0 else "<REFRESH"
                return self.take(each, name, tx, request, now)
        if event.value == REFER:
            # "If a SUBSCRIBE request for event refer is received for a subscription that does not already exist, it
            # MUST be rejected with a 403." (RFC 3515 2.4.4)  And: "The SUBSCRIBE request MUST NOT reuse any existing
            # dialog identifiers." (RFC 7614 4.4)
            return self.requests.serve(tx, request, 403, now)
        if place.dialog.state != "Confirmed":
            # "it may choose to fail the SUBSCRIBE request with a 403 (Forbidden) response.  The error text of such 403
            # responses SHOULD indicate that dialog sharing is not supported." (RFC 6665 4.5.2)
            refusal = response_to(request, 403, "An Early Dialog Is Not Shared", headers=self.party.server)
            return [*self.transactions.respond(tx, refusal, now), RequestServed(request, 403)]
        _, outputs = self.begin(place, tx, request, now)
        return outputs

    def begin(
        self, place: Place | None, tx: ServerTransaction, request: Request, now: float, referral: Any = None
    ) -> tuple[PeerSubscription | None, list[Any]]:
        """Somebody wants to subscribe: to how far a `PeerReferral` has come, or what the application is asked about.

        The first result is None where it has been refused.
        """
        in_dialog = 0 if place is None else len(place.usages)
        if len(self.all) >= self.limits.peer_subscriptions or in_dialog >= self.limits.subscriptions_in_dialog:
            return None, self.requests.serve(tx, request, 503, now, headers=[("Retry-After", "10")])
        if place is None:
            place = Place(as_uas(request, self.party.ids.tag(), self.party.ids.cseq()), flow=tx.flow)
        event = request[EVENT]
        assert event is not None, "the screening has seen it"
        package = self.party.profile.package(event.value)
        times = self.transactions.times
        subscription = PeerSubscription(
            self.commanded,
            place,
            event.value,
            event.id,
            str(request.uri),
            _accepted(request, package),
            Notifier(
                times,
                package.expires_s,
                self.policy.shortest_subscription_s,
                self.policy.longest_subscription_s,
            ),
            Notices(times, package.interval_s, self.limits.waiting_changes),
            tx,
            referral,
        )
        outputs = self.take(subscription, "<SUBSCRIBE", tx, request, now, new=True)
        if subscription.notifier.subscribe is None:
            # It is too brief.
            return None, outputs
        return subscription, outputs if referral else [SubscriptionRequested(subscription, request), *outputs]

    def take(
        self,
        subscription: PeerSubscription,
        event: str,
        tx: ServerTransaction,
        request: Request,
        now: float,
        *,
        new: bool = False,
    ) -> list[Any]:
        """A SUBSCRIBE, which a rule may refuse: then it is answered as that says."""
        step = Step(now, self.observer)
        outcome = joint_step(NOTIFYING, subscription, event, request, step)
        if outcome.refusal is not None:
            return self.refused(tx, request, outcome.refusal, now)
        if new:
            self.all[subscription] = None
            self.dialogs.enter(subscription.place, subscription, now)
        return self.finish(subscription, step, now, tx)

    def refused(self, tx: ServerTransaction, request: Request, refusal: Refuse, now: float) -> list[Any]:
        """A rule refuses a SUBSCRIBE."""
        if refusal.status == 423:
            # "a 423 (Interval Too Brief) error that contains a "Min-Expires" header field." (RFC 6665 4.2.1.1)
            brief = [("Min-Expires", str(self.policy.shortest_subscription_s))]
            return self.requests.serve(tx, request, 423, now, headers=brief)
        return self.requests.refuse(tx, request, refusal, now)

    # ---------------------------------------------------------------- commands, and what became of a NOTIFY

    def command(self, subscription: PeerSubscription, command: str, x: Any, now: float) -> list[Any]:
        """A command of the application. Raises `LocalProtocolError` when a rule forbids it."""
        x = self.checked(subscription, command, x)
        subscription.dialog.check("NOTIFY")
        return self.steps.command(subscription, _EVENT_OF[command], x, now, command)

    def answered(
        self, user: NotifyUnderWay, status: int, response: Response | None, _why: str, now: float
    ) -> list[Any]:
        """A NOTIFY has come to its end (RFC 6665 4.2.2)."""
        if user.of not in self.all:
            # It was over before, with its dialog.
            return []
        if status < 300:
            return self.steps.event(user.of, "ANSWERED", response, now)
        return self.steps.event(user.of, "REFUSED", NoticeRefused(status, response), now)

    def finish(
        self, subscription: PeerSubscription, step: Step, now: float, tx: ServerTransaction | None = None
    ) -> list[Any]:
        """Carry out what a step asked for, and forget or watch the subscription."""
        outputs: list[Any] = []
        told: list[Any] = []
        for _, x in step.outputs:
            kind = type(x)
            (told if kind in _TOLD else outputs).extend(self.ways[kind](subscription, x, tx, now))
        if subscription.notices.state == OVER:
            # "A subscription is destroyed after a notifier sends a NOTIFY request with a "Subscription-State" of
            # "terminated", or in certain error situations described elsewhere in this document." (RFC 6665 4.4.1)
            del self.all[subscription]
            self.dialogs.leave(subscription.place, subscription, now)
        self.steps.watch(subscription, subscription in self.all)
        return outputs + told

    # ---------------------------------------------------------------- what is sent

    def accept(
        self, subscription: PeerSubscription, x: AcceptSubscribe, tx: ServerTransaction | None, now: float
    ) -> list[Any]:
        """A 200 or 204 to a SUBSCRIBE."""
        # "The final expiration time is placed in the "Expires" header field in the response." (RFC 6665 4.2.1.4)
        # "unlike SUBSCRIBE, the REFER transaction does not contain a duration" (RFC 3515 2.4.4).
        lasts = [("Expires", str(x.expires_s))] if x.request.method == "SUBSCRIBE" else []
        place = subscription.place
        contact = self.party.contact(place.flow, place.dialog, x.request)
        own: HeaderLines = [contact, *lasts, *self.party.events]
        return self.respond(subscription, tx, x.request, x.status, None, [*own, *x.headers], now)

    def refuse(
        self, subscription: PeerSubscription, x: RefuseSubscribe, tx: ServerTransaction | None, now: float
    ) -> list[Any]:
        """Another final response to a SUBSCRIBE."""
        rejection = x.rejection
        return self.respond(subscription, tx, x.request, rejection.status, rejection.reason, rejection.headers, now)

    def respond(
        self,
        subscription: PeerSubscription,
        tx: ServerTransaction | None,
        request: Request,
        status: int,
        reason: str | None,
        headers: Any,
        now: float,
    ) -> list[Any]:
        """The final response to a SUBSCRIBE: the one that has just come, or the one that has waited."""
        waiting, subscription.transaction = subscription.transaction, None
        answered = tx or waiting
        assert answered is not None, "a SUBSCRIBE has its transaction"
        response = response_to(
            request,
            status,
            reason,
            to_tag=subscription.dialog.local_tag,
            record_route=status < 300,
            headers=[*headers, *self.party.server],
        )
        return [*self.transactions.respond(answered, response, now)]

    def notify(
        self, subscription: PeerSubscription, x: SendNotify, _tx: ServerTransaction | None, now: float
    ) -> list[Any]:
        """A NOTIFY."""
        notice = x.notice
        # "If an "id" parameter is present in the SUBSCRIBE request used to establish a subscription, that "id"
        # parameter MUST also be present in all corresponding NOTIFY requests." (RFC 6665 4.5.2)
        event = subscription.event
        if subscription.id is not None:
            event = str(Event.build(event, id=subscription.id))
        headers: HeaderLines = [("Event", event), ("Subscription-State", _state(subscription, x.last, now))]
        if notice.content_type is not None and notice.body:
            headers.append(("Content-Type", notice.content_type))
        if notice.etag is not None:
            # "Hence, the NOTIFY MUST contain a SIP-ETag header field that contains the unchanged entity-tag of the
            # resource state." (RFC 5839 6.2, of one whose body is left out)
            headers.append(("SIP-ETag", notice.etag))
        return self.dialogs.send(
            subscription.place,
            "NOTIFY",
            [*headers, *notice.headers],
            NotifyUnderWay(subscription),
            now,
            body=notice.body,
        )

    # ---------------------------------------------------------------- what is told

    def tell_wanted(
        self, subscription: PeerSubscription, _x: WantState, _tx: ServerTransaction | None, _now: float
    ) -> list[Any]:
        """The whole state is to be told."""
        return [StateWanted(subscription)]

    def tell_refused(
        self, subscription: PeerSubscription, x: NoticeRefused, _tx: ServerTransaction | None, _now: float
    ) -> list[Any]:
        """A NOTIFY came to nothing."""
        return [NotificationRefused(subscription, x.status, x.response)]

    def tell_over(
        self, subscription: PeerSubscription, x: SubscriptionOver, _tx: ServerTransaction | None, _now: float
    ) -> list[Any]:
        """It is over."""
        return [PeerSubscriptionEnded(subscription, x.reason, x.message)]

    # ---------------------------------------------------------------- what could not be built

    def checked(self, subscription: PeerSubscription, command: str, x: Any) -> Any:
        """A command with the type of its body. Raises `LocalProtocolError` where its message could not be built."""
        if isinstance(x, Notice):
            return self.typed(subscription, x)
        match x:
            case Rejection(status=status):
                if type(status) is not int or not 300 <= status <= 699:
                    raise LocalProtocolError(f"cannot reject with {status}: it is not in 300 to 699", rfc="6665 4.2.1")
                check_headers(x.headers, contact=True)
                Response.build(status, x.reason, x.headers)
                return x
            case Acceptance(notice=Notice() as notice, expires_s=expires_s):
                if expires_s is not None and (type(expires_s) is not int or expires_s < 0):
                    raise LocalProtocolError(f"cannot {command} for {expires_s} s", rfc="6665 4.2.1.1")
                _check(x.headers)
                Response.build(200, None, x.headers)
                return evolve(x, notice=self.typed(subscription, notice))
        assert isinstance(x, LastNotice), "nothing else is commanded"
        assert x.notice is not None, "what is told in the end is said, if only that it is nothing"
        # event-reason-extension = token (RFC 6665 8.4)
        if x.reason is not None and not is_token(x.reason):
            raise LocalProtocolError(f"{x.reason!r} is no reason of a Subscription-State", rfc="6665 8.4")
        SubscriptionState.build("terminated", retry_after_s=x.retry_after_s)
        return evolve(x, notice=self.typed(subscription, x.notice))

    def typed(self, subscription: PeerSubscription, notice: Notice) -> Notice:
        """What a NOTIFY tells, with the type of its body."""
        # "It can have any value, except for "*"." (RFC 5839 6.1)
        if notice.etag is not None and (notice.etag == "*" or not is_token(notice.etag)):
            raise LocalProtocolError(f"{notice.etag!r} names no state", rfc="5839 6.1")
        if notice.headers:
            _check(notice.headers)
            refuse_100rel("NOTIFY", notice.headers)
            Request.build("NOTIFY", subscription.resource, notice.headers)
        if not notice.body:
            return notice
        kind = notice.content_type or self.party.profile.package(subscription.event).default_type
        if kind is None:
            raise LocalProtocolError("a body needs a Content-Type", rfc="3261 20.15")
        _ = type_line(kind)
        # "When present, the body of the NOTIFY request MUST be formatted into one of the body formats specified in the
        # "Accept" header field of the corresponding SUBSCRIBE request (or the default type according to the event
        # package description, if no "Accept" header field was specified)." (RFC 6665 3.2.1)
        if kind not in subscription.accepts and not _covered(kind, subscription.accepts):
            accepted = ", ".join(subscription.accepts) or "nothing"
            raise LocalProtocolError(f"cannot send {kind}: the subscriber accepts {accepted}", rfc="6665 3.2.1")
        return notice if kind == notice.content_type else evolve(notice, content_type=kind)


_TOLD: Final = frozenset((WantState, NoticeRefused, SubscriptionOver))
"""What becomes an event."""

_OWN: Final = frozenset({"event", "subscription-state", "expires", "allow-events"})
"""The headers that are written here, beside those that every message has from us."""


def _check(headers: Iterable[tuple[str, str]]) -> None:
    for name, _ in check_headers(headers):
        if canonical(name) in _OWN:
            raise LocalProtocolError(f"{name} is written by sipsm itself", rfc="6665 8.2")


def _accepted(request: Request, package: EventPackage) -> tuple[str, ...]:
    """The types of body that a SUBSCRIBE accepts, in lower case."""
    if request.has("Accept"):
        return tuple(each.media_type for each in request[ACCEPT] if each.q > 0)
    return ("*/*",) if package.default_type is None else (package.default_type,)


def _covered(kind: str, accepted: tuple[str, ...]) -> bool:
    alone = built(ContentType.parse, kind).media_type
    return not {alone, "*/*", alone.partition("/")[0] + "/*"}.isdisjoint(accepted)


def _state(subscription: PeerSubscription, last: LastNotice | None, now: float) -> str:
    """The Subscription-State of a NOTIFY (RFC 6665 4.2.2)."""
    if last is not None:
        # "If the value of the "Subscription-State" header field is "terminated", the notifier SHOULD also include a
        # "reason" parameter." (RFC 6665 4.2.2)
        return str(SubscriptionState.build("terminated", reason=last.reason, retry_after_s=last.retry_after_s))
    # "If the value of the "Subscription-State" header field is "active" or "pending", the notifier MUST also include in
    # the "Subscription-State" header field an "expires" parameter that indicates the time remaining on the
    # subscription." (RFC 6665 4.2.2)
    notifier = subscription.notifier
    return f"{'active' if notifier.authorized else 'pending'};expires={notifier.left_s(now)}"
