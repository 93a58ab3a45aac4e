"""What others want at an agent, and its application decides on: commands without `now` (RFC 3261 10.3, RFC 3903 6).

What they do is done by `sipsm.role.undecided`.
"""

from __future__ import annotations

from typing import ClassVar

from sipsm.endpoint.bound_handle import Bound, R
from sipsm.grammar import Uri
from sipsm.message import Request
from sipsm.role import PublishRequest, RegisterRequest
from sipsm.role.call import Headers
from sipsm.role.undecided import Undecided


class BoundUndecided(Bound[R]):
    """Somebody wants something at an agent. What comes for the same address waits for the decision."""

    core: Undecided
    """The wish as the endpoint knows it, and as events carry it."""

    @property
    def request(self) -> Request:
        """What has come."""
        return self.core.request

    @property
    def address(self) -> Uri:
        """Whom it is about: the To of a REGISTER in canonical form, the Request-URI of a PUBLISH without parameters."""
        return self.core.address

    def reject(self, status: int = 403, *, reason: str | None = None, headers: Headers = ()) -> R:
        """Refuse it, and change nothing: 403 to who may not do this (RFC 3261 10.3, RFC 3903 6)."""
        return self._do(self.core.reject, status, reason=reason, headers=headers)


class BoundRegisterRequest(BoundUndecided[R]):
    """Somebody wants to register at an agent (RFC 3261 10.3). What comes for the same address waits for that."""

    of: ClassVar[type] = RegisterRequest
    core: RegisterRequest

    def accept(self, *, headers: Headers = ()) -> R:
        """Have it take effect, if it is in order (RFC 3261 10.3). `headers` go into its 200, such as Date."""
        return self._do(self.core.accept, headers=headers)


class BoundPublishRequest(BoundUndecided[R]):
    """Somebody wants to publish at an agent (RFC 3903 6). What comes for the same address waits for the decision."""

    of: ClassVar[type] = PublishRequest
    core: PublishRequest

    def accept(self) -> R:
        """Have it take effect (RFC 3903 6)."""
        return self._do(self.core.accept)
