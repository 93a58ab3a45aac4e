"""What is trio's own: nurseries, cancel scopes, exception groups."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio

from sipsm import Ended, Established, Event, IncomingCall, Ringing
from sipsm_trio import Call, UserAgent
from tests.adapters.peer import SDP, Peer, Place, StreamPeer, peer_at

LOCAL = "udp:127.0.0.1:0"


def rings(peer: Peer) -> None:
    """Lets a call ring, and no more."""
    peer.respond(peer.hear("INVITE "), "180 Ringing")


def run(main: Callable[[], Awaitable[None]]) -> None:
    """Run to the end, with exception groups as trio has them by default."""

    async def in_time() -> None:
        with trio.fail_after(20):
            await main()

    trio.run(in_time, strict_exception_groups=True)


def test_the_program_of_the_manual() -> None:
    """A server takes calls in one task; a client makes one in another."""
    seen = []

    async def serve(agent: UserAgent) -> None:
        async for event in agent:
            seen.append(type(event).__name__)
            match event:
                case IncomingCall(call=core):
                    call = agent.bound(core)
                    await call.ring()
                    await call.answer(SDP)
                case Ended():
                    break

    async def main() -> None:
        async with UserAgent(LOCAL) as bob, UserAgent(LOCAL) as alice, trio.open_nursery() as nursery:
            nursery.start_soon(serve, bob)
            call = await alice.invite(f"sip:bob@{bob.local.sent_by}", offer=SDP)
            assert isinstance(await call.outcome(), Established)
            await call.hang_up()
            await call.ended()
        assert seen == ["IncomingCall", "Established", "Ended"]

    run(main)


@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt, StopAsyncIteration])
def test_an_exception_is_not_wrapped(kind: type[BaseException]) -> None:
    """What the body of the block raises comes out as it is, in no group."""

    async def main() -> None:
        async with UserAgent(LOCAL):
            raise kind("of the program's own")

    with pytest.raises(kind, match="of the program's own"):
        trio.run(main, strict_exception_groups=True)


def test_a_command_that_is_cancelled_has_not_begun() -> None:
    """In a scope that is cancelled, nothing is sent and nothing has changed."""

    async def main() -> None:
        with peer_at("127.0.0.1") as stage:
            async with UserAgent(LOCAL, grace=0) as agent:
                with trio.CancelScope() as scope:
                    scope.cancel()
                    await agent.invite(stage.uri, offer=SDP)
                assert scope.cancelled_caught
                assert agent.endpoint.calls == []
                with trio.CancelScope() as scope:
                    scope.cancel()
                    await agent.request("OPTIONS", stage.uri)
                assert agent.endpoint.unfinished == 0

    run(main)


def test_a_command_that_has_begun_is_carried_out() -> None:
    """Cancellation does not part what has been decided from what is sent."""

    async def main() -> None:
        with peer_at("127.0.0.1") as stage:
            stage.play(rings)
            async with UserAgent(LOCAL, grace=0) as agent, trio.open_nursery() as nursery, agent._sending:
                nursery.start_soon(agent.invite, stage.uri)
                await trio.testing.wait_all_tasks_blocked()
                nursery.cancel_scope.cancel()
            stage.check()

    run(main)


def test_waiting_can_be_cancelled() -> None:
    """Who gives up waiting loses nothing: the event is there for the next one who asks."""

    async def main() -> None:
        with peer_at("127.0.0.1") as stage:
            async with UserAgent(LOCAL, grace=0) as agent:
                call = await agent.invite(stage.uri, offer=SDP)
                with trio.move_on_after(0) as scope:
                    await anext(call)
                assert scope.cancelled_caught
                stage.play(rings)
                assert isinstance(await anext(call), Ringing)

    run(main)


def test_a_request_that_nobody_waits_for_any_more() -> None:
    """Giving up waiting, at whatever point of it, harms neither the connection nor the next who asks on it."""

    def answers(peer: StreamPeer) -> None:
        while not (asked := peer.hear("OPTIONS ")).startswith("OPTIONS sip:last@"):
            peer.respond(asked, "200 OK")
        peer.respond(asked, "200 OK")

    async def main() -> None:
        with peer_at(Place("TCP", "127.0.0.1")) as stage:
            stage.play(answers)
            async with UserAgent("tcp:127.0.0.1:0") as agent:
                for steps in range(10):
                    async with trio.open_nursery() as nursery:
                        nursery.start_soon(agent.request, "OPTIONS", stage.uri)
                        for _ in range(steps):
                            await trio.lowlevel.checkpoint()
                        nursery.cancel_scope.cancel()
                assert (await agent.request("OPTIONS", stage.uri.replace("peer@", "last@"))).status == 200
                assert len(agent.endpoint.flows) == 1

    run(main)


def test_a_block_that_is_cancelled_is_left_at_once() -> None:
    """Cancellation does not wait for the grace period, whether it meets the body of the block or its end."""
    calls: list[Call] = []

    async def body(uri: str, scope: trio.CancelScope) -> None:
        async with UserAgent(LOCAL, grace=3600) as agent:
            calls.append(await agent.invite(uri, offer=SDP))
            scope.cancel()
            await calls[-1].outcome()

    async def end(uri: str, scope: trio.CancelScope) -> None:
        async with UserAgent(LOCAL, grace=3600) as agent:
            calls.append(await agent.invite(uri, offer=SDP))
            scope.cancel()

    async def main() -> None:
        for program in (body, end):
            with peer_at("127.0.0.1") as stage:
                with trio.CancelScope() as scope:
                    await program(stage.uri, scope)
                assert scope.cancelled_caught
                assert [event async for event in calls[-1]] == []

    run(main)


def test_grace_has_an_end() -> None:
    """When nobody answers, the block is left after `grace` seconds."""

    async def main() -> None:
        with peer_at("127.0.0.1") as stage:
            async with UserAgent(LOCAL, grace=0.01) as agent:
                await agent.invite(stage.uri, offer=SDP)
            assert agent.endpoint.unfinished == 1

    run(main)


def test_who_waits_outside_learns_that_the_agent_is_closed() -> None:
    """Iterating in another task ends with the agent's block."""
    collected: list[list[Event]] = []

    async def collect(agent: UserAgent) -> None:
        collected.append([event async for event in agent])

    async def main() -> None:
        async with trio.open_nursery() as nursery, UserAgent(LOCAL) as agent:
            nursery.start_soon(collect, agent)
        assert collected == [[]]

    run(main)


class UnhurriedNames(trio.abc.HostnameResolver):
    """A system that never finds an address, except where no name is asked."""

    async def getaddrinfo(self, *_: Any, **__: Any) -> Any:
        await trio.sleep_forever()

    async def getnameinfo(self, *_: Any, **__: Any) -> Any:
        await trio.sleep_forever()


class UnhurriedResolver:
    """A name server that never answers."""

    async def resolve(self, *_: object, **__: object) -> Any:
        await trio.sleep_forever()


@pytest.mark.parametrize("host", ["slow.example.com", "slow:5060"])
def test_no_look_up_outlives_the_block(host: str) -> None:
    """A name that is still being looked up, by the DNS or by the system, is given up with the block."""

    async def main() -> None:
        trio.socket.set_custom_hostname_resolver(UnhurriedNames())
        async with UserAgent(LOCAL, grace=0, resolver=UnhurriedResolver()) as agent:
            await agent.invite(f"sip:bob@{host}", offer=SDP)
            assert agent.endpoint.unfinished == 1
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind(agent.local.address)

    run(main)
