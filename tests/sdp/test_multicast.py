"""Streams of groups: of a multicast conference that one is invited to (RFC 3264 5.2 and 6.2)."""

from __future__ import annotations

import pytest

from sipsm.sdp import (
    Bandwidth,
    Codec,
    Connection,
    Media,
    Origin,
    SessionDescription,
    answer,
    check_answer,
    faults_of_answer,
    hold,
    move,
)
from tests.sdp.samples import wire

CONFERENCE = wire("""\
v=0
o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1
s=SDP Seminar
c=IN IP4 233.252.0.12/127
b=CT:384
t=3724394400 3754123200
a=recvonly
m=audio 49170 RTP/AVP 0 8 97
b=AS:64
a=rtpmap:97 L16/44100/2
a=fmtp:97 emphasis=50-15
a=ptime:40
a=mid:floor
m=video 51372/2 RTP/AVP 31 99
c=IN IP4 233.252.0.20/15/2
a=rtpmap:99 h263-1998/90000
a=sendrecv
""")
OURS = SessionDescription.build(
    Origin("bob", "7", 1, "192.0.2.4"),
    [
        Media.build("audio", 4000, [Codec("L16", 44100, 2), Codec("PCMU")], attributes=[("ptime", "20"), "rtcp-mux"]),
        Media.build(
            "video", 4002, [Codec("H261", 90000)], attributes=[("ptime", "30")], bandwidths=[Bandwidth("AS", 9)]
        ),
    ],
    connection="192.0.2.4",
)


@pytest.mark.rfc("3264 5.2", "3264 6.2")
def test_who_accepts_takes_the_group_s_view() -> None:
    """Address, TTL, ports, direction, packet time and bandwidth are the offer's; formats may only be left out."""
    made = answer(CONFERENCE, OURS, multicast=True)
    assert made is not None
    assert (
        str(made)
        == """\
v=0
o=bob 7 1 IN IP4 192.0.2.4
s=-
c=IN IP4 192.0.2.4
t=3724394400 3754123200
m=audio 49170 RTP/AVP 0 97
c=IN IP4 233.252.0.12/127
b=AS:64
a=rtpmap:97 L16/44100/2
a=fmtp:97 emphasis=50-15
a=ptime:40
a=mid:floor
a=recvonly
m=video 51372/2 RTP/AVP 31
c=IN IP4 233.252.0.20/15/2
a=ptime:30
a=sendrecv"""
    )
    assert list(faults_of_answer(made, CONFERENCE)) == []


def test_who_cannot_join_groups_refuses_them() -> None:
    """Without `multicast` such streams are refused; others beside them are not."""
    assert answer(CONFERENCE, OURS) is None
    mixed = CONFERENCE + wire("m=audio 5000 RTP/AVP 0\nc=IN IP4 198.51.100.1\n")
    made = answer(mixed, OURS)
    assert made is not None
    assert [media.port for media in made.media] == [0, 0, 4000]
    assert made.streams[2].direction == "sendonly"
    both = SessionDescription.build(OURS.origin, [*OURS.media, OURS.media[0].with_port(4004)], connection="192.0.2.4")
    made = answer(mixed, both, multicast=True)
    assert made is not None
    assert [media.port for media in made.media] == [49170, 51372, 4004]


@pytest.mark.rfc("3264 5.2")
@pytest.mark.parametrize(
    ("offered", "have", "accepted"),
    [
        ("recvonly", "recvonly", True),
        ("recvonly", "sendrecv", True),
        ("recvonly", "sendonly", False),
        ("sendonly", "sendonly", True),
        ("sendonly", "recvonly", False),
        ("sendrecv", "recvonly", True),
        ("inactive", "sendonly", True),
    ],
)
def test_in_a_group_direction_means_all_who_take_part(offered: str, have: str, accepted: bool) -> None:
    """A stream that is listed recvonly is one that everybody receives: who can only send has no use for it."""
    offer = CONFERENCE.replace(b"a=recvonly", b"a=" + offered.encode())
    made = answer(offer, OURS.with_direction(have), multicast=True)
    assert made is not None
    assert (made.media[0].port != 0) is accepted
    if accepted:
        assert made.streams[0].direction == offered


def test_a_group_of_ours_is_none_of_a_unicast_stream() -> None:
    """A stream that we know as a group's is no answer to one of two parties, and the other way round it is."""
    group = SessionDescription.parse(CONFERENCE).with_direction("sendrecv")
    unicast = group.with_connections("192.0.2.4").with_stream(1, group.media[1].with_connections("192.0.2.4"))
    assert answer(unicast, group, multicast=True) is None
    made = answer(CONFERENCE, unicast, multicast=True)
    assert made is not None
    assert check_answer(made, CONFERENCE).streams[0].connection == Connection("233.252.0.12", 127)


@pytest.mark.rfc("3264 8.4", "3264 8.3.1")
def test_a_group_is_not_put_on_hold_and_does_not_move() -> None:
    """Hold asks one peer for silence; a group's address is everybody's."""
    conference = SessionDescription.parse(CONFERENCE)
    assert hold(conference) is conference
    assert move(conference, "192.0.2.9") is conference


@pytest.mark.rfc("3264 6.2")
@pytest.mark.parametrize(
    ("old", "new", "is_grave"),
    [
        ("c=IN IP4 233.252.0.12/127", "c=IN IP4 233.252.0.13/127", True),
        ("c=IN IP4 233.252.0.12/127", "c=IN IP4 233.252.0.12/126", True),
        ("c=IN IP4 233.252.0.20/15/2", "c=IN IP4 233.252.0.20/15", True),
        ("c=IN IP4 233.252.0.20/15/2", "c=IN IP4 192.0.2.4", True),
        ("m=audio 49170", "m=audio 49172", True),
        ("m=video 51372/2", "m=video 51372", True),
        ("a=recvonly", "a=sendonly", True),
        ("RTP/AVP 0 97", "RTP/AVP 0 97 3", True),
        ("a=ptime:40", "a=ptime:20", False),
        ("b=AS:64", "b=AS:65", False),
    ],
)
def test_answers_that_leave_the_group(old: str, new: str, is_grave: bool) -> None:
    """Whatever of the group's view an answer changes is a fault."""
    made = answer(CONFERENCE, OURS, multicast=True)
    assert made is not None
    wrong = bytes(made).replace(old.encode(), new.encode())
    assert [(fault.rfc, fault.is_grave) for fault in faults_of_answer(wrong, CONFERENCE)] == [("3264 6.2", is_grave)]
