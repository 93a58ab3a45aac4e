"""Every state that a system can come to, the nearest first: a breadth-first explorer.

A system is a first state and a function from a state to the moves that are possible there. States are compared and
hashed, so that each is looked at once, by however many ways it is reached. Nothing here knows SIP, or time: what may
happen, and in which order, is the system's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from itertools import pairwise
from typing import Generic, TypeVar

from attrs import frozen

State = TypeVar("State", bound=Hashable)

Moves = Callable[[State], Iterable[tuple[str, State]]]
"""`moves(state)`: what may happen there, each by its name, with the state that follows. None: all is over."""

Law = Callable[[State], str | None]
"""`law(state)`: what is wrong with the state, or None."""

DEADLOCK = "deadlock"
ENDLESS = "endless"


@frozen
class Violation(Generic[State]):
    """A state that must not be, and the shortest way there."""

    law: str
    """The name of the law; `deadlock` where nothing can happen any more and it is not over, `endless` for a way on
    which all might come round again for ever."""
    what: str
    path: tuple[str, ...]
    """The names of the moves from the first state on."""
    state: State

    def __str__(self) -> str:
        steps = "".join(f"\n  {number:3} {name}" for number, name in enumerate(self.path, 1))
        return f"{self.law}: {self.what}, after{steps or ' nothing'}"


@frozen
class Explored(Generic[State]):
    """What was found."""

    states: int
    """How many different ones were reached."""
    moves: int
    """How many ways lead from one to another."""
    ends: int
    """In how many of them nothing more can happen."""
    depth: int
    """How many moves the farthest is from the first."""
    complete: bool
    """Whether these are all; else the search ended at a violation or at its limit."""
    violation: Violation[State] | None

    def __str__(self) -> str:
        counts = f"{self.states:,} states, {self.moves:,} moves, {self.ends:,} ends, depth {self.depth}"
        return f"{counts}{'' if self.complete else ', not all'}{f'; {self.violation}' if self.violation else ''}"


def explore(
    first: State,
    moves: Moves[State],
    *,
    laws: Iterable[Law[State]] = (),
    over: Callable[[State], bool] = lambda _: True,
    limit: int | None = None,
) -> Explored[State]:
    """Look at every state that can be reached from the first, until a law is broken or `limit` states were found.

    Every law must hold in every state; where nothing can happen any more it must be `over`; and every way must end.
    The violation that is returned is one of those with the fewest moves, except for one that is `endless`.
    """
    search = _Search(first, moves, tuple(laws), over)
    violation = search.run(limit)
    complete = violation is None and search.looked_at == len(search.states)
    if complete:
        violation = search.endless()
    return Explored(
        states=len(search.states),
        moves=sum(map(len, search.after)),
        ends=sum(not after for after in search.after),
        depth=search.depth(),
        complete=complete,
        violation=violation,
    )


class _Search(Generic[State]):
    """States by number, in the order in which they were found."""

    def __init__(
        self, first: State, moves: Moves[State], laws: tuple[Law[State], ...], over: Callable[[State], bool]
    ) -> None:
        self.possible = moves
        self.laws = laws
        self.over = over
        self.states = [first]
        self.number = {first: 0}
        self.came_from = [0]
        self.came_by = [""]
        self.after: list[list[int]] = []
        self.looked_at = 0

    def run(self, limit: int | None) -> Violation[State] | None:
        if (broken := self.broken(0)) is not None:
            return broken
        while self.looked_at < len(self.states) and (limit is None or len(self.states) < limit):
            at = self.looked_at
            after: list[int] = []
            self.after.append(after)
            for name, state in self.possible(self.states[at]):
                found = self.number.get(state)
                if found is None:
                    found = self.number[state] = len(self.states)
                    self.states.append(state)
                    self.came_from.append(at)
                    self.came_by.append(name)
                    if (broken := self.broken(found)) is not None:
                        return broken
                after.append(found)
            if not after and not self.over(self.states[at]):
                return self.violation(at, DEADLOCK, "nothing can happen any more, and it is not over")
            self.looked_at += 1
        return None

    def broken(self, at: int) -> Violation[State] | None:
        """The first law that does not hold there."""
        for law in self.laws:
            what = law(self.states[at])
            if what is not None:
                return self.violation(at, getattr(law, "__name__", "law"), what)
        return None

    def violation(self, at: int, law: str, what: str) -> Violation[State]:
        return Violation(law, what, tuple(self.path(at)), self.states[at])

    def path(self, at: int) -> list[str]:
        names: list[str] = []
        while at:
            names.append(self.came_by[at])
            at = self.came_from[at]
        return names[::-1]

    def depth(self) -> int:
        """Of the one found last: none is farther."""
        return len(self.path(len(self.states) - 1))

    def endless(self) -> Violation[State] | None:
        """A way that comes back to where it has been, if there is one."""
        before: list[list[int]] = [[] for _ in self.states]
        left = [len(after) for after in self.after]
        for at, after in enumerate(self.after):
            for following in after:
                before[following].append(at)
        # Take away the ends, and then, again and again, what now leads to nothing that is left.
        ending = [at for at, count in enumerate(left) if count == 0]
        while ending:
            for at in before[ending.pop()]:
                left[at] -= 1
                if left[at] == 0:
                    ending.append(at)
        if left[0] == 0:
            return None
        way: dict[int, int] = {}
        at = 0
        while at not in way:
            way[at] = len(way)
            at = next(following for following in self.after[at] if left[following])
        names = [self.move(here, there) for here, there in pairwise([*way, at])]
        what = f"the last {len(way) - way[at]} moves can come again and again"
        return Violation(ENDLESS, what, tuple(names), self.states[at])

    def move(self, here: int, there: int) -> str:
        return next(name for name, state in self.possible(self.states[here]) if state == self.states[there])
