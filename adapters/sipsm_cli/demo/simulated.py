"""The demo's call in the simulated network: virtual time, chosen losses, the same every time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from sipsm import Call, Ended, Event
from sipsm.testing import Agent, Net
from sipsm.trace import Arrived, Left
from sipsm.trace.arrows import Pairing
from sipsm_cli import media
from sipsm_cli.demo.parts import Alice, Bob, Part
from sipsm_cli.demo.picture import Picture
from sipsm_cli.demo.story import verdict
from sipsm_cli.exits import Exit
from sipsm_cli.output import show

DELAY_S = (0.010, 0.030)
"""How long a packet is on its way."""
PAUSE_S = 2.0
"""Time costs nothing here: what was lost comes again before alice goes on."""


class Simulation:
    """The stage of one part in the simulated network: a `Stage`."""

    def __init__(self, net: Net, agent: Agent) -> None:
        self.net = net
        self.agent = agent

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something done so many virtual seconds from now."""
        self.net.after(seconds, action)

    def asks(self, what: str, call: Call, command: str, *args: Any) -> None:
        """Give a command of a call."""
        self.net.recorder.asked(self.agent.name, what, self.net.now)
        done = getattr(call, command)(*args, now=self.net.now)
        self.net.perform(self.agent, done[1] if isinstance(done, tuple) else done)


def simulated(loss: float, seed: int) -> Exit:
    """Make the call, print its ladder and the verdict."""
    net = Net(seed, loss=loss, delay=DELAY_S)
    alice, bob = net.agent("alice"), net.agent("bob")
    caller = _plays(alice, Alice(Simulation(net, alice), PAUSE_S))
    callee = _plays(bob, Bob(Simulation(net, bob), bob.host, 2))
    ends: list[float] = []
    for agent in (alice, bob):
        agent.on(Ended, lambda _: ends.append(net.now))
    net.recorder.asked("alice", "calls bob", net.now)
    _, outputs = alice.endpoint.invite(f"sip:bob@{bob.host}", offer=media.offer(alice.host, 1), now=net.now)
    net.perform(alice, outputs)
    net.run()
    title = (
        f"Alice calls bob in a simulated network, in virtual time: {loss:.4g} of the packets are lost (╳). Seed {seed}."
    )
    _draw(net, ends, title, f"{alice.host}:5060", f"{bob.host}:5060")
    code, lines = verdict(caller.story, callee.story)
    show("\n".join(["", *lines]))
    return code


def _plays(agent: Agent, part: Part) -> Part:
    for event in get_args(Event):
        agent.on(event, part.told)
    return part


def _draw(net: Net, ends: list[float], title: str, alice: str, bob: str) -> None:
    records = net.recorder.records
    pairing = Pairing()
    pairing.know(records)
    arrows = [pairing.take(record) for record in records]
    pairing.settle()
    picture = Picture(show, net.start)
    picture.head(title, alice, bob)
    last = max([*ends, *(record.at for record in records if isinstance(record, Left | Arrived))])
    for record, arrow in zip(records, arrows, strict=True):
        # What follows are the transactions and timers that wait for stragglers, and forget.
        if record.at <= last:
            picture.take(record, arrow)
    picture.settle()
