"""Machines by themselves: what they take no notice of, and by which wires their inputs come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

from sipsm.machine import Machine, Step, Table

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


def is_wired(wires: Mapping[str, Iterable[Any]], machines: Mapping[str, Iterable[Table]]) -> None:
    """Each input of these machines, but for the dialog's, comes by a wire, and each timer of theirs is one."""
    for place, tables in machines.items():
        if place != "dialog":
            heard = {name for each in wires.values() for _, where, name, *_ in each if where == place}
            assert heard == {name for table in tables for name in table.inputs}
