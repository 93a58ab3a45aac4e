"""The registrations of an agent, and those that others want there: commands without `now`, and what comes of them.

RFC 3261 10. What they do is done by `sipsm.role.registration` and `register_request`.
"""

from __future__ import annotations

from typing import ClassVar, Generic

from sipsm.endpoint.bound_handle import Bound, R
from sipsm.endpoint.bound_lease import BoundLease
from sipsm.grammar import Uri
from sipsm.message import Address, Request
from sipsm.role import (
    Registered,
    RegisterFailed,
    RegisterRequest,
    Registration,
    RegistrationEnded,
    RegistrationState,
)
from sipsm.role.call import Headers
from sipsm.role.registration import Contacts

RegistrationOutcome = Registered | RegisterFailed | RegistrationEnded


class BoundRegistration(BoundLease[RegistrationOutcome, RegistrationEnded, R], Generic[R]):
    """A registration of an agent (RFC 3261 10.2). It is refreshed by itself until it is removed.

    Its outcome is what has become of all that was asked for: each command asks for another one.
    """

    of: ClassVar[type] = Registration
    succeeds, fails, ends = Registered, RegisterFailed, RegistrationEnded
    core: Registration
    """The registration as the endpoint knows it, and as events carry it."""

    @property
    def state(self) -> RegistrationState:
        """Where it stands."""
        return self.core.state

    @property
    def address(self) -> Uri:
        """The address of record, without parameters."""
        return self.core.address

    @property
    def registrar(self) -> Uri:
        """Whom it asks: the domain, or where that has sent it."""
        return self.core.registrar

    @property
    def contacts(self) -> tuple[Address, ...]:
        """Where the address is to be reached: what of this is registered, or is to be."""
        return self.core.contacts

    def modify(self, contacts: Contacts, *, expires_s: int | None = None) -> R:
        """Register these contacts in the place of those before, which are removed with that (RFC 3261 10.2.1)."""
        return self._ask(self.core.modify, contacts, expires_s=expires_s)

    def remove(self, *, everything: bool = False) -> R:
        """Have its contacts removed, or all that the address has (RFC 3261 10.2.2); `RegistrationEnded` tells when."""
        return self._ask(self.core.remove, everything=everything)


class BoundRegisterRequest(Bound[R]):
    """Somebody wants to register at an agent (RFC 3261 10.3). What comes for the same address waits for that."""

    of: ClassVar[type] = RegisterRequest
    core: RegisterRequest
    """The wish as the endpoint knows it, and as events carry it."""

    @property
    def request(self) -> Request:
        """The REGISTER."""
        return self.core.request

    @property
    def address(self) -> Uri:
        """Whose bindings it is about: the address of record in its To, in canonical form."""
        return self.core.address

    def accept(self, *, headers: Headers = ()) -> R:
        """Have it take effect, if it is in order (RFC 3261 10.3). `headers` go into its 200, such as Date."""
        return self._do(self.core.accept, headers=headers)

    def reject(self, status: int = 403, *, reason: str | None = None, headers: Headers = ()) -> R:
        """Refuse it, and change nothing, with a status of 300 to 599: 403 to who may not, 302 to send him elsewhere."""
        return self._do(self.core.reject, status, reason=reason, headers=headers)
