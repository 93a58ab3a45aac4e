"""What holds for a whole transaction layer, whatever arrives and is asked for, and however late it is woken."""

from __future__ import annotations

import pickle
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipsm.errors import LocalProtocolError
from sipsm.message import Request, cancel_for, parse_message, response_to
from sipsm.transaction import (
    Output,
    RequestReceived,
    ResponseReceived,
    ServerTransaction,
    TimedOut,
    Transaction,
    TransportFailed,
)
from sipsm.transport import Flow, Send
from tests.transaction.messages import ALICE, BOB, START, Bench, request

METHODS = ["INVITE", "OPTIONS", "CANCEL", "ACK"]
BRANCHES = ["z9hG4bKa", "z9hG4bKb", "old", None]
STATUSES = [100, 180, 200, 299, 302, 408, 486, 699]

which = st.integers(0, 3)
EVENTS = st.one_of(
    st.tuples(st.just("arrives"), st.sampled_from(METHODS), st.sampled_from(BRANCHES), st.sampled_from([None, "x"])),
    st.tuples(st.just("is answered"), which, st.sampled_from(STATUSES)),
    st.tuples(st.just("is sent"), st.sampled_from(METHODS[:2]), which),
    st.tuples(st.just("is cancelled"), which),
    st.tuples(st.just("is responded to"), which, st.sampled_from(STATUSES)),
    st.tuples(st.just("is given up"), which),
    st.tuples(st.just("fails"), which),
    st.tuples(st.just("closes"), st.booleans()),
    st.tuples(st.just("passes"), st.sampled_from([0.0, 0.1, 0.2, 0.5, 3.5, 4.0, 5.0, 31.9, 32.0])),
)
PROGRAMS = st.lists(EVENTS, max_size=30)


class Run:
    """One layer, and all that is known of it."""

    def __init__(self, transport: str) -> None:
        self.bench = Bench(transport)
        self.layer = self.bench.layer
        self.now = START
        self.requests: list[Request] = []
        """Those that were sent."""
        self.sent: list[Send] = []
        self.known: dict[int, Transaction] = {}
        self.ups: dict[int, list[object]] = {}
        """What went up of each transaction."""
        self.made = 0

    # ---------------------------------------------------------------- what happens

    def take(self, event: tuple[object, ...]) -> None:
        """One event, and then what is due."""
        match event:
            case ("arrives", str(method), branch, tag):
                assert branch is None or isinstance(branch, str)
                assert tag is None or isinstance(tag, str)
                self.note(
                    self.layer.receive_request(request(method, branch=branch, to_tag=tag), self.bench.flow, self.now)
                )
            case ("is answered", int(n), int(status)) if self.layer.servers:
                tx = list(self.layer.servers.values())[n % len(self.layer.servers)]
                self.answer(tx, status)
            case ("is sent", str(method), n):
                message = request(method, branch=f"z9hG4bKours{n}{len(self.requests)}")
                self.requests.append(message)
                self.made += 1
                self.note(self.layer.send_request(message, self.bench.flow, None, self.now))
            case ("is cancelled", int(n)) if self.requests:
                first = self.requests[n % len(self.requests)]
                cancel = cancel_for(first)
                if first.method == "INVITE" and cancel not in self.requests:
                    self.requests.append(cancel)
                    self.made += 1
                    self.note(self.layer.send_request(cancel, self.bench.flow, None, self.now))
            case ("is responded to", int(n), int(status)) if self.requests:
                answer = response_to(self.requests[n % len(self.requests)], status, to_tag="theirs")
                self.note(self.layer.receive_response(answer, self.now))
            case ("is given up", int(n)) if self.requests:
                first = self.requests[n % len(self.requests)]
                if first.method == "INVITE":
                    self.note(self.layer.give_up(first, self.now))
            case ("fails", int(n)) if self.sent:
                self.note(self.layer.send_failed(self.sent[-1 - n % len(self.sent)].sender, self.now))
            case ("closes", bool(ours)):
                flow = self.bench.flow if ours else Flow("TCP", BOB, (ALICE[0], 9))
                self.note(self.layer.flow_closed(flow, self.now))
            case ("passes", float(seconds)):
                # One wake-up for all that was due, however late.
                self.now += seconds
                self.wake()

    def answer(self, tx: ServerTransaction, status: int) -> None:
        """As the transaction user does, who may be wrong."""
        answer = response_to(request("INVITE" if tx.key.split()[-1] == "INVITE" else "OPTIONS"), status, to_tag="ours")
        before = pickle.dumps(tx)
        try:
            self.note(self.layer.respond(tx, answer, self.now))
        except LocalProtocolError:
            assert pickle.dumps(tx) == before

    def wake(self) -> None:
        """All that is due; then the next deadline is later."""
        agenda = self.bench.agenda
        while (due := agenda.pop(self.now)) is not None:
            assert isinstance(due, Transaction)
            self.note(self.layer.wake(due, self.now))
        at = agenda.next_timeout()
        assert at is None or at > self.now

    def note(self, outputs: list[Output]) -> None:
        """What came out, and that each of it may."""
        for output in outputs:
            if isinstance(output, Send):
                self.sent.append(output)
                assert output.flow == self.bench.flow
                parse_message(output.data)
            elif isinstance(output, RequestReceived):
                self.made += 1
            if isinstance(output, RequestReceived | ResponseReceived | TimedOut | TransportFailed):
                self.ups.setdefault(id(output.transaction), []).append(output)
        for tx in (*self.layer.clients.values(), *self.layer.servers.values()):
            self.known[id(tx)] = tx

    # ---------------------------------------------------------------- what holds

    def check(self) -> None:
        """The invariants."""
        layer, agenda = self.layer, self.bench.agenda
        alive: list[Transaction] = [*layer.clients.values(), *layer.servers.values()]
        assert all(tx.state != "Terminated" for tx in alive)
        assert all(not tx.timers for tx in self.known.values() if tx.state == "Terminated")
        assert all(layer.clients.get(key, layer.servers.get(key)) is tx for tx in alive for key in [tx.key])
        on_connections: dict[Flow, list[Transaction]] = {}
        for tx in layer.clients.values():
            if tx.flow.reliable:
                on_connections.setdefault(tx.flow, []).append(tx)
        assert {flow: list(those) for flow, those in layer.clients_on.items()} == on_connections
        deadlines = [at for tx in alive if (at := tx.next_timeout()) is not None]
        assert agenda.next_timeout() == min(deadlines, default=None)
        # Bounded: never more than what was asked for, and a note for no more than the live requests.
        assert len(alive) <= self.made
        live = Counter(tx.identity for tx in layer.servers.values() if tx.identity is not None)
        assert layer.first_of.keys() <= live.keys()
        assert set(layer.first_of.values()) <= layer.servers.keys()
        for identity, count in live.items():
            alike = [tx for tx in layer.servers.values() if tx.identity == identity]
            assert sum(map(layer.is_merged, alike)) <= count - 1
        self.check_what_went_up()

    def check_what_went_up(self) -> None:
        """A request once and first; one final response or one end, but for the 2xx of an INVITE."""
        for ups in self.ups.values():
            requests = [n for n, up in enumerate(ups) if isinstance(up, RequestReceived)]
            assert requests in ([], [0])
            finals = [
                up.response.status for up in ups if isinstance(up, ResponseReceived) and up.response.status >= 200
            ]
            assert len(finals) <= 1 or all(200 <= status < 300 for status in finals)
            timeouts = [up for up in ups if isinstance(up, TimedOut)]
            assert len(timeouts) <= 1
            assert not (finals and timeouts)


