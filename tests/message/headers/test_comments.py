"""Comments in Retry-After, Server and User-Agent (RFC 3261 25.1)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.message.headers.comments import COMMENT, comment_text, format_comment


@pytest.mark.rfc("3261 25.1")
@given(st.text(st.characters(exclude_characters="\r\n")))
def test_there_and_back(text: str) -> None:
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
def test_read(comment: str, text: str) -> None:
    """A comment may hold comments, escapes and any octet."""
    assert re.fullmatch(COMMENT, comment)
    assert comment_text(comment) == text


@pytest.mark.rfc("3261 25.1")
@pytest.mark.parametrize("text", ["(", ")", "(a", "a)", "(a))", r"(a\)", "(a(b)", "(a\r\n)"])
def test_malformed(text: str) -> None:
    """A comment ends, and ends once."""
    assert re.fullmatch(COMMENT, text) is None
