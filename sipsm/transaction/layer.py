"""All transactions of an endpoint: finds the one a message belongs to, makes new ones, wakes them, forgets them.

RFC 3261 17. What comes out goes two ways: `Send` down to the transport, the rest up to the transaction user.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen

from sipsm.errors import LocalProtocolError
from sipsm.machine import Agenda, Decision, Ignore, Observer, Refuse, Step
from sipsm.message import KNOWN_METHODS, Request, Response, parse_message, read_message
from sipsm.transaction.actions import with_delay
from sipsm.transaction.base import (
    ACK,
    GIVE_UP,
    REQUEST,
    START,
    TRANSPORT_ERROR,
    AckReceived,
    ClientTransaction,
    Key,
    RequestReceived,
    ResponseReceived,
    ServerTransaction,
    TimedOut,
    Transaction,
    TransportFailed,
)
from sipsm.transaction.client import NonInviteClientTransaction
from sipsm.transaction.invite_client import InviteClientTransaction
from sipsm.transaction.invite_server import InviteServerTransaction
from sipsm.transaction.matching import client_key, identity, is_copy, is_rfc2543, server_key
from sipsm.transaction.server import NonInviteServerTransaction
from sipsm.transaction.timer_values import DEFAULT, TimerValues
from sipsm.transport.flow import RELIABLE, Flow
from sipsm.transport.flows import Flows
from sipsm.transport.outputs import FlowOutput


@frozen
class Unmatched:
    """To the TU: a response that belongs to no transaction."""

    response: Response


@frozen
class Absorbed:
    """A message that its transaction took no notice of, and why."""

    message: Request | Response
    why: str


Output = (
    FlowOutput | RequestReceived | ResponseReceived | AckReceived | TimedOut | TransportFailed | Unmatched | Absorbed
)


Seal = Callable[[Request, Response, float], Response]
"""What is made of a 2xx to a request before it goes out."""


class TransactionLayer:
    """The transactions of one endpoint, by key. A connection of `flows` is in use while one of them sends on it."""

    def __init__(
        self,
        agenda: Agenda,
        times: TimerValues = DEFAULT,
        observer: Observer | None = None,
        flows: Flows | None = None,
    ) -> None:
        self.agenda = agenda
        self.times = times
        self.observer = observer
        self.flows = flows
        self.clients: dict[Key, ClientTransaction] = {}
        self.servers: dict[Key, ServerTransaction] = {}
        self.clients_on: dict[Flow, dict[ClientTransaction, None]] = {}
        """Those of a connection, the oldest first: not of datagrams, which nobody closes one after the other."""
        self.seal: Seal | None = None
        """To be put here by who has something to add to each 2xx."""
        self.first_of: dict[int, Key] = {}
        """By the identity of a request: which of the live transactions was the first with it."""
        self._step = Step(0.0, observer)
        """That of every transaction: none takes another's within its own, and only the outputs outlast it."""

    # ---------------------------------------------------------------- from the network

    def receive_request(self, request: Request, reply_to: Flow, now: float) -> list[Output]:
        """A request arrived whose responses go to `reply_to`."""
        method = request.method
        key = server_key(request, "INVITE" if method == "ACK" else method)
        known = self.servers.get(key)
        if method == "ACK":
            if is_rfc2543(key):
                known = self._acknowledged(request, known)
            return [AckReceived(request)] if known is None else self._take(known, ACK, request, now)
        if known is not None:
            return self._take(known, REQUEST, request, now)
        known_as = identity(request)
        kind = InviteServerTransaction if method == "INVITE" else NonInviteServerTransaction
        tx = kind(key, reply_to, self.times, request, now, known_as)
        self.servers[key] = tx
        if known_as is not None:
            self.first_of.setdefault(known_as, key)
        if reply_to.transport in RELIABLE:
            return self._begun(tx, request, now)
        return self._take(tx, START, request, now)

    def _acknowledged(self, ack: Request, same_tag: ServerTransaction | None) -> ServerTransaction | None:
        """The INVITE's transaction that the ACK of an RFC 2543 client is for.

        Its INVITE had the same To tag, within a dialog, or none.
        """
        tx = same_tag or self.servers.get(server_key(ack, to_tag=""))
        # "... and the To tag of the ACK matches the To tag of the response sent by the server transaction."
        # (RFC 3261 17.2.3)
        return tx if tx is not None and tx.to_tag == ack.to_tag else None

    def receive_response(self, response: Response, now: float) -> list[Output]:
        """A response arrived."""
        # As the slot has it, once it has been asked for.
        _, method = response._cseq or response.cseq
        tx = self.clients.get(client_key(response, method))
        if tx is None:
            return [Unmatched(response)]
        return self._take(tx, tx.inputs[response.status], response, now)

    def invite_of(self, cancel: Request) -> InviteServerTransaction | None:
        """The INVITE's transaction that a CANCEL means, or None (RFC 3261 9.2)."""
        tx = self.servers.get(server_key(cancel, method="INVITE"))
        return tx if isinstance(tx, InviteServerTransaction) else None

    def cancelled_by(self, cancel: Request) -> ServerTransaction | None:
        """The transaction that a CANCEL means and that is no INVITE's, or None: it has no effect on it (RFC 3261 9.2)."""
        keys = (server_key(cancel, method=method) for method in sorted(KNOWN_METHODS - {"INVITE", "ACK", "CANCEL"}))
        return next((self.servers[key] for key in keys if key in self.servers), None)

    def is_merged(self, tx: ServerTransaction) -> bool:
        """Whether a request, not answered yet, has come by another way already, most likely since a proxy forked it.

        "If the From tag, Call-ID, and CSeq exactly match those associated with an ongoing transaction, but the request
        does not match that transaction", then "the UAS core SHOULD generate a 482 (Loop Detected) response and pass it
        to the server transaction." (RFC 3261 8.2.2.2) A proxy does not ask: forking is its trade (16.3).
        """
        key = None if tx.identity is None else self.first_of.get(tx.identity)
        if key is None or key == tx.key or tx.request is None:
            return False
        first = self.servers[key]
        # One that has been answered is known by its response.
        return is_copy(tx.request, first.request or parse_message(first.wire))

    # ---------------------------------------------------------------- from the TU

    def send_request(self, request: Request, flow: Flow, user: Any, now: float) -> list[Output]:
        """Start a client transaction for a request that has its Via."""
        method = request.method
        key = client_key(request, method)
        # "The branch parameter value MUST be unique across space and time for all requests sent by the UA. The
        # exceptions to this rule are CANCEL and ACK for non-2xx responses." (RFC 3261 8.1.1.7)
        assert key not in self.clients, "a request has a branch of its own, and is cancelled once"
        if method == "INVITE":
            tx: ClientTransaction = InviteClientTransaction(key, flow, self.times, user, bytes(request), request)
        else:
            tx = NonInviteClientTransaction(key, flow, self.times, user, bytes(request))
        self.clients[key] = tx
        if flow.transport in RELIABLE:
            return self._begun(tx, None, now)
        return self._take(tx, START, None, now)

    def give_up(self, request: Request, now: float) -> list[Output]:
        """Forget the INVITE whose CANCEL had no effect (RFC 3261 9.1)."""
        tx = self.clients.get(client_key(request))
        return [] if tx is None else self._take(tx, GIVE_UP, None, now)

    def respond(self, tx: ServerTransaction, response: Response, now: float) -> list[Output]:
        """Pass a response to the server transaction.

        Raises `LocalProtocolError` for a provisional response, other than the 100 that is sent by itself, to a
        request that is not an INVITE, and for a 408 to one (RFC 4320 4.1 and 4.2).
        """
        status = response.status
        if status == 100:
            response = with_delay(response, now - tx.received_at)
        if self.seal is not None and 200 <= status < 300 and tx.request is not None:
            response = self.seal(tx.request, response, now)
        return self._take(tx, tx.inputs[status], bytes(response), now)

    def respond_again(self, tx: ServerTransaction, status: int, wire: bytes, now: float) -> list[Output]:
        """Pass the bytes of a response, such as a 2xx that the TU repeats until its ACK, to the transaction."""
        return self._take(tx, tx.inputs[status], wire, now)

    def move(self, tx: ServerTransaction, flow: Flow, now: float) -> list[FlowOutput]:
        """From now on the responses of a transaction go there, since they do not reach where its request came from."""
        was, tx.flow = tx.flow, flow
        return [] if self.flows is None else [*self.flows.release(was, now), *self.flows.use(flow, now)]

    # ---------------------------------------------------------------- from the adapter

    def wake(self, tx: Transaction, now: float) -> list[Output]:
        """Fire the timer that is due."""
        name = tx.fire(now)
        return [] if name is None else self._take(tx, name, None, now)

    def send_failed(self, sender: object, now: float) -> list[Output]:
        """A `Send` with this sender could not be performed (RFC 3261 17.1.4, 17.2.4)."""
        assert isinstance(sender, str), "the sender of a transaction's Send is its key"
        tx: Transaction | None = self.clients.get(sender) or self.servers.get(sender)
        return [] if tx is None else self._take(tx, TRANSPORT_ERROR, None, now)

    def flow_closed(self, flow: Flow, now: float) -> list[Output]:
        """A flow is gone: who waits for a response on it waits in vain.

        A response may yet be sent in another way (RFC 3261 18.2.2): what becomes of it, `send_failed` tells.
        """
        if flow.reliable:
            # Who opens and closes connections costs no search.
            on_it = list(self.clients_on.get(flow, ()))
        else:
            on_it = [tx for tx in self.clients.values() if tx.flow == flow]
        return [output for tx in on_it for output in self._take(tx, TRANSPORT_ERROR, None, now)]

    # ----------------------------------------------------------------

    def _take(self, tx: Transaction, name: str, x: Request | Response | bytes | None, now: float) -> list[Output]:
        """Have it take its input, then watch it or forget it; returns what its step came to."""
        # This is done for every message: the step is the last one, since making one takes longer, and `Agenda.watch` is
        # written out.
        step = self._step
        step.now = now
        outputs: list[Output] = []
        step.outputs = outputs
        decision = tx.take(name, x, step, self.agenda)
        if decision is None:
            return self._end(tx, outputs, now)
        if not decision.taken and x is not None:
            return _not_taken(tx, x, decision)
        return outputs

    def _begun(self, tx: Transaction, request: Request | None, now: float) -> list[Output]:
        """Start a transaction on a connection, which is in use from now on."""
        if isinstance(tx, ClientTransaction):
            self.clients_on.setdefault(tx.flow, {})[tx] = None
        if self.flows is None:
            return self._take(tx, START, request, now)
        return [*self.flows.use(tx.flow, now), *self._take(tx, START, request, now)]

    def _end(self, tx: Transaction, outputs: list[Output], now: float) -> list[Output]:
        """Forget it; returns what its last step came to."""
        # "Once the transaction is in the "Terminated" state, it MUST be destroyed immediately." (RFC 6026 8.7)
        if tx.watched_at is not None:
            self.agenda.forget(tx)
        key, reliable = tx.key, tx.flow.transport in RELIABLE
        if isinstance(tx, ServerTransaction):
            del self.servers[key]
            if tx.identity is not None and self.first_of.get(tx.identity) == key:
                del self.first_of[tx.identity]
        else:
            self.clients.pop(key, None)
            if reliable:
                self._leave(tx)
        if self.flows is None or not reliable:
            return outputs
        return [*outputs, *self.flows.release(tx.flow, now)]

    def _leave(self, tx: Transaction) -> None:
        """It waits no more for what comes on its connection."""
        assert isinstance(tx, ClientTransaction), "a server waits for nothing there"
        others = self.clients_on.get(tx.flow, {})
        others.pop(tx, None)
        if not others:
            self.clients_on.pop(tx.flow, None)


def _not_taken(tx: Transaction, x: Request | Response | bytes, decision: Decision) -> list[Output]:
    """What is told of a message that its transaction took no notice of; of a response of the TU's, nothing."""
    entry = decision.entry
    if isinstance(entry, Refuse):
        response = read_message(x) if isinstance(x, bytes) else None
        assert isinstance(response, Response), "only the TU is refused anything"
        raise LocalProtocolError(f"cannot send {response.status} in {tx.state}: {entry.text}", rfc=entry.rfc)
    assert isinstance(entry, Ignore), "what is neither taken nor refused is ignored, for a reason"
    return [] if isinstance(x, bytes) else [Absorbed(x, entry.why)]
