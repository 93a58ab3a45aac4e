"""A proxy over UDP and TCP, driven by trio. Nothing here knows SIP."""

from __future__ import annotations

from typing import Any

import sipsm
from sipsm import Listening, ProxyEvent
from sipsm_trio.user_agent import Driven


class Proxy(Driven):
    """A proxy: `async with Proxy("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060", route=where) as proxy`.

    `async for` gives its events, each once. Where no `route` is given, `await proxy.do(event.asked.forward, uri)` says
    where a request goes. Keywords: `advertised=(host, port)`, `grace=5.0` seconds, `resolver` (dnspython's), and those
    of `sipsm.Proxy`. Leaving the block waits for what is under way, at most `grace` seconds.
    """

    _kinds = ()
    _made_by = sipsm.Proxy

    def __init__(self, local: Listening | str, *more: Listening | str, **settings: Any) -> None:
        super().__init__(local, *more, **settings)

    async def __anext__(self) -> ProxyEvent:  # type: ignore[override]  # a proxy tells other things
        event: Any = await super().__anext__()
        told: ProxyEvent = event
        return told

    @property
    def proxy(self) -> sipsm.Proxy:
        """The proxy as a machine. Raises `LocalProtocolError` before its block has been entered."""
        made: Any = self.endpoint
        assert isinstance(made, sipsm.Proxy), "it was made by it"
        return made
