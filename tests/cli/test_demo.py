"""The demo: one call, in two processes and in the simulated network, and the verdict on it."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from sipsm_cli.demo.story import Story, verdict
from sipsm_cli.exits import Exit
from tests.cli.programs import PATIENCE_S, ROOT, environment, sipsm

CALL = ["INVITE", "100", "180", "200", "ACK", "OPTIONS", "200", "BYE", "200"]
ALICE = Story("1", b"offer", b"answer", True, 1, "hung-up")
BOB = Story("1", b"offer", b"answer", True, 1, "hung-up-by-peer")


def messages(output: str) -> list[str]:
    """The method or status of each arrow, in the order of the picture."""
    arrows = [
        line.partition("│")[2].rpartition("│")[0]
        for line in output.splitlines()
        if "──" in line and " again" not in line
    ]
    return [arrow.strip("─◀▶╳ ").split(" ")[0] for arrow in arrows]


@pytest.mark.slow
def test_the_demo_is_a_call_between_two_processes() -> None:
    """INVITE, 100, 180, 200, ACK, an exchange in the call, BYE, 200; both ends' steps, with their sections; and 0."""
    done = sipsm("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert messages(done.stdout) == CALL
    lines = done.stdout.splitlines()
    assert "Both ends agree" in lines[-1]
    assert len(lines) < 100
    assert any(
        line.endswith("3261 17.1.1.2") and "INVITE client transaction: Initial → Calling" in line for line in lines
    )
    assert any(line.endswith("3261 17.2.1") and "INVITE server transaction: Initial → Trying" in line for line in lines)


@pytest.mark.slow
def test_the_demo_ends_in_time() -> None:
    """What takes too long is given up, with 3, and bob's process with it."""
    done = sipsm("demo", "--timeout", "0.3")
    assert done.returncode == 3
    assert "too long" in done.stdout


@pytest.mark.slow
def test_the_same_seed_draws_the_same_ladder() -> None:
    """Byte for byte, whatever the order of Python's sets; with losses, and what brings the lost again."""
    first, second = (sipsm("demo", "--loss", "0.3", "--seed", "7", PYTHONHASHSEED=each) for each in ("1", "2"))
    assert first.returncode == second.returncode == 0
    assert first.stdout == second.stdout
    assert "╳" in first.stdout
    assert "again (Timer E)" in first.stdout
    assert sipsm("demo", "--loss", "0.3", "--seed", "8").stdout != first.stdout


def test_a_seed_alone_or_a_loss_alone_is_simulated(capsys: pytest.CaptureFixture[str]) -> None:
    """Without loss the simulated call is the real one's."""
    from sipsm_cli import main

    assert main(["demo", "--seed", "3"]) == 0
    assert messages(capsys.readouterr().out) == CALL
    assert main(["demo", "--loss", "0.1"]) == 0
    assert "Seed 0" in capsys.readouterr().out


def test_where_nothing_arrives_the_ends_do_not_agree(capsys: pytest.CaptureFixture[str]) -> None:
    """Alice gave up on a call of which bob has never heard: that is 1."""
    from sipsm_cli import main

    assert main(["demo", "--loss", "1"]) == 1
    said = capsys.readouterr().out
    assert said.count("INVITE + offer: PCMU PCMA again (Timer A)") == 6
    assert "timed out" in said
    assert "The two ends do not agree." in said


def test_two_stories_that_are_one() -> None:
    """Who hung up at one end was hung up on at the other."""
    assert verdict(ALICE, BOB)[0] is Exit.DONE


@pytest.mark.parametrize(
    "bob",
    [
        Story(),
        Story("2", b"offer", b"answer", True, 1, "hung-up-by-peer"),
        Story("1", b"other", b"answer", True, 1, "hung-up-by-peer"),
        Story("1", b"offer", b"other", True, 1, "hung-up-by-peer"),
        Story("1", b"offer", b"answer", False, 1, "hung-up-by-peer"),
        Story("1", b"offer", b"answer", True, 0, "hung-up-by-peer"),
        Story("1", b"offer", b"answer", True, 1, "hung-up"),
        Story("1", b"offer", b"answer", True, 1, ""),
    ],
)
def test_two_stories_that_differ(bob: Story) -> None:
    """Any difference is found."""
    assert verdict(ALICE, bob)[0] is Exit.REFUSED
    assert sum("✗" in line for line in verdict(ALICE, bob)[1]) >= 1


def test_a_story_survives_the_pipe() -> None:
    """What bob's process writes is what its parent reads."""
    assert Story.from_plain(BOB.to_plain()) == BOB


def test_what_decides_at_last_is_shown_though_no_message_tells_of_it() -> None:
    """When every packet is lost, Timer B ends the call, and the ladder says so."""
    done = sipsm("demo", "--loss", "1", "--seed", "1")
    assert "Calling → Terminated (Timer B)" in done.stdout
    assert "3261 17.1.1.2" in done.stdout.split("Terminated (Timer B)")[1].splitlines()[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_demo_and_its_other_process(number: signal.Signals) -> None:
    """Exit 3, and nothing is left behind: the pipe that both processes write to is closed."""
    with subprocess.Popen(
        [sys.executable, "-m", "sipsm", "demo"],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    ) as demo:
        assert demo.stdout is not None
        said = ""
        while "180 Ringing" not in said:
            line = demo.stdout.readline()
            assert line, said
            said += line
        demo.send_signal(number)
        rest, _ = demo.communicate(timeout=PATIENCE_S)
    assert demo.returncode == 3
    assert "Traceback" not in rest
