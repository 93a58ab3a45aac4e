"""Bob's process: `python -m sipsm_cli.demo.bob`. It answers one call, and lives no longer than its standard input."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from typing import Any

from sipsm import Profile
from sipsm.trace import Recorder
from sipsm_asyncio import UserAgent
from sipsm_cli.demo.live import Process
from sipsm_cli.demo.parts import Bob
from sipsm_cli.demo.wire import to_plain
from sipsm_cli.exits import Exit

TICK_S = 0.02
"""How often the parent is told how late it is here, and so how far it has heard everything."""


async def answer_one_call() -> None:
    """Be bob, until standard input ends."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), over.set)
    recorder = Recorder(lambda record: _tell(record=to_plain(record)))
    profile = Profile(identity="Bob <sip:bob@biloxi.example.com>")
    async with UserAgent("udp:127.0.0.1:0", profile=profile, watcher=recorder.watcher("bob")) as agent:
        host, port = agent.local.address
        bob = Bob(Process(agent, recorder, "bob"), host, secrets.randbits(62))
        _tell(listening=[host, port])
        tasks = [asyncio.ensure_future(_tick()), asyncio.ensure_future(_listen(agent, bob))]
        await over.wait()
        for task in tasks:
            task.cancel()
    _tell(story=bob.story.to_plain())


async def _listen(agent: UserAgent, bob: Bob) -> None:
    async for event in agent:
        bob.told(event)


async def _tick() -> None:
    loop = asyncio.get_running_loop()
    while True:
        _tell(now=loop.time())
        await asyncio.sleep(TICK_S)


def _tell(**what: Any) -> None:
    try:
        print(json.dumps(what), flush=True)
    except BrokenPipeError:
        # Alice's process has ended, and nobody listens. What is left in the buffer must not be written at exit.
        os._exit(Exit.NO_ANSWER)


if __name__ == "__main__":
    asyncio.run(answer_one_call())
