"""Subject, Organization, Priority, Alert-Info, Call-Info, Error-Info and User-to-User."""

from __future__ import annotations

import copy
import pickle

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.uri import Uri
from sipsm.message.headers.field import Listed
from sipsm.message.headers.people import (
    ALERT_INFO,
    CALL_INFO,
    ERROR_INFO,
    ORGANIZATION,
    PRIORITY,
    SUBJECT,
    USER_TO_USER,
    InfoUri,
    UserToUser,
)


@pytest.mark.rfc("3261 20.36", "3261 20.25")
@pytest.mark.parametrize("text", ["Need more boxes", "", "Boxes, by: Bob", "\u20ac \udcff"])
def test_texts(text: str) -> None:
    """A Subject and an Organization are any text, commas and all."""
    assert SUBJECT.read([text]) == ORGANIZATION.read([text]) == text
    assert SUBJECT.lines([text]) == [text]
    with pytest.raises(LocalProtocolError):
        SUBJECT.lines([text + "\r\nVia: x"])


@pytest.mark.rfc("3261 20.26", "3261 7.3.1")
def test_priority() -> None:
    """A Priority is one word, which has no case."""
    assert PRIORITY.read(["emergency"]) == "emergency"
    assert PRIORITY.read(["Non-Urgent"]) == "non-urgent"
    assert PRIORITY.lines(["urgent"]) == ["urgent"]
    for text in ("", "very urgent", "urgent;x"):
        with pytest.raises(RemoteProtocolError):
            PRIORITY.read([text])


@pytest.mark.rfc("3261 20.4", "3261 20.9", "3261 20.18")
@pytest.mark.parametrize("field", [ALERT_INFO, CALL_INFO, ERROR_INFO], ids=repr)
def test_info(field: Listed[InfoUri]) -> None:
    """Alert-Info, Call-Info and Error-Info list URIs, each with what it is for."""
    line = '<http://www.example.com/alice/photo.jpg?a,b> ;purpose=ICON, <sip:rec@atlanta.com;lr?a=b>;x="<,>", <urn:x:y>'
    icon, recording, urn = field.read([line])
    assert (str(icon.uri), icon.purpose) == ("http://www.example.com/alice/photo.jpg?a,b", "icon")
    assert (recording.uri, recording.purpose) == (Uri.parse("sip:rec@atlanta.com;lr?a=b"), None)
    assert recording.params["x"] == "<,>"
    assert urn.uri.scheme == "urn"
    assert field.lines([icon, urn]) == ["<http://www.example.com/alice/photo.jpg?a,b> ;purpose=ICON", "<urn:x:y>"]
    assert pickle.loads(pickle.dumps(icon)).uri == icon.uri
    assert copy.deepcopy(icon) is icon


@pytest.mark.parametrize(
    "text",
    ["", "http://a.com/", "<>", "<a>", "<http://a.com", "<sip:a b>", "<sip:a;x=1;x=2>", "<urn:x:y> z", '"A" <sip:b>'],
)
def test_malformed_info(text: str) -> None:
    """What is no URI, or has no angle brackets, is refused."""
    with pytest.raises(RemoteProtocolError):
        CALL_INFO.read([text])


def test_info_built() -> None:
    """Where there is more is built of a URI and what it is for."""
    assert str(InfoUri.build("http://a.com/", purpose="icon")) == "<http://a.com/>;purpose=icon"
    assert str(InfoUri.build(Uri.parse("sip:a@b"), {"x": "1"})) == "<sip:a@b>;x=1"
    assert InfoUri.build("http://a.com/A") != InfoUri.build("http://a.com/a")
    for uri in ("", "a", "sip:a>;x=<", "http://a.com/\r\nVia: x"):
        with pytest.raises(LocalProtocolError):
            InfoUri.build(uri)


@pytest.mark.rfc("7433 4", "7433 4.1", "7433 4.2")
def test_user_to_user() -> None:
    """Data from user to user is text, or octets in hex, of a package that is that of the ISDN when none is named."""
    read = UserToUser.parse("56a390f3d2b7310023a2;encoding=hex;purpose=Foo;content=Bar")
    assert (read.data, read.encoding, read.purpose, read.content) == ("56a390f3d2b7310023a2", "hex", "foo", "bar")
    assert read.octets == bytes.fromhex("56a390f3d2b7310023a2")
    quoted = UserToUser.parse('"56A390F3D2B7310023A2";content=Bar;purpose=Foo;Encoding=HEX')
    assert (quoted.data, quoted.octets) == ("56A390F3D2B7310023A2", read.octets)
    plain = UserToUser.parse('"some text"')
    assert (plain.data, plain.octets, plain.encoding, plain.content) == ("some text", None, None, None)
    assert plain.purpose == "isdn-uui"
    assert len(USER_TO_USER.read(['00;encoding=hex, "a, b"', "x"])) == 3


@pytest.mark.rfc("7433 4.2")
def test_user_to_user_compared() -> None:
    """Data in hex has no case, other data has; quotes say nothing."""
    one, other = UserToUser.parse("aB;encoding=hex"), UserToUser.parse('"Ab";encoding=hex')
    assert one == other
    assert hash(one) == hash(other)
    assert UserToUser.parse("aB") != UserToUser.parse("Ab")
    assert UserToUser.parse("aB") == UserToUser.parse('"aB"')


@pytest.mark.rfc("7433 4.1", "7433 4.2")
@pytest.mark.parametrize(
    "text",
    ["", "a b", "a=b", "abc;encoding=hex", "xy;encoding=hex", '" 00";encoding=hex', '"0 0 0";encoding=hex', "<00>"],
)
def test_malformed_user_to_user(text: str) -> None:
    """Half an octet, what is not hex, and text without quotes are refused."""
    with pytest.raises(RemoteProtocolError):
        UserToUser.parse(text)


@pytest.mark.rfc("7433 4.2")
def test_user_to_user_built() -> None:
    """Octets are written in hex and text as it is, each in quotes where it must be."""
    built = UserToUser.build(b"\x00\xab", {"x": None}, purpose="foo", content="bar")
    assert str(built) == "00AB;encoding=hex;purpose=foo;content=bar;x"
    assert built.octets == b"\x00\xab"
    assert str(UserToUser.build(b"")) == '"";encoding=hex'
    assert UserToUser.build(b"").octets == b""
    assert str(UserToUser.build("some text")) == '"some text"'
    assert str(UserToUser.build("text", purpose="foo")) == "text;purpose=foo"
    with pytest.raises(LocalProtocolError):
        UserToUser.build("a\r\nVia: x")
    with pytest.raises(LocalProtocolError):
        UserToUser.build("xy", {"encoding": "hex"})
