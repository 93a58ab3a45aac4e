"""Messages that follow from others (RFC 3261 8.2.6, 16.6, 17.1.1.3, 9.1)."""

from __future__ import annotations

import copy
import operator
import pickle
from enum import IntEnum
from functools import partial
from http import HTTPStatus
from typing import Any

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message import (
    Address,
    CheckedHeader,
    CheckedHeaders,
    Request,
    Response,
    Via,
    ack_for,
    cancel_for,
    forwarded,
    parse_message,
    read_message,
    reason_phrase,
    response_to,
)


def request(text: str) -> Request:
    message = read_message(text.strip("\n").replace("\n", "\r\n").encode() + b"\r\n\r\n")
    assert isinstance(message, Request)
    return message


def text_of(message: object) -> str:
    return bytes(message).decode().replace("\r\n", "\n").strip("\n")  # type: ignore[call-overload, no-any-return]


INVITE = request("""
INVITE sip:bob@192.0.2.4 SIP/2.0
Via: SIP/2.0/UDP p2.example.com;branch=z9hG4bK2 , SIP/2.0/UDP p1.example.com;branch=z9hG4bK1
v: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKnashds8
Max-Forwards: 68
Record-Route: <sip:p2.example.com;lr>
Record-Route: <sip:p1.example.com;lr>
Route: <sip:p3.example.com;lr>
Route: <sip:p4.example.com;lr>
t: Bob <sip:bob@biloxi.com>
FROM:  Alice <sip:alice@atlanta.com>;tag=1928301774
i: a84b4c76e66710@pc33.atlanta.com
CSeq: 0314159
 INVITE
Timestamp: 54
Require: 100rel
Proxy-Require: sec-agree
Authorization: Digest username="alice"
Contact: <sip:alice@pc33.atlanta.com>
Content-Length: 0
""")


@pytest.mark.rfc("3261 8.2.6.2")
def test_response() -> None:
    """Via, From, To, Call-ID and CSeq come back as they came, in their order; To gets a tag."""
    response = response_to(INVITE, 486, to_tag="a6c85cf", headers=[("Retry-After", 30), ("Allow", "INVITE, ACK")])
    assert (
        text_of(response)
        == """
SIP/2.0 486 Busy Here
Via: SIP/2.0/UDP p2.example.com;branch=z9hG4bK2 , SIP/2.0/UDP p1.example.com;branch=z9hG4bK1
v: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKnashds8
FROM:  Alice <sip:alice@atlanta.com>;tag=1928301774
t: Bob <sip:bob@biloxi.com>;tag=a6c85cf
i: a84b4c76e66710@pc33.atlanta.com
CSeq: 0314159
 INVITE
Retry-After: 30
Allow: INVITE, ACK
Content-Length: 0
""".strip("\n")
    )
    assert (response.status, response.to.tag, response.header("allow")) == (486, "a6c85cf", "INVITE, ACK")
    assert parse_message(bytes(response)).headers == response.headers
    assert (len(response.vias), response.cseq, response.call_id) == (3, INVITE.cseq, INVITE.call_id)


@pytest.mark.rfc("3261 8.2.6.1", "3261 8.2.6.2")
def test_trying() -> None:
    """A 100 has no To tag, and gives the Timestamp back; other responses do not."""
    trying = response_to(INVITE, 100)
    assert (trying.reason, trying.to.tag, trying.header("Timestamp")) == ("Trying", None, "54")
    assert response_to(INVITE, 180, to_tag="x").header("Timestamp") is None
    assert response_to(request("OPTIONS sip:a SIP/2.0\nVia: SIP/2.0/UDP a"), 100).header("Timestamp") is None


@pytest.mark.rfc("3261 8.2.6.2")
@pytest.mark.parametrize("to", ["<sip:b>;tag=1", "sip:b;tag=1", "<sip:b>;x;TAG=1"])
def test_tag_that_is_there(to: str) -> None:
    """A To that came with a tag goes back as it came."""
    response = response_to(request(f"BYE sip:a SIP/2.0\nVia: SIP/2.0/UDP a\nTo: {to}"), 200, to_tag="2")
    assert (str(response.to), response.to.tag) == (to, "1")


