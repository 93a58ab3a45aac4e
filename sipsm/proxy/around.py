"""Which machines stand together in a proxy: the response context of each request, and its branches (RFC 3261 16.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import Factory, define, field

from sipsm.machine import Machine
from sipsm.message import Request
from sipsm.proxy.branch import PENDING, Branch
from sipsm.proxy.context import OVER, ResponseContext
from sipsm.role.alarm import Alarm
from sipsm.transaction import ServerTransaction
from sipsm.transport import Flow

BRANCHES: Final = "each branch"
"""A scope: every branch of the request."""


@define(eq=False)
class Proxied:
    """A request that is proxied, from its server transaction on."""

    request: Request
    """As it is to be forwarded: its routing information has been processed (RFC 3261 16.4)."""
    transaction: ServerTransaction
    context: ResponseContext
    mark: str
    """The second part of its branches' names, by which a loop is known (RFC 5393 4.2.1)."""
    is_ours: bool
    """Whether its Request-URI is of a domain that the proxy is responsible for (RFC 3261 16.5)."""
    arrived_at: int
    """Which of the own addresses it came to, by its number."""
    was_routed_here: bool
    """Whether its topmost Route led here (RFC 3261 16.4)."""
    reasons: tuple[str, ...] = ()
    """What its CANCEL said of why (RFC 3326 2)."""
    branches: list[Fork] = field(factory=list)
    alarm: Alarm = field(default=Factory(Alarm, takes_self=True), init=False)
    """What stands for it in the agenda."""

    def is_alone(self) -> bool:
        """Whether every scope holds it and nothing else: never, its branches stand in one."""
        return False

    def within(self, _scope: str, _place: str) -> Sequence[Fork]:
        """Its branches."""
        return self.branches

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be done: it is answered, and no branch waits for anything."""
        return self.context.state in OVER and not any(each.branch.state in PENDING for each in self.branches)

    def settle(self) -> None:
        """Nothing is left to be done but to pass on what may still come: that needs little memory."""
        self.request.pack()
        for each in self.branches:
            each.request.pack()

    def next_timeout(self) -> float | None:
        """The earliest deadline of its machines, in seconds, or None."""
        deadlines = [at for _, machine in self.timed() if (at := machine.next_timeout()) is not None]
        return min(deadlines, default=None)

    def timed(self) -> list[tuple[Proxied | Fork, Machine]]:
        """All of them, each with where it stands."""
        return [(self, self.context), *((each, each.branch) for each in self.branches)]


@define(eq=False)
class Fork:
    """One branch of a request that is proxied: what its client transactions concern."""

    proxied: Proxied
    branch: Branch
    request: Request
    """As it was sent last."""
    record_route: str = ""
    """The Record-Route value of ours in it that is rewritten in responses (RFC 3261 16.7 item 8); empty if none is."""
    flow: Flow | None = None
    """Where its responses come from, and a CANCEL goes."""

    @property
    def context(self) -> ResponseContext:
        """The response context that it belongs to."""
        return self.proxied.context

    def is_alone(self) -> bool:
        """Whether it is the only branch."""
        return len(self.proxied.branches) == 1

    def within(self, _scope: str, _place: str) -> Sequence[Fork]:
        """All branches of its request."""
        return self.proxied.branches
