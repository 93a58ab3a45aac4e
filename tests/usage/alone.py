"""Machines by themselves: what they take no notice of, and by which wires their inputs come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from sipsm.machine import Machine, Step, Table
from sipsm.machine.settling import Heard

START = 1000.0

Make = Callable[[], Machine]


def ignored_by(makers: Iterable[Make]) -> list[Any]:
    """The pairs of which they take no notice: `(make, state, name)`, each with its id."""
    return [
        pytest.param(make, state, name, id=f"{make().table.name}: {name} in {state}")
        for make in makers
        for state, by_input in make().table.lookup.items()
        for name, alternatives in by_input.items()
        if alternatives[0].ignored
    ]


def takes_no_notice(make: Make, state: str, name: str) -> None:
    """Neither the state nor a timer changes, and nothing is sent or told."""
    machine = make()
    machine.state = state
    step = Step(START)
    assert machine.receive(name, None, step).ignored
    assert (machine.state, machine.timers, step.outputs, step.causes) == (state, {}, [], [])


def is_wired(heard: Mapping[str, Heard], machines: Mapping[str, Iterable[Table]]) -> None:
    """Each input of these machines, but for the dialog's, comes by a wire, and each timer of theirs is one."""
    for place, tables in machines.items():
        if place != "dialog":
            inputs = {wire.input for each in heard.values() for wire in each.wires if wire.place == place}
            assert inputs == {name for table in tables for name in table.inputs}
