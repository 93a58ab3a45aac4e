"""A conference told in pieces (RFC 4575 4.4 to 4.6)."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm.errors import LocalProtocolError
from sipsm.packages import ConferenceInfo, DialogInfo, Element, merge
from sipsm.packages.conference import (
    ConferenceEndpoint,
    ConferenceMedia,
    ConferenceState,
    ConferenceUser,
    Description,
    Sidebar,
    Sidebars,
    UriEntry,
    Uris,
    Users,
)

FOCUS = "sips:conf233@example.com"
LAPTOP = ConferenceEndpoint(
    "sip:bob@pc33", "Laptop", status="connected", media=(ConferenceMedia("1", status="sendrecv"),)
)
BOB = ConferenceUser("sip:bob@example.com", "Bob", roles=("speaker",), endpoints=(LAPTOP,))
ALICE = ConferenceUser("sip:alice@example.com", "Alice")
FULL = ConferenceInfo(
    FOCUS,
    Description(subject="Sales", keywords=("a", "b")),
    conference_state=ConferenceState(2, True),
    users=Users((BOB, ALICE)),
    extensions=(Element("{urn:x}x", (), "1"), Element("{urn:x}y")),
    version=1,
)


def news(version: int = 2, state: str = "partial", **told: Any) -> ConferenceInfo:
    return ConferenceInfo(FOCUS, state=state, version=version, **told)


def told_of(*users: ConferenceUser) -> ConferenceInfo:
    return news(users=Users(users, state="partial"))


# fmt: off
ORDER = [
    # known, comes, state of it; taken, refresh, version
    (1, 0, "full",    False, False, 1),
    (1, 1, "full",    False, False, 1),
    (1, 1, "partial", False, False, 1),
    (1, 2, "partial", True,  False, 2),
    (1, 3, "partial", False, True,  1),
    (1, 9, "full",    True,  False, 9),
    (1, 9, "deleted", True,  False, 9),
]
# fmt: on


@pytest.mark.rfc("4575 4.6")
@pytest.mark.parametrize(("known", "comes", "state", "taken", "refresh", "version"), ORDER)
def test_documents_are_ordered_by_version(
    known: int, comes: int, state: str, taken: bool, refresh: bool, version: int
) -> None:
    """What is not newer is discarded, and changes to what is not known are not taken: all is asked for."""
    merged = merge(FULL, news(comes, state))
    assert (merged.taken, merged.refresh, merged.state.version) == (taken, refresh, version)
    assert merged.state.is_full


@pytest.mark.rfc("4575 4.6")
def test_what_comes_first_may_be_a_part() -> None:
    """Then the same version told in full is no repetition."""
    first = merge(None, told_of(BOB))
    assert (first.taken, first.refresh, first.state.is_full) == (True, True, False)
    full = merge(first.state, news(2, "full", users=Users((ALICE,))))
    assert (full.taken, full.state.users) == (True, Users((ALICE,)))


@pytest.mark.rfc("4575 4.6")
def test_a_conference_ends() -> None:
    """It is known then that it is no more."""
    assert merge(FULL, news(5, "deleted")).state.state == "deleted"


@pytest.mark.rfc("4575 4.6")
def test_what_is_not_told_of_stays() -> None:
    """A part without a state is replaced as a whole, and so is an extension of the same name."""
    merged = merge(
        FULL, news(conference_state=ConferenceState(3), extensions=(Element("{urn:x}x", (), "2"), Element("{urn:x}z")))
    )
    state = merged.state
    assert state.conference_state == ConferenceState(3)
    assert (state.description, state.users) == (FULL.description, FULL.users)
    assert [(each.name, each.text) for each in state.extensions] == [
        ("{urn:x}y", ""),
        ("{urn:x}x", "2"),
        ("{urn:x}z", ""),
    ]


@pytest.mark.rfc("4575 4.6", "4575 4.5")
def test_users_come_go_and_change() -> None:
    """A user told in full is replaced, one told in part is changed, one deleted is gone, and one unknown is new."""
    carol = ConferenceUser("sip:carol@example.com", state="partial", languages=("en",))
    louder = ConferenceEndpoint("sip:bob@pc33", media=(ConferenceMedia("2"),), status="on-hold", state="partial")
    phone = ConferenceEndpoint("tel:+1", state="partial")
    nothing = ConferenceEndpoint("sip:gone", state="deleted")
    state = merge(
        FULL,
        told_of(
            ConferenceUser("sip:bob@example.com", "Robert", endpoints=(louder, phone, nothing), state="partial"),
            ConferenceUser("sip:alice@example.com", state="deleted"),
            ConferenceUser("sip:nobody@example.com", state="deleted"),
            carol,
        ),
    ).state
    laptop = ConferenceEndpoint("sip:bob@pc33", "Laptop", status="on-hold", media=(*LAPTOP.media, ConferenceMedia("2")))
    assert state.users == Users(
        (
            ConferenceUser(
                "sip:bob@example.com", "Robert", roles=("speaker",), endpoints=(laptop, ConferenceEndpoint("tel:+1"))
            ),
            ConferenceUser("sip:carol@example.com", languages=("en",)),
        )
    )
    whole = merge(FULL, told_of(ConferenceUser("sip:bob@example.com", "Bob"))).state
    assert whole.users == Users((ConferenceUser("sip:bob@example.com", "Bob"), ALICE))
    assert merge(FULL, news(users=Users((ALICE,)))).state.users == Users((ALICE,))
    assert merge(FULL, news(users=Users(state="deleted"))).state.users is None


@pytest.mark.rfc("4575 4.5", "4575 5.9")
def test_sidebars_are_told_in_part() -> None:
    """By reference their key is the URI, by value each is a conference of its own."""
    inner = Sidebar("sip:side", users=Users((BOB,)), sidebars_by_val=Sidebars((Sidebar("sip:inmost"),)))
    known = merge(FULL, news(2, "full", sidebars_by_ref=Uris((UriEntry("sip:1"), UriEntry("sip:2"))))).state
    known = merge(known, news(3, sidebars_by_val=Sidebars((inner,), state="partial"))).state
    assert known.sidebars_by_val == Sidebars((inner,))
    left = Sidebar(
        "sip:side",
        users=Users((ConferenceUser(BOB.entity, state="deleted"),), state="partial"),
        sidebars_by_val=Sidebars(state="deleted"),
        state="partial",
    )
    uris = Uris((UriEntry("sip:2", "second"), UriEntry("sip:3")), state="partial")
    known = merge(known, news(4, sidebars_by_ref=uris, sidebars_by_val=Sidebars((left,), state="partial"))).state
    assert known.sidebars_by_val == Sidebars((Sidebar("sip:side", users=Users()),))
    assert known.sidebars_by_ref == Uris((UriEntry("sip:1"), UriEntry("sip:2", "second"), UriEntry("sip:3")))


@pytest.mark.rfc("4575 4.4")
def test_what_is_within_a_whole_is_whole() -> None:
    """A document in full that calls parts of it deleted or partial means what is there."""
    odd = news(
        3,
        "full",
        users=Users((ConferenceUser("a", state="deleted"), ConferenceUser("b", "B", state="partial"))),
        sidebars_by_ref=Uris(state="deleted"),
    )
    state = merge(FULL, odd).state
    assert (state.users, state.sidebars_by_ref) == (Users((ConferenceUser("b", "B"),)), None)


def test_words_are_words() -> None:
    """Keywords and languages are parted by spaces, and so have none in them."""
    for words in (("a b",), ("",), ("a\t",)):
        with pytest.raises(LocalProtocolError):
            bytes(ConferenceInfo(FOCUS, Description(keywords=words), version=1))
    document = ConferenceInfo(FOCUS, Description(keywords=("a\u00a0b", "c")), version=1)
    assert ConferenceInfo.parse(bytes(document)) == document


@pytest.mark.rfc("4575 4.4")
def test_what_is_full_need_not_say_so() -> None:
    """The default of `state` is left out where the schema has one."""
    assert bytes(ConferenceInfo("sip:a", users=Users((ConferenceUser("sip:b"),)), version=1)).endswith(
        b' entity="sip:a" version="1"><users><user entity="sip:b"/></users></conference-info>'
    )
    assert b'state="full"' in bytes(DialogInfo(0, "sip:a"))
