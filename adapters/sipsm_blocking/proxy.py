"""A proxy over UDP and TCP, driven by whoever waits for it: no threads, no tasks. Nothing here knows SIP."""

from __future__ import annotations

from sipsm.endpoint.bound_proxy import BoundProxy
from sipsm_blocking.user_agent import Driven


class Proxy(BoundProxy, Driven):
    """A proxy: `with Proxy("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060", route=where) as proxy`.

    `for event in proxy` gives its events, each once. Where no `route` is given, `proxy.do(event.asked.forward, uri)`
    says where a request goes. Keywords: `advertised=(host, port)`, `grace=5.0` seconds, `resolver` (dnspython's), and
    those of `sipsm.Proxy`. Leaving the block waits for what is under way, at most `grace` seconds.
    """
