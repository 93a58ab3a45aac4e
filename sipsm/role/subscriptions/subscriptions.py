"""The subscriber side of a user agent: SUBSCRIBE requests that go out, and the NOTIFY requests that follow.

RFC 6665 4.1, 4.4 and 4.5.2. Each event of `sipsm.usage.subscribing` comes from here, and what the machines ask for is
done here.
"""

from __future__ import annotations

from typing import Any, Final

from sipsm.dialog import as_uac
from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.grammar.text_value import built
from sipsm.machine import Agenda, Observer, Step, joint_step
from sipsm.message import Request, Response, response_to
from sipsm.message.headers import EVENT, SIP_ETAG, SUBSCRIPTION_STATE, Accept, Event
from sipsm.message.names import canonical
from sipsm.role.alarm import Alarm
from sipsm.role.calls.call import Call
from sipsm.role.calls.dialogs import Dialogs, Place
from sipsm.role.calls.requests_in import RequestsIn
from sipsm.role.checking import check_headers, type_line
from sipsm.role.commanded import Commanded
from sipsm.role.limits import Limits
from sipsm.role.part import Takes
from sipsm.role.party import HeaderLines, Party
from sipsm.role.policy import Policy
from sipsm.role.screening import allow_events
from sipsm.role.steps import Steps
from sipsm.role.subscriptions.beginning import Beginning, BySubscribe
from sipsm.role.subscriptions.events import (
    NotifyReceived,
    RefreshFailed,
    Resubscribing,
    SubscriptionActive,
    SubscriptionEnded,
    SubscriptionPending,
)
from sipsm.role.subscriptions.subscription import OutgoingSubscribe, Subscription, Wanted, check_duration
from sipsm.transaction import ServerTransaction, TimerValues
from sipsm.transaction.sending import Sending
from sipsm.usage import attempt
from sipsm.usage.attempt import Attempt
from sipsm.usage.renewal import Renewal
from sipsm.usage.subscriber import Subscriber
from sipsm.usage.subscribing import SUBSCRIBING
from sipsm.usage.subscription_outputs import (
    Ended,
    Failure,
    RefreshRefused,
    SendSubscribe,
    Stands,
    Subscribe,
    SubscriptionEndReason,
)

AttemptId = tuple[str, str]
"""The Call-ID and the From tag of a SUBSCRIBE outside a dialog."""

# A state that an extension defines is told to the application; the subscription is there, and not known to be granted.
_BY_STATE: Final = {"active": "ACTIVE", "terminated": "TERMINATED"}

_OWN: Final = frozenset({"event", "expires"})
"""The headers of a SUBSCRIBE that are written here, beside those that every message has from us."""

_COMMANDS: Final = {"REFRESH": "refresh", "UNSUBSCRIBE": "unsubscribe"}


class SubscriptionSteps(Steps[Subscription]):
    """The steps of subscriptions of ours."""

    wiring = SUBSCRIBING


