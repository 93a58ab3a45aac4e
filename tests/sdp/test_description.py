"""Session descriptions, read and written without loss (RFC 8866)."""

from __future__ import annotations

import copy
import pickle

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.sdp import (
    Bandwidth,
    Codec,
    Connection,
    Direction,
    Media,
    Origin,
    Repeat,
    SessionDescription,
    Timing,
    ZoneAdjustment,
    as_bytes,
    as_description,
)
from sipsm.sdp.description import MAX_BYTES, MAX_LINES, MAX_STREAMS
from tests.sdp.samples import ANNOUNCED, ATM, BROWSER, HELD_BY_AN_OLD_PHONE, ODD_ORDER, PBX, SAMPLES, wire

ORIGIN = Origin("-", "1", 1, "192.0.2.1")
AUDIO = Media.build("audio", 4000, [Codec("PCMU")])


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_what_is_read_is_written_as_it_came(sample: bytes) -> None:
    """Unknown attributes, line ends, order, spaces and bytes that are no UTF-8: nothing is lost or mended."""
    description = SessionDescription.parse(sample)
    assert bytes(description) == sample
    assert as_bytes(description) == as_bytes(sample) == sample
    assert as_description(sample) == as_description(description) == description
    assert hash(as_description(sample)) == hash(description)


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_a_change_touches_its_own_lines_only(sample: bytes) -> None:
    """What is written anew differs from what came in the lines that were changed, and in ends of lines."""
    changed = SessionDescription.parse(sample).with_added_attribute("x-new", "yes")
    lines = bytes(changed).split(b"\r\n")
    lines.remove(b"a=x-new:yes")
    assert lines == [*sample.replace(b"\r\n", b"\n").rstrip(b"\n").split(b"\n"), b""]
    assert SessionDescription.parse(bytes(changed)) == changed


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_a_description_is_a_value(sample: bytes) -> None:
    """It can be copied, pickled, compared and shown."""
    description = SessionDescription.parse(sample)
    again = pickle.loads(pickle.dumps(description))
    assert again == description == copy.deepcopy(description)
    assert bytes(again) == sample
    assert str(description).startswith("v=0\n")
    assert description.with_origin(Origin("x", "9", 9, "192.0.2.9")) != description


@pytest.mark.rfc("8866 5")
def test_line_ends_make_no_other_description() -> None:
    """A description whose lines end with LF alone is the same."""
    assert SessionDescription.parse(PBX.replace(b"\r\n", b"\n")) == SessionDescription.parse(PBX)


@pytest.mark.rfc("8866 5.2", "8866 5.9", "8866 5.10", "8866 5.11")
def test_the_session_s_part_is_read() -> None:
    """Origin, name, times with their repeats and zone, bandwidth and connection of an announced seminar."""
    seminar = SessionDescription.parse(ANNOUNCED)
    assert seminar.origin == Origin("jdoe", "3724394400", 3724394405, "198.51.100.1")
    assert seminar.name.encode("utf-8", "surrogateescape") == b"SDP S\xe9minaire"
    assert seminar.information == "A Seminar on the session description protocol"
    assert seminar.values("u") == ["https://www.example.com/seminars/sdp.pdf"]
    assert seminar.connection == Connection("233.252.0.12", 127)
    assert seminar.bandwidths == (Bandwidth("CT", 384),)
    weekly = Repeat(604800, 3600, (0, 90000))
    zone = (ZoneAdjustment(3730928400, -3600), ZoneAdjustment(3749680800, 0))
    assert seminar.times == (Timing(3724394400, 3754123200, (weekly, weekly), zone), Timing(3755000000, 3755003600))
    assert seminar.direction is Direction.RECVONLY


