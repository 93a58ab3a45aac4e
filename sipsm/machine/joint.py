"""Several machines that take one step together, and the grid that says which of them has a say in what.

Every event is offered to all machines that have a say in it. First each finds its row, touching nothing; one
refusal stops all and changes nothing. Then all move, then all act. What a step causes is a further event, taken
when the step is complete, first in, first out. Guards read the machines around them as they stood before.

What an event comes to depends on the states of those who hear it, and on their guards. So a step is one lookup by
these states, and what has been made for them: see `sipsm.machine.settling`. A step that is observed, or that reaches
others than the machines around its event, asks each machine in turn (`_step_of_each`): the same rules, in the order in
which they are written down above.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Protocol

from attrs import frozen

from sipsm.machine.running import Machine
from sipsm.machine.settling import MOVED, Heard, Outcome, Wire, nobody_moved
from sipsm.machine.step import Step
from sipsm.machine.table import Decision, Refuse


class Around(Protocol):
    """The machines around one event, as attributes named as in the wiring: what guards may look at."""

    def is_alone(self) -> bool:
        """Whether every scope holds these machines and no others."""

    def awaken(self, place: str) -> Machine:
        """Make the machine of this place that was asleep, to move it: until then it is one that all share."""

    def within(self, scope: str, place: str) -> Sequence[Around]:
        """All that have a machine in this place, within a scope that the wiring names."""


@frozen
class To:
    """A wire: the event reaches this machine as `input`, as `rfc` says; with a `scope`, that machine of all within."""

    input: str
    rfc: str
    scope: str = ""


@frozen
class No:
    """No wire, and the reason why none."""

    why: str


def grid_line(places: Iterable[str], rest: str, /, **cells: To | No | tuple[str, str]) -> dict[str, To | No]:
    """A line of a grid: the wires as (input, RFC), and for `rest` of the machines the reason why none."""
    line: dict[str, To | No] = {place: No(rest) for place in places}
    for place, cell in cells.items():
        line[place] = To(*cell) if isinstance(cell, tuple) else cell
    return line


class Wiring:
    """A full grid, event by machine: each cell a wire, or the reason why there is none.

    The order of `machines` is the precedence of refusals and the order of outputs; each place names the tables that
    may stand there. `paths` names, for places that are not attributes of their own among the machines around an event,
    by which attributes, with dots, their machine is found; `sleepers` those whose machine may be asleep. Raises
    `ValueError` where a cell is missing or names an input that a table does not know, and where a table's timer is no
    event.
    """

    def __init__(
        self,
        name: str,
        machines: Mapping[str, Sequence[Any]],
        grid: Mapping[str, Mapping[str, To | No]],
        paths: Mapping[str, str] | None = None,
        sleepers: Iterable[str] = (),
    ) -> None:
        self.name = name
        self.sleepers = frozenset(sleepers)
        self.paths = dict(paths or {})
        self.machines = dict(machines)
        self.grid = {event: dict(cells) for event, cells in grid.items()}
        for event, cells in self.grid.items():
            if set(cells) != set(self.machines):
                raise ValueError(f"{name}: {event} does not say what it is to each of {', '.join(self.machines)}")
            for place, cell in cells.items():
                if isinstance(cell, To) and not any(cell.input in table.inputs for table in self.machines[place]):
                    names = " and ".join(table.name for table in self.machines[place])
                    raise ValueError(f"{name}: {event} is {cell.input} to {names}, which does not know it")
        for place, tables in self.machines.items():
            for table in tables:
                for timer in table.timers:
                    if not isinstance(self.grid.get(timer.input, {}).get(place), To):
                        raise ValueError(f"{name}: {timer.input} of {place} is no event of the grid")
                table.compiled_into.append(self.connect)
        self.wires: dict[str, Heard] = {}
        """Of each event, compiled."""
        self.connect()

    def connect(self, *, without: tuple[str, str] | None = None) -> None:
        """Compile the grid; `without` leaves one (event, machine) wire out, for the test that somebody misses it.

        It is to be compiled again when a table of it has changed. Raises `ValueError` where there is no such wire.
        """
        if without is not None and not isinstance(self.grid.get(without[0], {}).get(without[1]), To):
            raise ValueError(f"{self.name}: there is no wire from {without[0]} to {without[1]}")
        self.wires = {
            event: Heard(
                event,
                tuple(
                    self._wire(place, cell)
                    for place in self.machines
                    if isinstance(cell := cells[place], To) and (event, place) != without
                ),
            )
            for event, cells in self.grid.items()
        }

    def _wire(self, place: str, to: To) -> Wire:
        path = self.paths.get(place, place)
        tables = tuple(self.machines[place])
        return Wire(place, path, to.input, to.scope, tables, place in self.sleepers, attrgetter(path))


def joint_step(wiring: Wiring, here: Any, event: str, x: Any, step: Step) -> Outcome:
    """Offer `event` to all who have a say in it, then what it causes, to the end.

    `here` is an `Around`. Returns the refusal, or what was done; the outputs are in `step`, each with the `Around` of
    the machine that emitted it.
    """
    heard = wiring.wires[event]
    if step.observer is None and (not heard.scoped or here.is_alone()):
        take = heard.take
        outcome = take(here, x, step)
    else:
        outcome = _step_of_each(heard, here, x, step)
    while step.causes:
        # First in, first out: each takes what it finds waiting before itself returns.
        caused, y, at = step.causes.pop(0)
        refused = joint_step(wiring, at, caused, y, step).refusal
        assert refused is None, f"{wiring.name}: {event} caused {caused}, which was refused: {refused}"
    return outcome


def _step_of_each(heard: Heard, here: Any, x: Any, step: Step) -> Outcome:
    """The same for those of all dialogs whom a scope names, and with an observer who is told of each row."""
    found: list[tuple[Any, Machine, Decision, Wire, str]] = []
    ignored: list[Decision] = []
    sleepers: list[int] = []
    for wire in heard.wires:
        for at in here.within(wire.scope, wire.place) if wire.scope else (here,):
            machine = wire.find(at)
            before = machine.state
            decision = machine.find(wire.input, x, at)
            if decision.taken:
                if machine.asleep:
                    sleepers.append(len(found))
                found.append((at, machine, decision, wire, before))
            elif decision.refused:
                assert isinstance(decision.entry, Refuse)
                return Outcome(refusal=decision.entry, moved=False, state=before)
            else:
                ignored.append(decision)
    for n in sleepers:
        at, _, decision, wire, before = found[n]
        found[n] = at, at.awaken(wire.place), decision, wire, before
    for at, machine, decision, _, _ in found:
        step.at = at
        step.timed |= decision.timed
        machine.move(decision, step)
    outputs = step.outputs
    for at, machine, decision, wire, before in found:
        step.at = at
        known = len(outputs)
        machine.act(decision, wire.input, before, x, step)
        for n in range(known, len(outputs)):
            outputs[n] = (at, outputs[n])
    return MOVED if found else nobody_moved(ignored)
