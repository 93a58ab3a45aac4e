"""Escapes in URIs (RFC 3261 19.1.2, RFC 3986 2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import Uri, escape_header, escape_param, escape_password, escape_user, unescape

ESCAPES = (escape_user, escape_password, escape_param, escape_header)
PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


@pytest.mark.rfc("3261 19.1.2")
@pytest.mark.parametrize(
    ("escape", "escaped"),
    [
        (escape_user, ' "#%:<>@[\\]^`{|}'),
        (escape_password, ' "#%/:;<>?@[\\]^`{|}'),
        (escape_param, ' "#%,;<=>?@\\^`{|}'),
    ],
)
def test_what_is_escaped(escape: Callable[[str], str], escaped: str) -> None:
    """Each part of a URI has characters of its own that must be escaped."""
    assert "".join(char for char in PRINTABLE if escape(char) != char) == escaped


@pytest.mark.rfc("3261 19.1.2")
def test_headers_escape_all_that_is_reserved() -> None:
    """In header fields everything reserved is escaped, though the grammar would let some of it stand."""
    assert escape_header("a/b?c:d+e$[f]") == "a%2Fb%3Fc%3Ad%2Be%24%5Bf%5D"


@pytest.mark.rfc("3261 19.1.2")
def test_example() -> None:
    """The user "j@s0n" is written as RFC 3261 writes it."""
    assert escape_user("j@s0n") == "j%40s0n"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("", ""),
        ("abc", "abc"),
        ("%61%62c", "abc"),
        ("%E2%82%AC", "€"),
        ("%e2%82", "\udce2\udc82"),
        ("%00%0d%0A", "\0\r\n"),
        ("%25%34%31", "%41"),
    ],
)
def test_unescape(text: str, plain: str) -> None:
    """Escapes are octets of UTF-8; what is no UTF-8 is kept as lone surrogates."""
    assert unescape(text) == plain


@pytest.mark.rfc("3261 25.1")
@pytest.mark.parametrize(
    ("text", "at"), [("%", 0), ("a%4", 1), ("%41%4g", 3), ("%%41", 0), ("%u0041", 0), ("%\u0661\u0661", 0)]
)
def test_no_escape(text: str, at: int) -> None:
    """A percent sign without two hexadecimal digits is an error, and its place is told."""
    with pytest.raises(RemoteProtocolError) as caught:
        unescape(text)
    assert caught.value.at == at


@pytest.mark.parametrize("escape", ESCAPES)
def test_what_utf8_cannot_hold(escape: Callable[[str], str]) -> None:
    """Half a surrogate pair cannot be sent; the lone surrogates that stand for octets can."""
    with pytest.raises(LocalProtocolError):
        escape("a\ud83d")
    assert escape("\udcff") == "%FF"


@given(st.text(), st.sampled_from(ESCAPES))
def test_there_and_back(text: str, escape: Callable[[str], str]) -> None:
    """What is escaped is ASCII, and unescapes to the octets that it was."""
    try:
        octets = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return
    escaped = escape(text)
    assert escaped.isascii()
    assert unescape(escaped).encode("utf-8", "surrogateescape") == octets


@given(st.text())
def test_any_text(text: str) -> None:
    """Any text unescapes to text, or is refused."""
    try:
        plain = unescape(text)
    except RemoteProtocolError:
        assert "%" in text
    else:
        assert len(plain) <= len(text)


def test_escaped_parts_fit() -> None:
    """Everything printable can stand, escaped, in each part of a URI."""
    uri = Uri.build(
        user=escape_user(PRINTABLE),
        password=escape_password(PRINTABLE),
        host="a",
        params={escape_param(PRINTABLE).lower(): escape_param(PRINTABLE)},
        headers=f"{escape_header(PRINTABLE)}={escape_header(PRINTABLE)}",
    )
    assert uri.unescaped_user == uri.unescaped_password == PRINTABLE
    assert [unescape(value or "") for value in uri.params.values()] == [PRINTABLE]
    assert uri.header_fields == ((PRINTABLE, PRINTABLE),)
