"""The machines of a peer's subscription by themselves: what they take no notice of, and which timers they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sipsm.dialog import Dialog
from sipsm.machine import Machine, Step
from sipsm.usage.notices import Notices
from sipsm.usage.notifier import Notifier
from sipsm.usage.notifying import MACHINES, NOTIFYING

START = 1000.0

MAKERS: list[Callable[[], Machine]] = [Notifier, Notices]


def test_these_are_all() -> None:
    """Each table of a peer's subscription is that of one of these machines, or of the dialog."""
    tables = {table for tables in MACHINES.values() for table in tables}
    assert tables == {Dialog.table, *(make().table for make in MAKERS)}


@pytest.mark.parametrize("make", MAKERS)
def test_every_pair_is_decided(make: Callable[[], Machine]) -> None:
    """No input meets a state that nobody has thought about."""
    assert make().table.undecided() == []


def test_every_input_is_an_event() -> None:
    """Each input of these machines comes by a wire, and each timer of theirs is one."""
    for place, tables in MACHINES.items():
        if place == "dialog":
            continue
        heard = {name for wires in NOTIFYING.wires.values() for _, where, name, *_ in wires if where == place}
        assert heard == {name for table in tables for name in table.inputs}


IGNORED = [
    pytest.param(make, state, name, id=f"{make().table.name}: {name} in {state}")
    for make in MAKERS
    for state, by_input in make().table.lookup.items()
    for name, alternatives in by_input.items()
    if alternatives[0].ignored
]


@pytest.mark.parametrize(("make", "state", "name"), IGNORED)
def test_what_is_ignored_changes_nothing(make: Any, state: str, name: str) -> None:
    """Neither the state nor a timer, and nothing is sent or told."""
    machine: Machine = make()
    machine.state = state
    step = Step(START)
    assert machine.receive(name, None, step).ignored
    assert (machine.state, machine.timers, step.outputs, step.causes) == (state, {}, [], [])


def test_how_long_it_lasts_when_nothing_is_left() -> None:
    """What is over lasts no time."""
    notifier = Notifier(granted_s=600)
    notifier.running = ((START, "expires", 600.0),)
    assert [notifier.left_s(START + waited) for waited in (-600, -0.5, 0, 1)] == [600, 0, 0, 0]
