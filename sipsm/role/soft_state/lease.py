"""What a server holds for us, as the application has it in hand: what a registration and a publication have in common.

RFC 3261 10.2, RFC 3903 4. The decisions are in the tables of the machines, see `sipsm.standalone.lease`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from attrs import Factory, define, field

from sipsm.grammar import Uri
from sipsm.message import Request
from sipsm.role.alarm import Alarm
from sipsm.role.commanded import Commanded
from sipsm.role.party import Series
from sipsm.standalone.lease import BUSY, OVER, REFRESH, Lease, Wish

if TYPE_CHECKING:
    from sipsm.role.events import Output

L = TypeVar("L", bound=Lease[Any, Any])


@define(eq=False)
class LeaseSeries:
    """What requests have in common that follow each other outside a dialog, and how far they have been counted."""

    known_by: Series | None = None
    """None until the first one has gone out."""
    cseq: int = 0
    """The number of the last one."""
    users: int = 0
    """How many leases it is of now."""

    def note(self, request: Request) -> None:
        """The last one is this."""
        assert request.from_tag is not None, "it is ours"
        self.known_by, self.cseq = Series(request.call_id, request.from_tag), request.cseq.number


@define(eq=False, repr=False)
class LeaseHandle(ABC, Generic[L]):
    """Something that a server holds for us. It is refreshed by itself until it is removed.

    Its commands return outputs for the adapter, or raise `LocalProtocolError`. What they want goes out when no other
    request is under way in its place; of several changes that wait for that, the last.
    """

    agent: Commanded
    life: L
    series: LeaseSeries
    to: str | None
    """The To of its requests; None for their Request-URI."""
    by: str | None
    """The From of its requests: who is responsible for it; None for who we are."""
    headers: tuple[tuple[str, str], ...]
    """The application's, of each of its requests."""
    alarm: Alarm = field(default=Factory(Alarm, takes_self=True), init=False)
    """What stands for it in the agenda."""

    @property
    @abstractmethod
    def uri(self) -> Uri:
        """The Request-URI of its requests."""

    @property
    def place(self) -> Uri:
        """Where its requests go one at a time, with those of others: by itself to each Request-URI (RFC 3903 4)."""
        return self.uri

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.life.state == OVER

    @property
    def under_way(self) -> bool:
        """Whether a request of it is to be answered yet, or is to go out when its turn has come."""
        return self.life.state in BUSY

    def refresh(self, *, expires_s: int | None = None, now: float) -> list[Output]:
        """Have it last longer (RFC 3261 10.2.4, RFC 3903 4.3).

        That is done by itself in time; `expires_s` asks for another time.
        """
        return self._command(REFRESH, Wish(None, expires_s), now)

    def _command(self, command: str, wish: Wish[Any], now: float) -> list[Output]:
        return self.agent.command(self, command, wish, now)
