"""How much of a message a connection takes: at each limit it is taken, one more is refused at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.corpus import INVITE
from sipsm.message import answerable
from sipsm.transport.framing import BadFrame, Frame, Framed, StreamFramer, WebSocketFramer
from sipsm.transport.head import MessageLimits

LIMITS = MessageLimits(
    start_line_bytes=60, header_line_bytes=50, headers=6, head_bytes=200, body_bytes=120, unparsed_bytes=280
)
START = b"OPTIONS sip:a SIP/2.0\r\n"
VIA = b"Via: SIP/2.0/TCP a;branch=z9hG4bK1\r\n"


def start_line(size: int) -> bytes:
    return START.replace(b"sip:a", b"sip:a".ljust(5 + size - len(START) + 2, b"a")) + VIA + b"l: 0\r\n\r\n"


def header_line(size: int) -> bytes:
    return START + VIA + b"X:".ljust(size, b"x") + b"\r\nl: 0\r\n\r\n"


def folded_line(size: int) -> bytes:
    return START + VIA + b"X: y\r\n" + b" ".ljust(size, b"x") + b"\r\nl: 0\r\n\r\n"


def headers(count: int) -> bytes:
    return START + VIA + b"X:\r\n\tz\r\n" * (count - 2) + b"l: 0\r\n\r\n"


def head(size: int) -> bytes:
    data = START + VIA + b"l: 0\r\n"
    while size - len(data) > 60:
        data += b"X:".ljust(48, b"x") + b"\r\n"
    return data + b"X:".ljust(size - len(data) - 4, b"x") + b"\r\n\r\n"


def body(size: int) -> bytes:
    return START + VIA + b"l: %d\r\n\r\n" % size + b"x" * size


def whole(size: int) -> bytes:
    return head(size - 100).replace(b"l: 0\r\n", b"l:100\r\n").replace(b"x\r\n", b"\r\n", 1) + b"x" * 100


CASES = {
    "start line": (start_line, "start_line_bytes", 414, "3261 21.4.12"),
    "header line": (header_line, "header_line_bytes", 513, "3261 21.5.7"),
    "line of a folded header": (folded_line, "header_line_bytes", 513, "3261 21.5.7"),
    "headers": (headers, "headers", 513, "3261 21.5.7"),
    "head": (head, "head_bytes", 513, "3261 21.5.7"),
    "body": (body, "body_bytes", 413, "3261 21.4.11"),
    "message": (whole, "unparsed_bytes", 513, "3261 21.5.7"),
}
Build = Callable[[int], bytes]


def in_one_piece(data: bytes, limits: MessageLimits) -> list[Framed]:
    return StreamFramer(client=False, limits=limits).receive(data)


def byte_by_byte(data: bytes, limits: MessageLimits) -> list[Framed]:
    framer = StreamFramer(client=False, limits=limits)
    return [framed for byte in data for framed in framer.receive(bytes([byte]))]


def by_websocket(data: bytes, limits: MessageLimits) -> list[Framed]:
    return WebSocketFramer(client=False, limits=limits).receive(data)


@pytest.mark.parametrize("way", [in_one_piece, byte_by_byte, by_websocket])
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with the others"])
@pytest.mark.parametrize(("build", "name", "status", "rfc"), CASES.values(), ids=CASES.keys())
@pytest.mark.rfc("3261 21.4.11", "3261 21.4.12", "3261 21.5.7")
def test_at_the_limit_and_over(
    build: Build, name: str, status: int, rfc: str, alone: bool, way: Callable[[bytes, MessageLimits], list[Framed]]
) -> None:
    """What is as long as a limit says is taken, and what is one longer is refused with the status of that limit."""
    limit = getattr(LIMITS, name)
    limits = MessageLimits(**{name: limit}) if alone else LIMITS
    for size in (limit - 1, limit):
        assert way(build(size), limits) == [Frame(build(size))]
    (bad,) = way(build(limit + 1), limits)
    assert isinstance(bad, BadFrame)
    assert (bad.error.status, bad.error.rfc, bad.ends_flow) == (status, rfc, way is not by_websocket)
    assert bad.head
    assert build(limit + 1).startswith(bad.head)
    # The Request-URI comes before the Via, without which nobody can be answered; over WebSocket all has come.
    assert (answerable(bad.head) is not None) == (status != 414 or way is by_websocket)


@pytest.mark.parametrize(
    ("endless", "first_over"),
    [
        (b"a", 60),
        (START + VIA + b"a", len(START + VIA) + 50),
        (START + b"X: y\r\n " + b"a", len(START) + 6 + 50),
    ],
    ids=["start line", "header line", "fold"],
)
def test_an_endless_line(endless: bytes, first_over: int) -> None:
    """A line without an end is refused with the first byte over its limit, which is named."""
    framer = StreamFramer(client=False, limits=LIMITS)
    for n in range(first_over):
        assert framer.receive((endless + b"a" * 100)[n : n + 1]) == []
    (bad,) = framer.receive(b"a")
    assert isinstance(bad, BadFrame)
    assert bad.error.at == first_over
    assert (framer.ended, framer.held) == (True, 0)


def test_a_head_without_an_end() -> None:
    """Lines that go on and on are refused with the first byte over the limit of the head."""
    limits = evolve(LIMITS, headers=1_000)
    framer = StreamFramer(client=False, limits=limits)
    assert framer.receive(START + b"X:\r\n" * 44) == []
    assert framer.held == 199
    assert framer.receive(b"X") == []
    (bad,) = framer.receive(b":")
    assert isinstance(bad, BadFrame)
    assert (bad.error.status, bad.error.at, len(bad.head)) == (513, 200, 200)


def test_a_message_limit_below_that_of_the_head() -> None:
    """The smallest limit decides: a head cannot be longer than its message."""
    framer = StreamFramer(client=False, limits=evolve(LIMITS, unparsed_bytes=100))
    assert framer.receive(head(100)) == [Frame(head(100))]
    (bad,) = framer.receive(head(101))
    assert isinstance(bad, BadFrame)
    assert (bad.error.status, bad.error.at) == (513, 100)


@pytest.mark.parametrize("length", [b"121", b"0121", b"99999999999", b"9" * 5_000])
@pytest.mark.rfc("3261 20.14", "3261 21.4.11")
def test_an_announced_body(length: bytes) -> None:
    """A body is refused when it is announced: no byte of it is waited for, and no number is too long to be read."""
    limits = MessageLimits(body_bytes=120)
    head = START + VIA + b"Content-Length: " + length + b"\r\n\r\n"
    (bad,) = StreamFramer(client=False, limits=limits).receive(head)
    assert isinstance(bad, BadFrame)
    assert (bad.error.status, bad.error.rfc, bad.head) == (413, "3261 21.4.11", head)


def test_no_body_at_all() -> None:
    """Where no body is wanted, one of length 0 is still taken."""
    framer = StreamFramer(client=False, limits=MessageLimits(body_bytes=0))
    assert framer.receive(body(0)) == [Frame(body(0))]
    assert isinstance(framer.receive(body(1))[0], BadFrame)


def test_the_usual_limits() -> None:
    """As it comes a message may be of 64 KiB and more; the whole may be as long as its parts."""
    limits = MessageLimits()
    assert limits.unparsed_bytes == limits.head_bytes + limits.body_bytes
    assert MessageLimits(head_bytes=10, body_bytes=20).unparsed_bytes == 30
    assert StreamFramer(client=True).receive(INVITE) == [Frame(INVITE)]
    assert StreamFramer(client=True).receive(body(65_535)) == [Frame(body(65_535))]


@pytest.mark.parametrize(
    "name", ["start_line_bytes", "header_line_bytes", "headers", "head_bytes", "body_bytes", "unparsed_bytes"]
)
def test_a_limit_that_is_none(name: str) -> None:
    """No limit lets nothing through but that of the body, which may be empty."""
    with pytest.raises(ValueError, match=name):
        MessageLimits(**{name: -1 if name == "body_bytes" else 0})


PIECES = st.sampled_from(
    [
        START,
        VIA,
        b"\r\n",
        b"\r",
        b"\n",
        b"l: 5\r\n\r\n",
        b"l: 120\r\n\r\n",
        b"X: y\r\n",
        b"a" * 45,
        b" \r\n",
        b":",
        b"5",
    ]
)


@given(st.lists(st.lists(PIECES, min_size=1, max_size=8).map(b"".join), max_size=20), st.booleans())
def test_held_bytes_are_bounded(chunks: list[bytes], client: bool) -> None:
    """However a peer sends, what waits is never more than one message may have, nor a head more than a head."""
    framer = StreamFramer(client=client, limits=LIMITS)
    for chunk in chunks:
        framer.receive(chunk)
        assert framer.held <= LIMITS.unparsed_bytes
        assert framer.held <= LIMITS.head_bytes or framer._body_at is not None
        assert not (framer.ended and framer.held)
