"""Multipart bodies: a body made of parts, each with headers and a body of its own.

RFC 2046 5.1, which RFC 5621 4 requires of every user agent; the root of a multipart/related by RFC 2387 3.2. Not here:
which of the parts must be understood (`handling`).
"""

from __future__ import annotations

import binascii
import quopri
import re
from collections.abc import Iterable
from typing import Self

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.escapes import unescape
from sipsm.grammar.params import Params, pairs_of
from sipsm.message.block import HeaderBlock, Headers, header_lines, lines_given
from sipsm.message.headers.content import CONTENT_ID, CONTENT_TYPE, ContentType, type_alone
from sipsm.message.message import Message
from sipsm.message.names import head_lines, split_head

MAX_PARTS = 1000
"""How many parts one multipart may have."""

MAX_DEPTH = 8
"""How many multiparts may stand one inside of the other."""

_TEXT = "text/plain"


class Part(HeaderBlock):
    """One part of a multipart body: its headers and its body (RFC 2046 5.1). `part[CONTENT_TYPE]` reads a header."""

    __slots__ = ("_assumed_type", "_body", "_depth", "_wire")

    _body: bytes
    _wire: bytes | None
    _assumed_type: str
    _depth: int

    def __init__(
        self, lines: list[str] | None, body: bytes, wire: bytes | None, assumed_type: str = _TEXT, depth: int = 0
    ) -> None:
        self._lines = lines
        self._body = body
        self._wire = wire
        self._assumed_type = assumed_type
        self._depth = depth
        self._index = self._values = None

    @classmethod
    def build(cls, content_type: ContentType | str, body: bytes, headers: Headers = ()) -> Part:
        """A part of its type, its body and other headers, of which Content-Disposition is the most usual.

        Raises LocalProtocolError for what cannot be written.
        """
        if not isinstance(body, bytes):
            raise LocalProtocolError(f"a body is bytes, and this is {type(body).__name__}")
        lines = header_lines(CONTENT_TYPE, (content_type,))
        lines += lines_given(headers)[0]
        return cls(lines, body, None)

    @property
    def body(self) -> bytes:
        """The body as it stands there."""
        return self._body

    @property
    def content_type(self) -> str:
        """The body's type and subtype in lower case without parameters; "text/plain" when none is named.

        (In a multipart/digest then "message/rfc822".) As with that of a message, a malformed one never raises: it is
        what it says before its parameters, and so nobody's type.
        """
        value = self.header("content-type")
        return self._assumed_type if value is None else type_alone(value)

    @property
    def content(self) -> bytes:
        """The body without its Content-Transfer-Encoding, which in SIP is rarely there (RFC 5621 3.2).

        Raises RemoteProtocolError when it cannot be decoded.
        """
        encoding = (self.header("content-transfer-encoding") or "binary").lower()
        if encoding in ("binary", "8bit", "7bit"):
            return self._body
        try:
            if encoding == "base64":
                return binascii.a2b_base64(self._body)
            if encoding == "quoted-printable":
                return quopri.decodestring(self._body)
        except binascii.Error as error:
            raise RemoteProtocolError(f"no base64: {error}", rfc="5621 3.2") from None
        raise RemoteProtocolError(f"a body part in {encoding[:40]!r}", rfc="5621 3.2", status=415)

    def __bytes__(self) -> bytes:
        wire = self._wire
        if wire is None:
            text = "\r\n".join((*self._all_lines(), "", ""))
            wire = self._wire = text.encode("utf-8", "surrogateescape") + self._body
        return wire

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Part):
            return NotImplemented
        return bytes(self) == bytes(other)

    def __hash__(self) -> int:
        return hash(bytes(self))

    def __repr__(self) -> str:
        return f"<Part {self.header(CONTENT_TYPE) or self._assumed_type}, {len(self._body)} bytes>"

    def __reduce__(self) -> tuple[object, ...]:
        return _read_part, (bytes(self), self._assumed_type, self._depth)

    def _changed(self, key: str, lines: list[str], of_key: list[str]) -> Self:
        return type(self)(lines, self._body, None, self._assumed_type, self._depth)

    def _refuse(self, key: str, added: list[str]) -> None:
        """Any header may be written."""

    def _split(self) -> list[str]:
        assert self._wire is not None, "a part has its lines or its bytes"
        return head_lines(split_head(self._wire)[0])


