"""What reliable provisional responses, PRACK and UPDATE look like in a peer's handwriting (RFC 3262, RFC 3311)."""

from __future__ import annotations

from typing import Any

from sipsm import Call, Request, Response
from sipsm.testing import Agent, Net
from tests.endpoint.by_hand import SDP, Bench

SUPPORTED = "Supported: 100rel"
REQUIRED = "Require: 100rel"
ALLOWS = "Allow: INVITE, ACK, CANCEL, BYE, PRACK, UPDATE"
SDP3 = SDP.replace(b"4000", b"6000")


def requests(bench: Bench, method: str) -> list[Request]:
    """The requests of this method that the endpoint sent."""
    return [message for message in bench.sent if isinstance(message, Request) and message.method == method]


def responses(bench: Bench, status: int, method: str | None = None) -> list[Response]:
    """The responses with this status that the endpoint sent, to this method."""
    return [
        message
        for message in bench.sent
        if isinstance(message, Response) and message.status == status and method in {None, message.cseq.method}
    ]


def rseq(response: Response) -> int:
    """Its RSeq number."""
    return int(response.header("RSeq") or 0)


# -------------------------------------------------------------------- the peer is called


def rings(bench: Bench, invite: Request, number: int, *, status: int = 183, **parts: Any) -> None:
    """The peer sends a reliable provisional response."""
    parts["headers"] = [REQUIRED, f"RSeq: {number}", *parts.get("headers", [])]
    bench.receive(bench.response(invite, status, **parts))


def says_ok(bench: Bench, method: str, **parts: Any) -> None:
    """The peer answers our last request of this method with 200."""
    bench.receive(bench.response(requests(bench, method)[-1], 200, **parts))


# -------------------------------------------------------------------- the peer calls


def prack(bench: Bench, call: Call, response: Response, cseq: int, *, rack: str | None = None, **parts: Any) -> bytes:
    """The peer's PRACK for a reliable provisional response of ours."""
    rack = rack or f"{rseq(response)} {response.cseq.number} INVITE"
    return bench.in_dialog("PRACK", cseq, call, headers=[f"RAck: {rack}"], **parts)


def pracks(bench: Bench, call: Call, cseq: int, **parts: Any) -> None:
    """The peer acknowledges what we sent last."""
    bench.receive(prack(bench, call, bench.last_response, cseq, **parts))


def updates(bench: Bench, call: Call, cseq: int, body: bytes = b"", **parts: Any) -> None:
    """The peer sends an UPDATE in the dialog of a call."""
    parts["headers"] = ["Contact: <sip:alice@192.0.2.2:5060>", *parts.get("headers", [])]
    bench.receive(bench.in_dialog("UPDATE", cseq, call, body=body, **parts))


def early_in(bench: Bench, *, answer: bytes, acknowledged: bool = True) -> Call:
    """A call of the peer's whose first exchange is complete while it rings; the next CSeq of the peer is 3."""
    call = bench.incoming(headers=[SUPPORTED, ALLOWS])
    bench.take(call.ring(183, sdp=answer, reliable=True, now=bench.now))
    if acknowledged:
        pracks(bench, call, 2)
    return call


def early_out(bench: Bench, *, answer: bytes, offer: bytes = SDP, acknowledged: bool = True) -> Call:
    """A call of ours whose first exchange is complete while it rings."""
    call = bench.outgoing(offer=offer)
    rings(bench, call.invite, 100, body=answer, headers=[ALLOWS])
    if acknowledged:
        says_ok(bench, "PRACK")
    return call


# -------------------------------------------------------------------- in the network


def up(net: Net, alice: Agent, bob: Agent, at: float = 1.0, **options: Any) -> Call:
    """A call from Alice to Bob, which is up when this returns."""
    call = alice.invite("sip:bob", **options)
    net.run(until=at)
    return call
