"""Flows in virtual time, with a log of all that they do in words."""

from __future__ import annotations

from random import Random

from sipsm.machine import Agenda
from sipsm.message import response_to
from sipsm.transport import Flow, Frame, Listening, Send
from sipsm.transport.connection import Connection
from sipsm.transport.flow import Close, Open
from sipsm.transport.flows import Flows
from sipsm.transport.limits import FlowLimits, FlowTimes
from sipsm.transport.outputs import Arrived, Discarded, FlowOutput, Lost, Unsent
from tests.transaction.messages import request

START = 1000.0
HERE = "192.0.2.1"
BOB = ("192.0.2.2", 5060)
TO_BOB = Flow("TCP", (HERE, 0), BOB)
"""The name of the connection to Bob."""
MADE = Flow("TCP", (HERE, 40001), BOB)
"""That connection, once it is open."""
FROM_BOB = Flow("TCP", (HERE, 5060), ("192.0.2.2", 33000))
"""A connection that Bob has made."""
PING, PONG = b"\r\n\r\n", b"\r\n"


def message(text: str = "one", body: int = 0) -> bytes:
    """A message that a framer takes for one."""
    return f"{text} SIP/2.0\r\nContent-Length: {body}\r\n\r\n".encode() + b"." * body


class Bench:
    """Flows, the time, and the log. Each call returns what it led to."""

    def __init__(self, limits: FlowLimits | None = None, times: FlowTimes | None = None) -> None:
        self.agenda = Agenda()
        own = [Listening.parse(f"{transport}:{HERE}:5060") for transport in ("udp", "tcp", "ws")]
        self.flows = Flows(
            [*own, Listening.parse(f"tls:{HERE}:5061", ("sip.atlanta.example.com", 5061))],
            self.agenda,
            Random(1),
            limits=limits,
            times=times,
        )
        self.now = START
        self.opens: list[Open] = []
        self.sends: list[Send] = []

    def did(self, outputs: list[FlowOutput]) -> list[str]:
        """The outputs in words."""
        return [self.said(output) for output in outputs]

    def said(self, output: FlowOutput) -> str:
        match output:
            case Open(_, transport, _, (host, port), name):
                self.opens.append(output)
                return f"open {transport} {host}:{port}" + (f" as {name}" if name else "")
            case Send(flow, data, sender):
                self.sends.append(output)
                return f"send {short(data)} to {flow.remote[1]}" + (f" for {sender}" if sender else "")
            case Close(flow):
                return f"close {flow.remote[1]}"
            case Arrived(_, framed):
                return f"arrived {short(framed.data)}" if isinstance(framed, Frame) else f"bad: {framed.error.what}"
            case Unsent(_, data, sender, why):
                return f"unsent {short(data)} for {sender}: {why}"
            case Lost(flow, why):
                return f"lost {'name' if not flow.local[1] else 'flow'} {flow.remote[1]}: {why}"
            case Discarded(_, data, reason, _):
                return f"discarded {short(data)}: {reason}"

    def send(self, data: bytes, sender: object = None, flow: Flow = TO_BOB) -> list[str]:
        return self.did(self.flows.send(flow, data, sender, self.now))

    def opened(self, flow: Flow = MADE) -> list[str]:
        """The first connection that was asked for, and has not been reported yet, is open."""
        return self.did(self.flows.opened(flow, self.now, self.opens.pop(0)))

    def open_failed(self) -> list[str]:
        return self.did(self.flows.open_failed(self.opens.pop(0), self.now))

    def accepted(self, flow: Flow = FROM_BOB, *peers: str) -> list[str]:
        return self.did(self.flows.opened(flow, self.now, peers=peers))

    def receive(self, data: bytes, flow: Flow = MADE) -> list[str]:
        return self.did(self.flows.receive(data, flow, self.now))

    def closed(self, flow: Flow = MADE) -> list[str]:
        return self.did(self.flows.closed(flow, self.now))

    def finished(self, flow: Flow = FROM_BOB) -> list[str]:
        return self.did(self.flows.finished(flow, self.now))

    def use(self, flow: Flow = TO_BOB) -> list[str]:
        return self.did(self.flows.use(flow, self.now))

    def release(self, flow: Flow = TO_BOB) -> list[str]:
        return self.did(self.flows.release(flow, self.now))

    def end(self, flow: Flow = MADE) -> list[str]:
        return self.did(self.flows.end(flow, "enough", self.now))

    def let_pass(self, seconds: float) -> list[str]:
        """Time passes. Each thing is told with how long it took, to a tenth of a second."""
        log, until, since = [], self.now + seconds, self.now
        while (at := self.agenda.next_timeout()) is not None and at <= until:
            self.now = at
            due = self.agenda.pop(at)
            assert isinstance(due, Connection)
            log += [f"{at - since:.1f} {line}" for line in self.did(self.flows.wake(due, at))]
            self.agenda.watch(due)
        self.now = until
        return log

    def next(self) -> list[str]:
        """Time passes until something is told."""
        while not (told := self.let_pass((self.agenda.next_timeout() or self.now) - self.now)):
            pass
        return [line.partition(" ")[2] for line in told]

    def is_empty(self) -> bool:
        """Whether nothing is left of any connection."""
        flows = self.flows
        kept = (flows.connections, flows.opening, flows.named, flows._accepted, flows._hosts, flows._half_read)
        return (
            not any(kept)
            and flows.held == flows.queued == flows._accepted_count == 0
            and self.agenda.next_timeout() is None
        )


def answer(via: str, transport: str = "TCP") -> bytes:
    """A response to a request with this sent-by and these parameters in its Via."""
    sent_by, _, params = via.partition(";")
    asked = request("OPTIONS", transport=transport, sent_by=sent_by)
    if params:
        asked = asked.with_first("Via", f"{asked.via};{params}")
    return bytes(response_to(asked, 200, to_tag="1"))


def short(data: bytes) -> str:
    """Bytes in a word: ping, pong, or the first word of a message."""
    words = {b"": "nothing", PING: "PING", PONG: "PONG"}
    return words.get(data) or data.split()[0].decode()
