"""A REGISTER of somebody as the application holds it that decides on each (RFC 3261 10.3, steps 3 and 4)."""

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
class RegisterRequest:
    """Somebody wants to register. Do `accept` or `reject`, and soon: what comes for the same address waits for that.

    Its commands return outputs for the adapter, or raise `LocalProtocolError`.
    """

    agent: Commanded
    request: Request
    address: Uri
    """Whose bindings it is about: the address of record in its To, in canonical form."""
    transaction: ServerTransaction
    decision: Decision = field(factory=Decision, init=False)

    def __repr__(self) -> str:
        return f"<RegisterRequest for {self.address}: {self.decision.state}>"

    def accept(self, *, headers: Headers = (), now: float) -> list[Output]:
        """Have it take effect, if it is in order (RFC 3261 10.3). `headers` go into its 200, such as Date."""
        return self.agent.command(self, ACCEPT, tuple(headers), now)

    def reject(
        self, status: int = 403, *, reason: str | None = None, headers: Headers = (), now: float
    ) -> list[Output]:
        """Refuse it, and change nothing, with a status of 300 to 599: 403 to who may not, 302 to send him elsewhere.

        A registrar never answers with 6xx (RFC 3261 10.3).
        """
        return self.agent.command(self, REJECT, TurnDown(status, reason, tuple(headers)), now)
