"""A notifier, and a subscriber whose every byte is written by hand."""

from __future__ import annotations

from typing import Any

from sipsm import PeerSubscription, Profile, Request, SubscriptionRequested
from tests.endpoint.by_hand import Bench

OPEN = b"open"
CLOSED = b"closed"
AJAR = b"ajar"
TEXT = "text/plain"

PACKAGES = ("door", "window", "presence", "dialog")
"""Of these nothing is known of the first two: neither a rate nor a type."""


class Notifying(Bench):
    """Our notifier, which tells whether doors are open, and the subscriber's handwriting."""

    def __init__(self, *packages: str, **settings: Any) -> None:
        settings.setdefault("profile", Profile(event_packages=packages or PACKAGES))
        super().__init__(**settings)
        self.cseq = 0

    # ---------------------------------------------------------------- SUBSCRIBE

    def asked(
        self,
        expires: int | None = 600,
        event: str | None = "door",
        *more: str,
        contact: str | None = "<sip:alice@192.0.2.2:5060>",
        **parts: Any,
    ) -> int | None:
        """A SUBSCRIBE of the peer; returns the status of its answer, if there is one already."""
        before = len(self.statuses)
        self.cseq += 1
        headers = [
            *([] if event is None else [f"Event: {event}"]),
            *([] if expires is None else [f"Expires: {expires}"]),
            *([] if contact is None else [f"Contact: {contact}"]),
            *more,
        ]
        self.receive(self.request("SUBSCRIBE", cseq=self.cseq, headers=headers, **parts))
        return self.statuses[-1] if len(self.statuses) > before else None

    def wanted(self, expires: int | None = 600, event: str = "door", *more: str, **parts: Any) -> PeerSubscription:
        """The peer wants to subscribe; returns the subscription, which waits for our word."""
        assert self.asked(expires, event, *more, **parts) is None
        told = self.events[-1]
        assert isinstance(told, SubscriptionRequested)
        return told.subscription

    def active(
        self, expires: int | None = 600, event: str = "door", *more: str, body: bytes = OPEN, **parts: Any
    ) -> PeerSubscription:
        """A subscription that we have granted, and whose first NOTIFY is answered."""
        subscription = self.wanted(expires, event, *more, **parts)
        self.take(subscription.accept(body, TEXT, now=self.now))
        self.answer()
        return subscription

    def again(self, subscription: PeerSubscription, expires: int | None = 600, *more: str, **parts: Any) -> int | None:
        """A further SUBSCRIBE of the peer, in the dialog; returns the status of its answer."""
        parts.setdefault("to", subscription.dialog.local)
        parts.setdefault("event", subscription.event)
        return self.asked(expires, parts.pop("event"), *more, **parts)

    # ---------------------------------------------------------------- NOTIFY

    def answer(self, status: int = 200, notify: Request | None = None, **parts: Any) -> None:
        """The peer answers a NOTIFY, by default the last one."""
        self.receive(self.response(notify or self.notify, status, **parts))

    @property
    def notify(self) -> Request:
        """The last NOTIFY."""
        return self.notifies[-1]

    @property
    def notifies(self) -> list[Request]:
        """All of them, each once."""
        found = {m.cseq.number: m for m in self.sent if isinstance(m, Request) and m.method == "NOTIFY"}
        return list(found.values())

    @property
    def states(self) -> list[str]:
        """How they say that the subscription stands."""
        return [notify.header("Subscription-State") or "" for notify in self.notifies]

    @property
    def bodies(self) -> list[bytes]:
        """What they tell."""
        return [notify.body for notify in self.notifies]
