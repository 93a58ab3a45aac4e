"""What a publication is of, what it sends, and why it is over.

RFC 3903 4 and 5. The machine is `sipsm.standalone.publication`'s; what it tells is in `sipsm.standalone.lease_outputs`.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen


class Operation(StrEnum):
    """What one PUBLISH does (RFC 3903 4.1, Table 1)."""

    INITIAL = "initial"
    REFRESH = "refresh"
    MODIFY = "modify"
    REMOVE = "remove"


class PublicationEndReason(StrEnum):
    """Why a publication is over."""

    REMOVED = "removed"
    """We have removed it, or it was gone when we wanted to."""
    REFUSED = "refused"
    """The compositor does not take it, or not any longer."""
    FAILED = "failed"
    """No answer came to the PUBLISH that was to create or remove it, or one that says that nobody can serve it now."""
    EXPIRED = "expired"
    """It could not be refreshed in time."""


@frozen
class Content:
    """Event state as it is sent: a body of some type."""

    body: bytes
    content_type: str


@frozen
class SendPublish:
    """Send this PUBLISH (RFC 3903 4.1)."""

    operation: Operation
    content: Content | None
    tag: str | None
    """The entity tag for SIP-If-Match."""
    expires_s: int | None
    """None leaves the lifetime to the compositor."""
