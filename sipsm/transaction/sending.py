"""Getting a request out: the next hop, its address, the flow, and then a transaction, or none for an ACK.

RFC 3261 8.1.2 and 18.1.1. A host name is asked for by a `Resolve` action; the request waits until `resolved`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from sipsm.errors import LocalProtocolError, SipError
from sipsm.grammar import Uri
from sipsm.message import Request
from sipsm.transaction.layer import Output, TransactionLayer
from sipsm.transport.flow import Address, Flow, Listening, Resolve, Send, is_numeric
from sipsm.transport.locate import Hop, hop_to, next_hop


@frozen
class NotSent:
    """To the TU: a request that could not be sent at all, as if a 503 had come (RFC 3261 8.1.3.1)."""

    user: Any
    request: Request
    why: str


@frozen
class _Waiting:
    request: Request
    user: Any
    port: int


class Sending:
    """Sends the requests of an endpoint that has one local address."""

    def __init__(self, transactions: TransactionLayer, local: Listening, look_ups: int = 10_000) -> None:
        self.transactions = transactions
        self.local = local
        self.look_ups = look_ups
        """How many requests may wait for an address at once."""
        self.waiting: dict[int, _Waiting] = {}
        self._asked = 0

    def request(
        self, request: Request, user: Any, now: float, *, towards: Uri | None = None, flow: Flow | None = None
    ) -> list[Any]:
        """Send a request that has its Via: on `flow`, or to the hop that `towards` names, or that the request itself does.

        Never raises: what fails is `NotSent`.
        """
        if flow is not None:
            return self._send(request, flow, user, now)
        try:
            hop = next_hop(request) if towards is None else hop_to(towards)
        except SipError as error:
            return [NotSent(user, request, str(error))]
        if hop.numeric:
            return self._send_to(request, (hop.host, hop.port), user, now)
        if len(self.waiting) >= self.look_ups:
            return [NotSent(user, request, "too many addresses are being looked for")]
        self._asked += 1
        resolve = Resolve(self._asked, hop.host, hop.port, hop.transport)
        self.waiting[resolve.id] = _Waiting(request, user, hop.port)
        return [resolve]

    def check(self, hop: Hop) -> None:
        """Raises `LocalProtocolError` for a numeric address of the other IP version than our own."""
        if hop.numeric and (":" in hop.host) != (":" in self.local.address[0]):
            raise LocalProtocolError(f"cannot send to {hop.host} from {self.local.sent_by}: another IP version")

    def resolved(self, resolve: Resolve, addresses: Sequence[str], now: float) -> list[Any]:
        """The addresses of a host, in the order of preference; the first of our IP version is taken."""
        waiting = self.waiting.pop(resolve.id, None)
        if waiting is None:
            return []
        ours = ":" in self.local.address[0]
        for host in addresses:
            if is_numeric(host) and (":" in host) == ours:
                return self._send_to(waiting.request, (host, waiting.port), waiting.user, now)
        return [NotSent(waiting.user, waiting.request, f"{resolve.host} has no address that can be used")]

    def withdraw(self, user: Any) -> list[Any]:
        """Do not send what still waits for an address; it is `NotSent` then."""
        withdrawn = [(number, waiting) for number, waiting in self.waiting.items() if waiting.user is user]
        for number, _ in withdrawn:
            del self.waiting[number]
        return [NotSent(user, waiting.request, "it was withdrawn") for _, waiting in withdrawn]

    def _send_to(self, request: Request, remote: Address, user: Any, now: float) -> list[Any]:
        try:
            self.check(Hop(self.local.transport, *remote))
        except LocalProtocolError as error:
            return [NotSent(user, request, str(error))]
        return self._send(request, Flow(self.local.transport, self.local.address, remote), user, now)

    def _send(self, request: Request, flow: Flow, user: Any, now: float) -> list[Any]:
        if request.method == "ACK":
            # The ACK for a 2xx is in no transaction: it is passed "directly to the transport layer" (RFC 3261 13.2.2.4).
            return [Send(flow, bytes(request))]
        outputs: list[Output] = self.transactions.send_request(request, flow, user, now)
        return outputs
