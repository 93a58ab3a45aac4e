"""The head of a message in bytes that are still coming: where it ends, what it may be, how long its body is.

RFC 3261 7, 7.3.1, 18.3 and 20.14. The limits on a message are here as well. Not here: what the headers say, which
`sipsm.message.parse` reads; a Content-Length means the same to both.
"""

from __future__ import annotations

import re
from functools import cached_property

from attrs import define, field, frozen
from attrs.validators import ge

from sipsm.errors import RemoteProtocolError


@frozen
class MessageLimits:
    """The bounds of one message, in a datagram or on a connection. What is at its limit is taken, more is refused.

    The status of each is what a request is answered with, if as much of it was read as says whom. A connection, of which
    nothing can be read behind such a message, is then closed.
    """

    start_line_bytes: int = field(default=8_192, validator=ge(1))
    """The start line without its CRLF; a longer one has a Request-URI that is too long: 414."""
    header_line_bytes: int = field(default=16_384, validator=ge(1))
    """A line of a header without its CRLF, where a header that is folded is several lines: 513."""
    headers: int = field(default=500, validator=ge(1))
    """Headers; one that is folded counts once: 513."""
    head_bytes: int = field(default=65_536, validator=ge(1))
    """Start line, headers and the empty line after them, each with its CRLF: 513."""
    body_bytes: int = field(default=262_144, validator=ge(0))
    """The body, by what Content-Length announces where the connection is a stream: 413."""
    unparsed_bytes: int = field(validator=ge(1))
    """Head and body together, so that no more than this is ever held of a message that is not whole: 513.

    Unless it is set, head and body each as long as they may be.
    """

    @unparsed_bytes.default
    def _of_both(self) -> int:
        return self.head_bytes + self.body_bytes

    @cached_property
    def _least_bytes(self) -> int:
        """The least of these: no message up to that length is over one of them."""
        of_lines = self.start_line_bytes, self.header_line_bytes
        return min(*of_lines, self.head_bytes, self.body_bytes, self.unparsed_bytes)

    @property
    def harmless_bytes(self) -> int:
        """No message up to this length is over one of these, whatever it holds."""
        # A header takes two bytes at least: one of its own, and a line end.
        return min(self._least_bytes, 2 * self.headers)


def check_whole(data: bytes, limits: MessageLimits) -> None:
    """Raises RemoteProtocolError when a message that has come in one piece, a datagram, is over a limit.

    Whether its lines end as they should is not looked at here.
    """
    if len(data) <= limits._least_bytes and data.count(b"\n") <= limits.headers:
        return
    begins = len(data) - len(data.lstrip(b"\r\n"))
    empty = _empty_line(data, begins)
    end = len(data) if empty is None else empty.end()
    search = HeadSearch()
    for line in data[begins:end].splitlines(keepends=True):
        at = search.line + len(line.rstrip(b"\r\n"))
        search.check_length(at, limits)
        if search.line and line.strip() and line[0] not in b" \t":
            search.count(limits)
        search.line += len(line)
    if end - begins > limits.head_bytes:
        what = f"the head is longer than {limits.head_bytes} bytes"
        raise RemoteProtocolError(what, rfc="3261 21.5.7", status=513, at=begins + limits.head_bytes)
    check_size(end - begins, len(data) - end, limits)


_empty_line = re.compile(rb"\r?\n\r?\n").search
_line_end = re.compile(rb"\r\n?|\n").search


@define
class HeadSearch:
    """A search for the end of one head, which goes on where it stopped, so that no byte is looked at twice."""

    line: int = 0
    """Where the line begins that the search is in."""
    searched: int = 0
    """There is no line end between `line` and here."""
    headers: int = 0
    """How many have been passed."""

    def end_in(self, data: bytes | bytearray, limits: MessageLimits) -> int | None:
        """Where the body begins; None as long as the head is not whole. Each time with more data of the same message.

        Raises RemoteProtocolError at the first byte that makes the head none: one over a limit, a CR or LF alone, the
        end of a start line that is not of SIP. In how many pieces the data came makes no difference to that.
        """
        most = min(limits.head_bytes, limits.unparsed_bytes)
        stop = min(len(data), most)
        if not self.searched:
            end = data.find(b"\r\n\r\n", 0, stop) + 4
            if end > 3 and _is_usual(data, end, limits):
                return end
        while True:
            match = _line_end(data, self.searched, stop)
            at = stop if match is None else match.start()
            self.check_length(at, limits)
            if match is None or (match[0] == b"\r" and match.end() == stop):
                break
            if match[0] != b"\r\n":
                # "The start-line, each message-header line, and the empty line MUST be terminated by a carriage-return
                # line-feed sequence (CRLF)." (RFC 3261 7)  Where one that is not ends, two elements may disagree.
                raise RemoteProtocolError("CR or LF alone", rfc="3261 7", at=at)
            if at == self.line:
                return at + 2
            self._pass_line(data, at, limits)
            self.line = self.searched = at + 2
        self.searched = at
        if len(data) > most:
            raise RemoteProtocolError(f"the head is longer than {most} bytes", rfc="3261 21.5.7", status=513, at=most)
        return None

    def check_length(self, end: int, limits: MessageLimits) -> None:
        """Raises RemoteProtocolError where the line that ends here, or goes on from here, is too long."""
        if self.line:
            most = limits.header_line_bytes
            if end - self.line > most:
                what = f"a header line is longer than {most} bytes"
                raise RemoteProtocolError(what, rfc="3261 21.5.7", status=513, at=self.line + most)
        elif end > limits.start_line_bytes:
            most = limits.start_line_bytes
            what = f"the start line is longer than {most} bytes"
            raise RemoteProtocolError(what, rfc="3261 21.4.12", status=414, at=most)

    def _pass_line(self, data: bytes | bytearray, end: int, limits: MessageLimits) -> None:
        if not self.line:
            if not _is_start_line(data[:end]):
                raise RemoteProtocolError(f"{bytes(data[: min(end, 40)])!r} is no start line", rfc="3261 7.1", at=0)
        # "Header fields can be extended over multiple lines by preceding each extra line with at least one SP or
        # horizontal tab (HT)." (RFC 3261 7.3.1)
        elif data[self.line] not in b" \t":
            self.count(limits)

    def count(self, limits: MessageLimits) -> None:
        """One header more."""
        self.headers += 1
        if self.headers > limits.headers:
            what = f"more than {limits.headers} headers"
            raise RemoteProtocolError(what, rfc="3261 21.5.7", status=513, at=self.line)


