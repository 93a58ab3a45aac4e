"""A program that calls and is suspended in the middle of the call, and one that goes on: each in its own process.

`python -m tests.adapters.handover begin ADAPTER FILE URI`, then `python -m tests.adapters.handover end ADAPTER FILE`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from sipsm import Ended
from tests.adapters.driving import ADAPTERS, Adapter, done, first, opened
from tests.adapters.peer import SDP


async def begin(adapter: Adapter, file: Path, uri: str) -> None:
    """Call, and be suspended once the call is up."""
    async with opened(adapter.agent("udp:127.0.0.1:0", "tcp:127.0.0.1:0")) as agent:
        call = await done(agent.invite(uri, offer=SDP))
        await done(call.outcome())
        file.write_bytes(await done(agent.suspend()))


async def end(adapter: Adapter, file: Path) -> None:
    """Go on with the call, and hang up."""
    async with opened(adapter.restored(file.read_bytes())) as agent:
        (call,) = agent.calls
        await done(call.hang_up())
        ended = await first(agent, Ended)
        assert ended.call is call.core


if __name__ == "__main__":
    what, name, path, *more = sys.argv[1:]
    adapter = ADAPTERS[name]
    adapter.run(lambda: begin(adapter, Path(path), *more) if what == "begin" else end(adapter, Path(path)))
