"""Contacts of REGISTERs, whatever is in them: the time that they are bound for comes and goes, and all else stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.errors import RemoteProtocolError
from sipsm.message import Address
from sipsm.standalone.contacts import found_in, with_expires

PIECES = st.sampled_from(
    [
        *("<sip:a@b>", "sip:a@b", "<tel:+1>", "mailto:a@b", "<sip:%61@[::1];transport=tcp?x=y>", "é", "\udcff"),
        *(";", "=", ";q=0.5", ";expires=7", ";EXPIRES=x", ';+x="a b;\\"c"', ";flag", ";tag=1", '"', "\\"),
        *(" ", "\t", ",", "\0", "x"),
    ]
)


@given(st.lists(PIECES, max_size=6).map("".join), st.one_of(st.none(), st.integers(0, 2**32 - 1)))
def test_whatever_a_contact_says(text: str, seconds: int | None) -> None:
    """What can be read can be given another time, and is the same else."""
    try:
        contact = Address.parse(text)
    except RemoteProtocolError:
        return
    if contact.is_star:
        return
    timed = with_expires(contact, seconds)
    assert (timed.expires_s, timed.uri, timed.display_name) == (seconds, contact.uri, contact.display_name)
    rest = {name: value for name, value in timed.params.items() if name != "expires"}
    assert rest == {name: value for name, value in contact.params.items() if name != "expires"}
    assert found_in(contact, [Address.parse("*"), timed]) is timed


@pytest.mark.parametrize(
    ("text", "seconds", "then"),
    [
        ("sip:a@b", 60, "sip:a@b;expires=60"),
        ("sip:a@b;expires=5;q=0.3", 60, "sip:a@b;q=0.3;expires=60"),
        ('"A, B" <sip:a@b;x=y>;expires=7;+x="<urn:uuid:1>"', None, '"A, B" <sip:a@b;x=y>;+x="<urn:uuid:1>"'),
    ],
)
def test_how_it_is_written(text: str, seconds: int | None, then: str) -> None:
    """The parameter stands last, and what need be is quoted."""
    assert str(with_expires(Address.parse(text), seconds)) == then
