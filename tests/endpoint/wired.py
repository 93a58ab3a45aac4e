"""An endpoint on connections, and a peer whose every byte is written by hand."""

from __future__ import annotations

import random
from typing import Any

from sipsm import Dropped, DropReason, Endpoint, Flow, Ids, Open, Send
from sipsm.role import Output
from tests.endpoint.by_hand import OURS, THEIRS, Bench

FROM_THEM = Flow("TCP", OURS, ("192.0.2.2", 33000))
TO_THEM = Flow("TCP", ("192.0.2.1", 40001), THEIRS)
NAME = "sip:bob@192.0.2.2:5060;transport=tcp"


class Wired(Bench):
    """An endpoint on UDP and TCP, to which a peer has made a connection."""

    def __init__(self, *, connected: bool = True, **settings: Any) -> None:
        super().__init__()
        own = ("udp:192.0.2.1:5060", "tcp:192.0.2.1:5060")
        self.endpoint = Endpoint(*own, ids=Ids(random.Random(1)), **settings)
        if connected:
            self.take(self.endpoint.flow_opened(FROM_THEM, self.now))

    def take(self, outputs: list[Output]) -> list[Output]:
        """Note what the endpoint gave, line ends too, which are no message."""
        kept = [output for output in outputs if isinstance(output, Send) and not output.data.strip()]
        super().take([output for output in outputs if output not in kept])
        self.wires += [output.data for output in kept]
        return outputs

    def request(self, method: str, **parts: Any) -> bytes:
        """A request of the peer over TCP."""
        parts.setdefault("via", f"Via: SIP/2.0/TCP 192.0.2.2:5070;branch={parts.pop('branch', None) or self.branch()}")
        return super().request(method, **parts)

    def arrives(self, data: bytes, flow: Flow = FROM_THEM) -> list[Output]:
        """A piece of what the peer sends arrives."""
        return self.take(self.endpoint.receive(data, flow, self.now))

    def opened(self, flow: Flow = TO_THEM) -> list[Output]:
        """The connection that was asked for last is there."""
        return self.take(self.endpoint.flow_opened(flow, self.now, self.told(Open)[-1]))

    def gone(self, flow: Flow) -> list[Output]:
        """A connection is gone."""
        return self.take(self.endpoint.flow_closed(flow, self.now))

    def finished(self, flow: Flow = FROM_THEM) -> list[Output]:
        """The peer has sent its last on a connection."""
        return self.take(self.endpoint.flow_finished(flow, self.now))

    @property
    def drops(self) -> list[DropReason]:
        """Why things have come to nothing so far."""
        return [drop.reason for drop in self.told(Dropped)]
