"""Whatever a stranger sends, in whatever state: nothing is raised, and no bad input leaves anything."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sipsm import Dropped, DropReason, Ended, Request, Resolve, Send
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.endpoint.snapshot import snapshot
from tests.role.stages import STAGES, Stage, at, to_its_end

# fmt: off
NAMES = [
    "Via", "v", "From", "To", "Call-ID", "CSeq", "Contact", "Route", "Record-Route", "Require", "Content-Type", "X",
    "Content-Length", "Content-Encoding", "Content-Disposition", "Max-Forwards", "Supported", "Timestamp", "Allow",
    "Proxy-Require", "Expires", "Retry-After",
]
VALUES = [
    "", "*", '"a', "<", 'a,"b', "<sip:a@b", "<sip:x@192.0.2.2?a=b>", "<tel:+1>", "<sips:a@192.0.2.2>", "<sip:a@[::1]>",
    "<sip:h;lr>,<sip:g>", "sip:a@b;tag=x", "<sip:a@b>;tag=", "0", "-1", "99999999999", "1 INVITE", "1  BYE", "\0", "é",
    "\udcff", "application/sdp", "multipart/mixed", "<sip:192.0.2.2;maddr=1.2.3.4;transport=tcp>", "<http://x/>",
    "SIP/2.0/UDP x", "SIP/2.0/UDP 192.0.2.2:5060;branch=z9hG4bKcall", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK",
    "SIP/2.0/UDP h;maddr=x;rport", "100rel", "identity", " , ,", "<sip:a@b>,<sip:c@d>", "x" * 2000,
    "<sip:name.example.com>", "<sip:a@b;method=BYE>",
]
# fmt: on
METHODS = ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "FOO", "UPDATE"]
STATUSES = [100, 180, 183, 199, 200, 202, 302, 401, 408, 481, 486, 487, 503, 603, 699]


def mutated(chance: Random, data: bytes) -> bytes:
    """A message of which up to three lines are gone, new, doubled, changed or scratched."""
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        kind, at = chance.randrange(7), chance.randrange(len(lines))
        line = lines[at]
        if kind == 0 and at:
            del lines[at]
        elif kind == 1:
            lines.insert(max(at, 1), f"{chance.choice(NAMES)}: {chance.choice(VALUES)}")
        elif kind == 2 and at:
            lines[at] = f"{line.partition(':')[0]}: {chance.choice(VALUES)}"
        elif kind == 3:
            lines.append(line)
        elif kind == 4:
            lines[0] = f"{chance.choice(METHODS)} sip:bob@192.0.2.1 SIP/2.0"
        elif kind == 5:
            lines[0] = f"SIP/2.0 {chance.choice(STATUSES)} x"
        else:
            cut = chance.randrange(len(line) + 1)
            lines[at] = line[:cut] + chance.choice([*';<>",=:\t\x7f', ""]) + line[cut + chance.randrange(2) :]
    data = "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body
    return data[: chance.randrange(len(data) + 1)] if chance.random() < 0.05 else data


def messages(bench: Bench, chance: Random) -> bytes:
    """Something that the peer of a call might say now."""
    requests = [message for message in bench.sent if isinstance(message, Request) and message.method != "ACK"]
    calls = bench.endpoint.calls
    body = chance.choice([b"", SDP, SDP2])
    kind = chance.randrange(4)
    if kind == 0 and requests:
        return bench.response(
            chance.choice(requests), chance.choice(STATUSES), tag=chance.choice(["a", "far", None]), body=body
        )
    if kind == 1 and calls:
        branch = chance.choice([None, "z9hG4bKcall"])
        return bench.in_dialog(
            chance.choice(METHODS), chance.randrange(1, 9), chance.choice(calls), branch=branch, body=body
        )
    method = chance.choice(METHODS)
    return bench.request(method, branch=chance.choice([None, "z9hG4bKcall"]), cseq=chance.randrange(1, 4), body=body)


def checked(bench: Bench, data: bytes) -> None:
    """Receive it; a message that was malformed has left everything as it was."""
    before = snapshot(bench.endpoint)
    outputs = bench.receive(data)
    if any(isinstance(output, Dropped) and output.reason in BAD for output in outputs):
        assert snapshot(bench.endpoint) == before
        assert all(isinstance(output, Send | Dropped) for output in outputs)
        assert len(outputs) <= 2


BAD = {
    DropReason.NOT_SIP,
    DropReason.KEEP_ALIVE,
    DropReason.MALFORMED,
    DropReason.TOO_LARGE,
    DropReason.MISROUTED_RESPONSE,
    DropReason.STRAY_RESPONSE,
    DropReason.STRAY_ACK,
}


@settings(max_examples=300)
@given(st.binary(max_size=200))
@example(b"\r\n\r\n")
@example(b"SIP/2.0 200 OK\r\n\r\n")
def test_any_bytes_at_all(data: bytes) -> None:
    """Bytes that mean nothing come to one drop, and perhaps an answer."""
    bench = Bench()
    checked(bench, data)
    assert bench.left() == {}


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32))
def test_any_message_at_any_stage(stage: Stage, seed: int) -> None:
    """Messages of a running call, whole and damaged, in any order; the call can end after all of them."""
    chance = Random(seed)
    bench, call = at(stage, seed)
    for _ in range(12):
        checked(bench, mutated(chance, messages(bench, chance)))
        if chance.random() < 0.2:
            bench.wait(chance.choice([0.1, 0.5, 4.0]))
    for _ in range(3):
        finish(bench)
        bench.quiet()
    assert sum(isinstance(event, Ended) and event.call is call for event in bench.outputs) == 1
    assert bench.left() == {}


def finish(bench: Bench) -> None:
    """End every call that is still there, as its peer; no name is known to the DNS."""
    for resolve in bench.told(Resolve):
        bench.looked_up(resolve=resolve)
    for call in bench.endpoint.calls:
        bench.sent.clear()
        if call.outgoing:
            bench.receive(bench.response(call.invite, 183, tag="end"))
            bench.receive(bench.response(call.invite, 487, tag="end"))
        for leg in call.legs:
            dialog = leg.dialog
            ids: dict[str, Any] = {"call_id": dialog.call_id, "from_": dialog.remote, "to": dialog.local}
            bench.receive(bench.request("BYE", cseq=2**30 + bench.branches, **ids))


def test_many_messages_to_one_endpoint() -> None:
    """One endpoint among strangers for a while: at the end, when all has timed out, nothing is left."""
    chance = Random(2)
    bench = Bench(2)
    for _ in range(500):
        checked(bench, mutated(chance, messages(bench, chance)))
        if chance.random() < 0.05:
            bench.wait(chance.choice([0.5, 4.0, 33.0]))
        del bench.sent[:-20]
    for _ in range(3):
        finish(bench)
        bench.quiet()
    assert bench.left() == {}


def test_a_call_survives_any_single_scratch() -> None:
    """A message of the peer's with any one byte gone changes a call or not, but never breaks it."""
    for number in range(0, 400, 7):
        bench = Bench()
        call = bench.incoming()
        bench.take(call.answer(SDP2, now=bench.now))
        ack = bench.in_dialog("ACK", 1, call)
        checked(bench, ack[:number] + ack[number + 1 :])
        to_its_end(bench, call)
