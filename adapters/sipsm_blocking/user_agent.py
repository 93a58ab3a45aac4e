"""A user agent over UDP, TCP and TLS, driven by whoever waits for it: no threads, no tasks. Nothing here knows SIP.

Sockets are read and timers fire only while something here waits: iterate, or call what takes a `timeout`.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from socket import socket
from types import TracebackType
from typing import Any, Self, TypeVar

from sipsm import (
    Answered,
    Close,
    Ended,
    Event,
    Open,
    Output,
    PeerSubscriptionEnded,
    PublicationEnded,
    RegistrationEnded,
    Resolve,
    Send,
    SubscriptionEnded,
)
from sipsm.endpoint.bound import (
    Address,
    Asking,
    Beginning,
    BoundCall,
    BoundPeerReferral,
    BoundPeerSubscription,
    BoundPublication,
    BoundPublishRequest,
    BoundReferral,
    BoundRegisterRequest,
    BoundRegistration,
    BoundRequest,
    BoundSubscription,
    CallOutcome,
    E,
    Finding,
    Inbox,
    O,
    PublicationOutcome,
    ReferralOutcome,
    RegistrationOutcome,
    Requested,
    SubscriptionOutcome,
    Told,
)
from sipsm_dns import look_up_now
from sipsm_sockets import Accepting, Ready, ReadyAgent, listening_sockets

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

    def next(self, kind: type[T], timeout: float | None = None) -> T | None:
        """Read up to the next event of this kind, and return it; None when none can come any more."""
        for event in self.events(timeout):
            if isinstance(event, kind):
                return event
        if not self._over():
            raise TimeoutError(f"none came within {timeout} s")
        return None

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
        """Wait for a socket or a deadline, at most until then; returns False when that time has come."""


class _End(_Awaited, Told[O, E, None]):
    """A handle whose end can be waited for."""

    def ended(self, timeout: float | None = None) -> E:
        """Wait until it is over."""
        return self._until(lambda: self._ended, timeout)

    def _pump(self, until: float | None) -> bool:
        agent: Driven = self._agent
        return agent._pump(until)


class _Outcome(_End[O, E]):
    """A handle that can be waited for until it has come to something."""

    def outcome(self, timeout: float | None = None) -> O:
        """Wait until it has come to something: to what was asked for, or to its end without that."""
        return self._until(self._decided, timeout)


class _Request(_End[Answered, Answered], BoundRequest):
    """A request. `for` ends after its `Answered`."""


class Referral(_Outcome[ReferralOutcome, ReferralOutcome], BoundReferral[None]):
    """A REFER. Its outcome is that the other side does it, or does not; `for` ends when nothing more is told."""


class Call(_Outcome[CallOutcome, Ended], BoundCall[None, Answered, Referral]):
    """A call. Its commands act at once; `for` gives its events, each once, and ends after `Ended`.

    What waits takes a `timeout` in seconds, and raises `TimeoutError`.
    """


class Subscription(_Outcome[SubscriptionOutcome, SubscriptionEnded], BoundSubscription[None]):
    """A subscription. Its outcome is that it is granted, or its end; `for` ends after `SubscriptionEnded`."""


class Publication(_Outcome[PublicationOutcome, PublicationEnded], BoundPublication[None]):
    """A publication. Its outcome is that of what was asked for last; `for` ends after `PublicationEnded`."""


class Registration(_Outcome[RegistrationOutcome, RegistrationEnded], BoundRegistration[None]):
    """A registration. Its outcome is that of what was asked for last; `for` ends after `RegistrationEnded`."""


class PeerSubscription(_End[PeerSubscriptionEnded, PeerSubscriptionEnded], BoundPeerSubscription[None]):
    """A subscription that a peer has here; `for` ends after `PeerSubscriptionEnded`."""


class PeerReferral(BoundPeerReferral[None, Call]):
    """A REFER that a peer has sent."""


class PublishRequest(BoundPublishRequest[None]):
    """A PUBLISH that waits for a decision."""


class RegisterRequest(BoundRegisterRequest[None]):
    """A REGISTER that waits for a decision."""


class Driven(_Awaited, ReadyAgent):
    """What is driven by whoever waits: an endpoint on its sockets; iterating gives its events, each once."""

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

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._selector = stack.enter_context(DefaultSelector())
            self._datagrams: dict[Address, socket] = {}
            finished = stack.enter_context(closing(self._hold_connections()))
            self._selector.register(finished, EVENT_READ, {EVENT_READ: self._look_at_finished})
            sockets = [stack.enter_context(each) for each in listening_sockets(self._wanted)]
            self._opened(*(each.getsockname() for each in sockets), clock=time.monotonic(), wall=self._wall)
            for listening, each in zip(self._listening, sockets, strict=True):
                if listening.transport == "UDP":
                    self._datagrams[listening.address] = each
                    self._wait_for(each, partial(self._receive, listening.address), None)
                else:
                    accepting = stack.enter_context(closing(Accepting(each, listening.transport)))
                    self._wait_for(each, partial(self._accept, accepting), None)
            self._perform(self._resume(self._now))
            self._open_things = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        until = time.monotonic() + self._grace
        try:
            while error is None and self._is_busy and self._pump(until):
                pass
        finally:
            self._close()
            self._close_connections()
            self._open_things.close()

    # ---------------------------------------------------------------- the endpoint's wishes

    @property
    def _now(self) -> float:
        return time.monotonic() + self._ahead

    @property
    def _wall(self) -> float:
        return time.time()

    def _perform(self, outputs: list[Output]) -> None:
        for output in outputs:
            match output:
                case Send(flow, data) if not flow.reliable:
                    udp = self._datagrams[flow.local]
                    udp.setblocking(True)
                    try:
                        udp.sendto(data, flow.remote)
                    except OSError:
                        outputs += self.endpoint.send_failed(output, self._now)
                case Send():
                    outputs += self._write(output, self._now)
                case Open():
                    outputs += self._connect(output)
                case Close():
                    outputs += self._hang_up_on(output, self._now)
                case Resolve():
                    outputs += self.endpoint.resolved(output, look_up_now(output, self._resolver), self._now)
                case event:
                    self._note(event)

    def _pump(self, until: float | None) -> bool:
        at = self._next_timeout()
        ends = [each for each in (until, None if at is None else at - self._ahead) if each is not None]
        for key, ready in self._selector.select(max(0.0, min(ends) - time.monotonic()) if ends else None):
            for event in (EVENT_READ, EVENT_WRITE):
                # What came before it may have closed it, or be waited for no more.
                now = self._selector.get_map().get(key.fd)
                if ready & event and now is not None and now.data is key.data:
                    self._perform(key.data[event]())
        self._perform(self._time_out(self._now))
        return until is None or time.monotonic() < until

    def _receive(self, local: Address) -> list[Output]:
        udp = self._datagrams[local]
        udp.setblocking(False)
        try:
            data, sockaddr = udp.recvfrom(self._read_size)
        except BlockingIOError:
            return []  # it was damaged, and the system has thrown it away after all
        return self.endpoint.receive(data, self._flow_from(local, sockaddr), self._now)

    # ---------------------------------------------------------------- connections

    def _wait_for(self, what: socket, reads: Ready | None, writes: Ready | None) -> None:
        if what in self._selector.get_map():
            self._selector.unregister(what)
        if reads is not None or writes is not None:
            events = (EVENT_READ if reads else 0) | (EVENT_WRITE if writes else 0)
            self._selector.register(what, events, {EVENT_READ: reads, EVENT_WRITE: writes})


class UserAgent(
    Driven,
    Finding[Call, Subscription, Publication, Referral, Registration, PeerSubscription, PeerReferral, PublishRequest,
            RegisterRequest],
    Beginning[Call, Subscription, Publication, Referral, Registration],
    Asking[Answered],
):  # fmt: skip
    """A user agent: `with UserAgent("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060") as agent`.

    `for event in agent` gives its events, each once. It is at one local address or several, over UDP, TCP and TLS.
    Keywords: `advertised=(host, port)`, `grace=5.0` seconds, `resolver` (dnspython's), `tls` (its certificates, see
    `sipsm_sockets.tls_contexts`), and those of `sipsm.Endpoint`.
    Leaving the block waits for what is under way, at most `grace` seconds, unless an exception leaves it; then the
    sockets are closed. It ends no call by itself: hang up first.
    """

    _kinds = (
        Call, Subscription, Publication, Referral, Registration, PeerSubscription, PeerReferral, PublishRequest,
        RegisterRequest, _Request,
    )  # fmt: skip

    def _ask(
        self, command: Callable[..., Requested], *args: Any, timeout: float | None = None, **options: Any
    ) -> Answered:
        request: _Request = self._bind(command, *args, **options)
        return request.ended(timeout)

    # ---------------------------------------------------------------- going on elsewhere

    def save(self) -> bytes:
        """The state as it is now, with which `UserAgent.restored` goes on, in another process if need be."""
        return self._saved(self._now, self._wall)

    def suspend(self) -> bytes:
        """Close the agent without a word to anybody; returns the state, with which `UserAgent.restored` goes on."""
        return self._suspend(self._now, self._wall)
