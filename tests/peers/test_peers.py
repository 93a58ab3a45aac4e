"""Calls with SIPp, both ways, with and without losses, over real sockets."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.programs import sipsm, told, uas
from tests.peers.programs import ended, found, free_port, sipp

pytestmark = pytest.mark.slow

LOSING = ("-lost", "10", "-default_behaviors", "all,-abortunexp")
"""SIPp loses a tenth of its packets, and does not give a call up because an INVITE comes again that it has lost."""


def test_sipp_calls_us(tmp_path: Path) -> None:
    """SIPp's calls are answered, each from INVITE to BYE."""
    with uas() as (server, uri):
        code, screen = ended(sipp_calling(tmp_path, uri, calls=5))
        assert code == 0, screen
        reasons = [server.until(event="state", state="ended")["reason"] for _ in range(5)]
    assert reasons == ["hung-up-by-peer"] * 5
    assert [event["state"] for event in told(server.output, "state")].count("established") == 5


def test_sipp_calls_us_and_loses_packets(tmp_path: Path) -> None:
    """SIPp loses a tenth of what it sends and of what it gets, and sees each of its calls through all the same.

    How each ended here is not asked: when its ACK and BYE were lost, SIPp takes the repeated 200 to its INVITE for that
    to its BYE, and hangs up without a word.
    """
    with uas() as (server, uri):
        code, screen = ended(sipp_calling(tmp_path, uri, *LOSING, calls=20))
        assert code == 0, screen
    assert len({event["call"] for event in told(server.output, "state") if event["state"] == "established"}) > 10


def sipp_calling(folder: Path, uri: str, *words: str, calls: int) -> subprocess.Popen[str]:
    """SIPp as a caller: all calls in one second."""
    counts = ("-m", str(calls), "-r", str(calls), "-p", str(free_port()))
    return sipp(folder, "-sn", "uac", *counts, *words, uri.partition("@")[2])


@pytest.mark.parametrize("losses", [(), LOSING], ids=["all arrives", "a tenth is lost"])
def test_we_call_sipp(losses: tuple[str, ...], tmp_path: Path) -> None:
    """Our calls to SIPp go from INVITE to BYE, also when it loses packets of either direction."""
    port, calls = free_port(), 3
    peer = sipp(tmp_path, "-sn", "uas", "-p", str(port), "-m", str(calls), *losses)
    # What comes before SIPp listens is repeated by Timer A.
    done = [sipsm("call", f"sip:bob@127.0.0.1:{port}", "--duration", "0.1", "--json") for _ in range(calls)]
    code, screen = ended(peer)
    assert [each.returncode for each in done] == [0] * calls, screen
    assert code == 0, screen
    for each in done:
        assert [e["state"] for e in told(each.stdout, "state")][-2:] == ["established", "ended"]
        assert told(each.stdout, "state")[-1]["reason"] == "hung-up"


def test_sipsak_asks_us() -> None:
    """sipsak gets its OPTIONS answered with 200."""
    with uas() as (server, uri):
        done = subprocess.run(
            [found("sipsak"), "-vv", "-s", uri],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        server.until(event="request", method="OPTIONS")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SIP/2.0 200" in done.stdout
