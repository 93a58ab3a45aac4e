"""What a transaction and a call cost, in memory, as ratios to the floor for the same messages.

A call is one of many that endpoints which live on have one after the other, its timers among them.
The floor of a message that is sent and received is writing it once and reading it once (`benchmarks.floor`).
"""

from __future__ import annotations

import random
import re
from collections import deque

from benchmarks import by_hand, floor
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
APART_S = 0.25
"""So 128 calls are over and wait for repeats, for 32 s each."""


class Wire:
    """Two endpoints that live on from call to call, and between them nothing that takes time."""

    def __init__(self) -> None:
        self.alice = Endpoint("udp:192.0.2.1:5060", ids=Ids(random.Random(1)))
        self.bob = Endpoint("udp:192.0.2.2:5060", ids=Ids(random.Random(2)))
        self.now = NOW
        self.seen: list[tuple[bool, bytes]] = []
        """Every message of the last call: whether Alice sent it, and its bytes."""
        self.incoming: Call | None = None

    def carry(self, from_alice: bool, outputs: list[Output]) -> None:
        """Deliver what is sent, and what is sent because of that."""
        queue = deque((from_alice, output) for output in outputs)
        while queue:
            by_alice, output = queue.popleft()
            if isinstance(output, Send):
                self.seen.append((by_alice, output.data))
                if by_alice:
                    queue.extend((False, more) for more in self.bob.receive(output.data, TO_ALICE, self.now))
                else:
                    queue.extend((True, more) for more in self.alice.receive(output.data, TO_BOB, self.now))
            elif isinstance(output, IncomingCall):
                self.incoming = output.call

    def call(self) -> None:
        """INVITE, 180, 200, ACK, BYE, 200; and the timers of the calls before."""
        self.now += APART_S
        self.seen.clear()
        for endpoint in (self.alice, self.bob):
            endpoint.handle_timeout(self.now)
        call, outputs = self.alice.invite("sip:bob@192.0.2.2", offer=SDP, now=self.now)
        self.carry(True, outputs)
        assert self.incoming is not None, "the INVITE has arrived"
        self.carry(False, self.incoming.ring(now=self.now))
        self.carry(False, self.incoming.answer(SDP, now=self.now))
        self.carry(True, call.hang_up(now=self.now))


class ReliableWire(Wire):
    """Calls whose 183 bears the answer and has its PRACK, and which an UPDATE changes before they are answered."""

    def call(self) -> None:
        """INVITE, 183, PRACK, 200, UPDATE, 200, 200, ACK, BYE, 200; and the timers of the calls before."""
        self.now += APART_S
        self.seen.clear()
        for endpoint in (self.alice, self.bob):
            endpoint.handle_timeout(self.now)
        call, outputs = self.alice.invite("sip:bob@192.0.2.2", offer=SDP, now=self.now)
        self.carry(True, outputs)
        incoming = self.incoming
        assert incoming is not None, "the INVITE has arrived"
        self.carry(False, incoming.ring(183, sdp=SDP, reliable=True, now=self.now))
        self.carry(True, call.offer(SDP, now=self.now))
        self.carry(False, incoming.answer_offer(SDP, now=self.now))
        self.carry(False, incoming.answer(now=self.now))
        self.carry(True, call.hang_up(now=self.now))


class Callee:
    """Bob alone, who is sent the messages of one call again and again, each time with other identifiers."""

    def __init__(self, from_alice: list[bytes]) -> None:
        self.bob = Endpoint("udp:192.0.2.2:5060", ids=Ids(random.Random(3)))
        self.from_alice = from_alice
        self.tag = _TO_TAG.findall(from_alice[-1])[0]
        self.now = NOW
        self.calls = 0

    def prepare(self) -> list[bytes]:
        """What Alice sends in another call, but for Bob's tag."""
        self.calls += 1
        self.now += APART_S
        return [_again(data, self.calls) for data in self.from_alice]

    def call(self) -> None:
        """One call, after the timers of those before."""
        invite, *rest = self.prepare()
        self.bob.handle_timeout(self.now)
        outputs = self.bob.receive(invite, TO_ALICE, self.now)
        incoming = next(out.call for out in outputs if isinstance(out, IncomingCall))
        (ringing,) = incoming.ring(now=self.now)
        assert isinstance(ringing, Send), "a 180 is sent"
        tag = _TO_TAG.findall(ringing.data)[0]
        incoming.answer(SDP, now=self.now)
        for data in rest:
            outputs = self.bob.receive(data.replace(self.tag, tag), TO_ALICE, self.now)
        assert isinstance(outputs[0], Send), "the BYE is answered"


