"""A user agent over UDP and TCP, driven by an asyncio event loop. Nothing here knows SIP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import cached_property, partial
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from sipsm import Answered, Close, Ended, Established, Event, Open, OutgoingRequest, Output, Resolve, Send, Uri
from sipsm import Call as CoreCall
from sipsm.endpoint.bound import UNSENT_BYTES, Address, BoundAgent, BoundCall, BoundRequest, Headers, Inbox, stream_flow
from sipsm_dns import look_up
from sipsm_sockets import listening_sockets, unconnected

T = TypeVar("T")


class _Awaited(Inbox):
    """An inbox that tasks can wait for."""

    @cached_property
    def _changed(self) -> asyncio.Event:
        return asyncio.Event()

    def _wake(self) -> None:
        # Everybody who waits now wakes up; who comes later waits for the next time.
        self._changed.set()
        self._changed.clear()

    async def _until(self, found: Callable[[], T | None]) -> T:
        while (value := found()) is None:
            self._check_open()
            await self._changed.wait()
        return value

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while (event := self._take()) is None:
            if self._over():
                raise StopAsyncIteration
            await self._changed.wait()
        return event


class _Request(_Awaited, BoundRequest):
    """A request that a task waits for."""

    async def answered(self) -> Answered:
        return await self._until(lambda: self._answered)


class Call(_Awaited, BoundCall[None]):
    """A call. Its commands act at once; `async for` gives its events, each once, and ends after `Ended`."""

    def __init__(self, agent: UserAgent, core: CoreCall) -> None:
        super().__init__(core)
        self._agent = agent

    async def outcome(self) -> Established | Ended:
        """Wait until the call is up, or over without having been up."""
        return await self._until(lambda: self._outcome)

    async def ended(self) -> Ended:
        """Wait until the call is over."""
        return await self._until(lambda: self._ended)

    async def request(
        self, method: str, *, headers: Headers = (), body: bytes = b"", content_type: str | None = None
    ) -> Answered:
        """Send another request in the call's dialog, such as OPTIONS (RFC 3261 12.2.1), and wait for its end."""
        self._agent._check_open()
        now = self._agent._loop.time()
        core, outputs = self.core.request(method, headers=headers, body=body, content_type=content_type, now=now)
        return await self._agent._asked_for(core, outputs)

    def _do(self, command: Callable[..., list[Output]], *args: Any, **kwargs: Any) -> None:
        self._agent._check_open()
        self._agent._perform(command(*args, **kwargs, now=self._agent._loop.time()))


class UserAgent(_Awaited, BoundAgent[Call]):
    """A user agent: `async with UserAgent("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060") as agent`.

    `async for` gives its events, each once. It is at one local address or several, over UDP and TCP.
    Keywords: `advertised=(host, port)`, `grace=5.0` seconds, `resolver` (dnspython's), and those of `sipsm.Endpoint`.
    Leaving the block waits for what is under way, at most `grace` seconds, unless an exception leaves it; then the
    sockets are closed. It ends no call by itself: hang up first.
    """

    _timer: asyncio.TimerHandle | None = None

    # ---------------------------------------------------------------- commands

    def invite(self, target: Uri | str, *, offer: bytes = b"", to: str | None = None, headers: Headers = ()) -> Call:
        """Call somebody (RFC 3261 13.2.1). Without an offer, the peer's 2xx must carry one."""
        self._check_open()
        core, outputs = self.endpoint.invite(target, offer=offer, to=to, headers=headers, now=self._loop.time())
        call = self._begun(core)
        self._perform(outputs)
        return call

    async def request(
        self,
        method: str,
        target: Uri | str,
        *,
        to: str | None = None,
        headers: Headers = (),
        body: bytes = b"",
        content_type: str | None = None,
    ) -> Answered:
        """Send a request outside a call, such as OPTIONS (RFC 3261 11), and wait for its end."""
        self._check_open()
        outgoing, outputs = self.endpoint.request(
            method, target, to=to, headers=headers, body=body, content_type=content_type, now=self._loop.time()
        )
        return await self._asked_for(outgoing, outputs)

    async def _asked_for(self, outgoing: OutgoingRequest, outputs: list[Output]) -> Answered:
        request = self._asked[outgoing] = _Request()
        self._perform(outputs)
        return await request.answered()

    def _new_call(self, core: CoreCall) -> Call:
        return Call(self, core)

    # ---------------------------------------------------------------- the block

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._stepped = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._wires: set[_Wire] = set()
        self._datagrams: dict[Address, _Datagrams] = {}
        self._servers: list[asyncio.Server] = []
        sockets = listening_sockets(self._wanted)
        try:
            self._opened(*(each.getsockname() for each in sockets))
            for listening, each in zip(self._listening, sockets, strict=True):
                if listening.transport == "UDP":
                    here = partial(_Datagrams, self, listening.address)
                    _, self._datagrams[listening.address] = await self._loop.create_datagram_endpoint(here, sock=each)
                else:
                    self._servers.append(await self._loop.create_server(partial(_Stream, self), sock=each))
        except BaseException:
            await self._leave()
            for each in sockets:
                each.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._grace):
                        while self._is_busy:
                            await self._stepped.wait()
        finally:
            await self._leave()

    async def _leave(self) -> None:
        self._close()
        if self._timer is not None:
            self._timer.cancel()
        for server in self._servers:
            server.close()
        for task in self._tasks:
            task.cancel()
        for wire in self._wires:
            wire.transport.abort()
        await asyncio.gather(*self._tasks, *(wire.closed.wait() for wire in self._wires), return_exceptions=True)

    # ---------------------------------------------------------------- the endpoint's wishes

    def _perform(self, outputs: list[Output]) -> None:
        if self._closed:
            return
        for output in outputs:
            match output:
                case Send(flow, data) if not flow.reliable:
                    if not self._datagrams[flow.local].write(data, flow.remote):
                        outputs += self.endpoint.send_failed(output, self._loop.time())
                case Send():
                    outputs += self._write(output, self._loop.time())
                case Open():
                    self._start(self._connect(output))
                case Close():
                    outputs += self._hang_up_on(output, self._loop.time())
                case Resolve():
                    self._start(self._resolve(output))
                case event:
                    self._note(event)
        if self._timer is not None:
            self._timer.cancel()
        at = self.endpoint.next_timeout()
        self._timer = None if at is None else self._loop.call_at(at, self._wake_up, at)
        self._stepped.set()
        self._stepped.clear()

    def _wake_up(self, at: float) -> None:
        # asyncio may wake a tick early; `at` is the deadline that the endpoint asked for.
        self._perform(self.endpoint.handle_timeout(max(at, self._loop.time())))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _resolve(self, resolve: Resolve) -> None:
        records = await look_up(resolve, self._resolver, "asyncio", self._loop.getaddrinfo)
        self._perform(self.endpoint.resolved(resolve, records, self._loop.time()))

    async def _connect(self, open: Open) -> None:
        try:
            connecting = unconnected(open)
            try:
                await self._loop.sock_connect(connecting, open.remote)
                await self._loop.create_connection(partial(_Stream, self, open), sock=connecting)
            except BaseException:
                connecting.close()
                raise
        except OSError:
            self._perform(self.endpoint.open_failed(open, self._loop.time()))


