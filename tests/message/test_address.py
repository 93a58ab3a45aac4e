"""Addresses: From, To, Contact, Route and Record-Route (RFC 3261 20)."""

from __future__ import annotations

import copy
import pickle

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import Uri
from sipsm.message import Address


@pytest.mark.rfc("3261 20.10", "3261 20.20", "3261 25.1")
@pytest.mark.parametrize(
    ("text", "name", "uri", "tag"),
    [
        ("<sip:bob@biloxi.com>", None, "sip:bob@biloxi.com", None),
        ("Bob <sip:bob@biloxi.com>;tag=a6c85cf", "Bob", "sip:bob@biloxi.com", "a6c85cf"),
        (
            "The Operator\t<sip:operator@cs.columbia.edu>;tag=287447",
            "The Operator",
            "sip:operator@cs.columbia.edu",
            "287447",
        ),
        ('"A. G. Bell" <sip:agb@bell-telephone.com> ;tag=a48s', "A. G. Bell", "sip:agb@bell-telephone.com", "a48s"),
        ('"Bell, \\"A\\" <x>;tag=y"<sip:a>;tag=z', 'Bell, "A" <x>;tag=y', "sip:a", "z"),
        ('"" <sip:a>', "", "sip:a", None),
        ("caller<sip:caller@example.com>;tag=323", "caller", "sip:caller@example.com", "323"),
        ("Жанна <sip:a>;tag=1", "Жанна", "sip:a", "1"),
        ("sip:+12125551212@server.phone2net.com;tag=887s", None, "sip:+12125551212@server.phone2net.com", "887s"),
        ("sip:a ; tag = 1", None, "sip:a", "1"),
        ("<tel:+1-201-555-0123>;tag=1", None, "tel:+1-201-555-0123", "1"),
        ("tel:+1-201-555-0123;tag=1", None, "tel:+1-201-555-0123", "1"),
        ("<sip:a;transport=tcp>;tag=1", None, "sip:a;transport=tcp", "1"),
        ("<sip:a;transport=tcp;lr?x=y%20z>;TAG=1", None, "sip:a;transport=tcp;lr?x=y%20z", "1"),
        ("<sip:a,b;c?d@e>;x;tag=1", None, "sip:a,b;c?d@e", "1"),
        ("<SIPS:a>", None, "SIPS:a", None),
        ("folded\r\n name <sip:a>\r\n ;tag=1", "folded name", "sip:a", "1"),
    ],
)
def test_read(text: str, name: str | None, uri: str, tag: str | None) -> None:
    """An address is a URI, in brackets or not, perhaps with a name before it and parameters behind it."""
    address = Address.parse(text)
    assert (address.display_name, str(address.uri), address.tag, address.is_star) == (name, uri, tag, False)
    assert str(address) == text.replace("\r\n", "")


@pytest.mark.rfc("3261 20.10")
def test_whose_parameters() -> None:
    """Without brackets all parameters are the header's; with them, those inside are the URI's."""
    bare = Address.parse("sip:bob@biloxi.com;transport=tcp;Expires=60")
    assert (dict(bare.params), dict(bare.uri.params)) == ({"transport": "tcp", "expires": "60"}, {})
    bracketed = Address.parse('<sip:bob@biloxi.com;transport=tcp>;q=0.7;x="a;b";lr')
    assert (dict(bracketed.params), dict(bracketed.uri.params)) == (
        {"q": "0.7", "x": "a;b", "lr": None},
        {"transport": "tcp"},
    )
    assert dict(Address.parse("<sip:bob@biloxi.com>").params) == {}
    assert dict(Address.parse("<sip:bob@biloxi.com>;tag=1").params) == {"tag": "1"}


@pytest.mark.rfc("3261 10.2.2")
def test_star() -> None:
    """The * of a Contact means all bindings, and has no URI."""
    star = Address.parse("*")
    assert (star.is_star, str(star), star.tag, star.display_name, dict(star.params)) == (True, "*", None, None, {})
    with pytest.raises(RemoteProtocolError, match="no URI"):
        star.uri  # noqa: B018


@pytest.mark.rfc("3261 20.10", "3261 25.1")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "bob",
        "<bob>",
        "<>",
        "<sip:>",
        '"Mr. J. User <sip:j.user@example.com>',
        "Bell, Alexander <sip:a.g.bell@example.com>;tag=43",
        '"Watson, Thomas" < sip:t.watson@example.org >',
        "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
        "<sip:a",
        "sip:a>",
        "<sip:a>;",
        "<sip:a>;;tag=1",
        "<sip:a>x;tag=1",
        "<sip:a>;tag=1;tag=2",
        "<sip:a>;tag=",
        "<sip:a>;tag",
        "<sip:a;lr;lr>",
        "<sip:a%zz>",
        "<sip:a:99999>",
        "sip:a b",
        "a;tag=1",
        "*;tag=1",
        '"a" "b" <sip:a>',
        "<sip:a> <sip:b>",
        "<sip:a>\n",
    ],
)
def test_malformed(text: str) -> None:
    """What is no address is refused when it is read, its URI included: nothing fails later on."""
    with pytest.raises(RemoteProtocolError) as caught:
        Address.parse(text)
    assert caught.value.status == 400


