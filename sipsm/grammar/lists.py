"""Values that are lists: split at commas, but not inside quotes or angle brackets (RFC 3261 7.3.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sipsm.errors import RemoteProtocolError
from sipsm.grammar.tokens import QUOTED_STRING

# A comma separates only outside of quoted strings and of URIs in <>. "If the URI contains a comma, question mark or
# semicolon, the URI MUST be enclosed in angle brackets (< and >)." (RFC 3261 20)
_element = re.compile(rf'[^,"<]*+(?:(?:{QUOTED_STRING}|<[^>]*+>)[^,"<]*+)*+').match


def elements_at(text: str) -> Iterator[tuple[int, str]]:
    """Where each element of a comma-separated value begins, and the element; as `split_list` tells them apart."""
    at = 0
    while at <= len(text):
        match = _element(text, at)
        assert match is not None, "the pattern matches the empty text"
        element = match.group()
        yield match.start() + len(element) - len(element.lstrip(" \t")), element.strip(" \t")
        at = match.end()
        if text[at : at + 1] not in (",", ""):
            raise RemoteProtocolError(f"{text[at]} is never closed", rfc="3261 25.1", at=at)
        at += 1


def split_list(text: str) -> list[str]:
    """The elements of a comma-separated value, without outer white space, empty ones included.

    Raises RemoteProtocolError for a quote or an angle bracket that is never closed.
    """
    if "," not in text:
        return [text.strip(" \t")]
    if '"' not in text and "<" not in text:
        return [element.strip(" \t") for element in text.split(",")]
    elements = []
    at = 0
    while True:
        match = _element(text, at)
        assert match is not None, "the pattern matches the empty text"
        elements.append(match.group().strip(" \t"))
        at = match.end()
        if at == len(text):
            return elements
        if text[at] != ",":
            raise RemoteProtocolError(f"{text[at]} is never closed", rfc="3261 25.1", at=at)
        at += 1
