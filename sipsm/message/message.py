"""What requests and responses share: headers read on first touch, written as the bytes that came.

RFC 3261 7. A message never changes: what changes one returns another, which shares its lines. Not here: bytes to
messages (`parse`), and what follows from another message, such as its response (`build`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Self

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.lists import split_list
from sipsm.grammar.tokens import unfold
from sipsm.message.address import Address
from sipsm.message.cseq import CSeq
from sipsm.message.names import HeaderIndex, canonical, header_line, index_lines, value_of
from sipsm.message.via import Via

Headers = Iterable[tuple[str, object]]
"""Header lines as a program gives them, in order: a name, and a value that `str` makes text of."""

_NONE: tuple[str, ...] = ()


class Message:
    """What a request and a response have in common: headers and a body (RFC 3261 7)."""

    __slots__ = ("_body", "_call_id", "_cseq", "_from", "_index", "_lines", "_more", "_to", "_via", "_wire")

    _lines: list[str]
    _index: HeaderIndex
    _body: bytes
    _wire: bytes | None
    _via: Via | None
    _from: Address | None
    _to: Address | None
    _call_id: str | None
    _cseq: CSeq | None
    _more: dict[str, tuple[Any, ...]] | None

    # What every transaction needs: there, well-formed, or RemoteProtocolError with status 400

    @property
    def via(self) -> Via:
        """The topmost Via (RFC 3261 20.42); else raises RemoteProtocolError."""
        via = self._via
        if via is None:
            value = self._first("via")
            via = self._via = Via.parse(split_list(unfold(value))[0] if "," in value else value)
        return via

    @property
    def from_(self) -> Address:
        """Who sends the request (RFC 3261 20.20); else raises RemoteProtocolError."""
        address = self._from
        if address is None:
            address = self._from = Address.parse(self._first("from"))
        return address

    @property
    def to(self) -> Address:
        """Whom the request is for (RFC 3261 20.39); else raises RemoteProtocolError."""
        address = self._to
        if address is None:
            address = self._to = Address.parse(self._first("to"))
        return address

    @property
    def call_id(self) -> str:
        """The Call-ID, compared octet by octet (RFC 3261 20.8); else raises RemoteProtocolError."""
        call_id = self._call_id
        if call_id is None:
            call_id = self._first("call-id")
            # callid = word [ "@" word ]. Nothing depends on the inside, as long as it is one word.
            if not call_id or " " in call_id or "\t" in call_id:
                raise RemoteProtocolError(f"Call-ID {call_id!r} is no word", rfc="3261 20.8")
            self._call_id = call_id
        return call_id

    @property
    def cseq(self) -> CSeq:
        """The CSeq, its number and its method (RFC 3261 20.16); else raises RemoteProtocolError."""
        cseq = self._cseq
        if cseq is None:
            cseq = self._cseq = CSeq.parse(self._first("cseq"))
        return cseq

    # What some need

    @property
    def vias(self) -> tuple[Via, ...]:
        """All Vias from the top, over lines and commas; raises RemoteProtocolError when one is malformed."""
        return self._all("via", Via.parse)

    @property
    def contacts(self) -> tuple[Address, ...]:
        """All Contacts in order; `*` has `is_star` true. Raises RemoteProtocolError when one is malformed."""
        return self._all("contact", Address.parse)

    @property
    def contact(self) -> Address | None:
        """The first Contact, or None (RFC 3261 20.10); raises RemoteProtocolError when one is malformed."""
        contacts = self.contacts
        return contacts[0] if contacts else None

    @property
    def route(self) -> tuple[Address, ...]:
        """The elements that a request is still to visit (RFC 3261 20.34); raises RemoteProtocolError when malformed."""
        return self._all("route", Address.parse)

    @property
    def record_route(self) -> tuple[Address, ...]:
        """The proxies that want to stay in the dialog (RFC 3261 20.30); raises RemoteProtocolError when malformed."""
        return self._all("record-route", Address.parse)

    @property
    def body(self) -> bytes:
        """The body, empty when there is none (RFC 3261 7.4)."""
        return self._body

    @property
    def content_type(self) -> str | None:
        """The body's type and subtype in lower case without parameters, such as "application/sdp" (RFC 3261 20.15)."""
        value = self.header("content-type")
        return None if value is None else "".join(value.partition(";")[0].split()).lower()

    @property
    def version(self) -> str:
        """The version of the protocol, "SIP/2.0": messages of another are not read (RFC 3261 7.1)."""
        return "SIP/2.0"

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """All header lines in order as name and value, as they came: spelling, and folds inside a value, are kept."""
        return tuple(
            (name.rstrip(" \t"), value.strip(" \t\r\n"))
            for name, _, value in (line.partition(":") for line in self._lines)
        )

    # Headers by name, in any case and also by compact form (RFC 3261 7.3.3)

    def has(self, name: str) -> bool:
        """True when there is a header of that name."""
        return canonical(name) in self._index

    def has_any(self, names: frozenset[str]) -> bool:
        """Whether there is a line of any of these headers, named in full and in lower case."""
        return not names.isdisjoint(self._index)

    def header(self, name: str) -> str | None:
        """The value of the first header of that name on one line, or None."""
        line = self._index.get(canonical(name))
        if line is None:
            return None
        return value_of(line if isinstance(line, str) else line[0])

    def lines_of(self, name: str) -> tuple[str, ...]:
        """The value of each header of that name, in order, each on one line."""
        return tuple(map(value_of, self._lines_of(canonical(name))))

    def header_values(self, name: str) -> tuple[str, ...]:
        """The elements of a header that is a list, such as Require, over all its lines (RFC 3261 7.3.1).

        Raises RemoteProtocolError for a quote or an angle bracket that is never closed.
        """
        lines = self._lines_of(canonical(name))
        return tuple(element for line in lines for element in split_list(value_of(line)) if element)

    # Other messages made from this one

    def with_header(self, name: str, *values: object) -> Self:
        """The message with these values, a line each, in the place of all that this header said; else at the end.

        Raises LocalProtocolError for a name or a value that cannot be written (RFC 3261 7.3.1, 25.1).
        """
        key = canonical(name)
        added = [header_line(name, value) for value in values]
        self._refuse_length(key, added)
        lines, at = self._without(key)
        lines[at:at] = added
        return self._changed(key, lines, added)

    def with_pushed(self, name: str, value: object) -> Self:
        """The message with a line above the first of that name, else on top: Via, Route and Record-Route grow so.

        Raises LocalProtocolError for a name or a value that cannot be written (RFC 3261 7.3.1, 25.1).
        """
        key = canonical(name)
        line = header_line(name, value)
        self._refuse_length(key, [line])
        there = self._lines_of(key)
        lines = self._lines.copy()
        lines.insert(lines.index(there[0]) if there else 0, line)
        return self._changed(key, lines, [line, *there])

    def with_first(self, name: str, value: object) -> Self:
        """The message with another value in the place of the first one of that name: the topmost Via, marked anew.

        Raises LocalProtocolError for what cannot be written or is not there, RemoteProtocolError when the line cannot
        be taken apart.
        """
        key = canonical(name)
        there = self._lines_of(key)
        if not there:
            raise LocalProtocolError(f"there is no {name} to be replaced", rfc="3261 7.3.1")
        first = there[0]
        rest = split_list(value_of(first))[1:]
        line = header_line(first.partition(":")[0].rstrip(), ", ".join((str(value), *rest)))
        self._refuse_length(key, [line])
        lines = self._lines.copy()
        lines[lines.index(first)] = line
        return self._changed(key, lines, [line, *there[1:]])

    def with_added(self, name: str, value: object) -> Self:
        """The message with a line at the end of its headers.

        Raises LocalProtocolError for a name or a value that cannot be written (RFC 3261 7.3.1, 25.1).
        """
        key = canonical(name)
        line = header_line(name, value)
        self._refuse_length(key, [line])
        return self._changed(key, [*self._lines, line], [*self._lines_of(key), line])

    def without_header(self, name: str) -> Self:
        """The message without any header of that name."""
        key = canonical(name)
        self._refuse_length(key, [])
        return self._changed(key, self._without(key)[0], []) if key in self._index else self

    def without_first(self, name: str) -> Self:
        """The message without the first value of that name: the topmost Via or Route, alone in its line or not.

        Raises RemoteProtocolError when the line cannot be taken apart.
        """
        key = canonical(name)
        self._refuse_length(key, [])
        there = self._lines_of(key)
        if not there:
            return self
        first = there[0]
        rest = split_list(value_of(first))[1:]
        kept = [f"{first.partition(':')[0]}: {', '.join(rest)}"] if rest else []
        lines = self._lines.copy()
        at = lines.index(first)
        lines[at : at + 1] = kept
        return self._changed(key, lines, [*kept, *there[1:]])

    def with_body(self, body: bytes, content_type: str | None = None) -> Self:
        """The message with another body and its type; the type that was there stays when none is given.

        Raises LocalProtocolError for a body without a type: "The Content-Type header field MUST be present if the body
        is not empty" (RFC 3261 20.15).
        """
        changed = self
        if content_type is not None:
            changed = changed.with_header("Content-Type", content_type)
        elif not body:
            changed = changed.without_header("Content-Type")
        elif not self.has("content-type"):
            raise LocalProtocolError("a body needs a Content-Type", rfc="3261 20.15")
        lines, at = changed._without("content-length")
        line = f"Content-Length: {len(body)}"
        lines.insert(at, line)
        changed = changed._changed("content-length", lines, [line])
        changed._body = body
        return changed

    # Writing

    def __bytes__(self) -> bytes:
        wire = self._wire
        if wire is None:
            text = "\r\n".join((self._start_line(), *self._lines, "\r\n"))
            wire = self._wire = text.encode("utf-8", "surrogateescape") + self._body
        return wire

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return bytes(self) == bytes(other)

    def __hash__(self) -> int:
        return hash(bytes(self))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    # Inside

    @abstractmethod
    def _start_line(self) -> str:
        """The start line without its CRLF."""

    @abstractmethod
    def _clone(self) -> Self:
        """A message of the same start line, the rest of which is still to be set."""

    def _lines_of(self, key: str) -> list[str] | tuple[str, ...]:
        """The raw lines of a canonical name, in order; not to be changed."""
        line = self._index.get(key, _NONE)
        return (line,) if isinstance(line, str) else line

    def _first(self, key: str) -> str:
        line = self._index.get(key)
        if line is None:
            # "A valid SIP request formulated by a UAC MUST, at a minimum, contain the following header fields: To,
            # From, CSeq, Call-ID, Max-Forwards, and Via" (RFC 3261 8.1.1); responses repeat them (8.2.6.2).
            raise RemoteProtocolError(f"no {_TITLES[key]} header", rfc="3261 8.1.1")
        # Folds stay inside: what parses the value unfolds it, when it turns out to be unusual.
        return (line if isinstance(line, str) else line[0]).partition(":")[2].strip(" \t\r\n")

    def _all(self, key: str, parse: Callable[[str], Any]) -> tuple[Any, ...]:
        more = self._more
        if more is None:
            more = self._more = {}
        values = more.get(key)
        if values is None:
            values = tuple(parse(element) for line in self._lines_of(key) for element in split_list(value_of(line)))
            more[key] = values
        return values

    def _without(self, key: str) -> tuple[list[str], int]:
        """All lines but those of that name, and where the first of those was."""
        there = self._lines_of(key)
        if not there:
            return self._lines.copy(), len(self._lines)
        gone = set(there)
        return [line for line in self._lines if line not in gone], self._lines.index(there[0])

    def _changed(self, key: str, lines: list[str], of_key: list[str]) -> Self:
        """A message of these lines, of which the ones of one name are others."""
        changed = self._clone()
        index = changed._index = self._index.copy()
        if of_key:
            index[key] = of_key if len(of_key) > 1 else of_key[0]
        else:
            index.pop(key, None)
        if "content-length" not in index:
            # The message may leave by a stream, though a datagram brought it: "If a stream-based protocol (such as
            # TCP) is used as transport, the header field MUST be used." (RFC 3261 20.14)
            line = index["content-length"] = f"Content-Length: {len(self._body)}"
            lines.append(line)
        changed._lines = lines
        changed._body = self._body
        changed._wire = None
        changed._via = None if key == "via" else self._via
        changed._from = None if key == "from" else self._from
        changed._to = None if key == "to" else self._to
        changed._call_id = None if key == "call-id" else self._call_id
        changed._cseq = None if key == "cseq" else self._cseq
        changed._more = {name: values for name, values in self._more.items() if name != key} if self._more else None
        return changed

    def _refuse_length(self, key: str, added: list[str]) -> None:
        if key == "content-length" and [value_of(line) for line in added] != [str(len(self._body))]:
            raise LocalProtocolError("Content-Length follows from the body; use with_body", rfc="3261 20.14")


_TITLES = {"via": "Via", "from": "From", "to": "To", "call-id": "Call-ID", "cseq": "CSeq"}


def header_block(headers: Headers, body: bytes) -> tuple[list[str], HeaderIndex]:
    """The lines that a program asks for, checked, and Content-Length."""
    if not isinstance(body, bytes):
        raise LocalProtocolError(f"a body is bytes, and this is {type(body).__name__}")
    lines = [header_line(name, value) for name, value in headers]
    index = index_lines(lines)
    length = index.get("content-length")
    if length is None:
        line = index["content-length"] = f"Content-Length: {len(body)}"
        lines.append(line)
    elif not isinstance(length, str) or value_of(length) != str(len(body)):
        raise LocalProtocolError("Content-Length is not the length of the body; leave it out", rfc="3261 20.14")
    if body and "content-type" not in index:
        raise LocalProtocolError("a body needs a Content-Type", rfc="3261 20.15")
    return lines, index