@pytest.mark.rfc("3261 17", "3261 8.2.2.2", "6026 8")
@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_any_program(transport: str) -> None:
    """All transactions together keep their rules, and a layer holds no more than what it was asked for."""

    @settings(max_examples=300)
    @given(PROGRAMS)
    def runs(program: list[tuple[object, ...]]) -> None:
        run = Run(transport)
        for event in program:
            run.take(event)
            run.check()

    runs()


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_a_program_before_its_time_changes_nothing(transport: str) -> None:
    """Waking each transaction a moment before its deadline neither does anything nor moves the deadline."""

    @given(PROGRAMS)
    def runs(program: list[tuple[object, ...]]) -> None:
        run = Run(transport)
        for event in program:
            run.take(event)
            at = run.bench.agenda.next_timeout()
            if at is not None:
                early = max(run.now, at - 1e-6)
                for tx in (*run.layer.clients.values(), *run.layer.servers.values()):
                    before = pickle.dumps(tx)
                    assert early >= at or run.layer.wake(tx, early) == []
                    assert early >= at or pickle.dumps(tx) == before

    runs()


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_what_is_left_alone_ends(transport: str) -> None:
    """200 s later only INVITEs that ring are left, on either side: their end is the transaction user's."""

    @given(PROGRAMS)
    def runs(program: list[tuple[object, ...]]) -> None:
        run = Run(transport)
        for event in program:
            run.take(event)
        while (at := run.bench.agenda.next_timeout()) is not None:
            run.now = max(run.now, at)
            run.wake()
            run.check()
        left = [*run.layer.clients.values(), *run.layer.servers.values()]
        assert {(tx.key.split()[-1], tx.state) for tx in left} <= {("INVITE", "Proceeding")}
        assert len(run.layer.first_of) <= len(run.layer.servers)

    runs()