@pytest.mark.parametrize("to", ["sip:b", "<sip:b>", "<sip:b>;x", "B <sip:b> ", '"B"\n <sip:b>'])
def test_tag_that_is_added(to: str) -> None:
    """In each form of an address the tag is added behind all that is there."""
    response = response_to(request(f"BYE sip:a SIP/2.0\nVia: SIP/2.0/UDP a\nTo: {to}"), 200, to_tag="2")
    assert (response.to.tag, str(response.to.uri)) == ("2", "sip:b")
    assert response.lines_of("to") == (to.replace("\n", "").strip() + ";tag=2",)


def test_equal_lines() -> None:
    """Only the To line gets the tag, wherever the same text stands."""
    response = response_to(request("BYE sip:a SIP/2.0\nVia: SIP/2.0/UDP a\nf: sip:b\nt: sip:b"), 200, to_tag="2")
    assert (response.from_.tag, response.to.tag) == (None, "2")


@pytest.mark.rfc("3261 12.1.1")
@pytest.mark.parametrize("status", [180, 200])
def test_record_route(status: int) -> None:
    """A response that makes a dialog, a 180 as well as a 200, carries the Record-Route of the request."""
    response = response_to(INVITE, status, to_tag="x", record_route=True, headers=[("Contact", "<sip:bob@b>")])
    assert response.lines_of("Record-Route") == ("<sip:p2.example.com;lr>", "<sip:p1.example.com;lr>")
    assert response.record_route == INVITE.record_route
    assert not response_to(INVITE, status).has("Record-Route")


@pytest.mark.rfc("3261 20.14", "3261 20.15")
def test_body() -> None:
    """A response may carry a body, with its type and length."""
    response = response_to(INVITE, 200, "Fine", to_tag="x", body=b"v=0\r\n", content_type="application/sdp")
    assert (response.reason, response.body, response.content_type) == ("Fine", b"v=0\r\n", "application/sdp")
    assert bytes(response).endswith(b"Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n")
    with pytest.raises(LocalProtocolError, match="Content-Type"):
        response_to(INVITE, 200, body=b"v=0\r\n")


def test_headers_of_copied_names() -> None:
    """A header that is copied can be given once more, and then both lines are there."""
    response = response_to(INVITE, 200, headers=[("Via", "SIP/2.0/UDP q")])
    assert [via.host for via in response.vias][-1] == "q"
    assert len(response.vias) == 4


def test_answer_to_a_broken_request() -> None:
    """What a request lacks its 400 lacks too, and what cannot be read goes back as it came."""
    insufficient = request(
        "INVITE sip:user@example.com SIP/2.0\nCSeq: 193942 INVITE\nVia: SIP/2.0/UDP a;branch=z9hG4bK1"
    )
    assert text_of(response_to(insufficient, 400, "No From", to_tag="x")) == (
        "SIP/2.0 400 No From\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\nCSeq: 193942 INVITE\nContent-Length: 0"
    )
    unreadable = request('INVITE sip:b SIP/2.0\nVia: SIP/2.0/UDP a\nTo: "Mr. J. <sip:b>\nFrom: <sip:a\nCSeq: x')
    assert response_to(unreadable, 400, to_tag="x").header("To") == '"Mr. J. <sip:b>'
    twice = request("INVITE sip:b SIP/2.0\nVia: SIP/2.0/UDP a\nTo: sip:b\nTo: sip:c")
    assert response_to(twice, 400, to_tag="x").lines_of("To") == ("sip:b", "sip:c")


def test_no_way_back() -> None:
    """Without a Via there is nobody to answer; one that cannot be read is copied as all else."""
    with pytest.raises(RemoteProtocolError):
        response_to(request("INVITE sip:b SIP/2.0\nTo: sip:b"), 400)
    response = response_to(request("INVITE sip:b SIP/2.0\nTo: sip:b\nVia: x"), 400, to_tag="1")
    assert text_of(response) == "SIP/2.0 400 Bad Request\nVia: x\nTo: sip:b;tag=1\nContent-Length: 0"


class Odd(IntEnum):
    """Statuses by name, whose text is not their value."""

    RINGING = 180
    BUSY = 486
    NOBODY = 799

    def __str__(self) -> str:
        return f"odd {self.name}"


class Counted:
    """An integer of another kind."""

    def __index__(self) -> int:
        return 486


