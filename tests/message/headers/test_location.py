"""Geolocation, Geolocation-Routing and Geolocation-Error (RFC 6442)."""

from __future__ import annotations

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.headers.location import (
    GEOLOCATION,
    GEOLOCATION_ERROR,
    GEOLOCATION_ROUTING,
    Geolocation,
    GeolocationError,
)


@pytest.mark.rfc("6442 4.1", "6442 5.1")
def test_location() -> None:
    """A location is part of the body, or elsewhere; parameters mean nothing and are kept."""
    text = "<cid:target123@atlanta.example.com>, <sips:3sde,frhy2jj7@lis.example.com;a=b>;x=y"
    part, elsewhere = GEOLOCATION.read([text])
    assert (part.uri.scheme, str(part.uri)) == ("cid", "cid:target123@atlanta.example.com")
    assert (elsewhere.uri.user, dict(elsewhere.params)) == ("3sde,frhy2jj7", {"x": "y"})
    assert str(elsewhere) == "<sips:3sde,frhy2jj7@lis.example.com;a=b>;x=y"


@pytest.mark.rfc("6442 4.1")
@pytest.mark.parametrize("text", ["", "cid:a@b", "<>", "<a b>", "<nouri>", "<sip:>", "<cid:a@b", "<cid:a@b>x"])
def test_location_malformed(text: str) -> None:
    """A location is a URI in brackets."""
    with pytest.raises(RemoteProtocolError):
        GEOLOCATION.read([text])


@pytest.mark.rfc("6442 4.1")
def test_location_build() -> None:
    """A location is built of its URI."""
    location = Geolocation.build("cid:a@b.example.com", {"x": "y"})
    assert str(location) == "<cid:a@b.example.com>;x=y"
    assert Geolocation.build(location.uri) == Geolocation.parse("<cid:a@b.example.com>")
    for uri in ("<cid:a@b>", "cid:a@b>;x=<y", "cid:a\r\nb", "nouri"):
        with pytest.raises(LocalProtocolError):
            Geolocation.build(uri)


@pytest.mark.rfc("6442 4.2")
@pytest.mark.parametrize(
    ("text", "may"), [("yes", True), ("YES", True), ("no", False), ("maybe", False), ("x=y", False), ('x="a b"', False)]
)
def test_routing(text: str, may: bool) -> None:
    """Only a yes is a yes."""
    assert GEOLOCATION_ROUTING.read([text]) is may


@pytest.mark.rfc("6442 4.2")
def test_routing_malformed() -> None:
    """Nothing, and more than a word, is no answer."""
    for text in ("", "yes no", "yes;x"):
        with pytest.raises(RemoteProtocolError):
            GEOLOCATION_ROUTING.read([text])


@pytest.mark.rfc("6442 4.2")
def test_routing_write() -> None:
    """A program says it by True and False."""
    assert GEOLOCATION_ROUTING.lines([True]) == ["yes"]
    assert GEOLOCATION_ROUTING.lines([False]) == ["no"]


@pytest.mark.rfc("6442 4.4")
def test_error() -> None:
    """What is wrong with a location has a number, and a text for humans."""
    error = GEOLOCATION_ERROR.read(['100 ; code="Cannot Process Location"'])
    assert (error.code, error.text) == (100, "Cannot Process Location")
    assert GEOLOCATION_ERROR.read(["7"]).text is None


@pytest.mark.rfc("6442 4.4")
@pytest.mark.parametrize("text", ["", "x", "1000", "9" * 5000, "-1", "100 200", "١"])
def test_error_malformed(text: str) -> None:
    """The number has one to three digits."""
    with pytest.raises(RemoteProtocolError):
        GEOLOCATION_ERROR.read([text])


@pytest.mark.rfc("6442 4.4")
def test_error_build() -> None:
    """The text is written in quotes, also where it is one word."""
    assert str(GeolocationError.build("300", {"code": "Failure", "x": "y"})) == '300;code="Failure";x=y'
    for value, params in (("1000", {}), ("300;x", {}), ("100", {"code": "\n"})):
        with pytest.raises(LocalProtocolError):
            GeolocationError.build(value, params)
