"""Bytes of a connection to whole messages and keep-alives.

RFC 3261 7.5 and 18.3 for TCP and TLS, RFC 7118 4.2, 5 and 6 for WebSocket, RFC 5626 3.5.1 and 4.4.1 for keep-alives.
Not here: datagrams, each of which is one message; the handshake and the frames of WebSocket itself; and time, that is
how long a message may take to come, and a pong after a ping.

An endpoint has one framer for each connection, gives it all that arrives, and acts on what comes back in order:

    for framed in framer.receive(data):
        match framed:
            case Frame(message):
                ...  # `parse_message(message)`, which may still find it malformed: the connection stays
            case Ping():
                ...  # send PONG
            case Pong():
                ...  # the peer is alive (RFC 5626 4.4.1)
            case BadFrame(error, head, ends_flow):
                ...  # answer `answerable(head)`, if that is a request, with `error.status`; close if `ends_flow`

and does the same with what `framer.receive_eof()` gives when the peer has sent its last. `framer.mid_message` says
whether the rest of a message is waited for, which should not take forever (RFC 4475 3.1.2.2).
"""

from __future__ import annotations

import re
from itertools import repeat

from attrs import define, field, frozen

from sipsm.errors import RemoteProtocolError
from sipsm.transport.head import HeadSearch, MessageLimits, announced_length, check_size

PING = b"\r\n\r\n"
"""What a client sends between messages to keep a connection alive (RFC 5626 4.4.1)."""
PONG = b"\r\n"
"""What a server answers to a ping (RFC 5626 4.4.1)."""


@frozen
class Frame:
    """A whole message has come."""

    data: bytes
    """Its bytes as they came, from the start line to the end of the body; `parse_message` reads them."""


@frozen
class Ping:
    """The peer, which opened the connection, keeps it alive. Send `PONG` at once (RFC 5626 5.4)."""


@frozen
class Pong:
    """The peer, which accepted the connection, is alive (RFC 5626 4.4.1)."""


def _facts(error: RemoteProtocolError) -> tuple[object, ...]:
    return error.what, error.rfc, error.status, error.at


def _untraced(error: RemoteProtocolError) -> RemoteProtocolError:
    # A traceback would keep the framer alive, and the bytes that it was given.
    return error.with_traceback(None)


@frozen
class BadFrame:
    """What has come is no message, or one over a limit."""

    error: RemoteProtocolError = field(eq=_facts, converter=_untraced)
    """Why, with the status to answer, and the offset in the message where it can be named."""
    head: bytes
    """As much of the head as was read, for `answerable`."""
    ends_flow: bool
    """Whether nobody can tell where the next message begins: whatever comes after this is dropped."""


Framed = Frame | Ping | Pong | BadFrame
"""What a framer makes of bytes."""


@define
class StreamFramer:
    """What a TCP or TLS connection carries, however its bytes are cut into pieces.

    Nothing that arrives raises. After the first `BadFrame` nothing comes any more. Of a message that is not whole, at
    most `limits.unparsed_bytes` are held, and time is linear in what arrives. Copy with `copy.deepcopy`.
    """

    client: bool = field(kw_only=True)
    """Whether the own side opened the connection: then line ends between messages are pongs, else pings."""
    limits: MessageLimits = field(factory=MessageLimits, kw_only=True)
    _buffer: bytearray = field(factory=bytearray, init=False)
    _search: HeadSearch = field(factory=HeadSearch, init=False)
    _body_at: int | None = field(default=None, init=False)
    """Where the body begins, once the head is whole."""
    _end: int = field(default=0, init=False)
    """Where the message ends, once the head is whole."""
    _half_ping: bool = field(default=False, init=False)
    _ended: bool = field(default=False, init=False)

    @property
    def held(self) -> int:
        """How many bytes wait for the rest of their message."""
        return len(self._buffer)

    @property
    def mid_message(self) -> bool:
        """Whether a message has begun and is not whole."""
        return self._search.searched > 0 or self._body_at is not None

    @property
    def ended(self) -> bool:
        """Whether all that may still arrive is dropped."""
        return self._ended

    def receive(self, data: bytes) -> list[Framed]:
        """What has become whole with these bytes, in order (RFC 3261 18.3)."""
        framed: list[Framed] = []
        if self._ended:
            return framed
        self._buffer += data
        try:
            while self._take(framed):
                pass
        except RemoteProtocolError as error:
            framed.append(self._end_with(error))
        return framed

    def receive_eof(self) -> list[Framed]:
        """Nothing between messages, where a peer may well stop sending; a `BadFrame` for a message that was cut short.

        Later bytes are dropped.
        """
        if self.mid_message:
            error = RemoteProtocolError("the stream ended within a message", rfc="3261 18.3", at=len(self._buffer))
            return [self._end_with(error)]
        self._end_now()
        return []

    def _take(self, framed: list[Framed]) -> bool:
        """Take one message off the buffer, and the keep-alives before it; False when it is not whole."""
        buffer = self._buffer
        if self._body_at is None:
            if not self._search.searched and buffer.startswith(b"\r\n"):
                line_ends = _line_ends(buffer)
                self._half_ping = _keep_alives(line_ends, self.client, self._half_ping, framed)
                del buffer[: 2 * line_ends]
            self._body_at = self._search.end_in(buffer, self.limits)
            if self._body_at is None:
                return False
            self._search = HeadSearch()
            self._end = self._body_at + announced_length(buffer[: self._body_at], self.limits)
        if len(buffer) < self._end:
            return False
        framed.append(Frame(bytes(buffer[: self._end])))
        del buffer[: self._end]
        self._body_at, self._end, self._half_ping = None, 0, False
        return True

    def _end_with(self, error: RemoteProtocolError) -> BadFrame:
        head = bytes(self._buffer[: error.at if self._body_at is None else self._body_at])
        self._end_now()
        return BadFrame(error, head, ends_flow=True)

    def _end_now(self) -> None:
        self._ended = True
        self._buffer.clear()
        self._search, self._body_at, self._end, self._half_ping = HeadSearch(), None, 0, False


