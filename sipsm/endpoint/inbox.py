"""What is told to an agent, or of a call or a subscription: kept, within bounds, until it is read.

Not here: how somebody waits for it, which is the adapter's.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from sipsm.errors import LocalProtocolError
from sipsm.role import Dropped, Event, NotDelivered, RequestServed

UNREAD_EVENTS: Final = 1_000
"""How many events are kept for an agent, a call or a subscription that nobody reads."""

Note = Dropped | RequestServed | NotDelivered


class Inbox:
    """Events in the order in which they came, until somebody reads them.

    At most `UNREAD_EVENTS` are kept. Notes that ask for nothing (`Dropped`, `RequestServed`, `NotDelivered`) take up
    no more than half of that, and are not kept beyond; any other event pushes out the oldest.
    """

    def __init__(self) -> None:
        self._unread: deque[Event] = deque()
        self._closed = False

    def _put(self, event: Event) -> Event | None:
        """Keep an event; returns the one that it pushed out."""
        pushed_out: Event | None = None
        if not isinstance(event, Note) or len(self._unread) < UNREAD_EVENTS // 2:
            self._unread.append(event)
            if len(self._unread) > UNREAD_EVENTS:
                pushed_out = self._unread.popleft()
        self._wake()
        return pushed_out

    def _take(self) -> Event | None:
        """The oldest unread event, or None."""
        return self._unread.popleft() if self._unread else None

    def _over(self) -> bool:
        """Whether no event will come any more."""
        return self._closed

    def _close(self) -> None:
        """From now on nothing comes."""
        self._closed = True
        self._wake()

    def _check_open(self) -> None:
        """Raises `LocalProtocolError` when there is nothing to wait for."""
        if self._closed:
            raise LocalProtocolError("the agent has been closed: do this inside its `with` block")

    def _wake(self) -> None:
        """Something has changed: whoever waits looks again. An adapter in which somebody can wait says how."""
