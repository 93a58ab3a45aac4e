"""Multipart bodies, read and written (RFC 2046 5.1, RFC 5621)."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message import Request, parse_message, read_message
from sipsm.message.bodies import MAX_DEPTH, MAX_PARTS, Multipart, Part, multipart, referred
from sipsm.message.headers.content import CONTENT_DISPOSITION, CONTENT_ID, CONTENT_TYPE, ContentType

MIXED = 'multipart/mixed;boundary="b"'
SDP = b"v=0\r\no=alice 2890844526 2890842807 IN IP4 atlanta.example.com\r\n"
XML = b'<?xml version="1.0" encoding="UTF-8"?>\r\n<resource-lists/>'


def wire(text: str) -> bytes:
    """The text as it goes over the wire: lines end in CRLF."""
    return text.replace("\n", "\r\n").encode()


def nested(depth: int) -> Part:
    """A part inside of so many multiparts."""
    part = Part.build("text/plain", b"deep")
    for _ in range(depth):
        inner = Multipart.build("mixed", [part])
        part = Part.build(inner.content_type, bytes(inner))
    return part


@pytest.mark.rfc("2046 5.1.1")
def test_the_parts_of_the_example() -> None:
    """A part without headers is plain text; the line end before a boundary belongs to the boundary."""
    body = wire(
        "This is the preamble.  It is to be ignored, though it\nis a handy place for composition agents.\n\n"
        "--simple boundary\n\nThis is implicitly typed plain US-ASCII text.\nIt does NOT end with a linebreak.\n"
        "--simple boundary\nContent-type: text/plain; charset=us-ascii\n\n"
        "This is explicitly typed plain US-ASCII text.\nIt DOES end with a linebreak.\n\n"
        "--simple boundary--\n\nThis is the epilogue.  It is also to be ignored.\n"
    )
    read = Multipart.parse(body, 'multipart/mixed; boundary="simple boundary"')
    assert read.preamble.startswith(b"This is the preamble.")
    assert read.preamble.endswith(b"agents.\r\n")
    assert read.epilogue == b"\r\nThis is the epilogue.  It is also to be ignored.\r\n"
    one, two = read.parts
    assert one.body == b"This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak."
    assert (one.content_type, one[CONTENT_TYPE], one.headers) == ("text/plain", None, ())
    assert two.body == b"This is explicitly typed plain US-ASCII text.\r\nIt DOES end with a linebreak.\r\n"
    assert two[CONTENT_TYPE] == ContentType.build("text/plain", {"charset": "us-ascii"})
    assert bytes(read) == body


@pytest.mark.rfc("5621 3.1")
def test_a_session_with_a_list() -> None:
    """An INVITE to a conference carries a session description and a list of recipients."""
    body = (
        b"--boundary1\r\nContent-Type: application/sdp\r\n\r\n"
        + SDP
        + b"\r\n--boundary1\r\nContent-Type: application/resource-lists+xml\r\n"
        + b"Content-Disposition: recipient-list\r\n\r\n"
        + XML
        + b"\r\n--boundary1--"
    )
    headers = [("Content-Type", 'multipart/mixed;boundary="boundary1"')]
    read = multipart(Request.build("INVITE", "sip:conf-fact@example.com", headers, body))
    assert read is not None
    assert [(part.content_type, part.body) for part in read.parts] == [
        ("application/sdp", SDP),
        ("application/resource-lists+xml", XML),
    ]
    disposition = read.parts[1][CONTENT_DISPOSITION]
    assert disposition is not None
    assert disposition.type == "recipient-list"
    assert (read.preamble, read.epilogue, read.subtype) == (b"", b"", "mixed")
    assert repr(read) == "<Multipart mixed of 2>"
    assert repr(read.parts[0]) == f"<Part application/sdp, {len(SDP)} bytes>"


@pytest.mark.rfc("4475 3.1.1.11")
def test_binary_part() -> None:
    """A part may hold any octets, NULs and line ends among them."""
    message = parse_message((Path(__file__).parent.parent / "torture" / "data" / "mpart01.dat").read_bytes())
    read = multipart(message)
    assert read is not None
    text, binary = read.parts
    assert (text.content_type, text.body, text.content) == ("text/plain", b"Hello", b"Hello")
    assert binary.content_type == "application/octet-stream"
    assert binary.body[:4] == b"\x30\x82\x01\x52"
    assert (len(binary.body), binary.body.count(b"\0")) == (342, 2)
    assert bytes(read) == message.body


@pytest.mark.rfc("2046 5.1.1")
@pytest.mark.parametrize(
    ("text", "bodies"),
    [
        ("--b\n\n\n--b--", [b""]),
        ("--b\n\n--b--", [b""]),
        ("--b\n--b--", [b""]),
        ("--b\n--b\n--b--\n", [b"", b""]),
        ("--b \t\n\nx\n--b \n\ny\n--b--\t \nz", [b"x", b"y"]),
        ("\n--b\n\nx\n--b--", [b"x"]),
        (
            "--b\n\nx\n--b1\ny\n--b1--\n--b-\n--bb\n --b\n-b\n--b x\n--b--",
            [b"x\r\n--b1\r\ny\r\n--b1--\r\n--b-\r\n--bb\r\n --b\r\n-b\r\n--b x"],
        ),
        ("--b\nContent-Type: text/plain\n--b\nContent-Type: text/plain\n\n--b--", [b"", b""]),
        ("--b\nA: b\n c\n\nx\n\n\n--b--\n--b\n\ny\n--b--", [b"x\r\n\r\n"]),
        ("x--b\n--b\n\n--b--", [b""]),
    ],
)
def test_boundaries(text: str, bodies: list[bytes]) -> None:
    """A boundary is a whole line, of which white space is no part; there may be nothing between two of them."""
    body = wire(text)
    read = Multipart.parse(body, MIXED)
    assert [part.body for part in read.parts] == bodies
    assert bytes(read) == body


@pytest.mark.rfc("2046 5.1.1")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "--b",
        "--b--",
        "--b--\n",
        "--b\n",
        "--b\n\nx",
        "--b\n\nx\n--b",
        "--b\nContent-Type: text/plain\n\nx\n--b\n",
        "--c\n\nx\n--c--",
        "--b\n\nx--b--",
        "--b\nno header\n\nx\n--b--",
        "--b\n folded: first\n\nx\n--b--",
        "--b\nv=0\n--b--",
    ],
)
def test_malformed(text: str) -> None:
    """A multipart that is not closed, that has no part, or a part with a line that is no header, is malformed."""
    with pytest.raises(RemoteProtocolError) as caught:
        Multipart.parse(wire(text), MIXED)
    assert caught.value.status == 400


@pytest.mark.rfc("2046 5.1.1")
@pytest.mark.parametrize(
    "body", [b"--b\n\nx\n--b--", b"--b\r\nA: b\nC: d\r\n\r\nx\r\n--b--", b"--b\r\nA: b\rc\r\n\r\n\r\n--b--"]
)
def test_bare_line_ends(body: bytes) -> None:
    """Neither boundaries nor header lines end in CR or LF alone."""
    with pytest.raises(RemoteProtocolError):
        Multipart.parse(body, MIXED)


@pytest.mark.rfc("2046 5.1.1")
@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/mixed",
        "multipart/mixed;boundary",
        'multipart/mixed;boundary=""',
        'multipart/mixed;boundary="b "',
        f"multipart/mixed;boundary={'b' * 71}",
        'multipart/mixed;boundary="b\u00e9"',
        "text/plain;boundary=b",
        "multipart",
    ],
)
def test_no_boundary(content_type: str) -> None:
    """A multipart needs a boundary of 1 to 70 characters of ASCII, and its type must be a multipart's."""
    with pytest.raises(RemoteProtocolError):
        Multipart.parse(b"--b\r\n\r\nx\r\n--b--", content_type)


