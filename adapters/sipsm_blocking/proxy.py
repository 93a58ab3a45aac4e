"""A proxy over UDP and TCP, driven by whoever waits for it: no threads, no tasks. Nothing here knows SIP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sipsm
from sipsm import Listening, ProxyEvent
from sipsm_blocking.user_agent import Driven


class Proxy(Driven):
    """A proxy: `with Proxy("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060", route=where) as proxy`.

    `for event in proxy` gives its events, each once. Where no `route` is given, `proxy.do(event.asked.forward, uri)`
    says where a request goes. Keywords: `advertised=(host, port)`, `grace=5.0` seconds, `resolver` (dnspython's), and those
    of `sipsm.Proxy`. Leaving the block waits for what is under way, at most `grace` seconds.
    """

    _kinds = ()
    _made_by = sipsm.Proxy

    def __init__(self, local: Listening | str, *more: Listening | str, **settings: Any) -> None:
        super().__init__(local, *more, **settings)

    def events(self, timeout: float | None = None) -> Iterator[ProxyEvent]:  # type: ignore[override]
        """The events, each once, as they come within `timeout` seconds; by default for ever. A proxy has its own."""
        events: Iterator[Any] = super().events(timeout)
        return events

    def __iter__(self) -> Iterator[ProxyEvent]:  # type: ignore[override]
        return self.events()

    @property
    def proxy(self) -> sipsm.Proxy:
        """The proxy as a machine. Raises `LocalProtocolError` before its block has been entered."""
        made: Any = self.endpoint
        assert isinstance(made, sipsm.Proxy), "it was made by it"
        return made
