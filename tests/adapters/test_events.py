"""Subscriptions, publications, messages and REFER between any two adapters, over real sockets on loopback."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from queue import Queue
from typing import Any

import pytest

from sipsm import (
    BindingRemoved,
    Composing,
    IncomingCall,
    LocalProtocolError,
    MessageReceived,
    NotifyReceived,
    Operation,
    PeerSubscriptionEndReason,
    Profile,
    PublicationEnded,
    PublicationEndReason,
    Published,
    PublishFailed,
    PublishRequested,
    ReferAccepted,
    ReferEnded,
    ReferProgress,
    ReferReceived,
    Registered,
    RegisterFailed,
    Registering,
    RegisterOperation,
    RegistrationEndReason,
    RegistrationRequested,
    StatePublished,
    SubscriptionActive,
    SubscriptionEnded,
    SubscriptionEndReason,
    SubscriptionPending,
    SubscriptionRequested,
    UnbindReason,
)
from sipsm.message.headers import DATE
from tests.adapters.driving import ADAPTERS, PATIENCE_S, done, opened, rest
from tests.adapters.peer import SDP, Place

Half = Callable[[Any, str], Coroutine[Any, Any, None]]
PLACES = [Place("UDP", "127.0.0.1"), Place("TCP", "::1")]
TEXT = "text/plain"
everywhere = pytest.mark.parametrize("place", PLACES, ids="-".join)
between_any_two = pytest.mark.parametrize(("one", "other"), list(permutations(ADAPTERS, 2)))


def both(one: str, other: str, place: Place, asks: Half, serves: Half, **profile: Any) -> None:
    """An agent of the one adapter that asks, and one of the other that serves; each is told where the other one is."""
    here: Queue[str] = Queue()
    there: Queue[str] = Queue()

    async def half(name: str, mine: Queue[str], theirs: Queue[str], goes: Half, profile: Profile | None) -> None:
        async with opened(ADAPTERS[name].agent(place.any_port, profile=profile)) as agent:
            mine.put(f"sip:{name}@{agent.local.sent_by}{place.uri_parameters}")
            await goes(agent, theirs.get(timeout=PATIENCE_S))

    with ThreadPoolExecutor(1) as thread:
        serving = thread.submit(
            ADAPTERS[other].run, lambda: half(other, there, here, serves, Profile(**profile) if profile else None)
        )
        ADAPTERS[one].run(lambda: half(one, here, there, asks, None))
        serving.result(PATIENCE_S)


@everywhere
@between_any_two
def test_a_subscription(one: str, other: str, place: Place) -> None:
    """It is granted, each state is told, it is refreshed, and both sides are told of its end."""

    async def watches(agent: Any, uri: str) -> None:
        subscription = await done(agent.subscribe(uri, "door", expires_s=600))
        assert agent.subscriptions == [subscription]
        assert isinstance(await done(subscription.outcome()), SubscriptionActive)
        for state in (b"ajar", b"open"):
            assert (await done(subscription.next(NotifyReceived))).request.body == state
        await done(subscription.refresh())
        assert (await done(subscription.next(NotifyReceived))).request.body == b"open"
        await done(subscription.unsubscribe())
        ended = await done(subscription.ended())
        assert ended.reason is SubscriptionEndReason.UNSUBSCRIBED
        assert [type(event) for event in await rest(subscription)] == [NotifyReceived, SubscriptionEnded]
        assert await done(subscription.next(NotifyReceived)) is None
        assert agent.bound(ended.subscription) is subscription

    async def notifies(agent: Any, _: str) -> None:
        asked = await done(agent.next(SubscriptionRequested))
        peer = agent.bound(asked.subscription)
        assert peer is agent.bound(asked.subscription)
        assert (peer.event, agent.peer_subscriptions) == ("door", [peer])
        await done(peer.accept(b"ajar", TEXT))
        await done(peer.notify(b"open", TEXT))
        assert (await done(peer.ended())).reason is PeerSubscriptionEndReason.UNSUBSCRIBED

    both(one, other, place, watches, notifies, event_packages=["door"])


@between_any_two
def test_a_subscription_that_is_pending_first(one: str, other: str) -> None:
    """That it is there is told; its outcome waits until somebody has granted it. The notifier may end it."""

    async def watches(agent: Any, uri: str) -> None:
        subscription = await done(agent.subscribe(uri, "door", expires_s=600))
        await done(subscription.next(SubscriptionPending))
        assert str(subscription.state) == "pending"
        await done(agent.message(uri, "may I?"))
        assert isinstance(await done(subscription.outcome()), SubscriptionActive)
        assert (await done(subscription.ended())).reason is SubscriptionEndReason.NO_RESOURCE

    async def notifies(agent: Any, _: str) -> None:
        peer = agent.bound((await done(agent.next(SubscriptionRequested))).subscription)
        await done(peer.pending())
        assert (await done(agent.next(MessageReceived))).request.body == b"may I?"
        await done(peer.accept(b"open", TEXT))
        await done(peer.terminate("noresource"))
        assert (await done(peer.ended())).reason is PeerSubscriptionEndReason.TERMINATED

    both(one, other, PLACES[0], watches, notifies, event_packages=["door"])


@everywhere
@between_any_two
def test_a_registration(one: str, other: str, place: Place) -> None:
    """It is taken, changed, refused a change, asked for and removed; who decides may be asked each time."""

    async def registers(agent: Any, uri: str) -> None:
        registration = await done(agent.register(uri, contacts="sip:a@192.0.2.1", expires_s=600))
        outcome = await done(registration.outcome())
        assert (type(outcome), outcome.operation) == (Registered, RegisterOperation.REGISTER)
        assert abs(outcome.response[DATE].timestamp() - time.time()) < 60
        assert agent.registrations == [registration]
        await done(registration.modify("sip:b@192.0.2.1"))
        refused = await done(registration.outcome())
        assert (type(refused), refused.status) == (RegisterFailed, 403)
        assert [str(each.uri) for each in registration.contacts] == ["sip:a@192.0.2.1"]
        await done(registration.refresh())
        assert (await done(registration.outcome())).operation is RegisterOperation.REFRESH
        query = await done(agent.query_bindings(uri))
        assert [str(each.uri) for each in (await done(query.ended())).bindings] == ["sip:a@192.0.2.1"]
        await done(registration.remove())
        outcome = await done(registration.outcome())
        assert (outcome, outcome.reason) == (await done(registration.ended()), RegistrationEndReason.REMOVED)
        with pytest.raises(LocalProtocolError, match="the registration is over"):
            await done(registration.refresh())

    async def keeps(agent: Any, _: str) -> None:
        for decision in ("accept", "reject", "accept", "accept", "accept"):
            asked = agent.bound((await done(agent.next(RegistrationRequested))).asked)
            assert asked.request.method == "REGISTER"
            await done(getattr(asked, decision)())
        assert agent.endpoint.bound_addresses == []
        assert (await done(agent.next(BindingRemoved))).reason is UnbindReason.UNREGISTERED

    both(one, other, place, registers, keeps, registers=Registering(by_hand=True))


@everywhere
@between_any_two
def test_a_publication(one: str, other: str, place: Place) -> None:
    """Each outcome is that of what was asked for last; what is refused leaves what was there; then it is removed."""

    async def publishes(agent: Any, uri: str) -> None:
        publication = await done(agent.publish(uri, "door", b"open", TEXT, expires_s=600))
        outcome = await done(publication.outcome())
        assert (type(outcome), outcome.operation, publication.body) == (Published, Operation.INITIAL, b"open")
        assert agent.publications == [publication]
        await done(publication.modify(b"shut"))
        refused = await done(publication.outcome())
        assert (type(refused), refused.status, publication.body) == (PublishFailed, 403, b"open")
        await done(publication.refresh())
        assert (await done(publication.outcome())).operation is Operation.REFRESH
        await done(publication.remove())
        outcome = await done(publication.outcome())
        assert isinstance(outcome, PublicationEnded)
        assert (outcome, outcome.reason) == (await done(publication.ended()), PublicationEndReason.REMOVED)
        with pytest.raises(LocalProtocolError, match="the publication is over"):
            await done(publication.refresh())

    async def composes(agent: Any, _: str) -> None:
        for verdict in (True, False, True, True):
            asked = agent.bound((await done(agent.next(PublishRequested))).asked)
            assert asked.request.method == "PUBLISH"
            await done(asked.accept() if verdict else asked.reject())
        while (await done(agent.next(StatePublished))).states:
            pass

    both(one, other, place, publishes, composes, composes=Composing(["door"], by_hand=True))


@pytest.mark.slow
@between_any_two
def test_a_refer_that_the_program_follows(one: str, other: str) -> None:
    """Outside a call: whom it names is contacted by the program itself, which tells how that goes."""

    async def refers(agent: Any, uri: str) -> None:
        referral = await done(agent.refer(uri, "http://www.example.com/"))
        assert isinstance(await done(referral.outcome()), ReferAccepted)
        assert (await done(referral.next(ReferProgress))).status == 100
        ended = await done(referral.ended())
        assert (ended.status, referral.status, ended.succeeded) == (204, 204, True)
        assert not (await done(agent.message(uri, "thanks"))).status >= 300

    async def fetches(agent: Any, _: str) -> None:
        referral = agent.bound((await done(agent.next(ReferReceived))).referral)
        assert (str(referral.refer_to), referral.uri.scheme) == ("<http://www.example.com/>", "http")
        await done(referral.accept())
        await done(referral.progress(204))
        await done(agent.next(MessageReceived))

    both(one, other, PLACES[0], refers, fetches, takes_referrals=True)


@pytest.mark.slow
@between_any_two
def test_a_transfer(one: str, other: str) -> None:
    """Who is referred in a call calls whom it names, and tells how that goes; each of the two calls is a call."""

    async def refers(agent: Any, uri: str) -> None:
        call = await done(agent.invite(uri, offer=SDP))
        await done(call.outcome())
        referral = await done(call.refer(f"sip:me@{agent.local.sent_by}"))
        assert isinstance(await done(referral.outcome()), ReferAccepted)
        again = agent.bound((await done(agent.next(IncomingCall))).call)
        await done(again.answer(SDP))
        ended = await done(referral.ended())
        assert isinstance(ended, ReferEnded)
        assert ended.succeeded
        for each in (call, again):
            await done(each.hang_up())

    async def follows(agent: Any, _: str) -> None:
        call = agent.bound((await done(agent.next(IncomingCall))).call)
        await done(call.answer(SDP))
        asked = await done(call.next(ReferReceived))
        assert asked.about is call.core
        following = await done(agent.bound(asked.referral).follow(SDP))
        assert agent.calls == [call, following]
        for each in (call, following):
            await done(each.ended())

    both(one, other, PLACES[0], refers, follows, takes_referrals=True)


@pytest.mark.parametrize("name", ADAPTERS)
def test_what_is_refused_or_told_no_more(name: str) -> None:
    """Nobody takes REFER here, or it is to be done without a word: then the outcome is the end."""
    adapter = ADAPTERS[name]

    async def scenario() -> None:
        async with opened(adapter.agent("udp:127.0.0.1:0", profile=Profile(takes_referrals=True))) as agent:
            uri = f"sip:me@{agent.local.sent_by}"
            quiet = await done(agent.refer(uri, "sip:carol@example.com", reports=False))
            await done(agent.bound((await done(agent.next(ReferReceived))).referral).accept())
            outcome = await done(quiet.outcome())
            assert (type(outcome), outcome.subscribes) == (ReferAccepted, False)
            assert outcome is await done(quiet.ended())
            refused = await done(agent.refer(uri, "sip:carol@example.com"))
            await done(agent.bound((await done(agent.next(ReferReceived))).referral).reject(603))
            outcome = await done(refused.outcome())
            assert (type(outcome), outcome.status) == (ReferEnded, 603)
            denied = await done(agent.subscribe(uri, "door"))
            assert (await done(denied.outcome())).status == 489

    adapter.run(scenario)
