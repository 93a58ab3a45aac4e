"""Bob plays an announcement before he answers: his 183 is repeated until Alice's PRACK comes (RFC 3262). Under trio."""

import trio

from sipsm import AnswerReceived, Ended, Established, IncomingCall, ProvisionalAcknowledged, Ringing
from sipsm_trio import UserAgent

ALICE = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
BOB = ALICE.replace(b"4000", b"5000")


async def bob_answers(bob: UserAgent) -> None:
    """Announce, and answer when that has been heard of."""
    async for event in bob:
        match event:
            case IncomingCall(core):
                # The answer to Alice's offer is given here, so that media can flow at once.
                await bob.bound(core).ring(183, sdp=BOB, reliable=True)
            case ProvisionalAcknowledged(core):
                print("Bob: she hears the announcement")
                # The 200 needs no description any more.
                await bob.bound(core).answer()


async def main() -> None:
    async with (
        UserAgent("udp:127.0.0.1:0") as alice,
        UserAgent("udp:127.0.0.1:0") as bob,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(bob_answers, bob)
        call = await alice.invite(f"sip:bob@{bob.local.sent_by}", offer=ALICE)
        async for event in call:
            match event:
                case AnswerReceived():
                    print("Alice: media from port 5000, though nobody has answered")
                case Ringing(response=response):
                    print("Alice:", response.status, response.reason)
                case Established():
                    print("Alice: answered")
                    await call.hang_up()
                case Ended(reason=reason):
                    print("Alice:", reason)
        nursery.cancel_scope.cancel()


trio.run(main)
