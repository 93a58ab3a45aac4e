"""Answers to offers of unicast streams (RFC 3264 6 and 6.1)."""

from __future__ import annotations

from itertools import product

import pytest

from sipsm.errors import RemoteProtocolError
from sipsm.sdp import (
    Codec,
    Direction,
    Media,
    Origin,
    SessionDescription,
    Stream,
    answer,
    check_answer,
    faults_of_answer,
    hold,
    refuse_all,
)
from tests.sdp.samples import BROWSER, CHAT, FAX, HELD_BY_AN_OLD_PHONE, IMS, PBX, ROOM_SYSTEM, SRTP_PHONE, wire

BOB = Origin("bob", "2890844730", 2890844730, "host.example.com")
EVENTS = Codec("telephone-event", fmtp="0-15")
AUDIO = Media.build("audio", 49920, [Codec("PCMU"), Codec("PCMA"), EVENTS])
VIDEO = Media.build("video", 53000, [Codec("MPV", 90000)])


def ours(*media: Media, **more: object) -> SessionDescription:
    """What Bob has."""
    return SessionDescription.build(BOB, media, connection="host.example.com", **more)  # type: ignore[arg-type]


def offer(*lines: str, session: str = "") -> bytes:
    """An offer of Alice's with these lines."""
    head = f"v=0\no=alice 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n{session}"
    return wire(head + "".join(f"{line}\n" for line in lines))


def answered(sdp: bytes, have: SessionDescription, **how: object) -> SessionDescription:
    """The answer that there must be, which keeps to the rules."""
    made = answer(sdp, have, **how)  # type: ignore[arg-type]
    assert made is not None
    assert list(faults_of_answer(made, sdp)) == []
    assert SessionDescription.parse(bytes(made)) == made
    return made


def stream(made: SessionDescription, index: int = 0) -> Stream:
    """One of its streams."""
    return made.streams[index]


@pytest.mark.rfc("3264 6", "3264 6.1", "3264 10.1")
def test_the_basic_exchange() -> None:
    """Bob takes the audio and the second video stream of RFC 3264 10.1, and refuses the first."""
    alice = wire("""\
v=0
o=alice 2890844526 2890844526 IN IP4 host.anywhere.com
s=
c=IN IP4 host.anywhere.com
t=0 0
m=audio 49170 RTP/AVP 0
a=rtpmap:0 PCMU/8000
m=video 51372 RTP/AVP 31
a=rtpmap:31 H261/90000
m=video 53000 RTP/AVP 32
a=rtpmap:32 MPV/90000
""")
    assert (
        str(answered(alice, ours(AUDIO, VIDEO)))
        == """\
v=0
o=bob 2890844730 2890844730 IN IP4 host.example.com
s=-
c=IN IP4 host.example.com
t=0 0
m=audio 49920 RTP/AVP 0
a=rtpmap:0 PCMU/8000
m=video 0 RTP/AVP 31
m=video 53000 RTP/AVP 32
a=rtpmap:32 MPV/90000"""
    )


@pytest.mark.rfc("3264 6.1")
@pytest.mark.parametrize(
    ("offered", "have", "expected"),
    [
        ("sendrecv", "sendrecv", "sendrecv"),
        ("sendrecv", "sendonly", "sendonly"),
        ("sendrecv", "recvonly", "recvonly"),
        ("sendrecv", "inactive", "inactive"),
        ("sendonly", "sendrecv", "recvonly"),
        ("sendonly", "sendonly", "inactive"),
        ("sendonly", "recvonly", "recvonly"),
        ("sendonly", "inactive", "inactive"),
        ("recvonly", "sendrecv", "sendonly"),
        ("recvonly", "sendonly", "sendonly"),
        ("recvonly", "recvonly", "inactive"),
        ("recvonly", "inactive", "inactive"),
        ("inactive", "sendrecv", "inactive"),
        ("inactive", "sendonly", "inactive"),
        ("inactive", "recvonly", "inactive"),
        ("inactive", "inactive", "inactive"),
    ],
)
def test_directions_are_mirrored(offered: str, have: str, expected: str) -> None:
    """What the peer would send we may receive, and what it would receive we may send, as far as we want either."""
    made = answered(offer("m=audio 4000 RTP/AVP 0", f"a={offered}"), ours(AUDIO.with_direction(have)))
    assert stream(made).direction == expected
    for_all = answered(offer("m=audio 4000 RTP/AVP 0", session=f"a={offered}\n"), ours(AUDIO, direction=have))
    assert stream(for_all).direction == expected


