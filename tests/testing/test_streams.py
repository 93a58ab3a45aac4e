"""Connections of a simulated network, between two ends that keep what they are told.

The ends are no endpoints: they do nothing by themselves, so that only the connection is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sipsm.testing import InvariantBroken, Link, Net, Streaming, nothing_left, ring
from sipsm.testing.agent import Agent
from sipsm.transport import Close, Flow, Open, Send

ALICE, BOB = ("192.0.2.1", 5060), ("192.0.2.2", 5060)


class Keeps:
    """Performs what it is told to, and keeps what happens: (seconds, what, bytes or flow)."""

    def __init__(self, *local: str, **_: Any) -> None:
        self.local = local
        self.calls: list[Any] = []
        self.happened: list[tuple[float, str, Any]] = []
        self.flows: list[Flow] = []
        self.got = b""
        self.answers: Callable[[str, Flow], list[Any]] = lambda _what, _flow: []

    def connect(self, id: int, transport: str, remote: tuple[str, int], *, now: float) -> list[Any]:
        """A command."""
        return [Open(id, transport, (ALICE[0], 0), remote)]

    def write(self, flow: Flow, *data: bytes, now: float) -> list[Any]:
        """A command."""
        return [Send(flow, each) for each in data]

    def close(self, *flows: Flow, now: float) -> list[Any]:
        """A command."""
        return [Close(flow) for flow in flows]

    def next_timeout(self) -> float | None:
        """No timers."""
        return None

    def handle_timeout(self, now: float) -> list[Any]:
        """No timers."""
        return []

    def note(self, what: str, of: Any, flow: Flow, now: float) -> list[Any]:
        """Keep it."""
        self.happened.append((round(now - 1000.0, 6), what, of))
        return self.answers(what, flow)

    def flow_opened(self, flow: Flow, now: float, open: Open | None = None) -> list[Any]:
        """There is a connection."""
        self.flows.append(flow)
        return self.note("opened" if open else "accepted", flow, flow, now)

    def open_failed(self, open: Open, now: float) -> list[Any]:
        """There is none."""
        return self.note("failed", open.id, Flow("TCP", ALICE, BOB), now)

    def flow_finished(self, flow: Flow, now: float) -> list[Any]:
        """The peer has sent its last: here nothing is owed, and it is closed."""
        return [*self.note("finished", flow, flow, now), Close(flow)]

    def flow_closed(self, flow: Flow, now: float) -> list[Any]:
        """It is gone."""
        return self.note("closed", flow, flow, now)

    def send_failed(self, send: Send, now: float) -> list[Any]:
        """It could not be sent."""
        return self.note("not sent", send.data, send.flow, now)

    def receive(self, data: bytes, flow: Flow, now: float) -> list[Any]:
        """Bytes."""
        self.got += data
        return self.note("received", data, flow, now)

    @property
    def told(self) -> list[str]:
        """What happened, without what came in between."""
        return [what for _, what, _ in self.happened if what != "received"]

    def when(self, what: str) -> list[float]:
        """When this happened."""
        return [at for at, name, _ in self.happened if name == what]


def pair(link: Link | None = None, *, seed: int = 1, **options: Any) -> tuple[Net, Agent, Agent]:
    """Alice and Bob, who speak TCP."""
    net = Net(seed, every=link, **options)
    alice, bob = (net.agent(name, transports=("UDP", "TCP", "TLS"), make=Keeps) for name in ("alice", "bob"))
    return net, alice, bob


def connect(net: Net, alice: Agent, *, transport: str = "TCP", port: int = 5060, until: float = 1.0) -> Flow:
    """Have Alice open a connection to Bob; returns it."""
    alice.do(alice.endpoint.connect, 1, transport, (BOB[0], port))
    net.run(until=until)
    flow: Flow = alice.endpoint.flows[-1]
    return flow


def send(agent: Agent, *data: bytes, flow: Flow | None = None) -> None:
    """Send on a connection, the agent's last unless another is named."""
    agent.do(agent.endpoint.write, flow or agent.endpoint.flows[-1], *data)


