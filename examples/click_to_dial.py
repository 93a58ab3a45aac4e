"""Click to dial: a program has the telephone on somebody's desk call a number, and shows how that goes (RFC 3515).

`python click_to_dial.py sip:desk@192.0.2.5 sip:bob@biloxi.example.com udp:192.0.2.1:0` does it once. No media come near
the program: the call is the telephone's.
"""

import asyncio
import sys
from typing import Any

from sipsm import Event, ReferAccepted, ReferEnded, ReferProgress, Referral
from sipsm_asyncio import UserAgent


class Click:
    """What is done with the events of an agent, be it on real sockets or in a simulated network."""

    def __init__(self, agent: Any, telephone: str, number: str) -> None:
        self.shown: list[str] = []
        self.outcome: bool | None = None
        """Whether somebody has answered; None as long as that is not known."""
        self.referral: Referral = agent.do(agent.endpoint.refer, telephone, number)

    def told(self, event: Event) -> None:
        match event:
            case ReferAccepted(subscribes=subscribes):
                self.show("the telephone is calling" if subscribes else "the telephone is calling, and tells no more")
            case ReferProgress(status=status, reason=reason) if status is not None:
                self.show(f"{status} {reason}")
            case ReferEnded(succeeded=True):
                self.outcome = True
                self.show("they are talking")
            case ReferEnded(status=status, reason=reason):
                self.outcome = False
                self.show(f"it came to nothing: {status or reason}")

    def show(self, text: str) -> None:
        self.shown.append(text)
        print(text, flush=True)


async def main(telephone: str, number: str, *local: str) -> None:
    async with UserAgent(*(local or ["udp:127.0.0.1:0"])) as agent:
        click = Click(agent, telephone, number)
        async for event in agent:
            click.told(event)
            if click.outcome is not None:
                break


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