class CalleeByHand(Callee):
    """The same messages to one who has no machine."""

    def __init__(self, from_alice: list[bytes], from_bob: list[bytes]) -> None:
        super().__init__(from_alice)
        self.hand = by_hand.callee([(response.headers, response.body) for response in map(parse_message, from_bob[:2])])

    def call(self) -> None:
        """One call, after the end of those before."""
        invite, *rest = self.prepare()
        self.hand.handle_timeout(self.now)
        incoming = self.hand.receive(invite, TO_ALICE, self.now)
        assert isinstance(incoming, by_hand.Ringing), "the INVITE has arrived"
        tag = _TO_TAG.findall(self.hand.respond(incoming, 180, self.now).data)[0]
        self.hand.respond(incoming, 200, self.now)
        outputs = [self.hand.receive(data.replace(self.tag, tag), TO_ALICE, self.now) for data in rest]
        assert isinstance(outputs[-1], Send), "the BYE is answered"


_TO_TAG = re.compile(rb"\r\nTo:[^\r\n]*;tag=(\w+)")


def _again(data: bytes, number: int) -> bytes:
    """A message of another call: what must differ begins with its number."""
    mark = b"%08x" % number
    return data.replace(b"z9hG4bK", b"z9hG4bK" + mark).replace(b"Call-ID: ", b"Call-ID: " + mark)


def run() -> list[tuple[str, float, float]]:
    """Name, microseconds, and ratio to the floor, for each thing measured."""
    wire = Wire()
    wire.call()
    seen = list(wire.seen)
    parts = {data: _parts(data) for _, data in seen}
    from_alice = [data for by_alice, data in seen if by_alice]
    callee = Callee(from_alice)
    hand = CalleeByHand(from_alice, [data for by_alice, data in seen if not by_alice])

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

    request = parse_message(callee.from_alice[-1])
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

    reliable = ReliableWire()
    reliable.call()
    reliable_parts = [(data, _parts(data)) for _, data in reliable.seen]

    def floor_reliable() -> None:
        for data, parts_of in reliable_parts:
            floor.write(*parts_of)
            floor.read(data)

    jobs = (
        *(floor_transaction, transaction, floor_call, wire.call, floor_reliable, reliable.call),
        *(floor_answering, callee.prepare, callee.call, hand.call),
    )
    least = best(*jobs, rounds=30, loops=50)
    answering, without = (least[job] - least[callee.prepare] for job in (callee.call, hand.call))
    both, with_prack = least[wire.call], least[reliable.call]
    return [
        ("floor: a transaction's two messages", least[floor_transaction], 1.0),
        ("a non-INVITE transaction, both sides", least[transaction], least[transaction] / least[floor_transaction]),
        ("floor: a call's six messages", least[floor_call], 1.0),
        ("a call through two endpoints", both, both / least[floor_call]),
        ("floor: the ten of one with PRACK and UPDATE", least[floor_reliable], 1.0),
        ("such a call through two endpoints", with_prack, with_prack / least[floor_reliable]),
        ("floor: a call's messages at the callee", least[floor_answering], 1.0),
        ("a call at the callee", answering, answering / least[floor_answering]),
        ("the same by hand, with no machine", without, without / least[floor_answering]),
    ]


def _parts(data: bytes) -> tuple[str, list[tuple[str, str]], bytes]:
    message = parse_message(data)
    return data.partition(b"\r\n")[0].decode(), list(message.headers), message.body
