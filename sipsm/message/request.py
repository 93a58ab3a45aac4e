"""Requests (RFC 3261 7.1)."""

from __future__ import annotations

from sipsm.errors import LocalProtocolError
from sipsm.grammar.text_value import built
from sipsm.grammar.tokens import as_text, is_token
from sipsm.grammar.uri import Uri
from sipsm.message.block import Headers
from sipsm.message.headers.core import MAX_FORWARDS
from sipsm.message.message import Message, header_block
from sipsm.message.methods import KNOWN_METHODS
from sipsm.message.names import HeaderIndex
from sipsm.message.usual import NOTHING


class Request(Message):
    """A request: what is to be done, and with what (RFC 3261 7.1). Made by `parse_message` or `Request.build`."""

    __slots__ = ("_method", "_uri", "_uri_text")

    _method: str
    _uri: Uri | None
    _uri_text: str

    def __init__(
        self, method: str, uri_text: str, lines: list[str], index: HeaderIndex | None, body: bytes, wire: bytes | None
    ) -> None:
        self._method = method
        self._uri_text = uri_text
        self._lines = lines
        self._index = index
        self._body = body
        self._wire = wire
        self._values = self._uri = self._via = self._cseq = None
        self._essentials = NOTHING

    @classmethod
    def build(cls, method: str, uri: Uri | str, headers: Headers = (), body: bytes = b"") -> Request:
        """A request of its parts, Content-Length added.

        Raises LocalProtocolError for what cannot be written, and for a body without Content-Type (RFC 3261 7, 20.15).
        """
        method = checked_method(method)
        parsed = checked_uri(uri)
        lines, index = header_block(headers, body)
        request = cls(method, parsed._text, lines, index, body, None)
        request._uri = parsed
        return request

    @property
    def method(self) -> str:
        """The method, case and all, such as "INVITE"."""
        return self._method

    @property
    def uri(self) -> Uri:
        """The Request-URI (RFC 3261 8.1.1.1); raises RemoteProtocolError when it is malformed."""
        uri = self._uri
        if uri is None:
            uri = self._uri = Uri.parse(self._uri_text)
        return uri

    @property
    def scheme(self) -> str:
        """The scheme of the Request-URI, in lower case."""
        text = self._uri_text
        return "sip" if text[:4] == "sip:" else text.partition(":")[0].lower()

    @property
    def max_forwards(self) -> int | None:
        """How many more hops it may take (RFC 3261 20.22); raises RemoteProtocolError when it is malformed."""
        return self[MAX_FORWARDS]

    def with_uri(self, uri: Uri | str) -> Request:
        """The request with another Request-URI; raises LocalProtocolError when it is none."""
        parsed = checked_uri(uri)
        # Naming a header that is not there changes nothing but the start line.
        changed = self._changed("", self._all_lines().copy(), [])
        changed._uri = parsed
        changed._uri_text = parsed._text
        return changed

    def __repr__(self) -> str:
        return f"<Request {self._method} {self._uri_text}>"

    def __reduce__(self) -> tuple[object, ...]:
        return _restored_request, (self._method, self._uri_text, self._all_lines(), self._body, self._wire)

    def _start_line(self) -> str:
        return f"{self._method} {self._uri_text} SIP/2.0"

    def _clone(self) -> Request:
        clone = Request.__new__(Request)
        clone._method = self._method
        clone._uri = self._uri
        clone._uri_text = self._uri_text
        return clone


def checked_method(method: str) -> str:
    """The text of a method; raises LocalProtocolError for what cannot be one."""
    if method.__class__ is str and method in KNOWN_METHODS:
        return method
    method = as_text(method)
    if not is_token(method):
        raise LocalProtocolError(f"{method!r} cannot be a method", rfc="3261 25.1")
    return method


def checked_uri(uri: Uri | str) -> Uri:
    """The URI of a request line; raises LocalProtocolError for what cannot be one."""
    checked = uri if isinstance(uri, Uri) else built(Uri.parse, uri)
    if checked._headers is not None:
        # Table 1 of RFC 3261 19.1.1: no headers in a Request-URI.
        raise LocalProtocolError("a Request-URI holds no headers", rfc="3261 19.1.1")
    return checked


def _restored_request(method: str, uri_text: str, lines: list[str], body: bytes, wire: bytes | None) -> Request:
    return Request(method, uri_text, lines, None, body, wire)