def test_a_connection_is_opened_accepted_and_closed() -> None:
    """Both ends know it by the same two addresses, each from its side."""
    net, alice, bob = pair(Link(latency=0.1))
    assert alice.endpoint.local == ("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060", "tls:192.0.2.1:5061")
    flow = connect(net, alice)
    assert flow == Flow("TCP", ("192.0.2.1", 49152), BOB)
    back = Flow("TCP", BOB, ("192.0.2.1", 49152))
    assert net.streams.flows(alice) == [flow]
    assert net.streams.flows(bob) == [back]
    assert len(net.streams) == 1
    with pytest.raises(InvariantBroken, match=r"the network.*connections': 1"):
        nothing_left(net)
    send(alice, b"INVITE")
    net.run(until=2.0)
    send(bob, b"100 ", b"180")
    net.run(until=3.0)
    alice.do(alice.endpoint.close, flow)
    net.run()
    assert alice.endpoint.happened[0] == (0.2, "opened", flow)
    assert alice.endpoint.got == b"100 180"
    assert alice.endpoint.happened[-1] == (3.0, "closed", flow)
    assert bob.endpoint.happened == [
        (0.1, "accepted", back),
        (1.1, "received", b"INVITE"),
        (3.1, "finished", back),
        (3.1, "closed", back),
    ]
    assert len(net.streams) == 0


@pytest.mark.parametrize(("transport", "port", "opened"), [("TCP", 5060, 0.2), ("TLS", 5061, 0.4)])
def test_a_handshake_takes_round_trips(transport: str, port: int, opened: float) -> None:
    """TLS one more than TCP."""
    net, alice, bob = pair(Link(latency=0.1))
    connect(net, alice, transport=transport, port=port)
    assert alice.endpoint.when("opened") == [opened]
    assert bob.endpoint.when("accepted") == [pytest.approx(opened - 0.1)]


@pytest.mark.parametrize(
    ("remote", "transport", "link", "failed"),
    [
        (("192.0.2.2", 5062), "TCP", Link(latency=0.1), 0.2),
        (("192.0.2.2", 5060), "WS", Link(latency=0.1), 0.2),
        (("192.0.2.9", 5060), "TCP", Link(latency=0.1), 60.0),
        (BOB, "TCP", Link(latency=0.1, streams=Streaming(refuse=1.0)), 0.2),
        (BOB, "TCP", Link(loss=1.0, streams=Streaming(gives_up_s=30.0)), 30.0),
    ],
)
def test_there_is_no_connection(remote: tuple[str, int], transport: str, link: Link, failed: float) -> None:
    """Nobody listens there, nobody is there, it is refused, or nothing gets through."""
    net, alice, _ = pair(link)
    alice.do(alice.endpoint.connect, 7, transport, remote)
    assert len(net.streams) == 1
    net.run()
    assert alice.endpoint.happened == [(pytest.approx(failed), "failed", 7)]
    nothing_left_of_connections(net)


def nothing_left_of_connections(net: Net) -> None:
    """None is open, and none is being made."""
    assert len(net.streams) == 0


@pytest.mark.parametrize("seed", range(10))
def test_bytes_arrive_in_order_cut_anywhere(seed: int) -> None:
    """A piece may be of one message, of a part of one, or of several; nothing is lost, whatever the link loses."""
    streams = Streaming(chunks=(1, 40), pause=0.05, stall=0.2)
    net, alice, bob = pair(Link(latency=0.05, jitter=0.2, loss=0.3, streams=streams), seed=seed)
    connect(net, alice, until=60.0)
    messages = [b"%03d" % n * (n % 20 + 1) for n in range(100)]
    for n, message in enumerate(messages):
        net.at(60.0 + n * 0.01, lambda message=message: send(alice, message))  # type: ignore[misc]
    net.run()
    assert bob.endpoint.got == b"".join(messages)
    pieces = [data for _, what, data in bob.endpoint.happened if what == "received"]
    assert len({len(piece) for piece in pieces} & set(range(1, 41))) > 30
    whole = {sum(map(len, messages[:n])) for n in range(101)}
    ends = {sum(map(len, pieces[:n])) for n in range(len(pieces) + 1)}
    assert ends - whole, "some pieces end within a message"
    assert whole - ends, "some messages end within a piece"


