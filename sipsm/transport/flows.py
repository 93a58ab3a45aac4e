"""All flows of an endpoint: which connection a message takes, which are made for it, and how many there may be.

RFC 3261 18 (connections are known by transport and far end, shared, opened on demand), 18.2.2 (the connection that a
request came on), RFC 5923 in spirit. A datagram passes through without a trace: it needs no connection.

A connection has a flow, with the addresses of both its ends. One that may have to be made first is asked for by a name,
`Flow(transport, (own host, 0), remote)`; over TLS and WebSocket also with the name that who is there must have, so that
two domains at one address have two connections. Who sends to a name gets, in this order,

- the connection that was made for this name, or is being made: what is sent meanwhile waits, in its order;
- a connection that the peer made from just that remote address and port. "The act of reusing a connection needs the
  desired property that requests get delivered in the backwards direction only if they would have been delivered to the
  same destination had connection reuse not been employed." (RFC 5923 5)  Over TCP, who holds the port is who would be
  reached at it; what a Via says of the sender (`alias`) proves nothing and is not believed: "a normal TCP or SCTP
  connection cannot be used to send requests in the backwards direction without a significant risk of inadvertent (or
  otherwise) connection hijacking" (RFC 5923 9.3). Over TLS the peer must moreover have proved to be who is wanted;
- a new connection.

A response is sent to the flow of its request. When that connection is gone, it goes to a new one, to the address that
the request came from and the port that its Via names (18.2.2): never to another host, and never to both. So a stranger
can make us open connections only to himself, and no more than `FlowLimits.per_host`. What has been sent on it counts as
arrived, unless it could not be sent, or the peer had closed his half of it before and then turns out to be gone.

An endpoint drives it like this, and carries out or passes on what comes back, in order:

    flows.opened(flow, now, open)     flows.open_failed(open, now)     flows.closed(flow, now)     what actions came to
    flows.finished(flow, now)         the peer has sent its last
    flows.receive(data, flow, now)    `Arrived` is a message, or something that is none and gets an answer: then, where
                                      `BadFrame.ends_flow`, `flows.end(flow, why, now)`
    flows.send(flow, data, sender, now)    for each `Send` of a transaction or of the user agent
    flows.send_failed(send, now)
    flows.use(flow, now), flows.release(flow, now)    a transaction begins and ends, likewise a registration
    flows.keep_alive(flow, KeepAlive(flow_timer), now)
    flows.wake(connection, now)       when the agenda wakes a `Connection`

`Open`, `Send` and `Close` are for the adapter. `Unsent` goes to its sender, as a failed send does. `Lost` concerns the
client transactions on that flow; a server transaction has its response sent another way, or hears of it by `Unsent`.
`Discarded` is for the application.
"""

from __future__ import annotations

from collections.abc import Iterable

from sipsm.errors import LocalProtocolError
from sipsm.ids import RandomSource
from sipsm.machine import Agenda, Observer, Step
from sipsm.message import Via
from sipsm.transport import connection as states
from sipsm.transport.connection import Connection, Waiting
from sipsm.transport.flow import RELIABLE, Close, Flow, Listening, Open, Send, bracketed
from sipsm.transport.framing import Frame, Ping, Pong, StreamFramer, WebSocketFramer
from sipsm.transport.head import MessageLimits
from sipsm.transport.limits import FlowLimits, FlowTimes, KeepAlive
from sipsm.transport.locate import SECURE
from sipsm.transport.outputs import Arrived, Discarded, DiscardReason, FlowOutput, Lost, Unsent
from sipsm.transport.reading import BEGUN, WHOLE, Reading
from sipsm.transport.routing import is_our_sent_by, way_back


