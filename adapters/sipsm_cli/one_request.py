"""A request by itself, whose answer is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

from sipsm import Answered, Dropped, DropReason
from sipsm_asyncio import UserAgent
from sipsm_cli.arguments import Options
from sipsm_cli.exits import Exit
from sipsm_cli.report import Report


class OneRequest:
    """One request outside a call."""

    def __init__(self, agent: UserAgent, options: Options, report: Report) -> None:
        self.agent = agent
        self.options = options
        self.report = report
        self.waiting: asyncio.Task[Any] | None = None

    async def end_of(self, asked: Awaitable[Answered]) -> tuple[Answered, Exit]:
        """Wait for the answer; when none comes, say why."""
        self.waiting = asyncio.current_task()
        telling = asyncio.create_task(self._tell_who_proved_nothing())
        try:
            answered = await asked
        finally:
            telling.cancel()
        self.waiting = None
        if answered.response is None:
            self.report.error(f"{self.options.uri}: {answered.why}")
            return answered, Exit.NO_ANSWER
        return answered, Exit.DONE if answered.status < 300 else Exit.REFUSED

    async def _tell_who_proved_nothing(self) -> None:
        async for event in self.agent:
            if isinstance(event, Dropped) and event.reason is DropReason.NOT_SECURED:
                self.report.dropped(event.reason.value, event.why)

    def end(self) -> None:
        """Wait no longer: what is sent is sent, and nothing has to be undone."""
        if self.waiting is not None:
            self.waiting.cancel()
