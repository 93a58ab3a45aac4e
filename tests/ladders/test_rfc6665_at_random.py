"""Subscribers and notifiers that do what chance has them do, on a bad network, with and without a crash."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress

import pytest

from sipsm import (
    LocalProtocolError,
    PeerSubscriptionState,
    Profile,
    Resubscribing,
    Subscription,
    SubscriptionEnded,
    SubscriptionRequested,
)
from sipsm.testing import Net, nothing_left
from tests.ladders.watching import OPEN, TEXT

PACKAGES = ("door", "window")
REASONS = ("deactivated", "probation", "rejected", "timeout", "giveup", "noresource")
STEPS = 40


class World:
    """Alice, who subscribes, and Bob, who is subscribed to."""

    def __init__(self, seed: int, crashes: bool) -> None:
        self.chance = random.Random(seed)
        loss = self.chance.choice([0.0, 0.2, 0.5])
        self.net = Net(seed, delay=(0.01, 0.2), loss=loss, duplicate=0.05, reorder=0.1)
        self.alice = self.net.agent("alice")
        self.bob = self.net.agent("bob", profile=Profile(event_packages=PACKAGES))
        self.bob.on(SubscriptionRequested, self.asked)
        self.end = 0.0
        for _ in range(STEPS):
            self.end += self.chance.choice([0.01, 0.1, 1.0, 20.0])
            self.net.at(self.end, self.step)
        if crashes:
            who, at = self.chance.choice(["alice", "bob"]), self.chance.uniform(1.0, self.end)
            self.net.crash(who, at, at + 3.0, saved=at)

    def asked(self, event: SubscriptionRequested) -> None:
        """Bob grants, thinks about it, or says no."""
        one = event.subscription
        if one.state is not PeerSubscriptionState.ASKED:
            return
        way = self.chance.random()
        if way < 0.7:
            self.bob.do(one.accept, OPEN, TEXT)
        elif way < 0.9:
            self.bob.do(one.pending, OPEN, TEXT)
        else:
            self.bob.do(one.reject, 403)

    def step(self) -> None:
        """One of them does something, where a rule lets it."""
        with suppress(LocalProtocolError):
            if not (self.alice.up and self.bob.up):
                return
            ours, theirs = self.alice.endpoint.subscriptions, self.bob.endpoint.peer_subscriptions
            match self.chance.randrange(8):
                case 0 | 1:
                    seconds = self.chance.choice([0, 30, 60, 600])
                    package = self.chance.choice(PACKAGES)
                    self.alice.do(self.alice.endpoint.subscribe, "sip:bob", package, expires_s=seconds)
                case 2 if ours:
                    self.alice.do(self.chance.choice(ours).refresh, self.chance.choice([60, 300]))
                case 3 if ours:
                    self.alice.do(self.chance.choice(ours).unsubscribe)
                case 4 if theirs:
                    wait = self.chance.choice([None, 5])
                    self.bob.do(self.chance.choice(theirs).terminate, self.chance.choice(REASONS), retry_after_s=wait)
                case _ if theirs:
                    self.bob.do(self.chance.choice(theirs).notify, OPEN, TEXT)

    def over(self) -> Counter[str]:
        """Alice wants no more, until nothing is left; returns how her subscriptions have ended."""
        self.net.run(until=self.end + 5.0)
        for n in range(100):
            for each in self.alice.endpoint.subscriptions:
                with suppress(LocalProtocolError):
                    self.alice.do(each.unsubscribe)
            self.net.run(until=self.end + 5.0 + 40.0 * n)
        assert self.alice.endpoint.subscriptions == []
        self.net.run(until=self.end + 8000.0)
        assert self.bob.endpoint.peer_subscriptions == []
        nothing_left(self.net)
        ended = [event for event in self.alice.events if isinstance(event, SubscriptionEnded)]
        once: set[Subscription] = {event.subscription for event in ended}
        assert len(once) == len(ended)
        anew = sum(isinstance(event, Resubscribing) for event in self.alice.events)
        return Counter([event.reason.value for event in ended]) + Counter(resubscribing=anew)


@pytest.mark.slow
@pytest.mark.rfc("6665 4.1.2", "6665 4.2.2")
@pytest.mark.parametrize("crashes", [False, True])
def test_all_ends(crashes: bool) -> None:
    """Whatever they do, and whatever is lost: each subscription ends once, on both sides, and nothing is left of it."""
    ends: Counter[str] = Counter()
    for seed in range(12):
        ends += World(seed, crashes).over()
    assert {"unsubscribed", "fetched", "refused", "rejected", "noresource", "resubscribing"} <= set(ends)
