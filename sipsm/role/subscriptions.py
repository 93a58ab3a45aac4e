"""The subscriber side of a user agent: SUBSCRIBE requests that go out, and the NOTIFY requests that follow.

RFC 6665 4.1, 4.4 and 4.5.2. Each event of `sipsm.usage.subscribing` comes from here, and what the machines ask for is
done here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from sipsm.dialog import as_uac
from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.machine import Agenda, Machine, Observer, Outcome, Step, joint_step
from sipsm.message import Request, Response, response_to
from sipsm.message.headers import EVENT, SUBSCRIPTION_STATE, Event
from sipsm.packages.package import PACKAGES
from sipsm.role.alarm import Alarm
from sipsm.role.call import Call, Commanded
from sipsm.role.checking import check_headers
from sipsm.role.dialogs import Dialogs, Place
from sipsm.role.events import (
    NotifyReceived,
    RefreshFailed,
    Resubscribing,
    SubscriptionActive,
    SubscriptionEnded,
    SubscriptionForked,
    SubscriptionPending,
)
from sipsm.role.limits import Limits
from sipsm.role.party import HeaderLines, Party
from sipsm.role.policy import Policy
from sipsm.role.requests_in import RequestsIn
from sipsm.role.screening import allow_events
from sipsm.role.subscription import OutgoingSubscribe, Subscription, Wanted
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

_COMMANDS: Final = {"REFRESH": "refresh", "UNSUBSCRIBE": "unsubscribe"}


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
        self.all: dict[Subscription, None] = {}
        """Them, the oldest first."""
        self.attempts: dict[AttemptId, Attempt] = {}
        """The SUBSCRIBE requests outside a dialog that may still make one."""
        self.refer_accepted: Callable[[Subscription, Response, float], list[Any]]
        """Takes the 2xx of a REFER that is to make a subscription."""
        self.refer_again: Callable[[Subscription, Response | None, float], list[Any] | None]
        """Sends such a REFER anew where its refusal, or silence, lets it."""
        self.retold: Callable[[Subscription, Sequence[Any], float], list[Any]]
        """What a subscription tells that a REFER has made, as the application hears it."""

    # ---------------------------------------------------------------- commands

    def subscribe(
        self, wanted: Wanted, call: Call | None, expires_s: int, now: float
    ) -> tuple[Subscription, list[Any]]:
        """Subscribe to somebody's state, or within a call's dialog (RFC 6665 4.1.2.1)."""
        if len(self.all) >= self.limits.subscriptions:
            there = self.limits.subscriptions
            raise LocalProtocolError(f"{there} subscriptions are there, and the limits allow no more")
        if not 0 <= expires_s < 2**32:
            raise LocalProtocolError(f"a subscription cannot last {expires_s} s", rfc="3261 20.19")
        made = None
        if call is None:
            made = self.outside(wanted, expires_s, None)
            self.sending.check(made[1], made[0])
            place = Place(as_uac(made[0]))
        else:
            place = self.shared(call, wanted, expires_s)
        subscription = Subscription(
            self.commanded,
            wanted,
            place,
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
        Request.build("SUBSCRIBE", call.invite.uri, [*self.lines(wanted, expires_s), *wanted.headers], wanted.body)
        place = self.dialogs.at(call.here)
        if _in(place, wanted.kind) is not None:
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
        step = Step(now, self.observer)
        outcome = joint_step(SUBSCRIBING, subscription, command, x, step)
        if outcome.refusal is not None:
            raise LocalProtocolError(
                f"cannot {_COMMANDS[command]} in state {outcome.state}: {outcome.refusal.text}", rfc=outcome.refusal.rfc
            )
        return self.carry(subscription, step, now)

    # ---------------------------------------------------------------- what comes

    def inside(self, place: Place, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A NOTIFY within a dialog."""
        kind = request[EVENT]
        found = None if kind is None else _in(place, kind)
        if found is None or request[SUBSCRIPTION_STATE] is None:
            return self.refuse(tx, request, kind if found is None else found.wanted.kind, found is not None, now)
        return self.notified(found, tx, request, now)

    def unplaced(self, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A NOTIFY that may make a dialog (RFC 6665 4.4.1)."""
        # "NOTIFY requests are matched to such SUBSCRIBE requests if they contain the same "Call-ID", a "To" header
        # field "tag" parameter that matches the "From" header field "tag" parameter of the SUBSCRIBE request, and the
        # same "Event" header field." (RFC 6665 4.4.1)
        kind = request[EVENT]
        tried = self.attempts.get((request.call_id, request.to_tag or ""))
        matches = tried is not None and kind is not None and tried.origin.is_told_by(kind)
        if tried is None or not matches or request[SUBSCRIPTION_STATE] is None:
            return self.refuse(tx, request, kind, matches, now)
        if len(tried.heard) >= self.limits.forks or len(self.all) >= self.limits.subscriptions + self.limits.forks:
            return self.requests.serve(tx, request, 481, now)
        if tried.receive("NOTIFY", request, Step(now, self.observer)).refused:
            return self.requests.serve(tx, request, 481, now)
        origin: Subscription = tried.origin
        if len(tried.heard) == 1:
            return self.notified(origin, tx, request, now)
        new = self.branch(tried, now)
        return self.notified(new, tx, request, now, SubscriptionForked(new, origin))

    def branch(self, tried: Attempt, now: float) -> Subscription:
        """The subscription of a further branch (RFC 6665 4.1.4)."""
        origin: Subscription = tried.origin
        asked = Subscribe(origin.subscriber.asked_s)
        new = Subscription(
            self.commanded,
            origin.wanted,
            Place(as_uac(tried.request)),
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
        if kind is None or not (kind.value in PACKAGES or kind.value in self.party.profile.event_packages):
            # "If, for some reason, the event package designated in the "Event" header field of the NOTIFY request is
            # not supported, the subscriber will respond with a 489 (Bad Event) response." (RFC 6665 4.1.3)
            return self.requests.serve(tx, request, 489, now, headers=allow_events(self.party.profile))
        # "if not, it MUST return a 481 (Subscription does not exist) response unless another 400- or 500-class response
        # is more appropriate." (RFC 6665 4.1.3)
        return self.requests.serve(tx, request, 481, now)

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
            headers=[self.party.contact(tx.flow), *self.party.product("Server")],
        )
        outputs = self.requests.transactions.respond(tx, response, now)
        state = request[SUBSCRIPTION_STATE]
        assert state is not None, "it has been looked at"
        name = _BY_STATE.get(state.state, "PENDING")
        step = Step(now, self.observer)
        if makes_dialog:
            place.flow = tx.flow
        joint_step(SUBSCRIBING, subscription, name, request, step)
        if makes_dialog and name != "TERMINATED":
            # "Dialogs usages are created upon completion of a NOTIFY transaction for a new subscription, unless the
            # NOTIFY request contains a "Subscription-State" of "terminated."" (RFC 6665 4.4.1)
            self.dialogs.enter(place, subscription, now)
        told = NotifyReceived(subscription, request, state)
        if subscription.referral is not None:
            return [*outputs, *self.retold(subscription, [told], now), *self.carry(subscription, step, now)]
        done = self.carry(subscription, step, now)
        return [*outputs, *before, *([told, *done] if name == "TERMINATED" else [*done, told])]

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
        is_refer = subscription.referral is not None and not subscription.renewal.refreshes
        if is_refer and status >= 300 and (again := self.refer_again(subscription, response, now)) is not None:
            return again
        if response is not None and status < 300:
            # "Implementations conformant with the current specification MUST treat an incoming 202 response as
            # identical to a 200 response" (RFC 6665 8.3.1)
            told = self.refer_accepted(subscription, response, now) if is_refer else []
            return told + self.event(subscription, "204" if status == 204 else "2XX", response, now)
        outputs = self.event(subscription, "REFUSED", Failure(status, response), now)
        if tried is not None and tried is subscription.attempt:
            self.move(tried, "REFUSED", now)
        return outputs

    def wake(self, subscription: Subscription, now: float) -> list[Any]:
        """Fire the first timer of a subscription that is due."""
        timers = ((at, machine, letter) for machine in subscription.timed for at, letter, _ in machine.running)
        _, machine, letter = min(timers, key=_deadline)
        return self.event(subscription, machine.fired(letter, now), None, now)

    def wake_attempt(self, tried: Attempt, now: float) -> list[Any]:
        """No further branch of a SUBSCRIBE may notify."""
        self.move(tried, tried.fired("N", now), now)
        if tried.origin.attempt is tried:
            # Its request is half of what a subscription would hold for as long as it lasts.
            tried.origin.attempt = None
        return []

    # ---------------------------------------------------------------- steps

    def event(self, subscription: Subscription, event: str, x: Any, now: float) -> list[Any]:
        """One joint step that no rule refuses, and what it asks for."""
        step = Step(now, self.observer)
        outcome: Outcome = joint_step(SUBSCRIBING, subscription, event, x, step)
        assert outcome.refusal is None, f"{event} is not to be refused: {outcome.refusal}"
        return self.carry(subscription, step, now)

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
        self.watch(subscription)
        return sent + (told if subscription.referral is None else self.retold(subscription, told, now))

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

    def watch(self, subscription: Subscription) -> None:
        """Have it woken when its next timer is due, or not any more."""
        if subscription in self.all:
            subscription.alarm.set(subscription.next_timeout(), self.agenda)
        else:
            subscription.alarm.stop(self.agenda)

    def move(self, tried: Attempt, event: str, now: float) -> None:
        """An attempt goes on, or is forgotten."""
        tried.receive(event, None, Step(now, self.observer))
        if tried.state == attempt.CLOSED and tried.alarm.of is not None:
            tried.alarm.stop(self.agenda)
            del self.attempts[tried.request.call_id, tried.request.from_tag or ""]

    # ---------------------------------------------------------------- messages

    def lines(self, wanted: Wanted, expires_s: int) -> HeaderLines:
        """What every SUBSCRIBE of a subscription says."""
        # "When a subscriber refreshes the subscription timer, the SUBSCRIBE request MUST contain the same "Event"
        # header field "id" parameter as was present in the SUBSCRIBE request that created the subscription." (RFC 6665
        # 4.5.2)
        lines = [("Event", str(wanted.kind)), ("Expires", str(expires_s))]
        return [*lines, ("Accept", ", ".join(wanted.accept))] if wanted.accept else lines

    def outside(self, wanted: Wanted, expires_s: int, again: tuple[Request, int] | None) -> tuple[Request, Uri]:
        """A SUBSCRIBE outside a dialog, and the URI of its next hop."""
        assert wanted.target is not None, "only within a call's dialog there is none"
        lines = self.lines(wanted, expires_s) if wanted.method == "SUBSCRIBE" else []
        own = [*self.party.capabilities_of_session(), *lines, *_content(wanted)]
        return self.party.request_outside(
            wanted.method, wanted.target, wanted.to, wanted.headers, wanted.body, own, again=again
        )

    def send(
        self, subscription: Subscription, x: SendSubscribe, now: float, made: tuple[Request, Uri] | None
    ) -> list[Any]:
        """A SUBSCRIBE goes out."""
        user = subscription.under_way = OutgoingSubscribe(subscription)
        place, wanted = subscription.place, subscription.wanted
        if place.known_as is not None:
            lines = [*self.party.allow(), *self.party.events]
            if wanted.method == "SUBSCRIBE" or subscription.renewal.refreshes:
                lines += self.lines(wanted, x.expires_s)
            if subscription.renewal.refreshes:
                try:
                    return self.dialogs.send(place, "SUBSCRIBE", lines, user, now)
                except LocalProtocolError as error:
                    # The numbers of the dialog are used up (RFC 3261 8.1.1.5), and nobody asked who could be told so.
                    return self.answered(user, 503, None, str(error), now)
            first = [*lines, *wanted.headers, *_content(wanted)]
            return self.dialogs.send(place, wanted.method, first, user, now, body=wanted.body)
        before = subscription.attempt.request if x.again and subscription.attempt is not None else None
        again = None if before is None else (before, before.cseq.number + 1)
        request, hop = made or self.outside(wanted, x.expires_s, again)
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


def _in(place: Place, kind: Event) -> Subscription | None:
    """The subscription of ours in a dialog that is of this event."""
    ours = (each for each in place.usages if isinstance(each, Subscription))
    return next((each for each in ours if each.is_told_by(kind)), None)


def _content(wanted: Wanted) -> HeaderLines:
    return [] if wanted.content_type is None else [("Content-Type", wanted.content_type)]


def _deadline(due: tuple[float, Machine, str]) -> float:
    return due[0]
