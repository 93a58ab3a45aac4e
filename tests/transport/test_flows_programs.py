"""Programs of all that can happen to connections, in any order, and what is true of each."""

from __future__ import annotations

import copy
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipsm.transport import Flow, Send
from sipsm.transport import connection as states
from sipsm.transport.connection import Connection
from sipsm.transport.flow import Close, Open
from sipsm.transport.flows import Flows
from sipsm.transport.limits import FlowLimits, FlowTimes, KeepAlive
from sipsm.transport.outputs import FlowOutput, Unsent
from tests.transport.flow_bench import HERE, PING, PONG, Bench, answer, message

LIMITS = FlowLimits(
    accepted=3, made=3, per_host=4, half_read=2, held_bytes=150, queued_bytes=400, queued_bytes_per_flow=300
)
HOSTS = ("192.0.2.2", "192.0.2.3")
NAMES = [
    Flow(transport, (HERE, 0), (host, port))
    for transport in ("TCP", "TLS", "WS")
    for host in HOSTS
    for port in (5060, 33000)
]
CHUNKS = (
    message(),
    message(body=100)[:30],
    message(body=100)[30:],
    message(body=1000)[:400],
    PING,
    PONG,
    b"\r",
    b"no message\r\n\r\n",
)

CALLS = [
    "send",
    "reply",
    "accept",
    "opened",
    "opened",
    "open_failed",
    "closed",
    "send_failed",
    "use",
    "release",
    "end",
    "finished",
    "finished",
    "keep_alive",
    "let_go",
    "close",
    "copy",
]

number = st.integers(0, 11)
PROGRAMS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(CALLS),
            number,
            number,
        ),
        st.tuples(st.just("receive"), number, st.integers(0, len(CHUNKS) - 1)),
        st.tuples(st.just("pass"), st.sampled_from([0, 1, 5, 10, 40, 200]), number),
    ),
    min_size=10,
    max_size=80,
)


