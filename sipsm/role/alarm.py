"""What stands in the agenda for something that has a deadline: a call, a subscription, a publication."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from sipsm.machine import Agenda


@define(eq=False)
class Alarm:
    """The deadline of one thing in the agenda, which may keep it for long after the thing is forgotten.

    An entry of the agenda cannot be moved forward, only be left to be met. What lasts for an hour, and has to be woken
    every few seconds meanwhile, would leave hundreds there; so its brief deadlines have an alarm of their own.
    """

    of: Any
    """Who is woken; None when it is over."""
    deadline: float | None = field(default=None, init=False)
    """Its own since its last step, in seconds, or None."""
    watched_at: float | None = field(default=None, init=False)
    sooner: Alarm | None = field(default=None, init=False)
    """What stands for a deadline before the one that the agenda knows."""

    def set(self, at: float | None, agenda: Agenda) -> None:
        """From now on that is its deadline."""
        known, sooner = self.watched_at, self.sooner
        if at is not None and known is not None and at < known:
            if sooner is None:
                sooner = self.sooner = Alarm(self.of)
            self.deadline = known
            sooner.deadline = at
            agenda.watch(sooner)
            return
        if sooner is not None:
            sooner.stop(agenda)
            self.sooner = None
        self.deadline = at
        if known is None and at is not None:
            agenda.enter(at, self)

    def stop(self, agenda: Agenda) -> None:
        """It is over."""
        if self.sooner is not None:
            self.sooner.stop(agenda)
            self.sooner = None
        self.of = self.deadline = None
        agenda.forget(self)