@pytest.mark.rfc("2046 5.1.1")
@pytest.mark.parametrize("boundary", ["b", "b" * 70, "gc0pJq0M:08jU534c0p", "'()+_,-./:=?", "a b", "*~!", '\\"'])
def test_unusual_boundaries(boundary: str) -> None:
    """A boundary may hold what a token may not, and then is quoted."""
    written = Multipart.build("mixed", [Part.build("text/plain", b"x")], boundary=boundary)
    assert Multipart.parse(bytes(written), str(written.content_type)) == written
    assert written.content_type.boundary == boundary
    assert [part.body for part in written.parts] == [b"x"]


@pytest.mark.rfc("2046 5.1.5")
def test_a_digest_is_of_messages() -> None:
    """In a digest a part that names no type is a message."""
    (part,) = Multipart.parse(b"--b\r\n\r\nx\r\n--b--", "Multipart/Digest;boundary=b").parts
    assert part.content_type == "message/rfc822"
    assert repr(part) == "<Part message/rfc822, 1 bytes>"


@pytest.mark.rfc("2046 5.1", "5621 4.2")
def test_nested() -> None:
    """A part may be a multipart itself, which may have an outer boundary as the beginning of its own."""
    inner = wire("--b1\nContent-Type: application/sdp\n\nv=0\n--b1--")
    body = b"--b\r\nContent-Type: multipart/alternative;boundary=b1\r\n\r\n" + inner + b"\r\n--b\r\n\r\nx\r\n--b--"
    read = Multipart.parse(body, MIXED)
    assert [part.content_type for part in read.parts] == ["multipart/alternative", "text/plain"]
    below = multipart(read.parts[0])
    assert below is not None
    assert [part.body for part in below.parts] == [b"v=0"]
    assert bytes(below) == inner
    assert multipart(read.parts[1]) is None


