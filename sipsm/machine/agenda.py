"""Who is to be woken when: one deadline out of any number of timers.

Watching, waking and forgetting cost the same with a million machines as with ten: what is due within the
present slice of time is sorted, all else in unsorted lists, one for each slice. A machine has one
entry, for its earliest deadline; an entry that no longer holds is noticed when it comes to the front.
"""

from __future__ import annotations

from bisect import insort
from heapq import heappop, heappush
from operator import itemgetter
from typing import Protocol

SLICES_PER_SECOND = 8


class Watched(Protocol):
    """What an agenda can wake: it knows its own next deadline, and keeps a note for the agenda."""

    watched_at: float | None

    def next_timeout(self) -> float | None:
        """The deadline in seconds, or None."""


class Agenda:
    """The deadlines of many machines, earliest first; equal ones in the order in which they were entered."""

    def __init__(self) -> None:
        self._near: list[tuple[float, int, Watched]] = []
        """Of the present slice, and sorted: the last one is the next."""
        self._horizon = -1
        self._later: dict[int, list[tuple[float, int, Watched]]] = {}
        self._slices: list[int] = []
        self._entered = 0

    def watch(self, who: Watched) -> None:
        """Note the next deadline of `who`. To be called after every step of it that may have started a timer."""
        at = who.next_timeout()
        known = who.watched_at
        if at is None or (known is not None and known <= at):
            return
        self._entered += 1
        self._enter(at, self._entered, who)

    def _enter(self, at: float, number: int, who: Watched) -> None:
        who.watched_at = at
        entry = (at, number, who)
        part = int(at * SLICES_PER_SECOND)
        if part <= self._horizon:
            insort(self._near, entry, key=_backwards)
        elif (bucket := self._later.get(part)) is not None:
            bucket.append(entry)
        else:
            self._later[part] = [entry]
            heappush(self._slices, part)

    def next_timeout(self) -> float | None:
        """The earliest deadline that still holds, or None."""
        while True:
            while self._near:
                at, number, who = self._near[-1]
                if who.watched_at == at and who.next_timeout() == at:
                    return at
                self._near.pop()
                if who.watched_at == at:
                    # With the number that it had: who asks how often must not decide which of equal deadlines is first.
                    who.watched_at = None
                    if (later := who.next_timeout()) is not None:
                        self._enter(later, number, who)
            if not self._slices:
                return None
            self._horizon = heappop(self._slices)
            self._near = self._later.pop(self._horizon)
            # Most were entered in the order of their deadlines: sorting only has to look.
            self._near.sort(key=itemgetter(0, 1))
            self._near.reverse()

    def pop(self, now: float) -> Watched | None:
        """The next one whose deadline is `now` or earlier, taken off the agenda; None when nobody is due."""
        at = self.next_timeout()
        if at is None or at > now:
            return None
        who = self._near.pop()[2]
        who.watched_at = None
        return who


def _backwards(entry: tuple[float, int, Watched]) -> tuple[float, int]:
    return -entry[0], -entry[1]
