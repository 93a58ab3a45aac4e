"""The package "presence": whether and how somebody can be reached.

RFC 3856; its documents are of RFC 3863: application/pidf+xml. Extensions, such as those of RFC 4480, are kept as
elements.
"""

from __future__ import annotations

import re
from typing import Any

from attrs import Attribute, field, frozen

from sipsm.errors import LocalProtocolError
from sipsm.packages.element import LANG, Element
from sipsm.packages.shape import EXTENSIONS, TEXT, Document, Kind, Part, attribute, child, children, content

# <xs:pattern value="0(.[0-9]{0,3})?"/>, <xs:pattern value="1(.0{0,3})?"/>
_priority = re.compile(r"[ \t\r\n]*+(0(?:\.[0-9]{0,3}+)?|1(?:\.0{0,3}+)?)[ \t\r\n]*+").fullmatch


def _read_priority(text: str) -> float | None:
    # "If the 'priority' value is out of the range, applications just SHOULD ignore the value and process it as if the
    # attribute was not present." (RFC 3863 4.1.5)
    match = _priority(text)
    return None if match is None else float(match[1])


def _a_priority(_: object, _field: Attribute[Any], priority: float | None) -> None:
    if priority is not None and not (0 <= priority <= 1 and round(priority, 3) == priority):
        raise LocalProtocolError(f"{priority} is no number from 0 to 1 with three digits at most", rfc="3863 4.1.5")


_PRIORITY = Kind(_read_priority, lambda priority: f"{priority:.3f}".rstrip("0").rstrip("."))


class _Part(Part):
    __slots__ = ()

    namespace = "urn:ietf:params:xml:ns:pidf"
    rfc = "3863 4.1"


@frozen
class Note(_Part):
    """A comment for people, and the language that it is in (RFC 3863 4.1.6)."""

    text: str = field(metadata=content(TEXT))
    language: str | None = field(default=None, metadata=attribute(LANG))


@frozen
class PresenceContact(_Part):
    """An address at which somebody may be reached (RFC 3863 4.1.5)."""

    uri: str = field(metadata=content())
    priority: float | None = field(default=None, validator=_a_priority, metadata=attribute("priority", _PRIORITY))
    """From 0 to 1, which comes first; None is the lowest."""


@frozen
class Status(_Part):
    """How it stands with an address: `basic`, or what extensions say (RFC 3863 4.1.3)."""

    basic: str | None = field(default=None, metadata=child("basic"))
    """"open" or "closed"."""
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)


@frozen
class PresenceTuple(_Part):
    """A piece of presence, such as that of one device (RFC 3863 4.1.2)."""

    id: str = field(metadata=attribute("id"))
    """Which piece it is, in all documents of this presentity."""
    status: Status = field(metadata=child("status", Status))
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)
    contact: PresenceContact | None = field(default=None, metadata=child("contact", PresenceContact))
    notes: tuple[Note, ...] = field(default=(), metadata=children("note", Note))
    timestamp: str | None = field(default=None, metadata=child("timestamp"))
    """When the status became so, as "2001-10-27T16:49:29Z"; `datetime.fromisoformat` reads it."""

    @property
    def is_open(self) -> bool:
        """Whether messages are taken at the address."""
        return self.status.basic == "open"


@frozen
class Presence(_Part, Document):
    """The presence of somebody (RFC 3863 4.1.1): always all of it (RFC 3856 6.8)."""

    root = "presence"
    content_type = "application/pidf+xml"

    entity: str = field(metadata=attribute("entity"))
    """The URI of whose presence it is."""
    tuples: tuple[PresenceTuple, ...] = field(default=(), metadata=children("tuple", PresenceTuple))
    notes: tuple[Note, ...] = field(default=(), metadata=children("note", Note))
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)

    @property
    def is_open(self) -> bool:
        """Whether messages are taken at any address."""
        return any(each.is_open for each in self.tuples)
