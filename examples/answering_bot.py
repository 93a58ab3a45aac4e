"""A bot answers, sends music, and hands the caller's media over to a desk by a re-INVITE, without the caller's doing.

The bot is written with nothing but the standard library around it: `sipsm_blocking` has neither tasks nor threads.
"""

import threading

from sipsm import Ended, Established, IncomingCall, Modified, OfferReceived
from sipsm.sdp import Codec, Connection, Direction, Media, Origin, SessionDescription, move, resume
from sipsm_blocking import UserAgent

MUSIC, DESK = "192.0.2.10", "192.0.2.20"
ALICE = b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"


def music() -> SessionDescription:
    """What the bot answers with: a stream from the music server, which hears nothing."""
    audio = Media.build("audio", 6000, [Codec("PCMU")], direction=Direction.SENDONLY)
    return SessionDescription.build(Origin("bot", "7", 1, MUSIC), [audio], connection=MUSIC)


def bot(agent: UserAgent) -> None:
    """Answer one call, and connect it with the desk."""
    for event in agent.events(timeout=10):
        match event:
            case IncomingCall(core):
                agent.bound(core).answer(music())
            case Established(core):
                # Both changes are one offer: its version is one higher than that of what was described before.
                now = SessionDescription.parse(core.local_sdp)
                agent.bound(core).offer(move(resume(now), DESK).following(now))
            case Modified(core):
                print("bot: the caller talks with the desk")
                agent.bound(core).hang_up()
            case Ended(reason=reason):
                print("bot:", reason)
                return


heard: list[Connection | None] = []


def alice(target: str) -> None:
    """Call the bot, and accept what it offers."""
    with UserAgent("udp:127.0.0.1:0") as agent:
        call = agent.invite(target, offer=ALICE)
        call.outcome(timeout=10)
        for event in call.events(timeout=10):
            if isinstance(event, OfferReceived):
                call.answer_offer(ALICE)
                heard.append(SessionDescription.parse(event.sdp).connection)


with UserAgent("udp:127.0.0.1:0") as agent:
    caller = threading.Thread(target=alice, args=[f"sip:bot@{agent.local.sent_by}"])
    caller.start()
    bot(agent)
caller.join()
print("Alice: my media went to", *heard)
