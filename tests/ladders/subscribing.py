"""A subscriber, and notifiers whose every byte is written by hand."""

from __future__ import annotations

from typing import Any

from sipsm import NotifyReceived, Request, Subscription, SubscriptionEnded
from tests.endpoint.by_hand import Bench

TARGET = "sip:bob@192.0.2.2:5060"


class Subscribing(Bench):
    """Our subscriber, and the handwriting of its notifiers."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.cseqs: dict[str, int] = {}

    # ---------------------------------------------------------------- SUBSCRIBE

    def subscribe(self, event: str = "dialog", expires_s: int | None = 600, **parts: Any) -> Subscription:
        """We subscribe."""
        subscription, outputs = self.endpoint.subscribe(
            parts.pop("target", TARGET), event, expires_s=expires_s, now=self.now, **parts
        )
        self.take(outputs)
        return subscription

    def answer(self, status: int = 200, expires: int | None = 600, *more: str, **parts: Any) -> None:
        """The peer answers our last SUBSCRIBE."""
        headers = [*([] if expires is None or status >= 300 else [f"Expires: {expires}"]), *more]
        self.receive(self.response(self.subscribes[-1], status, headers=headers, **parts))

    def active(self, event: str = "dialog", expires_s: int = 600, **parts: Any) -> Subscription:
        """A subscription of ours that is granted."""
        subscription = self.subscribe(event, expires_s, **parts)
        self.answer(200, expires_s)
        assert self.notify(subscription, f"active;expires={expires_s}") == 200
        return subscription

    @property
    def subscribes(self) -> list[Request]:
        """Our SUBSCRIBE requests, without those that were sent again."""
        found: dict[str, Request] = {}
        for message in self.sent:
            if isinstance(message, Request) and message.method == "SUBSCRIBE":
                found.setdefault(message.branch or "", message)
        return list(found.values())

    # ---------------------------------------------------------------- NOTIFY

    def notify(
        self,
        subscription: Subscription,
        state: str | None = "active",
        *more: str,
        event: str | None = None,
        tag: str = "far",
        contact: str | None = "<sip:bob@192.0.2.2:5060>",
        body: bytes = b"",
        **parts: Any,
    ) -> int:
        """A NOTIFY for the SUBSCRIBE that made a subscription; returns the status of its answer."""
        dialog = subscription.dialog
        cseq = self.cseqs[tag] = self.cseqs.get(tag, 0) + 1
        kind = str(subscription.wanted.kind) if event is None else event
        headers = [
            *([f"Event: {kind}"] if kind else []),
            *([] if state is None else [f"Subscription-State: {state}"]),
            *([] if contact is None else [f"Contact: {contact}"]),
            *more,
        ]
        parts.setdefault("from_", f"<sip:bob@192.0.2.2>;tag={tag}")
        parts.setdefault("to", dialog.local)
        parts.setdefault("call_id", dialog.call_id)
        parts.setdefault("cseq", cseq)
        parts.setdefault("content_type", (*subscription.wanted.types, "text/plain")[0])
        self.receive(self.request("NOTIFY", headers=headers, body=body, **parts))
        return self.statuses[-1]

    # ---------------------------------------------------------------- what was told

    @property
    def ends(self) -> list[str]:
        """Why the subscriptions that are over are so."""
        return [event.reason.value for event in self.told(SubscriptionEnded)]

    @property
    def bodies(self) -> list[bytes]:
        """What the NOTIFY requests have told."""
        return [event.request.body for event in self.told(NotifyReceived)]
