"""One who refers another, and a link that loses, doubles and reorders: what may happen next, and what must hold.

RFC 3515 2.4, with the subscription that the REFER begins. Whom it names is Alice herself, so that Bob can follow it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
from tests.exploring import telling
from tests.exploring.saved import NOW
from tests.exploring.telling import Side, State, one_end_each
from tests.exploring.world import Act, nothing_breaks


@frozen(eq=False)
class Setting(telling.Setting):
    """What is explored."""

    reports: bool = True


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


class Person(telling.Person):
    """Who refers, or is referred."""

    def born(self) -> Side:
        """Nothing has happened."""
        return self.new(Side, profile={"takes_referrals": self.rank == 2})

    def command(self, side: Side, endpoint: Endpoint, name: str, x: Any) -> tuple[Side, list[Any]]:
        """Refer, or give a command to the REFER that there is, or to the call that has come of it."""
        if name == "refer":
            _, outputs = endpoint.refer(f"sip:{self.peer}", f"sip:{self.host}", reports=self.setting.reports, now=NOW)
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
        return (side._replace(known=status) if there else side), outputs

    def told(self, side: Side, event: Any) -> Side:
        """How far it has come, and how it has ended."""
        match event:
            case ReferProgress(status=status):
                return side._replace(known=status)
            case ReferEnded(reason=reason, status=status):
                return side._replace(ended=(*side.ended, f"{reason} {status}"), todo=())
            case ReferAccepted(subscribes=False):
                return side._replace(ended=(*side.ended, "accepted"), todo=())
            case PeerSubscriptionEnded(reason=reason):
                return side._replace(begun=1, ended=(*side.ended, str(reason)))
            case Ended(status=status) if self.rank == 2:
                # By itself, what it follows the REFER with has told this.
                return side._replace(known=status)
        return side

    def has_begun(self, side: Side) -> bool:
        """Whatever it is told, there is something to be done."""
        return not side.ended

    def seen(self, side: Side, endpoint: Endpoint) -> Side:
        """How the REFER stands."""
        found = (*endpoint.referrals, *endpoint.peer_referrals)
        return self.stands(side, endpoint, found)._replace(begun=side.begun or len(endpoint.peer_subscriptions))


def busy(call: Call) -> list[Any]:
    """She has no time for who calls."""
    return [] if call.outgoing or call.over else call.reject(486, now=NOW)


class World(telling.World):
    """The moves of a setting."""

    people = Person

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


# -------------------------------------------------------------------- what must hold


def the_status_is_known(state: State) -> str | None:
    """When nothing is under way, Alice knows what Bob has told last, if she still wants to."""
    alice, bob = state.alice, state.bob
    # As long as nobody has decided, he tells by himself that it goes on.
    told = bob.known or 100
    if not state.is_quiet or alice.state != "accepted" or alice.known == told or "unsubscribed" in bob.ended:
        return None
    return f"Alice knows {alice.known}, Bob has told {told}"


def the_last_word_is_final(state: State) -> str | None:
    """A subscription that Bob has ended as it should be has told the end of what he did (RFC 3515 2.4.7)."""
    for ended in state.alice.ended:
        if ended.startswith("noresource") and ended != f"noresource {state.bob.known}":
            return f"Alice was told {ended}, by Bob, who has told {state.bob.known}"
        if ended.startswith("noresource") and (state.bob.known or 0) < 200:
            return f"Alice was told {ended}, which is no end"
    return None


def explored(setting: Setting, limit: int | None = None) -> tuple[Explored[State], World]:
    """All of it."""
    found = World(setting)
    return found.explored(limit), found
