"""Calls through proxies that fork, over a network that loses, doubles and reorders (RFC 3261 16.7)."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from sipsm import Call, CallState, ProxyPolicy, Request, Response, Send
from sipsm.message import read_message
from sipsm.proxy import RouteTarget
from sipsm.testing import Agent, Net, answer, cancel, hang_up, nothing_left, reject, ring
from sipsm.testing.invariants import EVERY_STEP, Stepped
from sipsm.testing.script import Step
from sipsm.trace import Arrived, Left

HOMES = {name: f"sip:{name}@192.0.2.{number}" for number, name in enumerate(("bob", "carol", "dave"), 2)}


class OneAnswer:
    """To each client goes one final response, or one 2xx or more: "either exactly one non-2xx response or one or more
    2xx responses to an INVITE request" (RFC 3261 16.7)."""

    __name__ = "one_answer"

    def __init__(self) -> None:
        self.said: dict[tuple[str, str, str], set[int]] = {}

    def __call__(self, step: Stepped) -> str | None:
        """What is wrong with this step."""
        for output in step.outputs:
            message = read_message(output.data) if isinstance(output, Send) else None
            if isinstance(message, Response) and message.status >= 200:
                key = step.agent.name, message.branch or "", message.cseq.method
                said = self.said.setdefault(key, set())
                said.add(message.status)
                if len(said) > 1 and not all(status < 300 for status in said):
                    return f"{key} was answered with {said}"
        return None


def behaviour(random: Random) -> tuple[Step, ...]:
    """What somebody does who is called."""
    after = random.choice((0, 0.1, 1, 5))
    ringing = (ring(after=after / 2),) if random.random() < 0.7 else ()
    end = random.choice((answer(after=after), answer(after=after), reject(486, after=after), reject(603, after=after)))
    return (*ringing, end) if random.random() < 0.9 else ringing


def world(seed: int, **net: Any) -> tuple[Net, list[Call]]:
    """Alice calls all three at once, or one after the other, by way of two proxies."""
    random = Random(f"{seed}/proxies")
    one_answer = OneAnswer()
    made = Net(seed=seed, invariants=[*EVERY_STEP, one_answer], **net)
    alice = made.agent("alice")
    called = [made.agent(name) for name in HOMES]
    for each in called:
        each.scripts(lambda _: behaviour(random))
    qs = {name: random.choice((1.0, 1.0, 0.5)) for name in HOMES}
    inner = made.proxy(
        "inner",
        route=lambda request: [RouteTarget(uri, qs[name]) for name, uri in HOMES.items()],
        policy=ProxyPolicy(domains=["192.0.2.6"], record_routes=True, max_breadth=random.choice((1, 2, 60))),
    )
    outer = made.proxy(
        "outer",
        route=lambda request: [f"sip:all@{inner.host}"],
        policy=ProxyPolicy(domains=["biloxi.com"], record_routes=random.random() < 0.5),
    )
    made.names["biloxi.com"] = "outer"
    assert outer.host == "192.0.2.6"
    calls: list[Call] = []

    def call() -> None:
        patience = random.choice((0, 0.2, 3, 20, 20, 20, 20))
        alice.scripts(lambda _: (cancel(after=patience), hang_up(after=30)))
        calls.append(alice.invite("sip:all@biloxi.com"))

    for number in range(4):
        made.at(number * 50, call)
    return made, calls


def two_hundreds(net: Net, proxy: Agent, kind: type[Any]) -> set[tuple[str, str | None]]:
    """The dialogs that 2xx to INVITE make, of those which came to a proxy, or which it sent."""
    found = set()
    for record in net.recorder.messages:
        if isinstance(record, kind) and record.who == proxy.name and record.data.startswith(b"SIP/2.0 2"):
            message = read_message(record.data)
            assert not isinstance(message, Request)
            if message.cseq.method == "INVITE":
                found.add((message.call_id, message.to_tag))
    return found


def run(seed: int, **net: Any) -> None:
    """All calls to their end; then the laws."""
    made, calls = world(seed, **net)
    made.run(until=1500)
    for agent in made.agents.values():
        for each in list(getattr(agent.endpoint, "calls", ())):
            if each.state is CallState.ESTABLISHED:
                agent.do(each.hang_up)
    made.run()
    assert len(calls) == 4
    assert {call.state for call in calls} == {CallState.ENDED}
    for name in ("inner", "outer"):
        proxy = made.agents[name]
        assert two_hundreds(made, proxy, Arrived) <= two_hundreds(made, proxy, Left), "every 2xx is forwarded"
    nothing_left(made)


@pytest.mark.rfc("3261 16.7", "3261-P12", "3261-P14")
@pytest.mark.seeds(12)
def test_forked_calls_over_a_good_network(seed: int) -> None:
    """Nothing is left, each client has one final answer, and every 2xx is forwarded."""
    run(seed, delay=(0.01, 0.05))


@pytest.mark.rfc("3261 16.7")
@pytest.mark.seeds(12)
def test_forked_calls_over_a_bad_network(seed: int) -> None:
    """The same, where every eighth packet is lost, some are doubled, and some overtake others."""
    run(seed, delay=(0.01, 0.2), loss=0.12, duplicate=0.05, reorder=0.1)


@pytest.mark.slow
@pytest.mark.seeds(300)
def test_many_forked_calls_over_a_bad_network(seed: int) -> None:
    """The same with many seeds."""
    run(seed, delay=(0.01, 0.4), loss=0.2, duplicate=0.1, reorder=0.2)


@pytest.mark.seeds(6)
def test_a_proxy_that_is_saved_and_comes_back(seed: int) -> None:
    """Crashes cost what is lost meanwhile, and nothing more: nothing is left in the end."""
    made, calls = world(seed, delay=0.01)
    made.crash("inner", at=51.0, back=53.0, saved=51.0)
    made.crash("outer", at=100.1, back=100.2, saved=100.1)
    made.run(until=1500)
    for agent in made.agents.values():
        for each in list(getattr(agent.endpoint, "calls", ())):
            if each.state is CallState.ESTABLISHED:
                agent.do(each.hang_up)
    made.run()
    assert {call.state for call in calls} == {CallState.ENDED}
    nothing_left(made)


def test_no_tape_can_hold_a_proxy() -> None:
    """What a routing function does cannot be written."""
    from sipsm.testing import Tape

    with pytest.raises(ValueError, match="which no tape can hold"):
        Net(tape=Tape()).proxy("p1")
