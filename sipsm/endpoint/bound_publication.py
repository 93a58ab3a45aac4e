"""The publications of an agent: commands without `now`, and what comes of them.

RFC 3903 4. What they do is done by `sipsm.role.publication`.
"""

from __future__ import annotations

from typing import ClassVar, Generic

from sipsm.endpoint.bound_handle import R
from sipsm.endpoint.bound_lease import BoundLease
from sipsm.role import (
    Publication,
    PublicationEnded,
    PublicationState,
    Published,
    PublishFailed,
)

PublicationOutcome = Published | PublishFailed | PublicationEnded


class BoundPublication(BoundLease[PublicationOutcome, PublicationEnded, R], Generic[R]):
    """A publication of an agent (RFC 3903 4). It is refreshed by itself until it is removed.

    Its outcome is what has become of all that was asked for: each command asks for another one.
    """

    of: ClassVar[type] = Publication
    succeeds, fails, ends = Published, PublishFailed, PublicationEnded
    core: Publication
    """The publication as the endpoint knows it, and as events carry it."""

    @property
    def state(self) -> PublicationState:
        """Where it stands."""
        return self.core.state

    @property
    def entity_tag(self) -> str | None:
        """What the compositor knows it by since its last 2xx; None when it does not know it (RFC 3903 4.1)."""
        return self.core.entity_tag

    @property
    def body(self) -> bytes:
        """The state that is published, or is to be."""
        return self.core.body

    def modify(self, body: bytes, content_type: str | None = None, *, expires_s: int | None = None) -> R:
        """Publish another state in the place of this one (RFC 3903 4.4), by default of the same type and lifetime."""
        return self._ask(self.core.modify, body, content_type, expires_s=expires_s)

    def remove(self) -> R:
        """Have it removed (RFC 3903 4.5). `PublicationEnded` tells when that is done."""
        return self._ask(self.core.remove)
