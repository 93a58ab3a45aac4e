"""Privacy (RFC 3323, RFC 3325, RFC 7044)."""

from __future__ import annotations

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.headers.privacy import PRIVACY


@pytest.mark.rfc("3323 4.2", "3325 9.3", "7044 5")
@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("id", ("id",)),
        ("none", ("none",)),
        ("header; session;USER ;critical", ("header", "session", "user", "critical")),
        ("history;x-own", ("history", "x-own")),
    ],
)
def test_read(text: str, values: tuple[str, ...]) -> None:
    """A caller names the kinds of privacy that it wants, semicolons between them."""
    assert PRIVACY.read([text]) == values


@pytest.mark.rfc("3323 4.2")
@pytest.mark.parametrize("text", ["", ";", "id;", "id user", "id,user", '"id"', "id;ID", "none;id", "critical;none"])
def test_malformed(text: str) -> None:
    """Each kind is named once, and none stands alone."""
    with pytest.raises(RemoteProtocolError):
        PRIVACY.read([text])


@pytest.mark.rfc("3323 4.2")
def test_write() -> None:
    """All values stand on one line."""
    assert PRIVACY.lines(["user", "id", "critical"]) == ["user;id;critical"]
    assert PRIVACY.lines([]) == []


@pytest.mark.rfc("3323 4.2")
@pytest.mark.parametrize("values", [["none", "critical"], ["id", "id"], ["id\r\n"], ["a b"]])
def test_cannot_be_written(values: list[str]) -> None:
    """What a privacy service could not obey is refused."""
    with pytest.raises(LocalProtocolError):
        PRIVACY.lines(values)
