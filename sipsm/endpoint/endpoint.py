"""An endpoint: bytes, time and commands in; actions and events out. All that an adapter needs to know.

Nothing that arrives from the network raises. Outputs are returned in the order in which they must be performed:
`Send`, `Open`, `Close` and `Resolve` are for the adapter, the rest are events for the application.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from hashlib import blake2b
from typing import Any, get_args

from attrs import evolve

from sipsm.endpoint.commanding import Commanding
from sipsm.endpoint.reading import read_what_matters
from sipsm.endpoint.watcher import Watcher
from sipsm.errors import LocalProtocolError, RemoteProtocolError, SipError
from sipsm.ids import Ids
from sipsm.machine import Agenda
from sipsm.message import Request, Response, answerable, check_message, read_message, response_to
from sipsm.message.headers.times import date_of
from sipsm.role import (
    DropNote,
    Dropped,
    DropReason,
    Limits,
    NotDelivered,
    Output,
    Policy,
    Profile,
    UserAgent,
)
from sipsm.role.alarm import Alarm
from sipsm.role.party import Party
from sipsm.transaction import InviteServerTransaction, RequestReceived, TimerValues, Transaction, TransactionLayer
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
from sipsm.usage import Leg
from sipsm.usage.around import Terms

SPOKEN = frozenset({"UDP", "TCP"})
"""The transports that an endpoint takes messages over."""


class Endpoint(Commanding):
    """A user agent at one local address, or at one for each transport.

    Each of `local` is a `Listening`, or a text such as `"udp:192.0.2.1:5060"` or `"tcp:192.0.2.1:5060"`; the first one
    is preferred. `now` is in seconds from any origin that never runs backwards. Commands raise `LocalProtocolError`
    when a rule forbids them; then nothing has changed.

    Four settings bound what strangers may cost: `limits` (requests, calls, and how long a datagram may be),
    `message_limits` (each message, in a datagram as on a connection), `flow_limits` (connections, and what is held for
    them) and `flow_times`. With `keep_alive`, every connection that it makes is kept alive and never falls idle
    (RFC 5626 3.5.1).
    """

    def __init__(
        self,
        *local: Listening | str,
        profile: Profile | None = None,
        policy: Policy | None = None,
        limits: Limits | None = None,
        times: TimerValues | None = None,
        message_limits: MessageLimits | None = None,
        flow_limits: FlowLimits | None = None,
        flow_times: FlowTimes | None = None,
        keep_alive: KeepAlive | None = None,
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
        self._agent = UserAgent(
            self._transactions,
            self._sending,
            self._agenda,
            Party(self.listening, profile or Profile(), self._ids),
            policy or Policy(),
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
        try:
            check_whole(data, self._flows.message)
        except RemoteProtocolError as error:
            return self._malformed(data, None, error, flow, now)
        return self._read(data, flow, now)

    def _read(self, data: bytes, flow: Flow, now: float) -> list[Output]:
        """A whole message has come."""
        message: Request | Response | None = None
        try:
            message = read_message(data)
            check_message(message)
            read_what_matters(message)
        except RemoteProtocolError as error:
            return self._malformed(data, message, error, flow, now)
        if isinstance(message, Response):
            return self._receive_response(message, flow, now)
        return self._receive_request(message, flow, len(data), now)

    def _receive_request(self, request: Request, flow: Flow, size: int, now: float) -> list[Output]:
        reply_to = response_flow(request, flow)
        request = just_received_from(request, flow.remote)
        if self._is_full and not self._belongs(request):
            # "A stateless UAS MUST ignore ... CANCEL requests" (RFC 3261 8.2.7): there is nothing to be cancelled.
            wait = ("Retry-After", "10")
            answer = [] if request.method == "CANCEL" else self._stateless(request, reply_to, size, 503, now, wait)
            return [*answer, Dropped(DropReason.OVERLOADED, "too many transactions", flow, request)]
        outputs = self._transactions.receive_request(request, reply_to, now)
        if reply_to.reliable:
            return self._perform(outputs, flow, now)
        if self._is_no_repeat(outputs, size):
            return [Dropped(DropReason.ABSORBED, "it is too short for a repeat", flow, request)]
        return self._perform(outputs, flow, now, size)

    def _is_no_repeat(self, outputs: Sequence[Any], size: int) -> bool:
        """Whether a datagram of this size would bring an answer again that was given to a larger one (26.1.5)."""
        send = outputs[0] if outputs else None
        if not isinstance(send, Send) or len(send.data) <= FACTOR * size:
            return False
        assert isinstance(send.sender, Key), "an answer that is sent again is a transaction's"
        return size < self._transactions.servers[send.sender].size

    @property
    def _is_full(self) -> bool:
        return len(self._transactions.servers) >= self.limits.transactions

    def _belongs(self, request: Request) -> bool:
        """Whether a request belongs to what has been accepted already; that goes on when nothing new is taken."""
        if request.method in {"ACK", "CANCEL"}:
            return request.method == "ACK" or self._transactions.invite_of(request) is not None
        return server_key(request) in self._transactions.servers or self._agent.belongs(request)

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
        if error.status in _TOO_LARGE:
            reason = DropReason.TOO_LARGE
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
        return [] if fits is None else self._perform([Send(reply_to, bytes(fits))], None, now)

    # ---------------------------------------------------------------- time, and what actions came to

    def handle_timeout(self, now: float) -> list[Output]:
        """Time has passed: fire what is due. Harmless when early, or when called for nothing."""
        outputs: list[Output] = []
        while (due := self._agenda.pop(now)) is not None:
            if isinstance(due, Transaction):
                outputs += self._perform(self._transactions.wake(due, now), None, now)
            elif isinstance(due, Connection):
                outputs += self._flowed(self._flows.wake(due, now), now)
            elif isinstance(due, ResponseDelivery):
                self._sending.wake(due, now)
            else:
                assert isinstance(due, Alarm), "transactions, connections and responses have timers of their own"
                assert due.of is not None, "what is over has no deadline"
                outputs += self._perform(self._agent.wake(due.of, now), None, now)
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

    def flow_finished(self, flow: Flow, now: float) -> list[Output]:
        """The peer has sent its last on a connection: its end was read. Keep it, and send on it, until `Close`.

        What it has asked is answered there for as long as it takes; then `Close` comes, at once where nothing is owed.
        Should it turn out to be gone altogether, `send_failed` or `flow_closed` tells so, and the answers that it did
        not get go another way (RFC 3261 18.2.2).
        """
        return self._flowed(self._flows.finished(flow, now), now)

    def flow_closed(self, flow: Flow, now: float) -> list[Output]:
        """A flow is gone: it was reset, both sides have ended it, or a `Close` is done (RFC 3261 18.4)."""
        return self._flowed(self._flows.closed(flow, now), now)

    def keep_alive(self, flow: Flow, keep: KeepAlive | None = None, *, now: float) -> list[Output]:
        """Keep a connection that we made alive from now on, with pings of two line ends (RFC 5626 3.5.1, 4.4.1).

        It never falls idle then. Where the pong does not come in time, it is closed, and what waits for an answer on it
        has failed. Raises `LocalProtocolError` for a connection that the peer made, and for a datagram's flow.
        """
        return self._flowed(self._flows.keep_alive(flow, keep or KeepAlive(), now), now)

    def let_go(self, flow: Flow, *, now: float) -> list[Output]:
        """Keep a connection alive no longer: it is closed when nobody has used it for a while."""
        return self._flowed(self._flows.let_go(flow, now), now)

    @property
    def flows(self) -> list[Flow]:
        """Its connections. Who restored an endpoint and has them no more says so by `flow_closed`."""
        return list(self._flows.connections)

    @property
    def opening(self) -> list[Open]:
        """What has been asked for and not reported yet: to be made again, or to have failed, when it is restored."""
        return [connection.open for connection in self._flows.opening.values() if connection.open is not None]

    def tell_time(self, unix_s: float, *, now: float) -> None:
        """Say what the time of day is, in seconds since the first of 1970: a registrar puts it into each 200.

        Every adapter's agent does. Raises `LocalProtocolError` for what is no time.
        """
        date_of(unix_s)
        self._agent.party.wall_s = unix_s - now

    # ---------------------------------------------------------------- for what it has begun

    def command(self, of: Any, command: str, x: Any, now: float, dialog: Leg | None = None) -> list[Output]:
        """A command of a call, of a subscription or of what else it returned: what its methods do."""
        return self._perform(self._agent.command(of, command, x, now, dialog), None, now)

    @property
    def terms(self) -> Terms:
        """What it lays down for the machines of its calls."""
        return self._agent.terms

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

    def _perform(self, outputs: Iterable[Any], flow: Flow | None, now: float, size: int = 0) -> list[Output]:
        """Sends and events go out; what is for the transaction user goes up to it, and comes back as more of these.

        `size` is that of the datagram, if they answer one.
        """
        done: list[Output] = []
        for output in outputs:
            kind = output.__class__
            if kind is Send:
                if output.flow.transport in RELIABLE:
                    done += self._flowed(self._flows.send(output.flow, output.data, output.sender, now), now)
                else:
                    done.append(output if self.watcher is None else self._shown(output, now))
            elif kind in _OUT:
                done.append(output)
            elif size and kind is RequestReceived:
                output.transaction.size = size
                room = FACTOR * size
                answers = self._agent.take(output, now)
                servers = self._transactions.servers
                for n, answer in enumerate(answers):
                    if answer.__class__ is Send and len(answer.data) > room and answer.sender in servers:
                        answers[n] = self._trimmed(answer, room)
                done += self._perform(answers, flow, now)
            elif kind is NotDeliverable:
                done.append(NotDelivered(output.data, output.why))
            elif kind is DropNote:
                assert flow is not None, "only a message that came on a flow can come to nothing"
                done.append(Dropped(output.reason, output.why, flow, output.message))
            else:
                done += self._perform(self._agent.take(output, now), flow, now)
        return done

    def _trimmed(self, answer: Send, room: int) -> Send:
        """A transaction's answer with no more bytes than there is room for (26.1.5)."""
        assert isinstance(answer.sender, Key), "it is found by it"
        response = read_message(answer.data)
        assert isinstance(response, Response), "a server sends nothing else"
        tx = self._transactions.servers[answer.sender]
        tx.wire = bytes(trimmed(response, room))
        return evolve(answer, data=tx.wire)

    def _flowed(self, outputs: Iterable[FlowOutput], now: float) -> list[Output]:
        """Actions go out; what flows tell goes up, and comes back as more of these."""
        done: list[Output] = []
        for output in outputs:
            match output:
                case Send():
                    self._sending.gone_out(output.sender, now)
                    done.append(self._shown(output, now))
                case Arrived(flow, framed):
                    done += self._arrived(flow, framed, now)
                case Unsent(_, data, None, why):
                    # An ACK, or an answer made without state: the other side repeats what asked for it. Line ends that
                    # keep a connection alive are no message.
                    done += [NotDelivered(data, why)] if data.strip() else []
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


_TOO_LARGE = frozenset({413, 414, 513})
"""What a request over one of the `MessageLimits` is answered with."""


_OUT = frozenset(get_args(Output))
"""What goes out as it is."""
