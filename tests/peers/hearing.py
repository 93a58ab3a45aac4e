"""What an agent is told, where two ends that are not ours decide what comes first."""

from __future__ import annotations

from typing import TypeVar

from sipsm import Event
from sipsm_blocking import UserAgent
from tests.cli.programs import PATIENCE_S

E = TypeVar("E", bound=Event)


class Hearing:
    """The events of an agent: each is taken once, and those of one kind in their order."""

    def __init__(self, agent: UserAgent) -> None:
        self.agent = agent
        self._kept: list[Event] = []

    def next(self, kind: type[E]) -> E:
        """The next event of this kind, whatever else comes before it."""
        for number, event in enumerate(self._kept):
            if isinstance(event, kind):
                del self._kept[number]
                return event
        for event in self.agent.events(timeout=PATIENCE_S):
            if isinstance(event, kind):
                return event
            self._kept.append(event)
        raise AssertionError(f"no {kind.__name__} came, but {self._kept}")
