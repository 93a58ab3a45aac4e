"""The registrations of an agent: commands without `now`, and what comes of them.

RFC 3261 10.2. What they do is done by `sipsm.role.registration`.
"""

from __future__ import annotations

from typing import ClassVar, Generic

from sipsm.endpoint.bound_handle import R
from sipsm.endpoint.bound_lease import BoundLease
from sipsm.grammar import Uri
from sipsm.message import Address
from sipsm.role import (
    Registered,
    RegisterFailed,
    Registration,
    RegistrationEnded,
    RegistrationState,
)
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
