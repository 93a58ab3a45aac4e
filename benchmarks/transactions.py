"""What transactions cost in time and in memory, with few and with very many of them alive.

`python -m benchmarks` keeps up to 100,000 alive; `python -m benchmarks.transactions` up to 1,000,000, for which it
needs about 2 GB and a minute.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterable
from time import perf_counter

from sipsm.machine import Agenda
from sipsm.message import Request, Response, parse_message, response_to
from sipsm.transaction import RequestReceived, Transaction, TransactionLayer
from sipsm.transport import Flow, Send

ALICE, BOB = ("192.0.2.1", 5060), ("192.0.2.2", 5060)
TO_BOB, TO_ALICE = Flow("UDP", ALICE, BOB), Flow("UDP", BOB, ALICE)
NOW = 1000.0
FAILED = 503
"""The request could not be sent: as if this had come (RFC 3261 8.1.3.1)."""

ALIVE = (10, 10_000, 100_000)
ALIVE_BY_ITSELF = (10, 10_000, 1_000_000)
ROUNDS = 40
AT_ONCE = 1_000
"""Transactions that are measured together."""

REQUEST = (
    "{method} sip:bob@biloxi.example.com SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{number:012};rport\r\n"
    "Max-Forwards: 70\r\n"
    "From: Alice <sip:alice@atlanta.example.com>;tag=9fxced{number}\r\n"
    "To: Bob <sip:bob@biloxi.example.com>\r\n"
    "Call-ID: 3848276298220{number}@atlanta.example.com\r\n"
    "CSeq: 2 {method}\r\n"
    "Contact: <sip:alice@192.0.2.1>\r\n"
    "Content-Length: 0\r\n\r\n"
)


def request_of(number: int, method: str = "OPTIONS") -> bytes:
    return REQUEST.format(number=number, method=method).encode()


class Server:
    """A transaction layer whose requests are answered at once, with so many of them waiting for repeats."""

    def __init__(self, alive: int) -> None:
        self.alive = alive
        self.agenda = Agenda()
        self.layer = TransactionLayer(self.agenda)
        self.made = 0
        self.messages = 0.0
        self.timers = 0.0
        """Least microseconds for one of them."""
        while len(self.layer.servers) < alive:
            self.serve([request_of(self.made)])

    @property
    def now(self) -> float:
        # Timer J lasts 32 s: with so many in 32 s, so many are alive.
        return NOW + self.made * 32 / self.alive

    def serve(self, arrived: list[bytes]) -> None:
        now, layer = self.now, self.layer
        for data in arrived:
            request = parse_message(data)
            assert isinstance(request, Request), "a request was sent"
            (received,) = layer.receive_request(request, TO_ALICE, now)
            assert isinstance(received, RequestReceived), "it is new"
            layer.respond(received.transaction, response_to(request, 200, to_tag="8321234356"), now)
        self.made += len(arrived)

    def fire(self) -> int:
        now, agenda, layer = self.now, self.agenda, self.layer
        fired = 0
        while (due := agenda.pop(now)) is not None:
            assert isinstance(due, Transaction), "nobody else has timers"
            layer.wake(due, now)
            fired += 1
        return fired

    def round(self) -> None:
        """So many arrive and are answered, and as many are over; the least time of all rounds is kept."""
        at_once = min(AT_ONCE, self.alive)
        messages = timers = 0.0
        fired = 0
        for _ in range(AT_ONCE // at_once):
            arrived = [request_of(self.made + number) for number in range(at_once)]
            start = perf_counter()
            self.serve(arrived)
            served = perf_counter()
            fired += self.fire()
            timers += perf_counter() - served
            messages += served - start
        # Each transaction is two messages: the request that comes, the response that goes.
        each = messages / AT_ONCE / 2 * 1e6
        self.messages = min(self.messages or each, each)
        if fired:
            self.timers = min(self.timers or 1e9, timers / fired * 1e6)


def with_many_alive(sizes: Iterable[int]) -> list[tuple[int, float, float]]:
    """How many are alive; microseconds for a message, and for a timer."""
    gc.disable()
    try:
        servers = [Server(alive) for alive in sizes]
        for _ in range(ROUNDS):
            for server in servers:
                server.round()
    finally:
        gc.enable()
    return [(server.alive, server.messages, server.timers) for server in servers]


def a_second() -> float:
    """Non-INVITE transactions a second, through client and server and both parsers."""
    count, best = 2_000, 0.0
    for _ in range(10):
        requests = [parse_message(request_of(number)) for number in range(count)]
        client, server = TransactionLayer(Agenda()), TransactionLayer(Agenda())
        gc.collect()
        start = perf_counter()
        for request in requests:
            assert isinstance(request, Request), "a request was built"
            (send,) = client.send_request(request, TO_BOB, None, NOW)
            assert isinstance(send, Send), "it is sent"
            arrived = parse_message(send.data)
            assert isinstance(arrived, Request), "it arrives"
            (received,) = server.receive_request(arrived, TO_ALICE, NOW)
            assert isinstance(received, RequestReceived), "it is passed up"
            (reply,) = server.respond(received.transaction, response_to(arrived, 200, to_tag="8321234356"), NOW)
            assert isinstance(reply, Send), "it is answered"
            answer = parse_message(reply.data)
            assert isinstance(answer, Response), "the answer arrives"
            client.receive_response(answer, NOW)
        best = max(best, count / (perf_counter() - start))
    return best


def memory() -> list[tuple[str, int, int]]:
    """What it is, the bytes held by one, and those of its message on the wire."""
    return [
        *(_held("OPTIONS", "client", status) for status in (None, 200, FAILED)),
        *(_held("OPTIONS", "server", status) for status in (None, 200)),
        *(_held("INVITE", side, status) for side in ("client", "server") for status in (None, 200, 486)),
    ]


def _held(method: str, side: str, status: int | None) -> tuple[str, int, int]:
    count = 5_000
    layer = TransactionLayer(Agenda())

    def one(number: int) -> int:
        now = NOW + number * 32 / count
        request = parse_message(request_of(number, method))
        assert isinstance(request, Request), "a request was built"
        response = response_to(request, status or 200, to_tag=f"832123{number}")
        if side == "client":
            layer.send_request(request, TO_BOB, None, now)
            if status == FAILED:
                layer.flow_closed(TO_BOB, now)
            elif status:
                layer.receive_response(response, now)
        else:
            (received,) = layer.receive_request(request, TO_ALICE, now)
            assert isinstance(received, RequestReceived), "it is passed up"
            if status:
                layer.respond(received.transaction, response, now)
        return len(bytes(response if status else request))

    gc.collect()
    tracemalloc.start()
    try:
        wire = max(map(one, range(count)))
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    stage = {None: "not answered yet", FAILED: "over before its time"}.get(status, f"after {status}")
    return f"{method} {side}, {stage}", held // count, wire


def main(sizes: Iterable[int] = ALIVE_BY_ITSELF) -> None:
    print(f"Non-INVITE transactions a second, both sides: {a_second():,.0f}")
    print("Memory: bytes held by a transaction, and of its message on the wire")
    for what, held, wire in memory():
        print(f"  {what:35} {held:6}  {wire:6}")
    print("Microseconds a message and a timer, with so many transactions alive; ratio to the first")
    rows = with_many_alive(sizes)
    for alive, message, timer in rows:
        print(f"  {alive:10,} {message:8.2f} {timer:8.2f}  {message / rows[0][1]:6.2f} {timer / rows[0][2]:6.2f}")


if __name__ == "__main__":
    main()