@pytest.mark.rfc("3264 6.1")
def test_codecs_in_common_keep_the_offer_s_numbers_and_order() -> None:
    """The offer's payload types and order are taken, our parameters, and ours of the order where we say so."""
    have = ours(Media.build("audio", 4000, [Codec("PCMU"), Codec("opus", 48000, 2, fmtp="useinbandfec=1"), EVENTS]))
    sdp = offer("m=audio 4000 RTP/AVP 8 111 0 101", "a=rtpmap:111 OPUS/48000/2", "a=rtpmap:101 telephone-event/8000")
    made = answered(sdp, have)
    assert made.media[0].lines == (
        "m=audio 4000 RTP/AVP 111 0 101",
        "a=rtpmap:111 OPUS/48000/2",
        "a=fmtp:111 useinbandfec=1",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-15",
    )
    assert answered(sdp, have, prefer_ours=True).media[0].formats == ("0", "111", "101")
    assert answered(offer("m=audio 4000 RTP/AVP 0 0 0"), have).media[0].formats == ("0",)


@pytest.mark.rfc("3264 6", "3264 6.1")
@pytest.mark.parametrize(
    "lines",
    [
        ["m=audio 4000 RTP/AVP 18"],
        ["m=audio 4000 RTP/AVP 96"],
        ["m=audio 4000 RTP/AVP 96", "a=rtpmap:96 PCMU/16000"],
        ["m=audio 4000 RTP/AVP 18 101", "a=rtpmap:101 telephone-event/8000"],
        ["m=audio 4000 RTP/SAVP 0"],
        ["m=image 4000 udptl t38"],
        ["m=message 4000 TCP/MSRP *"],
        ["m=video 4000 RTP/AVP 0"],
    ],
)
def test_nothing_acceptable(lines: list[str]) -> None:
    """Where no stream has a format in common there is no answer, but a refusal of the offer."""
    assert answer(offer(*lines), ours(AUDIO)) is None
    beside_one = answered(offer(*lines, "m=audio 5000 RTP/AVP 0"), ours(AUDIO))
    assert [media.port for media in beside_one.media] == [0, 49920]


def test_a_stream_of_key_presses_alone() -> None:
    """Formats that accompany others are enough where the offer has nothing else, as in RFC 3264 10.1."""
    made = answered(offer("m=audio 4 RTP/AVP 110", "a=rtpmap:110 telephone-event/8000", "a=recvonly"), ours(AUDIO))
    assert made.media[0].formats == ("110",)
    assert stream(made).direction is Direction.SENDONLY


@pytest.mark.rfc("3264 6")
def test_streams_are_matched_by_their_order() -> None:
    """Each of ours is used once; what is more in the offer is refused, in its place."""
    other = AUDIO.with_port(49930)
    sdp = offer(*["m=audio 4000 RTP/AVP 0", "m=video 4002 RTP/AVP 32", "m=audio 4004 RTP/AVP 8"] * 2)
    made = answered(sdp, ours(VIDEO, AUDIO, other))
    assert [media.port for media in made.media] == [49920, 53000, 49930, 0, 0, 0]
    zero = answered(offer("m=audio 0 RTP/AVP 0", "m=audio 4000 RTP/AVP 0"), ours(AUDIO))
    assert [media.port for media in zero.media] == [0, 49920]
    assert [media.port for media in answered(offer("m=audio 0 RTP/AVP 0"), ours(AUDIO)).media] == [0]
    assert answered(offer(), ours(AUDIO)).media == ()
    assert answer(offer("m=audio 4000 RTP/AVP 0"), ours(AUDIO.with_port(0))) is None