class World:
    """Flows, the adapter that carries out what they ask for, and the sockets that there really are."""

    def __init__(self) -> None:
        self.bench = Bench(LIMITS, FlowTimes(idle_s=60.0))
        self.asked: list[Open] = []
        self.sockets: dict[Flow, bool] = {}
        """The flows that exist: whether they have been asked to close."""
        self.users: list[Flow] = []
        self.sent: list[Send] = []
        self.fates: Counter[object] = Counter()
        self.items = 0
        self.ports = 40000
        self.numbers: set[int] = set()
        self.log: list[FlowOutput] = []

    @property
    def flows(self) -> Flows:
        return self.bench.flows

    def carry_out(self, outputs: list[FlowOutput]) -> None:
        self.log += outputs
        for output in outputs:
            match output:
                case Open():
                    assert output.id not in self.numbers, "each is asked for once"
                    self.numbers.add(output.id)
                    self.asked.append(output)
                case Close(flow):
                    assert self.sockets[flow] is False, "what is open is closed, and once"
                    self.sockets[flow] = True
                case Send(flow, data, sender):
                    assert self.sockets[flow] is False, "nothing is sent on what is not open, or is closing"
                    assert flow.local[1]
                    if sender is None:
                        assert set(data) == set(PING)
                    else:
                        self.fates[sender] += 1
                        self.sent.append(output)
                case Unsent(_, _, sender, _):
                    self.fates[sender] += 1
                case _:
                    pass
        self.check()

    def check(self) -> None:
        flows = self.flows
        known = [*flows.connections.values(), *flows.opening.values()]
        assert flows.held == sum(c.framer.held for c in known) <= LIMITS.held_bytes + 3 * len(known)
        assert flows.queued == sum(c.queued for c in known) <= LIMITS.queued_bytes
        assert all(c.queued == sum(len(w.data) for w in c.waiting) <= LIMITS.queued_bytes_per_flow for c in known)
        made = [c for c in known if c.open is not None]
        assert len(made) <= LIMITS.made
        assert len(known) - len(made) <= LIMITS.accepted
        hosts = Counter((c.open or c.flow).remote[0] for c in known)
        assert hosts == flows._hosts
        assert max(hosts.values(), default=0) <= LIMITS.per_host
        assert sum(c.framer.mid_message for c in known) <= LIMITS.half_read
        for name, c in flows.named.items():
            assert name in c.known_as
            assert c in known
            assert c.state in states.OPEN | {states.OPENING}
        assert sum(len(c.known_as) for c in known) == len(flows.named)
        for c in known:
            assert bool(c.waiting) <= (c.state == states.OPENING)
            assert bool(c.kept) <= (c.state in {states.PEER_FINISHED, states.LINGERING})
            assert bool(c.reading.timers) == c.framer.mid_message
            if c.state in {states.GIVEN_UP, states.CLOSING}:
                assert c.next_timeout() is None
        for flow, closing in self.sockets.items():
            assert not (closing and flow in flows.connections) or flows.connections[flow].state == states.CLOSING

    # ---------------------------------------------------------------- what can happen

    def step(self, name: str, a: int, b: int) -> None:
        getattr(self, f"do_{name}")(a, b)

    def item(self) -> int:
        self.items += 1
        return self.items

    def socket(self, a: int) -> Flow | None:
        return list(self.sockets)[a % len(self.sockets)] if self.sockets else None

    def do_send(self, a: int, b: int) -> None:
        outputs = self.flows.send(NAMES[a % len(NAMES)], b"x" * (b * 30), self.item(), self.bench.now)
        self.carry_out(outputs)

    def do_reply(self, a: int, b: int) -> None:
        flow = Flow(("TCP", "WS")[a % 2], (HERE, 5060), (HOSTS[a % 2], 33000 + b % 3))
        self.carry_out(self.flows.send(flow, answer(f"{flow.remote[0]}:5070"), self.item(), self.bench.now))

    def do_accept(self, a: int, b: int) -> None:
        flow = Flow(("TCP", "TLS", "WS")[a % 3], (HERE, 5060), (HOSTS[a % 2], 33000 + b % 3))
        if flow not in self.sockets:
            self.sockets[flow] = False
            self.carry_out(self.flows.opened(flow, self.bench.now))

    def do_opened(self, a: int, _: int) -> None:
        if self.asked:
            asked = self.asked.pop(a % len(self.asked))
            self.ports += 1
            flow = Flow(asked.transport, (HERE, self.ports), asked.remote)
            self.sockets[flow] = False
            self.carry_out(self.flows.opened(flow, self.bench.now, asked))

    def do_open_failed(self, a: int, _: int) -> None:
        if self.asked:
            self.carry_out(self.flows.open_failed(self.asked.pop(a % len(self.asked)), self.bench.now))

    def do_closed(self, a: int, _: int) -> None:
        if (flow := self.socket(a)) is not None:
            del self.sockets[flow]
            self.not_arrived(flow)
            self.carry_out(self.flows.closed(flow, self.bench.now))
            assert flow not in self.flows.connections

    def do_receive(self, a: int, b: int) -> None:
        if (flow := self.socket(a)) is not None:
            self.carry_out(self.flows.receive(CHUNKS[b], flow, self.bench.now))

    def do_send_failed(self, a: int, _: int) -> None:
        if self.sent:
            send = self.sent.pop(a % len(self.sent))
            self.fates[send.sender] -= 1
            self.not_arrived(send.flow, send.sender)
            self.carry_out(self.flows.send_failed(send, self.bench.now))

    def do_use(self, a: int, b: int) -> None:
        flow = (self.socket(a) if b % 2 else None) or NAMES[a % len(NAMES)]
        self.users.append(flow)
        self.carry_out(self.flows.use(flow, self.bench.now))

    def do_release(self, a: int, _: int) -> None:
        if self.users:
            self.carry_out(self.flows.release(self.users.pop(a % len(self.users)), self.bench.now))

    def do_end(self, a: int, _: int) -> None:
        if (flow := self.socket(a)) is not None:
            self.carry_out(self.flows.end(flow, "enough", self.bench.now))

    def do_finished(self, a: int, _: int) -> None:
        if (flow := self.socket(a)) is not None:
            self.carry_out(self.flows.finished(flow, self.bench.now))

    def not_arrived(self, flow: Flow, *but: object) -> None:
        """What was sent on a connection to a peer that had sent its last has another fate to come."""
        kept = self.flows.connections[flow].kept if flow in self.flows.connections else []
        self.fates.subtract(item.sender for item in kept if item.sender not in but)

    def do_keep_alive(self, a: int, b: int) -> None:
        flow = self.socket(a)
        if flow is not None and flow.local[1] != 5060:
            self.carry_out(self.flows.keep_alive(flow, KeepAlive(20.0 + b % 2, b < 6), self.bench.now))

    def do_let_go(self, a: int, _: int) -> None:
        if (flow := self.socket(a)) is not None:
            self.carry_out(self.flows.let_go(flow, self.bench.now))

    def do_close(self, a: int, b: int) -> None:
        flow = (self.socket(a) if b % 2 else None) or NAMES[a % len(NAMES)]
        self.not_arrived(flow)
        self.carry_out(self.flows.close(flow, "closed by hand", self.bench.now))

    def do_copy(self, _: int, __: int) -> None:
        self.bench = copy.deepcopy(self.bench)

    def do_pass(self, seconds: float, _: int) -> None:
        bench = self.bench
        until = bench.now + seconds
        while (at := bench.agenda.next_timeout()) is not None and at <= until:
            for early in [*self.flows.connections.values()]:
                assert (early.next_timeout() or at) < at or self.flows.wake(early, (bench.now + at) / 2 - 1e-3) == []
            bench.now = at
            while (due := bench.agenda.pop(at)) is not None:
                assert isinstance(due, Connection)
                self.carry_out(self.flows.wake(due, at))
            after = bench.agenda.next_timeout()
            assert after is None or after > at, "a timer that fires is later, or over"
        bench.now = until

    def finish(self) -> None:
        """Everything that was begun ends: then nothing is left, and each item had one fate."""
        while self.users:
            self.do_release(0, 0)
        while self.asked or self.sockets:
            self.do_open_failed(0, 0)
            self.do_closed(0, 0)
        assert self.bench.is_empty()
        assert self.flows._users == {}
        assert [item for item in range(1, self.items + 1) if self.fates[item] != 1] == []


