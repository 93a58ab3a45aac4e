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

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Have something done so many seconds from now."""
        asyncio.get_running_loop().call_later(seconds, action)

    def asks(self, what: str, call: Call, command: str, *args: Any) -> None:
        """Give a command of a call."""
        self.recorder.asked(self.name, what, asyncio.get_running_loop().time())
        getattr(self.agent.bound(call), command)(*args)