@pytest.mark.rfc("3264 8")
def test_a_stream_keeps_what_it_has() -> None:
    """In a later answer a stream has the port that it had, even if one before it comes to life."""
    first = answered(offer("m=audio 0 RTP/AVP 0", "m=audio 4000 RTP/AVP 0"), ours(AUDIO))
    again = offer("m=audio 4002 RTP/AVP 0", "m=audio 4000 RTP/AVP 0")
    second = answered(again, ours(AUDIO), previous=first)
    assert second is first
    third = answered(again, ours(AUDIO, AUDIO.with_port(49930)), previous=second)
    assert [media.port for media in third.media] == [49930, 49920]
    assert third.origin.version == second.origin.version + 1
    assert answered(again, ours(AUDIO, AUDIO.with_port(49930)), previous=bytes(third)) == third
    gone = answered(offer("m=audio 4002 RTP/AVP 18", "m=audio 4000 RTP/AVP 18", "m=audio 1 RTP/AVP 0"), ours(AUDIO))
    assert [media.port for media in gone.media] == [0, 0, 49920]


@pytest.mark.rfc("3264 8.4", "6337 5.3", "6337 5.4")
def test_hold_is_answered_and_ended() -> None:
    """An old phone's 0.0.0.0 keeps its direction; sendonly gets recvonly; and each side ends its own hold."""
    assert stream(answered(HELD_BY_AN_OLD_PHONE, ours(AUDIO))).direction is Direction.SENDRECV
    call = answered(PBX, ours(AUDIO))
    held = answered(bytes(hold(PBX)), ours(AUDIO), previous=call)
    assert stream(held).direction is Direction.RECVONLY
    assert stream(held).connection == stream(call).connection
    we_too = hold(ours(AUDIO))
    both = answered(bytes(hold(PBX)), we_too, previous=held)
    assert stream(both).direction is Direction.INACTIVE
    assert stream(answered(PBX, we_too, previous=both)).direction is Direction.SENDONLY
    assert stream(answered(PBX, ours(AUDIO), previous=both)).direction is Direction.SENDRECV


@pytest.mark.rfc("3264 6")
def test_times_are_the_offer_s() -> None:
    """With repeats and zone; where the offer has none, the answer has those of a call."""
    times = "t=3724394400 3754123200\nr=7d 1h 0 25h\nz=3730928400 -1h\nt=0 0\n"
    sdp = offer("m=audio 4000 RTP/AVP 0").replace(b"t=0 0\r\n", wire(times))
    have = ours(AUDIO, attributes=["x"])
    assert "\n".join(answered(sdp, have).lines[4:]) == times + "a=x"
    without = sdp.replace(wire(times), b"")
    made = answer(without, have)
    assert made is not None
    assert made.values("t") == ["0 0"]


@pytest.mark.rfc("5888 9.1", "5888 9.2", "5888 9.3")
def test_groups() -> None:
    """Names are the offer's; a group whose meaning we know has the streams that are there; others are left out."""
    lines = [
        "m=audio 30000 RTP/AVP 0",
        "a=mid:1",
        "m=audio 30002 RTP/AVP 18",
        "a=mid:2",
        "m=video 3 RTP/AVP 32",
        "a=mid:3",
    ]
    sdp = offer(*lines, session="a=group:FID 1 2 3\na=group:LS 1 3\na=group:X-NEW 1\na=group:LS\n")
    made = answered(sdp, ours(AUDIO, VIDEO, attributes=[("group", "FID"), ("group", "LS x")]))
    assert [media.mid for media in made.media] == ["1", "2", "3"]
    assert [media.port for media in made.media] == [49920, 0, 53000]
    assert made.attributes_named("group") == ["FID 1 3", "LS 1 3", "LS"]
    assert answered(sdp, ours(AUDIO, VIDEO)).attributes_named("group") == []


