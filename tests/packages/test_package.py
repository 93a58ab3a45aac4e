"""What each package says of its subscriptions, and what reads its bodies."""

from __future__ import annotations

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.bodies import SipFrag
from sipsm.message.headers.content import ContentType
from sipsm.packages import (
    PACKAGES,
    DialogInfo,
    Element,
    EventPackage,
    MessageSummary,
    Note,
    Presence,
    PresenceContact,
    PresenceTuple,
    RegInfo,
    Status,
    package_named,
    read_document,
)
from sipsm.packages.conference import ConferenceInfo
from sipsm.packages.partial import PartialDocument

# fmt: off
FACTS = [
    # name, body, lasts, forks, changes only, not more often than
    ("presence",        "application/pidf+xml",               3600, False, False, 5),
    ("dialog",          "application/dialog-info+xml",        3600, True,  True,  1),
    ("reg",             "application/reginfo+xml",            3761, False, True,  5),
    ("message-summary", "application/simple-message-summary", 3600, True,  False, 1),
    ("conference",      "application/conference-info+xml",    3600, False, True,  5),
    ("refer",           "message/sipfrag;version=2.0",         600, True,  False, 1),
]
# fmt: on


@pytest.mark.rfc("6665 5.4", "3856 6", "4235 3", "3680 4", "3842 3", "4575 3", "3515 3")
@pytest.mark.parametrize(("name", "body", "expires_s", "forks", "partial", "interval_s"), FACTS)
def test_the_facts(name: str, body: str, expires_s: int, forks: bool, partial: bool, interval_s: int) -> None:
    """What the RFC of each package has to say, by RFC 6665 5.4."""
    package = package_named(name)
    assert package is PACKAGES[name]
    assert package == EventPackage(name, (body,), expires_s, forks, partial, interval_s)
    assert package.default_type == body


def test_an_unknown_package_has_no_facts() -> None:
    """It is for the application to know them."""
    package = package_named("presence.winfo")
    assert package == EventPackage("presence.winfo")
    assert (package.default_type, package.partial) == (None, False)
    for name in ("", "a b", "a..b", "a,b"):
        with pytest.raises(LocalProtocolError):
            package_named(name)


@pytest.mark.rfc("6665 5.4")
def test_a_package_of_the_program() -> None:
    """What is said of it can be written into messages, and is kept safe."""
    types = ["Text/Plain", "text/html"]
    package = EventPackage("door", types, interval_s=2)
    types.clear()
    assert (package.types, package.default_type) == (("text/plain", "text/html"), "text/plain")
    for wrong in ({"types": ("text",)}, {"types": ("a/b\r\nX: y",)}, {"name": "a b"}):
        with pytest.raises(LocalProtocolError):
            EventPackage(**{"name": "door", **wrong})  # type: ignore[arg-type]
    for never in ({"expires_s": 0}, {"interval_s": -1}):
        with pytest.raises(ValueError, match="must be"):
            EventPackage("door", **never)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content_type", "document"),
    [
        ("application/pidf+xml", Presence("sip:a")),
        ("Application/PIDF+XML; charset=utf-8", Presence("sip:a")),
        (ContentType.build("application/dialog-info+xml"), DialogInfo(0, "sip:a")),
        ("application/reginfo+xml", RegInfo(0)),
        ("application/conference-info+xml", ConferenceInfo("sip:a", version=1)),
        ("application/simple-message-summary", MessageSummary(True)),
        ("message/sipfrag", SipFrag.build(200)),
    ],
)
def test_a_body_is_read_by_its_type(content_type: str, document: Presence | SipFrag) -> None:
    """Each type of the packages is read as what it is."""
    assert read_document(content_type, bytes(document)) == document


def test_other_bodies_are_not_read() -> None:
    """What sipsm does not know is the application's; what is not what it says is refused."""
    assert read_document("text/plain", b"hello") is None
    for package in PACKAGES.values():
        assert package.default_type is not None
        with pytest.raises(RemoteProtocolError):
            read_document(package.default_type, b"hello")


def test_only_documents_with_versions_are_partial() -> None:
    """A package whose NOTIFYs may tell changes has a document that numbers them (RFC 6665 5.3.2)."""
    assert {kind.content_type for kind in PartialDocument.__subclasses__()} == {
        package.default_type for package in PACKAGES.values() if package.partial
    }


@pytest.mark.rfc("3863 4.1.5")
def test_a_priority_out_of_range_is_none() -> None:
    """It is read as if it were not there, and not written."""
    body = (
        '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:a"><tuple id="1"><status/>'
        '<contact priority="{}"> im:a </contact></tuple></presence>'
    )
    for text, priority in (
        ("0", 0),
        (" 0.021 ", 0.021),
        ("1.", 1),
        ("1.00", 1),
        ("0.1234", None),
        ("2", None),
        ("-0", None),
    ):
        (only,) = Presence.parse(body.format(text).encode()).tuples
        assert only.contact == PresenceContact("im:a", priority)
    for wrong in (-0.1, 1.1, 0.0001):
        with pytest.raises(LocalProtocolError):
            PresenceContact("im:a", wrong)


@pytest.mark.rfc("3863 4.1")
def test_presence_is_written_in_the_order_of_its_schema() -> None:
    """Status, extensions, contact, notes, time; then notes and extensions of the whole."""
    document = Presence(
        "pres:a",
        (
            PresenceTuple(
                "1",
                Status("closed", (Element("{urn:x}s"),)),
                (Element("{urn:x}t"),),
                PresenceContact("sip:a", 0.5),
                (Note("Gone", "en"),),
                "2001-10-27T16:49:29Z",
            ),
        ),
        (Note("Bye"),),
        (Element("{urn:x}p"),),
    )
    assert not document.is_open
    assert bytes(document).decode().partition("\n")[2] == (
        '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:a" xmlns:p1="urn:x"><tuple id="1">'
        '<status><basic>closed</basic><p1:s/></status><p1:t/><contact priority="0.5">sip:a</contact>'
        '<note xml:lang="en">Gone</note><timestamp>2001-10-27T16:49:29Z</timestamp></tuple>'
        "<note>Bye</note><p1:p/></presence>"
    )
