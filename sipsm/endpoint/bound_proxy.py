"""A proxy bound to a socket: what every adapter's `Proxy` has, and no adapter should decide."""

from __future__ import annotations

from typing import Any

from sipsm.endpoint.awaited import Awaited
from sipsm.endpoint.bound import BoundAgent
from sipsm.endpoint.proxy import Proxy, ProxyEvent
from sipsm.transport import Listening


class BoundProxy(BoundAgent):
    """A proxy on its sockets. It takes the keywords of `sipsm.Proxy`, and those of an agent on its sockets."""

    _kinds = ()
    _made_by = Proxy

    def __init__(self, local: Listening | str, *more: Listening | str, **settings: Any) -> None:
        super().__init__(local, *more, **settings)

    @property
    def proxy(self) -> Proxy:
        """The proxy as a machine. Raises `LocalProtocolError` before its block has been entered."""
        made: Any = self.endpoint
        assert isinstance(made, Proxy), "it was made by it"
        return made


class AwaitedProxy(Awaited, BoundProxy):
    """One that tasks can wait for: `async for` gives what a proxy tells."""

    async def __anext__(self) -> ProxyEvent:  # type: ignore[override]  # a proxy tells other things than a user agent
        event: Any = await super().__anext__()
        told: ProxyEvent = event
        return told
