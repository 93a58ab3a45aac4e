"""Whole numbers, tokens and text (RFC 3261 25.1)."""

from __future__ import annotations

import pytest

from sipsm.errors import RemoteProtocolError
from sipsm.message.headers.scalars import any_text, token, tokens, whole_number


@pytest.mark.rfc("3261 20.19", "3261 25.1")
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("5", 5),
        ("007", 7),
        ("4294967295", 2**32 - 1),
        ("000000000004294967295", 2**32 - 1),
        ("0" * 100_000, 0),
        ("0" * 100_000 + "42", 42),
    ],
)
def test_whole_number(text: str, number: int) -> None:
    """A whole number has digits only, is below 2**32, and may begin with any number of zeros."""
    assert whole_number(text) == number


@pytest.mark.rfc("3261 20.19", "3261 25.1")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "+1",
        "1 ",
        "1.0",
        "1_0",
        "0x1",
        "five",
        "4294967296",
        "1" + "0" * 100,
        "9" * 100_000,
        "\u0661",
        "\u00b2",
    ],
)
def test_no_whole_number(text: str) -> None:
    """Signs, fractions, digits of other scripts and 2**32 are refused."""
    with pytest.raises(RemoteProtocolError) as caught:
        whole_number(text)
    assert caught.value.status == 400


@pytest.mark.rfc("3261 25.1")
def test_token() -> None:
    """A token comes back as it is, and what is none is refused."""
    assert token("x-%*_+`'~.!") == "x-%*_+`'~.!"
    for text in ("", "a b", "a,b", "a/b", '"a"', "\u00e4"):
        with pytest.raises(RemoteProtocolError):
            token(text)


@pytest.mark.rfc("3261 7.3.1")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("INVITE", ["INVITE"]),
        ("INVITE, ACK,BYE", ["INVITE", "ACK", "BYE"]),
        ("INVITE \t,\t ACK", ["INVITE", "ACK"]),
        ("", []),
        (",", []),
        (", INVITE,, ACK ,", ["INVITE", "ACK"]),
        ("INVITE, " * 50 + "ACK", ["INVITE"] * 50 + ["ACK"]),
    ],
)
def test_tokens(line: str, expected: list[str]) -> None:
    """Commas separate tokens, with or without white space; nothing between two commas is nothing."""
    assert tokens(line) == tokens(line) == tuple(expected)


@pytest.mark.parametrize("line", ["a b", "a, b c", "a;b", "a, <b", 'a, "b"', "a,, \udcff"])
def test_no_tokens(line: str) -> None:
    """One element that is no token spoils the line."""
    with pytest.raises(RemoteProtocolError):
        tokens(line)


def test_any_text() -> None:
    """Text for people is any text, octets that are not UTF-8 included."""
    assert any_text("\u20ac \udcff") == "\u20ac \udcff"
