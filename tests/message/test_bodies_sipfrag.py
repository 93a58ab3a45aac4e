"""Fragments of messages (RFC 3420), and whole messages in bodies."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message import Request, Response, parse_message
from sipsm.message.address import Address
from sipsm.message.bodies import SIPFRAG, Multipart, Part, SipFrag
from sipsm.message.headers.content import CONTENT_TYPE
from sipsm.message.headers.events import EVENT
from sipsm.message.headers.field import Single

TO = Single("To", Address.parse, rfc="3261 20.39")


def wire(text: str) -> bytes:
    """The text as it goes over the wire: lines end in CRLF."""
    return text.replace("\n", "\r\n").encode()


@pytest.mark.rfc("3420 3.1", "3515 2.4.5")
@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\n\n\n", "\nContent-Length: 0\n\n"])
def test_status_line(end: str) -> None:
    """What a NOTIFY tells about a REFER is a status line, whether or not line ends follow it."""
    data = wire("SIP/2.0 603 Declined" + end)
    frag = SipFrag.parse(data)
    assert (frag.status, frag.reason, frag.method, frag.body) == (603, "Declined", None, b"")
    assert frag.start_line == "SIP/2.0 603 Declined"
    assert bytes(frag) == data


def test_a_lone_line_feed() -> None:
    """There are phones that end the status line with it, and write nothing more; between lines it divides nothing."""
    frag = SipFrag.parse(b"SIP/2.0 200 OK\n")
    assert (frag.status, frag.reason, frag.headers, frag.body) == (200, "OK", (), b"")
    assert bytes(frag) == b"SIP/2.0 200 OK\n"
    for data in b"SIP/2.0 200 OK\n\n", b"SIP/2.0 200 OK\nEvent: refer\n", b"SIP/2.0 200 OK\n\r\n":
        with pytest.raises(RemoteProtocolError):
            SipFrag.parse(data)


@pytest.mark.rfc("3420 3.1")
def test_request_line() -> None:
    """A fragment may be of a request, and may have some headers of it."""
    frag = SipFrag.parse(
        wire(
            "REGISTER sip:atlanta.com SIP/2.0\nTo: sip:alice@atlanta.com\n"
            "Contact: <sip:alicepc@atlanta.com>;q=0.9,\n         <sip:alicemobile@atlanta.com>;q=0.1\n"
        )
    )
    assert (frag.method, frag.status, frag.reason) == ("REGISTER", None, None)
    assert len(frag.header_values("Contact")) == 2
    to = frag[TO]
    assert to is not None
    assert str(to.uri) == "sip:alice@atlanta.com"
    assert repr(frag) == "<SipFrag REGISTER sip:atlanta.com SIP/2.0>"


@pytest.mark.rfc("3420 3.1")
def test_headers_only() -> None:
    """A fragment need not have a start line."""
    data = wire(
        "From: Alice <sip:alice@atlanta.com>\nTo: Bob <sip:bob@biloxi.com>\nCall-ID: a84b4c76e66710\n"
        "Cseq: 314159 INVITE\nSubject: this is not SIP/2.0\n"
    )
    frag = SipFrag.parse(data)
    assert (frag.start_line, frag.status, frag.method) == (None, None, None)
    assert frag.header("call-id") == "a84b4c76e66710"
    assert bytes(frag) == data
    assert repr(frag) == "<SipFrag From, To, Call-ID, Cseq, Subject>"
    assert SipFrag.parse(b"").headers == SipFrag.parse(b"\r\n").headers == ()


@pytest.mark.rfc("3420 2", "3420 3.1")
@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("Content-Type: text/plain\nContent-Length: 11\n\nHi There!\n", b"Hi There!\r\n"),
        ("SIP/2.0 200 OK\nc: application/sdp\nl: 3\n\nv=0\n", b"v=0"),
        ("SIP/2.0 200 OK\nContent-Type: text/plain\n\n\n\n", b"\r\n\r\n"),
        ("SIP/2.0 200 OK\nContent-Type: text/plain\nContent-Length: 247\n", b""),
        ("SIP/2.0 200 OK\nContent-Length: 247\n\n", b""),
    ],
)
def test_bodies(text: str, body: bytes) -> None:
    """A body is described by the headers of the fragment, which may also be there without it."""
    frag = SipFrag.parse(wire(text))
    assert frag.body == body
    assert bytes(frag) == wire(text)


@pytest.mark.rfc("3420 3.2")
@pytest.mark.parametrize(
    "text",
    [
        "INVITE",
        "INVITE sip:alice@atlanta.com SIP/1.09",
        "SIP/2.0",
        "404 Not Found",
        "SIP/2.0 1000 OK\n",
        "SIP/2.0 200 OK\nno header\n",
        "SIP/2.0 200 OK\n: x\n",
        "SIP/2.0 200 OK\n folded: x\n",
        "To: x\nSIP/2.0 200 OK\n",
        "MESSAGE sip:alice@atlanta.com SIP/2.0\nHi There!\n",
        "MESSAGE sip:alice@atlanta.com SIP/2.0\n\nHi There!\n",
        "\nHi There!",
        "SIP/2.0 200 OK\nContent-Type: text/plain\nContent-Length: 12\n\nHi There!\n",
        "SIP/2.0 200 OK\nContent-Type: text/plain\nContent-Length: x\n\nHi There!\n",
        "SIP/2.0 200 OK\rTo: x\n",
    ],
)
def test_malformed(text: str) -> None:
    """A start line that is not whole, a line that is no header, and a body that is not described make no fragment."""
    with pytest.raises(RemoteProtocolError) as caught:
        SipFrag.parse(wire(text))
    assert caught.value.status == 400


@pytest.mark.rfc("3420 3.2")
@pytest.mark.parametrize("line", ["To: <>;tag=39234", "From: <sip:bob@biloxi.com>;tag=1;tag=2"])
def test_malformed_headers(line: str) -> None:
    """A header that is malformed is found out when it is read."""
    frag = SipFrag.parse(wire(f"INVITE sip:alice@atlanta.com SIP/2.0\n{line}\n"))
    name = line.partition(":")[0]
    with pytest.raises(RemoteProtocolError):
        frag[Single(name, Address.parse, rfc="3420 3.2")]


@pytest.mark.rfc("3420 2", "3515 2.4.5")
def test_build() -> None:
    """A fragment is written with a status line or without, with headers, and with a body that they describe."""
    assert bytes(SipFrag.build(200)) == b"SIP/2.0 200 OK\r\n"
    assert bytes(SipFrag.build(100, "Working")) == b"SIP/2.0 100 Working\r\n"
    built = SipFrag.build(400, headers=[("Warning", '399 atlanta.com "x"'), (EVENT, "refer")])
    assert bytes(built) == b'SIP/2.0 400 Bad Request\r\nWarning: 399 atlanta.com "x"\r\nEvent: refer\r\n'
    assert SipFrag.parse(bytes(built)) == built
    with_body = SipFrag.build(headers=[(CONTENT_TYPE, "text/plain")], body=b"Hi There!\r\n")
    assert bytes(with_body) == b"Content-Type: text/plain\r\nContent-Length: 11\r\n\r\nHi There!\r\n"
    again = SipFrag.build(headers=[(CONTENT_TYPE, "text/plain"), ("Content-Length", 11)], body=b"Hi There!\r\n")
    assert again == with_body == SipFrag.parse(bytes(with_body))
    assert (SipFrag.build().start_line, bytes(SipFrag.build())) == (None, b"")


@pytest.mark.rfc("3420 2")
def test_build_nothing_wrong() -> None:
    """No fragment is written whose lines could be read as anything else, or whose body is not described."""
    with pytest.raises(LocalProtocolError):
        SipFrag.build(700)
    with pytest.raises(LocalProtocolError):
        SipFrag.build(200, "OK\r\nTo: x")
    with pytest.raises(LocalProtocolError):
        SipFrag.build(200, headers=[("To", "x\r\n\r\n")])
    with pytest.raises(LocalProtocolError):
        SipFrag.build(200, body=b"x")
    with pytest.raises(LocalProtocolError):
        SipFrag.build(200, headers=[("Content-Type", "text/plain"), ("Content-Length", 2)], body=b"x")


@pytest.mark.rfc("3420 4", "3515 5.3")
def test_of_a_message() -> None:
    """Of a message the start line is told, and those headers that are named, as they came: nothing else."""
    response = parse_message(
        wire(
            "SIP/2.0 486 Busy Here\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\nFrom: <sip:a@a>;tag=1\nTo: <sip:b@b>;tag=2\n"
            'Call-ID: x\nCSeq: 1 INVITE\nwarning :  399 b\n  "busy"\nEvent: x\nContent-Type: text/plain\n\nsecret'
        )
    )
    assert bytes(SipFrag.of(response)) == b"SIP/2.0 486 Busy Here\r\n"
    frag = SipFrag.of(response, "Warning", EVENT, "Subject")
    assert bytes(frag) == b'SIP/2.0 486 Busy Here\r\nwarning :  399 b\r\n  "busy"\r\nEvent: x\r\n'
    assert SipFrag.parse(bytes(frag)) == frag
    assert SipFrag.of(Request.build("BYE", "sip:a@b")).method == "BYE"


def test_another_header_in_a_fragment() -> None:
    """A header of a fragment is replaced as one of a message, but not so that it belies the body."""
    frag = SipFrag.parse(wire("SIP/2.0 200 OK\nX:a\nContent-Type: text/plain\nContent-Length: 1\n\nb"))
    changed = frag.with_header("X", "b")
    assert bytes(changed) == wire("SIP/2.0 200 OK\nX: b\nContent-Type: text/plain\nContent-Length: 1\n\nb")
    assert changed != frag
    assert (changed.status, changed.body) == (200, b"b")
    with pytest.raises(LocalProtocolError):
        frag.with_header("Content-Length", 2)
    assert SipFrag.build(200).with_header("Content-Length", 2).header("l") == "2"
    assert frag == copy.copy(frag) == copy.deepcopy(frag) == pickle.loads(pickle.dumps(frag))
    assert hash(frag) == hash(pickle.loads(pickle.dumps(frag)))
    assert frag != "x"


@pytest.mark.rfc("3420 5")
def test_in_a_notify() -> None:
    """A fragment goes into a NOTIFY under its own type."""
    frag = SipFrag.build(200)
    notify = Request.build("NOTIFY", "sip:a@b").with_body(bytes(frag), SIPFRAG)
    assert notify.content_type == "message/sipfrag"
    assert SipFrag.parse(notify.body).status == 200


@pytest.mark.rfc("3261 27.5")
def test_a_message_in_a_part() -> None:
    """A part of type message/sip is read as any message."""
    inner = Response.build(
        200,
        headers=[
            ("Via", "SIP/2.0/UDP a;branch=z9hG4bK1"),
            ("From", "<sip:a@a>;tag=1"),
            ("To", "<sip:b@b>;tag=2"),
            ("Call-ID", "x"),
            ("CSeq", "1 INVITE"),
        ],
    )
    (part,) = Multipart.build("mixed", [Part.build("message/sip", bytes(inner))]).parts
    assert parse_message(part.body) == inner


PIECES = [
    b"SIP/2.0 200 OK",
    b"INVITE sip:a@b SIP/2.0",
    b"To: x",
    b"\r\n",
    b"\r\n",
    b" ",
    b"x",
    b"\r",
    b"\0",
    b"c: a/b",
    b"l: 2",
]


@given(st.lists(st.sampled_from(PIECES)))
def test_any_bytes(pieces: list[bytes]) -> None:
    """Any bytes are a fragment or malformed, and a fragment is written as it came."""
    data = b"".join(pieces)
    try:
        frag = SipFrag.parse(data)
    except RemoteProtocolError:
        return
    assert bytes(frag) == data
