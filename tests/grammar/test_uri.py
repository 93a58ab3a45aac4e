"""URIs (RFC 3261 19.1)."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Mapping
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import Uri, escape_password, escape_user
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
    ["urn:service:sos", "soap.beep://192.0.2.103:3002", "http://[::1]/a?b=%20c", "telnet:+x", "tell:me"],
)
def test_opaque(text: str) -> None:
    """A URI of another scheme is carried, not taken apart."""
    uri = Uri.parse(text)
    assert str(uri) == text
    assert uri.scheme == text.partition(":")[0]
    assert (uri.user, uri.host, uri.port, dict(uri.params), uri.headers) == (None, "", None, {}, None)
    assert (uri.unescaped_user, uri.unescaped_password, uri.header_fields, uri.telephone) == (None, None, (), None)


@pytest.mark.rfc("3966 3")
def test_tel() -> None:
    """A tel URI has a telephone number and nothing of a SIP URI, and keeps its text."""
    for text in ("tel:+1-201-555-0123;ext=5", "TEL:*31#;phone-context=example.com", "tel:1;x=[a];phone-context=+1"):
        uri = Uri.parse(text)
        assert str(uri) == text
        assert (uri.scheme, uri.user, uri.host, uri.port, dict(uri.params)) == ("tel", None, "", None, {})
        assert str(uri.telephone) == text[4:]


@pytest.mark.rfc("3261 19.1.1", "3261 19.1.6")
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("sip:+1-212-555-1212:1234@gateway.com;user=phone", "+12125551212"),
        ("sips:1212@gateway.com;user=PHONE", "1212"),
        ("sip:%31212@gateway.com;user=%70hone", "1212"),
        ("sips:1212@gateway.com", None),
        ("sip:1212@gateway.com;user=ip", None),
        ("sip:1212@gateway.com;user", None),
        ("sip:operator@gateway.com;user=phone", None),
        ("sip:gateway.com;user=phone", None),
    ],
)
def test_telephone(text: str, number: str | None) -> None:
    """A SIP URI whose user parameter says so has a telephone number, if its user part is one."""
    telephone = Uri.parse(text).telephone
    assert (telephone and telephone.number) == number


# The examples of RFC 3261 19.1.3.
@pytest.mark.rfc("3261 19.1.3")
@pytest.mark.parametrize(
    ("text", "user", "password", "host", "params", "headers"),
    [
        ("sip:alice@atlanta.com", "alice", None, "atlanta.com", {}, ()),
        (
            "sip:alice:secretword@atlanta.com;transport=tcp",
            "alice",
            "secretword",
            "atlanta.com",
            {"transport": "tcp"},
            (),
        ),
        (
            "sips:alice@atlanta.com?subject=project%20x&priority=urgent",
            "alice",
            None,
            "atlanta.com",
            {},
            (("subject", "project x"), ("priority", "urgent")),
        ),
        (
            "sip:+1-212-555-1212:1234@gateway.com;user=phone",
            "+1-212-555-1212",
            "1234",
            "gateway.com",
            {"user": "phone"},
            (),
        ),
        ("sips:1212@gateway.com", "1212", None, "gateway.com", {}, ()),
        ("sip:alice@192.0.2.4", "alice", None, "192.0.2.4", {}, ()),
        (
            "sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com",
            None,
            None,
            "atlanta.com",
            {"method": "REGISTER"},
            (("to", "alice@atlanta.com"),),
        ),
        ("sip:alice;day=tuesday@atlanta.com", "alice;day=tuesday", None, "atlanta.com", {}, ()),
    ],
)
def test_examples(
    text: str,
    user: str | None,
    password: str | None,
    host: str,
    params: dict[str, str | None],
    headers: tuple[tuple[str, str], ...],
) -> None:
    """The examples of RFC 3261 are read, unescaped, as it explains them."""
    uri = Uri.parse(text)
    assert (uri.unescaped_user, uri.unescaped_password, uri.host) == (user, password, host)
    assert (dict(uri.params), uri.header_fields) == (params, headers)


@pytest.mark.rfc("3261 19.1.2", "4475 3.1.1.3", "4475 3.1.1.4")
@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("sip:null-%00-null@example.com", "null-\0-null"),
        ("sip:j%40s0n@example.com", "j@s0n"),
        ("sip:sips%3Auser%40example.com@example.net", "sips:user@example.com"),
        ("sip:%C3%A9lo%c3%afse@example.com", "élo\xefse"),
        ("sip:%fF%41@example.com", "\udcffA"),
        ("sip:%2541@example.com", "%41"),
    ],
)
def test_unescaped_user(text: str, user: str) -> None:
    """Escapes in a user part stand for octets, a NUL among them, and once only."""
    assert Uri.parse(text).unescaped_user == user


@pytest.mark.rfc("3261 19.1.2")
def test_header_fields() -> None:
    """The header fields of a URI come as text that was never escaped, each name as often as it was given."""
    uri = Uri.parse("sip:b@c?Replaces=12%40h%3Bto-tag%3D1%3bfrom-tag%3D2&Route=&Route=%3csip:a%3e&body=a%0D%0A%26b")
    assert uri.header_fields == (
        ("Replaces", "12@h;to-tag=1;from-tag=2"),
        ("Route", ""),
        ("Route", "<sip:a>"),
        ("body", "a\r\n&b"),
    )


@pytest.mark.rfc("5118 4.10")
def test_third_colon() -> None:
    """The third colon that the first grammar of SIP let into an IPv6 address is not part of the host."""
    uri = Uri.parse("sip:user@[2001:db8:::192.0.2.1]")
    assert (uri.host, uri.host_port) == ("2001:db8::192.0.2.1", "[2001:db8::192.0.2.1]")
    assert str(uri) == "sip:user@[2001:db8:::192.0.2.1]"
    assert uri == "sip:user@[2001:db8::192.0.2.1]"


@pytest.mark.rfc("3261 19.1.4")
def test_needless_escapes_in_params() -> None:
    """A parameter is known by its name and value however they are escaped."""
    uri = Uri.parse("sip:a;%6C%72;trans%70ort=%54cp;maddr=%5B::1%5d")
    assert (uri.lr, uri.transport, uri.maddr) == (True, "tcp", "::1")
    with pytest.raises(RemoteProtocolError):
        Uri.parse("sip:a;lr;%6Cr")


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
        "tel:+",
        "tel:operator",
        "tel:+1;ext=a",
        "tel:#[",
        "http://a/#b",
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


@pytest.mark.rfc("3261 19.1.1")
def test_build() -> None:
    """A URI is built of its parts."""
    assert str(Uri.build(host="biloxi.com")) == "sip:biloxi.com"
    built = Uri.build("sips", "bob", host="2001:db8::1", port=5061, params={"lr": None, "x": "y"}, headers="a=b")
    assert str(built) == "sips:bob@[2001:db8::1]:5061;lr;x=y?a=b"
    assert str(Uri.build(host="[::1]", params=[("transport", "tcp")])) == "sip:[::1];transport=tcp"
    assert str(Uri.build("SIP", "a", password="", host="b", params={"%61": "%41"})) == "SIP:a:@b;%61=%41"
    assert str(Uri.build(host="b", headers=())) == "sip:b"


@pytest.mark.rfc("3261 19.1.2")
def test_build_from_plain_text() -> None:
    """Plain text becomes a URI through the escapes of each part, and comes back out of it."""
    user, password, fields = "j@s0n \0é:", "a:b;c", [("Replaces", "1@h;to-tag=a&b"), ("Subject", "50 % + more\udcff")]
    built = Uri.build("sip", escape_user(user), password=escape_password(password), host="b", headers=fields)
    assert str(built) == (
        "sip:j%40s0n%20%00%C3%A9%3A:a%3Ab%3Bc@b?Replaces=1%40h%3Bto-tag%3Da%26b&Subject=50%20%25%20%2B%20more%FF"
    )
    assert (built.unescaped_user, built.unescaped_password, list(built.header_fields)) == (user, password, fields)
    assert Uri.build(host="b", headers=dict(fields)).header_fields == tuple(fields)


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
        {"host": "b", "headers": ""},
        {"host": "b", "headers": {"": "x"}},
        {"host": "b", "headers": {"Subject": "\ud800"}},
        {"host": "b", "password": "x"},
        {"host": "b", "user": "a", "password": "x@y"},
        {"host": "b", "params": [("a", "b"), ("%61", "b")]},
        {"host": "2001:db8:::1"},
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


@given(st.one_of(st.text(), st.text("sip:ab%41;=?&@[]:.lr1, \n<>", max_size=30).map("sip:".__add__)))
def test_any_text(text: str) -> None:
    """Any text is a URI that keeps it, and whose parts can all be read, or is refused."""
    try:
        uri = Uri.parse(text)
    except RemoteProtocolError:
        return
    assert str(uri) == text
    assert uri.unescaped_user is None or escape_user(uri.unescaped_user)
    assert len(uri.header_fields) == (0 if uri.headers is None else uri.headers.count("&") + 1)
    assert (uri.telephone is None) or uri.telephone.number
    assert isinstance(uri.params, Mapping)


@given(st.text(), st.text(), st.text(st.characters(exclude_categories=["Cs"])))
def test_any_parts(user: str, password: str, value: str) -> None:
    """Any text that UTF-8 holds goes into a URI as user, password or header, and comes back."""
    try:
        escaped_user, escaped_password = escape_user("u" + user), escape_password(password)
    except LocalProtocolError:
        assert any("\ud800" <= char <= "\udfff" for char in user + password)
        return
    uri = Uri.build("sip", escaped_user, password=escaped_password, host="b", headers={"x": value})
    assert (uri.unescaped_user, uri.unescaped_password, uri.header_fields) == ("u" + user, password, (("x", value),))


def test_linear_time() -> None:
    """A long URI with nothing at its end takes no more than its length: no pattern goes back over it."""
    for text in (
        "sip:" + "a;" * 100_000 + "\n",
        "sip:" + "%41" * 100_000 + " ",
        "sip:a;" + "b=c;" * 100_000,
        "sip:" + "a:" * 100_000,
        "sip:a?" + "b=c&" * 100_000,
        "tel:+1" + "-" * 300_000 + "x",
        "tel:" + "%23" * 100_000 + "x",
        "tel:+1" + ";isub=1" * 50_000 + " ",
        "tel:1" + ";ext=1" * 50_000,
        "x:" + "%41" * 100_000 + "%",
    ):
        with pytest.raises(RemoteProtocolError):
            Uri.parse(text)
