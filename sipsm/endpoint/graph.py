"""A graph of objects as values that JSON can hold, and back.

Unlike pickle it runs no code: only classes that were named beforehand can come back, and each field must be of its
type. This is the notation:

    null true 3 0.5 "text"      these themselves
    [x, ...]                    a tuple
    {"l": [x, ...]}             a list
    {"d": [[key, x], ...]}      a dict, in its order
    {"b": "text"}               a bytearray: each byte is the character of its number
    {"v": 3}, {"o": 3}          the entry of this number, from 0, in the list of values, or of objects

An entry is `["Flow", part, ...]`: a class and what its instance is made of. Values are what they are made of, such as
bytes, messages and frozen classes; the entries that they refer to stand before them, and equal ones are one entry.
Objects are told apart by who they are, such as machines and calls, and may refer to each other in circles. A list, a
dict and a bytearray are of one holder: what two share is an object.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from math import isfinite
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from attrs import field, frozen
from attrs import fields as fields_of

from sipsm.errors import SipError, SnapshotError
from sipsm.machine import Machine

Fits = Callable[[Any], bool]
Entry = list[Any]


# -------------------------------------------------------------------- what may be in a graph


@frozen(eq=False)
class Kind:
    """A class whose instances may be in a graph, and what these are made of."""

    cls: type[Any]
    fields: tuple[str, ...]
    parts: Callable[[Any], Iterable[Any]]
    """What an instance is made of, in the order of `fields`."""
    fits: tuple[Fits, ...]
    """Whether a part is of the type of its field."""
    make: Callable[..., Any] | None = None
    """Makes a value of its parts. None for objects: their fields are set when all of them are there."""
    put: Callable[[Any, str, Any], None] = object.__setattr__
    """Sets a field of an object."""
    is_first: bool = False
    """Whether it is there before the others are made, and there is one."""
    name: str = field(init=False)

    @name.default
    def _named(self) -> str:
        return self.cls.__name__


def value(cls: type) -> Kind:
    """A frozen class or named tuple: made by calling it, so that its own checks are made too."""
    hints = get_type_hints(cls)
    names = getattr(cls, "_fields", None) or _names(cls)
    return Kind(cls, names, _getter(names), tuple(_fits(hints[name]) for name in names), cls)


def member(cls: type[Enum]) -> Kind:
    """An enumeration: known by its value, a text."""
    return Kind(cls, ("value",), lambda x: (x.value,), (_fits(str),), cls)


def written(cls: type, read: Callable[[str], Any]) -> Kind:
    """A class that is read from its text."""
    return Kind(cls, ("text",), lambda x: (str(x),), (_fits(str),), read)


def constant(x: object) -> Kind:
    """What there is one of: known by its class alone."""
    return Kind(type(x), (), lambda _: (), (), lambda: x)


def mutable(cls: type, **types: Any) -> Kind:
    """A class of attrs whose instances change. `types` are of the fields whose annotation says too little."""
    names = _names(cls)
    hints = get_type_hints(cls) | types
    return Kind(cls, names, _getter(names), tuple(_fits(hints[name]) for name in names))


def places(cls: type, types: Mapping[str, Any], put: Callable[[Any, str, Any], None]) -> Kind:
    """A class of which only some attributes are state: dotted names, and their types."""
    return Kind(cls, tuple(types), _getter(tuple(types)), tuple(map(_fits, types.values())), put=put, is_first=True)


def _characters(data: bytes) -> tuple[str]:
    # Each byte is the character of its number, so that text stays readable.
    return (data.decode("latin-1"),)


BYTES = Kind(bytes, ("latin-1",), _characters, (lambda x: type(x) is str,), lambda text: text.encode("latin-1"))


def _names(cls: Any) -> tuple[str, ...]:
    return tuple(each.name for each in fields_of(cls))


def _getter(names: tuple[str, ...]) -> Callable[[Any], Iterable[Any]]:
    every = attrgetter(*names)
    return every if len(names) > 1 else lambda x: (every(x),)


# -------------------------------------------------------------------- types


def _fits(hint: Any) -> Fits:
    """Whether a value is of the type that an annotation names."""
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        either = tuple(map(_fits, args))
        return lambda x: any(fits(x) for fits in either)
    if origin is tuple and args[1:] == (...,):
        each = _fits(args[0])
        return lambda x: type(x) is tuple and all(map(each, x))
    if origin is tuple:
        parts = tuple(map(_fits, args))
        return lambda x: (
            type(x) is tuple and len(x) == len(parts) and all(fits(y) for fits, y in zip(parts, x, strict=True))
        )
    if origin is list:
        each = _fits(args[0])
        return lambda x: type(x) is list and all(map(each, x))
    if origin is dict:
        key, each = map(_fits, args)
        return lambda x: type(x) is dict and all(map(key, x)) and all(map(each, x.values()))
    if hint is float:
        return lambda x: type(x) is int or (type(x) is float and isfinite(x))
    if hint is None:
        return lambda x: x is None
    if hint in _PLAIN:
        return lambda x: type(x) is hint
    if hint is Any or not isinstance(hint, type):
        raise TypeError(f"{hint!r} does not say what may be there")
    return lambda x: isinstance(x, hint)


_PLAIN = frozenset((bool, float, int, str, NoneType))


# -------------------------------------------------------------------- writing


class Writer:
    """Writes a graph: `text` gives what is kept, and what that refers to is then in `values` and `objects`."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self.values: list[str] = []
        self.objects: list[str] = []
        self._kinds = {kind.cls: kind for kind in kinds}
        self._used: dict[str, Kind] = {}
        self._known: dict[int, tuple[str, object]] = {}
        self._equal: dict[str, str] = {}
        self._met: list[tuple[Kind, Any]] = []

    def text(self, x: Any) -> str:
        """The notation of `x`. Raises `SnapshotError` for an instance of a class that is not of the kinds."""
        cls = x.__class__
        if (write := _WRITTEN.get(cls)) is not None:
            return write(x)
        if cls is tuple:
            return f"[{','.join(map(self.text, x))}]"
        if cls is list:
            return f'{{"l":[{",".join(map(self.text, x))}]}}'
        if cls is dict:
            pairs = (f"[{self.text(key)},{self.text(each)}]" for key, each in x.items())
            return f'{{"d":[{",".join(pairs)}]}}'
        if cls is bytearray:
            return f'{{"b":{_quoted(x.decode("latin-1"))}}}'
        known = self._known.get(id(x))
        if known is None:
            # What was met is held, so that no other object can come to have its id.
            known = self._known[id(x)] = (self._enter(x, cls), x)
        return known[0]

    def finish(self) -> None:
        """Write the objects that have been met, and those met thereby."""
        while len(self.objects) < len(self._met):
            kind, x = self._met[len(self.objects)]
            self.objects.append(self._entry(kind, x))

    def has(self, x: object) -> bool:
        """Whether an object has been met."""
        return id(x) in self._known

    @property
    def kinds(self) -> dict[str, tuple[str, ...]]:
        """The classes that have been met, and their fields."""
        return {name: kind.fields for name, kind in self._used.items()}

    def _entry(self, kind: Kind, x: Any) -> str:
        return f"[{','.join((_quoted(kind.name), *map(self.text, kind.parts(x))))}]"

    def _enter(self, x: Any, cls: type) -> str:
        """The reference to what has not been met yet."""
        kind = self._kinds.get(cls)
        if kind is None:
            raise SnapshotError(f"a {cls.__module__}.{cls.__qualname__} cannot be kept in a snapshot")
        self._used.setdefault(kind.name, kind)
        if kind.make is None:
            self._met.append((kind, x))
            return f'{{"o":{len(self._met) - 1}}}'
        entry = self._entry(kind, x)
        known = self._equal.get(entry)
        if known is None:
            known = self._equal[entry] = f'{{"v":{len(self.values)}}}'
            self.values.append(entry)
        return known


