"""Message summaries: the lamp, the counts, and how they are written (RFC 3842)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.packages import MessageSummary, Summary
from sipsm.packages.message_summary import MAX_BYTES, MOST

ALICE = "sip:alice@vmail.example.com"
# The body of the NOTIFYs of RFC 3842 4.1.
BODY = b"Messages-Waiting: yes\r\nMessage-Account: sip:alice@vmail.example.com\r\nVoice-Message: 2/8 (0/2)\r\n"


@pytest.mark.rfc("3842 3.5", "3842 4.1")
def test_the_lamp_and_the_counts() -> None:
    """Whether messages wait, whose, and how many of each class."""
    summary = MessageSummary.parse(BODY)
    assert summary == MessageSummary(True, ALICE, (Summary("voice-message", 2, 8, 0, 2),))
    assert summary.counts("Voice-Message") == Summary("Voice-Message", 2, 8, 0, 2)
    assert summary.counts("fax-message") is None
    assert bytes(summary) == BODY


@pytest.mark.rfc("3842 3.5", "3842 5.2")
@pytest.mark.parametrize(
    ("body", "summary"),
    [
        (b"Messages-Waiting: no\r\n", MessageSummary(False)),
        (b"messages-waiting:NO", MessageSummary(False)),
        (
            b"\nMessages-Waiting\t: Yes\nFAX-MESSAGE: 2/4\n\n",
            MessageSummary(True, None, (Summary("fax-message", 2, 4),)),
        ),
        (
            b"Messages-Waiting: yes\r\nVoice-Message: 1 / 3 ( 0 / 1 )\r\n",
            MessageSummary(True, None, (Summary("voice-message", 1, 3, 0, 1),)),
        ),
        (b"Messages-Waiting: yes\r\nMessage-Account: <sip:a@b>\r\n", MessageSummary(True, "sip:a@b")),
        (b"Messages-Waiting: yes\r\nMessage-Account:\r\n", MessageSummary(True)),
        (b"Messages-Waiting: yes\r\nX: y\r\nVoice-Message: many\r\n", MessageSummary(True)),
        (b"Messages-Waiting:\r\n yes\r\n", MessageSummary(True)),
        (
            f"Messages-Waiting: yes\r\nVoice-Message: {'9' * 5000}/4294967296 (004294967295/0)\r\n".encode(),
            MessageSummary(True, None, (Summary("voice-message", MOST, MOST, MOST, 0),)),
        ),
    ],
)
def test_what_peers_write_is_read(body: bytes, summary: MessageSummary) -> None:
    """Case, spaces, folds and ends of lines make no difference, and a larger count is the largest."""
    assert MessageSummary.parse(body) == summary


@pytest.mark.rfc("3842 3.5")
def test_new_messages_are_described() -> None:
    """Behind the counts come headers of those that are new, message by message."""
    messages = [[("To", "<alice@example.com>"), ("Subject", "")], [("Subject", "carpé diem\u00a0"), ("X", "\udcff")]]
    summary = MessageSummary(True, None, (), messages)
    assert bytes(summary) == (
        b"Messages-Waiting: yes\r\n\r\nTo: <alice@example.com>\r\nSubject:\r\n"
        b"\r\nSubject: carp\xc3\xa9 diem\xc2\xa0\r\nX: \xff\r\n"
    )
    assert MessageSummary.parse(bytes(summary)) == summary
    assert MessageSummary.parse(b"Messages-Waiting: yes\n\n\nSubject: a\n b\n").messages == ((("Subject", "a b"),),)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Voice-Message: 2/8\r\n",
        b"Messages-Waiting: maybe\r\n",
        b"Messages-Waiting: yes\r\nMessages-Waiting: no\r\n",
        b"Messages-Waiting: yes\r\nhello\r\n",
        b"Messages-Waiting: yes\r\n\r\nhello\r\n",
        b"Messages-Waiting: yes\r\nX: a\rb\r\n",
        b"Messages-Waiting: yes\r\nX: a\0b\r\n",
        b" Messages-Waiting: yes\r\n",
    ],
)
def test_what_is_no_summary_is_refused(body: bytes) -> None:
    """Without the first line it says nothing."""
    with pytest.raises(RemoteProtocolError) as caught:
        MessageSummary.parse(body)
    assert caught.value.status == 400


def test_a_summary_has_a_limit() -> None:
    """What is just within it is read, whatever it is made of."""
    for filling in (b"X: y\r\n", b"A:1/1\r\n", b"\r\n", b"x:\r\n ", b"\r\n\r\nx:y", b"x: 1" + b" " * 100_000 + b"\r\n"):
        body = BODY + filling * ((MAX_BYTES - len(BODY)) // len(filling))
        MessageSummary.parse(body.ljust(MAX_BYTES, b"\n"))
    with pytest.raises(RemoteProtocolError) as caught:
        MessageSummary.parse(BODY.ljust(MAX_BYTES + 1, b"\n"))
    assert caught.value.status == 413


@pytest.mark.parametrize(
    "make",
    [
        lambda: Summary("voice message", 1, 1),
        lambda: Summary("Message-Account", 1, 1),
        lambda: Summary("voice-message", -1, 1),
        lambda: Summary("voice-message", 1, MOST + 1),
        lambda: Summary("voice-message", 1, 1, 1),
        lambda: MessageSummary(True, ""),
        lambda: MessageSummary(True, "<sip:a>"),
        lambda: MessageSummary(True, "sip:a "),
        lambda: MessageSummary(True, "sip:a\r\nX: y"),
        lambda: MessageSummary(True, messages=[[]]),
        lambda: MessageSummary(True, messages=[[("a b", "c")]]),
        lambda: MessageSummary(True, messages=[[("a", "c\r\nd: e")]]),
        lambda: MessageSummary(True, messages=[[("a", " b")]]),
    ],
)
def test_what_cannot_be_written_is_refused(make: Callable[[], object]) -> None:
    """It would be read as something else."""
    with pytest.raises(LocalProtocolError):
        make()


@pytest.mark.rfc("3842 3.10")
def test_several_notifiers_are_one_lamp() -> None:
    """It is lit when one of them says so; counts are summed when all tell them."""
    office = MessageSummary(False, ALICE, (Summary("voice-message", 0, 8), Summary("fax-message", 0, 1)))
    home = MessageSummary(True, ALICE, (Summary("voice-message", MOST, 1, 1, 0),))
    assert MessageSummary.together([office, home]) == MessageSummary(
        True, ALICE, (Summary("voice-message", MOST, 9, 1, 0), Summary("fax-message", 0, 1))
    )
    assert MessageSummary.together([office, MessageSummary(False, "sip:b")]) == MessageSummary(False)
    assert MessageSummary.together([]) == MessageSummary(False)
