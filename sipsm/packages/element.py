"""Elements of XML: what the bodies of event packages are made of, read and written within bounds.

Reading is expat's, which is linear; what it could be made to do beyond that is refused: document types, and with them
entities. Namespaces are resolved here, not by expat, which copies the name of one for each element that is in it. A
document is in UTF-8, as RFC 3680 5.1, RFC 4235 4 and RFC 4575 4.1 want it, and RFC 3863 4.1 lets it be.

What is kept is what elements say: names, attributes, text, and their order. Not kept: comments, processing
instructions, prefixes, and how the same text may be written otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from xml.parsers import expat

from attrs import field, frozen

from sipsm.errors import LocalProtocolError, RemoteProtocolError

MAX_BYTES = 1_048_576
"""A longer document is refused with 413."""
MAX_DEPTH = 64
"""Elements within one another; likewise."""
MAX_PIECES = 50_000
"""Elements and attributes; likewise."""
MAX_NAMESPACE = 256
"""Characters of a namespace; likewise."""

LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
"""The attribute `xml:lang`, in which language an element is."""

_XML = "http://www.w3.org/XML/1998/namespace"
_XMLNS = "http://www.w3.org/2000/xmlns/"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

# Char ::= #x9 | #xA | #xD | [#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]
_no_char = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]").search
_is_plain_name = re.compile(r"[A-Za-z_][A-Za-z0-9._\-]*+").fullmatch

_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_QUOTES = str.maketrans({"&": "&amp;", "<": "&lt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})


def _sorted(attributes: Mapping[str, str] | Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(dict(attributes).items()))


def _joined(content: Iterable[Element | str] | str) -> tuple[Element | str, ...]:
    """Content without empty texts, and without texts that stand side by side: those read as one."""
    joined: list[Element | str] = []
    texts: list[str] = []
    for piece in (content,) if isinstance(content, str) else content:
        if isinstance(piece, str):
            texts.append(piece)
            continue
        if any(texts):
            joined.append("".join(texts))
        texts = []
        joined.append(piece)
    if any(texts):
        joined.append("".join(texts))
    return tuple(joined)


@frozen
class Element:
    """An element of XML with all that is in it, such as one that extends a document.

    Names are written with their namespace in braces, as in `{urn:ietf:params:xml:ns:pidf:rpid}away`.
    """

    name: str
    attributes: tuple[tuple[str, str], ...] = field(default=(), converter=_sorted)
    """Names and values, by name; a mapping will do to make them."""
    content: tuple[Element | str, ...] = field(default=(), converter=_joined)
    """Elements and texts, in order; a text alone will do to make them."""

    def attribute(self, name: str) -> str | None:
        """The value of an attribute, or None."""
        return next((value for own, value in self.attributes if own == name), None)

    @property
    def elements(self) -> tuple[Element, ...]:
        """The elements directly within, in order."""
        return tuple(piece for piece in self.content if isinstance(piece, Element))

    @property
    def text(self) -> str:
        """The text directly within, without that of elements in it."""
        return "".join([piece for piece in self.content if isinstance(piece, str)])


# Reading


def read_element(data: bytes, *, rfc: str) -> Element:
    """The root of the document that the bytes are; RemoteProtocolError where they are none, citing the section.

    Its status is 413 for what is beyond `MAX_BYTES`, `MAX_DEPTH`, `MAX_PIECES` or `MAX_NAMESPACE`, 400 for all else.
    """
    if len(data) > MAX_BYTES:
        raise RemoteProtocolError(f"a document of more than {MAX_BYTES} bytes", rfc=rfc, status=413)
    # Expat reads UTF-16 where the first bytes look like it, whatever encoding it is told.
    try:
        nul = data.decode().find("\0")
    except UnicodeDecodeError as error:
        raise RemoteProtocolError("a document that is no UTF-8", rfc=rfc, at=error.start) from None
    if nul != -1:
        raise RemoteProtocolError("a document with NUL", rfc=rfc)
    doctype = data.find(b"<!DOCTYPE")
    if doctype != -1:
        # Also where it is text and harms nobody: what is refused is found without reading.
        raise RemoteProtocolError("a document with a document type, which may define entities", rfc=rfc, at=doctype)
    reading = _Reading(rfc)
    parser = reading.parser
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        what = f"no XML: {expat.ErrorString(parser.ErrorCode)}"
        raise RemoteProtocolError(what, rfc=rfc, at=max(parser.ErrorByteIndex, 0)) from None
    finally:
        # The two know each other, and would wait for the garbage collector.
        del reading.parser
    # Expat raises for a document without a root.
    return reading.root


class _Reading:
    """A document while it is read."""

    root: Element

    def __init__(self, rfc: str) -> None:
        self.rfc = rfc
        self.pieces = 0
        self.open: list[tuple[str, Mapping[str, str], list[Element | str]]] = []
        # Which prefix stands for what, and what it stood for outside of each element that said something of it.
        self.scope: dict[str, str | None] = {"": "", "xml": _XML}
        self.hidden: list[dict[str, str | None] | None] = []
        self.names: dict[tuple[str | None, str], str] = {}
        # Whatever the document says of its encoding.
        self.parser = parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.text

    def start(self, name: str, flat: list[str]) -> None:
        self.pieces += 1 + len(flat) // 2
        if self.pieces > MAX_PIECES:
            raise self.refused(f"more than {MAX_PIECES} elements and attributes", 413)
        if len(self.open) == MAX_DEPTH:
            raise self.refused(f"elements more than {MAX_DEPTH} deep", 413)
        # Most elements have no attributes, and say nothing of prefixes.
        self.hidden.append(self.declared(flat) if flat else None)
        attributes = self.attributes(flat) if flat else {}
        self.open.append((self.resolved(name, self.scope[""]), attributes, []))

    def end(self, _name: str) -> None:
        name, attributes, content = self.open.pop()
        hidden = self.hidden.pop()
        if hidden is not None:
            self.scope.update(hidden)
        element = Element(name, attributes, content)
        if self.open:
            self.open[-1][2].append(element)
        else:
            self.root = element

    def text(self, text: str) -> None:
        self.open[-1][2].append(text)

    def declared(self, flat: list[str]) -> dict[str, str | None] | None:
        """Take in what an element says of prefixes; returns what is to hold again behind it."""
        hidden: dict[str, str | None] = {}
        for name, value in zip(flat[::2], flat[1::2], strict=True):
            if not _declares(name):
                continue
            prefix = name[6:]
            if len(value) > MAX_NAMESPACE:
                raise self.refused(f"a namespace of more than {MAX_NAMESPACE} characters", 413)
            if ":" in prefix or prefix == "xmlns" or name == "xmlns:" or (prefix == "xml") != (value == _XML):
                raise self.refused(f"nothing to be declared: {name[:80]!r}")
            if value == _XMLNS or "}" in value or (prefix and not value):
                raise self.refused(f"no namespace: {value!r}")
            hidden[prefix] = self.scope.get(prefix)
            self.scope[prefix] = value
        return hidden or None

    def attributes(self, flat: list[str]) -> dict[str, str]:
        attributes: dict[str, str] = {}
        for name, value in zip(flat[::2], flat[1::2], strict=True):
            if _declares(name):
                continue
            # "The default namespace does NOT apply to attribute names" (RFC 3863 4.2.1)
            resolved = self.resolved(name, "")
            if resolved in attributes:
                raise self.refused(f"two attributes {resolved[:300]!r}")
            attributes[resolved] = value
        return attributes

    def resolved(self, name: str, default: str | None) -> str:
        """A name with its namespace; the same text each time, so that a long namespace is held once for each name."""
        prefix, colon, local = name.rpartition(":")
        namespace = self.scope.get(prefix) if prefix else None if colon else default
        known = self.names.get((namespace, local))
        if known is None:
            # What stands behind a colon is a name of its own.
            if namespace is None or (colon and not _is_name(local)):
                raise self.refused(f"a name in no namespace: {name[:80]!r}")
            known = self.names[namespace, local] = f"{{{namespace}}}{local}" if namespace else local
        return known

    def refused(self, what: str, status: int = 400) -> RemoteProtocolError:
        return RemoteProtocolError(what, rfc=self.rfc, status=status, at=self.parser.CurrentByteIndex)


def _declares(name: str) -> bool:
    return name[:5] == "xmlns" and name[5:6] in {"", ":"}


# Writing


def write_document(root: Element, *, rfc: str) -> bytes:
    """The document with this root, which reads as it; LocalProtocolError where there is no such document.

    Names in the namespace of the root have no prefix; the prefixes of all others are declared there.
    """
    writing = _Writing(root, rfc)
    writing.element(root, "", 1)
    declared = [f' xmlns:{prefix}="{writing.quoted(namespace)}"' for namespace, prefix in writing.prefixes.items()]
    writing.pieces[1] += "".join(declared[1:])
    return "".join([_DECLARATION, *writing.pieces]).encode()


class _Writing:
    """A document while it is written."""

    def __init__(self, root: Element, rfc: str) -> None:
        self.rfc = rfc
        self.pieces: list[str] = []
        self.names: dict[str, tuple[str, str]] = {}
        self.bare = {"", self.split(root.name)[0]} - {_XML}
        self.prefixes = {_XML: "xml"}

    def element(self, element: Element, default: str, depth: int) -> None:
        """Write an element where names without a prefix are in the namespace `default`."""
        if depth > MAX_DEPTH:
            raise LocalProtocolError(f"elements more than {MAX_DEPTH} deep", rfc=self.rfc)
        namespace, tag = self.split(element.name)
        attributes = []
        if namespace not in self.bare:
            tag = f"{self.prefix(namespace)}:{tag}"
        elif namespace != default:
            default = namespace
            attributes.append(f' xmlns="{self.quoted(namespace)}"')
        for name, value in element.attributes:
            namespace, own = self.split(name)
            if namespace:
                own = f"{self.prefix(namespace)}:{own}"
            elif own == "xmlns":
                raise LocalProtocolError("namespaces are declared where they are needed, not here", rfc=self.rfc)
            attributes.append(f' {own}="{self.quoted(value)}"')
        self.pieces += (f"<{tag}", "".join(attributes))
        if not element.content:
            self.pieces.append("/>")
            return
        self.pieces.append(">")
        for piece in element.content:
            if isinstance(piece, str):
                self.pieces.append(self.checked(piece).translate(_IN_TEXT))
            else:
                self.element(piece, default, depth + 1)
        self.pieces.append(f"</{tag}>")

    def split(self, name: str) -> tuple[str, str]:
        """Namespace and local name, both fit to be written."""
        known = self.names.get(name)
        if known is None:
            namespace, brace, local = name.rpartition("}")
            if not _is_name(local) or (brace and namespace[:1] != "{"):
                raise LocalProtocolError(f"{name!r} is no name of an element or attribute", rfc=self.rfc)
            namespace = namespace[1:]
            if namespace == _XMLNS or "}" in namespace or len(namespace) > MAX_NAMESPACE or (brace and not namespace):
                raise LocalProtocolError(f"{namespace!r} is no namespace for {local!r}", rfc=self.rfc)
            known = self.names[name] = namespace, local
        return known

    def prefix(self, namespace: str) -> str:
        """What stands for a namespace."""
        return self.prefixes.setdefault(namespace, f"p{len(self.prefixes)}")

    def checked(self, text: str) -> str:
        """The text itself, if it can stand in XML."""
        bad = _no_char(text)
        if bad is not None:
            raise LocalProtocolError(f"{bad[0]!r} cannot stand in XML", rfc=self.rfc)
        return text

    def quoted(self, text: str) -> str:
        """The text as it stands in an attribute."""
        return self.checked(text).translate(_IN_QUOTES)


def _is_name(text: str) -> bool:
    """Whether a name can be written: NCName is wider than letters of ASCII, and as wide as expat has it."""
    if _is_plain_name(text) is not None:
        return True
    if ":" in text or _no_char(text) is not None:
        return False
    found: list[str] = []
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = lambda name, attributes: found.append(name)
    try:
        parser.Parse(f"<{text}/>".encode(), True)
    except expat.ExpatError:
        return False
    return found == [text]


def mandatory(element: Element) -> tuple[str, ...]:
    """The names of the elements within that must be understood if this one is to be (RFC 3863 4.2.3)."""
    found: list[str] = []
    for inner in element.elements:
        # "the element name is qualified with a mustUnderstand='true' or mustUnderstand='1' attribute." (RFC 3863 4.2.3)
        if inner.attribute(_MUST_UNDERSTAND) in {"true", "1"}:
            found += (inner.name, *mandatory(inner))
    return tuple(found)


_MUST_UNDERSTAND = "{urn:ietf:params:xml:ns:pidf}mustUnderstand"
