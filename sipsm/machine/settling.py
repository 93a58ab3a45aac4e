"""What an event comes to in the states of those who hear it: found out once, and kept as a function.

In the same states it is always the same, but for what guards say: who moves, who acts, or who refuses. So when an event
first happens in some states each machine is asked, and what follows is written down in Python, as one would write it by
hand; from then on to take the step is one lookup by these states, and a call of what has been written. A BYE in a call
that is up comes to this:

    def taken(here, x, step):
        # session: Established, BYE -> Ended
        here.session.state = 'Ended'
        step.at = here
        outputs = step.outputs
        known = len(outputs)
        accept_bye_0(here.session, x, step)
        report_hung_up_by_peer_1(here.session, x, step)
        cause_end_2(here.session, x, step)
        while known < len(outputs):
            outputs[known] = here, outputs[known]
            known += 1
        return moved_3

What needs to be asked stands before it, or around it, as `if acknowledges_0(session, x, here):`. Nothing of a message
gets into such a text: names and states are those of the tables.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from attrs import frozen

from sipsm.machine.running import Machine
from sipsm.machine.step import Step
from sipsm.machine.table import Decision, Ignore, Refuse, Table, may_hold

Find = Callable[[Any], Machine]
"""Where a machine is, among those around an event."""


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

Take = Callable[[Any, Any, Step], Outcome]
"""`take(here, x, step)`: what an event comes to, done."""

Decided = tuple[Wire, str, Decision]
"""What a machine says to an event: by which wire it hears that, its state, and what it does."""


def nobody_moved(ignored: Iterable[Decision]) -> Outcome:
    """All who heard it ignored it, or nobody did hear it."""
    reasons = dict.fromkeys(decision.entry.why for decision in ignored if isinstance(decision.entry, Ignore))
    return Outcome(moved=False, why_not="; ".join(reasons) or "nobody has a say in it")


class Heard:
    """Who hears an event, and what it comes to in the states in which it has found them so far.

    There are as many as the machines can be in together, whatever strangers send.
    """

    __slots__ = ("_event", "_plans", "scoped", "take", "wires")

    def __init__(self, event: str, wires: tuple[Wire, ...]) -> None:
        self.wires = wires
        self.scoped = any(wire.scope for wire in wires)
        """Whether it may reach others than the machines around it."""
        self.take: Take = self._first
        """Does what it comes to, where it reaches nobody else and nobody looks on."""
        self._event = event
        self._plans: dict[Any, Take] = {}
        """What it comes to, by the states of those who hear it."""

    def _first(self, here: Any, x: Any, step: Step) -> Outcome:
        # Most of the many events never happen.
        text = _Text(self._event)
        found = []
        kinds = []
        for wire in self.wires:
            if _is_ambiguous(wire.tables):
                text.line(f"{wire.place} = here.{wire.path}")
                found.append(f"{wire.place}.state")
                kinds.append(f"type({wire.place})")
            else:
                found.append(f"here.{wire.path}.state")
        looked = [*found, *kinds]
        states = looked[0] if len(looked) == 1 else f"({', '.join(looked)})"
        text.line(f"states = {states}")
        text.look_up("plan", self._plans, f"{text.name('learn', self._learn)}(here, states)", "states")
        text.line("return plan(here, x, step)")
        self.take = text.made()
        return self.take(here, x, step)

    def _learn(self, here: Any, states: Any) -> Take:
        said: list[tuple[Wire, str, tuple[Decision, ...]]] = []
        known = {wire.place: wire.find(here).state for wire in self.wires}
        for wire in self.wires:
            machine = wire.find(here)
            found = machine.table.lookup[machine.state].get(wire.input, ())
            found = tuple([each for each in found if may_hold(each.guard, known)])
            if not found:
                undecided(machine, wire.input)
            said.append((wire, machine.state, found))
            if found[0].refused and not _is_open(found):
                break
        plan = self._plans[states] = _Plan(self._event, said).take
        return plan


class _Plan:
    """What an event comes to in certain states."""

    def __init__(self, event: str, said: Sequence[tuple[Wire, str, tuple[Decision, ...]]]) -> None:
        self.title = f"{event} in {', '.join(before for _, before, _ in said)}"
        self.said = said
        """What each may say, up to the first that refuses in any case."""
        self.open = [n for n, (_, _, found) in enumerate(said) if _is_open(found)]
        """Of whom that depends on a guard."""
        self.settled: dict[tuple[int, ...], Take] = {}
        """By what these have decided, one after the other."""
        text = _Text(self.title)
        if not self.open:
            _write(text, self._decided(()))
        elif len(self.open) == 1:
            # As it mostly is: what follows stands where it is decided.
            self._ask(text, self.open[0], lambda said: _write(text, self._decided((said,))))
        else:
            for n in self.open:
                self._ask(text, n, partial(text.note, f"said_by_{said[n][0].place}"))
            names = [f"said_by_{said[n][0].place}" for n in self.open]
            text.line(f"said = {', '.join(names)}")
            text.look_up("settled", self.settled, f"{text.name('settle', self._settle)}(said)", "said")
            text.line("return settled(here, x, step)")
        self.take = text.made()

    def _ask(self, text: _Text, n: int, then: Callable[[int], None]) -> None:
        """Write which of its alternatives a machine takes; a refusal stops all, before others are asked."""
        wire, before, found = self.said[n]
        text.line(f"{wire.place} = here.{wire.path}")
        word = "if"
        for number, decision in enumerate(found):
            if decision.guard is None:
                text.line("else:")
            else:
                text.line(f"{word} {text.name('holds', decision.guard)}({wire.place}, x, here):")
            with text:
                if decision.refused:
                    _write(text, [(wire, before, decision)])
                else:
                    then(number)
            word = "elif"
        if found[-1].guard is not None:
            text.line("else:")
            with text:
                text.line(f"{text.name('undecided', undecided)}({wire.place}, {wire.input!r})")

    def _decided(self, answers: tuple[int, ...]) -> list[Decided]:
        waiting = iter(answers)
        return [(wire, before, found[next(waiting) if _is_open(found) else 0]) for wire, before, found in self.said]

    def _settle(self, answers: tuple[int, ...]) -> Take:
        text = _Text(self.title)
        _write(text, self._decided(answers))
        settled = self.settled[answers] = text.made()
        return settled


def _write(text: _Text, decided: Sequence[Decided]) -> None:
    """Write what follows where it is decided what each says: who moves, who acts, and what is told of it."""
    _, before, last = decided[-1] if decided else (None, "", None)
    if last is not None and isinstance(last.entry, Refuse):
        # A refusal changes nothing.
        text.line(f"return {text.name('refused', Outcome(refusal=last.entry, moved=False, state=before))}")
        return
    taken = [(wire, before, decision) for wire, before, decision in decided if decision.taken]
    if not taken:
        text.line(f"return {text.name('nobody_moved', nobody_moved(decision for _, _, decision in decided))}")
        return
    for wire, before, _ in taken:
        if wire.may_sleep and any(table.initial == before for table in wire.tables):
            text.line(f"if here.{wire.path}.asleep:")
            with text:
                text.line(f"here.awaken({wire.place!r})")
    for wire, before, decision in taken:
        text.line(f"# {wire.place}: {before}, {wire.input} -> {decision.next}")
        if decision.next != before:
            text.line(f"here.{wire.path}.state = {decision.next!r}")
    text.line("step.at = here")
    if any(decision.timed for _, _, decision in taken):
        text.line("step.timed = True")
    for wire, _, decision in taken:
        if decision.timed:
            _write_timers(text, wire, decision)
    acts = [(wire, action) for wire, _, decision in taken for action in decision.actions]
    if acts:
        text.line("outputs = step.outputs")
        text.line("known = len(outputs)")
        for wire, action in acts:
            text.line(f"{text.name('act', action)}(here.{wire.path}, x, step)")
        text.line("while known < len(outputs):")
        with text:
            text.line("outputs[known] = here, outputs[known]")
            text.line("known += 1")
    text.line(f"return {text.name('moved', MOVED)}")


def _write_timers(text: _Text, wire: Wire, decision: Decision) -> None:
    """Write which timers of a machine stop and start: `Machine.move`."""
    place, stops = wire.place, decision.stops
    text.line(f"{place} = here.{wire.path}")
    if not stops:
        text.line(f"running = {place}.running")
    elif decision.clears:
        text.line("running = ()")
    else:
        text.line(f"running = tuple([each for each in {place}.running if each[1] not in {stops!r}])")
    first = "=" if decision.clears and stops else "+="
    for letter, caused, lasts in decision.starts:
        text.line(f"length = {text.name('lasts', lasts)}({place})")
        text.line("if length is not None:")
        with text:
            text.line("if length > 0:")
            with text:
                text.line(f"running {first} ((step.now + length, {letter!r}, length),)")
            text.line("else:")
            with text:
                text.line(f"step.cause({caused!r})")
        first = "+="
    text.line(f"{place}.running = running")


class _Text:
    """The text of a function in the making, and what stands in it under a name."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.lines: list[str] = []
        self.depth = 2
        self.names: dict[str, Any] = {}

    def line(self, text: str) -> None:
        """One more line."""
        self.lines.append("    " * self.depth + text)

    def note(self, name: str, value: int) -> None:
        """A line that keeps a number."""
        self.line(f"{name} = {value}")

    def look_up(self, name: str, known: dict[Any, Take], otherwise: str, key: str) -> None:
        """Lines that find something, or make it the first time."""
        self.line("try:")
        self.line(f"    {name} = {self.name('known', known)}[{key}]")
        self.line("except KeyError:")
        self.line(f"    {name} = {otherwise}")

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, *_: object) -> None:
        self.depth -= 1

    def name(self, kind: str, what: Any) -> str:
        """How something is called in it: by its own name, or by what it is, and a number."""
        own = getattr(what, "__name__", "")
        name = f"{own if own.isidentifier() else kind}_{len(self.names)}"
        self.names[name] = what
        return name

    def made(self) -> Take:
        """The function."""
        # What has a name is in a closure: nothing is faster to reach but what is local.
        source = [
            f"def made({', '.join(self.names)}):",
            "    def taken(here, x, step):",
            *self.lines,
            "    return taken",
        ]
        space: dict[str, Any] = {}
        exec(compile("\n".join(source), f"<{self.title}>", "exec"), _GLOBALS, space)
        taken: Take = space["made"](*self.names.values())
        return taken


_GLOBALS = {"__builtins__": builtins}


def undecided(machine: Machine, name: str) -> None:
    """No alternative of it applies: that is our mistake."""
    raise AssertionError(f"{machine.table.name}: nobody decided {name} in {machine.state}")


def _is_open(found: tuple[Decision, ...]) -> bool:
    return found[0].guard is not None


def _is_ambiguous(tables: tuple[Table, ...]) -> bool:
    """Whether a state does not say of which of these tables a machine is."""
    return sum(len(table.states) for table in tables) > len({state for table in tables for state in table.states})
