"""`sipsm message`: send somebody an instant message (RFC 3428)."""

from __future__ import annotations

import asyncio
from typing import Any

from sipsm_asyncio import UserAgent
from sipsm_cli.arguments import Options
from sipsm_cli.exits import Exit
from sipsm_cli.report import Report


class Messaging:
    """One MESSAGE."""

    def __init__(self, agent: UserAgent, options: Options, report: Report) -> None:
        self.agent = agent
        self.options = options
        self.report = report
        self.waiting: asyncio.Task[Any] | None = None

    async def outcome(self) -> Exit:
        """Send it, and wait for the answer."""
        self.waiting = asyncio.current_task()
        answered = await self.agent.message(self.options.uri, self.options.body, headers=self.options.header)
        self.waiting = None
        if answered.response is None:
            self.report.error(f"{self.options.uri}: {answered.why}")
            return Exit.NO_ANSWER
        return Exit.DONE if answered.status < 300 else Exit.REFUSED

    def end(self) -> None:
        """Wait no longer: what is sent is sent."""
        if self.waiting is not None:
            self.waiting.cancel()