@pytest.mark.rfc("3261 7.2")
@pytest.mark.parametrize("reason", [None, "Fine"])
@pytest.mark.parametrize("status", [HTTPStatus.BAD_REQUEST, Odd.RINGING, Odd.BUSY, Counted()])
def test_a_status_is_any_integer(status: int, reason: str | None) -> None:
    """Its value is written, whatever its class shows, by every way that makes a response."""
    value = operator.index(status)
    made = (
        Response.build(status, reason),
        response_to(INVITE, status, reason),
        response_to(INVITE, status, reason, headers=[("X", "y")]),
    )
    for response in made:
        assert (response.status, type(response.status)) == (value, int)
        assert bytes(response).startswith(f"SIP/2.0 {value} {response.reason}\r\n".encode())
        assert response.reason == (reason or reason_phrase(value))


@pytest.mark.rfc("3261 7.2")
@pytest.mark.parametrize("status", [99, 700, True, 200.0, "200", None, Odd.NOBODY])
def test_what_is_no_status(status: int) -> None:
    """A truth value, a number with a fraction or a text is none, nor is what is out of range."""
    for make in (Response.build, partial(response_to, INVITE), partial(response_to, INVITE, headers=[("X", "y")])):
        with pytest.raises(LocalProtocolError, match="cannot be a status code"):
            make(status)


@pytest.mark.rfc("3261 7.3.1")
@pytest.mark.parametrize(
    "parts",
    [
        {"status": 99},
        {"status": 700},
        {"reason": "a\r\nb"},
        {"to_tag": "a\r\nb"},
        {"to_tag": ""},
        {"to_tag": "a;b"},
        {"headers": [("X", "a\nb")]},
        {"headers": [("X: y\r\nZ", "a")]},
        {"content_type": "a/b\r\nX: y"},
        {"headers": [("Content-Length", 3)]},
    ],
)
def test_no_injection(parts: dict[str, object]) -> None:
    """No part that a program gives can break out of its line."""
    with pytest.raises(LocalProtocolError):
        response_to(INVITE, **{"status": 200, **parts})  # type: ignore[arg-type]


@pytest.mark.rfc("3261 17.1.1.3", "3261 22.1")
def test_ack() -> None:
    """The ACK for a failure has the INVITE's Request-URI, top Via, From, Call-ID, Route and credentials, and the
    response's To."""
    response = response_to(INVITE, 486, to_tag="a6c85cf")
    ack = ack_for(INVITE, response)
    assert (
        text_of(ack)
        == """
ACK sip:bob@192.0.2.4 SIP/2.0
Via: SIP/2.0/UDP p2.example.com;branch=z9hG4bK2
t: Bob <sip:bob@biloxi.com>;tag=a6c85cf
FROM:  Alice <sip:alice@atlanta.com>;tag=1928301774
i: a84b4c76e66710@pc33.atlanta.com
Route: <sip:p3.example.com;lr>
Route: <sip:p4.example.com;lr>
Authorization: Digest username="alice"
CSeq: 314159 ACK
Max-Forwards: 70
Content-Length: 0
""".strip("\n")
    )
    assert (parse_message(bytes(ack)), ack.method, ack.to.tag, len(ack.vias)) == (ack, "ACK", "a6c85cf", 1)


@pytest.mark.rfc("3261 17.1.1.3")
def test_example_of_the_rfc() -> None:
    """The example of RFC 3261 17.1.1.3 comes out, up to the order of its lines and a Content-Length."""
    invite = request("""
INVITE sip:bob@biloxi.com SIP/2.0
Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKkjshdyff
To: Bob <sip:bob@biloxi.com>
From: Alice <sip:alice@atlanta.com>;tag=88sja8x
Max-Forwards: 70
Call-ID: 987asjd97y7atg
CSeq: 986759 INVITE
""")
    ack = ack_for(invite, response_to(invite, 404, to_tag="99sa0xk"))
    assert sorted(text_of(ack).split("\n")) == sorted(
        """
ACK sip:bob@biloxi.com SIP/2.0
Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKkjshdyff
To: Bob <sip:bob@biloxi.com>;tag=99sa0xk
From: Alice <sip:alice@atlanta.com>;tag=88sja8x
Max-Forwards: 70
Call-ID: 987asjd97y7atg
CSeq: 986759 ACK
Content-Length: 0
""".strip("\n").split("\n")
    )


