"""Where a request is to be sent (RFC 3261 8.1.2, RFC 3263 4)."""

from __future__ import annotations

import pytest

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.message import Via
from sipsm.transport import Hop, next_hop
from sipsm.transport.locate import hop_of_via, hop_to
from tests.transaction.messages import request

BILOXI = "biloxi.example.com"
ALL = ("UDP", "TCP", "TLS", "WS", "WSS")


@pytest.mark.rfc("3263 4", "3263 4.1", "3263 4.2")
@pytest.mark.parametrize(
    ("uri", "hop"),
    [
        (f"sip:bob@{BILOXI}", Hop(BILOXI, None, None, False, BILOXI)),
        (f"sip:{BILOXI}:5070", Hop(BILOXI, 5070, None, False, BILOXI)),
        (f"sip:{BILOXI};transport=", Hop(BILOXI, None, None, False, BILOXI)),
        ("sip:bob@192.0.2.2;transport=udp", Hop("192.0.2.2", None, "UDP", False, "192.0.2.2")),
        ("sip:bob@192.0.2.2;transport=TCP", Hop("192.0.2.2", None, "TCP", False, "192.0.2.2")),
        ("sip:bob@[2001:db8::2]:5070", Hop("2001:db8::2", 5070, None, False, "2001:db8::2")),
        (f"sip:bob@{BILOXI}:5070;maddr=192.0.2.9", Hop("192.0.2.9", 5070, None, False, BILOXI)),
        (f"sip:bob@{BILOXI};maddr=[ff0e::1]", Hop("ff0e::1", None, None, False, BILOXI)),
        (f"sips:bob@{BILOXI}", Hop(BILOXI, None, None, True, BILOXI)),
        (f"sips:bob@{BILOXI};transport=tcp", Hop(BILOXI, None, "TLS", True, BILOXI)),
        (f"sips:bob@{BILOXI};transport=tls", Hop(BILOXI, None, "TLS", True, BILOXI)),
        (f"sips:bob@{BILOXI};transport=ws", Hop(BILOXI, None, "WSS", True, BILOXI)),
        (f"sip:bob@{BILOXI};transport=tls", Hop(BILOXI, None, "TLS", False, BILOXI)),
    ],
)
def test_what_a_uri_says(uri: str, hop: Hop) -> None:
    """The target is `maddr`, else the host; IPv6 comes without brackets; a SIPS URI has its transport over TLS."""
    assert hop_to(Uri.parse(uri)) == hop


@pytest.mark.parametrize(("host", "numeric"), [("192.0.2.2", True), ("2001:db8::2", True), (BILOXI, False)])
def test_a_numeric_hop_needs_no_look_up(host: str, numeric: bool) -> None:
    """Names do."""
    assert Hop(host).numeric is numeric


@pytest.mark.parametrize(
    ("uri", "why", "rfc"),
    [
        (f"sips:bob@{BILOXI};transport=udp", "no TLS over UDP", "3263 4.1"),
        (f"sip:bob@{BILOXI};transport=pigeon", "PIGEON is not spoken", "3263 4.1"),
        ("tel:+1-201-555-0123", "a tel URI does not say where", "3263 4"),
        ("urn:service:sos", "a urn URI does not say where", "3263 4"),
    ],
)
def test_a_uri_that_names_no_hop(uri: str, why: str, rfc: str) -> None:
    """A sips URI is never sent to in the clear; a URI of another scheme names no host."""
    with pytest.raises(LocalProtocolError, match=why) as caught:
        hop_to(Uri.parse(uri))
    assert caught.value.rfc == rfc
    assert uri in str(caught.value)


