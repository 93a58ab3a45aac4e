"""Fragments of SIP messages: the bodies of type message/sipfrag, in which a REFER's outcome is reported.

RFC 3420 2 and RFC 3515 2.4.5. A whole message in a body, message/sip, is one for `parse_message`.
"""

from __future__ import annotations

import re
from typing import Self

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.tokens import TOKEN
from sipsm.message.block import HeaderBlock, Headers, Name, lines_given
from sipsm.message.headers.content import CONTENT_LENGTH, CONTENT_TYPE
from sipsm.message.names import canonical, head_lines, split_head, value_of
from sipsm.message.parse import read_message
from sipsm.message.request import Request
from sipsm.message.response import Response

SIPFRAG = "message/sipfrag;version=2.0"
"""The Content-Type of a body that is a fragment (RFC 3420 5)."""

_is_header = re.compile(rf"{TOKEN}[ \t]*+:".encode("ascii")).match


class SipFrag(HeaderBlock):
    """A part of a SIP message: its start line or none, any of its headers, its body or none (RFC 3420 2).

    `frag[FIELD]` reads a header, as that of a message.
    """

    __slots__ = ("_body", "_start", "_wire")

    _start: Request | Response | None
    _body: bytes
    _wire: bytes | None

    def __init__(
        self, start: Request | Response | None, lines: list[str] | None, body: bytes, wire: bytes | None
    ) -> None:
        self._start = start
        self._lines = lines
        self._body = body
        self._wire = wire
        self._index = self._values = None

    @classmethod
    def parse(cls, data: bytes) -> SipFrag:
        """The fragment that a body holds; raises RemoteProtocolError when it is none.

        That its headers are well-formed is found out when they are read.
        """
        start, head = _split_start(data)
        frag = cls(None if start is None else _read_start(start), None, b"", data)
        frag._indexed()  # raises for what is no header
        body = split_head(head)[1]
        # Line ends too many make no body.
        if frag.has(CONTENT_TYPE) or body.strip(b"\r\n"):
            frag._body = frag._framed(body)
        return frag

    @classmethod
    def build(
        cls, status: int | None = None, reason: str | None = None, *, headers: Headers = (), body: bytes = b""
    ) -> SipFrag:
        """A fragment that begins with a status line, unless `status` is None; Content-Length is added for a body.

        `SipFrag.build(200)` is what a NOTIFY says when the REFER has succeeded. Raises LocalProtocolError for what
        cannot be written, and for a body without Content-Type (RFC 3420 2).
        """
        start = None if status is None else Response.build(status, reason)
        lines = lines_given(headers)[0]
        frag = cls(start, lines, body, None)
        if not body:
            return frag
        if not frag.has(CONTENT_TYPE):
            raise LocalProtocolError("a body needs a Content-Type", rfc="3420 2")
        if not frag.has(CONTENT_LENGTH):
            return frag.with_added(CONTENT_LENGTH, len(body))
        frag._refuse(CONTENT_LENGTH.key, list(frag._lines_of(CONTENT_LENGTH.key)))
        return frag

    @classmethod
    def of(cls, message: Request | Response, *names: Name) -> SipFrag:
        """The start line of a message, and of its headers those that are named, all their lines as they came.

        What is not named is not told to others (RFC 3420 4, RFC 3515 5.3).
        """
        keys = [canonical(name) if isinstance(name, str) else name.key for name in names]
        return cls(message, [line for key in keys for line in message._lines_of(key)], b"", None)

    @property
    def start_line(self) -> str | None:
        """The start line, or None where the fragment has none."""
        return None if self._start is None else self._start._start_line()

    @property
    def status(self) -> int | None:
        """The status code, when the fragment is of a response and begins with the status line."""
        return self._start.status if isinstance(self._start, Response) else None

    @property
    def reason(self) -> str | None:
        """The reason phrase, when the fragment begins with a status line."""
        return self._start.reason if isinstance(self._start, Response) else None

    @property
    def method(self) -> str | None:
        """The method, when the fragment is of a request and begins with the request line."""
        return self._start.method if isinstance(self._start, Request) else None

    @property
    def body(self) -> bytes:
        """The body of the message that this is a fragment of, empty when it is not there."""
        return self._body

    def __bytes__(self) -> bytes:
        wire = self._wire
        if wire is None:
            start = self.start_line
            lines = self._all_lines() if start is None else [start, *self._all_lines()]
            text = "".join([f"{line}\r\n" for line in lines])
            wire = text.encode("utf-8", "surrogateescape")
            if self._body:
                wire += b"\r\n" + self._body
            self._wire = wire
        return wire

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SipFrag):
            return NotImplemented
        return bytes(self) == bytes(other)

    def __hash__(self) -> int:
        return hash(bytes(self))

    def __repr__(self) -> str:
        return f"<SipFrag {self.start_line or ', '.join([name for name, _ in self.headers])}>"

    def __reduce__(self) -> tuple[object, ...]:
        return SipFrag.parse, (bytes(self),)

    def _changed(self, key: str, lines: list[str], of_key: list[str]) -> Self:
        return type(self)(self._start, lines, self._body, None)

    def _refuse(self, key: str, added: list[str]) -> None:
        if self._body and key == CONTENT_LENGTH.key and [value_of(line) for line in added] != [str(len(self._body))]:
            raise LocalProtocolError("Content-Length is not the length of the body", rfc="3420 2")

    def _before(self) -> int:
        return 0 if self._start is None else bytes(self).index(b"\r\n") + 2

    def _split(self) -> list[str]:
        assert self._wire is not None, "a fragment has its lines or its bytes"
        return head_lines(split_head(_split_start(self._wire)[1])[0])

    def _framed(self, body: bytes) -> bytes:
        """Of what comes behind the empty line, the body."""
        # "If the message/sipfrag part contains a body, it MUST also contain the appropriate header fields describing
        # that body (such as Content-Length) as required by Section 7.4 of [1]" (RFC 3420 2), [1] being RFC 3261.
        if not self.has(CONTENT_TYPE):
            raise RemoteProtocolError("a body without a Content-Type", rfc="3420 2")
        length = self[CONTENT_LENGTH]
        # These headers may also be there without what they describe, as any header of the message may.
        if body and length is not None and length > len(body):
            raise RemoteProtocolError(f"Content-Length is {length}, but {len(body)} bytes came", rfc="3261 18.3")
        return body[:length]


def _split_start(data: bytes) -> tuple[bytes | None, bytes]:
    """The start line where there is one, and what comes behind it."""
    # sipfrag = [ start-line ] *message-header [ CRLF [ message-body ] ]
    # Wider: the last CRLF may be missing, as it is in what many peers report of a REFER, or be a lone LF.
    first, crlf, rest = data.partition(b"\r\n")
    if not crlf:
        first = first.removesuffix(b"\n")
    return (first, rest) if first and _is_header(first) is None else (None, data)


def _read_start(line: bytes) -> Request | Response:
    """The start line of a message, or RemoteProtocolError."""
    try:
        return read_message(line + b"\r\n\r\n")
    except RemoteProtocolError as error:
        # "The start line, if present, must be complete and valid per [1]." (RFC 3420 3.2)  Another version is an error
        # of the body only, and so has no status of its own.
        raise RemoteProtocolError(error.what, rfc="3420 3.2", at=error.at) from None
