"""A call as the application holds it: its state, and what can be done with it.

The decisions are in the tables of the machines (`sipsm.usage`); here they only stand side by side.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from attrs import Factory, define, field

from sipsm.grammar import Uri
from sipsm.machine import Machine
from sipsm.message import Address, Request
from sipsm.message.headers import ReferredBy
from sipsm.message.names import canonical
from sipsm.role.alarm import Alarm
from sipsm.role.commanded import Commanded, Headers
from sipsm.sdp import as_bytes
from sipsm.sdp.description import Sdp
from sipsm.standalone.messages import as_body, limiting
from sipsm.usage import Invitation, Leg, session
from sipsm.usage.around import Terms
from sipsm.usage.invite_uac import CANCEL_WAITS, CANCELLING
from sipsm.usage.outputs import Acknowledge, Ask, Cancel, Decide, HangUp, Modify, Prack, Reply, header_lines
from sipsm.usage.referrer import Refer

if TYPE_CHECKING:
    from datetime import datetime

    from sipsm.role.events import Output
    from sipsm.role.subscriptions.referral import Referral


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


@define(eq=False, repr=False)
class Call:
    """One call. Its commands return outputs for the adapter, or raise `LocalProtocolError`.

    Session descriptions are given to them as bytes or as `sipsm.sdp.SessionDescription`.
    `dialog` in a command is one of an INVITE's early dialogs, as an event names it; by default the one that the call
    has come to, or the first.
    """

    agent: Commanded
    outgoing: bool
    """Whether we called."""
    legs: list[Leg] = field(factory=list)
    """One for each dialog that the INVITE has made; the first is there from the start."""
    here: Leg = field(init=False)
    """The dialog that the application's commands concern: the one that answered first."""
    origin: Invitation = field(init=False)
    """The INVITE that made it, as it was sent or received."""
    tried: tuple[str, ...] = ()
    """The targets that have been tried, after redirections."""
    untried: tuple[str, ...] = ()
    """The Contact values of redirections that have not been tried, the best first."""
    corrected: int = 0
    """How often the INVITE has been sent anew, since a response asked for something else."""
    replaces: Call | None = None
    """The call whose place it takes, once it is answered (RFC 3891 3)."""
    follows: Any = None
    """The `PeerReferral` that it follows, until the end of that has been told (RFC 3515 2.4.4)."""
    rang: bool = False
    over: bool = False
    alarm: Alarm = field(default=Factory(Alarm, takes_self=True), init=False)
    """What stands for it in the agenda."""

    # ---------------------------------------------------------------- what it is

    def __repr__(self) -> str:
        return f"<Call {'to' if self.outgoing else 'from'} {self.here.dialog.remote}: {self.state}>"

    @property
    def terms(self) -> Terms:
        """What its endpoint lays down."""
        return self.agent.terms

    @property
    def invite(self) -> Request:
        """The INVITE."""
        return self.origin.request

    @property
    def call_id(self) -> str:
        """The Call-ID (RFC 3261 8.1.1.4)."""
        return self.here.dialog.call_id

    @property
    def state(self) -> CallState:
        """Where it stands."""
        if self.over:
            return CallState.ENDED
        state = _BY_SESSION.get(self.here.session.state)
        if state is not None:
            return state
        if self.origin.invite.state in _GIVEN_UP:
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

    @property
    def agreed(self) -> tuple[bytes, bytes] | None:
        """Ours and the peer's description of the last exchange that was completed (RFC 3264)."""
        return self.here.offer_answer.agreed

    # ---------------------------------------------------------------- what can be done, by the callee

    def ring(
        self,
        status: int = 180,
        *,
        sdp: Sdp = b"",
        reliable: bool | None = None,
        reason: str | None = None,
        headers: Headers = (),
        now: float,
    ) -> list[Output]:
        """Send a provisional response, 101 to 199 (RFC 3261 13.3.1.1); with `sdp` it bears the answer, or the offer.

        `reliable`: sent again until its PRACK comes, told by `ProvisionalAcknowledged` (RFC 3262); by default as the
        policy says, and always where the peer requires it.
        """
        x = Reply(status, reason, as_bytes(sdp))
        if headers:
            x.headers = header_lines(headers)
        return self.agent.command(self, _RING[reliable], x, now)

    def answer(self, sdp: Sdp = b"", *, status: int = 200, headers: Headers = (), now: float) -> list[Output]:
        """Accept with a 2xx that carries the answer, or the offer if the INVITE had none (RFC 3261 13.3.1.4).

        For the INVITE that called, and for a re-INVITE. It waits for the PRACK of a reliable response that bears a
        description (RFC 3262 5).
        """
        x = Reply(status, None, as_bytes(sdp))
        if headers:
            x.headers = header_lines(headers)
        return self.agent.command(self, "answer", x, now)

    def reject(
        self, status: int = 603, *, reason: str | None = None, headers: Headers = (), now: float
    ) -> list[Output]:
        """Refuse with 300 to 699; for 3xx, `headers` hold the Contact lines (RFC 3261 13.3.1.2, 13.3.1.3)."""
        return self.agent.command(self, "reject", Reply(status, reason, headers=header_lines(headers)), now)

    # ---------------------------------------------------------------- by the caller

    def cancel(self, *, headers: Headers = (), now: float) -> list[Output]:
        """Give an INVITE up before it is answered; the CANCEL waits for a provisional response (RFC 3261 9.1)."""
        return self.agent.command(self, "cancel", Cancel(header_lines(headers)), now)

    def acknowledge(
        self, sdp: Sdp = b"", *, headers: Headers = (), dialog: Leg | None = None, now: float
    ) -> list[Output]:
        """Send the PRACK that `Policy.prack_by_hand` leaves to us, with an offer or without (RFC 3262 5)."""
        return self.agent.command(
            self, "acknowledge", Prack(None, as_bytes(sdp), headers=header_lines(headers)), now, dialog
        )

    # ---------------------------------------------------------------- by either

    def answer_offer(self, sdp: Sdp, *, headers: Headers = (), dialog: Leg | None = None, now: float) -> list[Output]:
        """Answer the peer's offer, wherever it came (RFC 3264 6).

        The answer goes into the ACK for a 2xx, the PRACK for a provisional response, or the 2xx for a re-INVITE, an
        UPDATE or a PRACK (RFC 6337 2).
        """
        return self.agent.command(
            self, "answer the offer", Acknowledge(as_bytes(sdp), headers=header_lines(headers)), now, dialog
        )

    def reject_offer(
        self,
        status: int = 488,
        *,
        reason: str | None = None,
        headers: Headers = (),
        dialog: Leg | None = None,
        now: float,
    ) -> list[Output]:
        """Refuse the peer's re-INVITE or UPDATE: the session stays as it was (RFC 3261 14.2, RFC 3311 5.2)."""
        x = Decide("UPDATE", status, reason, headers=header_lines(headers))
        return self.agent.command(self, "reject the offer", x, now, dialog)

    def offer(
        self,
        sdp: Sdp = b"",
        *,
        method: str | None = None,
        headers: Headers = (),
        dialog: Leg | None = None,
        now: float,
    ) -> list[Output]:
        """Propose another session by a re-INVITE, or by an UPDATE while the call is not up (RFC 3261 14.1, 3311 5.1).

        Without `sdp` a re-INVITE asks the peer for an offer, and an UPDATE only refreshes. `method` is `"INVITE"` or
        `"UPDATE"`. `AnswerReceived` and `Modified` tell that it was accepted, `ModificationRefused` that it was not.
        """
        chosen = method or ("INVITE" if self.here.session.state == session.ESTABLISHED else "UPDATE")
        return self.agent.command(
            self, "offer", Modify(chosen, as_bytes(sdp), headers=header_lines(headers)), now, dialog
        )

    def hang_up(self, *, headers: Headers = (), dialog: Leg | None = None, now: float) -> list[Output]:
        """End the call with a BYE (RFC 3261 15.1.1). Media stop now; `Ended` comes when the BYE has been answered.

        At the callee, before the ACK has come, the BYE waits for it (RFC 3261 15). With `dialog`, the caller ends that
        early dialog alone, told by `EarlyDialogEnded`, and the INVITE goes on; `cancel` ends it altogether.
        """
        return self.agent.command(self, "hang up", HangUp(header_lines(headers), dialog is not None), now, dialog)

    def request(
        self,
        method: str,
        *,
        headers: Headers = (),
        body: bytes = b"",
        content_type: str | None = None,
        dialog: Leg | None = None,
        now: float,
    ) -> tuple[OutgoingRequest, list[Output]]:
        """Send another request in the call's dialog, such as OPTIONS (RFC 3261 12.2.1); `Answered` tells its end.

        An early dialog does for that. Returns the request, which `Answered` will name, and the outputs.
        """
        outgoing = OutgoingRequest(method, self)
        x = Ask(method, header_lines(headers), body, content_type, outgoing)
        return outgoing, self.agent.command(self, "send a request", x, now, dialog)

    def message(
        self,
        text: str | bytes,
        content_type: str = "text/plain",
        *,
        headers: Headers = (),
        expires_s: int | None = None,
        date: datetime | None = None,
        now: float,
    ) -> tuple[OutgoingRequest, list[Output]]:
        """Send an instant message in the call's dialog, when those before it are answered (RFC 3428 4 and 8).

        `date` is the present, in a time zone; where the message is to hold for `expires_s` seconds it is needed.
        Returns the request, which `Answered` will name, and the outputs.
        """
        more = [*limiting(expires_s, date), *headers]
        body = as_body(text)
        return self.request("MESSAGE", headers=more, body=body, content_type=content_type if body else None, now=now)

    def info(
        self,
        package: str | None,
        body: bytes = b"",
        content_type: str | None = None,
        *,
        headers: Headers = (),
        dialog: Leg | None = None,
        now: float,
    ) -> tuple[OutgoingRequest, list[Output]]:
        """Send an INFO of a package that the peer takes, or with None one as before RFC 6086 (RFC 6086 4.2.1, 3).

        Returns the request, which `Answered` will name, and the outputs.
        """
        outgoing = OutgoingRequest("INFO", self)
        named = [] if package is None else [("Info-Package", package)]
        more = list(headers)
        if package is not None and body and not any(canonical(name) == "content-disposition" for name, _ in more):
            # Where a part of a multipart is the package's, that part says so (RFC 6086 4.3.1).
            named.append(("Content-Disposition", "Info-Package"))
        x = Ask("INFO", header_lines([*named, *more]), body, content_type, outgoing)
        return outgoing, self.agent.command(self, "send an INFO", x, now, dialog)

    def refer(
        self,
        refer_to: Address | Uri | str | None = None,
        *,
        replaces: Call | None = None,
        referred_by: ReferredBy | str | None = None,
        reports: bool = True,
        headers: Headers = (),
        now: float,
    ) -> tuple[Referral, list[Output]]:
        """Ask the other side to contact somebody: a transfer, if it is to call him (RFC 3515 2.4.1, RFC 5589).

        `replaces` is a call of ours: who is at its other end is to be called, and that call to be taken over by the new
        one, which is an attended transfer (RFC 5589 7.3); `refer_to` is then given where his Contact leads nowhere.
        `reports=False` asks the other side not to tell how that goes (RFC 4488). This call goes on until it is hung up.

        Returns the referral and the outputs. `ReferAccepted`, `ReferProgress` and `ReferEnded` tell what comes of it.
        """
        x = Refer(refer_to, referred_by, replaces, reports, headers)
        outputs = self.agent.command(self, "refer", x, now)
        return x.referral, outputs

    # ---------------------------------------------------------------- time

    def machines(self) -> list[Machine]:
        """All of them that are awake, the INVITE's first."""
        found: dict[Machine, None] = {}
        for leg in self.legs:
            found.update(dict.fromkeys([leg.invitations[0].invite, *leg.machines()]))
            for invitation in leg.invitations:
                found.update(dict.fromkeys(invitation.machines()))
        return list(found)

    def next_timeout(self) -> float | None:
        """The earliest deadline of its machines, in seconds, or None."""
        # After every step of every call: what has no timer running costs next to nothing.
        running: tuple[tuple[float, str, float], ...] = ()
        for leg in self.legs:
            if leg.glare.running:
                running += leg.glare.running
            if leg.timer.running:
                running += leg.timer.running
            for invitation in leg.invitations:
                if invitation.invite.running:
                    running += invitation.invite.running
                if invitation.reliable.running:
                    running += invitation.reliable.running
        if len(running) == 1:
            return running[0][0]
        return min(running)[0] if running else None


_GIVEN_UP = frozenset({CANCEL_WAITS, CANCELLING})
_RING = {True: "ring reliably", False: "ring unreliably", None: "ring"}
_BY_SESSION = {
    session.ANSWERING: CallState.ANSWERING,
    session.ACCEPTED: CallState.ANSWERING,
    session.ESTABLISHED: CallState.ESTABLISHED,
    session.LEAVING: CallState.ENDING,
    session.ENDING: CallState.ENDING,
}


@define(eq=False)
class OutgoingRequest:
    """A request of ours that belongs to no INVITE and is no BYE: in a call, or outside one."""

    method: str
    call: Call | None = field(default=None, repr=False)
    """The call that it was sent in, if it was."""
    dialog: Leg | None = field(default=None, init=False, repr=False)
    """The dialog that it was sent in, if it was."""
    request: Request = field(init=False, repr=False)
    """As it was sent."""
    status: int | None = field(default=None, init=False)
    """Of its final response, once there is one."""


@define(eq=False)
class InCall:
    """A BYE, PRACK or UPDATE of ours that is under way, and for which INVITE or in which dialog it was sent."""

    method: str
    invitation: Invitation
