"""What a server does with the top Via (RFC 3261 18.2, RFC 3581)."""

from __future__ import annotations

import pytest

from sipsm.errors import LocalProtocolError
from sipsm.message import Request, parse_message, response_to
from sipsm.message.headers import CONTACT, VIA
from sipsm.transport import Flow, is_numeric, just_received_from, received_from, response_flow, same_host
from tests.transaction.messages import BRANCH, Bench, request, response


def with_via(via: str, below: str = "") -> Request:
    """A request with this Via value on top."""
    message = parse_message(
        (
            "OPTIONS sip:bob@biloxi.example.com SIP/2.0\r\n"
            f"Via: {via}\r\n"
            f"{below}"
            "From: <sip:alice@atlanta.example.com>;tag=1\r\n"
            "To: <sip:bob@biloxi.example.com>\r\n"
            "Call-ID: a84b4c76e66710\r\n"
            "CSeq: 1 OPTIONS\r\n"
            "Content-Length: 0\r\n\r\n"
        ).encode()
    )
    assert isinstance(message, Request)
    return message


def via_after(via: str, source: tuple[str, int]) -> str:
    """The top Via after the request came from `source`."""
    return str(received_from(with_via(via), source).via)


def way_back(via: str, source: tuple[str, int], transport: str = "UDP") -> tuple[str, int]:
    """Where the response goes."""
    here = ("2001:db8::2", 5060) if ":" in source[0] else ("192.0.2.2", 5060)
    flow = Flow(transport, here, source)
    back = response_flow(received_from(with_via(via), source), flow)
    assert (back.transport, back.local) == (flow.transport, flow.local)
    return back.remote


@pytest.mark.rfc("3261-S30", "3261 18.2.1", "3581 4")
def test_where_a_request_came_from() -> None:
    """The server notes the source address, and the port for `rport`; to a client they mean nothing but that."""
    sent_by = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1"
    assert via_after(sent_by, ("192.0.2.1", 9)) == sent_by
    assert via_after(sent_by, ("198.51.100.1", 9)) == sent_by + ";received=198.51.100.1"
    assert via_after("SIP/2.0/UDP pc33.example.com;branch=z9hG4bK1", ("192.0.2.4", 5060)) == (
        "SIP/2.0/UDP pc33.example.com;branch=z9hG4bK1;received=192.0.2.4"
    )
    for source in (("192.0.2.1", 9988), ("198.51.100.1", 9988)):
        marked = received_from(with_via(sent_by + ";rport"), source).via
        assert (marked.rport, marked.received) == (9988, source[0])

    client = Bench()
    client.sends(request())
    client.receives(response(486, via_params=";received=198.51.100.1;rport=9988"))
    assert client.log[1:] == ["0 send ACK", "0 up 486"]
    assert str(parse_message(client.sent[-1].data).via) == f"SIP/2.0/UDP 192.0.2.1:5060;branch={BRANCH}"
    assert client.sent[-1].flow == client.flow


@pytest.mark.rfc("3261 18.2.1")
@pytest.mark.parametrize(
    ("sent_by", "source", "marked"),
    [
        ("[2001:db8::1]:5060", "2001:db8::1", False),
        ("[2001:DB8:0:0::1]", "2001:db8::1", False),
        ("[2001:db8::1]", "2001:db8::2", True),
        ("192.0.2.1", "192.0.2.10", True),
        ("localhost", "127.0.0.1", True),
    ],
)
def test_a_sent_by_that_is_the_source_needs_no_received(sent_by: str, source: str, marked: bool) -> None:
    """Addresses are compared as numbers, and a name never is the source."""
    original = with_via(f"SIP/2.0/UDP {sent_by};branch=z9hG4bK1")
    received = received_from(original, (source, 5060))
    assert (received.via.received == source) is marked
    assert (received is original) is not marked


@pytest.mark.rfc("3581 4")
def test_rport_is_filled_in_on_every_transport() -> None:
    """ "This processing takes place independent of the transport protocol", and `received` comes with it."""
    via = via_after("SIP/2.0/TCP 192.0.2.1:5060;rport;branch=z9hG4bK1", ("192.0.2.1", 49152))
    marked = with_via(via).via
    assert (marked.rport, marked.received, marked.branch) == (49152, "192.0.2.1", "z9hG4bK1")


@pytest.mark.rfc("3261 18.2.1")
def test_what_the_sender_claims_about_itself_is_replaced() -> None:
    """The source of the packet is known better."""
    marked = with_via(
        via_after("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;received=203.0.113.9;rport=1", ("198.51.100.1", 5062))
    ).via
    assert (marked.received, marked.rport) == ("198.51.100.1", 5062)


