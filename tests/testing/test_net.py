"""The simulated network: who is reached, what is lost, how time passes, what is drawn."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from sipsm import Answered, Ended, Endpoint, EndReason, Established, LocalProtocolError, TimerValues
from sipsm.testing import InvariantBroken, Link, Net, answer, hang_up, ladder, nothing_left, reject, ring
from sipsm.trace import Arrived, Left, Moved


def test_a_call_is_a_picture() -> None:
    """What happened is a text, and the same text is written in a test as it reads best."""
    net = Net(seed=1, lose={"alice": (1, 2, 4)})
    net.agent("bob").script(ring(after=0.1), reject(486, after=7.5))
    net.agent("alice").invite("sip:bob@biloxi.example.com")
    assert net.run(until=40) == ladder("""
        0.0  alice INVITE----------x bob
        0.5  alice INVITE----------x bob   Timer A
        1.5  alice INVITE----------> bob   Timer A
        1.6  alice <------------180- bob
        9.0  alice <------------486- bob
        9.0  alice ACK-------------x bob
        9.5  alice <------------486- bob   Timer G
        9.5  alice ACK-------------> bob
    """)


def call(net: Net) -> Net:
    """A call from Alice to Bob, to its end."""
    net.agent("bob").script(ring(after=0.5), answer(after=2.0))
    net.agent("alice").script(hang_up(after=3.0))
    net.agent("alice").invite("sip:bob@biloxi.example.com")
    net.run()
    return net


def packets(net: Net) -> list[tuple[float, str, bytes]]:
    """All that left and arrived."""
    return [
        (record.at, record.who, record.data) for record in net.recorder.records if isinstance(record, Left | Arrived)
    ]


def test_the_same_seed_gives_the_same_bytes() -> None:
    """A failing seed is all that a bug report needs; another seed is another world."""

    def world(seed: int) -> list[tuple[float, str, bytes]]:
        return packets(call(Net(seed, loss=0.3, delay=(0.01, 0.4), duplicate=0.2, reorder=0.2)))

    assert world(7) == world(7)
    assert world(7) != world(8)


@pytest.mark.parametrize("seed", range(20))
def test_a_call_ends_well_behind_a_bad_network(seed: int) -> None:
    """Whatever is lost, late, doubled or overtaken: the invariants hold, both are told the end, and nothing is left."""
    net = call(Net(seed, loss=0.2, delay=(0.0, 0.6), duplicate=0.2, reorder=0.3))
    assert net.idle
    nothing_left(net)
    for agent in net.agents.values():
        assert sum(isinstance(event, Ended) for event in agent.events) == 1


def test_all_is_lost_or_nothing() -> None:
    """Loss is a share: of 1.0 nothing comes through, and the call ends by Timer B."""
    net = call(Net(loss=1.0))
    assert [event.reason for event in net.agent("alice").events if isinstance(event, Ended)] == [EndReason.TIMED_OUT]
    assert not [record for record in net.recorder.records if isinstance(record, Arrived)]


def test_all_is_doubled() -> None:
    """What arrives twice is told in the picture, and does no harm."""
    net = call(Net(duplicate=1.0))
    assert net.run().split("\n")[0] == "0.0  alice INVITE----------> bob   twice"
    nothing_left(net)


def test_packets_overtake_each_other() -> None:
    """What is held back arrives after what was sent later."""
    net = Net(seed=3, reorder=0.5)
    bob = net.agent("bob")
    for _ in range(20):
        net.agent("alice").request("OPTIONS", "sip:bob")
    net.run(until=0.4)
    left = [record.data for record in net.recorder.records if isinstance(record, Left) and record.who == "alice"]
    came = [record.data for record in net.recorder.records if isinstance(record, Arrived) and record.who == bob.name]
    assert sorted(left) == sorted(came)
    assert left != came


@pytest.mark.parametrize(("delay", "low", "high"), [(0.1, 0.1, 0.1), ((0.1, 0.3), 0.1, 0.3)])
def test_packets_take_their_time(delay: float | tuple[float, float], low: float, high: float) -> None:
    """A delay is the same for all, or drawn between a lowest and a highest."""
    net = Net(delay=delay)
    net.agent("bob")
    net.agent("alice").request("OPTIONS", "sip:bob")
    net.run()
    there, back = (record.at for record in net.recorder.records if isinstance(record, Arrived))
    for way in (there - 1000.0, back - there):
        assert low - 1e-9 <= way <= high + 1e-9


def test_time_passes_only_when_told() -> None:
    """A run ends at its time or when nothing more will happen; what was planned for the past happens next."""
    net = Net(start=50.0)
    happened: list[float] = []
    net.at(5.0, lambda: happened.append(net.now))
    net.after(2.0, lambda: happened.append(net.now))
    assert (net.now, net.idle, net.next_at()) == (50.0, False, 52.0)
    net.run(until=3.0)
    assert (net.now, happened) == (53.0, [52.0])
    net.at(1.0, lambda: happened.append(net.now))
    net.run(until=1.0)
    net.run()
    assert (net.now, happened, net.idle) == (55.0, [52.0, 53.0, 55.0], True)


def test_what_happens_next_is_no_timer_that_was_stopped() -> None:
    """The INVITE would be repeated after half a second, but has been answered by then: nothing happens before the BYE's
    timers."""
    net = Net(delay=0.01)
    net.agent("bob").script(ring(), answer())
    net.agent("alice").script(hang_up(after=0.2))
    net.agent("alice").invite("sip:bob@192.0.2.2")
    net.run(until=0.4)
    at = net.next_at()
    assert at is not None
    assert at > 1000.5
    steps = net.figures()["steps"]
    net.run(until=at - 1000.0 - 1e-6)
    assert net.figures()["steps"] == steps
    net.run(until=at - 1000.0)
    assert net.figures()["steps"] == steps + 1


def test_names_are_found() -> None:
    """An agent is found by its name, also under example.com; other hosts as `names` says; else nowhere."""
    net = Net()
    net.agent("carol", "192.0.2.77")
    net.names |= {"pbx": "carol", "far": ["2001:db8::1", "192.0.2.9"], "near": "192.0.2.8", "gone": "nobody"}
    assert net.addresses("carol") == net.addresses("carol.example.com") == net.addresses("pbx") == ("192.0.2.77",)
    assert net.addresses("far") == ("2001:db8::1", "192.0.2.9")
    assert net.addresses("near") == ("192.0.2.8",)
    assert net.addresses("gone") == net.addresses("biloxi.example.com") == net.addresses("mars.test") == ()


def test_where_nobody_is_nothing_arrives() -> None:
    """An unknown host fails at once, an address without an agent by silence."""
    net = Net()
    alice = net.agent("alice")
    alice.request("OPTIONS", "sip:mars.test")
    alice.request("OPTIONS", "sip:192.0.2.99")
    net.run()
    assert [event.status for event in alice.events if isinstance(event, Answered)] == [503, 408]
    assert net.ladder().split("\n")[0] == " 0.0  alice OPTIONS---------x 192.0.2.99:5060"


def test_an_agent_is_made_once() -> None:
    """The same name is the same agent; its endpoint is made with what is given at first."""
    net = Net()
    alice = net.agent("alice", times=TimerValues(T1=1.0))
    assert net.agent("alice") is alice
    assert repr(alice) == "Agent('alice', '192.0.2.1')"
    with pytest.raises(ValueError, match="alice is there already"):
        net.agent("alice", "192.0.2.5")
    with pytest.raises(ValueError, match="alice is there already"):
        net.agent("alice", times=TimerValues())
    alice.request("OPTIONS", "sip:192.0.2.9")
    assert alice.endpoint.next_timeout() == 1001.0


def test_an_address_is_of_one_agent() -> None:
    """And one that speaks no UDP gets no datagrams; that it is there is known."""
    net = Net()
    net.agent("alice", "192.0.2.5")
    with pytest.raises(ValueError, match=r"192\.0\.2\.5 is the address of alice already"):
        net.agent("bob", "192.0.2.5")
    net.agent("bob", transports=["TCP"], make=lambda _local, **options: Endpoint("udp:192.0.2.1:5060", **options))
    net.agent("alice").request("OPTIONS", "sip:bob")
    net.run(until=0.1)
    assert net.ladder() == "0.0  alice OPTIONS---------x bob"


def test_there_is_room_for_many() -> None:
    """Each agent gets an address of its own."""
    net = Net()
    hosts = [net.agent(f"a{n}").host for n in range(600)]
    assert len(set(hosts)) == 600
    assert (hosts[0], hosts[253], hosts[254], hosts[-1]) == ("192.0.2.1", "192.0.2.254", "198.18.0.255", "198.18.2.88")


def test_ipv6_agents_talk() -> None:
    """Addresses may be IPv6."""
    net = Net()
    net.agent("bob", "2001:db8::2").script(answer())
    net.agent("alice", "2001:db8::1").invite("sip:bob")
    net.run(until=1.0)
    assert any(isinstance(event, Established) for event in net.agent("bob").events)
    assert b"IN IP6 2001:db8::1" in net.agent("alice").sdp


def test_three_parties_in_one_picture() -> None:
    """Any number of agents, and who is called first by whom is drawn so."""
    net = Net()
    net.agent("bob").script(reject(486))
    net.agent("carol").script(reject(480))
    net.agent("alice").invite("sip:bob")
    net.at(1.0, lambda: net.agent("carol").invite("sip:bob"))
    net.at(2.0, lambda: net.agent("alice").invite("sip:carol"))
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------486- bob
        0.0  alice ACK-------------> bob
        1.0  bob   <---------INVITE- carol
        1.0  bob   486-------------> carol
        1.0  bob   <------------ACK- carol
        2.0  alice INVITE----------> carol
        2.0  alice <------------480- carol
        2.0  alice ACK-------------> carol
    """)