@pytest.mark.rfc("8866 5.7", "8866 5.14", "8866 6.7")
def test_a_stream_is_what_is_said_of_it_there_or_for_the_session() -> None:
    """Connection and direction are inherited from the session where a stream does not have its own."""
    audio, video, board = SessionDescription.parse(ANNOUNCED).streams
    assert (audio.index, audio.media.type, audio.media.port, audio.media.formats) == (0, "audio", 49170, ("0",))
    assert (audio.connection, audio.direction) == (Connection("233.252.0.12", 127), Direction.RECVONLY)
    assert (video.media.port, video.media.port_count) == (51372, 3)
    assert video.connections == (Connection("233.252.0.20", 127, 3),)
    assert list(video.connections[0].addresses) == ["233.252.0.20", "233.252.0.21", "233.252.0.22"]
    assert board.media.information == "The whiteboard"
    assert all(stream.is_multicast and stream.is_wanted and not stream.is_held for stream in (audio, video, board))
    assert board.media.codecs == []


def test_the_streams_of_a_browser() -> None:
    """ICE, DTLS and bundling are attributes like any other, with several of one name in order."""
    browser = SessionDescription.parse(BROWSER)
    assert browser.groups == [("BUNDLE", "0", "1", "2")]
    assert [each.mid for each in browser.media] == ["0", "1", "2"]
    audio, video, data = browser.media
    assert [value[:12] for value in audio.attributes_named("candidate")] == ["1467250027 1", "1853887674 1"]
    assert audio.attribute("setup") == "actpass"
    assert audio.attribute("rtcp-mux") == ""
    assert data.attribute("rtcp-mux") is None
    assert data.formats == ("webrtc-datachannel",)
    assert data.bandwidths == (Bandwidth("AS", 30),)
    assert [stream.direction for stream in browser.streams] == ["sendrecv", "recvonly", "sendrecv"]
    assert video.codecs[0] == Codec("VP8", 90000, payload_type=96)
    assert audio.codecs[0] == Codec("opus", 48000, 2, payload_type=111, fmtp="minptime=10;useinbandfec=1")
    assert audio.ptime is None


@pytest.mark.rfc("3264 8.4")
def test_an_old_phone_holds_by_its_address() -> None:
    """0.0.0.0 asks for no media, whatever the direction says; so does a stream that only sends."""
    (stream,) = SessionDescription.parse(HELD_BY_AN_OLD_PHONE).streams
    assert stream.is_held
    assert stream.direction is Direction.SENDRECV
    description = SessionDescription.parse(PBX)
    held = {
        direction: description.with_media([description.media[0].with_direction(direction)]).streams[0].is_held
        for direction in Direction
    }
    assert held == {"sendrecv": False, "sendonly": True, "recvonly": False, "inactive": True}
    assert not description.with_media([description.media[0].disabled()]).streams[0].is_held


@pytest.mark.rfc("8866 6.7")
def test_of_several_directions_the_first_counts() -> None:
    """One at most may be there; who sends two, means the first, and a change leaves one."""
    media = AUDIO.with_added_attribute("sendonly").with_added_attribute("inactive")
    assert media.direction is Direction.SENDONLY
    assert media.with_direction("recvonly").lines == (*AUDIO.lines, "a=recvonly")


def test_lenient_reading() -> None:
    """Lines in another order, spaces too many and an empty attribute do not lose a call."""
    description = SessionDescription.parse(ODD_ORDER)
    assert description.media[0].formats == ("0",)
    assert description.media[0].bandwidths == (Bandwidth("AS", 64),)
    assert description.media[0].information == "late"
    assert description.attributes == [("tool", "old")]
    assert SessionDescription.parse(ATM).streams[0].connection == Connection("47.0091/8", None, 1, "NSAP", "ATM")


HEAD = "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n"