BUNDLED = Media.build(
    "audio",
    9,
    [Codec("opus", 48000, 2), Codec("telephone-event", 48000)],
    proto="UDP/TLS/RTP/SAVPF",
    connection="0.0.0.0",
    attributes=[
        ("ice-ufrag", "8hhY"),
        ("ice-pwd", "asd88fgpdd777uzjYhagZg"),
        ("candidate", "1 1 UDP 2130706431 198.51.100.1 8998 typ host"),
        ("fingerprint", "sha-256 00:11"),
        ("setup", "actpass"),
        ("extmap", "7/sendonly urn:ietf:params:rtp-hdrext:sdes:mid"),
        ("extmap", "8 urn:example:other"),
        "rtcp-mux",
        "rtcp-rsize",
        "rtcp-mux-only",
        ("rtcp-fb", "96 transport-cc"),
        ("rtcp-fb", "96 nack"),
        ("mid", "mine"),
    ],
)
CAMERA = Media.build(
    "video",
    9,
    [
        Codec("H264", 90000, fmtp="profile-level-id=42E01f;packetization-mode=1"),
        Codec("VP8", 90000),
        Codec("rtx", 90000, fmtp="apt=96"),
    ],
    proto="UDP/TLS/RTP/SAVPF",
    connection="0.0.0.0",
    attributes=[("rtcp-fb", "* nack pli"), ("setup", "actpass"), ("extmap", "3 urn:ietf:params:rtp-hdrext:sdes:mid")],
)


def test_a_browser_is_answered() -> None:
    """ICE, DTLS, feedback and extensions are ours, with the offer's numbers, where the offer has them as well."""
    have = ours(BUNDLED, CAMERA, attributes=[("group", "BUNDLE"), ("msid-semantic", "WMS *"), "extmap-allow-mixed"])
    made = answered(BROWSER, have)
    assert [media.port for media in made.media] == [9, 9, 0]
    assert made.attributes == [("msid-semantic", "WMS *"), ("extmap-allow-mixed", None), ("group", "BUNDLE 0 1")]
    assert made.media[0].lines == (
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 110",
        "c=IN IP4 0.0.0.0",
        "a=rtpmap:111 opus/48000/2",
        "a=rtpmap:110 telephone-event/48000",
        "a=ice-ufrag:8hhY",
        "a=ice-pwd:asd88fgpdd777uzjYhagZg",
        "a=candidate:1 1 UDP 2130706431 198.51.100.1 8998 typ host",
        "a=fingerprint:sha-256 00:11",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=rtcp-mux",
        "a=rtcp-rsize",
        "a=rtcp-fb:111 transport-cc",
        "a=setup:active",
        "a=mid:0",
        "a=sendrecv",
    )
    assert made.media[1].lines == (
        "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103",
        "c=IN IP4 0.0.0.0",
        "a=rtpmap:96 VP8/90000",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
        "a=rtpmap:102 H264/90000",
        "a=fmtp:102 profile-level-id=42E01f;packetization-mode=1",
        "a=rtpmap:103 rtx/90000",
        "a=fmtp:103 apt=102",
        "a=extmap:4/recvonly urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=setup:active",
        "a=mid:1",
        "a=sendonly",
    )


@pytest.mark.rfc("8839 4.3.2")
def test_ice_is_not_answered_where_it_is_not_offered() -> None:
    """Nor is multiplexing of RTCP; nor does a bundle come about that nobody offered."""
    have = ours(
        BUNDLED, attributes=[("group", "BUNDLE mine"), "ice-lite", ("ice-options", "ice2"), "extmap-allow-mixed"]
    )
    made = answered(offer("m=audio 1 UDP/TLS/RTP/SAVPF 111", "a=rtpmap:111 opus/48000/2", "a=setup:passive"), have)
    assert made.attributes == []
    assert [name for name, _ in made.media[0].attributes] == ["rtpmap", "fingerprint", "setup"]


def test_a_stream_without_a_port_of_its_own() -> None:
    """A bundle-only stream has port zero and is offered all the same (RFC 8843 6), if we know bundles."""
    sdp = offer(
        "m=audio 4000 RTP/AVP 0",
        "a=mid:a",
        "m=video 0 RTP/AVP 32",
        "a=mid:v",
        "a=bundle-only",
        session="a=group:BUNDLE a v\n",
    )
    assert [media.port for media in answered(sdp, ours(AUDIO, VIDEO)).media] == [49920, 0]
    bundling = answered(sdp, ours(AUDIO, VIDEO, attributes=[("group", "BUNDLE")]))
    assert [media.port for media in bundling.media] == [49920, 53000]
    assert bundling.attributes_named("group") == ["BUNDLE a v"]


