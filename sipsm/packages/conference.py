"""The package "conference": who takes part in a conference, how, and what it is about.

RFC 4575: application/conference-info+xml (5, 6), and how its documents make one state (4.4 to 4.6).
"""

from __future__ import annotations

from typing import Any, Self

from attrs import evolve, field, frozen

from sipsm.packages.element import Element
from sipsm.packages.partial import PartialDocument
from sipsm.packages.shape import (
    BOOLEAN,
    EXTENSIONS,
    NUMBER,
    TEXT,
    VERSION,
    WORDS,
    Part,
    attribute,
    child,
    children,
    class_of,
    roles,
)

_STATE = attribute("state", implied=True)


class _Part(Part):
    __slots__ = ()

    namespace = "urn:ietf:params:xml:ns:conference-info"
    rfc = "4575 5"


@frozen
class Execution(_Part):
    """When something was done, why, and by whom (RFC 4575 5.7.2, 5.7.5, 5.7.7)."""

    when: str | None = field(default=None, metadata=child("when"))
    """As "2005-03-04T20:00:00Z"; `datetime.fromisoformat` reads it."""
    reason: str | None = field(default=None, metadata=child("reason", TEXT))
    by: str | None = field(default=None, metadata=child("by"))
    """The URI of who did it."""


@frozen
class UriEntry(_Part):
    """A URI and what it is for (RFC 4575 5.3.1)."""

    uri: str = field(metadata=child("uri"))
    display_text: str | None = field(default=None, metadata=child("display-text", TEXT))
    purpose: str | None = field(default=None, metadata=child("purpose"))
    """"participation" or "streaming", "web-page", "recording" or "event"."""
    modified: Execution | None = field(default=None, metadata=child("modified", Execution))
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)


@frozen
class Uris(_Part):
    """URIs; those of sidebars may be told in part (RFC 4575 5.9.1)."""

    entries: tuple[UriEntry, ...] = field(default=(), metadata=children("entry", UriEntry, key="uri"))
    state: str = field(default="full", metadata=_STATE)


@frozen
class AvailableMedia(_Part):
    """A stream that a conference has (RFC 4575 5.3.4)."""

    label: str = field(metadata=attribute("label"))
    type: str = field(metadata=child("type"))
    """As in m= lines: "audio", "video"."""
    display_text: str | None = field(default=None, metadata=child("display-text", TEXT))
    status: str | None = field(default=None, metadata=child("status"))
    """As participants see it: "sendrecv", "sendonly", "recvonly" or "inactive"."""
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)


@frozen
class Description(_Part):
    """What a conference is about, and how to get into it (RFC 4575 5.3)."""

    display_text: str | None = field(default=None, metadata=child("display-text", TEXT))
    subject: str | None = field(default=None, metadata=child("subject", TEXT))
    free_text: str | None = field(default=None, metadata=child("free-text", TEXT))
    keywords: tuple[str, ...] | None = field(default=None, metadata=child("keywords", WORDS))
    conf_uris: Uris | None = field(default=None, metadata=child("conf-uris", Uris))
    service_uris: Uris | None = field(default=None, metadata=child("service-uris", Uris))
    maximum_user_count: int | None = field(default=None, metadata=child("maximum-user-count", NUMBER))
    available_media: tuple[AvailableMedia, ...] = field(
        default=(), metadata=children("entry", AvailableMedia, within="available-media")
    )
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)


@frozen
class Host(_Part):
    """Who hosts a conference (RFC 4575 5.4)."""

    display_text: str | None = field(default=None, metadata=child("display-text", TEXT))
    web_page: str | None = field(default=None, metadata=child("web-page"))
    uris: Uris | None = field(default=None, metadata=child("uris", Uris))
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)


@frozen
class ConferenceState(_Part):
    """How a conference stands (RFC 4575 5.5)."""

    user_count: int | None = field(default=None, metadata=child("user-count", NUMBER))
    """How many take part; may be more than are told of."""
    active: bool | None = field(default=None, metadata=child("active", BOOLEAN))
    locked: bool | None = field(default=None, metadata=child("locked", BOOLEAN))
    """Whether nobody can join any more."""
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)


