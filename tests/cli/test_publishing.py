"""`publish`, over real sockets, against the presence server of the examples."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.cli.programs import ROOT, environment, running, sipsm, told

pytestmark = pytest.mark.slow

OPEN = '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:a@b"><tuple id="t"><status/></tuple></presence>'


@contextmanager
def server() -> Iterator[str]:
    """The presence server; gives the URI of somebody there."""
    with subprocess.Popen(
        [sys.executable, str(ROOT / "examples" / "presence_server.py"), "udp:127.0.0.1:0"],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield f"sip:alice@{process.stdout.readline().split()[-1]}"
        finally:
            process.kill()


def operations(output: str) -> list[str]:
    """What the server has accepted."""
    return [each["operation"] for each in told(output, "published")]


def last(output: str) -> dict[str, Any]:
    """How it ended."""
    return told(output, "state")[-1]


def test_publish_and_remove() -> None:
    """It publishes, does the steps one after the other, and removes; each 2xx names a new tag."""
    with server() as uri:
        done = sipsm("publish", uri, OPEN, "--event", "presence", "--json")
        steps = f"sleep 0.1; modify {OPEN}; refresh"
        more = sipsm("publish", uri, OPEN, "--event", "presence", "--do", steps, "--duration", "0.1", "--json")
        gone = sipsm("publish", uri, OPEN, "--event", "presence", "--do", "remove", "--duration", "60")
    assert (done.returncode, more.returncode, gone.returncode) == (0, 0, 0), done.stderr + more.stderr + gone.stderr
    assert operations(done.stdout) == ["initial"]
    assert last(done.stdout) == {"event": "state", "state": "ended", "reason": "removed"}
    assert operations(more.stdout) == ["initial", "modify", "refresh"]
    assert len({each["tag"] for each in told(more.stdout, "published")}) == 3
    assert "publication ended (removed)" in gone.stdout


def test_what_is_refused() -> None:
    """Exit 1; exit 3 where nobody answers; exit 2 for what makes no sense; a 423 is obeyed, and so no refusal."""
    with server() as uri:
        strange = sipsm("publish", uri, "x", "--event", "dialog", "--json")
        brief = sipsm("publish", uri, OPEN, "--event", "presence", "--expires", "5", "--json")
        modified = sipsm("publish", uri, OPEN, "--event", "presence", "--do", "modify x", "--json")
    assert (strange.returncode, last(strange.stdout)["code"]) == (1, 489)
    assert (brief.returncode, [each["expires"] for each in told(brief.stdout, "published")]) == (0, [60])
    assert modified.returncode == 0
    nobody = sipsm("publish", uri, OPEN, "--event", "presence", "--timeout", "1")
    assert nobody.returncode == 3
    for wrong in (
        ["x", "--event", "unheard"],
        ["x"],
        ["x", "--event", "a b"],
        ["x", "--event", "presence,dialog"],
        ["x", "--event", "presence", "--type", "text"],
        ["x", "--event", "presence", "--do", "remove; refresh"],
        ["x", "--event", "presence", "--do", "modify"],
        ["x", "--event", "presence", "--do", "hold"],
        ["", "--event", "presence"],
    ):
        done = sipsm("publish", "sip:a@127.0.0.1:9", *wrong)
        assert done.returncode == 2, wrong


def test_told_to_end() -> None:
    """SIGINT removes what was published."""
    with server() as uri, running("publish", uri, OPEN, "--event", "presence", "--duration", "60") as program:
        program.until(event="published")
        program.process.send_signal(signal.SIGINT)
        assert program.until(event="state")["reason"] == "removed"
        assert program.process.wait(20) == 0
