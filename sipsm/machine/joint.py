"""Several machines that take one step together, and the grid that says which of them has a say in what.

Every event is offered to all machines that have a say in it. First each finds its row, touching nothing; one
refusal stops all and changes nothing. Then all move, then all act. What a step causes is a further event, taken
when the step is complete, first in, first out. Guards read the machines around them as they stood before.

What an event comes to depends on the states of those who hear it, and on their guards. So a step is one lookup by
these states, and what is found there: whose guards are to be asked, who then moves, and who acts (`Plan`). A step that
is observed, or that reaches others than the machines around its event, asks each machine in turn (`_step_of_each`):
the same rules, in the order in which they are written down above.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Protocol

from attrs import frozen

from sipsm.machine.running import Machine
from sipsm.machine.step import Step
from sipsm.machine.table import Action, Decision, Ignore, Refuse, Table

Find = Callable[[Any], Machine]
"""Where a machine is, among those around an event."""


class Around(Protocol):
    """The machines around one event, as attributes named as in the wiring: what guards may look at."""

    @property
    def alone(self) -> bool:
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


@frozen
class Wire:
    """An event on its way to a machine: where that is, which input the event is to it, and within which scope."""

    place: str
    path: str
    """The attributes, with dots, by which it is found among the machines around."""
    input: str
    scope: str
    tables: tuple[Table, ...]
    """Those of the machines that may stand there."""
    may_sleep: bool
    """Whether one may stand there that is to be made when it moves."""
    find: Find


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
                tuple(
                    self._wire(place, cell)
                    for place in self.machines
                    if isinstance(cell := cells[place], To) and (event, place) != without
                )
            )
            for event, cells in self.grid.items()
        }

    def _wire(self, place: str, to: To) -> Wire:
        path = self.paths.get(place, place)
        tables = tuple(self.machines[place])
        return Wire(place, path, to.input, to.scope, tables, place in self.sleepers, attrgetter(path))


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


class Settled:
    """What an event comes to, where it is decided what each says to it: who moves, who acts, and what is told of it."""

    __slots__ = ("acts", "moves", "outcome", "started", "wakes")

    def __init__(self, decided: Sequence[tuple[Wire, str, Decision]]) -> None:
        self.wakes: list[tuple[Find, str]] = []
        """The places whose machine moves, and may be asleep until then."""
        self.moves: list[tuple[Find, str]] = []
        """Who enters another state, and no timer with it."""
        self.started: list[tuple[Find, Decision]] = []
        """Who moves while timers of it start or stop."""
        self.acts: list[tuple[Find, Action]] = []
        """Who does what, in its order."""
        self.outcome = MOVED
        for _, before, decision in decided[-1:]:
            if isinstance(decision.entry, Refuse):
                self.outcome = Outcome(refusal=decision.entry, moved=False, state=before)
                return
        taken = [(wire, before, decision) for wire, before, decision in decided if decision.taken]
        if not taken:
            self.outcome = _nobody_moved(decision for _, _, decision in decided)
        for wire, before, decision in taken:
            if wire.may_sleep and any(table.initial == before for table in wire.tables):
                self.wakes.append((wire.find, wire.place))
            if decision.timed:
                self.started.append((wire.find, decision))
            elif decision.next != before:
                self.moves.append((wire.find, decision.next))
            self.acts += [(wire.find, action) for action in decision.actions]


class Asking:
    """What an event comes to, where guards are to be asked first: by what they say, what is settled then."""

    __slots__ = ("asks", "said", "settled")

    def __init__(self, said: Sequence[tuple[Wire, str, tuple[Decision, ...]]]) -> None:
        self.said = said
        """What each may say, up to the first that refuses in any case."""
        self.asks = [(wire.find, found, wire.input) for wire, _, found in said if _is_open(found)]
        """Those whose decision depends on a guard, in their order."""
        self.settled: dict[tuple[Decision, ...], Settled] = {}
        """By what these have decided, one after the other, up to a refusal."""

    def settle(self, answers: tuple[Decision, ...]) -> Settled:
        """Find out what it comes to when those who were asked have said this."""
        waiting = iter(answers)
        decided: list[tuple[Wire, str, Decision]] = []
        for wire, before, found in self.said:
            decision = next(waiting) if _is_open(found) else found[0]
            decided.append((wire, before, decision))
            if decision.refused:
                break
        settled = self.settled[answers] = Settled(decided)
        return settled


def _is_open(found: tuple[Decision, ...]) -> bool:
    return found[0].guard is not None


class Heard:
    """Who hears an event, and what it comes to in the states in which it has found them so far.

    There are as many as the machines can be in together, whatever strangers send.
    """

    __slots__ = ("plans", "scoped", "states", "wires")

    def __init__(self, wires: tuple[Wire, ...]) -> None:
        self.wires = wires
        self.scoped = any(wire.scope for wire in wires)
        """Whether it may reach others than the machines around it."""
        paths = [f"{wire.path}.state" for wire in wires]
        # Where machines of several tables may stand, their states may be of one name.
        paths += [f"{wire.path}.table" for wire in wires if len(wire.tables) > 1]
        self.states: Callable[[Any], Any] = attrgetter(*paths) if paths else _nothing
        """The states of those who hear it, as one value."""
        self.plans: dict[Any, Settled | Asking] = {}
        """By these states."""

    def plan(self, here: Any) -> Settled | Asking:
        """Find out what it comes to in the states of now."""
        said: list[tuple[Wire, str, tuple[Decision, ...]]] = []
        for wire in self.wires:
            machine = wire.find(here)
            found = machine.table.lookup[machine.state].get(wire.input, ())
            if not found:
                raise AssertionError(f"{machine.table.name}: nobody decided {wire.input} in {machine.state}")
            said.append((wire, machine.state, found))
            if found[0].refused and not _is_open(found):
                break
        asking = Asking(said)
        plan = self.plans[self.states(here)] = asking if asking.asks else asking.settle(())
        return plan


def _nothing(_here: Any) -> None:
    return None


def joint_step(wiring: Wiring, here: Any, event: str, x: Any, step: Step) -> Outcome:
    """Offer `event` to all who have a say in it, then what it causes, to the end.

    `here` is an `Around`. Returns the refusal, or what was done; the outputs are in `step`, each with the `Around` of
    the machine that emitted it.
    """
    heard = wiring.wires[event]
    if step.observer is not None or (heard.scoped and not here.alone):
        outcome = _step_of_each(heard, here, x, step)
        if step.causes:
            _follow(wiring, event, step)
        return outcome
    plan = heard.plans.get(heard.states(here)) or heard.plan(here)
    if isinstance(plan, Asking):
        answers = []
        for find, found, name in plan.asks:
            machine = find(here)
            for decision in found:
                guard = decision.guard
                if guard is None or guard(machine, x, here):
                    break
            else:
                raise AssertionError(f"{machine.table.name}: nobody decided {name} in {machine.state}")
            answers.append(decision)
            if decision.refused:
                break
        said = tuple(answers)
        plan = plan.settled.get(said) or plan.settle(said)
    # Only now that nobody refuses: a refusal changes nothing.
    for find, place in plan.wakes:
        if find(here).asleep:
            here.awaken(place)
    for find, state in plan.moves:
        find(here).state = state
    step.at = here
    if plan.started:
        step.timed = True
        for find, decision in plan.started:
            find(here).move(decision, step)
    if plan.acts:
        outputs = step.outputs
        known = len(outputs)
        for find, action in plan.acts:
            action(find(here), x, step)
        for n in range(known, len(outputs)):
            outputs[n] = (here, outputs[n])
    if step.causes:
        _follow(wiring, event, step)
    return plan.outcome


def _follow(wiring: Wiring, event: str, step: Step) -> None:
    """Take what a step has caused, first in, first out: each takes what it finds waiting before itself returns."""
    causes = step.causes
    while causes:
        caused, x, at = causes.pop(0)
        refused = joint_step(wiring, at, caused, x, step).refusal
        assert refused is None, f"{wiring.name}: {event} caused {caused}, which was refused: {refused}"


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
    return MOVED if found else _nobody_moved(ignored)


def _nobody_moved(ignored: Iterable[Decision]) -> Outcome:
    reasons = dict.fromkeys(decision.entry.why for decision in ignored if isinstance(decision.entry, Ignore))
    return Outcome(moved=False, why_not="; ".join(reasons) or "nobody has a say in it")
