"""Whatever comes, a message or RemoteProtocolError is what it comes to."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.uri import Uri
from sipsm.message import Address, Message, Request, Response, Via, parse_message, read_message, response_to
from tests.fuzz.attempt import attempt
from tests.fuzz.damage import DIGITS, NUMBERS, OF_ONE_LINE, damaged
from tests.fuzz.properties import survived
from tests.fuzz.seeds import HEADERS, HEADS, SEEDS, TORTURE
from tests.fuzz.values import typed

INVITE = next(message for message in map(parse_message, SEEDS) if isinstance(message, Request))


@pytest.mark.parametrize("message", SEEDS, ids=range(len(SEEDS)))
def test_whole_messages(message: bytes) -> None:
    """Nothing gets anything out of the parser but a message or RemoteProtocolError, whole or with a line less."""
    survived(message)
    head, gap, body = message.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    for at in range(len(lines)):
        survived(b"\r\n".join(lines[:at] + lines[at + 1 :]) + gap + body, thorough=False)


@pytest.mark.parametrize("message", TORTURE, ids=range(len(TORTURE)))
def test_torture_cut_short(message: bytes) -> None:
    """A message of RFC 4475 or RFC 5118 is survived wherever it is cut."""
    for end in range(0, len(message), 37):
        survived(message[:end])


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    """Any bytes are survived."""
    survived(data)


@pytest.mark.slow
@settings(max_examples=1500)
@given(st.sampled_from(SEEDS), st.randoms(use_true_random=False))
def test_damaged_messages(message: bytes, dice: Random) -> None:
    """A damaged message is survived as well, and what is still read of it stays readable when answered or changed."""
    survived(damaged(message, dice, HEADS))


@pytest.mark.slow
@settings(max_examples=2000)
@given(st.sampled_from(HEADERS), st.lists(st.sampled_from(OF_ONE_LINE), max_size=3), st.randoms(use_true_random=False))
def test_damaged_headers(line: bytes, faults: list[Callable[[bytes, Random], bytes]], dice: Random) -> None:
    """A header that is damaged is a value or RemoteProtocolError, and a value is its text."""
    for fault in faults:
        line = fault(line, dice)
    message = attempt(lambda: read_message(b"OPTIONS sip:x SIP/2.0\r\n" + line + b"\r\n\r\n"))
    if isinstance(message, Message):
        typed(message)


@pytest.mark.parametrize("line", HEADERS, ids=range(len(HEADERS)))
def test_extreme_numbers(line: bytes) -> None:
    """No number in a header is so long, so large or so odd that it is more than a value or RemoteProtocolError."""
    for match in DIGITS.finditer(line):
        for number in NUMBERS:
            changed = line[: match.start()] + number + line[match.end() :]
            message = attempt(lambda: read_message(b"OPTIONS sip:x SIP/2.0\r\n" + changed + b"\r\n\r\n"))  # noqa: B023
            if isinstance(message, Message):
                typed(message)


# Header injection

TEXTS = st.text(
    st.sampled_from('\r\n\0\t :;,<>"\\@=%x1é\x85\u2028\ud800\udcff\U0010ffff'),
    max_size=12,
) | st.text(max_size=12)


def names_of(message: Message) -> list[str]:
    """The names of the headers that a reader of the message's bytes finds."""
    return [name for name, _ in read_message(bytes(message)).headers]


NAMES = names_of(INVITE)
SMALL = ["Via", "From", "To", "Call-ID", "CSeq"]

