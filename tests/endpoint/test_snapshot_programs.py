"""An endpoint that is saved and restored after every step gives what one gives that never stopped."""

from __future__ import annotations

from random import Random
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipsm import Call, Endpoint, Ids, OutgoingRequest
from sipsm.endpoint.snapshot import restore, save
from sipsm.message.message import Message
from sipsm.role import Output
from sipsm.usage import Leg
from tests.endpoint.test_programs import World


def shown(x: Any) -> Any:
    """An output as a value: with a call's name in the place of the call."""
    if isinstance(x, Message):
        return bytes(x)
    if isinstance(x, Call):
        return (x.call_id, x.outgoing, x.state)
    if isinstance(x, Leg):
        return (x.dialog.local_tag, x.dialog.remote_tag, x.dialog.state, x.session.state)
    if isinstance(x, OutgoingRequest):
        return (x.method, bytes(x.request), x.status)
    if attrs.has(type(x)):
        return (type(x).__name__, *(shown(getattr(x, each.name)) for each in attrs.fields(type(x))))
    return x


class Seen(World):
    """A world whose outputs are written down."""

    def __init__(self, seed: int, loss: float) -> None:
        self.seen: list[tuple[float, int, Any]] = []
        super().__init__(seed, loss)

    def take(self, who: int, outputs: list[Output]) -> None:
        self.seen += [(self.now, who, shown(output)) for output in outputs]
        self.seen.append((self.now, who, self.parties[who].endpoint.next_timeout()))
        super().take(who, outputs)


class Stopping(Seen):
    """A world whose endpoints are replaced by what is restored from them, whenever they have done something."""

    def __init__(self, seed: int, loss: float) -> None:
        super().__init__(seed, loss)
        self.gone: list[Endpoint] = []
        self.snapshots = 0

    def take(self, who: int, outputs: list[Output]) -> None:
        super().take(who, outputs)
        self.replace(who)

    def replace(self, who: int) -> None:
        """The endpoint goes, and one that goes on from its snapshot takes its place, and its program's calls."""
        party, old = self.parties[who], self.parties[who].endpoint
        data = save(old)
        new = restore(data, ids=Ids(Random()))
        assert save(new) == data
        taken = dict(zip(old.calls, new.calls, strict=True))
        for call, again in taken.items():
            party.ended[id(again)] = party.ended.pop(id(call), 0)
        party.calls = [taken.get(call, call) for call in party.calls]
        party.endpoint = new
        self.gone.append(old)  # so that no new call gets the id of an old one
        self.snapshots += 1


def run(world: Seen, steps: int) -> Seen:
    """A program of so many steps, then a while in which nobody does anything, and then its end."""
    for _ in range(steps):
        world.step()
    world.wait(150)
    world.end()
    return world


def same(seed: int, loss: float, steps: int) -> int:
    """Both worlds give the same; returns how many snapshots were taken."""
    straight, stopping = Seen(seed, loss), Stopping(seed, loss)
    run(straight, steps)
    run(stopping, steps)
    assert stopping.seen == straight.seen
    return stopping.snapshots


@pytest.mark.slow
@given(seed=st.integers(0, 2**32), loss=st.sampled_from([0.0, 0.3, 0.6]))
@settings(max_examples=25)
def test_it_goes_on_as_if_it_had_never_stopped(seed: int, loss: float) -> None:
    """At every step of a program of commands, packets, losses, failures and timers, an endpoint can be replaced."""
    same(seed, loss, steps=25)


@pytest.mark.slow
def test_many_programs_go_on() -> None:
    """The same of a thousand snapshots and more, in longer programs."""
    assert sum(same(seed, loss=0.3, steps=80) for seed in range(30)) > 1000
