"""Lines on any terminal, for readers who go away, and records through a pipe."""

from __future__ import annotations

import io
import json
import os

import pytest

from sipsm import Flow
from sipsm.trace import Arrived, Asked, Left, Moved, Record
from sipsm_cli.demo.wire import from_plain, to_plain
from sipsm_cli.output import show

FLOW = Flow("UDP", ("192.0.2.1", 5060), ("192.0.2.2", 5060))


def test_a_stranger_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters of a message are shown as what cannot be shown; line ends stay."""
    show("200 \x1b[2J\x9b\n\tOK")
    assert capsys.readouterr().out == "200 \ufffd[2J\ufffd\n\tOK\n"


def test_a_terminal_without_arrows_gets_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the encoding has not is drawn with what it has."""
    shown = io.BytesIO()
    terminal = io.TextIOWrapper(shown, encoding="ascii")
    monkeypatch.setattr("sys.stdout", terminal)
    show("│──▶│ ü")
    assert shown.getvalue() == b"|-->| ?\n"


def test_a_reader_may_go_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """When nobody reads any more, the program goes on in silence."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8") as pipe:
        monkeypatch.setattr("sys.stdout", pipe)
        show("one")
        show("two")


@pytest.mark.parametrize(
    "record",
    [
        Asked(1.5, "bob", "answers"),
        Arrived(1.5, "bob", FLOW, b"\x00\xff"),
        Left(1.5, "bob", FLOW, b"INVITE", "Timer A"),
        Moved(1.5, "bob", "dialog", "Early", "2XX", "Confirmed", "3261 12.1.1", (("A", 2.5),)),
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_record_survives_the_pipe(record: Record) -> None:
    """What bob's process writes is what its parent reads."""
    assert from_plain(json.loads(json.dumps(to_plain(record)))) == record
