"""Whether a peer's answer and its next offer keep to the rules (RFC 3264 6 and 8)."""

from __future__ import annotations

import pytest

from sipsm.errors import RemoteProtocolError
from sipsm.sdp import (
    Origin,
    SessionDescription,
    check_answer,
    check_offer,
    faults_of_answer,
    faults_of_offer,
)
from tests.sdp.samples import BROWSER, PBX, SAMPLES, wire

OFFER = wire("""\
v=0
o=alice 1 1 IN IP4 192.0.2.1
s=-
c=IN IP4 192.0.2.1
t=0 0
m=audio 4000 RTP/AVP 0 97
a=rtpmap:97 iLBC/8000
m=video 0 RTP/AVP 31
m=image 4004 udptl t38
""")
ANSWER = wire("""\
v=0
o=bob 1 1 IN IP4 192.0.2.2
s=-
c=IN IP4 192.0.2.2
t=0 0
m=audio 5000 RTP/AVP 98
a=rtpmap:98 ILBC/8000
m=video 0 RTP/AVP 31
m=image 5004 UDPTL T38
""")


def test_an_answer_to_the_offer() -> None:
    """Other numbers for a codec and other spelling are no fault."""
    assert check_answer(ANSWER, OFFER, strict=True) == SessionDescription.parse(ANSWER)
    read = SessionDescription.parse(ANSWER)
    assert check_answer(read, SessionDescription.parse(OFFER)) is read


@pytest.mark.rfc("3264 6", "3264 6.1", "3264 8.2")
@pytest.mark.parametrize(
    ("old", "new", "rfc", "is_grave"),
    [
        ("m=video 0 RTP/AVP 31\n", "", "3264 6", True),
        ("m=video 0 RTP/AVP 31\n", "m=video 0 RTP/AVP 31\n" * 2, "3264 6", True),
        ("t=0 0", "t=1 0", "3264 6", False),
        ("t=0 0\n", "", "3264 6", False),
        ("m=audio 5000", "m=text 5000", "3264 6.1", True),
        ("m=video 0", "m=audio 0", "3264 6.1", True),
        ("m=video 0", "m=video 5002", "3264 8.2", True),
        ("m=audio 5000 RTP/AVP", "m=audio 5000 RTP/AVPF", "8829 5.8.3", False),
        ("c=IN IP4 192.0.2.2\n", "c=IN IP4 233.252.0.1/1\n", "3264 6.1", True),
        ("RTP/AVP 98", "RTP/AVP 99", "3264 6.1", True),
        ("RTP/AVP 98", "RTP/AVP 8", "3264 6.1", True),
        ("UDPTL T38", "UDPTL other", "3264 6.1", True),
    ],
)
def test_answers_with_a_fault(old: str, new: str, rfc: str, is_grave: bool) -> None:
    """A fault has its section, and stops the answer where both sides would not mean the same session."""
    wrong = ANSWER.replace(wire(old), wire(new))
    assert wrong != ANSWER
    faults = list(faults_of_answer(wrong, OFFER))
    assert {(fault.rfc, fault.is_grave) for fault in faults} == {(rfc, is_grave)}
    with pytest.raises(RemoteProtocolError) as raised:
        check_answer(wrong, OFFER, strict=True)
    assert (raised.value.rfc, raised.value.status) == (rfc, 488)
    if is_grave:
        with pytest.raises(RemoteProtocolError):
            check_answer(wrong, OFFER)
    else:
        assert bytes(check_answer(wrong, OFFER)) == wrong


