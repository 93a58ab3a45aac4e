"""The next offers of a session: hold, resume, streams that come, go and change (RFC 3264 8)."""

from __future__ import annotations

import pytest

from sipsm.errors import LocalProtocolError
from sipsm.sdp import (
    Codec,
    Direction,
    Media,
    SessionDescription,
    add_stream,
    change_stream,
    check_offer,
    hold,
    move,
    remove_stream,
    resume,
)
from tests.sdp.samples import PBX, wire

FIRST = SessionDescription.parse(
    wire("""\
v=0
o=alice 1 41 IN IP4 192.0.2.1
s=-
c=IN IP4 192.0.2.1
t=0 0
a=group:LS a v
a=group:FID a
m=audio 4000 RTP/AVP 0 97
a=rtpmap:97 iLBC/8000
a=mid:a
m=video 4002 RTP/AVP 31
c=IN IP4 192.0.2.7
a=recvonly
a=mid:v
m=image 0 udptl t38
""")
)
TEXT = Media.build("text", 4008, [Codec("t140", 1000)])


def follows(new: SessionDescription, previous: SessionDescription = FIRST) -> None:
    """The offer may follow on the one before, with a version one higher."""
    check_offer(bytes(new), previous, strict=True)
    assert new.origin.version == previous.origin.version + 1


@pytest.mark.rfc("3264 8.4", "6337 5.3")
def test_hold_and_resume() -> None:
    """Each stream is held by itself: sendrecv becomes sendonly, recvonly inactive; what is not there stays so."""
    held = hold(FIRST)
    follows(held)
    assert [stream.direction for stream in held.streams][:2] == ["sendonly", "inactive"]
    assert held.media[2] == FIRST.media[2]
    assert hold(held) is held
    resumed = resume(held)
    follows(resumed, held)
    assert [stream.direction for stream in resumed.streams][:2] == ["sendrecv", "sendrecv"]
    one = hold(bytes(FIRST), [1])
    follows(one)
    assert [stream.direction for stream in one.streams][:2] == ["sendrecv", "inactive"]
    assert resume(one, iter([1]), direction="recvonly").streams[1].direction is Direction.RECVONLY
    for_all = FIRST.with_direction("inactive")
    assert [stream.direction for stream in resume(for_all).streams] == ["sendrecv", "sendrecv", "inactive"]


@pytest.mark.rfc("3264 8.1")
def test_a_stream_is_added() -> None:
    """Where one has gone, or where the peer refused one, or below the others."""
    reused = add_stream(FIRST, TEXT)
    follows(reused)
    assert [media.type for media in reused.media] == ["audio", "video", "text"]
    appended = add_stream(FIRST, TEXT, reuse=False)
    follows(appended)
    assert [media.type for media in appended.media] == ["audio", "video", "image", "text"]
    assert add_stream(reused, TEXT).media == (*reused.media, TEXT)
    theirs = FIRST.with_stream(1, FIRST.media[1].disabled())
    refused = add_stream(FIRST, TEXT, theirs=bytes(theirs))
    assert [media.type for media in refused.media] == ["audio", "text", "image"]
    assert refused.attributes_named("group") == ["LS a", "FID a"]


@pytest.mark.rfc("3264 8.2", "5888 9.2")
def test_a_stream_is_removed() -> None:
    """Its port is zero and its place stays; its attributes go, and so does its name from the groups."""
    without = remove_stream(FIRST, 1)
    follows(without)
    assert without.media[1].lines == ("m=video 0 RTP/AVP 31", "a=mid:v")
    assert without.attributes_named("group") == ["LS a", "FID a"]
    assert remove_stream(without, 0).attributes_named("group") == ["LS", "FID"]
    assert remove_stream(FIRST, 2) is FIRST


@pytest.mark.rfc("3264 8.3.1", "3264 8.3.2", "3264 8.3.3")
def test_a_stream_changes() -> None:
    """Port, codecs and type may; what a payload type stands for may not."""
    audio = FIRST.media[0]
    follows(change_stream(FIRST, 0, audio.with_port(4010)))
    follows(change_stream(FIRST, 0, audio.with_formats(["97", "0"])))
    fax = change_stream(FIRST, 0, Media.build("image", 4000, ["t38"], proto="udptl"))
    follows(fax)
    assert fax.attributes_named("group") == ["LS v", "FID"]
    assert change_stream(FIRST, 0, audio) is FIRST
    with pytest.raises(LocalProtocolError, match=r"payload type 97 of stream 0 was iLBC/8000 and is speex/8000"):
        change_stream(FIRST, 0, audio.with_formats([Codec("speex", payload_type=97)]))
    follows(change_stream(FIRST, 2, TEXT))


@pytest.mark.rfc("3264 8.3.1")
def test_media_moves() -> None:
    """All c= lines have the new address, and the o= line, which names the session, the old one."""
    moved = move(FIRST, "2001:db8::9")
    follows(moved)
    assert [str(stream.connection) for stream in moved.streams] == ["IN IP6 2001:db8::9"] * 3
    assert move(moved, "2001:db8::9") is moved


def test_several_changes_are_one_offer() -> None:
    """Made one after the other, they raise the version by one when they follow on what was said last."""
    together = remove_stream(hold(move(FIRST, "192.0.2.9")), 1).following(FIRST)
    follows(together)


@pytest.mark.parametrize(
    "change",
    [
        lambda: remove_stream(FIRST, 3),
        lambda: remove_stream(FIRST, -1),
        lambda: change_stream(FIRST, 3, TEXT),
        lambda: hold(FIRST, [3]),
        lambda: resume(FIRST, [-1]),
        lambda: move(FIRST, "not an address"),
    ],
)
def test_a_stream_that_is_not_there(change: object) -> None:
    """It cannot be changed, and nothing else is."""
    assert callable(change)
    with pytest.raises(LocalProtocolError):
        change()


def test_a_held_call_of_a_pbx() -> None:
    """A change touches one line, and the version."""
    held = hold(PBX)
    before, after = SessionDescription.parse(PBX).media[0].lines, held.media[0].lines
    assert [line for line in after if line not in before] == ["a=sendonly"]
    assert [line for line in before if line not in after] == ["a=sendrecv"]
