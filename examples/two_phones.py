"""Alice calls Bob, both under asyncio, over real sockets on this machine."""

import asyncio

from sipsm import IncomingCall
from sipsm_asyncio import UserAgent

SDP = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"


async def answer(bob: UserAgent) -> None:
    async for event in bob:
        if isinstance(event, IncomingCall):
            call = bob.bound(event.call)
            call.ring()
            call.answer(SDP)
            print("Bob:", (await call.ended()).reason)
            return


async def main() -> None:
    async with UserAgent("udp:127.0.0.1:0") as alice, UserAgent("udp:127.0.0.1:0") as bob:
        answering = asyncio.create_task(answer(bob))
        call = alice.invite(f"sip:bob@{bob.local.sent_by}", offer=SDP)
        print("Alice:", await call.outcome())
        call.hang_up()
        print("Alice:", (await call.ended()).reason)
        await answering


asyncio.run(main())
