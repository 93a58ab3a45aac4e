"""The answer that refuses every stream (RFC 3264 6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.sdp import refuse_all

OFFER = (
    b"v=0\r\no=alice 2890844526 2890844526 IN IP4 host.atlanta.example.com\r\ns=lunch\r\nc=IN IP4 192.0.2.1\r\n"
    b"b=AS:64\r\nt=2873397496 2873404696\r\nt=2873404697 2873404699\r\na=recvonly\r\n"
    b"m=audio 49170/2 RTP/AVP 0 8 97\r\na=rtpmap:0 PCMU/8000\r\nm=video 51372 RTP/SAVP 31\r\n"
    b"m=application 9 TCP/MRCPv2 1\r\n"
)


@pytest.mark.rfc("3264 6")
def test_every_stream_is_refused() -> None:
    """There is an m= line for each of the offer's, in its order, with port zero and the offer's formats."""
    assert refuse_all(OFFER) == (
        b"v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=2873397496 2873404696\r\nt=2873404697 2873404699\r\n"
        b"m=audio 0 RTP/AVP 0 8 97\r\nm=video 0 RTP/SAVP 31\r\nm=application 0 TCP/MRCPv2 1\r\n"
    )


@pytest.mark.rfc("8866 5")
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_lines_may_end_either_way(end: bytes) -> None:
    """A description whose lines end with LF alone is read like any other."""
    assert refuse_all(OFFER.replace(b"\r\n", end)) == refuse_all(OFFER)


def test_an_offer_without_times() -> None:
    """An answer needs a t= line all the same."""
    assert refuse_all(b"") == b"v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"


@given(st.binary())
def test_an_offer_of_any_bytes(offer: bytes) -> None:
    """What the peer calls an offer need not be one: there is an answer to anything, and every line of it ends."""
    answer = refuse_all(offer)
    assert answer.startswith(b"v=0\r\n")
    assert answer.endswith(b"\r\n")
    media = [line for line in answer.split(b"\r\n") if line.startswith(b"m=")]
    assert len(media) == sum(line.startswith(b"m=") for line in offer.replace(b"\r\n", b"\n").split(b"\n"))
