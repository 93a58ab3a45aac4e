"""A subscriber, its notifier, and a link that loses, doubles and reorders: what may happen next, and what must hold."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

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
from tests.exploring import person, world
from tests.exploring.person import Offered, Todo, later
from tests.exploring.saved import NOW, Messages
from tests.exploring.world import Act, Bounds, nothing_breaks

FIRST = b"0"


class Side(NamedTuple):
    """An end of the subscription as a value."""

    endpoint: str
    """Its snapshot, with the deadlines counted from `NOW`."""
    drawn: int = 0
    todo: tuple[Todo, ...] = ()
    given: frozenset[str] = frozenset()
    """The commands that it has been offered."""
    begun: int = 0
    """How many subscriptions there have been."""
    ended: tuple[str, ...] = ()
    state: str = "none"
    """Of its subscription."""
    body: bytes | None = None
    """What it has told, or been told, last."""
    deadline: int | None = None
    """Ticks until its endpoint is to be woken."""
    unfinished: bool = False
    """Whether a request of its own has no answer yet, or the state is yet to be told."""
    holds: bool = False
    """Whether there is anything left in its endpoint."""

    def later(self, ticks: int) -> Side:
        """The same after some time."""
        return later(self, ticks)

    def quiet(self) -> bool:
        """Whether it waits for nothing."""
        return not self.unfinished


State = world.State[Side]


@frozen(eq=False)
class Setting:
    """What is explored."""

    name: str
    bounds: Bounds
    alice: Offered
    bob: Offered
    expires_s: int = 600
    delay: int = 0
    """In ticks: how long a message takes, at most."""

    def __str__(self) -> str:
        return f"{self.name}, {self.bounds}"


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


class Person(person.Person[Side]):
    """Who subscribes, or is subscribed to."""

    def __init__(self, rank: int, messages: Messages, offered: Offered, expires_s: int) -> None:
        super().__init__(rank, messages, offered)
        self.expires_s = expires_s

    def born(self) -> Side:
        """Nothing has happened."""
        return self.new(Side, profile={"event_packages": ("door",) * (self.rank == 2)})

    def command(self, side: Side, endpoint: Endpoint, name: str, x: Any) -> tuple[Side, list[Any]]:
        """Subscribe, or give a command to the subscription that allows it, if there is one."""
        if name == "subscribe":
            _, outputs = endpoint.subscribe(f"sip:{self.peer}", "door", expires_s=self.expires_s, now=NOW)
            return side._replace(begun=1), outputs
        for each in (*endpoint.subscriptions, *endpoint.peer_subscriptions):
            with suppress(LocalProtocolError):
                outputs = list(COMMANDS[name](each))
                return side._replace(body=_TELLS.get(name, side.body)), outputs
        return side, []

    def told(self, side: Side, event: Any) -> Side:
        """What the state is, and which subscriptions there are."""
        match event:
            case NotifyReceived():
                return side._replace(body=event.request.body)
            case SubscriptionEnded() | PeerSubscriptionEnded():
                return side._replace(ended=(*side.ended, str(event.reason)), todo=())
            case SubscriptionRequested():
                # Where nobody decides, that is what it is told.
                return side._replace(begun=side.begun + 1, body=b"")
        return side

    def has_begun(self, side: Side) -> bool:
        """Whether there is a subscription."""
        return side.begun > len(side.ended)

    def seen(self, side: Side, endpoint: Endpoint) -> Side:
        """How the subscription stands."""
        found: list[Any] = [*endpoint.subscriptions, *endpoint.peer_subscriptions]
        notices = {each.notices.state for each in endpoint.peer_subscriptions}
        return side._replace(
            state=str(found[-1].state) if found else "none",
            unfinished=endpoint.unfinished > 0 or not notices <= {"Idle"},
        )


class World(world.World[Side]):
    """The moves of a setting."""

    alice: Person
    bob: Person

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting.delay)
        self.setting = setting
        self.alice = Person(1, self.messages, setting.alice, setting.expires_s)
        self.bob = Person(2, self.messages, setting.bob, setting.expires_s)

    @property
    def first(self) -> State:
        """Nobody has subscribed."""
        return State(self.alice.born(), self.bob.born(), left=self.setting.bounds)

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

    def over(self, state: State) -> bool:
        """It may end there: both have been told of the end, and nothing is left."""
        alice, bob = state.alice, state.bob
        if alice.holds or bob.holds:
            return False
        return len(alice.ended) == alice.begun == 1 and len(bob.ended) == bob.begun


# -------------------------------------------------------------------- what must hold


def one_end_each(state: State) -> str | None:
    """Each subscription has one end."""
    for side in (state.alice, state.bob):
        if len(side.ended) > side.begun:
            return f"{side.begun} ended {' and '.join(side.ended)}"
    return None


def the_state_is_known(state: State) -> str | None:
    """When nothing is under way, the subscriber knows what the notifier has told last, and both agree how it stands."""
    alice, bob = state.alice, state.bob
    if not state.is_quiet or bob.state not in {"active", "pending"}:
        return None
    if (alice.state, alice.body) != (bob.state, bob.body):
        return f"Alice knows {alice.body!r} and is {alice.state}, Bob has told {bob.body!r} and is {bob.state}"
    return None


def explored(setting: Setting, limit: int | None = None) -> tuple[Explored[State], World]:
    """All of it."""
    found = World(setting)
    return found.explored(limit), found
