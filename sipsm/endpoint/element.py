"""What every SIP element needs: flows, transactions, sending, time. What an adapter drives.

Nothing that arrives from the network raises. Outputs are returned in the order in which they must be performed:
`Send`, `Open`, `Close` and `Resolve` are for the adapter, the rest are events for the application. What an element
does with requests and responses is the affair of its core: a user agent makes it a `sipsm.endpoint.endpoint.Endpoint`,
a proxy a `sipsm.endpoint.proxy.Proxy`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from hashlib import blake2b
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from attrs import evolve

from sipsm.endpoint.watcher import Watcher
from sipsm.errors import LocalProtocolError, RemoteProtocolError, SipError
from sipsm.ids import Ids
from sipsm.machine import Agenda
from sipsm.message import Request, Response, answerable, check_message, read_message, response_to
from sipsm.role import DropNote, Dropped, DropReason, Limits, NotDelivered
from sipsm.role.alarm import Alarm
from sipsm.transaction import (
    AckReceived,
    InviteServerTransaction,
    RequestReceived,
    ResponseReceived,
    TimerValues,
    Transaction,
    TransactionLayer,
)
from sipsm.transaction.base import Key
from sipsm.transaction.delivery import Delivery, ResponseDelivery
from sipsm.transaction.matching import server_key
from sipsm.transaction.sending import NotDeliverable, Sending
from sipsm.transport import (
    BadFrame,
    Flow,
    FlowLimits,
    FlowTimes,
    Frame,
    KeepAlive,
    Listening,
    MessageLimits,
    Naptr,
    Open,
    Resolve,
    Send,
    Srv,
    just_received_from,
    received_from,
    response_flow,
)
from sipsm.transport.amplification import FACTOR, fitting, trimmed
from sipsm.transport.connection import Connection
from sipsm.transport.flow import RELIABLE
from sipsm.transport.flows import Flows
from sipsm.transport.head import check_whole
from sipsm.transport.outputs import Arrived, Discarded, FlowOutput, Lost, Unsent

SPOKEN = frozenset({"UDP", "TCP", "TLS"})
"""The transports that an endpoint takes messages over."""


Out = TypeVar("Out")


class Core(Protocol):
    """What an element does with requests and responses: the transaction user (RFC 3261 17)."""

    def take(self, output: Any, now: float) -> list[Any]:
        """Something for the transaction user; returns sends, events and drop notes."""

    def wake(self, of: Any, now: float) -> list[Any]:
        """Fire the timer of what has an `Alarm` that is due."""

    def undelivered(self, data: bytes, why: str, now: float) -> list[Any]:
        """A message of no transaction has not gone out."""

    def belongs(self, request: Request) -> bool:
        """Whether a request belongs to what has been accepted already."""


class Element(ABC, Generic[Out]):
    """A SIP element at one local address, or at one for each transport; its outputs are of the type `Out`."""

    _core: Core
    """What it does with requests and responses."""
    _out: ClassVar[frozenset[type]]
    """What goes out as it is."""
    _forwards: ClassVar[bool]
    """Whether responses pass through it to others."""

    def __init__(
        self,
        local: Iterable[Listening | str],
        limits: Limits | None,
        times: TimerValues | None,
        message_limits: MessageLimits | None,
        flow_limits: FlowLimits | None,
        flow_times: FlowTimes | None,
        keep_alive: KeepAlive | None,
        ids: Ids | None,
        watcher: Watcher | None,
    ) -> None:
        self.listening = tuple(Listening.parse(each) if isinstance(each, str) else each for each in local)
        """Where it takes messages and connections."""
        if not self.listening:
            raise LocalProtocolError("an endpoint needs an address of its own")
        for each in self.listening:
            if each.transport not in SPOKEN:
                raise LocalProtocolError(f"an endpoint speaks UDP, TCP and TLS, and not {each.transport}")
            if not each.advertised[1]:
                raise LocalProtocolError("an endpoint needs its real port: bind the socket first", rfc="3261 18.1.1")
        self.local = self.listening[0]
        self.limits = limits or Limits()
        self.watcher = watcher
        self._ids = ids or Ids()
        self._agenda = Agenda()
        observer = None if watcher is None else watcher.moved
        self._flows = Flows(
            self.listening,
            self._agenda,
            self._ids.source,
            limits=flow_limits,
            times=flow_times,
            message=message_limits,
            keep=keep_alive,
            observer=observer,
        )
        self._transactions = TransactionLayer(self._agenda, times or TimerValues(), observer, self._flows)
        self._sending = Sending(
            self._transactions,
            self.listening,
            self._ids,
            self.limits.look_ups,
            path_mtu=self.limits.path_mtu,
            observer=observer,
        )
        self._small = min(self.limits.message_bytes, self._flows.message.harmless_bytes)
        """No datagram up to this length is over a limit."""
        self._secret = self._ids.source.getrandbits(128).to_bytes(16, "big")
        self._doorkeeper: Callable[[Request, Flow, int, Flow, float], list[Any] | None] | None = None
        """Judges requests before anything is made of them, where not everybody is let in: what is done instead."""

    @staticmethod
    @abstractmethod
    def _check(message: Request | Response) -> None:
        """Read what will be read of a message later, so that what is malformed is found before anything has moved."""

    # ---------------------------------------------------------------- what arrives

    def receive(self, data: bytes, flow: Flow, now: float) -> list[Out]:
        """Bytes arrived on a flow: one datagram, or any piece of what a connection carries."""
        if flow.transport in RELIABLE:
            return self._flowed(self._flows.receive(data, flow, now), now)
        if self.watcher is not None:
            self.watcher.received(flow, data, now)
        if len(data) > self._small and (refused := self._too_large(data, flow, now)):
            return refused
        return self._read(data, flow, now)

    def _too_large(self, data: bytes, flow: Flow, now: float) -> list[Any]:
        """What comes of a datagram that is over a limit; nothing if it is not."""
        if len(data) > self.limits.message_bytes:
            return [Dropped(DropReason.TOO_LARGE, f"more than {self.limits.message_bytes} bytes", flow, data)]
        try:
            check_whole(data, self._flows.message)
        except RemoteProtocolError as error:
            return self._malformed(data, None, error, flow, now)
        return []

    def _read(self, data: bytes, flow: Flow, now: float) -> list[Any]:
        """A whole message has come."""
        message: Request | Response | None = None
        try:
            message = read_message(data)
            check_message(message)
            self._check(message)
        except RemoteProtocolError as error:
            return self._malformed(data, message, error, flow, now)
        if isinstance(message, Request):
            return self._receive_request(message, flow, len(data), now)
        return self._receive_response(message, flow, now)

    def _receive_request(self, request: Request, flow: Flow, size: int, now: float) -> list[Any]:
        reply_to = response_flow(request, flow)
        request = just_received_from(request, flow.remote)
        transactions = self._transactions
        if len(transactions.servers) >= self.limits.transactions and not self._belongs(request):
            # "A stateless UAS MUST ignore ... CANCEL requests" (RFC 3261 8.2.7): there is nothing to be cancelled.
            wait = ("Retry-After", "10")
            answer = [] if request.method == "CANCEL" else self._stateless(request, reply_to, size, 503, now, wait)
            return [*answer, Dropped(DropReason.OVERLOADED, "too many transactions", flow, request)]
        if self._doorkeeper is not None and server_key(request) not in transactions.servers:
            instead = self._doorkeeper(request, reply_to, size, flow, now)
            if instead is not None:
                return instead
        outputs = transactions.receive_request(request, reply_to, now)
        if reply_to.transport in RELIABLE or not outputs:
            return self._perform(outputs, flow, now)
        first: Any = outputs[0]
        kind = first.__class__
        # What is for the transaction user is alone here: what comes of it takes its place.
        if kind is RequestReceived:
            first.transaction.size = size
            return self._perform(self._core.take(first, now), flow, now, FACTOR * size)
        if kind is AckReceived:
            return self._perform(self._core.take(first, now), flow, now)
        if kind is Send and len(first.data) > FACTOR * size:
            # It would bring an answer again. Was that given to a larger datagram, this is no repeat of it (26.1.5).
            assert isinstance(first.sender, Key), "an answer that is sent again is a transaction's"
            if size < transactions.servers[first.sender].size:
                return [Dropped(DropReason.ABSORBED, "it is too short for a repeat", flow, request)]
        return self._perform(outputs, flow, now)

    def _belongs(self, request: Request) -> bool:
        """Whether a request belongs to what has been accepted already; that goes on when nothing new is taken."""
        if request.method in {"ACK", "CANCEL"}:
            return request.method == "ACK" or self._transactions.invite_of(request) is not None
        return server_key(request) in self._transactions.servers or self._core.belongs(request)

    def _receive_response(self, response: Response, flow: Flow, now: float) -> list[Any]:
        # "If more than one Via header field value is present in a response, the UAC SHOULD discard the message."
        # (RFC 3261 8.1.3.3)
        if not self._forwards and len(response.vias) > 1:
            return [Dropped(DropReason.MISROUTED_RESPONSE, "it has more than one Via", flow, response)]
        # "If the value of the "sent-by" parameter in that header field value does not correspond to a value that the
        # client transport is configured to insert into requests, the response MUST be silently discarded." (RFC 3261
        # 18.1.2)
        if not self._flows.is_ours(response._via or response.via):
            return [Dropped(DropReason.MISROUTED_RESPONSE, "its Via is not ours", flow, response)]
        outputs: list[Any] = self._transactions.receive_response(response, now)
        if len(outputs) == 1 and outputs[0].__class__ is ResponseReceived:
            # Nearly always: what comes of it takes its place.
            outputs = self._core.take(outputs[0], now)
        return self._perform(outputs, flow, now)

    def _malformed(
        self, data: bytes, message: Request | Response | None, error: RemoteProtocolError, flow: Flow, now: float
    ) -> list[Any]:
        """A rule was broken: answered if it is a request whose sender can be told, and never with a state left."""
        if not data.strip(_BLANK) and flow.transport not in RELIABLE:
            return [Dropped(DropReason.KEEP_ALIVE, "nothing but line ends", flow, data)]
        request = message if isinstance(message, Request) else answerable(data) if message is None else None
        outputs: list[Any] = []
        if request is not None and request.method != "ACK":
            try:
                reply_to = response_flow(request, flow)
                with suppress(RemoteProtocolError):
                    request = received_from(request, flow.remote)
                outputs += self._stateless(request, reply_to, len(data), error.status, now)
            except SipError:
                # It does not say where to: there is nobody to answer.
                outputs.clear()
        known = message is not None or request is not None
        reason = DropReason.MALFORMED if known else DropReason.NOT_SIP
        if error.status in _TOO_LARGE:
            reason = DropReason.TOO_LARGE
        return [*outputs, Dropped(reason, str(error), flow, data)]

    def _stateless(
        self, request: Request, reply_to: Flow, size: int, status: int, now: float, *headers: tuple[str, str]
    ) -> list[Any]:
        """An answer that leaves no state; a repeat of the request gets the same To tag (RFC 3261 8.2.7).

        None where it would be much larger than the datagram of this size that asks for it (26.1.5).
        """
        response = response_to(request, status, to_tag=self._tag_of(request), headers=headers)
        fits = response if reply_to.reliable else fitting(response, size)
        return [] if fits is None else self._perform([Send(reply_to, bytes(fits))], None, now)

    def _tag_of(self, request: Request) -> str:
        """The To tag of an answer without state: the ACK for it, which has the same Via on top, is known by that."""
        via = (request.header("Via") or "").partition(",")[0]
        return blake2b(via.encode("utf-8", "surrogateescape"), digest_size=8, key=self._secret).hexdigest()

    # ---------------------------------------------------------------- time, and what actions came to

    def handle_timeout(self, now: float) -> list[Out]:
        """Time has passed: fire what is due. Harmless when early, or when called for nothing."""
        outputs: list[Any] = []
        agenda = self._agenda
        while (due := agenda.pop(now)) is not None:
            if isinstance(due, Transaction):
                # Mostly it is over by that, and nobody needs to hear of it.
                if done := self._transactions.wake(due, now):
                    outputs += self._perform(done, None, now)
            elif isinstance(due, Connection):
                outputs += self._flowed(self._flows.wake(due, now), now)
            elif isinstance(due, ResponseDelivery):
                self._sending.wake(due, now)
            else:
                assert isinstance(due, Alarm), "transactions, connections and responses have timers of their own"
                assert due.of is not None, "what is over has no deadline"
                outputs += self._perform(self._core.wake(due.of, now), None, now)
        return outputs

    def next_timeout(self) -> float | None:
        """When `handle_timeout` is to be called next, or None."""
        return self._agenda.next_timeout()

    def resolved(self, resolve: Resolve, records: Sequence[str | Srv | Naptr], now: float) -> list[Out]:
        """What a `Resolve` came to: the records of its type; none when there are none, or no answer came."""
        return self._perform(self._sending.resolved(resolve, records, now), None, now)

    @property
    def resolving(self) -> list[Resolve]:
        """What has been asked of the DNS, and not been answered yet: to be asked again by who restored an endpoint."""
        return self._sending.asking

    def send_failed(self, send: Send, now: float) -> list[Out]:
        """A `Send` could not be performed (RFC 3261 18.4)."""
        return self._flowed(self._flows.send_failed(send, now), now)

    def flow_opened(self, flow: Flow, now: float, open: Open | None = None, peers: tuple[str, ...] = ()) -> list[Out]:
        """There is a connection: the one that `open` asked for, or, without it, one that a peer has made.

        `peers` are the names that a peer has proved by a certificate, in lower case (RFC 5922 7.1): what is for one of
        these, at its address, goes to it on the connection that it made (RFC 5923 5).
        """
        return self._flowed(self._flows.opened(flow, now, open, peers), now)

    def open_failed(self, open: Open, now: float) -> list[Out]:
        """A connection could not be made (RFC 3261 18.4)."""
        return self._flowed(self._flows.open_failed(open, now), now)

    def flow_finished(self, flow: Flow, now: float) -> list[Out]:
        """The peer has sent its last on a connection: its end was read. Keep it, and send on it, until `Close`.

        What it has asked is answered there for as long as it takes; then `Close` comes, at once where nothing is owed.
        Should it turn out to be gone altogether, `send_failed` or `flow_closed` tells so, and the answers that it did
        not get go another way (RFC 3261 18.2.2).
        """
        return self._flowed(self._flows.finished(flow, now), now)

    def flow_closed(self, flow: Flow, now: float) -> list[Out]:
        """A flow is gone: it was reset, both sides have ended it, or a `Close` is done (RFC 3261 18.4)."""
        return self._flowed(self._flows.closed(flow, now), now)

    def keep_alive(self, flow: Flow, keep: KeepAlive | None = None, *, now: float) -> list[Out]:
        """Keep a connection that we made alive from now on, with pings of two line ends (RFC 5626 3.5.1, 4.4.1).

        It never falls idle then. Where the pong does not come in time, it is closed, and what waits for an answer on it
        has failed. Raises `LocalProtocolError` for a connection that the peer made, and for a datagram's flow.
        """
        return self._flowed(self._flows.keep_alive(flow, keep or KeepAlive(), now), now)

    def let_go(self, flow: Flow, *, now: float) -> list[Out]:
        """Keep a connection alive no longer: it is closed when nobody has used it for a while."""
        return self._flowed(self._flows.let_go(flow, now), now)

    @property
    def flows(self) -> list[Flow]:
        """Its connections. Who restored an endpoint and has them no more says so by `flow_closed`."""
        return list(self._flows.connections)

    @property
    def flow_limits(self) -> FlowLimits:
        """How many connections there may be, and what is held for them."""
        return self._flows.limits

    @property
    def flow_times(self) -> FlowTimes:
        """How long connections may take."""
        return self._flows.times

    @property
    def opening(self) -> list[Open]:
        """What has been asked for and not reported yet: to be made again, or to have failed, when it is restored."""
        return [connection.open for connection in self._flows.opening.values() if connection.open is not None]

    # ---------------------------------------------------------------- what it holds

    @property
    def unfinished(self) -> int:
        """How many transactions still wait for the other side, and messages for a way to it.

        When it is 0 and no call is up, an endpoint can be closed without anybody missing it: a BYE has been answered
        or given up, a refusal acknowledged, a response has left.
        """
        transactions = self._transactions
        clients = sum(tx.state in {"Calling", "Trying", "Proceeding"} for tx in transactions.clients.values())
        refusals = {
            key
            for key, tx in transactions.servers.items()
            if isinstance(tx, InviteServerTransaction) and tx.state == "Completed"
        }
        # A response that waits for its connection, or for where else to send it, and an ACK.
        queued = [item.sender for each in self._flows.opening.values() for item in each.waiting]
        messages = {each for each in queued if each not in transactions.clients} | self._sending.undecided
        look_ups = sum(isinstance(each, Delivery) for each in self._sending.waiting.values())
        return clients + len(refusals | (messages - {None})) + queued.count(None) + look_ups

    # ----------------------------------------------------------------

    def _perform(self, outputs: list[Any], flow: Flow | None, now: float, room: int = 0) -> list[Any]:
        """Sends and events go out; what is for the transaction user goes up to it, and comes back as more of these.

        `room` is how many bytes an answer may have, where they come of a request in a datagram.
        """
        out = self._out
        for output in outputs:
            kind = output.__class__
            if kind is Send:
                if output.flow.transport in RELIABLE or self.watcher is not None or (room and len(output.data) > room):
                    break
            elif kind not in out:
                break
        else:
            # Most often there is nothing to be done with them here.
            return outputs
        return self._perform_each(outputs, flow, now, room)

    def _perform_each(self, outputs: list[Any], flow: Flow | None, now: float, room: int) -> list[Any]:
        done: list[Any] = []
        core = self._core
        for output in outputs:
            kind = output.__class__
            if kind is Send:
                if room and len(output.data) > room and output.sender in self._transactions.servers:
                    output = self._trimmed(output, room)
                if output.flow.transport in RELIABLE:
                    done += self._flowed(self._flows.send(output.flow, output.data, output.sender, now), now)
                else:
                    done.append(output if self.watcher is None else self._shown(output, now))
            elif kind in self._out:
                done.append(output)
            elif kind is NotDeliverable:
                done.append(NotDelivered(output.data, output.why))
            elif kind is DropNote:
                assert flow is not None, "only a message that came on a flow can come to nothing"
                done.append(Dropped(output.reason, output.why, flow, output.message))
            else:
                done += self._perform(core.take(output, now), flow, now)
        return done

    def _trimmed(self, answer: Send, room: int) -> Send:
        """A transaction's answer with no more bytes than there is room for (26.1.5)."""
        assert isinstance(answer.sender, Key), "it is found by it"
        response = read_message(answer.data)
        assert isinstance(response, Response), "a server sends nothing else"
        tx = self._transactions.servers[answer.sender]
        tx.wire = bytes(trimmed(response, room))
        return evolve(answer, data=tx.wire)

    def _flowed(self, outputs: Iterable[FlowOutput], now: float) -> list[Any]:
        """Actions go out; what flows tell goes up, and comes back as more of these."""
        done: list[Any] = []
        for output in outputs:
            match output:
                case Send():
                    self._sending.gone_out(output.sender, now)
                    done.append(self._shown(output, now))
                case Arrived(flow, framed):
                    done += self._arrived(flow, framed, now)
                case Unsent(flow, data, None, why):
                    # An ACK, or an answer made without state: the other side repeats what asked for it. Line ends that
                    # keep a connection alive are no message.
                    done += self._perform(self._core.undelivered(data, why, now), flow, now) if data.strip() else []
                case Unsent(flow, data, sender, _):
                    assert isinstance(sender, Key), "the sender of a transaction's message is its key"
                    done += self._perform(self._sending.unsent(flow, data, sender, now), flow, now)
                case Lost(flow):
                    done += self._perform(self._transactions.flow_closed(flow, now), flow, now)
                case Discarded(flow, data, reason, why):
                    done.append(Dropped(DropReason(reason.value), why, flow, data))
                case _:
                    done.append(output)
        return done

    def _arrived(self, flow: Flow, framed: Frame | BadFrame, now: float) -> list[Any]:
        """A message has come on a connection, or what is none."""
        data = framed.data if isinstance(framed, Frame) else framed.head
        if self.watcher is not None and data:
            self.watcher.received(flow, data, now)
        if isinstance(framed, Frame):
            return self._read(data, flow, now)
        outputs = self._malformed(data, None, framed.error, flow, now)
        if framed.ends_flow:
            outputs += self._flowed(self._flows.end(flow, str(framed.error), now), now)
        return outputs

    def _shown(self, send: Send, now: float) -> Send:
        # What keeps a connection alive is no message.
        if self.watcher is not None and send.data.strip():
            self.watcher.sent(send.flow, send.data, now)
        return send


_BLANK = b"\r\n\0 "
"""What datagrams that keep a way open are made of."""
_TOO_LARGE = frozenset({413, 414, 513})
"""What a request over one of the `MessageLimits` is answered with."""