@frozen
class ConferenceMedia(_Part):
    """A stream between an endpoint and the conference (RFC 4575 5.8)."""

    id: str = field(metadata=attribute("id"))
    display_text: str | None = field(default=None, metadata=child("display-text", TEXT))
    type: str | None = field(default=None, metadata=child("type"))
    label: str | None = field(default=None, metadata=child("label"))
    """Which of the available media it is."""
    src_id: str | None = field(default=None, metadata=child("src-id"))
    """Its SSRC, when it is of RTP."""
    status: str | None = field(default=None, metadata=child("status"))
    """As the participant sees it: "sendrecv", "sendonly", "recvonly" or "inactive"."""
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)


@frozen
class SipDialog(_Part):
    """The dialog of an endpoint with the focus (RFC 4575 5.7.9)."""

    call_id: str = field(metadata=child("call-id"))
    from_tag: str = field(metadata=child("from-tag"))
    to_tag: str = field(metadata=child("to-tag"))
    display_text: str | None = field(default=None, metadata=child("display-text", TEXT))
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)


@frozen
class CallInfo(_Part):
    """The call by which an endpoint takes part (RFC 4575 5.7.9)."""

    sip: SipDialog | None = field(default=None, metadata=child("sip", SipDialog))
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)


@frozen
class ConferenceEndpoint(_Part):
    """A device of a participant (RFC 4575 5.7)."""

    entity: str = field(default="", metadata=attribute("entity", implied=True))
    """Which one it is of the participant's."""
    display_text: str | None = field(default=None, metadata=child("display-text", TEXT))
    referred: Execution | None = field(default=None, metadata=child("referred", Execution))
    status: str | None = field(default=None, metadata=child("status"))
    """"connected", "disconnected", "on-hold", "muted-via-focus", "pending", "alerting", "dialing-in", "dialing-out" or
    "disconnecting" (RFC 4575 5.7.3)."""
    joining_method: str | None = field(default=None, metadata=child("joining-method"))
    """"dialed-in", "dialed-out" or "focus-owner"."""
    joining_info: Execution | None = field(default=None, metadata=child("joining-info", Execution))
    disconnection_method: str | None = field(default=None, metadata=child("disconnection-method"))
    """"departed", "booted", "failed" or "busy"."""
    disconnection_info: Execution | None = field(default=None, metadata=child("disconnection-info", Execution))
    media: tuple[ConferenceMedia, ...] = field(default=(), metadata=children("media", ConferenceMedia, key="id"))
    call_info: CallInfo | None = field(default=None, metadata=child("call-info", CallInfo))
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)
    state: str = field(default="full", metadata=_STATE)


@frozen
class ConferenceUser(_Part):
    """Somebody who takes part (RFC 4575 5.6)."""

    entity: str = field(default="", metadata=attribute("entity", implied=True))
    """The URI of who it is."""
    display_text: str | None = field(default=None, metadata=child("display-text", TEXT))
    associated_aors: Uris | None = field(default=None, metadata=child("associated-aors", Uris))
    roles: tuple[str, ...] = field(default=(), metadata=children("entry", TEXT, within="roles"))
    languages: tuple[str, ...] | None = field(default=None, metadata=child("languages", WORDS))
    cascaded_focus: str | None = field(default=None, metadata=child("cascaded-focus"))
    endpoints: tuple[ConferenceEndpoint, ...] = field(
        default=(), metadata=children("endpoint", ConferenceEndpoint, key="entity")
    )
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)
    state: str = field(default="full", metadata=_STATE)


@frozen
class Users(_Part):
    """Those who take part, or of whom there is news (RFC 4575 5.6)."""

    entries: tuple[ConferenceUser, ...] = field(default=(), metadata=children("user", ConferenceUser, key="entity"))
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)
    state: str = field(default="full", metadata=_STATE)


@frozen
class Sidebars(_Part):
    """Conferences within the conference (RFC 4575 5.9.2)."""

    entries: tuple[Sidebar, ...] = field(default=(), metadata=children("entry", lambda: Sidebar, key="entity"))
    state: str = field(default="full", metadata=_STATE)


