"""Feature parameters (RFC 3840 9, RFC 3841 8)."""

from __future__ import annotations

import pytest

from sipsm.errors import RemoteProtocolError
from sipsm.message.address import Address
from sipsm.message.headers.features import FeatureValue, feature_tag, features_of


@pytest.mark.rfc("3841 8")
def test_example() -> None:
    """The RFC's example of a predicate is read term by term."""
    params = {
        "mobility": "fixed",
        "events": "!presence,message-summary",
        "language": "en,de",
        "description": "<PC>",
        "+sip.newparam": None,
        "+rangeparam": "#-4:+5.125",
    }
    assert features_of(params) == {
        "sip.mobility": (FeatureValue("FIXED"),),
        "sip.events": (FeatureValue("PRESENCE", negated=True), FeatureValue("MESSAGE-SUMMARY")),
        "language": (FeatureValue("EN"), FeatureValue("DE")),
        "sip.description": (FeatureValue(text="PC"),),
        "sip.newparam": (FeatureValue("TRUE"),),
        "rangeparam": (FeatureValue(low=-4.0, high=5.125),),
    }


@pytest.mark.rfc("3840 9")
def test_of_a_contact() -> None:
    """A device says in its Contact what it can do, among other parameters."""
    contact = Address.parse('<sip:u1@h.example.com>;audio;video="FALSE";methods="INVITE,BYE";q=0.2;expires=60')
    assert features_of(contact.params) == {
        "sip.audio": (FeatureValue("TRUE"),),
        "sip.video": (FeatureValue("FALSE"),),
        "sip.methods": (FeatureValue("INVITE"), FeatureValue("BYE")),
    }


@pytest.mark.rfc("3841 8")
@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("audio", "sip.audio"),
        ("type", "type"),
        ("+g.3gpp.icsi-ref", "g.3gpp.icsi-ref"),
        ("+u!foo'bar", "u:foo/bar"),
        ("q", None),
        ("require", None),
        ("", None),
    ],
)
def test_tags(name: str, tag: str | None) -> None:
    """A tag is known by its plus sign, or as one of the first ones."""
    assert feature_tag(name) == tag


@pytest.mark.rfc("3840 9")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("#>=5", FeatureValue(low=5.0)),
        ("#<=5.", FeatureValue(high=5.0)),
        ("!#=-5.5", FeatureValue(low=-5.5, high=-5.5, negated=True)),
        ("urn%3Aurn-7%3A3gpp-service.ims.icsi.mmtel", FeatureValue("URN%3AURN-7%3A3GPP-SERVICE.IMS.ICSI.MMTEL")),
        ("text/plain", FeatureValue("TEXT/PLAIN")),
        ("<urn:uuid:F81D, a>", FeatureValue(text="urn:uuid:F81D, a")),
        ("<>", FeatureValue(text="")),
    ],
)
def test_values(text: str, value: FeatureValue) -> None:
    """A value is a word, a text or a range of numbers, or all but that."""
    assert features_of({"+x": text}) == {"x": (value,)}


@pytest.mark.rfc("3840 9")
@pytest.mark.parametrize(
    "text", ["", "a,", "#5", "#>5", "#5:", "#=1e9", "#=" + "9" * 301, "!", "!!a", "a<b>", "#", "a b"]
)
def test_malformed(text: str) -> None:
    """An empty value, a relation without its number, and a number that no double can hold are errors."""
    with pytest.raises(RemoteProtocolError):
        features_of({"+x": text})


@pytest.mark.rfc("3840 9")
def test_twice() -> None:
    """One tag under two names is there twice."""
    with pytest.raises(RemoteProtocolError, match=r"sip\.audio"):
        features_of({"audio": None, "+sip.audio": None})
