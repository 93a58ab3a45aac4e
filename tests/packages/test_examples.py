"""The documents that the RFCs show, as they stand there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sipsm.errors import RemoteProtocolError
from sipsm.packages import ConferenceInfo, DialogInfo, Element, Note, Presence, PresenceContact, RegInfo, merge
from sipsm.packages.conference import AvailableMedia, Execution
from sipsm.packages.dialog import DialogTarget, Identity, Replaced, TargetParam
from sipsm.packages.element import mandatory

FOLDER = Path(__file__).parent / "examples"
KINDS: dict[str, Any] = {"3863": Presence, "4235": DialogInfo, "3680": RegInfo, "4575": ConferenceInfo}
REFUSED = {
    "4235-4.1.1.xml": "no state in",  # "..." stands for it
    "4235-6.2-08.xml": "mismatched tag",  # <target/> is closed twice
}
EX = "{http://id.example.com/presence/}"
COMPANY = "{http://id.mycompany.com/presence/}"


def example(name: str) -> Any:
    return KINDS[name[:4]].parse((FOLDER / f"{name}.xml").read_bytes())


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.stem)
def test_an_example_is_read_and_written(path: Path) -> None:
    """What an RFC shows is read, with all that it says, but for two that are wrong."""
    kind = KINDS[path.name[:4]]
    if path.name in REFUSED:
        with pytest.raises(RemoteProtocolError, match=REFUSED[path.name]):
            kind.parse(path.read_bytes())
        return
    document = kind.parse(path.read_bytes())
    assert kind.parse(bytes(document)) == document


@pytest.mark.rfc("3863 4.3.1", "3863 4.1")
def test_presence_with_extensions() -> None:
    """Status, contact, notes in two languages and a time, and what other namespaces add to the status."""
    document = example("3863-4.3.1")
    assert document.entity == "pres:someone@example.com"
    assert document.is_open
    phone, mail = document.tuples
    assert (phone.id, phone.status.basic, phone.is_open) == ("bs35r9", "open", True)
    assert phone.status.extensions == (
        Element("{urn:ietf:params:xml:ns:pidf:im}im", {}, "busy"),
        Element(f"{EX}location", {}, "home"),
    )
    assert phone.contact == PresenceContact("im:someone@mobilecarrier.net", 0.8)
    assert [note.language for note in phone.notes] == ["en", "fr"]
    assert phone.timestamp == "2001-10-27T16:49:29Z"
    assert (mail.contact.priority, mail.notes, mail.timestamp) == (1.0, (), None)
    assert document.notes == (Note("I'll be in Tokyo next week"),)


@pytest.mark.rfc("3863 4.2.2")
def test_prefixes_make_no_difference() -> None:
    """The same presence, with a prefix and with a default namespace, is the same."""
    assert example("3863-4.2.2-01") == example("3863-4.2.2-02")
    assert example("3863-4.2.2-01").tuples[0].contact == PresenceContact("tel:+09012345678", 0.8)


@pytest.mark.rfc("3863 4.2.3", "3863 4.3.2")
def test_unknown_elements_are_passed_over_and_kept() -> None:
    """Extensions stand in the way of nothing that is known, and are there for who knows them."""
    document = example("3863-4.3.2")
    assert [each.contact.uri for each in document.tuples] == ["tel:+09012345678", "im:someone@mobilecarrier.net"]
    assert document.tuples[0].extensions == (Element(f"{EX}mytupletag", {}, "Extended value in tuple"),)
    assert document.extensions == (Element(f"{EX}mytag", {}, "My extended presentity information"),)


@pytest.mark.rfc("3863 4.2.3", "3863 4.3.3")
def test_what_must_be_understood_is_named() -> None:
    """Who does not know ex1 has to ignore the whole extension, and can tell."""
    (extension,) = example("3863-4.3.3").tuples[0].extensions
    assert extension.name == f"{COMPANY}complexExtension"
    assert mandatory(extension) == (f"{COMPANY}ex1",)
    assert [inner.text for inner in extension.elements] == ["val1", "val2"]


@pytest.mark.rfc("4235 6.2", "4235 4.1")
def test_a_dialog_in_all_its_parts() -> None:
    """The transfer to Bob's assistant: what is replaced, who referred, who talks, and with what features."""
    gone, new = example("4235-6.2-06").dialogs
    # The example says `reason` for the attribute that the schema calls `event`.
    assert (gone.is_over, gone.state.event, new.is_over) == (True, "replaced", False)
    assert new.replaces == Replaced("a84b4c76e66710", "1928301774", "8736347")
    assert new.referred_by == Identity("sip:bob-is-not-here@vm.example.net")
    assert new.remote.identities == (Identity("sip:cjones@example.net", "Cathy Jones"),)
    assert new.remote.target == DialogTarget(
        "sip:line3@host3.example.net", (TargetParam("actor", "attendant"), TargetParam("automaton", "false"))
    )
    # A <param> outside of its <target> is no part that the package knows.
    assert [extension.name for extension in new.local.extensions] == ["{urn:ietf:params:xml:ns:dialog-info}param"]