class Multipart:
    """A body of parts, with what stands before the first and behind the last of them (RFC 2046 5.1.1).

    `bytes(multipart)` is the body as it came.
    """

    __slots__ = ("_body", "_content_type", "_depth", "_epilogue", "_parts", "_preamble")

    _body: bytes
    _content_type: ContentType
    _depth: int
    _preamble: bytes
    _parts: tuple[Part, ...]
    _epilogue: bytes

    @classmethod
    def parse(
        cls, body: bytes, content_type: ContentType | str, *, max_parts: int = MAX_PARTS, depth: int = 1
    ) -> Multipart:
        """The parts of a body of that type; `depth` counts the multiparts around it, itself included.

        Raises RemoteProtocolError for a body that is not closed, has no part or too many, or is too deep.
        """
        if isinstance(content_type, str):
            content_type = ContentType.parse(content_type)
        if depth > MAX_DEPTH:
            raise RemoteProtocolError(f"more than {MAX_DEPTH} multiparts in one another", rfc="5621 4.3", status=413)
        multipart = cls.__new__(cls)
        multipart._body = body
        multipart._content_type = content_type
        multipart._depth = depth
        multipart._preamble, found, multipart._epilogue = _split(body, _boundary(content_type), max_parts)
        # "If no Content-Type field is present it is assumed to be "message/rfc822" in a "multipart/digest" and
        # "text/plain" otherwise." (RFC 2046 5.1.1)
        assumed_type = "message/rfc822" if content_type.subtype == "digest" else _TEXT
        multipart._parts = tuple([_read_part(part, assumed_type, depth) for part in found])
        return multipart

    @classmethod
    def build(
        cls, subtype: str, parts: Iterable[Part], *, boundary: str | None = None, params: Params = ()
    ) -> Multipart:
        """A multipart of such a subtype, "mixed", "alternative" or "related", with these parts and type parameters.

        Unless given, the boundary is the first of a series that stands in no part, the same for the same parts. Raises
        LocalProtocolError when there is no part, and for a boundary that stands in one.
        """
        texts = list(map(bytes, parts))
        if not texts:
            raise LocalProtocolError("a multipart has at least one part", rfc="2046 5.1.1")
        if boundary is None:
            boundary = _unused_boundary(texts)
        # "The boundary delimiter MUST NOT appear inside any of the encapsulated parts, on a line by itself or as the
        # prefix of any line." (RFC 2046 5.1)
        delimiter = b"--" + boundary.encode("utf-8", "replace")
        if any(delimiter in text for text in texts):
            raise LocalProtocolError(f"the boundary {boundary!r} stands in a part", rfc="2046 5.1")
        content_type = ContentType.build(f"multipart/{subtype}", [("boundary", boundary), *pairs_of(params)])
        body = b"".join([b"%b\r\n%b\r\n" % (delimiter, text) for text in texts]) + delimiter + b"--\r\n"
        try:
            return cls.parse(body, content_type)
        except RemoteProtocolError as error:
            raise LocalProtocolError(error.what, rfc=error.rfc) from None

    @property
    def content_type(self) -> ContentType:
        """What to write into the Content-Type of the message or part that this is the body of."""
        return self._content_type

    @property
    def subtype(self) -> str:
        """The subtype in lower case: "mixed", "alternative", "related" or another."""
        return self._content_type.subtype

    @property
    def preamble(self) -> bytes:
        """What stands before the first part, and means nothing."""
        return self._preamble

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts in their order, of which there is at least one."""
        return self._parts

    @property
    def epilogue(self) -> bytes:
        """What stands behind the last part, and means nothing."""
        return self._epilogue

    @property
    def root(self) -> Part:
        """The part of a multipart/related that is to be read first (RFC 2387 3.2).

        Raises RemoteProtocolError when `start` names no part.
        """
        # "The default root is the first body part within the Multipart/Related body." (RFC 2387 3)
        start = self._content_type.start
        if start is None:
            return self._parts[0]
        for part in self._parts:
            content_id = part[CONTENT_ID]
            if content_id is not None and start in (str(content_id), content_id.id):
                return part
        raise RemoteProtocolError(f"no part is the start {start[:80]!r}", rfc="2387 3.2")

    def __bytes__(self) -> bytes:
        return self._body

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Multipart):
            return NotImplemented
        return self._content_type == other._content_type and self._body == other._body

    def __hash__(self) -> int:
        return hash(self._body)

    def __repr__(self) -> str:
        return f"<Multipart {self.subtype} of {len(self._parts)}>"

    def __copy__(self) -> Multipart:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Multipart:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (self._body, self._content_type, self._depth)


def multipart(entity: Message | Part) -> Multipart | None:
    """The parts of the body of a message or of a part; None when its body is of another kind.

    Raises RemoteProtocolError when it is malformed, or too deep inside of others.
    """
    content_type = entity[CONTENT_TYPE]
    if content_type is None or content_type.type != "multipart":
        return None
    depth = entity._depth + 1 if isinstance(entity, Part) else 1
    return Multipart.parse(entity.body, content_type, depth=depth)


def referred(entity: Message | Part, url: str) -> Message | Part | None:
    """The message or the part whose body a URL such as "cid:cn35t8jf02@example.com" refers to (RFC 5621 9.1).

    It is looked for in multiparts inside of one another; None when there is none. Raises RemoteProtocolError when one
    of them is malformed.
    """
    scheme, _, escaped = url.partition(":")
    if scheme.lower() != "cid":
        return None
    wanted = unescape(escaped)
    ahead = [entity]
    while ahead:
        entity = ahead.pop()
        content_id = entity[CONTENT_ID]
        if content_id is not None and content_id.id == wanted:
            return entity
        inner = multipart(entity)
        if inner is not None:
            ahead += reversed(inner.parts)
    return None


# Inside

# boundary := 0*69<bchars> bcharsnospace
# Wider by all visible characters, of which none ends a line.
_is_boundary = re.compile(r"[ -~]{1,70}+(?<! )").fullmatch
# transport-padding := *LWSP-char
_behind_boundary = re.compile(rb"(--)?+[ \t]*+(?=\r\n|\Z)").match


def _boundary(content_type: ContentType) -> bytes:
    boundary = content_type.boundary
    if content_type.type != "multipart" or boundary is None:
        # "The Content-Type field for multipart entities requires one parameter, "boundary"." (RFC 2046 5.1.1)
        raise RemoteProtocolError(f"{str(content_type)[:80]!r} is no multipart with a boundary", rfc="2046 5.1.1")
    if _is_boundary(boundary) is None:
        raise RemoteProtocolError(f"{boundary[:80]!r} is no boundary", rfc="2046 5.1.1")
    return boundary.encode("ascii")


def _split(body: bytes, boundary: bytes, max_parts: int) -> tuple[bytes, list[bytes], bytes]:
    """What stands before the first boundary, each part, and what stands behind the last boundary."""
    # delimiter := CRLF dash-boundary, dash-boundary := "--" boundary
    # "The boundary delimiter MUST occur at the beginning of a line, i.e., following a CRLF, and the initial CRLF is
    # considered to be attached to the boundary delimiter line rather than part of the preceding part." (RFC 2046 5.1.1)
    # multipart-body := [preamble CRLF] dash-boundary transport-padding CRLF body-part *encapsulation
    #                   close-delimiter transport-padding [CRLF epilogue]
    body = b"\r\n" + body
    delimiter = b"\r\n--" + boundary
    found: list[bytes] = []
    at = begin = 0
    preamble: bytes | None = None
    while (end := body.find(delimiter, at)) >= 0:
        # Deviation: RFC 2046 5.1.1 says that "An exact match of the entire candidate line is not required; it is
        # sufficient that the boundary appear in its entirety following the CRLF." It is required here, because peers
        # nest a multipart of the boundary "b1" in one of the boundary "b", and no line but a boundary is one.
        behind = _behind_boundary(body, end + len(delimiter))
        if behind is None:
            at = end + 2
            continue
        if preamble is None:
            preamble = body[2:end]
        elif len(found) == max_parts:
            raise RemoteProtocolError(f"more than {max_parts} parts", rfc="2046 5.1.1", status=413, at=begin - 2)
        else:
            found.append(body[begin:end])
        # The CRLF may be that of the next boundary as well: so peers write a part of which there is nothing.
        at = behind.end()
        begin = at + 2
        if behind[1]:
            if not found:
                raise RemoteProtocolError("a multipart without parts", rfc="2046 5.1.1")
            return preamble, found, body[begin:]
    raise RemoteProtocolError("a multipart that is not closed", rfc="2046 5.1.1", at=len(body) - 2)


def _read_part(text: bytes, assumed_type: str, depth: int) -> Part:
    # body-part := MIME-part-headers [CRLF *OCTET]
    part = Part(None, split_head(text)[1], text, assumed_type, depth)
    part._indexed()  # raises for what is no header
    return part


_numbered = re.compile(rb"--sipsm-([0-9]{1,9})-part").findall


def _unused_boundary(texts: list[bytes]) -> str:
    # One look at each part, whatever it holds: trying one number after the other would let a stranger's part that holds
    # them all cost the square of its length.
    used = {int(number) for text in texts for number in _numbered(text)}
    number = 1
    while number in used:
        number += 1
    return f"sipsm-{number}-part"


def _restored(body: bytes, content_type: ContentType, depth: int) -> Multipart:
    return Multipart.parse(body, content_type, depth=depth)
