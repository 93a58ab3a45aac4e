"""The publications of a user agent: their requests, one at a time to each URI, and what they come to.

RFC 3903 4 and 5. What is decided stands in the table of `sipsm.standalone.publication`.
"""

from __future__ import annotations

from typing import Any, Final

from sipsm.dialog.dialog import LAST_CSEQ
from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.grammar.text_value import built
from sipsm.machine import Agenda, Observer, Refuse, Step
from sipsm.message import Request, Response
from sipsm.message.headers import EXPIRES, Event
from sipsm.message.names import canonical
from sipsm.role.call import Commanded, Headers
from sipsm.role.checking import type_line
from sipsm.role.events import PublicationEnded, Published, PublishFailed
from sipsm.role.limits import Limits
from sipsm.role.part import Takes
from sipsm.role.party import HeaderLines, Party, Series
from sipsm.role.publication import Publication
from sipsm.standalone.lines import Lines
from sipsm.standalone.publication import ASKED, OVER, PUBLISH, TURN, EventPublication, input_of
from sipsm.standalone.publication_outputs import (
    Content,
    Failure,
    SendPublish,
    TellEnded,
    TellFailed,
    TellPublished,
    WaitForTurn,
    Wish,
)
from sipsm.transaction.sending import Sending

OF_PUBLISH: Final = frozenset({"event", "expires", "sip-if-match"})
"""The headers that say which operation a PUBLISH is, and of what."""


