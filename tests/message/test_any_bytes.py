"""Whatever comes, a message or RemoteProtocolError is what it comes to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.errors import RemoteProtocolError
from sipsm.message import Message, Request, answerable, parse_message, read_message, response_to

FILES = {
    path.stem: path.read_bytes() for path in sorted((Path(__file__).parents[1] / "torture" / "data").glob("*.dat"))
}
PROPERTIES = (
    "via",
    "vias",
    "from_",
    "to",
    "call_id",
    "cseq",
    "contact",
    "contacts",
    "route",
    "record_route",
    "content_type",
    "headers",
)

# The messages of RFC 4475 that a transaction is to have; dblreq is longer than the message that it holds.
WELL_FORMED = """
    wsinv intmeth esc01 escnull esc02 lwsdisp longreq semiuri transports mpart01 unreason noreason unkscm novelsc unksm2
    bext01 invut regaut01 bcast zeromf cparam01 cparam02 regescrt sdp01 inv2543
"""
REFUSED = """
    badinv01 clerr ncl scalar02 scalarlg quotbal ltgtruri lwsruri lwsstart trws escruri badaspec baddn badvers
    mismatch01 mismatch02 bigcode insuf multi01 mcl01
"""


def attempt(read: Callable[[], object]) -> object:
    """What it gives, or the RemoteProtocolError that it raises, which always has a status to answer with."""
    try:
        return read()
    except RemoteProtocolError as error:
        assert error.status in {400, 505}  # noqa: PT017  (any input may raise it, and need not)
        return error


def facts_of(message: Message) -> list[object]:
    via, addresses = message.via, (message.from_, message.to)
    return [
        (str(via), via.transport, via.host, via.port, via.branch, dict(via.params)),
        *((str(a), a.display_name, str(a.uri), a.tag, dict(a.params)) for a in addresses),
        (message.call_id, message.cseq),
    ]


def survives(data: bytes) -> None:
    """Reads all that there is to read, answers what can be answered, and changes what can be changed."""
    message = attempt(lambda: read_message(data))
    if isinstance(message, RemoteProtocolError):
        request = answerable(data)
        if request is not None:
            answer = response_to(request, message.status, to_tag="x")
            assert read_message(bytes(answer)).headers == answer.headers
        return
    assert isinstance(message, Message)
    assert bytes(message) in data + b"\r\n"
    for name in PROPERTIES:
        attempt(lambda name=name: getattr(message, name))  # type: ignore[misc]
    checked = attempt(lambda: parse_message(data))
    if not isinstance(checked, Message):
        return
    # What the check has passed never fails again, and says the same as when it is read header by header.
    assert checked == message
    assert facts_of(checked) == facts_of(read_message(data))
    assert checked.via.sent_by
    assert checked.via.params is not None
    assert checked.via.rport in range(65536) or checked.via.rport is None
    assert checked.via.ttl in range(256) or checked.via.ttl is None
    for address in (checked.from_, checked.to):
        assert str(address.uri)
    if isinstance(checked, Request):
        assert str(checked.uri)
        assert parse_message(bytes(response_to(checked, 200, to_tag="x"))).to.tag is not None
    changed = checked.with_added("X", "y")
    assert parse_message(bytes(changed)).headers == changed.headers
    assert parse_message(bytes(changed)).body == checked.body


@pytest.mark.parametrize("name", WELL_FORMED.split())
@pytest.mark.rfc("4475 3.1.1", "4475 3.3")
def test_well_formed_torture(name: str) -> None:
    """The well-formed messages of RFC 4475 are read, and written byte for byte."""
    assert bytes(parse_message(FILES[name])) == FILES[name]


@pytest.mark.parametrize("name", REFUSED.split())
@pytest.mark.rfc("4475 3.1.2")
def test_malformed_torture(name: str) -> None:
    """The malformed messages of RFC 4475 are refused."""
    with pytest.raises(RemoteProtocolError):
        parse_message(FILES[name])


@pytest.mark.rfc("4475 3.1.1.8")
def test_second_message_in_the_datagram() -> None:
    """What comes after the first message of a datagram is dropped."""
    message = parse_message(FILES["dblreq"])
    assert message.cseq.method == "REGISTER"
    assert FILES["dblreq"].startswith(bytes(message))
    assert bytes(message).endswith(b"Content-Length: 0\r\n\r\n")


@pytest.mark.parametrize("name", FILES)
def test_torture_survived(name: str) -> None:
    """No message of RFC 4475 gets anything out of the parser but a message or RemoteProtocolError,
    wherever it is cut."""
    survives(FILES[name])
    for end in range(0, len(FILES[name]), 37):
        survives(FILES[name][:end])


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    """Any bytes are survived."""
    survives(data)


SEEDS = sorted(FILES.values(), key=len)[:30]
# fmt: off
PIECES = st.sampled_from([
    b"\r\n", b"\n", b"\r", b"\0", b" ", b"\t", b":", b";", b",", b'"', b"<", b">", b"\\", b"%", b"@", b"[", b"]", b"=",
    b"?", b"\xff", "é".encode(), b"\r\n ", b"\r\n\r\n", b"SIP/2.0", b"Via: x\r\n", b"l: 5\r\n", b";tag=x", b";rport=x",
    b"*", b"4294967296", b"CSeq: 1 INVITE\r\n",
])
# fmt: on


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real message, some lines of which are gone, doubled, swapped, cut, or have something put in."""
    lines = draw(st.sampled_from(SEEDS)).split(b"\r\n")
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        what = draw(st.sampled_from(["drop", "double", "swap", "cut", "insert", "replace"]))
        where = draw(st.integers(0, len(lines[at])))
        if what == "drop" and len(lines) > 1:
            del lines[at]
        elif what == "double":
            lines.insert(at, lines[at])
        elif what == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        elif what == "cut":
            lines[at] = lines[at][:where]
        elif what == "insert":
            lines[at] = lines[at][:where] + draw(PIECES) + lines[at][where:]
        else:
            lines[at] = lines[at][:where] + draw(PIECES) + lines[at][where + 1 :]
    return b"\r\n".join(lines)


@given(damaged())
def test_damaged_messages(data: bytes) -> None:
    """A damaged message is survived as well, and what is still read of it stays readable when answered or changed."""
    survives(data)