@pytest.mark.rfc("3261 18", "3261 18.4")
@settings(max_examples=200)
@given(PROGRAMS)
def test_any_program(program: list[tuple[str, int, int]]) -> None:
    """Nothing is sent on what is not open, each item is sent or reported once, limits hold, and nothing is left."""
    world = World()
    for name, a, b in program:
        world.step(name, a, b)
    world.finish()


@settings(max_examples=60)
@given(PROGRAMS)
def test_alone_it_comes_to_rest(program: list[tuple[str, int, int]]) -> None:
    """When nobody uses it and nothing comes, every connection is closed or given up in the end, by time alone."""
    world = World()
    for name, a, b in program:
        if name != "keep_alive":
            world.step(name, a, b)
    while world.users:
        world.do_release(0, 0)
    world.do_pass(200.0, 0)
    assert all(world.sockets.values())
    assert world.bench.agenda.next_timeout() is None
    world.finish()


@settings(max_examples=60)
@given(PROGRAMS)
def test_a_copy_goes_on_as_the_original(program: list[tuple[str, int, int]]) -> None:
    """All that flows know is plain data: copied before each step, they do the same as never copied."""
    original, copied = World(), World()
    for name, a, b in program:
        original.step(name, a, b)
        copied.step("copy", 0, 0)
        copied.step(name, a, b)
    assert copied.log == original.log
