"""Where a request is to be sent (RFC 3261 8.1.2, RFC 3263 4)."""

from __future__ import annotations

import pytest

from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.transport import Hop, next_hop
from sipsm.transport.locate import hop_to
from tests.transaction.messages import request


@pytest.mark.rfc("3263 4", "3263 4.1", "3263 4.2")
@pytest.mark.parametrize(
    ("uri", "hop"),
    [
        ("sip:bob@biloxi.example.com", Hop("UDP", "biloxi.example.com", 5060)),
        ("sip:biloxi.example.com:5070", Hop("UDP", "biloxi.example.com", 5070)),
        ("sip:bob@192.0.2.2;transport=udp", Hop("UDP", "192.0.2.2", 5060)),
        ("sip:bob@192.0.2.2;transport=UDP", Hop("UDP", "192.0.2.2", 5060)),
        ("sip:bob@[2001:db8::2]:5070", Hop("UDP", "2001:db8::2", 5070)),
        ("sip:bob@biloxi.example.com:5070;maddr=192.0.2.9", Hop("UDP", "192.0.2.9", 5070)),
        ("sip:bob@biloxi.example.com;maddr=[ff0e::1]", Hop("UDP", "ff0e::1", 5060)),
    ],
)
def test_what_a_uri_says(uri: str, hop: Hop) -> None:
    """The target is `maddr`, else the host; the port is 5060 unless the URI names one; IPv6 comes without brackets."""
    assert hop_to(Uri.parse(uri)) == hop


@pytest.mark.parametrize(
    ("host", "numeric"), [("192.0.2.2", True), ("2001:db8::2", True), ("biloxi.example.com", False)]
)
def test_a_numeric_hop_needs_no_look_up(host: str, numeric: bool) -> None:
    """Names do."""
    assert Hop("UDP", host, 5060).numeric is numeric


@pytest.mark.parametrize(
    ("uri", "why", "rfc"),
    [
        ("sips:bob@biloxi.example.com", "only UDP is spoken", "3263 4.1"),
        ("sips:bob@biloxi.example.com;transport=udp", "only UDP is spoken", "3263 4.1"),
        ("sip:bob@biloxi.example.com;transport=tls", "only UDP is spoken", "3263 4.1"),
        ("tel:+1-201-555-0123", "a tel URI does not say where", "3263 4"),
        ("urn:service:sos", "a urn URI does not say where", "3263 4"),
    ],
)
def test_a_uri_that_cannot_be_sent_to(uri: str, why: str, rfc: str) -> None:
    """A sips URI is never sent to in the clear; a URI of another scheme names no host."""
    with pytest.raises(LocalProtocolError, match=why) as caught:
        hop_to(Uri.parse(uri))
    assert caught.value.rfc == rfc
    assert uri in str(caught.value)


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
