"""Names of a simulated network: records as data, asked for as the core asks, at once or late or in vain."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from sipsm import Answered, Endpoint, Resolve
from sipsm.testing import Dns, Net
from sipsm.testing.names import records, type_of
from sipsm.transport import Naptr, Srv

SRV = [Srv(10, 60, 5060, "a.example.com"), Srv(20, 0, 5060, "b.example.com")]
NAPTR = [Naptr(50, 50, "s", "SIP+D2U", "", "_sip._udp.example.com")]


class Asks(Endpoint):
    """Asks what it is told to ask, and keeps what it is answered."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.told: list[tuple[str, Sequence[Any], float]] = []

    def ask(self, name: str, type: str, *, now: float) -> list[Any]:
        """A command."""
        return [Resolve(7, name, type)]

    def resolved(self, resolve: Resolve, records: Sequence[Any], now: float) -> list[Any]:
        """The answer."""
        self.told.append((resolve.type, records, now - 1000.0))
        return []


def answers(net: Net, name: str, *types: str) -> list[tuple[str, Sequence[Any], float]]:
    """What Alice is told when she asks for these types of a name."""
    alice = net.agent("alice", make=Asks)
    for type in types:
        alice.do(alice.endpoint.ask, name, type)
    net.run()
    told: list[tuple[str, Sequence[Any], float]] = alice.endpoint.told
    return told


def test_a_name_has_records_of_each_type() -> None:
    """Each question gets the records of its type, in the order in which they stand."""
    net = Net()
    net.names["example.com"] = [*NAPTR, *SRV, "192.0.2.9", "2001:db8::9", "192.0.2.8"]
    assert answers(net, "example.com", "NAPTR", "SRV", "A", "AAAA") == [
        ("NAPTR", tuple(NAPTR), 0.0),
        ("SRV", tuple(SRV), 0.0),
        ("A", ("192.0.2.9", "192.0.2.8"), 0.0),
        ("AAAA", ("2001:db8::9",), 0.0),
    ]


def test_what_is_not_there_has_no_records() -> None:
    """No such name, and no such records, are the same answer."""
    net = Net()
    net.agent("bob")
    assert [found for _, found, _ in answers(net, "nobody.example.com", "A", "NAPTR")] == [(), ()]
    net.names["bob"] = []
    assert answers(net, "bob", "A")[-1][1] == ()


@pytest.mark.parametrize("name", ["bob", "BOB.example.com.", "phone.test", "Phone.Test", "b2"])
def test_an_agent_has_its_address(name: str) -> None:
    """Under its own name, and under every name that stands for it; case does not matter."""
    net = Net()
    net.agent("bob", "2001:db8::2")
    net.names |= {"phone.test": "bob", "b2": "phone.test"}
    assert [found for _, found, _ in answers(net, name, "A", "AAAA")] == [(), ("2001:db8::2",)]


def test_names_that_stand_for_each_other_are_nowhere() -> None:
    """A circle has an end."""
    zone = {"a": "b", "b": "a"}
    assert records(zone, "a", lambda _: None) == ()
    assert type_of("192.0.2.1") == "A"


def test_an_answer_takes_its_time() -> None:
    """And a request that waits for it is sent then."""
    net = Net(dns=Dns(latency=0.2, jitter=0.1))
    net.agent("bob")
    net.agent("carol").request("OPTIONS", "sip:bob.example.com")
    ((_, found, at),) = answers(net, "bob", "A")
    assert found == ("192.0.2.1",)
    assert 0.2 <= at <= 0.3
    assert [event.status for event in net.agent("carol").events if isinstance(event, Answered)] == [200]
    assert float(net.ladder(decimals=3).split()[0]) >= 0.2


def test_questions_that_nobody_answers() -> None:
    """After a while there are no records; of many questions as many fail as was said."""
    net = Net(dns=Dns(failing=1.0, gives_up_s=3.0))
    net.agent("bob")
    assert answers(net, "bob", "A") == [("A", (), 3.0)]
    some, slow = Dns(failing=0.3), Dns(latency=2.0, gives_up_s=1.0)
    random = Random(1)
    assert 250 < sum(not some.answers(random)[1] for _ in range(1000)) < 350
    assert slow.answers(random) == (1.0, False)


def test_the_answer_finds_nobody() -> None:
    """Who has crashed meanwhile is not told."""
    net = Net(dns=Dns(latency=1.0))
    alice = net.agent("alice", make=Asks)
    alice.do(alice.endpoint.ask, "alice", "A")
    net.crash("alice", at=0.5, back=0.7)
    net.run()
    assert alice.endpoint.told == []