def test_bandwidth_slows_a_connection_down_and_loses_nothing() -> None:
    """There is no room that could be too small."""
    net, alice, bob = pair(Link(bandwidth=8000, queue=100))
    connect(net, alice)
    send(alice, *[b"x" * 1000] * 5)
    net.run()
    assert bob.endpoint.got == b"x" * 5000
    assert 6.0 <= bob.endpoint.happened[-1][0] < 6.1


def test_a_stall_delays_what_follows_as_well() -> None:
    """Nothing overtakes what does not move."""
    net, alice, bob = pair(Link(streams=Streaming(chunks=(9, 9), stall=0.5, stall_s=4.0)))
    connect(net, alice)
    for n in range(20):
        send(alice, b"message %d" % (n % 10))
    net.run()
    times = bob.endpoint.when("received")
    assert times == sorted(times)
    assert 3.0 < times[-1] - 1.0 <= 4.0
    assert bob.endpoint.got == b"".join(b"message %d" % (n % 10) for n in range(20))


def test_a_partition_holds_a_connection_up_or_breaks_it() -> None:
    """What is sent meanwhile arrives when it has healed; if that takes too long, both ends are told that it is gone."""
    net, alice, bob = pair(Link(latency=0.1))
    net.partition("alice", "bob", 2.0, 10.0)
    net.partition("alice", start=20.0)
    connect(net, alice)
    net.at(3.0, lambda: send(alice, b"early"))
    net.at(25.0, lambda: send(alice, b"never"))
    net.run()
    (came,) = bob.endpoint.when("received")
    assert 10.0 <= came < 20.0
    assert bob.endpoint.got == b"early"
    assert alice.endpoint.when("closed") == bob.endpoint.when("closed") == [85.0]
    assert alice.endpoint.told == ["opened", "closed"]
    nothing_left_of_connections(net)


def test_an_end_that_cannot_get_through_is_not_heard_of() -> None:
    """The peer has the connection until it sends something, and learns that there is none."""
    net, alice, bob = pair(Link(latency=0.1))
    net.partition("alice", "bob", 2.0, 200.0)
    flow = connect(net, alice)
    net.at(3.0, lambda: alice.do(alice.endpoint.close, flow))
    net.run(until=300.0)
    assert (alice.endpoint.told, bob.endpoint.told) == (["opened", "closed"], ["accepted"])
    assert len(net.streams) == 1
    send(bob, b"still there?")
    net.run()
    assert bob.endpoint.told == ["accepted", "closed"]
    assert alice.endpoint.got == b""
    nothing_left_of_connections(net)


def test_a_reset_loses_what_is_on_its_way() -> None:
    """Both ends are told, and nothing comes any more."""
    net, alice, bob = pair(Link(latency=0.5))
    connect(net, alice)
    send(alice, b"lost")
    net.at(1.2, lambda: net.streams.reset(bob))
    net.run()
    assert (alice.endpoint.told, bob.endpoint.told) == (["opened", "closed"], ["accepted", "closed"])
    assert bob.endpoint.got == b""
    send(alice, b"later")
    net.run()
    assert alice.endpoint.happened[-1] == (1.5, "not sent", b"later")
    nothing_left_of_connections(net)


def test_one_connection_of_several_is_reset() -> None:
    """The others go on."""
    net, alice, bob = pair()
    first = connect(net, alice)
    second = connect(net, alice, until=2.0)
    net.streams.reset(alice, first)
    net.run()
    assert net.streams.flows(alice) == [second]
    assert len(net.streams.flows(bob)) == 1


def test_a_reset_meets_a_connection_that_is_being_made() -> None:
    """Then it is not made; and if only the one who takes it knew of it, that one is told."""
    for at, bob_told in ((0.05, []), (0.15, ["accepted", "closed"])):
        net, alice, bob = pair(Link(latency=0.1))
        alice.do(alice.endpoint.connect, 1, "TCP", BOB)
        net.at(at, lambda net=net, bob=bob: net.streams.reset(bob))  # type: ignore[misc]
        net.run()
        assert alice.endpoint.told == ["failed"]
        assert bob.endpoint.told == bob_told
        nothing_left_of_connections(net)


