"""The demo's call between two processes, over UDP on loopback: alice is this one, bob its child."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from asyncio import TaskGroup
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from contextlib import suppress
from heapq import heappop, heappush
from typing import Any

from sipsm import Ended, Profile
from sipsm.trace import Record, Recorder
from sipsm.trace.arrows import Pairing
from sipsm_asyncio import UserAgent
from sipsm_cli import media
from sipsm_cli.demo.live import Process as Stage
from sipsm_cli.demo.parts import Alice
from sipsm_cli.demo.picture import Picture
from sipsm_cli.demo.story import Story, verdict
from sipsm_cli.demo.wire import from_plain
from sipsm_cli.exits import Exit
from sipsm_cli.output import show

PAUSE_S = 0.3
"""What alice waits before each thing that she does in the call."""


class Merged:
    """The records of both processes in the order in which they happened: the clock is the machine's, and the same."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._pairing = Pairing()
        self._waiting: list[tuple[float, int, Record]] = []
        self._count = 0

    def add(self, record: Record) -> None:
        """A record of either process; each gives its own in their order."""
        self._count += 1
        heappush(self._waiting, (record.at, self._count, record))

    def release(self, until: float) -> None:
        """Both processes have told everything up to this time: draw it."""
        while self._waiting and self._waiting[0][0] <= until:
            record = heappop(self._waiting)[2]
            self._picture.take(record, self._pairing.take(record))


class BobsProcess:
    """The parent's end of bob's process."""

    def __init__(self, child: Process) -> None:
        assert child.stdin is not None, "both are pipes"
        assert child.stdout is not None, "both are pipes"
        self._input = child.stdin
        self._output = child.stdout

    async def told(self) -> dict[str, Any]:
        """The next thing that he tells. Raises `EOFError` when his process has ended."""
        line = await self._output.readline()
        if not line:
            raise EOFError("bob's process has ended before the call was over")
        told: dict[str, Any] = json.loads(line)
        return told

    def send_home(self) -> None:
        """Tell him that it is over."""
        self._input.close()


async def between_processes(timeout_s: float | None) -> Exit:
    """Make the call, print its ladder as it happens, then the verdict."""
    # In a session of its own, so that Ctrl-C ends alice, and bob by the end of his standard input.
    bob = (sys.executable, "-m", "sipsm_cli.demo.bob")
    child = await create_subprocess_exec(*bob, stdin=PIPE, stdout=PIPE, start_new_session=True)
    try:
        async with asyncio.timeout(timeout_s):
            code, lines = verdict(*await _call(BobsProcess(child)))
    except* (TimeoutError, EOFError, OSError) as failed:
        code, lines = Exit.NO_ANSWER, [f"The call came to nothing: {str(failed.exceptions[0]) or 'it took too long'}."]
    finally:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    show("\n".join(["", *lines]))
    return code


async def _call(bob: BobsProcess) -> tuple[Story, Story]:
    loop = asyncio.get_running_loop()
    host, port = (await bob.told())["listening"]
    picture = Picture(show, loop.time())
    merged = Merged(picture)
    recorder = Recorder(merged.add)
    profile = Profile(identity="Alice <sip:alice@atlanta.example.com>")
    agent = UserAgent("udp:127.0.0.1:0", profile=profile, watcher=recorder.watcher("alice"))
    async with agent, TaskGroup() as tasks:
        picture.head("Alice calls bob: two processes, UDP on loopback.", agent.local.sent_by, f"{host}:{port}")
        heard = tasks.create_task(_hear(bob, merged))
        alice = Alice(Stage(agent, recorder, "alice"), PAUSE_S)
        recorder.asked("alice", "calls bob", loop.time())
        agent.invite(f"sip:bob@{host}:{port}", offer=media.offer("127.0.0.1", secrets.randbits(62)))
        async for event in agent:
            alice.told(event)
            if isinstance(event, Ended):
                break
        bob.send_home()
        bobs_story = await heard
    merged.release(loop.time())
    picture.settle()
    return alice.story, bobs_story


async def _hear(bob: BobsProcess, merged: Merged) -> Story:
    """Take what bob's process tells until his story, which is the last thing."""
    while "story" not in (told := await bob.told()):
        if "record" in told:
            merged.add(from_plain(told["record"]))
        else:
            # He writes everything in its order: up to this time nothing is missing, neither his nor ours.
            merged.release(told["now"])
    return Story.from_plain(told["story"])
