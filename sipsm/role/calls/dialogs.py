"""Dialogs as places in which more can live than a session: subscriptions, each by itself.

RFC 6665 4.4.1 (a dialog that a subscription makes, and ends) and 4.5.2 (one that it shares); RFC 5057.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from attrs import define, field

from sipsm.dialog import Dialog
from sipsm.machine import Observer, Refuse, Step
from sipsm.message import Request, Response
from sipsm.role.calls.calls import Calls, identifier
from sipsm.role.party import Party
from sipsm.transaction.sending import Sending
from sipsm.transport import Flow
from sipsm.usage import Leg
from sipsm.usage.around import DialogId
from sipsm.usage.destroying import DESTROYS_DIALOG, OF_A_USAGE


@define(eq=False)
class Place:
    """A dialog, and what lives in it beside a session."""

    dialog: Dialog
    leg: Leg | None = None
    """What a call has in it, when an INVITE made it."""
    usages: list[Any] = field(factory=list)
    """The subscriptions in it, of either side, the oldest first."""
    flow: Flow | None = None
    """On which the request that made it came or went, where that is known."""
    known_as: DialogId | None = None
    """Under which identifier it is found, while it is."""


class Dialogs:
    """The dialogs in which something lives that is no session."""

    def __init__(self, calls: Calls, party: Party, sending: Sending, observer: Observer | None) -> None:
        self.calls = calls
        self.party = party
        self.sending = sending
        self.observer = observer
        self.all: dict[DialogId, Place] = {}
        self.ends: dict[type, Callable[[Any, str, Response, float], list[Any]]] = {}
        """By the class of what lives in them: who takes the end of a dialog."""

    def of(self, request: Request) -> Place | None:
        """The place that a request of the peer names, also one where only a call is; None where there is none."""
        known = self.all.get((request.call_id, request.to_tag or "", request.from_tag or ""))
        if known is not None:
            return known
        leg = self.calls.dialog_of(request)
        return None if leg is None else self.at(leg)

    def at(self, leg: Leg) -> Place:
        """The place in a call's dialog; it is entered when something begins to live there."""
        known = self.all.get(identifier(leg.dialog))
        return known or Place(leg.dialog, leg, flow=leg.invitations[0].flow)

    def judge(self, place: Place, request: Request, now: float) -> Refuse | None:
        """The reason why a request of the peer is not in order there; None when it is (RFC 3261 12.2.2)."""
        entry = place.dialog.receive("REQUEST", request, Step(now, self.observer)).entry
        return entry if isinstance(entry, Refuse) else None

    def enter(self, place: Place, usage: Any, now: float) -> None:
        """Something begins to live in a dialog that is confirmed: in one that it has made, or beside what is there."""
        if place.leg is not None or place.usages:
            # The session, or the first subscription, is the one that it counts from the start.
            place.dialog.receive("SHARE", None, Step(now, self.observer))
        place.usages.append(usage)
        if place.known_as is None:
            place.known_as = identifier(place.dialog)
            self.all[place.known_as] = place

    def leave(self, place: Place, usage: Any, now: float) -> None:
        """It ends, and the dialog with it where nothing else lives there."""
        # "If a subscription's destruction leaves no other application state associated with the dialog, the dialog
        # terminates." (RFC 6665 4.5.2)
        place.usages.remove(usage)
        place.dialog.receive("OVER", None, Step(now, self.observer))
        if not place.usages and place.known_as is not None:
            del self.all[place.known_as]
            place.known_as = None
        if place.leg is not None:
            self.calls.index(place.leg)

    def destroyed_by(self, response: Response, user: Any) -> Place | None:
        """The dialog that a response to `user`'s request says is no more, where something shares it; else None."""
        if response.status not in DESTROYS_DIALOG or response.cseq.method not in OF_A_USAGE:
            return None
        request = getattr(user, "request", None)
        if request is not None and request.to_tag is None:
            # It was to make one.
            return None
        return self.all.get((response.call_id, response.from_tag or "", response.to_tag or ""))

    def destroy(self, place: Place, response: Response, now: float) -> list[Any]:
        """End all that still lives in a dialog which is no more (RFC 5057 5.1)."""
        outputs: list[Any] = []
        for usage in tuple(place.usages):
            end = self.ends.get(type(usage))
            if end is not None:
                outputs += end(usage, "DIALOG LOST", response, now)
        # Deviation: RFC 3261 14.1 lets a session go on when a re-INVITE fails, but for 408 and 481. It does where it
        # is alone; where a subscription lives beside it, RFC 5057 5.1 has both end by what destroys the dialog.
        return outputs + (self.calls.event(place.leg.invitations[0], "PEER LOST", None, now) if place.leg else [])

    def send(
        self,
        place: Place,
        method: str,
        headers: Iterable[tuple[str, str]],
        user: Any,
        now: float,
        *,
        body: bytes = b"",
    ) -> list[Any]:
        """Send a request of ours there, whose end `user` is told: a class that `ResponsesIn.users` knows.

        Raises `LocalProtocolError` as `Dialog.check` does, before anything is sent.
        """
        party = self.party
        own = [*party.user_agent, party.contact(place.flow, place.dialog), *party.supported]
        request = place.dialog.next_request(method, party.via(), [*own, *headers], body)
        user.request = request
        return self.sending.request(request, user, now, towards=place.dialog.hop_of(request))
