"""The requests of a user agent whose servers ask who it is: the one place that each of them passes, and its 401 or 407.

RFC 3261 22.1 to 22.3 and 8.1.3.5; RFC 8760 2.4. How often is decided in `sipsm.auth.authentication`, and with what in
`sipsm.auth.keyring`. Of a user agent without accounts nothing comes here.
"""

from __future__ import annotations

from typing import Any

from sipsm.auth.account import Account
from sipsm.auth.authentication import CHALLENGE, FINAL, Authentication, SendAgain
from sipsm.auth.keyring import Keyring
from sipsm.auth.sides import SIDES
from sipsm.auth.space import Space, with_credentials
from sipsm.dialog import Dialog
from sipsm.dialog.dialog import LAST_CSEQ, TERMINATED
from sipsm.machine import Observer, Step
from sipsm.message import Request, Response
from sipsm.role.calls.call import InCall, OutgoingRequest
from sipsm.role.calls.calls import Calls
from sipsm.role.calls.message_events import ServerUnproven
from sipsm.role.calls.responses_in import ResponsesIn
from sipsm.role.learning import go_back
from sipsm.role.limits import Limits
from sipsm.role.part import Renumbered
from sipsm.role.party import Party
from sipsm.role.subscriptions.peer_subscription import NotifyUnderWay
from sipsm.role.subscriptions.subscription import OutgoingSubscribe
from sipsm.transaction.sending import Sending
from sipsm.transport import Flow
from sipsm.usage import Invitation
from sipsm.usage.invite_uac import CALLING, PROCEEDING


class Authenticating:
    """The accounts of a user agent, and its requests that may have to be sent again with them."""

    def __init__(
        self,
        sending: Sending,
        party: Party,
        calls: Calls,
        responses: ResponsesIn,
        limits: Limits,
        observer: Observer | None,
    ) -> None:
        self.sending = sending
        self.calls = calls
        self.responses = responses
        self.ids = party.ids
        self.observer = observer
        self.keyring = Keyring(party.ids, limits.authentications, bool(party.profile.route))
        self.renumbered: dict[type, Renumbered] = {}
        """By the class of a request's user: who notes its new number, where that is kept elsewhere too."""
        self.anew: tuple[Authentication, Flow | None] | None = None
        """What goes on with the INVITE that is just being sent anew, and on which flow."""
        self.accounts = party.profile.accounts

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts."""
        return tuple(self.keyring.accounts)

    @accounts.setter
    def accounts(self, accounts: tuple[Account, ...]) -> None:
        self.keyring.accounts = list(accounts)
        # Who has none does not pass here.
        self.sending.sign = self.sign if accounts else None

    # ---------------------------------------------------------------- what goes out

    def sign(self, request: Request, user: Any, flow: Flow | None) -> tuple[Request, Any, Flow | None]:
        """A request goes out: with credentials that are known to be wanted, and in the care of its `Authentication`."""
        if user.__class__ is Authentication:
            return request, user, flow
        if self.anew is not None and request is self.anew[0].request:
            (authentication, flow), self.anew = self.anew, None
            authentication.user = user
            return request, authentication, flow
        ahead = self.keyring.ahead(request)
        if ahead:
            request = with_credentials(request, ahead, self.ids)
            self.responses.sent_as(user, request)
        return request, Authentication(user, request, ahead), flow

    # ---------------------------------------------------------------- what comes

    def heard(
        self, authentication: Authentication, flow: Flow, response: Response, now: float
    ) -> tuple[list[Any], bool]:
        """A response has come; returns what is to be done and told, and whether that is all there is to it."""
        request = authentication.request
        if response.status < 200 or request is None:
            return [], False
        step = Step(now, self.observer)
        used = (*authentication.ahead, *authentication.answered)
        if response.status not in SIDES or not _may_go(authentication.user):
            wrong = self.keyring.learn(response, request, used) if used else []
            authentication.receive(FINAL, None, step)
            return [ServerUnproven(side.status, response) for side in wrong], False
        answers = self.keyring.answers(response, authentication.answered, authentication.ahead)
        self.keyring.forget(answers.rejected, request)
        number = _next_number(authentication.user, request)
        authentication.receive(CHALLENGE if number <= LAST_CSEQ else FINAL, answers, step)
        if not step.outputs:
            return [], False
        (again,) = step.outputs
        assert isinstance(again, SendAgain), "nothing else is asked for"
        for space in answers.new:
            self.keyring.remember(space, request)
        return self.send_again(authentication, request, again.spaces, number, flow, now), True

    def send_again(
        self,
        authentication: Authentication,
        request: Request,
        spaces: tuple[Space, ...],
        number: int,
        flow: Flow,
        now: float,
    ) -> list[Any]:
        """The request goes out once more, with credentials of these."""
        # "it MUST increment the CSeq header field value as it would normally when sending an updated request." (RFC
        # 3261 22.2)  And "This new request constitutes a new transaction" (8.1.3.5), so its branch is another.
        via = request.via.with_branch(self.ids.branch())
        request = request.with_first("Via", via).with_header("CSeq", f"{number} {request.method}")
        request = authentication.request = with_credentials(request, spaces, self.ids)
        user = authentication.user
        # Who has asked waits for the answer, and knows its nonce, which another of many servers may not; unless what is
        # asked now is too long to go there.
        is_large = not flow.reliable and len(bytes(request)) > self.sending.largest
        way = None if is_large and len(self.sending.spoken) > 1 else flow
        outputs: list[Any] = []
        if isinstance(user, Invitation):
            if not user.uac.modifies:
                # The early dialogs of the one before are over.
                self.anew = authentication, way
                return self.calls.event(user, "RETRY", request, now)
            go_back(user.leg, request, ours=True)
            outputs = self.calls.event(user, "TRIES AGAIN", None, now)
        dialog = _dialog(user)
        if dialog is not None:
            dialog.local_cseq = number
        self.responses.sent_as(user, request)
        note = self.renumbered.get(type(user))
        if note is not None:
            note(user, request)
        return [*outputs, *self.sending.request(request, authentication, now, flow=way)]


def user_of(user: Any) -> Any:
    """Whom what a transaction tells concerns."""
    return user.user if user.__class__ is Authentication else user


def _dialog(user: Any) -> Dialog | None:
    """The dialog whose numbers a request has; None for one outside."""
    match user:
        case Invitation():
            return user.dialog if user.uac.modifies else None
        case InCall(invitation=invitation):
            return invitation.dialog
        case OutgoingRequest(dialog=leg):
            return None if leg is None else leg.dialog
        case NotifyUnderWay(of=subscription) | OutgoingSubscribe(subscription=subscription):
            dialog: Dialog = subscription.dialog
            return dialog
    return None


def _next_number(user: Any, request: Request) -> int:
    """The CSeq number of the next request."""
    dialog = _dialog(user)
    # In a dialog others may have gone out since.
    return 1 + max(request.cseq.number, 0 if dialog is None else dialog.local_cseq)


def _may_go(user: Any) -> bool:
    """Whether what a request was for is still wanted."""
    match user:
        case Invitation():
            # What was heard reliably of one INVITE is not of the next.
            has_begun = user.uac.modifies and user.reliable.rseq is not None
            return user.uac.state in {CALLING, PROCEEDING} and user.leg in user.leg.call.legs and not has_begun
        case OutgoingSubscribe():
            return user.subscription.under_way is user
        case InCall(method="BYE") | NotifyUnderWay():
            return True
    dialog = _dialog(user)
    return dialog is None or dialog.state != TERMINATED
