"""What the parties of a network do who do everything at once: subscribe, notify, publish, write, call, refer.

Each has a source of chance of its own, and no memory: it takes what its endpoint holds, so that it goes on after a
crash. What a rule forbids is forbidden, and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, Final

from attrs import define

from sipsm import (
    Call,
    CallState,
    IncomingCall,
    LocalProtocolError,
    NotificationRefused,
    OfferReceived,
    OfferRequested,
    PeerReferral,
    PeerReferralState,
    PeerSubscription,
    PeerSubscriptionState,
    PublishRequested,
    ReferReceived,
    StatePublished,
    StateWanted,
    SubscriptionRequested,
)
from sipsm.grammar import Uri
from sipsm.packages import DialogInfo, merge
from sipsm.packages.dialog import DialogEntry, DialogState
from sipsm.standalone.composing import address_of_record
from sipsm.testing import Agent
from tests.simulation.ledger import Ledger

TYPES: Final = {
    "presence": "application/pidf+xml",
    "door": "text/plain",
    "dialog": DialogInfo.content_type,
    "reg": "application/reginfo+xml",
    "conference": "application/conference-info+xml",
    "message-summary": "application/simple-message-summary",
}
"""The event packages, each with the type of its bodies."""
COMPOSED: Final = ("presence", "door")
"""Those whose state is published."""
USERS: Final = ("home", "work")
REASONS: Final = ("deactivated", "probation", "rejected", "timeout", "giveup", "noresource", "invariant")
UP: Final = frozenset({PeerSubscriptionState.PENDING, PeerSubscriptionState.ACTIVE})
ELSEWHERE: Final = ("tel:+15551234", "sip:home@192.0.2.99;method=BYE", "https://example.com/")
"""To contact what these name takes no INVITE."""


@define(eq=False)
class Person:
    """One of them."""

    agent: Agent
    ledger: Ledger
    draw: Random
    target: Callable[[str, str], str]
    """The URI of a user, and of another party, as it is reached from here."""
    others: tuple[str, ...]
    count: Counter[str]
    number: int = 0
    """Of what was said last: it is never said again."""
    leaves: bool = False
    """Whether it ends all that it has, and begins nothing."""

    def reacts(self) -> None:
        """Do something about what it is told."""
        reactions: tuple[tuple[type[Any], Callable[[Any], object]], ...] = (
            (IncomingCall, self.called),
            (OfferReceived, lambda event: self.give(event.call.answer_offer, self.agent.sdp)),
            (OfferRequested, lambda event: self.give(event.call.answer, self.agent.sdp)),
            (SubscriptionRequested, lambda event: self.later(lambda: self.decide(event.subscription))),
            (StateWanted, lambda event: self.say(event.subscription, whole=True)),
            (NotificationRefused, lambda event: self.later(lambda: self.say(event.subscription, whole=True))),
            (StatePublished, self.composed),
            (PublishRequested, self.asked_to_publish),
            (ReferReceived, lambda event: self.later(lambda: self.referred(event.referral))),
        )
        for kind, reaction in reactions:
            self.agent.on(kind, reaction)

    # ---------------------------------------------------------------- how

    def give(self, command: Callable[..., Any], *args: Any, **options: Any) -> tuple[bool, Any]:
        """Give a command; whether it was allowed, and what comes beside its outputs."""
        if not self.agent.up:
            return False, None
        try:
            beside = self.agent.do(command, *args, **options)
        except LocalProtocolError:
            self.count["commands forbidden"] += 1
            return False, None
        self.count[f"{command.__name__}, done"] += 1
        if beside is not None:
            self.ledger.entry(self.agent, beside)
        return True, beside

    def later(self, action: Callable[[], object]) -> None:
        """Do something soon, or when a while has passed; not after a crash."""
        life = self.agent.life
        after = self.draw.choice((0.0, 0.0, 0.01, 0.3, 2.0, 6.0))
        self.agent.net.plan(self.agent.net.now + after, lambda: action() if self.is_there(life) else None)

    def is_there(self, life: int) -> bool:
        """Whether it has not crashed since."""
        return self.agent.up and self.agent.life == life

    def improvise(self) -> None:
        """Something."""
        if self.agent.up and not self.leaves:
            names = list(MENU)
            MENU[self.draw.choices(names, [WEIGHTS[name] for name in names])[0]](self)

    def one(self, things: list[Any]) -> Any:
        """One of them, if there is any."""
        return self.draw.choice(things) if things else None

    def somebody(self) -> str:
        """The URI of somebody else, or of one of his users."""
        return self.target(self.draw.choice(USERS), self.draw.choice(self.others))

    def next(self) -> bytes:
        """What was never said before."""
        self.number += 1
        return str(self.number).encode()

    # ---------------------------------------------------------------- subscribing

    def subscribe(self) -> None:
        event = self.draw.choice(tuple(TYPES))
        expires_s = self.draw.choice((0, 20, 60, 90, 300, 600, None))
        there = self.agent.endpoint
        call = self.one([each for each in there.calls if each.state is CallState.ESTABLISHED])
        if call is not None and self.draw.randrange(8) == 0:
            name = f"{event};id={self.draw.randrange(3)}"
            self.give(there.subscribe, call, name, expires_s=expires_s, accept=(TYPES[event],))
        else:
            self.give(there.subscribe, self.somebody(), event, expires_s=expires_s, accept=(TYPES[event],))

    def refresh(self) -> None:
        if (each := self.one(self.agent.endpoint.subscriptions)) is not None:
            self.give(each.refresh, self.draw.choice((None, 60, 300)))

    def unsubscribe(self) -> None:
        if (each := self.one(self.agent.endpoint.subscriptions)) is not None:
            self.give(each.unsubscribe)

    # ---------------------------------------------------------------- notifying

    @property
    def watchers(self) -> list[PeerSubscription]:
        """The subscriptions of others, but for those that a REFER has begun."""
        return [each for each in self.agent.endpoint.peer_subscriptions if each.referral is None]

    def decide(self, peer: PeerSubscription) -> None:
        """Grant it, or keep it waiting, or refuse it, or forget it for now."""
        if peer.state is not PeerSubscriptionState.ASKED:
            return
        way = self.draw.random()
        expires_s = self.draw.choice((None, None, 30, 0))
        if way < 0.7 or self.leaves:
            self.tell(peer, peer.accept, whole=True, expires_s=expires_s)
        elif way < 0.85:
            self.tell(peer, peer.pending, whole=True, expires_s=expires_s)
        elif way < 0.95:
            self.give(peer.reject, self.draw.choice((403, 480, 603)))

    def grant(self) -> None:
        pending = [each for each in self.watchers if each.state is PeerSubscriptionState.PENDING]
        if (each := self.one(pending)) is not None:
            self.tell(each, each.accept, whole=True)

    def notify(self) -> None:
        each = self.one([watcher for watcher in self.watchers if watcher.state in UP])
        for _ in range(self.draw.choice((1, 1, 4))):
            if each is not None:
                self.say(each)

    def say(self, peer: PeerSubscription, *, whole: bool = False) -> None:
        """Tell of a change."""
        if peer.state in UP and peer.referral is None:
            self.tell(peer, peer.notify, whole=whole)

    def tell(self, peer: PeerSubscription, command: Callable[..., Any], *, whole: bool, **options: Any) -> None:
        """Give a command with a state in it, and note what was said."""
        document = None
        if peer.event == "dialog":
            document, body, partial = self.document(peer, whole)
            options |= {"partial": True} if partial else {}
        elif peer.event in COMPOSED:
            body = self.composition(peer)
        else:
            body = self.next()
        if self.give(command, body, TYPES[peer.event], **options)[0]:
            self.ledger.said[peer] = body
            self.ledger.unsure.discard(peer)
            if document is not None:
                self.ledger.documents[peer] = document

    def document(self, peer: PeerSubscription, whole: bool) -> tuple[DialogInfo, bytes, bool]:
        """The dialogs of a user after a change of one: all of them, what is told of it, and whether that is a part."""
        before = self.ledger.documents.get(peer)
        state = DialogState(self.draw.choice(("trying", "early", "confirmed", "terminated")))
        entry = DialogEntry(str(self.draw.randrange(4)), state)
        news = DialogInfo(peer.given, peer.resource, "partial", (entry,))
        if before is not None and not whole and self.draw.randrange(4):
            return merge(before, news).state, bytes(news), True
        others = () if before is None else tuple(each for each in before.dialogs if each.id != entry.id)
        every = DialogInfo(peer.given, peer.resource, "full", (*others, entry))
        return every, bytes(every), False

    def terminate(self) -> None:
        if (each := self.one(self.watchers)) is not None:
            self.give(each.terminate, self.draw.choice(REASONS), retry_after_s=self.draw.choice((None, 5)))

    # ---------------------------------------------------------------- publishing

    def publish(self) -> None:
        event = self.draw.choice(COMPOSED)
        expires_s = self.draw.choice((20, 60, 120, 600))
        name = f"{self.agent.name}{self.next().decode()}".encode()
        self.give(self.agent.endpoint.publish, self.somebody(), event, name, TYPES[event], expires_s=expires_s)

    def modify(self) -> None:
        if (each := self.one(self.agent.endpoint.publications)) is not None:
            name = f"{self.agent.name}{self.next().decode()}".encode()
            self.give(each.modify, name, expires_s=self.draw.choice((None, 60)))

    def republish(self) -> None:
        if (each := self.one(self.agent.endpoint.publications)) is not None:
            self.give(each.refresh, expires_s=self.draw.choice((None, 60, 300)))

    def remove(self) -> None:
        if (each := self.one(self.agent.endpoint.publications)) is not None:
            self.give(each.remove)

    def composition(self, peer: PeerSubscription) -> bytes:
        """What is published for the address that is watched, composed."""
        states = self.agent.endpoint.published(Uri.parse(peer.resource), peer.event)
        return b" ".join(sorted(each.body for each in states)) or b"nothing"

    def composed(self, event: StatePublished) -> None:
        """Tell those who watch the address."""
        for peer in self.watchers:
            watched = address_of_record(Uri.parse(peer.resource))
            if peer.event == event.event and str(watched) == str(event.address):
                self.say(peer)

    def asked_to_publish(self, event: PublishRequested) -> None:
        """Let it be, mostly; or forget it."""
        way = self.draw.random()
        if way < 0.8:
            self.later(lambda: self.give(event.asked.accept))
        elif way < 0.9:
            self.later(lambda: self.give(event.asked.reject, 403))

    # ---------------------------------------------------------------- writing and asking

    def message(self) -> None:
        whom = self.somebody()
        for _ in range(self.draw.choice((1, 1, 1, 5))):
            self.give(self.agent.endpoint.message, whom, f"{self.agent.name} {self.next().decode()}")

    def options(self) -> None:
        self.give(self.agent.endpoint.options, self.somebody())

    # ---------------------------------------------------------------- calling

    def invite(self) -> None:
        if len(self.agent.endpoint.calls) < 6:
            offer = b"" if self.draw.randrange(6) == 0 else self.agent.sdp
            self.give(self.agent.endpoint.invite, self.somebody(), offer=offer)

    def called(self, event: IncomingCall) -> None:
        """Ring, answer, refuse, or do nothing."""
        call, way = event.call, self.draw.random()
        if self.leaves or way < 0.15:
            self.later(lambda: self.give(call.reject, self.draw.choice((486, 603))))
            return
        if way < 0.6:
            self.give(call.ring)
        if way < 0.9:
            self.later(lambda: self.give(call.answer, self.agent.sdp))

    def talk(self) -> None:
        call: Call | None = self.one(self.agent.endpoint.calls)
        if call is not None:
            way = self.draw.randrange(6)
            if way == 0:
                self.give(call.hang_up)
            elif way == 1:
                self.give(call.cancel)
            elif way == 2:
                self.give(call.offer, self.agent.sdp)
            elif way == 3:
                self.give(call.message, f"{self.agent.name} {self.next().decode()}")
            elif way == 4:
                self.give(call.request, "OPTIONS")
            else:
                self.give(call.answer, self.agent.sdp)

    # ---------------------------------------------------------------- referring

    def refer(self) -> None:
        there, way = self.agent.endpoint, self.draw.random()
        up = [each for each in there.calls if each.state is CallState.ESTABLISHED]
        whom = self.somebody() if self.draw.randrange(8) else self.draw.choice(ELSEWHERE)
        options: dict[str, Any] = {}
        if self.draw.randrange(6) == 0:
            options["reports"] = False
        elif self.draw.randrange(8) == 0:
            options["headers"] = [("Require", self.draw.choice(("nosub", "explicitsub")))]
        if self.draw.randrange(2):
            options["referred_by"] = f"<sip:{self.agent.name}@{self.agent.host}>"
        if len(up) > 1 and way < 0.5:
            first, second = self.draw.sample(up, 2)
            self.give(first.refer, replaces=second, **options)
        elif up and way < 0.7:
            self.give(self.draw.choice(up).refer, whom, **options)
        else:
            self.give(there.refer, self.somebody(), whom, **options)

    def referred(self, referral: PeerReferral) -> None:
        """Follow it, or do by hand what it asks for, or refuse it, or forget it for now."""
        way = self.draw.random()
        if self.leaves or way < 0.15:
            self.give(referral.reject, self.draw.choice((403, 603)))
        elif way < 0.6:
            self.give(referral.follow, self.agent.sdp)
        elif way < 0.85 and self.give(referral.accept)[0]:
            self.later(lambda: self.give(referral.progress, 180))

    def go_on(self) -> None:
        """With a REFER that it has accepted, or forgotten."""
        each = self.one(self.agent.endpoint.peer_referrals)
        if each is not None:
            if each.state is PeerReferralState.ACCEPTED:
                self.give(each.progress, self.draw.choice((100, 183, 200, 404, 603)))
            else:
                self.referred(each)

    # ---------------------------------------------------------------- the end

    def leave(self) -> None:
        """End all that there is, as far as that can be done now."""
        self.leaves = True
        there = self.agent.endpoint
        if not self.agent.up:
            return
        for each in there.subscriptions:
            self.give(each.unsubscribe)
        for publication in there.publications:
            self.give(publication.remove)
        for referral in there.peer_referrals:
            if referral.state is PeerReferralState.ACCEPTED and referral.call is None:
                self.give(referral.progress, 487)
            elif referral.call is None:
                self.give(referral.reject)
        for call in there.calls:
            for command in (call.hang_up, call.cancel, call.reject):
                if self.give(command)[0]:
                    break


MENU: Final[dict[str, Callable[[Person], None]]] = {
    name: getattr(Person, name)
    for name in (
        *("subscribe", "refresh", "unsubscribe", "grant", "notify", "terminate"),
        *("publish", "modify", "republish", "remove", "message", "options"),
        *("invite", "talk", "refer", "go_on"),
    )
}
WEIGHTS: Final = dict.fromkeys(MENU, 2) | {
    **dict.fromkeys(("subscribe", "notify"), 5),
    **dict.fromkeys(("message", "invite", "refer"), 4),
    **dict.fromkeys(("publish", "modify", "talk"), 3),
    **dict.fromkeys(("terminate", "remove", "unsubscribe", "options"), 1),
}
"""How often each is done."""
