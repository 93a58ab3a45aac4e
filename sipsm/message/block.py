"""A block of header lines: read on first touch, written as the text that came (RFC 3261 7.3).

What messages, parts of multipart bodies and fragments of messages have in common. A block never changes: what changes
one returns another, which shares its lines.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from operator import attrgetter
from typing import Any, Self, overload

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.lists import elements_at, split_list
from sipsm.grammar.tokens import before_unfolding, rewritten, unfold
from sipsm.message.headers.field import Listed, Single, Value
from sipsm.message.names import (
    ONCE,
    USUAL_SPELLINGS,
    HeaderIndex,
    add_to_index,
    canonical,
    header_line,
    index_lines,
    value_of,
)

Name = str | Single[Any] | Listed[Any]
"""A header, by its name in any case or compact form, or by its field."""

Headers = Iterable["tuple[Name, object] | CheckedHeader"]
"""Header lines as a program gives them, in order: a name or a field, and a value that `str` makes text of.

With a field the value is checked: it must be one of that header; for a list it may be a sequence of them.
"""

_NONE: tuple[str, ...] = ()


class CheckedHeader(tuple[str, str]):
    """A name and a text, to be given among other `Headers`, that are checked once for a line that is written often."""

    line: str
    """The line that the two make."""
    key: str
    """The name as a `HeaderIndex` has it."""

    def __new__(cls, name: str, value: object) -> Self:
        """Raises LocalProtocolError for a name or a value that cannot be written (RFC 3261 7.3.1, 25.1)."""
        return cls._of_line(header_line(name, value))

    @classmethod
    def again(cls, name: str, text: str) -> Self:
        """The same of a value that a peer may have written before: in quotes it may hold a NUL (RFC 3261 25.1)."""
        return cls._of_line(f"{name}: {rewritten(text)}")

    @classmethod
    def _of_line(cls, line: str) -> Self:
        name, _, text = line.partition(": ")
        header = super().__new__(cls, (name, text))
        header.line = line
        header.key = canonical(name)
        return header

    def __reduce__(self) -> tuple[object, ...]:
        return self._of_line, (self.line,)


class CheckedHeaders(tuple[CheckedHeader, ...]):
    """Checked headers that are written together, alone in a message, and often: what they make is made once."""

    lines: list[str]
    """The lines that they make; not to be changed."""
    by_name: HeaderIndex
    """The same by their names; not to be changed."""
    text: str
    """The lines as one text."""
    are_plain: bool
    """Whether there are any, no two of one name, and none of what each message has besides."""

    def __new__(cls, headers: Iterable[tuple[str, str]]) -> Self:
        """Raises LocalProtocolError as `CheckedHeader` does."""
        made = super().__new__(cls, [CheckedHeader(*header) for header in headers])
        made.lines, made.by_name = lines_given(tuple(made))
        made.text = "\r\n".join(made.lines)
        made.are_plain = 0 < len(made.lines) == len(made.by_name) and _IN_ALL.isdisjoint(made.by_name)
        return made

    def fit(self, body: bytes) -> bool:
        """Whether they and Content-Length can be written in front of this body as they are, without another look."""
        return self.are_plain and body.__class__ is bytes and (not body or "content-type" in self.by_name)


_IN_ALL = frozenset(("via", "max-forwards", "from", "to", "call-id", "cseq", "route", "record-route", "content-length"))


class HeaderBlock:
    """Header lines in their order, found by name (RFC 3261 7.3)."""

    __slots__ = ("_index", "_lines", "_values")

    # All three are made when they are asked for: the lines from the bytes, the index from the lines.
    _lines: list[str] | None
    _index: HeaderIndex | None
    _values: dict[Single[Any] | Listed[Any], Any] | None

    # Headers as typed values

    @overload
    def __getitem__(self, field: Single[Value]) -> Value | None: ...

    @overload
    def __getitem__(self, field: Listed[Value]) -> tuple[Value, ...]: ...

    def __getitem__(self, field: Single[Any] | Listed[Any]) -> Any:
        """The value of a header, or None; of a header that is a list, all its values in order.

        It is read on the first touch and kept. Raises RemoteProtocolError, each time, when it is malformed; its `at` is
        an offset in the bytes of the whole.
        """
        values = self._values
        if values is not None and (value := values.get(field)) is not None:
            return value
        try:
            key = field.key
        except AttributeError:
            what = f"a header is read by its field, such as headers.EXPIRES, or as text by header({field!r})"
            raise TypeError(what) from None
        line = (self._index or self._indexed()).get(key)
        if line is None:
            return field.nothing
        if values is None:
            values = self._values = {}
        value = values[field] = self._value_of(field, line)
        return value

    # Headers as text

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """All header lines in order as name and value, as they came: spelling, and folds inside a value, are kept."""
        return tuple(
            (name.rstrip(" \t"), value.strip(" \t\r\n"))
            for name, _, value in (line.partition(":") for line in self._all_lines())
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The headers that are there, each once, by the long form of their names in lower case."""
        return tuple(self._index or self._indexed())

    def has(self, name: Name) -> bool:
        """True when there is a header of that name."""
        return (_usual_key(name) or _key(name)) in (self._index or self._indexed())

    def has_any(self, keys: frozenset[str]) -> bool:
        """True when there is a header of one of these names, which are given in the long form in lower case."""
        return not keys.isdisjoint(self._index or self._indexed())

    def check(self, *fields: Single[Any] | Listed[Any]) -> None:
        """Read these headers as far as they are there; raises RemoteProtocolError for the first that is malformed."""
        self.check_all({field.key: field for field in fields})

    def check_all(self, fields: Mapping[str, Single[Any] | Listed[Any]]) -> None:
        """The same, for fields by the long form of their names in lower case: there may be many, of which few come."""
        index = self._index or self._indexed()
        if index.keys().isdisjoint(fields):
            return
        values = self._values
        if values is None:
            values = self._values = {}
        for key in filter(index.__contains__, fields):
            field = fields[key]
            if field not in values:
                values[field] = self._value_of(field, index[key])

    def header(self, name: Name) -> str | None:
        """The value of the first header of that name on one line, or None."""
        line = (self._index or self._indexed()).get(_usual_key(name) or _key(name))
        if line is None:
            return None
        return value_of(line if line.__class__ is str else line[0])

    def lines_of(self, name: Name) -> tuple[str, ...]:
        """The value of each header of that name, in order, each on one line."""
        line = (self._index or self._indexed()).get(_usual_key(name) or _key(name), _NONE)
        return (value_of(line),) if isinstance(line, str) else tuple(map(value_of, line))

    def header_values(self, name: Name) -> tuple[str, ...]:
        """The elements of a header that is a list, such as Require, over all its lines (RFC 3261 7.3.1).

        Raises RemoteProtocolError for a quote or an angle bracket that is never closed.
        """
        line = (self._index or self._indexed()).get(_usual_key(name) or _key(name))
        if line is None:
            return ()
        lines = (line,) if isinstance(line, str) else line
        return tuple(element for line in lines for element in split_list(value_of(line)) if element)

    # Other blocks made from this one

    def with_header(self, name: Name, *values: object) -> Self:
        """The block with these values, a line each, in the place of all that this header said; else at the end.

        Raises LocalProtocolError for a name or a value that cannot be written (RFC 3261 7.3.1, 25.1).
        """
        key = _key(name)
        if len(values) == 1 and name.__class__ is str:
            added = [header_line(name, values[0])]
        else:
            added = header_lines(name, values)
        self._refuse(key, added)
        there = self._indexed().get(key)
        lines = self._all_lines().copy()
        if there is None:
            lines += added
        elif isinstance(there, str):
            at = lines.index(there)
            lines[at : at + 1] = added
        else:
            at = lines.index(there[0])
            gone = set(there)
            lines = [line for line in lines if line not in gone]
            lines[at:at] = added
        return self._changed(key, lines, added)

    def with_pushed(self, name: Name, value: object) -> Self:
        """The block with a line above the first of that name, else on top: Via, Route and Record-Route grow so.

        Raises LocalProtocolError for a name or a value that cannot be written (RFC 3261 7.3.1, 25.1).
        """
        key = _key(name)
        added = header_lines(name, (value,))
        self._refuse(key, added)
        there = self._lines_of(key)
        lines = self._all_lines().copy()
        at = lines.index(there[0]) if there else 0
        lines[at:at] = added
        return self._changed(key, lines, [*added, *there])

    def with_added(self, name: Name, value: object) -> Self:
        """The block with a line at the end.

        Raises LocalProtocolError for a name or a value that cannot be written (RFC 3261 7.3.1, 25.1).
        """
        key = _key(name)
        added = header_lines(name, (value,))
        self._refuse(key, added)
        if (isinstance(name, Single) or key in ONCE) and self.has(key):
            raise LocalProtocolError(
                f"there is a {name if isinstance(name, str) else name.name} already", rfc="3261 7.3.1"
            )
        return self._changed(key, [*self._all_lines(), *added], [*self._lines_of(key), *added])

    def with_first(self, name: Name, value: object) -> Self:
        """The block with another value in the place of the first one of that name: the topmost Via, marked anew.

        Raises LocalProtocolError for what cannot be written or is not there, RemoteProtocolError when the line cannot
        be taken apart.
        """
        key = _key(name)
        there = self._lines_of(key)
        if not there:
            written = name if isinstance(name, str) else name.name
            raise LocalProtocolError(f"there is no {written} to be replaced", rfc="3261 7.3.1")
        first = there[0]
        text = value_of(header_lines(name, (value,))[0])
        rest = split_list(value_of(first))[1:]
        line = f"{first.partition(':')[0].rstrip()}: {', '.join((text, *rest))}"
        self._refuse(key, [line])
        lines = self._all_lines().copy()
        lines[lines.index(first)] = line
        return self._changed(key, lines, [line, *there[1:]])

    def without_header(self, name: Name) -> Self:
        """The block without any header of that name."""
        key = _key(name)
        self._refuse(key, [])
        there = self._lines_of(key)
        if not there:
            return self
        gone = set(there)
        return self._changed(key, [line for line in self._all_lines() if line not in gone], [])

    def without_first(self, name: Name) -> Self:
        """The block without the first value of that name: the topmost Via or Route, alone in its line or not.

        Raises RemoteProtocolError when the line cannot be taken apart.
        """
        key = _key(name)
        self._refuse(key, [])
        there = self._lines_of(key)
        if not there:
            return self
        first = there[0]
        rest = split_list(value_of(first))[1:]
        kept = [f"{first.partition(':')[0]}: {', '.join(rest)}"] if rest else []
        lines = self._all_lines().copy()
        at = lines.index(first)
        lines[at : at + 1] = kept
        return self._changed(key, lines, [*kept, *there[1:]])

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    # Inside

    @abstractmethod
    def _changed(self, key: str, lines: list[str], of_key: list[str]) -> Self:
        """Another block of these lines, of which the ones of one name are others."""

    @abstractmethod
    def _refuse(self, key: str, added: list[str]) -> None:
        """Raises LocalProtocolError when these lines must not be written by hand."""

    def _value_of(self, field: Single[Any] | Listed[Any], line: str | list[str]) -> Any:
        """What a field makes of the line, or the lines, of its header."""
        try:
            if isinstance(line, str):
                text = line.partition(":")[2].strip(" \t\r\n")
                return field.read_one(unfold(text) if "\r" in text else text)
            return field.read([value_of(each) for each in line])
        except RemoteProtocolError as error:
            raise self._located(error, field) from None
        except ValueError as error:
            # A field of one's own may read with `int`.
            raise self._located(RemoteProtocolError(f"{field.name}: {error}"), field) from None

    def _before(self) -> int:
        """How many bytes stand before the first header line."""
        return 0

    def _located(self, error: RemoteProtocolError, field: Single[Any] | Listed[Any]) -> RemoteProtocolError:
        """The error of a value, with its offset in the bytes of the whole."""
        of_field = self._lines_of(field.key)
        # Where each line for itself is well-formed, it is the second one that must not be there.
        guilty = next(
            (line for line in of_field if _fault(line, field) is not None), of_field[min(1, len(of_field) - 1)]
        )
        lines = self._all_lines()
        before = "\r\n".join((*lines[: lines.index(guilty)], ""))
        value = guilty.partition(":")[2].lstrip(" \t\r\n")
        inside = before_unfolding(value, _fault(guilty, field) or 0)
        before += guilty[: len(guilty) - len(value)] + value[:inside]
        error.at = 0
        return error.moved(self._before() + len(before.encode("utf-8", "surrogateescape")))

    @abstractmethod
    def _split(self) -> list[str]:
        """The raw lines, from what the block was read from."""

    def _all_lines(self) -> list[str]:
        """The raw lines in order; not to be changed."""
        lines = self._lines
        if lines is None:
            lines = self._lines = self._split()
        return lines

    def _indexed(self) -> HeaderIndex:
        """The raw lines by canonical name; not to be changed."""
        index = self._index
        if index is None:
            index = self._index = index_lines(self._all_lines())
        return index

    def _lines_of(self, key: str) -> list[str] | tuple[str, ...]:
        """The raw lines of a canonical name, in order; not to be changed."""
        line = self._indexed().get(key, _NONE)
        return (line,) if isinstance(line, str) else line

    def _take_changes(self, changed: Self, key: str, lines: list[str], of_key: list[str]) -> HeaderIndex:
        """Gives a new block these lines, and of index and values what still holds."""
        changed._lines = lines
        index = changed._index = self._indexed().copy()
        if of_key:
            index[key] = of_key if len(of_key) > 1 else of_key[0]
        else:
            index.pop(key, None)
        values = self._values
        changed._values = {field: value for field, value in values.items() if field.key != key} if values else None
        return index