@frozen
class Sidebar(_Part):
    """A conference within another one (RFC 4575 5.9.2)."""

    entity: str = field(metadata=attribute("entity"))
    """The URI of the conference."""
    description: Description | None = field(default=None, metadata=child("conference-description", Description))
    host: Host | None = field(default=None, metadata=child("host-info", Host))
    conference_state: ConferenceState | None = field(default=None, metadata=child("conference-state", ConferenceState))
    users: Users | None = field(default=None, metadata=child("users", Users))
    sidebars_by_ref: Uris | None = field(default=None, metadata=child("sidebars-by-ref", Uris))
    sidebars_by_val: Sidebars | None = field(default=None, metadata=child("sidebars-by-val", Sidebars))
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)
    state: str = field(default="full", metadata=_STATE)


@frozen
class ConferenceInfo(Sidebar, PartialDocument):
    """A conference, all of it or what has changed (RFC 4575 5.2).

    Its `state` is "full", "partial" for what has changed, or "deleted" when the conference is no more.
    """

    root = "conference-info"
    content_type = "application/conference-info+xml"
    # "If the value in the document is equal to or less than the local version, the document is discarded without
    # processing." (RFC 4575 4.6)
    drops_the_same = True
    # "if the 'version' number in the received document is more than one number higher than the previous local version
    # number, the subscriber MUST generate a subscription refresh request to trigger a full state notification." (RFC
    # 4575 4.6)  Only that which is one higher is "used to update the local content".
    needs_all = True

    # "The 'version' attribute MUST be included in the root <conference-info> element." (RFC 4575 4.3)
    version: int = field(kw_only=True, metadata=attribute("version", VERSION))
    """One more with each document of a subscription that tells changes."""

    def _settled(self) -> Self:
        return self if self.state == "partial" else _settled(self)

    def _with(self, news: Self) -> Self:
        merged: Self = _both(self, news)
        return merged


# RFC 4575 4.6, for any element that says of its state whether it is full: partial ones go into those that are known.


def _both(old: Any, new: Any) -> Any:
    """An element that is known, with what is told of it."""
    if getattr(new, "state", "full") != "partial":
        # "For each atomic element received in the schema, the element is replaced with the new information as a whole."
        # (RFC 4575 4.6)
        return _settled(new)
    if old is None:
        old = evolve(new, **{name: default for name, role, default in roles(type(new)) if role.place in _WITHIN})
    values: dict[str, Any] = {}
    for name, role, default in roles(type(new)):
        told, known = getattr(new, name), getattr(old, name)
        if told == default:
            # Nothing is told of it.
            values[name] = known
        elif role.key is not None:
            values[name] = _rows(known, told, role.key)
        elif role.place == "extensions":
            names = {extension.name for extension in told}
            values[name] = (*(extension for extension in known if extension.name not in names), *told)
        elif _has_state(role):
            values[name] = None if told.state == "deleted" else _both(known, told)
        else:
            values[name] = told
    return evolve(new, **{**values, "state": "full"})


def _rows(known: tuple[Any, ...], told: tuple[Any, ...], key: str) -> tuple[Any, ...]:
    table = {getattr(row, key): row for row in known}
    for row in told:
        name = getattr(row, key)
        if getattr(row, "state", "full") == "deleted":
            # "the whole element MUST be removed from the local content." (RFC 4575 4.6)
            table.pop(name, None)
        else:
            table[name] = _both(table.get(name), row)
    return tuple(table.values())


def _settled(new: Any) -> Any:
    """An element that is told as a whole: what is in it is whole as well, or was never there."""
    # "This means that if the parent's 'state' is "full", the state of its children MUST be "full"." (RFC 4575 4.4)
    values: dict[str, Any] = {}
    for name, role, _ in roles(type(new)):
        told = getattr(new, name)
        if role.key is not None:
            values[name] = _rows((), told, role.key)
        elif told is not None and _has_state(role):
            values[name] = None if told.state == "deleted" else _both(None, told)
    return evolve(new, **values) if values else new


def _has_state(role: Any) -> bool:
    of = class_of(role)
    return role.place == "child" and isinstance(of, type) and hasattr(of, "state")


_WITHIN = frozenset({"child", "children", "extensions"})
