"""State told in pieces: the packages dialog and reg, and the order of versions in all of them."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.packages import ConferenceInfo, DialogInfo, Element, RegInfo, merge
from sipsm.packages.dialog import Described, DialogEntry, DialogState, DialogTarget, Identity, Participant
from sipsm.packages.element import MAX_BYTES
from sipsm.packages.reg import RegisteredContact, Registration

ALICE = "sip:alice@example.com"


def dialogs(version: int, state: str, **told: str) -> DialogInfo:
    entries = tuple(DialogEntry(name, DialogState(how)) for name, how in told.items())
    return DialogInfo(version, ALICE, state, entries)


def shown(info: DialogInfo) -> dict[str, str]:
    return {dialog.id: dialog.state.state for dialog in info.dialogs}


# fmt: off
ORDER = [
    # known, comes, state of it; taken, refresh; what is known then, and whether in full
    (None, 7, "full",    True,  False, 7, True,  {"b": "early"}),
    (None, 7, "partial", True,  True,  7, False, {"b": "early"}),
    (5,    4, "full",    False, False, 5, True,  {"a": "early"}),
    (5,    4, "partial", False, False, 5, True,  {"a": "early"}),
    (5,    5, "full",    True,  False, 5, True,  {"b": "early"}),
    (5,    5, "partial", True,  False, 5, True,  {"a": "early", "b": "early"}),
    (5,    6, "full",    True,  False, 6, True,  {"b": "early"}),
    (5,    6, "partial", True,  False, 6, True,  {"a": "early", "b": "early"}),
    (5,    7, "full",    True,  False, 7, True,  {"b": "early"}),
    (5,    7, "partial", True,  True,  7, False, {"a": "early", "b": "early"}),
]
# fmt: on


@pytest.mark.rfc("4235 4.3", "6665 5.3.2")
@pytest.mark.parametrize(("known", "comes", "state", "taken", "refresh", "version", "is_full", "then"), ORDER)
def test_documents_are_ordered_by_version(
    known: int | None,
    comes: int,
    state: str,
    taken: bool,
    refresh: bool,
    version: int,
    is_full: bool,
    then: dict[str, str],
) -> None:
    """What is old is discarded; where changes are missing, all is asked for, and what is known is not called full."""
    before = None if known is None else dialogs(known, "full", a="early")
    merged = merge(before, dialogs(comes, state, b="early"))
    assert (merged.taken, merged.refresh) == (taken, refresh)
    assert (merged.state.version, merged.state.is_full, shown(merged.state)) == (version, is_full, then)


@pytest.mark.rfc("4235 4.3", "6665 5.3.2")
def test_all_is_asked_for_once() -> None:
    """What follows a gap without one is taken; what is known is full again when it is told in full."""
    gap = merge(dialogs(1, "full", a="early"), dialogs(3, "partial", b="early"))
    after = merge(gap.state, dialogs(4, "partial", c="early"))
    assert (gap.refresh, after.refresh, after.state.is_full) == (True, False, False)
    full = merge(after.state, dialogs(5, "full", c="early"))
    assert (full.state.is_full, shown(full.state)) == (True, {"c": "early"})


@pytest.mark.rfc("4235 4.3")
def test_what_is_terminated_is_told_once() -> None:
    """A call that is over is there in the state that it ends with, and gone in the next; rows keep their places."""
    known = dialogs(1, "full", a="early", b="early")
    over = merge(known, dialogs(2, "partial", a="terminated", c="trying")).state
    assert shown(over) == {"a": "terminated", "b": "early", "c": "trying"}
    again = merge(over, dialogs(3, "partial", a="terminated")).state
    assert shown(again) == {"a": "terminated", "b": "early", "c": "trying"}
    assert shown(merge(again, dialogs(4, "partial", b="confirmed")).state) == {"b": "confirmed", "c": "trying"}


def told(version: int, local: Participant | None) -> DialogInfo:
    return DialogInfo(version, ALICE, "partial", (DialogEntry("a", DialogState("early"), local=local),))


@pytest.mark.rfc("4235 4.1.6.1", "4235 4.1.6.3")
def test_who_talks_need_not_be_repeated() -> None:
    """Identities and session description stay until others are told; all else of a dialog is what was told last."""
    described = Described("application/sdp", "v=0\r\n")
    first = Participant((Identity(ALICE, "Alice"),), DialogTarget("sip:pc33"), described, 5)
    known = merge(None, told(1, first)).state
    for news, expected in (
        (None, Participant(first.identities, None, described)),
        (Participant(target=DialogTarget("sip:x")), Participant(first.identities, DialogTarget("sip:x"), described)),
        (Participant((Identity("tel:+1"),)), Participant((Identity("tel:+1"),), None, described)),
        (Participant(description=Described("a/b", "")), Participant(first.identities, None, Described("a/b", ""))),
    ):
        assert merge(known, told(2, news)).state.dialogs[0].local == expected
    unnamed = merge(known, dialogs(2, "full", a="early")).state
    assert merge(unnamed, told(3, None)).state.dialogs[0].local is None


@pytest.mark.rfc("4235 4.1.6.1")
def test_both_names_of_the_display_name_are_read() -> None:
    """The schema has `display-name`, the text and most peers `display`."""
    body = (
        b'<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="0" state="full" entity="sip:a">'
        b'<dialog id="1">'
        b'<state code=" 486 ">terminated</state><referred-by display-name="Bob"> sip:b </referred-by>'
        b"<route-set><hop>&lt;sip:p;lr></hop><x/><hop>sip:q</hop></route-set></dialog></dialog-info>"
    )
    (dialog,) = DialogInfo.parse(body).dialogs
    assert dialog.referred_by == Identity("sip:b", "Bob")
    assert dialog.state.code == 486
    assert dialog.route_set == ("<sip:p;lr>", "sip:q")
    assert b'display="Bob"' in bytes(DialogInfo(0, "sip:a", dialogs=(dialog,)))


def contact(name: str, state: str = "active", event: str = "registered") -> RegisteredContact:
    return RegisteredContact(name, f"sip:{name}@example.com", state, event)


@pytest.mark.rfc("3680 5.2")
def test_registrations_are_tables_of_contacts() -> None:
    """Changes go into the rows that they name, and leave all others."""
    first = Registration(ALICE, "1", "active", (contact("a"), contact("b")), (Element("{urn:x}x"),))
    other = Registration("sip:bob@example.com", "2", "active", (contact("c"),))
    known = merge(None, RegInfo(0, "full", (first, other))).state
    gone = contact("a", "terminated", "expired")
    known = merge(known, RegInfo(1, "partial", (Registration(ALICE, "1", "active", (gone, contact("d"))),))).state
    assert known.registrations == (
        Registration(ALICE, "1", "active", (gone, contact("b"), contact("d")), (Element("{urn:x}x"),)),
        other,
    )
    news = (Registration("sip:bob@example.com", "2", "terminated"), Registration("sip:carol@example.com", "3", "init"))
    known = merge(known, RegInfo(2, "partial", (*news, Registration(ALICE, "1", "active")))).state
    assert [(each.id, [row.id for row in each.contacts]) for each in known.registrations] == [
        ("1", ["b", "d"]),
        ("2", ["c"]),
        ("3", []),
    ]
    known = merge(known, RegInfo(3, "partial")).state
    assert [each.id for each in known.registrations] == ["1", "3"]


@pytest.mark.rfc("3680 5.2")
def test_a_gap_in_registrations_asks_for_all() -> None:
    """What is told is taken all the same."""
    merged = merge(RegInfo(0), RegInfo(2, "partial", (Registration(ALICE, "1", "init"),)))
    assert (merged.taken, merged.refresh, len(merged.state.registrations)) == (True, True, 1)


def test_what_is_known_is_bounded() -> None:
    """A notifier cannot have more remembered than one document may hold."""
    half = Identity(ALICE, "x" * (MAX_BYTES // 2))

    def piece(version: int, name: str) -> DialogInfo:
        entry = DialogEntry(name, DialogState("early"), local=Participant((half,)))
        return DialogInfo(version, ALICE, "partial", (entry,))

    known = merge(dialogs(0, "full"), piece(1, "a")).state
    with pytest.raises(RemoteProtocolError, match="more than") as caught:
        merge(known, piece(2, "b"))
    assert caught.value.status == 413
    assert merge(known, piece(2, "a")).taken


ROOT = (
    '<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="0" state="full" entity="sip:a">{}</dialog-info>'
)
INVALID: dict[str, tuple[type[Any], str]] = {
    "another root": (DialogInfo, '<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="0" state="full"/>'),
    "no namespace": (DialogInfo, ROOT.format("").replace("xmlns", "a")),
    "no version": (DialogInfo, ROOT.format("").replace("version", "a")),
    "no version of a conference": (
        ConferenceInfo,
        '<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:a"/>',
    ),
    "a negative version": (DialogInfo, ROOT.format("").replace('"0"', '"-1"')),
    "a version of letters": (DialogInfo, ROOT.format("").replace('"0"', '"one"')),
    "digits of another script": (DialogInfo, ROOT.format("").replace('"0"', '"٣"')),
    "a version of more than 32 bits": (DialogInfo, ROOT.format("").replace('"0"', '"4294967296"')),
    "5000 digits": (DialogInfo, ROOT.format("").replace('"0"', f'"{"9" * 5000}"')),
    "a dialog without id": (DialogInfo, ROOT.format("<dialog><state>early</state></dialog>")),
    "a dialog without state": (DialogInfo, ROOT.format('<dialog id="1"/>')),
    "two states": (DialogInfo, ROOT.format('<dialog id="1"><state>a</state><state>b</state></dialog>')),
    "two route sets": (
        DialogInfo,
        ROOT.format('<dialog id="1"><state>a</state><route-set/><route-set/></dialog>'),
    ),
    "a duration of no number": (
        DialogInfo,
        ROOT.format('<dialog id="1"><state>a</state><duration>long</duration></dialog>'),
    ),
    "neither true nor false": (
        ConferenceInfo,
        '<conference-info xmlns="urn:ietf:params:xml:ns:conference-info" entity="sip:a" version="0">'
        "<conference-state><active>maybe</active></conference-state></conference-info>",
    ),
}


@pytest.mark.parametrize(("kind", "text"), INVALID.values(), ids=INVALID)
def test_what_is_no_document_is_refused(kind: type[Any], text: str) -> None:
    """A document that lacks what it must have is none, nor is one whose numbers are none."""
    with pytest.raises(RemoteProtocolError) as caught:
        kind.parse(text.encode())
    assert caught.value.status == 400
    assert len(str(caught.value)) < 400


UNWRITABLE: dict[str, Any] = {
    "a negative version": DialogInfo(-1, ALICE),
    "a version of more than 32 bits": DialogInfo(2**32, ALICE),
    "a number of too many digits": DialogInfo(0, ALICE, dialogs=(DialogEntry("a", DialogState("", None, 10**20)),)),
    "a negative number": DialogInfo(0, ALICE, dialogs=(DialogEntry("a", DialogState("", None, -1)),)),
    "white space around a URI": DialogInfo(0, f" {ALICE}"),
    "an extension that is none": DialogInfo(
        0, ALICE, extensions=(Element("{urn:ietf:params:xml:ns:dialog-info}dialog"),)
    ),
}


@pytest.mark.parametrize("document", UNWRITABLE.values(), ids=UNWRITABLE)
def test_what_cannot_be_written_is_refused(document: Any) -> None:
    """It would be read as something else, or not at all."""
    with pytest.raises(LocalProtocolError):
        bytes(document)
