"""A call as the application holds it: its state, and what can be done with it.

The decisions are in the tables of the machines (`sipsm.usage`); here they only stand side by side.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, field

from sipsm.dialog import Dialog
from sipsm.machine import Machine, Wiring
from sipsm.message import Request
from sipsm.sdp import OfferAnswerUac, OfferAnswerUas
from sipsm.transaction import ServerTransaction
from sipsm.transport import Flow
from sipsm.usage import UAC, UAS, InviteUac, InviteUas, SessionUac, SessionUas, invite_uac, session
from sipsm.usage.outputs import Acknowledge, Ask, Cancel, HangUp, Reply

if TYPE_CHECKING:
    from sipsm.role.events import Output

Headers = Iterable[tuple[str, str]]

DialogId = tuple[str, str, str]
"""Call-ID, local tag, remote tag (RFC 3261 12)."""


class Commanded(Protocol):
    """Who carries out the commands of a call: the endpoint that it belongs to."""

    def command(self, call: Call, event: str, x: Any, now: float) -> list[Output]:
        """Take one command; returns its outputs, raises `LocalProtocolError` when a rule forbids it."""


class CallState(StrEnum):
    """Where a call stands."""

    CALLING = "calling"
    """We called, and nobody has rung yet."""
    INCOMING = "incoming"
    """Somebody calls, and we have not answered."""
    RINGING = "ringing"
    """A provisional response other than 100 came for our call, or we sent one."""
    ANSWERING = "answering"
    """Answered; the answer's ACK, or our answer to its offer, is still to come."""
    ESTABLISHED = "established"
    """Up."""
    ENDING = "ending"
    """A CANCEL or BYE is under way."""
    ENDED = "ended"
    """Over."""


@define(eq=False)
class Leg:
    """The machines of one dialog of a call, with the INVITE's own: what guards may look at."""

    invite: InviteUac | InviteUas
    dialog: Dialog
    offer_answer: OfferAnswerUac | OfferAnswerUas
    session: SessionUac | SessionUas
    ack: Request | None = None
    """The ACK for the 2xx, once it has been sent."""
    known_as: DialogId | None = None
    """Under which identifier it is found, while it is."""


