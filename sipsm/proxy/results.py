"""What the machines of a proxied request are told, and what they ask for: values only."""

from __future__ import annotations

from attrs import frozen

from sipsm.message import Response
from sipsm.proxy.target import RouteTarget


@frozen
class Result:
    """A branch is over without a 2xx (RFC 3261 16.7 item 4)."""

    status: int
    """Of its response; 408 where none came, 503 where the request could not be sent (16.6 item 7, 16.9)."""
    response: Response | None = None
    """As it may be forwarded: its topmost Via is gone, and so is every Contact that is tried instead; None where there
    is none to be forwarded."""
    breadth: int = 0
    """How much of Max-Breadth it had (RFC 5393 5.3.3.1)."""
    targets: tuple[RouteTarget, ...] = ()
    """Where it redirected to that is to be tried (16.5)."""


@frozen
class Start:
    """Forward the request to these targets, each with its share of Max-Breadth (16.6, RFC 5393 5.3.3)."""

    branches: tuple[tuple[RouteTarget, int], ...]


@frozen
class Forward:
    """Pass the response upstream, as it is (16.7 item 9)."""

    response: Response


@frozen
class ForwardBest:
    """Choose the best of these, and pass that upstream (16.7 item 6)."""

    results: tuple[Result, ...]


@frozen
class Answer:
    """Answer the request as a user agent server would (16.3, 16.5)."""

    status: int
    reason: str | None = None
    headers: tuple[tuple[str, str], ...] = ()


@frozen
class CancelBranch:
    """Send a CANCEL to where the INVITE of this branch went (9.1)."""


@frozen
class WithdrawBranch:
    """Do not send the request of this branch, if it still waits for an address, and try no further server (9.1)."""


@frozen
class GiveUpBranch:
    """Forget the client transaction of this branch: its CANCEL had no effect (9.1)."""
