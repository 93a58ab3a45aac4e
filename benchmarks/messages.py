"""How long reading and writing messages takes, as ratios to the floor of the same run."""

from __future__ import annotations

from benchmarks import floor
from benchmarks.corpus import CORPUS, REQUESTS
from benchmarks.timing import best
from sipsm.message import Request, Response, parse_message, read_message, response_to

ROUNDS = 60
LOOPS = 40


def run() -> list[tuple[str, float, float]]:
    """Name, microseconds a message, and ratio to the floor, for each thing measured."""
    messages = [parse_message(data) for data in CORPUS]
    parts = [(_start_line(message), list(message.headers), message.body) for message in messages]
    requests = [message for message in map(parse_message, REQUESTS) if isinstance(message, Request)]
    responses = [response_to(request, 200, to_tag="8321234356") for request in requests]
    response_parts = [(_start_line(response), list(response.headers)) for response in responses]

    def floor_read() -> None:
        for data in CORPUS:
            floor.read(data)

    def floor_write() -> None:
        for start_line, headers, body in parts:
            floor.write(start_line, headers, body)

    def floor_answer() -> None:
        for start_line, headers in response_parts:
            floor.write(start_line, headers, b"")

    def parse() -> None:
        for data in CORPUS:
            parse_message(data)

    def read() -> None:
        for data in CORPUS:
            _touch(read_message(data))

    def check_and_read() -> None:
        for data in CORPUS:
            _touch(parse_message(data))

    def write() -> None:
        for message in messages:
            bytes(message)

    def write_changed() -> None:
        for message in messages:
            bytes(message.with_header("Max-Forwards", 69))

    def answer() -> None:
        for request in requests:
            bytes(response_to(request, 200, to_tag="8321234356"))

    jobs = (floor_read, floor_write, floor_answer, parse, read, check_and_read, write, write_changed, answer)
    least = best(*jobs, rounds=ROUNDS, loops=LOOPS)
    size, asked = len(CORPUS), len(requests)
    return [
        ("floor: read", least[floor_read] / size, 1.0),
        ("read and touch", least[read] / size, least[read] / least[floor_read]),
        ("parse (read and check)", least[parse] / size, least[parse] / least[floor_read]),
        ("parse and touch", least[check_and_read] / size, least[check_and_read] / least[floor_read]),
        ("floor: write", least[floor_write] / size, 1.0),
        ("write unchanged", least[write] / size, least[write] / least[floor_write]),
        ("change a header and write", least[write_changed] / size, least[write_changed] / least[floor_write]),
        ("floor: write a response", least[floor_answer] / asked, 1.0),
        ("build and write a response", least[answer] / asked, least[answer] / least[floor_answer]),
    ]


def _touch(message: Request | Response) -> tuple[object, ...]:
    """What a transaction and a dialog ask of every message."""
    first = message.method if isinstance(message, Request) else message.status
    return first, message.via.branch, message.from_.tag, message.to.tag, message.call_id, message.cseq


def _start_line(message: Request | Response) -> str:
    return bytes(message).partition(b"\r\n")[0].decode()
