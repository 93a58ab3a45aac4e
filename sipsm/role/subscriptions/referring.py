"""The REFER requests that go out, and what is told of them.

RFC 3515 2.4 and 3.9 (forks); RFC 7647 4 and RFC 4538 3 (outside the dialog that it is about); RFC 5589 7.3 (attended
transfer); RFC 4488, RFC 7614. Each begins a subscription, which is `sipsm.role.subscriptions.subscriptions`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import evolve

from sipsm.dialog import Dialog, as_uac
from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import Uri
from sipsm.grammar.text_value import built
from sipsm.machine import Step, joint_step
from sipsm.message import Address, Request, Response
from sipsm.message.headers import (
    EVENT,
    REFER_EVENTS_AT,
    REFERRED_BY,
    Event,
    ReferredBy,
    Replaces,
    TargetDialog,
    with_headers,
)
from sipsm.message.names import canonical
from sipsm.role.calls.commands import Commands
from sipsm.role.calls.dialogs import Place
from sipsm.role.checking import check_headers
from sipsm.role.subscriptions.events import NotifyReceived, SubscriptionEnded
from sipsm.role.subscriptions.referral import Referral
from sipsm.role.subscriptions.referral_events import ReferAccepted, ReferEnded, ReferForked, ReferProgress
from sipsm.role.subscriptions.subscription import Subscription, Wanted
from sipsm.role.subscriptions.subscriptions import Subscriptions
from sipsm.usage import Leg
from sipsm.usage.referrer import LONG_S, Accepted, Over, Progress, Refer, Referrer
from sipsm.usage.renewal import Renewal
from sipsm.usage.subscriber import Subscriber
from sipsm.usage.subscribing import SUBSCRIBING
from sipsm.usage.subscription_outputs import SendSubscribe, Subscribe

HeaderLines = list[tuple[str, str]]

OWN: Final = frozenset({"refer-to", "referred-by", "refer-sub", "target-dialog", "event"})
"""The headers that are written here."""

REFER_EVENT: Final = Event.parse("refer")


class Referring:
    """The REFER requests of ours."""

    def __init__(self, subscriptions: Subscriptions, commands: Commands) -> None:
        self.subscriptions = subscriptions
        self.dialogs = subscriptions.dialogs
        self.observer = subscriptions.observer
        subscriptions.beginnings["REFER"] = self
        commands.refer = self.within

    # ---------------------------------------------------------------- commands

    def within(self, leg: Leg, x: Refer, now: float) -> list[Any]:
        """Refer the other side of a call."""
        dialog = leg.dialog
        if dialog.state != "Confirmed":
            raise LocalProtocolError("cannot refer: the call's dialog is not confirmed", rfc="6665 4.5.2")
        if x.replaces is leg.call:
            raise LocalProtocolError("cannot refer: a call does not replace itself", rfc="5589 7.3")
        dialog.check("REFER")
        assert dialog.remote_target is not None, "it has been checked"
        target = Uri.parse(dialog.remote_target)
        # "If a peer in an existing dialog has provided a GRUU as its Contact, sending a REFER that might result in an
        # additional dialog usage within that dialog is prohibited." (RFC 7647 4)
        # Deviation: RFC 7647 4 has it sent outside the dialog then in any case. To a peer that has not said that it
        # knows Target-Dialog, RFC 4538 3 would have it sent within the dialog, where such a peer understands it.
        if "gr" not in target.params or not leg.peer_finds_dialogs:
            return self.refer(None, None, leg, x, [], now)
        about = TargetDialog.build(dialog.call_id, local_tag=dialog.remote_tag or "", remote_tag=dialog.local_tag)
        # "The request sent by the UAC SHOULD include a Require header field that includes the tdialog option tag." (RFC
        # 4538 3)
        return self.refer(target, None, None, x, [("Target-Dialog", str(about)), ("Require", "tdialog")], now)

    def refer(
        self, target: Uri | None, to: str | None, leg: Leg | None, x: Refer, more: HeaderLines, now: float
    ) -> list[Any]:
        """Refer somebody, or, without a target, the other side of a leg; `x.referral` is what has become of it."""
        subscriptions = self.subscriptions
        if len(subscriptions.all) >= subscriptions.limits.subscriptions:
            there = subscriptions.limits.subscriptions
            raise LocalProtocolError(f"{there} subscriptions are there, and the limits allow no more")
        value = _refer_to(x)
        # "A REFER sent within the scope of an existing dialog will not fork." (RFC 3515 3.9)
        package = subscriptions.party.profile.package("refer")
        forks = leg is None and package.forks
        lines = (*_lines(x, value), *more)
        wanted = Wanted(target, REFER_EVENT, forks, to, headers=lines, method="REFER", usual=package.types)
        made = None
        if leg is None:
            made = subscriptions.outside(wanted, LONG_S, None)
            subscriptions.sending.check(made[1], made[0])
            place = Place(as_uac(made[0]))
        else:
            Request.build("REFER", leg.invitations[0].request.uri, wanted.headers)
            place = self.dialogs.at(leg)
        requires = (v for name, v in x.headers if canonical(name) == "require")
        alone = any(tag.strip().lower() in _ALONE for line in requires for tag in line.split(","))
        referral = x.referral = Referral(Referrer(alone=alone), value)
        subscription = referral.subscription = Subscription(
            subscriptions.commanded,
            place,
            wanted,
            Subscriber(resubscribes=False),
            Renewal(subscriptions.times, corrects=False),
            referral=referral,
        )
        if leg is not None:
            self.dialogs.enter(place, subscription, now)
        subscriptions.all[subscription] = None
        step = Step(now, self.observer)
        referral.referrer.receive("REFER", None, step)
        joint_step(SUBSCRIBING, subscription, ">SUBSCRIBE", Subscribe(LONG_S), step)
        outputs = subscriptions.carry(subscription, step, now, made)
        self.note_sent(subscription)
        return outputs

    def note_sent(self, subscription: Subscription) -> None:
        """Which REFER is out, and so which number its notifications may name."""
        assert subscription.under_way is not None, "it has just been sent"
        subscription.referral.request = subscription.under_way.request

    # ---------------------------------------------------------------- what comes of it

    def accepted(self, subscription: Subscription, response: Response, now: float) -> list[Any]:
        """A 2xx to the REFER."""
        referral: Referral = subscription.referral
        # "The Refer-Events-At header field is only meaningful in a 2xx-class response to a REFER request." (RFC 7614
        # 4.8)
        try:
            there = response[REFER_EVENTS_AT]
            referral.events_at = None if there is None else there.uri
        except RemoteProtocolError:
            # It can be subscribed to nowhere, and is done all the same.
            referral.events_at = None
        outputs = self.step(referral, "2XX", response, now)
        if outputs and not outputs[-1].subscribes:
            # Nothing is told of it: there is no subscription, and it waits for no NOTIFY.
            if subscription.attempt is not None:
                self.subscriptions.move(subscription.attempt, "CLOSE", now)
            outputs += self.subscriptions.steps.event(subscription, "NO NOTIFY", None, now)
        return outputs

    def again(self, subscription: Subscription, response: Response | None, now: float) -> list[Any] | None:
        """The REFER goes out once more without the extensions that a 420 names; None when it is over."""
        # "the UA can retry the request without using this extension." (RFC 7614 4.2, 5.2)
        if response is None or response.status != 420 or not self.subscriptions.policy.corrects_refused:
            return None
        unwanted = {tag.lower() for tag in response.header_values("Unsupported")}
        kept: HeaderLines = []
        for name, value in subscription.wanted.headers:
            if canonical(name) == "require":
                tags = [tag.strip() for tag in value.split(",") if tag.strip().lower() not in unwanted]
                if not tags:
                    continue
                value = ", ".join(tags)
            kept.append((name, value))
        if tuple(kept) == subscription.wanted.headers:
            return None
        referral: Referral = subscription.referral
        referral.referrer.alone = False
        subscription.wanted = evolve(subscription.wanted, headers=tuple(kept))
        outputs = self.subscriptions.send(subscription, SendSubscribe(LONG_S, again=True), now, None)
        self.note_sent(subscription)
        return outputs

    def lines(self, _wanted: Wanted, _expires_s: int) -> HeaderLines:
        """Nothing: "unlike SUBSCRIBE, the REFER transaction does not contain a duration" (RFC 3515 2.4.4)."""
        return []

    def is_told_by(self, subscription: Subscription, kind: Event) -> bool:
        """Whether a NOTIFY of that event is for the subscription."""
        # "This id parameter MAY be included in NOTIFYs to the first REFER a UA receives in a given dialog." (RFC 3515
        # 2.4.6)  It is the number of the REFER.
        return kind.value == subscription.event and kind.id in (None, str(subscription.referral.request.cseq.number))

    def forked(self, new: Subscription, origin: Subscription, now: float) -> list[Any]:
        """A further branch has accepted it, and is followed by itself (RFC 3515 3.9)."""
        first: Referral = origin.referral
        referral = new.referral = Referral(Referrer(), first.refer_to)
        referral.subscription, referral.request = new, first.request
        self.step(referral, "REFER", None, now)
        return [ReferForked(referral, first)]

    def told(self, subscription: Subscription, events: Sequence[Any], now: float) -> list[Any]:
        """What a subscription tells that a REFER has begun, as the application hears it."""
        referral: Referral = subscription.referral
        told: list[Any] = []
        for event in events:
            if isinstance(event, NotifyReceived):
                kind = event.request[EVENT]
                if kind is not None and kind.id is not None:
                    # "A SUBSCRIBE sent to refresh or terminate this subscription MUST contain this id parameter." (RFC
                    # 3515 2.4.6)
                    subscription.wanted = evolve(subscription.wanted, kind=Event.build("refer", id=kind.id))
                told += self.step(referral, "NOTIFY", event.request, now)
            elif isinstance(event, SubscriptionEnded):
                told += self.step(referral, "ENDED", event, now)
        return told

    def step(self, referral: Referral, event: str, x: Any, now: float) -> list[Any]:
        """One input, and what the application is told."""
        step = Step(now, self.observer)
        referral.referrer.receive(event, x, step)
        return [_event(referral, output) for output in step.outputs]


def _event(referral: Referral, output: Accepted | Progress | Over) -> ReferAccepted | ReferProgress | ReferEnded:
    """What a machine tells, as the application hears it."""
    match output:
        case Accepted(message, subscribes):
            return ReferAccepted(referral, message, subscribes)
        case Progress(status, reason, notify):
            return ReferProgress(referral, status, reason, notify)
    ended: SubscriptionEnded = output.ended
    return ReferEnded(referral, _outcome(referral, ended), ended.reason, ended.message)


_ALONE: Final = frozenset({"nosub", "explicitsub"})
"""The extensions by which a REFER makes no subscription (RFC 7614)."""


def _outcome(referral: Referral, ended: SubscriptionEnded) -> int | None:
    """What was told last; where nothing was, what the REFER itself has come to."""
    return ended.message.status if isinstance(ended.message, Response) and referral.status is None else referral.status


def _refer_to(x: Refer) -> str:
    """The Refer-To value."""
    there, other = x.refer_to, x.replaces
    if other is None:
        if there is None:
            raise LocalProtocolError("cannot refer to nobody", rfc="3515 2.4.1")
        return f"<{_uri(there)}>" if isinstance(there, Uri) or "<" not in str(there) else str(_address(str(there)))
    dialog: Dialog = other.here.dialog
    if dialog.state != "Confirmed":
        raise LocalProtocolError("cannot refer: the call to be replaced is not up", rfc="5589 7.3")
    # "The Contact URI of the Transfer Target SHOULD be used by the Transferor as the Refer-To URI, unless the URI is
    # suspected or known to not be routable outside the dialog." (RFC 5589 7.3)
    uri = _uri(dialog.remote_target or "" if there is None else there)
    # Who gets it is the other end of that dialog: its local tag is our remote one.
    replaces = Replaces.build(dialog.call_id, to_tag=dialog.remote_tag, from_tag=dialog.local_tag)
    # "In case the triggered INVITE is routed to a different User Agent than the Transfer Target, the Require: replaces
    # header field SHOULD be used in the triggered INVITE." (RFC 5589 7.3)
    return f"<{with_headers(uri, [('Replaces', replaces), ('Require', 'replaces')])}>"


def _uri(given: Address | Uri | str) -> Uri:
    """The URI of what names somebody; text without brackets is one as a whole, with its parameters and headers."""
    if isinstance(given, Uri):
        return given
    return _address(str(given)).uri if "<" in str(given) else built(Uri.parse, str(given))


def _address(text: str) -> Address:
    return built(Address.parse, text)


def _lines(x: Refer, refer_to: str) -> HeaderLines:
    """What the REFER says beside what every request of ours does."""
    lines = [("Refer-To", refer_to)]
    by = x.referred_by
    if by is not None:
        lines.append((REFERRED_BY.name, str(built(ReferredBy.parse, str(by)))))
    if not x.reports:
        # "This header field set to "false" specifies that a REFER-Issuer requests that the REFER-Recipient doesn't
        # establish an implicit subscription and the resultant dialog." (RFC 4488 4)
        lines.append(("Refer-Sub", "false"))
    for name, value in check_headers(x.headers):
        if canonical(name) in OWN:
            raise LocalProtocolError(f"{name} is written by sipsm itself", rfc="3515 2.1")
        lines.append((name, value))
    return lines
