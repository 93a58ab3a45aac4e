"""What a step of machines leads to: outputs in their order, and further inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Observer = Callable[[Any, str, str, Any, float], None]
"""`observer(machine, before, input, row, now)`: told of every row that a machine took, after it has moved."""


class Step:
    """One input's worth of consequences: the outputs in their order, and the further inputs that it causes."""

    __slots__ = ("at", "causes", "emit", "now", "observer", "outputs", "timed")

    def __init__(self, now: float, observer: Observer | None = None) -> None:
        self.now = now
        self.outputs: list[Any] = []
        self.emit: Callable[[Any], None] = self.outputs.append
        self.causes: list[tuple[str, Any, Any]] = []
        self.observer = observer
        self.at: Any = None
        """The machines around the one that now moves or acts: what it causes is caused there."""
        self.timed = False
        """Whether timers have started or stopped in a joint step."""

    def anew(self, now: float) -> Step:
        """This one, for another input: for whoever is done with each before the next, since making one takes longer."""
        self.now = now
        self.outputs = []
        self.emit = self.outputs.append
        self.timed = False
        return self

    def cause(self, event: str, x: Any = None) -> None:
        """A further input, taken when the step is complete, first in, first out."""
        self.causes.append((event, x, self.at))
