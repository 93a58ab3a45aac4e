"""Telephone numbers in URIs (RFC 3966, RFC 3261 19.1.6)."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import TelephoneSubscriber, Uri, sip_to_tel, tel_to_sip

parse = TelephoneSubscriber.parse


# The examples of RFC 3966 6 come first.
@pytest.mark.rfc("3966 3", "3966 5.1", "3966 6")
@pytest.mark.parametrize(
    ("text", "number", "phone_context"),
    [
        ("+1-201-555-0123", "+12015550123", None),
        ("7042;phone-context=example.com", "7042", "example.com"),
        ("863-1234;phone-context=+1-914-555", "8631234", "+1-914-555"),
        ("+(.-1)", "+1", None),
        ("911", "911", None),
        ("*31#;phone-context=+33", "*31#", "+33"),
        ("%2A31%23;phone-context=+33", "*31#", "+33"),
        ("(a)-F", "aF", None),
        ("+1%35;Phone-Context=5", "+15", "5"),
        ("1;phone-context=a_b.example.", "1", "a_b.example."),
    ],
)
def test_numbers(text: str, number: str, phone_context: str | None) -> None:
    """A number is its digits, global with a plus sign and local without; its text is kept."""
    subscriber = parse(text)
    assert str(subscriber) == text
    assert repr(subscriber) == f"<TelephoneSubscriber {text}>"
    assert (subscriber.number, subscriber.phone_context) == (number, phone_context)
    assert subscriber.is_global == (number[0] == "+")


@pytest.mark.rfc("3966 3", "3966 5.2", "3966 5.3", "3966 5.4")
def test_params() -> None:
    """A number's parameters may come in any order."""
    subscriber = parse("+1;npdi;Rn=+1-2;M-x=%41%2c;isub=a:b,%00%3b/?=")
    assert list(subscriber.params.items()) == [
        ("npdi", None),
        ("rn", "+1-2"),
        ("m-x", "A%2C"),
        ("isub", "a:b,%00%3B/?="),
    ]
    assert (subscriber.isub, subscriber.extension, subscriber.mandatory) == ("a:b,\0;/?=", None, ("m-x",))
    subscriber = parse("+1;ext=(12)-34")
    assert (subscriber.isub, subscriber.extension, subscriber.mandatory) == (None, "1234", ())
    with pytest.raises(TypeError):
        subscriber.params["ext"] = "x"  # type: ignore[index]


@pytest.mark.rfc("3966 3")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "+-",
        "-",
        "+1a",
        "+1*",
        "+1#",
        "++1",
        "1+",
        "1g",
        "+1 2",
        "+\u0661",
        "%2B1",
        "+1;",
        "+1;;x",
        "+1;x=",
        "+1;x_y",
        "+1;x=a,b",
        "+1;x=a=b",
        "+1;x=%4",
        "+1;ext",
        "+1;ext=",
        "+1;ext=a",
        "+1;isub",
        "+1;isub=",
        "+1;isub= ",
        "1;phone-context",
        "1;phone-context=",
        "1;phone-context=+",
        "1;phone-context=a/b",
        "+1;x;X=1",
        "+1;ext=1;ext=2",
        "+1;isub=1;ISUB=2",
        "1;phone-context=a;phone-context=b",
        "+1?x=y",
        "+1\n",
    ],
)
def test_malformed(text: str) -> None:
    """What is no telephone number is refused, on its own and in a tel URI."""
    for read in (parse, Uri.parse):
        with pytest.raises(RemoteProtocolError) as caught:
            read(text if read is parse else f"tel:{text}")
        assert caught.value.status == 400


