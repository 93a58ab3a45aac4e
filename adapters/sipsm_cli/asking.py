"""`sipsm options`: ask somebody what they can do (RFC 3261 11)."""

from __future__ import annotations

import asyncio
from typing import Any

from sipsm_asyncio import UserAgent
from sipsm_cli.arguments import Options
from sipsm_cli.exits import Exit
from sipsm_cli.report import Report


class Asking:
    """One OPTIONS."""

    def __init__(self, agent: UserAgent, options: Options, report: Report) -> None:
        self.agent = agent
        self.options = options
        self.report = report
        self.waiting: asyncio.Task[Any] | None = None

    async def outcome(self) -> Exit:
        """Ask, and wait for the answer."""
        headers = self.options.header
        accept = [value for name, value in headers if name.lower() == "accept"] or ["application/sdp"]
        others = [line for line in headers if line[0].lower() != "accept"]
        self.waiting = asyncio.current_task()
        answered = await self.agent.options(self.options.uri, accept=accept, headers=others)
        self.waiting = None
        if answered.response is None:
            self.report.error(f"{self.options.uri}: {answered.why}")
            return Exit.NO_ANSWER
        self.report.capabilities(answered.response)
        return Exit.DONE if answered.status < 300 else Exit.REFUSED

    def end(self) -> None:
        """Wait no longer: nothing has to be undone, and nothing can be."""
        if self.waiting is not None:
            self.waiting.cancel()