@pytest.mark.rfc("3263 4.1", "3261 26.2.2")
@pytest.mark.parametrize(
    ("hop", "spoken", "usable", "asked_for"),
    [
        (Hop(BILOXI), ALL, ALL, ("UDP", "TCP", "WS")),
        (Hop(BILOXI), ("TCP", "UDP"), ("TCP", "UDP"), ("UDP", "TCP")),
        (Hop(BILOXI), ("TCP",), ("TCP",), ("TCP",)),
        (Hop(BILOXI), ("WSS", "TLS"), ("WSS", "TLS"), ("TLS", "WSS")),
        (Hop(BILOXI, secure=True), ALL, ("TLS", "WSS"), ("TLS", "WSS")),
        (Hop(BILOXI, secure=True), ("UDP", "TCP"), (), ()),
        (Hop(BILOXI, transport="TCP"), ALL, ("TCP",), ("TCP",)),
        (Hop(BILOXI, transport="TLS"), ALL, ("TLS",), ("TLS",)),
        (Hop(BILOXI, transport="TCP"), ("UDP",), (), ()),
    ],
)
def test_the_transports_to_a_hop(
    hop: Hop, spoken: tuple[str, ...], usable: tuple[str, ...], asked_for: tuple[str, ...]
) -> None:
    """Those that both the URI and we allow; without a word of the DNS, UDP first for SIP, and TLS for SIPS."""
    assert hop.usable(spoken) == usable
    assert hop.asked_for(spoken) == asked_for


@pytest.mark.parametrize(
    ("uri", "spoken", "why", "rfc"),
    [
        (f"sips:bob@{BILOXI}", ("UDP",), "over TLS: only UDP is spoken", "3263 4.1"),
        (f"sip:bob@{BILOXI};transport=tcp", ("UDP",), "over TCP: only UDP is spoken", "3263 4.1"),
        (f"sip:bob@{BILOXI};transport=ws", ("UDP", "TCP"), "over WS: only UDP and TCP are spoken", "3263 4.1"),
        (f"sip:bob@{BILOXI}", (), "over any transport: only  are spoken", "3263 4.1"),
        ("sip:bob@[2001:db8::2]", ("UDP",), "another IP version", "3263 4.2"),
    ],
)
def test_a_hop_that_cannot_be_reached(uri: str, spoken: tuple[str, ...], why: str, rfc: str) -> None:
    """The program is told before anything is done."""
    with pytest.raises(LocalProtocolError, match=why) as caught:
        hop_to(Uri.parse(uri)).check(spoken, ("A",))
    assert caught.value.rfc == rfc


@pytest.mark.parametrize("uri", ["sip:bob@192.0.2.2", "sip:bob@biloxi.example.com", "sip:bob@[2001:db8::2]"])
def test_a_hop_that_can_be_reached(uri: str) -> None:
    """A name's addresses are not known yet; a numeric one is of an IP version that we have."""
    hop_to(Uri.parse(uri)).check(("UDP",), ("AAAA", "A"))


@pytest.mark.rfc("3263 5")
@pytest.mark.parametrize(
    ("via", "hop"),
    [
        ("SIP/2.0/UDP 192.0.2.2:5070;branch=z9hG4bKa", Hop("192.0.2.2", 5070, "UDP", False, "192.0.2.2")),
        (
            "SIP/2.0/TLS pc33.example.com;branch=z9hG4bKa",
            Hop("pc33.example.com", None, "TLS", True, "pc33.example.com"),
        ),
    ],
)
def test_where_a_via_leads(via: str, hop: Hop) -> None:
    """To its sent-by, over its transport."""
    assert hop_of_via(Via.parse(via)) == hop


@pytest.mark.rfc("3261 8.1.2", "3261 12.2.1.1")
@pytest.mark.parametrize(
    ("routes", "host"),
    [
        ("", "biloxi.example.com"),
        ("Route: <sip:192.0.2.7;lr>, <sip:192.0.2.8;lr>\r\n", "192.0.2.7"),
        ("Route: <sip:192.0.2.7;lr=on>\r\nRoute: <sip:192.0.2.8>\r\n", "192.0.2.7"),
        ("Route: <sip:192.0.2.7>, <sip:192.0.2.8;lr>\r\n", "biloxi.example.com"),
    ],
)
def test_the_next_hop_of_a_request(routes: str, host: str) -> None:
    """The first Route when it is loose; a strict router is in the Request-URI already when it is the next hop."""
    assert next_hop(request(more=routes)).host == host
