"""A user agent: the transaction user that holds calls, asks and answers.

RFC 3261 8 (UAC and UAS behaviour), 11 (OPTIONS), 12 and 13 as `sipsm.usage` has them. What comes up from the
transactions goes to `requests_in` and `responses_in`, what the application wants to `commands`; each makes events of it
for the machines of a call, and what these ask for is carried out in `carrying_out`. What it has beside calls are parts,
and each states what it takes (`sipsm.role.part`).
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

from sipsm.auth.authentication import Authentication
from sipsm.dialog import as_uac
from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.machine import Agenda, Observer
from sipsm.message import Request, read_message
from sipsm.message.headers import EXPIRES
from sipsm.role.authenticating import Authenticating, user_of
from sipsm.role.calls.call import Call, OutgoingRequest
from sipsm.role.calls.calls import Calls, DropNote
from sipsm.role.calls.carrying_out import CarryingOut
from sipsm.role.calls.commands import Commands, refuse_session_methods
from sipsm.role.calls.dialogs import Dialogs
from sipsm.role.calls.messaging import Messaging
from sipsm.role.calls.requests_in import RequestsIn
from sipsm.role.calls.responses_in import ResponsesIn
from sipsm.role.calls.retrying import following
from sipsm.role.checking import type_line
from sipsm.role.commanded import Commanded, Headers
from sipsm.role.drop_reason import DropReason
from sipsm.role.events import NotDelivered
from sipsm.role.limits import Limits
from sipsm.role.part import Command, Part, Wake
from sipsm.role.party import Party
from sipsm.role.policy import CallTerms, Policy
from sipsm.role.soft_state.compositor import StateCompositor
from sipsm.role.soft_state.publishing import Publishing
from sipsm.role.soft_state.registrar import Registrar
from sipsm.role.soft_state.registrations import Registrations
from sipsm.role.subscriptions.notifications import Notifications
from sipsm.role.subscriptions.referred import Referred
from sipsm.role.subscriptions.referring import Referring
from sipsm.role.subscriptions.subscriptions import Subscriptions
from sipsm.role.writing import OF_SDP, Writing
from sipsm.sdp import as_bytes
from sipsm.sdp.description import Sdp
from sipsm.standalone.registering import Registering
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
from sipsm.usage import Invitation, Leg
from sipsm.usage.invite_uac import InviteUac

_P = TypeVar("_P", bound=Part)

_ENDS: Final = frozenset({ResponseReceived, TimedOut, TransportFailed})
"""What may have a request go to another server (RFC 3263 4.3)."""


class UserAgent:
    """The core of a user agent, above the transactions and below the endpoint."""

    def __init__(
        self,
        transactions: TransactionLayer,
        sending: Sending,
        agenda: Agenda,
        party: Party,
        policy: Policy,
        limits: Limits,
        commanded: Commanded,
        observer: Observer | None = None,
    ) -> None:
        self.transactions = transactions
        self.sending = sending
        self.party = party
        self.profile = party.profile
        self.policy = policy
        self.limits = limits
        self.commanded = commanded
        self.terms = CallTerms(
            transactions.times,
            party.ids,
            policy.prack_by_hand,
            policy.session_interval_s,
            self.profile.smallest_interval_s,
        )
        self.wakes: dict[type, Wake] = {}
        """By the class of what has an `Alarm`: who fires its timer that is due."""
        self.takes: dict[type, Command] = {}
        """By the class of what the application holds, beside calls: who takes its commands."""
        self.calls = Calls(agenda, observer)
        self.wakes[Call] = self.calls.wake
        self.writing = Writing(party, policy)
        self.dialogs = Dialogs(self.calls, party, sending, observer)
        self.requests = RequestsIn(self.calls, self.dialogs, transactions, party, policy, limits, commanded)
        self.responses = ResponsesIn(self.calls, sending, party, policy, limits)
        self.authenticating = Authenticating(sending, party, self.calls, self.responses, limits, observer)
        self.commands = Commands(self.calls, self.writing, sending, policy, party.ids, transactions.times)
        self.messaging = Messaging(party, sending, self.commands, self.responses, limits, observer)
        self.publishing = self._with(Publishing(sending, party, agenda, limits, commanded, observer))
        self.compositor = self._with(StateCompositor(self.requests, agenda, self.profile.composes, commanded, observer))
        self.registrations = self._with(
            Registrations(sending, party, agenda, limits, policy.redirections, commanded, observer)
        )
        self.registrar = self._with(
            Registrar(self.requests, agenda, self.profile.registers or Registering(), commanded, observer)
        )
        self.notifications = self._with(
            Notifications(self.requests, self.dialogs, transactions, party, policy, limits, commanded, agenda, observer)
        )
        self.subscriptions = self._with(
            Subscriptions(self.requests, self.dialogs, sending, party, policy, limits, commanded, agenda, observer)
        )
        self.referring = Referring(self.subscriptions, self.commands)
        self.referred = self._with(Referred(self.notifications, self.invite))
        carrying_out = CarryingOut(self.calls, self.writing, transactions, sending)
        carrying_out.try_again = self.commands.try_again
        carrying_out.refresh = self.commands.refresh
        carrying_out.start_anew = self.responses.start_anew
        carrying_out.heard = self.referred.heard
        self.calls.ways, self.calls.carry = carrying_out.ways, carrying_out.all

    def _with(self, part: _P) -> _P:
        """Have a part: from now on it gets what it takes."""
        takes = part.takes()
        self.requests.outside.update(takes.outside)
        self.requests.unplaced.update(takes.unplaced)
        self.requests.inside.update(takes.inside)
        self.responses.users.update(takes.ends)
        self.responses.keepers |= takes.keeps
        self.wakes.update(takes.wakes)
        self.takes.update(takes.commands)
        self.authenticating.renumbered.update(takes.renumbered)
        return part

    # ---------------------------------------------------------------- commands of the application

    def invite(
        self, target: Uri, to: str | None, offer: Sdp, headers: Headers, now: float, again: Call | None = None
    ) -> tuple[Call, list[Any]]:
        """Call somebody (RFC 3261 13.2.1)."""
        if len(self.calls.all) >= self.limits.calls:
            raise LocalProtocolError(f"{self.limits.calls} calls are up, and the limits allow no more")
        sdp = as_bytes(offer)
        content = [OF_SDP] if sdp else []
        own = [*self.party.capabilities_of_session(), *self.writing.of_invite, *content]
        before = None if again is None else (again.invite, following(again))
        request, hop = self.party.request_outside("INVITE", target, to, headers, sdp, own, again=before)
        self.sending.check(hop, request)
        if again is not None:
            # Should it be sent anew twice, each has a number of its own.
            again.here.dialog.local_cseq = request.cseq.number
        expires = request[EXPIRES]
        life = InviteUac(
            self.transactions.times, False, None if expires is None else float(expires), self.policy.keeps_forks
        )
        call = Call(self.commanded, True)
        leg = call.here = Leg(call, as_uac(request))
        call.legs.append(leg)
        at = call.origin = Invitation(leg, True, request, life)
        leg.invitations.append(at)
        self.calls.all[call] = None
        outputs = self.calls.event(at, ">INVITE+SDP" if sdp else ">INVITE", request, now)
        return call, outputs + self.sending.request(request, at, now, towards=hop)

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
        if method == "INFO":
            # "A UA MUST NOT send an INFO request outside an invite dialog usage" (RFC 6086 4.2.1)
            raise LocalProtocolError("cannot ask INFO: it belongs into a call; use `call.info`", rfc="6086 4.2.1")
        if method == "MESSAGE":
            return self.messaging.send(target, to, headers, body, content_type, now)
        content = [type_line(content_type)] if content_type is not None else []
        contact = [self.party.contact()] if method == "OPTIONS" else []
        own = [*contact, *self.party.supported, *content]
        request, hop = self.party.request_outside(method, target, to, headers, body, own)
        self.sending.check(hop, request)
        outgoing = OutgoingRequest(method)
        outgoing.request = request
        return outgoing, self.sending.request(request, outgoing, now, towards=hop)

    def command(self, of: Any, command: str, x: Any, now: float, dialog: Leg | None = None) -> list[Any]:
        """A command of the application on a call or what else it holds; `LocalProtocolError` when a rule forbids it."""
        if isinstance(of, Call):
            return self.commands.command(of, command, x, now, dialog)
        return self.takes[type(of)](of, command, x, now)

    # ---------------------------------------------------------------- what comes up from the transactions

    def take(self, output: Any, now: float) -> list[Any]:
        """Something for the transaction user; returns sends, events and drop notes."""
        # What nearly every message is comes first and by its class: the patterns below are tried one after another.
        kind = output.__class__
        if kind is RequestReceived:
            return self.requests.received(output.transaction, output.request, now)
        if kind is AckReceived:
            return self.requests.acknowledged(output.request, now)
        if kind in _ENDS and self.sending.deliveries and (tries_again := self.sending.heard(output, now)) is not None:
            return tries_again
        if kind is ResponseReceived:
            transaction, response = output.transaction, output.response
            status, user = response.status, transaction.user
            told: list[Any] = []
            if user.__class__ is Authentication:
                told, is_all = self.authenticating.heard(user, transaction.flow, response, now)
                if is_all:
                    return told
                user = user.user
            destroyed = None if status < 404 else self.dialogs.destroyed_by(response, user)
            outputs = self.responses.received(user, response, status, transaction.flow, now)
            if destroyed is not None:
                outputs = [*outputs, *self.dialogs.destroy(destroyed, response, now)]
            return [*told, *outputs] if told else outputs
        match output:
            case TimedOut(ServerTransaction() as transaction):
                published = self.compositor.too_late(transaction, now)
                registered = self.registrar.too_late(transaction, now)
                return [*self.requests.too_late(transaction, now), *published, *registered]
            case TimedOut(transaction):
                return self.responses.unanswered(user_of(transaction.user), "TIMEOUT", 408, "no answer came", now)
            case TransportFailed(ServerTransaction() as transaction):
                return [NotDelivered(transaction.wire, "the response could not be sent")]
            case TransportFailed(transaction):
                user = user_of(transaction.user)
                return self.responses.unanswered(user, "FAILURE", 503, "it could not be sent", now)
            case NotSent(None, request, why):
                return self.undelivered(bytes(request), why, now)
            case NotSent(user, _, why):
                return self.responses.unanswered(user_of(user), "FAILURE", 503, why, now)
            case TriesAgain(user):
                user = user_of(user)
                return self.calls.event(user, "TRIES AGAIN", None, now) if isinstance(user, Invitation) else []
            case SentAs(user, request):
                if user.__class__ is Authentication:
                    user.request = request
                return self.responses.sent_as(user_of(user), request)
            case Unmatched(response):
                return [DropNote(DropReason.STRAY_RESPONSE, "no transaction waits for it", response)]
            case Absorbed(message, why):
                return [DropNote(DropReason.ABSORBED, why, message)]
        raise AssertionError(f"nobody takes {output!r}")

    def undelivered(self, data: bytes, why: str, now: float) -> list[Any]:
        """A message of no transaction has not gone out: the ACK for a 2xx, or an answer that was made without state."""
        ack = read_message(data) if data.startswith(b"ACK ") else None
        leg = None if ack is None else self.calls.dialogs.get((ack.call_id, ack.from_tag or "", ack.to_tag or ""))
        if ack is None or leg is None:
            return [NotDelivered(data, why)]
        told = NotDelivered(data, why, leg.call)
        number = ack.cseq.number
        of = next((at for at in leg.invitations if at.outgoing and at.request.cseq.number == number), None)
        return [told] if of is None else [told, *self.calls.event(of, "ACK LOST", None, now)]

    def wake(self, of: Any, now: float) -> list[Any]:
        """Fire the timer of a call, or of what else has an `Alarm`, that is due."""
        return self.wakes[type(of)](of, now)

    def belongs(self, request: Request) -> bool:
        """Whether a request names a dialog that is there."""
        return self.dialogs.of(request) is not None
