"""Two people, and a link that loses, doubles and reorders: what may happen next.

What becomes of a message is decided when it is sent, as in `tests.exhaustive.world`. Time passes by ticks of T1 where
anything may happen in between, and else at once to what happens next.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, NamedTuple

from sipsm.testing.explore import Explored, Law, explore
from tests.exploring.person import Person, Side
from tests.exploring.saved import TICK_S, Messages

Way = tuple[tuple[int, int], ...]
"""What is under way to a side: ticks until it must have arrived, and the message's number."""


class Bounds(NamedTuple):
    """How often the link may still misbehave."""

    losses: int = 0
    duplicates: int = 0

    def __str__(self) -> str:
        return f"{self.losses} losses, {self.duplicates} duplicates"


NO_FAULTS = Bounds()
A_LOSS = Bounds(1)
LOSSY = Bounds(2, 1)


class State(NamedTuple, Generic[Side]):
    """All that there is."""

    alice: Side
    bob: Side
    to_alice: Way = ()
    to_bob: Way = ()
    left: Bounds = Bounds()
    broken: str = ""
    """What the last step broke."""

    def with_side(self, who: str, side: Side) -> State[Side]:
        """With one of the two changed."""
        return self._replace(alice=side) if who == "alice" else self._replace(bob=side)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is under way, and nobody waits for anything."""
        under_way = self.to_alice or self.to_bob or self.alice.todo or self.bob.todo
        return not under_way and self.alice.quiet() and self.bob.quiet()


Moves = Iterator[tuple[str, State[Side]]]

Act = tuple[str, Any, str]
"""What Alice does: a step, its argument, and how it is called."""


class World(Generic[Side]):
    """The moves of two people."""

    alice: Person[Side]
    bob: Person[Side]

    def __init__(self, delay: int) -> None:
        self.delay = delay
        """In ticks: how long a message takes, at most."""
        self.messages = Messages()

    @property
    def first(self) -> State[Side]:
        """Where it begins."""
        raise NotImplementedError

    def explored(self, limit: int | None = None) -> Explored[State[Side]]:
        """All of it."""
        return explore(self.first, self.moves, laws=self.laws(), over=self.over, limit=limit)

    @property
    def computed(self) -> int:
        """How many steps the endpoints have made."""
        return self.alice.computed + self.bob.computed

    def beginning(self, state: State[Side]) -> Act | None:
        """What must be done before anything else can happen; None when it has been."""
        raise NotImplementedError

    def end(self, state: State[Side]) -> Act | None:
        """What is done when else nothing would happen any more, or the same for ever."""
        raise NotImplementedError

    def laws(self) -> list[Law[State[Side]]]:
        """What must hold in every state."""
        raise NotImplementedError

    def over(self, state: State[Side]) -> bool:
        """Whether it may end there."""
        raise NotImplementedError

    # ---------------------------------------------------------------- what can happen

    def moves(self, state: State[Side]) -> Moves[Side]:
        """Every move, by its name."""
        if state.broken:
            return
        alice, bob = state.alice, state.bob
        if (act := self.beginning(state)) is not None:
            yield from self.step("alice", state, *act)
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
        if state.is_quiet and (act := self.end(state)) is not None:
            yield from self.step("alice", state, *act)
            return
        ticks = self.ticks(state)
        if ticks:
            yield f"{ticks * TICK_S:.1f} s pass", self.later(state, ticks)

    def forgotten(self, state: State[Side]) -> State[Side] | None:
        """When all is over but for timers that only make one side forget: the same without them."""
        if state.to_alice or state.to_bob or not state.alice.state == state.bob.state == "none":
            return None
        alice, bob = self.alice.forgets(state.alice), self.bob.forgets(state.bob)
        return None if alice is None or bob is None else state._replace(alice=alice, bob=bob)

    def ticks(self, state: State[Side]) -> int:
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

    def later(self, state: State[Side], ticks: int) -> State[Side]:
        """The same after some time."""
        return state._replace(
            alice=state.alice.later(ticks),
            bob=state.bob.later(ticks),
            to_alice=tuple((due - ticks, number) for due, number in state.to_alice),
            to_bob=tuple((due - ticks, number) for due, number in state.to_bob),
        )

    # ---------------------------------------------------------------- what it leads to

    def step(self, who: str, state: State[Side], what: str, x: Any, name: str) -> Moves[Side]:
        """A step of one side, and all that may become of what it sends."""
        person, side = (self.alice, state.alice) if who == "alice" else (self.bob, state.bob)
        did = person.do(side, what, x)
        state = state.with_side(who, did.side)._replace(broken=did.broken)
        found = [(name, state)]
        for number in did.sent:
            found = [fate for name, state in found for fate in self.fates(who, name, state, number)]
        return iter(found)

    def fates(self, who: str, name: str, state: State[Side], number: int) -> Moves[Side]:
        """What becomes of a message."""
        name, left = f"{name}, sends {self.messages.name(number)}", state.left
        way = state.to_bob if who == "alice" else state.to_alice
        for copies, fate, after in (
            (1, "", left),
            (0, " (lost)", left._replace(losses=left.losses - 1)),
            (2, " (twice)", left._replace(duplicates=left.duplicates - 1)),
        ):
            if min(after) >= 0:
                more = tuple(sorted((*way, *((self.delay, number),) * copies)))
                sent = state._replace(to_bob=more) if who == "alice" else state._replace(to_alice=more)
                yield name + fate, sent._replace(left=after)


def nothing_breaks(state: State[Any]) -> str | None:
    """No assertion fails, and the rules of the wire hold."""
    return state.broken or None


def _without(way: Way, number: int) -> Way:
    first = next(item for item in way if item[1] == number)
    at = way.index(first)
    return way[:at] + way[at + 1 :]