@pytest.mark.rfc("3264 6.1")
@pytest.mark.parametrize(
    ("offered", "answered", "fault"),
    [
        ("sendrecv", "inactive", None),
        ("sendonly", "recvonly", None),
        ("sendonly", "inactive", None),
        ("recvonly", "sendonly", None),
        ("inactive", "inactive", None),
        ("sendonly", "sendonly", True),
        ("recvonly", "recvonly", True),
        ("sendonly", "sendrecv", False),
        ("recvonly", "sendrecv", False),
        ("inactive", "sendrecv", False),
        ("inactive", "sendonly", False),
    ],
)
def test_directions_of_answers(offered: str, answered: str, fault: bool | None) -> None:
    """Old phones answer sendrecv to a hold, which harms nobody; two that both only send would mean different things."""
    one = OFFER.replace(b"m=video", f"a={offered}\r\nm=video".encode())
    other = ANSWER.replace(b"m=video", f"a={answered}\r\nm=video".encode())
    assert [each.is_grave for each in faults_of_answer(other, one)] == ([] if fault is None else [fault])


def test_a_bundle_only_stream_may_be_answered() -> None:
    """Its port zero is no removal (RFC 8843 6)."""
    offer = OFFER.replace(b"RTP/AVP 31\r\n", b"RTP/AVP 31\r\na=bundle-only\r\n")
    assert check_answer(ANSWER.replace(b"m=video 0", b"m=video 9"), offer, strict=True).media[1].port == 9


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_a_description_follows_on_itself(sample: bytes) -> None:
    """An offer that has not changed is none to complain of (RFC 3264 8)."""
    assert check_offer(sample, sample, strict=True) == SessionDescription.parse(sample)
    assert list(faults_of_offer(SessionDescription.parse(sample), sample)) == []


@pytest.mark.rfc("3264 8", "3264 8.3.2", "6337 5.2.5")
@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"o=alice 1 1": "o=alice 1 2"}, None),
        ({"o=alice 1 1": "o=alice 1 2", "m=audio 4000": "m=audio 4002"}, None),
        ({"o=alice 1 1": "o=alice 1 2", "m=image": "m=text 5 RTP/AVP 98\r\nm=image"}, None),
        ({"o=alice 1 1": "o=alice 1 2", "m=video 0 RTP/AVP 31": "m=audio 9 RTP/AVP 31"}, None),
        (
            {"o=alice 1 1": "o=alice 1 2", "0 97": "0 96 97", "a=rtpmap:97": "a=rtpmap:96 iLBC/8000\r\na=rtpmap:97"},
            None,
        ),
        ({"o=alice 1 1": "o=alice 1 2", "m=image 4004 udptl t38": ""}, ("3264 8", True)),
        ({"m=audio 4000": "m=audio 4002"}, ("3264 8", False)),
        ({"o=alice 1 1": "o=alice 1 3"}, ("3264 8", False)),
        ({"o=alice 1 1": "o=alice 1 0"}, ("3264 8", False)),
        ({"o=alice 1 1": "o=alice 2 1"}, ("3264 8", False)),
        ({"192.0.2.1\r\ns": "192.0.2.3\r\ns"}, ("3264 8", False)),
        ({"o=alice 1 1": "o=alice 1 2", "97 iLBC": "97 speex"}, ("3264 8.3.2", False)),
    ],
)
def test_offers_that_follow(changes: dict[str, str], fault: tuple[str, bool] | None) -> None:
    """A later offer may change nearly all, but has as many streams at least, and a version that is one higher."""
    new = OFFER
    for old, text in changes.items():
        assert old.encode() in new
        new = new.replace(old.encode(), text.encode())
    faults = [(each.rfc, each.is_grave) for each in faults_of_offer(new, OFFER)]
    assert faults == ([] if fault is None else [fault])
    if fault is not None:
        with pytest.raises(RemoteProtocolError):
            check_offer(new, OFFER, strict=True)
    if fault is not None and fault[1]:
        with pytest.raises(RemoteProtocolError):
            check_offer(new, OFFER)
    else:
        assert bytes(check_offer(new, OFFER)) == new


def test_what_is_no_description_cannot_be_checked() -> None:
    """It is refused as such."""
    for check in (check_answer, check_offer):
        with pytest.raises(RemoteProtocolError) as raised:
            check(b"x", PBX)
        assert raised.value.status == 400
    assert Origin.parse("a 1 1 IN IP4 b").is_same_session(Origin("a", "1", 9, "b"))
    assert list(faults_of_offer(BROWSER, BROWSER)) == []
