"""A call of an agent, and what is told of it: commands without `now`; events kept, within bounds, until they are read.

Not here: how somebody waits for them, which is the adapter's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from datetime import datetime
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
    OutgoingRequest,
    Output,
    RequestServed,
)
from sipsm.role.call import Headers
from sipsm.sdp.description import Sdp
from sipsm.usage import Leg

UNREAD_EVENTS: Final = 1_000
"""How many events are kept for an agent or a call that nobody reads."""

R = TypeVar("R")
A = TypeVar("A")
Note = Dropped | RequestServed | NotDelivered
Requested = tuple[OutgoingRequest, list[Output]]
"""What a command returns that sends a request: the request, and the outputs."""


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
    """A request, in a call or outside one, that somebody waits for."""

    def __init__(self) -> None:
        super().__init__()
        self._answered: Answered | None = None

    def _put(self, event: Event) -> None:
        assert isinstance(event, Answered), "this is all that is told of a request"
        self._answered = event
        super()._put(event)


class BoundCall(Inbox, ABC, Generic[R, A]):
    """A call of an agent: its commands, its state, and what has been told of it.

    Commands raise `LocalProtocolError` when a rule forbids them; then nothing has changed and nothing was sent. Session
    descriptions are given to them as bytes or as `sipsm.sdp.SessionDescription`. `dialog` is one of an INVITE's early
    dialogs, as an event names it; by default the one that the call has come to, or the first.
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

    @property
    def agreed(self) -> tuple[bytes, bytes] | None:
        """Ours and the peer's description of the last exchange that was completed (RFC 3264)."""
        return self.core.agreed

    # ---------------------------------------------------------------- commands

    def ring(
        self,
        status: int = 180,
        *,
        sdp: Sdp = b"",
        reliable: bool | None = None,
        reason: str | None = None,
        headers: Headers = (),
    ) -> R:
        """Send a provisional response, 101 to 199 (RFC 3261 13.3.1.1); with `sdp` it bears the answer, or the offer.

        `reliable`: sent again until its PRACK comes, told by `ProvisionalAcknowledged` (RFC 3262); by default as the
        policy says, and always where the peer requires it.
        """
        return self._do(self.core.ring, status, sdp=sdp, reliable=reliable, reason=reason, headers=headers)

    def answer(self, sdp: Sdp = b"", *, status: int = 200, headers: Headers = ()) -> R:
        """Accept with a 2xx that carries the answer, or the offer if the INVITE had none (RFC 3261 13.3.1.4).

        For the INVITE that called, and for a re-INVITE.
        """
        return self._do(self.core.answer, sdp, status=status, headers=headers)

    def reject(self, status: int = 603, *, reason: str | None = None, headers: Headers = ()) -> R:
        """Refuse with 300 to 699; for 3xx, `headers` hold the Contact lines (RFC 3261 13.3.1.2, 13.3.1.3)."""
        return self._do(self.core.reject, status, reason=reason, headers=headers)

    def cancel(self, *, headers: Headers = ()) -> R:
        """Give an INVITE up before it is answered; the CANCEL waits for a provisional response (RFC 3261 9.1)."""
        return self._do(self.core.cancel, headers=headers)

    def acknowledge(self, sdp: Sdp = b"", *, headers: Headers = (), dialog: Leg | None = None) -> R:
        """Send the PRACK that `Policy.prack_by_hand` leaves to us, with an offer or without (RFC 3262 5)."""
        return self._do(self.core.acknowledge, sdp, headers=headers, dialog=dialog)

    def answer_offer(self, sdp: Sdp, *, headers: Headers = (), dialog: Leg | None = None) -> R:
        """Answer the peer's offer, wherever it came: the answer goes where it belongs (RFC 3264 6, RFC 6337 2)."""
        return self._do(self.core.answer_offer, sdp, headers=headers, dialog=dialog)

    def reject_offer(
        self, status: int = 488, *, reason: str | None = None, headers: Headers = (), dialog: Leg | None = None
    ) -> R:
        """Refuse the peer's re-INVITE or UPDATE: the session stays as it was (RFC 3261 14.2, RFC 3311 5.2)."""
        return self._do(self.core.reject_offer, status, reason=reason, headers=headers, dialog=dialog)

    def offer(
        self, sdp: Sdp = b"", *, method: str | None = None, headers: Headers = (), dialog: Leg | None = None
    ) -> R:
        """Propose another session by a re-INVITE, or by an UPDATE while the call is not up (RFC 3261 14.1, 3311 5.1).

        Without `sdp` a re-INVITE asks the peer for an offer, and an UPDATE only refreshes. `method` is `"INVITE"` or
        `"UPDATE"`. `AnswerReceived` and `Modified` tell that it was accepted, `ModificationRefused` that it was not.
        """
        return self._do(self.core.offer, sdp, method=method, headers=headers, dialog=dialog)

    def hang_up(self, *, headers: Headers = (), dialog: Leg | None = None) -> R:
        """End the call with a BYE (RFC 3261 15.1.1). Media stop now; `Ended` comes when the BYE has been answered.

        With `dialog`, the caller ends that early dialog alone, and the INVITE goes on (RFC 3261 15).
        """
        return self._do(self.core.hang_up, headers=headers, dialog=dialog)

    def request(
        self,
        method: str,
        *,
        headers: Headers = (),
        body: bytes = b"",
        content_type: str | None = None,
        dialog: Leg | None = None,
    ) -> A:
        """Send another request in the call's dialog, such as OPTIONS (RFC 3261 12.2.1), and wait for its end."""
        return self._ask(
            self.core.request, method, headers=headers, body=body, content_type=content_type, dialog=dialog
        )

    def info(
        self,
        package: str | None,
        body: bytes = b"",
        content_type: str | None = None,
        *,
        headers: Headers = (),
        dialog: Leg | None = None,
    ) -> A:
        """Send an INFO of a package that the peer takes, or with None one as before RFC 6086; wait for its end."""
        return self._ask(self.core.info, package, body, content_type, headers=headers, dialog=dialog)

    def message(
        self,
        text: str | bytes,
        content_type: str = "text/plain",
        *,
        headers: Headers = (),
        expires_s: int | None = None,
        date: datetime | None = None,
    ) -> A:
        """Send an instant message in the call's dialog (RFC 3428), and wait for its end.

        `date` is the present, in a time zone; where the message is to hold for `expires_s` seconds it is needed.
        """
        return self._ask(self.core.message, text, content_type, headers=headers, expires_s=expires_s, date=date)

    @abstractmethod
    def _do(self, command: Callable[..., list[Output]], *args: Any, **kwargs: Any) -> R:
        """Call this command with the present as `now`, and perform its outputs."""

    @abstractmethod
    def _ask(self, command: Callable[..., Requested], *args: Any, **kwargs: Any) -> A:
        """The same, and wait for the end of the request that the command has sent."""

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