@pytest.mark.rfc("3966 4", "3966 5.1.1", "3261 19.1.6")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+1-201-555-0123", "+1(201)555.0123"),
        ("aF#", "Af%23"),
        ("+358-555-1234567;postd=pp22", "+358-555-1234567;POSTD=PP22"),
        ("+358-555-1234567;postd=pp22;isub=1411", "+358-555-1234567;isub=1411;postd=pp22"),
        ("+358-555-1234567;tsp=a.b;phone-context=5", "+358-555-1234567;phone-context=5;tsp=a.b"),
        ("1;phone-context=Example.COM", "1;phone-context=example.com"),
        ("1;phone-context=+1-914", "1;phone-context=+1914"),
        ("+1;ext=1-2", "+1;ext=12"),
        ("+1;isub=%61%2f", "+1;isub=A%2F"),
        ("+1;m-a=b;c", "+1;C;m-a=B"),
    ],
)
def test_equal(one: str, other: str) -> None:
    """Separators, case, needless escapes and the order of parameters do not tell two numbers apart."""
    assert parse(one) == parse(other)
    assert hash(parse(one)) == hash(parse(other))
    assert Uri.parse(f"tel:{one}") == f"TEL:{other}"


@pytest.mark.rfc("3966 4")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+1", "1"),
        ("+1", "+2"),
        ("1;phone-context=+1", "1;phone-context=+12"),
        ("1;phone-context=a-b", "1;phone-context=ab"),
        ("1;phone-context=1-2", "1;phone-context=12"),
        ("1;phone-context=a", "1"),
        ("+1;ext=1", "+1;isub=1"),
        ("+1;ext=1", "+1"),
        ("+1;isub=1-2", "+1;isub=12"),
        ("+1;x=1", "+1;x"),
        ("+1;x=1", "+1;x=2"),
        ("+1;x=%2f", "+1;x=/"),
    ],
)
def test_unequal(one: str, other: str) -> None:
    """A number, or a parameter on one side only, tells two apart."""
    assert parse(one) != parse(other)
    assert parse(other) != parse(one)
    assert Uri.parse(f"tel:{one}") != f"tel:{other}"
    assert parse(one) != one


@pytest.mark.rfc("3966 3")
def test_build() -> None:
    """A number is built of its parts, in the order that lets it be compared as text."""
    built = TelephoneSubscriber.build(
        "863-1234", phone_context="+1-914-555", isub="a;b\0", params={"Z": None, "b": "%41"}
    )
    assert str(built) == "863-1234;isub=a%3Bb%00;phone-context=+1-914-555;b=%41;Z"
    assert built.isub == "a;b\0"
    assert str(TelephoneSubscriber.build("+1", extension="5", params=[("a", "b")])) == "+1;ext=5;a=b"


@pytest.mark.rfc("3966 5.1", "3966 5.3")
@pytest.mark.parametrize(
    "parts",
    [
        {"number": ""},
        {"number": "911"},
        {"number": "+1;ext=5"},
        {"number": "+1", "extension": "1", "isub": "1"},
        {"number": "+1", "extension": "1", "params": {"isub": "1"}},
        {"number": "+1", "extension": "1;x=2"},
        {"number": "+1", "extension": ""},
        {"number": "+1", "isub": "\ud800"},
        {"number": "+1", "params": {"a": "1;b=2"}},
        {"number": "+1", "params": {"a b": None}},
        {"number": "+1", "params": [("a", None), ("A", None)]},
        {"number": "1", "phone_context": "a b"},
        {"number": "+1\r\nX: y"},
    ],
)
def test_unbuildable(parts: dict[str, object]) -> None:
    """No part may be malformed or run over into the next, and a local number has a context."""
    with pytest.raises(LocalProtocolError):
        TelephoneSubscriber.build(**parts)  # type: ignore[arg-type]


def test_copies() -> None:
    """A number never changes, so a copy is itself; and it survives pickling."""
    subscriber = parse("+1;ext=5")
    assert copy.copy(subscriber) is subscriber
    assert copy.deepcopy(subscriber) is subscriber
    assert str(pickle.loads(pickle.dumps(subscriber))) == str(subscriber)