def _number(x: float) -> str:
    if not isfinite(x):
        raise SnapshotError(f"{x} is no time and no length of time, and cannot be kept in a snapshot")
    return repr(x)


_quoted = json.JSONEncoder().encode

_WRITTEN: dict[type, Callable[[Any], str]] = {
    NoneType: lambda _: "null",
    bool: lambda x: "true" if x else "false",
    int: repr,
    float: _number,
    str: _quoted,
}


# -------------------------------------------------------------------- reading


class Reader:
    """Reads a graph that anybody may have written: raises `SnapshotError`, and nothing else, for one that is wrong."""

    def __init__(self, kinds: Iterable[Kind], fields: Any, values: Any) -> None:
        known = {kind.name: kind for kind in kinds}
        if type(fields) is not dict:
            raise SnapshotError("the snapshot does not say which classes are in it")
        self._kinds: dict[str, Kind] = {}
        for name, names in fields.items():
            kind = known.get(name)
            if kind is None or list(kind.fields) != names:
                what = f"its {name[:40]} is not the one known here"
                raise SnapshotError(f"the snapshot was made by another sipsm: {what}")
            self._kinds[name] = kind
        self._values: list[Any] = []
        self._objects: list[Any] = []
        for entry in _list(values):
            self._values.append(self._value(entry))

    def read(self, plain: Any, hint: Any) -> Any:
        """What a notation stands for, if it is of this type."""
        x = self._of(plain)
        if not _fits(hint)(x):
            raise SnapshotError(f"the snapshot has {_seen(x)} where {hint!r:.60} must be")
        return x

    def fill(self, entries: Any, first: object) -> list[Any]:
        """Make all objects, of which the first is there already; returns them."""
        filled = [(self._kind(entry), entry) for entry in _list(entries)]
        if not filled or filled[0][0].cls is not type(first):
            raise SnapshotError(f"the snapshot does not begin with the {type(first).__name__}")
        self._objects = [first]
        for kind, _ in filled[1:]:
            if kind.make is not None or kind.is_first:
                raise SnapshotError(f"the snapshot has a {kind.name} among the objects")
            self._objects.append(object.__new__(kind.cls))
        for x, (kind, entry) in zip(self._objects, filled, strict=True):
            for name, part in zip(kind.fields, self._parts(kind, entry), strict=True):
                kind.put(x, name, part)
        for x in self._objects:
            if isinstance(x, Machine):
                _check_machine(x)
        return self._objects

    def _value(self, entry: Any) -> Any:
        kind = self._kind(entry)
        if kind.make is None:
            raise SnapshotError(f"the snapshot has a {kind.name} among the values")
        parts = self._parts(kind, entry)
        try:
            return kind.make(*parts)
        except (SipError, ValueError) as error:
            raise SnapshotError(f"the snapshot has a {kind.name} that is none: {error!s:.200}") from None

    def _kind(self, entry: Any) -> Kind:
        parts = _list(entry)
        kind = self._kinds.get(parts[0]) if parts and type(parts[0]) is str else None
        if kind is None or len(parts) != 1 + len(kind.fields):
            raise SnapshotError("the snapshot has an entry that is none")
        return kind

    def _parts(self, kind: Kind, entry: Entry) -> list[Any]:
        parts = [self._of(part) for part in entry[1:]]
        for name, fits, part in zip(kind.fields, kind.fits, parts, strict=True):
            if not fits(part):
                raise SnapshotError(f"the snapshot has a {kind.name} whose {name} is {_seen(part)}")
        return parts

    def _of(self, plain: Any) -> Any:
        cls = plain.__class__
        if cls in _PLAIN:
            return plain
        if cls is list:
            return tuple([self._of(each) for each in plain])
        if len(plain) != 1:
            raise SnapshotError("the snapshot has a reference that is none")
        ((tag, what),) = plain.items()
        match tag:
            case "v":
                return _at(self._values, what)
            case "o":
                return _at(self._objects, what)
            case "l":
                return [self._of(each) for each in _list(what)]
            case "d":
                return self._dict(_list(what))
            case "b" if type(what) is str and _is_latin_1(what):
                return bytearray(what, "latin-1")
        raise SnapshotError(f"the snapshot has {tag!r:.40}, which is no tag of such a thing")

    def _dict(self, pairs: list[Any]) -> dict[Any, Any]:
        found = {}
        for pair in pairs:
            if len(_list(pair)) != 2:
                raise SnapshotError("the snapshot has a dict that is none")
            try:
                found[self._of(pair[0])] = self._of(pair[1])
            except TypeError:
                raise SnapshotError("the snapshot has a dict with a key that cannot be one") from None
        if len(found) != len(pairs):
            raise SnapshotError("the snapshot has a dict with a key twice")
        return found


