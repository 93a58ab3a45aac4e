"""Connections of a simulated network: opened, accepted, cut into pieces, stalled, half-closed, reset.

What an endpoint asks for by `Open`, `Send` and `Close`, and what it is told of: `flow_opened`, `open_failed`,
`receive`, `flow_finished`, `flow_closed`, `send_failed`. Nothing is lost or overtaken within a connection, but it may
break; and where a message ends plays no part in where a piece of its bytes does. What becomes of a connection is drawn
from the seed, by the `Streaming` of the link that it goes over, or said by the test: `reset`, `half_close`.

Not here: the handshakes of TLS and WebSocket, of which only the time is taken, one more round trip each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import count
from random import Random
from typing import Any, Protocol

from attrs import define, field, frozen

from sipsm.testing.link import Streaming, Way
from sipsm.transport import Address, Close, Flow, Open, Send

FIRST_PORT = 49_152
"""Where the ports begin that an own side takes when it opens a connection (RFC 6335 6)."""
SENT_AGAIN_S = 0.2
"""After how long a lost segment is sent again; each further time after twice as long."""
HELD_UP_S = 4.0
"""What takes longer to get across than this is noted as held up."""
ROUND_TRIPS = {"TCP": 1, "WS": 2, "TLS": 2, "WSS": 3}
"""How many round trips it takes until there is a connection on which messages can be sent."""


class End(Protocol):
    """What a stream needs of who sends and receives on it; an `Endpoint` has all of it."""

    def flow_opened(self, flow: Flow, now: float, open: Open | None = None) -> Iterable[Any]:
        """There is a connection: the one that was asked for, or one that the other side has made."""

    def open_failed(self, open: Open, now: float) -> Iterable[Any]:
        """There will be none."""

    def flow_finished(self, flow: Flow, now: float) -> Iterable[Any]:
        """The other side has sent its last, and may still read."""

    def flow_closed(self, flow: Flow, now: float) -> Iterable[Any]:
        """It is gone: closed by either side, or broken."""

    def receive(self, data: bytes, flow: Flow, now: float) -> Iterable[Any]:
        """Some bytes have come."""

    def send_failed(self, send: Send, now: float) -> Iterable[Any]:
        """This could not be sent."""


class Host(Protocol):
    """A party of the network."""

    name: str
    life: int
    """How often it has crashed: what was begun in one life is of no concern in the next."""


class World(Protocol):
    """What connections need of the network that they are in."""

    @property
    def now(self) -> float:
        """The present time."""

    def plan(self, at: float, action: Callable[..., object], *args: Any) -> None:
        """Have something done then."""

    def tell(self, host: Any, name: str, *args: Any, **options: Any) -> None:
        """Call this function of a party's endpoint, with the present time, and perform what it returns."""

    def host_at(self, host: str) -> Any:
        """Who has this numeric address, or None."""

    def listens(self, host: Any, transport: str, address: Address) -> bool:
        """Whether this party is there and takes connections at that address."""

    def way(self, sender: Any, receiver: Any) -> Way:
        """The way from one to the other."""

    def parted(self, sender: Any, receiver: Any, at: float) -> bool:
        """Whether at that time nothing gets from one to the other."""


@frozen
class Fault:
    """Something that befell a connection between two parties."""

    what: str
    """`not made`, `slow to make`, `held up`, `half-closed`, `reset`; or `not sent`, on one that is gone or
    half-closed."""
    parties: frozenset[str]
    """Their names; one, where nobody was at the other end."""
    at: float
    until: float
    """When it was over: later than `at` for what takes time."""


@define(eq=False)
class Side:
    """One side of a connection, and what it sends."""

    host: Any
    flow: Flow
    life: int
    """The life of its party that has it."""
    known: bool = False
    """Whether it has been told of the connection, and not yet of its end."""
    closed: bool = False
    """Whether it has the connection no more."""
    ended: bool = False
    """Whether it will send no more."""
    last_at: float = 0.0
    """When the last of what it has sent arrives."""
    flying: deque[bytes] = field(factory=deque)
    """What is on its way, in order."""
    arrived: bytearray = field(factory=bytearray)
    """What has arrived, and is handed over piece by piece."""
    end_arrived: bool = False
    delivering: bool = False
    """Whether the next piece is under way."""


class Connection:
    """Two sides; the first made it."""

    def __init__(self, maker: Side, taker: Side) -> None:
        self.sides = (maker, taker)
        self.broken = False
        self.half_closed_at: float | None = None
        """Since when it is, though nobody has closed it."""

    @property
    def hosts(self) -> list[Host]:
        """The parties: one, where nobody is at the other end."""
        return [side.host for side in self.sides if side.host is not None]

    def other(self, side: Side) -> Side:
        """The peer of a side."""
        return self.sides[side is self.sides[0]]


