"""What kind of value a header has: one, or a list over commas and lines (RFC 3261 7.3.1)."""

from __future__ import annotations

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.headers.field import Listed, Single
from sipsm.message.headers.scalars import any_text, token, tokens, whole_number

LEVEL = Single("X-Level", whole_number, rfc="our own")
LEVELS = Listed("X-Levels", whole_number, rfc="our own")
COLOURS = Listed("X-Colours", token, parse_line=tokens, joined=True, rfc="our own")
FLAVOURS = Listed("X-Flavours", token, may_be_empty=True, rfc="our own")


def test_names() -> None:
    """A field knows its name, also in the form that messages find it by, for which compact forms are long ones."""
    assert (LEVEL.name, LEVEL.key) == ("X-Level", "x-level")
    assert (LEVELS.name, LEVELS.key) == ("X-Levels", "x-levels")
    assert Single("s", any_text, rfc="3261 20.36").key == "subject"
    assert (repr(LEVEL), repr(LEVELS)) == ("<Single X-Level>", "<Listed X-Levels>")
    assert (LEVEL.nothing, LEVELS.nothing) == (None, ())


def test_one_value() -> None:
    """A header with one value is read from its one line."""
    assert LEVEL.read(["7"]) == 7
    with pytest.raises(RemoteProtocolError):
        LEVEL.read(["high"])


@pytest.mark.rfc("3261 7.3.1")
def test_only_lists_may_be_repeated() -> None:
    """A header that is no list stands in a message once, even if both lines say the same."""
    with pytest.raises(RemoteProtocolError) as caught:
        LEVEL.read(["7", "7"])
    assert caught.value.rfc == "3261 7.3.1"


@pytest.mark.rfc("3261 7.3.1")
@pytest.mark.parametrize("lines", [["1, 2,3"], ["1", "2", "3"], ["1 \t,2", "3"]])
def test_lines_and_commas_are_the_same(lines: list[str]) -> None:
    """The values of a list are the same, on one line with commas or on many."""
    assert LEVELS.read(lines) == (1, 2, 3)


def test_line_parsers() -> None:
    """A field may read a whole line at a time, over all of its lines."""
    assert COLOURS.read(["red, green", "blue"]) == ("red", "green", "blue")
    assert COLOURS.read(["red, green"]) == ("red", "green")


def test_empty_lists() -> None:
    """A line that says nothing is an empty list where the header allows it, and malformed where not."""
    assert FLAVOURS.read([""]) == ()
    assert FLAVOURS.read(["", "sour"]) == ("sour",)
    with pytest.raises(RemoteProtocolError):
        LEVELS.read([""])


@pytest.mark.parametrize("line", ["1,", ",1", "1,,2", '1, "', "1, <"])
def test_malformed_lists(line: str) -> None:
    """An element that is no value spoils the list, and so does a quote that is never closed."""
    with pytest.raises(RemoteProtocolError):
        LEVELS.read([line])


def test_written() -> None:
    """Values are written a line each, or all on one line where that is usual; text is taken as it is."""
    assert LEVEL.lines([7]) == ["7"]
    assert LEVEL.lines(["007"]) == ["007"]
    assert LEVELS.lines([1, 2]) == ["1", "2"]
    assert LEVELS.lines([]) == []
    assert COLOURS.lines(["red", "green"]) == ["red, green"]


def test_own_text() -> None:
    """A field may have a way of its own from value to text."""
    percent = Single("X-Percent", lambda text: int(text.rstrip("%")), text=lambda value: f"{value}%", rfc="our own")
    listed = Listed("X-Percents", lambda text: int(text.rstrip("%")), text=lambda value: f"{value}%", rfc="our own")
    assert percent.lines([7]) == ["7%"]
    assert listed.lines([7, 8]) == ["7%", "8%"]


@pytest.mark.rfc("3261 7.3.1")
@pytest.mark.parametrize("text", ["high", "-1", "", "1\r\nVia: x", "1\n", "1\0"])
def test_what_is_no_value_is_not_written(text: str) -> None:
    """A program cannot write what would not be read back, and no line can end within a value."""
    with pytest.raises(LocalProtocolError):
        LEVEL.lines([text])
    with pytest.raises(LocalProtocolError):
        LEVELS.lines([1, text])
    with pytest.raises(LocalProtocolError):
        LEVEL.lines([-1])
