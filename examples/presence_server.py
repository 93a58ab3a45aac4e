"""A presence server: takes what people publish of themselves, and tells it to who watches them (RFC 3856, 3903, 6665).

`python presence_server.py udp:192.0.2.1:5060` runs one; who may watch whom is for a real one to ask first.
"""

import asyncio
import sys
from typing import Any

from sipsm import (
    Event,
    LocalProtocolError,
    PeerSubscription,
    PeerSubscriptionEnded,
    PeerSubscriptionState,
    Profile,
    StatePublished,
    SubscriptionRequested,
    Uri,
    address_of_record,
    compose_presence,
)
from sipsm_asyncio import UserAgent

PROFILE = Profile(event_packages=("presence",), composes=("presence",))


class PresenceServer:
    """What is done with the events of an agent, be it on real sockets or in a simulated network."""

    def __init__(self, agent: Any) -> None:
        self.agent = agent
        self.watchers: dict[Uri, dict[PeerSubscription, None]] = {}

    def told(self, event: Event) -> None:
        match event:
            case SubscriptionRequested(subscription, request):
                somebody = address_of_record(request.uri)
                self.watchers.setdefault(somebody, {})[subscription] = None
                try:
                    self.agent.do(subscription.accept, *self.presence_of(somebody))
                except LocalProtocolError:
                    # Presence is nothing that he reads.
                    self.agent.do(subscription.reject, 406)
            case StatePublished(address=somebody):
                presence = self.presence_of(somebody)
                for subscription in tuple(self.watchers.get(somebody, ())):
                    # One may be over already, and its end not told yet.
                    if subscription.state is PeerSubscriptionState.ACTIVE:
                        self.agent.do(subscription.notify, *presence)
            case PeerSubscriptionEnded(subscription):
                somebody = address_of_record(Uri.parse(subscription.resource))
                self.watchers[somebody].pop(subscription)
                if not self.watchers[somebody]:
                    del self.watchers[somebody]

    def presence_of(self, somebody: Uri) -> tuple[bytes, str]:
        presence = compose_presence(somebody, self.agent.endpoint.published(somebody, "presence"))
        return bytes(presence), presence.content_type


async def main(*local: str) -> None:
    async with UserAgent(*local, profile=PROFILE) as agent:
        server = PresenceServer(agent)
        print("presence server at", *(listening.sent_by for listening in agent.listening), flush=True)
        async for event in agent:
            server.told(event)


if __name__ == "__main__":
    asyncio.run(main(*(sys.argv[1:] or ["udp:127.0.0.1:5060"])))
