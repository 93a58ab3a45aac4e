"""SIP programs that are not ours: where they are, and how they are run without a terminal."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.adapters.peer import Place
from tests.cli.programs import PATIENCE_S

LOOPBACK = Place("UDP", "127.0.0.1")
PACKAGES = {
    "sipp": "sip-tester",
    "sipsak": "sipsak",
    "baresip": "baresip",
    "kamailio": "kamailio kamailio-presence-modules kamailio-sqlite-modules kamailio-tls-modules",
    "openssl": "openssl",
}


def found(program: str) -> str:
    """The path of a program. A machine without it cannot say that we work together, so that is a failure."""
    path = shutil.which(program)
    assert path, f"{program} is needed here. On Debian: sudo apt-get install {PACKAGES[program]}"
    return path


def sipp(folder: Path, *words: str) -> subprocess.Popen[str]:
    """SIPp, running; its screen at the end says what it sent, received and lost."""
    return subprocess.Popen(
        [found("sipp"), "-nostdin", "-i", "127.0.0.1", "-timeout", "50", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code of a program, and what it has printed."""
    try:
        output, _ = process.communicate(timeout=PATIENCE_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    return process.returncode, output


def free_port(place: Place = LOOPBACK) -> int:
    """A port of this place that nobody has now."""
    with place.socket() as probe:
        probe.bind((place.host, 0))
        return int(probe.getsockname()[1])
