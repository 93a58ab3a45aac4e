"""Content-Type, Content-Disposition and their kin (RFC 3261 20.11 to 20.15, 20.24)."""

from __future__ import annotations

import copy
import pickle

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.message.headers.content import (
    CONTENT_DISPOSITION,
    CONTENT_ENCODING,
    CONTENT_ID,
    CONTENT_LANGUAGE,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    MIME_VERSION,
    ContentDisposition,
    ContentId,
    ContentType,
)


@pytest.mark.rfc("3261 20.15", "3261 25.1")
@pytest.mark.parametrize(
    ("text", "media_type", "params"),
    [
        ("application/sdp", "application/sdp", {}),
        ("Application / SDP", "application/sdp", {}),
        ("text/html; charset=ISO-8859-4", "text/html", {"charset": "ISO-8859-4"}),
        ("message/sipfrag;version=2.0", "message/sipfrag", {"version": "2.0"}),
        ("multipart/mixed;boundary=7a9cbec02ceef655", "multipart/mixed", {"boundary": "7a9cbec02ceef655"}),
        ('multipart/mixed; boundary="gc0pJq0M:08jU534c0p"', "multipart/mixed", {"boundary": "gc0pJq0M:08jU534c0p"}),
        ("application/pidf+xml", "application/pidf+xml", {}),
    ],
)
def test_content_type(text: str, media_type: str, params: dict[str, str]) -> None:
    """A Content-Type is a type and a subtype, neither of which has a case, and parameters."""
    read = CONTENT_TYPE.read([text])
    assert (read.media_type, dict(read.params), str(read)) == (media_type, params, text)
    assert f"{read.type}/{read.subtype}" == media_type
    assert pickle.loads(pickle.dumps(read)) == read


@pytest.mark.rfc("2046 5.1.1", "2387 3.2")
def test_content_type_params() -> None:
    """The boundary counts letter by letter, a character set does not; the root of a compound body may be named."""
    read = ContentType.parse('Multipart/Related;boundary="A b";charset=UTF-8;start="<root@example.com>"')
    assert (read.boundary, read.charset, read.start) == ("A b", "utf-8", "<root@example.com>")
    assert ContentId.parse(read.start or "").id == "root@example.com"
    plain = ContentType.parse("text/plain")
    assert (plain.boundary, plain.charset, plain.start) == (None, None, None)


@pytest.mark.rfc("3261 7.3.1")
def test_content_types_compared() -> None:
    """Two types are the same over case and white space, and with other parameters are not."""
    one, other = ContentType.parse("text/html;a=1"), ContentType.parse("TEXT / html ; A=1")
    assert one == other
    assert hash(one) == hash(other)
    assert one != ContentType.parse("text/html")
    assert one != ContentType.parse("text/plain;a=1")


@pytest.mark.rfc("3261 20.15")
@pytest.mark.parametrize(
    "text", ["", "application", "application/", "/sdp", "a/b/c", "a/b, c/d", "a/b;=", "a/b;c=1;C=2", "a/b;c=d e"]
)
def test_malformed_content_type(text: str) -> None:
    """A Content-Type without a type and a subtype is refused; and it is no list."""
    with pytest.raises(RemoteProtocolError):
        CONTENT_TYPE.read([text])


@pytest.mark.rfc("2046 5.1.1", "3261 25.1")
def test_content_type_built() -> None:
    """A type is built of its parts; what is no token stands in quotes, as a boundary with a colon must."""
    assert str(ContentType.build("application/sdp")) == "application/sdp"
    assert str(ContentType.build("multipart/mixed", {"boundary": "a:b"})) == 'multipart/mixed;boundary="a:b"'
    assert str(ContentType.build("text/plain", [("charset", "utf-8"), ("x", "")])) == 'text/plain;charset=utf-8;x=""'


@pytest.mark.parametrize(
    ("value", "params"),
    [
        ("sdp", {}),
        ("a/b;c=d", {}),
        ("a/b ", {}),
        ("a/b\r\n", {}),
        ("a/b", {"c": None}),
        ("a/b", {"c d": "e"}),
        ("a/b", {"c": "\r\nVia: x"}),
        ("a/b", [("c", "1"), ("C", "2")]),
    ],
)
def test_content_type_not_built(value: str, params: dict[str, str | None]) -> None:
    """What would be read as something else is not built."""
    with pytest.raises(LocalProtocolError):
        ContentType.build(value, params)


