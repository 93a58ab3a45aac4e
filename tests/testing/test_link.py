"""A link between two agents: what it does to datagrams, by itself and in a network."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from sipsm import Answered
from sipsm.testing import Link, Net, Streaming, ladder
from sipsm.testing.link import Way
from sipsm.trace import Arrived, Left

FAR = ("192.0.2.2", 5060)
FAR6 = ("2001:db8::2", 5060)


def arrivals(link: Link, *sizes: int, seed: int = 1) -> list[tuple[float, ...]]:
    """When packets of these sizes arrive that leave at 10 s, one after the other."""
    way = Way(link, Random(seed))
    return [way.arrivals(size, FAR, 10.0) for size in sizes]


def test_by_default_it_takes_no_time_and_loses_nothing() -> None:
    """A link that nothing is said of is perfect."""
    assert arrivals(Link(), 500, 65_535) == [(10.0,), (10.0,)]


def test_shares_are_shares() -> None:
    """Of many packets, as many are lost, doubled and held back as was said, but for chance."""
    lost = arrivals(Link(loss=0.3), *[100] * 2000)
    assert 500 < lost.count(()) < 700
    twice = arrivals(Link(duplicate=0.3), *[100] * 2000)
    assert 500 < sum(len(at) == 2 for at in twice) < 700
    late = arrivals(Link(reorder=0.3, held_back=2.0), *[100] * 2000)
    held = [at for (at,) in late if at > 10.0]
    assert 500 < len(held) < 700
    assert 11.8 < max(held) < 12.0


def test_jitter_comes_on_top_of_latency() -> None:
    """Packets take at least the latency, at most the jitter more, and all in between."""
    took = [at - 10.0 for (at,) in arrivals(Link(latency=0.1, jitter=0.2), *[100] * 500)]
    assert 0.1 <= min(took) < 0.11
    assert 0.29 < max(took) <= 0.3 + 1e-9


def test_bandwidth_makes_a_queue() -> None:
    """8000 bits a second are 1000 bytes: each packet waits for those before it, and what finds no room is lost."""
    assert arrivals(Link(latency=1.0, bandwidth=8000, queue=1000), 500, 500, 500, 300) == [(11.5,), (12.0,), (), ()]
    way = Way(Link(bandwidth=8000, queue=1000), Random(1))
    assert way.arrivals(1000, FAR, 10.0) == (11.0,)
    assert way.arrivals(1000, FAR, 10.9) == ()
    assert way.arrivals(1000, FAR, 20.0) == (21.0,)


@pytest.mark.parametrize(
    ("size", "host", "lost"),
    [
        (1472, "192.0.2.2", 0.1),
        (1473, "192.0.2.2", 0.19),
        (1452, "2001:db8::2", 0.1),
        (1453, "2001:db8::2", 0.19),
        (2953, "192.0.2.2", 0.271),
    ],
)
def test_a_datagram_in_fragments_needs_all_of_them(size: int, host: str, lost: float) -> None:
    """What does not fit the MTU with its headers is sent in pieces, and one lost piece is enough."""
    assert Link(loss=0.1, mtu=1500).lost(size, host) == pytest.approx(lost)
    assert Link(loss=0.1).lost(size, host) == 0.1


def test_a_firewall_drops_fragments() -> None:
    """Then a large datagram never gets through, and a small one as ever."""
    link = Link(mtu=1500, fragments=False)
    assert arrivals(link, 1472, 1473) == [(10.0,), ()]
    assert Way(link, Random(1)).arrivals(1453, FAR6, 10.0) == ()


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"loss": 1.1}, "loss is a share from 0 to 1, not 1.1"),
        ({"reorder": -0.1}, "reorder is a share"),
        ({"latency": -1.0}, "latency cannot be -1.0"),
        ({"jitter": float("inf")}, "jitter cannot be inf"),
        ({"bandwidth": 0}, "bandwidth must be more than 0, or None"),
        ({"mtu": -5}, "mtu must be more than 0"),
    ],
)
def test_a_link_that_cannot_be(what: dict[str, Any], said: str) -> None:
    """It is refused when it is made."""
    with pytest.raises(ValueError, match=said):
        Link(**what)


def test_chunks_that_cannot_be() -> None:
    """At least one byte arrives at once."""
    for chunks in (0, 5), (5, 4):
        with pytest.raises(ValueError, match="chunks are from 1 byte"):
            Streaming(chunks=chunks)


def test_each_link_is_its_own() -> None:
    """Two agents may be near each other, and far from a third; and the way back may be another."""
    net = Net(delay=0.5)
    for name in "abc":
        net.agent(name)
    net.link("a", "b", Link(latency=0.01), back=Link(latency=0.02))
    for name in "bc":
        net.agent("a").request("OPTIONS", f"sip:{name}")
    net.run(until=5.0)
    came = {
        (record.who, round(record.at - 1000.0, 3)) for record in net.recorder.records if isinstance(record, Arrived)
    }
    assert came == {("b", 0.01), ("a", 0.03), ("c", 0.5), ("a", 1.0)} | {("c", 1.0), ("a", 1.5)}


def test_a_link_changes_from_one_moment_to_the_next() -> None:
    """What has left before goes its old way."""
    net = Net(delay=1.0)
    net.agent("bob")
    alice = net.agent("alice")
    alice.request("OPTIONS", "sip:bob")
    net.at(0.2, lambda: net.link("alice", "bob", Link(latency=0.1)))
    net.run()
    sent = [record.at - 1000.0 for record in net.recorder.records if isinstance(record, Left) and record.who == "alice"]
    assert sent == [0.0, 0.5]
    came = [record.at - 1000.0 for record in net.recorder.records if isinstance(record, Arrived)]
    assert came == pytest.approx([0.6, 0.7, 1.0, 1.1])


def test_a_partition_heals() -> None:
    """What leaves or would arrive while it lasts is lost; afterwards it is as if nothing had been."""
    net = Net(delay=0.1)
    for name in "ab", "bob", "carol":
        net.agent(name)
    net.partition({"ab"}, "bob", 0.0, 0.5)
    net.partition("carol", start=0.05, end=2.0)
    net.agent("ab").request("OPTIONS", "sip:bob")
    net.agent("ab").request("OPTIONS", "sip:carol")
    net.agent("bob").request("OPTIONS", "sip:ab")
    assert net.run(until=4.0) == ladder("""
        0.0  ab OPTIONS---------x bob
        0.0  ab OPTIONS---------x carol
        0.0  ab x--------OPTIONS- bob
        0.5  ab OPTIONS---------> bob     Timer E
        0.5  ab OPTIONS---------x carol   Timer E
        0.5  ab <--------OPTIONS- bob     Timer E
        0.6  ab <------------200- bob
        0.6  ab 200-------------> bob
        1.5  ab OPTIONS---------x carol   Timer E
        3.5  ab OPTIONS---------> carol   Timer E
        3.6  ab <------------200- carol
    """)
    net.run()
    assert [event.status for event in net.agent("ab").events if isinstance(event, Answered)] == [200, 200]
