"""Refer-To, Referred-By and Refer-Sub, and headers inside of a URI (RFC 3515, RFC 3892, RFC 4488)."""

from __future__ import annotations

import pickle

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.uri import Uri
from sipsm.message import Request
from sipsm.message.headers.capabilities import REQUIRE
from sipsm.message.headers.dialogs import JOIN, REPLACES, Replaces
from sipsm.message.headers.transfer import (
    REFER_EVENTS_AT,
    REFER_SUB,
    REFER_TO,
    REFERRED_BY,
    ReferredBy,
    ReferSub,
    in_uri,
    with_headers,
)
from tests.message.headers.raw import raw


def refer(*headers: tuple[str, object]) -> Request:
    """A REFER with these headers."""
    return Request.build("REFER", "sip:b@atlanta.example.com", headers=headers)


@pytest.mark.rfc("3515 2.1")
@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("sip:alice@atlanta.example.com", "sip:alice@atlanta.example.com"),
        ("<sip:carol@cleveland.example.org;method=SUBSCRIBE>", "sip:carol@cleveland.example.org;method=SUBSCRIBE"),
        ("http://www.ietf.org", "http://www.ietf.org"),
        ('"Dave, Denver" <sip:dave@denver.example.org?Replaces=a%3Bto-tag%3D1>;x=y', None),
        ("<tel:+1-201-555-0123>", "tel:+1-201-555-0123"),
        ("<cid:cn35t8jf02@example.com>", "cid:cn35t8jf02@example.com"),
    ],
)
def test_refer_to(text: str, uri: str | None) -> None:
    """A REFER refers to one resource, by a URI of any scheme, which may say method and headers."""
    address = refer(("r", text))[REFER_TO]
    assert address is not None
    assert str(address) == text
    assert str(address.uri) == (uri or "sip:dave@denver.example.org?Replaces=a%3Bto-tag%3D1")


@pytest.mark.rfc("3515 2.4.2")
@pytest.mark.parametrize(
    "values",
    [
        ["<sip:a@b>, <sip:c@d>"],
        ["sip:a@b, sip:c@d"],
        ["<sip:a@b>", "<sip:c@d>"],
        [""],
        ["*"],
        ["<>"],
        ["alice"],
        ["<sip:a@b"],
    ],
)
def test_not_exactly_one_refer_to(values: list[str]) -> None:
    """None or several is a bad request, whether they stand on one line or on two."""
    with pytest.raises(RemoteProtocolError) as caught:
        raw("REFER sip:a@b SIP/2.0", *[("Refer-To", value) for value in values])[REFER_TO]
    assert caught.value.status == 400


@pytest.mark.rfc("3892 3")
@pytest.mark.parametrize(
    ("text", "uri", "cid"),
    [
        ('sip:r@ref.example;cid="2UWQFN309shb3@ref.example"', "sip:r@ref.example", "2UWQFN309shb3@ref.example"),
        ('<sip:a@b;x=y> ;cid="1@[2001:db8::1]";z', "sip:a@b;x=y", "1@[2001:db8::1]"),
        ("Referrer <sip:referrer@referrer.example>", "sip:referrer@referrer.example", None),
    ],
)
def test_referred_by(text: str, uri: str, cid: str | None) -> None:
    """Referred-By says who referred, and which part of the body proves it."""
    value = refer(("b", text))[REFERRED_BY]
    assert value is not None
    assert (str(value), str(value.uri), value.cid) == (text, uri, cid)
    assert value == ReferredBy.parse(text)
    assert pickle.loads(pickle.dumps(value)) == value


@pytest.mark.rfc("3892 3")
def test_no_referred_by() -> None:
    """Nobody, or several, or a URI cut short by its own parameters, is no referrer."""
    for text in ("", "*", "<sip:a@b>, <sip:c@d>", "<sip:a@b", "sip:a@b;cid=1;cid=2"):
        with pytest.raises(RemoteProtocolError):
            REFERRED_BY.parse(text)


@pytest.mark.rfc("3892 3")
def test_build_referred_by() -> None:
    """The Content-ID is written in quotes and without its brackets."""
    built = ReferredBy.build("sip:r@ref.example", cid="2UWQFN309shb3@ref.example")
    assert str(built) == '<sip:r@ref.example>;cid="2UWQFN309shb3@ref.example"'
    assert str(ReferredBy.build("sip:r@ref.example", "R", {"x": None})) == '"R" <sip:r@ref.example>;x'
    for cid in ("", "a", "a@", "@b", "<a@b>", "a..b@c", ".a@c", "a@b@c", 'a"@b', "a@b\r\n"):
        with pytest.raises(LocalProtocolError):
            ReferredBy.build("sip:r@ref.example", cid=cid)
    with pytest.raises(LocalProtocolError):
        ReferredBy.build("sip:r@ref.example", params={"cid": "a@b"}, cid="a@b")
    with pytest.raises(LocalProtocolError):
        ReferredBy.build("*")


