"""The smallest pieces of SIP text (RFC 3261 25.1)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.errors import LocalProtocolError
from sipsm.grammar import is_host, is_token, quote, unquote
from sipsm.grammar.tokens import (
    COMMENT,
    bracketed,
    comment_text,
    format_comment,
    is_ipv6,
    refuse_line_ends,
    unbracketed,
    unfold,
)


@pytest.mark.rfc("3261 25.1")
@pytest.mark.parametrize("text", ["INVITE", "RE%47IST%45R", "!interesting-Method0123456789_*+`.%indeed'~"])
def test_token(text: str) -> None:
    """A token is made of letters, digits and a dozen other characters."""
    assert is_token(text)


@pytest.mark.parametrize("text", ["", "a b", "a:b", 'a"', "a/b", "a@b", "é", "a\n", "a\r\n", "a\0"])
def test_no_token(text: str) -> None:
    """A separator, white space, or a character beyond ASCII ends a token."""
    assert not is_token(text)


@pytest.mark.rfc("3261 25.1", "5118 4.10")
@pytest.mark.parametrize(
    "text", ["biloxi.com", "biloxi.com.", "a", "192.0.2.1", "[2001:db8::1]", "[2001:db8:::192.0.2.1]", "docker_1"]
)
def test_host(text: str) -> None:
    """A host is a name, an IPv4 address, or an IPv6 address in brackets; an extra colon there is tolerated."""
    assert is_host(text)


@pytest.mark.parametrize("text", ["", "2001:db8::1", "[]", "[192.0.2.1]", "[::1", "a b", "a/b", "[::g]", "a\n"])
def test_no_host(text: str) -> None:
    """An IPv6 address without brackets is no host, for its colons could be a port's."""
    assert not is_host(text)


def test_brackets() -> None:
    """SIP writes an IPv6 address in brackets, and sockets want it without."""
    assert (bracketed("::1"), bracketed("[::1]"), bracketed("192.0.2.1")) == ("[::1]", "[::1]", "192.0.2.1")
    assert (unbracketed("[::1]"), unbracketed("::1"), unbracketed("a")) == ("::1", "::1", "a")
    assert is_ipv6("fe80::1")
    assert not is_ipv6("192.0.2.1")


@pytest.mark.rfc("3261 25.1")
@pytest.mark.parametrize("text", ["", "Bob", 'say "hi"', "back\\slash", "a,b;c<d>", "Ж"])
def test_quoting_is_undone(text: str) -> None:
    """What is quoted reads again as it was."""
    assert unquote(quote(text)) == text


def test_quoted_string() -> None:
    """Quotes and backslashes are escaped by a backslash; text without quotes is left alone."""
    assert quote('a"b\\c') == r'"a\"b\\c"'
    assert unquote(r'"a\bc"') == "abc"
    assert unquote(r"a\bc") == r"a\bc"


@pytest.mark.rfc("3261 7.3.1")
def test_folds() -> None:
    """A fold with the white space around it is one space."""
    assert unfold("a  \r\n\t b\r\n c") == "a b c"
    assert unfold("a  b") == "a  b"


@pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\0b", "\r\n"])
def test_line_ends_are_refused(text: str) -> None:
    """No value that a program gives may break out of its line."""
    with pytest.raises(LocalProtocolError, match="CR, LF and NUL"):
        refuse_line_ends(text)
    assert refuse_line_ends("a b") == "a b"


@pytest.mark.rfc("3261 25.1")
@given(st.text(st.characters(exclude_characters="\r\n")))
def test_any_text_is_a_comment(text: str) -> None:
    """Any text of one line can be a comment, and comes back as it was."""
    comment = format_comment(text)
    assert re.fullmatch(COMMENT, comment)
    assert comment_text(comment) == text


@pytest.mark.rfc("3261 25.1")
@pytest.mark.parametrize(
    ("comment", "text"),
    [
        ("()", ""),
        ("(a b)", "a b"),
        ("(a (b (c)) d)", "a (b (c)) d"),
        (r"(a \( b \\)", "a ( b \\"),
        ("(\udcff)", "\udcff"),
    ],
)
def test_comment(comment: str, text: str) -> None:
    """A comment may hold comments, escapes and any octet."""
    assert re.fullmatch(COMMENT, comment)
    assert comment_text(comment) == text


@pytest.mark.rfc("3261 25.1")
@pytest.mark.parametrize("text", ["(", ")", "(a", "a)", "(a))", r"(a\)", "(a(b)", "(a\r\n)"])
def test_no_comment(text: str) -> None:
    """A comment ends, and ends once."""
    assert re.fullmatch(COMMENT, text) is None
