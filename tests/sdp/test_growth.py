"""Reading, answering and checking take time in proportion to the description, whatever it is made of."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sipsm.errors import RemoteProtocolError
from sipsm.sdp import SessionDescription, answer, faults_of_answer, faults_of_offer, hold, refuse_all
from tests.growth import steps

HEAD = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n"
OURS = SessionDescription.parse(
    f"{HEAD}a=group:BUNDLE\nm=audio 4000 RTP/AVP 0 8\na=rtcp-fb:0 nack\na=extmap:1 urn:a\na=mid:1\n".encode()
)

SHAPES: dict[str, Callable[[int], str]] = {
    "attributes": lambda n: f"{HEAD}m=audio 1 RTP/AVP 0\n" + "a=x:y\n" * n,
    "session attributes": lambda n: HEAD + "a=x:y\n" * n + "m=audio 1 RTP/AVP 0\n" * 100,
    "formats": lambda n: f"{HEAD}m=audio 1 RTP/AVP" + " 0" * n + "\n",
    "rtpmaps": lambda n: f"{HEAD}m=audio 1 RTP/AVP" + " 97" * n + "\n" + "a=rtpmap:97 PCMU/8000\n" * n,
    "streams": lambda n: HEAD + "".join(f"m=audio 1 RTP/AVP 0\na=mid:{i}\n" for i in range(min(n, 1000))),
    "groups": lambda n: f"{HEAD}a=group:BUNDLE" + " 1" * n + "\nm=audio 1 RTP/AVP 0\na=mid:1\n",
    "many groups": lambda n: HEAD + "a=group:BUNDLE 1\n" * n + "m=audio 1 RTP/AVP 0\na=mid:1\n",
    "times": lambda n: HEAD + "t=0 0\nr=1 1 1\n" * n,
    "spaces": lambda n: f"{HEAD}m=audio" + " " * n + "1 RTP/AVP 0\n",
    "spaces at the end": lambda n: f"{HEAD}m=audio 1 RTP/AVP 0" + " " * n + "\n",
    "protocols": lambda n: f"{HEAD}m=audio 1 RTP" + "/AVP" * n + " 0\n",
    "parameters": lambda n: f"{HEAD}m=audio 1 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 " + "a=b;" * n + "\n",
    "connections": lambda n: f"{HEAD}m=audio 1 RTP/AVP 0\n" + "c=IN IP4 233.252.0.1/1\n" * n,
    "feedback": lambda n: f"{HEAD}m=audio 1 RTP/AVP 0\n" + "a=rtcp-fb:0 nack\na=extmap:1 urn:a\n" * n,
}
LIMIT = 4000
"""Entries of the largest description, which is within the limits."""


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_growth_is_linear(shape: Callable[[int], str]) -> None:
    """For four times the description, about four times the work: never sixteen times."""
    small, large = (shape(size).encode() for size in (LIMIT // 4, LIMIT))

    def all_of(data: bytes) -> None:
        refuse_all(data)
        try:
            description = SessionDescription.parse(data)
        except RemoteProtocolError:
            return
        _ = description.streams, description.groups, description.times
        made = answer(description, OURS, multicast=True)
        if made is not None:
            list(faults_of_answer(made, description))
        list(faults_of_offer(hold(description), description))

    assert steps(lambda: all_of(large)) < 6 * steps(lambda: all_of(small)) + 2000
