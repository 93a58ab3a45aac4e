"""What befalls a network beside the faults of its links: agents that cannot reach each other for a while."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen


@frozen
class Cut:
    """Nothing gets from some to others, nor back, from one time to another."""

    some: frozenset[str]
    others: frozenset[str] | None
    """None: everybody who is not among `some`."""
    start: float
    end: float

    def parts(self, one: str, other: str, at: float) -> bool:
        """Whether these two cannot reach each other then."""
        return self.start <= at < self.end and (self._between(one, other) or self._between(other, one))

    def _between(self, one: str, other: str) -> bool:
        return one in self.some and (other not in self.some if self.others is None else other in self.others)


def names_of(agents: Iterable[str] | str) -> frozenset[str]:
    """One name, or several."""
    return frozenset({agents} if isinstance(agents, str) else agents)