# The examples of RFC 3261 19.1.6 come first.
@pytest.mark.rfc("3261 19.1.6", "3966 3")
@pytest.mark.parametrize(
    ("tel", "sip"),
    [
        ("tel:+358-555-1234567;postd=pp22", "sip:+358-555-1234567;postd=pp22@foo.com;user=phone"),
        ("tel:+358-555-1234567;POSTD=PP22", "sip:+358-555-1234567;postd=pp22@foo.com;user=phone"),
        (
            "tel:+358-555-1234567;tsp=a.b;phone-context=5",
            "sip:+358-555-1234567;phone-context=5;tsp=a.b@foo.com;user=phone",
        ),
        (
            "tel:+358-555-1234567;phone-context=5;tsp=a.b",
            "sip:+358-555-1234567;phone-context=5;tsp=a.b@foo.com;user=phone",
        ),
        (
            "tel:+358-555-1234567;postd=pp22;isub=1411",
            "sip:+358-555-1234567;isub=1411;postd=pp22@foo.com;user=phone",
        ),
        (
            "TEL:A%23#;x=[b]:%2c;phone-context=Example.com;isub=a@%62",
            "sip:a%23%23;isub=a%40b;phone-context=example.com;x=%5Bb%5D%3A%2C@foo.com;user=phone",
        ),
    ],
)
def test_tel_to_sip(tel: str, sip: str) -> None:
    """A tel URI goes whole into the user part of a SIP URI, in lower case and in order."""
    assert str(tel_to_sip(tel, "foo.com")) == sip
    assert str(tel_to_sip(Uri.parse(tel), "foo.com", scheme="sips")) == sip.replace("sip:", "sips:")
    assert tel_to_sip(tel, "foo.com").telephone is not None


def test_tel_to_sip_with_more() -> None:
    """The gateway's port and parameters are the caller's to give."""
    assert str(tel_to_sip("tel:+1", "::1", 5070, params={"lr": None})) == "sip:+1@[::1]:5070;user=phone;lr"
    assert str(tel_to_sip("tel:+1", "a", params=[("x", "y")])) == "sip:+1@a;user=phone;x=y"


@pytest.mark.parametrize("uri", ["sip:+1@a;user=phone", "http://a", "", "tel:"])
def test_no_tel_to_sip(uri: str) -> None:
    """Nothing but a tel URI can be made the SIP URI of a telephone number."""
    with pytest.raises(LocalProtocolError):
        tel_to_sip(uri, "foo.com")


@pytest.mark.rfc("3261 19.1.6")
@pytest.mark.parametrize(
    ("sip", "tel"),
    [
        ("sip:+358-555-1234567;postd=pp22@foo.com;user=phone", "tel:+358-555-1234567;postd=pp22"),
        ("sips:+1-212-555-1212:1234@gateway.com", "tel:+1-212-555-1212"),
        ("sip:7042;phone-context=example.com@a;user=phone", "tel:7042;phone-context=example.com"),
        ("sip:911@a", "tel:911;phone-context=+1"),
        ("sip:911;x=y;ext=5@a", "tel:911;ext=5;phone-context=+1;x=y"),
    ],
)
def test_sip_to_tel(sip: str, tel: str) -> None:
    """A telephone number in the user part makes a tel URI; a local one gets the context that it lacks."""
    assert str(sip_to_tel(sip, phone_context="+1")) == tel
    assert sip_to_tel(Uri.parse(sip), phone_context="+1").scheme == "tel"


@pytest.mark.rfc("3966 5.1.5")
@pytest.mark.parametrize("uri", ["sip:911@a;user=phone", "sip:bob@a", "sip:a", "http://a", "sip:"])
def test_no_sip_to_tel(uri: str) -> None:
    """A user who is no number makes no tel URI, nor does a local number without context."""
    with pytest.raises(LocalProtocolError):
        sip_to_tel(uri)


@given(st.text("+123aF-.()*#%2;=xX[]:/,"))
def test_any_text(text: str) -> None:
    """Any text is a number that equals its normal form and goes into a SIP URI, or is refused."""
    try:
        subscriber = parse(text)
    except RemoteProtocolError:
        return
    assert str(subscriber) == text
    normalized = subscriber.normalized()
    assert normalized == subscriber
    assert hash(normalized) == hash(subscriber)
    assert str(normalized.normalized()) == str(normalized)
    sip = tel_to_sip(f"tel:{text}", "foo.com")
    assert sip.telephone is not None
    assert sip.telephone.number == normalized.number
