"""What a user agent makes of the responses to its requests, and of silence.

RFC 3261 8.1.3 and 13.2.2, 12.2.1.2; RFC 3262 4; RFC 3311 5.3; RFC 6228 4.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from sipsm.dialog import as_uac
from sipsm.ids import Ids
from sipsm.message import Request, Response
from sipsm.message.headers import SESSION_EXPIRES
from sipsm.role.calls.call import Call, InCall, OutgoingRequest
from sipsm.role.calls.calls import Calls, DropNote
from sipsm.role.calls.events import Forked, Redirected
from sipsm.role.calls.message_events import Answered
from sipsm.role.calls.retrying import anew
from sipsm.role.drop_reason import DropReason
from sipsm.role.learning import go_back, learn, learn_for_now, learn_methods, settle
from sipsm.role.limits import Limits
from sipsm.role.part import Ending
from sipsm.role.party import Party
from sipsm.role.policy import Policy
from sipsm.sdp import sdp_of
from sipsm.transaction.sending import Sending
from sipsm.transport import Flow
from sipsm.usage import EndReason, Invitation, Leg, invite_uac, session
from sipsm.usage.outputs import Failure, Postpone, SendInviteAgain


class ResponsesIn:
    """The asking side of a user agent."""

    def __init__(self, calls: Calls, sending: Sending, party: Party, policy: Policy, limits: Limits) -> None:
        self.calls = calls
        self.sending = sending
        self.party = party
        self.policy = policy
        self.limits = limits
        self.ids: Ids = party.ids
        self.message_answered: Callable[[OutgoingRequest, float], list[Any]]
        """Sends the MESSAGE that waits behind this one."""
        self.users: dict[type, Ending] = {}
        """By the class of a request's user: who takes the end of it."""
        self.keepers: set[type] = {Invitation, OutgoingRequest}
        """The classes of users that keep their request."""

    def received(self, user: Any, response: Response, status: int, flow: Any, now: float) -> list[Any]:
        """A response to a request of ours, and its status."""
        if isinstance(user, Invitation):
            user.flow = flow
            return self.invite_answered(user, response, status, now)
        if status < 200:
            return [DropNote(DropReason.ABSORBED, "it tells nothing but that the request has arrived", response)]
        return self.final(user, status, response, "", now)

    def sent_as(self, user: Any, request: Request) -> list[Any]:
        """A request of ours goes out with another Via: CANCEL and ACK are made from that one (RFC 3261 9.1)."""
        if type(user) in self.keepers:
            user.request = request
        return []

    def unanswered(self, user: Any, event: str, status: int, why: str, now: float) -> list[Any]:
        """Silence, or a failure to send (RFC 3261 8.1.3.1)."""
        if user is None:
            # A server transaction gave up: the TU has done with it, or never answered.
            return []
        if isinstance(user, Invitation):
            # "for network errors the client transaction will report any transport layer failures to the transaction
            # user." (RFC 3261 8.1.3.4)
            if user.leg not in user.leg.call.legs:
                # The ACK for what refused an attempt before the present one could not be sent.
                return []
            first = user.uac.state == invite_uac.CALLING and not user.uac.modifies
            again = self.again(user, None, now) if first else None
            return self.calls.event(user, event, None, now) if again is None else again
        return self.final(user, status, None, why, now)

    # ---------------------------------------------------------------- to an INVITE

    def invite_answered(self, at: Invitation, response: Response, status: int, now: float) -> list[Any]:
        """A response to an INVITE of ours: provisional, 2xx, or final (RFC 3261 13.2.2)."""
        calls = self.calls
        if status == 100:
            return calls.event(at, "100", response, now)
        call: Call = at.leg.call
        invite: Any = at.invite
        modifies = invite.modifies
        if status >= 300:
            if not modifies and invite.wants_answers:
                again = self.again(at, response, now)
                if again is not None:
                    return again
            go_back(at.leg, response, ours=True)
            return calls.event(at, "3XX-6XX", response, now)
        if not modifies:
            branch = self.branch_of(call, at, response, now)
            if branch is None:
                return [DropNote(DropReason.OVERLOADED, f"more than {self.limits.forks} branches answer", response)]
            at = branch
        leg = at.leg
        if status >= 200:
            if leg.packages_before is not None:
                settle(leg, response, ours=True)
            learn(leg, response)
            event = "2XX+SDP" if sdp_of(response) else "2XX"
            if not self.policy.keeps_forks:
                return calls.event(at, event, response, now)
            forked = self.split(at)
            return forked + calls.event(at, event, response, now)
        reliable = _is_reliable(response)
        if status == 199 and not reliable:
            # "If a UAC receives an unreliably sent 199 response on a dialog that has not previously been established
            # (this can happen if a 199 response reaches the client before the 18x response that would establish the
            # early dialog) it SHALL discard the 199 response." (RFC 6228 4)
            known = at.dialog.state == "Early"
            return calls.event(at, "199" if known else "100", response, now)
        sdp = "+SDP" if response.body and sdp_of(response) else ""
        learn_for_now(leg, response, ours=True)
        if not reliable:
            return calls.event(at, "1XX" + sdp, response, now)
        outputs = calls.event(at, "<REL" + sdp, response, now)
        # One that comes again, or too early, "MUST NOT be processed further" (RFC 3262 4).
        dropped = any(isinstance(output, DropNote) for output in outputs)
        return outputs if dropped or status != 199 else [*outputs, *calls.event(at, "199", response, now)]

    def again(self, at: Invitation, response: Response | None, now: float) -> list[Any] | None:
        """The INVITE goes out anew, changed or to another target; None when it is over (RFC 3261 8.1.3.4, 8.1.3.5)."""
        call: Call = at.leg.call
        found = anew(call, response, self.policy, self.party)
        if found is None:
            return None
        if found.wait_s:
            assert response is not None, "a response has named the time"
            return self.calls.event(at, "POSTPONE", Postpone(found.request, found.wait_s, response), now)
        redirected = [] if found.target is None else [Redirected(call, response, found.target)]
        return [*redirected, *self.calls.event(at, "RETRY", found.request, now)]

    def branch_of(self, call: Call, at: Invitation, response: Response, now: float) -> Invitation | None:
        """The machines of the response's dialog: each To tag is another one (RFC 3261 13.2.2.4)."""
        tag = response.to_tag or ""
        for leg in call.legs:
            if leg.dialog.remote_tag == tag:
                return leg.invitations[0]
        # It may be that of a branch which is a call of its own.
        known = self.calls.dialogs.get((response.call_id, at.dialog.local_tag, tag))
        if known is not None:
            return known.invitations[0]
        for leg in call.legs:
            # An early dialog without a tag is nobody's yet, or that of a peer of RFC 2543 that has none (12.1.2).
            if leg.dialog.remote_tag is None and (not tag or leg.dialog.state in {"Initial", "Early"}):
                return leg.invitations[0]
        if len(call.legs) >= self.limits.forks:
            return None
        return self.new_branch(call, now)

    def new_branch(self, call: Call, now: float) -> Invitation:
        """The machines of a dialog that the INVITE may yet make."""
        origin = call.origin
        return self.begin(call, origin.request, origin.invite, origin.flow, now)

    def begin(self, call: Call, request: Request, life: Any, flow: Flow | None, now: float) -> Invitation:
        """The machines of one dialog of an INVITE that has gone out."""
        leg = Leg(call, as_uac(request))
        at = Invitation(leg, True, request, life, flow=flow)
        leg.invitations.append(at)
        call.legs.append(leg)
        asked = request[SESSION_EXPIRES]
        if not leg.timer.asleep and asked is not None:
            # After a 422 it is more than the policy says (RFC 4028 7.4).
            leg.timer.wanted_s = asked.interval_s
        step = self.calls.step.anew(now)
        leg.offer_answer.receive(">INVITE+SDP" if sdp_of(request) else ">INVITE", request, step)
        leg.turns.receive(">INVITE", request, step)
        leg.session.receive(">INVITE", request, step)
        return at

    def split(self, at: Invitation) -> list[Any]:
        """A further branch that is kept becomes a call of its own, before its 2xx is told (RFC 3261 13.2.2.4)."""
        leg, life = at.leg, at.invite
        call: Call = leg.call
        if leg.session.state != session.INVITING:
            return []
        if life.state not in {invite_uac.ACCEPTED, invite_uac.TERMINATED}:
            # It is the first to answer.
            return []
        call.legs.remove(leg)
        new = Call(call.agent, True, [leg])
        leg.call, new.here, new.origin = new, leg, at
        # The life of the INVITE goes on in both: until its end each may hear its 2xx again.
        at.invite = copy(life)
        self.calls.all[new] = None
        new.alarm.set(new.next_timeout(), self.calls.agenda)
        return [Forked(new, call)]

    def start_anew(self, call: Call, x: SendInviteAgain, now: float) -> list[Any]:
        """An INVITE is sent anew: what its dialogs were is over."""
        life = call.origin.invite
        for leg in call.legs:
            self.calls.index(leg)
        call.legs.clear()
        call.rang = False
        at = self.begin(call, x.request, life, None, now)
        call.origin, call.here = at, at.leg
        return self.sending.request(x.request, at, now)

    # ---------------------------------------------------------------- to other requests

    def final(self, user: Any, status: int, response: Response | None, why: str, now: float) -> list[Any]:
        """The end of a request other than INVITE: an application's, a BYE, PRACK, UPDATE or CANCEL."""
        if isinstance(user, InCall) and user.method == "BYE":
            return self.calls.event(user.invitation, "BYE DONE", response, now)
        if isinstance(user, OutgoingRequest):
            user.status = status
            # "A UA can make this determination if it has seen an Allow header field from its peer with the value
            # 'UPDATE', or through a mid-dialog OPTIONS request." (RFC 4028 7.4)
            if user.dialog is not None and response is not None and status < 300:
                learn_methods(user.dialog, response)
            outputs: list[Any] = [Answered(user, status, response, why)]
            # "If the response for a request within a dialog is a 481 (Call/Transaction Does Not Exist) or a 408
            # (Request Timeout), the UAC SHOULD terminate the dialog. A UAC SHOULD also terminate a dialog if no
            # response at all is received for the request" (RFC 3261 12.2.1.2)
            if user.dialog is not None and status in {408, 481}:
                outputs += self.calls.event(user.dialog.invitations[0], "PEER LOST", None, now)
            return [*outputs, *self.message_answered(user, now)] if user.method == "MESSAGE" else outputs
        known = self.users.get(type(user))
        if known is not None:
            return known(user, status, response, why, now)
        if not isinstance(user, InCall):
            return []
        at, method = user.invitation, user.method
        if response is not None and status < 300:
            learn(at.leg, response)
            return self.calls.event(at, f"<{method} 2XX" + ("+SDP" if sdp_of(response) else ""), response, now)
        reason = EndReason.REJECTED if response is not None or status == 503 else EndReason.TIMED_OUT
        failure = Failure(EndReason.TRANSPORT_FAILED if response is None and status == 503 else reason, response)
        return self.calls.event(at, f"<{method} REFUSAL", failure, now)


def _is_reliable(response: Response) -> bool:
    """Whether a provisional response was sent reliably (RFC 3262 4)."""
    return response.has("RSeq") and any(tag.lower() == "100rel" for tag in response.header_values("Require"))
