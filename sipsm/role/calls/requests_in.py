"""What a user agent makes of the requests that come: calls, what goes on within them, and the rest.

RFC 3261 8.2 (UAS behaviour), 9.2, 11.2, 12.2.2, 13.3.1, 14.2; RFC 3262 3; RFC 3311 5.2; RFC 3428 7; RFC 6086 4.2.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sipsm.dialog import as_uas
from sipsm.errors import RemoteProtocolError
from sipsm.machine import Refuse, joint_step
from sipsm.message import Request, response_to
from sipsm.message.headers import EXPIRES, INFO_PACKAGE, RACK
from sipsm.role.calls.call import Call
from sipsm.role.calls.calls import Calls, DropNote
from sipsm.role.calls.dialogs import Dialogs, Place
from sipsm.role.calls.events import IncomingCall, InfoReceived, OfferRequested, OfferWithdrawn
from sipsm.role.calls.message_events import MessageReceived, RequestServed
from sipsm.role.calls.taking_over import NOTHING, Sought, sought
from sipsm.role.commanded import Commanded
from sipsm.role.drop_reason import DropReason
from sipsm.role.informing import parts_of_package, strange_types
from sipsm.role.learning import learn, learn_for_now
from sipsm.role.limits import Limits
from sipsm.role.part import Inside, Outside
from sipsm.role.party import Party
from sipsm.role.policy import Policy
from sipsm.role.querying import capabilities, media
from sipsm.role.screening import screen
from sipsm.role.writing import OF_SDP
from sipsm.sdp import has_sdp, sdp_of
from sipsm.standalone.messages import validity
from sipsm.transaction import ServerTransaction, TransactionLayer
from sipsm.usage import CALL, Invitation, Leg
from sipsm.usage.deciding import OWED
from sipsm.usage.invite_uas import InviteUas
from sipsm.usage.outputs import Decide, Reply


class RequestsIn:
    """The answering side of a user agent."""

    def __init__(
        self,
        calls: Calls,
        dialogs: Dialogs,
        transactions: TransactionLayer,
        party: Party,
        policy: Policy,
        limits: Limits,
        commanded: Commanded,
    ) -> None:
        self.calls = calls
        self.dialogs = dialogs
        self.transactions = transactions
        self.party = party
        self.profile = party.profile
        self.policy = policy
        self.limits = limits
        self.ids = party.ids
        self.commanded = commanded
        self.turns_away = 0
        """The status that the application gives to each further call, unseen; 0 when it wants to see them."""
        self.outside: dict[str, Outside] = {}
        """By method: who takes what calls have no part in, where the request names no dialog."""
        self.unplaced: dict[str, Outside] = {}
        """The same, where it names a dialog that is not there: by itself that is a 481."""
        self.inside: dict[str, Inside] = {}
        """The same, where it names one that is there."""

    def refusal_of_calls(self) -> int:
        """The status with which a further call is refused, unseen; 0 when it is taken."""
        if len(self.calls.all) >= self.limits.calls:
            return 503
        most = self.policy.busy_at
        # Those that are over are known for a while.
        if most is not None and sum(not call.over for call in self.calls.all) >= most:
            return self.turns_away or 486
        return self.turns_away

    def received(self, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A request, once (RFC 3261 8.2)."""
        method = request.method
        struck = screen(self.profile, request, method)
        if struck is not None:
            check, headers = struck
            return self.serve(tx, request, check.status, now, headers=headers)
        if method == "CANCEL":
            return self.cancelled(tx, request, now)
        if self.transactions.is_merged(tx):
            # "The same request has arrived at the UAS more than once, following different paths, most likely due to
            # forking." (RFC 3261 8.2.2.2)
            return self.serve(tx, request, 482, now)
        # "A request outside of a dialog MUST NOT contain a To tag; the tag in the To field of a request identifies the
        # peer of the dialog." (RFC 3261 8.1.1.2)
        tag = request.to_tag
        if tag is not None:
            leg = self.calls.dialogs.get((request.call_id, tag, request.from_tag or ""))
            if leg is not None and method not in self.inside:
                return self.within(leg, tx, request, method, now)
            place = self.dialogs.of(request)
            if place is not None:
                return self.lives_in(place, tx, request, now)
            unplaced = self.unplaced.get(method)
            return self.serve(tx, request, 481, now) if unplaced is None else unplaced(tx, request, now)
        outside = self.outside.get(method)
        if outside is not None:
            return outside(tx, request, now)
        match method:
            case "INVITE":
                return self.called(tx, request, now)
            case "OPTIONS":
                # "The response code chosen MUST be the same that would have been chosen had the request been an
                # INVITE." (RFC 3261 11.2)
                return self.describe(tx, request, self.refusal_of_calls(), now)
            case "MESSAGE":
                return self.messaged(None, tx, request, now)
        return self.serve(tx, request, 481, now)

    # ---------------------------------------------------------------- calls

    def invitation(self, leg: Leg, tx: ServerTransaction, request: Request) -> Invitation:
        """The machines of an INVITE of the peer."""
        expires = request[EXPIRES]
        life = InviteUas(
            self.transactions.times,
            request.cseq.number,
            None if expires is None else float(expires),
            self.policy.extends_ringing,
        )
        at = Invitation(leg, False, request, life)
        at.transaction, at.flow = tx, tx.flow
        return at

    def called(self, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """An INVITE outside a dialog: somebody calls (RFC 3261 13.3.1)."""
        calls = self.calls
        place: Sought = sought(request, calls, self.policy)
        # One that takes the place of a call, or joins it, comes to who is busy with that.
        if place is NOTHING:
            refusal = self.refusal_of_calls()
        else:
            refusal = 503 if len(calls.all) >= self.limits.calls else place.status
        if refusal:
            return self.serve(tx, request, refusal, now, headers=_when(refusal))
        tag = self.ids.tag()
        call = Call(self.commanded, False)
        call.replaces = place.replaces
        leg = call.here = Leg(call, as_uas(request, tag, self.ids.cseq()))
        call.legs.append(leg)
        at = call.origin = self.invitation(leg, tx, request)
        leg.invitations.append(at)
        learn(leg, request)
        calls.all[call] = None
        calls.incoming[tx] = at
        offer = sdp_of(request)
        outputs = calls.event(at, "<INVITE+SDP" if offer else "<INVITE", request, now)
        # It comes first: what has no time to be answered is over in the same step.
        return [IncomingCall(call, request, offer, place.replaces, place.joins), *outputs]

    def cancelled(self, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A CANCEL (RFC 3261 9.2)."""
        invite = self.transactions.invite_of(request)
        if invite is None:
            # "If a User Agent Server (UAS) receives a CANCEL request that matches a known SUBSCRIBE or NOTIFY
            # transaction, it MUST respond to the CANCEL request, but otherwise ignore it." (RFC 6665 4.6)  So it is
            # with all that is no INVITE (RFC 3261 9.2).
            other = self.transactions.cancelled_by(request)
            status, tag = (481, None) if other is None else (200, other.to_tag)
            return self.serve(tx, request, status, now, tag=tag)
        at = self.calls.incoming.get(invite)
        # "Regardless of the method of the original request, as long as the CANCEL matched an existing transaction, the
        # UAS answers the CANCEL request itself with a 200 (OK) response", with the To tag of the INVITE's response.
        tag = invite.to_tag if at is None else at.dialog.local_tag
        outputs = self.serve(tx, request, 200, now, tag=tag)
        if at is None:
            return outputs
        if at.offer_answer.has_changed:
            # "if the INVITE request was a re-INVITE and some of its requested changes had already been executed, the
            # UAS would return a 2xx response instead." (RFC 6141 3.8)
            step = self.calls.step.anew(now)
            if joint_step(CALL, at, "ACCEPT", Reply(200), step).moved:
                accepted = self.calls.finish(at.leg, step, None, now)
                return [*outputs, *accepted, OfferWithdrawn(at.leg.call, request)]
        return outputs + self.calls.event(at, "CANCEL", request, now)

    # ---------------------------------------------------------------- within a dialog

    def within(self, leg: Leg, tx: ServerTransaction, request: Request, method: str, now: float) -> list[Any]:
        """A request within a dialog: judged by the dialog first, then by what its method means there (12.2.2)."""
        calls = self.calls
        first = leg.invitations[0]
        step = calls.step.anew(now)
        outcome = joint_step(CALL, first, "REQUEST", request, step)
        if outcome.refusal is not None:
            return self.refuse(tx, request, outcome.refusal, now)
        match method:
            case "BYE":
                # What it says of its sender is of no more use: the session is over (RFC 3261 15.1.2).
                outcome = joint_step(CALL, first, "BYE", request, step)
                if outcome.refusal is not None:
                    return self.refuse(tx, request, outcome.refusal, now)
                return calls.finish(leg, step, tx, now)
            case "INVITE":
                return self.modified(leg, tx, request, now)
            case "UPDATE":
                sdp = "+SDP" if has_sdp(request) else ""
                return self.step(first, "<UPDATE" + sdp, tx, request, now, owes=bool(sdp))
            case "PRACK":
                at = _acknowledged(leg, request)
                if at is None:
                    return self.serve(tx, request, 481, now)
                sdp = "+SDP" if has_sdp(request) else ""
                return self.step(at, "<PRACK" + sdp, tx, request, now, owes=bool(sdp))
        outcome = joint_step(CALL, first, "<ASK", request, calls.step.anew(now))
        if outcome.refusal is not None:
            return self.refuse(tx, request, outcome.refusal, now)
        match method:
            case "INFO":
                return self.informed(leg, tx, request, now)
            case "MESSAGE":
                return self.messaged(leg.call, tx, request, now)
        assert method == "OPTIONS", "the screening lets no other method in"
        # "An OPTIONS request received within a dialog generates a 200 (OK) response that is identical to one
        # constructed outside a dialog and does not have any impact on the dialog." (RFC 3261 11.2)
        return self.describe(tx, request, 0, now)

    def lives_in(self, place: Place, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A request in a dialog for what lives there beside a session, or in one that has none."""
        refusal = self.dialogs.judge(place, request, now)
        if refusal is not None:
            return self.refuse(tx, request, refusal, now)
        inside = self.inside.get(request.method)
        if inside is not None:
            return inside(place, tx, request, now)
        match request.method:
            case "OPTIONS":
                return self.describe(tx, request, 0, now)
            case "MESSAGE":
                return self.messaged(None, tx, request, now)
            case "INVITE":
                # A dialog of a subscription begins no session: that it would be shared so is deprecated (RFC 6665 4.5).
                return self.serve(tx, request, 403, now)
        # The usage that it is of is not there (RFC 5057 5.1).
        return self.serve(tx, request, 481, now)

    def step(
        self, at: Invitation, event: str, tx: ServerTransaction, request: Request, now: float, *, owes: bool
    ) -> list[Any]:
        """An UPDATE or a PRACK, which a rule may refuse: then it is answered as that says."""
        step = self.calls.step.anew(now)
        outcome = joint_step(CALL, at, event, request, step)
        if outcome.refusal is not None:
            return self.refuse(tx, request, outcome.refusal, now)
        learn_for_now(at.leg, request, ours=False)
        if owes and request.method == "UPDATE":
            at.leg.owed_update = tx, request
        elif owes and at.prack.state == OWED and at.owed_prack is None:
            at.owed_prack = tx, request
        return self.calls.finish(at.leg, step, tx, now)

    def modified(self, leg: Leg, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A re-INVITE (RFC 3261 14.2)."""
        at = self.invitation(leg, tx, request)
        offered = has_sdp(request)
        step = self.calls.step.anew(now)
        outcome = joint_step(CALL, at, "<REINVITE+SDP" if offered else "<REINVITE", request, step)
        if outcome.refusal is not None:
            return self.refuse(tx, request, outcome.refusal, now)
        learn_for_now(leg, request, ours=False)
        leg.invitations.append(at)
        self.calls.incoming[tx] = at
        outputs = self.calls.finish(leg, step, tx, now)
        return outputs if offered else [*outputs, OfferRequested(leg.call, request)]

    def informed(self, leg: Leg, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """An INFO (RFC 6086 4.2.2)."""
        package = request[INFO_PACKAGE]
        name = None if package is None else package.name
        if name is None:
            return [*self.serve(tx, request, 200, now), InfoReceived(leg.call, None, request)]
        # "the Info Package name is case sensitive" (RFC 6086 7.2)
        if name not in self.profile.info_packages:
            # "If a UA receives an INFO request associated with an Info Package that the UA has not indicated
            # willingness to receive, the UA MUST send a 469 (Bad Info Package) response (see Section 11.6), which
            # contains a Recv-Info header field with Info Packages for which the UA is willing to receive INFO
            # requests." (RFC 6086 4.2.2)
            return self.serve(tx, request, 469, now, headers=[("Recv-Info", ", ".join(self.profile.info_packages))])
        try:
            parts = parts_of_package(request)
            strange = strange_types(self.profile, name, parts)
        except RemoteProtocolError as error:
            return self.serve(tx, request, error.status, now)
        if strange:
            # "has a Multipurpose Internet Mail Extensions (MIME) type that the UA supports but not in the context of
            # that Info Package, it is RECOMMENDED that the UA send a 415 (Unsupported Media Type) response." (RFC 6086
            # 4.2.2)
            types = dict(self.profile.info_types)[name]
            return self.serve(tx, request, 415, now, headers=[("Accept", ", ".join(types))])
        return [*self.serve(tx, request, 200, now), InfoReceived(leg.call, name, request, parts)]

    def messaged(self, call: Call | None, tx: ServerTransaction, request: Request, now: float) -> list[Any]:
        """A MESSAGE (RFC 3428 7)."""
        # "A UAS receiving a MESSAGE request SHOULD respond with a final response immediately." And: "A 2xx response to
        # a MESSAGE request MUST NOT contain a body. A UAS MUST NOT insert a Contact header field into a 2xx response."
        # (RFC 3428 7)
        # "A UAS which is, in fact, a message relay, storing the message and forwarding it later on, or forwarding it
        # into a non-SIP domain, SHOULD return a 202 (Accepted) [5] response" (RFC 3428 7)
        status = 202 if self.policy.relays_messages else 200
        return [*self.serve(tx, request, status, now), MessageReceived(call, request, validity(request, now))]

    def describe(self, tx: ServerTransaction, request: Request, refusal: int, now: float) -> list[Any]:
        """An OPTIONS is told what we can do (RFC 3261 11.2), also where an INVITE would be refused so."""
        sdp = b"" if refusal else media(self.profile, request)
        headers = [*capabilities(self.profile), *_when(refusal), *([OF_SDP] if sdp else [])]
        return self.serve(tx, request, refusal or 200, now, headers=headers, body=sdp)

    def acknowledged(self, request: Request, now: float) -> list[Any]:
        """An ACK that is no transaction's: for a 2xx of ours, or for nothing (RFC 3261 13.3.1.4)."""
        leg = self.calls.dialog_of(request)
        if leg is None:
            return [DropNote(DropReason.STRAY_ACK, "it belongs to no dialog", request)]
        number = request.cseq.number
        for at in leg.invitations:
            if not at.outgoing and at.request.cseq.number == number:
                event = "ACK+SDP" if request.body and sdp_of(request) else "ACK"
                return self.calls.event(at, event, request, now)
        return [DropNote(DropReason.STRAY_ACK, "it acknowledges nothing that was sent", request)]

    def too_late(self, tx: ServerTransaction, now: float) -> list[Any]:
        """A request has waited so long that its sender has given up: the offer in it is withdrawn by that."""
        # "an element that cannot respond before the transaction expires will not send a final response at all."
        # (RFC 4320 4.2)
        leg = None if tx.request is None else self.calls.dialog_of(tx.request)
        if leg is None:
            return []
        first, outputs = leg.invitations[0], []
        for at, owed in [(first, leg.owed_update), *((at, at.owed_prack) for at in leg.invitations)]:
            if owed is not None and owed[0] is tx:
                request = owed[1]
                outputs = self.calls.event(at, f">{request.method} REFUSAL", Decide(request.method, 500), now)
                outputs.append(OfferWithdrawn(leg.call, request))
        return outputs

    # ---------------------------------------------------------------- answers

    def refuse(self, tx: ServerTransaction, request: Request, refusal: Refuse, now: float) -> list[Any]:
        """Answer as a table's refusal says."""
        assert refusal.status is not None, f"the network asked, but this is refused to the program only: {refusal}"
        # "MUST return a 500 (Server Internal Error) response to the second INVITE and MUST include a Retry-After header
        # field with a randomly chosen value of between 0 and 10 seconds." (RFC 3261 14.2)
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
        body: bytes = b"",
    ) -> list[Any]:
        """Answer a request that concerns no call, or that a rule refuses, and tell so."""
        headers = [*headers, *self.party.server]
        response = response_to(request, status, to_tag=tag or self.ids.tag(), headers=headers, body=body)
        return [*self.transactions.respond(tx, response, now), RequestServed(request, status)]


def _when(status: int) -> list[tuple[str, str]]:
    """When one who is refused so may come again."""
    return [("Retry-After", "10")] if status == 503 else []


def _acknowledged(leg: Leg, prack: Request) -> Invitation | None:
    """The INVITE whose response a PRACK says it is for; when there is no such one, the last of the peer's."""
    theirs = [at for at in leg.invitations if not at.outgoing]
    rack = prack[RACK]
    if not theirs or rack is None:
        return None
    return next((at for at in theirs if at.request.cseq.number == rack.cseq_number), theirs[-1])
