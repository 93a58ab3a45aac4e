"""What a transaction and a call cost, in memory, as ratios to the floor for the same messages.

The floor of a message that is sent and received is writing it once and reading it once (`benchmarks.floor`).
"""

from __future__ import annotations

import random
from collections import deque

from benchmarks import floor
from benchmarks.corpus import OFFER
from benchmarks.timing import best
from sipsm import Call, Endpoint, Flow, Ids, IncomingCall, Output, Request, Send, parse_message
from sipsm.machine import Agenda
from sipsm.message import response_to
from sipsm.transaction import RequestReceived, TransactionLayer

ALICE, BOB = ("192.0.2.1", 5060), ("192.0.2.2", 5060)
TO_BOB, TO_ALICE = Flow("UDP", ALICE, BOB), Flow("UDP", BOB, ALICE)
SDP = OFFER.replace("\n", "\r\n").encode()
NOW = 1000.0


class Wire:
    """Two endpoints, and between them nothing that takes time."""

    def __init__(self) -> None:
        self.alice = Endpoint("udp:192.0.2.1:5060", ids=Ids(random.Random(1)))
        self.bob = Endpoint("udp:192.0.2.2:5060", ids=Ids(random.Random(2)))
        self.seen: list[tuple[bool, bytes]] = []
        """Every message: whether Alice sent it, and its bytes."""
        self.incoming: list[Call] = []

    def carry(self, from_alice: bool, outputs: list[Output]) -> None:
        """Deliver what is sent, and what is sent because of that."""
        queue = deque((from_alice, output) for output in outputs)
        while queue:
            by_alice, output = queue.popleft()
            if isinstance(output, Send):
                self.seen.append((by_alice, output.data))
                if by_alice:
                    queue.extend((False, more) for more in self.bob.receive(output.data, TO_ALICE, NOW))
                else:
                    queue.extend((True, more) for more in self.alice.receive(output.data, TO_BOB, NOW))
            elif isinstance(output, IncomingCall):
                self.incoming.append(output.call)


def basic_call() -> Wire:
    """INVITE, 180, 200, ACK, BYE, 200."""
    wire = Wire()
    call, outputs = wire.alice.invite("sip:bob@192.0.2.2", offer=SDP, now=NOW)
    wire.carry(True, outputs)
    wire.carry(False, wire.incoming[0].ring(now=NOW))
    wire.carry(False, wire.incoming[0].answer(SDP, now=NOW))
    wire.carry(True, call.hang_up(now=NOW))
    return wire


def run() -> list[tuple[str, float, float]]:
    """Name, microseconds, and ratio to the floor, for each thing measured."""
    seen = basic_call().seen
    from_alice = [data for by_alice, data in seen if by_alice]
    parts = {data: _parts(data) for _, data in seen}

    def floor_call() -> None:
        for _, data in seen:
            floor.write(*parts[data])
            floor.read(data)

    def floor_answering() -> None:
        for by_alice, data in seen:
            if by_alice:
                floor.read(data)
            else:
                floor.write(*parts[data])

    def answering() -> None:
        # With the same seed Bob makes up the same tags, so that Alice's messages of the first run fit every run.
        bob = Endpoint("udp:192.0.2.2:5060", ids=Ids(random.Random(2)))
        invite, *rest = from_alice
        incoming = next(out for out in bob.receive(invite, TO_ALICE, NOW) if isinstance(out, IncomingCall))
        incoming.call.ring(now=NOW)
        incoming.call.answer(SDP, now=NOW)
        for data in rest:
            bob.receive(data, TO_ALICE, NOW)

    def new_endpoint() -> None:
        Endpoint("udp:192.0.2.2:5060", ids=Ids(random.Random(2)))

    request = next(parse_message(data) for data in from_alice if data.startswith(b"BYE"))
    assert isinstance(request, Request), "a BYE is a request"
    response = response_to(request, 200)
    exchange = [bytes(request), bytes(response)]
    exchange_parts = [_parts(data) for data in exchange]

    def floor_transaction() -> None:
        for data, parts_of in zip(exchange, exchange_parts, strict=True):
            floor.write(*parts_of)
            floor.read(data)

    def transaction() -> None:
        client, server = TransactionLayer(Agenda()), TransactionLayer(Agenda())
        (send,) = client.send_request(request, TO_BOB, None, NOW)
        assert isinstance(send, Send), "a request is sent"
        arrived = parse_message(send.data)
        assert isinstance(arrived, Request), "and arrives"
        (received,) = server.receive_request(arrived, TO_ALICE, NOW)
        assert isinstance(received, RequestReceived), "and is passed up"
        (reply,) = server.respond(received.transaction, response_to(received.request, 200), NOW)
        assert isinstance(reply, Send), "and answered"
        answer = parse_message(reply.data)
        assert not isinstance(answer, Request), "and the answer arrives"
        client.receive_response(answer, NOW)

    def call() -> None:
        basic_call()

    least = best(
        floor_transaction, transaction, floor_call, call, floor_answering, answering, new_endpoint, rounds=30, loops=50
    )
    answering_only = least[answering] - least[new_endpoint]
    both = least[call] - 2 * least[new_endpoint]
    return [
        ("floor: a transaction's two messages", least[floor_transaction], 1.0),
        ("a non-INVITE transaction, both sides", least[transaction], least[transaction] / least[floor_transaction]),
        ("floor: a call's six messages", least[floor_call], 1.0),
        ("a call through two endpoints", both, both / least[floor_call]),
        ("floor: a call's messages at the callee", least[floor_answering], 1.0),
        ("a call at the callee", answering_only, answering_only / least[floor_answering]),
    ]


def _parts(data: bytes) -> tuple[str, list[tuple[str, str]], bytes]:
    message = parse_message(data)
    return data.partition(b"\r\n")[0].decode(), list(message.headers), message.body
