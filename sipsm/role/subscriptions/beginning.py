"""By what a subscription of ours is begun: a SUBSCRIBE, or another request whose acceptance does the same.

RFC 6665 4.1.2.1; RFC 3515 2.4.4, whose REFER is `sipsm.role.subscriptions.referring`'s; RFC 7614 4.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from attrs import evolve

from sipsm.message import Response
from sipsm.message.headers import EVENT, Event
from sipsm.role.party import HeaderLines
from sipsm.role.subscriptions.events import NotifyReceived, SubscriptionForked
from sipsm.role.subscriptions.subscription import Subscription, Wanted


class Beginning(Protocol):
    """The ways of one such method."""

    def lines(self, wanted: Wanted, expires_s: int) -> HeaderLines:
        """What the request says of the subscription, beside what the application wants it to say."""

    def is_told_by(self, subscription: Subscription, kind: Event) -> bool:
        """Whether a NOTIFY of that event, in its dialog or for its request, is for the subscription."""

    def accepted(self, subscription: Subscription, response: Response, now: float) -> list[Any]:
        """What is told of a 2xx to the request, and done, before the subscription knows of it."""

    def again(self, subscription: Subscription, response: Response | None, now: float) -> list[Any] | None:
        """The request goes out anew, though it was refused, or nobody answered; None when it is over."""

    def forked(self, new: Subscription, origin: Subscription, now: float) -> list[Any]:
        """What is told of the subscription of a further branch."""

    def told(self, subscription: Subscription, events: Sequence[Any], now: float) -> list[Any]:
        """What the subscription tells, as the application hears it."""


class BySubscribe:
    """By a SUBSCRIBE."""

    def lines(self, wanted: Wanted, expires_s: int) -> HeaderLines:
        """The event, for how long, and the bodies that are understood."""
        # "When a subscriber refreshes the subscription timer, the SUBSCRIBE request MUST contain the same "Event"
        # header field "id" parameter as was present in the SUBSCRIBE request that created the subscription." (RFC 6665
        # 4.5.2)
        lines = [("Event", str(wanted.kind)), ("Expires", str(expires_s))]
        return [*lines, ("Accept", ", ".join(wanted.accept))] if wanted.accept else lines

    def is_told_by(self, subscription: Subscription, kind: Event) -> bool:
        """It is of the same package, and has the same id."""
        # "the NOTIFY messages in the subscription might include an id parameter in their Event header fields." (RFC
        # 7614 4.4)  It is the number of the REFER, which the SUBSCRIBE does not know.
        ours = subscription.wanted.kind
        return ours.matches(kind) or (ours.value, ours.id) == (kind.value, None) == ("refer", None)

    def accepted(self, _subscription: Subscription, _response: Response, _now: float) -> list[Any]:
        """Nothing: the NOTIFY makes it, and not the 2xx (RFC 6665 4.4.1)."""
        return []

    def again(self, _subscription: Subscription, _response: Response | None, _now: float) -> None:
        """It is over, as far as the table of `sipsm.usage.renewal` does not ask for longer."""

    def forked(self, new: Subscription, origin: Subscription, _now: float) -> list[Any]:
        """A further subscription, beside the one that was asked for."""
        return [SubscriptionForked(new, origin)]

    def told(self, subscription: Subscription, events: Sequence[Any], _now: float) -> list[Any]:
        """All of it."""
        for event in events:
            kind = event.request[EVENT] if isinstance(event, NotifyReceived) else None
            if kind is not None and kind.id != subscription.wanted.kind.id:
                # "Subsequent SUBSCRIBE requests used to refresh or terminate this subscription MUST contain this id
                # parameter." (RFC 7614 4.4)
                subscription.wanted = evolve(subscription.wanted, kind=Event.build(kind.value, id=kind.id))
        return [*events]
