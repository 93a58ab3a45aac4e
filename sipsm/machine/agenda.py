"""Who is to be woken when: one deadline out of any number of timers.

Watching, waking and forgetting cost the same with a million machines as with ten: what is due within the
present slice of time is sorted, all else in unsorted lists, one for each slice. What comes to be due within the present
slice, or before it, stands in a heap: the slice may be far away, and any number may come before it. A machine has one
entry, for its earliest deadline; an entry that no longer holds is noticed when it comes to the front. Those of machines
that were over before are swept out when they are a sixth of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from operator import itemgetter
from typing import Protocol

SLICE_S = 0.125
WORTH_SWEEPING = 256
"""With fewer entries of who is over than this, they are left to be met."""


class Watched(Protocol):
    """What an agenda can wake: it knows its own next deadline, and keeps a note for the agenda."""

    watched_at: float | None

    @property
    def deadline(self) -> float | None:
        """The next one, in seconds, or None."""


_Entry = tuple[float, int, Watched]
_BY_DEADLINE = itemgetter(0, 1)


class Agenda:
    """The deadlines of many machines, earliest first; equal ones in the order in which they were entered."""

    def __init__(self) -> None:
        self._first: _Entry | None = None
        """The first of all, whether it still holds or not; None when there is none."""
        self._near: list[_Entry] = []
        """Of the present slice, and sorted: the last one is the next, unless that is the first of the heap."""
        self._early: list[_Entry] = []
        """What has been entered since, and is in no later slice: a heap."""
        self._horizon = -1.0
        """The number of the present slice."""
        self._later: dict[float, list[_Entry]] = {}
        self._slices: list[float] = []
        self._entered = 0
        self._left = 0
        """How many of the entered are no longer there."""
        self._forgotten = 0
        """How many entries have come to be of somebody who is over, since the last sweep."""

    def watch(self, who: Watched) -> None:
        """Note the next deadline of `who`. To be called after every step of it that may have started a timer."""
        at = who.deadline
        if at is not None and ((known := who.watched_at) is None or at < known):
            self.enter(at, who)

    def enter(self, at: float, who: Watched, number: int = 0) -> None:
        """What `watch` does when `at`, the next deadline of `who`, is sooner than the one that has been noted, if any.

        `number` is that of an entry which this one replaces.
        """
        if not number:
            self._entered = number = self._entered + 1
        who.watched_at = at
        entry = (at, number, who)
        # A whole number, as the float that it is: to make an int of it would take as long as all the rest.
        part = at // SLICE_S
        first = self._first
        if first is None:
            self._first = entry
            self._horizon = part
        elif part > self._horizon:
            if part in self._later:
                self._later[part].append(entry)
            else:
                self._later[part] = [entry]
                heappush(self._slices, part)
        elif entry < first:
            self._first = entry
            self._near.append(first)
        else:
            heappush(self._early, entry)

    def forget(self, who: Watched) -> None:
        """`who` is over and has no deadline any more: its entry need not wait until it is met."""
        if who.watched_at is None:
            return
        who.watched_at = None
        self._forgotten += 1
        # A sixth of the entries goes at least, so that sweeping costs each of the forgotten the same.
        if self._forgotten >= WORTH_SWEEPING and 6 * self._forgotten > self._entered - self._left:
            self._near = _swept(self._near)
            self._early = _swept(self._early)
            heapify(self._early)
            self._later = {part: swept for part, entries in self._later.items() if (swept := _swept(entries))}
            self._slices = sorted(self._later)
            there = 1 + len(self._near) + len(self._early) + sum(map(len, self._later.values()))
            self._left = self._entered - there
            self._forgotten = 0

    def next_timeout(self) -> float | None:
        """The earliest deadline that still holds, or None."""
        first = self._first
        if first is None:
            return None
        at, _, who = first
        # Mostly it is the very number that the entry has, and that is told sooner than whether it equals it.
        if who.deadline is at:
            return at
        first = self._next_that_holds()
        return None if first is None else first[0]

    def pop(self, now: float) -> Watched | None:
        """The next one whose deadline is `now` or earlier, taken off the agenda; None when nobody is due."""
        first = self._first
        if first is None:
            return None
        at, _, who = first
        if who.deadline is not at:
            if (first := self._next_that_holds()) is None:
                return None
            at, _, who = first
        if at > now:
            return None
        who.watched_at = None
        self._left += 1
        self._come_to_next()
        return who

    def entries(self) -> list[tuple[float, Watched]]:
        """All of them, in the order in which they were made; those that no longer hold as well.

        That order decides which of two equal deadlines comes first, also when an entry that does not hold now holds
        again.
        """
        first = [] if self._first is None else [self._first]
        later = [entry for entries in self._later.values() for entry in entries]
        every = sorted([*first, *self._near, *self._early, *later], key=itemgetter(1))
        return [(at, who) for at, _, who in every]

    def fill(self, entries: Sequence[tuple[float, Watched]]) -> None:
        """Give such entries to an agenda that has none."""
        for number, (at, who) in enumerate(entries, start=1):
            self._later.setdefault(at // SLICE_S, []).append((at, number, who))
        self._slices = sorted(self._later)
        self._entered = len(entries)
        self._come_to_next()

    def _next_that_holds(self) -> _Entry | None:
        """Drop entries until the first is one that still holds; returns it."""
        while (first := self._first) is not None:
            at, number, who = first
            due = None
            if who.watched_at == at:
                due = who.deadline
                if due == at:
                    return first
                who.watched_at = None
            self._come_to_next()
            if due is None:
                self._left += 1
            else:
                # With the number that it had: who asks how often must not decide which of equal deadlines is first.
                self.enter(due, who, number)
        return None

    def _come_to_next(self) -> None:
        """The first entry is gone: see which is now the first."""
        near, early = self._near, self._early
        if near:
            self._first = heappop(early) if early and early[0] < near[-1] else near.pop()
        elif early:
            self._first = heappop(early)
        elif self._slices:
            self._horizon = heappop(self._slices)
            near = self._near = self._later.pop(self._horizon)
            if len(near) > 1:
                # Most were entered in the order of their deadlines: sorting only has to look.
                near.sort(key=_BY_DEADLINE)
                near.reverse()
            self._first = near.pop()
        else:
            self._first = None


def _swept(entries: list[_Entry]) -> list[_Entry]:
    return [entry for entry in entries if entry[2].watched_at is not None or entry[2].deadline is not None]
