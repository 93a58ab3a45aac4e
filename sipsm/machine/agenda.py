"""Who is to be woken when: one deadline out of any number of timers.

Watching, waking and forgetting cost the same with a million machines as with ten: what is due within the
present slice of time is sorted, all else in unsorted lists, one for each slice. What comes to be due within the present
slice, or before it, stands in a heap: the slice may be far away, and any number may come before it. A machine has one
entry, for its earliest deadline; an entry that no longer holds is noticed when it comes to the front. Those of machines
that were over before are swept out when they are a sixth of all.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from operator import itemgetter
from typing import Protocol

SLICES_PER_SECOND = 8
WORTH_SWEEPING = 256
"""With fewer entries of who is over than this, they are left to be met."""


class Watched(Protocol):
    """What an agenda can wake: it knows its own next deadline, and keeps a note for the agenda."""

    watched_at: float | None

    def next_timeout(self) -> float | None:
        """The deadline in seconds, or None."""


_Entry = tuple[float, int, Watched]
_BY_DEADLINE = itemgetter(0, 1)


class Agenda:
    """The deadlines of many machines, earliest first; equal ones in the order in which they were entered."""

    def __init__(self) -> None:
        self._near: list[_Entry] = []
        """Of the present slice, and sorted: the last one is the next, unless that is the first of the heap."""
        self._early: list[_Entry] = []
        """What has been entered since, and is in no later slice: a heap."""
        self._horizon = -1.0
        self._later: dict[float, list[_Entry]] = {}
        self._slices: list[float] = []
        self._entered = 0
        self._left = 0
        """How many of the entered are no longer there."""
        self._forgotten = 0
        """How many entries have come to be of somebody who is over, since the last sweep."""

    def watch(self, who: Watched) -> None:
        """Note the next deadline of `who`. To be called after every step of it that may have started a timer."""
        at = who.next_timeout()
        if at is not None and ((known := who.watched_at) is None or at < known):
            self.enter(at, who)

    def enter(self, at: float, who: Watched, number: int = 0) -> None:
        """What `watch` does when `at`, the next deadline of `who`, is sooner than the one that has been noted, if any.

        `number` is that of an entry which this one replaces.
        """
        if not number:
            self._entered = number = self._entered + 1
        who.watched_at = at
        # A whole number, as the float that it is: to make an int of it would take as long as all the rest.
        part = at * SLICES_PER_SECOND // 1
        if part <= self._horizon:
            heappush(self._early, (at, number, who))
        elif part in self._later:
            self._later[part].append((at, number, who))
        else:
            self._later[part] = [(at, number, who)]
            heappush(self._slices, part)

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
            there = len(self._near) + len(self._early) + sum(map(len, self._later.values()))
            self._left = self._entered - there
            self._forgotten = 0

    def next_timeout(self) -> float | None:
        """The earliest deadline that still holds, or None."""
        near, early = self._near, self._early
        while True:
            if early and (not near or early[0] < near[-1]):
                near.append(heappop(early))
            if near:
                at, number, who = near[-1]
                if who.watched_at == at:
                    due = who.next_timeout()
                    if due == at:
                        return at
                    near.pop()
                    who.watched_at = None
                    if due is not None:
                        # With the number that it had: who asks how often must not decide which of equal deadlines is
                        # first.
                        self.enter(due, who, number)
                        continue
                else:
                    near.pop()
                self._left += 1
            elif self._slices:
                self._horizon = heappop(self._slices)
                near = self._near = self._later.pop(self._horizon)
                if len(near) > 1:
                    # Most were entered in the order of their deadlines: sorting only has to look.
                    near.sort(key=_BY_DEADLINE)
                    near.reverse()
            else:
                return None

    def pop(self, now: float) -> Watched | None:
        """The next one whose deadline is `now` or earlier, taken off the agenda; None when nobody is due."""
        if (near := self._near) and near[-1][0] > now and not ((early := self._early) and early[0][0] <= now):
            # All that is entered is later, whether it still holds or not.
            return None
        at = self.next_timeout()
        if at is None or at > now:
            return None
        _, _, who = self._near.pop()
        self._left += 1
        who.watched_at = None
        return who


def _swept(entries: list[_Entry]) -> list[_Entry]:
    return [entry for entry in entries if entry[2].watched_at is not None or entry[2].next_timeout() is not None]
