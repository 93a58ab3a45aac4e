"""A user agent on one UDP socket, driven by whoever waits for it: no threads, no tasks. Nothing here knows SIP.

Datagrams are read and timers fire only while something here waits: iterate, or call what takes a `timeout`.
"""

from __future__ import annotations

import selectors
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from sipsm import Answered, Ended, Established, Event, OutgoingRequest, Output, Resolve, Send, Uri
from sipsm import Call as CoreCall
from sipsm.endpoint.bound import BoundAgent, BoundCall, BoundRequest, Headers, Inbox
from sipsm_dns import look_up_now

T = TypeVar("T")


class _Awaited(Inbox, ABC):
    """An inbox that can be waited for."""

    def events(self, timeout: float | None = None) -> Iterator[Event]:
        """The events, each once, until nothing more can come or `timeout` seconds have passed."""
        until = None if timeout is None else time.monotonic() + timeout
        in_time = True
        while True:
            event = self._take()
            if event is not None:
                yield event
            elif self._over() or not in_time:
                return
            else:
                in_time = self._pump(until)

    def __iter__(self) -> Iterator[Event]:
        return self.events()

    def _until(self, found: Callable[[], T | None], timeout: float | None) -> T:
        until = None if timeout is None else time.monotonic() + timeout
        in_time = True
        while (value := found()) is None:
            self._check_open()
            if not in_time:
                raise TimeoutError(f"it did not come within {timeout} s")
            in_time = self._pump(until)
        return value

    @abstractmethod
    def _pump(self, until: float | None) -> bool:
        """Wait for a datagram or a deadline, at most until then; returns False when that time has come."""


class Call(_Awaited, BoundCall[None]):
    """A call. Its commands act at once; `for event in call` gives its events, each once, and ends after `Ended`.

    What waits takes a `timeout` in seconds, and raises `TimeoutError`.
    """

    def __init__(self, agent: UserAgent, core: CoreCall) -> None:
        super().__init__(core)
        self._agent = agent

    def outcome(self, timeout: float | None = None) -> Established | Ended:
        """Wait until the call is up, or over without having been up."""
        return cast(Established | Ended, self._until(lambda: self._outcome, timeout))

    def ended(self, timeout: float | None = None) -> Ended:
        """Wait until the call is over."""
        return self._until(lambda: self._ended, timeout)

    def request(
        self,
        method: str,
        *,
        headers: Headers = (),
        body: bytes = b"",
        content_type: str | None = None,
        timeout: float | None = None,
    ) -> Answered:
        """Send another request in the call's dialog, such as OPTIONS (RFC 3261 12.2.1), and wait for its end."""
        self._agent._check_open()
        now = time.monotonic()
        core, outputs = self.core.request(method, headers=headers, body=body, content_type=content_type, now=now)
        return self._agent._asked_for(core, outputs, timeout)

    def _do(self, command: Callable[..., list[Output]], *args: Any, **kwargs: Any) -> None:
        self._agent._check_open()
        self._agent._perform(command(*args, **kwargs, now=time.monotonic()))

    def _pump(self, until: float | None) -> bool:
        return self._agent._pump(until)


class UserAgent(_Awaited, BoundAgent[Call]):
    """A user agent: `with UserAgent("udp:192.0.2.1:5060") as agent`. `for event in agent` gives its events, each once.

    Keywords: `advertised=(host, port)`, `grace=5.0` seconds, `resolver` (dnspython's), and those of `sipsm.Endpoint`.
    Leaving the block waits for what is under way, at most `grace` seconds, unless an exception leaves it; then the
    socket is closed. It ends no call by itself: hang up first.
    """

    # ---------------------------------------------------------------- commands

    def invite(self, target: Uri | str, *, offer: bytes = b"", to: str | None = None, headers: Headers = ()) -> Call:
        """Call somebody (RFC 3261 13.2.1). Without an offer, the peer's 2xx must carry one."""
        self._check_open()
        core, outputs = self.endpoint.invite(target, offer=offer, to=to, headers=headers, now=time.monotonic())
        call = self._begun(core)
        self._perform(outputs)
        return call

    def request(
        self,
        method: str,
        target: Uri | str,
        *,
        to: str | None = None,
        headers: Headers = (),
        body: bytes = b"",
        content_type: str | None = None,
        timeout: float | None = None,
    ) -> Answered:
        """Send a request outside a call, such as OPTIONS (RFC 3261 11), and wait for its end."""
        self._check_open()
        outgoing, outputs = self.endpoint.request(
            method, target, to=to, headers=headers, body=body, content_type=content_type, now=time.monotonic()
        )
        return self._asked_for(outgoing, outputs, timeout)

    def _asked_for(self, outgoing: OutgoingRequest, outputs: list[Output], timeout: float | None) -> Answered:
        request = self._asked[outgoing] = BoundRequest()
        self._perform(outputs)
        return self._until(lambda: request._answered, timeout)

    def _new_call(self, core: CoreCall) -> Call:
        return Call(self, core)

    # ---------------------------------------------------------------- the block

    def __enter__(self) -> Self:
        host, port = self._wanted.address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            if family == socket.AF_INET6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self._socket.bind((host, port))
            self._opened(self._socket.getsockname())
            self._arrivals = selectors.DefaultSelector()
            self._arrivals.register(self._socket, selectors.EVENT_READ)
        except BaseException:
            self._socket.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        until = time.monotonic() + self._grace
        try:
            while error is None and self.endpoint.unfinished and self._pump(until):
                pass
        finally:
            self._close()
            self._arrivals.close()
            self._socket.close()

    # ---------------------------------------------------------------- the endpoint's wishes

    def _perform(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Send(flow, data):
                    self._socket.setblocking(True)
                    try:
                        self._socket.sendto(data, flow.remote)
                    except OSError:
                        outputs += self.endpoint.send_failed(output, time.monotonic())
                case Resolve():
                    outputs += self.endpoint.resolved(output, look_up_now(output, self._resolver), time.monotonic())
                case event:
                    self._note(event)

    def _pump(self, until: float | None) -> bool:
        ends = [at for at in (until, self.endpoint.next_timeout()) if at is not None]
        if self._arrivals.select(max(0.0, min(ends) - time.monotonic()) if ends else None):
            self._receive()
        now = time.monotonic()
        self._perform(self.endpoint.handle_timeout(now))
        return until is None or now < until

    def _receive(self) -> None:
        self._socket.setblocking(False)
        try:
            data, sockaddr = self._socket.recvfrom(self._read_size)
        except BlockingIOError:
            return  # it was damaged, and the system has thrown it away after all
        self._perform(self.endpoint.receive(data, self._flow_from(sockaddr), time.monotonic()))
