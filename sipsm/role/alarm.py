"""What stands in the agenda for a thing that has several machines: a call, a subscription, a publication."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from sipsm.machine import Agenda


@define(eq=False)
class Alarm:
    """The deadline of one thing in the agenda, which may keep it for long after the thing is forgotten."""

    of: Any
    """Who is woken; None when it is over."""
    at: float | None = field(default=None, init=False)
    """Its deadline since its last step, in seconds, or None."""
    watched_at: float | None = field(default=None, init=False)

    def next_timeout(self) -> float | None:
        """The deadline, in seconds, or None."""
        return self.at

    def set(self, at: float | None, agenda: Agenda) -> None:
        """From now on that is its deadline."""
        self.at = at
        if at is not None and at != self.watched_at:
            agenda.watch(self)

    def stop(self, agenda: Agenda) -> None:
        """It is over."""
        self.of = self.at = None
        agenda.forget(self)
