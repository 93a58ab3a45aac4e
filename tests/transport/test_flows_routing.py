"""What SIPS asks of a flow (RFC 3261 26.2.2), and how large an answer may be (26.1.5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.errors import LocalProtocolError
from sipsm.message import parse_message, response_to
from sipsm.transport.amplification import FACTOR, fitting
from sipsm.transport.routing import check_secure
from tests.transaction.messages import request
from tests.transport.flow_bench import TO_BOB


@pytest.mark.rfc("3261 26.2.2")
@pytest.mark.parametrize("transport", ["UDP", "TCP", "WS", "TLS", "WSS"])
@pytest.mark.parametrize(
    ("uri", "route", "asks"),
    [
        ("sip:bob@biloxi.example.com", "", False),
        ("sips:bob@biloxi.example.com", "", True),
        ("tel:+12125551212", "<sips:p1.example.com;lr>", True),
        ("sip:bob@biloxi.example.com", "<sip:p1.example.com;lr>, <sips:p2.example.com;lr>", False),
        ("sips:bob@biloxi.example.com", "<sip:p1.example.com;lr>", True),
    ],
)
def test_sips_never_leaves_over_a_flow_that_others_can_read(transport: str, uri: str, route: str, asks: bool) -> None:
    """A request to a SIPS URI, or by one, goes over TLS or not at all."""
    asked = request("OPTIONS", uri=uri, more=f"Route: {route}\r\n" if route else "")
    flow = TO_BOB._replace(transport=transport)
    if asks and transport not in {"TLS", "WSS"}:
        with pytest.raises(LocalProtocolError, match="use TLS"):
            check_secure(asked, flow)
    else:
        check_secure(asked, flow)


@pytest.mark.rfc("3261 26.1.5")
def test_an_answer_that_is_too_large_is_made_smaller() -> None:
    """First its body goes, then what it can do without; it stays an answer to the same request."""
    asked = request("OPTIONS")
    size = len(bytes(asked))
    headers = [("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS"), ("Retry-After", "10")]
    small = response_to(asked, 503, to_tag="1", headers=headers)
    assert fitting(small, size) is small
    large = response_to(asked, 503, to_tag="1", headers=headers, body=b"." * 3 * size, content_type="text/plain")
    without = fitting(large, size)
    assert without is not None
    assert (without.body, without.header("Content-Type"), without.header("Allow")) == (b"", None, headers[0][1])
    bare = fitting(large.with_header("Server", "s" * 3 * size), size)
    assert bare is not None
    assert set(bare.names) == {"via", "from", "to", "call-id", "cseq", "content-length", "retry-after"}
    assert parse_message(bytes(bare)) == bare


@pytest.mark.rfc("3261 26.1.5")
@given(st.integers(0, 3000), st.integers(0, 3000), st.integers(1, 1500), st.integers(1, 5))
def test_an_answer_never_exceeds_its_factor(body: int, text: int, size: int, factor: int) -> None:
    """Whatever the answer is, what is sent has at most that many times the bytes that asked for it."""
    answer = response_to(
        request("OPTIONS"),
        200,
        to_tag="1",
        headers=[("Server", "s" * text)],
        body=b"." * body,
        content_type="text/plain" if body else None,
    )
    sent = fitting(answer, size, factor)
    assert sent is None or len(bytes(sent)) <= factor * size
    if len(bytes(answer)) <= factor * size:
        assert sent is answer
    if size >= 300:
        assert sent is not None, "an answer to a usual request can always be given"
    assert FACTOR == 3
