"""Subscriber and notifier together: whole subscriptions, as pictures (RFC 6665 4), and on networks that lose much."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from sipsm import (
    NotifyReceived,
    PeerSubscription,
    PeerSubscriptionEnded,
    Profile,
    Subscription,
    SubscriptionEnded,
    SubscriptionRequested,
)
from sipsm.testing import Agent, Net, ladder, nothing_left
from tests.ladders.parties import told
from tests.ladders.watching import AJAR, CLOSED, OPEN, TEXT

DOORS = Profile(event_packages=("door",))


def watching(seed: int = 1, **network: object) -> tuple[Net, Agent, Agent]:
    """Alice, who watches, and Bob, who tells everybody that his door is open."""
    net = Net(seed, **network)  # type: ignore[arg-type]
    alice, bob = net.agent("alice"), net.agent("bob", profile=DOORS)
    bob.on(SubscriptionRequested, lambda event: bob.do(event.subscription.accept, OPEN, TEXT))
    return net, alice, bob


def subscribe(alice: Agent, expires_s: int = 600) -> Subscription:
    """Alice subscribes."""
    subscription = alice.do(alice.endpoint.subscribe, "sip:bob", "door", expires_s=expires_s)
    assert isinstance(subscription, Subscription)
    return subscription


def served(bob: Agent) -> PeerSubscription:
    """What Bob knows of it."""
    (subscription,) = bob.endpoint.peer_subscriptions
    assert isinstance(subscription, PeerSubscription)
    return subscription


def heard(alice: Agent) -> list[bytes]:
    """What Alice has been told of the door."""
    return [event.request.body for event in told(alice, NotifyReceived)]


def ends(alice: Agent, bob: Agent) -> tuple[list[str], list[str]]:
    """Why each says that it is over."""
    return (
        [str(event.reason) for event in told(alice, SubscriptionEnded)],
        [str(event.reason) for event in told(bob, PeerSubscriptionEnded)],
    )


@pytest.mark.rfc("6665 4.1.2.1", "6665 4.2.1.1", "6665 4.2.1.2", "6665 4.1.2.3", "6665-11", "6665-15")
def test_a_subscription() -> None:
    """It is asked for, told of, refreshed, and ended; each SUBSCRIBE is followed by a NOTIFY."""
    net, alice, bob = watching(delay=0.1)
    subscription = subscribe(alice)
    net.at(100, lambda: bob.do(served(bob).notify, CLOSED, TEXT))
    net.at(500, lambda: alice.do(subscription.unsubscribe))
    assert net.run(until=600) == ladder("""
          0.0  alice SUBSCRIBE-------> bob
          0.1  alice <------------200- bob
          0.1  alice <---------NOTIFY- bob
          0.2  alice 200-------------> bob
        100.0  alice <---------NOTIFY- bob
        100.1  alice 200-------------> bob
        480.1  alice SUBSCRIBE-------> bob   Timer refresh
        480.2  alice <------------200- bob
        480.2  alice <---------NOTIFY- bob
        480.3  alice 200-------------> bob
        500.0  alice SUBSCRIBE-------> bob
        500.1  alice <------------200- bob
        500.1  alice <---------NOTIFY- bob
        500.2  alice 200-------------> bob
    """)
    assert heard(alice) == [OPEN, CLOSED, CLOSED, CLOSED]
    assert ends(alice, bob) == (["unsubscribed"], ["unsubscribed"])
    nothing_left(net)


@pytest.mark.rfc("6665 4.2.1.3", "6665 4.2.2", "6665-13")
def test_somebody_is_asked() -> None:
    """It is pending until Bob grants it."""
    net = Net(1)
    alice, bob = net.agent("alice"), net.agent("bob", profile=DOORS)
    bob.on(SubscriptionRequested, lambda event: bob.do(event.subscription.pending))
    subscription = subscribe(alice)
    net.at(30, lambda: bob.do(served(bob).accept, OPEN, TEXT))
    assert net.run(until=40) == ladder("""
         0.0  alice SUBSCRIBE-------> bob
         0.0  alice <------------200- bob
         0.0  alice <---------NOTIFY- bob
         0.0  alice 200-------------> bob
        30.0  alice <---------NOTIFY- bob
        30.0  alice 200-------------> bob
    """)
    assert [event.request.header("Subscription-State") for event in told(alice, NotifyReceived)] == [
        "pending;expires=600",
        "active;expires=570",
    ]
    assert subscription.state == "active"


@pytest.mark.rfc("6665 4.4.3", "6665-15")
def test_a_fetch() -> None:
    """The state is told once."""
    net, alice, bob = watching()
    subscribe(alice, 0)
    assert net.run() == ladder("""
        0.0  alice SUBSCRIBE-------> bob
        0.0  alice <------------200- bob
        0.0  alice <---------NOTIFY- bob
        0.0  alice 200-------------> bob
    """)
    assert (heard(alice), ends(alice, bob)) == ([OPEN], (["fetched"], ["fetched"]))
    nothing_left(net)


@pytest.mark.rfc("6665 4.2.1.4", "6665 4.2.2", "6665-12", "6665-14")
@pytest.mark.parametrize(("changes", "reason"), [(False, "expired"), (True, "not-answered")])
def test_the_subscriber_is_gone(changes: bool, reason: str) -> None:
    """Bob notices when the subscription runs out, or when he has something to tell; then he forgets it."""
    net, alice, bob = watching()
    subscribe(alice)
    net.at(5, alice.crash)
    if changes:
        net.at(100, lambda: bob.do(served(bob).notify, CLOSED, TEXT))
    net.run(until=700)
    assert [str(event.reason) for event in told(bob, PeerSubscriptionEnded)] == [reason]
    nothing_left(net)


@pytest.mark.rfc("6665 4.2.2", "6665-14", "6665-06")
def test_the_subscriber_has_forgotten_it() -> None:
    """It refuses the NOTIFY, which tells Bob so."""
    net, alice, bob = watching()
    subscribe(alice)
    net.at(5, alice.crash)
    net.at(6, alice.back)
    net.at(10, lambda: bob.do(served(bob).notify, CLOSED, TEXT))
    net.run(until=20)
    assert [str(event.reason) for event in told(bob, PeerSubscriptionEnded)] == ["refused"]


@pytest.mark.rfc("6665 4.4.2", "6665 4.1.3", "6665-08", "6665-23")
def test_it_moves_to_another_notifier() -> None:
    """`deactivated` has the subscriber subscribe again at once, in a dialog of its own."""
    net, alice, bob = watching()
    subscribe(alice)
    net.at(5, lambda: bob.do(served(bob).terminate, "deactivated"))
    assert net.run(until=10) == ladder("""
        0.0  alice SUBSCRIBE-------> bob
        0.0  alice <------------200- bob
        0.0  alice <---------NOTIFY- bob
        0.0  alice 200-------------> bob
        5.0  alice <---------NOTIFY- bob
        5.0  alice 200-------------> bob   Timer retry
        5.0  alice SUBSCRIBE-------> bob   Timer retry
        5.0  alice <------------200- bob
        5.0  alice <---------NOTIFY- bob
        5.0  alice 200-------------> bob
    """)
    assert heard(alice)[-1] == OPEN


# -------------------------------------------------------------------- on bad networks

Flow = Callable[[Net, Agent, Agent], object]


def ended_by_alice(net: Net, alice: Agent, bob: Agent) -> None:
    """Three changes, a refresh, and an end."""
    subscription = subscribe(alice)
    for at, body in ((20, CLOSED), (20.3, AJAR), (21, OPEN), (300, AJAR)):
        net.at(at, partial(tell, bob, body))
    net.at(400, lambda: alice.do(subscription.refresh) if subscription.state == "active" else None)
    net.at(1000, lambda: alice.do(subscription.unsubscribe) if subscription.state == "active" else None)


def ended_by_bob(net: Net, alice: Agent, bob: Agent) -> None:
    """Bob ends it when it has been refreshed, for good."""
    subscribe(alice)
    net.at(700, lambda: [bob.do(each.terminate, "noresource") for each in active(bob)])


def tell(bob: Agent, body: bytes) -> None:
    """Bob tells all who may know it."""
    for each in active(bob):
        bob.do(each.notify, body, TEXT)


def active(bob: Agent) -> list[PeerSubscription]:
    """The subscriptions at Bob that are active."""
    return [each for each in bob.endpoint.peer_subscriptions if each.state == "active"]


@pytest.mark.rfc("6665 4.1", "6665 4.2", "6665-04", "6665-11")
@pytest.mark.parametrize("flow", [ended_by_alice, ended_by_bob])
@pytest.mark.seeds(30)
def test_on_a_bad_network(flow: Flow, seed: int) -> None:
    """Whatever is lost, doubled or overtaken: each side is told of one end, and nothing is left."""
    net, alice, bob = watching(seed, loss=0.25, duplicate=0.1, reorder=0.2, delay=(0.0, 0.3))
    flow(net, alice, bob)
    net.run()
    ours, theirs = ends(alice, bob)
    assert len(ours) == 1
    assert len(theirs) <= len(told(bob, SubscriptionRequested))
    nothing_left(net)


@pytest.mark.rfc("6665 4.2.2")
@pytest.mark.seeds(20)
def test_the_last_state_arrives(seed: int) -> None:
    """After many changes the subscriber knows the last one, and it has not been told an older one after a newer."""
    net, alice, bob = watching(seed, loss=0.15, duplicate=0.2, reorder=0.3, delay=(0.0, 0.4))
    subscribe(alice)
    bodies = [b"%d" % n for n in range(20)]
    for n, body in enumerate(bodies):
        net.at(30 + n / 7, partial(tell, bob, body))
    net.run(until=300)
    if active(bob):
        assert heard(alice)[-1] == bodies[-1]
    numbers = [int(body) for body in heard(alice) if body.isdigit()]
    assert numbers == sorted(numbers)