def _fault(line: str, field: Single[Any] | Listed[Any]) -> int | None:
    """Where in the value of a line, on one line, the fault is; None when it has none."""
    value = value_of(line)
    try:
        field.read_one(value)
    except RemoteProtocolError as error:
        at = error.at or 0
    except ValueError:
        at = 0
    else:
        return None
    if isinstance(field, Listed) and field.by_commas:
        with suppress(RemoteProtocolError):
            for start, element in elements_at(value):
                try:
                    field.parse(element)
                except RemoteProtocolError as error:
                    return start + (error.at or 0)
                except ValueError:
                    return start
    return at


# What most names are found by; None for a field, and for a name that is spelled in another way.
_usual_key: Callable[[Name], str | None] = USUAL_SPELLINGS.get  # type: ignore[assignment]


def _key(name: Name) -> str:
    return canonical(name) if isinstance(name, str) else name.key


def lines_given(headers: Headers) -> tuple[list[str], HeaderIndex]:
    """The lines of all these headers, and their index; LocalProtocolError for what is no name, or no value of it."""
    if headers.__class__ is CheckedHeaders:
        return headers.lines.copy(), headers.by_name.copy()
    headers = tuple(headers)
    try:
        # All of them have been checked, and none is there twice.
        index: HeaderIndex = dict(map(_key_and_line, headers))
        if len(index) == len(headers):
            return list(index.values()), index  # type: ignore[arg-type]
    except AttributeError:
        pass
    lines: list[str] = []
    index = {}
    once: set[str] = set()
    for header in headers:
        if header.__class__ is CheckedHeader:
            added = [header.line]
        else:
            name, value = header
            added = [header_line(name, value)] if name.__class__ is str else _lines_of_field(name, value, once)
        lines += added
        for line in added:
            add_to_index(index, canonical(line.partition(":")[0]), line)
    return lines, index


_key_and_line = attrgetter("key", "line")


def _lines_of_field(name: Name, value: object, once: set[str]) -> list[str]:
    """The lines of a header that is named by its field, or by a text of a class of its own."""
    if isinstance(name, Single):
        if name.key in once:
            raise LocalProtocolError(f"there can be one {name.name} only", rfc="3261 7.3.1")
        once.add(name.key)
    if isinstance(name, Listed) and isinstance(value, tuple | list):
        return header_lines(name, value)
    return header_lines(name, (value,))


def header_lines(name: Name, values: Iterable[object]) -> list[str]:
    """The lines that a program asks for; raises LocalProtocolError for what is no name, or no value of it."""
    if isinstance(name, str):
        return [header_line(name, value) for value in values]
    return [header_line(name.name, text) for text in name.lines(values)]
