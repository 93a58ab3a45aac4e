"""`sipsm refer`: ask somebody to contact another, and tell how that goes (RFC 3515)."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from sipsm import (
    Dropped,
    DropReason,
    Event,
    LocalProtocolError,
    ReferAccepted,
    ReferEnded,
    ReferProgress,
    SubscriptionStatus,
)
from sipsm.message.headers import SUBSCRIPTION_STATE
from sipsm_asyncio import Referral, UserAgent
from sipsm_cli.arguments import Options
from sipsm_cli.exits import Exit
from sipsm_cli.report import Report
from sipsm_cli.subscribing import UNHEARD


class Referring:
    """One REFER outside a call."""

    def __init__(self, agent: UserAgent, options: Options, report: Report) -> None:
        self.agent = agent
        self.options = options
        self.report = report
        self.referral: Referral | None = None
        self.waiting: asyncio.Task[Any] | None = None

    async def outcome(self) -> Exit:
        """Ask, and wait until nothing more is told of it."""
        options = self.options
        self.waiting = asyncio.current_task()
        self.referral = self.agent.refer(options.uri, options.target, headers=options.header)
        async for event in self.agent:
            told(self.report, event)
            if isinstance(event, ReferAccepted) and not event.subscribes:
                # It is done, and nobody tells how that goes (RFC 7614 5).
                return Exit.DONE
            if isinstance(event, ReferEnded):
                if event.status is None and event.reason in UNHEARD:
                    self.report.error(f"{options.uri}: no answer")
                    return Exit.NO_ANSWER
                return Exit.DONE if event.succeeded else Exit.REFUSED
        raise AssertionError("a REFER ends before its agent does")

    def end(self) -> None:
        """Hear no more of it. As long as nothing has been told, there is nothing to end: what is asked is asked."""
        if self.referral is None or self.waiting is None:
            return
        if self.referral.core.subscription.state is SubscriptionStatus.WAITING:
            self.waiting.cancel()
            return
        with suppress(LocalProtocolError):
            # What is being ended already is let go on.
            self.referral.unsubscribe()


def told(report: Report, event: Event) -> None:
    """Tell what is told of a REFER of ours, and what came to nothing."""
    match event:
        case ReferProgress(referral, _, _, request):
            state = request[SUBSCRIPTION_STATE]
            assert state is not None, "one without it is refused"
            report.notify(referral.subscription, request, state)
        case ReferEnded(referral, status, reason):
            code = {} if status is None else {"code": status}
            report.subscribed(referral.subscription, "ended", reason.value, **code)
        case Dropped(reason, why):
            if reason is not DropReason.ABSORBED:
                report.dropped(reason.value, why)
        case _:
            pass
