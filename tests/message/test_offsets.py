"""Where in a message it is that something is wrong."""

from __future__ import annotations

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message import Message, check_message, headers, parse_message, read_message
from sipsm.message.bodies import Part, SipFrag
from sipsm.message.headers.field import Listed, Single

GOOD = """\
INVITE sip:b@example.com SIP/2.0
Via: SIP/2.0/UDP a.example.com;branch=z9hG4bK1
v: SIP/2.0/UDP b.example.com;branch=z9hG4bK2
From: Alice <sip:a@example.com>;tag=1
To: <sip:b@example.com>
Call-ID: c
CSeq: 1 INVITE
Subject: \u00fcber
Accept: application/sdp, text/plain
Accept: text/html
Expires: 60

"""


def wire(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("was", "instead", "at"),
    [
        ("a.example.com;branch", "a.example.com;;branch", ";;branch"),
        ("SIP/2.0/UDP a.", "SIP/2.0/UDP ;a.", "SIP/2.0/UDP ;a."),
        ("Alice <sip:a@example.com>", "Alice <sip:a@@example.com>", "Alice <sip:a@@"),
        (";tag=1", ";tag=1;tag=2", "tag=2"),
        ("From: Alice <sip:a@example.com>;tag=1", "From: A \n  <sip:a@b>\n\t;tag=1\n  ;tag=2", "tag=2"),
        ("To: <sip:b@example.com>", "To  :\t<sip:b@exa mple.com>", "<sip:b@exa"),
        ("Call-ID: c", "Call-ID: c d", "c d"),
        ("1 INVITE", "x INVITE", "x INVITE"),
        ("1 INVITE", "1 BYE", "1 BYE"),
        ("To: <", "t: <sip:x@y>\nTo: <", "<sip:b@"),
        ("Expires: 60", "l:  x", "x"),
        ("Expires: 60", "l: 9", "9"),
        ("Expires: 60", "l: 0\nl: 1", "1"),
        ("Expires: 60", "Expires", "Expires"),
        ("SIP/2.0\nVia", "SIP/3.0\nVia", "SIP/3.0\nVia"),
        ("INVITE sip:b@example.com", "INVITE sip:b@@example.com", "sip:b@@"),
        ("INVITE sip:b@example.com", "INVITE sip:b@example.com?a=b", "?a=b"),
    ],
)
@pytest.mark.parametrize("before", ["", "\n\n"])
def test_what_every_transaction_needs(was: str, instead: str, at: str, before: str) -> None:
    """The error of a message that is refused names the byte, counted from the first that came."""
    data = wire(before + GOOD.replace(was, instead, 1))
    with pytest.raises(RemoteProtocolError) as raised:
        parse_message(data)
    assert raised.value.at == data.rindex(wire(at))
    assert f"at byte {raised.value.at}" in str(raised.value)


def test_what_is_missing_has_no_place() -> None:
    """There is no byte to name where a header is missing."""
    with pytest.raises(RemoteProtocolError, match="no To header") as raised:
        parse_message(wire(GOOD.replace("To: <sip:b@example.com>\n", "")))
    assert raised.value.at is None


@pytest.mark.parametrize(
    ("field", "was", "instead", "at"),
    [
        (headers.EXPIRES, "Expires: 60", "Expires: soon", "soon"),
        (headers.EXPIRES, "Expires: 60", "Expires: 60\nexpires:  61", "61"),
        (headers.ACCEPT, "text/html", "html", "html"),
        (headers.ACCEPT, "application/sdp, ", '"a, ', '"a, '),
        (headers.EXPIRES, "Expires: 60", "Expires:\n  soon", "soon"),
        (headers.ACCEPT, "application/sdp, text/plain", "application/sdp, plain", "plain"),
        (headers.ACCEPT, "application/sdp, text/plain", 'a/b;q="x,", a/b ,\n\t a/b;c;c', "c\nAccept"),
        (headers.CONTACT, "Expires: 60", "m: <sip:a@b>, <sip:c@d>;q=1;q=2", "q=2"),
        (headers.CONTACT, "Expires: 60", "m: <sip:a@b>,, <sip:c@d>", ", <sip:c@d>"),
        (headers.CONTACT, "Expires: 60", "m: <sip:a@b>, *", "<sip:a@b>, *"),
        (headers.VIA, "v: SIP", "v: SIP/2.0/UDP d;a;a, SIP", "a, SIP"),
    ],
)
def test_other_headers(field: Single[object] | Listed[object], was: str, instead: str, at: str) -> None:
    """So does the error of a header that somebody reads, and again when it is read again or was changed elsewhere."""
    message = parse_message(wire(GOOD.replace(was, instead, 1)))
    changed = (
        message.with_header("Organization", "x").with_uri("sip:other") if hasattr(message, "with_uri") else message
    )
    for each in (message, message, changed):
        with pytest.raises(RemoteProtocolError) as raised:
            each[field]
        assert raised.value.at == bytes(each).index(wire(at))


def test_only_what_is_checked_again() -> None:
    """Checking what was changed finds the place in what would be written."""
    message = read_message(wire(GOOD)).with_header("CSeq", "1 BYE")
    with pytest.raises(RemoteProtocolError) as raised:
        check_message(message)
    assert raised.value.at == bytes(message).index(b"1 BYE")


def test_blocks_that_are_no_messages() -> None:
    """In a fragment and in a part of a body it is an offset in these."""
    for block in (SipFrag.parse(wire("SIP/2.0 200 OK\nExpires: soon\n")), SipFrag.parse(wire("Expires: soon\n"))):
        with pytest.raises(RemoteProtocolError) as raised:
            block[headers.EXPIRES]
        assert raised.value.at == bytes(block).index(b"soon")
    part = Part.build("text/plain", b"x", [("Expires", "soon")])
    with pytest.raises(RemoteProtocolError) as raised:
        part[headers.EXPIRES]
    assert raised.value.at == bytes(part).index(b"soon")


def test_a_field_of_one_s_own_may_raise_value_error() -> None:
    """`int` is a parser good enough for a header of one's own: what it does not take is the peer's fault."""
    count = headers.Single("X-Count", int)
    message: Message = read_message(wire(GOOD)).with_header("X-Count", "many")
    with pytest.raises(RemoteProtocolError, match="X-Count: invalid literal") as raised:
        message[count]
    assert raised.value.at == bytes(message).index(b"many")
    assert message.with_header(count, 5)[count] == 5
    with pytest.raises(LocalProtocolError, match="X-Count cannot be 'many': invalid literal"):
        message.with_header(count, "many")
    counts = headers.Listed("X-Counts", int)
    listed = message.with_header("X-Counts", "1, 2, many")
    with pytest.raises(RemoteProtocolError, match="X-Counts: invalid literal") as raised:
        listed[counts]
    assert raised.value.at == bytes(listed).rindex(b"many")
