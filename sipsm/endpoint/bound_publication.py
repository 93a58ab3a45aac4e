"""The publications of an agent, and those that others want there: commands without `now`, and what comes of them.

RFC 3903. What they do is done by `sipsm.role.publication` and `publish_request`.
"""

from __future__ import annotations

from typing import ClassVar, Generic

from sipsm.endpoint.bound_handle import Bound, R
from sipsm.endpoint.bound_lease import BoundLease
from sipsm.grammar import Uri
from sipsm.message import Request
from sipsm.role import (
    Publication,
    PublicationEnded,
    PublicationState,
    Published,
    PublishFailed,
    PublishRequest,
)
from sipsm.role.call import Headers

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


class BoundPublishRequest(Bound[R]):
    """Somebody wants to publish at an agent (RFC 3903 6). What comes for the same address waits for the decision."""

    of: ClassVar[type] = PublishRequest
    core: PublishRequest
    """The wish as the endpoint knows it, and as events carry it."""

    @property
    def request(self) -> Request:
        """The PUBLISH."""
        return self.core.request

    @property
    def address(self) -> Uri:
        """Whose state it is about: the Request-URI without its parameters."""
        return self.core.address

    def accept(self) -> R:
        """Have it take effect (RFC 3903 6)."""
        return self._do(self.core.accept)

    def reject(self, status: int = 403, *, reason: str | None = None, headers: Headers = ()) -> R:
        """Refuse it, and change nothing: 403 to who may not publish, 504 when the own storage fails (RFC 3903 6)."""
        return self._do(self.core.reject, status, reason=reason, headers=headers)
