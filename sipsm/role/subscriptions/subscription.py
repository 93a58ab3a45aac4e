"""A subscription of ours as the application holds it: how it stands, and what can be done with it.

RFC 6665 4.1. The decisions are in the tables of `sipsm.usage.subscriber`, `renewal` and `lifetime`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field, frozen

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import Uri
from sipsm.grammar.lists import split_list
from sipsm.machine import Machine
from sipsm.message import Request
from sipsm.message.bodies import read_body
from sipsm.message.headers import Accept, Event
from sipsm.message.names import canonical
from sipsm.role.subscriptions.living import LivesInDialog
from sipsm.usage import subscriber
from sipsm.usage.attempt import Attempt
from sipsm.usage.lifetime import Lifetime
from sipsm.usage.renewal import Renewal
from sipsm.usage.subscriber import Subscriber
from sipsm.usage.subscription_outputs import Subscribe

if TYPE_CHECKING:
    from sipsm.role.events import Output


def check_duration(expires_s: object) -> None:
    """Raises `LocalProtocolError` where that is nothing that Expires can say."""
    # "The value of this field is an integral number of seconds (in decimal) between 0 and (2**32)-1" (RFC 3261 20.19)
    if type(expires_s) is not int or not 0 <= expires_s < 2**32:
        raise LocalProtocolError(f"a subscription cannot last {expires_s} s", rfc="3261 20.19")


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
    usual: tuple[str, ...] = ()
    """The types of body that its package is known to have."""

    @property
    def types(self) -> tuple[str, ...]:
        """The types of body that its NOTIFY requests may have; none: any, as nothing is known of the package."""
        named = (each for name, value in self.headers if canonical(name) == "accept" for each in split_list(value))
        return (*self.accept, *named) or self.usual

    def takes(self, notify: Request) -> bool:
        """Whether the body of a NOTIFY is of a type that was asked for, and can be taken apart; or of none."""
        # "When present, the body of the NOTIFY request MUST be formatted into one of the body formats specified in the
        # "Accept" header field of the corresponding SUBSCRIBE request (or the default type according to the event
        # package description, if no "Accept" header field was specified)." (RFC 6665 3.2.1)
        types = self.types
        if not notify.body or notify.content_type in (None, *types) or not types:
            return True
        try:
            return not read_body(notify, _Asked(tuple(map(Accept.parse, types)))).unsupported
        except RemoteProtocolError:
            return False


@frozen
class _Asked:
    """The types of body that are asked for, ranges of them as well."""

    ranges: tuple[Accept, ...]

    def __contains__(self, kind: object) -> bool:
        return any(each.q > 0 and each.covers(str(kind)) for each in self.ranges)


@define(eq=False, repr=False)
class Subscription(LivesInDialog):
    """One subscription of ours. Its commands return outputs for the adapter, or raise `LocalProtocolError`."""

    wanted: Wanted
    subscriber: Subscriber
    renewal: Renewal
    lifetime: Lifetime = field(factory=Lifetime)
    attempt: Attempt | None = None
    """The SUBSCRIBE outside a dialog that made it."""
    etag: str | None = None
    """What the last NOTIFY has named the state, where it did: a SUBSCRIBE with it in Suppress-If-Match, as each further
    one has by `Policy.suppresses_known`, is not told that state again (RFC 5839 5.3)."""
    under_way: OutgoingSubscribe | None = None
    """The SUBSCRIBE that has no final response yet."""
    referral: Any = None
    """The `Referral` whose REFER makes it (RFC 3515 2.4.4), if it is no SUBSCRIBE."""

    # ---------------------------------------------------------------- what it is

    def __repr__(self) -> str:
        return f"<Subscription to {self.event} of {self.wanted.target or self.dialog.remote}: {self.state}>"

    @property
    def event(self) -> str:
        """The event package, such as `"presence"`."""
        return self.wanted.kind.value

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
        check_duration(seconds)
        if seconds == 0:
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
    def timed(self) -> tuple[Machine, ...]:
        """Those that may have a timer running."""
        return self.subscriber, self.renewal, self.lifetime


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