def test_the_explained_picture_cites_the_rfc() -> None:
    """Every state change stands at its message, with the input and the section of the row."""
    net = Net()
    net.agent("bob").script(reject(486, after=1.0))
    net.agent("alice").invite("sip:bob")
    net.run()
    told = net.ladder(explain=True, decimals=2).split("\n")
    at = told.index(" 0.20  alice <------------100- bob   Timer 100, Trying, to the INVITE")
    assert told[at + 1].strip() == (
        "bob     INVITE server transaction: Trying -> Proceeding         Timer 100, RFC 3261 17.2.1"
    )


def test_a_failure_tells_the_seed_and_the_picture() -> None:
    """What goes wrong in a run comes with all that is needed to look into it."""
    net = Net(seed=9)
    net.agent("bob").script(answer(), ring(after=1.0))
    net.agent("alice").invite("sip:bob")
    with pytest.raises(LocalProtocolError) as caught:
        net.run()
    assert caught.value.__notes__ == [
        "to see it again: pytest tests/testing/test_net.py::test_a_failure_tells_the_seed_and_the_picture\n"
        "seed 9, 1.000 s after the start:\n"
        "0.000  alice INVITE----------> bob\n"
        "0.000  alice <------------200- bob\n"
        "0.000  alice ACK-------------> bob"
    ]


