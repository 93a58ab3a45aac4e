"""What of a message's body must be understood, and what is there to be read.

RFC 5621 4 to 8, RFC 3261 8.2.3 and 20.11. What is not understood and required makes a 415.
"""

from __future__ import annotations

from collections.abc import Container
from typing import NamedTuple

from sipsm.errors import RemoteProtocolError
from sipsm.message.bodies.multipart import Multipart, Part, multipart
from sipsm.message.headers.content import CONTENT_DISPOSITION, CONTENT_ENCODING, ContentDisposition
from sipsm.message.message import Message


class Reading(NamedTuple):
    """What becomes of a body when it is read (RFC 5621 8.4)."""

    understood: tuple[Message | Part, ...]
    """What to process, in its order: the message itself, or parts of it that are no multiparts of independent parts."""
    unsupported: tuple[str, ...]
    """The types of what had to be understood and is not, each once; a request with any is answered 415."""


def read_body(
    entity: Message | Part,
    types: Container[str],
    *,
    dispositions: Container[str] | None = None,
    encodings: Container[str] = (),
) -> Reading:
    """What of the body of a message is understood, and what is not although it should be.

    `types` are the types that are understood here, such as {"application/sdp"}, in lower case; with
    "multipart/related" among them, such a body is one to be processed whole if its root is understood. `dispositions`
    are the disposition types, all of them when None; `encodings` those of Content-Encoding. Raises
    RemoteProtocolError when the body, or a header that describes it, is malformed.
    """
    if not entity.body:
        return Reading((), ())
    if isinstance(entity, Message) and not entity.has("content-type"):
        # "The Content-Type header field MUST be present if the body is not empty." (RFC 3261 20.15)
        raise RemoteProtocolError("a body without a Content-Type", rfc="3261 20.15")
    found, lacking = _Reader(types, dispositions, encodings).read(entity)
    if lacking and not _is_required(entity):
        return Reading((), ())
    return Reading(tuple(found), tuple(dict.fromkeys(lacking)))


class _Reader(NamedTuple):
    types: Container[str]
    dispositions: Container[str] | None
    encodings: Container[str]

    def read(self, entity: Message | Part) -> tuple[list[Message | Part], list[str]]:
        """What is to be processed, and the types that are not understood, whether or not the whole may be ignored."""
        kind = entity.content_type
        assert kind is not None, "who asks has looked"
        for encoding in entity[CONTENT_ENCODING]:
            if encoding != "identity" and encoding not in self.encodings:
                return [], [kind]
        inner = multipart(entity)
        if inner is None:
            return ([entity], []) if kind in self.types and self._is_known(entity) else ([], [kind])
        if inner.subtype == "alternative":
            return self._last_of(inner)
        if inner.subtype == "related" and kind in self.types:
            lacking = self.read(inner.root)[1] if self._is_known(entity) else [kind]
            return ([], lacking) if lacking else ([entity], [])
        # "by default, unknown 'multipart' subtypes are treated as 'multipart/mixed'." (RFC 5621 4.2)  So is a related
        # one by those who do not understand it (RFC 5621 7.3).
        return self._each_of(inner)

    def _each_of(self, mixed: Multipart) -> tuple[list[Message | Part], list[str]]:
        found: list[Message | Part] = []
        lacking: list[str] = []
        for part in mixed.parts:
            read, missing = self.read(part)
            if not missing or _is_required(part):
                found += read
                lacking += missing
        return found, lacking

    def _last_of(self, alternative: Multipart) -> tuple[list[Message | Part], list[str]]:
        # "The recipient of a 'multipart/alternative' body chooses the last body part it understands." (RFC 5621 6.1)
        # "The receiver SHOULD ignore the handling parameters of the body parts within the 'multipart/alternative'."
        # (RFC 5621 8.3)
        lacking: list[str] = []
        for part in reversed(alternative.parts):
            read, missing = self.read(part)
            if read and not missing:
                return read, []
            lacking = missing + lacking
        return [], lacking

    def _is_known(self, entity: Message | Part) -> bool:
        return self.dispositions is None or disposition(entity).type in self.dispositions


def disposition(entity: Message | Part) -> ContentDisposition:
    """What the body of a message or part is there for, as it says or as is assumed of its type (RFC 3261 20.11)."""
    return entity[CONTENT_DISPOSITION] or ContentDisposition.assumed(entity.content_type)


def _is_required(entity: Message | Part) -> bool:
    said = entity[CONTENT_DISPOSITION]
    return said is None or said.is_required
