"""The ACK that the client transaction makes for a final response other than 2xx (RFC 3261 17.1.1.3)."""

from __future__ import annotations

import pytest

from tests.transaction.messages import BRANCH, Bench, parsed_request, request, response

ROUTES = "Route: <sip:ss1.atlanta.example.com;lr>, <sip:ss2.biloxi.example.com;lr>\r\nRoute: <sip:192.0.2.9;lr>\r\n"
SECRETS = 'Authorization: Digest username="alice"\r\nProxy-Authorization: Digest username="al"\r\n'
SDP_TYPE = "Content-Type: application/sdp\r\n"


@pytest.mark.rfc("3261-S20", "3261 17.1.1.3")
def test_the_ack_for_a_refusal() -> None:
    """Branch and Route of the INVITE, To of the response, one Via, no body; sent again for each repeated final."""
    bench = Bench()
    invite = request(more=ROUTES).with_added("Via", "SIP/2.0/UDP 192.0.2.77;branch=z9hG4bKolder")
    bench.sends(invite.with_body(b"v=0\r\n", "application/sdp"))
    bench.receives(response(486, to_tag="99sa0xk"))
    bench.receives(response(486, to_tag="99sa0xk"))

    ack, again = bench.sent[1:]
    assert again == ack
    message = parsed_request(ack.data)
    assert message.method == "ACK"
    assert [str(via) for via in message.vias] == [f"SIP/2.0/UDP 192.0.2.1:5060;branch={BRANCH}"]
    assert message.lines_of("To") == ("Bob <sip:bob@biloxi.example.com>;tag=99sa0xk",)
    assert message.lines_of("Route") == invite.lines_of("Route")
    assert (message.body, message.content_type) == (b"", None)


@pytest.mark.rfc("3261 17.1.1.3")
def test_the_ack_repeats_who_and_which() -> None:
    """Call-ID, From, Request-URI and the number of the CSeq are those of the INVITE; the CSeq's method is ACK."""
    bench = Bench()
    bench.sends(request(uri="sip:bob@192.0.2.2;transport=udp", cseq=986759))
    bench.receives(response(404))
    ack = parsed_request(bench.sent[-1].data)
    assert ack.lines_of("Call-ID") == request().lines_of("Call-ID")
    assert ack.lines_of("From") == request().lines_of("From")
    assert str(ack.uri) == "sip:bob@192.0.2.2;transport=udp"
    assert (ack.cseq.number, ack.cseq.method) == (986759, "ACK")
    assert ack.header("Max-Forwards") == "70"


@pytest.mark.rfc("3261 22.1")
def test_the_ack_carries_the_credentials_of_the_invite() -> None:
    """An ACK cannot be challenged, so it has the credentials of its INVITE."""
    bench = Bench()
    bench.sends(request(more=SECRETS))
    bench.receives(response(486))
    ack = parsed_request(bench.sent[-1].data)
    assert ack.lines_of("Authorization") == ('Digest username="alice"',)
    assert ack.lines_of("Proxy-Authorization") == ('Digest username="al"',)


@pytest.mark.rfc("3261 17.1.1.2")
def test_every_final_response_that_matches_gets_the_same_ack() -> None:
    """ "A retransmission ... is defined as any response which would match the same client transaction"."""
    bench = Bench()
    bench.sends(request())
    bench.receives(response(486, to_tag="one"))
    bench.receives(response(600, to_tag="two"))
    assert [parsed_request(send.data).to.tag for send in bench.sent[1:]] == ["one", "one"]
    assert bench.log == ["0 send INVITE", "0 send ACK", "0 up 486", "0 send ACK"]
