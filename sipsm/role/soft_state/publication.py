"""A publication as the application holds it: what it is, and what can be done with it (RFC 3903 4).

The decisions are in the table of its machine, `sipsm.standalone.publication`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from attrs import define

from sipsm.grammar import Uri
from sipsm.role.soft_state.lease import LeaseHandle
from sipsm.standalone.lease import MODIFY, REMOVE, Wish
from sipsm.standalone.publication import Content, EventPublication

if TYPE_CHECKING:
    from sipsm.role.events import Output


class PublicationState(StrEnum):
    """Where a publication stands."""

    PUBLISHING = "publishing"
    """Nobody has accepted it yet, or not again since it was forgotten."""
    PUBLISHED = "published"
    """The compositor has it; a change of it may be under way."""
    REMOVING = "removing"
    """It is to be removed."""
    ENDED = "ended"
    """Over."""


@define(eq=False, repr=False)
class Publication(LeaseHandle[EventPublication]):
    """Event state of ours that a compositor holds. It is refreshed by itself until it is removed.

    Its commands return outputs for the adapter, or raise `LocalProtocolError`. What they want goes out when no other
    PUBLISH to the same URI is under way (RFC 3903 4); of several changes that wait for that, the last.
    """

    target: Uri
    """The address whose state it is part of."""
    event: str
    """The event package."""

    def __repr__(self) -> str:
        return f"<Publication of {self.event} for {self.target}: {self.state}>"

    @property
    def state(self) -> PublicationState:
        """Where it stands."""
        if self.is_over:
            return PublicationState.ENDED
        if self.life.leaving:
            return PublicationState.REMOVING
        return PublicationState.PUBLISHING if self.life.accepted is None else PublicationState.PUBLISHED

    @property
    def uri(self) -> Uri:
        """The Request-URI of its requests."""
        return self.target

    @property
    def entity_tag(self) -> str | None:
        """What the compositor knows it by since its last 2xx; None when it does not know it (RFC 3903 4.1)."""
        return self.life.tag

    @property
    def body(self) -> bytes:
        """The state that is published, or is to be."""
        return self.life.wanted.body

    def modify(
        self, body: bytes, content_type: str | None = None, *, expires_s: int | None = None, now: float
    ) -> list[Output]:
        """Publish another state in the place of this one (RFC 3903 4.4), by default of the same type and lifetime."""
        content = Content(body, content_type or self.life.wanted.content_type)
        return self._command(MODIFY, Wish(content, expires_s), now)

    def remove(self, *, now: float) -> list[Output]:
        """Have it removed (RFC 3903 4.5). `PublicationEnded` tells when that is done."""
        return self._command(REMOVE, Wish(), now)
