"""What the machine of a publication is told, and what it asks for.

RFC 3903 4 and 5. The machine is `sipsm.standalone.publication`'s.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from sipsm.message import Response
from sipsm.message.headers import MIN_EXPIRES, RETRY_AFTER


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
class Wish:
    """What the program wants: another state, or another lifetime."""

    content: Content | None = None
    expires_s: int | None = None


@frozen
class Failure:
    """What a PUBLISH came to that was not accepted; no response when none came (408), or it could not go out (503)."""

    status: int
    response: Response | None

    @property
    def smallest_s(self) -> int | None:
        """The shortest lifetime that a 423 would take, in seconds (RFC 3903 5)."""
        return None if self.response is None else self.response[MIN_EXPIRES]

    @property
    def retry_after_s(self) -> float:
        """When the server would have it tried again, in seconds (RFC 3261 20.33)."""
        after = None if self.response is None else self.response[RETRY_AFTER]
        return 0.0 if after is None else float(after.wait_s)


@frozen
class WaitForTurn:
    """Have it send when nothing else is under way to its Request-URI."""


@frozen
class SendPublish:
    """Send this PUBLISH (RFC 3903 4.1)."""

    operation: Operation
    content: Content | None
    tag: str | None
    """The entity tag for SIP-If-Match."""
    expires_s: int | None
    """None leaves the lifetime to the compositor."""


@frozen
class TellPublished:
    """The compositor has accepted."""

    operation: Operation
    expires_s: int
    response: Response


@frozen
class TellFailed:
    """A refresh or modification came to nothing, and the publication goes on."""

    operation: Operation
    failure: Failure
    retry_after_s: float | None


@frozen
class TellEnded:
    """It is over."""

    reason: PublicationEndReason
    failure: Failure | None