@pytest.mark.rfc("5763 5")
@pytest.mark.parametrize(
    ("offered", "have", "before", "expected"),
    [
        ("actpass", "actpass", None, "active"),
        ("actpass", "passive", None, "passive"),
        ("actpass", "actpass", "passive", "passive"),
        ("active", "actpass", None, "passive"),
        ("passive", "actpass", None, "active"),
        ("holdconn", "actpass", None, "holdconn"),
        (None, "actpass", None, "passive"),
        ("actpass", None, None, None),
    ],
)
def test_who_opens_the_connection(
    offered: str | None, have: str | None, before: str | None, expected: str | None
) -> None:
    """The answerer takes the role that the offer leaves it, and keeps the one that it has."""
    media = AUDIO if have is None else AUDIO.with_attribute("setup", have)
    sdp = offer("m=audio 1 RTP/AVP 0", *([] if offered is None else [f"a=setup:{offered}"]))
    previous = None if before is None else ours(AUDIO.with_attribute("setup", before))
    made = answered(sdp, ours(media), previous=previous)
    assert made.media[0].attribute("setup") == expected
    if have is not None:
        session = "" if offered is None else f"a=setup:{offered}\n"
        for_all = answered(offer("m=audio 1 RTP/AVP 0", session=session), ours(AUDIO, attributes=[("setup", have)]))
        assert before or for_all.media[0].attribute("setup") == expected


def test_keys_of_srtp() -> None:
    """The first suite of the offer that we have too, by the offer's tag and with our key; without one, no stream."""
    key = "inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR"
    have = Media.build(
        "audio", 5000, [Codec("PCMA")], proto="RTP/SAVP", attributes=[("crypto", f"1 AES_CM_128_HMAC_SHA1_80 {key}")]
    )
    made = answered(SRTP_PHONE, ours(have))
    assert made.media[0].attributes_named("crypto") == [f"2 AES_CM_128_HMAC_SHA1_80 {key}"]
    assert answer(SRTP_PHONE, ours(have.with_attribute("crypto", f"1 F8_128_HMAC_SHA1_80 {key}"))) is None
    assert answer(SRTP_PHONE.replace(b"crypto:2", b"crypto:x"), ours(have)) is None
    assert answered(SRTP_PHONE, ours(have.without_attributes("crypto"))).media[0].attribute("crypto") is None


def test_what_is_no_rtp() -> None:
    """Fax, chat and floor control have formats that are names, and attributes of their own."""
    fax = Media.build("image", 6000, ["T38"], proto="UDPTL", attributes=[("T38FaxVersion", "0")])
    made = answered(FAX, ours(AUDIO, fax))
    assert made.media[0].port == 0
    assert made.media[1].lines == ("m=image 6000 udptl t38", "a=T38FaxVersion:0")
    chat = Media.build(
        "message", 7, ["*"], proto="TCP/MSRP", attributes=[("path", "msrp://b:7/x;tcp"), ("fmtp", "* x")]
    )
    assert answered(CHAT, ours(chat)).media[0].lines == (*chat.lines[:2], "a=fmtp:* x")
    floor = Media.build(
        "application", 9, ["*"], proto="UDP/BFCP", attributes=[("floorctrl", "s-only"), ("setup", "passive")]
    )
    made = answered(ROOM_SYSTEM, ours(AUDIO.with_formats([Codec("G722")]), floor))
    assert [media.port for media in made.media] == [49920, 0, 9, 0, 0]
    assert made.media[2].attributes == [("floorctrl", "s-only"), ("setup", "passive")]