@pytest.mark.rfc("8866 5")
@pytest.mark.parametrize(
    ("text", "status", "at"),
    [
        ("", 400, 0),
        ("\n\n", 400, 0),
        ("o=- 1 1 IN IP4 192.0.2.1\nv=0\n", 400, 0),
        ("v=\n", 400, 0),
        ("v=1\no=- 1 1 IN IP4 192.0.2.1\n", 488, 0),
        ("v=" + "9" * 5000, 488, 0),
        ("v=0\ns=-\n", 400, None),
        ("v=0\no=- 1 1 IN IP4 a\no=- 1 1 IN IP4 a\n", 400, None),
        ("v=0\no=- 1 IN IP4 a\n", 400, None),
        ("v=0\no=- x 1 IN IP4 a\n", 400, None),
        ("v=0\no=- 1 " + "9" * 21 + " IN IP4 a\n", 400, None),
        (HEAD + "c=IN IP4 192.0.2.2\n", 400, None),
        (HEAD + "w=what\n", 488, 58),
        (HEAD + "A=what\n", 488, 58),
        (HEAD + "what\n", 400, 58),
        (HEAD + "\na=b\n", 400, 58),
        (HEAD + " a=b\n", 400, 58),
        (HEAD + "m=audio 1 RTP/AVP 0\n" + HEAD, 400, 78),
        (HEAD + "m=audio 1 RTP/AVP 0\no=- 1 1 IN IP4 192.0.2.1\n", 400, 78),
        (HEAD + "a=b\rc\n", 400, None),
        (HEAD + "a=b\0c\n", 400, None),
        (HEAD + "m=audio 1 RTP/AVP\n", 400, 58),
        (HEAD + "m=audio RTP/AVP 0\n", 400, 58),
        (HEAD + "m=audio 65536 RTP/AVP 0\n", 400, 58),
        (HEAD + "m=audio 999999 RTP/AVP 0\n", 400, 58),
        (HEAD + "m=audio 1 RTP//AVP 0\n", 400, 58),
        (HEAD + "m=audio 1 RTP/AVP 0\nc=IN IP4\n", 400, 80),
        (HEAD + "m=audio 1 RTP/AVP 0\nc=IN IP4 233.252.0.1\n", 400, 80),
        (HEAD + "m=audio 1 RTP/AVP 0\nc=IN IP4 233.252.0.1/256\n", 400, 80),
        (HEAD + "m=audio 1 RTP/AVP 0\nc=IN IP4 233.252.0.1/1/0\n", 400, 80),
        (HEAD + "m=audio 1 RTP/AVP 0\nc=IN IP4 192.0.2.1/1/2\n", 400, 80),
        (HEAD + "m=audio 1 RTP/AVP 0\nc=IN IP4 /1\n", 400, 80),
        (HEAD + "m=audio 1 RTP/AVP 0\nc=IN IP4 a/b\n", 400, 80),
        (HEAD + "m=audio 1 RTP/AVP 0\nc=IN IP6 ff15::1/1/2\n", 400, 80),
        ("v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nt=0 0\nm=audio 1 RTP/AVP 0\n", 400, None),
        ("v=0\n" + "a=b\n" * MAX_LINES, 488, None),
        (HEAD + "m=audio 0 RTP/AVP 0\n" * (MAX_STREAMS + 1), 488, None),
        (HEAD + "a=" + "b" * MAX_BYTES, 488, None),
    ],
)
def test_what_is_no_description(text: str, status: int, at: int | None) -> None:
    """What is malformed is answered 400, what is beyond us 488; and it is said where, whatever the ends of lines."""
    with pytest.raises(RemoteProtocolError) as raised:
        SessionDescription.parse(text.encode())
    assert (raised.value.status, raised.value.at) == (status, at)
    assert raised.value.rfc
    with pytest.raises(RemoteProtocolError) as again:
        SessionDescription.parse(wire(text))
    assert again.value.status == status
    assert again.value.at == (at if at is None else at + text[:at].count("\n"))


@pytest.mark.parametrize(
    "line", ["t=", "t=0", "t=0 " + "9" * 21, "r=1 2", "r=1 2 -3", "r=1y 2 3", "z=", "z=1", "z=-1 1"]
)
def test_times_that_are_none(line: str) -> None:
    """Times are read when they are asked for, and only then are malformed."""
    lines = f"{HEAD}{line}\n" if line[0] == "t" else f"{HEAD}{line}\nt=0 0\n"
    description = SessionDescription.parse(lines.encode())
    with pytest.raises(RemoteProtocolError):
        _ = description.times


def test_bandwidth_that_is_none() -> None:
    """So are bandwidths."""
    description = SessionDescription.parse(f"{HEAD}b=64\n".encode())
    with pytest.raises(RemoteProtocolError):
        _ = description.bandwidths


