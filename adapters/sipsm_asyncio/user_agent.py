"""A user agent over UDP, TCP and TLS, driven by an asyncio event loop. Nothing here knows SIP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack, closing, suppress
from functools import cached_property, partial
from socket import socket
from time import time
from types import TracebackType
from typing import Any, Self, TypeVar

from sipsm import Answered, Close, Open, Output, Resolve, Send
from sipsm.endpoint.bound import (
    Address,
    Asking,
    Awaited,
    AwaitedCall,
    AwaitedPeerSubscription,
    AwaitedPublication,
    AwaitedReferral,
    AwaitedRegistration,
    AwaitedRequest,
    AwaitedSubscription,
    Beginning,
    BoundPeerReferral,
    BoundPublishRequest,
    BoundRegisterRequest,
    Finding,
    Requested,
)
from sipsm_dns import look_up
from sipsm_sockets import Accepting, Ready, ReadyAgent, listening_sockets

T = TypeVar("T")


class _Awaited(Awaited):
    """An inbox that tasks can wait for."""

    @cached_property
    def _changed(self) -> asyncio.Event:
        return asyncio.Event()

    def _wake(self) -> None:
        # Everybody who waits now wakes up; who comes later waits for the next time.
        self._changed.set()
        self._changed.clear()

    async def _woken(self) -> None:
        await self._changed.wait()


class _Request(_Awaited, AwaitedRequest):
    """A request. `async for` ends after its `Answered`."""


class Referral(_Awaited, AwaitedReferral[None]):
    """A REFER. Its outcome is that the other side does it, or does not; `async for` ends when nothing more is told."""


class Call(_Awaited, AwaitedCall[None, Awaitable[Answered], Referral]):
    """A call. Its commands act at once; `async for` gives its events, each once, and ends after `Ended`."""


class Subscription(_Awaited, AwaitedSubscription[None]):
    """A subscription. Its outcome is that it is granted, or its end; `async for` ends after `SubscriptionEnded`."""


class Publication(_Awaited, AwaitedPublication[None]):
    """A publication. Its outcome is that of what was asked for last; `async for` ends after `PublicationEnded`."""


class Registration(_Awaited, AwaitedRegistration[None]):
    """A registration. Its outcome is that of what was asked for last; `async for` ends after `RegistrationEnded`."""


class PeerSubscription(_Awaited, AwaitedPeerSubscription[None]):
    """A subscription that a peer has here; `async for` ends after `PeerSubscriptionEnded`."""


class PeerReferral(BoundPeerReferral[None, Call]):
    """A REFER that a peer has sent."""


class PublishRequest(BoundPublishRequest[None]):
    """A PUBLISH that waits for a decision."""


class RegisterRequest(BoundRegisterRequest[None]):
    """A REGISTER that waits for a decision."""


class Driven(_Awaited, ReadyAgent):
    """What an event loop drives: an endpoint on its sockets. `async for` gives its events, each once."""

    _timer: asyncio.TimerHandle | None = None

    # ---------------------------------------------------------------- commands

    def do(self, command: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Give any command of the endpoint, or of what it returned: `now` is put in, and its outputs are performed.

        `agent.do(agent.endpoint.publish, ...)` returns the publication, and `agent.do(publication.remove)` nothing:
        what the command returns beside its outputs.
        """
        self._check_open()
        beside, outputs = self._done(command, args, options)
        self._perform(outputs)
        return beside

    # ---------------------------------------------------------------- the block

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._stepped = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._datagrams: dict[Address, _Datagrams] = {}
        self._open_things = ExitStack()
        sockets = listening_sockets(self._wanted)
        try:
            finished = self._open_things.enter_context(closing(self._hold_connections()))
            self._read_from(finished, self._look_at_finished)
            self._opened(*(each.getsockname() for each in sockets), clock=self._loop.time(), wall=self._wall)
            for listening, each in zip(self._listening, sockets, strict=True):
                if listening.transport == "UDP":
                    here = partial(_Datagrams, self, listening.address)
                    _, self._datagrams[listening.address] = await self._loop.create_datagram_endpoint(here, sock=each)
                else:
                    accepting = self._open_things.enter_context(closing(Accepting(each, listening.transport)))
                    self._read_from(each, partial(self._accept, accepting))
            self._perform(self._resume(self._now))
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
        self._close_connections()
        self._open_things.close()
        for task in self._tasks:
            task.cancel()
        for datagrams in self._datagrams.values():
            datagrams.transport.abort()
        closed = [datagrams.closed.wait() for datagrams in self._datagrams.values()]
        await asyncio.gather(*self._tasks, *closed, return_exceptions=True)

    # ---------------------------------------------------------------- the endpoint's wishes

    @property
    def _now(self) -> float:
        return self._loop.time() + self._ahead

    @property
    def _wall(self) -> float:
        return time()

    def _perform(self, outputs: list[Output]) -> None:
        if self._closed:
            return
        for output in outputs:
            match output:
                case Send(flow, data) if not flow.reliable:
                    if not self._datagrams[flow.local].write(data, flow.remote):
                        outputs += self.endpoint.send_failed(output, self._now)
                case Send():
                    outputs += self._write(output, self._now)
                case Open():
                    outputs += self._connect(output)
                case Close():
                    outputs += self._hang_up_on(output, self._now)
                case Resolve():
                    self._tasks.add(task := self._loop.create_task(self._resolve(output)))
                    task.add_done_callback(self._tasks.discard)
                case event:
                    self._note(event)
        if self._timer is not None:
            self._timer.cancel()
        at = self._next_timeout()
        self._timer = None if at is None else self._loop.call_at(at - self._ahead, self._wake_up, at)
        self._stepped.set()
        self._stepped.clear()

    def _wake_up(self, at: float) -> None:
        # asyncio may wake a tick early; `at` is the deadline that the endpoint asked for.
        self._perform(self._time_out(max(at, self._now)))

    async def _resolve(self, resolve: Resolve) -> None:
        records = await look_up(resolve, self._resolver, "asyncio", self._loop.getaddrinfo)
        self._perform(self.endpoint.resolved(resolve, records, self._now))

    # ---------------------------------------------------------------- connections

    def _read_from(self, what: Any, ready: Ready) -> None:
        """Until the block is left."""
        self._loop.add_reader(what, self._do_now, ready)
        self._open_things.callback(self._loop.remove_reader, what)

    def _wait_for(self, what: socket, reads: Ready | None, writes: Ready | None) -> None:
        loop = self._loop
        for ready, add, remove in (
            (reads, loop.add_reader, loop.remove_reader),
            (writes, loop.add_writer, loop.remove_writer),
        ):
            remove(what)
            if ready is not None:
                add(what, self._do_now, ready)

    def _do_now(self, ready: Ready) -> None:
        self._perform(ready())


