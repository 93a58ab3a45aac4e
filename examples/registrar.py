"""A registrar: keeps where everybody can be reached, and tells it to who watches that (RFC 3261 10.3, RFC 3680).

`python registrar.py udp:192.0.2.1:5060` runs one; who may register and watch whom is for a real one to ask first.
"""

import asyncio
import sys
from typing import Any

import sipsm
from sipsm.packages.reg import RegInfo, RegisteredContact, Registration
from sipsm_asyncio import UserAgent

PROFILE = sipsm.Profile(registers=(), event_packages=("reg",))


class Registrar:
    """What is done with the events of an agent, be it on real sockets or in a simulated network."""

    def __init__(self, agent: Any) -> None:
        self.agent = agent

    def told(self, event: sipsm.Event) -> None:
        match event:
            case sipsm.SubscriptionRequested(subscription):
                try:
                    self.agent.do(subscription.accept, *self.known(subscription))
                except sipsm.LocalProtocolError:
                    # Registrations are nothing that he reads.
                    self.agent.do(subscription.reject, 406)
            case sipsm.BindingRemoved(address, binding, reason):
                self.tell(address, as_told(binding, reason.value))
            case sipsm.BindingAdded(address) | sipsm.BindingRefreshed(address):
                self.tell(address)

    def tell(self, address: sipsm.Uri, *gone: RegisteredContact) -> None:
        """Tell all who watch an address what holds for it now, and what is gone."""
        for subscription in self.agent.endpoint.peer_subscriptions:
            is_active = subscription.state is sipsm.PeerSubscriptionState.ACTIVE
            if is_active and sipsm.address_of_record(sipsm.Uri.parse(subscription.resource)) == address:
                self.agent.do(subscription.notify, *self.known(subscription, *gone))

    def known(self, subscription: sipsm.PeerSubscription, *gone: RegisteredContact) -> tuple[bytes, str]:
        somebody = sipsm.address_of_record(sipsm.Uri.parse(subscription.resource))
        there = [as_told(binding, "registered") for binding in self.agent.endpoint.bindings(somebody)]
        state = "active" if there else "terminated" if gone else "init"
        registration = Registration(str(somebody), "a", state, (*there, *gone))
        return bytes(RegInfo(subscription.given, registrations=(registration,))), RegInfo.content_type


def as_told(binding: sipsm.Binding, event: str) -> RegisteredContact:
    state, name = "active" if event == "registered" else "terminated", f"c{binding.number}"
    return RegisteredContact(name, str(binding.uri), state, event, call_id=binding.call_id, cseq=binding.cseq)


async def main(*local: str) -> None:
    async with UserAgent(*local, profile=PROFILE) as agent:
        registrar = Registrar(agent)
        print("registrar at", *(listening.sent_by for listening in agent.listening), flush=True)
        async for event in agent:
            registrar.told(event)


if __name__ == "__main__":
    asyncio.run(main(*(sys.argv[1:] or ["udp:127.0.0.1:5060"])))
