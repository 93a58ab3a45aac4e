"""The CSeq header (RFC 3261 20.16)."""

from __future__ import annotations

import pickle

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message import CSeq


@pytest.mark.rfc("3261 20.16", "3261 8.1.1.5")
@pytest.mark.parametrize(
    ("text", "number", "method"),
    [
        ("4711 INVITE", 4711, "INVITE"),
        ("0 ACK", 0, "ACK"),
        ("0009\r\n  INVITE", 9, "INVITE"),
        ("9\r\n INVITE", 9, "INVITE"),
        ("1 \t RE%47IST%45R", 1, "RE%47IST%45R"),
        ("2147483647 BYE", 2**31 - 1, "BYE"),
        ("00000000002147483647 BYE", 2**31 - 1, "BYE"),
        ("00000000000 BYE", 0, "BYE"),
        ("1 invite", 1, "invite"),
    ],
)
def test_read(text: str, number: int, method: str) -> None:
    """A CSeq is a number below 2**31 and a method, whose case counts."""
    assert CSeq.parse(text) == CSeq(number, method)


@pytest.mark.rfc("3261 8.1.1.5")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "INVITE",
        "1INVITE",
        "x INVITE",
        "-1 INVITE",
        "+1 INVITE",
        "1_0 INVITE",
        "1 IN VITE",
        "1 IN,VITE",
        "2147483648 INVITE",
        "36893488147419103232 REGISTER",
        "9" * 100_000 + " INVITE",
        "\u0661 INVITE",
        "\u00b2 INVITE",
    ],
)
def test_malformed(text: str) -> None:
    """A CSeq without number or method, or with a number of 2**31 and more, is refused."""
    with pytest.raises(RemoteProtocolError) as caught:
        CSeq.parse(text)
    assert (caught.value.status, caught.value.at) == (400, 0)


def test_written() -> None:
    """A CSeq is written as number and method, and survives pickling."""
    assert str(CSeq(5, "BYE")) == "5 BYE"
    assert pickle.loads(pickle.dumps(CSeq(5, "BYE"))) == CSeq(5, "BYE")


def test_build() -> None:
    """A CSeq of its parts is one that can be read; others are refused."""
    assert CSeq.build(7, "INVITE") == CSeq(7, "INVITE")
    for number, method in ((-1, "INVITE"), (2**31, "INVITE"), (1, "IN VITE"), (1, "A\r\nB: c"), (1, "")):
        with pytest.raises(LocalProtocolError):
            CSeq.build(number, method)
