"""Info-Package and Recv-Info (RFC 6086)."""

from __future__ import annotations

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message import Request
from sipsm.message.headers.info import INFO_PACKAGE, RECV_INFO, InfoPackage


def recv_info(*values: str) -> tuple[str, ...]:
    """The names that an INVITE with such lines gives."""
    message = Request.build("INVITE", "sip:bob@biloxi.com", headers=[("Recv-Info", value) for value in values])
    return tuple(package.name for package in message[RECV_INFO])


@pytest.mark.rfc("6086 9.2")
def test_info_package() -> None:
    """An INFO names one package, with parameters of its own."""
    message = Request.build("INFO", "sip:bob@biloxi.com", headers=[("Info-Package", 'foo;a="x;y";b')])
    package = message[INFO_PACKAGE]
    assert package is not None
    assert (package.name, dict(package.params)) == ("foo", {"a": "x;y", "b": None})
    assert Request.build("INFO", "sip:bob@biloxi.com")[INFO_PACKAGE] is None


@pytest.mark.rfc("6086 9.2")
@pytest.mark.parametrize("text", ["", "foo, bar", "foo bar", ";a", "foo;;a", "foo/bar"])
def test_no_info_package(text: str) -> None:
    """None, several, or what is no token is no Info Package."""
    with pytest.raises(RemoteProtocolError):
        INFO_PACKAGE.read([text])


@pytest.mark.rfc("6086 7.2")
def test_matching_packages() -> None:
    """Packages are the same when their names are, case included; parameters do not count."""
    package = InfoPackage.parse("foo;a=1")
    assert package.matches(InfoPackage.parse("foo;b"))
    assert not package.matches(InfoPackage.parse("Foo;a=1"))
    assert package == InfoPackage.parse("foo ; A=1")
    assert package != InfoPackage.parse("Foo;a=1")


@pytest.mark.rfc("6086 5.2.2", "6086 9.2")
def test_recv_info() -> None:
    """Packages stand on one line or many; an empty line is a list of none, which is not the same as no line."""
    assert recv_info("foo, bar;x=1", "baz") == ("foo", "bar", "baz")
    assert recv_info("") == ()
    assert recv_info() == ()
    message = Request.build("INVITE", "sip:bob@biloxi.com", headers=[("Recv-Info", "")])
    assert message.has("Recv-Info")
    for text in ("foo,,bar", ",", "foo bar"):
        with pytest.raises(RemoteProtocolError):
            recv_info(text)


@pytest.mark.rfc("6086 9.2")
def test_write_recv_info() -> None:
    """Recv-Info is written on one line, which is empty for no packages at all."""
    assert RECV_INFO.lines([InfoPackage.build("foo", {"a": "1"}), "bar"]) == ["foo;a=1, bar"]
    assert RECV_INFO.lines([]) == [""]
    with pytest.raises(LocalProtocolError):
        InfoPackage.build("foo\r\nX: y")
    with pytest.raises(LocalProtocolError):
        InfoPackage.build("foo;a")
