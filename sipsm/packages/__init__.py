"""Event packages (RFC 6665 5): what each says of its subscriptions, and what the bodies of its NOTIFYs hold."""

from __future__ import annotations

from sipsm.packages.conference import ConferenceInfo
from sipsm.packages.dialog import DialogInfo
from sipsm.packages.element import Element
from sipsm.packages.message_summary import MessageSummary, Summary
from sipsm.packages.package import PACKAGES, EventPackage, package_named, read_document
from sipsm.packages.partial import Merged, merge
from sipsm.packages.presence import Note, Presence, PresenceContact, PresenceTuple, Status
from sipsm.packages.reg import RegInfo

__all__ = [
    "PACKAGES",
    "ConferenceInfo",
    "DialogInfo",
    "Element",
    "EventPackage",
    "Merged",
    "MessageSummary",
    "Note",
    "Presence",
    "PresenceContact",
    "PresenceTuple",
    "RegInfo",
    "Status",
    "Summary",
    "merge",
    "package_named",
    "read_document",
]
