"""What a message says, read on first touch (RFC 3261 7.3 and 20)."""

from __future__ import annotations

import copy
import pickle

import pytest

from sipsm.errors import RemoteProtocolError
from sipsm.message import CSeq, Request, Response, headers, parse_message, read_message


def lines(text: str) -> bytes:
    return text.strip("\n").replace("\n", "\r\n").encode()


INVITE = (
    lines("""
INVITE sip:bob@biloxi.com SIP/2.0
Via: SIP/2.0/UDP bigbox3.site3.atlanta.com;branch=z9hG4bK77ef4c2312983.1, SIP/2.0/TCP a;branch=z9hG4bK2
Max-Forwards: 69
v: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKnashds8;received=192.0.2.1
Record-Route: <sip:p2.example.com;lr>, <sip:p1.example.com;lr>
record-route: <sip:p0.example.com;lr>
ROUTE: "Proxy, the" <sip:p3.example.com;lr>
t: Bob <sip:bob@biloxi.com>
FROM: "Alice, \\"A\\" <sip:x>" <sip:alice@atlanta.com>;tag=1928301774
i: a84b4c76e66710@pc33.atlanta.com
CSeq: 314159 INVITE
m: <sip:alice@pc33.atlanta.com>, "Office, 2nd" <sip:alice@office.atlanta.com;transport=tcp>;q=0.5
Contact: sip:alice@home.atlanta.com;expires=60
Require: 100rel, timer
Supported:
k: replaces, , join
Subject:  a
  long\tsubject
X-Unknown :kept  as it came, "quoted
x-unknown: again
c: Application/SDP ; charset=utf-8
Content-Length: 5

v=0
""")
    + b"\r\n"
)


@pytest.fixture
def invite() -> Request:
    message = parse_message(INVITE)
    assert isinstance(message, Request)
    return message


@pytest.mark.rfc("3261 7.1", "3261 7.3.3")
def test_request(invite: Request) -> None:
    """A request's line and the headers that every transaction needs are read, under long, short and odd names."""
    assert (invite.method, str(invite.uri), invite.version) == ("INVITE", "sip:bob@biloxi.com", "SIP/2.0")
    assert (invite.via.branch, invite.from_.tag, invite.to.tag) == ("z9hG4bK77ef4c2312983.1", "1928301774", None)
    assert invite.from_.display_name == 'Alice, "A" <sip:x>'
    assert (invite.call_id, invite.cseq) == ("a84b4c76e66710@pc33.atlanta.com", CSeq(314159, "INVITE"))
    assert (invite.content_type, invite.body) == ("application/sdp", b"v=0\r\n")
    assert repr(invite) == "<Request INVITE sip:bob@biloxi.com>"


@pytest.mark.rfc("3261 7.3.1")
def test_order_over_lines_and_commas(invite: Request) -> None:
    """The values of a list are in order over all its lines, split at commas outside of quotes and brackets only."""
    assert [via.branch for via in invite.vias] == ["z9hG4bK77ef4c2312983.1", "z9hG4bK2", "z9hG4bKnashds8"]
    assert [str(address.uri) for address in invite.record_route] == [
        "sip:p2.example.com;lr",
        "sip:p1.example.com;lr",
        "sip:p0.example.com;lr",
    ]
    assert [address.display_name for address in invite.route] == ["Proxy, the"]
    assert [str(address.uri) for address in invite.contacts] == [
        "sip:alice@pc33.atlanta.com",
        "sip:alice@office.atlanta.com;transport=tcp",
        "sip:alice@home.atlanta.com",
    ]
    assert invite.contact is invite.contacts[0]
    assert invite.contacts[2].params["expires"] == "60"


@pytest.mark.rfc("3261 7.3.1", "3261 20")
def test_any_header(invite: Request) -> None:
    """Every header can be read by its name in any case, long or short; unknown ones as well."""
    assert invite.header("subject") == "a long\tsubject"
    assert invite.header("S") == "a long\tsubject"
    assert (invite.header("x-UNKNOWN"), invite.header("nothing")) == ('kept  as it came, "quoted', None)
    assert invite.lines_of("X-Unknown") == ('kept  as it came, "quoted', "again")
    assert (invite.lines_of("nothing"), invite.header_values("nothing")) == ((), ())
    assert invite.header_values("Require") == ("100rel", "timer")
    assert invite.header_values("Supported") == ("replaces", "join")
    assert (invite.has("V"), invite.has("via"), invite.has("nothing")) == (True, True, False)
    with pytest.raises(RemoteProtocolError, match="never closed"):
        invite.header_values("X-Unknown")


