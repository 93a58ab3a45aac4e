"""Bodies of several parts, whole and broken: what is found inside, when somebody looks (RFC 2046 5.1, RFC 5621 4)."""

from __future__ import annotations

import pytest

from sipsm import RemoteProtocolError, parse_message
from sipsm.message import Message
from sipsm.message.bodies import Part, multipart
from tests.torture.case import invite
from tests.torture.entry import Refused
from tests.torture.malformed_contents import MULTIPARTS
from tests.torture.table import entry_of

UNFIT = Refused(400, "2046 5.1.1")
FOUND: dict[str, list[bytes] | Refused] = {
    "without a boundary": UNFIT,
    "with an empty boundary": UNFIT,
    "with an empty boundary in quotes": UNFIT,
    "with a boundary of 10000": UNFIT,
    "with a boundary that is nowhere": UNFIT,
    "with a boundary of special letters": UNFIT,
    "with a boundary with a NUL": UNFIT,
    "without an end": UNFIT,
    "without parts": UNFIT,
    "with a part of length zero": [b""],
    "with a part that is nothing at all": [b"", b""],
    "with a part without an empty line": [b""],
    "with a part without headers": [b"x"],
    # Content-Length means nothing inside of a multipart: the boundary ends a part.
    "with a part with a Content-Length that lies": [b"x"],
    "with a part with a negative Content-Length": [b"x"],
    "with a part whose header is no header": Refused(400, "3261 7.3.1"),
    "with NULs in a part": [b"\0" * 1_000],
    "with lines that end with LF": UNFIT,
    "with 10000 parts": Refused(413, "2046 5.1.1"),
    "nested 1000 deep": Refused(413, "5621 4.3"),
    "nested in itself": UNFIT,
    "of a megabyte of dashes": UNFIT,
    "of 100000 openings": Refused(413, "2046 5.1.1"),
}


def leaves(entity: Message | Part) -> list[bytes]:
    """The bodies of all the parts that are no multiparts themselves."""
    inner = multipart(entity)
    if inner is None:
        return [entity.body]
    assert bytes(inner) == entity.body
    return [body for part in inner.parts for body in leaves(part)]


def test_each_body_is_decided() -> None:
    """No body of the table is left out."""
    assert FOUND.keys() == MULTIPARTS.keys()


@pytest.mark.rfc("2046 5.1.1", "5621 4.3")
@pytest.mark.parametrize("name", MULTIPARTS)
def test_parts(name: str) -> None:
    """A multipart has its parts, or is refused as the table says; either way the body stays as it came."""
    kind, body = MULTIPARTS[name]
    message = parse_message(invite(body, kind))
    found: list[bytes] | Refused
    try:
        found = leaves(message)
    except RemoteProtocolError as error:
        found = Refused(error.status, error.rfc or "")
    assert found == FOUND[name]
    assert message.body == body


@pytest.mark.rfc("4475 3.1.1.11")
def test_binary_parts() -> None:
    """The parts of RFC 4475's multipart are a greeting and a signature full of NULs, to the last octet."""
    inner = multipart(parse_message(entry_of("mpart01").data))
    assert inner is not None
    text, signature = inner.parts
    assert (text.content_type, text.body) == ("text/plain", b"Hello")
    assert signature.content_type == "application/octet-stream"
    # A DER sequence that says of itself how long it is.
    assert signature.body[:2] == b"\x30\x82"
    assert int.from_bytes(signature.body[2:4], "big") == len(signature.body) - 4
    assert signature.body.endswith(bytes.fromhex("E57B65BC99D005"))
    assert b"\0" in signature.body
