"""Values that are lists (RFC 3261 7.3.1)."""

from __future__ import annotations

import pytest

from sipsm.errors import RemoteProtocolError
from sipsm.grammar import split_list


@pytest.mark.rfc("3261 7.3.1")
@pytest.mark.parametrize(
    ("text", "elements"),
    [
        ("", [""]),
        (" a ", ["a"]),
        ("a, b ,c", ["a", "b", "c"]),
        ("a,,b,", ["a", "", "b", ""]),
        (
            '"Bell, Alexander" <sip:a@b>, <sip:c,d@e>;x="y,z" ,\tf',
            ['"Bell, Alexander" <sip:a@b>', '<sip:c,d@e>;x="y,z"', "f"],
        ),
        (r'"a\",b", c', [r'"a\",b"', "c"]),
        ('<sip:a">, "<", b', ['<sip:a">', '"<"', "b"]),
    ],
)
def test_split(text: str, elements: list[str]) -> None:
    """Commas separate, but not within quotes or angle brackets."""
    assert split_list(text) == elements


@pytest.mark.parametrize(("text", "at"), [('a, "b', 3), ("a, <b", 3), ('a, "b\\"', 3), ('"a" "b, c', 4)])
def test_never_closed(text: str, at: int) -> None:
    """An open quote or bracket leaves no way to tell the elements apart."""
    with pytest.raises(RemoteProtocolError, match="never closed") as caught:
        split_list(text)
    assert caught.value.at == at
