"""An endpoint bound to a socket: what every adapter needs around one and no adapter should decide.

Commands without `now`; events sorted to the call and the request that they are about, and kept, within bounds, until
somebody reads them; addresses as sockets give them. Not here: sockets, the clock, and waiting, which are the adapter's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, Protocol, TypedDict, TypeVar, Unpack

from sipsm.endpoint.endpoint import Endpoint, Watcher
from sipsm.errors import LocalProtocolError
from sipsm.ids import Ids
from sipsm.role import (
    Answered,
    AnswerReceived,
    Call,
    CallState,
    Dropped,
    Ended,
    Established,
    Event,
    IncomingCall,
    Limits,
    NotDelivered,
    OfferReceived,
    OutgoingRequest,
    Output,
    Profile,
    RequestServed,
    Ringing,
)
from sipsm.role.call import Headers
from sipsm.transaction import TimerValues
from sipsm.transport import Address, Close, Flow, Listening, Open, Send

__all__ = [
    "UNREAD_EVENTS",
    "UNSENT_BYTES",
    "Address",
    "BoundAgent",
    "BoundCall",
    "BoundRequest",
    "Headers",
    "Inbox",
    "Options",
    "Stream",
    "address_of",
    "hosts_of",
    "stream_flow",
]

UNREAD_EVENTS: Final = 1_000
"""How many events are kept for an agent or a call that nobody reads."""
UNSENT_BYTES: Final = 1_048_576
"""How many bytes wait for the peer of one connection to read; with more, the connection is over."""

R = TypeVar("R")
C = TypeVar("C", bound="BoundCall[Any]")
Note = Dropped | RequestServed | NotDelivered


class Options(TypedDict, total=False):
    """The keywords of an `Endpoint`, all optional."""

    profile: Profile | None
    limits: Limits | None
    times: TimerValues | None
    ids: Ids | None
    watcher: Watcher | None


class Inbox:
    """Events in the order in which they came, until somebody reads them.

    At most `UNREAD_EVENTS` are kept. Notes that ask for nothing (`Dropped`, `RequestServed`, `NotDelivered`) take up
    no more than half of that, and are not kept beyond; any other event pushes out the oldest.
    """

    def __init__(self) -> None:
        self._unread: deque[Event] = deque()
        self._closed = False

    def _put(self, event: Event) -> Event | None:
        """Keep an event; returns the one that it pushed out."""
        pushed_out: Event | None = None
        if not isinstance(event, Note) or len(self._unread) < UNREAD_EVENTS // 2:
            self._unread.append(event)
            if len(self._unread) > UNREAD_EVENTS:
                pushed_out = self._unread.popleft()
        self._wake()
        return pushed_out

    def _take(self) -> Event | None:
        """The oldest unread event, or None."""
        return self._unread.popleft() if self._unread else None

    def _over(self) -> bool:
        """Whether no event will come any more."""
        return self._closed

    def _close(self) -> None:
        """From now on nothing comes."""
        self._closed = True
        self._wake()

    def _check_open(self) -> None:
        """Raises `LocalProtocolError` when there is nothing to wait for."""
        if self._closed:
            raise LocalProtocolError("the agent has been closed: do this inside its `with` block")

    def _wake(self) -> None:
        """Something has changed: whoever waits looks again. An adapter in which somebody can wait says how."""


class BoundRequest(Inbox):
    """A request outside a call that somebody waits for."""

    def __init__(self) -> None:
        super().__init__()
        self._answered: Answered | None = None

    def _put(self, event: Event) -> None:
        assert isinstance(event, Answered), "this is all that is told of a request"
        self._answered = event
        super()._put(event)


class BoundCall(Inbox, ABC, Generic[R]):
    """A call of an agent: its commands, its state, and what has been told of it.

    Commands raise `LocalProtocolError` when a rule forbids them; then nothing has changed and nothing was sent.
    """

    def __init__(self, core: Call) -> None:
        super().__init__()
        self.core: Final = core
        """The call as the endpoint knows it, and as events carry it."""
        self._outcome: Established | Ended | None = None
        self._ended: Ended | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__} {self.call_id} {self.state}>"

    @property
    def state(self) -> CallState:
        """Where it stands."""
        return self.core.state

    @property
    def outgoing(self) -> bool:
        """Whether we called."""
        return self.core.outgoing

    @property
    def call_id(self) -> str:
        """The Call-ID (RFC 3261 8.1.1.4)."""
        return self.core.call_id

    @property
    def local_sdp(self) -> bytes:
        """The description that we sent, or nothing."""
        return self.core.local_sdp

    @property
    def remote_sdp(self) -> bytes:
        """The description that the peer sent, or nothing."""
        return self.core.remote_sdp

    # ---------------------------------------------------------------- commands

    def ring(self, status: int = 180, *, sdp: bytes = b"", reason: str | None = None, headers: Headers = ()) -> R:
        """Send a provisional response, 101 to 199; with `sdp` it shows the answer early (RFC 3261 13.3.1.1)."""
        return self._do(self.core.ring, status, sdp=sdp, reason=reason, headers=headers)

    def answer(self, sdp: bytes = b"", *, status: int = 200, headers: Headers = ()) -> R:
        """Accept with a 2xx that carries the answer, or the offer if the INVITE had none (RFC 3261 13.3.1.4)."""
        return self._do(self.core.answer, sdp, status=status, headers=headers)

    def reject(self, status: int = 603, *, reason: str | None = None, headers: Headers = ()) -> R:
        """Refuse the call with 300 to 699; for 3xx, `headers` hold the Contact lines (RFC 3261 13.3.1.2, 13.3.1.3)."""
        return self._do(self.core.reject, status, reason=reason, headers=headers)

    def cancel(self, *, headers: Headers = ()) -> R:
        """Give the call up before it is answered; the CANCEL waits for a provisional response (RFC 3261 9.1)."""
        return self._do(self.core.cancel, headers=headers)

    def answer_offer(self, sdp: bytes, *, headers: Headers = ()) -> R:
        """Answer the offer that came in the 2xx: it goes into the ACK (RFC 3261 13.2.2.4)."""
        return self._do(self.core.answer_offer, sdp, headers=headers)

    def hang_up(self, *, headers: Headers = ()) -> R:
        """End the call with a BYE (RFC 3261 15.1.1). Media stop now; `Ended` comes when the BYE has been answered."""
        return self._do(self.core.hang_up, headers=headers)

    @abstractmethod
    def _do(self, command: Callable[..., list[Output]], *args: Any, **kwargs: Any) -> R:
        """Call this command with the present as `now`, and perform its outputs."""

    # ---------------------------------------------------------------- events

    def _put(self, event: Event) -> Event | None:
        if isinstance(event, Established | Ended):
            self._outcome = self._outcome or event
        if isinstance(event, Ended):
            self._ended = event
        return super()._put(event)

    def _over(self) -> bool:
        return self._closed or self._ended is not None


class Stream(Protocol):
    """A connection, as an adapter has it. Nothing in it blocks."""

    flow: Flow

    @property
    def waits(self) -> bool:
        """Whether something waits to be sent."""

    def write(self, data: bytes) -> bool:
        """Send this after what waits to be sent; False when the connection is gone, or too much waits."""

    def close(self) -> None:
        """Close it at once."""


class BoundAgent(Inbox, ABC, Generic[C]):
    """A user agent on its sockets: its endpoint, and its calls with commands that need no `now`.

    It is at one local address or several, such as `"udp:192.0.2.1:5060"`, `"tcp:192.0.2.1:5060"` or `"udp:[::1]:0"`.
    Port 0 is any free one, and the same for all addresses of one host that have it. `advertised` is what others are
    told instead: needed for a wildcard; its port 0 stands for the bound one. On leaving its block an agent gives
    requests under way, such as a BYE, up to `grace` seconds to be answered. `resolver` is one of dnspython's, of the
    adapter's kind; by default one that asks the name servers that the system is configured to ask.
    """

    def __init__(
        self,
        local: str,
        *more: str,
        advertised: Address | None = None,
        grace: float = 5.0,
        resolver: Any = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__()
        self._wanted = tuple(Listening.parse(each, advertised) for each in (local, *more))
        self._grace = grace
        self._resolver = resolver
        self._options = options
        self._endpoint: Endpoint | None = None
        self._listening: tuple[Listening, ...] = ()
        self._streams: dict[Flow, Stream] = {}
        self._calls: dict[Call, C] = {}
        self._asked: dict[OutgoingRequest, BoundRequest] = {}
        self._taken: Event | None = None

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint. Raises `LocalProtocolError` before the agent's block has been entered."""
        if self._endpoint is None:
            raise LocalProtocolError("the agent is not open yet: do this inside its `with` block")
        return self._endpoint

    @property
    def local(self) -> Listening:
        """Where it listens, with the real port: the first of its addresses."""
        return self.listening[0]

    @property
    def listening(self) -> tuple[Listening, ...]:
        """All addresses at which it listens, in the order given. Raises `LocalProtocolError` as `endpoint` does."""
        _ = self.endpoint
        return self._listening

    def bound(self, call: Call) -> C:
        """The call of this agent that an event is about: always the same object for the same call.

        It can be had until the event that follows the call's `Ended` is read; raises `LocalProtocolError` later.
        """
        found = self._calls.get(call)
        if found is None:
            raise LocalProtocolError(f"the agent has no such call, or none any more: {call.call_id}")
        return found

    @abstractmethod
    def _new_call(self, core: Call) -> C:
        """A call as this adapter shows it."""

    # ---------------------------------------------------------------- for the adapter

    @property
    def _read_size(self) -> int:
        """How many bytes to read at once: one more than a message may have, so that a longer one is seen to be it."""
        return self.endpoint.limits.message_bytes + 1

    def _opened(self, *socknames: tuple[Any, ...]) -> None:
        """The sockets are bound, to these addresses."""
        self._check_open()
        listening = []
        for wanted, address in zip(self._wanted, map(address_of, socknames), strict=True):
            host, port = wanted.advertised
            listening.append(Listening(wanted.transport, address, (host, port or address[1])))
        self._endpoint = Endpoint(*listening, **self._options)
        self._listening = tuple(listening)

    def _flow_from(self, local: Address, sockaddr: tuple[Any, ...]) -> Flow:
        """The flow of a datagram that came to the one address from the other."""
        return Flow("UDP", local, address_of(sockaddr))

    @property
    def _is_busy(self) -> bool:
        """Whether somebody would miss the agent if it were closed now."""
        return self.endpoint.unfinished > 0 or any(stream.waits for stream in self._streams.values())

    def _connected(self, stream: Stream, now: float, open: Open | None = None) -> list[Output]:
        """A connection is there: what an `Open` came to, or one that has been accepted."""
        self._streams[stream.flow] = stream
        return self.endpoint.flow_opened(stream.flow, now, open)

    def _write(self, send: Send, now: float) -> list[Output]:
        """Send on a connection. Where that fails, it is over: nothing may be missing between two messages."""
        stream = self._streams.get(send.flow)
        if stream is None:
            return self.endpoint.send_failed(send, now)
        return [] if stream.write(send.data) else [*self.endpoint.send_failed(send, now), *self._over_for(stream, now)]

    def _hang_up_on(self, close: Close, now: float) -> list[Output]:
        """Close a connection, as the endpoint wants."""
        stream = self._streams.get(close.flow)
        return [] if stream is None else self._over_for(stream, now)

    def _over_for(self, stream: Stream, now: float) -> list[Output]:
        """A connection is over, whoever ended it; the endpoint is told so once."""
        stream.close()
        if self._streams.get(stream.flow) is not stream or self._closed:
            return []
        del self._streams[stream.flow]
        return self.endpoint.flow_closed(stream.flow, now)

    def _begun(self, core: Call) -> C:
        """A call has been made: from now on it is told its events."""
        call = self._calls[core] = self._new_call(core)
        return call

    def _note(self, event: Event) -> None:
        """Sort an event to whom it concerns."""
        core: Call | None = None
        match event:
            case IncomingCall(call=core):
                self._begun(core)
            case Answered(request=asked):
                core = asked.call
                if (request := self._asked.pop(asked, None)) is not None:
                    request._put(event)
            case Ringing() | OfferReceived() | AnswerReceived() | Established() | Ended():
                core = event.call
            case _:
                pass
        if core in self._calls:
            self._calls[core]._put(event)
        self._forget(self._put(event))

    def _take(self) -> Event | None:
        # The call of an `Ended` that has just been read must still be found; the next reading shows that it was.
        self._forget(self._taken)
        self._taken = super()._take()
        return self._taken

    def _forget(self, event: Event | None) -> None:
        if isinstance(event, Ended):
            self._calls.pop(event.call, None)

    def _close(self) -> None:
        super()._close()
        waiting: list[Inbox] = [*self._calls.values(), *self._asked.values()]
        for inbox in waiting:
            inbox._close()


def address_of(sockaddr: tuple[Any, ...]) -> Address:
    """A socket's address as host and port. The zone of a link-local IPv6 address stays with the host: `fe80::1%2`."""
    host, port, *more = sockaddr
    zone = more[1] if len(more) == 2 else 0
    return (f"{host}%{zone}" if zone and "%" not in host else host), port


def stream_flow(sockname: tuple[Any, ...], peername: tuple[Any, ...]) -> Flow:
    """The flow of a connection over TCP, with the addresses of both its ends as its socket gives them."""
    return Flow("TCP", address_of(sockname), address_of(peername))


def hosts_of(found: Iterable[tuple[Any, ...]]) -> list[str]:
    """The numeric addresses in what `getaddrinfo` found, in its order, each once."""
    return list(dict.fromkeys(address_of(sockaddr)[0] for *_, sockaddr in found))
