"""What can happen in a call, with SIPp at the other end: scenarios of our own, in both roles, over UDP.

Each is a file in `scenarios`, which says what SIPp sends, and what it must get. A message that it does not expect fails
the call, and so does one that is not as it must be.
"""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sipsm import EndReason, Established, Flow, Policy
from sipsm.machine import Machine, Row
from sipsm_asyncio import UserAgent
from tests.adapters.driving import PATIENCE_S
from tests.adapters.peer import SDP
from tests.cli.programs import sipsm, told, uas
from tests.peers.programs import ended, free_port, sipp

pytestmark = pytest.mark.slow

SCENARIOS = Path(__file__).parent / "scenarios"


def scenario(name: str) -> tuple[str, ...]:
    """The words with which SIPp is told to play it, once."""
    return ("-sf", str(SCENARIOS / f"{name}.xml"), "-m", "1")


@pytest.mark.parametrize(
    ("name", "how", "reason"),
    [
        pytest.param(
            "caller_prack", ("--ring", "183", "--reliable", "--ring-time", "0.3"), "hung-up-by-peer",
            marks=pytest.mark.rfc("3262 3", "3262 5", "3311 5.2"),
        ),
        pytest.param(
            "caller_modifies", (), "hung-up-by-peer",
            marks=pytest.mark.rfc("3261 14.2", "3264 8.4", "3311 5.2", "6086 3"),
        ),
        pytest.param("caller_refreshes", (), "hung-up-by-peer", marks=pytest.mark.rfc("4028 9")),
        pytest.param(
            "caller_cancels", ("--ring-time", "60"), "cancelled-by-peer", marks=pytest.mark.rfc("3261 9.2")
        ),
        pytest.param("caller_cancels_late", (), "hung-up-by-peer", marks=pytest.mark.rfc("3261 9.2")),
    ],
)  # fmt: skip
def test_sipp_calls_us(name: str, how: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    """SIPp gets what its scenario says, to the end of the call."""
    with uas(*how) as (server, uri):
        port = ("-p", str(free_port()))
        code, screen = ended(sipp(tmp_path, *scenario(name), *port, uri.partition("@")[2]))
        assert code == 0, screen
        assert server.until(event="state", state="ended")["reason"] == reason


@pytest.mark.parametrize(
    ("name", "how", "reason"),
    [
        pytest.param(
            "callee_rings_reliably", ("--duration", "0"), "hung-up", marks=pytest.mark.rfc("3262 4", "3262 7.2")
        ),
        pytest.param(
            "callee_is_modified", ("--do", "wait established; hold; resume; update; info text/plain hello; bye"),
            "hung-up", marks=pytest.mark.rfc("3261 14.1", "3264 8.4", "3311 5.1", "6086 3"),
        ),
        pytest.param(
            "callee_modifies", (), "hung-up-by-peer", marks=pytest.mark.rfc("3261 14.2", "3264 8.4", "3311 5.2")
        ),
        pytest.param(
            "callee_answers_late", ("--do", "wait ringing; cancel"), "cancelled",
            marks=pytest.mark.rfc("3261 9.1", "3261 15.1.1"),
        ),
    ],
)  # fmt: skip
def test_we_call_sipp(name: str, how: tuple[str, ...], reason: str, tmp_path: Path) -> None:
    """SIPp gets what its scenario says, to the end of the call."""
    port = free_port()
    peer = sipp(tmp_path, *scenario(name), "-p", str(port))
    # What comes before SIPp listens is repeated by Timer A.
    done = sipsm("call", f"sip:bob@127.0.0.1:{port}", *how, "--json")
    code, screen = ended(peer)
    assert code == 0, screen
    assert done.returncode == 0, done.stdout + done.stderr
    assert told(done.stdout, "state")[-1]["reason"] == reason


@pytest.mark.rfc("4028 7.4", "4028 10")
def test_we_refresh_a_session_with_sipp(tmp_path: Path) -> None:
    """Half of the interval after the answer an UPDATE goes out; the wait for it is taken from the agent's clock."""
    port = free_port()

    async def call() -> EndReason:
        heard = Heard()
        policy = Policy(session_interval_s=90)
        async with asyncio.timeout(PATIENCE_S), UserAgent("udp:127.0.0.1:0", policy=policy, watcher=heard) as agent:
            call = agent.invite(f"sip:bob@127.0.0.1:{port}", offer=SDP)
            assert isinstance(await call.outcome(), Established)
            agent._ahead += 45
            agent._perform([])
            await heard.update.wait()
            call.hang_up()
            return (await call.ended()).reason

    with ThreadPoolExecutor(1) as thread:
        ending = thread.submit(ended, sipp(tmp_path, *scenario("callee_is_refreshed"), "-p", str(port)))
        assert asyncio.run(call()) is EndReason.HUNG_UP
        code, screen = ending.result()
    assert code == 0, screen


class Heard:
    """Waits for the response to an UPDATE."""

    def __init__(self) -> None:
        self.update = asyncio.Event()

    def received(self, _flow: Flow, data: bytes, _now: float) -> None:
        """A message has come."""
        if re.search(rb"CSeq: [0-9]+ UPDATE", data):
            self.update.set()

    def sent(self, _flow: Flow, data: bytes, _now: float) -> None:
        """A message goes out."""

    def moved(self, machine: Machine, before: str, name: str, row: Row, now: float) -> None:
        """A machine moves."""
