"""One side of the exploration: the real transaction layer, run from a value and saved to a value.

Time is counted in ticks from the present, so that what differs only in when it began is the same. What a layer does is
a function of its transactions and of what comes, so that each step is computed once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import attrs

from sipsm.machine import Agenda
from sipsm.message import Request, Response, parse_message, response_to
from sipsm.transaction import (
    AckReceived,
    ClientTransaction,
    Output,
    RequestReceived,
    ResponseReceived,
    ServerTransaction,
    TimedOut,
    TimerValues,
    Transaction,
    TransactionLayer,
    TransportFailed,
)
from sipsm.transport import Flow, Send
from tests.exhaustive.steps import Step, broken_by

NOW = 1000.0


class Saved(NamedTuple):
    """A transaction as a value."""

    kind: type[Any]
    key: Any
    state: str
    timers: tuple[tuple[str, int, int], ...]
    """Letter, ticks until it fires, and its length in ticks; in the order in which they were started."""
    rest: tuple[Any, ...]

    def later(self, ticks: int) -> Saved:
        """The same after some time."""
        return self._replace(timers=tuple((letter, at - ticks, length) for letter, at, length in self.timers))

    @property
    def deadline(self) -> int | None:
        """Ticks until its next timer."""
        return min((at for _, at, _ in self.timers), default=None)


class Sent(NamedTuple):
    """A message goes out."""

    message: int
    sender: Any


class Told(NamedTuple):
    """The transaction user hears something."""

    what: str
    """"request", "ack", "timed out", "failed", or a status."""
    method: str
    key: Any = None


class Did(NamedTuple):
    """What a step of a layer came to."""

    alive: tuple[Saved, ...]
    outputs: tuple[Sent | Told, ...]
    broken: tuple[str, str] | None
    """The law that the step breaks, and how."""


class Messages:
    """All messages that there are, by number."""

    def __init__(self) -> None:
        self.all: list[Request | Response | None] = []
        self.numbers: dict[bytes, int] = {}

    def number(self, data: bytes) -> int:
        """The number of the message of these bytes."""
        found = self.numbers.get(data)
        if found is None:
            found = self.numbers[data] = len(self.all)
            self.all.append(parse_message(data) if data else None)
        return found

    def name(self, number: int) -> str:
        """A word for it."""
        match self.all[number]:
            case Request() as request:
                return request.method
            case Response() as response:
                return f"{response.status} ({response.cseq.method})"
        return "nothing"


class Deaf(Agenda):
    """Nobody is woken by it: the exploration looks at the deadlines themselves."""

    def watch(self, who: object) -> None:
        """No note is taken."""


class Party:
    """A transaction layer without a memory of its own."""

    def __init__(self, flow: Flow, times: TimerValues, tick_s: float, messages: Messages) -> None:
        self.flow = flow
        self.times = times
        self.tick_s = tick_s
        self.messages = messages
        self.layer = TransactionLayer(Deaf(), times)
        self.known: dict[tuple[Any, ...], Did] = {}

    def do(self, alive: tuple[Saved, ...], what: str, x: Any = None) -> Did:
        """One step: start, receive, respond, repeat, fire, failed, closed or give up."""
        step = (alive, what, x)
        did = self.known.get(step)
        if did is None:
            did = self.known[step] = self._do(alive, what, x)
        return did

    def _do(self, alive: tuple[Saved, ...], what: str, x: Any) -> Did:
        layer, now = self.layer, NOW
        message: Request | Response | None = None
        before = [self._restored(saved) for saved in alive]
        was = {tx.key: (tx.state, tx.wire) for tx in before}
        layer.clients = {tx.key: tx for tx in before if not isinstance(tx, ServerTransaction)}
        clients = dict.fromkeys(layer.clients.values())
        layer.clients_on = {self.flow: clients} if self.flow.reliable and clients else {}
        layer.servers = {tx.key: tx for tx in before if isinstance(tx, ServerTransaction)}
        match what:
            case "start":
                request = self.messages.all[x]
                assert isinstance(request, Request)
                outputs = layer.send_request(request, self.flow, None, now)
            case "receive":
                message = self.messages.all[x]
                assert message is not None
                if isinstance(message, Request):
                    outputs = layer.receive_request(message, self.flow, now)
                else:
                    outputs = layer.receive_response(message, now)
            case "respond":
                key, status = x
                tx = layer.servers[key]
                assert tx.request is not None
                outputs = layer.respond(tx, response_to(tx.request, status, to_tag="bob"), now)
            case "repeat":
                tx = layer.servers[x]
                outputs = layer.respond_again(tx, 200, tx.wire, now)
            case "fire":
                outputs = layer.wake(before[x], now)
            case "failed":
                outputs = layer.send_failed(x, now)
            case "closed":
                outputs = layer.flow_closed(self.flow, now)
            case "give up":
                request = self.messages.all[x]
                assert isinstance(request, Request)
                outputs = layer.give_up(request, now)
            case _:
                raise AssertionError(what)
        after: list[ClientTransaction | ServerTransaction] = [*layer.clients.values(), *layer.servers.values()]
        step = Step(what, x, message, was, [*before, *after], after, outputs)
        return Did(
            tuple(map(self._saved, after)),
            tuple(told for output in outputs if (told := self._told(output)) is not None),
            broken_by(step),
        )

    def _restored(self, saved: Saved) -> ClientTransaction | ServerTransaction:
        tx: ClientTransaction | ServerTransaction = saved.kind(saved.key, self.flow, self.times)
        tx.state = saved.state
        tx.running = tuple(
            (NOW + at * self.tick_s, letter, length * self.tick_s) for letter, at, length in saved.timers
        )
        tx.deadline = tx.next_timeout()
        for name, value in zip(_rest(saved.kind), saved.rest, strict=True):
            setattr(tx, name, value)
        return tx

    def _saved(self, tx: Transaction) -> Saved:
        timers = tuple((letter, self._ticks(at - NOW), self._ticks(length)) for at, letter, length in tx.running)
        return Saved(type(tx), tx.key, tx.state, timers, tuple(getattr(tx, name) for name in _rest(type(tx))))

    def _ticks(self, seconds: float) -> int:
        ticks = round(seconds / self.tick_s)
        assert abs(ticks * self.tick_s - seconds) < 1e-6, f"{seconds} s are no whole ticks"
        return ticks

    def _told(self, output: Output) -> Sent | Told | None:
        match output:
            case Send(_, data, sender):
                return Sent(self.messages.number(data), sender)
            case RequestReceived(tx, request):
                return Told("request", request.method, tx.key)
            case ResponseReceived(_, response):
                return Told(str(response.status), response.cseq.method)
            case AckReceived(_):
                return Told("ack", "ACK")
            case TimedOut(tx):
                return Told("timed out", tx.key.split()[-1])
            case TransportFailed(tx):
                return Told("failed", tx.key.split()[-1])
        return None


_NAMES: dict[type[Transaction], tuple[str, ...]] = {}
_APART = {"key", "flow", "times", "user", "watched_at", "deadline", "state", "running"}


def _rest(kind: type[Transaction]) -> tuple[str, ...]:
    """The names of what a transaction holds, besides what is the same for all or saved by itself."""
    names = _NAMES.get(kind)
    if names is None:
        names = _NAMES[kind] = tuple(each.name for each in attrs.fields(kind) if each.name not in _APART)
    return names
