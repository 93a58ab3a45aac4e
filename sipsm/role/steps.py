"""How a thing of several machines is moved: by what comes, by its application, and by time.

Each step is a joint one (`sipsm.machine.joint`). What it asks for is carried out at once, and then the thing's alarm is
set anew. What each of them asks for, and how that is done, is for the module that has them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from sipsm.errors import LocalProtocolError
from sipsm.machine import Agenda, Machine, Observer, Step, Wiring, joint_step
from sipsm.role.alarm import Alarm


class Timed(Protocol):
    """What has several machines, and an alarm that stands for them in the agenda."""

    @property
    def alarm(self) -> Alarm:
        """Its alarm."""

    @property
    def timed(self) -> Sequence[Machine]:
        """Those of its machines that may have a timer running."""

    def next_timeout(self) -> float | None:
        """The earliest deadline of these, in seconds, or None."""


T = TypeVar("T", bound=Timed)


class Steps(Generic[T]):
    """The steps of all things of one kind: each kind has a subclass with its wiring."""

    wiring: ClassVar[Wiring]

    def __init__(self, carry: Callable[[T, Step, float], list[Any]], agenda: Agenda, observer: Observer | None) -> None:
        self.carry = carry
        """Does what a step asked for, and has the thing watched."""
        self.agenda = agenda
        self.observer = observer

    def event(self, of: T, event: str, x: Any, now: float) -> list[Any]:
        """One event that no rule refuses, and what it asks for."""
        step = Step(now, self.observer)
        outcome = joint_step(self.wiring, of, event, x, step)
        assert outcome.refusal is None, f"{event} is not to be refused: {outcome.refusal}"
        return self.carry(of, step, now)

    def command(self, of: T, event: str, x: Any, now: float, said: str) -> list[Any]:
        """The same by the application, which says `said`. Raises `LocalProtocolError` when a rule forbids it."""
        step = Step(now, self.observer)
        outcome = joint_step(self.wiring, of, event, x, step)
        if outcome.refusal is not None:
            raise LocalProtocolError(
                f"cannot {said} in state {outcome.state}: {outcome.refusal.text}", rfc=outcome.refusal.rfc
            )
        return self.carry(of, step, now)

    def wake(self, of: T, now: float) -> list[Any]:
        """Fire the first timer that is due."""
        timers = ((at, machine, letter) for machine in of.timed for at, letter, _ in machine.running)
        _, machine, letter = min(timers, key=_deadline)
        return self.event(of, machine.fired(letter, now), None, now)

    def watch(self, of: T, there: bool) -> None:
        """Have it woken when its next timer is due; or, when it is no longer `there`, not any more."""
        if there:
            of.alarm.set(of.next_timeout(), self.agenda)
        else:
            of.alarm.stop(self.agenda)


def _deadline(due: tuple[float, Machine, str]) -> float:
    return due[0]
