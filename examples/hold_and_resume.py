"""Alice puts Bob on hold and takes him back, each by a re-INVITE (RFC 3264 8.4). Under asyncio."""

import asyncio

from sipsm import IncomingCall, ModificationRefused, Modified, OfferReceived
from sipsm.sdp import Codec, Media, Origin, SessionDescription, answer, hold, resume
from sipsm_asyncio import Call, UserAgent


def phone(port: int) -> SessionDescription:
    """What a phone has: one audio stream, at this port."""
    audio = Media.build("audio", port, [Codec("PCMU"), Codec("PCMA")])
    return SessionDescription.build(Origin("-", "1", 1, "127.0.0.1"), [audio], connection="127.0.0.1")


async def bob_answers(bob: UserAgent) -> None:
    """Bob takes the call, and whatever Alice offers later."""
    async for event in bob:
        match event:
            case IncomingCall(core, _, offer):
                bob.bound(core).answer(answer(offer, phone(5000)) or b"")
            case OfferReceived(core, offer):
                call = bob.bound(core)
                call.answer_offer(answer(offer, phone(5000), previous=call.local_sdp) or b"")
                print("Bob: my audio is", SessionDescription.parse(call.local_sdp).streams[0].direction)


async def change(call: Call, offer: SessionDescription) -> None:
    """Offer another session, and wait for what becomes of it."""
    call.offer(offer)
    async for event in call:
        match event:
            case Modified():
                print("Alice: Bob's audio is", SessionDescription.parse(call.remote_sdp).streams[0].direction)
                return
            case ModificationRefused(status=status):
                print("Alice: refused with", status)
                return


async def main() -> None:
    async with UserAgent("udp:127.0.0.1:0") as alice, UserAgent("udp:127.0.0.1:0") as bob:
        answering = asyncio.create_task(bob_answers(bob))
        call = alice.invite(f"sip:bob@{bob.local.sent_by}", offer=phone(4000))
        await call.outcome()
        await change(call, hold(call.local_sdp))
        await change(call, resume(call.local_sdp))
        call.hang_up()
        print("Alice:", (await call.ended()).reason)
        answering.cancel()


asyncio.run(main())