class UserAgent(
    Driven,
    Finding[Call, Subscription, Publication, Referral, Registration, PeerSubscription, PeerReferral, PublishRequest,
            RegisterRequest],
    Beginning[Call, Subscription, Publication, Referral, Registration],
    Asking[Coroutine[Any, Any, Answered]],
):  # fmt: skip
    """A user agent: `async with UserAgent("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060") as agent`.

    `async for` gives its events, each once. It is at one local address or several, over UDP, TCP and TLS.
    Keywords: `advertised=(host, port)`, `grace=5.0` seconds, `resolver` (dnspython's), `tls` (its certificates, see
    `sipsm_sockets.tls_contexts`), and those of `sipsm.Endpoint`.
    Leaving the block waits for what is under way, at most `grace` seconds, unless an exception leaves it; then the
    sockets are closed. It ends no call by itself: hang up first.
    """

    _kinds = (
        Call, Subscription, Publication, Referral, Registration, PeerSubscription, PeerReferral, PublishRequest,
        RegisterRequest, _Request,
    )  # fmt: skip

    async def _ask(self, command: Callable[..., Requested], *args: Any, **options: Any) -> Answered:
        request: _Request = self._bind(command, *args, **options)
        return await request.ended()

    # ---------------------------------------------------------------- going on elsewhere

    def save(self) -> bytes:
        """The state as it is now, with which `UserAgent.restored` goes on, in another process if need be."""
        return self._saved(self._now, self._wall)

    def suspend(self) -> bytes:
        """Close the agent without a word to anybody; returns the state, with which `UserAgent.restored` goes on."""
        return self._suspend(self._now, self._wall)


class _Datagrams(asyncio.DatagramProtocol):
    """What asyncio tells of a UDP socket."""

    transport: Any

    def __init__(self, agent: Driven, local: Address) -> None:
        self.agent = agent
        self.local = local
        self.errors = 0
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        # asyncio asks for 256 KiB a read, and making room for that costs more than all else it does for a datagram.
        # The attribute is that of its own selector loop; other loops have none.
        if hasattr(transport, "max_size"):
            transport.max_size = self.agent._read_size

    def write(self, data: bytes, remote: Address) -> bool:
        errors = self.errors
        self.transport.sendto(data, remote)
        # When the system refuses it, asyncio says so to the protocol, before `sendto` returns.
        return self.errors == errors

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        flow = self.agent._flow_from(self.local, addr)
        self.agent._perform(self.agent.endpoint.receive(data, flow, self.agent._now))

    def error_received(self, exc: Exception) -> None:
        self.errors += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()
