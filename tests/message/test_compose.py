"""Requests from values that are known already (RFC 3261 8.1.1, 12.2.1.1)."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.message import CheckedHeader, CheckedHeaders, Request, Via, parse_message, request_of, response_to

BOB = Uri.parse("sip:bob@192.0.2.4")
USUAL = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport"


def of(method: str = "BYE", uri: Uri | str = BOB, **others: Any) -> Request:
    """A request of values that are well-formed, but for these."""
    values: dict[str, Any] = {
        "via": Via.parse(USUAL),
        "from_": "Alice <sip:alice@192.0.2.1>;tag=1",
        "from_tag": "1",
        "to": "<sip:bob@192.0.2.4>;x=y;tag=2",
        "to_tag": "2",
        "call_id": "a@b",
        "cseq": 7,
    }
    return request_of(method, uri, **(values | others))


def said(request: Request) -> tuple[object, ...]:
    """What is read of a request."""
    via, tags = request.via, (request.from_tag, request.to_tag)
    of_via = via.transport, via.host, via.port, via.has_rport, via.maddr, via.received, dict(via.params)
    answer = response_to(request, 200)
    of_answer = bytes(answer), answer.via, answer.branch, answer.via.has_rport, answer.cseq
    head = request.method, request.uri, request.branch, request.vias, request.call_id, request.cseq
    return bytes(request), head, tags, request.from_, request.to, of_via, of_answer, request.headers, request.body


@pytest.mark.rfc("3261 8.1.1", "3261 12.2.1.1")
@pytest.mark.parametrize("routes", [(), ("<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>")])
@pytest.mark.parametrize(
    "others",
    [
        {},
        {"via": Via.parse("SIP/2.0/TCP a.example.com;branch=z9hG4bK1")},
        {"via": Via.parse("SIP/2.0/UDP 192.0.2.1;ttl=1;maddr=224.2.0.1;branch=z9hG4bK1")},
        {"to": "<sip:bob@192.0.2.4>", "to_tag": None},
        {"from_": '"\t\u00e9" <sip:alice@192.0.2.1>;tag=1'},
        {"headers": [CheckedHeader("Allow", "INVITE"), ("Content-Type", "text/plain")], "body": b"hello"},
        {"headers": CheckedHeaders([("Allow", "INVITE"), ("Content-Type", "text/plain")]), "body": b"hello"},
        {"headers": CheckedHeaders([("Allow", "INVITE"), ("Supported", "")])},
        {"headers": CheckedHeaders([("Warning", '399 h "a"'), ("Warning", '399 h "b"')])},
    ],
)
def test_it_is_the_request_that_is_built_of_its_lines(routes: tuple[str, ...], others: dict[str, Any]) -> None:
    """Its bytes are those, in the same order, and what is known of it is what is read from them."""
    request = of(routes=routes, **others)
    lines = [
        ("Via", str(request.via)),
        *(("Route", route) for route in routes),
        ("Max-Forwards", "70"),
        ("From", str(request.from_)),
        ("To", str(request.to)),
        ("Call-ID", "a@b"),
        ("CSeq", "7 BYE"),
        *others.get("headers", ()),
    ]
    built = Request.build("BYE", BOB, lines, others.get("body", b""))
    read = parse_message(bytes(request))
    assert isinstance(read, Request)
    assert said(of(routes=routes, **others)) == said(built) == said(read) == said(request)


@pytest.mark.rfc("3261 7.3.1", "3261 25.1", "3261 20.15")
@pytest.mark.parametrize(
    "parts",
    [
        {"method": "BY E"},
        {"uri": "sip:"},
        {"uri": Uri.parse("sip:bob@192.0.2.4?subject=x")},
        {"via": Via.parse('SIP/2.0/UDP h;branch=z9hG4bKa;x="\0"')},
        {"from_": "<sip:a@b>;tag=1\r\nX: 1"},
        {"to": "<sip:a@b>;tag=2\n"},
        {"call_id": "a\0"},
        {"routes": ("<sip:p>\r\n",)},
        {"headers": [("X", "1\r\n")]},
        {"body": b"x"},
        {"headers": CheckedHeaders([("Allow", "INVITE")]), "body": b"x"},
    ],
)
def test_what_cannot_be_written(parts: dict[str, Any]) -> None:
    """Nothing breaks out of its line, though all of it was read from somewhere."""
    with pytest.raises(LocalProtocolError):
        of(**parts)
