"""Bytes of one datagram to a message.

RFC 3261 7, 18.3, 20.14 and 25.1. Not here: finding where a message ends in a stream (RFC 3261 18.3).
"""

from __future__ import annotations

import re
from itertools import takewhile
from sys import intern
from typing import TypeVar

from sipsm.errors import RemoteProtocolError
from sipsm.grammar.tokens import is_token
from sipsm.message.headers.core import CSEQ as CSEQ_FIELD
from sipsm.message.methods import KNOWN_METHODS
from sipsm.message.names import head_lines, index_lines, value_of
from sipsm.message.request import Request
from sipsm.message.response import Response
from sipsm.message.usual import ALL_OK, FROM_OK, LENGTH, TO_OK, VIA_OK, usual_request, usual_response
from sipsm.message.via import Via

_new = object.__new__
AnyMessage = TypeVar("AnyMessage", Request, Response, Request | Response)


def parse_message(data: bytes) -> Request | Response:
    """The message that a datagram holds, fit for a transaction: read by `read_message`, checked by `check_message`.

    Raises RemoteProtocolError, and nothing else, whatever the bytes.
    """
    message = read_message(data)
    try:
        return check_message(message)
    except RemoteProtocolError as error:
        # Offsets count from where the message begins; what stands before it are CRLFs.
        raise (error if error.at is None else error.moved(_start_of(data))) from None


def read_message(data: bytes) -> Request | Response:
    """The message that a datagram holds: its structure only, for the headers are read when they are asked for.

    Raises RemoteProtocolError, with the offset where one can be named, for what is no SIP message (RFC 3261 7, 18.3).
    """
    if data.__class__ is not bytes:
        data = bytes(data)
    end = data.find(b"\r\n\r\n")
    head = data[: end + 2].decode("utf-8", "surrogateescape")
    # Slot by slot: what a constructor would cost shows here.
    message: Request | Response
    if head.startswith("SIP/2.0 "):
        match = usual_response(head)
        if match is None:
            return _read_by_line(data)
        known = match.groups()
        message = _new(Response)
        message._status = int(known[0])
        message._reason = known[1]
    else:
        match = usual_request(head)
        if match is None:
            return _read_by_line(data)
        known = match.groups()
        message = _new(Request)
        # Most are of few methods: who holds many messages holds each of these once.
        message._method = intern(known[0])
        message._uri_text = known[1]
        message._uri = None
    body = data[end + 4 :]
    length = known[LENGTH]
    if length is not None and int(length) != len(body):
        return _read_by_line(data)
    message._body = body
    message._wire = data
    message._essentials = known
    message._lines = message._index = message._values = message._via = message._cseq = None
    return message


def check_message(message: AnyMessage) -> AnyMessage:
    """The message itself, when it has what every transaction needs: Via, From, To, Call-ID and CSeq, each fit to read.

    Raises RemoteProtocolError when one is missing or malformed or (all but Via) there twice, when a request's CSeq
    names another method, and when its Request-URI is none or holds headers (RFC 3261 7.1, 8.1.1, 19.1.1). Tags are not
    asked for: peers of RFC 2543 have none.
    """
    known = message._essentials
    if known[ALL_OK] is not None:
        return message
    # Reading is checking, and what was read is kept.
    if known[VIA_OK] is None:
        message.via  # noqa: B018
    if known[FROM_OK] is None:
        message.from_  # noqa: B018
    if known[TO_OK] is None:
        message.to  # noqa: B018
    message.call_id  # noqa: B018
    method = message.cseq.method
    if isinstance(message, Request):
        behind_method = len(message.method) + 1
        try:
            headers = message.uri.headers
        except RemoteProtocolError as error:
            raise error.moved(behind_method) from None
        if headers is not None:
            # Table 1 of RFC 3261 19.1.1: no headers in a Request-URI.
            at = behind_method + message._uri_text.index("?")
            raise RemoteProtocolError("the Request-URI holds headers", rfc="3261 19.1.1", at=at)
        # "The method MUST match that of the request." (RFC 3261 8.1.1.5)
        if method != message.method:
            # "A 400 Bad Request is also acceptable, but choosing a 501 (particularly at proxies) has better
            # future-proof characteristics." (RFC 4475 3.1.2.18), where nobody knows the method.
            status = 400 if message.method in KNOWN_METHODS else 501
            what = f"CSeq names {method[:40]} in a {message.method[:40]} request"
            raise message._located(RemoteProtocolError(what, rfc="3261 8.1.1.5", status=status), CSEQ_FIELD)
    return message


def answerable(data: bytes) -> Request | None:
    """The request to answer when `read_message` raised for its datagram; None when there is nobody to answer.

    Its body is empty, and lines that are no header are left out. For a 400 to a wrong Content-Length (RFC 3261 18.3) or
    to such a line, and a 505 to another version.
    """
    data = data[_start_of(data) :]
    end = data.find(b"\r\n\r\n")
    head = data[: end if end >= 0 else max(data.rfind(b"\r\n"), 0)]
    if not head:
        return None
    try:
        start_line, *lines = head_lines(head)
        lines = list(filter(_is_header, lines))
        parts = [] if "\r" in start_line else list(filter(None, _white.split(start_line)))
        if len(parts) < 3 or not parts[-1].upper().startswith("SIP/") or not is_token(parts[0]):
            return None
        request = Request(parts[0], parts[1], lines, index_lines(lines), b"", None)
        Via.sent_by_alone(next(iter(request.lines_of("Via")), ""))
    except RemoteProtocolError:
        return None
    return request


