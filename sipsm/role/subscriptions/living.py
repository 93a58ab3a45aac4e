"""What subscriptions of either side have in common: a dialog in which they live, machines, a time to be woken.

RFC 6665 4.4.1 and 4.5.2.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from attrs import define, field

from sipsm.dialog import Dialog
from sipsm.machine import Machine
from sipsm.role.alarm import Alarm
from sipsm.role.calls.dialogs import Place
from sipsm.role.commanded import Commanded


@define(eq=False, repr=False)
class LivesInDialog:
    """A usage of a dialog that has several machines, and commands, which `agent` takes."""

    agent: Commanded
    place: Place
    """The dialog that it lives in, and what lives there beside it."""
    alarm: Alarm = field(init=False)
    """What stands for it in the agenda."""

    @alarm.default
    def _alarm(self) -> Alarm:
        return Alarm(self)

    @property
    def dialog(self) -> Dialog:
        """The dialog that it lives in."""
        return self.place.dialog

    @property
    @abstractmethod
    def timed(self) -> Sequence[Machine]:
        """Those of its machines that may have a timer running."""

    def next_timeout(self) -> float | None:
        """The earliest deadline of its machines, in seconds, or None."""
        running = [timer for machine in self.timed for timer in machine.running]
        return min(running)[0] if running else None
