"""Digest authentication with SIPp at the other end, in both roles. It knows MD5 alone, and answers what is first."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.programs import sipsm, told, uas
from tests.peers.programs import ended, free_port, sipp
from tests.peers.test_scenarios import scenario

pytestmark = pytest.mark.slow


@pytest.mark.rfc("3261 22.2", "3261 22.4", "7616 3.5")
@pytest.mark.parametrize("offered", ["MD5", "MD5,SHA-256"])
def test_we_challenge_sipp(offered: str, tmp_path: Path) -> None:
    """It calls with the credentials that we ask for."""
    with uas("--realm", "biloxi.com", "--user", "alice:secret", "--algorithm", offered) as (server, uri):
        port = ("-p", str(free_port()))
        code, screen = ended(sipp(tmp_path, *scenario("caller_is_challenged"), *port, uri.partition("@")[2]))
        assert code == 0, screen
        assert server.until(event="state", state="ended")["reason"] == "hung-up-by-peer"


@pytest.mark.rfc("3261 22.2", "3261 22.4", "3261 13.2.2.4", "3261-C32")
@pytest.mark.parametrize(("auth", "reason"), [("alice:secret", "hung-up"), ("alice:wrong@biloxi.com", "rejected")])
def test_sipp_challenges_us(auth: str, reason: str, tmp_path: Path) -> None:
    """It finds our digests right, or wrong."""
    port = free_port()
    peer = sipp(tmp_path, *scenario("callee_challenges"), "-p", str(port))
    done = sipsm("call", f"sip:bob@127.0.0.1:{port}", "--auth", auth, "--duration", "0", "--json")
    code, screen = ended(peer)
    assert code == 0, screen
    assert done.returncode == (0 if reason == "hung-up" else 1), done.stdout + done.stderr
    assert told(done.stdout, "state")[-1]["reason"] == reason
