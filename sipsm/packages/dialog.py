"""The package "dialog": which calls somebody is in, as told to attendants and to lamps on telephones.

RFC 4235: application/dialog-info+xml (4), and how its documents make one state (4.3).
"""

from __future__ import annotations

from attrs import evolve, field, frozen

from sipsm.packages.element import Element
from sipsm.packages.partial import PartialDocument, updated
from sipsm.packages.shape import EXTENSIONS, NUMBER, TEXT, VERSION, Part, attribute, child, children, content


class _Part(Part):
    __slots__ = ()

    namespace = "urn:ietf:params:xml:ns:dialog-info"
    rfc = "4235 4.1"


@frozen
class DialogState(_Part):
    """How far a dialog is (RFC 4235 4.1.2)."""

    state: str = field(metadata=content())
    """"trying", "proceeding", "early", "confirmed" or "terminated"."""
    # The examples of RFC 4235 6.2 say `reason` for it.
    event: str | None = field(default=None, metadata=attribute("event", also="reason"))
    """Why it is terminated: "cancelled", "rejected", "replaced", "local-bye", "remote-bye", "error" or "timeout"."""
    code: int | None = field(default=None, metadata=attribute("code", NUMBER))
    """The status of the response that made it so."""


@frozen
class Replaced(_Part):
    """The dialog that another one replaces (RFC 4235 4.1.4)."""

    call_id: str = field(metadata=attribute("call-id"))
    local_tag: str = field(metadata=attribute("local-tag"))
    remote_tag: str = field(metadata=attribute("remote-tag"))


@frozen
class Identity(_Part):
    """Who somebody is: a URI, with a name for people (RFC 4235 4.1.6.1)."""

    uri: str = field(metadata=content())
    # The text of RFC 4235 and its examples call it `display`, and so do most; its schema says `display-name`.
    display: str | None = field(default=None, metadata=attribute("display", TEXT, also="display-name"))


@frozen
class TargetParam(_Part):
    """A feature of a target, such as `+sip.rendering` (RFC 4235 4.1.6.2)."""

    name: str = field(metadata=attribute("pname"))
    value: str = field(metadata=attribute("pval"))


@frozen
class DialogTarget(_Part):
    """The Contact of a participant: its URI and its features (RFC 4235 4.1.6.2)."""

    uri: str = field(metadata=attribute("uri"))
    params: tuple[TargetParam, ...] = field(default=(), metadata=children("param", TargetParam))


@frozen
class Described(_Part):
    """The session description of a participant (RFC 4235 4.1.6.3)."""

    type: str = field(metadata=attribute("type"))
    """Its media type, such as "application/sdp"."""
    text: str = field(metadata=content(TEXT))


@frozen
class Participant(_Part):
    """One side of a dialog (RFC 4235 4.1.6)."""

    # One by the schema; "multiple identities (for example a sip: URI and a tel: URI) could be included if they all
    # correspond to the participant." (RFC 4235 4.1.6.1)
    identities: tuple[Identity, ...] = field(default=(), metadata=children("identity", Identity))
    target: DialogTarget | None = field(default=None, metadata=child("target", DialogTarget))
    description: Described | None = field(default=None, metadata=child("session-description", Described))
    cseq: int | None = field(default=None, metadata=child("cseq", NUMBER))
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)


@frozen
class DialogEntry(_Part):
    """A dialog of the user that is observed, or an INVITE of which there is none yet (RFC 4235 4.1.1)."""

    id: str = field(metadata=attribute("id"))
    """Which dialog it is, in all documents of a subscription; not that of RFC 3261."""
    state: DialogState = field(metadata=child("state", DialogState))
    direction: str | None = field(default=None, metadata=attribute("direction"))
    """"initiator" when the user has called, "recipient" when the user was called."""
    call_id: str | None = field(default=None, metadata=attribute("call-id"))
    local_tag: str | None = field(default=None, metadata=attribute("local-tag"))
    remote_tag: str | None = field(default=None, metadata=attribute("remote-tag"))
    duration_s: int | None = field(default=None, metadata=child("duration", NUMBER))
    """For how long there has been a state, in seconds (RFC 4235 4.1.3)."""
    replaces: Replaced | None = field(default=None, metadata=child("replaces", Replaced))
    referred_by: Identity | None = field(default=None, metadata=child("referred-by", Identity))
    route_set: tuple[str, ...] = field(default=(), metadata=children("hop", within="route-set"))
    local: Participant | None = field(default=None, metadata=child("local", Participant))
    """The user."""
    remote: Participant | None = field(default=None, metadata=child("remote", Participant))
    """Whom the user talks with."""
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)

    @property
    def is_over(self) -> bool:
        """Whether the dialog is terminated."""
        return self.state.state == "terminated"


@frozen
class DialogInfo(_Part, PartialDocument):
    """The dialogs of a user, all of them or those that have changed (RFC 4235 4.1)."""

    root = "dialog-info"
    content_type = "application/dialog-info+xml"

    version: int = field(metadata=attribute("version", VERSION))
    """One more with each document of a subscription, from 0."""
    # The sample of RFC 4235 4.2 has none.
    entity: str = field(default="", metadata=attribute("entity"))
    """The URI of the user; "" where the notifier leaves it out, which it must not."""
    # An example of RFC 4235 4.1 calls it `notify-state`.
    state: str = field(default="full", metadata=attribute("state", also="notify-state"))
    """"full", or "partial" for what has changed."""
    dialogs: tuple[DialogEntry, ...] = field(default=(), metadata=children("dialog", DialogEntry))
    extensions: tuple[Element, ...] = field(default=(), metadata=EXTENSIONS)

    def _with(self, news: DialogInfo) -> DialogInfo:
        dialogs = updated(self.dialogs, news.dialogs, "id", _both, lambda dialog: dialog.is_over)
        return evolve(self, dialogs=dialogs, extensions=news.extensions or self.extensions)


def _both(old: DialogEntry | None, new: DialogEntry) -> DialogEntry:
    # "If the dialog does exist, its state is updated to be the information from that "dialog" element." (RFC 4235 4.3)
    if old is None:
        return new
    return evolve(new, local=_kept(old.local, new.local), remote=_kept(old.remote, new.remote))


def _kept(old: Participant | None, new: Participant | None) -> Participant | None:
    # "the subscriber can assume that the identity URIs are the same as in previous notifications if no identity
    # elements are present in the corresponding local or remote element." (RFC 4235 4.1.6.1)  The same holds of the
    # session description (4.1.6.3), and, as its examples go on, where the whole element is left out (6.2).
    if old is None or not (old.identities or old.description):
        return new
    new = new or Participant()
    return evolve(new, identities=new.identities or old.identities, description=new.description or old.description)
