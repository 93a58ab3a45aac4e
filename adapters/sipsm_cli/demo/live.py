"""The stage of one part in a process of its own: a socket, and the real clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from sipsm import Call
from sipsm.trace import Recorder
from sipsm_asyncio import UserAgent


class Process:
    """One end in this process: a `Stage`."""

    def __init__(self, agent: UserAgent, recorder: Recorder, name: str) -> None:
        self.agent = agent
        self.recorder = recorder
        self.name = name
        self._asking: set[asyncio.Task[Any]] = set()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something done so many seconds from now."""
        asyncio.get_running_loop().call_later(seconds, action)

    def asks(self, what: str, call: Call, command: str, *args: Any) -> None:
        """Give a command of a call."""
        self.recorder.asked(self.name, what, asyncio.get_running_loop().time())
        done = getattr(self.agent.bound(call), command)(*args)
        if asyncio.iscoroutine(done):
            # A request within the call: its answer comes as an event as well, and nobody waits for it here.
            task = asyncio.ensure_future(done)
            self._asking.add(task)
            task.add_done_callback(self._asked)

    def _asked(self, task: asyncio.Task[Any]) -> None:
        self._asking.discard(task)
        if not task.cancelled():
            # When the agent is closed before, there is none, and the story says so.
            task.exception()
