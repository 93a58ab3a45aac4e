"""One of two tells the other how something stands, in a subscription: what all such explorations have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from attrs import frozen

from sipsm import Endpoint
from tests.exploring import person, world
from tests.exploring.person import Offered, Todo, later
from tests.exploring.saved import Messages
from tests.exploring.world import Bounds


class Side(NamedTuple):
    """An end as a value."""

    endpoint: str
    """Its snapshot, with the deadlines counted from `NOW`."""
    drawn: int = 0
    todo: tuple[Todo, ...] = ()
    given: frozenset[str] = frozenset()
    """The commands that it has been offered."""
    begun: int = 0
    """How many there have been of what has an end."""
    ended: tuple[str, ...] = ()
    state: str = "none"
    """Of what is explored."""
    known: Any = None
    """What it has told, or been told, last."""
    deadline: int | None = None
    """Ticks until its endpoint is to be woken."""
    unfinished: bool = False
    """Whether a request of its own has no answer yet, or something is yet to be told."""
    holds: bool = False
    """Whether there is anything left in its endpoint."""

    def later(self, ticks: int) -> Side:
        """The same after some time."""
        return later(self, ticks)

    def quiet(self) -> bool:
        """Whether it waits for nothing."""
        return not self.unfinished


State = world.State[Side]


@frozen(eq=False)
class Setting:
    """What is explored."""

    name: str
    bounds: Bounds
    alice: Offered
    bob: Offered
    delay: int = 0
    """In ticks: how long a message takes, at most."""

    def __str__(self) -> str:
        return f"{self.name}, {self.bounds}"


class Person(person.Person[Side]):
    """Who is told, of rank 1, or tells, of rank 2."""

    def __init__(self, rank: int, messages: Messages, setting: Any) -> None:
        super().__init__(rank, messages, setting.alice if rank == 1 else setting.bob)
        self.setting = setting

    def stands(self, side: Side, endpoint: Endpoint, found: Sequence[Any]) -> Side:
        """How the last of these stands, and whether there is something to be told yet."""
        notices = {each.notices.state for each in endpoint.peer_subscriptions}
        return side._replace(
            state=str(found[-1].state) if found else "none",
            unfinished=endpoint.unfinished > 0 or not notices <= {"Idle"},
        )

    def born(self) -> Side:
        """Nothing has happened."""
        raise NotImplementedError


class World(world.World[Side]):
    """The moves of a setting."""

    people: ClassVar[type[Person]]

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting.delay)
        self.setting = setting
        alice, bob = (self.people(rank, self.messages, setting) for rank in (1, 2))
        self.alice, self.bob = alice, bob
        self.born = alice.born(), bob.born()

    @property
    def first(self) -> State:
        """Nothing has happened."""
        return State(*self.born, left=self.setting.bounds)

    def over(self, state: State) -> bool:
        """It may end there: both have been told of the end, and nothing is left."""
        alice, bob = state.alice, state.bob
        if alice.holds or bob.holds:
            return False
        return len(alice.ended) == alice.begun == 1 and len(bob.ended) == bob.begun


def one_end_each(state: State) -> str | None:
    """What has begun has one end."""
    for side in (state.alice, state.bob):
        if len(side.ended) > side.begun:
            return f"{side.begun} ended {' and '.join(side.ended)}"
    return None
