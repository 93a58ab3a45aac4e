"""Handles: each command of the core without `now`, told what concerns it, and found as long as there is something."""

from __future__ import annotations

from collections import deque
from inspect import Parameter, signature
from typing import Any, cast

import pytest

from sipsm import (
    Composing,
    Endpoint,
    LocalProtocolError,
    NotifyReceived,
    Operation,
    PeerSubscriptionEnded,
    Profile,
    PublicationEnded,
    Published,
    PublishRequested,
    ReferAccepted,
    ReferEnded,
    ReferProgress,
    ReferReceived,
    Registered,
    RegisterFailed,
    Registering,
    RegisterOperation,
    RegistrationEnded,
    SubscriptionActive,
    SubscriptionEnded,
    SubscriptionForked,
    SubscriptionPending,
    SubscriptionRequested,
)
from sipsm.endpoint.bound import Asking, Beginning, Bound
from tests.adapters.unplugged import Agent, two

BOB = "sip:bob@192.0.2.2"
TEXT = "text/plain"
EVERYTHING = Profile(event_packages=["door"], composes=["door"], takes_referrals=True)


def parameters(of: Any, *without: str) -> dict[str, tuple[Any, Any]]:
    """What a command takes: each name, how it is given, and what it is when it is not."""
    return {
        name: (each.kind, each.default)
        for name, each in signature(of).parameters.items()
        if name not in without and each.kind is not Parameter.VAR_KEYWORD
    }


@pytest.mark.parametrize("kind", Agent._kinds, ids=lambda kind: kind.of.__name__)
def test_a_handle_has_all_commands_of_the_core(kind: type[Bound[Any]]) -> None:
    """Each by its name and with its parameters, but for the time and the date, which the agent knows."""
    commands = {
        name: each for name, each in vars(kind.of).items() if callable(each) and "now" in signature(each).parameters
    }
    for name, command in commands.items():
        assert parameters(getattr(kind, name)) == parameters(command, "now", "date"), name


@pytest.mark.parametrize(
    "name",
    [
        "invite",
        "subscribe",
        "publish",
        "register",
        "unregister",
        "query_bindings",
        "refer",
        "request",
        "message",
        "options",
    ],
)
def test_an_agent_has_all_commands_of_the_endpoint(name: str) -> None:
    """Each by its name and with its parameters, but for the time and the date, which it knows."""
    mine = getattr(Beginning if hasattr(Beginning, name) else Asking, name)
    assert parameters(mine) == parameters(getattr(Endpoint, name), "now", "date")


def test_what_we_begin_is_told_everything() -> None:
    """Also what happens before the command has returned; and it is found by what events carry."""
    alice, bob = two(profile=EVERYTHING)
    subscription = alice.subscribe(BOB, "door")
    assert alice.bound(subscription.core) is subscription
    peer = bob.bound(bob.endpoint.peer_subscriptions[0])
    peer.pending()
    peer.accept(b"shut", TEXT)
    told = [type(event) for event in subscription._unread]
    assert told == [SubscriptionPending, NotifyReceived, SubscriptionActive, NotifyReceived]
    assert [type(event) for event in alice.read()] == told
    assert (subscription.state, subscription.event, subscription.expires_s) == ("active", "door", 3600)
    assert (peer.state, peer.event, peer.resource, peer.accepts, peer.given) == ("active", "door", BOB, ("*/*",), 2)
    assert "tag=" in peer.subscriber
    assert repr(peer) == f"<sipsm.endpoint.bound_events.BoundPeerSubscription of {peer.core!r}>"


def test_what_is_bound_late_is_told_what_is_unread() -> None:
    """What the agent has been read is not told again, but counts; nothing that comes later is missed."""
    alice, bob = two(profile=EVERYTHING)
    core = alice.do(alice.endpoint.subscribe, BOB, "door")
    peer = bob.bound(bob.endpoint.peer_subscriptions[0])
    peer.accept(b"shut", TEXT)
    assert isinstance(alice._take(), SubscriptionActive)
    subscription = alice.bound(core)
    assert isinstance(subscription._decided(), SubscriptionActive)
    assert [type(event) for event in subscription._unread] == [NotifyReceived]
    peer.terminate("noresource")
    assert isinstance(subscription._ended, SubscriptionEnded)