def test_a_description_is_built() -> None:
    """What a program builds has its lines in the order of RFC 8866 5, and reads back as the same."""
    built = SessionDescription.build(
        Origin("alice", 2890844526, 1, "host.example.com"),
        [
            Media.build(
                "audio",
                49170,
                [Codec("PCMA"), Codec("opus", 48000, 2, fmtp="useinbandfec=1"), Codec("telephone-event", fmtp="0-15")],
                attributes=[("ptime", "20"), "rtcp-mux"],
                bandwidths=[Bandwidth("AS", 80)],
                information="voice",
                direction="sendonly",
            ),
            Media.build("video", 51372, ["99"], port_count=2, connection=Connection("233.252.0.1", 15, 2)),
            Media.build("message", 9, ["*"], proto="TCP/MSRP", connection="2001:db8::1"),
        ],
        connection="192.0.2.1",
        name="lunch",
        information="with Bob",
        times=[Timing(3724394400, 3754123200, (Repeat(604800, 3600),), (ZoneAdjustment(3730928400, -3600),))],
        bandwidths=[Bandwidth("CT", 500)],
        attributes=[("tool", "sipsm"), "x-flag"],
        direction=Direction.RECVONLY,
    )
    assert (
        str(built)
        == """\
v=0
o=alice 2890844526 1 IN IP4 host.example.com
s=lunch
i=with Bob
c=IN IP4 192.0.2.1
b=CT:500
t=3724394400 3754123200
r=604800 3600 0
z=3730928400 -3600
a=tool:sipsm
a=x-flag
a=recvonly
m=audio 49170 RTP/AVP 8 96 97
i=voice
b=AS:80
a=rtpmap:8 PCMA/8000
a=rtpmap:96 opus/48000/2
a=fmtp:96 useinbandfec=1
a=rtpmap:97 telephone-event/8000
a=fmtp:97 0-15
a=ptime:20
a=rtcp-mux
a=sendonly
m=video 51372/2 RTP/AVP 99
c=IN IP4 233.252.0.1/15/2
m=message 9 TCP/MSRP *
c=IN IP6 2001:db8::1"""
    )
    assert SessionDescription.parse(bytes(built)) == built
    assert built.media[0].ptime == 20


def test_lines_are_replaced_where_they_stand() -> None:
    """A change of bandwidth, times or attributes leaves all other lines in their places."""
    description = SessionDescription.parse(ANNOUNCED)
    changed = description.with_times(Timing()).with_bandwidths().with_values("e", "a@b", "c@d").with_values("k")
    assert [line for line in changed.lines if line not in description.lines] == ["e=a@b", "e=c@d", "t=0 0"]
    assert [line[0] for line in changed.lines] == list("vosiueepctaa")
    media = changed.media[1].with_attribute("quality", "1", "2").with_attribute("x-flag").without_attributes("rtpmap")
    assert media.lines[-3:] == ("a=quality:1", "a=quality:2", "a=x-flag")
    assert media.with_direction("sendonly").with_direction("inactive").direction is Direction.INACTIVE
    assert media.with_direction("sendonly").with_direction(None) == media
    assert media.with_direction(None) is media
    assert media.with_port(7, 2).lines == ("m=video 7/2 RTP/AVP 99", *media.lines[1:])
    assert changed.with_stream(1, media).media == (changed.media[0], media, changed.media[2])


def test_formats_change_with_what_is_said_of_them() -> None:
    """A format that goes takes its lines along; one that stays keeps them, and a codec brings its own."""
    (audio,) = SessionDescription.parse(PBX).media
    fewer = audio.with_formats(["8", "101"])
    assert fewer.lines[:4] == (
        "m=audio 14722 RTP/AVP 8 101",
        "a=rtpmap:8 PCMA/8000",
        "a=rtpmap:101 telephone-event/8000",
        "a=fmtp:101 0-16",
    )
    assert fewer.lines[4:] == audio.lines[7:]
    other = audio.with_formats([Codec("opus", 48000, 2), "0", Codec("CN")])
    assert other.codecs == [
        Codec("opus", 48000, 2, payload_type=96),
        Codec("PCMU", payload_type=0),
        Codec("CN", payload_type=13),
    ]
    video = SessionDescription.parse(BROWSER).media[1].with_added_attribute("rtcp-fb", "* nack")
    assert video.with_formats(["96"]).attributes_named("rtcp-fb") == [
        "96 goog-remb",
        "96 ccm fir",
        "96 nack pli",
        "* nack",
    ]