class Publishing:
    """All publications that are not over."""

    def __init__(
        self,
        sending: Sending,
        party: Party,
        agenda: Agenda,
        limits: Limits,
        commanded: Commanded,
        observer: Observer | None,
    ) -> None:
        self.sending = sending
        self.party = party
        self.agenda = agenda
        self.limits = limits
        self.commanded = commanded
        self.observer = observer
        self.all: dict[Publication, None] = {}
        """Them, the oldest first."""
        self.lines: Lines[Publication] = Lines()

    def takes(self) -> Takes:
        """What of the user agent's it takes."""
        return Takes(
            ends={Publication: self.answered},
            wakes={Publication: self.wake},
            commands={Publication: self.command},
            renumbered={Publication: note_number},
        )

    # ---------------------------------------------------------------- what the application wants

    def publish(
        self,
        target: Uri,
        event: str,
        content: Content,
        expires_s: int | None,
        to: str | None,
        headers: Headers,
        now: float,
    ) -> tuple[Publication, list[Any]]:
        """Publish event state (RFC 3903 4.2)."""
        if len(self.all) >= self.limits.publications:
            raise LocalProtocolError(f"{self.limits.publications} publications live, and the limits allow no more")
        if not content.body:
            raise LocalProtocolError("there is nothing to publish: the body is empty", rfc="3903 4.2")
        check_lifetime(expires_s)
        theirs = tuple(headers)
        if written := [name for name, _ in theirs if canonical(name) in OF_PUBLISH]:
            raise LocalProtocolError(f"{written[0]} is written by sipsm itself", rfc="3903 4.1")
        # It may have to wait for its turn: what could not be sent then is refused now.
        own = [("Event", str(built(Event.parse, event))), *content_lines(content)]
        request, hop = self.party.request_outside("PUBLISH", target, to, theirs, content.body, own)
        self.sending.check(hop, request)
        life = EventPublication(self.sending.transactions.times, content, expires_s)
        publication = Publication(self.commanded, target, event, life, *_known_by(request), to, theirs)
        self.all[publication] = None
        return publication, self.step(publication, PUBLISH, None, now)

    def command(self, publication: Publication, command: str, wish: Wish, now: float) -> list[Any]:
        """A command of the application. Raises `LocalProtocolError` when a rule forbids it."""
        check_lifetime(wish.expires_s)
        if wish.content is not None:
            if not wish.content.body:
                raise LocalProtocolError("cannot modify it to nothing: remove it", rfc="3903 4.4")
            Request.build("PUBLISH", publication.target, content_lines(wish.content), wish.content.body)
        return self.step(publication, command, wish, now)

    # ---------------------------------------------------------------- steps

    def step(self, publication: Publication, event: str, x: Any, now: float) -> list[Any]:
        """One input, and what it asks for."""
        step = Step(now, self.observer)
        decision = publication.life.receive(event, x, step)
        if isinstance(decision.entry, Refuse):
            raise LocalProtocolError(f"cannot {event}: {decision.entry.text}", rfc=decision.entry.rfc)
        outputs: list[Any] = []
        for output in step.outputs:
            match output:
                case WaitForTurn():
                    if self.lines.enter(publication.target, publication):
                        outputs += self.step(publication, TURN, now, now)
                case SendPublish():
                    outputs += self.send(publication, output, now)
                case TellPublished(operation, expires_s, response):
                    outputs.append(Published(publication, operation, expires_s, response))
                case TellFailed(operation, failure, retry_after_s):
                    outputs.append(
                        PublishFailed(publication, operation, failure.status, failure.response, retry_after_s)
                    )
                case TellEnded(reason, None):
                    outputs.append(PublicationEnded(publication, reason, None, None))
                case _:
                    assert isinstance(output, TellEnded), f"nobody carries out {output!r}"
                    assert output.failure is not None, "the other ends have been looked at"
                    failure = output.failure
                    outputs.append(PublicationEnded(publication, output.reason, failure.status, failure.response))
        if publication.life.state == OVER:
            publication.alarm.stop(self.agenda)
            self.all.pop(publication, None)
        else:
            publication.alarm.set(publication.life.next_timeout(), self.agenda)
        return outputs

    def wake(self, publication: Publication, now: float) -> list[Any]:
        """Fire the timer of a publication that is due."""
        letter = publication.life.due(now)
        assert letter is not None, "it is due"
        return self.step(publication, publication.life.fired(letter, now), None, now)

    def answered(
        self, publication: Publication, status: int, response: Response | None, _why: str, now: float
    ) -> list[Any]:
        """What its PUBLISH came to. Then the next one to that URI goes out."""
        accepted = response is not None and status < 300
        outputs = self.step(publication, input_of(status), response if accepted else Failure(status, response), now)
        following = self.lines.leave(publication.target)
        while following is not None:
            outputs += self.step(following, TURN, now, now)
            if following.life.state == ASKED:
                break
            # It has nothing to send any more.
            following = self.lines.leave(publication.target)
        return outputs

    # ---------------------------------------------------------------- the request

    def send(self, publication: Publication, x: SendPublish, now: float) -> list[Any]:
        """The PUBLISH that this asks for: each of a publication has its Call-ID, and the next CSeq number."""
        body = b"" if x.content is None else x.content.body
        number = publication.cseq + publication.was_sent
        own: HeaderLines = [("Event", publication.event)]
        if x.tag is not None:
            own.append(("SIP-If-Match", x.tag))
        if x.expires_s is not None:
            own.append(("Expires", str(x.expires_s)))
        if x.content is not None:
            own += content_lines(x.content)
        request, hop = self.party.request_outside(
            "PUBLISH",
            publication.target,
            publication.to,
            publication.headers,
            body,
            [*self.party.supported, *own],
            again=(publication.series, number) if number <= LAST_CSEQ else None,
        )
        publication.series, publication.cseq = _known_by(request)
        publication.was_sent = True
        return self.sending.request(request, publication, now, towards=hop)


def _known_by(request: Request) -> tuple[Series, int]:
    """What the next one has of this, and its number."""
    assert request.from_tag is not None, "it is ours"
    return Series(request.call_id, request.from_tag), request.cseq.number


def note_number(publication: Publication, request: Request) -> None:
    """Its PUBLISH has gone out once more, with another number."""
    publication.cseq = request.cseq.number


def content_lines(content: Content) -> HeaderLines:
    """The header of what has a body."""
    return [type_line(content.content_type)]


def check_lifetime(expires_s: int | None) -> None:
    """Raises `LocalProtocolError` for what is no lifetime of a publication."""
    if expires_s is None:
        return
    EXPIRES.lines([expires_s])
    if expires_s == 0:
        raise LocalProtocolError("a publication that lasts no time is none: use `remove`", rfc="3903 4.1")
