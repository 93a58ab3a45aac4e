"""A user agent over UDP, TCP and TLS, driven by trio. Nothing here knows SIP."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import ExitStack, asynccontextmanager, closing, suppress
from functools import cached_property
from socket import socket
from time import time
from types import TracebackType
from typing import Any, Self, TypeVar

import trio

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
    BoundAgent,
    BoundPeerReferral,
    BoundPublishRequest,
    BoundRegisterRequest,
    Finding,
    Requested,
)
from sipsm_dns import look_up
from sipsm_sockets import Accepting, Finished, Stream, connecting, listening_sockets

T = TypeVar("T")
Made = Coroutine[Any, Any, T]
Done = Awaitable[None]


class _Awaited(Awaited):
    """An inbox that tasks can wait for."""

    @cached_property
    def _waiting(self) -> trio.lowlevel.ParkingLot:
        return trio.lowlevel.ParkingLot()

    def _wake(self) -> None:
        self._waiting.unpark_all()

    async def _woken(self) -> None:
        await self._waiting.park()

    async def _checkpoint(self) -> None:
        await trio.lowlevel.checkpoint()


class _Request(_Awaited, AwaitedRequest):
    """A request. `async for` ends after its `Answered`."""


class Referral(_Awaited, AwaitedReferral[Done]):
    """A REFER. Its outcome is that the other side does it, or does not; `async for` ends when nothing more is told."""


class Call(_Awaited, AwaitedCall[Done, Awaitable[Answered], Made[Referral]]):
    """A call. Its commands are awaited; `async for` gives its events, each once, and ends after `Ended`.

    A command that is cancelled has either done nothing or all that it does.
    """


class Subscription(_Awaited, AwaitedSubscription[Done]):
    """A subscription. Its outcome is that it is granted, or its end; `async for` ends after `SubscriptionEnded`."""


class Publication(_Awaited, AwaitedPublication[Done]):
    """A publication. Its outcome is that of what was asked for last; `async for` ends after `PublicationEnded`."""


class Registration(_Awaited, AwaitedRegistration[Done]):
    """A registration. Its outcome is that of what was asked for last; `async for` ends after `RegistrationEnded`."""


class PeerSubscription(_Awaited, AwaitedPeerSubscription[Done]):
    """A subscription that a peer has here; `async for` ends after `PeerSubscriptionEnded`."""


class PeerReferral(BoundPeerReferral[Done, Made[Call]]):
    """A REFER that a peer has sent."""


class PublishRequest(BoundPublishRequest[Done]):
    """A PUBLISH that waits for a decision."""


class RegisterRequest(BoundRegisterRequest[Done]):
    """A REGISTER that waits for a decision."""


class Driven(_Awaited, BoundAgent):
    """What trio drives: an endpoint on its sockets; `async for` gives its events, each once."""

    # ---------------------------------------------------------------- commands

    async def do(self, command: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Give any command of the endpoint, or of what it returned: `now` is put in, and its outputs are performed.

        `await agent.do(agent.endpoint.publish, ...)` returns the publication, and `agent.do(publication.remove)`
        nothing: what the command returns beside its outputs.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        self._check_open()
        beside, outputs = self._done(command, args, options)
        await self._perform(outputs)
        return beside

    # ---------------------------------------------------------------- the block

    async def __aenter__(self) -> Self:
        self._running = self._run()
        await self._running.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        try:
            return await self._running.__aexit__(kind, error, trace)
        finally:
            self._close()

    @asynccontextmanager
    async def _run(self) -> AsyncIterator[None]:
        escaped: BaseException | None = None
        with ExitStack() as stack:
            sockets = [stack.enter_context(each) for each in listening_sockets(self._wanted)]
            self._finished: Finished[_Stream] = stack.enter_context(closing(Finished()))
            self._opened(*(each.getsockname() for each in sockets), clock=trio.current_time(), wall=self._wall)
            self._sending = trio.Lock()
            self._stepped = trio.lowlevel.ParkingLot()
            self._alarm = trio.CancelScope()
            self._datagrams: dict[Address, trio.socket.SocketType] = {}
            async with trio.open_nursery() as self._nursery:
                for listening, each in zip(self._listening, sockets, strict=True):
                    if listening.transport == "UDP":
                        self._datagrams[listening.address] = trio.socket.from_stdlib_socket(each)
                        self._nursery.start_soon(self._receive, listening.address)
                    else:
                        self._nursery.start_soon(
                            self._accept, stack.enter_context(closing(Accepting(each, listening.transport)))
                        )
                self._nursery.start_soon(self._keep_time)
                self._nursery.start_soon(self._look_at_finished)
                try:
                    await self._perform(self._resume(self._now))
                    yield
                    with trio.move_on_after(self._grace):
                        while self._is_busy:
                            await self._stepped.park()
                except BaseException as error:
                    # It does not pass through the nursery, which would wrap it in a group.
                    escaped = error
                self._nursery.cancel_scope.cancel()
        if escaped is not None:
            raise escaped

    # ---------------------------------------------------------------- the endpoint's wishes

    @property
    def _now(self) -> float:
        return trio.current_time() + self._ahead

    @property
    def _wall(self) -> float:
        return time()

    async def _perform(self, outputs: list[Output]) -> None:
        self._alarm.deadline = self._deadline()
        # What the endpoint has decided is done, even for a task that is cancelled, and in the order of the decisions.
        with trio.CancelScope(shield=True):
            async with self._sending:
                for output in outputs:
                    if not self._closed:
                        outputs += await self._carry_out(output)
        self._stepped.unpark_all()

    async def _carry_out(self, output: Output) -> list[Output]:
        done: list[Output] = []
        match output:
            case Send(flow, data) if not flow.reliable:
                try:
                    await self._datagrams[flow.local].sendto(data, flow.remote)
                except OSError:
                    done = self.endpoint.send_failed(output, self._now)
            case Send():
                done = self._write(output, self._now)
            case Open():
                self._nursery.start_soon(self._connect, output)
            case Close():
                done = self._hang_up_on(output, self._now)
            case Resolve():
                self._nursery.start_soon(self._resolve, output)
            case event:
                self._note(event)
        self._alarm.deadline = self._deadline()
        return done

    def _deadline(self) -> float:
        at = self._next_timeout()
        return math.inf if at is None else at - self._ahead

    async def _receive(self, local: Address) -> None:
        while True:
            data, sockaddr = await self._datagrams[local].recvfrom(self._read_size)
            await self._perform(self.endpoint.receive(data, self._flow_from(local, sockaddr), self._now))

    async def _keep_time(self) -> None:
        while True:
            # Whatever moves the endpoint's deadline moves that of this scope.
            with trio.CancelScope(deadline=self._deadline()) as self._alarm:
                await trio.sleep_forever()
            await self._perform(self._time_out(self._now))

    async def _resolve(self, resolve: Resolve) -> None:
        records = await look_up(resolve, self._resolver, "trio", trio.socket.getaddrinfo)
        await self._perform(self.endpoint.resolved(resolve, records, self._now))

    # ---------------------------------------------------------------- connections

    async def _accept(self, accepting: Accepting) -> None:
        while True:
            await trio.lowlevel.wait_readable(accepting.socket)
            if (accepted := accepting.accept()) is not None:
                self._nursery.start_soon(self._serve_peer, accepted, accepting.transport)

    async def _connect(self, open: Open) -> None:
        try:
            with connecting(open) as begun:
                await trio.lowlevel.wait_writable(begun)
                await self._serve(_Stream(begun, open.transport, self, open))
        except OSError:
            await self._perform(self.endpoint.open_failed(open, self._now))

    async def _serve_peer(self, accepted: socket, transport: str) -> None:
        with accepted, suppress(OSError):
            await self._serve(_Stream(accepted, transport, self, None))

    async def _serve(self, stream: _Stream) -> None:
        try:
            await self._perform(self._begun_on(stream, self._now))
            while stream in self._handshakes:
                if stream.shake_hands(self._read_size):
                    await self._perform(self._shaken(stream, self._now))
                else:
                    await trio.lowlevel.wait_readable(stream.socket)
            while (data := stream.read(self._read_size)) != b"":
                if data is None:
                    await trio.lowlevel.wait_readable(stream.socket)
                else:
                    await self._perform(self.endpoint.receive(data, stream.flow, self._now))
            self._finished.watch(stream.socket.fileno(), stream)
            await self._perform(self._finished_by(stream, self._now))
            await stream.closed.wait()
        except (OSError, trio.ClosedResourceError) as error:
            await self._perform(self._failed(stream, error, self._now))

    async def _look_at_finished(self) -> None:
        while True:
            await trio.lowlevel.wait_readable(self._finished)
            gone = self._finished.gone()
            await self._perform([output for stream in gone for output in self._over_for(stream, self._now)])


class UserAgent(
    Driven,
    Finding[Call, Subscription, Publication, Referral, Registration, PeerSubscription, PeerReferral, PublishRequest,
            RegisterRequest],
    Beginning[Made[Call], Made[Subscription], Made[Publication], Made[Referral], Made[Registration]],
    Asking[Made[Answered]],
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
        request: _Request = await self._bind(command, *args, **options)
        return await request.ended()

    # ---------------------------------------------------------------- going on elsewhere

    async def save(self) -> bytes:
        """The state as it is now, with which `UserAgent.restored` goes on, in another process if need be."""
        # What has been decided is carried out first.
        async with self._sending:
            return self._saved(self._now, self._wall)

    async def suspend(self) -> bytes:
        """Close the agent without a word to anybody; returns the state, with which `UserAgent.restored` goes on."""
        async with self._sending:
            return self._suspend(self._now, self._wall)


class _Stream(Stream):
    """A connection; a task sends what the network does not take at once."""

    def __init__(self, connected: socket, transport: str, agent: Driven, open: Open | None) -> None:
        super().__init__(connected, transport, agent._tls, open)
        self.agent = agent
        self.sending = False
        self.closed = trio.Event()

    def flush(self) -> bool:
        flushed = super().flush()
        if flushed and self.unsent and not self.sending:
            self.sending = True
            self.agent._nursery.start_soon(self._send_the_rest)
        return flushed

    async def _send_the_rest(self) -> None:
        with suppress(trio.ClosedResourceError):
            while self.unsent and self.flush():
                await trio.lowlevel.wait_writable(self.socket)
        self.sending = False
        self.agent._stepped.unpark_all()

    def close(self) -> None:
        if self.socket.fileno() != -1:
            trio.lowlevel.notify_closing(self.socket)
        super().close()
        self.closed.set()
