"""Carrying out what the machines of a call ask for: messages go out, and what they tell becomes events.

RFC 3261 9.1 (CANCEL), 13.2.2.4 (ACK), 15 (BYE), 14 (another try after a collision); RFC 3891 3 (taking a call's place).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sipsm.message import Response, cancel_for
from sipsm.role.calls.call import Call, InCall, OutgoingRequest
from sipsm.role.calls.calls import Calls, Way
from sipsm.role.calls.events import (
    AnswerReceived,
    EarlyDialogEnded,
    Ended,
    Established,
    ModificationRefused,
    Modified,
    OfferReceived,
    OfferWithdrawn,
    Postponed,
    Refreshed,
    Ringing,
)
from sipsm.role.calls.events import ProvisionalAcknowledged as ToldAcknowledged
from sipsm.role.learning import go_back, settle
from sipsm.role.writing import Writing, content
from sipsm.sdp import SdpArrived
from sipsm.transaction import ServerTransaction, TransactionLayer
from sipsm.transaction.sending import Sending
from sipsm.usage import Invitation, session
from sipsm.usage.invite_uac import InviteUac
from sipsm.usage.outputs import (
    Accept,
    Acknowledge,
    AcknowledgeAgain,
    Ask,
    Cancel,
    Connected,
    Decide,
    EarlyEnded,
    GiveUp,
    HangUp,
    ModifyRefused,
    Outdated,
    Over,
    PeerModifies,
    Prack,
    ProvisionalAcknowledged,
    Rang,
    Refresh,
    RepeatProvisional,
    RepeatReply,
    Reply,
    ReplyReliably,
    SendInviteAgain,
    TryAgain,
    Withdraw,
)
from sipsm.usage.outputs import Modified as WasModified
from sipsm.usage.outputs import OfferWithdrawn as WasWithdrawn
from sipsm.usage.outputs import Postponed as WasPostponed

_TOLD = frozenset(
    (
        Rang,
        EarlyEnded,
        ProvisionalAcknowledged,
        Connected,
        WasModified,
        ModifyRefused,
        Outdated,
        PeerModifies,
        WasWithdrawn,
        WasPostponed,
        Over,
        SdpArrived,
    )
)
"""What becomes an event."""


class CarryingOut:
    """The doing side of a user agent."""

    def __init__(self, calls: Calls, writing: Writing, transactions: TransactionLayer, sending: Sending) -> None:
        self.calls = calls
        self.writing = writing
        self.transactions = transactions
        self.sending = sending
        self.try_again: Callable[[Invitation, TryAgain, float], list[Any]]
        """Gives a command that was given before, where it may be."""
        self.refresh: Callable[[Invitation, float], list[Any]]
        """Sends a session refresh request, where it may be."""
        self.start_anew: Callable[[Call, SendInviteAgain, float], list[Any]]
        """Sends an INVITE anew."""
        self.heard: Callable[[Call, int, str | None, float], list[Any]]
        """Tells who has referred how far the call has come."""
        self.ways: dict[type, Way] = {
            Reply: self.reply,
            ReplyReliably: self.reply_reliably,
            RepeatReply: self.repeat_reply,
            RepeatProvisional: self.repeat_provisional,
            Acknowledge: self.acknowledge,
            AcknowledgeAgain: self.acknowledge_again,
            Prack: self.prack,
            Cancel: self.cancel,
            GiveUp: self.give_up,
            Withdraw: self.withdraw,
            HangUp: self.hang_up,
            Ask: self.ask,
            Accept: self.accept,
            Decide: self.decide,
            TryAgain: self.attempt_again,
            Refresh: self.refresh_session,
            SendInviteAgain: self.send_invite_again,
            Rang: self.tell_ringing,
            EarlyEnded: self.tell_early_ended,
            ProvisionalAcknowledged: self.tell_acknowledged,
            Connected: self.tell_established,
            WasModified: self.tell_modified,
            ModifyRefused: self.tell_refused,
            Outdated: self.tell_outdated,
            PeerModifies: self.tell_refreshed,
            WasWithdrawn: self.tell_withdrawn,
            WasPostponed: self.tell_postponed,
            Over: self.tell_ended,
            SdpArrived: self.tell_sdp,
        }

    def all(self, asked: list[tuple[Invitation, Any]], tx: ServerTransaction | None, now: float) -> list[Any]:
        """Several things, in their order, but what is sent before what is told; returns the outputs."""
        ways = self.ways
        # An application that acts on an event at once does so when the message that belongs to it is on its way.
        outputs: list[Any] = []
        told: list[Any] = []
        for at, x in asked:
            kind = x.__class__
            if kind in _TOLD:
                told += ways[kind](at, x, tx, now)
            else:
                outputs += ways[kind](at, x, tx, now)
        outputs += told
        return outputs

    # ---------------------------------------------------------------- responses

    def reply(self, at: Invitation, x: Reply, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """A response to the peer's INVITE."""
        assert at.transaction is not None, "an INVITE of the peer has its transaction"
        leg = at.leg
        response = self.writing.response(at, x)
        call: Call = leg.call
        outputs: list[Any] = self.transactions.respond(at.transaction, response, now)
        if x.status < 200:
            if not call.outgoing:
                call.rang = True
        elif x.status < 300:
            # As it went out, with what was added on its way.
            at.wire = at.transaction.wire
            if leg.packages_before is not None:
                settle(leg, at.request, ours=False)
            if call.replaces is not None:
                return [*outputs, *self.take_place(at, now)]
        else:
            go_back(leg, at.request, ours=False)
        return outputs

    def take_place(self, at: Invitation, now: float) -> list[Any]:
        """The call that this one replaces ends, now that this one is accepted (RFC 3891 3)."""
        replaced: Call = at.leg.call.replaces
        at.leg.call.replaces = None
        if replaced.over:
            return []
        # "Otherwise, it accepts the new INVITE by sending a 200-class response, and shuts down the replaced dialog by
        # sending a BYE. If the Replaces header field matches an early dialog that was initiated by the UA, it accepts
        # the new INVITE by sending a 200-class response, and shuts down the replaced dialog by sending a CANCEL."
        first = replaced.here.invitations[0]
        if replaced.here.session.state != session.INVITING:
            return self.calls.event(first, "REPLACED", None, now)
        assert isinstance(first.invite, InviteUac), "what has not been answered to us is an INVITE of ours"
        return [] if first.invite.is_cancelled else self.calls.event(first, "GIVE UP", Cancel(), now)

    def reply_reliably(self, at: Invitation, x: ReplyReliably, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """A provisional response that is sent again until its PRACK comes."""
        assert at.transaction is not None, "an INVITE of the peer has its transaction"
        response = self.writing.reliable(at, x)
        at.provisional = bytes(response)
        if not at.leg.call.outgoing:
            at.leg.call.rang = True
        return self.transactions.respond(at.transaction, response, now)

    def repeat_reply(self, at: Invitation, _x: Any, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """The 2xx once more."""
        assert at.transaction is not None, "an INVITE of the peer has its transaction"
        return self.transactions.respond_again(at.transaction, 200, at.wire, now)

    def repeat_provisional(self, at: Invitation, _x: Any, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """The reliable provisional response once more."""
        assert at.transaction is not None, "an INVITE of the peer has its transaction"
        return self.transactions.respond_again(at.transaction, 180, at.provisional, now)

    def accept(self, at: Invitation, x: Accept, tx: ServerTransaction | None, now: float) -> list[Any]:
        """A 200 to a request within the dialog."""
        assert tx is not None, "a request is accepted while it is handled"
        if at.leg.packages_before is not None:
            settle(at.leg, x.request, ours=False)
        return self.transactions.respond(tx, self.writing.accepted(at, x.request), now)

    def decide(self, at: Invitation, x: Decide, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """The answer to a request that waited for the application."""
        if x.method == "UPDATE":
            owed, at.leg.owed_update = at.leg.owed_update, None
        else:
            owed, at.owed_prack = at.owed_prack, None
        assert owed is not None, "a request waits"
        transaction, request = owed
        (settle if x.status < 300 else go_back)(at.leg, request, ours=False)
        return self.transactions.respond(transaction, self.writing.decided(at, request, x), now)

    # ---------------------------------------------------------------- requests

    def acknowledge(self, at: Invitation, x: Acknowledge, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """The ACK for a 2xx."""
        at.acknowledged_with = self.writing.ack(at, x)
        return self.sending.request(at.acknowledged_with, None, now, towards=at.dialog.hop_of(at.acknowledged_with))

    def acknowledge_again(self, at: Invitation, _x: Any, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """The same ACK."""
        assert at.acknowledged_with is not None, "the 2xx has been acknowledged"
        return self.sending.request(at.acknowledged_with, None, now, towards=at.dialog.hop_of(at.acknowledged_with))

    def prack(self, at: Invitation, x: Prack, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """A PRACK."""
        prack = self.writing.prack(at, x)
        return self.sending.request(prack, InCall("PRACK", at), now, towards=at.dialog.hop_of(prack))

    def cancel(self, at: Invitation, x: Cancel, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """A CANCEL, to where the INVITE went."""
        request = cancel_for(at.request)
        for name, value in (*self.writing.party.supported, *x.headers):
            request = request.with_added(name, value)
        # No other server is tried for an INVITE that is being cancelled.
        withdrawn = self.sending.withdraw(at.request, now)
        return withdrawn + self.sending.request(request, None, now, flow=at.flow)

    def give_up(self, at: Invitation, _x: Any, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """The INVITE's transaction is forgotten."""
        return self.transactions.give_up(at.request, now)

    def withdraw(self, at: Invitation, _x: Any, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """The INVITE is not sent, if it still waits for an address, and no other server is tried."""
        return self.sending.withdraw(at.request, now)

    def hang_up(self, at: Invitation, x: HangUp, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """A BYE."""
        bye = self.writing.within(at.leg, "BYE", x.headers)
        return self.sending.request(bye, InCall("BYE", at), now, towards=at.dialog.hop_of(bye))

    def ask(self, at: Invitation, x: Ask, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """Another request within the dialog."""
        assert isinstance(x.asked_as, OutgoingRequest), "who asks within a call is known to the application"
        x.asked_as.dialog = at.leg
        request = x.asked_as.request = self.writing.within(at.leg, x.method, [*x.headers, *content(x)], x.body)
        return self.sending.request(request, x.asked_as, now, towards=at.dialog.hop_of(request))

    def attempt_again(self, at: Invitation, x: TryAgain, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """What collided, once more."""
        return self.try_again(at, x, now)

    def refresh_session(self, at: Invitation, _x: Any, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """A session refresh request."""
        return self.refresh(at, now)

    def send_invite_again(
        self, at: Invitation, x: SendInviteAgain, _tx: ServerTransaction | None, now: float
    ) -> list[Any]:
        """The INVITE, anew."""
        return self.start_anew(at.leg.call, x, now)

    # ---------------------------------------------------------------- events

    def tell_ringing(self, at: Invitation, x: Rang, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """A provisional response came."""
        call: Call = at.leg.call
        call.rang = True
        told: list[Any] = [Ringing(call, x.response, at.leg)]
        return told if call.follows is None else told + self.heard(call, x.response.status, x.response.reason, now)

    def tell_early_ended(self, at: Invitation, x: EarlyEnded, _tx: ServerTransaction | None, _now: float) -> list[Any]:
        """An early dialog is over."""
        return [EarlyDialogEnded(at.leg.call, at.leg, x.message)]

    def tell_acknowledged(
        self, at: Invitation, x: ProvisionalAcknowledged, _tx: ServerTransaction | None, _now: float
    ) -> list[Any]:
        """The PRACK has come."""
        return [ToldAcknowledged(at.leg.call, x.request)]

    def tell_established(self, at: Invitation, x: Connected, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """The call is up, in this dialog."""
        call: Call = at.leg.call
        told: list[Any] = [Established(call, x.message)]
        return told if call.follows is None else told + self.heard(call, 200, None, now)

    def tell_modified(self, at: Invitation, x: WasModified, _tx: ServerTransaction | None, _now: float) -> list[Any]:
        """What we wanted was accepted."""
        # "Therefore, the UA possesses dialog information for internal processing but the dialog shouldn't be externally
        # visible." (RFC 5407 2)
        if not at.session.goes_on or x.wish.refresh:
            return []
        return [Modified(at.leg.call, x.wish.method, x.response)]

    def tell_refused(self, at: Invitation, x: ModifyRefused, _tx: ServerTransaction | None, _now: float) -> list[Any]:
        """What we wanted was refused."""
        failure = x.failure
        if at.leg.call.over or failure.wish is None or failure.wish.refresh:
            return []
        method, status = failure.wish.method, failure.status
        undone = method == "INVITE" and at.offer_answer.undone
        return [ModificationRefused(at.leg.call, method, status, failure.response, x.retry_after_s, undone)]

    def tell_outdated(self, at: Invitation, x: Outdated, _tx: ServerTransaction | None, _now: float) -> list[Any]:
        """What we wanted is not attempted again by itself."""
        return [] if x.wish.refresh else [ModificationRefused(at.leg.call, x.wish.method, 491, None, None)]

    def tell_refreshed(self, at: Invitation, x: PeerModifies, _tx: ServerTransaction | None, _now: float) -> list[Any]:
        """The peer has sent an UPDATE without an offer."""
        return [Refreshed(at.leg.call, x.request)]

    def tell_withdrawn(self, at: Invitation, x: WasWithdrawn, _tx: ServerTransaction | None, _now: float) -> list[Any]:
        """A re-INVITE of the peer is over unanswered."""
        return [OfferWithdrawn(at.leg.call, x.message)]

    def tell_postponed(self, at: Invitation, x: WasPostponed, _tx: ServerTransaction | None, _now: float) -> list[Any]:
        """Our INVITE was refused, and waits to be sent anew."""
        at.leg.call.rang = False
        return [Postponed(at.leg.call, x.response, x.wait_s)]

    def tell_ended(self, at: Invitation, x: Over, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """The call is over."""
        call: Call = at.leg.call
        assert not call.over, "a call ends once"
        call.over = True
        ended = Ended(call, x.reason, x.message)
        if call.follows is None:
            return [ended]
        refusal = x.message if isinstance(x.message, Response) and x.message.status >= 300 else None
        # What has come to nothing without a response of somebody was given up here.
        status = 487 if ended.status is None or ended.status < 300 else ended.status
        return [ended, *self.heard(call, status, None if refusal is None else refusal.reason, now)]

    def tell_sdp(self, at: Invitation, x: SdpArrived, _tx: ServerTransaction | None, _now: float) -> list[Any]:
        """The peer's description came."""
        kind = OfferReceived if x.is_offer else AnswerReceived
        return [kind(at.leg.call, x.sdp, x.message, at.leg)]
