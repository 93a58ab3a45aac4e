"""The line of messages to one place, how long one holds, and where an `im:` URI leads (RFC 3428 4, 5, 7, 8)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from sipsm import LocalProtocolError, Request, Uri
from sipsm.machine import Refuse, Step
from sipsm.message import read_message
from sipsm.standalone.messages import (
    FINAL,
    FREE,
    PENDING,
    SEND,
    Line,
    Validity,
    as_body,
    limiting,
    place_of,
    resolved,
    validity,
)

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def give(line: Line, name: str, message: str | None = None) -> list[str]:
    """What goes out on this input."""
    step = Step(now=1000.0)
    line.receive(name, message, step)
    return step.outputs


# -------------------------------------------------------------------- the line


@pytest.mark.rfc("3428 8", "3428-11")
def test_one_is_pending_and_the_rest_wait() -> None:
    """The first goes out at once, each other one when the one before it is answered, in their order."""
    line = Line(10)
    assert [give(line, SEND, each) for each in ("one", "two", "three")] == [["one"], [], []]
    assert (line.pending, line.waiting) == ("one", ["two", "three"])
    assert give(line, FINAL) == ["two"]
    assert give(line, SEND, "four") == []
    assert [give(line, FINAL), give(line, FINAL)] == [["three"], ["four"]]
    assert (line.state, line.pending) == (PENDING, "four")
    assert give(line, FINAL) == []
    assert (line.state, line.pending, line.waiting) == (FREE, None, [])
    assert give(line, FINAL) == []


def test_the_line_is_bounded() -> None:
    """With as many as may wait, one more is refused, and the line is as it was."""
    line = Line(1)
    give(line, SEND, "one")
    give(line, SEND, "two")
    step = Step(now=1000.0)
    refused = line.receive(SEND, "three", step)
    assert refused.refused
    assert isinstance(refused.entry, Refuse)
    assert (step.outputs, line.waiting) == ([], ["two"])
    assert give(line, FINAL) == ["two"]
    assert give(line, SEND, "three") == []


# -------------------------------------------------------------------- places


@pytest.mark.rfc("3428 8", "3261 19.1.4")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:bob@Example.com", "SIP:%62ob@example.COM"),
        ("sip:bob@[2001:db8::1]", "sip:bob@[2001:DB8:0::1]"),
        ("sip:bob@example.com", "sip:bob@example.com;lr"),
        ("sip:example.com", "sip:EXAMPLE.com"),
        ("tel:+1-555-1234", "tel:+15551234"),
        ("im:bob@example.com", "IM:%62ob@example.com"),
    ],
)
def test_one_place(one: str, other: str) -> None:
    """URIs that are the same are one place."""
    assert place_of(Uri.parse(one)) == place_of(Uri.parse(other))


@pytest.mark.parametrize(
    "other",
    [
        "sips:bob@example.com",
        "sip:Bob@example.com",
        "sip:bob@example.com:5060",
        "sip:example.com",
        "im:bob@example.com",
    ],
)
def test_another_place(other: str) -> None:
    """Another scheme, user, host or port is another place."""
    assert place_of(Uri.parse("sip:bob@example.com")) != place_of(Uri.parse(other))


@pytest.mark.rfc("3428 5", "3428-05")
@pytest.mark.parametrize(
    ("uri", "sip"),
    [
        ("im:bob@example.com", "sip:bob@example.com"),
        ("IM:bob@example.com", "sip:bob@example.com"),
        ("im:bob@example.com?subject=hello", "sip:bob@example.com"),
        ("im:b%20b@example.com", "sip:b%20b@example.com"),
        ("im:example.com", "sip:example.com"),
        ("im:bob@exa_mple!", "im:bob@exa_mple!"),
        ("sip:bob@example.com;transport=tcp", "sip:bob@example.com;transport=tcp"),
        ("tel:+15551234", "tel:+15551234"),
    ],
)
def test_an_im_uri_is_the_sip_uri_of_its_user(uri: str, sip: str) -> None:
    """The user and the domain are taken over; where they make no SIP URI it stays what it is, as others do."""
    assert str(resolved(Uri.parse(uri))) == sip


# -------------------------------------------------------------------- for how long


def message(*headers: tuple[str, str]) -> Request:
    """A MESSAGE with these headers."""
    return Request.build("MESSAGE", Uri.parse("sip:bob@example.com"), headers)


def raw(*lines: str) -> Request:
    """One as a stranger may have written it."""
    data = "\r\n".join(("MESSAGE sip:bob@example.com SIP/2.0", *lines, "Content-Length: 0", "", ""))
    found = read_message(data.encode())
    assert isinstance(found, Request)
    return found


@pytest.mark.rfc("3428 7", "3428-09")
def test_a_message_holds_for_ever_unless_it_says_else() -> None:
    """Without Expires it does not expire, whatever its Date."""
    held = validity(message(("Date", "Sat, 01 Jan 2000 00:00:00 GMT")), 1000.0)
    assert held == Validity()
    assert not held.is_over(1e12, datetime.max.replace(tzinfo=UTC))


@pytest.mark.rfc("3428 7", "3428-09")
def test_expires_counts_from_the_date() -> None:
    """With a Date it is over at that and so many seconds, whenever the message has arrived."""
    held = validity(message(("Expires", "60"), ("Date", "Sun, 22 Nov 2026 12:00:00 GMT")), 1000.0)
    assert held == Validity(until_date=NOON + timedelta(seconds=60))
    assert not held.is_over(9999.0, NOON + timedelta(seconds=59))
    assert held.is_over(1000.0, NOON + timedelta(seconds=60))
    assert held.is_over(1000.0, (NOON + timedelta(seconds=60)).astimezone(timezone(timedelta(hours=5))))


@pytest.mark.rfc("3428 7", "3428-09")
def test_expires_counts_from_the_arrival() -> None:
    """Without a Date it is over so many seconds after the message has arrived, at once where they are none."""
    held = validity(message(("Expires", "60")), 1000.0)
    assert held == Validity(until=1060.0)
    assert (held.is_over(1059.0, NOON), held.is_over(1060.0, NOON)) == (False, True)
    assert validity(message(("Expires", "0")), 1000.0).is_over(1000.0, NOON)


@pytest.mark.rfc("3261 8.2.2", "3428 7")
@pytest.mark.parametrize(
    ("lines", "held"),
    [
        (("Expires: soon", "Date: Sun, 22 Nov 2026 12:00:00 GMT"), Validity()),
        (("Expires: 60", "Date: yesterday"), Validity(until=1060.0)),
        (("Expires: 60", "Date: Sun, 22 Nov 2026 12:00:00 GMT", "Date: Sun, 22 Nov 2026 12:00:00 GMT"),
         Validity(until=1060.0)),
        (("Expires: 4294967295", "Date: Fri, 31 Dec 9999 23:59:59 GMT"),
         Validity(until_date=datetime.max.replace(tzinfo=UTC))),
    ],
)  # fmt: skip
def test_what_cannot_be_read_has_not_been_said(lines: tuple[str, ...], held: Validity) -> None:
    """A malformed Expires or Date counts as none, and what no calendar can hold as its end."""
    assert validity(raw(*lines), 1000.0) == held


@pytest.mark.rfc("3428 4", "3428-04")
def test_a_message_that_expires_has_a_date() -> None:
    """An Expires other than 0 comes with the Date from which it counts; none, or a Date alone, may be said as well."""
    lines = [("Expires", "60"), ("Date", "Sun, 22 Nov 2026 12:00:00 GMT")]
    assert limiting(60, NOON.astimezone(timezone(timedelta(hours=-3)))) == lines
    assert limiting(None, NOON) == lines[1:]
    assert limiting(0, None) == [("Expires", "0")]
    assert limiting(None, None) == []
    with pytest.raises(LocalProtocolError, match="give its date"):
        limiting(60, None)
    with pytest.raises(LocalProtocolError, match="no time zone"):
        limiting(60, NOON.replace(tzinfo=None))
    with pytest.raises(LocalProtocolError):
        limiting(-1, NOON)


@pytest.mark.rfc("3261 7.4.1")
def test_a_text_is_sent_in_utf_8() -> None:
    """Bytes are sent as they are, and a text that is none cannot be."""
    assert (as_body("grüß dich"), as_body(b"\xff")) == ("grüß dich".encode(), b"\xff")
    with pytest.raises(LocalProtocolError):
        as_body("\ud800")
