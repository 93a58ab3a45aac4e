"""A request of which the application says where it goes (RFC 3261 16.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from attrs import field, frozen

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.message import Request
from sipsm.proxy.around import Proxied
from sipsm.proxy.target import RouteTarget

Headers = Iterable[tuple[str, str]]


def _a_refusal(_: object, _field: Any, status: int) -> None:
    if not 300 <= status <= 699:
        raise LocalProtocolError(f"cannot refuse a request with {status}: it is not in 300 to 699", rfc="3261 16.3")


def _pairs(given: Headers) -> tuple[tuple[str, str], ...]:
    return tuple(given)


@frozen
class Refusal:
    """A request is not forwarded, but answered so. Raises `LocalProtocolError` for a status not in 300 to 699."""

    status: int = field(default=404, validator=_a_refusal)
    reason: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), converter=_pairs)
    """Such as the Contact of a 302, or the challenge of a 407."""


Routed = Iterable[RouteTarget | Uri | str] | Refusal | None
"""Where a request goes: targets, of which none means 480; or it is refused; None means 404, there is nobody of that
name."""
Route = Callable[[Request], Routed]
"""`route(request)`: where a request goes whose Request-URI is of a domain that the proxy is responsible for."""


class Decided(Protocol):
    """Who carries out what the application decides."""

    def decide(self, proxied: Proxied, routed: Routed, now: float) -> list[Any]:
        """Forward the request to these targets, or refuse it."""


class RouteRequest:
    """A request that waits for its targets. Do `forward` or `refuse`: its sender waits too.

    Its commands return outputs for the adapter, or raise `LocalProtocolError`.
    """

    __slots__ = ("_of", "_proxied", "request")

    def __init__(self, of: Decided, proxied: Proxied) -> None:
        self._of = of
        self._proxied = proxied
        self.request: Request = proxied.request
        """The request. Its routing information has been processed (RFC 3261 16.4)."""

    def __repr__(self) -> str:
        return f"<RouteRequest for {self.request.method} {self.request.uri}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RouteRequest) and self._proxied is other._proxied

    def __hash__(self) -> int:
        return hash(id(self._proxied))

    def forward(self, *targets: RouteTarget | Uri | str, now: float) -> list[Any]:
        """Forward it there (RFC 3261 16.6); without targets, answer 480."""
        return self._of.decide(self._proxied, targets, now)

    def refuse(self, status: int = 404, *, reason: str | None = None, headers: Headers = (), now: float) -> list[Any]:
        """Answer it with this status, 300 to 699: 404 where there is nobody of that name (RFC 3261 16.5)."""
        return self._of.decide(self._proxied, Refusal(status, reason, tuple(headers)), now)


@frozen
class RouteRequested:
    """A request has come for a domain that the proxy is responsible for: where does it go?"""

    asked: RouteRequest

    @property
    def request(self) -> Request:
        """The request."""
        return self.asked.request
