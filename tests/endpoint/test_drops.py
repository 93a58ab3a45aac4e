"""What comes to nothing is told with its reason, and what is malformed is answered without keeping anything."""

from __future__ import annotations

import pytest

from sipsm import CallState, Dropped, DropReason, Endpoint, Limits, Request, Response, Send
from tests.endpoint.by_hand import SDP, SDP2, THEIRS, Bench, lines
from tests.endpoint.snapshot import snapshot

LEGS = ("From: <sip:a@b>;tag=1", "To: <sip:c@d>", "Call-ID: x", "CSeq: 1 OPTIONS")
VIA = "Via: SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKx"


def dropped(bench: Bench, data: bytes) -> Dropped:
    """The one drop that these bytes came to; whatever the bytes are, the endpoint is as before."""
    before = snapshot(bench.endpoint)
    outputs = bench.receive(data)
    assert snapshot(bench.endpoint) == before
    drop = outputs[-1]
    assert isinstance(drop, Dropped)
    assert drop.why
    assert drop.flow.remote == THEIRS
    assert bytes(drop.data) == data
    assert all(isinstance(output, Send) for output in outputs[:-1])
    return drop


# -------------------------------------------------------------------- not even messages


@pytest.mark.rfc("5626 3.5.1")
@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\n\r\n", b"\0", b"\0\0\0\0", b"  \r\n", b"\n" * 100])
def test_a_keep_alive(data: bytes) -> None:
    """Line ends and zeros only keep the way open."""
    bench = Bench()
    assert dropped(bench, data).reason is DropReason.KEEP_ALIVE
    assert bench.wires == []


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x80\x81\x82\xff",
        b"SIP/2.0\r\n\r\n",
        b"SIP/2.0 999 x\r\n\r\n",
        b"OPTIONS sip:a@b SIP/2.0\r\n\r\n",
        b"OPTIONS sip:a@b SIP/2.0\nVia: SIP/2.0/UDP h\n\n",
        bytes(range(256)),
        b"\0\1\0\x08\x21\x12\xa4\x42" + b"x" * 20,
    ],
)
def test_what_is_not_sip(data: bytes) -> None:
    """Nobody is answered who could not be told."""
    bench = Bench()
    assert dropped(bench, data).reason in {DropReason.NOT_SIP, DropReason.MALFORMED}
    assert bench.wires == []


def test_a_message_that_is_too_long() -> None:
    """The limit counts bytes, and one of exactly its size is read."""
    data = Bench().request("OPTIONS")
    bench = Bench(limits=Limits(message_bytes=len(data) - 1))
    drop = dropped(bench, data)
    assert (drop.reason, drop.why) == (DropReason.TOO_LARGE, f"more than {len(data) - 1} bytes")
    assert bench.wires == []
    bench = Bench(limits=Limits(message_bytes=len(data)))
    bench.receive(data)
    assert bench.statuses == [200]


# -------------------------------------------------------------------- malformed


MALFORMED = {
    "no To": lines("OPTIONS sip:a@b SIP/2.0", VIA, *LEGS[:1], *LEGS[2:]),
    "no From": lines("OPTIONS sip:a@b SIP/2.0", VIA, *LEGS[1:]),
    "two To": lines("OPTIONS sip:a@b SIP/2.0", VIA, *LEGS, "To: <sip:e@f>"),
    "another method in CSeq": lines("INVITE sip:a@b SIP/2.0", VIA, *LEGS),
    "no number": lines("OPTIONS sip:a@b SIP/2.0", VIA, *LEGS[:3], "CSeq: OPTIONS"),
    "From unreadable": lines("OPTIONS sip:a@b SIP/2.0", VIA, "From: <", *LEGS[1:]),
    "URI with headers": lines("OPTIONS sip:a@b?x=y SIP/2.0", VIA, *LEGS),
    "URI unreadable": lines("OPTIONS sip: SIP/2.0", VIA, *LEGS),
    "short body": b"OPTIONS sip:a@b SIP/2.0\r\n" + "\r\n".join((VIA, *LEGS, "Content-Length: 9", "", "")).encode(),
}


