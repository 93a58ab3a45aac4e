"""Parameters of header values (RFC 3261 7.3.1, 25.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import format_params, parse_params
from sipsm.grammar.params import quality

TOKENS = st.text("abcXYZ019-.!%*_+`'~", min_size=1)
VALUES = st.none() | st.text('aZ9-.:[]/@=?;,<>()"\\ \tЖ\x01\x7f\U0001f600')


@pytest.mark.rfc("3261 7.3.1", "3261 25.1")
@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("", {}),
        (";tag=1", {"tag": "1"}),
        (";Tag=aB;LR", {"tag": "aB", "lr": None}),
        (' ; a = "x;y,z\\"" ; b\t;c=d ', {"a": 'x;y,z"', "b": None, "c": "d"}),
        (";received=2001:db8::1;maddr=[::1]", {"received": "2001:db8::1", "maddr": "[::1]"}),
        (";tag=a/b@c=d", {"tag": "a/b@c=d"}),
        (";empty=;next", {"empty": "", "next": None}),
    ],
)
def test_read(text: str, params: dict[str, str | None]) -> None:
    """Parameters have names in any case, and values or none; white space and quotes go, order stays."""
    assert list(parse_params(text).items()) == list(params.items())


def test_read_from_an_offset() -> None:
    """Parameters are read from where they begin to the end of the text."""
    assert parse_params("<sip:a;b=c>;tag=1", 11) == {"tag": "1"}


@pytest.mark.parametrize(
    ("text", "at"),
    [(";", 0), (";a;", 2), (";a;;b", 2), ("a", 0), (";a b", 3), (';a="b', 3), (";a=<", 3), (';a="b"c', 6)],
)
def test_malformed(text: str, at: int) -> None:
    """What is no parameter is refused with its offset."""
    with pytest.raises(RemoteProtocolError, match="no parameter") as caught:
        parse_params(text)
    assert (caught.value.at, caught.value.status) == (at, 400)


@pytest.mark.rfc("3261 7.3.1")
def test_twice() -> None:
    """A name that is there twice leaves open which one counts, and is refused."""
    with pytest.raises(RemoteProtocolError, match="tag is there twice at byte 7"):
        parse_params(";tag=1;TAG=2")


@given(st.dictionaries(TOKENS.map(str.lower), VALUES))
def test_written_and_read_again(params: dict[str, str | None]) -> None:
    """Whatever a program puts into parameters, quoted where it must be, comes out of them."""
    assert parse_params(format_params(params)) == params


def test_written() -> None:
    """Pairs are written in their order, and quoted when they are no plain words."""
    assert format_params([("b", None), ("a", "x"), ("q", "x y"), ("e", "")]) == ';b;a=x;q="x y";e=""'


@pytest.mark.parametrize("params", [{"a b": "c"}, {"": None}, {"a": "b\r\nc"}, {"a": "\0"}, {"a\n": None}])
def test_unwritable(params: dict[str, str | None]) -> None:
    """A name that is no token, or a value with a line end in it, cannot be written."""
    with pytest.raises(LocalProtocolError):
        format_params(params)


@pytest.mark.rfc("3261 20.10", "3261 25.1")
@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("0", 0.0),
        ("0.", 0.0),
        ("0.7", 0.7),
        ("0.125", 0.125),
        ("1", 1.0),
        ("1.000", 1.0),
        # None of these is a quality.
        ("1.001", 1.0),
        ("0.1234", 1.0),
        ("-0.5", 1.0),
        (".5", 1.0),
        ("nan", 1.0),
        ("", 1.0),
        (None, 1.0),
    ],
)
def test_quality(q: str | None, expected: float) -> None:
    """A quality has at most three digits behind the point and is at most 1, as is one that cannot be read."""
    assert quality({"q": q}) == expected
    assert quality({}) == 1.0
