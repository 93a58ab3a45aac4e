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


class Agenda:
    """The deadlines of many machines, earliest first; equal ones in the order in which they were entered."""

    def __init__(self) -> None:
        self._near: list[_Entry] = []
        """Of the present slice, and sorted: the last one is the next."""
        self._early: list[_Entry] = []
        """What has been entered since, and is in no later slice: a heap."""
        self._horizon = -1
        self._later: dict[int, list[_Entry]] = {}
        self._slices: list[int] = []
        self._entered = 0
        self._left = 0
        """How many of the entered are no longer there."""
        self._forgotten = 0
        """How many entries have come to be of somebody who is over, since the last sweep."""

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
            heappush(self._early, entry)
        elif (bucket := self._later.get(part)) is not None:
            bucket.append(entry)
        else:
            self._later[part] = [entry]
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
        while True:
            near, early = self._near, self._early
            while near or early:
                is_early = _is_first(early, near)
                at, number, who = early[0] if is_early else near[-1]
                if who.watched_at != at:
                    _ = heappop(early) if is_early else near.pop()
                    self._left += 1
                    continue
                due = who.next_timeout()
                if due == at:
                    return at
                _ = heappop(early) if is_early else near.pop()
                who.watched_at = None
                if due is None:
                    self._left += 1
                else:
                    # With the number that it had: who asks how often must not decide which of equal deadlines is first.
                    self._enter(due, number, who)
            if not self._slices:
                return None
            self._horizon = heappop(self._slices)
            self._near = self._later.pop(self._horizon)
            # Most were entered in the order of their deadlines: sorting only has to look.
            self._near.sort(key=itemgetter(0, 1))
            self._near.reverse()

    def pop(self, now: float) -> Watched | None:
        """The next one whose deadline is `now` or earlier, taken off the agenda; None when nobody is due."""
        near, early = self._near, self._early
        if near and near[-1][0] > now and not (early and early[0][0] <= now):
            # All that is entered is later, whether it still holds or not.
            return None
        at = self.next_timeout()
        if at is None or at > now:
            return None
        _, _, who = heappop(self._early) if _is_first(self._early, self._near) else self._near.pop()
        self._left += 1
        who.watched_at = None
        return who


def _swept(entries: list[_Entry]) -> list[_Entry]:
    return [entry for entry in entries if entry[2].watched_at is not None or entry[2].next_timeout() is not None]


def _is_first(early: list[_Entry], near: list[_Entry]) -> bool:
    """Whether the next one is that of the heap."""
    return bool(early) and (not near or early[0] < near[-1])