def _is_start_line(line: bytes | bytearray) -> bool:
    # SIP-Version = "SIP" "/" 1*DIGIT "." 1*DIGIT
    # It is the first or the last word of a start line. Where it is neither, the body before was longer than its
    # Content-Length, or the peer speaks something else.
    words = line.upper().split()
    return len(words) > 0 and (words[0].startswith(b"SIP/") or words[-1].startswith(b"SIP/"))


def _is_usual(data: bytes | bytearray, end: int, limits: MessageLimits) -> bool:
    """Whether a head is so short and plain that the search line by line would find nothing, as nearly all are."""
    lines = data.count(b"\r\n", 0, end)
    return (
        end <= limits.start_line_bytes
        and end <= limits.header_line_bytes
        and lines <= limits.headers
        and lines == data.count(b"\r", 0, end) == data.count(b"\n", 0, end)
        and _is_start_line(data[: data.find(b"\r\n")])
    )


# Content-Length = ( "Content-Length" / "l" ) HCOLON 1*DIGIT
# HCOLON = *( SP / HTAB ) ":" SWS
# Every line of that name is found, folds and all, whether or not it goes on as it should: see `announced_length`.
_length_lines = re.compile(rb"\r\n(?:content-length|l)(?=[ \t\r:])([^\r]*+(?:\r\n[ \t][^\r]*+)*+)", re.I).findall
_length = re.compile(rb"[ \t]*+:[ \t\r\n]*+0*+([0-9]*+)(?<=[0-9])[ \t\r\n]*+").fullmatch


def announced_length(head: bytes | bytearray, limits: MessageLimits) -> int:
    """The length of the body by the Content-Length of a head; headers other than this one may be malformed.

    Raises RemoteProtocolError when there is none, or several that differ, or one that is no number (RFC 3261 18.3,
    20.14), and when body or message would be over a limit.
    """
    lengths = set()
    for rest in _length_lines(head):
        match = _length(rest)
        if match is None:
            # "If a request like this arrives over TCP, the framing error is not recoverable, and the connection should
            # be closed. The same behavior is appropriate for messages that arrive without a numeric value in the
            # Content-Length header field" (RFC 4475 3.1.2.3)
            text = rest.partition(b":")[2].strip()[:40].decode("utf-8", "surrogateescape")
            raise RemoteProtocolError(f"Content-Length {text!r} is no length", rfc="3261 20.14")
        lengths.add(match[1])
    if not lengths:
        # "The Content-Length header field MUST be used with stream oriented transports." (RFC 3261 18.3)
        raise RemoteProtocolError("no Content-Length on a stream", rfc="3261 18.3")
    if len(lengths) > 1:
        raise RemoteProtocolError("the Content-Lengths differ", rfc="3261 20.14")
    digits = lengths.pop()
    # "Any Content-Length greater than or equal to zero is a valid value." (RFC 3261 20.14)  It is only made a number
    # when it has no more digits than the limit.
    if len(digits) > len(str(limits.body_bytes)):
        raise _body_too_long(limits)
    length = int(digits or b"0")
    check_size(len(head), length, limits)
    return length


def check_size(head: int, body: int, limits: MessageLimits) -> None:
    """Raises RemoteProtocolError when a body of this length, or with a head of that length, is over a limit."""
    if body > limits.body_bytes:
        raise _body_too_long(limits)
    if head + body > limits.unparsed_bytes:
        what = f"the message is longer than {limits.unparsed_bytes} bytes"
        raise RemoteProtocolError(what, rfc="3261 21.5.7", status=513)


def _body_too_long(limits: MessageLimits) -> RemoteProtocolError:
    # "The server is refusing to process a request because the request entity-body is larger than the server is willing
    # or able to process. The server MAY close the connection to prevent the client from continuing the request."
    # (RFC 3261 21.4.11)
    return RemoteProtocolError(f"the body is longer than {limits.body_bytes} bytes", rfc="3261 21.4.11", status=413)
