"""What is true of any bytes that a connection carries: cut into whatever pieces, they are the same messages.

And a message has one end: what a framer takes for the body is what `parse_message` takes for it, or the two would be
talked into seeing different messages.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random

from sipsm.errors import RemoteProtocolError
from sipsm.message import Request, Response, parse_message, read_message
from sipsm.transport.framing import BadFrame, Frame, Framed, StreamFramer, WebSocketFramer
from sipsm.transport.head import MessageLimits
from tests.fuzz.attempt import attempt, complete

NARROW = MessageLimits(
    start_line_bytes=60, header_line_bytes=120, headers=12, head_bytes=700, body_bytes=300, unparsed_bytes=800
)


def received(framer: StreamFramer, pieces: list[bytes]) -> list[Framed]:
    """What a framer makes of the pieces and of the end of the stream."""
    framed: list[Framed] = []
    for piece in pieces:
        framed += framer.receive(piece)
        assert framer.held <= framer.limits.unparsed_bytes
        assert not (framer.ended and framer.held)
    return framed + framer.receive_eof()


def streamed(data: bytes, dice: Random) -> None:
    """However bytes are cut, they are the same frames; and each frame is one message to the last byte."""
    cuts = sorted(dice.randrange(len(data) + 1) for _ in range(dice.randrange(1, 8)))
    pieces = [data[start:end] for start, end in pairwise((0, *cuts, len(data)))]
    for client in (True, False):
        for limits in (MessageLimits(), NARROW):
            whole = received(StreamFramer(client=client, limits=limits), [data])
            assert whole == received(StreamFramer(client=client, limits=limits), pieces), pieces
            for framed in whole:
                framed_well(framed)
    for framed in WebSocketFramer(client=dice.random() < 0.5).receive(data):
        if isinstance(framed, Frame):
            attempt(lambda: parse_message(framed.data), len(framed.data))  # noqa: B023


def framed_well(framed: Framed) -> None:
    if isinstance(framed, BadFrame):
        complete(framed.error)
    elif isinstance(framed, Frame):
        message = attempt(lambda: read_message(framed.data), len(framed.data))
        # The message has no other Content-Length than the framer has found.
        assert isinstance(message, RemoteProtocolError) or bytes(message) == framed.data


def fits_a_stream(message: Request | Response) -> None:
    """A message that is written with its length is one frame of a stream, and nothing is left over."""
    data = bytes(message)
    framed = StreamFramer(client=True).receive(data * 2)
    assert framed == [Frame(data), Frame(data)], framed
