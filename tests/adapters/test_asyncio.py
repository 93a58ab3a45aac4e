"""What is asyncio's own: tasks, cancellation, the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from sipsm import Ended, Established, Event, IncomingCall, Ringing
from sipsm_asyncio import Call, UserAgent
from tests.adapters.peer import SDP, Peer, Place, StreamPeer, peer_at

LOCAL = "udp:127.0.0.1:0"


def rings(peer: Peer) -> None:
    """Lets a call ring, and no more."""
    peer.respond(peer.hear("INVITE "), "180 Ringing")


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run to the end, after which no task but the main one may be left."""

    async def alone() -> None:
        async with asyncio.timeout(20):
            await main()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(alone(), debug=True)


def test_the_program_of_the_manual() -> None:
    """A server takes calls in one task; a client makes one in another."""

    async def serve(agent: UserAgent) -> list[str]:
        seen = []
        async for event in agent:
            seen.append(type(event).__name__)
            match event:
                case IncomingCall(call=core):
                    call = agent.bound(core)
                    call.ring()
                    call.answer(SDP)
                case Ended():
                    break
        return seen

    async def main() -> None:
        async with UserAgent(LOCAL) as bob, UserAgent(LOCAL) as alice:
            serving = asyncio.create_task(serve(bob))
            call = alice.invite(f"sip:bob@{bob.local.sent_by}", offer=SDP)
            assert isinstance(await call.outcome(), Established)
            call.hang_up()
            await call.ended()
            assert await serving == ["IncomingCall", "Established", "Ended"]

    run(main)


def test_any_number_of_tasks_wait_for_one_call() -> None:
    """Each gets the same outcome."""

    async def main() -> None:
        with peer_at("127.0.0.1") as stage:
            stage.play(lambda peer: peer.respond(peer.hear("INVITE "), "486 Busy Here"))
            async with UserAgent(LOCAL, grace=0) as agent:
                call = agent.invite(stage.uri, offer=SDP)
                first, second, end = await asyncio.gather(call.outcome(), call.outcome(), call.ended())
                assert first is second is end

    run(main)


def test_waiting_can_be_cancelled() -> None:
    """Who gives up waiting loses nothing: the event is there for the next one who asks."""

    async def main() -> None:
        with peer_at("127.0.0.1") as stage:
            async with UserAgent(LOCAL, grace=0) as agent:
                call = agent.invite(stage.uri, offer=SDP)
                waiting = asyncio.create_task(anext(call))
                await asyncio.sleep(0)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
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
                    asking = asyncio.create_task(agent.request("OPTIONS", stage.uri))
                    for _ in range(steps):
                        await asyncio.sleep(0)
                    asking.cancel()
                    await asyncio.gather(asking, return_exceptions=True)
                assert (await agent.request("OPTIONS", stage.uri.replace("peer@", "last@"))).status == 200
                assert len(agent.endpoint.flows) == 1

    run(main)


def test_a_block_that_is_cancelled_is_left_at_once() -> None:
    """Cancellation does not wait for the grace period, whether it meets the body of the block or its end."""

    async def body(agent: UserAgent, uri: str, entered: Callable[[Call], None]) -> None:
        async with agent:
            call = agent.invite(uri, offer=SDP)
            entered(call)
            await call.outcome()

    async def end(agent: UserAgent, uri: str, entered: Callable[[Call], None]) -> None:
        async with agent:
            call = agent.invite(uri, offer=SDP)
            entered(call)

    async def main() -> None:
        for program in (body, end):
            with peer_at("127.0.0.1") as stage:
                agent = UserAgent(LOCAL, grace=3600)
                calls: asyncio.Queue[Call] = asyncio.Queue()
                task = asyncio.create_task(program(agent, stage.uri, calls.put_nowait))
                call = await calls.get()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert [event async for event in call] == []

    run(main)


def test_grace_has_an_end() -> None:
    """When nobody answers, the block is left after `grace` seconds."""

    async def main() -> None:
        with peer_at("127.0.0.1") as stage:
            async with UserAgent(LOCAL, grace=0.01) as agent:
                agent.invite(stage.uri, offer=SDP)
            assert agent.endpoint.unfinished == 1

    run(main)


def test_who_waits_outside_learns_that_the_agent_is_closed() -> None:
    """Iterating in another task ends with the agent's block."""

    async def collect(agent: UserAgent) -> list[Event]:
        return [event async for event in agent]

    async def main() -> None:
        async with UserAgent(LOCAL) as agent:
            collecting = asyncio.create_task(collect(agent))
            await asyncio.sleep(0)
        assert await collecting == []

    run(main)


def test_datagrams_are_read_into_small_buffers() -> None:
    """asyncio's own 256 KiB for each read are not paid for."""

    async def main() -> None:
        async with UserAgent(LOCAL) as agent:
            assert [getattr(wire.transport, "max_size", None) for wire in agent._datagrams.values()] == [65_536]

    run(main)


class UnhurriedNames(asyncio.SelectorEventLoop):
    """An event loop whose system never finds an address."""

    async def getaddrinfo(self, *_: object, **__: object) -> Any:
        await asyncio.Event().wait()


class UnhurriedResolver:
    """A name server that never answers."""

    async def resolve(self, *_: object, **__: object) -> Any:
        await asyncio.Event().wait()


@pytest.mark.parametrize("host", ["slow.example.com", "slow:5060"])
def test_no_look_up_outlives_the_block(host: str) -> None:
    """A name that is still being looked up, by the DNS or by the system, is given up with the block."""

    async def main() -> None:
        async with UserAgent(LOCAL, grace=0, resolver=UnhurriedResolver()) as agent:
            agent.invite(f"sip:bob@{host}", offer=SDP)
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(debug=True, loop_factory=UnhurriedNames) as runner:
        runner.run(main())
