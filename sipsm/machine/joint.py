"""Several machines that take one step together, and the grid that says which of them has a say in what.

Every event is offered to all machines that have a say in it. First each finds its row, touching nothing; one
refusal stops all and changes nothing. Then all move, then all act. What a step causes is a further event, taken
when the step is complete, first in, first out. Guards read the machines around them as they stood before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from sipsm.machine.running import Machine
from sipsm.machine.step import Step
from sipsm.machine.table import Decision, Ignore, Refuse


@frozen
class To:
    """A wire: the event reaches this machine as `input`, as `rfc` says; with `each`, that machine of every dialog."""

    input: str
    rfc: str
    each: bool = False


@frozen
class No:
    """No wire, and the reason why none."""

    why: str


class Wiring:
    """A full grid, event by machine: each cell a wire, or the reason why there is none.

    The order of `machines` is the precedence of refusals and the order of outputs. `tables` names, for each of
    them, the tables that may stand in that place. Raises `ValueError` where a cell is missing or names an input
    that a table does not know, and where a table's timer is no event.
    """

    def __init__(
        self,
        name: str,
        machines: Mapping[str, Sequence[Any]],
        grid: Mapping[str, Mapping[str, To | No]],
    ) -> None:
        self.name = name
        self.machines = dict(machines)
        self.grid = {event: dict(cells) for event, cells in grid.items()}
        for event, cells in self.grid.items():
            if set(cells) != set(self.machines):
                raise ValueError(f"{name}: {event} does not say what it is to each of {', '.join(self.machines)}")
            for place, cell in cells.items():
                for table in self.machines[place]:
                    if isinstance(cell, To) and cell.input not in table.inputs:
                        raise ValueError(f"{name}: {event} is {cell.input} to {table.name}, which does not know it")
        for place, tables in self.machines.items():
            for timer in (timer for table in tables for timer in table.timers):
                if not isinstance(self.grid.get(timer.input, {}).get(place), To):
                    raise ValueError(f"{name}: {timer.input} of {place} is no event of the grid")
        self.wires: dict[str, tuple[tuple[str, str, bool], ...]] = {}
        """Of each event, compiled: place, input, and whether it is for that machine of every dialog."""
        self.connect()

    def connect(self, *, without: tuple[str, str] | None = None) -> None:
        """Compile the grid; `without` leaves one (event, machine) wire out, for the test that somebody misses it.

        Raises `ValueError` where there is no such wire.
        """
        if without is not None and not isinstance(self.grid.get(without[0], {}).get(without[1]), To):
            raise ValueError(f"{self.name}: there is no wire from {without[0]} to {without[1]}")
        self.wires = {
            event: tuple(
                (place, cell.input, cell.each)
                for place in self.machines
                if isinstance(cell := cells[place], To) and (event, place) != without
            )
            for event, cells in self.grid.items()
        }


@frozen
class Outcome:
    """What became of a joint step: the refusal that stopped it, or whether anybody moved at all."""

    refusal: Refuse | None = None
    moved: bool = True
    why_not: str = ""
    """When nobody moved: the reasons of those who ignored it."""
    state: str = ""
    """When it was refused: the state that refused it."""


MOVED = Outcome()


def joint_step(wiring: Wiring, here: Any, each: Sequence[Any], event: str, x: Any, step: Step) -> Outcome:
    """Offer `event` to all who have a say in it, then what it causes, to the end.

    `here` holds the machines of this event as attributes named as in the wiring; `each` the same of every
    dialog, for wires of that scope. Returns the refusal, or what was done; the outputs are in `step`.
    """
    outcome = _step(wiring, here, each, event, x, step)
    causes = step.causes
    while causes:
        caused, y, at = causes.pop(0)
        refused = _step(wiring, at, each, caused, y, step).refusal
        assert refused is None, f"{wiring.name}: {event} caused {caused}, which was refused: {refused}"
    return outcome


def _step(wiring: Wiring, here: Any, each: Sequence[Any], event: str, x: Any, step: Step) -> Outcome:
    found: list[tuple[Any, Machine, Decision, str, str]] = []
    ignored: list[Decision] = []
    alone = (here,)
    for place, name, for_each in wiring.wires[event]:
        for at in each if for_each else alone:
            machine: Machine = getattr(at, place)
            decision = machine.find(name, x, at)
            if decision.taken:
                found.append((at, machine, decision, name, machine.state))
            elif decision.refused:
                assert isinstance(decision.entry, Refuse)
                return Outcome(refusal=decision.entry, moved=False, state=machine.state)
            else:
                ignored.append(decision)
    for at, machine, decision, _, _ in found:
        step.at = at
        machine.move(decision, step)
    for at, machine, decision, name, before in found:
        if decision.actions or step.observer is not None:
            step.at = at
            machine.act(decision, name, before, x, step)
    if found:
        return MOVED
    reasons = dict.fromkeys(decision.entry.why for decision in ignored if isinstance(decision.entry, Ignore))
    return Outcome(moved=False, why_not="; ".join(reasons) or "nobody has a say in it")
