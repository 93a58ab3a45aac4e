"""Virtual time: a queue of what is to happen, and a clock that jumps to the next of it.

One step costs the same however many wait: who has timers is entered once, for its earliest deadline, and an entry that
no longer holds is noticed when it comes to the front.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any, Protocol


class Sleeper(Protocol):
    """Who wants to be woken at its own deadline, with two notes for the clock."""

    rank: int
    """Its place among those that are woken at the same time; from 1."""
    watched_at: float
    """The deadline that it has been entered with, `FOREVER` if with none; its own may be later by now."""
    due_at: float | None
    """Its deadline since its last step."""
    up: bool
    """Whether it is there to be woken."""

    def next_timeout(self) -> float | None:
        """The deadline, or None."""


FOREVER = float("inf")
PLANNED = 0
"""The rank of what is planned: at equal times packets and plans come before timers."""

Entry = tuple[float, int, int, Callable[..., object], tuple[Any, ...]]


class Clock:
    """What happens next, and when. `now` never runs backwards."""

    def __init__(self, start: float, wake: Callable[[Any], object]) -> None:
        self.now = start
        self.steps = 0
        """How many things have happened."""
        self._wake = wake
        self._coming: list[Entry] = []
        self._numbers = count(1)
        """Of the entries: what is for the same time happens in the order in which it was entered."""

    def plan(self, at: float, action: Callable[..., object], *args: Any) -> None:
        """Have `action(*args)` called then. What is planned for the same time happens in the order of planning."""
        heappush(self._coming, (at, PLANNED, next(self._numbers), action, args))

    def watch(self, who: Sleeper, at: float | None) -> None:
        """Note the next deadline of `who`; to be called after every step that may have changed it."""
        who.due_at = at
        if at is not None and at < who.watched_at:
            self.enter(at, who)

    def enter(self, at: float, who: Sleeper) -> None:
        """What `watch` does when `at`, the next deadline of `who`, is sooner than the one that has been entered."""
        who.watched_at = at
        heappush(self._coming, (at, who.rank, next(self._numbers), self._wake, (who,)))

    def next_at(self) -> float | None:
        """When the next thing happens; None when nothing will."""
        coming = self._coming
        while coming:
            at, rank, _, _, args = coming[0]
            if rank == PLANNED or (args[0].watched_at == at == args[0].due_at and args[0].up):
                return at
            heappop(coming)
            self._passed(at, args[0])
        return None

    def run(self, until: float, most: int) -> bool:
        """Let what is due by then happen; returns whether that is less than `most` things."""
        coming = self._coming
        limit = self.steps + most
        while coming:
            at, rank, number, action, args = heappop(coming)
            if at > until:
                heappush(coming, (at, rank, number, action, args))
                break
            if rank != PLANNED:
                (who,) = args
                if not (who.watched_at == at == who.due_at and who.up):
                    self._passed(at, who)
                    continue
                who.watched_at = FOREVER
            self.steps += 1
            if at > self.now:  # noqa: PLR1730  (`max` would be a call, for each step)
                self.now = at
            action(*args)
            if self.steps >= limit:
                return False
        return True

    def _passed(self, at: float, who: Sleeper) -> None:
        """An entry of `who` was the first, and did not hold; there is another if it was the one that was known."""
        if who.watched_at == at:
            who.watched_at = FOREVER
            self.watch(who, who.next_timeout())
