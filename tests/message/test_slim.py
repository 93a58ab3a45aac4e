"""A message that holds less (`Message.slim`)."""

from __future__ import annotations

from sipsm.message import Request, parse_message, read_message
from sipsm.transport.via import just_received_from

USUAL = (
    b"BYE sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport\r\n"
    b"From: <sip:a@192.0.2.1>;tag=1\r\nTo: <sip:b@192.0.2.2>;tag=2\r\nCall-ID: c\r\nCSeq: 2 BYE\r\n"
    b"Subject: none\r\nContent-Length: 0\r\n\r\n"
)
FOLDED = USUAL.replace(b"Subject: none", b"Subject: one\r\n and two")


def said(message: Request) -> list[object]:
    """All that is asked of it here."""
    return [
        message.via, message.cseq, message.from_, message.to_tag, message.call_id, message.vias, message.contacts,
        message.header("Subject"), list(message.headers), bytes(message),
    ]  # fmt: skip


def test_a_slim_message_says_the_same() -> None:
    """As it was read, folded, or with the Via marked by who received it: what was let go is found again."""
    for data in (USUAL, FOLDED):
        message = parse_message(data)
        assert isinstance(message, Request), "it is a BYE"
        before = said(message)
        message.slim()
        assert said(message) == before
        read = read_message(data)
        assert isinstance(read, Request), "the same"
        marked = just_received_from(read, ("192.0.2.9", 5070))
        before = said(marked)
        marked.slim()
        assert said(marked) == before
        assert ";rport=5070;received=192.0.2.9" in str(marked.via)


def test_a_marked_message_can_be_slim_before_it_is_written() -> None:
    """Its lines are all that there is of it then."""
    read = read_message(USUAL)
    assert isinstance(read, Request), "it is a BYE"
    marked = just_received_from(read, ("192.0.2.9", 5070))
    marked.slim()
    assert b";rport=5070;received=192.0.2.9\r\n" in bytes(marked)
    assert marked.header("Subject") == "none"
