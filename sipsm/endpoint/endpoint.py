"""An endpoint: bytes, time and commands in; actions and events out. All that an adapter needs to know.

Nothing that arrives from the network raises. Outputs are returned in the order in which they must be performed:
`Send`, `Open`, `Close` and `Resolve` are for the adapter, the rest are events for the application.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import blake2b
from typing import Any, Protocol

from sipsm.errors import LocalProtocolError, RemoteProtocolError, SipError
from sipsm.grammar import Uri
from sipsm.ids import Ids
from sipsm.machine import Agenda, Machine, Row
from sipsm.message import Request, Response, answerable, check_message, read_message, response_to
from sipsm.message.headers import ACCEPT, CONTACT, CONTENT_ENCODING, RECORD_ROUTE, REQUIRE, ROUTE
from sipsm.role import (
    Answered,
    AnswerReceived,
    Call,
    DropNote,
    Dropped,
    DropReason,
    Ended,
    Established,
    IncomingCall,
    Limits,
    NotDelivered,
    OfferReceived,
    OutgoingRequest,
    Output,
    Profile,
    RequestServed,
    Ringing,
    UserAgent,
)
from sipsm.role.party import Party
from sipsm.transaction import InviteServerTransaction, TimerValues, Transaction, TransactionLayer
from sipsm.transaction.matching import server_key
from sipsm.transaction.sending import Sending
from sipsm.transport import (
    BadFrame,
    Close,
    Flow,
    FlowLimits,
    FlowTimes,
    Frame,
    Listening,
    Naptr,
    Open,
    Resolve,
    Send,
    Srv,
    received_from,
    response_flow,
)
from sipsm.transport.amplification import fitting
from sipsm.transport.connection import Connection, Discarded, Lost, Unsent
from sipsm.transport.flows import Arrived, FlowOutput, Flows

SPOKEN = frozenset({"UDP", "TCP"})
"""The transports that an endpoint takes messages over."""


class Watcher(Protocol):
    """Who is shown everything: see `sipsm.trace`. It changes nothing."""

    def received(self, flow: Flow, data: bytes, now: float) -> None:
        """Bytes arrived: a datagram, or all of a message on a connection."""

    def sent(self, flow: Flow, data: bytes, now: float) -> None:
        """Bytes are to be sent."""

    def moved(self, machine: Machine, before: str, name: str, row: Row, now: float) -> None:
        """A machine took a row."""


class Endpoint:
    """A user agent at one local address, or at one for each transport.

    Each of `local` is a `Listening`, or a text such as `"udp:192.0.2.1:5060"` or `"tcp:192.0.2.1:5060"`; the first one
    is preferred. `now` is in seconds from any origin that never runs backwards. Commands raise `LocalProtocolError`
    when a rule forbids them; then nothing has changed.
    """

    def __init__(
        self,
        *local: Listening | str,
        profile: Profile | None = None,
        limits: Limits | None = None,
        times: TimerValues | None = None,
        flow_limits: FlowLimits | None = None,
        flow_times: FlowTimes | None = None,
        ids: Ids | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        self.listening = tuple(Listening.parse(each) if isinstance(each, str) else each for each in local)
        """Where it takes messages and connections."""
        if not self.listening:
            raise LocalProtocolError("an endpoint needs an address of its own")
        for each in self.listening:
            if each.transport not in SPOKEN:
                raise LocalProtocolError(f"an endpoint speaks UDP and TCP; {each.transport} is not spoken yet")
            if not each.advertised[1]:
                raise LocalProtocolError("an endpoint needs its real port: bind the socket first", rfc="3261 18.1.1")
        self.local = self.listening[0]
        self.limits = limits or Limits()
        self.watcher = watcher
        self._ids = ids or Ids()
        self._agenda = Agenda()
        observer = None if watcher is None else watcher.moved
        self._flows = Flows(
            self.listening, self._agenda, self._ids.source, limits=flow_limits, times=flow_times, observer=observer
        )
        self._transactions = TransactionLayer(self._agenda, times or TimerValues(), observer, self._flows)
        self._sending = Sending(self._transactions, self.listening, self._ids, self.limits.look_ups, observer=observer)
        self._agent = UserAgent(
            self._transactions,
            self._sending,
            self._agenda,
            Party(self.local, profile or Profile(), self._ids),
            self.limits,
            self,
            observer,
        )
        self._secret = self._ids.source.getrandbits(128).to_bytes(16, "big")

    # ---------------------------------------------------------------- what arrives

    def receive(self, data: bytes, flow: Flow, now: float) -> list[Output]:
        """Bytes arrived on a flow: one datagram, or any piece of what a connection carries."""
        if flow.reliable:
            return self._flowed(self._flows.receive(data, flow, now), now)
        if self.watcher is not None:
            self.watcher.received(flow, data, now)
        if len(data) > self.limits.message_bytes:
            return [Dropped(DropReason.TOO_LARGE, f"more than {self.limits.message_bytes} bytes", flow, data)]
        if not data.strip(b"\r\n\0 "):
            return [Dropped(DropReason.KEEP_ALIVE, "nothing but line ends", flow, data)]
        return self._read(data, flow, now)

    def _read(self, data: bytes, flow: Flow, now: float) -> list[Output]:
        """A whole message has come."""
        message: Request | Response | None = None
        try:
            message = read_message(data)
            check_message(message)
            _read_what_matters(message)
        except RemoteProtocolError as error:
            return self._malformed(data, message, error, flow, now)
        if isinstance(message, Response):
            return self._receive_response(message, flow, now)
        return self._receive_request(message, flow, len(data), now)

    def _receive_request(self, request: Request, flow: Flow, size: int, now: float) -> list[Output]:
        reply_to = response_flow(request, flow)
        request = received_from(request, flow.remote)
        if self._is_full and not self._belongs(request):
            # "A stateless UAS MUST ignore ... CANCEL requests" (RFC 3261 8.2.7): there is nothing to be cancelled.
            wait = ("Retry-After", "10")
            answer = [] if request.method == "CANCEL" else self._stateless(request, reply_to, size, 503, now, wait)
            return [*answer, Dropped(DropReason.OVERLOADED, "too many transactions", flow, request)]
        return self._perform(self._transactions.receive_request(request, reply_to, now), flow, now)

    @property
    def _is_full(self) -> bool:
        return len(self._transactions.servers) >= self.limits.transactions

    def _belongs(self, request: Request) -> bool:
        """Whether a request belongs to what has been accepted already; that goes on when nothing new is taken."""
        if request.method in {"ACK", "CANCEL"}:
            return request.method == "ACK" or self._transactions.invite_of(request) is not None
        return server_key(request) in self._transactions.servers or self._agent.dialog_of(request) is not None

    def _receive_response(self, response: Response, flow: Flow, now: float) -> list[Output]:
        # "If more than one Via header field value is present in a response, the UAC SHOULD discard the message."
        # (RFC 3261 8.1.3.3)  "If the value of the "sent-by" parameter in that header field value does not correspond to
        # a value that the client transport is configured to insert into requests, the response MUST be silently
        # discarded." (RFC 3261 18.1.2)
        if len(response.vias) > 1:
            return [Dropped(DropReason.MISROUTED_RESPONSE, "it has more than one Via", flow, response)]
        if not self._flows.is_ours(response.via):
            return [Dropped(DropReason.MISROUTED_RESPONSE, "its Via is not ours", flow, response)]
        return self._perform(self._transactions.receive_response(response, now), flow, now)

    def _malformed(
        self, data: bytes, message: Request | Response | None, error: RemoteProtocolError, flow: Flow, now: float
    ) -> list[Output]:
        """A rule was broken: answered if it is a request whose sender can be told, and never with a state left."""
        request = message if isinstance(message, Request) else answerable(data) if message is None else None
        outputs: list[Output] = []
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
        return [*outputs, Dropped(reason, str(error), flow, data)]

    def _stateless(
        self, request: Request, reply_to: Flow, size: int, status: int, now: float, *headers: tuple[str, str]
    ) -> list[Output]:
        """An answer that leaves no state; a repeat of the request gets the same To tag (RFC 3261 8.2.7).

        None where it would be much larger than the datagram of this size that asks for it (26.1.5).
        """
        vias = "\n".join(request.lines_of("Via")).encode("utf-8", "surrogateescape")
        tag = blake2b(vias, digest_size=8, key=self._secret).hexdigest()
        response = response_to(request, status, to_tag=tag, headers=headers)
        fits = response if reply_to.reliable else fitting(response, size)
        return [] if fits is None else self._send(Send(reply_to, bytes(fits)), now)

    # ---------------------------------------------------------------- time, and what actions came to

    def handle_timeout(self, now: float) -> list[Output]:
        """Time has passed: fire what is due. Harmless when early, or when called for nothing."""
        outputs: list[Output] = []
        while (due := self._agenda.pop(now)) is not None:
            if isinstance(due, Transaction):
                outputs += self._perform(self._transactions.wake(due, now), None, now)
            elif isinstance(due, Connection):
                outputs += self._flowed(self._flows.wake(due, now), now)
            else:
                assert isinstance(due, Call), "transactions, connections and calls have timers"
                outputs += self._perform(self._agent.wake(due, now), None, now)
        return outputs

    def next_timeout(self) -> float | None:
        """When `handle_timeout` is to be called next, or None."""
        return self._agenda.next_timeout()

    def resolved(self, resolve: Resolve, records: Sequence[str | Srv | Naptr], now: float) -> list[Output]:
        """What a `Resolve` came to: the records of its type; none when there are none, or no answer came."""
        return self._perform(self._sending.resolved(resolve, records, now), None, now)

    @property
    def resolving(self) -> list[Resolve]:
        """What has been asked of the DNS, and not been answered yet: to be asked again by who restored an endpoint."""
        return self._sending.asking

    def send_failed(self, send: Send, now: float) -> list[Output]:
        """A `Send` could not be performed (RFC 3261 18.4)."""
        return self._flowed(self._flows.send_failed(send, now), now)

    def flow_opened(self, flow: Flow, now: float, open: Open | None = None) -> list[Output]:
        """There is a connection: the one that `open` asked for, or, without it, one that a peer has made."""
        return self._flowed(self._flows.opened(flow, now, open), now)

    def open_failed(self, open: Open, now: float) -> list[Output]:
        """A connection could not be made (RFC 3261 18.4)."""
        return self._flowed(self._flows.open_failed(open, now), now)

    def flow_closed(self, flow: Flow, now: float) -> list[Output]:
        """A flow is gone: its end was read, it was reset, or a `Close` is done (RFC 3261 18.4)."""
        return self._flowed(self._flows.closed(flow, now), now)

    @property
    def flows(self) -> list[Flow]:
        """Its connections. Who restored an endpoint and has them no more says so by `flow_closed`."""
        return list(self._flows.connections)

    @property
    def opening(self) -> list[Open]:
        """What has been asked for and not reported yet: to be made again, or to have failed, when it is restored."""
        return [connection.open for connection in self._flows.opening.values() if connection.open is not None]

    # ---------------------------------------------------------------- commands

    def invite(
        self,
        target: Uri | str,
        *,
        offer: bytes = b"",
        to: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        now: float,
    ) -> tuple[Call, list[Output]]:
        """Call somebody (RFC 3261 13.2.1). Without an offer, the peer's 2xx must carry one.

        `to` is the To value, by default the target. Returns the call, whose commands take it further.
        """
        call, outputs = self._agent.invite(_target(target), to, offer, headers, now)
        return call, self._perform(outputs, None, now)

    def request(
        self,
        method: str,
        target: Uri | str,
        *,
        to: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        content_type: str | None = None,
        now: float,
    ) -> tuple[OutgoingRequest, list[Output]]:
        """Send a request outside a call, such as OPTIONS (RFC 3261 8.1, 11). `Answered` tells its end."""
        outgoing, outputs = self._agent.ask(method, _target(target), to, headers, body, content_type, now)
        return outgoing, self._perform(outputs, None, now)

    def command(self, call: Call, event: str, x: Any, now: float) -> list[Output]:
        """A command of a call: what its methods do."""
        return self._perform(self._agent.command(call, event, x, now), None, now)

    # ---------------------------------------------------------------- what it holds

    @property
    def calls(self) -> list[Call]:
        """The calls that are not forgotten yet, the oldest first."""
        return list(self._agent.calls)

    @property
    def unfinished(self) -> int:
        """How many transactions still wait for the other side.

        When it is 0 and no call is up, an endpoint can be closed without anybody missing it: a BYE has been answered
        or given up, a refusal acknowledged.
        """
        clients = sum(tx.state in {"Calling", "Trying", "Proceeding"} for tx in self._transactions.clients.values())
        servers = sum(
            isinstance(tx, InviteServerTransaction) and tx.state == "Completed"
            for tx in self._transactions.servers.values()
        )
        return clients + servers + len(self._sending.waiting)

    # ----------------------------------------------------------------

    def _perform(self, outputs: Iterable[Any], flow: Flow | None, now: float) -> list[Output]:
        """Sends and events go out; what is for the transaction user goes up to it, and comes back as more of these."""
        done: list[Output] = []
        for output in outputs:
            if isinstance(output, Send):
                done += self._send(output, now)
            elif isinstance(output, _OUT):
                done.append(output)
            elif isinstance(output, DropNote):
                assert flow is not None, "only a message that came on a flow can come to nothing"
                done.append(Dropped(output.reason, output.why, flow, output.message))
            else:
                done += self._perform(self._agent.take(output, now), flow, now)
        return done

    def _send(self, send: Send, now: float) -> list[Output]:
        return self._flowed(self._flows.send(send.flow, send.data, send.sender, now), now)

    def _flowed(self, outputs: Iterable[FlowOutput], now: float) -> list[Output]:
        """Actions go out; what flows tell goes up, and comes back as more of these."""
        done: list[Output] = []
        for output in outputs:
            match output:
                case Send():
                    done.append(self._shown(output, now))
                case Arrived(flow, framed):
                    done += self._arrived(flow, framed, now)
                case Unsent(_, data, None, why):
                    # An ACK, or an answer made without state: the other side repeats what asked for it. Line ends that
                    # keep a connection alive are no message.
                    done += [NotDelivered(data, why)] if data.strip() else []
                case Unsent(flow, _, sender, _):
                    done += self._perform(self._transactions.send_failed(sender, now), flow, now)
                case Lost(flow):
                    done += self._perform(self._transactions.flow_closed(flow, now), flow, now)
                case Discarded(flow, data, reason, why):
                    done.append(Dropped(DropReason(reason.value), why, flow, data))
                case _:
                    done.append(output)
        return done

    def _arrived(self, flow: Flow, framed: Frame | BadFrame, now: float) -> list[Output]:
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


_OUT = (
    Answered,
    AnswerReceived,
    Close,
    Dropped,
    Ended,
    Established,
    IncomingCall,
    NotDelivered,
    OfferReceived,
    Open,
    RequestServed,
    Resolve,
    Ringing,
)


def _read_what_matters(message: Request | Response) -> None:
    """Read every header that the core will read, so that a malformed one is found before anything has moved."""
    if isinstance(message, Response):
        _ = message.vias
    if message.has_any(_NAMES_READ):
        for field in _READ_OF_REQUESTS if isinstance(message, Request) else _READ_OF_ALL:
            _ = message[field]
        if isinstance(message, Request) and message.method == "INVITE":
            _ = message[ACCEPT]


_READ_OF_ALL = (CONTACT, RECORD_ROUTE)
_READ_OF_REQUESTS = (*_READ_OF_ALL, ROUTE, REQUIRE, CONTENT_ENCODING)
_NAMES_READ = frozenset(field.key for field in (*_READ_OF_REQUESTS, ACCEPT))


def _target(target: Uri | str) -> Uri:
    if isinstance(target, Uri):
        return target
    try:
        return Uri.parse(target)
    except RemoteProtocolError as error:
        raise LocalProtocolError(f"{target!r} is no URI: {error.what}", rfc=error.rfc) from None