@pytest.mark.rfc("3261 9.1")
def test_cancel() -> None:
    """A CANCEL has its request's Request-URI, top Via, To, From, Call-ID, CSeq number and Route; and no Require."""
    cancel = cancel_for(INVITE)
    assert (
        text_of(cancel)
        == """
CANCEL sip:bob@192.0.2.4 SIP/2.0
Via: SIP/2.0/UDP p2.example.com;branch=z9hG4bK2
t: Bob <sip:bob@biloxi.com>
FROM:  Alice <sip:alice@atlanta.com>;tag=1928301774
i: a84b4c76e66710@pc33.atlanta.com
Route: <sip:p3.example.com;lr>
Route: <sip:p4.example.com;lr>
CSeq: 314159 CANCEL
Max-Forwards: 70
Content-Length: 0
""".strip("\n")
    )
    assert (cancel.via, cancel.cseq, cancel.uri) == (INVITE.via, (314159, "CANCEL"), INVITE.uri)


def test_nothing_to_follow() -> None:
    """An ACK cannot answer a response without To, nor a CANCEL follow a request without Via."""
    response = read_message(b"SIP/2.0 486 Busy Here\r\n\r\n")
    with pytest.raises(RemoteProtocolError, match="no To header"):
        ack_for(INVITE, response)  # type: ignore[arg-type]
    with pytest.raises(RemoteProtocolError, match="no Via header"):
        cancel_for(request("INVITE sip:b SIP/2.0\nTo: sip:b"))


OURS = Via.build("UDP", "192.0.2.7", branch="z9hG4bKp")
US = Address.parse("<sip:192.0.2.7;lr>")
SHORT = b"""OPTIONS sip:b@example.com SIP/2.0\r
Via: SIP/2.0/UDP a.example.com;branch=z9hG4bK1\r
Max-Forwards: 70\r
From: <sip:a@example.com>;tag=1\r
To: <sip:b@example.com>\r
Call-ID: c\r
CSeq: 1 OPTIONS\r
Content-Length: 0\r
\r
"""


@pytest.mark.rfc("3261 16.6")
def test_forwarded() -> None:
    """A proxy counts Max-Forwards down and puts its Via and its Record-Route above those that are there."""
    copy = forwarded(INVITE, via=OURS, record_route=US)
    text = text_of(INVITE).replace("Max-Forwards: 68", "Max-Forwards: 67")
    start, _, rest = text.partition("\n")
    assert text_of(copy) == f"{start}\nVia: {OURS}\nRecord-Route: {US}\n{rest}"
    assert str(copy.record_route[0]) == str(US)
    assert copy.vias == (OURS, *INVITE.vias)
    assert copy.branch == "z9hG4bKp"
    assert (copy.from_tag, copy.to_tag, copy.call_id, copy.cseq) == ("1928301774", None, INVITE.call_id, INVITE.cseq)


@pytest.mark.rfc("3261 16.6")
def test_forwarded_without_record_route() -> None:
    """A proxy that need not stay on the way leaves no Record-Route; what was read of the request still holds."""
    request = parse_message(SHORT)
    assert isinstance(request, Request)
    copy = forwarded(request, via=OURS)
    assert bytes(copy) == SHORT.replace(b"Via:", f"Via: {OURS}\r\nVia:".encode()).replace(b"70", b"69")
    assert (copy.via, copy.branch, copy.from_tag, copy.call_id) == (OURS, "z9hG4bKp", "1", "c")
    assert copy.cseq == request.cseq
    assert copy.uri == request.uri


@pytest.mark.rfc("3261 16.6")
def test_forwarded_without_max_forwards() -> None:
    """Who sent no Max-Forwards is given one of 70; and a Content-Length, as the next hop may be a stream."""
    request = parse_message(SHORT.replace(b"Max-Forwards: 70\r\n", b"").replace(b"Content-Length: 0\r\n", b""))
    assert isinstance(request, Request)
    assert text_of(forwarded(request, via=OURS)).endswith("Max-Forwards: 70\nContent-Length: 0")


@pytest.mark.rfc("3261 16.3")
@pytest.mark.parametrize(("hops", "status"), [(b"0", 483), (b"x", 400)])
def test_not_to_be_forwarded(hops: bytes, status: int) -> None:
    """A request without a hop left, or with a count that is none, goes no further."""
    request = parse_message(SHORT.replace(b"70", hops))
    assert isinstance(request, Request)
    with pytest.raises(RemoteProtocolError) as raised:
        forwarded(request, via=OURS)
    assert raised.value.status == status


