"""What of a body must be understood (RFC 5621 4 to 8, RFC 3261 20.11)."""

from __future__ import annotations

import pytest

from sipsm.errors import RemoteProtocolError
from sipsm.message import Request, read_message
from sipsm.message.bodies import Multipart, Part, disposition, read_body

SDP = "application/sdp"
ISUP = "application/ISUP"
TEXT = "text/plain"


def part(kind: str, said: str | None = None, body: bytes = b"x", **headers: str) -> Part:
    """A part of that type and, where it says so, that Content-Disposition."""
    lines = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Part.build(kind, body, lines if said is None else [("Content-Disposition", said), *lines])


def of(subtype: str, *parts: Part, said: str | None = None, start: str | None = None) -> Part:
    """A multipart as a part of another."""
    inner = Multipart.build(subtype, parts, params={} if start is None else {"start": start})
    return part(str(inner.content_type), said, bytes(inner))


def request(content: Part) -> Request:
    """A request with such a body."""
    return Request.build("INVITE", "sip:bob@biloxi.com", content.headers, content.body)


@pytest.mark.rfc("5621 8.1", "5621 8.4", "3261 20.11")
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (part(SDP), ()),
        (part("Application / SDP"), ()),
        (part(ISUP), ("application/isup",)),
        (part(ISUP, "signal;handling=required"), ("application/isup",)),
        (part(ISUP, "signal;handling=perhaps"), ("application/isup",)),
        (part(ISUP, "signal; handling=Optional"), ()),
        (of("mixed", part(SDP), part(ISUP, "signal;handling=optional")), ()),
        (of("mixed", part(SDP), part(ISUP, "signal")), ("application/isup",)),
        (of("mixed", part(ISUP), part(TEXT), part(ISUP)), ("application/isup", TEXT)),
        (of("mixed", part(SDP), part(ISUP), said="render;handling=optional"), ()),
        (of("mixed", part(ISUP, "signal;handling=optional")), ()),
        (of("unknown", part(SDP), part(ISUP)), ("application/isup",)),
        (of("mixed", of("mixed", part(SDP)), of("mixed", part(ISUP), said="render;handling=optional")), ()),
    ],
)
def test_required_parts(body: Part, expected: tuple[str, ...]) -> None:
    """Each part must be understood, unless it, or what it is in, may be ignored."""
    assert read_body(request(body), {SDP}).unsupported == expected
    assert read_body(body, {SDP}).unsupported == expected


@pytest.mark.rfc("5621 6.1", "5621 8.3")
@pytest.mark.parametrize(
    ("body", "chosen", "expected"),
    [
        (of("alternative", part(TEXT, body=b"1"), part(SDP, body=b"2"), part(ISUP, body=b"3")), [b"2"], ()),
        (of("alternative", part(SDP, body=b"1"), part(SDP, "session;handling=optional", b"2")), [b"2"], ()),
        (of("alternative", part(TEXT), part(ISUP, "signal;handling=optional")), [], (TEXT, "application/isup")),
        (of("alternative", part(TEXT), part(ISUP), said="session;handling=optional"), [], ()),
        (of("alternative", part(SDP, body=b"1"), of("mixed", part(SDP), part(ISUP))), [b"1"], ()),
        (of("alternative", part(TEXT), of("mixed", part(SDP, body=b"1"), part(SDP, body=b"2"))), [b"1", b"2"], ()),
        (of("alternative", part(SDP, body=b"1"), of("mixed", part(ISUP, "x;handling=optional"))), [b"1"], ()),
        (of("alternative", of("mixed", part(ISUP, "x;handling=optional"))), [], ()),
        (
            of("mixed", of("alternative", part(TEXT), part(ISUP)), part(SDP, body=b"1")),
            [b"1"],
            (TEXT, "application/isup"),
        ),
    ],
)
def test_alternatives(body: Part, chosen: list[bytes], expected: tuple[str, ...]) -> None:
    """Of alternatives the last that is understood is taken; their own handling does not count."""
    read = read_body(request(body), {SDP})
    assert [entity.body for entity in read.understood] == chosen
    assert read.unsupported == expected


@pytest.mark.rfc("5621 7.1", "5621 7.3", "2387 3.2")
def test_compound_objects() -> None:
    """A compound object is understood when its root is; those who know no such thing take it for independent parts."""
    root = part(TEXT, Content_ID="<root@x>")
    picture = part("image/jpeg", Content_ID="<picture@x>")
    body = request(of("related", picture, root, start="<root@x>"))
    assert read_body(body, {TEXT, "multipart/related"}) == ((body,), ())
    assert read_body(body, {"image/jpeg", "multipart/related"}).unsupported == (TEXT,)
    assert read_body(body, {TEXT}).unsupported == ("image/jpeg",)
    assert read_body(request(of("related", root, picture)), {TEXT, "multipart/related"}).unsupported == ()
    types = {TEXT, "multipart/related"}
    assert read_body(body, types, dispositions={"session"}).unsupported == ("multipart/related",)


@pytest.mark.rfc("5621 8.1", "5621 8.4", "5621 9.4")
def test_dispositions() -> None:
    """A part of an unknown disposition is as little understood as one of an unknown type."""
    body = request(of("mixed", part(SDP), part(TEXT, "alert"), part(TEXT, "by-reference;handling=optional")))
    assert read_body(body, {SDP, TEXT}).unsupported == ()
    assert read_body(body, {SDP, TEXT}, dispositions={"session", "render"}).unsupported == (TEXT,)
    read = read_body(body, {SDP, TEXT}, dispositions={"session", "alert"})
    assert [disposition(entity).type for entity in read.understood] == ["session", "alert"]
    assert read.unsupported == ()


@pytest.mark.rfc("3261 20.11")
def test_assumed_dispositions() -> None:
    """A session description is of a session, and all else is shown to the user, when nothing else is said."""
    assert disposition(part(SDP)).type == "session"
    assert disposition(part(TEXT)).type == "render"
    assert disposition(request(part(SDP, "early-session"))).type == "early-session"


@pytest.mark.rfc("3261 8.2.3")
def test_encodings() -> None:
    """A body in an encoding that is not understood is not understood."""
    body = request(part(SDP, Content_Encoding="GZIP"))
    assert read_body(body, {SDP}).unsupported == (SDP,)
    assert read_body(body, {SDP}, encodings={"gzip"}).unsupported == ()
    assert read_body(request(part(SDP, Content_Encoding="identity")), {SDP}).unsupported == ()


@pytest.mark.rfc("3261 20.15")
def test_no_body() -> None:
    """Where there is no body nothing must be understood; a body without a type is malformed."""
    assert read_body(Request.build("INVITE", "sip:a@b"), ()) == ((), ())
    assert read_body(Request.build("INVITE", "sip:a@b", [("Content-Type", ISUP)]), ()).unsupported == ()
    without = read_message(b"INVITE sip:a@b SIP/2.0\r\nContent-Length: 1\r\n\r\nx")
    with pytest.raises(RemoteProtocolError):
        read_body(without, {SDP})


def test_malformed_bodies() -> None:
    """What is no multipart, or has no proper type, is malformed."""
    for kind in ("multipart/mixed;boundary=b", "multipart/mixed"):
        with pytest.raises(RemoteProtocolError):
            read_body(request(part(kind)), {SDP})
    with pytest.raises(RemoteProtocolError):
        read_body(request(part(SDP)).with_header("Content-Type", "sdp"), {SDP})
