"""Getting a request out: where to, over which flow, and then a transaction, or none for an ACK.

RFC 3261 8.1.2 and 18.1.1, RFC 3263 4. What the DNS must tell is asked for by `Resolve` actions; the request waits until
`resolved`. Where it fails, the next target is tried, and only what the last one came to is told to the TU.

A response needs nothing of that: it goes where its request came from. Only when it cannot be sent there, neither on the
connection nor on a new one, is it sent to where its Via says, which may have to be found out likewise (RFC 3263 5).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from attrs import frozen

from sipsm.errors import SipError
from sipsm.grammar import Uri
from sipsm.ids import Ids
from sipsm.machine import Observer, Step
from sipsm.message import Request, Response, Via, read_message
from sipsm.transaction.base import ClientTransaction, Key, ResponseReceived, TimedOut
from sipsm.transaction.delivery import (
    FINAL,
    GONE_OUT,
    LEFT,
    NO_TARGET,
    OVER,
    R1XX,
    R503,
    TARGET,
    TIMEOUT,
    TRANSPORT_ERROR,
    UNSENT,
    WITHDRAW,
    Attempt,
    Delivery,
    NotSent,
    Outcome,
    ResponseDelivery,
    SentAs,
    TriesAgain,
    TryNext,
    Undelivered,
)
from sipsm.transaction.layer import Absorbed, TransactionLayer
from sipsm.transaction.matching import client_key
from sipsm.transport.flow import RELIABLE, Address, Flow, Listening, Resolve, Send, bracketed, is_multicast, send_of
from sipsm.transport.locate import SECURE, SERVICES, Hop, hop_of_via, hop_to, next_hop, version
from sipsm.transport.locating import (
    FAILED,
    LOCATE,
    RECORDS,
    REFUSED,
    LocateLimits,
    Locating,
    NoneLeft,
    Question,
    Target,
    by_weight,
)
from sipsm.transport.routing import check_secure, must_be_secure

__all__ = ["NotDeliverable", "NotSent", "Sending", "SentAs", "TriesAgain"]

LARGE: Final = 1300
"""Bytes; a request with more goes over a transport with congestion control, where one may be had (RFC 3261 18.1.1)."""
NEAR: Final = 200
"""Bytes; and so does one that comes this near to the MTU of the path, where that is known."""
KNOWN_WAYS: Final = 1_000
"""How many places are remembered with the way to them: they are few, and the requests to each are many. With one more,
all are found anew."""

BY_NAME: Final = SECURE | {"WS"}
"""The transports on which a connection is to one domain: its certificate bears the name, or its handshake names it."""


Sign = Callable[[Request, Any, Flow | None], tuple[Request, Any, Flow | None]]
"""What is done with a request of a user, and the flow given for it, before it goes out; returns them as they go."""


@frozen
class NotDeliverable:
    """A response whose transaction is over could not be sent in any way."""

    data: bytes
    why: str


class Sending:
    """Sends the requests of an endpoint, from the addresses that it listens on: the preferred transport's first."""

    def __init__(
        self,
        transactions: TransactionLayer,
        listening: Sequence[Listening],
        ids: Ids,
        look_ups: int = 10_000,
        *,
        limits: LocateLimits | None = None,
        path_mtu: int | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.transactions = transactions
        self.listening = tuple(listening)
        self.ids = ids
        self.look_ups = look_ups
        """How many requests may wait for the DNS at once."""
        self.limits = limits or LocateLimits()
        # "If a request is within 200 bytes of the path MTU, or if it is larger than 1300 bytes and the path MTU is
        # unknown, the request MUST be sent using an RFC 2914 [43] congestion controlled transport protocol, such as
        # TCP." (RFC 3261 18.1.1)
        self.largest = LARGE if path_mtu is None else path_mtu - NEAR - 1
        """Bytes of a request that may go by UDP."""
        self.observer = observer
        self.sign: Sign | None = None
        """To be put here by who has credentials: what has a user passes it."""
        self.spoken = tuple(dict.fromkeys(each.transport for each in self.listening))
        self.versions = tuple(dict.fromkeys(version(each.address[0]) for each in self.listening))
        self.waiting: dict[int, Delivery | ResponseDelivery] = {}
        """Those that wait for the DNS, by the number of the `Resolve`."""
        self.deliveries: dict[Key, Delivery] = {}
        """Those that are not over, by the key of their last transaction. What has one target only is not here."""
        self.responses: dict[Key, ResponseDelivery] = {}
        """Those that cannot be sent to where their requests came from."""
        self._asked = 0
        self._ways: dict[Hop, Flow] = {}
        """The last places that are one target each, and the flows to them."""
        self.ways: tuple[tuple[str, ...], ...] = ()
        """Record-Route values that are made to fit the way of a request: of each, one for each own address."""

    @property
    def asking(self) -> list[Resolve]:
        """The questions to the DNS that nobody has answered yet."""
        asked = ((number, delivery.locating.question) for number, delivery in self.waiting.items())
        return [Resolve(number, question.name, question.type) for number, question in asked if question is not None]

    # ---------------------------------------------------------------- from the TU

    def request(
        self, request: Request, user: Any, now: float, *, towards: Uri | None = None, flow: Flow | None = None
    ) -> list[Any]:
        """Send a request that has its Via: on `flow`, or to where `towards` leads, or the request itself does.

        Never raises: what fails is `NotSent`.
        """
        if self.sign is not None and user is not None:
            request, user, flow = self.sign(request, user, flow)
        if flow is not None:
            return self._send(request, flow, user, now)
        try:
            hop = next_hop(request) if towards is None else hop_to(towards)
            # "Independent of which URI is used as input to the procedures of [4], if the Request-URI specifies a SIPS
            # resource, the UAC MUST follow the procedures of [4] as if the input URI were a SIPS URI."
            # (RFC 3261 8.1.2)
            if must_be_secure(request):
                hop = hop.secured()
            # What is among the ways has been checked.
            way = self._ways.get(hop) or self._way_to(hop)
        except SipError as error:
            return [NotSent(user, request, str(error))]
        large = len(self.spoken) > 1 and len(bytes(request)) > self.largest
        if way is not None and not large:
            # There is one target, and nobody has to watch over what becomes of it. It is secure if it must be.
            return self._go_out(request, way, user, now)
        delivery = Delivery(request, user, Locating(hop, self.spoken, self.versions, large, self.limits))
        self.deliveries[client_key(request)] = delivery
        return self._look(delivery, LOCATE, None, now)

    def check(self, towards: Uri, request: Request | None = None) -> None:
        """Raises `LocalProtocolError` for a URI to which nothing can be sent from here, or not this request."""
        hop = hop_to(towards)
        if request is not None and must_be_secure(request):
            hop = hop.secured()
        if hop not in self._ways:
            self._way_to(hop)

    def _way_to(self, hop: Hop) -> Flow | None:
        """The flow to a numeric host, by the transport that we prefer; None where targets must be looked for.

        Raises `LocalProtocolError` for a place that cannot be reached from here.
        """
        hop.check(self.spoken, self.versions)
        if not hop.numeric:
            return None
        transport, first = hop.asked_for(self.spoken)[0], self.listening[0]
        if transport != first.transport or version(hop.host) != self.versions[0]:
            return None
        if len(self._ways) >= KNOWN_WAYS:
            self._ways.clear()
        way = self._ways[hop] = self._flow(first, (hop.host, hop.port or SERVICES[transport].port), hop.domain)
        return way

    def withdraw(self, request: Request, now: float) -> list[Any]:
        """Do not send what still waits for an address, which then is `NotSent`; and nothing to any further target."""
        delivery = self.deliveries.get(client_key(request))
        if delivery is None:
            return []
        if delivery.asks is not None:
            del self.waiting[delivery.asks]
        return self._step(delivery, WITHDRAW, "it was withdrawn", now)

    # ---------------------------------------------------------------- from the DNS, and from the transactions

    def resolved(self, resolve: Resolve, records: Sequence[Any], now: float) -> list[Any]:
        """The records that were asked for, addresses in the order of preference; none when there are none."""
        delivery = self.waiting.pop(resolve.id, None)
        if delivery is None:
            return []
        delivery.asks = None
        records = records[: self.limits.records]
        if len(records) > 1 and resolve.type == "SRV":
            records = by_weight(records, self.ids.source)
        return self._look(delivery, RECORDS, records, now)

    def heard(self, outcome: Outcome, now: float) -> list[Any] | None:
        """What a transaction tells of a request: None where that is for the TU, else what is done about it here."""
        delivery = self.deliveries.get(outcome.transaction.key) if self.deliveries else None
        if delivery is None:
            return None
        if isinstance(outcome, ResponseReceived):
            response = outcome.response
            if response.status < 200:
                self._step(delivery, R1XX, response, now)
                return None
            if response.status != 503:
                self._step(delivery, FINAL, outcome, now)
                return None
            return [
                Absorbed(response, "it is tried elsewhere, RFC 3263 4.3"),
                *self._step(delivery, R503, outcome, now),
            ]
        return self._step(delivery, TIMEOUT if isinstance(outcome, TimedOut) else TRANSPORT_ERROR, outcome, now) or None

    # ---------------------------------------------------------------- what could not be sent

    def unsent(self, flow: Flow, data: bytes, sender: Key, now: float) -> list[Any]:
        """Something of a transaction could not be sent on this flow (RFC 3261 17.1.4, 17.2.4)."""
        delivery = self.responses.get(sender)
        if delivery is not None:
            # A repeat that fails on the old way changes nothing.
            is_there = delivery.flow is not None and flow.remote == delivery.flow.remote
            return self._step(delivery, UNSENT, None, now) if is_there else []
        if sender in self.transactions.clients:
            return [*self.transactions.send_failed(sender, now)]
        locating = self._search_by_via(data, flow)
        if locating is None:
            return self._not_delivered(sender, data, "it could not be sent", now)
        delivery = self.responses[sender] = ResponseDelivery(data, sender, locating, self.transactions.times)
        return self._look(delivery, LOCATE, None, now)

    def gone_out(self, sender: object, now: float) -> None:
        """Something of this sender goes out on a connection: a response has found its way."""
        delivery = self.responses.get(sender) if self.responses and isinstance(sender, Key) else None
        if delivery is not None:
            self._step(delivery, GONE_OUT, None, now)

    def wake(self, delivery: ResponseDelivery, now: float) -> None:
        """Fire the timer of a response that has left a while ago."""
        letter = delivery.due(now)
        assert letter is not None, "who is woken is due"
        self._step(delivery, delivery.fired(letter, now), None, now)

    @property
    def undecided(self) -> set[Key]:
        """The keys of the responses that have not left yet."""
        return {key for key, delivery in self.responses.items() if delivery.state != LEFT}

    def _search_by_via(self, data: bytes, flow: Flow) -> Locating | None:
        """The search for the place that the Via of a response names, this flow's excepted; None when there is none."""
        if flow.transport in {"WS", "WSS"}:
            # A WebSocket client, such as a browser, takes no connections (RFC 7118 4).
            return None
        try:
            response = read_message(data)
            hop = hop_of_via(response.via)
            hop.check(self.spoken, self.versions)
        except SipError:
            return None
        if not isinstance(response, Response):
            return None
        # A domain name is found by the records for this transport: "the transport from the topmost Via" (RFC 3263 5).
        locating = Locating(hop, self.spoken, self.versions, limits=self.limits)
        locating.offered.append(Target(flow.transport, *flow.remote, hop.domain))
        return locating

    def _return(self, delivery: ResponseDelivery, target: Target, now: float) -> list[Any]:
        """Send a response to a target, and what its transaction may still send as well."""
        local = self._listening(target)
        if local is None:
            return self._step(delivery, UNSENT, None, now)
        flow = delivery.flow = self._flow(local, (target.host, target.port), target.domain)
        if not flow.reliable:
            self._step(delivery, GONE_OUT, None, now)
        tx = self.transactions.servers.get(delivery.key)
        if tx is None:
            return [Send(flow, delivery.wire, delivery.key)]
        # By now it may have another response to be sent.
        return [*self.transactions.move(tx, flow, now), Send(flow, tx.wire, tx.key)]

    def _not_delivered(self, key: Key, data: bytes, why: str, now: float) -> list[Any]:
        if key in self.transactions.servers:
            return [*self.transactions.send_failed(key, now)]
        return [NotDeliverable(data, why)]

    # ----------------------------------------------------------------

    def _look(self, delivery: Delivery | ResponseDelivery, name: str, x: Any, now: float) -> list[Any]:
        """One input of the search for targets, and what it leads to."""
        step = Step(now, self.observer)
        delivery.locating.receive(name, x, step)
        (found,) = step.outputs
        match found:
            case Question() if len(self.waiting) >= self.look_ups:
                return self._step(delivery, NO_TARGET, "too many addresses are being looked for", now)
            case Question(type, asked):
                self._asked += 1
                delivery.asks = self._asked
                self.waiting[self._asked] = delivery
                return [Resolve(self._asked, asked, type)]
            case NoneLeft(why):
                return self._step(delivery, NO_TARGET, why, now)
        return self._step(delivery, TARGET, found, now)

    def _step(self, delivery: Delivery | ResponseDelivery, name: str, x: Any, now: float) -> list[Any]:
        """One input of a delivery, and what it leads to."""
        step = Step(now, self.observer)
        delivery.receive(name, x, step)
        if isinstance(delivery, ResponseDelivery):
            self.transactions.agenda.watch(delivery)
            if delivery.state == OVER:
                del self.responses[delivery.key]
            return [output for asked in step.outputs for output in self._sent_back(delivery, asked, now)]
        if delivery.state == OVER:
            self.deliveries.pop(client_key(delivery.request), None)
        outputs: list[Any] = []
        for output in step.outputs:
            match output:
                case Attempt(target):
                    outputs += self._attempt(delivery, target, now)
                case TryNext(refused):
                    # What its transaction may still tell concerns nobody.
                    if delivery.failed is not None:
                        delivery.failed.user = None
                    outputs += self._look(delivery, REFUSED if refused else FAILED, None, now)
                case _:
                    if isinstance(output, Outcome):
                        assert isinstance(output.transaction, ClientTransaction), "it is that of a request of ours"
                        output.transaction.user = delivery.user
                    outputs.append(output)
        return outputs

    def _sent_back(self, delivery: ResponseDelivery, asked: Attempt | TryNext | Undelivered, now: float) -> list[Any]:
        if isinstance(asked, Attempt):
            return self._return(delivery, asked.target, now)
        if isinstance(asked, TryNext):
            return self._look(delivery, REFUSED, None, now)
        return self._not_delivered(delivery.key, delivery.wire, asked.why, now)

    def _attempt(self, delivery: Delivery, target: Target, now: float) -> list[Any]:
        """Send the request to a target, in a transaction of its own."""
        request = delivery.request
        local = self._listening(target)
        if local is None:
            # With this transport we are not there in this IP version.
            return self._step(delivery, TRANSPORT_ERROR, None, now)
        flow = self._flow(local, (target.host, target.port), target.domain)
        if delivery.tries == 1 and local is self.listening[0]:
            return self._send(request, flow, delivery.user, now)
        alive = self.deliveries.pop(client_key(request), None)
        request = request.with_via(_via(request.via, local, self.ids.branch()))
        # Who takes the request reaches us in the way that it came. A REGISTER says how others do.
        contact = None if request.method == "REGISTER" else request.header("Contact")
        if contact in {each.contact for each in self.listening}:
            request = request.with_header("Contact", local.contact)
        elif contact in {each.secure_contact for each in self.listening}:
            request = request.with_header("Contact", local.secure_contact)
        for values in self.ways:
            if (request.header("Record-Route") or "") in values:
                # So does who takes a request of its dialog.
                request = request.with_first("Record-Route", values[self.listening.index(local)])
        delivery.request = request
        if alive is not None:
            self.deliveries[client_key(request)] = delivery
        return [SentAs(delivery.user, request), *self._send(request, flow, delivery.user, now)]

    def _listening(self, target: Target) -> Listening | None:
        """Where we listen with the transport and the IP version of a target."""
        for each in self.listening:
            if each.transport == target.transport and version(each.address[0]) == version(target.host):
                return each
        return None

    def _flow(self, local: Listening, remote: Address, domain: str) -> Flow:
        """The flow to a remote address: for a stream, the connection to it, made when needed."""
        host, port = local.address
        name = domain if local.transport in BY_NAME else ""
        return Flow(local.transport, (host, 0 if local.transport in RELIABLE else port), remote, name)

    def _send(self, request: Request, flow: Flow, user: Any, now: float) -> list[Any]:
        try:
            check_secure(request, flow)
        except SipError as error:
            return [NotSent(user, request, str(error))]
        return self._go_out(request, flow, user, now)

    def _go_out(self, request: Request, flow: Flow, user: Any, now: float) -> list[Any]:
        if is_multicast(flow.remote[0]) and request.via.maddr is None:
            return self._to_group(request, flow, user, now)
        if request.method == "ACK":
            # "However, the request is passed to the transport layer directly for transmission, rather than a client
            # transaction." (RFC 3261 13.2.2.4)
            return [send_of(flow, bytes(request), None)]
        return self.transactions.send_request(request, flow, user, now)

    def _to_group(self, request: Request, flow: Flow, user: Any, now: float) -> list[Any]:
        """Send a request to a multicast group: its Via says so, and the responses go there as well."""
        # "A client that sends a request to a multicast address MUST add the "maddr" parameter to its Via header field
        # value containing the destination multicast address, and for IPv4, SHOULD add the "ttl" parameter with a value
        # of 1." (RFC 3261 18.1.1)
        group = flow.remote[0]
        params = [("maddr", bracketed(group)), *([] if ":" in group else [("ttl", "1")])]
        via = request.via
        request = request.with_via(Via.build(via.transport, via.host, via.port, params=[*via.params.items(), *params]))
        told = [] if user is None else [SentAs(user, request)]
        return [*told, *self._go_out(request, flow, user, now)]


def _via(was: Via, local: Listening, branch: str) -> Via:
    """The Via of another try: another branch, and where we listen with the transport and IP version of this one."""
    # "If this causes a change in the transport protocol from the one indicated in the top Via, the value in the top Via
    # MUST be changed." (RFC 3261 18.1.1)
    host, port = local.advertised
    # What stands behind the random part of a branch is of who made it, and stays: a proxy knows loops by it (RFC 5393
    # 4.2.1).
    branch += (was.branch or "")[len(branch) :]
    params = [(name, branch if name == "branch" else value) for name, value in was.params.items()]
    return Via.build(local.transport, host, port, params=params)
