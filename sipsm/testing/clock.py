"""Virtual time: a queue of what is to happen, and a clock that jumps to the next of it.

One step costs the same however many wait: who has timers is entered once, for its earliest deadline, and an entry that
no longer holds is noticed when it comes to the front.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush, heapreplace
from typing import Any, Protocol


class Sleeper(Protocol):
    """Who wants to be woken at its own deadline."""

    rank: int
    """Its place among those that are woken at the same time; from 1."""
    watched_at: float | None
    """A note for the clock: the deadline that it has been entered with."""

    def next_timeout(self) -> float | None:
        """The deadline, or None."""


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
        self._entered = 0

    def plan(self, at: float, action: Callable[..., object], *args: Any) -> None:
        """Have `action(*args)` called then. What is planned for the same time happens in the order of planning."""
        self._entered += 1
        heappush(self._coming, (at, PLANNED, self._entered, action, args))

    def watch(self, who: Sleeper) -> None:
        """Note the next deadline of `who`; to be called after every step that may have changed it."""
        at = who.next_timeout()
        if at is not None and (who.watched_at is None or at < who.watched_at):
            who.watched_at = at
            self._entered += 1
            heappush(self._coming, (at, who.rank, self._entered, self._wake, (who,)))

    def next_at(self) -> float | None:
        """When the next thing happens; None when nothing will."""
        coming = self._coming
        while coming:
            at, rank, _, _, args = coming[0]
            if rank == PLANNED or self._holds(at, args[0]):
                return at
        return None

    def step(self, until: float) -> bool:
        """Let the next thing happen, if it is due by then; returns whether there was one."""
        coming = self._coming
        while coming:
            at, rank, _, action, args = coming[0]
            if at > until:
                return False
            if rank != PLANNED:
                if not self._holds(at, args[0]):
                    continue
                args[0].watched_at = None
            heappop(coming)
            self.steps += 1
            self.now = max(self.now, at)
            action(*args)
            return True
        return False

    def _holds(self, at: float, who: Sleeper) -> bool:
        """Whether the first entry, by which `who` is to be woken, still holds; one that does not is replaced."""
        if who.watched_at == at:
            due = who.next_timeout()
            if due is not None and due <= at:
                return True
            who.watched_at = due
            if due is not None:
                self._entered += 1
                heapreplace(self._coming, (due, who.rank, self._entered, self._wake, (who,)))
                return False
        heappop(self._coming)
        return False