@define
class WebSocketFramer:
    """What a WebSocket connection carries; `receive` is called once for each WebSocket message, text (as UTF-8) or not.

    "Each SIP message MUST be carried within a single WebSocket message, and a WebSocket message MUST NOT contain more
    than one SIP message." (RFC 7118 5)  So its Content-Length is as little needed as a datagram's, and `parse_message`
    treats it as one (RFC 3261 18.3): one that is too large is an error, what is beyond it is discarded. No `BadFrame`
    ends the flow. A WebSocket message over `limits.unparsed_bytes` need not be received to its end to be refused.
    """

    client: bool = field(kw_only=True)
    """Whether the own side opened the connection: then line ends alone are pongs, else pings."""
    limits: MessageLimits = field(factory=MessageLimits, kw_only=True)

    @property
    def held(self) -> int:
        """Nothing is held between WebSocket messages."""
        return 0

    @property
    def mid_message(self) -> bool:
        """Never between WebSocket messages."""
        return False

    @property
    def ended(self) -> bool:
        """Never: one WebSocket message says nothing of the next one."""
        return False

    def receive(self, data: bytes) -> list[Framed]:
        """What one WebSocket message holds: keep-alives (RFC 7118 6), then at most one message."""
        framed: list[Framed] = []
        line_ends = _line_ends(data)
        _keep_alives(line_ends, self.client, False, framed)
        message = data[2 * line_ends :]
        if message or not data:
            framed.append(self._frame(message))
        return framed

    def receive_eof(self) -> list[Framed]:
        """Nothing: what is not whole is no WebSocket message."""
        return []

    def _frame(self, message: bytes) -> Frame | BadFrame:
        body_at = None
        try:
            body_at = HeadSearch().end_in(message, self.limits)
            if body_at is not None:
                check_size(body_at, len(message) - body_at, self.limits)
        except RemoteProtocolError as error:
            end = message.find(b"\r\n\r\n", 0, self.limits.head_bytes)
            return BadFrame(error, message[: end + 4 if end >= 0 else self.limits.head_bytes], ends_flow=False)
        return Frame(message)


_leading_line_ends = re.compile(rb"(?:\r\n)*+").match


def _line_ends(data: bytes | bytearray) -> int:
    """How many CRLFs there are before the start line."""
    match = _leading_line_ends(data)
    assert match is not None, "none at all is a match as well"
    return match.end() // 2


def _keep_alives(line_ends: int, client: bool, half_ping: bool, framed: list[Framed]) -> bool:
    """Add the keep-alives that so many CRLFs are; whether a CRLF is left that another one makes a ping."""
    # "the client "ping" is a double-CRLF sequence, and the server "pong" is a single CRLF" (RFC 5626 4.4.1)  They are
    # told apart by who may send them, for a double CRLF may come in two pieces, and two pongs in one. Of a CRLF that
    # is neither, "MUST ignore any CRLF appearing before the start-line" (RFC 3261 7.5) speaks.
    if client:
        framed.extend(repeat(Pong(), line_ends))
        return False
    pings, left = divmod(line_ends + half_ping, 2)
    framed.extend(repeat(Ping(), pings))
    return left == 1
