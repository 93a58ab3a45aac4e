"""A subscriber, its notifier, and a link that loses, doubles and reorders: what may happen next.

Both are real endpoints, run from a value and saved to a value, as in `tests.calls_explored`. Time passes by ticks of T1
where anything may happen in between, and else at once to what happens next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from attrs import frozen

from sipsm import (
    Endpoint,
    LocalProtocolError,
    NotifyReceived,
    PeerSubscriptionEnded,
    Profile,
    Send,
    SubscriptionEnded,
    SubscriptionRequested,
)
from sipsm.endpoint.snapshot import _restored
from sipsm.ids import Ids
from sipsm.testing import census
from sipsm.testing.explore import Explored, explore
from sipsm.transport import Flow
from tests.calls_explored.side import NOW, TICK_S, Counted, Messages, _shifted, _text, _ticks

Moves = Iterator[tuple[str, "State"]]
Way = tuple[tuple[int, int], ...]
"""What is under way to a side: ticks until it must have arrived, and the message's number."""

FIRST = b"0"


class Bounds(NamedTuple):
    """How often the link may still misbehave."""

    losses: int = 0
    duplicates: int = 0


class Todo(NamedTuple):
    """A command that may be given, or must be within some ticks."""

    ticks: int
    must: bool
    name: str


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
        kept = tuple(todo._replace(ticks=todo.ticks - ticks) for todo in self.todo if todo.must or todo.ticks >= ticks)
        return self._replace(
            endpoint=_shifted(self.endpoint, ticks),
            todo=kept,
            deadline=None if self.deadline is None else self.deadline - ticks,
        )


class Did(NamedTuple):
    """What a step came to."""

    side: Side
    sent: tuple[int, ...]
    """Numbers of messages."""
    broken: str = ""


