"""A proxy over UDP and TCP, driven by trio. Nothing here knows SIP."""

from __future__ import annotations

from sipsm.endpoint.bound_proxy import AwaitedProxy
from sipsm_trio.user_agent import Driven


class Proxy(AwaitedProxy, Driven):
    """A proxy: `async with Proxy("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060", route=where) as proxy`.

    `async for` gives its events, each once. Where no `route` is given, `await proxy.do(event.asked.forward, uri)` says
    where a request goes. Keywords: `advertised=(host, port)`, `grace=5.0` seconds, `resolver` (dnspython's), and those
    of `sipsm.Proxy`. Leaving the block waits for what is under way, at most `grace` seconds.
    """