@pytest.mark.rfc("3261 7.3.1")
def test_all_headers_as_they_came(invite: Request) -> None:
    """All lines are there in order, spelled as they came, folds kept."""
    assert len(invite.headers) == 20
    assert invite.headers[0][0] == "Via"
    assert invite.headers[2][0] == "v"
    assert invite.headers[16] == ("X-Unknown", 'kept  as it came, "quoted')
    assert dict(invite.headers)["Subject"] == "a\r\n  long\tsubject"
    assert bytes(invite) == INVITE


@pytest.mark.rfc("3261 7.2")
def test_response() -> None:
    """A response has a status and a reason, and the same headers as a request."""
    data = (
        lines("""
SIP/2.0 486 Busy Here
Via: SIP/2.0/UDP a;branch=z9hG4bK1
From: <sip:a>;tag=1
To: <sip:b>;tag=2
Call-ID: 1
CSeq: 1 INVITE
Content-Length: 0

""")
        + b"\r\n\r\n"
    )
    response = parse_message(data)
    assert isinstance(response, Response)
    assert (response.status, response.reason, response.to.tag, response.body) == (486, "Busy Here", "2", b"")
    assert (response.contact, response.contacts, response.route, response.content_type) == (None, (), (), None)
    assert repr(response) == "<Response 486 Busy Here>"
    assert bytes(response) == data


def test_several_at_once(invite: Request) -> None:
    """Of headers that are read together, the first of the list that is malformed is told, wherever it stands."""
    fields = (headers.EXPIRES, headers.CONTACT, headers.MIN_SE, headers.RSEQ)
    invite.check(*fields)
    with pytest.raises(RemoteProtocolError, match="is no address"):
        invite.with_header("Contact", "<").check(*fields)
    broken = invite.with_header("Min-SE", "x").with_header("Contact", "*, *")
    with pytest.raises(RemoteProtocolError, match="beside another Contact"):
        broken.check_all({field.key: field for field in fields})
    with pytest.raises(RemoteProtocolError, match="is no session interval"):
        broken.check_all({field.key: field for field in reversed(fields)})


def test_read_once(invite: Request) -> None:
    """What was read is kept."""
    assert invite.via is invite.via
    assert invite.from_ is invite.from_
    assert invite.to is invite.to
    assert invite.cseq is invite.cseq
    assert invite.call_id is invite.call_id
    assert invite.uri is invite.uri
    assert invite.vias is invite.vias
    assert invite.contacts is invite.contacts


@pytest.mark.parametrize("name", ["via", "from_", "to", "call_id", "cseq"])
@pytest.mark.rfc("3261 8.1.1")
def test_missing(name: str) -> None:
    """A mandatory header that is not there is missed when it is asked for, with status 400."""
    message = read_message(b"OPTIONS sip:a SIP/2.0\r\nMax-Forwards: 70\r\n\r\n")
    with pytest.raises(RemoteProtocolError, match=r"no (Via|From|To|Call-ID|CSeq) header") as caught:
        getattr(message, name)
    assert (caught.value.status, caught.value.rfc) == (400, "3261 8.1.1")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Via: x", "via"),
        ("Via: SIP/2.0/UDP a, ", "vias"),
        ('From: "x <sip:a>', "from_"),
        ("To: <sip:a>;tag=1;tag=2", "to"),
        ("Call-ID: a b", "call_id"),
        ("Call-ID: a\tb", "call_id"),
        ("Call-ID:", "call_id"),
        ("CSeq: INVITE", "cseq"),
        ("Contact: <sip:a>, <sip", "contact"),
        ("Contact: ", "contacts"),
        ("Route: sip:a?b=c", "route"),
        ("Record-Route: <sip:a>;;;", "record_route"),
    ],
)
def test_malformed(line: str, name: str) -> None:
    """A header that cannot be read is refused when it is asked for, with its section, and only then."""
    message = read_message(f"OPTIONS sip:a SIP/2.0\r\n{line}\r\n\r\n".encode())
    with pytest.raises(RemoteProtocolError) as caught:
        getattr(message, name)
    assert caught.value.status == 400
    assert caught.value.rfc.startswith("3261 ")


