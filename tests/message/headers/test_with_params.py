"""Values with parameters (RFC 3261 7.3.1)."""

from __future__ import annotations

import copy
import pickle

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.headers.content import ContentDisposition
from sipsm.message.headers.with_params import WithParams


class Colour(WithParams):
    """A value that begins with a hash, and whose case counts."""

    __slots__ = ()
    pattern = r"#[A-Za-z]++|none"
    what = "colour"
    rfc = "our own"
    case_matters = True

    def _check(self) -> None:
        if "gone" in self.params:
            raise RemoteProtocolError("the colour is gone", rfc="our own")


@pytest.mark.rfc("3261 7.3.1", "3261 25.1")
@pytest.mark.parametrize(
    ("text", "value", "params"),
    [
        ("active", "active", {}),
        ("active;expires=3600", "active", {"expires": "3600"}),
        ("active ; Expires = 3600", "active", {"expires": "3600"}),
        ("active\t;\tflag ", "active", {"flag": None}),
        ("active;a=1;b;c=", "active", {"a": "1", "b": None, "c": ""}),
        ('active;a="x;y,z\\"";b=[::1]', "active", {"a": 'x;y,z"', "b": "[::1]"}),
        ('a;x=""', "a", {"x": ""}),
    ],
)
def test_read(text: str, value: str, params: dict[str, str | None]) -> None:
    """What stands before the first semicolon is the value; names of parameters have no case, and values no quotes."""
    read = WithParams.parse(text)
    assert (read.value, dict(read.params), str(read)) == (value, params, text)
    assert list(read.params) == list(params)
    assert dict(read.params) == params


@pytest.mark.rfc("3261 7.3.1", "3261 25.1")
@pytest.mark.parametrize(
    "text",
    [
        "",
        " a",
        ";a=1",
        "a;",
        "a;;b",
        "a b",
        "a;=1",
        "a;b=c d",
        'a;b="c',
        "a;b=c,d",
        "a;b=<c>",
        "a;b=1;B=2",
        "a;b\r\n=1",
    ],
)
def test_malformed(text: str) -> None:
    """What is no value, no parameter, or a parameter that is there twice, is refused."""
    with pytest.raises(RemoteProtocolError):
        WithParams.parse(text)


def test_kinds() -> None:
    """A kind has a pattern for its value, rules of its own, and a name in errors."""
    assert Colour.parse("#red;x").value == "#red"
    assert Colour.parse("none").value == "none"
    with pytest.raises(RemoteProtocolError, match=r"'red' is no colour \(RFC our own\)"):
        Colour.parse("red")
    with pytest.raises(RemoteProtocolError, match="the colour is gone"):
        Colour.parse("#red;gone")


@pytest.mark.rfc("3261 7.3.1")
def test_equality() -> None:
    """Values are equal over case, white space, quotes and the order of parameters, but never to another kind."""
    one, other = WithParams.parse("Active;a=1;B=x"), WithParams.parse('active ; b="x"; A=1')
    assert one == other
    assert hash(one) == hash(other)
    assert one == WithParams.parse("Active;a=1;B=x")
    assert one != WithParams.parse("active;a=1")
    assert one != WithParams.parse("inactive;a=1;b=x")
    assert Colour.parse("#red") != Colour.parse("#Red")
    assert WithParams.parse("none") != Colour.parse("none")
    assert one != "Active;a=1;B=x"


def test_values() -> None:
    """A value cannot be changed, is its own copy, survives pickling and shows its text."""
    value = Colour.parse("#red;x=1")
    assert copy.copy(value) is value
    assert copy.deepcopy(value) is value
    assert pickle.loads(pickle.dumps(value)) == value
    assert repr(value) == "<Colour #red;x=1>"
    with pytest.raises(TypeError):
        value.params["x"] = "2"  # type: ignore[index]


def test_built() -> None:
    """A value is built of its parts, and quotes are put where they must be."""
    assert str(WithParams.build("active")) == "active"
    assert str(WithParams.build("active", {"a": "1", "b": None, "c": 'x "y"'})) == 'active;a=1;b;c="x \\"y\\""'
    assert str(Colour.build("#red", [("x", "1")])) == "#red;x=1"


@pytest.mark.parametrize(
    ("value", "params"),
    [
        ("", {}),
        ("a b", {}),
        ("a;b", {}),
        ("a ", {}),
        ("a\r\nVia: x", {}),
        ("a", {"b c": None}),
        ("a", {"b": "c\r\nVia: x"}),
        ("a", {"b": "\0"}),
        ("a", [("b", "1"), ("B", "2")]),
    ],
)
def test_not_built(value: str, params: dict[str, str | None]) -> None:
    """Parts that would be read as others, or could not be read at all, are refused; no line can end within them."""
    with pytest.raises(LocalProtocolError):
        WithParams.build(value, params)
    with pytest.raises(LocalProtocolError):
        Colour.build("#red", {"gone": None})


@pytest.mark.rfc("3261 7.3.1")
@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("session;handling=optional", "Session;HANDLING=OPTIONAL", True),
        ("session;a=b;c", "session;c;A=B", True),
        ('session;a="b c"', 'session;a="B c"', False),
        ('session;a="b"', "session;a=b", True),
        ('session;a="b"', "session;a=B", False),
        ("session;a", "session;a=", False),
        ("session;a=b", "session", False),
        ("session;a=", "session;a=", True),
    ],
)
def test_equivalent_values(one: str, other: str, equal: bool) -> None:
    """Case says nothing in tokens, and much in quoted strings; order says nothing."""
    first, second = ContentDisposition.parse(one), ContentDisposition.parse(other)
    assert (first == second) is (second == first) is equal
    if equal:
        assert hash(first) == hash(second)
