"""The same bytes on a connection: where a message ends must be told before anything else can be (RFC 3261 18.3)."""

from __future__ import annotations

import pytest

from sipsm import RemoteProtocolError, parse_message
from sipsm.transport.framing import BadFrame, Frame, Framed, Ping, StreamFramer, WebSocketFramer
from tests.torture.case import Case
from tests.torture.entry import Breaks, Entry, Frames, StreamVerdict, Waits
from tests.torture.malformed import EACH
from tests.torture.table import each, entry_of

FEW = 4_000
"""Up to so many bytes a message is also sent one byte at a time."""


def framed(data: bytes, size: int) -> tuple[list[Framed], StreamFramer]:
    """What a server's connection makes of bytes that come in pieces of this size, keep-alives left out."""
    framer = StreamFramer(client=False)
    found = [each for at in range(0, len(data), size) for each in framer.receive(data[at : at + size])]
    return [each for each in found if not isinstance(each, Ping)], framer


def verdict_on(found: list[Framed], framer: StreamFramer) -> StreamVerdict:
    """What became of the connection."""
    bad = [each for each in found if isinstance(each, BadFrame)]
    if bad:
        assert found[-1] is bad[0]
        assert bad[0].ends_flow
        assert framer.ended
        assert framer.held == 0
        assert framer.receive(b"OPTIONS sip:bob@192.0.2.1 SIP/2.0\r\n") == []
        return Breaks(bad[0].error.status, after=len(found) - 1)
    if not found:
        assert framer.mid_message
        return Waits()
    return Frames(len(found), rest=framer.mid_message)


def check(case: Entry | Case) -> None:
    """The verdict of the table, however the bytes are cut; and a whole message is what a datagram would have been."""
    data = case.data
    found, framer = framed(data, len(data))
    assert verdict_on(found, framer) == case.stream
    if len(data) <= FEW:
        one_by_one, slow = framed(data, 1)
        assert one_by_one == found
        assert verdict_on(one_by_one, slow) == case.stream
    if found and isinstance(found[0], Frame):
        message = found[0].data
        assert data.lstrip(b"\r\n").startswith(message)
        assert outcome_of(message) == outcome_of(data)


def outcome_of(data: bytes) -> object:
    """The message that the bytes are, or the status and the section of why they are none."""
    try:
        return bytes(parse_message(data))
    except RemoteProtocolError as error:
        return (error.status, error.rfc)


@pytest.mark.rfc("3261-S32", "3261 18.3", "4475 3.1.1.8", "4475 3.1.2.2", "4475 3.1.2.3", "4475 3.3.9")
@pytest.mark.parametrize("entry", each())
def test_the_messages_of_the_rfcs(entry: Entry) -> None:
    """A connection carries a well-formed message; a wrong Content-Length keeps it waiting or ends it."""
    check(entry)


@pytest.mark.rfc("3261-S32", "3261 18.3")
@pytest.mark.parametrize("case", EACH)
def test_what_has_broken_stacks(case: Case) -> None:
    """A connection that carries something broken goes on, waits or ends, and never holds more than its limits."""
    check(case)


@pytest.mark.rfc("4475 3.1.2.2")
def test_a_message_that_is_cut_short_ends_with_the_connection() -> None:
    """The rest of a body that is waited for may never come."""
    entry = entry_of("clerr")
    found, framer = framed(entry.data, len(entry.data))
    assert found == []
    assert framer.mid_message
    [bad] = framer.receive_eof()
    assert isinstance(bad, BadFrame)
    assert (bad.error.status, bad.error.rfc) == (400, "3261 18.3")


@pytest.mark.rfc("7118 5")
@pytest.mark.parametrize("entry", each())
def test_the_messages_of_the_rfcs_on_websocket(entry: Entry) -> None:
    """A WebSocket message is one message as a datagram is, whatever its Content-Length."""
    assert WebSocketFramer(client=False).receive(entry.data) == [Frame(entry.data)]