@pytest.mark.rfc("3264 6.1")
def test_parameters_that_configure() -> None:
    """AMR in octets is not AMR in bits: such parameters are of the format, and the right one of several is found."""
    phone = Media.build("audio", 4000, [Codec("AMR-WB", 16000, fmtp="octet-align=1; mode-set=0,2"), EVENTS])
    made = answered(IMS, ours(phone))
    assert made.media[0].formats == ("110", "100")
    assert made.media[0].codecs[0] == Codec("AMR-WB", 16000, payload_type=110, fmtp="octet-align=1; mode-set=0,2")
    none = answer(IMS, ours(phone), agree=lambda offered, have: None)
    assert none is None


@pytest.mark.parametrize(
    ("offered", "have", "accepted"),
    [
        ("profile-level-id=42e01f;packetization-mode=1", "profile-level-id=42E00A;packetization-mode=1", True),
        ("profile-level-id=42e01f;packetization-mode=1", "profile-level-id=42e01f", False),
        ("profile-level-id=42e01f", "profile-level-id=64001f", False),
        ("x=y", "profile-level-id=420020;packetization-mode=0", True),
    ],
)
def test_levels_may_differ_and_profiles_may_not(offered: str, have: str, accepted: bool) -> None:
    """Of H.264 each side says which level it receives; profile and packetization mode are of the format."""
    camera = Media.build("video", 4000, [Codec("H264", 90000, fmtp=have)])
    made = answer(offer("m=video 1 RTP/AVP 99", "a=rtpmap:99 H264/90000", f"a=fmtp:99 {offered}"), ours(camera))
    assert (made is not None) is accepted
    if made is not None:
        assert made.media[0].codecs == [Codec("H264", 90000, payload_type=99, fmtp=have)]


def test_redundancy_without_its_format_is_left_out() -> None:
    """What repeats a format is of no use where that format is not taken."""
    lines = [
        "m=audio 1 RTP/AVP 0 63 97",
        "a=rtpmap:63 red/48000/2",
        "a=fmtp:63 111/111",
        "a=rtpmap:97 red/8000",
        "a=fmtp:97 0/0",
    ]
    have = Media.build("audio", 4000, [Codec("PCMU"), Codec("red", 48000, 2), Codec("red")])
    assert answered(offer(*lines), ours(have)).media[0].formats == ("0", "97")


def test_each_stream_of_ours_may_have_its_own_address() -> None:
    """A refused stream then has a c= line all the same; without a session's, every description needs one."""
    have = SessionDescription.build(BOB, [AUDIO.with_connections("192.0.2.9")], attributes=["a"])
    made = answered(offer("m=video 1 RTP/AVP 31", "m=audio 1 RTP/AVP 0"), have)
    assert [str(each.connections[0]) for each in made.media] == ["IN IP4 0.0.0.0", "IN IP4 192.0.2.9"]
    layered = answered(
        offer("m=audio 1 RTP/AVP 0"), ours(AUDIO.with_port(4000, 2).with_values("k", "prompt"), information="x")
    )
    assert layered.media[0].lines[0] == "m=audio 4000/2 RTP/AVP 0"
    assert layered.information == "x"
    assert layered.media[0].values("k") == []
    keyed = answered(offer("m=audio 1 RTP/AVP 0"), ours(AUDIO).with_values("k", "prompt"))
    assert keyed.values("k") == []


def test_what_is_no_offer() -> None:
    """It cannot be answered but by refusing all."""
    with pytest.raises(RemoteProtocolError):
        answer(b"hello", ours(AUDIO))
    refusal = refuse_all(PBX, previous=ours(AUDIO))
    assert check_answer(refusal, PBX, strict=True).origin == Origin("bob", "2890844730", 2890844731, "host.example.com")


@pytest.mark.parametrize(
    ("one", "other"), [*product([BROWSER, IMS, PBX, SRTP_PHONE, FAX, ROOM_SYSTEM, CHAT], repeat=2)]
)
def test_any_two_answer_each_other(one: bytes, other: bytes) -> None:
    """Whoever meets whom: there is a legal answer or none, and the same two agree completely."""
    made = answer(one, other)
    assert made is None or list(faults_of_answer(made, one)) == []
    if one == other:
        assert made is not None
        assert [media.port for media in made.media] == [media.port for media in SessionDescription.parse(one).media]
