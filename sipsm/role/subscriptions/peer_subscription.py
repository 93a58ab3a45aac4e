"""A subscription of a peer as the application holds it: how it stands, and what can be done with it.

RFC 6665 4.2. The decisions are in the tables of `sipsm.usage.notifier` and `sipsm.usage.notices`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field

from sipsm.machine import Machine
from sipsm.message import Request
from sipsm.role.subscriptions.living import LivesInDialog
from sipsm.transaction import ServerTransaction
from sipsm.usage import notifier
from sipsm.usage.notices import LastNotice, Notice, Notices
from sipsm.usage.notifier import Acceptance, Notifier, Rejection

if TYPE_CHECKING:
    from sipsm.role.events import Output

Headers = Iterable[tuple[str, str]]


class PeerSubscriptionState(StrEnum):
    """Where a subscription of a peer stands (RFC 6665 4.2.2)."""

    ASKED = "asked"
    """It waits for `accept`, `pending` or `reject`."""
    PENDING = "pending"
    """It is there, and nobody has granted it yet."""
    ACTIVE = "active"
    """It is granted."""
    TERMINATED = "terminated"
    """It is over."""


@define(eq=False, repr=False)
class PeerSubscription(LivesInDialog):
    """One subscription of a peer. Its commands return outputs for the adapter, or raise `LocalProtocolError`.

    Bodies are of a type that the peer accepts; where none is named, they are of the first type of the event package. An
    `etag` names the whole state as it is, among all that its resource has and will have: what the peer says it knows by
    that name is not told again (RFC 5839 6).
    """

    event: str
    """The event package, such as `"presence"`."""
    id: str | None
    """What tells it from others of this package in its dialog (RFC 6665 4.5.2)."""
    resource: str
    """The URI that was subscribed to."""
    accepts: tuple[str, ...]
    """The types of body that the peer accepts; `*` stands for all (RFC 3261 20.1)."""
    notifier: Notifier
    notices: Notices
    transaction: ServerTransaction | None = None
    """Of the SUBSCRIBE that waits for the application."""
    referral: Any = None
    """The `PeerReferral` whose acceptance has begun it (RFC 3515 2.4.4), if it was no SUBSCRIBE."""

    # ---------------------------------------------------------------- what it is

    def __repr__(self) -> str:
        return f"<PeerSubscription of {self.subscriber} to {self.event}: {self.state}>"

    @property
    def subscriber(self) -> str:
        """The address of who has subscribed, with its tag."""
        return self.dialog.remote

    @property
    def state(self) -> PeerSubscriptionState:
        """Where it stands."""
        return _BY_STATE[self.notifier.state]

    @property
    def given(self) -> int:
        """How many notifications it has been given so far: the version of one of RFC 6665 5.3.2."""
        return self.notices.given

    # ---------------------------------------------------------------- what can be done

    def accept(
        self,
        body: bytes = b"",
        content_type: str | None = None,
        *,
        etag: str | None = None,
        expires_s: int | None = None,
        headers: Headers = (),
        now: float,
    ) -> list[Output]:
        """Grant it, at once or when it was pending; a NOTIFY with the whole state in `body` follows (RFC 6665 4.2.1.2).

        `expires_s` is how long it may last at most, in seconds, also when it is refreshed; `headers` are those of the
        2xx, where that has not been sent before.
        """
        return self.agent.command(
            self, "accept", Acceptance(Notice(body, content_type, etag=etag), expires_s, headers), now
        )

    def pending(
        self,
        body: bytes = b"",
        content_type: str | None = None,
        *,
        etag: str | None = None,
        expires_s: int | None = None,
        headers: Headers = (),
        now: float,
    ) -> list[Output]:
        """Take it, while somebody is yet to be asked; `body` tells nothing that he might not grant (RFC 6665 4.2.1.3).

        That is done by itself where the application does nothing for 4 s (8*T1).
        """
        return self.agent.command(
            self, "keep it pending", Acceptance(Notice(body, content_type, etag=etag), expires_s, headers), now
        )

    def reject(
        self, status: int = 403, *, reason: str | None = None, headers: Headers = (), now: float
    ) -> list[Output]:
        """Refuse the SUBSCRIBE with a final response of 300 to 699 (RFC 6665 4.2.1.3)."""
        return self.agent.command(self, "reject", Rejection(status, reason, headers), now)

    def notify(
        self,
        body: bytes = b"",
        content_type: str | None = None,
        *,
        etag: str | None = None,
        partial: bool = False,
        headers: Headers = (),
        now: float,
    ) -> list[Output]:
        """Tell of a change by a NOTIFY, as soon as the one before it is answered and the package's rate allows it.

        `body` holds the whole state: then the latest of those that wait is sent alone. Or, with `partial`, only what
        has changed: then all that wait are sent, in their order (RFC 6665 4.2.2, 5.3.2).
        """
        return self.agent.command(self, "notify", Notice(body, content_type, headers, partial, etag), now)

    def terminate(
        self,
        reason: str,
        *,
        retry_after_s: int | None = None,
        body: bytes = b"",
        content_type: str | None = None,
        etag: str | None = None,
        headers: Headers = (),
        now: float,
    ) -> list[Output]:
        """End it by a NOTIFY with this reason: `"deactivated"`, `"probation"`, `"rejected"`, `"timeout"`, `"giveup"`,
        `"noresource"`, `"invariant"` or one of an extension (RFC 6665 4.1.3)."""
        last = LastNotice(reason, retry_after_s, Notice(body, content_type, headers, etag=etag))
        return self.agent.command(self, "terminate", last, now)

    # ---------------------------------------------------------------- time

    @property
    def timed(self) -> tuple[Machine, ...]:
        """Its own machines, without the dialog."""
        return self.notifier, self.notices


_BY_STATE: Final = {
    notifier.INITIAL: PeerSubscriptionState.ASKED,
    notifier.ASKED: PeerSubscriptionState.ASKED,
    notifier.PENDING: PeerSubscriptionState.PENDING,
    notifier.ACTIVE: PeerSubscriptionState.ACTIVE,
    notifier.TERMINATED: PeerSubscriptionState.TERMINATED,
}


@define(eq=False)
class NotifyUnderWay:
    """A NOTIFY of ours that is under way."""

    of: PeerSubscription
    request: Request = field(init=False)
    """As it was sent."""