class Streams:
    """All connections of a network. All chance is drawn from `random`."""

    def __init__(self, world: World, random: Random) -> None:
        self._world = world
        self._random = random
        self._ports = count(FIRST_PORT)
        self._opening: dict[Connection, None] = {}
        self._open: dict[tuple[int, Flow], tuple[Connection, Side]] = {}
        self.made = 0
        """How many connections there have been."""
        self.faults: list[Fault] = []
        """What befell them, in the order in which it was over, or at least known."""

    def __len__(self) -> int:
        """How many connections there are, those included that are being made, and those that only one side has."""
        return len({*self._opening, *(connection for connection, _ in self._open.values())})

    # ---------------------------------------------------------------- what an endpoint asks for

    def open(self, host: Host, open: Open) -> None:
        """Make a connection."""
        world = self._world
        port = open.local[1] or next(self._ports)
        maker = Side(host, Flow(open.transport, (open.local[0], port), open.remote), host.life)
        other = world.host_at(open.remote[0])
        taker = Side(other, _back(maker.flow), -1 if other is None else other.life)
        connection = Connection(maker, taker)
        self._opening[connection] = None
        if other is None:
            world.plan(world.now + Streaming().gives_up_s, self._failed, connection, open)
            return
        streams = world.way(host, other).link.streams
        crossings = 2 * ROUND_TRIPS[open.transport]
        takes = [self._crossing(*((maker, taker), (taker, maker))[n % 2]) for n in range(crossings)]
        if sum(takes) > HELD_UP_S:
            self._note("slow to make", *connection.hosts, lasts=min(sum(takes), streams.gives_up_s))
        if sum(takes) > streams.gives_up_s:
            world.plan(world.now + streams.gives_up_s, self._failed, connection, open)
        elif self._random.random() < streams.refuse or not world.listens(other, open.transport, open.remote):
            world.plan(world.now + takes[0] + takes[1], self._failed, connection, open)
        else:
            # What makes it whole for the one who takes it is the last that comes from the other side.
            world.plan(world.now + sum(takes[:-1]), self._accepted, connection)
            world.plan(world.now + sum(takes), self._opened, connection, open)

    def send(self, host: Host, send: Send) -> bool:
        """Send on a connection; returns whether it is under way. What cannot be sent is told, as by a socket."""
        found = self._open.get((id(host), send.flow))
        if found is None or found[1].ended:
            other = self._world.host_at(send.flow.remote[0])
            self._note("not sent", host, *([] if other is None else [other]))
            self._world.plan(self._world.now, self._send_failed, host, host.life, send)
            return False
        self._put(*found, send.data)
        return True

    def close(self, host: Host, close: Close) -> None:
        """Close a connection: what has been sent arrives, and then the end; what comes from the peer does not."""
        found = self._open.get((id(host), close.flow))
        if found is not None:
            connection, side = found
            self._end(connection, side)
            side.closed = True
            self._world.plan(self._world.now, self._forget, connection, side)

    # ---------------------------------------------------------------- what a test may say

    def flows(self, host: Host) -> list[Flow]:
        """The connections that a party has, the oldest first."""
        return [side.flow for _, side in self._open.values() if side.host is host]

    def reset(self, host: Host, flow: Flow | None = None) -> None:
        """Break a connection of this party, or all of them: what is on its way is lost, and both sides are told."""
        for connection in list(dict.fromkeys([*self._opening, *(connection for connection, _ in self._open.values())])):
            if any(side.host is host and flow in {None, side.flow} for side in connection.sides):
                self._break(connection)

    def half_close(self, host: Host, flow: Flow) -> None:
        """Let this party send no more on a connection, though it still receives: the peer reads an end."""
        found = self._open.get((id(host), flow))
        if found is not None:
            self._half_close(*found)

    # ---------------------------------------------------------------- how a connection begins

    def _accepted(self, connection: Connection) -> None:
        if not connection.broken:
            self._know(connection, connection.sides[1])

    def _opened(self, connection: Connection, open: Open) -> None:
        if connection.broken:
            self._failed(connection, open)
            return
        maker, taker = connection.sides
        del self._opening[connection]
        self.made += 1
        self._know(connection, maker, open=open)
        if taker.arrived or taker.end_arrived:
            self._deliver(connection, taker)

    def _know(self, connection: Connection, side: Side, **options: Any) -> None:
        side.known = True
        self._open[id(side.host), side.flow] = connection, side
        self._tell(side, "flow_opened", side.flow, **options)

    def _failed(self, connection: Connection, open: Open) -> None:
        del self._opening[connection]
        self._note("not made", *connection.hosts)
        self._tell(connection.sides[0], "open_failed", open)

    # ---------------------------------------------------------------- how bytes get across

    def _put(self, connection: Connection, side: Side, data: bytes) -> None:
        world, draw = self._world, self._random.random
        other = connection.other(side)
        way = world.way(side.host, other.host)
        streams = way.link.streams
        takes = way.queued(len(data), world.now) + self._crossing(side, other)
        if draw() < streams.stall:
            takes += streams.stall_s * draw()
        if takes > HELD_UP_S:
            self._note("held up", *connection.hosts, lasts=takes)
        if takes > streams.gives_up_s:
            world.plan(world.now + streams.gives_up_s, self._break, connection)
            return
        side.last_at = max(side.last_at, world.now + takes)
        side.flying.append(data)
        world.plan(side.last_at, self._arrive, connection, side)
        if draw() < streams.half_close:
            self._half_close(connection, side)
        if draw() < streams.reset:
            world.plan(world.now + takes * draw(), self._break, connection)

    def _half_close(self, connection: Connection, side: Side) -> None:
        if not side.ended:
            connection.half_closed_at = self._world.now
            self._end(connection, side)

    def _end(self, connection: Connection, side: Side) -> None:
        if not side.ended:
            side.ended = True
            takes = self._crossing(side, connection.other(side))
            # The end that cannot get through is sent again for a while, and nobody hears of it who does not send.
            if takes <= self._world.way(side.host, connection.other(side).host).link.streams.gives_up_s:
                side.last_at = max(side.last_at, self._world.now + takes)
                self._world.plan(side.last_at, self._arrive_end, connection, side)

    def _crossing(self, sender: Side, receiver: Side) -> float:
        """How long it takes until something has got across, having been sent again whenever it was lost."""
        way = self._world.way(sender.host, receiver.host)
        takes, wait = way.transit(), SENT_AGAIN_S
        while takes <= way.link.streams.gives_up_s:
            lost = self._random.random() < way.link.loss
            if not lost and not self._world.parted(sender.host, receiver.host, self._world.now + takes):
                break
            takes += wait
            wait *= 2.0
        return takes

    def _arrive(self, connection: Connection, side: Side) -> None:
        data = side.flying.popleft()
        if connection.other(side).closed:
            # Who has closed it answers what still comes with a reset.
            self._break(connection)
        else:
            side.arrived += data
            self._deliver(connection, side)

    def _arrive_end(self, connection: Connection, side: Side) -> None:
        side.end_arrived = True
        self._deliver(connection, side)

    def _deliver(self, connection: Connection, side: Side, *, next: bool = False) -> None:
        """Hand a piece over; the `next` follows, and after the last one the end."""
        other = connection.other(side)
        if connection.broken or not other.known or other.closed or (side.delivering and not next):
            return
        side.delivering = False
        if side.arrived:
            streams = self._world.way(side.host, other.host).link.streams
            size = self._random.randint(*streams.chunks)
            piece = bytes(side.arrived[:size])
            del side.arrived[:size]
            if side.arrived or side.end_arrived:
                side.delivering = True
                after = streams.pause * self._random.random()
                self._world.plan(self._world.now + after, self._go_on, connection, side)
            self._tell(other, "receive", piece, other.flow)
        elif side.end_arrived and other.ended:
            self._forget(connection, other)
        elif side.end_arrived:
            self._tell(other, "flow_finished", other.flow)

    def _go_on(self, connection: Connection, side: Side) -> None:
        self._deliver(connection, side, next=True)

    # ---------------------------------------------------------------- how it ends

    def _break(self, connection: Connection) -> None:
        if not connection.broken:
            connection.broken = True
            self._note("reset", *connection.hosts)
            for side in connection.sides:
                self._forget(connection, side)

    def _note(self, what: str, *hosts: Host, at: float | None = None, lasts: float = 0.0) -> None:
        now = self._world.now
        names = frozenset(host.name for host in hosts)
        self.faults.append(Fault(what, names, now if at is None else at, now + lasts))

    def _forget(self, connection: Connection, side: Side) -> None:
        """This side has it no more, and is told."""
        side.closed = side.ended = True
        if connection.half_closed_at is not None and connection.other(side).closed:
            self._note("half-closed", *connection.hosts, at=connection.half_closed_at)
            connection.half_closed_at = None
        if side.known:
            side.known = False
            del self._open[id(side.host), side.flow]
            self._tell(side, "flow_closed", side.flow)

    def _send_failed(self, host: Host, life: int, send: Send) -> None:
        if host.life == life:
            self._world.tell(host, "send_failed", send)

    def _tell(self, side: Side, name: str, *args: Any, **options: Any) -> None:
        if side.host.life == side.life:
            self._world.tell(side.host, name, *args, **options)


def _back(flow: Flow) -> Flow:
    return Flow(flow.transport, flow.remote, flow.local)
