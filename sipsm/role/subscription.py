"""A subscription of ours as the application holds it: how it stands, and what can be done with it.

RFC 6665 4.1. The decisions are in the tables of `sipsm.usage.subscriber`, `renewal` and `lifetime`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field, frozen

from sipsm.dialog import Dialog
from sipsm.errors import LocalProtocolError
from sipsm.grammar import Uri
from sipsm.machine import Machine
from sipsm.message import Request
from sipsm.message.headers import Event
from sipsm.role.alarm import Alarm
from sipsm.role.call import Commanded
from sipsm.role.dialogs import Place
from sipsm.usage import subscriber
from sipsm.usage.attempt import Attempt
from sipsm.usage.lifetime import Lifetime
from sipsm.usage.renewal import Renewal
from sipsm.usage.subscriber import Subscriber
from sipsm.usage.subscription_outputs import Subscribe

if TYPE_CHECKING:
    from sipsm.role.events import Output


class SubscriptionStatus(StrEnum):
    """Where a subscription of ours stands (RFC 6665 4.1.2)."""

    WAITING = "waiting"
    """Its SUBSCRIBE is out, and no NOTIFY has come."""
    PENDING = "pending"
    """It is there, and nobody has granted it yet."""
    ACTIVE = "active"
    """It is granted."""
    RETRYING = "retrying"
    """It has ended, and will be made anew."""
    TERMINATED = "terminated"
    """It is over."""


@frozen
class Wanted:
    """What is subscribed to, and how: the same each time that it is made anew."""

    target: Uri | None
    """Whose state it is about; None: the other side of a call, within its dialog (RFC 6665 4.5.2)."""
    kind: Event
    """As in Event: the package, and what tells it from others of this package in its dialog."""
    forks: bool
    """Whether each branch of a SUBSCRIBE that notifies makes a subscription (RFC 6665 5.4.9)."""
    to: str | None = None
    accept: tuple[str, ...] = ()
    """The types of body that its NOTIFY requests may have; none: those of the package."""
    headers: tuple[tuple[str, str], ...] = ()
    """Further header lines of the SUBSCRIBE that makes it."""
    body: bytes = b""
    """The body of that, such as a filter."""
    content_type: str | None = None
    method: str = "SUBSCRIBE"
    """What makes it: a SUBSCRIBE, or a REFER (RFC 3515 2.4.4)."""


@define(eq=False, repr=False)
class Subscription:
    """One subscription of ours. Its commands return outputs for the adapter, or raise `LocalProtocolError`."""

    agent: Commanded
    wanted: Wanted
    place: Place
    """The dialog that it lives in."""
    subscriber: Subscriber
    renewal: Renewal
    lifetime: Lifetime = field(factory=Lifetime)
    attempt: Attempt | None = None
    """The SUBSCRIBE outside a dialog that made it."""
    under_way: OutgoingSubscribe | None = None
    """The SUBSCRIBE that has no final response yet."""
    referral: Any = None
    """The `Referral` whose REFER makes it (RFC 3515 2.4.4), if it is no SUBSCRIBE."""
    alarm: Alarm = field(init=False)
    """What stands for it in the agenda."""

    @alarm.default
    def _alarm(self) -> Alarm:
        return Alarm(self)

    # ---------------------------------------------------------------- what it is

    def __repr__(self) -> str:
        return f"<Subscription to {self.event} of {self.wanted.target or self.dialog.remote}: {self.state}>"

    @property
    def event(self) -> str:
        """The event package, such as `"presence"`."""
        return self.wanted.kind.value

    def is_told_by(self, kind: Event) -> bool:
        """Whether a NOTIFY of that event, in its dialog, is for it."""
        if self.referral is None:
            return self.wanted.kind.matches(kind)
        # "This id parameter MAY be included in NOTIFYs to the first REFER a UA receives in a given dialog." (RFC 3515
        # 2.4.6)  It is the number of the REFER.
        return kind.value == self.event and kind.id in (None, str(self.referral.request.cseq.number))

    @property
    def dialog(self) -> Dialog:
        """The dialog that it lives in."""
        return self.place.dialog

    @property
    def state(self) -> SubscriptionStatus:
        """Where it stands."""
        return _BY_STATE[self.subscriber.state]

    @property
    def expires_s(self) -> float:
        """How long it lasted when that was last told, in seconds; 0 as long as nobody has."""
        return self.lifetime.lasts_s

    # ---------------------------------------------------------------- what can be done

    def refresh(self, expires_s: int | None = None, *, now: float) -> list[Output]:
        """Ask for more of it, and for a NOTIFY with the full state (RFC 6665 4.1.2.2). By default as long as before.

        It is refreshed by itself before it ends; this is for another duration, or for when changes have been missed.
        """
        # What a 423 has raised stays raised; where it is being ended, the machines say so.
        before = self.renewal.asked_s or self.subscriber.asked_s
        seconds = before if expires_s is None else expires_s
        if seconds < 1:
            raise LocalProtocolError("cannot refresh for no time at all: `unsubscribe` does that", rfc="6665 4.1.2.3")
        return self.agent.command(self, "REFRESH", Subscribe(seconds), now)

    def unsubscribe(self, *, now: float) -> list[Output]:
        """End it (RFC 6665 4.1.2.3). One more NOTIFY comes; then `SubscriptionEnded` tells that it is over.

        As long as no NOTIFY has come there is no dialog in which to say so: it is said as soon as there is.
        """
        return self.agent.command(self, "UNSUBSCRIBE", None, now)

    # ---------------------------------------------------------------- its machines

    @property
    def machines(self) -> list[Machine]:
        """All of them, the dialog first."""
        return [self.dialog, *self.timed]

    @property
    def timed(self) -> list[Machine]:
        """Those that may have a timer running."""
        return [self.subscriber, self.renewal, self.lifetime]

    def next_timeout(self) -> float | None:
        """The earliest deadline of its machines, in seconds, or None."""
        running = (*self.subscriber.running, *self.renewal.running, *self.lifetime.running)
        return min(running)[0] if running else None


_BY_STATE: Final = {
    subscriber.INITIAL: SubscriptionStatus.WAITING,
    subscriber.NOTIFY_WAIT: SubscriptionStatus.WAITING,
    subscriber.PENDING: SubscriptionStatus.PENDING,
    subscriber.ACTIVE: SubscriptionStatus.ACTIVE,
    subscriber.WAITING: SubscriptionStatus.RETRYING,
    subscriber.TERMINATED: SubscriptionStatus.TERMINATED,
}


@define(eq=False)
class OutgoingSubscribe:
    """A SUBSCRIBE of ours that is under way."""

    subscription: Any
    """The `Subscription` that it is for."""
    request: Request = field(init=False)
    """As it was sent last."""