def test_what_was_decided_before_says_so() -> None:
    """Nobody waits in vain for what was told to nobody: not even in another process."""
    alice, bob = two(profile=EVERYTHING)
    alice.do(alice.endpoint.subscribe, BOB, "door")
    alice.do(alice.endpoint.publish, BOB, "door", b"open", TEXT)
    alice.do(alice.endpoint.refer, BOB, "http://www.example.com/")
    for peer in (*bob.peer_subscriptions, *bob.peer_referrals):
        peer.accept()
    again = Agent.restored(alice._saved(1000.0, 0.0))
    again._opened(("192.0.2.1", 5060))
    handles = [*again.subscriptions, *again.publications, *again.referrals]
    assert [str(each.state) for each in handles] == ["active", "published", "accepted"]
    for each in handles:
        with pytest.raises(LocalProtocolError, match="decided before"):
            each._decided()
    (publication,) = again.publications
    publication.modify(b"shut")
    assert publication._decided() is None, "now something is asked for"


def test_only_what_is_there_is_found() -> None:
    """What is over is found until the agent is read on; what is another's is not."""
    alice, bob = two(profile=EVERYTHING)
    subscription, publication = alice.subscribe(BOB, "door"), alice.publish(BOB, "door", b"open", TEXT)
    referral = alice.refer(BOB, "http://www.example.com/")
    with pytest.raises(LocalProtocolError, match="nothing of the kind"):
        bob.bound(subscription.core)
    for nothing in (None, "a subscription", subscription):
        with pytest.raises(LocalProtocolError, match="nothing of the kind"):
            alice.bound(cast(Any, nothing))
    (peer,), (asked,) = bob.peer_subscriptions, bob.peer_referrals
    assert (alice.subscriptions, alice.publications, alice.referrals) == ([subscription], [publication], [referral])
    peer.accept(b"shut", TEXT)
    peer.terminate("noresource")
    publication.remove()
    asked.reject()
    assert [type(each._ended) for each in (subscription, publication, referral, peer)] == [
        *(SubscriptionEnded, PublicationEnded, ReferEnded, PeerSubscriptionEnded)
    ]
    for agent, each in ((alice, subscription), (alice, publication), (alice, referral), (bob, peer)):
        assert agent.bound(each.core) is each
    alice.read()
    bob.read()
    for agent, each in ((alice, subscription), (alice, publication), (alice, referral), (bob, peer)):
        with pytest.raises(LocalProtocolError, match="not any more"):
            agent.bound(each.core)
    assert (alice.subscriptions, alice.publications, alice.referrals, bob.peer_subscriptions) == ([], [], [], [])
    assert alice._handles == bob._handles == {}


def test_the_end_that_was_just_read_counts() -> None:
    """Who binds what he has just read the end of is not left waiting."""
    alice, bob = two(profile=EVERYTHING)
    core = alice.do(alice.endpoint.subscribe, BOB, "door", expires_s=0)
    (peer,) = bob.peer_subscriptions
    peer.accept(b"shut", TEXT)
    while not isinstance(event := alice._take(), SubscriptionEnded):
        assert event is not None
    assert alice.bound(core)._ended is event


def test_the_outcome_of_a_publication_is_that_of_the_last_wish() -> None:
    """What was under way before does not count, nor what it does by itself."""
    alice, _ = two(profile=EVERYTHING)
    alice.held = deque()
    publication = alice.publish(BOB, "door", b"open", TEXT, expires_s=600)
    publication.modify(b"shut")
    assert (publication.body, publication.entity_tag, publication.state) == (b"shut", None, "publishing")
    (initial,) = alice.held
    alice.held.clear()
    alice.carry(initial)
    assert [type(event) for event in publication._unread] == [Published]
    assert publication._decided() is None
    alice.release()
    outcome = publication._decided()
    assert isinstance(outcome, Published)
    assert outcome.operation is Operation.MODIFY
    alice.time = alice.endpoint.next_timeout() or 0.0
    while len(publication._unread) < 3:
        alice.perform(alice.endpoint.handle_timeout(alice.time))
        alice.time = alice.endpoint.next_timeout() or 0.0
    assert publication._decided() is outcome, "a refresh of its own is none"
    publication.refresh(expires_s=300)
    assert publication._decided() is publication._unread[-1]
    with pytest.raises(LocalProtocolError, match="to nothing"):
        publication.modify(b"")
    assert publication._decided() is publication._unread[-1], "nothing was asked for"


def test_a_subscription_that_is_refused() -> None:
    """Its outcome is its end, on our side; on the other it is over without having begun."""
    alice, bob = two(profile=EVERYTHING)
    subscription = alice.subscribe(BOB, "door")
    (peer,) = bob.peer_subscriptions
    peer.reject(403)
    outcome = subscription._decided()
    assert isinstance(outcome, SubscriptionEnded)
    assert (outcome.status, subscription._ended) == (403, outcome)


