"""The invariants find what they are there for, in endpoints that are broken on purpose."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import Ended, Endpoint, Output, Send
from sipsm.testing import InvariantBroken, Net, Stepped, answer, census, hang_up, nothing_left, reject


class Spins(Endpoint):
    """Forgets to do what is due."""

    def handle_timeout(self, now: float) -> list[Output]:
        """Do nothing."""
        return []


class Hurries(Endpoint):
    """Fires its timers before their time."""

    def handle_timeout(self, now: float) -> list[Output]:
        """Half a second early."""
        return super().handle_timeout(now + 0.5)


class Repeats(Endpoint):
    """Tells everything twice."""

    def receive(self, *args: Any, **options: Any) -> list[Output]:
        """Twice."""
        return [output for output in super().receive(*args, **options) for _ in (1, 2)]


def with_alice(kind: type[Endpoint], **options: Any) -> Net:
    """A network in which Alice's endpoint is a broken one, and she calls Bob."""
    net = Net(**options)
    net.agent("bob").script(reject(486, after=0.1))
    alice = net.agent("alice")
    alice.endpoint = kind("udp:192.0.2.2:5060", watcher=net.recorder.watcher("alice"))
    return net


@pytest.mark.parametrize(
    ("kind", "broken"),
    [
        (Spins, r"next_deadline_is_later: alice at 1000\.5: after handle_timeout"),
        (Hurries, "early_timeout_changes_nothing: alice at 1000.0: an early handle_timeout"),
        (Repeats, "one_ended_each: alice at 1000.1: call [0-9a-f]+ has ended 2 times"),
    ],
)
def test_a_broken_endpoint_is_found(kind: type[Endpoint], broken: str) -> None:
    """The failure names the invariant, the agent and the time."""
    net = with_alice(kind, lose={"alice": (1,)} if kind is Spins else None)
    net.at(0.0, lambda: net.agent("alice").invite("sip:bob"))
    with pytest.raises(InvariantBroken, match=broken):
        net.run()


def test_invariants_can_be_switched_off_and_added() -> None:
    """Whoever tests something broken on purpose chooses what must hold."""
    net = with_alice(Repeats, invariants=())
    net.agent("alice").invite("sip:bob")
    net.run()
    assert sum(isinstance(event, Ended) for event in net.agent("alice").events) == 2
    net = with_alice(Endpoint, invariants=(lambda step: "too late" if step.now > 1000.0 else None,))
    net.agent("alice").invite("sip:bob")
    with pytest.raises(InvariantBroken, match=r"<lambda>: bob at 1000\.1: too late"):
        net.run()


def test_an_invariant_is_added_later() -> None:
    """It is checked from then on, under its own name."""
    net = with_alice(Endpoint)

    @net.check
    def bob_keeps_silent(step: Stepped) -> str | None:
        """No packet leaves Bob."""
        sends = [output for output in step.outputs if isinstance(output, Send)]
        return f"he sent {len(sends)}" if step.agent.name == "bob" and sends else None

    net.agent("alice").invite("sip:bob")
    with pytest.raises(InvariantBroken, match=r"bob_keeps_silent: bob at 1000\.1: he sent 1"):
        net.run()


def test_invariants_can_be_sampled() -> None:
    """Checked at every hundredth thing that happens, they cost a hundredth, and find some faults late or never."""
    checked: list[float] = []

    def keeps_count(step: Stepped) -> None:
        checked.append(step.now)

    counts = []
    for often in (1, 4, 100):
        checked.clear()
        net = with_alice(Endpoint, invariants=(keeps_count,), check_every=often)
        net.at(0.0, lambda net=net: net.agent("alice").invite("sip:bob"))  # type: ignore[misc]
        net.run()
        counts.append(len(checked))
    assert counts[0] > counts[1] > counts[2] == 0


def test_what_is_left_is_counted() -> None:
    """A call that is up is left; after its end and the last timer nothing is."""
    net = Net()
    net.agent("bob").script(answer(), hang_up(after=50.0))
    net.agent("alice").invite("sip:bob")
    net.run(until=1.0)
    assert census(net.agent("bob").endpoint) == {
        "client transactions": 0,
        "server transactions": 1,
        "unfinished transactions": 0,
        "requests on their way": 0,
        "responses on another way": 0,
        "calls": 1,
        "incoming calls": 0,
        "dialogs": 1,
        "subscriptions": 0,
        "subscriptions of peers": 0,
        "referrals of peers": 0,
        "publications": 0,
        "publications of peers": 0,
        "registrations": 0,
        "bindings": 0,
        "places with messages": 0,
        "connections": 0,
        "users of connections": 0,
        "deadlines": 1,
    }
    with pytest.raises(InvariantBroken, match=r"nothing_left: .*'alice': .*'calls': 1"):
        nothing_left(net)
    net.run()
    nothing_left(net)
