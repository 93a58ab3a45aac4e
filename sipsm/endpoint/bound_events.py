"""Subscriptions of an agent and of its peers: commands without `now`, and what comes of them.

RFC 6665. What they do is done by `sipsm.role.subscriptions.subscription` and `peer_subscription`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Generic

from sipsm.endpoint.bound_handle import R, ToldLate
from sipsm.role import (
    Event,
    PeerSubscription,
    PeerSubscriptionEnded,
    PeerSubscriptionState,
    Subscription,
    SubscriptionActive,
    SubscriptionEnded,
    SubscriptionStatus,
)
from sipsm.role.commanded import Headers

SubscriptionOutcome = SubscriptionActive | SubscriptionEnded


class BoundSubscription(ToldLate[SubscriptionOutcome, SubscriptionEnded, R], Generic[R]):
    """A subscription of an agent (RFC 6665 4.1). `NotifyReceived` tells each state, `SubscriptionEnded` its end."""

    of: ClassVar[type] = Subscription
    core: Subscription
    """The subscription as the endpoint knows it, and as events carry it."""

    @property
    def state(self) -> SubscriptionStatus:
        """Where it stands."""
        return self.core.state

    @property
    def event(self) -> str:
        """The event package, such as `"presence"`."""
        return self.core.event

    @property
    def expires_s(self) -> float:
        """How long it lasted when that was last told, in seconds; 0 as long as nobody has."""
        return self.core.expires_s

    def refresh(self, expires_s: int | None = None) -> R:
        """Ask for more of it, and for a NOTIFY with the full state (RFC 6665 4.1.2.2). By default as long as before.

        It is refreshed by itself before it ends; this is for another duration, or for when changes have been missed.
        """
        return self._do(self.core.refresh, expires_s)

    def unsubscribe(self) -> R:
        """End it (RFC 6665 4.1.2.3). One more NOTIFY comes; then it is over.

        As long as no NOTIFY has come there is no dialog in which to say so: it is said as soon as there is.
        """
        return self._do(self.core.unsubscribe)

    @property
    def _is_over(self) -> bool:
        return self.state is SubscriptionStatus.TERMINATED

    @property
    def _is_decided(self) -> bool:
        return self.state is SubscriptionStatus.ACTIVE

    def _heed(self, event: Event) -> None:
        if isinstance(event, SubscriptionActive | SubscriptionEnded):
            self._outcome = self._outcome or event
        if isinstance(event, SubscriptionEnded):
            self._ended = event


class BoundPeerSubscription(ToldLate[PeerSubscriptionEnded, PeerSubscriptionEnded, R], Generic[R]):
    """A subscription that a peer has at an agent (RFC 6665 4.2).

    Bodies are of a type that the peer accepts; where none is named, they are of the first type of the event package.
    """

    of: ClassVar[type] = PeerSubscription
    core: PeerSubscription
    """The subscription as the endpoint knows it, and as events carry it."""

    @property
    def state(self) -> PeerSubscriptionState:
        """Where it stands."""
        return self.core.state

    @property
    def event(self) -> str:
        """The event package, such as `"presence"`."""
        return self.core.event

    @property
    def resource(self) -> str:
        """The URI that was subscribed to."""
        return self.core.resource

    @property
    def subscriber(self) -> str:
        """The address of who has subscribed, with its tag."""
        return self.core.subscriber

    @property
    def accepts(self) -> tuple[str, ...]:
        """The types of body that the peer accepts; `*` stands for all (RFC 3261 20.1)."""
        return self.core.accepts

    @property
    def given(self) -> int:
        """How many notifications it has been given so far: the version of one of RFC 6665 5.3.2."""
        return self.core.given

    def accept(
        self,
        body: bytes = b"",
        content_type: str | None = None,
        *,
        etag: str | None = None,
        expires_s: int | None = None,
        headers: Headers = (),
    ) -> R:
        """Grant it, at once or when it was pending; a NOTIFY with the whole state in `body` follows (RFC 6665 4.2.1.2).

        `expires_s` is how long it may last at most, in seconds, also when it is refreshed; `headers` are those of the
        2xx, where that has not been sent before. `etag` names the state (RFC 5839).
        """
        return self._do(self.core.accept, body, content_type, etag=etag, expires_s=expires_s, headers=headers)

    def pending(
        self,
        body: bytes = b"",
        content_type: str | None = None,
        *,
        etag: str | None = None,
        expires_s: int | None = None,
        headers: Headers = (),
    ) -> R:
        """Take it, while somebody is yet to be asked; `body` tells nothing that he might not grant (RFC 6665 4.2.1.3).

        That is done by itself where the application does nothing for 4 s (8*T1).
        """
        return self._do(self.core.pending, body, content_type, etag=etag, expires_s=expires_s, headers=headers)

    def reject(self, status: int = 403, *, reason: str | None = None, headers: Headers = ()) -> R:
        """Refuse the SUBSCRIBE with a final response of 300 to 699 (RFC 6665 4.2.1.3)."""
        return self._do(self.core.reject, status, reason=reason, headers=headers)

    def notify(
        self,
        body: bytes = b"",
        content_type: str | None = None,
        *,
        etag: str | None = None,
        partial: bool = False,
        headers: Headers = (),
    ) -> R:
        """Tell of a change by a NOTIFY, as soon as the one before it is answered and the package's rate allows it.

        `body` holds the whole state: then the latest of those that wait is sent alone. Or, with `partial`, only what
        has changed: then all that wait are sent, in their order (RFC 6665 4.2.2, 5.3.2).
        """
        return self._do(self.core.notify, body, content_type, etag=etag, partial=partial, headers=headers)

    def terminate(
        self,
        reason: str,
        *,
        retry_after_s: int | None = None,
        body: bytes = b"",
        content_type: str | None = None,
        etag: str | None = None,
        headers: Headers = (),
    ) -> R:
        """End it by a NOTIFY with this reason: `"deactivated"`, `"probation"`, `"rejected"`, `"timeout"`, `"giveup"`,
        `"noresource"`, `"invariant"` or one of an extension (RFC 6665 4.1.3)."""
        last: dict[str, Any] = {"body": body, "content_type": content_type, "etag": etag, "headers": headers}
        return self._do(self.core.terminate, reason, retry_after_s=retry_after_s, **last)

    @property
    def _is_over(self) -> bool:
        return self.state is PeerSubscriptionState.TERMINATED

    @property
    def _is_decided(self) -> bool:
        return self._is_over

    def _heed(self, event: Event) -> None:
        if isinstance(event, PeerSubscriptionEnded):
            self._outcome = self._ended = event
