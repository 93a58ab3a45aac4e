"""Values that are their text: read from it once, and written as it came.

What URIs and the values of headers have in common, whatever the grammar of their text. They never change.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Self, TypeVar

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.tokens import written

Value = TypeVar("Value")


class TextValue:
    """What a text says. It cannot be changed, so it is its own copy; it is shown, written and pickled as its text."""

    __slots__ = ("_text",)

    _text: str

    @classmethod
    @abstractmethod
    def parse(cls, text: str) -> Self:
        """The value that the text is; raises RemoteProtocolError when it is none."""

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._text}>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return type(self).parse, (self._text,)


def built(parse: Callable[[str], Value], text: str) -> Value:
    """The value that the text of a program's parts is; raises LocalProtocolError when it is none, or no one line."""
    try:
        return parse(written(text))
    except RemoteProtocolError as error:
        raise LocalProtocolError(error.what, rfc=error.rfc) from None