@define(eq=False, repr=False)
class Call:
    """One call. Its commands return outputs for the adapter, or raise `LocalProtocolError`."""

    agent: Commanded
    outgoing: bool
    """Whether we called."""
    invite: Request
    """The INVITE."""
    legs: list[Leg]
    """One for each dialog that the INVITE has made; the first is there from the start."""
    here: Leg
    """The dialog that the application's commands concern: the one that answered first."""
    transaction: ServerTransaction | None = None
    """At the callee: the INVITE's."""
    flow: Flow | None = None
    """At the caller: where the INVITE went, once that is known."""
    wire: bytes = b""
    """At the callee: the 2xx, which is sent again until its ACK comes."""
    rang: bool = False
    over: bool = False
    watched_at: float | None = field(default=None, init=False)

    # ---------------------------------------------------------------- what it is

    def __repr__(self) -> str:
        return f"<Call {'to' if self.outgoing else 'from'} {self.here.dialog.remote}: {self.state}>"

    @property
    def wiring(self) -> Wiring:
        """Who has a say in what."""
        return UAC if self.outgoing else UAS

    @property
    def call_id(self) -> str:
        """The Call-ID (RFC 3261 8.1.1.4)."""
        return self.invite.call_id

    @property
    def state(self) -> CallState:
        """Where it stands."""
        if self.over:
            return CallState.ENDED
        state = _BY_SESSION.get(self.here.session.state)
        if state is not None:
            return state
        if self.here.invite.state in {invite_uac.CANCEL_WAITS, invite_uac.CANCELLING}:
            return CallState.ENDING
        if self.rang:
            return CallState.RINGING
        return CallState.CALLING if self.outgoing else CallState.INCOMING

    @property
    def local_sdp(self) -> bytes:
        """The description that we sent, or nothing."""
        return self.here.offer_answer.local

    @property
    def remote_sdp(self) -> bytes:
        """The description that the peer sent, or nothing."""
        return self.here.offer_answer.remote

    # ---------------------------------------------------------------- what can be done, by the callee

    def ring(
        self, status: int = 180, *, sdp: bytes = b"", reason: str | None = None, headers: Headers = (), now: float
    ) -> list[Output]:
        """Send a provisional response, 101 to 199; with `sdp` it shows the answer early (RFC 3261 13.3.1.1)."""
        event = "PROVISION+SDP" if sdp else "PROVISION"
        return self.agent.command(self, event, Reply(status, reason, sdp, headers=headers), now)

    def answer(self, sdp: bytes = b"", *, status: int = 200, headers: Headers = (), now: float) -> list[Output]:
        """Accept with a 2xx that carries the answer, or the offer if the INVITE had none (RFC 3261 13.3.1.4)."""
        event = "ACCEPT+SDP" if sdp else "ACCEPT"
        return self.agent.command(self, event, Reply(status, body=sdp, headers=headers), now)

    def reject(
        self, status: int = 603, *, reason: str | None = None, headers: Headers = (), now: float
    ) -> list[Output]:
        """Refuse with 300 to 699; for 3xx, `headers` hold the Contact lines (RFC 3261 13.3.1.2, 13.3.1.3)."""
        return self.agent.command(self, "REJECT", Reply(status, reason, headers=headers), now)

    # ---------------------------------------------------------------- by the caller

    def cancel(self, *, headers: Headers = (), now: float) -> list[Output]:
        """Give the call up before it is answered; the CANCEL waits for a provisional response (RFC 3261 9.1)."""
        return self.agent.command(self, "GIVE UP", Cancel(headers), now)

    def answer_offer(self, sdp: bytes, *, headers: Headers = (), now: float) -> list[Output]:
        """Answer the offer that came in the 2xx: it goes into the ACK (RFC 3261 13.2.2.4)."""
        event = "ANSWER OFFER+SDP" if sdp else "ANSWER OFFER"
        return self.agent.command(self, event, Acknowledge(sdp, headers=headers), now)

    # ---------------------------------------------------------------- by either

    def hang_up(self, *, headers: Headers = (), now: float) -> list[Output]:
        """End the call with a BYE (RFC 3261 15.1.1). Media stop now; `Ended` comes when the BYE has been answered.

        At the callee, before the ACK has come, the BYE waits for it (RFC 3261 15).
        """
        return self.agent.command(self, "HANG UP", HangUp(headers), now)

    def request(
        self, method: str, *, headers: Headers = (), body: bytes = b"", content_type: str | None = None, now: float
    ) -> tuple[OutgoingRequest, list[Output]]:
        """Send another request in the call's dialog, such as OPTIONS (RFC 3261 12.2.1); `Answered` tells its end.

        Returns the request, which `Answered` will name, and the outputs.
        """
        outgoing = OutgoingRequest(method, self)
        return outgoing, self.agent.command(self, "ASK", Ask(method, headers, body, content_type, outgoing), now)

    # ---------------------------------------------------------------- time

    def machines(self) -> list[Machine]:
        """All of them, the INVITE's first."""
        found: list[Machine] = [self.here.invite]
        for leg in self.legs:
            found += (leg.dialog, leg.offer_answer, leg.session)
        return found

    def next_timeout(self) -> float | None:
        """The earliest deadline of its machines, in seconds, or None."""
        # Timers of a call run in its INVITE's machine only; a dialog's machines have none.
        return self.here.invite.next_timeout()


_BY_SESSION = {
    session.ACCEPTED: CallState.ANSWERING,
    session.ESTABLISHED: CallState.ESTABLISHED,
    session.LEAVING: CallState.ENDING,
    session.ENDING: CallState.ENDING,
    session.ENDED: CallState.ENDED,
}


@define(eq=False)
class OutgoingRequest:
    """A request of ours that is neither INVITE nor BYE: in a call, or outside one."""

    method: str
    call: Call | None = field(default=None, repr=False)
    """The call that it was sent in, if it was."""
    request: Request = field(init=False, repr=False)
    """As it was sent."""
    status: int | None = field(default=None, init=False)
    """Of its final response, once there is one."""