@pytest.mark.rfc("3261 25.1")
def test_build() -> None:
    """An address is built of its parts, the name always quoted."""
    assert str(Address.build("sip:a")) == "<sip:a>"
    built = Address.build(Uri.parse("sip:bob@biloxi.com;lr"), 'Bob "the" B.', {"tag": "1", "x": "y z", "f": None})
    assert str(built) == '"Bob \\"the\\" B." <sip:bob@biloxi.com;lr>;tag=1;x="y z";f'
    assert (built.display_name, built.tag, built.uri.lr) == ('Bob "the" B.', "1", True)


@pytest.mark.parametrize(
    ("uri", "name", "params"),
    [
        ("bob", None, {}),
        ("sip:a>;tag=x", None, {}),
        ("sip:a\r\nVia: x", None, {}),
        ("sip:a", "B\r\nob", {}),
        ("sip:a", "B\0ob", {}),
        ("sip:a", None, {"tag": "1\r\n"}),
        ("sip:a", None, {"t g": "1"}),
    ],
)
def test_unbuildable(uri: str, name: str | None, params: dict[str, str | None]) -> None:
    """No part may be malformed, or break out of its place."""
    with pytest.raises(LocalProtocolError):
        Address.build(uri, name, params)


@pytest.mark.rfc("3261 19.3")
@pytest.mark.parametrize(
    ("text", "tagged"),
    [
        ("Bob <sip:b>", "Bob <sip:b>;tag=t"),
        ("sip:b", "sip:b;tag=t"),
        ('"B" <sip:b>;x=y', '"B" <sip:b>;x=y;tag=t'),
        ('"B" <sip:b>;tag=old;x=y', '"B" <sip:b>;x=y;tag=t'),
        ("sip:b;tag=old", "<sip:b>;tag=t"),
    ],
)
def test_tag(text: str, tagged: str) -> None:
    """A tag is added, or takes the place of another; the rest stays."""
    address = Address.parse(text).with_tag("t")
    assert (str(address), address.tag) == (tagged, "t")


@pytest.mark.parametrize(("text", "tag"), [("sip:b", "a\r\nb"), ("<sip:b>;tag=a", "\n"), ("*", "t")])
def test_unfit_tag(text: str, tag: str) -> None:
    """A tag cannot break its line, and a * takes none."""
    with pytest.raises(LocalProtocolError):
        Address.parse(text).with_tag(tag)


def test_copies() -> None:
    """An address never changes, so a copy is itself; equal text makes equal addresses."""
    address = Address.parse("Bob <sip:bob@biloxi.com>;tag=1")
    assert copy.copy(address) is address
    assert copy.deepcopy(address) is address
    assert pickle.loads(pickle.dumps(address)) == address
    assert len({address, Address.parse(str(address))}) == 1
    assert address != Address.parse("Bob <sip:bob@biloxi.com>;tag=2")
    assert address != str(address)
    assert address.uri is address.uri
    assert repr(address) == "<Address Bob <sip:bob@biloxi.com>;tag=1>"


@pytest.mark.parametrize("tag", ["a b", "", 'a"', "a;b"])
def test_a_tag_is_never_quoted(tag: str) -> None:
    """A tag is a token; one that would have to be quoted is refused, by whatever way it comes."""
    address = Address.parse("<sip:a@b>;x=1")
    with pytest.raises(LocalProtocolError, match="tag"):
        address.with_tag(tag)
    with pytest.raises(LocalProtocolError, match="tag"):
        Address.build("sip:a@b", params={"Tag": tag})


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("<sip:a@b>", "<sip:a@b>"),
        ("<sip:a@b;x=1>", "<sip:a@b;x=1>"),
        ("sip:a@b;x=1", "sip:a@b"),
        ("sip:a@b ; X = 1 ; y", "sip:a@b;y"),
        ('"<sip:c@d>;x=2" <sip:a@b;x=1>;y="p;x=3";x=1;z', '"<sip:c@d>;x=2" <sip:a@b;x=1>;y="p;x=3";z'),
        ("Bob  <sip:a@b> ;x=1;tag=a=;y=", "Bob  <sip:a@b>;tag=a=;y="),
        ("Bob <mailto:a@b>;x", "Bob <mailto:a@b>"),
    ],
)
def test_a_parameter_is_left_out(text: str, without: str) -> None:
    """Of all else it stays as it was written; the URI's parameters are none of the address."""
    address = Address.parse(text).without_param("x")
    assert str(address) == without
    assert "x" not in address.params
    assert address.uri == Address.parse(text).uri