@pytest.mark.rfc("3261 8.2.6.2")
@pytest.mark.parametrize("status", [180, 200, 299, 487])
@pytest.mark.parametrize("tag", [None, "a6c85cf", "a-b", "\u00fc"])
def test_plain_responses(status: int, tag: str | None) -> None:
    """A response that says no more than its status is the same as one that is written with a reason."""
    request = parse_message(SHORT.replace(b"Via:", b"Via: SIP/2.0/UDP p;branch=z9hG4bK2\r\nVia:"))
    assert isinstance(request, Request)
    if tag == "\u00fc":
        with pytest.raises(LocalProtocolError, match="cannot be a tag"):
            response_to(request, status, to_tag=tag)
        return
    plain = response_to(request, status, to_tag=tag)
    assert plain == response_to(request, status, plain.reason, to_tag=tag)
    again = parse_message(bytes(plain))
    for response in (plain, again):
        assert (response.branch, response.from_tag, response.to_tag) == ("z9hG4bK2", "1", tag)
        assert response.to.tag == tag
        assert response.headers == again.headers
        assert len(response.vias) == 2


def test_plain_response_in_a_dialog() -> None:
    """A To that has a tag keeps it; one that was changed is taken as it is now."""
    request = parse_message(SHORT)
    tagged = request.with_header("To", "<sip:b@example.com>;tag=x")
    twice = request.with_header("CSeq", "1 OPTIONS", "2 OPTIONS")
    assert isinstance(tagged, Request)
    assert isinstance(twice, Request)
    assert response_to(tagged, 200, to_tag="new").to_tag == "x"
    assert response_to(twice, 200).lines_of("CSeq") == ("1 OPTIONS", "2 OPTIONS")
    without = request.without_header("CSeq")
    assert isinstance(without, Request)
    assert response_to(without, 200, to_tag="new").to_tag == "new"


PAIRS = [("Allow", "INVITE"), CheckedHeader("Contact", "<sip:b@192.0.2.4>")]


@pytest.mark.rfc("3261 8.2.6.1", "3261 8.2.6.2", "3261 12.1.1")
@pytest.mark.parametrize("status", [100, 183, 200])
@pytest.mark.parametrize("record_route", [False, True])
@pytest.mark.parametrize("hops", [0, 1, 2])
@pytest.mark.parametrize("body", [b"", b"v=0\r\n"])
@pytest.mark.parametrize("headers", [[], PAIRS, CheckedHeaders(PAIRS)])
def test_usual_responses(
    status: int, record_route: bool, hops: int, body: bytes, headers: list[tuple[str, str]]
) -> None:
    """Whatever it says, a response with the usual reason is the same as one for which that is given."""
    more = b"".join(b"Record-Route: <sip:p%d.example.com;lr>\r\n" % hop for hop in range(hops)) + b"Timestamp: 54\r\n"
    request = parse_message(SHORT.replace(b"Via:", more + b"Via:"))
    assert isinstance(request, Request)
    respond = partial(
        response_to,
        request,
        status,
        to_tag="2",
        record_route=record_route,
        headers=headers,
        body=body,
        content_type="application/sdp" if body else None,
    )
    usual, other = respond(), respond(reason=reason_phrase(status))
    assert bytes(usual) == bytes(other)
    assert usual.headers == other.headers
    assert (usual.body, usual.to_tag, usual.via) == (body, "2", request.via)
    with pytest.raises(LocalProtocolError, match="a body needs a Content-Type"):
        response_to(request, status, headers=headers, body=b"x")


def test_a_header_that_is_checked_once() -> None:
    """It is a pair of name and text as any other, and what cannot be written is not made."""
    allow = CheckedHeader("Allow", "INVITE, ACK")
    retry = CheckedHeader("Retry-After", 30)
    empty = CheckedHeader("Recv-Info", "")
    assert [allow, retry, empty] == [("Allow", "INVITE, ACK"), ("Retry-After", "30"), ("Recv-Info", "")]
    pairs = [("Allow", "INVITE, ACK"), ("Retry-After", 30), ("Recv-Info", "")]
    request = Request.build("OPTIONS", "sip:b@192.0.2.4", [allow, retry, empty])
    assert bytes(request) == bytes(Request.build("OPTIONS", "sip:b@192.0.2.4", pairs))
    twice = Request.build("OPTIONS", "sip:b@192.0.2.4", [allow, empty, allow])
    assert twice.lines_of("Allow") == ("INVITE, ACK", "INVITE, ACK")
    assert [name for name, _ in twice.headers] == ["Allow", "Recv-Info", "Allow", "Content-Length"]
    with pytest.raises(LocalProtocolError, match="one header retry-after only"):
        Request.build("OPTIONS", "sip:b@192.0.2.4", [retry, retry])
    for copied in (pickle.loads(pickle.dumps(allow)), copy.deepcopy(allow)):
        assert (copied, copied.line) == (("Allow", "INVITE, ACK"), "Allow: INVITE, ACK")
    for name, value in (("Allow", "INVITE\r\nX: 1"), ("Al low", "INVITE"), ("Allow", b"INVITE")):
        with pytest.raises(LocalProtocolError):
            CheckedHeader(name, value)
    with pytest.raises(LocalProtocolError, match="not the length of the body"):
        Request.build("OPTIONS", "sip:b@192.0.2.4", [CheckedHeader("Content-Length", "9")])


