"""A machine as data: rows, refusals, ignored inputs and timers, and their compiled lookup.

A table is the program: the running machine, its diagram, the list of its rows, the test that every
(state, input) pair is decided and the coverage of rows all come from the same object. Running it is in
`sipsm.machine.running`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import product
from typing import Any

from attrs import field, frozen

from sipsm.machine.step import Step

Guard = Callable[[Any, Any, Any], bool]
"""`guard(machine, x, at)`: `x` is what came with the input, `at` the machines around this one, before the step."""

Action = Callable[[Any, Any, Step], None]
"""`action(machine, x, step)`: reads and writes its own machine only, emits to the step, cannot refuse."""

States = str | frozenset[str]


def always(_machine: object, _x: object, _at: object) -> bool:
    """The guard of a row that has no condition."""
    return True


def only_where(**places: Iterable[str]) -> Callable[[Guard], Guard]:
    """A guard that holds only where the machines of these places are in one of these states.

    It says so itself, but a joint step in other states need not ask it.
    """
    return partial(_note, "only_where", {place: frozenset(states) for place, states in places.items()})


def never_where(**places: Iterable[str]) -> Callable[[Guard], Guard]:
    """A guard that does not hold where the machine of one of these places is in one of these states."""
    return partial(_note, "never_where", {place: frozenset(states) for place, states in places.items()})


def _note(name: str, places: Mapping[str, frozenset[str]], guard: Guard) -> Guard:
    setattr(guard, name, places)
    return guard


def may_hold(guard: Guard | None, states: Mapping[str, str]) -> bool:
    """Whether it need be asked where the machines of these places are in these states."""
    only: Mapping[str, frozenset[str]] = getattr(guard, "only_where", {})
    never: Mapping[str, frozenset[str]] = getattr(guard, "never_where", {})
    return all(states[place] in only[place] for place in only.keys() & states.keys()) and not any(
        states[place] in never[place] for place in never.keys() & states.keys()
    )


def _states(names: str | Iterable[str]) -> States:
    return names if isinstance(names, str) else frozenset(names)


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


@frozen(eq=False)
class Row:
    """In `state`, on `input`, when `guard` holds: go to `next` (None stays) and do `actions`, as `rfc` says."""

    state: States = field(converter=_states)
    input: str
    guard: Guard
    next: str | None
    actions: tuple[Action, ...]
    rfc: str


@frozen(eq=False)
class Refuse:
    """In `state`, `input` is refused when `guard` holds; nothing changes.

    `status` is the answer when the network asked, None when only the program can ask: then `text` becomes the
    `LocalProtocolError`.
    """

    state: States = field(converter=_states)
    input: str
    guard: Guard
    status: int | None
    text: str
    rfc: str


@frozen(eq=False)
class Ignore:
    """In `state`, `input` changes nothing when no row before it applied, and `why` says for what reason."""

    state: States = field(converter=_states)
    input: States = field(converter=_states)
    why: str


@frozen(eq=False)
class Timer:
    """A timer that runs while the machine is in one of the states `runs_in`.

    Entering these states starts it, leaving them stops it, moving among them leaves it alone. `lasts(machine)`
    is its first length in seconds, None where it does not run at all, 0 to fire in the step that starts it;
    `then(machine, length)` the next length once it has fired, None to stop.
    """

    letter: str
    runs_in: frozenset[str] = field(converter=_names)
    lasts: Callable[[Any], float | None]
    then: Callable[[Any, float], float | None]
    rfc: str
    input: str = field(init=False)
    """The name of the input that its firing is."""

    @input.default
    def _input(self) -> str:
        return f"Timer {self.letter}"


def once(_machine: object, _length: float) -> None:
    """The timer fires a single time."""


def repeated(_machine: object, length: float) -> float:
    """The timer fires again after the same length."""
    return length


def doubled(_machine: object, length: float) -> float:
    """The timer fires again after twice the length, without a cap."""
    return 2 * length


Entry = Row | Refuse | Ignore


class Decision:
    """One alternative of a (state, input) pair, compiled: what the hot path reads."""

    __slots__ = (
        "actions",
        "clears",
        "conditional",
        "entry",
        "guard",
        "ignored",
        "next",
        "refused",
        "starts",
        "stops",
        "taken",
        "timed",
    )

    def __init__(self, entry: Entry, state: str, timers: Iterable[Timer]) -> None:
        self.entry = entry
        self.refused = isinstance(entry, Refuse)
        self.ignored = isinstance(entry, Ignore)
        self.taken = isinstance(entry, Row)
        self.guard: Guard | None = None if isinstance(entry, Ignore) or entry.guard is always else entry.guard
        self.conditional = self.guard is not None
        self.actions: tuple[Action, ...] = ()
        self.next = state
        self.stops: tuple[str, ...] = ()
        self.starts: tuple[tuple[str, str, Callable[[Any], float | None]], ...] = ()
        """The letter of each timer that starts, its input, and how long it lasts."""
        if isinstance(entry, Row):
            self.next = state if entry.next is None else entry.next
            self.actions = entry.actions
            self.stops = tuple(t.letter for t in timers if state in t.runs_in and self.next not in t.runs_in)
            self.starts = tuple(
                (t.letter, t.input, t.lasts) for t in timers if state not in t.runs_in and self.next in t.runs_in
            )
        self.clears = not any(self.next in t.runs_in for t in timers if state in t.runs_in)
        """Whether no timer that ran in the state goes on."""
        self.timed = bool(self.stops or self.starts)
        """Whether timers start or stop."""


class Table:
    """The rows of one machine, compiled once to `lookup[state][input]`: the alternatives in their order.

    Raises `ValueError` where the table contradicts itself: an unknown state, an entry behind one without a
    condition, two timers of one letter, a timer of the initial state, which nothing would start.
    """

    def __init__(
        self,
        name: str,
        *,
        initial: str,
        rows: Iterable[Row | Refuse],
        ignored: Iterable[Ignore] = (),
        timers: Iterable[Timer] = (),
        inputs: Iterable[str] = (),
        rfc: str,
    ) -> None:
        self.name = name
        self.initial = initial
        self.rfc = rfc
        self.entries: tuple[Entry, ...] = (*rows, *ignored)
        self.rows: tuple[Row | Refuse, ...] = tuple(e for e in self.entries if not isinstance(e, Ignore))
        self.ignored: tuple[Ignore, ...] = tuple(e for e in self.entries if isinstance(e, Ignore))
        self.timers: tuple[Timer, ...] = tuple(timers)
        self.states: tuple[str, ...] = _ordered([initial, *(s for e in self.rows for s in _reached(e))])
        self.inputs: tuple[str, ...] = _ordered(
            [*inputs, *(e.input for e in self.rows), *(t.input for t in self.timers)]
        )
        self.timer_of: dict[str, Timer] = {t.letter: t for t in self.timers}
        self.compiled_into: list[Callable[[], None]] = []
        """Those who have made something of it, to be called when it has changed."""
        self._refuse_strangers()
        meant: dict[tuple[str, str], list[Entry]] = {}
        for entry in self.entries:
            for pair in product(_set(entry.state), _set(entry.input)):
                meant.setdefault(pair, []).append(entry)
        self.lookup: dict[str, dict[str, tuple[Decision, ...]]] = {
            state: {i: self._alternatives(state, i, meant[state, i]) for i in self.inputs if (state, i) in meant}
            for state in self.states
        }
        self.certain: dict[str, dict[str, Decision]] = {}
        """What is decided in any case, for want of a condition: in most tables nearly all, and found at once."""
        self._find_certain()

    def undecided(self) -> list[tuple[str, str]]:
        """The (state, input) pairs for which no entry, or only entries with a condition, exist.

        A timer's input is undecided only where the timer runs: elsewhere it cannot fire.
        """
        missing = []
        for state in self.states:
            for name in self.inputs:
                found = self.lookup[state].get(name)
                if (found is None and self._may_happen(state, name)) or (found and found[-1].conditional):
                    missing.append((state, name))
        return missing

    def watch(self, taken: Callable[[Row | Refuse], object]) -> None:
        """Have `taken` called with every row that is taken and every refusal that is spoken, from now on."""

        def watched(decision: Decision) -> None:
            entry = decision.entry
            if isinstance(entry, Row):
                decision.actions = (lambda _m, _x, _step: _nothing(taken(entry)), *decision.actions)
            elif isinstance(entry, Refuse):
                holds = decision.guard or always
                decision.guard = lambda m, x, at: holds(m, x, at) and (taken(entry), True)[1]

        for by_input in self.lookup.values():
            for alternatives in by_input.values():
                for decision in alternatives:
                    watched(decision)
        # To be told of a refusal is a condition of it.
        self._find_certain()
        for compile_again in self.compiled_into:
            compile_again()

    def _find_certain(self) -> None:
        self.certain = {
            state: {name: found[0] for name, found in by_input.items() if found[0].guard is None}
            for state, by_input in self.lookup.items()
        }

    def _alternatives(self, state: str, name: str, entries: Iterable[Entry]) -> tuple[Decision, ...]:
        found = [Decision(entry, state, self.timers) for entry in entries]
        for earlier in found[:-1]:
            if not earlier.conditional:
                raise ValueError(f"{self.name}: in {state} on {name}, an entry stands behind one without a condition")
        return tuple(found)

    def _may_happen(self, state: str, name: str) -> bool:
        timer = next((t for t in self.timers if t.input == name), None)
        return timer is None or state in timer.runs_in

    def _refuse_strangers(self) -> None:
        named = {s for e in self.entries for s in _set(e.state)} | {s for t in self.timers for s in t.runs_in}
        letters = [t.letter for t in self.timers]
        if twice := sorted({letter for letter in letters if letters.count(letter) > 1}):
            raise ValueError(f"{self.name}: two timers are called {', '.join(twice)}")
        if unstarted := [t.letter for t in self.timers if self.initial in t.runs_in]:
            raise ValueError(f"{self.name}: nothing would start Timer {unstarted[0]}: its state is the initial one")
        if strangers := sorted(named - set(self.states)):
            raise ValueError(f"{self.name}: no row leads to or from {', '.join(strangers)}")
        if strangers := sorted({i for e in self.ignored for i in _set(e.input)} - set(self.inputs)):
            raise ValueError(f"{self.name}: ignores what is not an input: {', '.join(strangers)}")


def _nothing(_: object) -> None:
    return None


def _set(names: States) -> frozenset[str]:
    return frozenset((names,)) if isinstance(names, str) else names


def _reached(entry: Row | Refuse) -> list[str]:
    after = [entry.next] if isinstance(entry, Row) and entry.next is not None else []
    return [*sorted(_set(entry.state)), *after]


def _ordered(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
