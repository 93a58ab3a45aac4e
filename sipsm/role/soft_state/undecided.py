"""A REGISTER or PUBLISH of somebody as the application holds it that decides on each.

RFC 3261 10.3, steps 3 and 4; RFC 3903 6 and 14.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from sipsm.grammar import Uri
from sipsm.message import Request
from sipsm.role.commanded import Commanded, Headers
from sipsm.standalone.decision import ACCEPT, REJECT, Decision, TurnDown
from sipsm.transaction import ServerTransaction

if TYPE_CHECKING:
    from sipsm.role.events import Output


@define(eq=False, repr=False)
class Undecided:
    """Somebody wants something. Do `accept` or `reject`, and soon: what comes for the same address waits for that.

    Its commands return outputs for the adapter, or raise `LocalProtocolError`.
    """

    agent: Commanded
    request: Request
    address: Uri
    """Whom it is about."""
    transaction: ServerTransaction
    decision: Decision = field(factory=Decision, init=False)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} for {self.address}: {self.decision.state}>"

    def reject(
        self, status: int = 403, *, reason: str | None = None, headers: Headers = (), now: float
    ) -> list[Output]:
        """Refuse it, and change nothing: 403 to who may not do this (RFC 3261 10.3, RFC 3903 6)."""
        return self.agent.command(self, REJECT, TurnDown(status, reason, tuple(headers)), now)


@define(eq=False, repr=False)
class RegisterRequest(Undecided):
    """Somebody wants to register. Do `accept` or `reject`, and soon: what comes for the same address waits for that.

    `address` is the address of record in its To, in canonical form. It is rejected with a status of 300 to 599, such as
    302 to send him elsewhere: a registrar never answers with 6xx (RFC 3261 10.3).
    """

    def accept(self, *, headers: Headers = (), now: float) -> list[Output]:
        """Have it take effect, if it is in order (RFC 3261 10.3). `headers` go into its 200, such as Date."""
        return self.agent.command(self, ACCEPT, tuple(headers), now)


@define(eq=False, repr=False)
class PublishRequest(Undecided):
    """Somebody wants to publish. Do `accept` or `reject`, and soon: what comes for the same address waits for that.

    `address` is the Request-URI without its parameters. It may be rejected with 504 as well, when the own storage fails
    (RFC 3903 6).
    """

    def accept(self, *, now: float) -> list[Output]:
        """Have it take effect (RFC 3903 6)."""
        return self.agent.command(self, ACCEPT, None, now)
