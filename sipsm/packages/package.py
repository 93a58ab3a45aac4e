"""Event packages: what each says of its subscriptions, apart from what their bodies hold.

RFC 6665 5.4, and for each package its own RFC. Facts only, as plain data: who may subscribe is the application's
affair, and what a body says is that of its document. A program says its own by `Profile.known_packages`.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Any, Final

from attrs import Attribute, field, frozen
from attrs.validators import ge, gt

from sipsm.errors import LocalProtocolError
from sipsm.grammar.text_value import built
from sipsm.grammar.tokens import is_token
from sipsm.message.bodies.sipfrag import SIPFRAG, SipFrag
from sipsm.message.headers.content import ContentType, MediaType, type_alone
from sipsm.packages.conference import ConferenceInfo
from sipsm.packages.dialog import DialogInfo
from sipsm.packages.message_summary import MessageSummary
from sipsm.packages.presence import Presence
from sipsm.packages.reg import RegInfo


def _a_name(_: object, _field: Attribute[Any], name: str) -> None:
    # event-package = token-nodot, and templates behind dots (RFC 6665 8.4)
    if not all(is_token(part) for part in name.split(".")):
        raise LocalProtocolError(f"{name!r} is no name of an event package", rfc="6665 8.4")


def _types(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(each.lower() for each in given)


def _all_types(_: object, _field: Attribute[Any], types: tuple[str, ...]) -> None:
    for each in types:
        built(ContentType.parse, each)


@frozen
class EventPackage:
    """A kind of state that can be subscribed to, and the rules of subscribing to it (RFC 6665 5.4)."""

    name: str = field(validator=_a_name)
    """As in Event, with its templates if there are any: "presence", "presence.winfo" (RFC 6665 5.4.1)."""
    types: tuple[str, ...] = field(default=(), converter=_types, validator=_all_types)
    """The types of bodies that NOTIFY may have, the first of them where a SUBSCRIBE has no Accept (RFC 6665 5.4.5)."""
    expires_s: int = field(default=3600, validator=gt(0))
    """How long a subscription lasts when a SUBSCRIBE does not say it, in seconds (RFC 6665 5.4.4)."""
    forks: bool = False
    """Whether a SUBSCRIBE that reaches several notifiers makes a subscription with each of them (RFC 6665 5.4.9)."""
    partial: bool = False
    """Whether a NOTIFY may tell changes only, so that none may be left out on its way (RFC 6665 5.3.2)."""
    interval_s: float = field(default=0.0, converter=float, validator=ge(0))
    """The least time from one NOTIFY of a subscription to the next, in seconds (RFC 6665 5.4.10)."""

    @property
    def default_type(self) -> str | None:
        """The type of bodies where a SUBSCRIBE has no Accept; None where the package is not known to have one."""
        return self.types[0] if self.types else None


_PACKAGES: Final = (
    # "Therefore, the default expiration time for subscriptions within this package is 3600 seconds." (RFC 3856 6.4)
    # "This specification only allows a single dialog to be constructed as a result of emitting an initial SUBSCRIBE
    # request." (RFC 3856 6.9)
    # "A PA SHOULD NOT generate notifications for a single presentity at a rate of more than once every five seconds."
    # (RFC 3856 6.10)
    EventPackage("presence", (Presence.content_type,), 3600, interval_s=5.0),
    # One hour for all dialogs of a user; "a default duration of two hours" (RFC 4235 3.4) for a certain dialog.
    # "a forked SUBSCRIBE request for dialog state can install multiple subscriptions." (RFC 4235 3.9)
    # "It is RECOMMENDED that the server not generate notifications for a single subscriber faster than once every 1
    # second." (RFC 4235 3.10)
    EventPackage("dialog", (DialogInfo.content_type,), 3600, forks=True, partial=True, interval_s=1.0),
    # "the default duration of subscriptions to registration state is slightly longer, 3761 seconds." (RFC 3680 4.4)
    # "a subscriber MUST NOT create multiple dialogs as a result of a single subscription request." (RFC 3680 4.9)
    # "at a rate faster than once every 5 seconds." (RFC 3680 4.10)
    EventPackage("reg", (RegInfo.content_type,), 3761, partial=True, interval_s=5.0),
    # "The default subscription duration for this event package is one hour." (RFC 3842 3.4)
    # "Forked requests are allowed for this event type and may install multiple subscriptions." (RFC 3842 3.10)
    # "Notifiers SHOULD NOT generate NOTIFY requests more frequently than once per second." (RFC 3842 3.11)
    EventPackage("message-summary", (MessageSummary.content_type,), 3600, forks=True, interval_s=1.0),
    # "The default expiration time for a subscription to a conference is one hour." (RFC 4575 3.3)
    # "subscribers to this package MUST NOT establish more than a single SIP dialog as a result of a single SUBSCRIBE
    # request." (RFC 4575 3.8)
    # "at a rate faster than once every 5 seconds." (RFC 4575 3.9)
    EventPackage("conference", (ConferenceInfo.content_type,), 3600, partial=True, interval_s=5.0),
    # How long is the choice of who accepts the REFER, and long enough for what is referred to (RFC 3515 3.4).
    # "A REFER sent outside the context of a dialog MAY fork, and if it is accepted by multiple agents, MAY create
    # multiple subscriptions." (RFC 3515 3.9)
    # "NOTIFYs to event refer SHOULD NOT be sent more frequently than once per second." (RFC 3515 3.10)
    EventPackage("refer", (SIPFRAG,), 600, forks=True, interval_s=1.0),
)

PACKAGES: Final = MappingProxyType({package.name: package for package in _PACKAGES})
"""The packages that sipsm knows, by name."""


def package_named(name: str) -> EventPackage:
    """The package of this name, or where sipsm knows none, one about which nothing is known: no types, full state."""
    return PACKAGES.get(name) or EventPackage(name)


AnyDocument = Presence | DialogInfo | RegInfo | MessageSummary | ConferenceInfo | SipFrag

_DOCUMENTS: Final[dict[str, type[AnyDocument]]] = {
    type_alone(kind.content_type): kind for kind in (Presence, DialogInfo, RegInfo, MessageSummary, ConferenceInfo)
} | {type_alone(SIPFRAG): SipFrag}


def read_document(content_type: MediaType | str, body: bytes) -> AnyDocument | None:
    """What a body of this type says; None for a type that is no package's that sipsm knows.

    Raises RemoteProtocolError where the body is not of the type.
    """
    kind = _DOCUMENTS.get(type_alone(str(content_type)))
    return None if kind is None else kind.parse(body)