@pytest.mark.rfc("4488 4")
def test_refer_sub() -> None:
    """Refer-Sub is true or false in any case, and may have parameters."""
    for text, subscribes in (("false", False), ("TRUE;x=y", True), ("False ;x", False), ("true", True)):
        value = refer(("Refer-Sub", text))[REFER_SUB]
        assert value is not None
        assert value.subscribes is subscribes
    for text in ("", "no", "falsely", "true, false", "true false", "0"):
        with pytest.raises(RemoteProtocolError):
            REFER_SUB.parse(text)
    assert str(ReferSub.build(False)) == "false"
    assert str(ReferSub.build(True, {"x": "y"})) == "true;x=y"
    assert ReferSub.build("true") == ReferSub.parse("TRUE")
    with pytest.raises(LocalProtocolError):
        ReferSub.build("maybe")


@pytest.mark.rfc("7614 4.8")
def test_refer_events_at() -> None:
    """Refer-Events-At is a SIP or SIPS URI, always in angle brackets, and may have parameters."""
    for text in ("<sips:vPT3izGmo8NTxaPADRZvEAY22BKx@example.com;gr>", "<sip:a@b>;x=y"):
        value = refer(("Refer-Events-At", text))[REFER_EVENTS_AT]
        assert value is not None
        assert str(value) == text
    for text in ("sip:wsXa9mkHtPcGu8@example.com", "<tel:+1>", '"A" <sip:a@b>', "<sip:a@b>, <sip:c@d>", ""):
        with pytest.raises(RemoteProtocolError):
            REFER_EVENTS_AT.parse(text)


@pytest.mark.rfc("3515 2.1", "3261 19.1.5")
def test_replaces_in_a_uri() -> None:
    """An attended transfer names the dialog to replace in the URI that it refers to, escaped."""
    address = refer(
        (
            "Refer-To",
            "<sip:dave@denver.example.org?Replaces=12345%40192.168.118.3%3B"
            "to-tag%3D12345%3Bfrom-tag%3D5FFE-3994&require=replaces%2Cfoo>",
        )
    )[REFER_TO]
    assert address is not None
    assert in_uri(address.uri, REPLACES) == Replaces.build("12345@192.168.118.3", to_tag="12345", from_tag="5FFE-3994")
    assert in_uri(address.uri, REQUIRE) == ("replaces", "foo")
    assert in_uri(address.uri, JOIN) is None
    assert in_uri(Uri.parse("sip:a@b"), REQUIRE) == ()


@pytest.mark.rfc("3261 19.1.5")
@pytest.mark.parametrize(
    "headers",
    [
        "Replaces=a",
        "Replaces=",
        "Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2&REPLACES=a%3Bto-tag%3D1%3Bfrom-tag%3D2",
        "Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2%0D%0AVia:%20x",
        "Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2%00",
        "Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2%0A",
    ],
)
def test_malformed_header_in_a_uri(headers: str) -> None:
    """A header in a URI is held to the same rules as one in a message, and cannot bring a line of its own."""
    with pytest.raises(RemoteProtocolError):
        in_uri(Uri.parse(f"sip:a@b?{headers}"), REPLACES)


@pytest.mark.rfc("3515 2.1", "3261 19.1.2")
def test_headers_into_a_uri() -> None:
    """Headers are escaped when they are put into a URI, behind those that are there, and come out again."""
    replaces = Replaces.build("a&b=c@d", to_tag="1", from_tag="2", early_only=True)
    uri = with_headers(Uri.parse("sips:c:pw@[2001:db8::1]:5061;method=INVITE?Subject=x%20y"), [("Replaces", replaces)])
    assert str(uri) == (
        "sips:c:pw@[2001:db8::1]:5061;method=INVITE?Subject=x%20y"
        "&Replaces=a%26b%3Dc%40d%3Bto-tag%3D1%3Bfrom-tag%3D2%3Bearly-only"
    )
    assert in_uri(uri, REPLACES) == replaces
    assert str(with_headers(Uri.parse("sip:a@b"), [])) == "sip:a@b"


@pytest.mark.rfc("3261 19.1.1", "3261 7.3.1")
@pytest.mark.parametrize(
    ("uri", "name", "value"),
    [
        ("tel:+1-201-555-0123", "Replaces", "a"),
        ("sip:a@b", "Subject", "x\r\nVia: y"),
        ("sip:a@b", "Subject", "x\0"),
        ("sip:a@b", "Sub ject", "x"),
        ("sip:a@b", "", "x"),
    ],
)
def test_headers_that_do_not_fit_into_a_uri(uri: str, name: str, value: str) -> None:
    """A URI of another scheme has no headers, and no header brings a second line."""
    with pytest.raises(LocalProtocolError):
        with_headers(Uri.parse(uri), [(name, value)])
