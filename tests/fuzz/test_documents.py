"""Whatever a NOTIFY or PUBLISH has for a body, of whichever package, is a document or refused, and in bounded time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sipsm.errors import RemoteProtocolError
from sipsm.packages import read_document
from tests.fuzz.damage import OF_ONE_LINE, PIECES
from tests.fuzz.documents import TYPES, documented

DOCUMENTS = [
    *(path.read_bytes() for path in sorted((Path(__file__).parents[1] / "packages" / "examples").iterdir())),
    b"Messages-Waiting: yes\r\nMessage-Account: sip:alice@example.com\r\nVoice-Message: 4/8 (1/2)\r\n"
    b"Fax-Message: 0/1\r\n\r\nTo: <sip:alice@atlanta.example.com>\r\nFrom: <sip:bob@biloxi.example.com>\r\n"
    b"Subject: carpool\r\nMessage-ID: 13784434989@vmail.example.com\r\n\r\n",
    b"SIP/2.0 100 Trying\r\n",
    b"SIP/2.0 503 Service Unavailable\r\nRetry-After: 10\r\n",
]
"""What the RFCs have for examples of each package."""


def test_of_each_type() -> None:
    """There is a document to begin with for each of the packages."""
    assert set().union(*map(documented, DOCUMENTS)) == set(TYPES)


@pytest.mark.parametrize("body", DOCUMENTS, ids=range(len(DOCUMENTS)))
def test_with_a_part_less(body: bytes) -> None:
    """With a part less at any place it is a document still, or refused; so is what has been cut short."""
    for start in range(0, len(body), 61):
        documented(body[:start] + body[start + 7 :])
        documented(body[:start])


@given(st.binary(max_size=200))
def test_any_bytes(body: bytes) -> None:
    """Bytes that mean nothing are refused."""
    documented(body)


@pytest.mark.slow
@settings(max_examples=1500)
@given(st.sampled_from(DOCUMENTS), st.integers(1, 4), st.randoms(use_true_random=False))
def test_damaged_documents(body: bytes, faults: int, dice: Random) -> None:
    """What is a few faults away from a document is one, or refused."""
    lines = body.split(b"\n")
    for _ in range(faults):
        at = dice.randrange(len(lines))
        what = dice.randrange(5)
        if what == 0:
            lines[at : at + dice.randrange(3)] = dice.choice(DOCUMENTS).split(b"\n")[: dice.randrange(9)]
        elif what == 1:
            cut = dice.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:cut] + dice.choice(PIECES) + lines[at][cut:]
        else:
            lines[at] = dice.choice(OF_ONE_LINE)(lines[at], dice)
    documented(b"\n".join(lines))


# -------------------------------------------------------------------- how long it takes

SHAPES: dict[str, Callable[[int], bytes]] = {
    "depth": lambda n: b"<a>" * n,
    "names": lambda n: b"<" + b"a" * n,
    "attributes": lambda n: b"<presence " + b"a='b' " * n + b">",
    "declarations": lambda n: b"<?xml version='1.0'?>" * n,
    "entities": lambda n: b"<!DOCTYPE a [" + b"<!ENTITY a 'b'>" * n + b"]><a>&a;</a>",
    "references": lambda n: b"<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='" + b"&lt;" * n + b"'/>",
    "tuples": lambda n: (
        b"<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='pres:a@b'>"
        + b"".join(b"<tuple id='t%d'><status><basic>open</basic></status></tuple>" % at for at in range(n))
        + b"</presence>"
    ),
    "dialogs": lambda n: (
        b"<dialog-info xmlns='urn:ietf:params:xml:ns:dialog-info' version='0' state='full' entity='sip:a@b'>"
        + b"".join(b"<dialog id='d%d'><state>early</state></dialog>" % at for at in range(n))
        + b"</dialog-info>"
    ),
    "summaries": lambda n: b"Messages-Waiting: yes\r\n" + b"Voice-Message: 1/2 (3/4)\r\n" * n,
    "digits": lambda n: b"Messages-Waiting: yes\r\nVoice-Message: " + b"9" * n + b"/1\r\n",
    "spaces": lambda n: b"Messages-Waiting:" + b" " * n + b"yes\r\nVoice-Message: 1/2" + b" " * n + b"(\r\n",
    "folds": lambda n: b"Messages-Waiting: yes\r\n\r\nSubject: x" + b"\r\n y" * n + b"\r\n\r\n",
    "headers of a fragment": lambda n: b"SIP/2.0 200 OK\r\n" + b"Via: SIP/2.0/UDP a;branch=z9hG4bK\r\n" * n,
    "an endless line": lambda n: b"SIP/2.0 200 " + b" O" * n,
}


def steps(work: Callable[[], object]) -> int:
    """How many lines of Python run: time, without a clock."""
    count = 0

    def trace(frame: object, event: str, arg: object) -> object:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_growth_is_linear(shape: Callable[[int], bytes]) -> None:
    """For four times the body, about four times the work, of whatever package it may be: never sixteen times."""

    def all_of(body: bytes) -> None:
        for kind in TYPES:
            try:
                read_document(kind, body)
            except RemoteProtocolError:
                continue

    small, large = shape(500), shape(2000)
    assert steps(lambda: all_of(large)) < 6 * steps(lambda: all_of(small)) + 2000


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_what_is_large(shape: Callable[[int], bytes]) -> None:
    """As large as a message may be, it comes to an end, and to a document or a refusal."""
    documented(shape(10_000))
