"""Reason (RFC 3326) and Warning (RFC 3261 20.43)."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.headers.reasons import REASON, WARNING, Reason, WarningValue


@pytest.mark.rfc("3326 2")
@pytest.mark.parametrize(
    ("text", "protocol", "cause", "shown"),
    [
        ('SIP ;cause=200 ;text="Call completed elsewhere"', "SIP", 200, "Call completed elsewhere"),
        ('Q.850 ;cause=16 ;text="Terminated"', "Q.850", 16, "Terminated"),
        ("SIP;cause=600", "SIP", 600, None),
        ('SIP;text=""', "SIP", None, ""),
        ("preemption", "preemption", None, None),
        ("preemption ;cause=1 ;text=x;location=y", "preemption", 1, "x"),
    ],
)
def test_reason(text: str, protocol: str, cause: int | None, shown: str | None) -> None:
    """A reason names a protocol, and perhaps its cause and a text to show."""
    read = Reason.parse(text)
    assert (read.protocol, read.cause, read.text, str(read)) == (protocol, cause, shown, text)


@pytest.mark.rfc("3326 2")
def test_reasons() -> None:
    """A message may give reasons of several protocols, on one line or on many."""
    both = REASON.read(['SIP;cause=200;text="a, b", Q.850;cause=16'])
    assert [reason.protocol for reason in both] == ["SIP", "Q.850"]
    assert REASON.read(['SIP;cause=200;text="a, b"', "q.850;cause=16"]) == both
    assert REASON.lines(both) == ['SIP;cause=200;text="a, b"', "Q.850;cause=16"]


@pytest.mark.parametrize(
    "text", ["", ";cause=1", "SIP;cause", "SIP;cause=", "SIP;cause=-1", "SIP;cause=" + "9" * 99, "a b"]
)
def test_malformed_reason(text: str) -> None:
    """A reason without a protocol, or with a cause that is no number, is refused."""
    with pytest.raises(RemoteProtocolError):
        Reason.parse(text)


@pytest.mark.rfc("3326 2")
def test_reason_built() -> None:
    """A reason is built of its parts, and its text has quotes even where it is one word."""
    assert str(Reason.build("SIP")) == "SIP"
    assert str(Reason.build("SIP", cause=200, text="Done")) == 'SIP;cause=200;text="Done"'
    assert str(Reason.build("Q.850", {"location": "user"}, cause=16)) == "Q.850;cause=16;location=user"
    wrong: list[Callable[[], object]] = [
        lambda: Reason.build("SIP;x"),
        lambda: Reason.build(""),
        lambda: Reason.build("SIP", cause=-1),
        lambda: Reason.build("SIP", text="a\r\nVia: x"),
        lambda: Reason.build("SIP", {"text": "a"}, text="b"),
    ]
    for build in wrong:
        with pytest.raises(LocalProtocolError):
            build()


@pytest.mark.rfc("3261 20.43")
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "307 isi.edu \"Session parameter 'foo' not understood\"",
            (307, "isi.edu", "Session parameter 'foo' not understood"),
        ),
        (
            "301 isi.edu \"Incompatible network address type 'E.164'\"",
            (301, "isi.edu", "Incompatible network address type 'E.164'"),
        ),
        (r'399 192.0.2.1:5060 "a \"b\" \\"', (399, "192.0.2.1:5060", 'a "b" \\')),
        ('399 [2001:db8::1]:5060 ""', (399, "[2001:db8::1]:5060", "")),
        ('007 a~pseudonym* "\u20ac"', (7, "a~pseudonym*", "\u20ac")),
    ],
)
def test_warning(text: str, parts: tuple[int, str, str]) -> None:
    """A warning is a code, who gives it, and a text, and is written as it is read."""
    read = WarningValue.parse(text)
    assert (read.code, read.agent, read.text) == parts
    assert str(read) == text
    assert pickle.loads(pickle.dumps(read)) == read


@pytest.mark.rfc("3261 20.43")
def test_warnings() -> None:
    """Several warnings may stand on one line; a comma within a text does not separate."""
    first, second = WARNING.read(['370 a.com "x, y",399 b.com "z"'])
    assert (first.text, second.agent) == ("x, y", "b.com")
    assert WARNING.lines([first, second]) == ['370 a.com "x, y"', '399 b.com "z"']


@pytest.mark.rfc("3261 20.43", "4475 3.1.2.5")
@pytest.mark.parametrize(
    "text",
    [
        "",
        '1812 overture "In Progress"',
        '99 a "b"',
        '-99 a "b"',
        '399 a "b',
        "399 a b",
        '399 "b"',
        '399a "b"',
        '399 a "b" c',
        '399 a:99999 "b"',
        '\u0663\u0669\u0669 a "b"',
    ],
)
def test_malformed_warning(text: str) -> None:
    """A code of four digits, no agent, and a text without quotes are refused."""
    with pytest.raises(RemoteProtocolError):
        WARNING.read([text])


def test_warning_built() -> None:
    """A warning is built of its parts, unless they would be read as others."""
    assert str(WarningValue.build(399, "sipsm", 'a "b"')) == r'399 sipsm "a \"b\""'
    for parts in (
        (1812, "a", "b"),
        (-1, "a", "b"),
        (399, "", "b"),
        (399, "a b", "c"),
        (399, " a", "b"),
        (399, "a", "\r\n"),
    ):
        with pytest.raises(LocalProtocolError):
            WarningValue.build(*parts)
    with pytest.raises(LocalProtocolError):
        WARNING.lines([WarningValue(1812, "a", "b")])
