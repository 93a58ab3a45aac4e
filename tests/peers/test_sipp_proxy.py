"""SIPp calls SIPp by way of our proxy, over real sockets."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from sipsm import ProxyPolicy, Request, RouteRequested
from sipsm_asyncio import Proxy
from tests.peers.programs import ended, free_port, sipp

pytestmark = pytest.mark.slow

CALLS = 20
SCENARIOS = Path(__file__).parent / "scenarios"
LOSING = ("-lost", "8", "-default_behaviors", "all,-abortunexp", "-max_invite_retrans", "20")
"""SIPp loses that share of packets, and does not give a call up because something comes again."""


async def called(proxy: Any, callee: int, caller: tuple[str, ...], called: tuple[str, ...], folder: Path) -> None:
    """All calls from one SIPp to the other are seen through, and the proxy forgets them."""
    many = ("-m", str(CALLS), "-r", "50")
    there = sipp(folder, *called, "-p", str(callee), *many)
    port = proxy.local.address[1]
    here = sipp(folder, *caller, "-p", str(free_port()), *many, f"127.0.0.1:{port}")
    results = await asyncio.gather(asyncio.to_thread(ended, here), asyncio.to_thread(ended, there))
    for code, screen in results:
        assert code == 0, screen


def scenario(name: str) -> tuple[str, ...]:
    """The words with which SIPp is told to play it."""
    return ("-sf", str(SCENARIOS / f"{name}.xml"))


@pytest.mark.rfc("3261 16.6", "3261 16.7", "3261 16.11")
def test_a_call_by_way_of_the_proxy(tmp_path: Path) -> None:
    """The calls that SIPp has built in, in which ACK and BYE are for the proxy's own address as well."""
    callee = free_port()

    async def run() -> None:
        async with Proxy("udp:127.0.0.1:0", route=lambda _: [f"sip:callee@127.0.0.1:{callee}"]) as proxy:
            await called(proxy, callee, ("-sn", "uac"), ("-sn", "uas"), tmp_path)
            assert len(proxy.proxy._transactions.servers) >= CALLS

    asyncio.run(run())


@pytest.mark.rfc("3261 16.6", "3261 16.4", "3261 16.12.1.1")
def test_a_dialog_by_way_of_the_proxy(tmp_path: Path) -> None:
    """It records its route, and the application says where each INVITE goes; the dialog's requests have a Route."""
    callee = free_port()

    async def run() -> None:
        async with Proxy("udp:127.0.0.1:0", policy=ProxyPolicy(record_routes=True)) as proxy:
            methods: list[str] = []

            async def route() -> None:
                async for event in proxy:
                    if isinstance(event, RouteRequested):
                        request: Request = event.request
                        methods.append(request.method)
                        proxy.do(event.asked.forward, f"sip:callee@127.0.0.1:{callee}")

            routing = asyncio.create_task(route())
            await called(proxy, callee, scenario("caller_by_proxy"), scenario("callee_by_proxy"), tmp_path)
            routing.cancel()
            assert methods == ["INVITE"] * CALLS
            assert proxy.proxy.forwarding == 0

    asyncio.run(run())


@pytest.mark.rfc("3261 16.7")
def test_calls_over_a_bad_network(tmp_path: Path) -> None:
    """Both SIPps lose packets of those that they send and get: the proxy repeats what it must."""
    callee = free_port()

    async def run() -> None:
        async with Proxy("udp:127.0.0.1:0", route=lambda _: [f"sip:callee@127.0.0.1:{callee}"], grace=0.0) as proxy:
            caller = (*scenario("caller_loses_packets"), *LOSING)
            await called(proxy, callee, caller, ("-sn", "uas", *LOSING), tmp_path)

    asyncio.run(run())