def test_a_half_close_ends_one_direction_after_the_other() -> None:
    """The peer reads the end after all that came before, sends what it owes, and closes; that still arrives."""
    net, alice, bob = pair(Link(latency=0.1))
    bob.endpoint.answers = lambda what, flow: [Send(flow, b", owed")] if what == "finished" else []
    flow = connect(net, alice)
    send(alice, b"last")
    net.streams.half_close(alice, flow)
    net.streams.half_close(alice, flow)
    send(alice, b"too late")
    send(bob, b"answer")
    net.streams.half_close(alice, Flow("TCP", ALICE, ALICE))
    net.run()
    assert (alice.endpoint.got, bob.endpoint.got) == (b"answer, owed", b"last")
    assert alice.endpoint.told == ["opened", "not sent", "closed"]
    assert bob.endpoint.told == ["accepted", "finished", "closed"]
    assert bob.endpoint.when("closed") == [1.1]
    assert alice.endpoint.when("closed") == [1.2]
    nothing_left_of_connections(net)


def test_nothing_sent_is_nothing_received() -> None:
    """And closing what is closed already does nothing."""
    net, alice, bob = pair()
    flow = connect(net, alice)
    send(alice, b"")
    net.run()
    alice.do(alice.endpoint.close, flow)
    net.run()
    alice.do(alice.endpoint.close, flow)
    net.run()
    assert alice.endpoint.told == ["opened", "closed"]
    (flow,) = bob.endpoint.flows
    assert bob.endpoint.happened == [(0.0, "accepted", flow), (1.0, "finished", flow), (1.0, "closed", flow)]


def test_what_still_comes_to_one_who_has_closed_breaks_it() -> None:
    """The peer is told at once; Close of what is gone is nothing."""
    net, alice, bob = pair(Link(latency=0.1))
    flow = connect(net, alice)
    send(bob, b"on its way")
    net.at(1.05, lambda: alice.do(alice.endpoint.close, flow, flow))
    net.run()
    assert (alice.endpoint.told, alice.endpoint.got) == (["opened", "closed"], b"")
    assert bob.endpoint.when("closed") == [1.1]
    nothing_left_of_connections(net)


def test_an_end_may_close_while_it_reads() -> None:
    """The pieces that follow are not handed to it."""
    net, alice, bob = pair(Link(streams=Streaming(chunks=(1, 1), pause=0.1)))
    connect(net, alice)
    bob.endpoint.answers = lambda what, flow: [Close(flow)] if what == "received" else []
    send(alice, b"abc")
    net.run()
    assert bob.endpoint.got == b"a"
    assert (alice.endpoint.told, bob.endpoint.told) == (["opened", "finished", "closed"], ["accepted", "closed"])


def test_who_takes_a_connection_may_speak_and_close_first() -> None:
    """What it says is heard once the other side knows of the connection."""
    net, alice, bob = pair(Link(latency=0.1))
    bob.endpoint.answers = lambda what, flow: [Send(flow, b"503"), Close(flow)] if what == "accepted" else []
    net.link("alice", "bob", Link(latency=0.1), back=Link(latency=0.1, jitter=2.0))
    connect(net, alice, until=10.0)
    assert alice.endpoint.told == ["opened", "finished", "closed"]
    assert alice.endpoint.got == b"503"
    nothing_left_of_connections(net)


@pytest.mark.parametrize("streams", [Streaming(reset=0.5), Streaming(half_close=0.5)])
def test_a_connection_breaks_by_chance(streams: Streaming) -> None:
    """As often as was said, and both ends are always told."""
    broken = 0
    for seed in range(40):
        net, alice, bob = pair(Link(latency=0.1, streams=streams), seed=seed)
        connect(net, alice)
        send(alice, b"x" * 100)
        net.run()
        assert alice.endpoint.told[1:] in ([], ["closed"])
        assert bob.endpoint.told[1:] in ([], ["closed"], ["finished", "closed"])
        assert ("closed" in alice.endpoint.told) is ("closed" in bob.endpoint.told)
        broken += "closed" in alice.endpoint.told
    assert 10 < broken < 30


