"""The publications of a user agent: how one begins, what a PUBLISH is written of, and what is told of it.

RFC 3903 4 and 5. What they have in common with registrations is in `sipsm.role.soft_state.leases`.
"""

from __future__ import annotations

from operator import attrgetter

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.grammar.text_value import built
from sipsm.message import Request
from sipsm.message.headers import Event
from sipsm.role.checking import type_line
from sipsm.role.commanded import Headers
from sipsm.role.party import HeaderLines
from sipsm.role.soft_state.lease import LeaseSeries
from sipsm.role.soft_state.leases import Leases, Told
from sipsm.role.soft_state.publication import Publication
from sipsm.role.soft_state.publication_events import PublicationEnded, PublicationEvent, Published, PublishFailed
from sipsm.standalone.lease import TellAccepted, TellFailed, Wish
from sipsm.standalone.publication import (
    PUBLISH,
    Content,
    EventPublication,
    Operation,
    PublicationEndReason,
    SendPublish,
)


class Publishing(Leases[Publication]):
    """All publications that are not over."""

    of = Publication
    noun = "publication"
    method = "PUBLISH"
    written = frozenset({"event", "expires", "sip-if-match"})
    most = attrgetter("publications")
    rfc = rfc_of_removal = "3903 4.1"

    def publish(
        self,
        target: Uri,
        event: str,
        content: Content,
        expires_s: int | None,
        to: str | None,
        headers: Headers,
        now: float,
    ) -> tuple[Publication, list[object]]:
        """Publish event state (RFC 3903 4.2)."""
        theirs = self.check(headers, expires_s)
        if not content.body:
            raise LocalProtocolError("there is nothing to publish: the body is empty", rfc="3903 4.2")
        life = EventPublication(self.sending.transactions.times, content, expires_s)
        publication = Publication(self.commanded, life, LeaseSeries(), to, None, theirs, target, event)
        self.check_request(
            publication, [("Event", str(built(Event.parse, event))), *content_lines(content)], content.body
        )
        return self.begin(publication, PUBLISH, now)

    def command(self, publication: Publication, command: str, wish: Wish[Content], now: float) -> list[object]:
        """A command of the application. Raises `LocalProtocolError` when a rule forbids it."""
        content = wish.wanted
        if content is not None:
            if not content.body:
                raise LocalProtocolError("cannot modify it to nothing: remove it", rfc="3903 4.4")
            Request.build("PUBLISH", publication.target, content_lines(content), content.body)
        return super().command(publication, command, wish, now)

    def parts(self, publication: Publication, x: SendPublish) -> tuple[HeaderLines, bytes]:
        """What this PUBLISH is written of (RFC 3903 4.1)."""
        own: HeaderLines = [("Event", publication.event)]
        if x.tag is not None:
            own.append(("SIP-If-Match", x.tag))
        if x.expires_s is not None:
            own.append(("Expires", str(x.expires_s)))
        if x.content is None:
            return own, b""
        return [*own, *content_lines(x.content)], x.content.body

    def told(self, publication: Publication, output: Told) -> PublicationEvent:
        """The event that this is to the application."""
        match output:
            case TellAccepted(operation, expires_s, response):
                return Published(publication, Operation(operation), expires_s, response)
            case TellFailed(operation, failure, retry_after_s):
                return PublishFailed(publication, Operation(operation), failure.status, failure.response, retry_after_s)
        reason, failed = PublicationEndReason(output.reason), output.failure
        if failed is None:
            return PublicationEnded(publication, reason, None, None)
        return PublicationEnded(publication, reason, failed.status, failed.response)


def content_lines(content: Content) -> HeaderLines:
    """The header of what has a body."""
    return [type_line(content.content_type)]