@pytest.mark.rfc("3261 7.3.1", "3261 20.15")
@pytest.mark.parametrize(
    ("pairs", "body"),
    [
        ([], b""),
        ([("Allow", "INVITE"), ("Supported", "")], b""),
        ([("Allow", "INVITE"), ("Content-Type", "application/sdp")], b"v=0\r\n"),
        ([("Content-Type", "application/sdp")], b""),
        ([("Warning", '399 h "a"'), ("Warning", '399 h "b"')], b""),
        ([("Allow", "INVITE"), ("Content-Length", "0")], b""),
        ([("Subject", "one"), ("Subject", "two")], b""),
        ([("Allow", "INVITE"), ("Content-Length", "9")], b""),
        ([("Allow", "INVITE")], b"v=0\r\n"),
        ([("Content-Type", "text/plain")], "text"),
    ],
)
def test_headers_that_are_written_together(pairs: list[tuple[str, str]], body: Any) -> None:
    """What they make is what the same headers make one by one, also where they can make nothing."""

    def made(headers: Any) -> list[object]:
        request = parse_message(SHORT)
        assert isinstance(request, Request)
        found: list[object] = []
        for build in (partial(response_to, request, 200), partial(Request.build, "OPTIONS", "sip:b@192.0.2.4")):
            try:
                message: Any = build(headers=headers, body=body)
                found.append((bytes(message), message.headers))
            except LocalProtocolError as error:
                found.append(str(error))
        return found

    together = CheckedHeaders(pairs)
    assert made(together) == made(together) == made(pairs)
    for copied in (pickle.loads(pickle.dumps(together)), copy.deepcopy(together)):
        assert (copied, copied.text) == (together, together.text)


@pytest.mark.rfc("3261 25.1")
def test_a_header_that_a_peer_has_written_before() -> None:
    """In quotes it may hold a NUL, and nowhere else; line ends in no place."""
    text = '"x\\\0y" <sip:b@192.0.2.4>'
    contact = CheckedHeader.again("Contact", text)
    assert (contact, contact.line, contact.key) == (("Contact", text), f"Contact: {text}", "contact")
    for copied in (pickle.loads(pickle.dumps(contact)), copy.deepcopy(contact)):
        assert (copied, copied.line, copied.key) == (contact, contact.line, contact.key)
    request = Request.build("OPTIONS", "sip:b@192.0.2.4", [contact])
    assert request.contacts[0].display_name == "x\0y"
    for value in (
        '"x\\\ry" <sip:b@192.0.2.4>',
        "x\0y <sip:b@192.0.2.4>",
        '"x" <sip:b@192.0.2.4>;y\0',
        "<sip:b@h>\r\nX: 1",
    ):
        with pytest.raises(LocalProtocolError, match="CR, LF and NUL"):
            CheckedHeader.again("Contact", value)


@pytest.mark.rfc("3261 25.1")
def test_nothing_gets_into_a_forwarded_request() -> None:
    """What a proxy puts on top cannot break out of its line, though it was read from somewhere."""
    request = parse_message(SHORT)
    assert isinstance(request, Request)
    with pytest.raises(LocalProtocolError, match="CR, LF and NUL"):
        forwarded(request, via=Via.parse('SIP/2.0/UDP h;branch=z9hG4bKa;x="\0"'))
    with pytest.raises(LocalProtocolError, match="CR, LF and NUL"):
        forwarded(request, via=OURS, record_route=Address.parse('"\0" <sip:a@b>'))
