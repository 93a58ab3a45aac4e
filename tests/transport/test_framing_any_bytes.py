"""In whatever pieces bytes come, and whatever bytes they are, a stream is framed as one thing only."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from benchmarks.corpus import CORPUS, INVITE, MESSAGE
from sipsm.errors import RemoteProtocolError
from sipsm.message import read_message
from sipsm.transport.framing import PING, PONG, BadFrame, Frame, Framed, Ping, Pong, StreamFramer, WebSocketFramer
from sipsm.transport.head import MessageLimits

FILES = tuple(path.read_bytes() for path in sorted((Path(__file__).parents[1] / "torture" / "data").glob("*.dat")))
TIGHT = MessageLimits(
    start_line_bytes=60, header_line_bytes=110, headers=12, head_bytes=700, body_bytes=200, unparsed_bytes=800
)
LIMITS = (MessageLimits(), TIGHT)


def framed(chunks: list[bytes], client: bool, limits: MessageLimits) -> tuple[StreamFramer, list[Framed], list[Framed]]:
    """The framer after these chunks, what it made of them, and what the end of the stream then is to another one."""
    framer, last = (StreamFramer(client=client, limits=limits) for _ in range(2))
    taken = [one for chunk in chunks for one in framer.receive(chunk)]
    for chunk in chunks:
        last.receive(chunk)
    return framer, taken, last.receive_eof()


def cut(data: bytes, at: list[int]) -> list[bytes]:
    """The data in pieces, some of them empty."""
    edges = [0, *sorted(place % (len(data) + 1) for place in at), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


PLACES = st.lists(st.integers(0, 1 << 20), max_size=12)
MESSAGES = st.sampled_from((*CORPUS, *FILES))
STREAMS = st.lists(MESSAGES | st.sampled_from([PING, PONG, b"\r", b"\n"]), max_size=6).map(b"".join)


SPLINTERS = st.sampled_from(
    b"\r\n|\r|\n| |\t|:|\r\n |\r\n\r\n|l: 5\r\n|\r\nContent-Length : 00|\0|\xff|-|0|9|,|SIP/2.0|\r\nL:\r\n\t0".split(
        b"|"
    )
)


@st.composite
def mutated(draw: st.DrawFn, of: st.SearchStrategy[bytes]) -> bytes:
    """Bytes with a few small changes where they hurt."""
    data = draw(of)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(SPLINTERS) + data[at + draw(st.integers(0, 3)) :]
    return data


def bare(data: bytes) -> bytes:
    """The data without the line ends before it."""
    while data.startswith(b"\r\n"):
        data = data[2:]
    return data


@given(st.lists(st.sampled_from((*CORPUS, PING)), max_size=8), PLACES)
@pytest.mark.rfc("3261 18.3", "5626 4.4.1")
def test_a_conversation_in_any_pieces(sent: list[bytes], places: list[int]) -> None:
    """Messages and pings arrive as they were sent, wherever the network cuts."""
    _, taken, end = framed(cut(b"".join(sent), places), False, MessageLimits())
    assert taken == [Ping() if data == PING else Frame(data) for data in sent]
    assert end == []


@given(st.lists(st.sampled_from((*CORPUS, PONG)), max_size=8), PLACES)
@pytest.mark.rfc("3261 18.3", "5626 4.4.1")
def test_the_other_side_in_any_pieces(sent: list[bytes], places: list[int]) -> None:
    """Messages and pongs arrive as they were sent, wherever the network cuts."""
    _, taken, end = framed(cut(b"".join(sent), places), True, MessageLimits())
    assert taken == [Pong() if data == PONG else Frame(data) for data in sent]
    assert end == []


@given(mutated(STREAMS), PLACES, st.booleans(), st.sampled_from(LIMITS))
@example(b"\r" + INVITE, [1], False, TIGHT)
@pytest.mark.rfc("3261 18.3")
def test_any_stream_in_any_pieces(data: bytes, places: list[int], client: bool, limits: MessageLimits) -> None:
    """Pieces make no difference: not to what comes out, not to its errors and offsets, not to what is then held."""
    whole = framed([data], client, limits)
    assert framed(cut(data, places), client, limits) == whole
    # Nothing is lost and nothing made up: what is no line end between messages is in a frame, held or refused.
    framer, taken, _ = whole
    messages = [one for one in taken if isinstance(one, Frame | BadFrame)]
    for message in messages:
        data = bare(data)
        if isinstance(message, Frame):
            assert data.startswith(message.data)
            data = data[len(message.data) :]
        else:
            assert message is taken[-1]
            assert data.startswith(message.head)
    assert framer.held == (0 if framer.ended else len(bare(data)))
    assert framer.ended == any(isinstance(one, BadFrame) for one in messages)


@given(mutated(MESSAGES), st.booleans(), st.sampled_from(LIMITS))
@example(MESSAGE[:-1], False, MessageLimits())
@example(MESSAGE.replace(b"70\r\n", b"70\r\n\t\r\n"), True, TIGHT)
@pytest.mark.rfc("3261 18.3")
def test_any_message_byte_by_byte(data: bytes, client: bool, limits: MessageLimits) -> None:
    """A byte at a time is the same as all at once."""
    pieces = [data[at : at + 1] for at in range(len(data))]
    assert framed(pieces, client, limits) == framed([data], client, limits)


@given(mutated(MESSAGES))
@example(MESSAGE.replace(b"Content-Length", b"l\t "))
@pytest.mark.rfc("3261 18.3", "3261 20.14")
def test_the_parser_reads_the_same_length(data: bytes) -> None:
    """Framer and parser never disagree on where a message ends."""
    data = data.lstrip(b"\r\n") + b"x" * 300
    first = next(iter(StreamFramer(client=False).receive(data)), None)
    try:
        message = read_message(data)
    except RemoteProtocolError as error:
        no_end = error.rfc in {"3261 7", "3261 18.3", "3261 20.14"}
    else:
        no_end = message.header("Content-Length") is None
        assert no_end or first == Frame(bytes(message))
    assert not (no_end and isinstance(first, Frame))


@given(mutated(STREAMS), st.booleans(), st.sampled_from(LIMITS))
@pytest.mark.rfc("7118 5")
def test_any_websocket_message(data: bytes, client: bool, limits: MessageLimits) -> None:
    """A WebSocket message holds at most one message, which is all of it that is no keep-alive."""
    taken = WebSocketFramer(client=client, limits=limits).receive(data)
    message = bare(data)
    keep_alives = (len(data) - len(message)) // (2 if client else 4)
    assert taken[:keep_alives] == [Pong() if client else Ping()] * keep_alives
    if message or not data:
        (last,) = taken[keep_alives:]
        assert isinstance(last, BadFrame) or last == Frame(message)
        if isinstance(last, BadFrame):
            assert not last.ends_flow
            assert message.startswith(last.head)
            assert len(last.head) <= limits.head_bytes
    else:
        assert taken[keep_alives:] == []
