"""Whatever is written is read as the same; whatever comes is read or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sipsm.errors import RemoteProtocolError
from sipsm.packages import Element, MessageSummary, Summary, merge
from sipsm.packages.element import read_element, write_document
from tests.packages.drawn import DOCUMENTS, ELEMENTS, LINES, PARTIAL, values

EXAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parent / "examples").iterdir())]
DAMAGE = [b"<", b">", b"/", b'"', b"&", b"&#0;", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<?", b"<a>", b"</a>", b"<a/>"]
DAMAGE += [
    b"\0",
    b"\xff",
    b"\r",
    b" ",
    b"x:",
    b":",
    b'xmlns="',
    b' xmlns:x="urn:x"',
    b' xmlns=""',
    b"9" * 30,
    b"\xc3\xa9",
]


def outcome(parse: Callable[[bytes], Any], body: bytes) -> Any:
    """What a body says, or the error that it is."""
    try:
        return parse(body)
    except RemoteProtocolError as error:
        return error


@pytest.mark.slow
@pytest.mark.parametrize("kind", DOCUMENTS, ids=lambda kind: kind.root)
@given(data=st.data())
def test_a_document_reads_as_it_was_written(kind: Any, data: st.DataObject) -> None:
    """Nothing of a value is lost between two programs."""
    document: Any = data.draw(values(kind))
    assert kind.parse(bytes(document)) == document


@given(ELEMENTS)
def test_an_element_reads_as_it_was_written(element: Element) -> None:
    """That holds of extensions whatever they are, and of all that XML can hold."""
    assert read_element(write_document(element, rfc=""), rfc="") == element


@given(data=st.data())
def test_what_comes_is_a_document_or_refused(data: st.DataObject) -> None:
    """A damaged document raises RemoteProtocolError, or is one that can be written again."""
    body = bytearray(data.draw(st.sampled_from(EXAMPLES)))
    for _ in range(data.draw(st.integers(0, 4))):
        start = data.draw(st.integers(0, len(body)))
        body[start : start + data.draw(st.sampled_from([0, 0, 1, 5, 40]))] = data.draw(st.sampled_from(DAMAGE))
    for kind in DOCUMENTS:
        document = outcome(kind.parse, bytes(body))
        if isinstance(document, RemoteProtocolError):
            assert document.status == 400
            assert document.at is None or 0 <= document.at <= len(body)
        else:
            assert kind.parse(bytes(document)) == document


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_or_read(body: bytes) -> None:
    """Nothing but RemoteProtocolError comes of bytes that mean nothing."""
    kinds: tuple[Any, ...] = (*DOCUMENTS, MessageSummary)
    for kind in kinds:
        with pytest.raises(RemoteProtocolError):
            kind.parse(body)


@pytest.mark.slow
@pytest.mark.parametrize("kind", PARTIAL, ids=lambda kind: kind.root)
@given(data=st.data())
def test_merging_ends_in_what_is_full(kind: Any, data: st.DataObject) -> None:
    """However documents come, what is known has the highest version taken, and can be written."""
    known: Any = None
    taken = []
    asked = False
    for document in data.draw(st.lists(values(kind), max_size=4)):
        merged = merge(known, document)
        if merged.taken:
            taken.append(document.version)
        assert merged.taken or known == merged.state
        known = merged.state
        assert known.version == max(taken)
        asked |= merged.refresh
        assert known.is_full or asked
        assert kind.parse(bytes(known)) == known


SUMMARIES = st.builds(
    Summary,
    st.sampled_from(["voice-message", "Fax-Message", "x"]),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
) | st.builds(Summary, st.just("none"), *[st.integers(0, 2**32 - 1)] * 4)
HEADERS = st.tuples(
    st.sampled_from(["Subject", "x-y"]),
    LINES.map(lambda text: text.replace("\r", "").replace("\n", "").strip(" \t")),
)


@given(
    st.booleans(),
    st.none() | st.just("sip:alice@example.com"),
    st.lists(SUMMARIES, max_size=3),
    st.lists(st.lists(HEADERS, min_size=1, max_size=2), max_size=2),
)
def test_a_summary_reads_as_it_was_written(
    waiting: bool, account: str | None, summaries: list[Summary], messages: list[list[tuple[str, str]]]
) -> None:
    """Nothing of it is lost either."""
    summary = MessageSummary(waiting, account, tuple(summaries), messages)
    assert MessageSummary.parse(bytes(summary)) == summary


VOICE_MAIL = (
    b"Messages-Waiting: yes\r\nMessage-Account: sip:alice@example.com\r\nVoice-Message: 2/8 (0/2)\r\n\r\nTo: a\r\n"
)


@given(
    st.lists(st.tuples(st.integers(0, len(VOICE_MAIL)), st.binary(max_size=3) | st.sampled_from(DAMAGE)), max_size=4)
)
def test_a_damaged_summary_is_read_or_refused(damage: list[tuple[int, bytes]]) -> None:
    """What comes raises RemoteProtocolError, or can be written again."""
    body = bytearray(VOICE_MAIL)
    for at, what in damage:
        body[at : at + len(what) // 2] = what
    summary = outcome(MessageSummary.parse, bytes(body))
    if isinstance(summary, RemoteProtocolError):
        assert summary.status == 400
    else:
        assert MessageSummary.parse(bytes(summary)) == summary
