"""What requests and responses share: headers, a body, and what every transaction needs of both.

RFC 3261 7. A message never changes: what changes one returns another, which shares its lines. Not here: bytes to
messages (`parse`), and what follows from another message, such as its response (`build`).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Self

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.lists import split_list
from sipsm.grammar.tokens import written
from sipsm.message.address import Address
from sipsm.message.block import HeaderBlock, Headers, lines_given
from sipsm.message.cseq import CSeq
from sipsm.message.headers.content import ContentType, type_alone
from sipsm.message.headers.core import CALL_ID, CONTACT, CSEQ, FROM, RECORD_ROUTE, ROUTE, TO, VIA
from sipsm.message.headers.field import Single, Value
from sipsm.message.names import ONCE, USUAL_SPELLINGS, HeaderIndex, index_lines, value_of
from sipsm.message.usual import (
    ALL_OK,
    BRANCH,
    CALL_ID_TEXT,
    CSEQ_METHOD,
    CSEQ_NUMBER,
    FROM_OK,
    FROM_TAG,
    FROM_TEXT,
    NOTHING,
    PLACES,
    TO_OK,
    TO_TAG,
    TO_TEXT,
    VIA_OK,
    VIA_PARTS,
    VIA_TEXT,
    Essentials,
)
from sipsm.message.via import Via, via_of_parts


class Message(HeaderBlock):
    """What a request and a response have in common: headers and a body (RFC 3261 7)."""

    __slots__ = ("_body", "_cseq", "_essentials", "_via", "_wire")

    _body: bytes
    _wire: bytes | None
    # What `usual` found in the bytes, as far as it still holds. What is not in here is read from its line.
    _essentials: Essentials
    # What every layer asks for, once it has been.
    _cseq: CSeq | None
    _via: Via | None

    # What every transaction needs: there, well-formed, or RemoteProtocolError with status 400

    @property
    def branch(self) -> str | None:
        """The topmost Via's branch, which names the transaction (RFC 3261 8.1.1.7); raises as `via` does."""
        known = self._essentials
        return known[BRANCH] if known[VIA_OK] is not None else self.via.branch

    @property
    def from_tag(self) -> str | None:
        """The From's tag, which the peer that sent the request gave itself (RFC 3261 19.3); raises as `from_` does."""
        known = self._essentials
        return known[FROM_TAG] if known[FROM_OK] is not None else self.from_.tag

    @property
    def to_tag(self) -> str | None:
        """The To's tag, which a request has inside a dialog only (RFC 3261 19.3); raises as `to` does."""
        known = self._essentials
        return known[TO_TAG] if known[TO_OK] is not None else self.to.tag

    @property
    def call_id(self) -> str:
        """The Call-ID, compared octet by octet (RFC 3261 20.8); else raises RemoteProtocolError."""
        return self._essentials[CALL_ID_TEXT] or self._must(CALL_ID)

    @property
    def cseq(self) -> CSeq:
        """The CSeq, its number and its method (RFC 3261 20.16); else raises RemoteProtocolError."""
        return self._cseq or self._read_cseq()

    @property
    def via(self) -> Via:
        """The topmost Via (RFC 3261 20.42); else raises RemoteProtocolError."""
        return self._via or self._read_via()

    @property
    def from_(self) -> Address:
        """Who sends the request (RFC 3261 20.20); else raises RemoteProtocolError."""
        return self._read(FROM, FROM_TEXT)

    @property
    def from_text(self) -> str:
        """The From as it stands there, on one line; empty when there is none."""
        text = self._essentials[FROM_TEXT]
        return next(iter(self.lines_of("From")), "") if text is None else text.strip(" \t")

    @property
    def to_text(self) -> str:
        """The To as it stands there, on one line; empty when there is none."""
        text = self._essentials[TO_TEXT]
        return next(iter(self.lines_of("To")), "") if text is None else text.strip(" \t")

    @property
    def to(self) -> Address:
        """Whom the request is for (RFC 3261 20.39); else raises RemoteProtocolError."""
        return self._read(TO, TO_TEXT)

    # What some need

    @property
    def vias(self) -> tuple[Via, ...]:
        """All Vias from the top, over lines and commas; raises RemoteProtocolError when one is malformed."""
        if self._essentials[VIA_OK] is not None and (self._index or self._indexed())["via"].__class__ is str:
            # One of the usual form is alone in its line.
            return (self._via or self._read_via(),)
        return self[VIA]

    @property
    def contacts(self) -> tuple[Address, ...]:
        """All Contacts in order; `*` has `is_star` true. Raises RemoteProtocolError when one is malformed."""
        return self[CONTACT]

    @property
    def contact(self) -> Address | None:
        """The first Contact, or None (RFC 3261 20.10); raises RemoteProtocolError when one is malformed."""
        contacts = self[CONTACT]
        return contacts[0] if contacts else None

    @property
    def route(self) -> tuple[Address, ...]:
        """The elements that a request is still to visit (RFC 3261 20.34); raises RemoteProtocolError when malformed."""
        return self[ROUTE] if "route" in (self._index or self._indexed()) else ()

    @property
    def record_route(self) -> tuple[Address, ...]:
        """The proxies that want to stay in the dialog (RFC 3261 20.30); raises RemoteProtocolError when malformed."""
        return self[RECORD_ROUTE] if "record-route" in (self._index or self._indexed()) else ()

    @property
    def body(self) -> bytes:
        """The body, empty when there is none (RFC 3261 7.4)."""
        return self._body

    @property
    def content_type(self) -> str | None:
        """The body's type and subtype in lower case without parameters, such as "application/sdp"; None without a type.

        Never raises: a malformed one is what it says before its parameters, and so nobody's type (RFC 3261 20.15).
        """
        line = (self._index or self._indexed()).get("content-type")
        if line is None:
            return None
        if not isinstance(line, str):
            line = line[0]
        kind = _USUAL_TYPES.get(line)
        if kind is not None:
            return kind
        values = self._values
        if values is None:
            values = self._values = {}
        elif (kind := values.get(_TYPE_ALONE)) is not None:
            return kind  # type: ignore[no-any-return]
        kind = values[_TYPE_ALONE] = type_alone(value_of(line))
        return kind

    @property
    def version(self) -> str:
        """The version of the protocol, "SIP/2.0": messages of another are not read (RFC 3261 7.1)."""
        return "SIP/2.0"

    # Other messages made from this one

    def with_via(self, via: Via) -> Self:
        """The message with another Via in the place of the topmost one.

        Raises LocalProtocolError where there is none, RemoteProtocolError when its line cannot be taken apart.
        """
        if self._essentials[VIA_OK] is None:
            changed = self.with_first("Via", via)
        else:
            # One of the usual form is alone in its line.
            there = self._lines_of("via")
            first = there[0]
            line = f"{first.partition(':')[0]}: {via}"
            if not line.isprintable():
                written(line)  # which says what cannot be
            lines = self._all_lines().copy()
            lines[lines.index(first)] = line
            changed = self._changed("via", lines, [line, *there[1:]])
        changed._via = via
        return changed

    def with_body(self, body: bytes, content_type: ContentType | str | None = None) -> Self:
        """The message with another body and its type; the type that was there stays when none is given.

        Raises LocalProtocolError for a body without a type: "The Content-Type header field MUST be present if the body
        is not empty" (RFC 3261 20.15).
        """
        changed = self
        if content_type is not None:
            changed = changed.with_header("Content-Type", content_type)
        elif not body:
            types = set(self._lines_of("content-type"))
            changed = self._changed("content-type", [line for line in self._all_lines() if line not in types], [])
        elif not self.has("content-type"):
            raise LocalProtocolError("a body needs a Content-Type", rfc="3261 20.15")
        there = set(changed._lines_of("content-length"))
        lines = changed._all_lines()
        at = next((at for at, line in enumerate(lines) if line in there), len(lines))
        lines = [line for line in lines if line not in there]
        line = f"Content-Length: {len(body)}"
        lines.insert(at, line)
        changed = changed._changed("content-length", lines, [line])
        changed._body = body
        return changed

    # Writing

    def pack(self) -> None:
        """Hold the bytes alone, at a third of the memory: what was read of them is read again when it is asked for."""
        if self._essentials is NOTHING and any("\n" in line for line in self._all_lines()):
            # Folded lines, which `usual` does not read, are not found in the bytes again as they stand.
            return
        if self._wire is None:
            bytes(self)
        self._lines = self._index = self._values = self._cseq = self._via = None
        self._essentials = NOTHING

    def slim(self) -> None:
        """Hold less, where it may not be read any more: what is found again at little cost is let go."""
        self._index = self._values = self._cseq = self._via = None
        if self._wire is not None and self._essentials is not NOTHING:
            self._lines = None

    def __bytes__(self) -> bytes:
        wire = self._wire
        if wire is None:
            text = "\r\n".join((self._start_line(), *self._all_lines(), "\r\n"))
            wire = self._wire = text.encode("utf-8", "surrogateescape") + self._body
        return wire

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Message):
            return NotImplemented
        return bytes(self) == bytes(other)

    def __hash__(self) -> int:
        return hash(bytes(self))

    # Inside

    @abstractmethod
    def _start_line(self) -> str:
        """The start line without its CRLF."""

    @abstractmethod
    def _clone(self) -> Self:
        """A message of the same start line, the rest of which is still to be set."""

    def _before(self) -> int:
        return bytes(self).index(b"\r\n") + 2

    def _split(self) -> list[str]:
        # Only of bytes that `usual` has read, or that were written: there are no folds, and the body ends them.
        wire = self._wire
        assert wire is not None, "a message has its lines or its bytes"
        return wire[: -4 - len(self._body)].decode("utf-8", "surrogateescape").split("\r\n")[1:]

    def _indexed(self) -> HeaderIndex:
        index = self._index
        if index is None:
            lines = self._lines
            if lines is None:
                lines = self._lines = self._split()
            try:
                # All of them are headers. In nearly all messages each is spelled as usual, and none is there twice.
                index = {USUAL_SPELLINGS[line.partition(":")[0]]: line for line in lines}
            except KeyError:
                index = index_lines(lines)
            if len(index) < len(lines):
                index = index_lines(lines)
            self._index = index
        return index

    def _read_cseq(self) -> CSeq:
        known = self._essentials
        number = known[CSEQ_NUMBER]
        cseq = self._must(CSEQ) if number is None else _new_cseq(CSeq, (int(number), known[CSEQ_METHOD]))
        self._cseq = cseq
        return cseq

    def _read_via(self) -> Via:
        known = self._essentials
        via = self._read(_TOP_VIA, VIA_TEXT) if known[VIA_OK] is None else via_of_parts(known[VIA_PARTS])
        self._via = via
        return via

    def _must(self, field: Single[Value]) -> Value:
        """The value of a header that has to be there."""
        value = self[field]
        if value is None:
            # "A valid SIP request formulated by a UAC MUST, at a minimum, contain the following header fields: To,
            # From, CSeq, Call-ID, Max-Forwards, and Via" (RFC 3261 8.1.1); responses repeat them (8.2.6.2).
            raise RemoteProtocolError(f"no {field.name} header", rfc="3261 8.1.1")
        return value

    def _read(self, field: Single[Value], at: int) -> Value:
        """The value of a header that has to be there, from what is known of it, else from its line."""
        values = self._values
        if values is None:
            values = self._values = {}
        elif (read := values.get(field)) is not None:
            return read  # type: ignore[no-any-return]
        text = self._essentials[at]
        if text is None:
            return self._must(field)
        try:
            value = values[field] = field.parse(text.strip(" \t"))
        except RemoteProtocolError as error:
            raise self._located(error, field) from None
        return value

    def _changed(self, key: str, lines: list[str], of_key: list[str]) -> Self:
        changed = self._clone()
        index = self._take_changes(changed, key, lines, of_key)
        if "content-length" not in index:
            # The message may leave by a stream, though a datagram brought it: "If a stream-based protocol (such as
            # TCP) is used as transport, the header field MUST be used." (RFC 3261 20.14)
            line = index["content-length"] = f"Content-Length: {len(self._body)}"
            lines.append(line)
        changed._body = self._body
        changed._wire = None
        known = self._essentials
        if key in PLACES and known is not NOTHING:
            start, end = PLACES[key]
            known = (*known[:start], *(None,) * (end - start), *known[end:ALL_OK], None)
        changed._essentials = known
        changed._via = None if key == "via" else self._via
        changed._cseq = None if key == "cseq" else self._cseq
        return changed

    def _refuse(self, key: str, added: list[str]) -> None:
        if key == "content-length" and [value_of(line) for line in added] != [str(len(self._body))]:
            raise LocalProtocolError("Content-Length follows from the body; use with_body", rfc="3261 20.14")
        if key == "content-type" and not added and self._body:
            raise LocalProtocolError("a body needs a Content-Type; use with_body", rfc="3261 20.15")


