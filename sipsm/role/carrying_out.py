"""Carrying out what the machines of a call ask for: messages from the dialog, events from what they tell.

RFC 3261 8.2.6 (responses), 12.2.1.1 (requests within a dialog), 9.1 (CANCEL), 13.2.2.4 (ACK).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sipsm.errors import LocalProtocolError
from sipsm.message import Request, cancel_for, response_to
from sipsm.message.names import canonical
from sipsm.role.call import Call, Leg, OutgoingRequest
from sipsm.role.checking import check_headers
from sipsm.role.events import AnswerReceived, Ended, Established, OfferReceived, Ringing
from sipsm.role.party import Party
from sipsm.sdp import SdpArrived
from sipsm.transaction import ServerTransaction, TransactionLayer
from sipsm.transaction.sending import Sending
from sipsm.usage.outputs import (
    Accept,
    Acknowledge,
    AcknowledgeAgain,
    Ask,
    Cancel,
    Connected,
    GiveUp,
    HangUp,
    Over,
    Rang,
    RepeatReply,
    Reply,
    Withdraw,
)


class CarryingOut:
    """The doing side of a user agent."""

    def __init__(self, party: Party, transactions: TransactionLayer, sending: Sending) -> None:
        self.party = party
        self.transactions = transactions
        self.sending = sending
        self.ways: dict[type, Callable[[Call, Leg, Any, ServerTransaction | None, float], list[Any]]] = {
            Reply: self.reply,
            RepeatReply: self.repeat_reply,
            Acknowledge: self.acknowledge,
            AcknowledgeAgain: self.acknowledge_again,
            Cancel: self.cancel,
            GiveUp: self.give_up,
            Withdraw: self.withdraw,
            HangUp: self.hang_up,
            Ask: self.ask,
            Accept: self.accept,
            Rang: self.tell_ringing,
            Connected: self.tell_established,
            Over: self.tell_ended,
            SdpArrived: self.tell_sdp,
        }

    def all(self, call: Call, leg: Leg, asked: Iterable[Any], tx: ServerTransaction | None, now: float) -> list[Any]:
        """Everything, in its order; returns the outputs."""
        outputs: list[Any] = []
        for x in asked:
            outputs += self.ways[type(x)](call, leg, x, tx, now)
        return outputs

    def check(self, call: Call, event: str, x: Any) -> None:
        """Raises `LocalProtocolError` when a command's message could not be built, before anything has moved."""
        if isinstance(x, Reply):
            _check_status(event, x.status)
        check_headers(x.headers, contact=event == "REJECT")
        if isinstance(x, Cancel) and any(canonical(name) in NOT_IN_CANCEL for name, _ in x.headers):
            raise LocalProtocolError("a CANCEL has no Require and no Proxy-Require", rfc="3261 9.1")
        if isinstance(x, Reply):
            _check_body(x.body)
            if x.headers or x.reason is not None:
                self.response(call, x)
        elif isinstance(x, Ask):
            Request.build(x.method, call.invite.uri, [*x.headers, *_content(x)], x.body)
        else:
            _check_body(getattr(x, "body", b""))
            Request.build("BYE", call.invite.uri, x.headers)

    # ---------------------------------------------------------------- messages

    def response(self, call: Call, x: Reply) -> Any:
        """The response to the INVITE of an incoming call."""
        assert call.transaction is not None, "an incoming call has its transaction"
        flow = call.transaction.flow
        makes_dialog = 100 < x.status < 300
        headers: list[tuple[str, str]] = []
        if x.status >= 200 and makes_dialog:
            # "A 2xx response to an INVITE SHOULD contain the Allow header field and the Supported header field"
            # (RFC 3261 13.3.1.4)
            headers = self.party.capabilities_of_session(flow)
        elif makes_dialog:
            headers = [("Contact", self.party.contact(flow))]
        return response_to(
            call.invite,
            x.status,
            x.reason,
            to_tag=call.here.dialog.local_tag,
            record_route=makes_dialog,
            headers=[*headers, *self.party.product("Server"), *x.headers],
            body=x.body,
            content_type=x.content_type if x.body else None,
        )

    def reply(self, call: Call, _leg: Leg, x: Reply, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """A response to the INVITE."""
        assert call.transaction is not None, "an incoming call has its transaction"
        response = self.response(call, x)
        if 200 <= x.status < 300:
            call.wire = bytes(response)
        elif x.status < 200:
            call.rang = True
        return [*self.transactions.respond(call.transaction, response, now)]

    def repeat_reply(
        self, call: Call, _leg: Leg, _x: RepeatReply, _tx: ServerTransaction | None, now: float
    ) -> list[Any]:
        """The 2xx once more."""
        assert call.transaction is not None, "an incoming call has its transaction"
        return [*self.transactions.respond_again(call.transaction, 200, call.wire, now)]

    def acknowledge(self, call: Call, leg: Leg, x: Acknowledge, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """The ACK for a 2xx, with the INVITE's CSeq number and a branch of its own."""
        # "The ACK MUST contain the same credentials as the INVITE." (RFC 3261 13.2.2.4)
        credentials = [(name, value) for name in _CREDENTIALS for value in call.invite.lines_of(name)]
        headers = [*credentials, *x.headers, *_content(x)]
        cseq = call.invite.cseq.number
        leg.ack = leg.dialog.next_request("ACK", self.party.via(), headers, x.body, cseq=cseq)
        return self.sending.request(leg.ack, None, now, towards=leg.dialog.next_hop)

    def acknowledge_again(
        self, _call: Call, leg: Leg, _x: AcknowledgeAgain, _tx: ServerTransaction | None, now: float
    ) -> list[Any]:
        """The same ACK."""
        assert leg.ack is not None, "the 2xx has been acknowledged"
        return self.sending.request(leg.ack, None, now, towards=leg.dialog.next_hop)

    def cancel(self, call: Call, _leg: Leg, x: Cancel, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """A CANCEL, to where the INVITE went."""
        request = cancel_for(call.invite)
        for name, value in x.headers:
            request = request.with_added(name, value)
        # No other server is tried for an INVITE that is being cancelled.
        withdrawn = self.sending.withdraw(call.invite, now)
        return withdrawn + self.sending.request(request, None, now, flow=call.flow)

    def give_up(self, call: Call, _leg: Leg, _x: GiveUp, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """The INVITE's transaction is forgotten."""
        return [*self.transactions.give_up(call.invite, now)]

    def withdraw(self, call: Call, _leg: Leg, _x: Withdraw, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """The INVITE is not sent, if it still waits for an address, and no other server is tried."""
        return self.sending.withdraw(call.invite, now)

    def hang_up(self, call: Call, leg: Leg, x: HangUp, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """A BYE."""
        bye = leg.dialog.next_request("BYE", self.party.via(), [*self.party.product("User-Agent"), *x.headers])
        return self.sending.request(bye, (call, leg), now, towards=leg.dialog.next_hop)

    def ask(self, _call: Call, leg: Leg, x: Ask, _tx: ServerTransaction | None, now: float) -> list[Any]:
        """Another request within the dialog."""
        headers = [*self.party.product("User-Agent"), *x.headers, *_content(x)]
        assert isinstance(x.asked_as, OutgoingRequest), "who asks within a call is known to the application"
        request = x.asked_as.request = leg.dialog.next_request(x.method, self.party.via(), headers, x.body)
        return self.sending.request(request, x.asked_as, now, towards=leg.dialog.next_hop)

    def accept(self, _call: Call, _leg: Leg, x: Accept, tx: ServerTransaction | None, now: float) -> list[Any]:
        """A 200 to a request within the dialog."""
        assert tx is not None, "a request is accepted while it is handled"
        return [*self.transactions.respond(tx, response_to(x.request, 200, headers=self.party.product("Server")), now)]

    # ---------------------------------------------------------------- events

    def tell_ringing(self, call: Call, _leg: Leg, x: Rang, _tx: ServerTransaction | None, _now: float) -> list[Any]:
        """A provisional response came."""
        call.rang = True
        return [Ringing(call, x.response)]

    def tell_established(
        self, call: Call, _leg: Leg, x: Connected, _tx: ServerTransaction | None, _now: float
    ) -> list[Any]:
        """The call is up, in this dialog."""
        return [Established(call, x.message)]

    def tell_ended(self, call: Call, _leg: Leg, x: Over, _tx: ServerTransaction | None, _now: float) -> list[Any]:
        """The call is over."""
        assert not call.over, "a call ends once"
        call.over = True
        return [Ended(call, x.reason, x.message)]

    def tell_sdp(self, call: Call, _leg: Leg, x: SdpArrived, _tx: ServerTransaction | None, _now: float) -> list[Any]:
        """The peer's description came."""
        if x.is_offer:
            return [OfferReceived(call, x.sdp, x.message)]
        return [AnswerReceived(call, x.sdp, x.message)]


def _content(x: Any) -> list[tuple[str, str]]:
    return [("Content-Type", x.content_type)] if getattr(x, "body", b"") and x.content_type is not None else []


# "The CANCEL request MUST NOT contain any Require or Proxy-Require header fields." (RFC 3261 9.1)
NOT_IN_CANCEL = frozenset(("require", "proxy-require"))

_CREDENTIALS = ("Authorization", "Proxy-Authorization")

_RANGES = {"PROVISION": (101, 199), "ACCEPT": (200, 299), "REJECT": (300, 699)}


def _check_body(body: object) -> None:
    if not isinstance(body, bytes):
        raise LocalProtocolError(f"a session description is given as bytes, and this is {type(body).__name__}")


def _check_status(event: str, status: int) -> None:
    low, high = _RANGES[event.partition("+")[0]]
    if type(status) is not int or not low <= status <= high:
        raise LocalProtocolError(f"cannot send {status} here: it is not in {low} to {high}", rfc="3261 13.3.1")
