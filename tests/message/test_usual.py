"""The pattern for usual messages: it reads what the line by line way reads, or leaves the message to it."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.corpus import CORPUS
from sipsm.errors import RemoteProtocolError
from sipsm.message import Message, Request, Response, check_message, parse_message, response_to
from sipsm.message.parse import _read_lines
from sipsm.message.usual import NOTHING
from tests.fuzz.damage import damaged
from tests.fuzz.seeds import HEADS, SEEDS


def is_usual(message: Message) -> bool:
    return message._essentials is not NOTHING


def said(message: Request | Response) -> list[object]:
    """All that the pattern takes out of the text, and the rest."""
    start = message.status if isinstance(message, Response) else (message.method, str(message.uri))
    values = (message.via, message.from_, message.to, message.cseq)
    tags = (message.branch, message.from_tag, message.to_tag, message.call_id)
    return [start, *map(str, values), *tags, message.headers, message.body, bytes(message)]


@pytest.mark.parametrize("data", CORPUS, ids=range(len(CORPUS)))
def test_typical_messages_are_usual(data: bytes) -> None:
    """What peers send day by day takes the short way."""
    assert is_usual(parse_message(data))


def same_by_line(data: bytes) -> bool:
    """Whether the message is of the usual kind; then both ways say the same of it."""
    try:
        message = parse_message(data)
    except RemoteProtocolError:
        return False
    if not is_usual(message):
        return False
    by_line = check_message(_read_lines(data))
    assert not is_usual(by_line)
    assert said(message) == said(by_line)
    return True


@pytest.mark.parametrize("data", CORPUS, ids=range(len(CORPUS)))
def test_both_ways_say_the_same(data: bytes) -> None:
    """The short way takes out of a message what reading it line by line does."""
    assert same_by_line(data)


@pytest.mark.slow
@settings(max_examples=1500)
@given(st.sampled_from(SEEDS), st.randoms(use_true_random=False))
def test_both_ways_say_the_same_of_damaged_messages(message: bytes, dice: Random) -> None:
    """What the short way accepts, the long way accepts as the same."""
    same_by_line(damaged(message, dice, HEADS))


HEAD = """\
INVITE sip:b@example.com SIP/2.0
Via: SIP/2.0/UDP a.example.com;branch=z9hG4bK1
From: Alice <sip:a@example.com>;tag=1
To: <sip:b@example.com>
Call-ID: c
CSeq: 1 INVITE
"""


VARIANTS = [
    # What is replaced, by what, and whether the pattern still reads the whole of it.
    ("Via:", "VIA:", True),
    ("Via:", "v  :", False),
    ("From:", "f:  ", True),
    ("From:", "FROM:", True),
    ("Call-ID: c", "Call-Id:\tc ", True),
    ("CSeq: 1 INVITE", "cseq: 1  INVITE\t", True),
    ("1 INVITE\n", "1 INVITE\nl: 0 \n", True),
    ("branch=z9hG4bK1", "keep;branch=z9hG4bK1", True),
    ("branch=z9hG4bK1", "branch=z9hG4bK1,SIP/2.0/UDP x;branch=y", True),
    (";branch=z9hG4bK1", "", True),
    (";tag=1", ";x=1;tag=1", True),
    (";tag=1", ";tag=1;x=1 ", True),
    ("Alice", '"A \\"li\\" ce"', True),
    ("INVITE sip:b@example.com SIP", "INVITE sip:b@example.com;a=1;b=2 SIP", True),
    ("INVITE sip:b@example.com SIP", "INVITE tel:+1-212 SIP", True),
    ("INVITE sip:b@example.com SIP", "INVITE urn:service:sos SIP", True),
    ("1 INVITE\n", "1\n INVITE\n", False),
    ("To: <sip:b@example.com>\n", "To: <sip:b@example.com>\nSubject : x\n", False),
    ("1 INVITE\n", "1 INVITE\nSubject:\tx\n", False),
    ("SIP/2.0\nVia", "sip/2.0\nVia", False),
]


@pytest.mark.parametrize(("was", "instead", "whole"), VARIANTS)
def test_less_usual_messages(was: str, instead: str, whole: bool) -> None:
    """A value of another form is left to its own parser, a head of another form to the way line by line."""
    text = HEAD.replace(was, instead, 1)
    assert text != HEAD
    data = text.replace("\n", "\r\n").encode() + b"\r\n"
    message = parse_message(data)
    assert is_usual(message) is whole
    assert (message.from_tag, message.to_tag, message.call_id, message.cseq.number) == ("1", None, "c", 1)
    assert message.branch == (None if not instead else "z9hG4bK1")
    if whole:
        assert same_by_line(data)
    ringing = parse_message(bytes(response_to(message, 180, to_tag="2")))  # type: ignore[arg-type]
    assert (ringing.from_tag, ringing.to_tag, ringing.branch, ringing.call_id) == ("1", "2", message.branch, "c")


@pytest.mark.parametrize(
    ("was", "instead"),
    [
        ("Via: SIP/2.0/UDP a", "Via: SIP/2.0/UDP @"),
        ("Via: SIP/2.0/UDP a.example.com;branch=z9hG4bK1", "Via:"),
        ("Alice <sip:a@example.com>", "Alice <sip:a@@example.com>"),
        (";tag=1", ";tag=1;tag=2"),
        ("To: <sip:b@example.com>", "To: *"),
        ("To: <sip:b@example.com>", "To:"),
        ("INVITE sip:b@example.com SIP", "INVITE sip:b@@example.com SIP"),
        ("INVITE sip:b@example.com SIP", "INVITE sip:b@example.com?a=b SIP"),
    ],
)
def test_what_is_malformed_is_refused(was: str, instead: str) -> None:
    """What the pattern hands over is judged by its parser, as if there were no pattern."""
    data = HEAD.replace(was, instead, 1).replace("\n", "\r\n").encode() + b"\r\n"
    with pytest.raises(RemoteProtocolError) as whole:
        parse_message(data)
    with pytest.raises(RemoteProtocolError) as by_line:
        check_message(_read_lines(data))
    assert (str(whole.value), whole.value.at) == (str(by_line.value), by_line.value.at)


@pytest.mark.rfc("3261 7.3.1")
@pytest.mark.parametrize(
    "again", ["From: <sip:x@y>", "f: <sip:x@y>", "FROM: <sip:x@y>", "t: <sip:x@y>", "i: d", "Cseq: 1 INVITE", "to :x:y"]
)
def test_what_may_be_there_once(again: str) -> None:
    """A second From, To, Call-ID or CSeq is an error, however it is spelled and wherever it stands."""
    lines = HEAD.splitlines()
    for at in range(1, len(lines) + 1):
        data = "\r\n".join((*lines[:at], again, *lines[at:], "", "")).encode()
        with pytest.raises(RemoteProtocolError, match=r"more than one|no address"):
            parse_message(data)


def test_a_broken_via_does_not_pass_for_another() -> None:
    """A top Via that is malformed is not taken for one of those below, which nobody reads."""
    data = HEAD.replace("branch=z9hG4bK1", "branch=z9hG4bK1;@").replace("\n", "\r\n").encode() + b"\r\n"
    with pytest.raises(RemoteProtocolError, match="no parameter"):
        parse_message(data)


@pytest.mark.parametrize("name", ["via", "from_", "to", "call_id", "cseq"])
def test_changes_show(name: str) -> None:
    """What is read after a change is what was written, whatever was read before it."""
    message = parse_message(HEAD.replace("\n", "\r\n").encode() + b"\r\n")
    others = {"via", "from_", "to", "call_id", "cseq"} - {name}
    before = {other: str(getattr(message, other)) for other in others}
    header, value = {
        "via": ("Via", "SIP/2.0/TCP z.example.com;branch=z9hG4bK9"),
        "from_": ("From", "<sip:z@example.com>;tag=9"),
        "to": ("To", "<sip:z@example.com>;tag=9"),
        "call_id": ("Call-ID", "z"),
        "cseq": ("CSeq", "9 INVITE"),
    }[name]
    changed = message.with_header(header, value)
    assert str(getattr(changed, name)) == value
    assert changed.branch == ("z9hG4bK9" if name == "via" else "z9hG4bK1")
    assert changed.from_tag == ("9" if name == "from_" else "1")
    assert changed.to_tag == ("9" if name == "to" else None)
    assert {other: str(getattr(changed, other)) for other in others} == before
    assert check_message(changed) is changed
    assert check_message(changed.with_header("Subject", "x")).header("subject") == "x"
