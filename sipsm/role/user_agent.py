"""A user agent: the transaction user that holds calls, asks and answers.

RFC 3261 8 (UAC and UAS behaviour), 11 (OPTIONS), 12 and 13 as `sipsm.usage` has them. What comes up from the
transactions is turned into events of the machines of a call; what these ask for is carried out in
`sipsm.role.carrying_out`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sipsm.dialog import as_uac, as_uas
from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.machine import Agenda, Observer, Refuse, Step, joint_step
from sipsm.message import Request, Response, response_to
from sipsm.role.call import Call, Commanded, DialogId, Headers, Leg, OutgoingRequest
from sipsm.role.carrying_out import CarryingOut
from sipsm.role.events import Answered, DropReason, IncomingCall, NotDelivered, RequestServed
from sipsm.role.limits import Limits
from sipsm.role.party import Party
from sipsm.role.screening import capabilities, screen
from sipsm.sdp import OfferAnswerUac, OfferAnswerUas, has_sdp
from sipsm.transaction import (
    Absorbed,
    AckReceived,
    RequestReceived,
    ResponseReceived,
    ServerTransaction,
    TimedOut,
    TransactionLayer,
    TransportFailed,
    Unmatched,
)
from sipsm.transaction.sending import NotSent, Sending, SentAs, TriesAgain
from sipsm.usage import InviteUac, InviteUas, SessionUac, SessionUas
from sipsm.usage.outputs import Ask

NOT_FOR_ASKING = {
    "INVITE": "call `invite`",
    "ACK": "an ACK is sent by itself",
    "BYE": "call `hang_up`",
    "CANCEL": "call `cancel`",
}


COMMANDS = {
    "PROVISION": "ring",
    "PROVISION+SDP": "ring",
    "ACCEPT": "answer",
    "ACCEPT+SDP": "answer",
    "REJECT": "reject",
    "GIVE UP": "cancel",
    "ANSWER OFFER": "answer the offer",
    "ANSWER OFFER+SDP": "answer the offer",
    "HANG UP": "hang up",
    "ASK": "send a request",
}
"""The events that are commands, as the application knows them."""


class DropNote:
    """A message that came to nothing, for the endpoint to tell with its flow."""

    __slots__ = ("message", "reason", "why")

    def __init__(self, reason: DropReason, why: str, message: Request | Response) -> None:
        self.reason = reason
        self.why = why
        self.message = message


class UserAgent:
    """The core of a user agent, above the transactions and below the endpoint."""

    def __init__(
        self,
        transactions: TransactionLayer,
        sending: Sending,
        agenda: Agenda,
        party: Party,
        limits: Limits,
        commanded: Commanded,
        observer: Observer | None = None,
    ) -> None:
        self.transactions = transactions
        self.sending = sending
        self.agenda = agenda
        self.party = party
        self.profile = party.profile
        self.limits = limits
        self.ids = party.ids
        self.observer = observer
        self.calls: dict[Call, None] = {}
        self.dialogs: dict[DialogId, tuple[Call, Leg]] = {}
        self.incoming: dict[ServerTransaction, Call] = {}
        self.commanded = commanded
        self.carrying_out = CarryingOut(party, transactions, sending)

    # ---------------------------------------------------------------- commands of the application

    def invite(self, target: Uri, to: str | None, sdp: bytes, headers: Headers, now: float) -> tuple[Call, list[Any]]:
        """Call somebody (RFC 3261 13.2.1)."""
        if self.is_full:
            raise LocalProtocolError(f"{self.limits.calls} calls are up, and the limits allow no more")
        content = [("Content-Type", "application/sdp")] if sdp else []
        own = [*self.party.capabilities_of_session(), *content]
        request, hop = self.party.request_outside("INVITE", target, to, headers, sdp, own)
        self.sending.check(hop, request)
        invite = InviteUac(self.transactions.times)
        leg = Leg(invite, as_uac(request), OfferAnswerUac(), SessionUac())
        call = Call(self.commanded, True, request, [leg], leg)
        self.calls[call] = None
        outputs = self.event(call, leg, "INVITE+SDP" if sdp else "INVITE", request, now)
        return call, outputs + self.sending.request(request, call, now, towards=hop)

    def ask(
        self,
        method: str,
        target: Uri,
        to: str | None,
        headers: Headers,
        body: bytes,
        content_type: str | None,
        now: float,
    ) -> tuple[OutgoingRequest, list[Any]]:
        """Send a request outside a dialog."""
        refuse_session_methods(method)
        content = [("Content-Type", content_type)] if content_type is not None else []
        contact = [("Contact", self.party.contact())] if method == "OPTIONS" else []
        request, hop = self.party.request_outside(method, target, to, headers, body, [*contact, *content])
        self.sending.check(hop, request)
        outgoing = OutgoingRequest(method)
        outgoing.request = request
        return outgoing, self.sending.request(request, outgoing, now, towards=hop)

    def command(self, call: Call, event: str, x: Any, now: float) -> list[Any]:
        """A command of the application on one call. Raises `LocalProtocolError` when a rule forbids it."""
        if event not in call.wiring.wires:
            side = "the caller" if call.outgoing else "the callee"
            raise LocalProtocolError(f"cannot {COMMANDS[event]}: that is not for {side}", rfc="3261 13")
        if isinstance(x, Ask):
            refuse_session_methods(x.method)
        self.carrying_out.check(call, event, x)
        step = Step(now, self.observer)
        outcome = joint_step(call.wiring, call.here, call.legs, event, x, step)
        if outcome.refusal is not None:
            raise LocalProtocolError(
                f"cannot {COMMANDS[event]} in state {outcome.state}: {outcome.refusal.text}", rfc=outcome.refusal.rfc
            )
        return self.finish(call, call.here, step, None, now)

    # ---------------------------------------------------------------- what comes up from the transactions

    def take(self, output: Any, now: float) -> list[Any]:
        """Something for the transaction user; returns sends, events and drop notes."""
        match output:
            case RequestReceived(transaction, request):
                return self.request_received(transaction, request, now)
            case ResponseReceived() | TimedOut() | TransportFailed() if (
                tries_again := self.sending.heard(output, now)
            ) is not None:
                return tries_again
            case ResponseReceived(transaction, response):
                return self.response_received(transaction.user, response, transaction.flow, now)
            case AckReceived(request):
                return self.ack_received(request, now)
            case TimedOut(transaction):
                return self.unanswered(transaction.user, "TIMEOUT", 408, "no answer came", now)
            case TransportFailed(ServerTransaction() as transaction):
                return [NotDelivered(transaction.wire, "the response could not be sent")]
            case TransportFailed(transaction):
                return self.unanswered(transaction.user, "FAILURE", 503, "it could not be sent", now)
            case NotSent(None, request, why):
                return [NotDelivered(bytes(request), why)]
            case NotSent(user, _, why):
                return self.unanswered(user, "FAILURE", 503, why, now)
            case TriesAgain(user):
                return self.event(user, user.here, "TRIES AGAIN", None, now) if isinstance(user, Call) else []
            case SentAs(user, request):
                return self.sent_as(user, request)
            case Unmatched(response):
                return [DropNote(DropReason.STRAY_RESPONSE, "no transaction waits for it", response)]
            case Absorbed(message, why):
                return [DropNote(DropReason.ABSORBED, why, message)]
        raise AssertionError(f"nobody takes {output!r}")

    # ---------------------------------------------------------------- requests

    def request_received(self, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A request, once (RFC 3261 8.2)."""
        if (struck := screen(self.profile, request)) is not None:
            check, headers = struck
            return self.serve(tx, request, check.status, now, headers=headers)
        if request.method == "CANCEL":
            return self.cancel_received(tx, request, now)
        if self.transactions.is_merged(tx):
            # "The same request has arrived at the UAS more than once, following different paths, most likely due to
            # forking." (RFC 3261 8.2.2.2)
            return self.serve(tx, request, 482, now)
        # "A request outside of a dialog MUST NOT contain a To tag; the tag in the To field of a request identifies the
        # peer of the dialog." (RFC 3261 8.1.1.2)
        if request.to_tag is not None:
            found = self.dialog_of(request)
            if found is None:
                return self.serve(tx, request, 481, now)
            return self.request_in_dialog(*found, tx, request, now)
        match request.method:
            case "INVITE":
                return self.call_received(tx, request, now)
            case "OPTIONS":
                # "The response code chosen MUST be the same that would have been chosen had the request been an
                # INVITE." (RFC 3261 11.2)
                status = 503 if self.is_full else 200
                return self.serve(tx, request, status, now, headers=capabilities(self.profile))
        return self.serve(tx, request, 481, now)

    @property
    def is_full(self) -> bool:
        """Whether no further call is taken."""
        return len(self.calls) >= self.limits.calls

    def dialog_of(self, request: Request) -> tuple[Call, Leg] | None:
        """The call and the dialog of it that a request names (RFC 3261 12.2.2)."""
        return self.dialogs.get((request.call_id, request.to_tag or "", request.from_tag or ""))

    def call_received(self, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """An INVITE outside a dialog: somebody calls (RFC 3261 13.3.1)."""
        if self.is_full:
            return self.serve(tx, request, 503, now, headers=[("Retry-After", "10")])
        tag = self.ids.tag()
        leg = Leg(
            InviteUas(self.transactions.times), as_uas(request, tag, self.ids.cseq()), OfferAnswerUas(), SessionUas()
        )
        call = Call(self.commanded, False, request, [leg], leg, transaction=tx)
        self.calls[call] = None
        self.incoming[tx] = call
        offered = has_sdp(request)
        outputs = self.event(call, leg, "INVITE+SDP" if offered else "INVITE", request, now)
        return [*outputs, IncomingCall(call, request, request.body if offered else b"")]

    def cancel_received(self, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A CANCEL (RFC 3261 9.2)."""
        invite = self.transactions.invite_of(request)
        if invite is None:
            return self.serve(tx, request, 481, now)
        call = self.incoming.get(invite)
        # "Regardless of the method of the original request, as long as the CANCEL matched an existing transaction, the
        # UAS answers the CANCEL request itself with a 200 (OK) response", with the To tag of the INVITE's response.
        tag = invite.to_tag if call is None else call.here.dialog.local_tag
        outputs = self.serve(tx, request, 200, now, tag=tag)
        return outputs if call is None else outputs + self.event(call, call.here, "CANCEL", request, now)

    def request_in_dialog(self, call: Call, leg: Leg, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A request within a dialog: judged by the dialog first, then by what its method means there (12.2.2)."""
        step = Step(now, self.observer)
        outcome = joint_step(call.wiring, leg, call.legs, "REQUEST", request, step)
        if outcome.refusal is None and request.method == "OPTIONS":
            return self.serve(tx, request, 200, now, headers=capabilities(self.profile))
        if outcome.refusal is None:
            event = "RE-INVITE" if request.method == "INVITE" else request.method
            outcome = joint_step(call.wiring, leg, call.legs, event, request, step)
        if outcome.refusal is not None:
            return self.refuse(tx, request, outcome.refusal, now)
        return self.finish(call, leg, step, tx, now)

    def ack_received(self, request: Request, now: float) -> list[Any]:
        """An ACK that is no transaction's: for a 2xx of ours, or for nothing (RFC 3261 13.3.1.4)."""
        found = self.dialog_of(request)
        if found is None:
            return [DropNote(DropReason.STRAY_ACK, "it belongs to no dialog", request)]
        call, leg = found
        if call.outgoing or request.cseq.number != call.invite.cseq.number:
            return [DropNote(DropReason.STRAY_ACK, "it acknowledges nothing that was sent", request)]
        return self.event(call, leg, "ACK+SDP" if has_sdp(request) else "ACK", request, now)

    def refuse(self, tx: ServerTransaction, request: Request, refusal: Refuse, now: float) -> list[Any]:
        """Answer as a table's refusal says."""
        assert refusal.status is not None, f"the network asked, but this is refused to the program only: {refusal}"
        # "MUST return a 500 ... and MUST include a Retry-After header field with a randomly chosen value of between 0
        # and 10 seconds." (RFC 3261 14.2)
        wait = [("Retry-After", str(self.ids.source.getrandbits(16) % 11))] if refusal.status == 500 else []
        return self.serve(tx, request, refusal.status, now, headers=wait)

    def serve(
        self,
        tx: ServerTransaction,
        request: Request,
        status: int,
        now: float,
        *,
        headers: Iterable[tuple[str, str]] = (),
        tag: str | None = None,
    ) -> list[Any]:
        """Answer a request that concerns no call, or that a rule refuses, and tell so."""
        response = response_to(
            request, status, to_tag=tag or self.ids.tag(), headers=[*headers, *self.party.product("Server")]
        )
        return [*self.transactions.respond(tx, response, now), RequestServed(request, status)]

    # ---------------------------------------------------------------- responses

    def response_received(self, user: Any, response: Response, flow: Any, now: float) -> list[Any]:
        """A response to a request of ours."""
        if isinstance(user, Call):
            user.flow = flow
            return self.invite_answered(user, response, now)
        if response.status < 200:
            return [DropNote(DropReason.ABSORBED, "it tells nothing but that the request has arrived", response)]
        return self.final(user, response.status, response, "", now)

    def sent_as(self, user: Any, request: Request) -> list[Any]:
        """A request of ours goes out with another Via: CANCEL and ACK are made from that one (RFC 3261 9.1)."""
        if isinstance(user, Call):
            user.invite = request
        elif isinstance(user, OutgoingRequest):
            user.request = request
        return []

    def invite_answered(self, call: Call, response: Response, now: float) -> list[Any]:
        """A response to our INVITE: provisional, 2xx, or final (RFC 3261 13.2.2)."""
        status = response.status
        if status >= 300:
            return self.event(call, call.here, "3XX-6XX", response, now)
        if status == 100:
            return self.event(call, call.here, "100", response, now)
        leg = self.leg_of(call, response, now)
        if leg is None:
            return [DropNote(DropReason.OVERLOADED, f"more than {self.limits.forks} branches answer", response)]
        event = ("1XX" if status < 200 else "2XX") + ("+SDP" if has_sdp(response) else "")
        return self.event(call, leg, event, response, now)

    def leg_of(self, call: Call, response: Response, now: float) -> Leg | None:
        """The set of machines of the response's dialog: each To tag is another one (RFC 3261 13.2.2.4)."""
        tag = response.to_tag or ""
        for leg in call.legs:
            # An early dialog without a tag is nobody's yet, or that of a peer of RFC 2543 that has none (12.1.2).
            nobodys = leg.dialog.remote_tag is None and leg.dialog.state in {"Initial", "Early"}
            if nobodys or (leg.dialog.remote_tag or "") == tag:
                return leg
        if len(call.legs) >= self.limits.forks:
            return None
        leg = Leg(call.here.invite, as_uac(call.invite), OfferAnswerUac(), SessionUac())
        sent = "INVITE+SDP" if has_sdp(call.invite) else "INVITE"
        leg.offer_answer.receive(sent, call.invite, Step(now, self.observer))
        call.legs.append(leg)
        return leg

    def unanswered(self, user: Any, event: str, status: int, why: str, now: float) -> list[Any]:
        """Silence, or a failure to send (RFC 3261 8.1.3.1)."""
        if user is None:
            # A server transaction gave up: the TU has done with it, or never answered.
            return []
        if isinstance(user, Call):
            return self.event(user, user.here, event, None, now)
        return self.final(user, status, None, why, now)

    def final(self, user: Any, status: int, response: Response | None, why: str, now: float) -> list[Any]:
        """The end of a request other than INVITE: an outgoing, a BYE or a CANCEL."""
        if isinstance(user, OutgoingRequest):
            user.status = status
            outputs: list[Any] = [Answered(user, status, response, why)]
            # "If the response for a request within a dialog is a 481 ... or a 408 ..., the UAC SHOULD terminate the
            # dialog. A UAC SHOULD also terminate a dialog if no response at all is received" (RFC 3261 12.2.1.2)
            if user.call is not None and status in {408, 481}:
                outputs += self.event(user.call, user.call.here, "PEER LOST", None, now)
            return outputs
        if isinstance(user, tuple):
            call, leg = user
            return self.event(call, leg, "BYE DONE", response, now)
        return []

    # ---------------------------------------------------------------- steps

    def wake(self, call: Call, now: float) -> list[Any]:
        """Fire the timer of a call that is due."""
        invite = call.here.invite
        letter = invite.due(now)
        return [] if letter is None else self.event(call, call.here, invite.fired(letter, now), None, now)

    def event(self, call: Call, leg: Leg, event: str, x: Any, now: float) -> list[Any]:
        """One joint step of a call that no rule refuses, and what it asks for."""
        step = Step(now, self.observer)
        outcome = joint_step(call.wiring, leg, call.legs, event, x, step)
        assert outcome.refusal is None, f"{event} is not to be refused: {outcome.refusal}"
        outputs = self.finish(call, leg, step, None, now)
        if not outcome.moved and isinstance(x, Request | Response):
            outputs.append(DropNote(DropReason.ABSORBED, outcome.why_not, x))
        return outputs

    def finish(self, call: Call, leg: Leg, step: Step, tx: ServerTransaction | None, now: float) -> list[Any]:
        """Carry out what the step asked for, and forget or watch the call."""
        outputs = self.carrying_out.all(call, leg, step.outputs, tx, now)
        if leg.session.state in {"Accepted", "Established", "Ending"}:
            call.here = leg
        for each in call.legs:
            self._index(call, each)
        if _is_over(call):
            self.agenda.forget(call)
            self.calls.pop(call, None)
            if call.transaction is not None:
                self.incoming.pop(call.transaction, None)
        else:
            self.agenda.watch(call)
        return outputs

    def _index(self, call: Call, leg: Leg) -> None:
        """Have the leg found by its dialog's identifier, which an early dialog without a tag may yet change."""
        dialog = leg.dialog
        alive = dialog.state in {"Early", "Confirmed"}
        known_as = (dialog.call_id, dialog.local_tag, dialog.remote_tag or "") if alive else None
        if leg.known_as is not None and leg.known_as != known_as:
            del self.dialogs[leg.known_as]
        if known_as is not None:
            self.dialogs[known_as] = (call, leg)
        leg.known_as = known_as


def _is_over(call: Call) -> bool:
    """Nothing of it is left to be done: the sessions are over, and no other branch can answer any more."""
    sessions_over = all(leg.session.state == "Ended" for leg in call.legs)
    return sessions_over and (not call.outgoing or call.here.invite.state == "Terminated")


def refuse_session_methods(method: str) -> None:
    """Raises `LocalProtocolError` for the methods that have commands of their own."""
    if method in NOT_FOR_ASKING:
        raise LocalProtocolError(f"cannot ask {method}: {NOT_FOR_ASKING[method]}", rfc="3261 13")
