"""The answer that refuses every stream (RFC 3264 6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.sdp import SessionDescription, check_answer, faults_of_answer, refuse_all
from tests.sdp.samples import SAMPLES

OFFER = (
    b"v=0\r\no=alice 2890844526 2890844526 IN IP4 host.atlanta.example.com\r\ns=lunch\r\nc=IN IP4 192.0.2.1\r\n"
    b"b=AS:64\r\nt=2873397496 2873404696\r\nt=2873404697 2873404699\r\na=recvonly\r\n"
    b"m=audio 49170/2 RTP/AVP 0 8 97\r\na=rtpmap:0 PCMU/8000\r\na=mid:1\r\na=mid:x\r\nm=video 51372 RTP/SAVP 31\r\n"
    b"m=application 9 TCP/MRCPv2 1\r\n"
)


@pytest.mark.rfc("3264 6", "5888 9.2")
def test_every_stream_is_refused() -> None:
    """There is an m= line for each of the offer's, in its order, with port zero, the offer's formats and its name."""
    refusal = refuse_all(OFFER)
    assert refusal == (
        b"v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=2873397496 2873404696\r\n"
        b"t=2873404697 2873404699\r\nm=audio 0 RTP/AVP 0 8 97\r\na=mid:1\r\nm=video 0 RTP/SAVP 31\r\n"
        b"m=application 0 TCP/MRCPv2 1\r\n"
    )
    assert refuse_all(SessionDescription.parse(OFFER)) == refusal
    assert check_answer(refusal, OFFER, strict=True).is_refused


@pytest.mark.rfc("8866 5")
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_may_end_in_any_way(end: bytes) -> None:
    """A description whose lines end with LF alone is read like any other."""
    assert refuse_all(OFFER.replace(b"\r\n", end)) == refuse_all(OFFER)


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_whatever_is_offered_can_be_refused(sample: bytes) -> None:
    """The refusal is an answer to it."""
    faults = list(faults_of_answer(refuse_all(sample), sample))
    assert [fault.what for fault in faults if sample.count(b"\nt=")] == []


def test_an_offer_without_times() -> None:
    """An answer needs a t= line all the same."""
    nothing = b"v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
    assert refuse_all(b"") == nothing
    assert refuse_all(b"t=now\r\nm\r\na=mid:1\r\n") == nothing


def test_lines_that_are_no_streams_are_refused_as_streams() -> None:
    """Their number is kept, which is all that can be known of them."""
    refusal = SessionDescription.parse(
        refuse_all(b"m=\nm=audio\nm=a b c\nm=text 99999 x \xff\nm=video 5\0 RTP/AVP 31\n")
    )
    assert [media.lines[0] for media in refusal.media] == [*["m=audio 0 RTP/AVP 0"] * 4, "m=video 0 RTP/AVP 31"]


PIECES = st.sampled_from([b"m=", b"t=", b"a=mid:", b"\r\n", b"\n", b"0 ", b"audio ", b"RTP/AVP ", b"\0", b"\xff", b"x"])


@given(st.binary() | st.lists(PIECES).map(b"".join))
def test_an_offer_of_any_bytes(offer: bytes) -> None:
    """What the peer calls an offer need not be one: there is a description that answers anything."""
    answer = SessionDescription.parse(refuse_all(offer))
    lines = offer.replace(b"\r", b"\n").split(b"\n")
    assert len(answer.media) == sum(line.startswith(b"m=") for line in lines)
    assert all(media.port == 0 for media in answer.media)