def test_a_long_failure_tells_the_last_messages() -> None:
    """Nobody reads a thousand lines."""
    net = Net()
    net.agent("bob")
    for n in range(60):
        net.at(n, lambda: net.agent("alice").request("OPTIONS", "sip:bob"))
    net.run(until=59.5)
    _, _, before, *shown = net.account().split("\n")
    assert (before, len(shown)) == ("(20 messages before)", 100)


def test_one_call_of_many_is_a_picture() -> None:
    """Every message of a call has its Call-ID; and an account may be of one call as well."""
    net = Net()
    net.agent("bob").script(reject(486, after=1.0))
    first, _second = (net.agent("alice").invite("sip:bob") for _ in range(2))
    net.run()
    expected = ladder("""
        0.0  alice INVITE----------> bob
        0.2  alice <------------100- bob   Timer 100
        1.0  alice <------------486- bob
        1.0  alice ACK-------------> bob
    """)
    assert net.ladder(about=first.call_id) == expected
    assert net.account(about=first.call_id).count("INVITE") == 1
    assert Net(record=False).account().endswith("(not recorded)")


def test_figures_are_kept() -> None:
    """How much has happened, and what became of datagrams and connections, also on a link that has been replaced."""
    net = Net(duplicate=1.0)
    net.agent("bob", transports=["UDP", "TCP"])
    alice = net.agent("alice")
    alice.request("OPTIONS", "sip:bob")
    net.run()
    net.link("alice", "bob", Link(loss=1.0))
    alice.request("OPTIONS", "sip:bob")
    net.run()
    figures = net.figures()
    assert figures.pop("steps") > 10
    assert figures == {"sent": 14, "lost": 11, "doubled": 3, "connections": 0}
    carol = net.agent("carol", transports=["TCP"])
    carol.request("OPTIONS", "sip:bob;transport=tcp")
    carol.request("OPTIONS", "sip:alice;transport=tcp")
    net.run(until=net.now - net.start + 1.0)
    net.streams.reset(carol)
    figures = net.figures()
    assert (figures["connections"], figures["reset"], figures["not made"]) == (1, 1, 1)
    assert [(fault.what, sorted(fault.parties)) for fault in net.streams.faults] == [
        ("not made", ["alice", "carol"]),
        ("reset", ["bob", "carol"]),
    ]


