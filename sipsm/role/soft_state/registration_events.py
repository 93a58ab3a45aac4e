"""Events of registrations (RFC 3261 10): of our own, and of what others register here."""

from __future__ import annotations

from attrs import frozen

from sipsm.grammar import Uri
from sipsm.message import Address, Request, Response
from sipsm.role.soft_state.registration import Registration
from sipsm.role.soft_state.undecided import RegisterRequest
from sipsm.standalone.binding import Binding, UnbindReason
from sipsm.standalone.registration import RegisterOperation, RegistrationEndReason


@frozen
class Registered:
    """A registrar has accepted a REGISTER of ours: now the address is reached at its contacts (RFC 3261 10.2)."""

    registration: Registration
    operation: RegisterOperation
    """What was accepted; a removal, and the answer to a query, is told by `RegistrationEnded`."""
    expires_s: int
    """How long it lasts from when the REGISTER went out, in seconds, unless it is refreshed: as it is by itself."""
    bindings: tuple[Address, ...]
    """All bindings of the address, those of others too, each with `expires_s` (RFC 3261 10.2.4)."""
    response: Response


@frozen
class RegisterFailed:
    """A refresh or a change of our registration came to nothing: the registrar has what it had."""

    registration: Registration
    operation: RegisterOperation
    status: int
    """Of the response; 408 when none came, 503 when it could not be sent (RFC 3261 8.1.3.1)."""
    response: Response | None
    retry_after_s: float | None
    """After how many seconds it is tried again by itself; None when it is not: other contacts must be registered, or
    the registration expires before."""


@frozen
class RegistrationEnded:
    """Our registration is over, or what was asked of the registrar is done; there is one such event for each."""

    registration: Registration
    reason: RegistrationEndReason
    status: int | None
    """Of the response that ended it; 408 when none came, 503 when it could not be sent; None where neither did."""
    response: Response | None
    """Of a 3xx, the Contacts are the registrars to ask instead."""
    bindings: tuple[Address, ...] | None
    """The bindings that the address still has, where a 2xx has told them."""
    retry_after_s: int | None
    """When it may be tried again, in seconds from the response, where that says so (RFC 3261 20.33). After silence it
    is to be some reasonable time, not at once (10.2.7)."""


@frozen
class BindingAdded:
    """Somebody can be reached at a place more (RFC 3261 10.3). The REGISTER has been answered."""

    address: Uri
    """The address of record, in its canonical form."""
    binding: Binding
    request: Request


@frozen
class BindingRefreshed:
    """A binding lasts longer, or shorter, or has other parameters."""

    address: Uri
    binding: Binding
    request: Request


@frozen
class BindingRemoved:
    """Somebody cannot be reached any more at a place."""

    address: Uri
    binding: Binding
    reason: UnbindReason
    request: Request | None
    """The REGISTER that has removed it, if one has."""


@frozen
class RegistrationRequested:
    """Somebody wants to register here, or to know who has: do `asked.accept` or `asked.reject` (RFC 3261 10.3).

    Only where `Registering.by_hand` says that the application decides. That it is in order is found out afterwards.
    """

    asked: RegisterRequest
    request: Request


@frozen
class RegistrationWithdrawn:
    """Nobody has decided on a REGISTER in time: its sender waits no more, and nothing has changed (RFC 4320 4.2)."""

    asked: RegisterRequest


RegistrationEvent = (
    Registered
    | RegisterFailed
    | RegistrationEnded
    | BindingAdded
    | BindingRefreshed
    | BindingRemoved
    | RegistrationRequested
    | RegistrationWithdrawn
)
"""All that is told of registrations."""
