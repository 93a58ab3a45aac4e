"""The picture that a test expects, written as it reads best in the test."""

from __future__ import annotations

from textwrap import dedent

from sipsm.trace import Ladder


def ladder(text: str) -> Ladder:
    """A picture to compare with: without the indentation that it has in the test, and the blank lines around it."""
    lines = dedent(text).strip("\n").rstrip().split("\n")
    return Ladder("\n".join(line.rstrip() for line in lines))
