"""Calls between SIPp and every adapter, in both roles: UDP with losses at both ends, TCP cut into any pieces."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sipsm import Dropped, Ended, EndReason, Established, IncomingCall, Send, TimerValues
from sipsm.transport.flow import Address, bracketed
from tests.adapters.driving import ADAPTERS, done, first, opened
from tests.adapters.peer import SDP, Place
from tests.peers.programs import ended, found, free_port
from tests.peers.relay import Relay, relay_at

pytestmark = pytest.mark.slow

CALLS = 8
OURS = 0.05
"""The share of packets that our end loses, of those that it sends and of those that it gets."""
LOSING = ("-lost", "5", "-default_behaviors", "all,-abortunexp", "-max_invite_retrans", "20")
"""SIPp loses as many, and does not give a call up because something comes again."""
OVER = b"SIPp has ended"

CALLEE = """<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="callee behind a relay">
  <recv request="INVITE"/>
  <send><![CDATA[

      SIP/2.0 180 Ringing
      [last_Via:]
      [last_From:]
      [last_To:];tag=sipp[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:callee@[relay];transport=tcp>
      Content-Length: 0

  ]]></send>
  <send><![CDATA[

      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:];tag=sipp[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:callee@[relay];transport=tcp>
      Content-Type: application/sdp
      Content-Length: [len]

      v=0
      o=- 1 1 IN IP[local_ip_type] [local_ip]
      s=-
      c=IN IP[local_ip_type] [local_ip]
      t=0 0
      m=audio 6000 RTP/AVP 0

  ]]></send>
  <recv request="ACK"/>
  <recv request="BYE"/>
  <send><![CDATA[

      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Content-Length: 0

  ]]></send>
</scenario>
"""


def sipp(folder: Path, place: Place, *words: str, port: int) -> subprocess.Popen[str]:
    """SIPp at a port of this place, with one socket."""
    mode = "u1" if place.transport == "UDP" else "t1"
    at = ("-i", bracketed(place.host), "-p", str(port), "-t", mode)
    return subprocess.Popen(
        [found("sipp"), "-nostdin", "-timeout", "60", *at, "-m", str(CALLS), *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def losing(agent: Any, seed: int, share: float = OURS) -> None:
    """Have an agent lose packets: this share of those that it sends, and of those that it gets."""
    chance = random.Random(seed)
    receive, perform = agent.endpoint.receive, agent._perform

    def arrives(data: bytes, flow: Any, now: float) -> Any:
        return [] if data != OVER and chance.random() < share else receive(data, flow, now)

    def leaves(outputs: list[Any]) -> Any:
        return perform([each for each in outputs if not isinstance(each, Send) or chance.random() >= share])

    agent.endpoint.receive, agent._perform = arrives, leaves


async def answer_calls(agent: Any) -> int:
    """Answer all calls until it is said that there are no more; returns how many were up."""
    up = 0
    while True:
        match await first(agent, object):
            case IncomingCall(call):
                await done(agent.bound(call).ring())
                await done(agent.bound(call).answer(SDP))
            case Established():
                up += 1
            case Dropped(data=data) if data == OVER:
                return up


async def make_calls(agent: Any, uri: str) -> list[EndReason]:
    """Make all calls at once, and end each when it is up; returns how they ended."""
    for _ in range(CALLS):
        await done(agent.invite(uri, offer=SDP))
    ends: list[EndReason] = []
    while len(ends) < CALLS:
        match await first(agent, object):
            case Established(call):
                await done(agent.bound(call).hang_up())
            case Ended(reason=reason):
                ends.append(reason)
    return ends


def say_it_is_over(process: subprocess.Popen[str], agent: Address, place: Place) -> tuple[int, str]:
    """Wait for SIPp's end, then tell the agent."""
    result = ended(process)
    with place._replace(transport="UDP").socket() as udp:
        udp.sendto(OVER, agent)
    return result


def sipp_calls_us(name: str, place: Place, folder: Path, relay: Relay | None) -> None:
    """SIPp sees each of its calls through. Those that lose packets may end without a word to us."""
    adapter = ADAPTERS[name]

    async def scenario() -> None:
        both = [Place(transport, place.host).any_port for transport in ("UDP", "TCP")]
        async with opened(adapter.agent(*both, times=TimerValues(), grace=0.0)) as agent:
            target = agent.local.address
            if relay is None:
                losing(agent, seed=1)
            else:
                relay.target, target = target, relay.address
            remote = f"{bracketed(target[0])}:{target[1]}"
            more = LOSING if relay is None else ()
            process = sipp(folder, place, "-sn", "uac", "-r", "1000", *more, remote, port=free_port(place))
            ending = thread.submit(say_it_is_over, process, agent.local.address, place)
            up = await answer_calls(agent)
            code, screen = ending.result()
            assert code == 0, screen
            assert up == CALLS if relay else up > 0

    with ThreadPoolExecutor(1) as thread:
        adapter.run(scenario)


def we_call_sipp(name: str, place: Place, folder: Path, relay: Relay | None) -> None:
    """Our calls go from INVITE to BYE, all at once."""
    adapter, port = ADAPTERS[name], free_port(place)
    at = (place.host, port)
    if relay is None:
        process = sipp(folder, place, "-sn", "uas", *LOSING, port=port)
    else:
        (folder / "callee.xml").write_text(CALLEE, "utf-8")
        relay.target, at = at, relay.address
        process = sipp(folder, place, "-sf", "callee.xml", "-key", "relay", f"{bracketed(at[0])}:{at[1]}", port=port)
        wait_for(place, port)

    async def scenario() -> None:
        async with opened(adapter.agent(place.any_port, times=TimerValues())) as agent:
            if relay is None:
                losing(agent, seed=2)
            uri = f"sip:callee@{bracketed(at[0])}:{at[1]}{place.uri_parameters}"
            ends = await make_calls(agent, uri)
            assert ends == [EndReason.HUNG_UP] * CALLS

    try:
        adapter.run(scenario)
    finally:
        code, screen = ended(process)
    assert code == 0, screen


def wait_for(place: Place, port: int) -> None:
    """Wait until SIPp takes connections."""
    while True:
        with place.socket() as probe:
            try:
                probe.connect((place.host, port))
            except ConnectionError:
                continue
            return


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_calls_with_sipp(transport: str, tmp_path: Path) -> None:
    """Each adapter in either role, over IPv4 and IPv6: over UDP both ends lose packets, over TCP no piece is whole."""
    roles: list[Callable[..., None]] = [sipp_calls_us, we_call_sipp]
    cases = [(role, name, host) for name, host in zip(ADAPTERS, HOSTS, strict=True) for role in roles]
    with ThreadPoolExecutor(len(cases)) as threads:
        running = [
            threads.submit(one_case, role, name, Place(transport, host), tmp_path / f"{number}")
            for number, (role, name, host) in enumerate(cases)
        ]
        for each in running:
            each.result()


HOSTS = ["127.0.0.1", "::1", "127.0.0.1"]


def one_case(role: Callable[..., None], name: str, place: Place, folder: Path) -> None:
    """One adapter in one role."""
    folder.mkdir()
    if place.transport == "UDP":
        role(name, place, folder, None)
        return
    with relay_at(place, seed=1) as relay:
        role(name, place, folder, relay)
        assert relay.pieces > CALLS
