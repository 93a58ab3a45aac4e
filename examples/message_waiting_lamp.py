"""The lamp of a telephone: it is lit while messages wait in somebody's mailbox (RFC 3842, 6665).

`python message_waiting_lamp.py sip:alice@voicemail.example.com udp:192.0.2.1:5060` watches a mailbox.
"""

import asyncio
import sys
from typing import Any

from sipsm import Event, NotifyReceived, RemoteProtocolError, Subscription, SubscriptionEnded
from sipsm.packages import MessageSummary
from sipsm_asyncio import UserAgent


class Lamp:
    """What is done with the events of an agent, be it on real sockets or in a simulated network."""

    def __init__(self, agent: Any, mailbox: str) -> None:
        self.agent = agent
        self.is_lit: bool | None = None
        """None while nobody knows."""
        self.subscription: Subscription = agent.do(agent.endpoint.subscribe, mailbox, "message-summary")

    def told(self, event: Event) -> None:
        match event:
            case NotifyReceived(request=request) if request.body:
                try:
                    summary = MessageSummary.parse(request.body)
                except RemoteProtocolError as error:
                    print("what the mailbox says cannot be read:", error, flush=True)
                    return
                self.is_lit = summary.waiting
                voice = summary.counts("voice-message")
                print("lit" if summary.waiting else "dark", "" if voice is None else f"({voice.new} new)", flush=True)
            case SubscriptionEnded(reason=reason):
                self.is_lit = None
                print("the mailbox is not watched any more:", reason, flush=True)


async def main(mailbox: str, *local: str) -> None:
    async with UserAgent(*(local or ["udp:127.0.0.1:0"])) as agent:
        lamp = Lamp(agent, mailbox)
        async for event in agent:
            lamp.told(event)
            if isinstance(event, SubscriptionEnded):
                break


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
