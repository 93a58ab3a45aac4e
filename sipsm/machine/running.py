"""A machine that runs its table: find the row, move, act.

The three phases are apart so that several machines can take one step together (`sipsm.machine.joint`). Time is
`step.now`, in seconds from any origin that never runs backwards; it is never read from a clock.
"""

from __future__ import annotations

from operator import attrgetter
from types import FunctionType
from typing import Any, ClassVar

from attrs import Factory, define, field

from sipsm.machine.step import Step
from sipsm.machine.table import Decision, Row, Table, once


def _copy(function: FunctionType) -> FunctionType:
    return FunctionType(
        function.__code__.replace(),
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )


@define(eq=False)
class Machine:
    """A state and the timers that run in it. Plain data: it can be copied, compared field by field, and saved."""

    table: ClassVar[Table]
    asleep: ClassVar[bool] = False
    """Whether it stands for all of its kind that have not been needed yet (see `sipsm.machine.joint`)."""

    # Found without a call of Python's: a machine is made for each transaction, and eight for each call.
    state: str = field(init=False, default=Factory(attrgetter("table.initial"), takes_self=True))
    running: tuple[tuple[float, str, float], ...] = field(init=False, default=())
    """Deadline, letter and length of each timer that runs, in the order in which they were started.

    Most that wait have one timer, or two: this takes half the memory of a dict.
    """

    @property
    def timers(self) -> dict[str, tuple[float, float]]:
        """Letter -> (deadline, length), of the timers now running."""
        return {letter: (at, length) for at, letter, length in self.running}

    hot: ClassVar[tuple[str, ...]] = ("receive", "fire", "move")
    """The methods of which each class has a copy of its own."""

    def __init_subclass__(cls) -> None:
        # At each place in the code the interpreter remembers where an attribute is in the class that it met there last.
        # Machines of many classes run this one: with a copy for each class it is always the same.
        super().__init_subclass__()
        for name in cls.hot:
            setattr(cls, name, _copy(getattr(cls, name)))

    # ---------------------------------------------------------------- by itself

    def receive(self, name: str, x: Any, step: Step) -> Decision:
        """Take one input alone, with the timers of length 0 that it starts. Returns what was decided on it.

        A refusal or an ignored input has changed nothing: look at `refused` and `ignored` of the result.
        """
        before = self.state
        decision = self.table.certain[before].get(name) or self.find(name, x, None)
        if decision.taken:
            if decision.timed:
                self.move(decision, step)
            else:
                self.state = decision.next
            self.act(decision, name, before, x, step)
            if step.causes:
                self.take_causes(name, step)
        return decision

    def take_causes(self, name: str, step: Step) -> None:
        """Take what the step of this input has caused, first in, first out."""
        while step.causes:
            caused, y, _ = step.causes.pop(0)
            refused = self.receive(caused, y, step).refused
            assert not refused, f"{self.table.name}: {name} caused {caused}, which was refused"

    def next_timeout(self) -> float | None:
        """The earliest deadline of the running timers, or None."""
        running = self.running
        if len(running) == 1:
            return running[0][0]
        return min(running)[0] if running else None

    @property
    def deadline(self) -> float | None:
        """The same, to be asked as an attribute; who asks often keeps it as one."""
        return self.next_timeout()

    def due(self, now: float) -> str | None:
        """The letter of the timer that is to fire first by `now`, or None. Equal deadlines: the first started."""
        first, found = None, None
        for at, letter, _ in self.running:
            if at <= now and (first is None or at < first):
                first, found = at, letter
        return found

    def fired(self, letter: str, now: float) -> str:
        """Take the timer as fired at `now` and set its next deadline; returns the input that this is.

        A late wake-up fires a repeating timer once, not once for each deadline missed.
        """
        timer = self.table.timer_of[letter]
        left = []
        for each in self.running:
            if each[1] == letter:
                length = timer.then(self, each[2])
                if length is None:
                    continue
                each = (now + length, letter, length)
            left.append(each)
        self.running = tuple(left)
        return timer.input

    def fire(self, now: float) -> str | None:
        """Take as fired what is due by `now`, if anything: `due` and `fired` together, for a machine by itself."""
        running = self.running
        if len(running) == 1:
            # As it mostly is.
            at, letter, length = running[0]
            if at > now:
                return None
            timer = self.table.timer_of[letter]
            then = timer.then
            # As most do: they need not be asked.
            again = None if then is once else then(self, length)
            self.running = () if again is None else ((now + again, letter, again),)
            return timer.input
        first = self.due(now)
        return None if first is None else self.fired(first, now)

    # ---------------------------------------------------------------- the three phases

    def find(self, name: str, x: Any, at: Any) -> Decision:
        """What the table says of this input now, touching nothing. `at`: the machines around this one."""
        for decision in self.table.lookup[self.state].get(name, ()):
            guard = decision.guard
            if guard is None or guard(self, x, at):
                return decision
        raise AssertionError(f"{self.table.name}: nobody decided {name} in {self.state}")

    def move(self, decision: Decision, step: Step) -> None:
        """Enter the next state, its timers with it."""
        self.state = decision.next
        running = self.running
        if running and (stops := decision.stops):
            running = () if decision.clears else tuple([each for each in running if each[1] not in stops])
        for letter, caused, lasts in decision.starts:
            length = lasts(self)
            if length is None:
                continue
            if length > 0:
                running += ((step.now + length, letter, length),)
            else:
                step.cause(caused)
        self.running = running

    def act(self, decision: Decision, name: str, before: str, x: Any, step: Step) -> None:
        """Do the row's actions."""
        if step.observer is not None:
            assert isinstance(decision.entry, Row), "only rows are taken"
            step.observer(self, before, name, decision.entry, step.now)
        for action in decision.actions:
            action(self, x, step)