def test_a_crash_resets_connections() -> None:
    """The peer is told; who crashed knows of nothing, even of what it was just opening or sending."""
    net, alice, bob = pair(Link(latency=0.1))
    flow = connect(net, alice)
    net.crash("alice", at=1.0, back=1.5)
    alice.do(alice.endpoint.connect, 2, "TCP", BOB)
    alice.do(alice.endpoint.write, Flow("TCP", ALICE, BOB), b"nowhere")
    net.run(until=1.01)
    net.run()
    assert alice.endpoint.happened == []
    assert bob.endpoint.told == ["accepted", "closed"]
    bob_flow = bob.endpoint.flows[0]
    assert bob_flow.remote == flow.local
    nothing_left_of_connections(net)


def test_nobody_takes_connections_while_it_is_down() -> None:
    """They are refused, as by a host whose program does not run."""
    net, alice, _ = pair(Link(latency=0.1))
    net.crash("bob", at=0.0, back=5.0)
    net.at(1.0, lambda: alice.do(alice.endpoint.connect, 1, "TCP", BOB))
    net.run(until=6.0)
    assert alice.endpoint.happened == [(1.2, "failed", 1)]
    connect(net, alice, until=7.0)
    assert alice.endpoint.told == ["failed", "opened"]


def test_the_same_seed_cuts_the_same() -> None:
    """All chance is the seed's, for connections as well."""

    def world(seed: int) -> list[Any]:
        streams = Streaming(chunks=(1, 9), pause=0.1, stall=0.3, reset=0.01)
        net, alice, bob = pair(Link(latency=0.1, jitter=0.1, loss=0.2, streams=streams), seed=seed)
        connect(net, alice, until=30.0)
        send(alice, *[b"message"] * 30)
        net.run()
        happened: list[Any] = bob.endpoint.happened
        return happened

    assert world(3) == world(3)
    assert world(3) != world(4)


def test_what_befell_connections_is_listed() -> None:
    """When, for how long, and between whom."""
    net, alice, bob = pair(Link(latency=0.1))
    connect(net, alice)
    alice.do(alice.endpoint.connect, 2, "TCP", ("192.0.2.99", 5060))
    net.link("alice", "bob", Link(latency=5.0), back=Link(latency=0.1))
    send(alice, b"late")
    net.run(until=10.0)
    alice.do(alice.endpoint.connect, 3, "TCP", BOB)
    net.run(until=20.0)
    net.streams.half_close(bob, bob.endpoint.flows[0])
    send(bob, b"not any more", flow=bob.endpoint.flows[0])
    net.run()
    assert [(fault.what, sorted(fault.parties), fault.at - 1000.0) for fault in net.streams.faults] == [
        ("held up", ["alice", "bob"], 1.0),
        ("slow to make", ["alice", "bob"], 10.0),
        ("not sent", ["alice", "bob"], 20.0),
        ("half-closed", ["alice", "bob"], 20.0),
        ("not made", ["alice"], 61.0),
    ]
    assert [round(fault.until - fault.at, 1) for fault in net.streams.faults] == [5.0, 5.1, 0.0, 5.1, 0.0]


def test_a_step_stands_at_its_own_time() -> None:
    """That a connection broke later is no part of the message that had come on it."""
    net = Net()
    net.agent("bob", transports=["TCP"]).script(ring())
    alice = net.agent("alice", transports=["TCP"])
    alice.invite("sip:bob;transport=tcp")
    net.at(1.0, lambda: net.streams.reset(alice))
    net.run(until=2.0)
    lost = [line.split()[:4] for line in net.ladder(explain=True).split("\n") if "Used -> Closed" in line]
    assert lost == [["1.0", "alice", "connection:", "Used"], ["1.0", "bob", "connection:", "Used"]]