# A program's texts, each with the names of the headers that the program asks for.
WITH_TEXT: tuple[tuple[Callable[[str], Message], list[str]], ...] = (
    (lambda text: INVITE.with_header("Subject", text), [*NAMES, "Subject"]),
    (lambda text: INVITE.with_header("Subject", "a", text), [*NAMES, "Subject", "Subject"]),
    (lambda text: INVITE.with_header("Call-ID", text), NAMES),
    (lambda text: INVITE.with_added("Subject", text), [*NAMES, "Subject"]),
    (lambda text: INVITE.with_pushed("Subject", text), ["Subject", *NAMES]),
    (lambda text: INVITE.with_pushed("Via", text), ["Via", *NAMES]),
    (lambda text: INVITE.with_first("Via", text), NAMES),
    (lambda text: INVITE.with_first("Via", INVITE.via.with_params(received=text)), NAMES),
    (lambda text: INVITE.with_first("Via", Via.build(text, "h")), NAMES),
    (lambda text: INVITE.with_first("Via", Via.build("UDP", text)), NAMES),
    (lambda text: INVITE.with_first("Via", Via.build("UDP", "h", branch=text)), NAMES),
    (lambda text: INVITE.with_first("Via", Via.build("UDP", "h", params={text: None})), NAMES),
    (lambda text: INVITE.with_header("To", INVITE.to.with_tag(text)), NAMES),
    (lambda text: INVITE.with_header("To", Address.build(text)), NAMES),
    (lambda text: INVITE.with_header("To", Address.build("sip:x", text)), NAMES),
    (lambda text: INVITE.with_header("To", Address.build("sip:x", params={"x": text})), NAMES),
    (lambda text: INVITE.with_header("To", Address.build("sip:x", params={text: "x"})), NAMES),
    (lambda text: INVITE.with_header("To", f"<{Uri.build(user=text, host='h')}>"), NAMES),
    (lambda text: INVITE.with_header("To", f"<{Uri.build(host=text)}>"), NAMES),
    (lambda text: INVITE.with_header("To", f"<{Uri.build(host='h', params={text: text})}>"), NAMES),
    (lambda text: INVITE.with_header("To", f"<{Uri.build(host='h', headers=text)}>"), NAMES),
    (lambda text: INVITE.with_body(b"x", text), NAMES),
    (INVITE.with_uri, NAMES),
    (lambda text: response_to(INVITE, 200, text), [*SMALL, "Content-Length"]),
    (lambda text: response_to(INVITE, 200, to_tag=text), [*SMALL, "Content-Length"]),
    (lambda text: response_to(INVITE, 200, headers=[("X", text)]), [*SMALL, "X", "Content-Length"]),
    (
        lambda text: response_to(INVITE, 200, body=b"x", content_type=text),
        [*SMALL, "Content-Type", "Content-Length"],
    ),
    (lambda text: Request.build(text, "sip:x", [("X", "y")]), ["X", "Content-Length"]),
    (lambda text: Request.build("OPTIONS", text, [("X", "y")]), ["X", "Content-Length"]),
    (lambda text: Request.build("OPTIONS", "sip:x", [("X", text)]), ["X", "Content-Length"]),
    (lambda text: Response.build(200, text, [("X", "y")]), ["X", "Content-Length"]),
)


def unless_refused(change: Callable[[str], Message], text: str) -> Message | None:
    try:
        return change(text)
    except LocalProtocolError:
        return None


@pytest.mark.rfc("3261 7.3.1")
@settings(max_examples=300)
@given(TEXTS)
def test_no_text_makes_a_line(text: str) -> None:
    """Whatever text a program is given to put into a message, the message has the headers that were asked for."""
    for change, names in WITH_TEXT:
        message = unless_refused(change, text)
        if message is not None:
            assert names_of(message) == names
            assert bytes(message).count(b"\0") == 0


@pytest.mark.rfc("3261 7.3.1")
@settings(max_examples=300)
@given(TEXTS)
def test_no_name_makes_a_line(text: str) -> None:
    """Whatever name a program is given for a header, there is one header more, and by that name."""
    for change in (
        lambda name: INVITE.with_header(name, "x"),
        lambda name: INVITE.with_added(name, "x"),
        lambda name: INVITE.with_pushed(name, "x"),
        lambda name: Request.build("OPTIONS", "sip:x", [*INVITE.headers, (name, "x")], INVITE.body),
    ):
        message = unless_refused(change, "X-" + text)
        if message is not None:
            assert sorted(names_of(message)) == sorted([*NAMES, "X-" + text])


@pytest.mark.rfc("3261 7.3.1")
@pytest.mark.parametrize("octet", ["\r", "\n", "\0", "\r\n", "\r\n "])
def test_line_ends_are_refused_everywhere(octet: str) -> None:
    """CR, LF and NUL enter by no door, not even to fold a line."""
    for change, _ in WITH_TEXT:
        for text in (octet, f"a{octet}b", f"a{octet}X: y", f"a{octet}"):
            with pytest.raises(LocalProtocolError):
                change(text)


def test_the_error_says_where() -> None:
    """The offset of a fault is one in the bytes that came, whatever stands before."""
    for data, at in (
        (b"OPTIONS sip:x SIP/2.0\r\nTo: x\nFrom: y\r\n\r\n", 28),
        (b"OPTIONS sip:x SIP/2.0\r\nTo: x\r\nFrom y\r\n\r\n", 30),
        (b"OPTIONS sip:x SIP/2.0\r\nTo: x", 28),
    ):
        for before in (b"", b"\r\n", b"\r\n\r\n"):
            with pytest.raises(RemoteProtocolError) as raised:
                parse_message(before + data)
            assert raised.value.at == at + len(before)
