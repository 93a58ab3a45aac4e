"""Via, From, To, Call-ID, CSeq, Contact, Reply-To, Route, Record-Route, Path and Service-Route as fields."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.address import Address
from sipsm.message.cseq import CSeq
from sipsm.message.headers import core
from sipsm.message.headers.field import Listed, Single
from sipsm.message.via import Via


@pytest.mark.rfc("3261 20.8", "3261 20.16", "3261 20.20", "3261 20.39")
def test_one_of_each() -> None:
    """From, To, Call-ID and CSeq stand in a message once."""
    assert core.FROM.read(["Alice <sip:alice@atlanta.com>;tag=1928301774"]).tag == "1928301774"
    assert core.TO.read(["Bob <sip:bob@biloxi.com>"]).display_name == "Bob"
    assert core.CALL_ID.read(["a84b4c76e66710@pc33.atlanta.com"]) == "a84b4c76e66710@pc33.atlanta.com"
    assert core.CSEQ.read(["314159 INVITE"]) == CSeq(314159, "INVITE")
    for field in (core.FROM, core.TO, core.CALL_ID, core.CSEQ):
        with pytest.raises(RemoteProtocolError, match="more than one"):
            field.read(["1 A", "1 A"])


@pytest.mark.rfc("3261 20.42", "3261 7.3.1")
def test_vias() -> None:
    """The Vias of all lines are one list, from the top."""
    vias = core.VIA.read(["SIP/2.0/UDP a;branch=z9hG4bK1, SIP/2.0/TCP b;branch=z9hG4bK2", "SIP/2.0/TLS c"])
    assert [via.host for via in vias] == ["a", "b", "c"]
    assert core.VIA.lines([Via.build("UDP", "a", branch="z9hG4bK1")]) == ["SIP/2.0/UDP a;branch=z9hG4bK1"]


@pytest.mark.rfc("3261 20.10")
def test_contacts() -> None:
    """There may be many Contacts, or an asterisk for all of them."""
    text = '"Mr. Watson" <sip:watson@worcester.bell-telephone.com>;q=0.7; expires=3600, <mailto:watson@bell.com> ;q=0.1'
    assert [contact.params["q"] for contact in core.CONTACT.read([text])] == ["0.7", "0.1"]
    assert core.CONTACT.read(["*"])[0].is_star


@pytest.mark.rfc("3261 20.10")
@pytest.mark.parametrize("length", [40, 120, 121, 2000])
def test_contacts_of_any_length(length: int) -> None:
    """A Contact that comes again is read as it was the first time, however long it is."""
    text = f"<sip:{'a' * (length - 10)}@b.c>"
    assert len(text) == length
    first, again = core.CONTACT.read_one(text), core.CONTACT.read_one(text)
    assert [str(contact) for contact in (*first, *again)] == [text, text]
    assert first[0].uri == again[0].uri == f"sip:{'a' * (length - 10)}@b.c"
    for _ in range(2):
        with pytest.raises(RemoteProtocolError):
            core.CONTACT.read_one(text.replace("<sip:", "<sip:sip: "))


@pytest.mark.rfc("3261 25.1")
@pytest.mark.parametrize("lines", [["*, <sip:a@b>"], ["<sip:a@b>", "*"], ["*", "*"], [""], ["*;q=1"]])
def test_star_beside_others(lines: list[str]) -> None:
    """The asterisk stands alone."""
    with pytest.raises(RemoteProtocolError):
        core.CONTACT.read(lines)


@pytest.mark.rfc("3261 25.1")
def test_star_beside_others_cannot_be_written() -> None:
    """A program cannot write the asterisk beside another Contact."""
    assert core.CONTACT.lines(["*"]) == ["*"]
    with pytest.raises(LocalProtocolError):
        core.CONTACT.lines(["*", Address.build("sip:a@b")])


@pytest.mark.rfc("3327 4", "3608 5", "3261 20.30", "3261 20.34")
@pytest.mark.parametrize("field", [core.PATH, core.SERVICE_ROUTE, core.ROUTE, core.RECORD_ROUTE])
def test_routes(field: Listed[Address]) -> None:
    """A route is a list of the URIs of proxies."""
    route = field.read(["<sip:P3.EXAMPLEHOME.COM;lr>,<sip:P1.EXAMPLEVISITED.COM;lr>"])
    assert [(hop.uri.host, hop.uri.lr) for hop in route] == [
        ("P3.EXAMPLEHOME.COM", True),
        ("P1.EXAMPLEVISITED.COM", True),
    ]
    assert field.lines(route) == ["<sip:P3.EXAMPLEHOME.COM;lr>", "<sip:P1.EXAMPLEVISITED.COM;lr>"]


@pytest.mark.rfc("3261 25.1")
@pytest.mark.parametrize("field", [core.FROM, core.TO, core.REPLY_TO, core.ROUTE, core.PATH])
@pytest.mark.parametrize("text", ["*", "", "<sip:a@b", "nobody"])
def test_no_address(field: Single[Any] | Listed[Any], text: str) -> None:
    """Only a Contact can be an asterisk."""
    with pytest.raises(RemoteProtocolError):
        field.read([text])


@pytest.mark.rfc("3261 20.8")
@pytest.mark.parametrize("text", ["", "a b", "a\tb"])
def test_no_call_id(text: str) -> None:
    """A Call-ID is one word."""
    with pytest.raises(RemoteProtocolError):
        core.CALL_ID.read([text])
