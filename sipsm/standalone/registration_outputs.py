"""What a registration sends, and why it is over.

RFC 3261 10.2. The machine is `sipsm.standalone.registration`'s; what it tells is in `sipsm.standalone.lease_outputs`.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from sipsm.message import Address


class RegisterOperation(StrEnum):
    """What one REGISTER does (RFC 3261 10.2)."""

    REGISTER = "register"
    REFRESH = "refresh"
    MODIFY = "modify"
    REMOVE = "remove"
    """It removes our contacts."""
    REMOVE_ALL = "remove all"
    """It removes all contacts, whoever has registered them (RFC 3261 10.2.2)."""
    QUERY = "query"
    """It changes nothing (RFC 3261 10.2.3)."""


class RegistrationEndReason(StrEnum):
    """Why a registration is over."""

    REMOVED = "removed"
    """We have removed it."""
    ANSWERED = "answered"
    """The registrar was only asked, and has told what it has."""
    REFUSED = "refused"
    """The registrar does not take it, or not any longer."""
    REDIRECTED = "redirected"
    """The registrar names others to ask, in the Contacts of its response (RFC 3261 8.1.3.4)."""
    FAILED = "failed"
    """No answer came to the REGISTER that was to create or remove it, or one that says that nobody can serve it now."""
    EXPIRED = "expired"
    """It could not be refreshed in time."""


@frozen
class SendRegister:
    """Send a REGISTER (RFC 3261 10.2)."""

    operation: RegisterOperation
    contacts: tuple[Address, ...]
    """As they stand in it, each with its `expires`, if it has one; none for a query, and to remove all."""
    expires_s: int | None
    """For the Expires header; None leaves the time to the registrar."""
