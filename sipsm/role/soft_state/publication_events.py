"""Events of publications (RFC 3903): of our own, and of what others publish here."""

from __future__ import annotations

from attrs import frozen

from sipsm.grammar import Uri
from sipsm.message import Request, Response
from sipsm.role.soft_state.publication import Publication
from sipsm.role.soft_state.undecided import PublishRequest
from sipsm.standalone.publication import Operation, PublicationEndReason
from sipsm.standalone.soft_state import EventState


@frozen
class Published:
    """A compositor has accepted a PUBLISH of ours: the state is there, has been changed, or lasts longer (RFC 3903 4).

    `publication.entity_tag` is the new one.
    """

    publication: Publication
    operation: Operation
    """What was accepted; a removal is told by `PublicationEnded`."""
    expires_s: int
    """How long it lasts from when the PUBLISH went out, in seconds, unless it is refreshed; which is done by itself."""
    response: Response


@frozen
class PublishFailed:
    """A refresh or a modification of our publication came to nothing: the compositor has what it had (RFC 3903 5)."""

    publication: Publication
    operation: Operation
    status: int
    """Of the response; 408 when none came, 503 when it could not be sent (RFC 3261 8.1.3.1)."""
    response: Response | None
    retry_after_s: float | None
    """After how many seconds it is tried again by itself; None when it is not: another state must be published, or
    the publication expires before."""


@frozen
class PublicationEnded:
    """Our publication is over; there is one such event for each."""

    publication: Publication
    reason: PublicationEndReason
    status: int | None
    """Of the response that ended it; 408 when none came, 503 when it could not be sent; None where neither did."""
    response: Response | None


@frozen
class PublishRequested:
    """Somebody wants to publish here, and what he wants is in order: do `asked.accept` or `asked.reject` (RFC 3903 6).

    Only where `Composing.by_hand` says that the application decides.
    """

    asked: PublishRequest
    request: Request


@frozen
class PublishWithdrawn:
    """Nobody has decided on a PUBLISH in time: its sender waits no more, and nothing has changed (RFC 4320 4.2)."""

    asked: PublishRequest


@frozen
class StatePublished:
    """Another state holds for an address from now on: a publication has come, changed, expired or been removed.

    Those who watch the address are to be told (RFC 3903 1). A mere refresh is not told.
    """

    address: Uri
    """Whose state it is: the Request-URI of the PUBLISH without its parameters."""
    event: str
    """The event package."""
    states: tuple[EventState, ...]
    """The live publications, to be composed as the package wants it; the one that was changed last stands last."""
    request: Request | None
    """The PUBLISH that has changed it; None when one has expired."""


PublicationEvent = Published | PublishFailed | PublicationEnded | PublishRequested | PublishWithdrawn | StatePublished
"""All that is told of publications."""
