"""A PUBLISH of somebody as the application holds it that decides on each (RFC 3903 6 and 14.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from sipsm.grammar import Uri
from sipsm.message import Request
from sipsm.role.call import Commanded, Headers
from sipsm.standalone.decision import ACCEPT, REJECT, Decision, TurnDown
from sipsm.transaction import ServerTransaction

if TYPE_CHECKING:
    from sipsm.role.events import Output


@define(eq=False, repr=False)
class PublishRequest:
    """Somebody wants to publish. Do `accept` or `reject`, and soon: what comes for the same address waits for that.

    Its commands return outputs for the adapter, or raise `LocalProtocolError`.
    """

    agent: Commanded
    request: Request
    address: Uri
    """Whose state it is about: the Request-URI without its parameters."""
    transaction: ServerTransaction
    decision: Decision = field(factory=Decision, init=False)

    def __repr__(self) -> str:
        return f"<PublishRequest for {self.address}: {self.decision.state}>"

    def accept(self, *, now: float) -> list[Output]:
        """Have it take effect (RFC 3903 6)."""
        return self.agent.command(self, ACCEPT, None, now)

    def reject(
        self, status: int = 403, *, reason: str | None = None, headers: Headers = (), now: float
    ) -> list[Output]:
        """Refuse it, and change nothing: 403 to who may not publish, 504 when the own storage fails (RFC 3903 6)."""
        return self.agent.command(self, REJECT, TurnDown(status, reason, tuple(headers)), now)
