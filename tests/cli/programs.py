"""Programs in processes of their own: `sipsm`, run from the checkout, and the lines that it prints."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60
"""Far more than anything here takes: what hangs is to fail, and what is slow is not."""


def environment(**more: str) -> dict[str, str]:
    """What a program needs to find the packages of this checkout."""
    return {**os.environ, "PYTHONPATH": f"{ROOT / 'adapters'}{os.pathsep}{ROOT}", "PYTHONUTF8": "1", **more}


def sipsm(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "sipsm", *words],
        cwd=ROOT,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_S,
        check=False,
    )


def events(output: str) -> list[dict[str, Any]]:
    """What `--json` has printed."""
    return [json.loads(line) for line in output.splitlines()]


def told(output: str, event: str) -> list[dict[str, Any]]:
    """The events of one name."""
    return [each for each in events(output) if each["event"] == event]


class Running:
    """A command that runs with `--json`, and what it has printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.output = ""

    def until(self, **what: object) -> dict[str, Any]:
        """Read on until an event that has these values."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output += line
            event: dict[str, Any] = json.loads(line)
            if what.items() <= event.items():
                return event
        raise AssertionError(f"it ended without {what}:\n{self.output}\n{self.rest()[1]}")

    @property
    def port(self) -> int:
        """The port of its only address, once it listens there."""
        return int(self.until(event="listening")["bind"].rpartition(":")[2])

    def end(self, sent: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to end; returns its exit code."""
        self.process.send_signal(sent)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end; returns its exit code."""
        self.output += self.rest()[0]
        return self.process.returncode

    def rest(self) -> tuple[str, str]:
        """What it still prints, on both streams."""
        return self.process.communicate(timeout=PATIENCE_S)


@contextmanager
def running(*words: str) -> Iterator[Running]:
    """A command with `--json`, running; killed in the end if it still does. It gives up where a test waits in vain."""
    command = [sys.executable, "-m", "sipsm", *words, "--json", "--timeout", str(PATIENCE_S)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            yield Running(process)
        finally:
            if process.poll() is None:
                process.kill()


@contextmanager
def uas(*words: str) -> Iterator[tuple[Running, str]]:
    """`sipsm uas` on a free port, and the URI at which it is called; it must end with 0 when told to."""
    with running("uas", "--bind", "udp:127.0.0.1:0", *words) as server:
        yield server, f"sip:bob@127.0.0.1:{server.port}"
        if server.process.poll() is None:
            assert server.end() == 0
