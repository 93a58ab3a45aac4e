"""URIs (RFC 3261 19.1, RFC 5954)."""

from __future__ import annotations

import copy
import pickle
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import Uri
from sipsm.grammar.uri import is_usual_uri


@pytest.mark.rfc("3261 19.1.1")
def test_all_parts() -> None:
    """A SIP URI is taken apart into all that RFC 3261 lets it have, and keeps its text."""
    text = (
        "SIPS:alice;day=tuesday:pa$s@atlanta.com:5061;Transport=TCP;maddr=239.255.255.1;lr"
        "?subject=project%20x&priority=urgent"
    )
    uri = Uri.parse(text)
    assert str(uri) == text
    assert repr(uri) == f"<Uri {text}>"
    assert (uri.scheme, uri.user, uri.password) == ("sips", "alice;day=tuesday", "pa$s")
    assert (uri.host, uri.port, uri.host_port) == ("atlanta.com", 5061, "atlanta.com:5061")
    assert list(uri.params.items()) == [("transport", "TCP"), ("maddr", "239.255.255.1"), ("lr", None)]
    assert (uri.transport, uri.maddr, uri.lr) == ("tcp", "239.255.255.1", True)
    assert uri.headers == "subject=project%20x&priority=urgent"


def test_few_parts() -> None:
    """All but scheme and host may be missing."""
    uri = Uri.parse("sip:atlanta.com")
    assert (uri.user, uri.password, uri.host, uri.port, uri.host_port) == (
        None,
        None,
        "atlanta.com",
        None,
        "atlanta.com",
    )
    assert (dict(uri.params), uri.transport, uri.maddr, uri.lr, uri.headers) == ({}, None, None, False, None)


@pytest.mark.rfc("5118 4.3", "5118 4.4")
def test_ipv6() -> None:
    """The host of an IPv6 URI comes without brackets, and the port is what stands behind them."""
    uri = Uri.parse("sip:bob@[2001:db8::9:1]:5070;maddr=[ff0e::1]")
    assert (uri.host, uri.port, uri.host_port, uri.maddr) == ("2001:db8::9:1", 5070, "[2001:db8::9:1]:5070", "ff0e::1")
    assert Uri.parse("sip:bob@[2001:db8::10:5070]").port is None


@pytest.mark.parametrize(
    "text",
    [
        "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
        "sip:user;par=u%40example.net@example.com",
        "sip:sips%3Auser%40example.com@example.net",
        "sip:null-%00-null@example.com",
        "sip:a@b;x=",
        "sip:a@b:65535",
        "sip:a@b:05060",
        "sip:a:@b",
    ],
)
def test_unusual(text: str) -> None:
    """The grammar lets more into a URI than one would think."""
    assert str(Uri.parse(text)) == text


@pytest.mark.parametrize(
    "text",
    ["tel:+1-201-555-0123;phone-context=x", "urn:service:sos", "soap.beep://192.0.2.103:3002", "http://[::1]/a?b=%20c"],
)
def test_opaque(text: str) -> None:
    """A URI of another scheme is carried, not taken apart."""
    uri = Uri.parse(text)
    assert str(uri) == text
    assert uri.scheme == text.partition(":")[0]
    assert (uri.user, uri.host, uri.port, dict(uri.params), uri.headers) == (None, "", None, {}, None)


@pytest.mark.rfc("3261 19.1.1", "3261 25.1")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "sip",
        "sip:",
        "bob@biloxi.com",
        "sip:bob@",
        "sip:@biloxi.com",
        "sip:bob smith@biloxi.com",
        "<sip:bob@biloxi.com>",
        "sip:bob@biloxi.com; lr",
        "sip:bob@biloxi.com:",
        "sip:bob@biloxi.com:x",
        "sip:bob@biloxi.com:65536",
        "sip:bob@biloxi.com:99999999999999999999",
        "sip:bob@2001:db8::1",
        "sip:bob@[2001:db8::1",
        "sip:bob%4@biloxi.com",
        "sip:bob%zz@biloxi.com",
        "sip:bob@biloxi.com;;lr",
        "sip:bob@biloxi.com;",
        "sip:bob@biloxi.com;a=b=c",
        "sip:bob@biloxi.com;lr;LR",
        "sip:bob@biloxi.com?",
        "sip:bob@biloxi.com?a",
        "sip:bob@biloxi.com?a=b&",
        "sip:böb@biloxi.com",
        'sip:"bob"@biloxi.com',
        "sip:bob@biloxi.com\r\n",
        "sip:bob@biloxi.com\n",
        "sip:bob\0@biloxi.com",
        "tel:",
        "tel:+1 201",
        "1tel:5",
        "*",
    ],
)
def test_malformed(text: str) -> None:
    """What is no URI is refused, with status 400."""
    with pytest.raises(RemoteProtocolError) as caught:
        Uri.parse(text)
    assert caught.value.status == 400


def test_usual_ones_are_uris() -> None:
    """The quick test for the usual kind of URI lets nothing through that is none."""
    for user, host, port, param in product(
        ("", "a@", "a;b@", "a%41@", ":@", "a:b@"),
        ("b.c", "[::1]", "", "b c"),
        ("", ":5060", ":70000"),
        ("", ";lr", ";a=b", ";a;a"),
    ):
        text = f"sip:{user}{host}{port}{param}"
        if is_usual_uri(text):
            assert str(Uri.parse(text)) == text