class Flows:
    """The flows of one endpoint: datagrams pass through, connections are kept.

    `source` is the chance from which the intervals between pings are drawn.
    """

    def __init__(
        self,
        listening: Iterable[Listening],
        agenda: Agenda,
        source: RandomSource,
        *,
        limits: FlowLimits | None = None,
        times: FlowTimes | None = None,
        message: MessageLimits | None = None,
        keep: KeepAlive | None = None,
        observer: Observer | None = None,
    ) -> None:
        self.listening = tuple(listening)
        self._sent_by = frozenset((bracketed(each.advertised[0]), each.advertised[1]) for each in self.listening)
        """Host and port as they are written in the Via of our requests."""
        self.agenda = agenda
        self.source = source
        self.limits = limits or FlowLimits()
        self.times = times or FlowTimes()
        self.message = message or MessageLimits()
        self.keep = keep
        """How every connection that we make is kept alive, if it is."""
        self.observer = observer
        self.connections: dict[Flow, Connection] = {}
        """By flow: all that have been open, until they are reported as closed."""
        self.opening: dict[int, Connection] = {}
        """By the number of their `Open`: all whose opening has not been reported yet."""
        self.named: dict[Flow, Connection] = {}
        """By name: those that what is sent to the name goes to."""
        self.held = 0
        """How many bytes of messages have come in part."""
        self.queued = 0
        """How many bytes wait for a connection."""
        self._accepted: dict[tuple[str, tuple[str, int]], Connection] = {}
        self._accepted_count = 0
        self._hosts: dict[str, int] = {}
        self._half_read: dict[Flow, Connection] = {}
        self._users: dict[Flow, int] = {}
        self._opened = 0

    # ---------------------------------------------------------------- what actions came to, and what peers do

    def opened(self, flow: Flow, now: float, open: Open | None = None, peers: tuple[str, ...] = ()) -> list[FlowOutput]:
        """A connection is there: the one that `open` asked for, or, without it, one that a peer made to us.

        `peers` are the names that the certificate of who made it bears, where it has been verified (RFC 5922 7.1).
        """
        # Its addresses are free again, so the one that had them is gone.
        outputs = self.closed(flow, now) if flow in self.connections else []
        if open is None:
            return outputs + self._accept(flow, peers, now)
        connection = self.opening.pop(open.id, None)
        if connection is None:
            return [*outputs, Close(flow)]
        self.connections[flow] = connection
        outputs += self._take(connection, states.OPENED, flow, now)
        outputs += self._tell_use(connection, now)
        if self.keep is not None and connection.state in states.OPEN:
            connection.keep = self.keep
            outputs += self._take(connection, states.KEEP_ALIVE, None, now)
        return outputs

    def _accept(self, flow: Flow, peers: tuple[str, ...], now: float) -> list[FlowOutput]:
        if self._accepted_count >= self.limits.accepted or self._is_full(flow):
            return [Discarded(flow, b"", DiscardReason.OVERLOADED, "too many connections"), Close(flow)]
        connection = self._new(flow, None, peers)
        self.connections[flow] = connection
        self._accepted[flow.transport, flow.remote] = connection
        self._accepted_count += 1
        outputs = self._take(connection, states.ACCEPT, None, now)
        return outputs + self._tell_use(connection, now)

    def open_failed(self, open: Open, now: float) -> list[FlowOutput]:
        """A connection could not be made."""
        connection = self.opening.pop(open.id, None)
        if connection is None:
            return []
        return self._take(connection, states.OPEN_FAILED, "the connection could not be made", now)

    def closed(self, flow: Flow, now: float) -> list[FlowOutput]:
        """A connection is gone: the peer has ended or reset it, or a `Close` is done."""
        if flow.transport not in RELIABLE:
            return [Lost(flow, "nothing can be sent on it")]
        return self._sent_another_way(self._tell(flow, states.LOST, "the connection was closed", now), now)

    def finished(self, flow: Flow, now: float) -> list[FlowOutput]:
        """The peer has sent its last on a connection, and may still read: what it is owed is sent, then it is closed."""
        return self._tell(flow, states.FINISHED, "the peer has sent its last", now)

    def send_failed(self, send: Send, now: float) -> list[FlowOutput]:
        """A `Send` could not be performed. Of a connection, on which order counts, nothing is left then."""
        unsent = Unsent(send.flow, send.data, send.sender, "it could not be sent")
        outputs = self._tell(send.flow, states.CLOSE, "something could not be sent on it", now)
        if not any(isinstance(each, Unsent) and each.data == send.data for each in outputs):
            outputs.insert(0, unsent)
        return self._sent_another_way(outputs, now)

    def _sent_another_way(self, outputs: list[FlowOutput], now: float) -> list[FlowOutput]:
        """The responses among what a connection of the peer could not send go by a new one (RFC 3261 18.2.2)."""
        done: list[FlowOutput] = []
        for output in outputs:
            name = way_back(output.data, output.flow) if isinstance(output, Unsent) else None
            # The new one of a new one would have no end.
            if isinstance(output, Unsent) and name is not None and name.remote != output.flow.remote:
                done += self.send(name, output.data, output.sender, now)
            else:
                done.append(output)
        return done

    def receive(self, data: bytes, flow: Flow, now: float) -> list[FlowOutput]:
        """Bytes have come: a datagram, some of a stream, a whole WebSocket message."""
        if flow.transport not in RELIABLE:
            return [Arrived(flow, Frame(data))]
        connection = self.connections.get(flow)
        if connection is None or connection.state not in states.OPEN or connection.framer.ended:
            return [Discarded(flow, data, DiscardReason.CLOSED, "nothing is read on this flow any more")]
        framer = connection.framer
        held = framer.held
        outputs: list[FlowOutput] = []
        pings = pongs = 0
        for framed in framer.receive(data):
            if isinstance(framed, Ping):
                pings += 1
            elif isinstance(framed, Pong):
                pongs += 1
            else:
                outputs.append(Arrived(flow, framed))
        self.held += framer.held - held
        whole = bool(outputs)
        if pings:
            outputs += self._take(connection, states.PINGS, pings, now)
        if pongs:
            outputs += self._take(connection, states.PONGS, None, now)
        if whole:
            outputs += self._take(connection, states.MESSAGE, None, now)
        self._watch_reading(connection, whole, now)
        return outputs + self._give_up_the_slowest(now) if self._half_read else outputs

    # ---------------------------------------------------------------- what the user of the transport wants

    def send(self, flow: Flow, data: bytes, sender: object, now: float) -> list[FlowOutput]:
        """Send a message to a flow, or to the connection of this name."""
        if flow.transport not in RELIABLE:
            return [Send(flow, data, sender)]
        connection = self._connection_for(flow)
        if connection is None and flow.local[1]:
            name = way_back(data, flow)
            if name is None:
                return [Unsent(flow, data, sender, "the connection is closed")]
            return self.send(name, data, sender, now)
        outputs: list[FlowOutput] = []
        if connection is None:
            host_is_full = self._is_full(flow)
            if host_is_full or len(self.connections) + len(self.opening) - self._accepted_count >= self.limits.made:
                return [Unsent(flow, data, sender, "there are too many connections")]
            connection, outputs = self._ask(flow, now)
        if not flow.local[1]:
            outputs += self._tell_use(connection, now)
        if connection.state == states.OPENING and self.queued + len(data) > self.limits.queued_bytes:
            return [*outputs, Unsent(flow, data, sender, "too much waits for connections")]
        return outputs + self._take(connection, states.SEND, Waiting(data, sender), now)

    def use(self, flow: Flow, now: float) -> list[FlowOutput]:
        """Somebody, such as a transaction, uses a flow or a name from now on: it is not closed as idle."""
        if flow.transport not in RELIABLE:
            return []
        others = self._users.get(flow, 0)
        self._users[flow] = others + 1
        # The first has been told to its connection, or is when there is one.
        return [] if others else self._tell_use_of(flow, now)

    def release(self, flow: Flow, now: float) -> list[FlowOutput]:
        """One who uses a flow, or a name, does so no more."""
        if flow.transport not in RELIABLE:
            return []
        assert flow in self._users, "who releases a flow has used it"
        others = self._users[flow] - 1
        if others:
            self._users[flow] = others
            return []
        del self._users[flow]
        return self._tell_use_of(flow, now)

    def keep_alive(self, flow: Flow, keep: KeepAlive, now: float) -> list[FlowOutput]:
        """Keep a connection that we made alive from now on, as an outbound registration asks for (RFC 5626 4.4).

        Raises LocalProtocolError for one that the peer made, and for a datagram's.
        """
        if flow.transport not in RELIABLE:
            raise LocalProtocolError("line ends keep connections alive, not datagrams", rfc="5626 4.4.1")
        connection = self._alive(flow)
        if connection is None:
            return []
        if connection.open is None:
            raise LocalProtocolError("only the side that made a connection keeps it alive", rfc="5626 3.5.1")
        outputs = [] if connection.keep == keep else self._take(connection, states.LET_GO, None, now)
        connection.keep = keep
        return outputs + self._take(connection, states.KEEP_ALIVE, None, now)

    def let_go(self, flow: Flow, now: float) -> list[FlowOutput]:
        """Keep a connection alive no longer."""
        connection = self._alive(flow)
        return [] if connection is None else self._take(connection, states.LET_GO, None, now)

    def end(self, flow: Flow, why: str, now: float) -> list[FlowOutput]:
        """Read nothing more on a connection, and close it once its last answers are sent: after a `BadFrame`."""
        return self._tell(flow, states.END, why, now)

    def close(self, flow: Flow, why: str, now: float) -> list[FlowOutput]:
        """Close a connection at once, or give up making it."""
        connection = self._alive(flow)
        return [] if connection is None else self._take(connection, states.CLOSE, why, now)

    def wake(self, connection: Connection, now: float) -> list[FlowOutput]:
        """Fire the timer of a connection that is due."""
        reading = connection.reading
        if (letter := reading.due(now)) is not None:
            step = Step(now, self.observer)
            reading.receive(reading.fired(letter, now), None, step)
            return self._take(connection, states.END, step.outputs[0], now)
        if (letter := connection.due(now)) is None:
            return []
        return self._take(connection, connection.fired(letter, now), None, now)

    def is_ours(self, via: Via) -> bool:
        """Whether a response with this top Via answers a request of ours (RFC 3261 18.1.2)."""
        # Nearly all have it as we wrote it.
        return (via._host, via._port) in self._sent_by or is_our_sent_by(via, self.listening)

    # ---------------------------------------------------------------- finding and making

    def _connection_for(self, flow: Flow) -> Connection | None:
        """The connection that what is sent to a flow or a name takes, if there is one."""
        if flow.local[1]:
            connection = self.connections.get(flow)
            return connection if connection is not None and connection.state in states.SENDING else None
        # "P1 MUST NOT open a connection on behalf of one domain and reuse it to send a new request on behalf of another
        # domain." (RFC 5923 9.3)
        connection = self.named.get(flow)
        if connection is None and (connection := self._accepted.get((flow.transport, flow.remote))) is not None:
            proved = flow.name.lower() in connection.peers or flow.transport not in SECURE
            if connection.state not in states.OPEN or not proved:
                return None
            self.named[flow] = connection
            connection.known_as.append(flow)
        return connection

    def _ask(self, name: Flow, now: float) -> tuple[Connection, list[FlowOutput]]:
        self._opened += 1
        connection = self._new(name, Open(self._opened, *name), (name.name,))
        connection.known_as.append(name)
        self.named[name] = self.opening[self._opened] = connection
        return connection, self._take(connection, states.ASK, None, now)

    def _new(self, flow: Flow, open: Open | None, peers: tuple[str, ...]) -> Connection:
        kind = WebSocketFramer if flow.transport in {"WS", "WSS"} else StreamFramer
        self._hosts[flow.remote[0]] = self._hosts.get(flow.remote[0], 0) + 1
        return Connection(
            flow,
            kind(client=open is not None, limits=self.message),
            Reading(self.times),
            self.times,
            self.limits.queued_bytes_per_flow,
            open,
            peers,
            chance=0 if open is None else self.source.getrandbits(64),
        )

    def _is_full(self, flow: Flow) -> bool:
        return self._hosts.get(flow.remote[0], 0) >= self.limits.per_host

    def _alive(self, flow: Flow) -> Connection | None:
        return self.connections.get(flow) or self.named.get(flow)

    # ---------------------------------------------------------------- taking a step

    def _tell(self, flow: Flow, name: str, why: str, now: float) -> list[FlowOutput]:
        connection = self.connections.get(flow)
        return [] if connection is None else self._take(connection, name, why, now)

    def _take(self, connection: Connection, name: str, x: object, now: float) -> list[FlowOutput]:
        step = Step(now, self.observer)
        held, queued = connection.framer.held, connection.queued
        decision = connection.receive(name, x, step)
        self.held += connection.framer.held - held
        self.queued += connection.queued - queued
        outputs: list[FlowOutput] = step.outputs
        if connection.state not in states.OPEN and connection.state != states.OPENING:
            outputs += self._put_away(connection, now)
        # Where no timer was started and it is on the agenda, its entry is early enough.
        if decision.starts or connection.watched_at is None:
            self.agenda.watch(connection)
        return outputs

    def _put_away(self, connection: Connection, now: float) -> list[FlowOutput]:
        """Nothing new is sent on it, and nothing is read."""
        for known_as in connection.known_as:
            del self.named[known_as]
        connection.known_as.clear()
        if self._half_read.pop(connection.flow, None) is not None:
            connection.reading.receive(WHOLE, None, Step(now, self.observer))
        if connection.state in {states.ENDING, states.PEER_FINISHED}:
            return self._tell_use(connection, now)
        if connection.state == states.CLOSED:
            self._forget(connection)
        return []

    def _forget(self, connection: Connection) -> None:
        if connection.open is None:
            self._accepted_count -= 1
            far_end = (connection.flow.transport, connection.flow.remote)
            if self._accepted.get(far_end) is connection:
                del self._accepted[far_end]
        self.connections.pop(connection.flow, None)
        self.agenda.forget(connection)
        host = (connection.flow if connection.open is None else connection.open).remote[0]
        self._hosts[host] -= 1
        if not self._hosts[host]:
            del self._hosts[host]

    def _tell_use_of(self, flow: Flow, now: float) -> list[FlowOutput]:
        connection = self._alive(flow)
        return [] if connection is None else self._tell_use(connection, now)

    def _tell_use(self, connection: Connection, now: float) -> list[FlowOutput]:
        used = any(flow in self._users for flow in (connection.flow, *connection.known_as))
        if used == connection.used:
            return []
        return self._take(connection, states.IN_USE if used else states.OUT_OF_USE, None, now)

    def _watch_reading(self, connection: Connection, whole: bool, now: float) -> None:
        """Start the time in which the rest of a message must come."""
        if connection.state not in states.OPEN:
            return
        if whole and self._half_read.pop(connection.flow, None) is not None:
            connection.reading.receive(WHOLE, None, Step(now, self.observer))
        if connection.framer.mid_message and connection.flow not in self._half_read:
            self._half_read[connection.flow] = connection
            connection.reading.receive(BEGUN, None, Step(now, self.observer))
            self.agenda.watch(connection)

    def _give_up_the_slowest(self, now: float) -> list[FlowOutput]:
        outputs: list[FlowOutput] = []
        while self._half_read and (len(self._half_read) > self.limits.half_read or self.held > self.limits.held_bytes):
            slowest = next(iter(self._half_read.values()))
            outputs += self._take(slowest, states.END, "too many messages have come in part", now)
        return outputs
