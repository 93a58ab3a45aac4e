"""A call of an agent: its commands without `now`, and what has been told of it.

Not here: how somebody waits for that, which is the adapter's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar

from sipsm.endpoint.bound_handle import Commanded, R, Told
from sipsm.grammar import Uri
from sipsm.message import Address
from sipsm.message.headers import ReferredBy
from sipsm.role import Call, CallState, Ended, Established, Event, OutgoingRequest, Output
from sipsm.role.commanded import Headers
from sipsm.sdp.description import Sdp
from sipsm.usage import Leg

A = TypeVar("A")
F = TypeVar("F")
Requested = tuple[OutgoingRequest, list[Output]]
"""What a command returns that sends a request: the request, and the outputs."""

CallOutcome = Established | Ended


class BoundCall(Told[CallOutcome, Ended, R], Generic[R, A, F]):
    """A call of an agent: its commands, its state, and what has been told of it.

    Commands raise `LocalProtocolError` when a rule forbids them; then nothing has changed and nothing was sent. Session
    descriptions are given to them as bytes or as `sipsm.sdp.SessionDescription`. `dialog` is one of an INVITE's early
    dialogs, as an event names it; by default the one that the call has come to, or the first. `waiting` is how the
    adapter lets one wait for an answer, such as a `timeout`, where it does.
    """

    of: ClassVar[type] = Call
    core: Call
    """The call as the endpoint knows it, and as events carry it."""

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
        **waiting: Any,
    ) -> A:
        """Send another request in the call's dialog, such as OPTIONS (RFC 3261 12.2.1), and wait for its end."""
        how: dict[str, Any] = {"headers": headers, "body": body, "content_type": content_type, "dialog": dialog}
        return self._ask(self.core.request, method, **how, **waiting)

    def info(
        self,
        package: str | None,
        body: bytes = b"",
        content_type: str | None = None,
        *,
        headers: Headers = (),
        dialog: Leg | None = None,
        **waiting: Any,
    ) -> A:
        """Send an INFO of a package that the peer takes, or with None one as before RFC 6086; wait for its end."""
        return self._ask(self.core.info, package, body, content_type, headers=headers, dialog=dialog, **waiting)

    def message(
        self,
        text: str | bytes,
        content_type: str = "text/plain",
        *,
        headers: Headers = (),
        expires_s: int | None = None,
        **waiting: Any,
    ) -> A:
        """Send an instant message in the call's dialog (RFC 3428), and wait for its end.

        With `expires_s` it says since when and for how many seconds it holds.
        """
        agent: Commanded = self._agent
        how: dict[str, Any] = {"headers": headers, "expires_s": expires_s, "date": agent._date(expires_s)}
        return self._ask(self.core.message, text, content_type, **how, **waiting)

    def refer(
        self,
        refer_to: Address | Uri | str | None = None,
        *,
        replaces: BoundCall[Any, Any, Any] | None = None,
        referred_by: ReferredBy | str | None = None,
        reports: bool = True,
        headers: Headers = (),
    ) -> F:
        """Ask the other side to contact somebody: a transfer, if it is to call him (RFC 3515 2.4.1, RFC 5589).

        `replaces` is a call of ours: who is at its other end is to be called, and that call to be taken over by the new
        one, which is an attended transfer (RFC 5589 7.3); `refer_to` is then given where his Contact leads nowhere.
        `reports=False` asks the other side not to tell how that goes (RFC 4488). This call goes on until it is hung up.
        Returns the referral, which tells what comes of it.
        """
        agent: Commanded = self._agent
        other = None if replaces is None else replaces.core
        more: dict[str, Any] = {"referred_by": referred_by, "reports": reports, "headers": headers}
        referral: F = agent._bind(self.core.refer, refer_to, replaces=other, **more)
        return referral

    def _ask(self, command: Callable[..., Requested], *args: Any, **options: Any) -> A:
        """Give a command that sends a request, and wait for the end of that."""
        agent: Commanded = self._agent
        answered: A = agent._ask(command, *args, **options)
        return answered

    # ---------------------------------------------------------------- events

    def _heed(self, event: Event) -> None:
        if isinstance(event, Established | Ended):
            self._outcome = self._outcome or event
        if isinstance(event, Ended):
            self._ended = event

    def _restored(self) -> None:
        """It was known before: what has been told of it counts."""
        if self.state is CallState.ESTABLISHED:
            self._outcome = Established(self.core, self.core.invite)
