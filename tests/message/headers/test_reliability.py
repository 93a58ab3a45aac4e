"""Reliable provisional responses: RSeq and RAck (RFC 3262 7)."""

from __future__ import annotations

import copy
import pickle

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message import Request, Response
from sipsm.message.headers.reliability import RACK, RSEQ, RAck
from tests.message.headers.raw import raw


@pytest.mark.rfc("3262 7.1")
@pytest.mark.parametrize(("text", "number"), [("988789", 988789), ("1", 1), ("0001", 1), ("4294967295", 2**32 - 1)])
def test_rseq(text: str, number: int) -> None:
    """An RSeq is a number from 1 to 2**32 - 1."""
    response = Response.build(180, headers=[("RSeq", text)])
    assert response[RSEQ] == number


@pytest.mark.rfc("3262 7.1")
@pytest.mark.parametrize("text", ["", "0", "000", "4294967296", "9" * 5000, "-1", "1 2", "1.0", "0x1", "x", "\u0661"])
def test_no_rseq(text: str) -> None:
    """What is no number of that range is no RSeq, however long it is, and none can be written."""
    with pytest.raises(RemoteProtocolError):
        RSEQ.parse(text)
    with pytest.raises(LocalProtocolError):
        RSEQ.lines([text])


def test_rseq_absent_or_twice() -> None:
    """A response that is not sent reliably has no RSeq; one with two of them is malformed."""
    assert Response.build(180)[RSEQ] is None
    with pytest.raises(RemoteProtocolError, match="more than one RSeq"):
        raw("SIP/2.0 180 Ringing", ("RSeq", "1"), ("RSeq", "2"))[RSEQ]


@pytest.mark.rfc("3262 7.2")
@pytest.mark.parametrize(
    ("text", "rseq", "cseq_number", "method"),
    [
        ("776656 1 INVITE", 776656, 1, "INVITE"),
        ("1 \t 0   INVITE", 1, 0, "INVITE"),
        ("4294967295 2147483647 invite", 2**32 - 1, 2**31 - 1, "invite"),
        ("001 00000000000002 x!y", 1, 2, "x!y"),
    ],
)
def test_rack(text: str, rseq: int, cseq_number: int, method: str) -> None:
    """A RAck says the RSeq and the CSeq of the response that a PRACK acknowledges; its method is case sensitive."""
    rack = Request.build("PRACK", "sip:bob@biloxi.com", headers=[("RAck", text)])[RACK]
    assert rack == (rseq, cseq_number, method) == RAck(rseq, cseq_number, method)
    assert rack is not None
    assert (rack.rseq, rack.cseq_number, rack.method) == (rseq, cseq_number, method)


@pytest.mark.rfc("3262 7.2")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "776656",
        "776656 1",
        "776656 1 INVITE ACK",
        "776656 1INVITE",
        "776656 1 INV@TE",
        "0 1 INVITE",
        "4294967296 1 INVITE",
        "1 2147483648 INVITE",
        f"{'9' * 5000} 1 INVITE",
        f"1 {'9' * 5000} INVITE",
        "-1 1 INVITE",
        "1 \u0661 INVITE",
    ],
)
def test_no_rack(text: str) -> None:
    """What lacks a part, or has a number out of its range, is no RAck."""
    with pytest.raises(RemoteProtocolError):
        RAck.parse(text)


@pytest.mark.rfc("3262 7.2")
def test_build_rack() -> None:
    """A RAck is made of the RSeq, and of the two parts of the CSeq, of the response."""
    rack = RAck.build(776656, 1, "INVITE")
    assert str(rack) == "776656 1 INVITE"
    assert RAck.parse(str(rack)) == rack
    assert copy.deepcopy(rack) == pickle.loads(pickle.dumps(rack)) == rack
    assert RACK.lines([rack]) == ["776656 1 INVITE"]


@pytest.mark.parametrize(
    "parts", [(0, 1, "INVITE"), (1, -1, "INVITE"), (1, 2**31, "INVITE"), (1, 1, ""), (1, 1, "A\r\n")]
)
def test_build_no_rack(parts: tuple[int, int, str]) -> None:
    """No RAck is made of parts that are out of their bounds."""
    with pytest.raises(LocalProtocolError):
        RAck.build(*parts)