@pytest.mark.rfc("3261 18.2.1")
def test_only_the_top_via_is_marked() -> None:
    """Whether it shares its line or not, all others stay in their order, and so do the other headers."""
    original = with_via(
        "SIP/2.0/UDP proxy.example.com;branch=z9hG4bK2, SIP/2.0/UDP pc33.example.com;branch=z9hG4bK1",
        "Via: SIP/2.0/UDP deep.example.com;branch=z9hG4bK0\r\n",
    )
    marked = received_from(original, ("192.0.2.4", 5060))
    assert [str(via) for via in marked.vias] == [
        "SIP/2.0/UDP proxy.example.com;branch=z9hG4bK2;received=192.0.2.4",
        "SIP/2.0/UDP pc33.example.com;branch=z9hG4bK1",
        "SIP/2.0/UDP deep.example.com;branch=z9hG4bK0",
    ]
    others = [line for line in marked.headers if line[0] != "Via"]
    assert others == [line for line in original.headers if line[0] != "Via"]


@pytest.mark.rfc("3261 18.2.1", "3581 4")
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("touched", [False, True])
@pytest.mark.parametrize("length", ["Content-Length: 0\r\n", "l:0\r\n", ""])
@pytest.mark.parametrize("below", ["", "Via: SIP/2.0/UDP deep.example.com;branch=z9hG4bK0\r\n"])
@pytest.mark.parametrize(
    "via",
    [
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport",
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport=9",
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport;received=192.0.2.9",
        "v:  SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK1 ",
        "VIA: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport=;x",
        "Via: SIP/2.0/UDP 192.0.2.1;rportal=2;branch=z9hG4bK1;rport=9;received=192.0.2.9",
        "Via: SIP/2.0/UDP 192.0.2.1;RPORT;branch=z9hG4bK1;Received=192.0.2.9",
        "Via: SIP/2.0/UDP 192.0.2.1;rportal;branch=z9hG4bK1",
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport\r\n ;ttl=1",
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;rport, SIP/2.0/UDP 192.0.2.3;branch=z9hG4bK2;rport",
    ],
)
@pytest.mark.parametrize("source", ["192.0.2.1", "198.51.100.1"])
def test_filled_in_at_once_it_is_the_same(
    via: str, below: str, length: str, touched: bool, packed: bool, source: str
) -> None:
    """Who has just read a request fills in its source there, and has what a marked copy would have been."""

    def read() -> Request:
        message = parse_message(
            (
                "OPTIONS sip:bob@biloxi.example.com SIP/2.0\r\n"
                f"From: <sip:alice@atlanta.example.com>;tag=1\r\n{via}\r\n{below}"
                "To: <sip:bob@biloxi.example.com>\r\nContact: <sip:alice@192.0.2.1>\r\n"
                f"Call-ID: a84b4c76e66710\r\nCSeq: 1 OPTIONS\r\n{length}\r\n"
            ).encode()
        )
        assert isinstance(message, Request)
        if touched:
            assert len(message[VIA]) + len(message[CONTACT]) > 1
        return message

    def said(request: Request) -> tuple[object, ...]:
        if packed:
            request.pack()
        answer = response_to(request, 200, to_tag="2")
        read = request.branch, request.via, request.via.has_rport, request.vias, request[VIA], request.contacts
        return bytes(request), request.headers, read, bytes(answer), answer.via, answer.via.has_rport, answer.branch

    assert said(just_received_from(read(), (source, 9988))) == said(received_from(read(), (source, 9988)))


@pytest.mark.rfc("3581 4")
@pytest.mark.parametrize(("source", "received"), [("2001:db8::9", "2001:db8::9"), ("[2001:db8::9]", "2001:db8::9")])
def test_an_ipv6_source_is_filled_in_without_brackets(source: str, received: str) -> None:
    """In `received` an address of IPv6 has none, however it came (RFC 5118 4.5)."""
    request = just_received_from(with_via("SIP/2.0/UDP pc33.example.com;branch=z9hG4bK1;rport"), (source, 9))
    assert str(request.via) == f"SIP/2.0/UDP pc33.example.com;branch=z9hG4bK1;rport=9;received={received}"


@pytest.mark.parametrize("source", [("a;b", 5060), ("192.0.2.1", -1), ("192.0.2.1", 65_536)])
def test_what_is_no_source_is_not_filled_in(source: tuple[str, int]) -> None:
    """Where a request came from is an address and a port: what is neither raises, and the Via stays as it came."""
    request = with_via("SIP/2.0/UDP pc33.example.com;branch=z9hG4bK1;rport")
    with pytest.raises(LocalProtocolError, match="is no"):
        just_received_from(request, source)
    assert str(request.via) == "SIP/2.0/UDP pc33.example.com;branch=z9hG4bK1;rport"


