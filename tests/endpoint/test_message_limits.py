"""The bounds of a message, the same in a datagram and on a connection."""

from __future__ import annotations

import random

import pytest

from sipsm import Close, Dropped, DropReason, Ids, MessageLimits, restore, save
from tests.endpoint.wired import FROM_THEM, Wired

LIMITS = MessageLimits(
    start_line_bytes=60, header_line_bytes=80, headers=12, head_bytes=600, body_bytes=300, unparsed_bytes=800
)


def request(bench: Wired, what: str, over: bool) -> bytes:
    """A request that is at a limit, or one over it."""
    match what:
        case "start line":
            return bench.request(
                "OPTIONS", uri=f"sip:{'b' * (60 - len('OPTIONS sip:@192.0.2.1 SIP/2.0') + over)}@192.0.2.1"
            )
        case "header line":
            return bench.request("OPTIONS", headers=[f"Subject: {'x' * (71 + over)}"])
        case "headers":
            return bench.request("OPTIONS", headers=["S: x"] * (4 + over))
        case "body":
            return bench.request("OPTIONS", body=b"\n" * (300 + over))
        case _:
            headers = [f"S: {'x' * 70}"] * 3
            short = bench.request("OPTIONS", branch="z9hG4bKlong", headers=headers, body=b"x" * 100)
            body = b"x" * (100 + 800 - len(short) + over)
            return bench.request("OPTIONS", branch="z9hG4bKlong", headers=headers, body=body)


WHAT = {"start line": 414, "header line": 513, "headers": 513, "body": 413, "message": 513}


@pytest.mark.rfc("3261 21.4.11", "3261 21.4.12", "3261 21.5.7")
@pytest.mark.parametrize("over", [False, True])
@pytest.mark.parametrize("way", ["datagram", "connection"])
@pytest.mark.parametrize("what", WHAT)
def test_at_a_limit_and_over_it(what: str, way: str, over: bool) -> None:
    """One that is at the limit is taken; over it a request is refused, if it says by whom, and a connection closed."""
    bench = Wired(message_limits=LIMITS)
    data = request(bench, what, over)
    if way == "datagram":
        data = b"\r\n" + data.replace(b"SIP/2.0/TCP", b"SIP/2.0/UDP")
        bench.receive(data)
    else:
        bench.arrives(data)
    if over:
        # Of a connection nothing is read behind the start line that is too long.
        refused = [] if (what, way) == ("start line", "connection") else [WHAT[what]]
        assert (bench.statuses, bench.drops) == (refused, [DropReason.TOO_LARGE])
        assert bench.told(Close) == ([Close(FROM_THEM)] if way == "connection" else [])
    else:
        assert (bench.statuses, bench.told(Dropped), bench.told(Close)) == ([200], [], [])


@pytest.mark.parametrize("way", ["datagram", "connection"])
def test_a_long_head(way: str) -> None:
    """It is bounded by itself, however short its lines."""
    bench = Wired(message_limits=MessageLimits(head_bytes=600))
    data = bench.request("OPTIONS", headers=["Subject: x"] * 50)
    if way == "datagram":
        bench.receive(data.replace(b"SIP/2.0/TCP", b"SIP/2.0/UDP"))
    else:
        bench.arrives(data)
    assert bench.drops == [DropReason.TOO_LARGE]


def test_a_head_without_an_end() -> None:
    """All of a datagram is its head where there is no empty line; what is wrong with it besides is another matter."""
    bench = Wired(message_limits=MessageLimits(head_bytes=600))
    bench.receive(b"OPTIONS sip:bob@192.0.2.1 SIP/2.0\r\n" + b"S: x\r\n" * 100)
    bench.receive(b"OPTIONS sip:bob@192.0.2.1 SIP/2.0\r\n" + b"S: x\r\n\tand more\r\n" * 20)
    assert bench.drops == [DropReason.TOO_LARGE, DropReason.MALFORMED]


def test_limits_are_kept_in_a_snapshot() -> None:
    """Who restores an endpoint has its limits, for connections that are there and for later ones."""
    bench = Wired(message_limits=LIMITS)
    bench.endpoint = restore(save(bench.endpoint), ids=Ids(random.Random(1)))
    bench.receive(request(bench, "body", True).replace(b"SIP/2.0/TCP", b"SIP/2.0/UDP"))
    bench.arrives(request(bench, "body", True))
    assert bench.statuses == [413, 413]
