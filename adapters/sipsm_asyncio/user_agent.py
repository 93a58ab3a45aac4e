"""A user agent on one UDP socket, driven by an asyncio event loop. Nothing here knows SIP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from types import TracebackType
from typing import Any, Self, TypeVar

from sipsm import Answered, Ended, Established, Event, OutgoingRequest, Output, Resolve, Send, Uri
from sipsm import Call as CoreCall
from sipsm.endpoint.bound import BoundAgent, BoundCall, BoundRequest, Headers, Inbox
from sipsm_dns import look_up

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
    """A user agent: `async with UserAgent("udp:192.0.2.1:5060") as agent`. `async for` gives its events, each once.

    Keywords: `advertised=(host, port)`, `grace=5.0` seconds, `resolver` (dnspython's), and those of `sipsm.Endpoint`.
    Leaving the block waits for what is under way, at most `grace` seconds, unless an exception leaves it; then the
    socket is closed. It ends no call by itself: hang up first.
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
        host, port = self._wanted.address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        udp = socket.socket(family, socket.SOCK_DGRAM)
        try:
            if family == socket.AF_INET6:
                udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            udp.bind((host, port))
            self._opened(udp.getsockname())
            self._loop = asyncio.get_running_loop()
            self._stepped = asyncio.Event()
            self._tasks: set[asyncio.Task[None]] = set()
            self._transport, self._wire = await self._loop.create_datagram_endpoint(lambda: _Wire(self), sock=udp)
        except BaseException:
            udp.close()
            raise
        # asyncio asks for 256 KiB a read, and making room for that costs more than all else it does for a datagram.
        # The attribute is that of its own selector loop; other loops have none.
        if hasattr(self._transport, "max_size"):
            self._transport.max_size = self._read_size
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._grace):
                        while self.endpoint.unfinished:
                            await self._stepped.wait()
        finally:
            self._close()
            if self._timer is not None:
                self._timer.cancel()
            self._transport.abort()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(self._wire.closed.wait(), *self._tasks, return_exceptions=True)

    # ---------------------------------------------------------------- the endpoint's wishes

    def _perform(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Send(flow, data):
                    errors = self._wire.errors
                    self._transport.sendto(data, flow.remote)
                    # When the system refuses it, asyncio says so to the protocol, before `sendto` returns.
                    if self._wire.errors > errors:
                        outputs += self.endpoint.send_failed(output, self._loop.time())
                case Resolve():
                    task = self._loop.create_task(self._resolve(output))
                    self._tasks.add(task)
                    task.add_done_callback(self._tasks.discard)
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

    async def _resolve(self, resolve: Resolve) -> None:
        records = await look_up(resolve, self._resolver, "asyncio", self._loop.getaddrinfo)
        self._perform(self.endpoint.resolved(resolve, records, self._loop.time()))


class _Wire(asyncio.DatagramProtocol):
    """What asyncio tells of the socket."""

    def __init__(self, agent: UserAgent) -> None:
        self.agent = agent
        self.errors = 0
        self.closed = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        agent = self.agent
        agent._perform(agent.endpoint.receive(data, agent._flow_from(addr), agent._loop.time()))

    def error_received(self, exc: Exception) -> None:
        self.errors += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()
