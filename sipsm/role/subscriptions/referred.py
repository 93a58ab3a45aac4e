"""The REFER requests that come: each is asked about, and its sender told how far it has come.

RFC 3515 2.4.2 to 2.4.7; RFC 4488 4, RFC 7614 5.3 (no subscription), RFC 7614 4 (those that are asked for by SUBSCRIBE),
RFC 4538 4 (the dialog that it is about), RFC 7647.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from sipsm.dialog import as_uas
from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import Uri
from sipsm.machine import Refuse, Step
from sipsm.message import Address, Request, Response, response_to
from sipsm.message.bodies.sipfrag import SIPFRAG, SipFrag
from sipsm.message.headers import REFER_SUB, REFER_TO, TARGET_DIALOG
from sipsm.message.status import reason_phrase
from sipsm.role.calls.call import Call
from sipsm.role.calls.dialogs import Place
from sipsm.role.checking import check_headers
from sipsm.role.part import Takes
from sipsm.role.party import HeaderLines
from sipsm.role.subscriptions.following import wanted
from sipsm.role.subscriptions.notifications import Notifications
from sipsm.role.subscriptions.peer_referral import PeerReferral
from sipsm.role.subscriptions.peer_subscription import PeerSubscription
from sipsm.role.subscriptions.referral_events import ReferReceived
from sipsm.sdp.description import Sdp
from sipsm.transaction import ServerTransaction
from sipsm.usage import notifier, referee
from sipsm.usage.notices import LastNotice, Notice, Notices
from sipsm.usage.notifier import Acceptance, Notifier
from sipsm.usage.referee import (
    UNACCEPTED,
    AcceptRefer,
    Authorize,
    Forget,
    Referee,
    Refusal,
    RefuseRefer,
    Report,
    Tell,
    Wish,
)

Invite = Callable[[Uri, str | None, Sdp, Any, float], tuple[Call, list[Any]]]

_EVENT_OF: Final = {"accept": "ACCEPT", "reject": "REJECT", "follow": "FOLLOW"}


class Referred:
    """The REFER requests of peers."""

    def __init__(self, notifications: Notifications, invite: Invite) -> None:
        self.notifications = notifications
        self.requests = notifications.requests
        self.dialogs = notifications.dialogs
        self.transactions = notifications.transactions
        self.party = notifications.party
        self.policy = notifications.policy
        self.limits = notifications.limits
        self.commanded = notifications.commanded
        self.agenda = notifications.steps.agenda
        self.observer = notifications.observer
        self.invite = invite
        self.all: dict[PeerReferral, None] = {}
        """Those that wait for the application, the oldest first; a subscription holds what is accepted."""
        self.told: dict[str, PeerReferral] = {}
        """By the user of their URI: those that can be subscribed to (RFC 7614)."""
        notifications.of_referral = self.subscribe
        self.ways: Final[dict[type, Callable[[PeerReferral, Any, float], list[Any]]]] = {
            AcceptRefer: self.accept,
            RefuseRefer: self.refuse,
            Authorize: self.authorize,
            Tell: self.tell,
            Forget: self.forget,
        }

    def takes(self) -> Takes:
        """What of the user agent's it takes."""
        return Takes(
            outside={"REFER": self.outside},
            inside={"REFER": self.inside},
            wakes={PeerReferral: self.wake},
            commands={PeerReferral: self.command},
        )

    # ---------------------------------------------------------------- REFER

    def outside(self, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A REFER outside a dialog: its 2xx makes one (RFC 3515 2.4.4)."""
        contacts = request.contacts
        if len(contacts) != 1 or contacts[0].is_star or contacts[0].uri.scheme not in {"sip", "sips"}:
            # It is where the NOTIFY requests go (RFC 3261 8.1.1.8, 12.1.1).
            return self.requests.serve(tx, request, 400, now)
        return self.begin(None, tx, request, now)

    def inside(self, place: Place, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A REFER within a dialog, where its subscription will live."""
        return self.begin(place, tx, request, now)

    def begin(self, place: Place | None, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """Somebody is to be contacted."""
        try:
            # "An agent responding to a REFER method MUST return a 400 (Bad Request) if the request contained zero or
            # more than one Refer-To header field values." (RFC 3515 2.4.2)
            address = request[REFER_TO]
            if address is None:
                return self.requests.serve(tx, request, 400, now)
            _ = address.uri
            subscribes = _subscribes(request)
            about = self.about(place, request)
        except RemoteProtocolError as error:
            return self.requests.serve(tx, request, error.status, now)
        in_dialog = 0 if place is None else len(place.usages)
        is_full = max(len(self.all), len(self.told), len(self.notifications.all)) >= self.limits.peer_subscriptions
        if is_full or in_dialog >= self.limits.subscriptions_in_dialog:
            return self.requests.serve(tx, request, 503, now, headers=[("Retry-After", "10")])
        if place is not None and subscribes and place.dialog.state != "Confirmed":
            # Only then can a subscription live there beside the session (RFC 6665 4.5.2).
            return self.requests.serve(tx, request, 403, now)
        referral = PeerReferral(
            self.commanded,
            request,
            Referee(self.transactions.times),
            tx,
            place,
            self.id_of(place, request) if subscribes else None,
            subscribes,
            self.place_of(tx, request) if _requires(request, "explicitsub") else None,
        )
        if place is not None and subscribes:
            # From now on, so that a BYE does not end the dialog before the application has decided.
            self.dialogs.enter(place, referral, now)
        self.all[referral] = None
        outputs = self.step(referral, "REFER", request, now)
        return [ReferReceived(referral, request, about), *outputs]

    def about(self, place: Place | None, request: Request) -> Call | None:
        """The call that a REFER is about: in whose dialog it came, or that its Target-Dialog names (RFC 4538 4)."""
        if place is not None:
            return None if place.leg is None else place.leg.call
        named = request[TARGET_DIALOG]
        if named is None:
            return None
        leg = self.dialogs.calls.dialogs.get((named.call_id, named.local_tag or "", named.remote_tag or ""))
        return None if leg is None else leg.call

    def id_of(self, place: Place | None, request: Request) -> str | None:
        """What tells its notifications from those of others in the dialog."""
        # "for the second and subsequent REFER requests a UA receives in a given dialog, it MUST include an id
        # parameter[2] in the Event header field of each NOTIFY containing the sequence number (the number from the CSeq
        # header field value) of the REFER this NOTIFY is associated with." (RFC 3515 2.4.6)
        if place is None:
            return None
        first = place.leg is not None and not place.leg.was_referred
        if place.leg is not None:
            place.leg.was_referred = True
        return None if first else str(request.cseq.number)

    def place_of(self, tx: ServerTransaction, request: Request) -> str:
        """A new URI at which a REFER is told of: where we are reached by its sender."""
        # "This URI MUST uniquely identify this refer event state." And: "Implementations SHOULD provide a URI
        # constructed in a way that is hard to guess." (RFC 7614 4.3)
        here = Address.parse(self.party.contact(tx.flow, request=request)[1]).uri
        return str(Uri.build(here.scheme, self.party.ids.call_id(), host=here.host, port=here.port, params=here.params))

    def subscribe(self, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A SUBSCRIBE for how far a REFER has come."""
        # "The event server MAY choose to authorize the SUBSCRIBE request based on the Request-URI corresponding to
        # existing refer event state." (RFC 7614 4.5)
        referral = self.told.get(request.uri.user or "")
        if referral is None:
            # "If a SUBSCRIBE request for event refer is received for a subscription that does not already exist, it
            # MUST be rejected with a 403." (RFC 3515 2.4.4)
            return self.requests.serve(tx, request, 403, now)
        subscription, outputs = self.notifications.begin(None, tx, request, now, referral)
        if subscription is None:
            return outputs
        referral.subscriptions = [*_alive(referral.subscriptions), subscription]
        undecided = referral.referee.state == referee.UNDECIDED
        last = LastNotice("noresource", notice=referral.latest) if referral.referee.state == referee.OVER else None
        x = Acceptance(referral.latest, last=last)
        return outputs + self.notifications.steps.event(subscription, "PENDING" if undecided else "ACCEPT", x, now)

    # ---------------------------------------------------------------- commands, time, and what is heard

    def command(self, referral: PeerReferral, command: str, x: Any, now: float) -> list[Any]:
        """A command of the application. Raises `LocalProtocolError` where a rule forbids it: what to do instead."""
        try:
            return self.obey(referral, command, x, now)
        except LocalProtocolError as error:
            if error.what.startswith(f"cannot {command.partition(' ')[0]}"):
                raise
            why = f"cannot {command}: {error.what}; {_instead(referral, x)}"
            raise LocalProtocolError(why, rfc=error.rfc) from None

    def obey(self, referral: PeerReferral, command: str, x: Any, now: float) -> list[Any]:
        """What a command comes to."""
        match x:
            case Refusal(status=status):
                if type(status) is not int or not 300 <= status <= 699:
                    raise LocalProtocolError(f"cannot reject with {status}: it is not in 300 to 699", rfc="3515 2.4.2")
                check_headers(x.headers, contact=True)
                Response.build(status, x.reason, x.headers)
            case Report(status=status):
                if type(status) is not int or not 100 <= status <= 699:
                    raise LocalProtocolError(f"cannot report {status}: it is not in 100 to 699", rfc="3515 2.4.5")
                _frag(x)
                return self.given(referral, command, "PROGRESS" if status < 200 else "FINAL", x, now)
            case Wish():
                return self.follow(referral, x, now)
            case _:
                check_headers(x)
                Response.build(200, None, x)
        return self.given(referral, command, _EVENT_OF[command], x, now)

    def given(self, referral: PeerReferral, command: str, event: str, x: Any, now: float) -> list[Any]:
        """One input that a rule may refuse."""
        self.check(referral, command, event, x)
        return self.step(referral, event, x, now)

    def check(self, referral: PeerReferral, command: str, event: str, x: Any) -> None:
        """Raises `LocalProtocolError` when a rule refuses it, before anything has moved."""
        entry = referral.referee.find(event, x, None).entry
        if isinstance(entry, Refuse):
            state = referral.referee.state
            raise LocalProtocolError(f"cannot {command} in state {state}: {entry.text}", rfc=entry.rfc)

    def follow(self, referral: PeerReferral, x: Wish, now: float) -> list[Any]:
        """Place the call that the REFER asks for."""
        self.check(referral, "follow", "FOLLOW", None)
        if referral.call is not None:
            raise LocalProtocolError("cannot follow: that is done already; the call is its `call`", rfc="3515 2.4.3")
        found = wanted(referral.request, self.party.profile)
        call, outputs = self.invite(found.target, None, x.offer, [*found.headers, *x.headers], now)
        referral.call = call
        accepted = self.step(referral, "FOLLOW", None, now)
        call.follows = referral
        return [*accepted, *outputs]

    def heard(self, call: Call, status: int, reason: str | None, now: float) -> list[Any]:
        """How far the call has come that follows a REFER."""
        referral: PeerReferral = call.follows
        if status >= 200:
            call.follows = None
        report = Report(status, reason or None)
        return self.step(referral, "HEARD" if status < 200 else "HEARD FINAL", report, now)

    def wake(self, referral: PeerReferral, now: float) -> list[Any]:
        """Nobody has decided in time, or asks any more."""
        letter = referral.referee.due(now)
        assert letter is not None, "it is woken when one is due"
        return self.step(referral, referral.referee.fired(letter, now), None, now)

    def step(self, referral: PeerReferral, event: str, x: Any, now: float) -> list[Any]:
        """One input that no rule refuses, and what it asks for."""
        step = Step(now, self.observer)
        decision = referral.referee.receive(event, x, step)
        assert not decision.refused, f"{event} is not to be refused: {decision.entry}"
        outputs: list[Any] = []
        for asked in step.outputs:
            outputs += self.ways[type(asked)](referral, asked, now)
        waits = referral.referee.state in UNACCEPTED
        if waits or referral.referee.retains:
            referral.alarm.set(referral.next_timeout(), self.agenda)
        else:
            referral.alarm.stop(self.agenda)
        if not waits:
            self.all.pop(referral, None)
        return outputs

    # ---------------------------------------------------------------- what is done

    def accept(self, referral: PeerReferral, x: AcceptRefer, now: float) -> list[Any]:
        """Answer with 200, and begin the subscription with a NOTIFY at once."""
        request, tx = referral.request, referral.transaction
        # "If a NOTIFY is generated when the subscription state is pending, its body should consist only of a status
        # line containing a response code of 100." (RFC 3515 2.4.5)
        trying = referral.latest = _notice(Report(100))
        if not referral.subscribes:
            # "it MUST insert the "Refer-Sub" header field set to "false" in the 2xx response to the REFER-Issuer." (RFC
            # 4488 4)
            # And: "when using this extension, the REFER remains a target refresh request".
            if referral.place is not None:
                referral.place.dialog.receive("SUBSCRIBE", request, Step(now, self.observer))
            own: HeaderLines = [self.party.contact(tx.flow, request=request)]
            if request.has("Refer-Sub"):
                own.append(("Refer-Sub", "false"))
            if referral.events_at is not None:
                # "An element that accepts a REFER request with 'explicitsub' in its Require header field MUST return a
                # 200 response containing a sip: or sips: URI in the Refer-Events-At header field" (RFC 7614 4.3)
                own.append(("Refer-Events-At", f"<{referral.events_at}>"))
                self.told[Uri.parse(referral.events_at).user or ""] = referral
                referral.referee.retains = True
            return self.answer(referral, 200, None, [*own, *x.headers], now)
        entered = referral.place
        place = entered or Place(as_uas(request, self.party.ids.tag(), self.party.ids.cseq()), flow=tx.flow)
        times, package = self.transactions.times, self.party.profile.package("refer")
        subscription = PeerSubscription(
            self.commanded,
            place,
            package.name,
            referral.id,
            str(request.uri),
            (SIPFRAG,),
            Notifier(times, package.expires_s, 0, self.policy.longest_subscription_s),
            Notices(times, package.interval_s, self.limits.waiting_changes),
            tx,
            referral,
        )
        referral.subscription, referral.place = subscription, place
        subscription.notices.latest = trying
        # "unlike SUBSCRIBE, the REFER transaction does not contain a duration for the subscription in either the
        # request or the response." (RFC 3515 2.4.4)
        asked = request.without_header("Expires") if request.has("Expires") else request
        outputs = self.notifications.take(subscription, "<SUBSCRIBE", tx, asked, now, new=True)
        if entered is not None:
            self.dialogs.leave(place, referral, now)
        event = "ACCEPT" if x.decided else "PENDING"
        return outputs + self.notifications.steps.event(subscription, event, Acceptance(trying, None, x.headers), now)

    def refuse(self, referral: PeerReferral, x: RefuseRefer, now: float) -> list[Any]:
        """Answer as the application says."""
        refusal = x.refusal
        outputs = self.answer(referral, refusal.status, refusal.reason, refusal.headers, now)
        if referral.place is not None and referral.subscribes:
            self.dialogs.leave(referral.place, referral, now)
        return outputs

    def answer(self, referral: PeerReferral, status: int, reason: str | None, headers: Any, now: float) -> list[Any]:
        """The final response where no subscription is begun."""
        tag = self.party.ids.tag() if referral.place is None else referral.place.dialog.local_tag
        own = [*headers, *self.party.server]
        response = response_to(referral.request, status, reason, to_tag=tag, headers=own)
        return [*self.transactions.respond(referral.transaction, response, now)]

    def authorize(self, referral: PeerReferral, _x: Authorize, now: float) -> list[Any]:
        """What was accepted by itself is active from now on."""
        outputs: list[Any] = []
        for each in self.listening(referral):
            if each.notifier.state == notifier.PENDING:
                outputs += self.notifications.steps.event(each, "ACCEPT", Acceptance(referral.latest), now)
        return outputs

    def tell(self, referral: PeerReferral, x: Tell, now: float) -> list[Any]:
        """A NOTIFY, to everybody who still wants to hear of it."""
        notice = referral.latest = _notice(x.report)
        # "NOTIFYs to event refer SHOULD NOT be sent more frequently than once per second." (RFC 3515 3.10)  The last
        # one waits for that as well.
        last = None if x.ends is None else LastNotice(x.ends, notice=notice, waits=True)
        outputs: list[Any] = []
        for each in self.listening(referral):
            outputs += self.notifications.steps.event(each, "TERMINATE" if last else "NOTIFY", last or notice, now)
        return outputs

    def listening(self, referral: PeerReferral) -> list[PeerSubscription]:
        """The subscriptions to how far it has come."""
        # "Terminating a subscription, either by explicitly unsubscribing or rejecting NOTIFY, is not an indication that
        # the referenced request should be withdrawn or abandoned." (RFC 3515 2.4.4)
        return _alive([*(() if referral.subscription is None else (referral.subscription,)), *referral.subscriptions])

    def forget(self, referral: PeerReferral, _x: Forget, _now: float) -> list[Any]:
        """Nobody can subscribe to it any more."""
        referral.referee.retains = False
        del self.told[Uri.parse(referral.events_at or "").user or ""]
        return []


def _instead(referral: PeerReferral, x: Any) -> str:
    """What an application may do that has been refused something for what it gave, or for what the REFER asks for."""
    if not isinstance(x, Wish):
        return "leave that out"
    undecided = referral.referee.state in UNACCEPTED
    return f"mend that, or {'reject it' if undecided else 'tell its end by `progress`'}"


def _subscribes(request: Request) -> bool:
    """Whether accepting a REFER begins a subscription."""
    # "The element MUST NOT create an implicit subscription when accepting the REFER request." (RFC 7614 4.3, 5.3)
    if _requires(request, "nosub") or _requires(request, "explicitsub"):
        return False
    wish = request[REFER_SUB]
    return wish is None or wish.subscribes


def _requires(request: Request, extension: str) -> bool:
    """Whether it insists on that extension."""
    return any(tag.lower() == extension for tag in request.header_values("Require"))


def _alive(subscriptions: Iterable[PeerSubscription]) -> list[PeerSubscription]:
    return [each for each in subscriptions if each.notifier.state != notifier.TERMINATED]


def _frag(report: Report) -> bytes:
    """The body of a NOTIFY: "MUST begin with a SIP Response Status-Line" (RFC 3515 2.4.5)."""
    return bytes(SipFrag.build(report.status, report.reason or reason_phrase(report.status), headers=report.headers))


def _notice(report: Report) -> Notice:
    return Notice(_frag(report), SIPFRAG)
