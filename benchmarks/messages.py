"""How long reading and writing messages takes, as ratios to the floor of the same run; and the memory they hold."""

from __future__ import annotations

import tracemalloc

from benchmarks import floor
from benchmarks.corpus import CORPUS, INVITE_OF_1500, REQUESTS
from benchmarks.timing import best
from sipsm.message import Address, Request, Response, Via, forwarded, parse_message, response_to
from sipsm.message.headers import FIELDS

ROUNDS = 60
LOOPS = 40

OURS = Via.build("UDP", "192.0.2.1", branch="z9hG4bK8321234356")
US = Address.parse("<sip:192.0.2.1;lr>")


def run() -> list[tuple[str, float, float]]:
    """Name, microseconds a message, and ratio to the floor, for each thing measured."""
    messages = [parse_message(data) for data in CORPUS]
    message_parts = [parts(message) for message in messages]
    requests = [message for message in map(parse_message, REQUESTS) if isinstance(message, Request)]
    response_parts = [parts(response_to(request, 200, to_tag="8321234356")) for request in requests]
    forwarded_parts = [parts(forwarded(request, via=OURS, record_route=US)) for request in requests]

    def floor_read() -> None:
        for data in CORPUS:
            floor.read(data)

    def parse() -> None:
        for data in CORPUS:
            parse_message(data)

    def essentials() -> None:
        for data in CORPUS:
            touch(parse_message(data))

    def everything() -> None:
        for data in CORPUS:
            touch_all(parse_message(data))

    def floor_write() -> None:
        for start_line, headers, body in message_parts:
            floor.write(start_line, headers, body)

    def write() -> None:
        for message in messages:
            bytes(message)

    def write_changed() -> None:
        for message in messages:
            bytes(message.with_header("Max-Forwards", 69))

    def floor_answer() -> None:
        for start_line, headers, body in response_parts:
            floor.write(start_line, headers, body)

    def answer() -> None:
        for request in requests:
            bytes(response_to(request, 200, to_tag="8321234356"))

    def floor_forward() -> None:
        for start_line, headers, body in forwarded_parts:
            floor.write(start_line, headers, body)

    def forward() -> None:
        for request in requests:
            bytes(forwarded(request, via=OURS, record_route=US))

    def parse_requests() -> None:
        for data in REQUESTS:
            parse_message(data)

    def parse_and_forward() -> None:
        for data in REQUESTS:
            request = parse_message(data)
            assert isinstance(request, Request)
            bytes(forwarded(request, via=OURS, record_route=US))

    # Each job with its name, how many messages it is for, and its floor.
    all_of_them, asked = len(CORPUS), len(requests)
    jobs = (
        ("floor: read", floor_read, all_of_them, floor_read),
        ("parse", parse, all_of_them, floor_read),
        ("parse and read six fields", essentials, all_of_them, floor_read),
        ("parse and read every header as its value", everything, all_of_them, floor_read),
        ("floor: write", floor_write, all_of_them, floor_write),
        ("write unchanged", write, all_of_them, floor_write),
        ("change a header and write", write_changed, all_of_them, floor_write),
        ("floor: write a response", floor_answer, asked, floor_answer),
        ("build a response and write it", answer, asked, floor_answer),
        ("floor: write a forwarded request", floor_forward, asked, floor_forward),
        ("forward as a proxy, and write", forward, asked, floor_forward),
        ("parse a request", parse_requests, asked, floor_forward),
        ("parse, forward as a proxy, and write", parse_and_forward, asked, floor_forward),
    )
    least = best(*(job for _, job, _, _ in jobs), rounds=ROUNDS, loops=LOOPS)
    return [(name, least[job] / size, least[job] / least[base]) for name, job, size, base in jobs]


def touch(message: Request | Response) -> tuple[object, ...]:
    """What a transaction and a dialog ask of every message."""
    first = message.method if isinstance(message, Request) else message.status
    return first, message.branch, message.from_tag, message.to_tag, message.call_id, message.cseq


def touch_all(message: Request | Response) -> None:
    """The same, and then every header as its value; those of nobody's standard as text."""
    touch(message)
    for name in message.names:
        field = FIELDS.get(name)
        _ = message.header(name) if field is None else message[field]


def parts(message: Request | Response) -> tuple[str, list[tuple[str, str]], bytes]:
    """Start line, headers and body, as the floor writes them."""
    return bytes(message).partition(b"\r\n")[0].decode(), list(message.headers), message.body


def memory(count: int = 500) -> list[tuple[str, float]]:
    """Bytes held by a parsed INVITE of 1.5 kB: as parsed, and with every header read as its value."""
    held = []
    for name, touched in (("as parsed", False), ("every header read", True)):
        # The bytes that come from a socket are the message's as well: each is a copy of its own.
        tracemalloc.start()
        messages = []
        for _ in range(count):
            message = parse_message(bytes(bytearray(INVITE_OF_1500)))
            if touched:
                touch_all(message)
            messages.append(message)
        held.append((f"INVITE of {len(INVITE_OF_1500)} bytes, {name}", tracemalloc.get_traced_memory()[0] / count))
        tracemalloc.stop()
    return held
