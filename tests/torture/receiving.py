"""An endpoint that is given the bytes of a stranger, once, and all that this comes to."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from sipsm import Dropped, Endpoint, Flow, Ids, IncomingCall, Limits, MessageLimits, RequestServed, Response, Send
from sipsm.message import read_message
from sipsm.role import Event
from sipsm.transport import Listening
from tests.endpoint.snapshot import snapshot
from tests.torture.entry import HOSTS

NOW = 1000.0
MOST = 10_000_000
BOUNDLESS = {"limits": Limits(message_bytes=MOST), "message_limits": MessageLimits(MOST, MOST, MOST, MOST, MOST)}
"""For an endpoint that looks at whatever comes, however large."""


@frozen
class Outcome:
    """What an endpoint did with one datagram."""

    endpoint: Endpoint
    sends: Sequence[Send]
    responses: Sequence[Response]
    """What was sent, read again: nothing but responses."""
    events: Sequence[Event]
    unchanged: bool
    """Whether the endpoint is as it was before."""

    @property
    def event(self) -> Event:
        """The one event."""
        assert len(self.events) == 1, self.events
        return self.events[0]

    @property
    def response(self) -> Response:
        """The one response."""
        assert len(self.responses) == 1, self.responses
        return self.responses[0]

    def told(self) -> str:
        """The outcome in one line: statuses sent, and the event with what it says."""
        match self.event:
            case Dropped(reason=reason):
                what = f"dropped {reason}"
            case RequestServed(status=status):
                what = f"served {status}"
            case IncomingCall():
                what = "rings"
            case event:
                what = type(event).__name__
        return " ".join([*(str(response.status) for response in self.responses), what])


def received(data: bytes, at: str = HOSTS[0], source: str = HOSTS[1], **settings: Any) -> Outcome:
    """The outcome of a datagram that comes from the host `source` to an endpoint at the host `at`."""
    bound = ("2001:db8::10" if ":" in source else "192.0.2.1", 5060)
    endpoint = Endpoint(Listening("UDP", bound, (at, 5060)), ids=Ids(random.Random(1)), **settings)
    before = snapshot(endpoint)
    outputs = endpoint.receive(data, Flow("UDP", bound, (source, 5060)), NOW)
    sends = [output for output in outputs if isinstance(output, Send)]
    responses = [read_message(send.data) for send in sends]
    assert all(isinstance(response, Response) for response in responses)
    return Outcome(
        endpoint,
        sends,
        [response for response in responses if isinstance(response, Response)],
        [output for output in outputs if not isinstance(output, Send)],  # type: ignore[misc]
        snapshot(endpoint) == before,
    )