@pytest.mark.rfc("2046 5.1.2")
def test_the_outer_boundary_ends_all() -> None:
    """Where an inner multipart is not closed, the outer boundary ends it, and only the inner is malformed."""
    body = wire("--b\nContent-Type: multipart/mixed;boundary=c\n\n--c\n\nx\n--b\n\ny\n--b--")
    cut, whole = Multipart.parse(body, MIXED).parts
    assert whole.body == b"y"
    with pytest.raises(RemoteProtocolError, match="not closed"):
        multipart(cut)


def test_depth_is_bounded() -> None:
    """Multiparts inside of one another are read down to a depth, and no further."""
    part = nested(MAX_DEPTH + 1)
    for _ in range(MAX_DEPTH):
        inner = multipart(part)
        assert inner is not None
        (part,) = inner.parts
    with pytest.raises(RemoteProtocolError) as caught:
        multipart(part)
    assert caught.value.status == 413


def test_the_number_of_parts_is_bounded() -> None:
    """A multipart of more parts than the limit is refused, however small they are."""
    body = b"--b\r\n" * MAX_PARTS + b"--b--"
    assert len(Multipart.parse(body, MIXED).parts) == MAX_PARTS
    with pytest.raises(RemoteProtocolError) as caught:
        Multipart.parse(b"--b\r\n" + body, MIXED)
    assert caught.value.status == 413
    assert len(Multipart.parse(b"--b\r\n" + body, MIXED, max_parts=MAX_PARTS + 1).parts) == MAX_PARTS + 1
    with pytest.raises(LocalProtocolError):
        Multipart.build("mixed", [Part.build("text/plain", b"")] * (MAX_PARTS + 1))


