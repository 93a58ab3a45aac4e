"""`sipsm subscribe`: subscribe to a state, and tell each NOTIFY (RFC 6665 4.1)."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from sipsm import (
    Dropped,
    DropReason,
    Event,
    LocalProtocolError,
    NotifyReceived,
    RefreshFailed,
    Resubscribing,
    SubscriptionActive,
    SubscriptionEnded,
    SubscriptionEndReason,
    SubscriptionPending,
)
from sipsm_asyncio import Subscription, UserAgent
from sipsm_cli.arguments import Options
from sipsm_cli.exits import Exit
from sipsm_cli.report import Report

UNHEARD = frozenset(
    (SubscriptionEndReason.TIMED_OUT, SubscriptionEndReason.TRANSPORT_FAILED, SubscriptionEndReason.NO_NOTIFY)
)
"""Ends by which nobody has said no."""

WANTED = frozenset((SubscriptionEndReason.UNSUBSCRIBED, SubscriptionEndReason.FETCHED))


class Subscribing:
    """One subscription, or one for each notifier that the SUBSCRIBE reaches."""

    def __init__(self, agent: UserAgent, options: Options, report: Report) -> None:
        self.agent = agent
        self.options = options
        self.report = report
        self.first: Subscription | None = None
        self.exit = Exit.DONE

    async def outcome(self) -> Exit:
        """Subscribe, and wait until nothing is left of it."""
        options = self.options
        self.first = self.agent.subscribe(
            options.uri, options.package, expires_s=options.expires, accept=options.accept, headers=options.header
        )
        if options.duration is not None:
            asyncio.get_running_loop().call_later(options.duration, self.end)
        async for event in self.agent:
            self._told(event)
            if isinstance(event, SubscriptionEnded) and not self.agent.endpoint.subscriptions:
                return self.exit
        raise AssertionError("a subscription ends before its agent does")

    def end(self) -> None:
        """Unsubscribe."""
        for subscription in self.agent.subscriptions:
            with suppress(LocalProtocolError):
                # What is being ended already is let go on.
                subscription.unsubscribe()

    def _told(self, event: Event) -> None:
        match event:
            case SubscriptionPending(subscription):
                self.report.subscribed(subscription, "pending")
            case SubscriptionActive(subscription):
                self.report.subscribed(subscription, "active")
            case NotifyReceived(subscription, request, state):
                self.report.notify(subscription, request, state)
            case RefreshFailed(_, status):
                self.report.error(f"{self.options.uri}: not refreshed ({status})")
            case Resubscribing(subscription, reason, after_s):
                self.report.subscribed(subscription, "retrying", reason.value, after=after_s)
            case SubscriptionEnded(subscription, reason):
                code = {} if event.status is None else {"code": event.status}
                self.report.subscribed(subscription, "ended", reason.value, **code)
                if self.first is not None and subscription is self.first.core:
                    self.exit = _exit(reason)
            case Dropped(reason, why):
                if reason is not DropReason.ABSORBED:
                    self.report.dropped(reason.value, why)
            case _:
                pass


def _exit(reason: SubscriptionEndReason) -> Exit:
    """How it went: well if it ended because we wanted it so."""
    if reason in WANTED:
        return Exit.DONE
    return Exit.NO_ANSWER if reason in UNHEARD else Exit.REFUSED
