"""One who refers another, and a link that loses, doubles and reorders: what may happen next, and what must hold.

RFC 3515 2.4, with the subscription that the REFER begins. Whom it names is Alice herself, so that Bob can follow it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from attrs import frozen

from sipsm import (
    Call,
    Ended,
    Endpoint,
    LocalProtocolError,
    PeerReferral,
    PeerReferralState,
    PeerSubscriptionEnded,
    ReferAccepted,
    ReferEnded,
    ReferProgress,
)
from sipsm.testing.explore import Explored, Law
from tests.exploring import person, world
from tests.exploring.person import Offered, Todo, later
from tests.exploring.saved import NOW, Messages
from tests.exploring.world import Act, Bounds, nothing_breaks


class Side(NamedTuple):
    """An end of the REFER as a value."""

    endpoint: str
    """Its snapshot, with the deadlines counted from `NOW`."""
    drawn: int = 0
    todo: tuple[Todo, ...] = ()
    given: frozenset[str] = frozenset()
    """The commands that it has been offered."""
    begun: int = 0
    """How many REFER requests there have been, or how many subscriptions they have begun."""
    ended: tuple[str, ...] = ()
    state: str = "none"
    """Of its REFER."""
    status: int | None = None
    """What it has told, or been told, last of what the REFER asks for."""
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
    reports: bool = True
    delay: int = 0
    """In ticks: how long a message takes, at most."""

    def __str__(self) -> str:
        return f"{self.name}, {self.bounds}"


def _finish(referral: PeerReferral) -> list[Any]:
    """What it asks for is done, by whoever has not begun with it as well."""
    waits = referral.state in {PeerReferralState.ASKED, PeerReferralState.UNDECIDED}
    accepted = referral.accept(now=NOW) if waits else []
    return [*accepted, *referral.progress(200, now=NOW)]


OF_ALICE: dict[str, Callable[[Any], list[Any]]] = {
    "refresh": lambda referral: referral.refresh(60, now=NOW),
    "unsubscribe": lambda referral: referral.unsubscribe(now=NOW),
}
OF_BOB: dict[str, tuple[int, Callable[[PeerReferral], Any]]] = {
    "accept": (100, lambda referral: referral.accept(now=NOW)),
    "follow": (100, lambda referral: referral.follow(now=NOW)[1]),
    "ring": (180, lambda referral: referral.progress(180, now=NOW)),
    "finish": (200, _finish),
    "reject": (403, lambda referral: referral.reject(403, now=NOW)),
}
"""Each with the status that is told by it."""


class Person(person.Person[Side]):
    """Who refers, or is referred."""

    def __init__(self, rank: int, messages: Messages, setting: Setting) -> None:
        super().__init__(rank, messages, setting.alice if rank == 1 else setting.bob)
        self.reports = setting.reports

    def born(self) -> Side:
        """Nothing has happened."""
        return self.new(Side, profile={"takes_referrals": self.rank == 2})

    def command(self, side: Side, endpoint: Endpoint, name: str, x: Any) -> tuple[Side, list[Any]]:
        """Refer, or give a command to the REFER that there is, or to the call that has come of it."""
        if name == "refer":
            _, outputs = endpoint.refer(f"sip:{self.peer}", f"sip:{self.host}", reports=self.reports, now=NOW)
            return side._replace(begun=1), outputs
        try:
            if name in OF_ALICE:
                return side, [output for each in endpoint.referrals for output in OF_ALICE[name](each)]
            if name == "busy":
                return side, [output for each in endpoint.calls for output in busy(each)]
            status, command = OF_BOB[name]
            there = endpoint.peer_referrals
            outputs = [output for each in there for output in command(each)]
        except LocalProtocolError:
            return side, []
        return (side._replace(status=status) if there else side), outputs

    def told(self, side: Side, event: Any) -> Side:
        """How far it has come, and how it has ended."""
        match event:
            case ReferProgress(status=status):
                return side._replace(status=status)
            case ReferEnded(reason=reason, status=status):
                return side._replace(ended=(*side.ended, f"{reason} {status}"), todo=())
            case ReferAccepted(subscribes=False):
                return side._replace(ended=(*side.ended, "accepted"), todo=())
            case PeerSubscriptionEnded(reason=reason):
                return side._replace(begun=1, ended=(*side.ended, str(reason)))
            case Ended(status=status) if self.rank == 2:
                # By itself, what it follows the REFER with has told this.
                return side._replace(status=status)
        return side

    def has_begun(self, side: Side) -> bool:
        """Whatever it is told, there is something to be done."""
        return not side.ended

    def seen(self, side: Side, endpoint: Endpoint) -> Side:
        """How the REFER stands."""
        found: list[Any] = [*endpoint.referrals, *endpoint.peer_referrals]
        peers = endpoint.peer_subscriptions
        return side._replace(
            begun=side.begun or len(peers),
            state=str(found[-1].state) if found else "none",
            unfinished=endpoint.unfinished > 0 or not {each.notices.state for each in peers} <= {"Idle"},
        )


def busy(call: Call) -> list[Any]:
    """She has no time for who calls."""
    return [] if call.outgoing or call.over else call.reject(486, now=NOW)


class World(world.World[Side]):
    """The moves of a setting."""

    alice: Person
    bob: Person

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting.delay)
        self.setting = setting
        self.alice = Person(1, self.messages, setting)
        self.bob = Person(2, self.messages, setting)

    @property
    def first(self) -> State:
        """Nobody has referred anybody."""
        return State(self.alice.born(), self.bob.born(), left=self.setting.bounds)

    def beginning(self, state: State) -> Act | None:
        """Alice refers Bob."""
        nothing = state.alice.state == "none" and not state.alice.ended
        return ("refer", None, "alice refers bob") if nothing else None

    def end(self, state: State) -> Act | None:
        """What is left without Bob is left: else it would be refreshed for ever."""
        return ("unsubscribe", None, "alice unsubscribes") if state.alice.state == "accepted" else None

    def laws(self) -> list[Law[State]]:
        """In every state."""
        return [nothing_breaks, one_end_each, the_status_is_known, the_last_word_is_final]

    def over(self, state: State) -> bool:
        """It may end there: both have been told of the end, and nothing is left."""
        alice, bob = state.alice, state.bob
        return not (alice.holds or bob.holds) and len(alice.ended) == alice.begun == 1 and len(bob.ended) == bob.begun


# -------------------------------------------------------------------- what must hold


def one_end_each(state: State) -> str | None:
    """Each REFER, and each subscription that it begins, has one end."""
    for side in (state.alice, state.bob):
        if len(side.ended) > side.begun:
            return f"{side.begun} ended {' and '.join(side.ended)}"
    return None


def the_status_is_known(state: State) -> str | None:
    """When nothing is under way, Alice knows what Bob has told last, if she still wants to."""
    alice, bob = state.alice, state.bob
    # As long as nobody has decided, he tells by himself that it goes on.
    told = bob.status or 100
    if not state.is_quiet or alice.state != "accepted" or alice.status == told or "unsubscribed" in bob.ended:
        return None
    return f"Alice knows {alice.status}, Bob has told {told}"


def the_last_word_is_final(state: State) -> str | None:
    """A subscription that Bob has ended as it should be has told the end of what he did (RFC 3515 2.4.7)."""
    for ended in state.alice.ended:
        if ended.startswith("noresource") and ended != f"noresource {state.bob.status}":
            return f"Alice was told {ended}, by Bob, who has told {state.bob.status}"
        if ended.startswith("noresource") and (state.bob.status or 0) < 200:
            return f"Alice was told {ended}, which is no end"
    return None


def explored(setting: Setting, limit: int | None = None) -> tuple[Explored[State], World]:
    """All of it."""
    found = World(setting)
    return found.explored(limit), found