@pytest.mark.parametrize(
    "unit",
    [b"\r\n--b x", b"\r\n--b-", b"\r\n--b\tx", b"\r\n", b"--b", b"\r\n--b" + b" " * 50 + b"x", b"\r\n--sipsm-1-part"],
)
def test_no_boundary_after_all(unit: bytes) -> None:
    """What only looks like boundaries is part of the body; a megabyte of it is read in no more time than that."""
    body = b"--b\r\n\r\n" + unit * (1_000_000 // len(unit)) + b"\r\n--b--"
    (part,) = Multipart.parse(body, MIXED).parts
    assert part.body == body[7:-7]
    assert Multipart.build("mixed", [part]).parts == (part,)


@pytest.mark.rfc("2046 5.1.1", "5621 4.3")
def test_build() -> None:
    """A multipart is written with a boundary that stands in no part, the same one each time."""
    parts = [
        Part.build("application/sdp", SDP),
        Part.build(ContentType.build("text/plain"), b"", [(CONTENT_DISPOSITION, "render;handling=optional")]),
    ]
    written = Multipart.build("mixed", parts)
    assert str(written.content_type) == "multipart/mixed;boundary=sipsm-1-part"
    assert bytes(written) == (
        b"--sipsm-1-part\r\nContent-Type: application/sdp\r\n\r\n" + SDP + b"\r\n"
        b"--sipsm-1-part\r\nContent-Type: text/plain\r\nContent-Disposition: render;handling=optional\r\n\r\n\r\n"
        b"--sipsm-1-part--\r\n"
    )
    assert written == Multipart.build("mixed", parts) == Multipart.parse(bytes(written), written.content_type)
    assert written.parts == tuple(parts)
    request = Request.build("INVITE", "sip:a@b").with_body(bytes(written), str(written.content_type))
    assert multipart(request) == written


@pytest.mark.rfc("2046 5.1")
def test_no_boundary_stands_in_a_part() -> None:
    """Boundaries that stand in a part are passed over, and one that is asked for then is refused."""
    text = b"--sipsm-1-part--sipsm-2-part --sipsm-0004-part\r\n--sipsm-99999999999999999999-part"
    part = Part.build("text/plain", text)
    written = Multipart.build("alternative", [part])
    assert written.content_type.boundary == "sipsm-3-part"
    outer = Multipart.build("mixed", [Part.build(written.content_type, bytes(written))])
    assert outer.content_type.boundary == "sipsm-5-part"
    for boundary in ("sipsm-1-part", "sipsm-1", "", "b ", "\u00e9", "b\r\n", "x" * 71):
        with pytest.raises(LocalProtocolError):
            Multipart.build("mixed", [part], boundary=boundary)


@pytest.mark.parametrize("subtype", ["", "a b", "a/b", "mixed;x=y"])
def test_build_nothing(subtype: str) -> None:
    """There is no multipart without parts, nor one of a subtype that is no token."""
    with pytest.raises(LocalProtocolError):
        Multipart.build("mixed", [])
    with pytest.raises(LocalProtocolError):
        Multipart.build(subtype, [Part.build("text/plain", b"")])


def test_a_part_cannot_be_written_wrong() -> None:
    """A part is refused whose headers could be read as anything else, or whose body is text."""
    with pytest.raises(LocalProtocolError):
        Part.build("text", b"")
    with pytest.raises(LocalProtocolError):
        Part.build("text/plain", b"", [("X-A", "b\r\n\r\n--b")])
    with pytest.raises(LocalProtocolError):
        Part.build("text/plain", "x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "said", ["text", "text/plain/x;a=b", "", " ; charset=utf-8", "Text / Plain;;", "\u00e4/b", "a/b, c/d"]
)
def test_a_malformed_type_is_a_type_that_nobody_knows(said: str) -> None:
    """Of a message and of a part alike: what stands before the parameters, and nothing is raised but by the field."""
    (part,) = Multipart.parse(f"--b\r\nContent-Type: {said}\r\n\r\nx\r\n--b--".encode(), MIXED).parts
    message = read_message(f"OPTIONS sip:a SIP/2.0\r\nVia: x\r\nContent-Type: {said}\r\n\r\nx".encode())
    assert part.content_type == message.content_type == said.partition(";")[0].replace(" ", "").lower()
    for entity in (part, message):
        with pytest.raises(RemoteProtocolError):
            entity[CONTENT_TYPE]


def test_another_header_in_a_part() -> None:
    """A header of a part is replaced as one of a message, and the others stay as they came."""
    (part,) = Multipart.parse(b"--b\r\nc : text/plain\r\nX-A:b\r\n\r\nx\r\n--b--", MIXED).parts
    assert bytes(part) == b"c : text/plain\r\nX-A:b\r\n\r\nx"
    assert part.content_type == "text/plain"
    changed = part.with_header("X-A", "c")
    assert bytes(changed) == b"c : text/plain\r\nX-A: c\r\n\r\nx"
    assert changed.with_header("X-A", "b").body == part.body
    assert changed != part
    assert part == copy.copy(part) == copy.deepcopy(part) == pickle.loads(pickle.dumps(part))
    assert hash(part) == hash(pickle.loads(pickle.dumps(part)))
    assert part != "x"


def test_copies() -> None:
    """A multipart survives copying and pickling."""
    written = Multipart.build("mixed", [Part.build("text/plain", b"x")])
    assert written == copy.copy(written) == copy.deepcopy(written) == pickle.loads(pickle.dumps(written))
    assert hash(written) == hash(pickle.loads(pickle.dumps(written)))
    assert written != "x"
    assert written != Multipart.build("alternative", [Part.build("text/plain", b"x")])


@pytest.mark.rfc("5621 3.2")
@pytest.mark.parametrize(
    ("encoding", "body", "content"),
    [
        ("binary", b"\0\r\n=41", b"\0\r\n=41"),
        ("8BIT", b"\xff", b"\xff"),
        ("7bit", b"QUJD", b"QUJD"),
        ("Base64", b"QUJD\r\nRA==\r\n", b"ABCD"),
        ("quoted-printable", b"A=42=\r\nC", b"ABC"),
    ],
)
def test_transfer_encodings(encoding: str, body: bytes, content: bytes) -> None:
    """Binary is the encoding of SIP, but peers may send others."""
    part = Part.build("text/plain", body, [("Content-Transfer-Encoding", encoding)])
    assert (part.body, part.content) == (body, content)


@pytest.mark.rfc("5621 3.2")
def test_transfer_encodings_that_cannot_be_read() -> None:
    """Base64 that is cut short is malformed; an encoding that nobody knows is not supported."""
    with pytest.raises(RemoteProtocolError) as caught:
        Part.build("text/plain", b"Q", [("Content-Transfer-Encoding", "base64")]).content  # noqa: B018
    assert caught.value.status == 400
    with pytest.raises(RemoteProtocolError) as caught:
        Part.build("text/plain", b"Q", [("Content-Transfer-Encoding", "x-uuencode")]).content  # noqa: B018
    assert caught.value.status == 415


@pytest.mark.rfc("2387 3.2")
def test_root() -> None:
    """The root of a compound object is the part that `start` names, else the first."""
    parts = [Part.build("text/plain", b"1"), Part.build("text/plain", b"2", [(CONTENT_ID, "<950120.aaCC@XIson.com>")])]
    for start in ("<950120.aaCC@XIson.com>", "950120.aaCC@XIson.com"):
        written = Multipart.build("related", parts, params={"type": "text/plain", "start": start})
        assert written.root.body == b"2"
    assert Multipart.build("related", parts).root.body == b"1"
    with pytest.raises(RemoteProtocolError):
        Multipart.build("related", parts, params={"start": "<other@XIson.com>"}).root  # noqa: B018


@pytest.mark.rfc("5621 9.1")
def test_referred() -> None:
    """A cid URL refers to the part of that Content-ID, however deep, or to the whole body."""
    inner = Multipart.build("mixed", [Part.build("text/plain", b"1", [("Content-ID", "<a%b@c>")])])
    outer = Multipart.build(
        "mixed",
        [
            Part.build("text/plain", b"0"),
            Part.build(inner.content_type, bytes(inner)),
            Part.build("text/plain", b"2", [("Content-ID", "<a%b@c>")]),
        ],
    )
    headers = [("Content-Type", outer.content_type), ("Content-ID", "<whole@c>")]
    message = Request.build("REFER", "sip:a@b", headers, bytes(outer))
    found = referred(message, "cid:a%25b@c")
    assert found is not None
    assert found.body == b"1"
    assert referred(message, "CID:whole%40c") is message
    assert referred(message, "cid:A%25b@c") is None
    assert referred(message, "sip:a%25b@c") is None
    with pytest.raises(RemoteProtocolError):
        referred(message, "cid:a%b@c")


@given(
    st.lists(
        st.tuples(st.sampled_from(["text/plain", "application/sdp", "x/y;a=b"]), st.binary(max_size=60)),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from(["mixed", "alternative", "related"]),
)
def test_what_is_written_is_read(parts: list[tuple[str, bytes]], subtype: str) -> None:
    """Whatever octets the parts hold, they come out as they went in."""
    written = Multipart.build(subtype, [Part.build(kind, body) for kind, body in parts])
    read = Multipart.parse(bytes(written), str(written.content_type))
    assert [(str(part[CONTENT_TYPE]), part.body) for part in read.parts] == parts


@given(
    st.lists(
        st.sampled_from([b"--b", b"--", b"\r\n", b"\r", b"\n", b" ", b"A: b", b"x", b":", b"\0", b"\xff", b"--b--"])
    )
)
def test_any_bytes(pieces: list[bytes]) -> None:
    """Any body is a multipart or malformed, and a multipart is written as it came."""
    body = b"".join(pieces)
    try:
        read = Multipart.parse(body, MIXED)
    except RemoteProtocolError:
        return
    assert bytes(read) == body
    assert read.parts == Multipart.build("mixed", read.parts).parts or any(not bytes(part) for part in read.parts)
