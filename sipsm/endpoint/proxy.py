"""A proxy as an endpoint: bytes and time in, actions and events out (RFC 3261 16).

It is used as an `Endpoint` is; what it tells are requests of which the application says where they go, and messages
that came to nothing.
"""

from __future__ import annotations

from typing import Any, get_args

from sipsm.endpoint.element import Element
from sipsm.endpoint.watcher import Watcher
from sipsm.ids import Ids
from sipsm.proxy import ProxyCore, ProxyPolicy, Route, Routed, RouteRequest, RouteRequested
from sipsm.proxy.around import Proxied
from sipsm.proxy.validating import read_what_is_forwarded_by
from sipsm.role import Dropped, Limits, NotDelivered, RequestServed
from sipsm.transaction import TimerValues
from sipsm.transport import Close, FlowLimits, FlowTimes, KeepAlive, Listening, MessageLimits, Open, Resolve, Send

ProxyEvent = RouteRequested | RequestServed | NotDelivered | Dropped
"""All that an application is told by a proxy."""
ProxyOutput = Send | Resolve | Open | Close | ProxyEvent
"""What a proxy returns, to be performed in order: four kinds of actions for the adapter, and events."""


class Proxy(Element[ProxyOutput]):
    """A transaction-stateful proxy at one local address, or at one for each transport.

    Requests for others than its own domains go where their Route or Request-URI leads. Where those for its own domains
    go, `route(request)` says: it returns targets, a `Refusal`, or None, which means 404. Without it, the application is
    told `RouteRequested` each time. The other settings are those of `Endpoint`.
    """

    _out = frozenset(get_args(ProxyOutput))
    _check = staticmethod(read_what_is_forwarded_by)
    _forwards = True

    def __init__(
        self,
        *local: Listening | str,
        route: Route | None = None,
        policy: ProxyPolicy | None = None,
        limits: Limits | None = None,
        times: TimerValues | None = None,
        message_limits: MessageLimits | None = None,
        flow_limits: FlowLimits | None = None,
        flow_times: FlowTimes | None = None,
        keep_alive: KeepAlive | None = None,
        ids: Ids | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        super().__init__(local, limits, times, message_limits, flow_limits, flow_times, keep_alive, ids, watcher)
        self._core = self._proxy = ProxyCore(
            self._transactions,
            self._sending,
            self._agenda,
            self._ids,
            policy or ProxyPolicy(),
            route,
            self,
            self._flows.is_ours,
            self._secret,
            self._transactions.observer,
        )

    def decide(self, proxied: Proxied, routed: Routed, now: float) -> list[Any]:
        """What `RouteRequest` does."""
        return self._perform(self._proxy.decide(proxied, routed, now), None, now)

    @property
    def route(self) -> Route | None:
        """Who says where requests go; None: the application is asked each time."""
        return self._proxy.route

    @property
    def undecided(self) -> list[RouteRequest]:
        """The requests that wait for the application to say where they go, the oldest first."""
        return self._proxy.undecided

    @property
    def forwarding(self) -> int:
        """How many requests are not answered yet, or wait for a branch of theirs to end."""
        return len(self._proxy.contexts)