class State(NamedTuple):
    """All that there is."""

    alice: Side
    bob: Side
    to_alice: Way = ()
    to_bob: Way = ()
    left: Bounds = Bounds()
    broken: str = ""
    """What the last step broke."""

    def with_side(self, who: str, side: Side) -> State:
        """With one of the two changed."""
        return self._replace(alice=side) if who == "alice" else self._replace(bob=side)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is under way, and nobody waits for anything."""
        alice, bob = self.alice, self.bob
        under_way = self.to_alice or self.to_bob or alice.todo or bob.todo
        return not (under_way or alice.unfinished or bob.unfinished)


Offered = dict[str, tuple[Todo, ...]]
"""By the name of an event, or "start": what may or must then be done."""


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
        return f"{self.name}, {self.bounds.losses} losses, {self.bounds.duplicates} duplicates"


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


class Person:
    """Who is at one end, without a memory of its own."""

    def __init__(self, rank: int, messages: Messages, offered: Offered, expires_s: int) -> None:
        self.rank = rank
        self.host, self.peer = f"192.0.2.{rank}", f"192.0.2.{3 - rank}"
        self.messages = messages
        self.offered = offered
        self.expires_s = expires_s
        self.known: dict[tuple[Side, str, Any], Did] = {}
        self.forgotten: dict[Side, Side | None] = {}
        self.computed = 0

    def born(self) -> Side:
        """Nothing has happened."""
        source = Counted(self.rank, 0)
        profile = Profile(identity=f"<sip:{self.rank}@{self.host}>", event_packages=("door",) * (self.rank == 2))
        endpoint = Endpoint(f"udp:{self.host}:5060", profile=profile, ids=Ids(source))
        return Side(_text(endpoint), source.drawn, self.offered.get("start", ()))

    def do(self, side: Side, what: str, x: Any = None) -> Did:
        """One step: receive, wake, subscribe, or a command by its name."""
        key = side, what, x
        did = self.known.get(key)
        if did is None:
            did = self.known[key] = self.compute(side, what, x)
        return did

    def forgets(self, side: Side) -> Side | None:
        """The side when all its timers have fired, if then nothing is sent or told."""
        if side not in self.forgotten:
            left: Side | None = side
            while left is not None and left.deadline is not None:
                did = self.do(left.later(left.deadline), "wake")
                left = None if did.sent or did.broken or did.side.ended != side.ended else did.side
            self.forgotten[side] = left
        return self.forgotten[side]

    def compute(self, side: Side, what: str, x: Any) -> Did:
        """Restore it, do it, save it."""
        self.computed += 1
        source = Counted(self.rank, side.drawn)
        try:
            endpoint = _restored(json.loads(side.endpoint), Ids(source), None)
            outputs: list[Any] = []
            if what == "receive":
                flow = Flow("UDP", (self.host, 5060), (self.peer, 5060))
                outputs = endpoint.receive(self.messages.all[x], flow, NOW)
            elif what == "wake":
                outputs = endpoint.handle_timeout(NOW)
            elif what == "subscribe":
                side = side._replace(begun=1)
                _, outputs = endpoint.subscribe(f"sip:{self.peer}", "door", expires_s=self.expires_s, now=NOW)
            else:
                side, outputs = self.command(side, endpoint, what)
            return self.did(side, endpoint, outputs, source.drawn)
        except AssertionError as error:
            return Did(side, (), f"an assertion: {error}")

    def command(self, side: Side, endpoint: Endpoint, name: str) -> tuple[Side, list[Any]]:
        """Give a command to the subscription that allows it, if there is one."""
        for each in (*endpoint.subscriptions, *endpoint.peer_subscriptions):
            with suppress(LocalProtocolError):
                outputs = list(COMMANDS[name](each))
                return side._replace(body=_TELLS.get(name, side.body)), outputs
        return side, []

    def did(self, side: Side, endpoint: Endpoint, outputs: list[Any], drawn: int) -> Did:
        """The side after a step."""
        sent, todo, given, body = [], list(side.todo), side.given, side.body
        begun, ended = side.begun, side.ended
        for output in outputs:
            name = type(output).__name__
            if isinstance(output, Send):
                sent.append(self.messages.number(output.data))
            elif isinstance(output, NotifyReceived):
                body = output.request.body
            elif isinstance(output, SubscriptionEnded | PeerSubscriptionEnded):
                ended += (str(output.reason),)
                todo = []
            elif isinstance(output, SubscriptionRequested):
                # Where nobody decides, that is what it is told.
                begun, body = begun + 1, b""
            for each in self.offered.get(name, ()):
                # What must be done is done each time, what may be done once.
                if (
                    begun > len(ended)
                    and (each.must or each.name not in given)
                    and each.name not in {one.name for one in todo}
                ):
                    given |= {each.name}
                    todo.append(each)
        found: list[Any] = [*endpoint.subscriptions, *endpoint.peer_subscriptions]
        at = endpoint.next_timeout()
        notices = {each.notices.state for each in endpoint.peer_subscriptions}
        return Did(
            side._replace(
                endpoint=_text(endpoint),
                drawn=drawn,
                todo=tuple(sorted(todo)),
                given=given,
                begun=begun,
                ended=ended,
                state=str(found[-1].state) if found else "none",
                body=body,
                deadline=None if at is None else _ticks(at),
                unfinished=endpoint.unfinished > 0 or not notices <= {"Idle"},
                holds=any(census(endpoint).values()),
            ),
            tuple(sent),
        )


class World:
    """The moves of a setting."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.messages = Messages()
        self.alice = Person(1, self.messages, setting.alice, setting.expires_s)
        self.bob = Person(2, self.messages, setting.bob, setting.expires_s)

    @property
    def first(self) -> State:
        """Nobody has subscribed."""
        return State(self.alice.born(), self.bob.born(), left=self.setting.bounds)

    def moves(self, state: State) -> Moves:
        """Every move, by its name."""
        if state.broken:
            return
        alice, bob = state.alice, state.bob
        if alice.state == "none" and not alice.ended:
            yield from self.step("alice", state, "subscribe", None, "alice subscribes")
            return
        if (forgotten := self.forgotten(state)) is not None:
            if forgotten != state:
                yield "all is forgotten", forgotten
            return
        for who, side in (("alice", alice), ("bob", bob)):
            if side.deadline is not None and side.deadline <= 0:
                yield from self.step(who, state, "wake", None, f"{who}'s timer")
        for number in dict.fromkeys(number for _, number in state.to_alice):
            left = state._replace(to_alice=_without(state.to_alice, number))
            yield from self.step("alice", left, "receive", number, f"alice gets {self.messages.name(number)}")
        for number in dict.fromkeys(number for _, number in state.to_bob):
            left = state._replace(to_bob=_without(state.to_bob, number))
            yield from self.step("bob", left, "receive", number, f"bob gets {self.messages.name(number)}")
        for who, side in (("alice", alice), ("bob", bob)):
            for todo in side.todo:
                done = side._replace(todo=tuple(each for each in side.todo if each is not todo))
                yield from self.step(
                    who, state.with_side(who, done), todo.name, None, f"{who} gives the command: {todo.name}"
                )
        if state.is_quiet and alice.state in {"active", "pending"}:
            # Else it would be refreshed for ever.
            yield from self.step("alice", state, "unsubscribe", None, "all is done: alice unsubscribes")
            return
        ticks = self.ticks(state)
        if ticks:
            yield f"{ticks * TICK_S:.1f} s pass", self.later(state, ticks)

    def forgotten(self, state: State) -> State | None:
        """When all is over but for timers that only make one side forget: the same without them."""
        if state.to_alice or state.to_bob or not state.alice.state == state.bob.state == "none":
            return None
        alice, bob = self.alice.forgets(state.alice), self.bob.forgets(state.bob)
        return None if alice is None or bob is None else state._replace(alice=alice, bob=bob)

    def ticks(self, state: State) -> int:
        """How long until something must happen; a tick where something may; 0 where something must now."""
        must, may = [], []
        for side, way in ((state.alice, state.to_alice), (state.bob, state.to_bob)):
            if side.deadline is not None:
                must.append(side.deadline)
            may += [due for due, _ in way]
            for todo in side.todo:
                if todo.must:
                    must.append(todo.ticks)
                may.append(todo.ticks if todo.must else max(todo.ticks, 1))
        soonest = min((*must, *may), default=0)
        return min(soonest, 1) if may else max(soonest, 0)

    def later(self, state: State, ticks: int) -> State:
        """The same after some time."""
        return state._replace(
            alice=state.alice.later(ticks),
            bob=state.bob.later(ticks),
            to_alice=tuple((due - ticks, number) for due, number in state.to_alice),
            to_bob=tuple((due - ticks, number) for due, number in state.to_bob),
        )

    def step(self, who: str, state: State, what: str, x: Any, name: str) -> Moves:
        """A step of one side, and all that may become of what it sends."""
        person, side = (self.alice, state.alice) if who == "alice" else (self.bob, state.bob)
        did = person.do(side, what, x)
        state = state.with_side(who, did.side)._replace(broken=did.broken)
        found = [(name, state)]
        for number in did.sent:
            found = [fate for name, state in found for fate in self.fates(who, name, state, number)]
        return iter(found)

    def fates(self, who: str, name: str, state: State, number: int) -> Moves:
        """What becomes of a message."""
        name, left = f"{name}, sends {self.messages.name(number)}", state.left
        way = state.to_bob if who == "alice" else state.to_alice
        for copies, fate, after in (
            (1, "", left),
            (0, " (lost)", left._replace(losses=left.losses - 1)),
            (2, " (twice)", left._replace(duplicates=left.duplicates - 1)),
        ):
            if min(after) >= 0:
                more = tuple(sorted((*way, *((self.setting.delay, number),) * copies)))
                sent = state._replace(to_bob=more) if who == "alice" else state._replace(to_alice=more)
                yield name + fate, sent._replace(left=after)

    def over(self, state: State) -> bool:
        """It may end there: both have been told of the end, and nothing is left."""
        alice, bob = state.alice, state.bob
        if alice.holds or bob.holds:
            return False
        return len(alice.ended) == alice.begun == 1 and len(bob.ended) == bob.begun


# -------------------------------------------------------------------- what must hold


def nothing_breaks(state: State) -> str | None:
    """No assertion fails."""
    return state.broken or None


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


LAWS = (nothing_breaks, one_end_each, the_state_is_known)


def explored(setting: Setting, limit: int | None = None) -> tuple[Explored[State], World]:
    """All of it."""
    world = World(setting)
    return explore(world.first, world.moves, laws=LAWS, over=world.over, limit=limit), world


def _without(way: Way, number: int) -> Way:
    first = next(item for item in way if item[1] == number)
    at = way.index(first)
    return way[:at] + way[at + 1 :]
