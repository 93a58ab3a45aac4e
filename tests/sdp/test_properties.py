"""What is true of any description: it is read or refused, and every answer to it keeps to the rules."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sipsm.errors import RemoteProtocolError
from sipsm.sdp import (
    Bandwidth,
    Codec,
    Connection,
    Direction,
    Media,
    Origin,
    SessionDescription,
    add_stream,
    answer,
    change_stream,
    faults_of_answer,
    faults_of_offer,
    hold,
    move,
    remove_stream,
    resume,
)
from tests.fuzz.descriptions import described
from tests.sdp.samples import SAMPLES

DIRECTIONS = st.none() | st.sampled_from(list(Direction))
CODECS = st.sampled_from(
    [
        Codec("PCMU"),
        Codec("PCMA"),
        Codec("opus", 48000, 2, fmtp="useinbandfec=1"),
        Codec("H264", 90000, fmtp="packetization-mode=1"),
        Codec("H264", 90000),
        Codec("telephone-event", fmtp="0-15"),
        Codec("red", fmtp="0/0"),
        Codec("PCMU", payload_type=96),
    ]
)
CODEC_LISTS = st.lists(CODECS, min_size=1, max_size=4, unique_by=lambda codec: codec.payload_type or id(codec))
CONNECTIONS = st.sampled_from(
    [
        Connection("192.0.2.1"),
        Connection("0.0.0.0"),
        Connection("2001:db8::1"),
        Connection("233.252.0.1", 127),
        Connection("233.252.0.1", 15, 2),
        Connection("ff15::1", None, 3),
    ]
)
ATTRIBUTES = st.lists(
    st.sampled_from(
        [
            ("ptime", "20"),
            ("rtcp-mux", None),
            ("ice-ufrag", "abcd"),
            ("candidate", "1 1 UDP 1 192.0.2.1 9 typ host"),
            ("setup", "actpass"),
            ("setup", "active"),
            ("crypto", "1 AES_CM_128_HMAC_SHA1_80 inline:x"),
            ("crypto", "2 F8_128_HMAC_SHA1_80 inline:x"),
            ("extmap", "1/sendonly urn:a"),
            ("extmap", "2 urn:a"),
            ("rtcp-fb", "96 nack"),
            ("rtcp-fb", "* nack"),
            ("bundle-only", None),
            ("rtpmap", "0 nonsense"),
            ("x-new", "yes"),
        ]
    ),
    max_size=4,
)


@st.composite
def streams(draw: st.DrawFn) -> Media:
    """A stream of any kind."""
    proto = draw(st.sampled_from(["RTP/AVP", "RTP/AVP", "RTP/SAVPF", "udptl", "TCP/MSRP"]))
    formats: Any = (
        draw(CODEC_LISTS) if "RTP" in proto else draw(st.lists(st.sampled_from(["t38", "*", "x"]), min_size=1))
    )
    return Media.build(
        draw(st.sampled_from(["audio", "audio", "video", "image"])),
        draw(st.sampled_from([4000, 4002, 4004, 0])),
        formats,
        proto=proto,
        port_count=draw(st.sampled_from([1, 1, 2])),
        direction=draw(DIRECTIONS),
        connection=draw(st.none() | CONNECTIONS),
        bandwidths=draw(st.lists(st.builds(Bandwidth, st.sampled_from(["AS", "TIAS"]), st.integers(0, 9)), max_size=1)),
        attributes=draw(ATTRIBUTES),
    )


@st.composite
def descriptions(draw: st.DrawFn) -> SessionDescription:
    """A description with up to four streams, of which any may have names and be in groups."""
    media = draw(st.lists(streams(), max_size=4))
    if draw(st.booleans()):
        media = [each.with_attribute("mid", f"m{number}") for number, each in enumerate(media)]
    tags = [f"m{number}" for number in range(len(media))]
    groups = st.tuples(
        st.sampled_from(["BUNDLE", "LS", "X"]), st.lists(st.sampled_from(tags), max_size=3) if tags else st.just([])
    )
    return SessionDescription.build(
        Origin(draw(st.sampled_from(["alice", "bob"])), "1", draw(st.integers(0, 2**62)), "192.0.2.1"),
        media,
        connection=draw(CONNECTIONS.filter(lambda connection: connection.count == 1)),
        direction=draw(DIRECTIONS),
        attributes=[("group", " ".join([name, *each])) for name, each in draw(st.lists(groups, max_size=2))],
    )


@given(descriptions())
def test_what_is_built_reads_back(description: SessionDescription) -> None:
    """What is written for a description is read as the same, with the same meaning."""
    again = SessionDescription.parse(bytes(description))
    assert again == description
    assert again.streams == description.streams
    assert [media.codecs for media in again.media] == [media.codecs for media in description.media]
    assert again.groups == description.groups


@given(descriptions(), descriptions(), st.booleans(), st.booleans())
def test_every_answer_is_one(
    offer: SessionDescription, ours: SessionDescription, multicast: bool, prefer_ours: bool
) -> None:
    """Whatever is offered and whatever we have: an answer keeps to RFC 3264 6, and to RFC 5888 9."""
    made = answer(bytes(offer), bytes(ours), multicast=multicast, prefer_ours=prefer_ours)
    if made is None:
        assert any(media.port or media.has_attribute("bundle-only") for media in offer.media)
        return
    assert list(faults_of_answer(bytes(made), offer)) == []
    assert [media.mid for media in made.media] == [media.mid for media in offer.media]
    there = {media.mid for media in made.media if media.port}
    for semantics, *tags in made.groups:
        assert set(tags) <= there
        assert any(semantics == name and set(tags) <= set(others) for name, *others in offer.groups)
    names = {name for media in offer.media for name, _ in media.attributes}
    said = {name for media in made.media for name, _ in media.attributes}
    assert "ice-ufrag" in names or not said & {"ice-ufrag", "candidate"}
    assert "rtcp-mux" in names or "rtcp-mux" not in said
    assert made.origin == ours.origin
    assert all(made.streams[at].connection is not None for at in range(len(made.media)))


@settings(max_examples=40)
@given(descriptions(), descriptions(), descriptions())
def test_later_answers_follow_on_earlier_ones(
    one: SessionDescription, other: SessionDescription, ours: SessionDescription
) -> None:
    """The version of our description rises by one where it changes, and streams that stay keep their ports."""
    first = answer(one, ours, multicast=True)
    if first is None:
        return
    assert answer(one, ours, multicast=True, previous=first) is first
    second = answer(other, ours, multicast=True, previous=first)
    if second is not None:
        faults = [each for each in faults_of_offer(second, first) if each.rfc == "3264 8" and not each.is_grave]
        assert faults == []


CHANGES = st.sampled_from(["hold", "resume", "add", "remove", "change", "move", "move back"])


@given(descriptions(), st.lists(st.tuples(CHANGES, st.integers(0, 3), streams()), max_size=6))
def test_every_next_offer_is_one(first: SessionDescription, changes: list[tuple[str, int, Media]]) -> None:
    """Whatever is changed, one thing after the other: each offer may follow on the one before (RFC 3264 8)."""
    said = first
    for change, index, media in changes:
        if change in ("remove", "change") and index >= len(said.media):
            continue
        made = {
            "hold": lambda: hold(said),  # noqa: B023
            "resume": lambda: resume(said),  # noqa: B023
            "add": lambda: add_stream(said, media),  # noqa: B023
            "remove": lambda: remove_stream(said, index),  # noqa: B023
            "change": lambda: change_stream(said, index, said.media[index].with_port(media.port)),  # noqa: B023
            "move": lambda: move(said, "192.0.2.77"),  # noqa: B023
            "move back": lambda: move(said, "192.0.2.1"),  # noqa: B023
        }[change]()
        assert list(faults_of_offer(bytes(made), said)) == []
        said = made


LINES = st.sampled_from(sorted({line for sample in SAMPLES.values() for line in re.split(rb"\r?\n", sample)}))
BYTES = st.one_of(
    st.binary(max_size=200),
    st.lists(LINES | st.binary(max_size=9), max_size=30).map(b"\r\n".join),
    st.lists(LINES, max_size=30).map(lambda lines: b"v=0\no=- 1 1 IN IP4 a\nc=IN IP4 b\n" + b"\n".join(lines)),
    st.tuples(
        st.sampled_from(list(SAMPLES.values())), st.integers(0, 600), st.binary(max_size=4), st.integers(0, 4)
    ).map(lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] + parts[3] :]),
)


@given(BYTES, st.sampled_from(list(SAMPLES.values())))
def test_any_bytes(data: bytes, ours: bytes) -> None:
    """They are a description that is written as it came and can be answered, or RemoteProtocolError with 400 or 488."""
    description = described(data)
    if isinstance(description, RemoteProtocolError):
        return
    for made in (answer(data, ours, multicast=True), answer(ours, data), answer(data, data, multicast=True)):
        assert made is None or SessionDescription.parse(bytes(made)) == made