def test_a_network_that_is_never_quiet_is_found() -> None:
    """An endless loop is an error, and not a test that never ends."""
    net = Net()

    def again() -> None:
        net.after(0.0, again)

    again()
    with pytest.raises(InvariantBroken, match="not quiet after 50 steps"):
        net.run(steps=50)


def test_a_record_is_made_once() -> None:
    """Whoever looks at all of it, or at the messages only, and however often, sees the same."""
    net = Net()
    net.agent("bob").script(ring())
    net.agent("alice").invite("sip:bob")
    net.run(until=1.0)
    messages = net.recorder.messages
    records = net.recorder.records
    assert len(messages) < len(records)
    assert net.recorder.messages == messages == [record for record in records if not isinstance(record, Moved)]
    net.run(until=40.0)
    assert net.recorder.records[: len(records)] == records
    assert net.recorder.records is net.recorder.records


@pytest.fixture(params=[(700, 10, 10), (50, 3, 100_000), (0, 10, 10)])
def thresholds(request: pytest.FixtureRequest) -> Iterator[tuple[int, int, int]]:
    """What the program has set for Python's garbage collector: as usual, its own, and not at all."""
    before = gc.get_threshold()
    gc.set_threshold(*request.param)
    yield request.param
    gc.set_threshold(*before)


def test_full_collections_are_seldom_while_it_runs(thresholds: tuple[int, int, int]) -> None:
    """They would look at all that a network holds; afterwards they come as the program has them, whatever happened."""
    net = Net()
    seen: list[tuple[int, int, int]] = []
    net.at(1.0, lambda: seen.append(gc.get_threshold()))
    net.run()
    new, newer, full = thresholds
    assert seen == [(max(new, 20_000) if new else 0, newer, max(full, 1000))]
    assert gc.get_threshold() == thresholds
    net.at(2.0, lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        net.run()
    assert gc.get_threshold() == thresholds
