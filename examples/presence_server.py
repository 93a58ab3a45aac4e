"""A presence server: takes what people publish of themselves, and tells it to who watches them (RFC 3856, 3903, 6665).

`python presence_server.py udp:192.0.2.1:5060` runs one; who may watch whom is for a real one to ask first.
"""

import asyncio
import sys
from typing import Any

import sipsm
from sipsm_asyncio import UserAgent

PROFILE = sipsm.Profile(event_packages=("presence",), composes=("presence",))


class PresenceServer:
    """What is done with the events of an agent, be it on real sockets or in a simulated network."""

    def __init__(self, agent: Any) -> None:
        self.agent = agent
        self.watchers: dict[sipsm.Uri, dict[sipsm.PeerSubscription, None]] = {}

    def told(self, event: sipsm.Event) -> None:
        match event:
            case sipsm.SubscriptionRequested(subscription, request):
                somebody = sipsm.address_of_record(request.uri)
                self.watchers.setdefault(somebody, {})[subscription] = None
                try:
                    self.agent.do(subscription.accept, *self.presence_of(somebody))
                except sipsm.LocalProtocolError:
                    # Presence is nothing that he reads.
                    self.agent.do(subscription.reject, 406)
            case sipsm.StatePublished(address=somebody):
                presence = self.presence_of(somebody)
                for subscription in tuple(self.watchers.get(somebody, ())):
                    # One may be over already, and its end not told yet.
                    if subscription.state is sipsm.PeerSubscriptionState.ACTIVE:
                        self.agent.do(subscription.notify, *presence)
            case sipsm.PeerSubscriptionEnded(subscription):
                somebody = sipsm.address_of_record(sipsm.Uri.parse(subscription.resource))
                self.watchers[somebody].pop(subscription)
                if not self.watchers[somebody]:
                    del self.watchers[somebody]

    def presence_of(self, somebody: sipsm.Uri) -> tuple[bytes, str]:
        presence = sipsm.compose_presence(somebody, self.agent.endpoint.published(somebody, "presence"))
        return bytes(presence), presence.content_type


async def main(*local: str) -> None:
    async with UserAgent(*local, profile=PROFILE) as agent:
        server = PresenceServer(agent)
        print("presence server at", *(listening.sent_by for listening in agent.listening), flush=True)
        async for event in agent:
            server.told(event)


if __name__ == "__main__":
    asyncio.run(main(*(sys.argv[1:] or ["udp:127.0.0.1:5060"])))
