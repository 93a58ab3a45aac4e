"""The connections of the simulated network, driven by the flows of the core: what an endpoint does with them."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from sipsm.machine import Agenda
from sipsm.testing import Link, Net, Streaming
from sipsm.testing.agent import Agent
from sipsm.transport import Close, Flow, Frame, Listening, Open, Send
from sipsm.transport.flows import Flows
from sipsm.transport.limits import FlowLimits
from sipsm.transport.outputs import Arrived, Discarded, Lost, Unsent

BOB = Flow("TCP", ("192.0.2.1", 0), ("192.0.2.2", 5060))
"""The connection to Bob, made when it is needed."""


def message(number: int) -> bytes:
    """An OPTIONS whose body has so many bytes, and that knows its number."""
    body = b"x" * (number % 50)
    head = f"OPTIONS sip:bob SIP/2.0\r\nCSeq: {number} OPTIONS\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Ends:
    """The flows of an endpoint, and nothing above them: keeps the messages that arrive, and those that could not go."""

    def __init__(self, *local: str, **_: Any) -> None:
        self.agenda = Agenda()
        tcp = [Listening.parse(text) for text in local if text.startswith("tcp")]
        self.flows = Flows(tcp, self.agenda, Random(1), limits=FlowLimits())
        self.arrived: list[bytes] = []
        self.unsent: list[object] = []
        self.lost = 0
        self.discarded: list[Discarded] = []
        self.answers = False

    def take(self, outputs: list[Any], now: float) -> list[Any]:
        """Actions go on; what is for the endpoint stays."""
        done: list[Any] = []
        for output in outputs:
            match output:
                case Send() | Open() | Close():
                    done.append(output)
                case Arrived(flow, Frame(data)):
                    self.arrived.append(data)
                    if self.answers:
                        done += self.take(self.flows.send(flow, data, len(self.arrived), now), now)
                case Unsent():
                    self.unsent.append(output.sender)
                case Lost():
                    self.lost += 1
                case Discarded():
                    self.discarded.append(output)
                case _:
                    raise AssertionError(f"what came is no message: {output}")
        return done

    def send(self, number: int, *, now: float) -> list[Any]:
        """A command: send a message to Bob."""
        return self.take(self.flows.send(BOB, message(number), number, now), now)

    def next_timeout(self) -> float | None:
        """The timers of connections."""
        return self.agenda.next_timeout()

    def handle_timeout(self, now: float) -> list[Any]:
        """Fire what is due."""
        outputs: list[Any] = []
        while (due := self.agenda.pop(now)) is not None:
            outputs += self.flows.wake(due, now)  # type: ignore[arg-type]  # nobody else is on this agenda
        return self.take(outputs, now)

    def flow_opened(self, flow: Flow, now: float, open: Open | None = None) -> list[Any]:
        """There is a connection."""
        return self.take(self.flows.opened(flow, now, open), now)

    def open_failed(self, open: Open, now: float) -> list[Any]:
        """There is none."""
        return self.take(self.flows.open_failed(open, now), now)

    def flow_finished(self, flow: Flow, now: float) -> list[Any]:
        """The peer has sent its last."""
        return self.take(self.flows.finished(flow, now), now)

    def flow_closed(self, flow: Flow, now: float) -> list[Any]:
        """It is gone."""
        return self.take(self.flows.closed(flow, now), now)

    def send_failed(self, send: Send, now: float) -> list[Any]:
        """It could not be sent."""
        return self.take(self.flows.send_failed(send, now), now)

    def receive(self, data: bytes, flow: Flow, now: float) -> list[Any]:
        """Bytes."""
        return self.take(self.flows.receive(data, flow, now), now)


def talk(seed: int, link: Link, count: int = 100) -> tuple[Net, Agent, Agent]:
    """Alice sends Bob so many messages, ten a second, and he sends each back."""
    net = Net(seed, every=link)
    alice, bob = (net.agent(name, transports=["TCP"], make=Ends) for name in ("alice", "bob"))
    bob.endpoint.answers = True
    for number in range(count):
        net.at(number / 10, lambda number=number: alice.do(alice.endpoint.send, number))  # type: ignore[misc]
    net.run()
    return net, alice, bob


@pytest.mark.seeds(10)
def test_messages_come_whole_and_in_order(seed: int) -> None:
    """However the bytes are cut, however long they take; and a connection that nobody needs any more is closed."""
    streams = Streaming(chunks=(1, 60), pause=0.02, stall=0.05)
    net, alice, bob = talk(seed, Link(latency=0.05, jitter=0.1, loss=0.2, streams=streams))
    expected = [message(number) for number in range(100)]
    assert alice.endpoint.arrived == bob.endpoint.arrived == expected
    assert alice.endpoint.unsent == bob.endpoint.unsent == []
    assert len(net.streams) == 0


@pytest.mark.seeds(10)
def test_a_connection_that_breaks_is_made_again(seed: int) -> None:
    """What was lost with it is told, nothing comes twice, and nothing is left when all is over."""
    streams = Streaming(chunks=(1, 200), pause=0.02, reset=0.03, half_close=0.03, refuse=0.1)
    net, alice, bob = talk(seed, Link(latency=0.05, jitter=0.05, streams=streams))
    numbers = [int(data.split(b"CSeq: ")[1].split()[0]) for data in bob.endpoint.arrived]
    assert numbers == sorted(set(numbers))
    assert alice.endpoint.lost + len(alice.endpoint.unsent) > 0, "what is lost is told"
    assert 20 < len(numbers) < 100
    assert set(numbers).isdisjoint(alice.endpoint.unsent)
    assert len(net.streams) == 0
    assert net.idle


def test_nobody_is_there() -> None:
    """Every message is told not to have been sent."""
    _, alice, bob = talk(1, Link(streams=Streaming(refuse=1.0)), 20)
    assert sorted(alice.endpoint.unsent) == list(range(20))
    assert bob.endpoint.arrived == []