def test_a_fork_is_told_to_the_one_that_it_comes_from() -> None:
    """The program has that one in hand; the new one is bound when it is wanted."""
    alice, _ = two(profile=EVERYTHING)
    subscription = alice.subscribe(BOB, "door")
    new = alice.do(alice.endpoint.subscribe, BOB, "door")
    forked = SubscriptionForked(new, subscription.core)
    alice._note(forked)
    assert list(subscription._unread) == [forked]
    branch = alice.bound(forked.subscription)
    assert branch is not subscription
    assert list(branch._unread) == [forked]


def test_a_call_is_subscribed_to_and_referred_by_its_handle() -> None:
    """A handle is taken wherever the core takes the call: nobody has to know of `core`."""
    alice, bob = two(profile=EVERYTHING)
    call, other = (alice.invite(BOB, offer=b"v=0\r\n") for _ in range(2))
    for each in bob.calls:
        each.answer(b"v=0\r\n")
    subscription = alice.subscribe(call, "door")
    assert subscription.core.dialog.call_id == call.call_id
    referral = call.refer(replaces=other)
    assert f"Replaces={other.call_id}" in referral.refer_to
    assert (referral.state, referral.status) == ("asked", None)
    (received,) = [event for event in bob.read() if isinstance(event, ReferReceived)]
    assert received.about is bob.calls[0].core
    assert received in bob.calls[0]._unread
    asked = bob.bound(received.referral)
    assert asked.replaces is not None
    assert asked.replaces.call_id == other.call_id
    asked.reject(486)
    assert [type(event) for event in referral._unread] == [ReferEnded]


def test_a_refer_is_followed_by_its_handle() -> None:
    """Following it makes a call, which is bound as any other; who has sent it is told how that goes."""
    alice, bob = two(profile=EVERYTHING)
    referral = alice.refer(BOB, "sip:alice@192.0.2.1")
    (asked,) = bob.peer_referrals
    assert (asked.state, asked.method, asked.referred_by, asked.replaces) == ("asked", "INVITE", None, None)
    assert (asked.request.method, str(asked.uri)) == ("REFER", "sip:alice@192.0.2.1")
    following = asked.follow(b"v=0\r\n")
    assert bob.calls == [following]
    assert (asked.state, str(asked.refer_to)) == ("accepted", referral.refer_to)
    assert [type(event) for event in referral._unread] == [ReferAccepted, ReferProgress]
    assert (referral.state, referral.status) == ("accepted", 100)
    assert isinstance(referral._decided(), ReferAccepted)
    referral.refresh(300)
    referral.unsubscribe()


def test_a_refer_is_followed_by_hand() -> None:
    """A call that is made by a command of the endpoint's own objects has its handle, too; what is done without a call
    is told by the program."""
    alice, bob = two(profile=EVERYTHING)
    alice.refer(BOB, "sip:alice@192.0.2.1")
    (asked,) = bob.peer_referrals
    following = bob.do(asked.core.follow, b"v=0\r\n")
    assert [call.core for call in bob.calls] == [following]
    alice.refer(BOB, "http://www.example.com/")
    (asked,) = (each for each in bob.peer_referrals if each.uri.scheme == "http")
    asked.accept()
    asked.progress(204)
    with pytest.raises(LocalProtocolError, match=r"3515 2\.4\.7"):
        asked.progress(180)


@pytest.mark.rfc("7614 4.2", "7614 4.4")
def test_a_refer_is_told_of_where_its_handle_says() -> None:
    """Who subscribes there has a subscription like any other, and the other side tells of it by the REFER's handle."""
    alice, bob = two(profile=EVERYTHING)
    referral = alice.refer(BOB, "http://www.example.com/", headers=[("Require", "explicitsub")])
    (asked,) = bob.peer_referrals
    asked.accept()
    there = str(referral.events_at)
    assert there == asked.core.events_at
    subscription = alice.subscribe(there, "refer")
    assert subscription.state == "active"
    assert ([each.core for each in bob.peer_referrals], bob.peer_subscriptions) == ([asked.core], [])
    asked.progress(200)
    assert asked.state == "over"


def test_a_wish_to_publish_is_decided_by_its_handle() -> None:
    """What nothing is told of is bound each time, and needs to be held by nobody."""
    alice, bob = two(profile=Profile(composes=Composing(["door"], by_hand=True)))
    publication = alice.publish(BOB, "door", b"open", TEXT)
    (event,) = [event for event in bob.read() if isinstance(event, PublishRequested)]
    asked = bob.bound(event.asked)
    assert (str(asked.address), asked.request) == (BOB, event.request)
    asked.accept()
    assert isinstance(publication._decided(), Published)
    assert bob._handles == {}