def _list(x: Any) -> list[Any]:
    if type(x) is not list:
        raise SnapshotError("the snapshot has no list where one must be")
    return x


def _at(entries: list[Any], number: Any) -> Any:
    if type(number) is not int or not 0 <= number < len(entries):
        raise SnapshotError("the snapshot refers to an entry that is not there")
    return entries[number]


def _seen(x: Any) -> str:
    # An object may lack what its own `repr` would show.
    return f"{x!r:.60}" if type(x) in _PLAIN else f"a {type(x).__name__}"


def _is_latin_1(text: str) -> bool:
    return all(map("\u0100".__gt__, text))


def _check_machine(machine: Machine) -> None:
    table = machine.table
    may_run = {timer.letter for timer in table.timers if machine.state in timer.runs_in}
    runs = [letter for _, letter, _ in machine.running]
    if machine.state not in table.states or not may_run.issuperset(runs) or len(runs) > len(set(runs)):
        raise SnapshotError(f"the snapshot has a {table.name} in a state, or with a timer, that it cannot have")
    if any(length <= 0 for _, _, length in machine.running):
        raise SnapshotError(f"the snapshot has a {table.name} with a timer that lasts no time")
    if machine.deadline != machine.next_timeout():
        raise SnapshotError(f"the snapshot has a {table.name} with a deadline that none of its timers has")