# Every pair of lines from the examples of RFC 3261 19.1.4 and RFC 5954 4.2.
@pytest.mark.rfc("3261 19.1.4", "5954 4.2")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("sip:a%2eb@c:5060", "sip:a.b@C:05060"),
        ("sip:a:p%41@c", "sip:a:pA@c"),
        ("sip:a%fF@c", "sip:a%Ff@c"),
        ("sip:bob@[::ffff:192.0.2.128]", "sip:bob@[::ffff:c000:280]"),
        ("sip:bob@[2001:db8::9:1]", "sip:bob@[2001:db8::9:01]"),
        ("sip:bob@[2001:db8:::1]", "sip:bob@[2001:DB8:::1]"),
        ("tel:+1", "tel:+1"),
        ("sip:a@b;lr", "sip:a@b;LR"),
    ],
)
def test_equal(one: str, other: str) -> None:
    """Two ways to write the same address are equal, and hash alike."""
    assert Uri.parse(one) == Uri.parse(other)
    assert Uri.parse(other) == Uri.parse(one)
    assert Uri.parse(one) == other
    assert hash(Uri.parse(one)) == hash(Uri.parse(other))


@pytest.mark.rfc("3261 19.1.4")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
        ("sip:bob@biloxi.com", "sip:biloxi.com"),
        ("sip:bob:pass@biloxi.com", "sip:bob@biloxi.com"),
        ("sip:bob@biloxi.com;maddr=192.0.2.1", "sip:bob@biloxi.com"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;user=phone"),
        ("sip:a%40b@c", "sip:a%2Fb@c"),
        ("sip:a%2Bb@c", "sip:a+b@c"),
        ("tel:+1", "tel:+2"),
        ("tel:+1", "sip:+1@a"),
        ("sip:a@[::1]", "sip:a@[::2]"),
    ],
)
def test_unequal(one: str, other: str) -> None:
    """Addresses that may lead elsewhere are not equal."""
    assert Uri.parse(one) != Uri.parse(other)
    assert Uri.parse(other) != Uri.parse(one)
    assert Uri.parse(one) != other


def test_unequal_to_other_things() -> None:
    """A URI is not equal to text that is no URI, nor to what is neither."""
    assert Uri.parse("sip:a") != "sip:"
    assert Uri.parse("sip:a") != 5


@pytest.mark.rfc("3261 19.1.1")
def test_build() -> None:
    """A URI is built of its parts."""
    assert str(Uri.build(host="biloxi.com")) == "sip:biloxi.com"
    built = Uri.build("sips", "bob", host="2001:db8::1", port=5061, params={"lr": None, "x": "y"}, headers="a=b")
    assert str(built) == "sips:bob@[2001:db8::1]:5061;lr;x=y?a=b"
    assert str(Uri.build(host="[::1]", params=[("transport", "tcp")])) == "sip:[::1];transport=tcp"


@pytest.mark.parametrize(
    "parts",
    [
        {"host": ""},
        {"host": "a;lr"},
        {"host": "a b"},
        {"host": "a:5060"},
        {"host": "a\r\nVia: x"},
        {"host": "a@b"},
        {"host": "b", "user": ""},
        {"host": "b", "user": "bob smith"},
        {"host": "b", "user": "a:b"},
        {"host": "b", "user": "x@y"},
        {"host": "b", "port": 65536},
        {"host": "b", "port": -1},
        {"host": "b", "params": {"a": "b;c=d"}},
        {"host": "b", "params": {"a=b": None}},
        {"host": "b", "params": [("a", "b"), ("a", "b")]},
        {"host": "b", "params": {"a": "b?c=d"}},
        {"host": "b", "params": {"a": "\0"}},
        {"host": "b", "headers": "a"},
        {"host": "b", "scheme": "tel"},
        {"host": "b", "scheme": ""},
    ],
)
def test_unbuildable(parts: dict[str, object]) -> None:
    """No part may be malformed, or run over into the next."""
    with pytest.raises(LocalProtocolError):
        Uri.build(**parts)  # type: ignore[arg-type]


def test_copies() -> None:
    """A URI never changes, so a copy is itself; and it survives pickling."""
    uri = Uri.parse("sip:bob@biloxi.com;lr")
    assert copy.copy(uri) is uri
    assert copy.deepcopy(uri) is uri
    assert str(pickle.loads(pickle.dumps(uri))) == str(uri)
    with pytest.raises(AttributeError):
        uri.port = 5  # type: ignore[misc]
    with pytest.raises(TypeError):
        uri.params["lr"] = "x"  # type: ignore[index]


@given(st.text("sip:ab%41;=?&@[]:.lr1, \n<>", max_size=30).map("sip:".__add__))
def test_any_text(text: str) -> None:
    """Any text is a URI that keeps it and equals itself, or is refused."""
    try:
        uri = Uri.parse(text)
    except RemoteProtocolError:
        return
    assert str(uri) == text
    assert uri == Uri.parse(text)
    assert hash(uri) == hash(Uri.parse(text))


def test_linear_time() -> None:
    """A long URI with nothing at its end takes no more than its length: no pattern goes back over it."""
    for text in (
        "sip:" + "a;" * 100_000 + "\n",
        "sip:" + "%41" * 100_000 + " ",
        "sip:a;" + "b=c;" * 100_000,
        "sip:" + "a:" * 100_000,
    ):
        with pytest.raises(RemoteProtocolError):
            Uri.parse(text)
