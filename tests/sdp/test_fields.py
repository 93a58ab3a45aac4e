"""The values of a description's lines, and codecs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.sdp import (
    Attribute,
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
)
from sipsm.sdp.codec import codecs_of, numbered

NUMBERS = st.integers(0, 10**20 - 1)
WORDS = st.text(st.characters(min_codepoint=0x21, exclude_categories=["Cs"], exclude_characters="\x7f"), min_size=1)
TOKENS = st.text("abcXYZ019!#$%&'*+-.^_`{|}~", min_size=1)


@given(WORDS, st.integers(0, 10**20 - 1), NUMBERS, WORDS, TOKENS, TOKENS)
def test_any_origin_reads_back(name: str, id: int, version: int, address: str, address_type: str, network: str) -> None:
    """What is written for an origin is read as the same."""
    origin = Origin(name, str(id), version, address, address_type, network)
    assert Origin.parse(str(origin)) == origin


@given(
    st.one_of(
        st.builds(Connection, st.ip_addresses(v=6).map(str).filter(lambda text: not text.startswith("ff"))),
        st.builds(Connection, st.ip_addresses(v=4, network="10.0.0.0/8").map(str), st.none() | st.integers(0, 255)),
        st.builds(
            Connection,
            st.ip_addresses(v=4, network="224.0.0.0/4").map(str),
            st.integers(0, 255),
            st.integers(1, 65535),
        ),
        st.builds(Connection, st.ip_addresses(v=6, network="ff00::/8").map(str), st.none(), st.integers(1, 65535)),
        st.builds(Connection, TOKENS, st.integers(0, 255), st.integers(1, 9)).filter(lambda each: each.is_multicast),
    )
)
def test_any_connection_reads_back(connection: Connection) -> None:
    """What is written for a connection is read as the same."""
    assert Connection.parse(str(connection)) == connection
    assert next(connection.addresses)


TIMES = st.integers(0, 10**19)
REPEATS = st.builds(Repeat, TIMES, TIMES, st.lists(TIMES, min_size=1, max_size=3).map(tuple))


@given(REPEATS, st.lists(st.builds(ZoneAdjustment, TIMES, st.integers(-(10**9), 10**9)), min_size=1), TIMES, TIMES)
def test_any_times_read_back(repeat: Repeat, zone: list[ZoneAdjustment], start: int, stop: int) -> None:
    """What is written for times is read as the same."""
    assert Repeat.parse(str(repeat)) == repeat
    timing = Timing(start, stop, (repeat,), tuple(zone))
    description = SessionDescription.build(Origin("-", "1", 1, "a"), times=[timing, Timing(), timing])
    assert SessionDescription.parse(bytes(description)).times == (timing, Timing(), timing)


@pytest.mark.rfc("8866 5.7")
@pytest.mark.parametrize(
    ("text", "connection", "is_multicast"),
    [
        ("IN IP4 192.0.2.1", Connection("192.0.2.1"), False),
        ("IN IP4 192.0.2.1/127", Connection("192.0.2.1", 127), False),
        ("IN IP4 host.example.com", Connection("host.example.com"), False),
        ("IN IP4 group.example.com/127/2", Connection("group.example.com", 127, 2), True),
        ("IN IP4 224.2.36.42/127", Connection("224.2.36.42", 127), True),
        ("IN  IP4 239.255.0.1/0/3 ", Connection("239.255.0.1", 0, 3), True),
        ("IN IP6 ff15::101/3", Connection("ff15::101", None, 3), True),
        ("IN IP6 FF15::101", Connection("FF15::101"), True),
        ("IN IP6 2001:db8::1", Connection("2001:db8::1"), False),
        ("IN IP6 ff.example.com", Connection("ff.example.com", address_type="IP6"), False),
        ("ATM NSAP 47.0091/8", Connection("47.0091/8", address_type="NSAP", network_type="ATM"), False),
        ("IN IP9 224.2.1.1/127", Connection("224.2.1.1/127", address_type="IP9"), False),
        ("TN IP4 224.2.1.1", Connection("224.2.1.1", network_type="TN"), False),
        ("TN E164 +15551234", Connection("+15551234", address_type="E164", network_type="TN"), False),
    ],
)
def test_connections(text: str, connection: Connection, is_multicast: bool) -> None:
    """Which addresses are those of groups, with their TTL and how many there are."""
    assert Connection.parse(text) == connection
    assert Connection.parse(str(connection)) == connection
    assert connection.is_multicast is is_multicast


@pytest.mark.rfc("8866 5.7")
def test_layers_are_addresses_in_a_row() -> None:
    """Each address is one above the other; a name and a number that cannot be counted on stand for themselves."""
    assert list(Connection("233.252.0.254", 127, 3).addresses) == ["233.252.0.254", "233.252.0.255", "233.252.1.0"]
    assert list(Connection("ff00::ffff", None, 2).addresses) == ["ff00::ffff", "ff00::1:0"]
    assert list(Connection("g.example.com", 1, 3).addresses) == ["g.example.com"]
    last = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    assert list(Connection(last, None, 2).addresses) == [last]
    assert [Connection(each).is_unspecified for each in ("0.0.0.0", "::", "192.0.2.1")] == [True, True, False]


@pytest.mark.parametrize(
    "build",
    [
        lambda: Origin("a b", "1", 1, "h"),
        lambda: Origin("", "1", 1, "h"),
        lambda: Origin("a", "x", 1, "h"),
        lambda: Origin("a", "", 1, "h"),
        lambda: Origin("a", "9" * 21, 1, "h"),
        lambda: Origin("a", "\u0661", 1, "h"),
        lambda: Origin("a", "1", -1, "h"),
        lambda: Origin("a", "1", 10**20, "h"),
        lambda: Origin("a", "1", 1, "h\r\na=x"),
        lambda: Origin("a", "1", 1, "h", "IP 4"),
        lambda: Connection("224.2.1.1"),
        lambda: Connection("224.2.1.1", 256),
        lambda: Connection("192.0.2.1", None, 2),
        lambda: Connection("224.2.1.1", 1, 0),
        lambda: Connection("224.2.1.1", 1, 65536),
        lambda: Connection("ff15::1", 1),
        lambda: Connection("224.2.1.1/127"),
        lambda: Connection("x", 1, address_type="E164", network_type="TN"),
        lambda: Connection("x", None, 2, "E164", "TN"),
        lambda: Connection(""),
        lambda: Bandwidth("A S", 1),
        lambda: Bandwidth("AS", -1),
        lambda: Timing(-1),
        lambda: Repeat(1, 1, ()),
        lambda: Repeat(1, 1, (-1,)),
        lambda: ZoneAdjustment(-1, 1),
        lambda: Attribute("a:b"),
        lambda: Attribute("a", "b\0"),
        lambda: Codec("a/b"),
        lambda: Codec("a", 10**9),
        lambda: Codec("a", 8000, 0),
        lambda: Codec("a", payload_type=128),
        lambda: Codec("a", fmtp=""),
        lambda: Codec("a", fmtp="x\r\ny"),
        lambda: Direction("both"),
    ],
)
def test_values_that_cannot_be(build: object) -> None:
    """A program cannot make a value that would be read as another, or not at all."""
    assert callable(build)
    with pytest.raises((LocalProtocolError, ValueError)):
        build()


@pytest.mark.parametrize("text", ["", "AS", "AS:", "AS:x", "A S:1", "AS:" + "9" * 21])
def test_bandwidths_that_are_none(text: str) -> None:
    """A b= line is a type and a number."""
    with pytest.raises(RemoteProtocolError):
        Bandwidth.parse(text)
    assert Bandwidth.parse("X-YZ:128") == Bandwidth("X-YZ", 128)


def test_attributes_are_written() -> None:
    """With a value or as a flag; an empty value is a value."""
    assert [str(Attribute(*each)) for each in (("a",), ("a", ""), ("a", "b:c"))] == ["a", "a:", "a:b:c"]


def test_directions() -> None:
    """What one side sends the other receives; and both together do what each of them does."""
    assert [direction.mirrored for direction in Direction] == ["sendrecv", "recvonly", "sendonly", "inactive"]
    assert Direction.SENDONLY & Direction.RECVONLY is Direction.INACTIVE
    assert Direction.SENDRECV & Direction.RECVONLY is Direction.RECVONLY
    assert str(Direction.SENDONLY) == "sendonly"


@pytest.mark.rfc("3264 5.1", "8866 6.6", "8866 6.15")
def test_what_formats_stand_for() -> None:
    """By their rtpmap, else by the profile, else nobody knows; what is malformed or comes twice says nothing."""
    attributes = [
        ("rtpmap", "0 PCMU/8000"),
        ("rtpmap", "8 X-NEW/16000/2 "),
        ("rtpmap", "97 iLBC/8000"),
        ("rtpmap", "97 speex/8000"),
        ("rtpmap", "98 broken"),
        ("rtpmap", None),
        ("fmtp", "97 mode=20"),
        ("fmtp", "97 mode=30"),
        ("fmtp", "97"),
        ("fmtp", None),
        ("rtpmap", "99 L16/8000/0"),
    ]
    formats = ["0", "8", "9", "97", "98", "99", "127", "128", "*", "1000", "\u0661"]
    assert codecs_of(formats, attributes) == [
        Codec("PCMU", payload_type=0),
        Codec("X-NEW", 16000, 2, payload_type=8),
        Codec("G722", payload_type=9),
        Codec("iLBC", payload_type=97, fmtp="mode=20"),
        None,
        Codec("L16", payload_type=99),
        None,
        None,
        None,
        None,
        None,
    ]


def test_parameters_of_a_codec() -> None:
    """Their names are not case-sensitive; the first of a name counts."""
    assert Codec("x", fmtp="Mode=20; flag;mode=30 ; a=b=c").params == {"mode": "20", "flag": "", "a": "b=c"}
    assert Codec("x").params == {}
    assert Codec("PCMU").key == Codec("pcmu", payload_type=99).key


def test_codecs_get_numbers() -> None:
    """Static ones where there is one, else free ones in order; none twice."""
    codecs = [Codec("PCMA"), Codec("opus", 48000, 2), Codec("PCMU", payload_type=96), Codec("PCMA"), Codec("PCMU")]
    assert [codec.payload_type for codec in numbered(codecs)] == [8, 97, 96, 98, 0]
    with pytest.raises(LocalProtocolError):
        numbered([Codec("a", payload_type=5), Codec("b", payload_type=5)])
    assert len(numbered([Codec("x")] * 61)) == 61
    with pytest.raises(LocalProtocolError):
        numbered([Codec("x")] * 62)


def test_a_packet_time_is_a_number() -> None:
    """Zero, words and numbers without end are none (RFC 3264 5.1)."""
    texts = ["20", "0", "-5", "1.5", "9" * 5000, "\u0661", ""]
    found = [Media.build("audio", 1, ["0"], attributes=[("ptime", text)]).ptime for text in texts]
    assert found == [20, None, None, None, None, None, None]