@pytest.mark.rfc("4235 4.1", "4235 4.2")
def test_what_examples_leave_out_is_not_missed() -> None:
    """One example has no entity, another one calls the state notify-state."""
    assert example("4235-4.2").entity == ""
    assert example("4235-4.2").dialogs[0].duration_s == 274
    assert example("4235-4.1").is_full


@pytest.mark.rfc("4235 6.2", "4235 4.3")
def test_a_shared_line_is_followed() -> None:
    """The lamp of Alice's line, from idle over Bob's voicemail to Cathy and back to idle."""
    known = None
    lamps = []
    for number in (1, 2, 3, 4, 5, 6, 7, 9, 10):
        merged = merge(known, example(f"4235-6.2-{number:02}"))
        known = merged.state
        assert merged.taken
        # The document of version 7 is no XML, so that something is missing at version 8.
        assert merged.refresh == (known.version == 8)
        lamps.append({dialog.id: dialog.state.state for dialog in known.dialogs})
        if number == 4:
            assert known.dialogs[0].remote.identities == (Identity("sip:bob@example.net"),)
            assert known.dialogs[0].remote.target == DialogTarget("sip:bobster@host2.example.net")
            assert known.dialogs[0].local.identities == (Identity("sip:alice@example.com", "Alice Smith"),)
    assert lamps == [
        {},
        {"as7d900as8": "trying"},
        {"as7d900as8": "trying"},
        {"as7d900as8": "early"},
        {"as7d900as8": "terminated", "zxcvbnm3": "confirmed"},
        {"zxcvbnm3": "terminated", "sfhjsjk12": "confirmed"},
        {"sfhjsjk12": "confirmed"},
        {"sfhjsjk12": "terminated", "08hjh1345": "trying"},
        {},
    ]


@pytest.mark.rfc("3680 5.3", "3680 6")
def test_registrations() -> None:
    """What is registered, and then a first contact where there was none."""
    (registration,) = example("3680-5.3").registrations
    assert (registration.aor, registration.id, registration.is_over) == ("sip:user@example.com", "as9", False)
    active, expired = registration.contacts
    assert (active.uri, active.q, active.duration_s, active.is_over) == (
        "sip:user@pc887.example.com",
        "0.8",
        7322,
        False,
    )
    assert (expired.event, expired.is_over) == ("expired", True)

    merged = merge(example("3680-6-01"), example("3680-6-02"))
    assert (merged.taken, merged.refresh, merged.state.is_full) == (True, False, True)
    (registration,) = merged.state.registrations
    assert (registration.state, [contact.uri for contact in registration.contacts]) == (
        "active",
        ["sip:joe@pc34.example.com"],
    )


@pytest.mark.rfc("4575 7.2", "4575 5")
def test_a_conference_in_all_its_parts() -> None:
    """What it is about, who hosts it, who takes part, and its sidebars."""
    document = example("4575-7.2")
    assert (document.entity, document.version, document.is_full) == ("sips:conf233@example.com", 5, False)
    about = document.description
    assert (about.keywords, about.maximum_user_count) == (("sales", "meeting", "weekly"), 100)
    assert [entry.purpose for entry in about.conf_uris.entries] == ["participation", "participation", "streaming"]
    assert about.available_media[1] == AvailableMedia("34569", "video", "main video", "inactive")
    assert document.host.uris.entries[0].uri == "sip:sales@example.com"
    assert (document.conference_state.active, document.conference_state.locked) == (True, False)
    (bob,) = document.users.entries
    assert (bob.roles, bob.languages) == (("participant",), ("en",))
    (laptop,) = bob.endpoints
    assert (laptop.status, laptop.disconnection_method) == ("disconnecting", "booted")
    assert laptop.joining_info == Execution("2005-03-04T20:00:00Z", "invitation", "sip:mike@example.com")
    assert laptop.media[0].src_id == "432424"
    assert laptop.call_info.sip.call_id == "hsjh8980vhsb78"
    assert [entry.display_text for entry in document.sidebars_by_ref.entries] == [
        "sidebar with Carol",
        "private with Peter",
    ]
    (sidebar,) = document.sidebars_by_val.entries
    assert [user.entity for user in sidebar.users.entries] == [
        "sip:bob@example.com",
        "sip:mark@example.com",
        "sip:dan@example.com",
    ]


@pytest.mark.rfc("4575 4.6", "4575 7")
def test_one_example_after_the_other() -> None:
    """Version 5 tells of changes to version 4, not to version 1: what it tells is not taken, and all is asked for."""
    known = example("4575-7.1")
    merged = merge(known, example("4575-7.2"))
    assert (merged.state, merged.taken, merged.refresh) == (known, False, True)
