"""Responses (RFC 3261 7.2)."""

from __future__ import annotations

from operator import index

from sipsm.errors import LocalProtocolError
from sipsm.grammar.tokens import written
from sipsm.message.block import Headers
from sipsm.message.message import Message, header_block
from sipsm.message.names import HeaderIndex
from sipsm.message.status import reason_phrase
from sipsm.message.usual import NOTHING


class Response(Message):
    """A response: what became of a request (RFC 3261 7.2). Made by `parse_message`, `response_to`, `Response.build`."""

    __slots__ = ("_reason", "_status")

    _status: int
    _reason: str

    def __init__(
        self, status: int, reason: str, lines: list[str], index: HeaderIndex | None, body: bytes, wire: bytes | None
    ) -> None:
        self._status = status
        self._reason = reason
        self._lines = lines
        self._index = index
        self._body = body
        self._wire = wire
        self._values = self._via = self._cseq = None
        self._essentials = NOTHING

    @classmethod
    def build(cls, status: int, reason: str | None = None, headers: Headers = (), body: bytes = b"") -> Response:
        """A response of its parts, Content-Length added; the registered reason phrase when none is given.

        The status is given as any integer. Raises LocalProtocolError for what cannot be written, and for a body without
        Content-Type (RFC 3261 7, 20.15).
        """
        status = checked_status(status)
        reason = reason_phrase(status) if reason is None else written(reason)
        lines, by_name = header_block(headers, body)
        return cls(status, reason, lines, by_name, body, None)

    @property
    def status(self) -> int:
        """The status code, 100 to 699."""
        return self._status

    @property
    def reason(self) -> str:
        """The reason phrase, for people; it may be empty."""
        return self._reason

    def __repr__(self) -> str:
        return f"<Response {self._status} {self._reason}>"

    def __reduce__(self) -> tuple[object, ...]:
        return _restored_response, (self._status, self._reason, self._all_lines(), self._body, self._wire)

    def _start_line(self) -> str:
        return f"SIP/2.0 {self._status} {self._reason}"

    def _clone(self) -> Response:
        clone = Response.__new__(Response)
        clone._status = self._status
        clone._reason = self._reason
        return clone


def checked_status(status: int) -> int:
    """The value of a status given as any integer; raises LocalProtocolError for what cannot be written as one."""
    if status.__class__ is not int:
        # What a member of an enum is written as is its own affair; its value is what is meant.
        try:
            status = index(status)
        except TypeError:
            raise LocalProtocolError(f"{status!r} cannot be a status code: it is no integer", rfc="3261 7.2") from None
    # "The first digit of the Status-Code defines the class of response." (RFC 3261 7.2)  There are six classes.
    if not 100 <= status <= 699:
        raise LocalProtocolError(f"{status!r} cannot be a status code; they go from 100 to 699", rfc="3261 7.2")
    return status


def _restored_response(status: int, reason: str, lines: list[str], body: bytes, wire: bytes | None) -> Response:
    return Response(status, reason, lines, None, body, wire)
