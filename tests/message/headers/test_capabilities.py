"""Allow, Supported, Require, Accept and their kin (RFC 3261 20)."""

from __future__ import annotations

import pickle

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.headers.capabilities import (
    ACCEPT,
    ACCEPT_ENCODING,
    ACCEPT_LANGUAGE,
    ALLOW,
    PROXY_REQUIRE,
    REQUIRE,
    SUPPORTED,
    UNSUPPORTED,
    Accept,
    AcceptEncoding,
    AcceptLanguage,
)
from sipsm.message.headers.field import Listed


@pytest.mark.rfc("3261 20.5", "3261 7.1")
def test_allow() -> None:
    """Allow lists methods, whose case counts."""
    assert ALLOW.read(["INVITE, ACK, OPTIONS, CANCEL, BYE"]) == ("INVITE", "ACK", "OPTIONS", "CANCEL", "BYE")
    assert ALLOW.read(["INVITE", "invite"]) == ("INVITE", "invite")
    assert ALLOW.read([""]) == ()
    assert ALLOW.lines(["INVITE", "ACK"]) == ["INVITE, ACK"]


@pytest.mark.rfc("3261 20.29", "3261 20.32", "3261 20.37", "3261 20.40", "3261 7.3.1")
@pytest.mark.parametrize("field", [SUPPORTED, REQUIRE, PROXY_REQUIRE, UNSUPPORTED], ids=repr)
def test_option_tags(field: Listed[str]) -> None:
    """Option tags have no case, and are read in lower case."""
    assert field.read(["100rel, Timer", "REPLACES"]) == ("100rel", "timer", "replaces")
    assert field.parse("Timer") == "timer"
    assert field.lines(["100rel", "timer"]) == ["100rel, timer"]
    with pytest.raises(RemoteProtocolError):
        field.read(["100rel timer"])
    with pytest.raises(LocalProtocolError):
        field.lines(["100rel\r\nVia: x"])


@pytest.mark.rfc("3261 20.37")
def test_nothing_is_supported() -> None:
    """An empty Supported says that no extension is understood."""
    assert SUPPORTED.read([""]) == ()


@pytest.mark.rfc("3261 20.1", "3261 25.1")
def test_accept() -> None:
    """Accept lists kinds of bodies, with parameters and with how much each is wanted."""
    line = "application/sdp;level=1, application/x-private, Text / HTML;q=0.5, */*;q=0.001"
    sdp, private, html, any_kind = ACCEPT.read([line])
    assert (sdp.media_type, sdp.type, sdp.subtype) == ("application/sdp", "application", "sdp")
    assert (sdp.params["level"], sdp.q) == ("1", 1.0)
    assert private.media_type == "application/x-private"
    assert (html.media_type, html.q) == ("text/html", 0.5)
    assert (any_kind.media_type, any_kind.q) == ("*/*", 0.001)
    assert html == Accept.parse("text/html; q=0.5")
    assert pickle.loads(pickle.dumps(html)) == html


@pytest.mark.rfc("3261 20.1")
def test_nothing_is_accepted() -> None:
    """An empty Accept says that no body is understood, and can be said."""
    assert ACCEPT.read([""]) == ()
    assert ACCEPT.lines([]) == [""]


@pytest.mark.rfc("3261 20.1")
@pytest.mark.parametrize(
    ("accept", "covered", "not_covered"),
    [
        ("application/sdp", ["application/sdp", "Application/SDP"], ["application/sdp2", "text/sdp"]),
        ("Application/SDP;level=1", ["application/sdp"], ["application/*"]),
        ("application/*", ["application/sdp", "application/pidf+xml"], ["text/plain"]),
        ("*/*", ["application/sdp", "text/plain"], []),
    ],
)
def test_covered(accept: str, covered: list[str], not_covered: list[str]) -> None:
    """One kind of body covers itself, and a range covers all of its kinds."""
    value = Accept.parse(accept)
    assert all(value.covers(media_type) for media_type in covered)
    assert not any(value.covers(media_type) for media_type in not_covered)


@pytest.mark.rfc("3261 20.2")
def test_accept_encoding() -> None:
    """Accept-Encoding lists codings, which have no case; an empty one takes bodies as they are only."""
    gzip, anything = ACCEPT_ENCODING.read(["GZIP;q=0.5, *"])
    assert (gzip.coding, gzip.q) == ("gzip", 0.5)
    assert (anything.coding, anything.q) == ("*", 1.0)
    assert ACCEPT_ENCODING.read([""]) == ()
    assert ACCEPT_ENCODING.lines([AcceptEncoding.build("gzip", {"q": "0.5"})]) == ["gzip;q=0.5"]


@pytest.mark.rfc("3261 20.3")
def test_accept_language() -> None:
    """Accept-Language lists languages in the order of their qualities."""
    languages = ACCEPT_LANGUAGE.read(["da, en-GB;q=0.8, en;q=0.7, es-419;q=0, *"])
    assert [(value.language, value.q) for value in languages] == [
        ("da", 1.0),
        ("en-gb", 0.8),
        ("en", 0.7),
        ("es-419", 0.0),
        ("*", 1.0),
    ]
    assert str(languages[1]) == "en-GB;q=0.8"
    assert ACCEPT_LANGUAGE.lines([AcceptLanguage.build("da"), "en"]) == ["da, en"]


@pytest.mark.parametrize("text", ["", "application", "application/", "/sdp", "application/sdp/x", "a/b c", "a/b;"])
def test_malformed_accept(text: str) -> None:
    """A kind of body has a type and a subtype."""
    with pytest.raises(RemoteProtocolError):
        Accept.parse(text)


@pytest.mark.parametrize("text", ["", "abcdefghi", "en-", "-en", "e1", "en_gb", "*-gb", "en-abcdefghi"])
def test_malformed_language(text: str) -> None:
    """The tag of a language is words of up to eight letters with hyphens between."""
    with pytest.raises(RemoteProtocolError):
        AcceptLanguage.parse(text)