def test_the_outcome_of_a_registration_is_that_of_the_last_wish() -> None:
    """What was under way before does not count, nor what it does by itself; in the end it is over, and forgotten."""
    alice, bob = two(profile=Profile(registers=()))
    alice.held = deque()
    registration = alice.register(BOB, expires_s=600)
    registration.modify("sip:bob@192.0.2.7")
    assert (registration.state, str(registration.registrar)) == ("registering", "sip:192.0.2.2")
    (initial,) = alice.held
    alice.held.clear()
    alice.carry(initial)
    assert registration._decided() is None
    alice.release()
    outcome = registration._decided()
    assert isinstance(outcome, Registered)
    assert (outcome.operation, str(registration.address)) == (RegisterOperation.MODIFY, BOB)
    assert [str(each) for each in registration.contacts] == ["<sip:bob@192.0.2.7>"]
    assert alice.registrations == [registration]
    alice.time = alice.endpoint.next_timeout() or 0.0
    while len(registration._unread) < 3:
        alice.perform(alice.endpoint.handle_timeout(alice.time))
        alice.time = alice.endpoint.next_timeout() or 0.0
    assert registration._decided() is outcome, "a refresh of its own is none"
    registration.refresh(expires_s=300)
    assert registration._decided() is registration._unread[-1]
    query = alice.query_bindings(BOB)
    assert [each.expires_s for each in query._decided().bindings] == [300]
    registration.remove()
    assert isinstance(registration._decided(), RegistrationEnded)
    assert alice.unregister(BOB, everything=True)._ended.bindings == ()
    alice.read()
    bob.read()
    assert (alice.registrations, alice._handles, bob.endpoint.bound_addresses) == ([], {}, [])


def test_a_registration_is_bound_late() -> None:
    """It is told what has not been read of it; what was decided before says so."""
    alice, bob = two(profile=Profile(registers=()))
    core = alice.do(alice.endpoint.register, BOB)
    assert isinstance(alice.bound(core)._decided(), Registered)
    again = Agent.restored(alice._saved(1000.0, 0.0))
    again._opened(("192.0.2.1", 5060))
    (registration,) = again.registrations
    with pytest.raises(LocalProtocolError, match="decided before"):
        registration._decided()
    bob.do(bob.endpoint.unbind, BOB)
    assert bob.endpoint.bindings(BOB) == ()


def test_a_change_that_fails_for_now_is_no_outcome() -> None:
    """It is tried again by itself: there is more to come."""
    alice, bob = two(profile=Profile(registers=Registering(by_hand=True)))
    registration = alice.register(BOB)
    (asked,) = bob.endpoint._agent.registrar.undecided.values()
    bob.bound(asked).accept(headers=[("Date", "Sun, 22 Nov 2026 12:00:00 GMT")])
    registration.modify("sip:bob@192.0.2.7")
    (asked,) = bob.endpoint._agent.registrar.undecided.values()
    handle = bob.bound(asked)
    assert (str(handle.address), handle.request) == (BOB, asked.request)
    handle.reject(503)
    assert isinstance(registration._unread[-1], RegisterFailed)
    assert registration._decided() is None
    assert bob._handles == {}


def test_who_has_subscribed_by_a_refer_is_no_subscriber() -> None:
    """The subscription that a REFER begins is the referral's own, on both sides."""
    alice, bob = two(profile=EVERYTHING)
    alice.refer(BOB, "http://www.example.com/")
    (asked,) = bob.peer_referrals
    asked.accept()
    assert len(alice.endpoint.subscriptions) == len(bob.endpoint.peer_subscriptions) == 1
    assert alice.subscriptions == bob.peer_subscriptions == []


def test_closing_is_told_to_all() -> None:
    """Whoever waits for anything of an agent that is closed waits no more."""
    alice, _ = two(profile=EVERYTHING)
    handles = [alice.subscribe(BOB, "door"), alice.publish(BOB, "door", b"open", TEXT), alice.invite(BOB)]
    alice._close()
    assert all(each._over() for each in handles)


def test_what_the_program_has_read_is_not_told_again() -> None:
    """Who binds the subscription of the event that he has just read does not read that once more."""
    alice, bob = two(profile=EVERYTHING)
    alice.subscribe(BOB, "door")
    (requested,) = bob.read()
    assert isinstance(requested, SubscriptionRequested)
    peer = bob.bound(requested.subscription)
    assert peer._take() is None