class _Topmost(Single[Via]):
    """The first of a list: it is read often, and may be read though another below it is malformed."""

    __slots__ = ()

    def read(self, values: Sequence[str]) -> Via:
        return self.parse(values[0])


_TOP_VIA = _Topmost("Via", lambda text: Via.parse(split_list(text)[0]), rfc="3261 20.42")
_TYPE_ALONE = Single("Content-Type", type_alone, rfc="3261 20.15")
# Whole lines, of which nothing need be read.
_USUAL_TYPES = {f"Content-Type: {kind}": kind for kind in ("application/sdp", "message/sipfrag", "text/plain")}
_new_cseq = tuple.__new__


def header_block(headers: Headers, body: bytes) -> tuple[list[str], HeaderIndex]:
    """The lines that a program asks for, checked, and Content-Length."""
    if not isinstance(body, bytes):
        raise LocalProtocolError(f"a body is bytes, and this is {type(body).__name__}")
    lines, index = lines_given(headers)
    if len(index) < len(lines):
        # "Multiple header field rows with the same field-name MAY be present in a message if and only if the entire
        # field-value for that header field is defined as a comma-separated list" (RFC 3261 7.3.1)
        twice = next((key for key, line in index.items() if key in ONCE and not isinstance(line, str)), None)
        if twice is not None:
            raise LocalProtocolError(f"there can be one header {twice} only", rfc="3261 7.3.1")
    length = index.get("content-length")
    if length is None:
        line = index["content-length"] = f"Content-Length: {len(body)}"
        lines.append(line)
    elif not isinstance(length, str) or value_of(length) != str(len(body)):
        raise LocalProtocolError("Content-Length is not the length of the body; leave it out", rfc="3261 20.14")
    if body and "content-type" not in index:
        raise LocalProtocolError("a body needs a Content-Type", rfc="3261 20.15")
    return lines, index
