"""An endpoint bound to a socket: what every adapter needs around one and no adapter should decide.

Its connections, addresses as sockets give them, and how it goes on in another process. Not here: sockets, the clock,
and waiting, which are the adapter's; nor what is done with an event, see `sipsm.endpoint.sorting`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Final, Protocol, Self, TypedDict, Unpack

from sipsm.endpoint.asking import Asking
from sipsm.endpoint.awaited import (
    Awaited,
    AwaitedCall,
    AwaitedPeerSubscription,
    AwaitedPublication,
    AwaitedReferral,
    AwaitedRegistration,
    AwaitedRequest,
    AwaitedSubscription,
)
from sipsm.endpoint.beginning import Beginning, Finding
from sipsm.endpoint.bound_call import BoundCall, CallOutcome, Requested
from sipsm.endpoint.bound_events import BoundPeerSubscription, BoundSubscription, SubscriptionOutcome
from sipsm.endpoint.bound_handle import Bound, BoundRequest, E, O, Told
from sipsm.endpoint.bound_lease import (
    BoundPublication,
    BoundPublishRequest,
    BoundRegisterRequest,
    BoundRegistration,
    PublicationOutcome,
    RegistrationOutcome,
)
from sipsm.endpoint.bound_referral import BoundPeerReferral, BoundReferral, ReferralOutcome
from sipsm.endpoint.endpoint import Endpoint
from sipsm.endpoint.inbox import UNREAD_EVENTS, Inbox
from sipsm.endpoint.sorting import Sorting
from sipsm.endpoint.suspended import Suspended
from sipsm.endpoint.watcher import Watcher
from sipsm.errors import LocalProtocolError
from sipsm.ids import Ids
from sipsm.role import Call, CallState, Dropped, DropReason, Limits, Output, Policy, Profile
from sipsm.transaction import TimerValues
from sipsm.transport import (
    Address,
    Close,
    Flow,
    FlowLimits,
    FlowTimes,
    KeepAlive,
    Listening,
    MessageLimits,
    Open,
    Send,
)
from sipsm.transport.handshakes import Handshakes
from sipsm.transport.locate import SECURE

__all__ = [
    "UNREAD_EVENTS",
    "UNSENT_BYTES",
    "UNSENT_BYTES_IN_ALL",
    "Address",
    "Asking",
    "Awaited",
    "AwaitedCall",
    "AwaitedPeerSubscription",
    "AwaitedPublication",
    "AwaitedReferral",
    "AwaitedRegistration",
    "AwaitedRequest",
    "AwaitedSubscription",
    "Beginning",
    "Bound",
    "BoundAgent",
    "BoundCall",
    "BoundPeerReferral",
    "BoundPeerSubscription",
    "BoundPublication",
    "BoundPublishRequest",
    "BoundReferral",
    "BoundRegisterRequest",
    "BoundRegistration",
    "BoundRequest",
    "BoundSubscription",
    "CallOutcome",
    "E",
    "Finding",
    "Inbox",
    "O",
    "Options",
    "PublicationOutcome",
    "ReferralOutcome",
    "RegistrationOutcome",
    "Requested",
    "Stream",
    "SubscriptionOutcome",
    "Told",
    "address_of",
    "hosts_of",
    "stream_flow",
]

UNSENT_BYTES: Final = 1_048_576
"""How many bytes wait for the peer of one connection to read; with more, the connection is over."""
UNSENT_BYTES_IN_ALL: Final = 67_108_864
"""How many wait for all peers; with more, the connection is over whose peer lets them become more."""


class Options(TypedDict, total=False):
    """The keywords of an `Endpoint`, all optional."""

    profile: Profile | None
    policy: Policy | None
    limits: Limits | None
    times: TimerValues | None
    message_limits: MessageLimits | None
    flow_limits: FlowLimits | None
    flow_times: FlowTimes | None
    keep_alive: KeepAlive | None
    ids: Ids | None
    watcher: Watcher | None


class Stream(Protocol):
    """A connection, as an adapter has it. Nothing in it blocks."""

    flow: Flow
    open: Open | None
    """What it was made for; None if a peer made it."""

    @property
    def is_secured(self) -> bool:
        """Whether there is a handshake, to be made or made."""

    @property
    def unsent(self) -> int:
        """How many bytes wait to be sent."""

    @property
    def proved(self) -> tuple[str, ...]:
        """The names that its peer has proved, in lower case."""

    def write(self, data: bytes) -> bool:
        """Send this after what waits to be sent; False when the connection is gone, or too much waits."""

    def close(self) -> None:
        """Close it at once."""


class BoundAgent(Sorting, ABC):
    """A user agent on its sockets: its endpoint, and what that has given as handles, with commands that need no `now`.

    It is at one local address or several, such as `"udp:192.0.2.1:5060"`, `"tcp:192.0.2.1:5060"` or `"udp:[::1]:0"`.
    Port 0 is any free one, and the same for all addresses of one host that have it. `advertised` is what others are
    told instead: needed for a wildcard; its port 0 stands for the bound one. A `Listening` says both for itself. At an
    address such as `"tls:192.0.2.1:5061"` it needs `tls`, what `sipsm_sockets.tls_contexts` makes of certificates. On
    leaving its block an agent gives requests under way, such as a BYE, up to `grace` seconds to be answered. `resolver`
    is one of dnspython's, of the adapter's kind; by default one that asks the name servers that the system is
    configured to ask.
    """

    _made_by: ClassVar[Callable[..., Any]] = Endpoint
    """Makes what is driven: an `Endpoint`, or what is used as one."""

    def __init__(
        self,
        local: Listening | str,
        *more: Listening | str,
        advertised: Address | None = None,
        grace: float = 5.0,
        resolver: Any = None,
        tls: Any = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__()
        self._wanted = tuple(
            Listening.parse(each, advertised) if isinstance(each, str) else each for each in (local, *more)
        )
        self._grace = grace
        self._resolver = resolver
        if tls is None and any(each.transport in SECURE for each in self._wanted):
            raise LocalProtocolError("over TLS it has to be said with which certificates, as `tls`", rfc="3261 26.3.1")
        self._tls = tls
        self._options = options
        self._suspended: Suspended | None = None
        self._ahead = 0.0
        """What the time of the endpoint is ahead of the adapter's clock, in seconds."""
        self._endpoint: Endpoint | None = None
        self._listening: tuple[Listening, ...] = ()
        self._handshakes: Handshakes[Stream] = Handshakes(FlowLimits(), FlowTimes())
        self._streams: dict[Flow, Stream] = {}
        self._unsent: dict[Flow, int] = {}
        """What waited on a connection when it was last looked at, where something did."""

    @classmethod
    def restored(
        cls,
        data: bytes,
        *,
        grace: float = 5.0,
        resolver: Any = None,
        tls: Any = None,
        ids: Ids | None = None,
        watcher: Watcher | None = None,
    ) -> Self:
        """An agent that goes on where another one was suspended, or saved: at its addresses, with its settings.

        It is not open yet; then `calls`, `subscriptions` and all else are there again, with new handles. `Established`
        of a call that was up already has its INVITE as `message`. Raises `SnapshotError` for bytes that are not those
        of an agent.
        """
        suspended = Suspended.read(data, ids, watcher)
        agent = cls(*suspended.endpoint.listening, grace=grace, resolver=resolver, tls=tls)
        agent._suspended = suspended
        return agent

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

    @property
    @abstractmethod
    def _now(self) -> float:
        """The present, in the endpoint's time; asked for only while the agent is open."""

    # ---------------------------------------------------------------- for the adapter

    def _done(
        self, command: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
    ) -> tuple[Any, list[Output]]:
        """Give a command; returns what it returns beside its outputs, if anything, and these."""
        done = command(*args, **options, now=self._now)
        made, outputs = done if isinstance(done, tuple) else (None, done)
        if isinstance(made, Call) and made not in self._handles:
            # One that follows a REFER.
            self._begun(made)
        return made, outputs

    @property
    def _read_size(self) -> int:
        """How many bytes to read at once: one more than a message may have, so that a longer one is seen to be it."""
        return self.endpoint.limits.message_bytes + 1

    def _opened(self, *socknames: tuple[Any, ...], clock: float = 0.0, wall: float = 0.0) -> None:
        """The sockets are bound to these addresses; so late is it by the adapter's clock and by that on the wall."""
        self._check_open()
        listening = []
        for wanted, address in zip(self._wanted, map(address_of, socknames), strict=True):
            host, port = wanted.advertised
            listening.append(Listening(wanted.transport, address, (host, port or address[1])))
        self._listening = tuple(listening)
        if self._suspended is None:
            self._endpoint = self._made_by(*listening, **self._options)
        else:
            self._endpoint = self._suspended.endpoint
        self._handshakes = Handshakes(self._endpoint.flow_limits, self._endpoint.flow_times)
        if self._suspended is None:
            if isinstance(self._endpoint, Endpoint):
                # A proxy has no use for the time of day.
                self._endpoint.tell_time(wall, now=clock)
            return
        self._ahead = self._suspended.time(wall) - clock
        self._endpoint.tell_time(wall, now=clock + self._ahead)
        for core in self._endpoint.calls:
            if core.state is not CallState.ENDED:
                self._begun(core)._restored()

    def _resume(self, now: float) -> list[Output]:
        """What is to be done first: nothing, where it was not suspended before."""
        if self._suspended is None:
            return []
        # The connections have gone with the sockets of who had them. What was asked for is still wanted.
        outputs = [output for flow in self.endpoint.flows for output in self.endpoint.flow_closed(flow, now)]
        asked: list[Output] = [*self.endpoint.opening, *self.endpoint.resolving]
        return [*outputs, *(each for each in asked if each not in outputs), *self.endpoint.handle_timeout(now)]

    def _saved(self, now: float, wall: float) -> bytes:
        """The state at this time of the endpoint, and of the clock on the wall."""
        return Suspended(self.endpoint, now, wall).written()

    def _suspend(self, now: float, wall: float) -> bytes:
        """The same; from now on nothing is sent, and nothing comes."""
        data = self._saved(now, wall)
        self._close()
        return data

    def _flow_from(self, local: Address, sockaddr: tuple[Any, ...]) -> Flow:
        """The flow of a datagram that came to the one address from the other."""
        return Flow("UDP", local, address_of(sockaddr))

    @property
    def _is_busy(self) -> bool:
        """Whether somebody would miss the agent if it were closed now."""
        if self._closed:
            return False
        return self.endpoint.unfinished > 0 or any(stream.unsent for stream in self._streams.values())

    def _begun_on(self, stream: Stream, now: float) -> list[Output]:
        """The network has made a connection: what an `Open` came to, or one that has been accepted.

        Where it is to be secured, a handshake begins: `_shaken` or `_failed` is to end it.
        """
        if not stream.is_secured:
            return self._connected(stream, now)
        full = self._handshakes.begin(stream, now, "" if stream.open else stream.flow.remote[0])
        return [] if full is None else self._unsecured(full, "too many handshakes are under way", now)

    def _connected(self, stream: Stream, now: float) -> list[Output]:
        self._streams[stream.flow] = stream
        return self.endpoint.flow_opened(stream.flow, now, stream.open, stream.proved)

    # ---------------------------------------------------------------- handshakes

    def _next_timeout(self) -> float | None:
        """When `_time_out` is to be called next, or None."""
        found = (self.endpoint.next_timeout(), self._handshakes.next_timeout())
        return min((at for at in found if at is not None), default=None)

    def _time_out(self, now: float) -> list[Output]:
        """So late is it: what is due happens."""
        late = [each for stream in self._handshakes.overdue(now) for each in self._unsecured(stream, "too slow", now)]
        return [*late, *self.endpoint.handle_timeout(now)]

    def _shaken(self, stream: Stream, now: float) -> list[Output]:
        """A handshake has come to its end, and so the connection is there."""
        self._handshakes.end(stream)
        return self._connected(stream, now)

    def _failed(self, stream: Stream, error: Exception, now: float) -> list[Output]:
        """Something has failed on a connection: it is over, or never was one."""
        return self._unsecured(stream, str(error), now) if stream in self._handshakes else self._over_for(stream, now)

    def _unsecured(self, stream: Stream, why: str, now: float) -> list[Output]:
        """A handshake has failed; the endpoint is told so once."""
        stream.close()
        if stream not in self._handshakes or self._closed:
            return []
        self._handshakes.end(stream)
        told: list[Output] = [Dropped(DropReason.NOT_SECURED, f"the handshake of TLS failed: {why}", stream.flow, b"")]
        return told if stream.open is None else told + self.endpoint.open_failed(stream.open, now)

    # ---------------------------------------------------------------- what connections carry

    def _write(self, send: Send, now: float) -> list[Output]:
        """Send on a connection. Where that fails, it is over: nothing may be missing between two messages."""
        stream = self._streams.get(send.flow)
        if stream is None:
            return self.endpoint.send_failed(send, now)
        if stream.write(send.data) and self._has_room(stream):
            return []
        return [*self.endpoint.send_failed(send, now), *self._over_for(stream, now)]

    def _has_room(self, stream: Stream) -> bool:
        """Whether as much as now may wait."""
        if not stream.unsent:
            return True
        self._unsent[stream.flow] = stream.unsent
        if sum(self._unsent.values()) > UNSENT_BYTES_IN_ALL:
            self._unsent = {flow: unsent for flow in self._unsent if (unsent := self._streams[flow].unsent)}
        return sum(self._unsent.values()) <= UNSENT_BYTES_IN_ALL

    def _hang_up_on(self, close: Close, now: float) -> list[Output]:
        """Close a connection, as the endpoint wants."""
        stream = self._streams.get(close.flow)
        return [] if stream is None else self._over_for(stream, now)

    def _finished_by(self, stream: Stream, now: float) -> list[Output]:
        """The peer has sent his last on a connection; he may still read."""
        there = self._streams.get(stream.flow) is stream and not self._closed
        return self.endpoint.flow_finished(stream.flow, now) if there else []

    def _over_for(self, stream: Stream, now: float) -> list[Output]:
        """A connection is over, whoever ended it; the endpoint is told so once."""
        stream.close()
        if self._streams.get(stream.flow) is not stream or self._closed:
            return []
        del self._streams[stream.flow]
        self._unsent.pop(stream.flow, None)
        return self.endpoint.flow_closed(stream.flow, now)


def address_of(sockaddr: tuple[Any, ...]) -> Address:
    """A socket's address as host and port. The zone of a link-local IPv6 address stays with the host: `fe80::1%2`."""
    host, port, *more = sockaddr
    zone = more[1] if len(more) == 2 else 0
    return (f"{host}%{zone}" if zone and "%" not in host else host), port


def stream_flow(transport: str, sockname: tuple[Any, ...], peername: tuple[Any, ...]) -> Flow:
    """The flow of a connection, with the addresses of both its ends as its socket gives them."""
    return Flow(transport, address_of(sockname), address_of(peername))


def hosts_of(found: Iterable[tuple[Any, ...]]) -> list[str]:
    """The numeric addresses in what `getaddrinfo` found, in its order, each once."""
    return list(dict.fromkeys(address_of(sockaddr)[0] for *_, sockaddr in found))