@pytest.mark.rfc("3261 8.2.7")
@pytest.mark.parametrize("data", MALFORMED.values(), ids=list(MALFORMED))
def test_a_malformed_request_is_answered_and_leaves_nothing(data: bytes) -> None:
    """It gets a 400 that copies what could be read, and its repeat the very same one: with the same To tag."""
    bench = Bench()
    assert dropped(bench, data).reason is DropReason.MALFORMED
    bench.wait(5)
    assert dropped(bench, data).reason is DropReason.MALFORMED
    assert bench.statuses == [400, 400]
    assert bench.wires[0] == bench.wires[1]
    assert bench.flows == [bench.flows[0]] * 2
    assert bench.flows[0].remote == THEIRS
    assert bench.last_response.header("Via") == VIA.partition(": ")[2]


def test_a_malformed_request_with_another_branch_gets_another_tag() -> None:
    """Tags tell requests apart (RFC 3261 19.3), and another endpoint would choose others."""
    first, second = (lines("INVITE sip:a@b SIP/2.0", VIA + extra, *LEGS) for extra in ("1", "2"))
    bench, other = Bench(1), Bench(2)
    for data in (first, second):
        bench.receive(data)
    other.receive(first)
    tags = [message.to.tag for message in [*bench.sent, *other.sent]]
    assert len(set(tags)) == 3
    assert None not in tags


@pytest.mark.rfc("3261 21.5.6")
@pytest.mark.parametrize("version", ["SIP/3.0", "SIP/7.1", "sip/1.0"])
def test_another_version(version: str) -> None:
    """A request of another version of SIP gets 505."""
    bench = Bench()
    dropped(bench, lines(f"OPTIONS sip:a@b {version}", VIA, *LEGS))
    assert bench.statuses == [505]


def test_a_malformed_ack_is_not_answered() -> None:
    """There is no answer to an ACK, whatever is wrong with it."""
    bench = Bench()
    drop = dropped(bench, lines("ACK sip:a@b SIP/2.0", VIA, *LEGS))
    assert drop.reason is DropReason.MALFORMED
    assert bench.wires == []
    drop = dropped(bench, b"ACK sip:a@b SIP/2.0\r\n" + "\r\n".join((VIA, "Content-Length: 9", "", "")).encode())
    assert drop.reason is DropReason.MALFORMED
    assert bench.wires == []


@pytest.mark.parametrize("via", ["Via: x", "Via: SIP/2.0/UDP ;branch=1", "X: y"])
def test_who_cannot_be_answered_is_not(via: str) -> None:
    """Without a Via that can be read nobody can be told."""
    bench = Bench()
    assert dropped(bench, lines("OPTIONS sip:a@b SIP/2.0", via, *LEGS)).reason is DropReason.MALFORMED
    assert bench.wires == []


@pytest.mark.parametrize("data", [
    lines("SIP/2.0 200 OK", "Via: x", *LEGS),
    lines("SIP/2.0 200 OK", VIA, *LEGS[1:]),
    lines("SIP/2.0 200 OK", VIA, *LEGS[:3]),
    lines("SIP/2.0 200 OK", VIA, *LEGS, "Contact: <"),
])  # fmt: skip
def test_a_malformed_response_is_dropped(data: bytes) -> None:
    """There is no answer to a response."""
    bench = Bench()
    assert dropped(bench, data).reason is DropReason.MALFORMED
    assert bench.wires == []


# -------------------------------------------------------------------- responses that are not for us