class Subscriptions:
    """The subscriptions of ours that are not forgotten yet."""

    def __init__(
        self,
        requests: RequestsIn,
        dialogs: Dialogs,
        sending: Sending,
        party: Party,
        policy: Policy,
        limits: Limits,
        commanded: Commanded,
        agenda: Agenda,
        observer: Observer | None,
    ) -> None:
        self.requests = requests
        self.dialogs = dialogs
        self.sending = sending
        self.party = party
        self.policy = policy
        self.limits = limits
        self.commanded = commanded
        self.agenda = agenda
        self.observer = observer
        self.steps = SubscriptionSteps(self.carry, agenda, observer)
        dialogs.ends[Subscription] = self.steps.event
        self.all: dict[Subscription, None] = {}
        """Them, the oldest first."""
        self.attempts: dict[AttemptId, Attempt] = {}
        """The SUBSCRIBE requests outside a dialog that may still make one."""
        self.beginnings: dict[str, Beginning] = {"SUBSCRIBE": BySubscribe()}
        """By the method of the request that begins a subscription: its ways."""

    def takes(self) -> Takes:
        """What of the user agent's it takes."""
        return Takes(
            unplaced={"NOTIFY": self.unplaced},
            inside={"NOTIFY": self.inside},
            ends={OutgoingSubscribe: self.answered},
            keeps=frozenset({OutgoingSubscribe}),
            wakes={Subscription: self.steps.wake, Attempt: self.wake_attempt},
            commands={Subscription: self.command},
            renumbered={OutgoingSubscribe: note_number},
        )

    # ---------------------------------------------------------------- commands

    def subscribe(
        self, wanted: Wanted, call: Call | None, expires_s: int, now: float
    ) -> tuple[Subscription, list[Any]]:
        """Subscribe to somebody's state, or within a call's dialog (RFC 6665 4.1.2.1)."""
        if len(self.all) >= self.limits.subscriptions:
            there = self.limits.subscriptions
            raise LocalProtocolError(f"{there} subscriptions are there, and the limits allow no more")
        check_duration(expires_s)
        for kind in wanted.types:
            built(Accept.parse, kind)
        for name, _ in wanted.headers:
            if canonical(name) in _OWN:
                raise LocalProtocolError(f"{name} is written by sipsm itself, by the arguments", rfc="6665 4.1.2.1")
        made = None
        if call is None:
            made = self.outside(wanted, expires_s, None)
            self.sending.check(made[1], made[0])
            place = Place(as_uac(made[0]))
        else:
            place = self.shared(call, wanted, expires_s)
        subscription = Subscription(
            self.commanded,
            place,
            wanted,
            Subscriber(resubscribes=self.policy.resubscribes and call is None),
            Renewal(self.times, self.policy.corrects_refused),
        )
        if call is not None:
            self.dialogs.enter(place, subscription, now)
        self.all[subscription] = None
        step = Step(now, self.observer)
        joint_step(SUBSCRIBING, subscription, ">SUBSCRIBE", Subscribe(expires_s), step)
        return subscription, self.carry(subscription, step, now, made)

    def shared(self, call: Call, wanted: Wanted, expires_s: int) -> Place:
        """The place in a call's dialog, where that may be shared (RFC 6665 4.5.2)."""
        dialog = call.here.dialog
        if dialog.state != "Confirmed":
            raise LocalProtocolError("cannot subscribe within the call: its dialog is not confirmed", rfc="6665 4.5.2")
        dialog.check("SUBSCRIBE")
        # "Subscribers MUST NOT attempt to reuse dialogs whose remote target is a GRUU." (RFC 6665 4.5.2)
        if "gr" in Uri.parse(dialog.remote_target or "").params:
            raise LocalProtocolError(
                "cannot subscribe within the call: its target is a GRUU; subscribe to that", rfc="6665 4.5.2"
            )
        check_headers(wanted.headers)
        lines = self.beginnings[wanted.method].lines(wanted, expires_s)
        Request.build("SUBSCRIBE", call.invite.uri, [*lines, *wanted.headers], wanted.body)
        place = self.dialogs.at(call.here)
        if self.among(place, wanted.kind) is not None:
            raise LocalProtocolError("cannot subscribe twice within the call: give another id", rfc="6665 4.5.2")
        return place

    @property
    def times(self) -> TimerValues:
        """From which the timers are made."""
        return self.requests.transactions.times

    def command(self, subscription: Subscription, command: str, x: Any, now: float) -> list[Any]:
        """A command of the application. Raises `LocalProtocolError` when a rule forbids it."""
        if subscription.place.known_as is not None:
            subscription.dialog.check("SUBSCRIBE")
        return self.steps.command(subscription, command, x, now, _COMMANDS[command])

    def beginning(self, subscription: Subscription) -> Beginning:
        """By what a subscription is begun."""
        return self.beginnings[subscription.wanted.method]

    # ---------------------------------------------------------------- what comes

    def inside(self, place: Place, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A NOTIFY within a dialog."""
        kind = request[EVENT]
        found = None if kind is None else self.among(place, kind)
        if found is None or request[SUBSCRIPTION_STATE] is None:
            return self.refuse(tx, request, kind if found is None else found.wanted.kind, found is not None, now)
        if not found.wanted.takes(request):
            return self.cannot_read(found.wanted, tx, request, now)
        return self.notified(found, tx, request, now)

    def unplaced(self, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A NOTIFY that may make a dialog (RFC 6665 4.4.1)."""
        # "NOTIFY requests are matched to such SUBSCRIBE requests if they contain the same "Call-ID", a "To" header
        # field "tag" parameter that matches the "From" header field "tag" parameter of the SUBSCRIBE request, and the
        # same "Event" header field." (RFC 6665 4.4.1)
        kind = request[EVENT]
        tried = self.attempts.get((request.call_id, request.to_tag or ""))
        matches = tried is not None and kind is not None and self.beginning(tried.origin).is_told_by(tried.origin, kind)
        if tried is None or not matches or request[SUBSCRIPTION_STATE] is None:
            return self.refuse(tx, request, kind, matches, now)
        if not tried.origin.wanted.takes(request):
            return self.cannot_read(tried.origin.wanted, tx, request, now)
        if len(tried.heard) >= self.limits.forks or len(self.all) >= self.limits.subscriptions + self.limits.forks:
            return self.requests.serve(tx, request, 481, now)
        if tried.receive("NOTIFY", request, Step(now, self.observer)).refused:
            return self.requests.serve(tx, request, 481, now)
        origin: Subscription = tried.origin
        if len(tried.heard) == 1:
            return self.notified(origin, tx, request, now)
        new = self.branch(tried, now)
        return self.notified(new, tx, request, now, *self.beginning(origin).forked(new, origin, now))

    def among(self, place: Place, kind: Event) -> Subscription | None:
        """The subscription of ours in a dialog that is of this event."""
        ours = (each for each in place.usages if isinstance(each, Subscription))
        return next((each for each in ours if self.beginning(each).is_told_by(each, kind)), None)

    def branch(self, tried: Attempt, now: float) -> Subscription:
        """The subscription of a further branch (RFC 6665 4.1.4)."""
        origin: Subscription = tried.origin
        asked = Subscribe(origin.subscriber.asked_s)
        new = Subscription(
            self.commanded,
            Place(as_uac(tried.request)),
            origin.wanted,
            Subscriber(resubscribes=False),
            Renewal(self.times, self.policy.corrects_refused),
            attempt=tried,
        )
        self.all[new] = None
        joint_step(SUBSCRIBING, new, "FORKED", asked, Step(now, self.observer))
        return new

    def refuse(
        self, tx: ServerTransaction, request: Request, kind: Event | None, is_ours: bool, now: float
    ) -> list[Any]:
        """A NOTIFY that is none of our subscriptions', or that cannot be understood."""
        if is_ours:
            # "NOTIFY requests MUST contain "Subscription-State" header fields" (RFC 6665 4.1.3)
            return self.requests.serve(tx, request, 400, now)
        if kind is None or not self.party.profile.knows(kind.value):
            # "If, for some reason, the event package designated in the "Event" header field of the NOTIFY request is
            # not supported, the subscriber will respond with a 489 (Bad Event) response." (RFC 6665 4.1.3)
            return self.requests.serve(tx, request, 489, now, headers=allow_events(self.party.profile))
        # "if not, it MUST return a 481 (Subscription does not exist) response unless another 400- or 500-class response
        # is more appropriate." (RFC 6665 4.1.3)
        return self.requests.serve(tx, request, 481, now)

    def cannot_read(self, wanted: Wanted, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A NOTIFY has a body of a type that was not asked for."""
        # "the UAS MUST reject the request with a 415 (Unsupported Media Type) response. The response MUST contain an
        # Accept header field listing the types of all bodies it understands" (RFC 3261 8.2.3)
        return self.requests.serve(tx, request, 415, now, headers=[("Accept", ", ".join(wanted.types))])

    def notified(
        self, subscription: Subscription, tx: ServerTransaction, request: Request, now: float, *before: Any
    ) -> list[Any]:
        """A NOTIFY of a subscription."""
        place = subscription.place
        makes_dialog = place.known_as is None
        # "In particular, subscribers MUST NOT wait for a user response before returning a final response to a NOTIFY
        # request." (RFC 6665 4.1.3)
        response = response_to(
            request,
            200,
            record_route=makes_dialog,
            headers=[self.party.contact(tx.flow, place.dialog), *self.party.server],
        )
        outputs = self.requests.transactions.respond(tx, response, now)
        state = request[SUBSCRIPTION_STATE]
        assert state is not None, "it has been looked at"
        subscription.etag = request[SIP_ETAG]
        name = _BY_STATE.get(state.state, "PENDING")
        step = Step(now, self.observer)
        if makes_dialog:
            place.flow = tx.flow
        joint_step(SUBSCRIBING, subscription, name, request, step)
        if makes_dialog and name != "TERMINATED":
            # "Dialogs usages are created upon completion of a NOTIFY transaction for a new subscription, unless the
            # NOTIFY request contains a "Subscription-State" of "terminated."" (RFC 6665 4.4.1)
            self.dialogs.enter(place, subscription, now)
        # First of all, since it may say how the subscription is to be named in what is sent next (RFC 3515 2.4.6).
        told = self.beginning(subscription).told(subscription, [NotifyReceived(subscription, request, state)], now)
        done = self.carry(subscription, step, now)
        return [*outputs, *before, *([*told, *done] if name == "TERMINATED" else [*done, *told])]

    def answered(
        self, user: OutgoingSubscribe, status: int, response: Response | None, _why: str, now: float
    ) -> list[Any]:
        """The end of a SUBSCRIBE of ours."""
        subscription: Subscription = user.subscription
        if subscription.under_way is not user:
            # What it was for is over.
            return []
        subscription.under_way = None
        tried = subscription.attempt
        begins = None if subscription.renewal.refreshes else self.beginning(subscription)
        if begins and status >= 300 and (again := begins.again(subscription, response, now)) is not None:
            return again
        if response is not None and status < 300:
            # "Implementations conformant with the current specification MUST treat an incoming 202 response as
            # identical to a 200 response" (RFC 6665 8.3.1)
            told = begins.accepted(subscription, response, now) if begins else []
            return told + self.steps.event(subscription, "204" if status == 204 else "2XX", response, now)
        outputs = self.steps.event(subscription, "REFUSED", Failure(status, response), now)
        if tried is not None and tried is subscription.attempt:
            self.move(tried, "REFUSED", now)
        return outputs

    def wake_attempt(self, tried: Attempt, now: float) -> list[Any]:
        """No further branch of a SUBSCRIBE may notify."""
        self.move(tried, tried.fired("N", now), now)
        if tried.origin.attempt is tried:
            # Its request is half of what a subscription would hold for as long as it lasts.
            tried.origin.attempt = None
        return []

    # ---------------------------------------------------------------- steps

    def carry(
        self, subscription: Subscription, step: Step, now: float, made: tuple[Request, Uri] | None = None
    ) -> list[Any]:
        """Do what a step asked for; what is sent comes before what is told."""
        sent: list[Any] = []
        told: list[Any] = []
        for _, x in step.outputs:
            match x:
                case SendSubscribe():
                    sent += self.send(subscription, x, now, made)
                case Stands("active", request):
                    told.append(SubscriptionActive(subscription, request))
                case Stands(_, request):
                    told.append(SubscriptionPending(subscription, request))
                case RefreshRefused(failure):
                    told.append(RefreshFailed(subscription, failure.status, failure.response))
                case _:
                    assert isinstance(x, Ended), "what is asked for is sent, and the rest is told"
                    told.append(self.end(subscription, x, now))
        self.steps.watch(subscription, subscription in self.all)
        return sent + (self.beginning(subscription).told(subscription, told, now) if told else [])

    def end(self, subscription: Subscription, x: Ended, now: float) -> Any:
        """A subscription is over, for good or for a while."""
        place = subscription.place
        subscription.under_way = None
        if subscription in place.usages:
            self.dialogs.leave(place, subscription, now)
        if x.reason is SubscriptionEndReason.UNSUBSCRIBED and subscription.attempt is not None:
            self.move(subscription.attempt, "CLOSE", now)
        if x.again_in_s is not None:
            return Resubscribing(subscription, x.reason, x.again_in_s, x.message)
        self.all.pop(subscription, None)
        return SubscriptionEnded(subscription, x.reason, x.message, x.retry_after_s)

    def move(self, tried: Attempt, event: str, now: float) -> None:
        """An attempt goes on, or is forgotten."""
        tried.receive(event, None, Step(now, self.observer))
        if tried.state == attempt.CLOSED and tried.alarm.of is not None:
            tried.alarm.stop(self.agenda)
            del self.attempts[tried.request.call_id, tried.request.from_tag or ""]

    # ---------------------------------------------------------------- messages

    def known(self, subscription: Subscription) -> HeaderLines:
        """What a further SUBSCRIBE says of the state that is known (RFC 5839 5.5 to 5.7)."""
        suppresses = self.policy.suppresses_known and subscription.etag is not None
        return [("Suppress-If-Match", subscription.etag or "")] if suppresses else []

    def outside(
        self, wanted: Wanted, expires_s: int, again: tuple[Request, int] | None, more: HeaderLines | None = None
    ) -> tuple[Request, Uri]:
        """A SUBSCRIBE outside a dialog, and the URI of its next hop."""
        assert wanted.target is not None, "only within a call's dialog there is none"
        lines = self.beginnings[wanted.method].lines(wanted, expires_s)
        own = [*self.party.capabilities_of_session(), *lines, *(more or ()), *_content(wanted)]
        # What the application said to be known the first time is not so any more.
        given = [line for line in wanted.headers if not more or canonical(line[0]) != "suppress-if-match"]
        return self.party.request_outside(wanted.method, wanted.target, wanted.to, given, wanted.body, own, again=again)

    def send(
        self, subscription: Subscription, x: SendSubscribe, now: float, made: tuple[Request, Uri] | None
    ) -> list[Any]:
        """A SUBSCRIBE goes out."""
        user = subscription.under_way = OutgoingSubscribe(subscription)
        place, wanted = subscription.place, subscription.wanted
        if place.known_as is not None:
            own = [*self.party.allow(), *self.party.events]
            # Whatever has begun it, it is refreshed by a SUBSCRIBE.
            method = "SUBSCRIBE" if subscription.renewal.refreshes else wanted.method
            lines = [*own, *self.beginnings[method].lines(wanted, x.expires_s), *self.known(subscription)]
            if subscription.renewal.refreshes:
                try:
                    return self.dialogs.send(place, method, lines, user, now)
                except LocalProtocolError as error:
                    # The numbers of the dialog are used up (RFC 3261 8.1.1.5), and nobody asked who could be told so.
                    return self.answered(user, 503, None, str(error), now)
            first = [*lines, *wanted.headers, *_content(wanted)]
            return self.dialogs.send(place, method, first, user, now, body=wanted.body)
        before = subscription.attempt.request if x.again and subscription.attempt is not None else None
        again = None if before is None else (before, before.cseq.number + 1)
        request, hop = made or self.outside(wanted, x.expires_s, again, self.known(subscription))
        if before is not None and subscription.attempt is not None:
            self.move(subscription.attempt, "CLOSE", now)
        user.request = request
        subscription.place = Place(as_uac(request))
        tried = subscription.attempt = Attempt(subscription, request, wanted.forks, self.times)
        tried.alarm = Alarm(tried)
        tried.receive("SUBSCRIBE", request, Step(now, self.observer))
        tried.alarm.set(tried.next_timeout(), self.agenda)
        self.attempts[request.call_id, request.from_tag or ""] = tried
        return self.sending.request(request, user, now, towards=hop)


def note_number(user: OutgoingSubscribe, request: Request) -> None:
    """What begins a subscription, or refreshes it, has gone out once more, with another number."""
    subscription: Subscription = user.subscription
    if request.to_tag is None and subscription.attempt is not None:
        # The dialogs of further branches begin with this number.
        subscription.attempt.request = request
    if request.method == "REFER":
        # By this one it is told apart from others in its dialog (RFC 3515 2.4.6).
        subscription.referral.request = request


def _content(wanted: Wanted) -> HeaderLines:
    return [] if wanted.content_type is None else [type_line(wanted.content_type)]
