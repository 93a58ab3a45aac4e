"""The package "reg": what is registered for an address-of-record.

RFC 3680: application/reginfo+xml (5), and how its documents make one state (5.2).
"""

from __future__ import annotations

from attrs import evolve, field, frozen

from sipsm.packages.element import LANG, Element
from sipsm.packages.partial import PartialDocument, updated
from sipsm.packages.shape import EXTENSIONS, NUMBER, TEXT, VERSION, Part, attribute, child, children, content


class _Part(Part):
    __slots__ = ()

    namespace = "urn:ietf:params:xml:ns:reginfo"
    rfc = "3680 5.1"


@frozen
class DisplayName(_Part):
    """A name for people, and the language that it is in (RFC 3680 5.1)."""

    text: str = field(metadata=content(TEXT))
    language: str | None = field(default=None, metadata=attribute(LANG))


@frozen
class UnknownParam(_Part):
    """A parameter of the Contact in the REGISTER that RFC 3261 does not have (RFC 3680 5.1)."""

    name: str = field(metadata=attribute("name"))
    value: str = field(default="", metadata=content(TEXT))
    """"" for a parameter without one."""


@frozen
class RegisteredContact(_Part):
    """A binding: what became of it, and why (RFC 3680 5.1)."""

    id: str = field(metadata=attribute("id"))
    """Which contact it is, in all documents of a subscription."""
    uri: str = field(metadata=child("uri"))
    state: str = field(metadata=attribute("state"))
    """"active" or "terminated"."""
    event: str = field(metadata=attribute("event"))
    """"registered", "created", "refreshed", "shortened", "expired", "deactivated", "probation", "unregistered" or
    "rejected"."""
    expires_s: int | None = field(default=None, metadata=attribute("expires", NUMBER))
    """How long the binding lasts from now, in seconds; there when it was shortened."""
    retry_after_s: int | None = field(default=None, metadata=attribute("retry-after", NUMBER))
    """When its owner is to register again, in seconds from now; there when the event is probation."""
    duration_s: int | None = field(default=None, metadata=attribute("duration-registered", NUMBER))
    """For how long it has been registered, in seconds."""
    q: str | None = field(default=None, metadata=attribute("q"))
    """Its preference, as the REGISTER had it."""
    call_id: str | None = field(default=None, metadata=attribute("callid"))
    cseq: int | None = field(default=None, metadata=attribute("cseq", NUMBER))
    display_name: DisplayName | None = field(default=None, metadata=child("display-name", DisplayName))
    params: tuple[UnknownParam, ...] = field(default=(), metadata=children("unknown-param", UnknownParam))
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)

    @property
    def is_over(self) -> bool:
        """Whether the binding is gone."""
        return self.state == "terminated"


@frozen
class Registration(_Part):
    """An address-of-record and its contacts (RFC 3680 5.1)."""

    aor: str = field(metadata=attribute("aor"))
    id: str = field(metadata=attribute("id"))
    """Which registration it is, in all documents of a subscription."""
    state: str = field(metadata=attribute("state"))
    """"init", "active" or "terminated"."""
    contacts: tuple[RegisteredContact, ...] = field(default=(), metadata=children("contact", RegisteredContact))
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)

    @property
    def is_over(self) -> bool:
        """Whether nothing is registered any more."""
        return self.state == "terminated"


@frozen
class RegInfo(_Part, PartialDocument):
    """What is registered, all of it or what has changed (RFC 3680 5.1)."""

    root = "reginfo"
    content_type = "application/reginfo+xml"

    version: int = field(metadata=attribute("version", VERSION))
    """One more with each document of a subscription, from 0."""
    state: str = field(default="full", metadata=attribute("state"))
    """"full", or "partial" for what has changed."""
    registrations: tuple[Registration, ...] = field(default=(), metadata=children("registration", Registration))
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)

    def _with(self, news: RegInfo) -> RegInfo:
        registrations = updated(self.registrations, news.registrations, "id", _both, lambda each: each.is_over)
        return evolve(self, registrations=registrations, extensions=news.extensions or self.extensions)


def _both(old: Registration | None, new: Registration) -> Registration:
    # "If the contact does exist, its state is updated to be the information from that "contact" element." (RFC 3680
    # 5.2)
    if old is None:
        return new
    contacts = updated(old.contacts, new.contacts, "id", lambda _, row: row, lambda contact: contact.is_over)
    return evolve(new, contacts=contacts, extensions=new.extensions or old.extensions)