@pytest.mark.parametrize(
    "build",
    [
        lambda: SessionDescription.build(ORIGIN, [AUDIO]),
        lambda: SessionDescription.build(ORIGIN, name="a\r\nb"),
        lambda: SessionDescription.build(ORIGIN, name="\ud800"),
        lambda: SessionDescription.build(ORIGIN, information="a\nb"),
        lambda: SessionDescription.build(ORIGIN, attributes=["a b"]),
        lambda: SessionDescription.build(ORIGIN, attributes=[("a", "b\nc")]),
        lambda: SessionDescription.build(ORIGIN).with_values("m", "audio 1 RTP/AVP 0"),
        lambda: SessionDescription.build(ORIGIN).with_values("c", "nowhere"),
        lambda: SessionDescription.build(ORIGIN).with_connections("192.0.2.1", "192.0.2.2"),
        lambda: SessionDescription.build(ORIGIN).with_stream(0, AUDIO),
        lambda: AUDIO.with_values("t", "0 0"),
        lambda: AUDIO.with_port(65536),
        lambda: AUDIO.with_port(-1),
        lambda: AUDIO.with_port(5, 0),
        lambda: AUDIO.with_formats([]),
        lambda: AUDIO.with_formats(["a b"]),
        lambda: AUDIO.with_formats(["a\r\nb"]),
        lambda: Media.build("au dio", 5, ["0"]),
        lambda: Media.build("audio", 5, ["0"], proto="RTP AVP"),
        lambda: Media.build("audio", 5, ["0"], proto=""),
    ],
)
def test_what_cannot_be_built(build: object) -> None:
    """A program cannot write what would be read otherwise."""
    assert callable(build)
    with pytest.raises(LocalProtocolError):
        build()


@pytest.mark.rfc("5888 6")
@pytest.mark.parametrize(
    ("group", "mids", "groups"),
    [
        ("LS 1 2", ("1", "2"), [("LS", "1", "2")]),
        ("LS", ("1", "2"), [("LS",)]),
        ("LS 1 3", ("1", "2"), []),
        ("LS 1", ("1", None), []),
        ("LS 1", ("1", "1"), []),
        ("", ("1", "2"), []),
    ],
)
def test_groups_that_count(group: str, mids: tuple[str | None, ...], groups: list[tuple[str, ...]]) -> None:
    """A group of a stream that is not there is ignored, as are all groups while a stream has no name of its own."""
    media = [AUDIO if mid is None else AUDIO.with_attribute("mid", mid) for mid in mids]
    description = SessionDescription.build(ORIGIN, media, connection="192.0.2.1", attributes=[("group", group)])
    assert description.groups == groups


@pytest.mark.rfc("3264 8")
def test_the_version_rises_with_a_change_only() -> None:
    """The next description has the session's o= line, its version one higher, or is the very one before."""
    first = SessionDescription.parse(PBX)
    other = first.with_origin(ORIGIN)
    assert other.following(first) is first
    second = other.with_added_attribute("x").following(first)
    assert second.origin == Origin("root", "1821174404", 1821174405, "198.51.100.20")
    assert second.following(first).origin.version == 1821174405
    assert second.following(second) is second


def test_a_session_without_streams() -> None:
    """It is no refusal: streams may be added later (RFC 3264 5)."""
    empty = SessionDescription.build(ORIGIN)
    assert bytes(empty) == b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"
    assert not empty.is_refused
    assert empty.streams == ()
    assert SessionDescription.build(ORIGIN, name="").name == " "
    assert SessionDescription.parse(b"v=0\no=- 1 1 IN IP4 a").name == ""
    refused = SessionDescription.build(ORIGIN, [AUDIO.disabled()])
    assert refused.is_refused
    assert refused.streams[0].connection is None
    assert not refused.streams[0].is_multicast
