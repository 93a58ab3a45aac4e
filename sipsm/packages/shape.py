"""Values that stand for elements of XML: each of their fields says what it is in the document.

So a class reads like the type of its schema, and is what reads it, checks it and writes it. What a class does not know
of an element is kept in its field `extensions`, if it is an element: RFC 3863 4.2.3 has it ignored, RFC 3680 5.1 too,
and who passes state on, as a presence server does, keeps it. Attributes that are not known are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from types import FunctionType
from typing import Any, ClassVar, Final, Self

from attrs import NOTHING, fields, frozen

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.packages.element import Element, read_element, write_document

_SHAPE = "shape"
_SPACE = " \t\r\n"


# Values of text


@frozen(eq=False)
class Kind:
    """How a value is a text: what reads it raises ValueError for what it cannot be, and so does what writes it."""

    read: Callable[[str], Any]
    write: Callable[[Any], str]


_number = re.compile(r"[0-9]{1,20}+").fullmatch
_word = re.compile(rf"[^{_SPACE}]++").findall


def _read_number(text: str) -> int:
    if _number(text := text.strip(_SPACE)) is None:
        raise ValueError(f"{text[:80]!r} is no number")
    return int(text)


def _write_number(value: int) -> str:
    if not 0 <= value < 10**20:
        raise ValueError(f"{value} is no number that can be written")
    return str(int(value))


def _read_version(text: str) -> int:
    version = _read_number(text)
    if version >= 2**32:
        raise ValueError(f"{version} is more than 32 bits can hold")
    return version


def _write_version(value: int) -> str:
    if value >= 2**32:
        raise ValueError(f"{value} is more than 32 bits can hold")
    return _write_number(value)


def _write_word(value: str) -> str:
    if value != value.strip(_SPACE):
        raise ValueError(f"{value!r} begins or ends with white space, and would be read without")
    return value


def _read_boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.strip(_SPACE)]
    except KeyError:
        raise ValueError(f"{text[:80]!r} is neither true nor false") from None


def _read_words(text: str) -> tuple[str, ...]:
    return tuple(_word(text))


def _write_words(words: tuple[str, ...]) -> str:
    text = " ".join(words)
    if _read_words(text) != words:
        raise ValueError(f"{words!r} are not words, to be parted by spaces")
    return text


_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}

TEXT: Final = Kind(str, str)
"""Text for people, with all its spaces."""
WORD: Final = Kind(lambda text: text.strip(_SPACE), _write_word)
"""Text for machines, such as a URI or a state: white space around it is layout."""
NUMBER: Final = Kind(_read_number, _write_number)
"""A number that is not negative, of up to 20 digits."""
VERSION: Final = Kind(_read_version, _write_version)
"""The number of a document, of 32 bits."""
BOOLEAN: Final = Kind(_read_boolean, lambda value: "true" if value else "false")
WORDS: Final = Kind(_read_words, _write_words)
"""Words between spaces, as a tuple."""


# Fields


@frozen(eq=False)
class Role:
    """What a field is of the element that its value stands for."""

    place: str
    """"attribute", "content", "child", "children" or "extensions"."""
    name: str = ""
    of: Any = WORD
    """A kind of text, a class, or a function that returns the class."""
    also: str | None = None
    """Another name that it is read by."""
    within: str | None = None
    """The element that groups the children."""
    key: str | None = None
    """The field of each child that tells it from the others of its name."""
    implied: bool = False
    """Whether the default is left out."""


def attribute(name: str, kind: Kind = WORD, *, also: str | None = None, implied: bool = False) -> dict[str, Any]:
    """The field is an attribute."""
    return {_SHAPE: Role("attribute", name, kind, also, implied=implied)}


def content(kind: Kind = WORD) -> dict[str, Any]:
    """The field is the text of the element."""
    return {_SHAPE: Role("content", of=kind)}


def child(name: str, of: Any = WORD) -> dict[str, Any]:
    """The field is an element within, of which there is one at most."""
    return {_SHAPE: Role("child", name, of)}


def children(name: str, of: Any = WORD, *, within: str | None = None, key: str | None = None) -> dict[str, Any]:
    """The field is a tuple of the elements within that have this name."""
    return {_SHAPE: Role("children", name, of, within=within, key=key)}


EXTENSIONS: Final[dict[str, Any]] = {_SHAPE: Role("extensions")}
"""The field is a tuple of the elements within that no other field knows."""


class Part:
    """A value that stands for an element. Its class is an attrs class, each of whose fields has a role."""

    __slots__ = ()

    namespace: ClassVar[str]
    rfc: ClassVar[str]
    """The section that says what the element is."""

    @classmethod
    def of_element(cls, element: Element) -> Self:
        """The value that an element stands for, or RemoteProtocolError."""
        named: dict[str, list[Element]] = {}
        extensions = []
        known = _children_of(cls)
        for inner in element.elements:
            if inner.name in known:
                named.setdefault(inner.name, []).append(inner)
            else:
                extensions.append(inner)
        attributes = dict(element.attributes)
        values: dict[str, Any] = {}
        for name, role, default in roles(cls):
            value: Any = None
            if role.place == "extensions":
                value = tuple(extensions)
            elif role.place == "content":
                value = cls._value(role, element.text)
            elif role.place == "attribute":
                text = attributes.get(role.name, attributes.get(role.also) if role.also else None)
                value = None if text is None else cls._value(role, text)
            else:
                value = cls._children(role, named)
            if value is None:
                if default is NOTHING:
                    raise RemoteProtocolError(f"no {role.name} in {element.name}", rfc=cls.rfc)
                value = default
            values[name] = value
        make: Callable[..., Self] = cls
        return make(**values)

    @classmethod
    def _children(cls, role: Role, named: Mapping[str, list[Element]]) -> Any:
        found = named.get(_outer(cls, role), [])
        if role.place == "children" and role.within is None:
            return tuple([cls._value(role, inner) for inner in found])
        if len(found) > 1:
            raise RemoteProtocolError(f"{len(found)} elements {role.within or role.name} where one may be", rfc=cls.rfc)
        if role.within is None:
            return cls._value(role, found[0]) if found else None
        inside = f"{{{cls.namespace}}}{role.name}"
        return tuple([cls._value(role, inner) for group in found for inner in group.elements if inner.name == inside])

    @classmethod
    def _value(cls, role: Role, what: Element | str) -> Any:
        of: Any = class_of(role)
        if not isinstance(of, Kind):
            return of.of_element(what)
        try:
            return of.read(what if isinstance(what, str) else what.text)
        except ValueError as error:
            raise RemoteProtocolError(f"{error} for {role.name or 'a text'}", rfc=cls.rfc) from None

    def as_element(self, name: str) -> Element:
        """The element of this name that the value stands for, or LocalProtocolError."""
        attributes = {}
        content: list[Element | str] = []
        for field, role, default in roles(type(self)):
            value = getattr(self, field)
            if role.place == "extensions":
                for extension in value:
                    if extension.name in _children_of(type(self)):
                        raise LocalProtocolError(f"{extension.name} is no extension", rfc=self.rfc)
                content += value
            elif role.place == "content":
                content.append(self._text(role, value))
            elif role.place == "children":
                inner = [self._inner(role, each) for each in value]
                content += [Element(_outer(type(self), role), (), inner)] if role.within and inner else inner
            elif value is None or (role.implied and value == default):
                continue
            elif role.place == "attribute":
                attributes[role.name] = self._text(role, value)
            else:
                content.append(self._inner(role, value))
        return Element(name, attributes, content)

    def _inner(self, role: Role, value: Any) -> Element:
        name = f"{{{self.namespace}}}{role.name}"
        if isinstance(value, Part):
            return value.as_element(name)
        return Element(name, (), self._text(role, value))

    def _text(self, role: Role, value: Any) -> str:
        try:
            return str(class_of(role).write(value))
        except ValueError as error:
            raise LocalProtocolError(f"{error} for {role.name or 'a text'}", rfc=self.rfc) from None


class Document(Part):
    """A value that is the body of a NOTIFY or a PUBLISH: `parse` reads one, `bytes(document)` is the body."""

    __slots__ = ()

    root: ClassVar[str]
    content_type: ClassVar[str]
    """The type of the body."""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """The document that the bytes are; RemoteProtocolError where they are none.

        Its status is 413 for one beyond the limits of `sipsm.packages.element`, and 400 for all else.
        """
        element = read_element(data, rfc=cls.rfc)
        if element.name != f"{{{cls.namespace}}}{cls.root}":
            raise RemoteProtocolError(f"a document {element.name[:300]!r} that is no {cls.root}", rfc=cls.rfc)
        return cls.of_element(element)

    def __bytes__(self) -> bytes:
        """The body. LocalProtocolError for values that cannot be written, such as control characters."""
        return write_document(self.as_element(f"{{{self.namespace}}}{self.root}"), rfc=self.rfc)


@cache
def _known(cls: Hashable) -> tuple[tuple[tuple[str, Role, Any], ...], frozenset[str]]:
    part: Any = cls
    found = tuple([(field.name, field.metadata[_SHAPE], field.default) for field in fields(part)])
    return found, frozenset([_outer(part, role) for _, role, _ in found if role.place in {"child", "children"}])


def roles(cls: Any) -> tuple[tuple[str, Role, Any], ...]:
    """The fields of a class of parts: name, role, and default."""
    return _known(cls)[0]


def _children_of(cls: Any) -> frozenset[str]:
    """The names of the elements within that the fields of a class know."""
    return _known(cls)[1]


def _outer(cls: type[Part], role: Role) -> str:
    """The name of the element that is directly within."""
    return f"{{{cls.namespace}}}{role.within or role.name}"


def class_of(role: Role) -> Any:
    """The class of what stands in a field, or its kind."""
    return role.of() if isinstance(role.of, FunctionType) else role.of
