"""A publisher whose compositor is written by hand, and a compositor whose publishers are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sipsm import Publication, Request, Response
from tests.endpoint.by_hand import Bench

RESOURCE = "sip:presentity@192.0.2.2"
ADDRESS = "sip:presentity@192.0.2.1"
OPEN = b"<presence>open</presence>"
BUSY = b"<presence>busy</presence>"
AWAY = b"<presence>away</presence>"
PIDF = "application/pidf+xml"


class Publisher(Bench):
    """The endpoint publishes, and its compositor says what the test wants."""

    def publish(self, body: bytes = OPEN, **parts: Any) -> Publication:
        """The endpoint publishes."""
        target, event = parts.pop("target", RESOURCE), parts.pop("event", "presence")
        kind = parts.pop("content_type", PIDF)
        publication, outputs = self.endpoint.publish(target, event, body, kind, now=self.now, **parts)
        self.take(outputs)
        return publication

    def say(self, status: int, *headers: str, to: Request | None = None) -> None:
        """The compositor answers, by default the last PUBLISH."""
        self.receive(self.response(to or self.last_request, status, headers=headers))

    def accept(self, tag: str, expires: int | None = 3600, *headers: str, to: Request | None = None) -> None:
        """The compositor accepts."""
        lasts = [] if expires is None else [f"Expires: {expires}"]
        self.say(200, f"SIP-ETag: {tag}", *lasts, *headers, to=to)

    def up(self, expires: int = 3600, **parts: Any) -> Publication:
        """A publication that was accepted as `one`."""
        publication = self.publish(**parts)
        self.accept("one", expires)
        self.drain()
        return publication

    @property
    def published(self) -> list[Request]:
        """The PUBLISH requests sent so far, repeats left out."""
        found = {message.branch: message for message in self.sent if isinstance(message, Request)}
        return list(found.values())

    @property
    def said(self) -> list[tuple[str | None, bool, str | None]]:
        """Of each of them: its SIP-If-Match, whether it has a body, and its Expires."""
        return [(each.header("SIP-If-Match"), bool(each.body), each.header("Expires")) for each in self.published]


class Compositor(Bench):
    """The endpoint composes, and its publishers say what the test wants."""

    def put(
        self,
        body: bytes = b"",
        *,
        tag: str | None = None,
        expires: int | str | None = None,
        event: str | None = "presence",
        uri: str = ADDRESS,
        kind: str | None = PIDF,
        headers: Iterable[str] = (),
        **parts: Any,
    ) -> Response | None:
        """A PUBLISH comes; returns its answer, if there is one."""
        self.branches += 1
        named = [
            *([] if event is None else [f"Event: {event}"]),
            *([] if tag is None else [f"SIP-If-Match: {tag}"]),
            *([] if expires is None else [f"Expires: {expires}"]),
        ]
        parts.setdefault("call_id", f"pua{self.branches}@192.0.2.2")
        before = len(self.sent)
        self.receive(
            self.request("PUBLISH", uri=uri, headers=[*named, *headers], body=body, content_type=kind, **parts)
        )
        new = [message for message in self.sent[before:] if isinstance(message, Response)]
        return new[-1] if new else None

    def status(self, *args: Any, **parts: Any) -> int:
        """The status of its answer."""
        response = self.put(*args, **parts)
        assert response is not None
        return response.status

    def tagged(self, *args: Any, **parts: Any) -> str:
        """The entity tag of its 200."""
        response = self.put(*args, **parts)
        assert response is not None
        assert response.status == 200
        return response.header("SIP-ETag") or ""

    def bodies(self, uri: str = ADDRESS, event: str = "presence") -> list[bytes]:
        """What is published there now."""
        return [state.body for state in self.endpoint.published(uri, event)]
