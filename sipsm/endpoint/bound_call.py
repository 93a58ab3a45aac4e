"""A call of an agent, and what is told of it: commands without `now`; events kept, within bounds, until they are read.

Not here: how somebody waits for them, which is the adapter's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from sipsm.errors import LocalProtocolError
from sipsm.role import (
    Answered,
    Call,
    CallState,
    Dropped,
    Ended,
    Established,
    Event,
    NotDelivered,
    Output,
    RequestServed,
)
from sipsm.role.call import Headers

UNREAD_EVENTS: Final = 1_000
"""How many events are kept for an agent or a call that nobody reads."""

R = TypeVar("R")
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


class BoundRequest(Inbox):
    """A request outside a call that somebody waits for."""

    def __init__(self) -> None:
        super().__init__()
        self._answered: Answered | None = None

    def _put(self, event: Event) -> None:
        assert isinstance(event, Answered), "this is all that is told of a request"
        self._answered = event
        super()._put(event)


class BoundCall(Inbox, ABC, Generic[R]):
    """A call of an agent: its commands, its state, and what has been told of it.

    Commands raise `LocalProtocolError` when a rule forbids them; then nothing has changed and nothing was sent.
    """

    def __init__(self, core: Call) -> None:
        super().__init__()
        self.core: Final = core
        """The call as the endpoint knows it, and as events carry it."""
        self._outcome: Established | Ended | None = None
        self._ended: Ended | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__} {self.call_id} {self.state}>"

    @property
    def state(self) -> CallState:
        """Where it stands."""
        return self.core.state

    @property
    def outgoing(self) -> bool:
        """Whether we called."""
        return self.core.outgoing

    @property
    def call_id(self) -> str:
        """The Call-ID (RFC 3261 8.1.1.4)."""
        return self.core.call_id

    @property
    def local_sdp(self) -> bytes:
        """The description that we sent, or nothing."""
        return self.core.local_sdp

    @property
    def remote_sdp(self) -> bytes:
        """The description that the peer sent, or nothing."""
        return self.core.remote_sdp

    # ---------------------------------------------------------------- commands

    def ring(self, status: int = 180, *, sdp: bytes = b"", reason: str | None = None, headers: Headers = ()) -> R:
        """Send a provisional response, 101 to 199; with `sdp` it shows the answer early (RFC 3261 13.3.1.1)."""
        return self._do(self.core.ring, status, sdp=sdp, reason=reason, headers=headers)

    def answer(self, sdp: bytes = b"", *, status: int = 200, headers: Headers = ()) -> R:
        """Accept with a 2xx that carries the answer, or the offer if the INVITE had none (RFC 3261 13.3.1.4)."""
        return self._do(self.core.answer, sdp, status=status, headers=headers)

    def reject(self, status: int = 603, *, reason: str | None = None, headers: Headers = ()) -> R:
        """Refuse the call with 300 to 699; for 3xx, `headers` hold the Contact lines (RFC 3261 13.3.1.2, 13.3.1.3)."""
        return self._do(self.core.reject, status, reason=reason, headers=headers)

    def cancel(self, *, headers: Headers = ()) -> R:
        """Give the call up before it is answered; the CANCEL waits for a provisional response (RFC 3261 9.1)."""
        return self._do(self.core.cancel, headers=headers)

    def answer_offer(self, sdp: bytes, *, headers: Headers = ()) -> R:
        """Answer the offer that came in the 2xx: it goes into the ACK (RFC 3261 13.2.2.4)."""
        return self._do(self.core.answer_offer, sdp, headers=headers)

    def hang_up(self, *, headers: Headers = ()) -> R:
        """End the call with a BYE (RFC 3261 15.1.1). Media stop now; `Ended` comes when the BYE has been answered."""
        return self._do(self.core.hang_up, headers=headers)

    @abstractmethod
    def _do(self, command: Callable[..., list[Output]], *args: Any, **kwargs: Any) -> R:
        """Call this command with the present as `now`, and perform its outputs."""

    # ---------------------------------------------------------------- events

    def _put(self, event: Event) -> Event | None:
        if isinstance(event, Established | Ended):
            self._outcome = self._outcome or event
        if isinstance(event, Ended):
            self._ended = event
        return super()._put(event)

    def _restored(self) -> None:
        """It was known before: what has been told of it counts."""
        if self.state is CallState.ESTABLISHED:
            self._outcome = Established(self.core, self.core.invite)

    def _over(self) -> bool:
        return self._closed or self._ended is not None