@pytest.mark.rfc("3261 18.2.1")
@pytest.mark.parametrize("rport", ["", ";rport"])
def test_a_link_local_source_is_noted_too(rport: str) -> None:
    """Its zone is this host's own affair: what stands in `received` can be parsed, and nothing is raised."""
    request = received_from(with_via(f"SIP/2.0/UDP pc33.example.com;branch=z9hG4bK1{rport}"), ("fe80::1%eth0", 5060))
    assert str(request.via.received).startswith("fe80::1")
    assert isinstance(parse_message(bytes(request)), Request)


@pytest.mark.rfc("3261 18.2.2", "3581 4")
@pytest.mark.parametrize(
    ("via", "source", "remote"),
    [
        ("192.0.2.1:5070;branch=z9hG4bK1", ("192.0.2.1", 9), ("192.0.2.1", 5070)),
        ("192.0.2.1;branch=z9hG4bK1", ("192.0.2.1", 9), ("192.0.2.1", 5060)),
        ("192.0.2.1:5070;branch=z9hG4bK1", ("198.51.100.1", 9), ("198.51.100.1", 5070)),
        ("pc33.example.com;branch=z9hG4bK1", ("198.51.100.1", 9), ("198.51.100.1", 5060)),
        ("192.0.2.1:5070;branch=z9hG4bK1;rport", ("198.51.100.1", 9), ("198.51.100.1", 9)),
        ("192.0.2.1;rport;branch=z9hG4bK1", ("192.0.2.1", 9), ("192.0.2.1", 9)),
        ("[2001:db8::1]:5070;branch=z9hG4bK1", ("2001:db8::1", 9), ("2001:db8::1", 5070)),
        ("192.0.2.1:5070;branch=z9hG4bK1;maddr=192.0.2.9", ("192.0.2.1", 9), ("192.0.2.9", 5070)),
        ("192.0.2.1;branch=z9hG4bK1;maddr=239.255.255.1", ("192.0.2.1", 9), ("239.255.255.1", 5060)),
        ("[2001:db8::1];branch=z9hG4bK1;maddr=[ff0e::1]", ("2001:db8::1", 9), ("ff0e::1", 5060)),
        ("192.0.2.1:5070;branch=z9hG4bK1;maddr=[ff0e::1]", ("192.0.2.1", 9), ("192.0.2.1", 5070)),
        ("[2001:db8::1];branch=z9hG4bK1;maddr=192.0.2.9", ("2001:db8::1", 9), ("2001:db8::1", 5060)),
        ("192.0.2.1;branch=z9hG4bK1;rport;maddr=192.0.2.9", ("198.51.100.1", 9), ("192.0.2.9", 5060)),
        ("192.0.2.1;branch=z9hG4bK1;maddr=name.example.com", ("198.51.100.1", 9), ("198.51.100.1", 5060)),
    ],
)
def test_where_a_response_goes(via: str, source: tuple[str, int], remote: tuple[str, int]) -> None:
    """To `maddr` where it can be reached, else to the source: at its port with `rport`, else the sent-by's, or 5060."""
    assert way_back(f"SIP/2.0/UDP {via}", source) == remote


@pytest.mark.rfc("3261 18.2.2")
@pytest.mark.parametrize("transport", ["TCP", "TLS", "WS"])
def test_on_a_connection_the_response_goes_back(transport: str) -> None:
    """ "The response MUST be sent using the existing connection to the source", whatever the Via says."""
    via = f"SIP/2.0/{transport} 192.0.2.1:5070;branch=z9hG4bK1;maddr=192.0.2.9"
    assert way_back(via, ("198.51.100.1", 49152), transport) == ("198.51.100.1", 49152)


@pytest.mark.parametrize(
    ("name", "address", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("2001:db8::1", "2001:DB8:0::1", True),
        ("[::1]", "::1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::1", False),
        ("example.com", "192.0.2.1", False),
        ("example.com", "example.com", True),
    ],
)
def test_the_same_host(name: str, address: str, same: bool) -> None:
    """However an address is written."""
    assert same_host(name, address) is same


@pytest.mark.parametrize(
    ("host", "numeric"),
    [("192.0.2.1", True), ("::1", True), ("[::1]", True), ("example.com", False), ("1.2.3", False), ("", False)],
)
def test_what_is_numeric(host: str, numeric: bool) -> None:
    """Such a host needs no look-up."""
    assert is_numeric(host) is numeric