@pytest.mark.rfc("3261 20.11", "5621 8.1")
@pytest.mark.parametrize(
    ("text", "kind", "required"),
    [
        ("session", "session", True),
        ("Render", "render", True),
        ("signal; handling=optional", "signal", False),
        ("icon;Handling=OPTIONAL;size=5", "icon", False),
        ("alert;handling=required", "alert", True),
        ("by-reference;handling=whatever", "by-reference", True),
        ("session;handling", "session", True),
        ('attachment; filename="genome.jpeg"', "attachment", True),
    ],
)
def test_content_disposition(text: str, kind: str, required: bool) -> None:
    """A disposition says what a body is for; the body must be understood unless its handling is optional."""
    read = CONTENT_DISPOSITION.read([text])
    assert (read.type, read.is_required, str(read)) == (kind, required, text)


@pytest.mark.rfc("3261 20.11")
def test_assumed_disposition() -> None:
    """A body that does not say what it is for is a session when it is SDP, else is to be shown."""
    assert ContentDisposition.assumed("application/sdp") == ContentDisposition.parse("session")
    assert ContentDisposition.assumed("text/plain").type == "render"
    assert ContentDisposition.assumed(None).type == "render"


def test_content_disposition_built() -> None:
    """A disposition is built of its type, its handling and other parameters."""
    assert str(ContentDisposition.build("session")) == "session"
    assert str(ContentDisposition.build("session", {"a": "1"}, handling="optional")) == "session;handling=optional;a=1"
    assert str(ContentDisposition.build("session", [("a", None)])) == "session;a"
    for value in ("", "a b", "a/b", "a\r\n"):
        with pytest.raises(LocalProtocolError):
            ContentDisposition.build(value)


@pytest.mark.rfc("3261 20.12")
def test_content_encoding() -> None:
    """Content-Encoding lists codings in the order in which they were applied; they have no case."""
    assert CONTENT_ENCODING.read(["gzip, TAR"]) == ("gzip", "tar")
    assert CONTENT_ENCODING.lines(["tar", "gzip"]) == ["tar, gzip"]
    with pytest.raises(RemoteProtocolError):
        CONTENT_ENCODING.read(["gzip;q=1"])


@pytest.mark.rfc("3261 20.13")
def test_content_language() -> None:
    """Content-Language lists languages."""
    assert CONTENT_LANGUAGE.read(["fr"]) == ("fr",)
    assert CONTENT_LANGUAGE.read(["en-GB, es-419"]) == ("en-GB", "es-419")
    assert CONTENT_LANGUAGE.lines(["fr", "de"]) == ["fr, de"]
    for text in ("", "*", "fr;q=1", "fr,", "abcdefghi", "fr-"):
        with pytest.raises(RemoteProtocolError):
            CONTENT_LANGUAGE.read([text])


@pytest.mark.rfc("3261 20.14")
def test_content_length() -> None:
    """A Content-Length is a number of octets, and stands in a message once."""
    assert CONTENT_LENGTH.read(["349"]) == 349
    assert CONTENT_LENGTH.lines([0]) == ["0"]
    for lines in (["-1"], ["five"], [""], ["13", "5"], ["13, 13"]):
        with pytest.raises(RemoteProtocolError):
            CONTENT_LENGTH.read(lines)


@pytest.mark.rfc("5621 9.1", "6442 5.1")
def test_content_id() -> None:
    """A body's name in angle brackets becomes the URL by which headers refer to it."""
    read = CONTENT_ID.read(["<target123@atlanta.example.com>"])
    assert (read.id, read.uri) == ("target123@atlanta.example.com", "cid:target123@atlanta.example.com")
    assert ContentId.parse("<a%b/c?d#e@f>").uri == "cid:a%25b%2Fc%3Fd%23e@f"
    assert ContentId.build("target123@atlanta.example.com") == read
    assert copy.copy(read) is read
    assert ContentId.parse("<A@b>") != ContentId.parse("<a@b>")


@pytest.mark.parametrize(
    "text", ["", "a@b", "<>", "<a@b", "<a b@c>", "<a@b>;x=1", "<a@b> ", "<a@b>, <c@d>", "<\u00e4@b>"]
)
def test_malformed_content_id(text: str) -> None:
    """A name has angle brackets, visible characters of ASCII, and nothing behind it."""
    with pytest.raises(RemoteProtocolError):
        CONTENT_ID.read([text])
    with pytest.raises(LocalProtocolError):
        ContentId.build(text + ">")


@pytest.mark.rfc("3261 20.24")
def test_mime_version() -> None:
    """MIME-Version is two numbers with a point between."""
    assert MIME_VERSION.read(["1.0"]) == "1.0"
    for text in ("", "1", "1.", ".0", "1.0.0", "v1.0", "\u0661.0"):
        with pytest.raises(RemoteProtocolError):
            MIME_VERSION.read([text])
