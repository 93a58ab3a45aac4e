"""Server and User-Agent (RFC 3261 20.35, 20.41)."""

from __future__ import annotations

import copy
import pickle

import pytest

from sipsm.errors import LocalProtocolError
from sipsm.message.headers.software import SERVER, USER_AGENT, Product, Software


@pytest.mark.rfc("3261 20.35", "3261 20.41", "3261 25.1")
@pytest.mark.parametrize(
    ("text", "products", "comments"),
    [
        ("HomeServer v2", [("HomeServer", None), ("v2", None)], []),
        ("Softphone Beta1.5", [("Softphone", None), ("Beta1.5", None)], []),
        ("SIPimp.org/0.2.5 (curses)", [("SIPimp.org", "0.2.5")], ["curses"]),
        (r"a / 1 (b (c) \" d) e/2(f)", [("a", "1"), ("e", "2")], ['b (c) " d', "f"]),
        # These are outside of the grammar, and are read as far as they can be.
        ("", [], []),
        ("Phone, Model: 7 <x> @/1", [("Phone", None), ("Model", None), ("7", None), ("x", None), ("1", None)], []),
        ("Phone/1 (never closed", [("Phone", "1"), ("never", None), ("closed", None)], []),
        ("\udcff)(/", [], []),
    ],
)
def test_read(text: str, products: list[tuple[str, str | None]], comments: list[str]) -> None:
    """What software says of itself is text, in which products and comments can be told apart."""
    read = USER_AGENT.read([text])
    assert read == text
    assert [tuple(product) for product in read.products] == products
    assert list(read.comments) == comments
    assert SERVER.read([text]) == read


@pytest.mark.parametrize("text", ["(" * 50_000, "(a " * 50_000, "(" * 50 + "()" * 50_000])
def test_unclosed(text: str) -> None:
    """However many comments are never closed, the text is read."""
    assert all(product.name == "a" for product in Software(text).products)


def test_built() -> None:
    """Software names its products, with versions or without, and may add a comment."""
    built = Software.build(Product("sipsm", "1.0"), "Phone", "x/2", comment="on (some) system")
    assert built == r"sipsm/1.0 Phone x/2 (on \(some\) system)"
    assert built.products == (Product("sipsm", "1.0"), Product("Phone"), Product("x", "2"))
    assert built.comments == ("on (some) system",)
    assert USER_AGENT.lines([built]) == [str(built)]
    assert Software.build("sipsm") == "sipsm"
    assert isinstance(copy.copy(built), Software)
    assert pickle.loads(pickle.dumps(built)).products == built.products
    for bad in ("", "a b", "a/", "a/b/c", "/1", "a\r\nVia: x"):
        with pytest.raises(LocalProtocolError):
            Software.build(bad)
    with pytest.raises(LocalProtocolError):
        Software.build("a", comment="b\r\nVia: x")
    with pytest.raises(LocalProtocolError):
        USER_AGENT.lines(["a\r\nVia: x"])
