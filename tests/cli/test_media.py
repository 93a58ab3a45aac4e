"""The session descriptions of a program that carries no media."""

from __future__ import annotations

import pytest
from attrs import evolve

from sipsm.sdp import Direction, as_description, hold
from sipsm_cli import media

OFFER = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=100 200\r\n"


def streams(sdp: bytes) -> list[str]:
    """The m= lines."""
    return [line for line in sdp.decode().splitlines() if line.startswith("m=")]


def test_an_offer_names_its_address_and_both_codecs() -> None:
    """One audio stream, PCMU or PCMA, at the own address."""
    lines = media.offer("192.0.2.7", 42).decode().split("\r\n")
    assert lines[1] == "o=- 42 1 IN IP4 192.0.2.7"
    assert "c=IN IP4 192.0.2.7" in lines
    assert streams(media.offer("192.0.2.7", 42)) == ["m=audio 49170 RTP/AVP 0 8"]
    assert "c=IN IP6 ::1" in media.offer("::1", 1).decode().split("\r\n")


@pytest.mark.rfc("3264 6", "3264 6.1")
def test_an_answer_has_each_stream_of_the_offer_in_its_place() -> None:
    """As many m= lines as the offer, in its order: what is not taken has port 0, and the times are the offer's."""
    offer = OFFER + b"m=video 5000 RTP/AVP 31\r\nm=audio 5002 RTP/AVP 8 97 0\r\nm=audio 0 RTP/AVP 0\r\n"
    answer = media.answer(offer, "192.0.2.7", 1)
    assert streams(answer) == ["m=video 0 RTP/AVP 31", "m=audio 49170 RTP/AVP 8 0", "m=audio 0 RTP/AVP 0"]
    assert b"\r\nt=100 200\r\n" in answer


@pytest.mark.rfc("3264 6")
def test_nothing_in_common_is_no_answer() -> None:
    """ "If there are no media formats in common for all streams, the entire offered session is rejected.\""""
    for stream in (b"m=video 5000 RTP/AVP 31\r\n", b"m=audio 5000 RTP/AVP 97\r\n", b"m=audio 5000 RTP/SAVP 0\r\n"):
        with pytest.raises(media.NothingInCommon):
            media.answer(OFFER + stream, "192.0.2.7", 1)


@pytest.mark.rfc("3264 6")
def test_an_offer_without_streams_is_answered_without_any() -> None:
    """ "If the offer contained zero "m=" lines, the answer MUST contain zero "m=" lines.\""""
    assert streams(media.answer(OFFER, "192.0.2.7", 1)) == []


@pytest.mark.rfc("3264 6.1")
@pytest.mark.parametrize(
    ("session", "stream", "answered"),
    [
        ("", "", None),
        ("", "sendrecv", None),
        ("", "sendonly", "recvonly"),
        ("", "recvonly", "sendonly"),
        ("", "inactive", "inactive"),
        ("sendonly", "", "recvonly"),
        ("sendonly", "recvonly", "sendonly"),
    ],
)
def test_the_direction_is_turned_round(session: str, stream: str, answered: str | None) -> None:
    """What one end only sends the other only receives, said for the stream or for the whole session."""
    offer = OFFER.decode() + (f"a={session}\r\n" if session else "") + "m=audio 5000 RTP/AVP 0\r\n"
    offer += f"a={stream}\r\n" if stream else ""
    answer = media.answer(offer.encode(), "192.0.2.7", 1).decode().splitlines()
    # Where the offer says it for the stream, so does the answer.
    said = answered or stream
    assert [line[2:] for line in answer if line[2:] in list(Direction)] == ([said] if said else [])


@pytest.mark.rfc("3264 8", "3264 8.1", "3264 8.2")
def test_streams_come_and_go() -> None:
    """A stream that is not wanted any more keeps its place; one that comes takes it. The version rises with each."""
    audio = as_description(media.offer("192.0.2.7", 1))
    both = media.with_streams(audio, ["audio", "video"])
    video = media.with_streams(both, ["video"])
    assert media.with_streams(video, ["video"]) == video
    assert media.with_streams(video, ["audio", "video"]) == both.with_origin(evolve(both.origin, version=4))
    assert streams(bytes(both)) == ["m=audio 49170 RTP/AVP 0 8", "m=video 49172 RTP/AVP 96"]
    assert streams(bytes(video)) == ["m=audio 0 RTP/AVP 0 8", "m=video 49172 RTP/AVP 96"]
    assert [each.origin.version for each in (audio, both, video)] == [1, 2, 3]


@pytest.mark.rfc("3264 8.4")
def test_a_session_is_held_when_no_stream_flows_as_it_should() -> None:
    """By either end, on all streams that there are; what cannot be read is not held."""
    ours = as_description(media.offer("192.0.2.7", 1))
    both = media.with_streams(ours, ["audio", "video"])
    assert not media.is_held(bytes(ours), bytes(ours))
    assert media.is_held(bytes(hold(ours)), bytes(ours))
    assert media.is_held(bytes(both), bytes(hold(both)))
    assert not media.is_held(bytes(both), bytes(hold(both, [0])))
    assert not media.is_held(b"no SDP", bytes(hold(ours)))
    assert not media.is_held(OFFER, OFFER), "nothing is there to be held"


@pytest.mark.rfc("3264 8")
def test_an_answer_goes_on_from_the_one_before() -> None:
    """The same offer again gets the very same answer; another one gets the next version, here while we hold."""
    offer = media.offer("192.0.2.1", 9)
    before = media.answer(offer, "192.0.2.7", 1)
    assert media.answer(offer, "192.0.2.7", 2, previous=before) == before
    held = media.answer(offer, "192.0.2.7", 1, previous=before, direction=Direction.SENDONLY)
    assert held.splitlines()[1] == b"o=- 1 2 IN IP4 192.0.2.7"
    assert b"\r\na=sendonly\r\n" in held


def test_any_bytes_are_read_as_some_description() -> None:
    """What is no SDP has no streams; nothing raises."""
    assert media.summary(b"\xff\xfe=\r\nm=\r\nm=audio 1\r\n") == "no streams"
    assert media.summary(media.offer("192.0.2.7", 1)) == "PCMU PCMA"
