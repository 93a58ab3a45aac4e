"""Getting a request out: where to, over which flow, and then a transaction, or none for an ACK.

RFC 3261 8.1.2 and 18.1.1, RFC 3263 4. What the DNS must tell is asked for by `Resolve` actions; the request waits until
`resolved`. Where it fails, the next target is tried, and only what the last one came to is told to the TU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sipsm.errors import SipError
from sipsm.grammar import Uri
from sipsm.ids import Ids
from sipsm.machine import Observer, Step
from sipsm.message import Request, Via
from sipsm.transaction.base import Key, ResponseReceived, TimedOut
from sipsm.transaction.delivery import (
    FINAL,
    NO_TARGET,
    OVER,
    R1XX,
    R503,
    TARGET,
    TIMEOUT,
    TRANSPORT_ERROR,
    WITHDRAW,
    Attempt,
    Delivery,
    NotSent,
    Outcome,
    SentAs,
    TriesAgain,
    TryNext,
)
from sipsm.transaction.layer import Absorbed, TransactionLayer
from sipsm.transaction.matching import client_key
from sipsm.transport.flow import RELIABLE, Address, Flow, Listening, Resolve, Send
from sipsm.transport.locate import SERVICES, hop_to, next_hop, version
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

__all__ = ["NotSent", "Sending", "SentAs", "TriesAgain"]

LARGE: Final = 1300
"""Bytes; a request with more goes over a transport with congestion control, where one may be had (RFC 3261 18.1.1)."""


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
        observer: Observer | None = None,
    ) -> None:
        self.transactions = transactions
        self.listening = tuple(listening)
        self.ids = ids
        self.look_ups = look_ups
        """How many requests may wait for the DNS at once."""
        self.limits = limits or LocateLimits()
        self.observer = observer
        self.spoken = tuple(dict.fromkeys(each.transport for each in self.listening))
        self.versions = tuple(dict.fromkeys(version(each.address[0]) for each in self.listening))
        self.waiting: dict[int, Delivery] = {}
        """Those that wait for the DNS, by the number of the `Resolve`."""
        self.deliveries: dict[Key, Delivery] = {}
        """Those that are not over, by the key of their last transaction. What has one target only is not here."""
        self._asked = 0

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
        if flow is not None:
            return self._send(request, flow, user, now)
        try:
            hop = next_hop(request) if towards is None else hop_to(towards)
            hop.check(self.spoken, self.versions)
        except SipError as error:
            return [NotSent(user, request, str(error))]
        large = len(self.spoken) > 1 and len(bytes(request)) > LARGE
        if hop.numeric and not large:
            transport, first = hop.asked_for(self.spoken)[0], self.listening[0]
            if transport == first.transport and version(hop.host) == version(first.address[0]):
                # There is one target, and nobody has to watch over what becomes of it.
                remote = hop.host, hop.port or SERVICES[transport].port
                return self._send(request, self._flow(first, remote), user, now)
        delivery = Delivery(request, user, Locating(hop, self.spoken, self.versions, large, self.limits))
        self.deliveries[client_key(request)] = delivery
        return self._look(delivery, LOCATE, None, now)

    def check(self, uri: Uri) -> None:
        """Raises `LocalProtocolError` for a URI to which nothing can be sent from here."""
        hop_to(uri).check(self.spoken, self.versions)

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
        if resolve.type == "SRV":
            records = by_weight(records, self.ids.source)
        return self._look(delivery, RECORDS, records, now)

    def heard(self, outcome: Outcome, now: float) -> list[Any] | None:
        """What a transaction tells of a request: None where that is for the TU, else what is done about it here."""
        delivery = self.deliveries.get(outcome.transaction.key)
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

    # ----------------------------------------------------------------

    def _look(self, delivery: Delivery, name: str, x: Any, now: float) -> list[Any]:
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

    def _step(self, delivery: Delivery, name: str, x: Any, now: float) -> list[Any]:
        """One input of a delivery, and what it leads to."""
        step = Step(now, self.observer)
        delivery.receive(name, x, step)
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
                        output.transaction.user = delivery.user
                    outputs.append(output)
        return outputs

    def _attempt(self, delivery: Delivery, target: Target, now: float) -> list[Any]:
        """Send the request to a target, in a transaction of its own."""
        request = delivery.request
        local = self._listening(target)
        if local is None:
            # With this transport we are not there in this IP version.
            return self._step(delivery, TRANSPORT_ERROR, None, now)
        flow = self._flow(local, (target.host, target.port))
        if delivery.tries == 1 and local is self.listening[0]:
            return self._send(request, flow, delivery.user, now)
        alive = self.deliveries.pop(client_key(request), None)
        request = delivery.request = request.with_first("Via", _via(request.via, local, self.ids.branch()))
        if alive is not None:
            self.deliveries[client_key(request)] = delivery
        return [SentAs(delivery.user, request), *self._send(request, flow, delivery.user, now)]

    def _listening(self, target: Target) -> Listening | None:
        """Where we listen with the transport and the IP version of a target."""
        for each in self.listening:
            if each.transport == target.transport and version(each.address[0]) == version(target.host):
                return each
        return None

    def _flow(self, local: Listening, remote: Address) -> Flow:
        """The flow to a remote address: for a stream, the connection to it, made when needed."""
        host, port = local.address
        return Flow(local.transport, (host, 0 if local.transport in RELIABLE else port), remote)

    def _send(self, request: Request, flow: Flow, user: Any, now: float) -> list[Any]:
        if request.method == "ACK":
            # The ACK for a 2xx is in no transaction: it is passed "directly to the transport layer" (RFC 3261 13.2.2.4).
            return [Send(flow, bytes(request))]
        return [*self.transactions.send_request(request, flow, user, now)]


def _via(was: Via, local: Listening, branch: str) -> Via:
    """The Via of another try: another branch, and where we listen with the transport and IP version of this one."""
    # "If this causes a change in the transport protocol from the one indicated in the top Via, the value in the top Via
    # MUST be changed." (RFC 3261 18.1.1)
    host, port = local.advertised
    params = [(name, branch if name == "branch" else value) for name, value in was.params.items()]
    return Via.build(local.transport, host, port, params=params)
