"""A subscriber, its notifier, and a link that loses, doubles and reorders: what may happen next, and what must hold."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from attrs import frozen

from sipsm import (
    Endpoint,
    LocalProtocolError,
    NotifyReceived,
    PeerSubscriptionEnded,
    SubscriptionEnded,
    SubscriptionRequested,
)
from sipsm.testing.explore import Explored, Law
from tests.exploring import telling
from tests.exploring.saved import NOW
from tests.exploring.telling import Side, State, one_end_each
from tests.exploring.world import Act, nothing_breaks

FIRST = b"0"


@frozen(eq=False)
class Setting(telling.Setting):
    """What is explored."""

    expires_s: int = 600


COMMANDS: dict[str, Callable[[Any], Any]] = {
    "refresh": lambda subscription: subscription.refresh(now=NOW),
    "unsubscribe": lambda subscription: subscription.unsubscribe(now=NOW),
    "accept": lambda subscription: subscription.accept(FIRST, "a/b", now=NOW),
    "keep it pending": lambda subscription: subscription.pending(b"-", "a/b", now=NOW),
    "grant": lambda subscription: subscription.accept(FIRST, "a/b", now=NOW),
    "reject": lambda subscription: subscription.reject(403, now=NOW),
    "tell 1": lambda subscription: subscription.notify(b"1", "a/b", now=NOW),
    "tell 2": lambda subscription: subscription.notify(b"2", "a/b", now=NOW),
    "tell a change": lambda subscription: subscription.notify(b"+1", "a/b", partial=True, now=NOW),
    "tell the whole state": lambda subscription: subscription.notify(b"1", "a/b", now=NOW),
    "terminate": lambda subscription: subscription.terminate("noresource", now=NOW),
}
_TELLS = {"accept": FIRST, "grant": FIRST, "keep it pending": b"-", "tell 1": b"1", "tell 2": b"2"}
_TELLS |= {"tell a change": b"+1", "tell the whole state": b"1"}


class Person(telling.Person):
    """Who subscribes, or is subscribed to."""

    def born(self) -> Side:
        """Nothing has happened."""
        return self.new(Side, profile={"event_packages": ("door",) * (self.rank == 2)})

    def command(self, side: Side, endpoint: Endpoint, name: str, x: Any) -> tuple[Side, list[Any]]:
        """Subscribe, or give a command to the subscription that allows it, if there is one."""
        if name == "subscribe":
            _, outputs = endpoint.subscribe(f"sip:{self.peer}", "door", expires_s=self.setting.expires_s, now=NOW)
            return side._replace(begun=1), outputs
        for each in (*endpoint.subscriptions, *endpoint.peer_subscriptions):
            with suppress(LocalProtocolError):
                outputs = list(COMMANDS[name](each))
                return side._replace(known=_TELLS.get(name, side.known)), outputs
        return side, []

    def told(self, side: Side, event: Any) -> Side:
        """What the state is, and which subscriptions there are."""
        match event:
            case NotifyReceived():
                return side._replace(known=event.request.body)
            case SubscriptionEnded() | PeerSubscriptionEnded():
                return side._replace(ended=(*side.ended, str(event.reason)), todo=())
            case SubscriptionRequested():
                # Where nobody decides, that is what it is told.
                return side._replace(begun=side.begun + 1, known=b"")
        return side

    def has_begun(self, side: Side) -> bool:
        """Whether there is a subscription."""
        return side.begun > len(side.ended)

    def seen(self, side: Side, endpoint: Endpoint) -> Side:
        """How the subscription stands."""
        return self.stands(side, endpoint, (*endpoint.subscriptions, *endpoint.peer_subscriptions))


class World(telling.World):
    """The moves of a setting."""

    people = Person

    def beginning(self, state: State) -> Act | None:
        """Alice subscribes."""
        nothing = state.alice.state == "none" and not state.alice.ended
        return ("subscribe", None, "alice subscribes") if nothing else None

    def end(self, state: State) -> Act | None:
        """The subscription is ended: else it would be refreshed for ever."""
        if state.alice.state not in {"active", "pending"}:
            return None
        return "unsubscribe", None, "all is done: alice unsubscribes"

    def laws(self) -> list[Law[State]]:
        """In every state."""
        return [nothing_breaks, one_end_each, the_state_is_known]


# -------------------------------------------------------------------- what must hold


def the_state_is_known(state: State) -> str | None:
    """When nothing is under way, the subscriber knows what the notifier has told last, and both agree how it stands."""
    alice, bob = state.alice, state.bob
    if not state.is_quiet or bob.state not in {"active", "pending"}:
        return None
    if (alice.state, alice.known) != (bob.state, bob.known):
        return f"Alice knows {alice.known!r} and is {alice.state}, Bob has told {bob.known!r} and is {bob.state}"
    return None


def explored(setting: Setting, limit: int | None = None) -> tuple[Explored[State], World]:
    """All of it."""
    found = World(setting)
    return found.explored(limit), found
