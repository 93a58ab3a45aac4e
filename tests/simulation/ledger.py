"""What was told in a network in which all kinds of things happen, and what must hold of it: each rule by its name.

RFC 6665 4.1.3 (how subscriptions end, and in which order their state is told), RFC 3428 8 (messages), RFC 3903 4
(entity tags), RFC 3515 2.4.7 (how a REFER ends). Who crashes and comes back as it was begins another life: what it was
told since it was saved is forgotten, and so is this of it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from attrs import define, field

from sipsm import (
    Answered,
    MessageReceived,
    NotificationRefused,
    NotifyReceived,
    OutgoingRequest,
    PeerSubscription,
    PeerSubscriptionEnded,
    PeerSubscriptionEndReason,
    PeerSubscriptionState,
    Proxy,
    Publication,
    PublicationEnded,
    PublicationState,
    Published,
    PublishFailed,
    ReferAccepted,
    ReferEnded,
    Referral,
    Registration,
    RegistrationEnded,
    Request,
    Response,
    Resubscribing,
    Subscription,
    SubscriptionEnded,
    SubscriptionEndReason,
    SubscriptionStatus,
)
from sipsm.packages import DialogInfo, merge
from sipsm.testing import Agent, InvariantBroken, Net
from sipsm.testing.tape import held

Key = tuple[str, str, str, str | None]
"""A subscription at both of its ends: Call-ID, the tag of the subscriber, event package and id."""
Ending = tuple[str, int, Any, str | None]
"""Who was told of an end, in which of its lives, and why; and the tag of a notifier."""

S, N = SubscriptionEndReason, PeerSubscriptionEndReason

QUIET: Final = frozenset({"Idle", "Resting"})
"""Where nothing that a notifier has said is yet to be heard."""
PLAIN: Final = frozenset({"reg", "conference", "message-summary"})
"""The packages whose states are numbers here, each higher than the one before."""
LONGEST_S: Final = 40.0
"""After so many seconds a request and its response are under way no more."""

BY_NOTIFIER: Final = frozenset(
    {S.DEACTIVATED, S.PROBATION, S.REJECTED, S.TIMEOUT, S.GIVE_UP, S.NO_RESOURCE, S.INVARIANT, S.TERMINATED}
)
"""How a subscription ends by what its notifier says."""
IN_VAIN: Final = frozenset({N.REFUSED, N.NOT_ANSWERED})
"""How one ends at a notifier whose NOTIFY is not heard, or not wanted any more."""
ENDED_HERE: Final = frozenset({N.TERMINATED, N.EXPIRED, N.UNSUBSCRIBED, N.FETCHED})
FITS: Final[dict[SubscriptionEndReason, frozenset[PeerSubscriptionEndReason]]] = {
    **dict.fromkeys(BY_NOTIFIER, frozenset({N.TERMINATED})),
    S.TIMEOUT: frozenset({N.TERMINATED, N.EXPIRED, N.UNSUBSCRIBED, N.FETCHED}),
    S.UNSUBSCRIBED: ENDED_HERE | IN_VAIN,
    S.FETCHED: frozenset({N.FETCHED, N.TERMINATED}),
    S.REFUSED: frozenset({N.REJECTED}),
    # The answers, or the NOTIFY requests, were lost; then it knows of none, and refuses what comes late.
    S.TIMED_OUT: ENDED_HERE | IN_VAIN | {N.REJECTED},
    S.NO_NOTIFY: ENDED_HERE | IN_VAIN | {N.REJECTED},
    S.TRANSPORT_FAILED: ENDED_HERE | IN_VAIN | {N.REJECTED},
    S.EXPIRED: ENDED_HERE | IN_VAIN,
    S.LOST: ENDED_HERE | IN_VAIN,
}
"""By what the subscriber is told: what the notifier may be told, where it was told of a subscription at all."""

_ENDED: Final[dict[type[Any], str]] = {
    SubscriptionEnded: "subscription",
    PeerSubscriptionEnded: "subscription",
    PublicationEnded: "publication",
    ReferEnded: "referral",
    RegistrationEnded: "registration",
    Answered: "request",
}
_NAMED: Final = ("subscription", "publication", "referral", "registration")
_JUDGED: Final = (Subscription, PeerSubscription, Publication, Referral, Registration, OutgoingRequest)


@define(eq=False)
class Entry:
    """Something that begins and ends: a subscription, a publication, a REFER, a request outside a dialog."""

    agent: Agent
    life: int
    came_back: bool
    """Whether it was there when its agent came back."""
    ended: list[str] = field(factory=list)


@define(eq=False)
class Ledger:
    """All of it."""

    net: Net
    count: Counter[str] = field(factory=Counter)
    entries: dict[Any, Entry] = field(factory=dict)
    """By handle: what is the same in another life has another one."""
    said: dict[PeerSubscription, bytes] = field(factory=dict)
    """What each notifier has said last."""
    unsure: set[PeerSubscription] = field(factory=set)
    """Those who know that this was not heard."""
    gaps: set[Key] = field(factory=set)
    """The subscriptions of which one change was not heard, and no whole state since."""
    heard: dict[Subscription, bytes] = field(factory=dict)
    last: dict[Subscription, Request] = field(factory=dict)
    """The NOTIFY that has come last, since it was made anew."""
    documents: dict[Any, DialogInfo] = field(factory=dict)
    """Of subscriptions to dialogs: what is known, at either end."""
    arrived: dict[tuple[Any, ...], int] = field(factory=dict)
    """The number of the last message to each URI from each sender, in this life of both."""
    given_up: set[tuple[str, str]] = field(factory=set)
    """Messages that were not answered, or whose connection broke: they may arrive late."""
    forked: set[tuple[str, int]] = field(factory=set)
    """Call-ID and CSeq number of the requests that a proxy has sent to several places, or more than once."""
    published: dict[Publication, float] = field(factory=dict)
    """When the last PUBLISH of each was accepted."""
    ends: dict[Key, tuple[list[Ending], list[Ending]]] = field(factory=dict)
    """Why each subscription has ended, at its subscriber and at its notifier."""
    notifiers: dict[tuple[Key, str | None], str] = field(factory=dict)
    """Who notifies, by his tag, too: a SUBSCRIBE may have come to several."""
    proxied: set[str] = field(factory=set)
    """The Call-IDs of what has gone by way of a proxy."""
    stale: set[str] = field(factory=set)
    """Those who came back as they had been before they crashed, and those who came back empty."""

    # ---------------------------------------------------------------- who is who

    @property
    def parties(self) -> list[Agent]:
        """All who are there, but for proxies, which hold nothing of what is judged here."""
        return [each for each in self.net.agents.values() if each.up and not isinstance(each.endpoint, Proxy)]

    def entry(self, agent: Agent, handle: Any) -> Entry:
        """What is known of it; it begins where nothing is."""
        found = self.entries.get(handle)
        if found is None:
            found = self.entries[handle] = Entry(agent, agent.life, False)
        return found

    def returned(self, agent: Agent, exact: bool) -> None:
        """An agent is there again, with what it had."""
        if not exact:
            self.stale.add(agent.name)
        for handle in () if isinstance(agent.endpoint, Proxy) else held(agent.endpoint):
            if not is_judged(handle):
                continue
            entry = self.entry(agent, handle)
            entry.came_back = True
            if isinstance(handle, PeerSubscription):
                self.unsure.add(handle)
            if str(handle.state) in {"terminated", "ended", "over"} and not entry.ended:
                entry.ended.append("before it was saved")

    # ---------------------------------------------------------------- at every step

    def each_ends_once(self, step: Any) -> str | None:
        """Whatever has begun is told of until its end, once, and never after it."""
        for output in step.outputs:
            kind = type(output)
            name = _ENDED.get(kind)
            is_last_word = name is not None or (kind is ReferAccepted and not output.subscribes)
            handle = getattr(output, name, None) if name else self.handle_of(output)
            if handle is None:
                continue
            entry = self.entry(step.agent, handle)
            if entry.life != step.agent.life:
                return f"{kind.__name__} is told of {handle}, which was forgotten in a crash"
            if entry.ended:
                return f"{kind.__name__} is told of {handle}, which has ended: {entry.ended}"
            if is_last_word:
                entry.ended.append(str(getattr(output, "reason", getattr(output, "status", "accepted"))))
        return None

    def handle_of(self, output: Any) -> Any:
        """What an event is about, if it is one of these."""
        for name in _NAMED:
            handle = getattr(output, name, None)
            if isinstance(handle, _JUDGED):
                return handle
        return None

    def is_written_down(self, step: Any) -> str | None:
        """What happens is noted, so that it can be judged."""
        for output in step.outputs:
            self.count[f"{type(output).__name__}, told"] += 1
            match output:
                case NotifyReceived(subscription, request):
                    self.heard[subscription] = request.body
                    self.last[subscription] = request
                case NotificationRefused(subscription):
                    self.unsure.add(subscription)
                    self.gaps.add(key_at_notifier(subscription))
                case Resubscribing(subscription, reason, message=message):
                    if (last := message or self.last.get(subscription)) is not None:
                        # Else nothing came of it since it came back, and it has another dialog by now.
                        self.end(0, key_of(subscription, last), step.agent, reason)
                    for known in (self.heard, self.documents, self.last):
                        known.pop(subscription, None)
                    self.documents.pop((subscription, "number"), None)
                case Published(publication):
                    self.published[publication] = self.net.now
                case PublishFailed(publication):
                    # The compositor may have accepted it all the same, and given another tag.
                    self.published.pop(publication, None)
                case Answered(request, response=None) if request.method == "MESSAGE":
                    sender, number = request.request.body.decode().split()
                    self.given_up.add((sender, number))
                case SubscriptionEnded(subscription, reason, message):
                    last = message or self.last.get(subscription)
                    self.end(0, key_of(subscription, last), step.agent, reason)
                case PeerSubscriptionEnded(subscription, reason) if subscription.referral is None:
                    self.end(1, key_at_notifier(subscription), step.agent, reason, subscription.dialog.local_tag)
                case _:
                    pass
        return None

    def end(self, side: int, key: Key, agent: Agent, reason: Any, tag: str | None = None) -> None:
        """A subscription is over at one side; one that waits to be made anew has been over before."""
        ends = self.ends.setdefault(key, ([], []))[side]
        if not any((each[0], each[1], each[3]) == (agent.name, agent.life, tag) for each in ends):
            ends.append((agent.name, agent.life, reason, tag))

    def versions_are_ordered(self, step: Any) -> str | None:
        """What changes is told in its order (RFC 6665 5.3.2), and no state is followed by an older one."""
        for output in step.outputs:
            if isinstance(output, NotifyReceived) and output.request.body:
                wrong = self.is_out_of_order(step.agent, output.subscription, output.request.body)
                if wrong:
                    return wrong
        return None

    def is_out_of_order(self, agent: Agent, subscription: Subscription, body: bytes) -> str | None:
        notifier = self.notifiers.get((key_of(subscription), subscription.dialog.remote_tag))
        sure = notifier is not None and not {notifier, agent.name} & self.stale
        # One that has ended at its notifier alone is another one there after the next SUBSCRIBE in the same dialog.
        sure = sure and not self.has_ended_there(key_of(subscription))
        known = self.documents.get(subscription)
        if subscription.event == "dialog":
            news = DialogInfo.parse(body)
            merged = merge(known, news)
            self.documents[subscription] = merged.state
            if sure and known is not None:
                self.count["versions compared"] += 1
                if news.is_full:
                    self.gaps.discard(key_of(subscription))
                if news.version < known.version or (merged.refresh and key_of(subscription) not in self.gaps):
                    return f"version {news.version} ({news.state}) of {subscription} comes after {known.version}"
        elif subscription.event in PLAIN:
            before = self.documents.get((subscription, "number"), -1)
            self.documents[subscription, "number"] = int(body)  # type: ignore[assignment]
            if sure and int(body) < before:  # type: ignore[operator]
                return f"state {int(body)} of {subscription} comes after {before}"
        return None

    def messages_keep_their_order(self, step: Any) -> str | None:
        """Those of one sender to one URI arrive as they were sent (RFC 3428 8)."""
        for output in step.outputs:
            if isinstance(output, MessageReceived) and output.call is None:
                sender, number = output.request.body.decode().split()
                if sender in self.stale or step.agent.name in self.stale:
                    continue
                if (sender, number) in self.given_up:
                    continue
                request, is_direct = output.request, len(output.request.vias) == 1
                if not is_direct and ("home" in self.stale or (request.call_id, request.cseq.number) in self.forked):
                    # One copy may come late, when the other one has been answered.
                    continue
                # Those by way of a proxy and the others are sent one after the other for themselves.
                place = step.agent.name, step.agent.life, str(request.uri), sender, is_direct, str(request.to.uri)
                before = self.arrived.get(place, -1)
                self.count["messages in order"] += 1
                if int(number) <= before:
                    return f"message {number} of {sender} comes after {before}"
                self.arrived[place] = int(number)
        return None

    def a_referral_ends_with_a_final_status(self, step: Any) -> str | None:
        """The last word on a REFER whose subscription ends as it should is final (RFC 3515 2.4.7)."""
        for output in step.outputs:
            if isinstance(output, ReferEnded) and output.reason is S.NO_RESOURCE:
                self.count["referrals to their end"] += 1
                if output.status is None or output.status < 200:
                    return f"{output.referral} ends with {output.status}"
        return None

    # ---------------------------------------------------------------- now and then

    def what_is_said_is_heard(self) -> None:
        """Where both sides say that a subscription is there, and nothing is under way, both know the same state."""
        there = {
            (key_of(each), each.dialog.remote_tag): each
            for agent in self.parties
            for each in agent.endpoint.subscriptions
            if each.state in {SubscriptionStatus.PENDING, SubscriptionStatus.ACTIVE}
        }
        for agent in self.parties:
            for peer in agent.endpoint.peer_subscriptions:
                key, tag = key_at_notifier(peer), peer.dialog.local_tag
                self.notifiers[key, tag] = agent.name
                self.entry(agent, peer)
                ours = there.get((key, tag))
                if ours is None or ours not in self.heard or not self.is_settled(peer) or self.has_ended_there(key):
                    continue
                self.count["states compared"] += 1
                if str(ours.state) != str(peer.state):
                    raise InvariantBroken(f"what_is_said_is_heard: {ours} and {peer} do not agree")
                said, heard = self.said.get(peer, b""), self.heard[ours]
                if peer.event == "dialog" and heard:
                    known = self.documents.get(ours)
                    if known is None or not known.is_full:
                        # It came back, and has been told a part only.
                        continue
                    said, heard = dialogs(self.documents.get(peer)), dialogs(known)
                if said != heard:
                    raise InvariantBroken(f"what_is_said_is_heard: {peer} has said {said!r}, {ours} heard {heard!r}")

    def has_ended_there(self, key: Key) -> bool:
        """Whether a subscription has ended at its notifier."""
        return bool(self.ends.get(key, ((), ()))[1])

    def is_settled(self, peer: PeerSubscription) -> bool:
        """Whether what its notifier has said last has been heard, as far as it knows."""
        there = peer.state in {PeerSubscriptionState.PENDING, PeerSubscriptionState.ACTIVE}
        return there and peer.referral is None and peer.notices.state in QUIET and peer not in self.unsure

    def tags_agree(self) -> None:
        """What is published and not under way is known by the same tag at both ends (RFC 3903 4.1, 6)."""
        now = self.net.now
        tags = {
            tag: soft.state_of.body
            for agent in self.parties
            for place in agent.endpoint._agent.compositor.store.held.values()
            for tag, soft in place.items()
            if soft.state_of is not None
        }
        away = [(down - LONGEST_S, up) for agent in self.net.agents.values() for down, up in agent.away]
        for publication, at in self.published.items():
            life, entry = publication.life, self.entries[publication]
            is_here = entry.agent.up and entry.life == entry.agent.life and not entry.ended
            under_way = life.state != "Published" or publication.state is not PublicationState.PUBLISHED
            if not is_here or under_way or life.expires_at < now + 2.0:
                continue
            if any(down <= now and up >= at - LONGEST_S for down, up in away):
                continue
            self.count["tags compared"] += 1
            if life.accepted is None or tags.get(life.tag or "") != life.accepted.body:
                raise InvariantBroken(f"tags_agree: the compositor does not know {publication} as {life.tag}")

    # ---------------------------------------------------------------- in the end

    def all_have_ended(self) -> None:
        """Whatever began in the present life of an agent has ended, or was never there when it came back."""
        for handle, entry in self.entries.items():
            present = entry.agent.up and entry.life == entry.agent.life
            if present and is_judged(handle) and len(entry.ended) != 1:
                raise InvariantBroken(f"all_have_ended: {entry.agent.name} was never told what became of {handle}")

    def reasons_fit(self) -> None:
        """Both ends of a subscription that nobody has forgotten were told of ends that go together."""
        for key, (ours, theirs) in self.ends.items():
            for name, _, reason, _ in ours:
                self.count[f"> {reason}, {theirs[0][2] if theirs else 'never told'}"] += 1
                if not theirs or {name, *(each[0] for each in theirs)} & self.stale:
                    continue
                fitting = FITS[reason]
                if key[0] in self.proxied:
                    # Of those who were asked, one has refused, and another, of whom nothing is heard any more, has not.
                    # What is answered for all of them, the proxy knows alone.
                    fitting |= {N.REJECTED} | (ENDED_HERE | IN_VAIN if reason is S.REFUSED else set())
                if fitting.isdisjoint(each[2] for each in theirs):
                    raise InvariantBroken(f"reasons_fit: {key} ended as {reason} and {theirs[0][2]}")


def is_judged(handle: Any) -> bool:
    """Whether its end is told: what a REFER of ours has begun ends with that."""
    return isinstance(handle, _JUDGED) and not (isinstance(handle, Subscription) and handle.referral is not None)


def key_of(subscription: Subscription, ended_by: Request | Response | None = None) -> Key:
    """Which subscription it is, at the subscriber, or was until this message."""
    kind, dialog = subscription.wanted.kind, subscription.dialog
    call_id, tag = dialog.call_id, dialog.local_tag or ""
    if ended_by is not None:
        call_id, tag = ended_by.call_id, (ended_by.to_tag if isinstance(ended_by, Request) else ended_by.from_tag) or ""
    return call_id, tag, kind.value, kind.id


def key_at_notifier(peer: PeerSubscription) -> Key:
    """The same, at the notifier."""
    return peer.dialog.call_id, peer.dialog.remote_tag or "", peer.event, peer.id


def dialogs(document: DialogInfo | None) -> bytes:
    """The dialogs of a document that are not over, and how they stand."""
    entries = () if document is None else document.dialogs
    return repr(sorted((each.id, each.state.state) for each in entries if not each.is_over)).encode()
