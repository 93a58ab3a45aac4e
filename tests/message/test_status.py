"""Reason phrases (RFC 3261 21)."""

from __future__ import annotations

import pytest

from sipsm.message import reason_phrase


@pytest.mark.rfc("3261 21", "3261 8.1.3.2")
def test_phrases() -> None:
    """A registered code has its phrase, another says no more than its class, and any number has some phrase."""
    assert reason_phrase(481) == "Call/Transaction Does Not Exist"
    assert reason_phrase(608) == "Rejected"
    assert reason_phrase(199) == "Early Dialog Terminated"
    assert [reason_phrase(status) for status in (150, 250, 350, 450, 550, 650, 700)] == [
        "Session Progress",
        "OK",
        "Redirection",
        "Request Failure",
        "Server Failure",
        "Global Failure",
        "Unknown",
    ]
