"""The examples run, and the README shows them as they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "adapters")])}


def start(*command: str) -> subprocess.Popen[str]:
    """A Python process in the checkout, with its output as text."""
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=ENVIRONMENT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two_phones.py", "plain_socket.py"])
def test_a_call_within_one_program_ends_well(name: str) -> None:
    """Alice hangs up, and both sides say so."""
    with start(f"examples/{name}") as program:
        output, _ = program.communicate(timeout=30)
    assert program.returncode == 0, output
    assert "hung-up-by-peer" in output


HOLD = """\
Bob: my audio is recvonly
Alice: Bob's audio is recvonly
Bob: my audio is sendrecv
Alice: Bob's audio is sendrecv
Alice: hung-up
"""
EARLY_MEDIA = """\
Alice: media from port 5000, though nobody has answered
Alice: 183 Session Progress
Bob: she hears the announcement
Alice: answered
Alice: hung-up
"""
BOT = """\
bot: the caller talks with the desk
bot: hung-up
Alice: my media went to IN IP4 192.0.2.20
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "said"), [("hold_and_resume.py", HOLD), ("early_media.py", EARLY_MEDIA), ("answering_bot.py", BOT)]
)
def test_what_an_example_says(name: str, said: str) -> None:
    """Each end says what it hears of the other; who speaks first, where both may, is left open."""
    with start(f"examples/{name}") as program:
        output, _ = program.communicate(timeout=30)
    assert program.returncode == 0, output
    assert sorted(output.splitlines()) == sorted(said.splitlines())


@pytest.mark.slow
def test_the_plain_socket_answers_a_call() -> None:
    """What has nothing but the endpoint and a socket is called by the command line, and both end in order."""
    with start("examples/answer_one_call.py") as callee:
        # The INVITE is sent again until the socket is there.
        with start("-m", "sipsm", "call", "sip:bob@127.0.0.1:5070", "--duration", "0", "--timeout", "20") as caller:
            said, _ = caller.communicate(timeout=30)
        if caller.returncode:
            callee.kill()
        output, _ = callee.communicate(timeout=30)
    assert caller.returncode == 0, said
    assert callee.returncode == 0, output
    assert output == "hung-up-by-peer\n"


@pytest.mark.parametrize("name", ["two_phones.py", "answer_one_call.py"])
def test_the_readme_shows_the_example_itself(name: str) -> None:
    """A program in the README is the file that runs here, without its docstring."""
    program = (ROOT / "examples" / name).read_text("utf-8").split('"""', 2)[2].lstrip()
    assert f"```python\n{program}```" in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", ["two_phones.py", "answer_one_call.py"])
def test_a_program_of_the_readme_is_read_in_a_minute(name: str) -> None:
    """Twenty-five lines, blank ones aside."""
    program = (ROOT / "examples" / name).read_text("utf-8").split('"""', 2)[2]
    assert len([line for line in program.splitlines() if line.strip()]) <= 25