@pytest.mark.rfc("3261 18.1.2")
@pytest.mark.parametrize(
    "via",
    ["192.0.2.9:5060", "192.0.2.1:5061", "biloxi.example.com:5060", "[2001:db8::1]:5060"],
)
def test_a_response_whose_via_is_not_ours(via: str) -> None:
    """The sent-by of the topmost Via must be ours, port and all, before the branch is even looked at."""
    bench = Bench()
    call = bench.outgoing()
    ours = call.invite.lines_of("Via")[0]
    theirs = bench.response(call.invite, 180).replace(ours.encode(), ours.replace("192.0.2.1:5060", via).encode())
    drop = dropped(bench, theirs)
    assert (drop.reason, drop.why) == (DropReason.MISROUTED_RESPONSE, "its Via is not ours")
    assert call.state is CallState.CALLING


@pytest.mark.rfc("3261-C06", "3261 8.1.3.3")
@pytest.mark.parametrize("second", ["Via: SIP/2.0/UDP 192.0.2.8;branch=z9hG4bKy", "v: SIP/2.0/UDP a, SIP/2.0/UDP b"])
def test_a_response_with_more_than_one_via(second: str) -> None:
    """It was misrouted or corrupted: it is discarded."""
    bench = Bench()
    call = bench.outgoing()
    drop = dropped(bench, bench.response(call.invite, 200, headers=[second], body=SDP2))
    assert (drop.reason, drop.why) == (DropReason.MISROUTED_RESPONSE, "it has more than one Via")
    assert call.state is CallState.CALLING


def test_a_via_without_a_port_means_5060() -> None:
    """The default port may be left out on the way."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180).replace(b"UDP 192.0.2.1:5060;", b"UDP 192.0.2.1;"))
    assert call.state is CallState.RINGING


def test_a_host_is_compared_as_an_address() -> None:
    """IPv6 has more than one spelling."""
    bench = Bench()
    bench.endpoint = Endpoint("udp:[2001:db8::1]:5060")
    call = bench.outgoing(target="sip:bob@[2001:db8::2]")
    bench.receive(bench.response(call.invite, 180).replace(b"[2001:db8::1]", b"[2001:DB8:0::1]"))
    assert call.state is CallState.RINGING


@pytest.mark.rfc("6026 7.2")
@pytest.mark.parametrize("status", [180, 200, 487])
def test_a_response_that_nobody_waits_for(status: int) -> None:
    """A response to no transaction is dropped, a 2xx as well."""
    bench = Bench()
    request = Request.build("INVITE", "sip:bob@192.0.2.2", [
        ("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKnobody"), ("From", "<sip:a@b>;tag=1"), ("To", "<sip:c@d>"),
        ("Call-ID", "x"), ("CSeq", "1 INVITE"),
    ])  # fmt: skip
    drop = dropped(bench, bench.response(request, status, body=SDP))
    assert (drop.reason, drop.why) == (DropReason.STRAY_RESPONSE, "no transaction waits for it")
    assert isinstance(drop.data, Response)


# -------------------------------------------------------------------- repeats


def test_repeats_are_absorbed() -> None:
    """A repeat that its transaction or its call has no use for is told as such."""
    bench = Bench()
    data = bench.request("INVITE", body=SDP)
    bench.receive(data)
    drop = bench.receive(data)[-1]
    assert isinstance(drop, Dropped)
    assert (drop.reason, bytes(drop.data)) == (DropReason.ABSORBED, data)
    assert "repeat" in drop.why


@pytest.mark.parametrize("mangle", ["\r\n", "\r\n\r\n\r\n\r\n"])
def test_line_ends_before_a_message_are_passed_over(mangle: str) -> None:
    """A keep-alive may stand before a message (RFC 3261 7.5)."""
    bench = Bench()
    bench.receive(mangle.encode() + bench.request("OPTIONS"))
    assert bench.statuses == [200]


def test_a_request_that_was_cut_anywhere() -> None:
    """However much of it came, nothing is raised, and nothing stays."""
    bench = Bench()
    data = bench.request("OPTIONS", body=SDP)
    for end in range(len(data)):
        assert bench.receive(data[:end])
    bench.quiet()
    assert bench.left() == {}
