"""What a lease is told, and what it asks for, whatever it is of.

RFC 3261 10.2, RFC 3903 4 and 5. What each kind of them sends is in `registration_outputs` and `publication_outputs`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar

from attrs import frozen

from sipsm.message import Response
from sipsm.message.headers import MIN_EXPIRES, RETRY_AFTER

W = TypeVar("W")


class LeaseEndReason(StrEnum):
    """Why a lease is over: the values that such an enumeration of each kind has, beside others of its own."""

    REMOVED = "removed"
    REFUSED = "refused"
    FAILED = "failed"
    EXPIRED = "expired"


@frozen
class Wish(Generic[W]):
    """What the program wants: something else to be there, or another time."""

    wanted: W | None = None
    expires_s: int | None = None


@frozen
class Failure:
    """What a request came to that was not accepted; no response when none came (408), or it could not go out (503)."""

    status: int
    response: Response | None

    @property
    def smallest_s(self) -> int | None:
        """The shortest time that a 423 would take, in seconds (RFC 3261 10.2.8, RFC 3903 5)."""
        return None if self.response is None else self.response[MIN_EXPIRES]

    @property
    def retry_after_s(self) -> float:
        """When the server would have it tried again, in seconds (RFC 3261 20.33)."""
        after = None if self.response is None else self.response[RETRY_AFTER]
        return 0.0 if after is None else float(after.wait_s)


@frozen
class WaitForTurn:
    """Have it send when nothing else is under way where its requests go one at a time."""


@frozen
class TellAccepted:
    """The server has accepted."""

    operation: str
    expires_s: int
    response: Response


@frozen
class TellFailed:
    """A refresh or a change came to nothing, and the lease goes on."""

    operation: str
    failure: Failure
    retry_after_s: float | None


@frozen
class TellEnded:
    """It is over."""

    reason: str
    """A `LeaseEndReason`, or one that the kind has of its own."""
    failure: Failure | None = None
    response: Response | None = None
    """The 2xx with which it is, where that says something."""
