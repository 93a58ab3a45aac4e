"""What kind of value a header has: one in a message, or a list over commas and lines (RFC 3261 7.3.1).

A field is the name of a header together with the way from its text to a value and back. `message[EXPIRES]` reads it.
A header that sipsm does not know needs no more than a field of its own:

    RETRY_COUNT = Single("X-Retry-Count", int)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.lists import split_list
from sipsm.grammar.tokens import written
from sipsm.message.names import canonical

Value = TypeVar("Value")


class Single(Generic[Value]):
    """A header that stands in a message at most once."""

    __slots__ = ("key", "name", "parse", "read_one", "rfc", "text")

    nothing = None
    """What a message without this header has for it."""

    def __init__(
        self, name: str, parse: Callable[[str], Value], *, text: Callable[[Value], str] = str, rfc: str = ""
    ) -> None:
        """`parse` makes the value of a text on one line, or raises RemoteProtocolError or ValueError.

        `text` is the way back, `rfc` the section where one says what the header is.
        """
        self.name = name
        self.key = canonical(name)
        self.parse = self.read_one = parse
        self.text = text
        self.rfc = rfc

    def read(self, values: Sequence[str]) -> Value:
        """The value of the header's lines, of which there must be one; else raises RemoteProtocolError."""
        if len(values) > 1:
            # "Multiple header field rows with the same field-name MAY be present in a message if and only if the entire
            # field-value for that header field is defined as a comma-separated list" (RFC 3261 7.3.1)
            raise RemoteProtocolError(f"more than one {self.name}", rfc="3261 7.3.1")
        return self.parse(values[0])

    def lines(self, values: Iterable[Value | str]) -> list[str]:
        """The text of the value, which there may be one of; LocalProtocolError for what is no value of this header."""
        texts = [_checked(self, value) for value in values]
        if len(texts) > 1:
            raise LocalProtocolError(f"there can be one {self.name} only", rfc="3261 7.3.1")
        return texts

    def __repr__(self) -> str:
        return f"<Single {self.name}>"


class OverLines(Single[Value]):
    """One value whose parts stand between commas, and so may be spread over many lines (RFC 3261 7.3.1)."""

    __slots__ = ()

    def read(self, values: Sequence[str]) -> Value:
        """The value of all the header's lines; raises RemoteProtocolError when it is malformed."""
        return self.parse(", ".join(values))


class Listed(Generic[Value]):
    """A header that is a list: its values stand on one line with commas between, or on many (RFC 3261 7.3.1)."""

    __slots__ = ("by_commas", "check", "joined", "key", "may_be_empty", "name", "parse", "parse_line", "rfc", "text")

    nothing = ()
    """What a message without this header has for it."""

    def __init__(
        self,
        name: str,
        parse: Callable[[str], Value],
        *,
        text: Callable[[Value], str] = str,
        parse_line: Callable[[str], Iterable[Value]] | None = None,
        check: Callable[[tuple[Value, ...]], None] | None = None,
        may_be_empty: bool = False,
        joined: bool = False,
        rfc: str = "",
    ) -> None:
        """`parse` makes the value of one element; `parse_line`, where given, those of a whole line.

        `check` raises RemoteProtocolError for values that cannot stand beside each other, such as two that are alike.
        `may_be_empty` lets a line say nothing at all, which is a list without elements.
        `joined` headers are written on one line with commas, the others a line for each value.
        """
        self.name = name
        self.key = canonical(name)
        self.parse = parse
        self.parse_line = parse_line or self._each
        self.by_commas = parse_line is None
        self.text = text
        self.check = check
        self.may_be_empty = may_be_empty
        self.joined = joined
        self.rfc = rfc

    def read(self, values: Sequence[str]) -> tuple[Value, ...]:
        """The values of all the header's lines in order; raises RemoteProtocolError when one is malformed."""
        found: list[Value] = []
        for line in values:
            found += self.parse_line(line)
        read = tuple(found)
        if self.check is not None and len(read) > 1:
            self.check(read)
        return read

    def read_one(self, text: str) -> tuple[Value, ...]:
        """The values of the header's only line in order; raises RemoteProtocolError when one is malformed."""
        if self.by_commas and text and "," not in text:
            parse = self.parse
            return (parse(text),)
        parse_line = self.parse_line
        read = tuple(parse_line(text))
        if self.check is not None and len(read) > 1:
            self.check(read)
        return read

    def lines(self, values: Iterable[Value | str]) -> list[str]:
        """The text of the header's lines; LocalProtocolError for what cannot be the values of this header."""
        texts = [_checked(self, value) for value in values]
        if self.check is not None and len(texts) > 1:
            _refused_together(self, texts)
        return [", ".join(texts)] if self.joined and (texts or self.may_be_empty) else texts

    def _each(self, line: str) -> Iterable[Value]:
        if "," in line:
            return map(self.parse, split_list(line))
        if not line and self.may_be_empty:
            return ()
        return (self.parse(line),)

    def __repr__(self) -> str:
        return f"<Listed {self.name}>"


def _checked(field: Single[Value] | Listed[Value], value: Value | str) -> str:
    """The text of a value, which reads as a value of this field."""
    text = written(value if isinstance(value, str) else field.text(value))
    try:
        field.read_one(text.strip(" \t"))
    except RemoteProtocolError as error:
        raise LocalProtocolError(f"{field.name} cannot be {text!r}: {error.what}", rfc=error.rfc) from None
    except ValueError as error:
        raise LocalProtocolError(f"{field.name} cannot be {text!r}: {error}") from None
    return text


def _refused_together(field: Listed[Value], texts: list[str]) -> None:
    try:
        field.read(texts)
    except RemoteProtocolError as error:
        raise LocalProtocolError(error.what, rfc=error.rfc) from None