class _Wire(asyncio.BaseProtocol):
    """What asyncio tells of a socket."""

    transport: Any

    def __init__(self, agent: UserAgent) -> None:
        self.agent = agent
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.agent._wires.add(self)
        # asyncio asks for 256 KiB a read, and making room for that costs more than all else it does for a datagram.
        # The attribute is that of its own selector loop; other loops have none.
        if hasattr(transport, "max_size"):
            transport.max_size = self.agent._read_size

    def connection_lost(self, exc: Exception | None) -> None:
        self.agent._wires.discard(self)
        self.closed.set()


class _Datagrams(_Wire, asyncio.DatagramProtocol):
    """A UDP socket."""

    def __init__(self, agent: UserAgent, local: Address) -> None:
        super().__init__(agent)
        self.local = local
        self.errors = 0

    def write(self, data: bytes, remote: Address) -> bool:
        errors = self.errors
        self.transport.sendto(data, remote)
        # When the system refuses it, asyncio says so to the protocol, before `sendto` returns.
        return self.errors == errors

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        flow = self.agent._flow_from(self.local, addr)
        self.agent._perform(self.agent.endpoint.receive(data, flow, self.agent._loop.time()))

    def error_received(self, exc: Exception) -> None:
        self.errors += 1


class _Stream(_Wire, asyncio.Protocol):
    """A connection: made by a peer, or what an `Open` came to."""

    def __init__(self, agent: UserAgent, open: Open | None = None) -> None:
        super().__init__(agent)
        self.open = open
        self.flow = stream_flow(("", 0), ("", 0))

    @property
    def waits(self) -> bool:
        return cast(int, self.transport.get_write_buffer_size()) > 0

    def write(self, data: bytes) -> bool:
        if self.transport.is_closing() or self.transport.get_write_buffer_size() + len(data) > UNSENT_BYTES:
            return False
        self.transport.write(data)
        return True

    def close(self) -> None:
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        agent, now = self.agent, self.agent._loop.time()
        # Whoever resets it at once has no address any more.
        ends = transport.get_extra_info("sockname"), transport.get_extra_info("peername")
        if None in ends or agent._closed:
            self.transport.abort()
            if self.open is not None:
                agent._perform(agent.endpoint.open_failed(self.open, now))
            return
        self.flow = stream_flow(*ends)
        # So `resume_writing` is called when nothing waits any more.
        self.transport.set_write_buffer_limits(0)
        agent._perform(agent._connected(self, now, self.open))

    def resume_writing(self) -> None:
        self.agent._perform([])

    def data_received(self, data: bytes) -> None:
        self.agent._perform(self.agent.endpoint.receive(data, self.flow, self.agent._loop.time()))

    def eof_received(self) -> None:
        self.agent._perform(self.agent._over_for(self, self.agent._loop.time()))

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.eof_received()
