"""Max-Forwards (RFC 3261 20.22) and Max-Breadth (RFC 5393 5.3)."""

from __future__ import annotations

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.headers.core import MAX_BREADTH, MAX_FORWARDS


@pytest.mark.rfc("3261 20.22", "4475 3.1.2.4")
def test_max_forwards() -> None:
    """Max-Forwards is a number from 0 to 255."""
    assert [MAX_FORWARDS.read([text]) for text in ("6", "0", "255", "070")] == [6, 0, 255, 70]
    assert MAX_FORWARDS.lines([70]) == ["70"]
    for lines in (["256"], ["300"], ["-1"], [""], ["many"], ["9" * 5000], ["70", "70"]):
        with pytest.raises(RemoteProtocolError):
            MAX_FORWARDS.read(lines)
    with pytest.raises(LocalProtocolError):
        MAX_FORWARDS.lines([256])


@pytest.mark.rfc("5393 5.3.1")
def test_max_breadth() -> None:
    """Max-Breadth is a number of branches, of which there is one at least."""
    assert [MAX_BREADTH.read([text]) for text in ("1", "60", "100000")] == [1, 60, 100_000]
    for text in ("0", "00", "-1", "", "60;x"):
        with pytest.raises(RemoteProtocolError):
            MAX_BREADTH.read([text])
    with pytest.raises(LocalProtocolError):
        MAX_BREADTH.lines([0])