@pytest.mark.rfc("3261 7.3.1")
@pytest.mark.parametrize("fold", ["\r\n ", "\r\n\t", " \r\n  \t "])
def test_folded(fold: str) -> None:
    """A folded line says what it would say on one line, in every header."""
    text = (
        "OPTIONS sip:a SIP/2.0\r\n"
        "Via:~SIP/2.0/UDP~a~;~branch=z9hG4bK1~,~SIP/2.0/UDP~b\r\n"
        "From:~A~B~<sip:a>~;~tag=1\r\n"
        "To:~sip:b~\r\n"
        "Call-ID:~x~\r\n"
        "CSeq:~1~OPTIONS\r\n"
        "Contact:~<sip:c>~,~<sip:d>\r\n"
        "Content-Length:~0~\r\n"
        "Content-Type:~text~/~plain\r\n\r\n"
    ).replace("~", fold)
    message = parse_message(text.encode())
    assert (message.via.branch, message.from_.tag, str(message.to.uri)) == ("z9hG4bK1", "1", "sip:b")
    assert (message.call_id, message.cseq, len(message.vias)) == ("x", (1, "OPTIONS"), 2)
    assert [str(contact.uri) for contact in message.contacts] == ["sip:c", "sip:d"]
    assert (message.content_type, message.header("via")) == (
        "text/plain",
        "SIP/2.0/UDP a ; branch=z9hG4bK1 , SIP/2.0/UDP b",
    )
    assert bytes(message) == text.encode()


@pytest.mark.rfc("3261 20.15")
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("", None),
        ("Content-Type: application/sdp\n", "application/sdp"),
        ("Content-Type: Text / HTML;charset=utf-8\n", "text/html"),
        ("Content-Type: application/sdp\nc: text/plain\n", "application/sdp"),
        ("c: text/plain;format=flowed\nc: application/sdp\n", "text/plain"),
        ("Content-Type: no type\n", "notype"),
    ],
)
def test_what_kind_of_body(said: str, kind: str | None) -> None:
    """A body's type is told without parameters, the first where there are two, however often it is asked for."""
    rest = "From: <sip:a>\nTo: <sip:b>\nCall-ID: x\nCSeq: 1 OPTIONS\n"
    for via in ("SIP/2.0/UDP a;branch=z9hG4bK1", "SIP/2.0/UDP a"):
        message = parse_message(lines(f"OPTIONS sip:a SIP/2.0\nVia: {via}\n{rest}{said}") + b"\r\n\r\n")
        assert (message.content_type, message.content_type) == (kind, kind)


def test_copies(invite: Request) -> None:
    """A message never changes, so a copy is itself; equal bytes make equal messages; pickling keeps every byte."""
    assert copy.copy(invite) is invite
    assert copy.deepcopy(invite) is invite
    response = read_message(b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a\r\n\r\n")
    for message in (invite, response):
        again = pickle.loads(pickle.dumps(message))
        assert again == message
        assert hash(again) == hash(message)
        assert (type(again), again.headers, again.via.host) == (type(message), message.headers, message.via.host)
    assert invite != response
    assert invite != bytes(invite)
    with pytest.raises(AttributeError):
        invite.method = "BYE"  # type: ignore[misc]


def test_octets_that_are_no_utf8() -> None:
    """Octets that are not UTF-8 go out as they came, also when the message was changed."""
    data = b"OPTIONS sip:a SIP/2.0\r\nSubject: \xff\xfe caf\xc3\xa9\r\nContent-Length: 0\r\n\r\n"
    message = read_message(data)
    assert bytes(message) == data
    assert b"Subject: \xff\xfe caf\xc3\xa9\r\n" in bytes(message.with_added("X", message.header("subject")))