def _read_by_line(data: bytes) -> Request | Response:
    """The message of a datagram that is not of the usual kind."""
    # "Implementations processing SIP messages over stream-oriented transports MUST ignore any CRLF appearing before the
    # start-line" (RFC 3261 7.5); over datagrams peers send them as well, as keep-alives.
    start = _start_of(data)
    try:
        return _read_lines(data[start:])
    except RemoteProtocolError as error:
        raise (error if error.at is None else error.moved(start)) from None


def _read_lines(data: bytes) -> Request | Response:
    """The message that begins with the first byte."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        data, end = _ended(data)
    start_line, *lines = head_lines(data[:end])
    if "\r" in start_line:
        raise RemoteProtocolError("the start line goes on in the next line", rfc="3261 7.1", at=start_line.find("\r"))
    try:
        index = index_lines(lines)
    except RemoteProtocolError as error:
        raise error.moved(_length_of(start_line, *takewhile(_is_header, lines), "")) from None
    body = data[end + 4 :]
    length = index.get("content-length")
    # "If the message has no Content-Length header field, the message body is assumed to end at the end of the
    # transport packet." (RFC 3261 18.3)
    if length is not None:
        try:
            body = _framed(body, length)
        except RemoteProtocolError as error:
            line = length if isinstance(length, str) else length[1]
            value = line.partition(":")[2].lstrip(" \t\r\n")
            before = (start_line, *lines[: lines.index(line)], line[: len(line) - len(value)])
            raise error.moved(_length_of(*before)) from None
    data = data[: end + 4 + len(body)]
    parts = start_line.split(" ", 2)
    if parts[0].isascii() and parts[0].upper() == "SIP/2.0":
        status, reason = _status(start_line, parts)
        return Response(status, reason, lines, index, body, data)
    _check_request_line(start_line, parts)
    return Request(parts[0], parts[1], lines, index, body, data)


def _length_of(*lines: str) -> int:
    """How many bytes these lines are, without the last one's CRLF."""
    return len("\r\n".join(lines).encode("utf-8", "surrogateescape"))


def _start_of(data: bytes) -> int:
    at = 0
    while data.startswith(b"\r\n", at):
        at += 2
    return at


def _ended(data: bytes) -> tuple[bytes, int]:
    """The datagram and the end of its head, when the empty line is missing after the headers (RFC 4475 3.1.2.15)."""
    if not data.endswith(b"\r\n"):
        raise RemoteProtocolError("the headers are cut short", rfc="3261 7", at=len(data))
    return data + b"\r\n", len(data) - 2


def _is_header(line: str) -> bool:
    try:
        index_lines([line])
    except RemoteProtocolError:
        return False
    return True


def _framed(body: bytes, line: str | list[str]) -> bytes:
    """The body of what came after the headers, by Content-Length."""
    length = _content_length(line)
    if length > len(body):
        # "If the transport packet ends before the end of the message body, this is considered an error."
        raise RemoteProtocolError(f"Content-Length is {length}, but {len(body)} bytes came", rfc="3261 18.3")
    # "If there are additional bytes in the transport packet beyond the end of the body, they MUST be discarded."
    return body[:length]


def _content_length(line: str | list[str]) -> int:
    if isinstance(line, list):
        lengths = set(map(_content_length, line))
        if len(lengths) > 1:
            raise RemoteProtocolError("the Content-Lengths differ", rfc="3261 20.14")
        return lengths.pop()
    value = value_of(line)
    # Content-Length = ( "Content-Length" / "l" ) HCOLON 1*DIGIT; no datagram or buffer has a longer number of bytes.
    significant = value.lstrip("0")
    if not (value.isascii() and value.isdecimal()) or len(significant) > 10:
        raise RemoteProtocolError(f"Content-Length {value[:40]!r} is no length", rfc="3261 20.14")
    return int(significant or "0")


def _status(start_line: str, parts: list[str]) -> tuple[int, str]:
    # Status-Line = SIP-Version SP Status-Code SP Reason-Phrase CRLF
    # Wider: peers leave the last SP out together with an empty phrase (RFC 4475 3.1.1.13).
    if len(parts) == 2:
        parts = [*parts, ""]
    if len(parts) != 3 or len(parts[1]) != 3 or not (parts[1].isascii() and parts[1].isdecimal()):
        raise RemoteProtocolError(f"{start_line[:40]!r} is no status line", rfc="3261 7.2", at=0)
    status = int(parts[1])
    if not 100 <= status <= 699:
        raise RemoteProtocolError(f"{status} is no status code", rfc="3261 7.2", at=8)
    return status, parts[2]


_white = re.compile(r"[ \t]")
_version = re.compile(r"[Ss][Ii][Pp]/([0-9]++\.[0-9]++)").fullmatch


def _check_request_line(start_line: str, parts: list[str]) -> None:
    """Raises RemoteProtocolError unless only the method, or the version's case, is out of the usual."""
    # Request-Line = Method SP Request-URI SP SIP-Version CRLF
    version = _version(start_line.rpartition(" ")[2])
    if version is not None and version[1] != "2.0":
        at = _length_of(start_line) - len(version[0])
        raise RemoteProtocolError(f"SIP version {version[1]}", rfc="3261 21.5.6", status=505, at=at)
    if version is None or len(parts) != 3 or " " in parts[2] or not parts[1]:
        raise RemoteProtocolError(f"{start_line[:40]!r} is no start line", rfc="3261 7.1", at=0)
    if not is_token(parts[0]):
        raise RemoteProtocolError(f"{parts[0][:40]!r} is no method", rfc="3261 25.1", at=0)
