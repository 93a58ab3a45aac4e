"""Several machines that take one step together, and the grid that says which of them has a say in what.

Every event is offered to all machines that have a say in it. First each finds its row, touching nothing; one
refusal stops all and changes nothing. Then all move, then all act. What a step causes is a further event, taken
when the step is complete, first in, first out. Guards read the machines around them as they stood before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Protocol

from attrs import frozen

from sipsm.machine.running import Machine
from sipsm.machine.step import Step
from sipsm.machine.table import Decision, Ignore, Refuse

Wire = tuple[Callable[[Any], Machine | None], str, str, str, Decision | None]
"""Where the machine is, its place, the input, the scope, and what a machine that is asleep says to the input, where
that is only that it ignores it."""


class Around(Protocol):
    """The machines around one event, as attributes named as in the wiring: what guards may look at."""

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
    may stand there. `awake` names, for places whose machine may be asleep, the attribute (dotted) that holds the one
    that is awake, or None. Raises `ValueError` where a cell is missing or names an input that a table does not know,
    and where a table's timer is no event.
    """

    def __init__(
        self,
        name: str,
        machines: Mapping[str, Sequence[Any]],
        grid: Mapping[str, Mapping[str, To | No]],
        awake: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.awake = dict(awake or {})
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
            for timer in (timer for table in tables for timer in table.timers):
                if not isinstance(self.grid.get(timer.input, {}).get(place), To):
                    raise ValueError(f"{name}: {timer.input} of {place} is no event of the grid")
        self.wires: dict[str, tuple[Wire, ...]] = {}
        """Of each event, compiled."""
        self.connect()

    def connect(self, *, without: tuple[str, str] | None = None) -> None:
        """Compile the grid; `without` leaves one (event, machine) wire out, for the test that somebody misses it.

        Raises `ValueError` where there is no such wire.
        """
        if without is not None and not isinstance(self.grid.get(without[0], {}).get(without[1]), To):
            raise ValueError(f"{self.name}: there is no wire from {without[0]} to {without[1]}")
        self.wires = {
            event: tuple(
                self._wire(place, cell)
                for place in self.machines
                if isinstance(cell := cells[place], To) and (event, place) != without
            )
            for event, cells in self.grid.items()
        }

    def _wire(self, place: str, to: To) -> Wire:
        idle: Decision | None = None
        if place in self.awake:
            said = [table.lookup[table.initial].get(to.input, ()) for table in self.machines[place]]
            if len(said) == 1 and len(said[0]) == 1 and said[0][0].ignored:
                idle = said[0][0]
        return attrgetter(self.awake.get(place, place)), place, to.input, to.scope, idle


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


def joint_step(wiring: Wiring, here: Any, event: str, x: Any, step: Step) -> Outcome:
    """Offer `event` to all who have a say in it, then what it causes, to the end.

    `here` is an `Around`. Returns the refusal, or what was done; the outputs are in `step`, each with the `Around` of
    the machine that emitted it.
    """
    outcome = _step(wiring, here, event, x, step)
    causes = step.causes
    while causes:
        caused, y, at = causes.pop(0)
        refused = _step(wiring, at, caused, y, step).refusal
        assert refused is None, f"{wiring.name}: {event} caused {caused}, which was refused: {refused}"
    return outcome


def _step(wiring: Wiring, here: Any, event: str, x: Any, step: Step) -> Outcome:
    found: list[tuple[Any, Machine, Decision, str, str]] = []
    ignored: list[Decision] = []
    sleepers: list[tuple[int, str]] = []
    alone = (here,)
    for awake, place, name, scope, idle in wiring.wires[event]:
        for at in here.within(scope, place) if scope else alone:
            machine = awake(at)
            if machine is None:
                if idle is not None:
                    ignored.append(idle)
                    continue
                machine = getattr(at, place)
            before = machine.state
            # What `Machine.find` does, without the call: this is the innermost loop.
            for decision in machine.table.lookup[before].get(name, ()):
                guard = decision.guard
                if guard is None or guard(machine, x, at):
                    break
            else:
                raise AssertionError(f"{machine.table.name}: nobody decided {name} in {before}")
            if decision.taken:
                if machine.asleep:
                    sleepers.append((len(found), place))
                found.append((at, machine, decision, name, before))
            elif decision.refused:
                assert isinstance(decision.entry, Refuse)
                return Outcome(refusal=decision.entry, moved=False, state=before)
            else:
                ignored.append(decision)
    for n, place in sleepers:
        # Only now that nobody refuses: a refusal changes nothing.
        at, _, decision, name, before = found[n]
        found[n] = at, at.awaken(place), decision, name, before
    for at, machine, decision, _, _ in found:
        if decision.timed:
            step.at = at
            machine.move(decision, step)
        else:
            machine.state = decision.next
    outputs, is_observed = step.outputs, step.observer is not None
    for at, machine, decision, name, before in found:
        if decision.actions or is_observed:
            step.at = at
            known = len(outputs)
            if is_observed:
                machine.act(decision, name, before, x, step)
            else:
                for action in decision.actions:
                    action(machine, x, step)
            for n in range(known, len(outputs)):
                outputs[n] = (at, outputs[n])
    if found:
        return MOVED
    reasons = dict.fromkeys(decision.entry.why for decision in ignored if isinstance(decision.entry, Ignore))
    return Outcome(moved=False, why_not="; ".join(reasons) or "nobody has a say in it")
