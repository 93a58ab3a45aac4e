"""Peers over TCP and TLS that come and go as they like: nothing blocks, loses what it owes, or holds too much."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from queue import Queue
from typing import Any

import pytest
import trio

import sipsm_asyncio
import sipsm_blocking
from sipsm import (
    Dropped,
    DropReason,
    Ended,
    EndReason,
    Established,
    FlowLimits,
    FlowTimes,
    IncomingCall,
    RequestServed,
)
from sipsm.transport.flow import bracketed
from tests.adapters.driving import ADAPTERS, PATIENCE_S, Adapter, done, first, opened, rest
from tests.adapters.peer import SDP, Place, StreamPeer, header, peer_at, tag_of
from tests.adapters.test_tcp import LONG, numbers_heard, options

Scenario = Callable[[Adapter, Place], Coroutine[Any, Any, None]]


async def answered(agent: Any) -> Any:
    """Answer the next call; returns it."""
    call = agent.bound((await first(agent, IncomingCall)).call)
    await done(call.ring())
    await done(call.answer(SDP))
    return call


def until_its_end(connection: socket.socket) -> bytes:
    """All that still comes on a connection, until the other side has ended it."""
    come = b""
    with suppress(ConnectionError, ssl.SSLError):
        while data := connection.recv(65_536):
            come += data
    return come


async def a_peer_that_has_said_all(adapter: Adapter, place: Place) -> None:
    """Its half of the connection is closed; what it is owed comes on the other half, and then that is closed too."""

    def asks_and_listens(peer: StreamPeer) -> None:
        invite = peer.ask("INVITE", body=SDP)
        asked_on = peer.current
        assert asked_on is not None
        asked_on.shutdown(socket.SHUT_WR)
        peer.hear("SIP/2.0 180 ")
        answer = peer.hear("SIP/2.0 200 ")
        assert peer.current is asked_on
        peer.current = None
        peer.ask("ACK", like=invite, to_tag=tag_of(answer))
        peer.ask("BYE", like=invite, to_tag=tag_of(answer), cseq=2)
        peer.hear("SIP/2.0 200 ")
        again = peer.connect()
        again.sendall(options(1))
        again.shutdown(socket.SHUT_WR)
        assert until_its_end(again).startswith(b"SIP/2.0 200 ")

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port, flow_times=FlowTimes(linger_s=0.01))) as agent:
            stage.play(asks_and_listens, agent.local.address)
            call = await answered(agent)
            assert (await done(call.ended())).reason is EndReason.HUNG_UP_BY_PEER
            await first(agent, RequestServed)
            await until(agent, lambda: len(agent.endpoint.flows) <= 2)


async def until(agent: Any, so: Callable[[], bool]) -> None:
    """Let an agent go on, step by step, until something is so."""
    while not so():
        match agent:
            case sipsm_blocking.UserAgent():
                agent._pump(None)
            case sipsm_asyncio.UserAgent():
                await agent._stepped.wait()
            case _:
                await agent._stepped.park()


async def a_peer_that_has_gone(adapter: Adapter, place: Place) -> None:
    """Who has asked, and closed its connection, gets the answer by a new one (RFC 3261 18.2.2)."""

    def asks_and_goes(peer: StreamPeer) -> None:
        invite = peer.ask("INVITE", body=SDP)
        peer.drop()
        answer = peer.hear_final("SIP/2.0 200 ")
        peer.ask("ACK", like=invite, to_tag=tag_of(answer))
        peer.ask("BYE", like=invite, to_tag=tag_of(answer), cseq=2)
        peer.hear("SIP/2.0 200 ")

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(asks_and_goes, agent.local.address)
            call = agent.bound((await first(agent, IncomingCall)).call)
            # Over TLS there is no word that it may still read, and so it is gone at once.
            await until(agent, lambda: bool(agent._finished._watched) or not agent.endpoint.flows)
            await done(call.answer(SDP))
            assert isinstance(await done(call.outcome()), Established)
            assert (await done(call.ended())).reason is EndReason.HUNG_UP_BY_PEER


async def resets_in_the_middle_of_everything(adapter: Adapter, place: Place) -> None:
    """Whatever is being sent or read on a connection, its reset concerns nobody else."""

    def resets(peer: StreamPeer) -> None:
        for number in range(20):
            with suppress(ConnectionError, ssl.SSLError):
                for _ in range(number):
                    peer.say(options(number, LONG))
                peer.say(options(number)[: 20 * number])
            if peer.current is not None:
                peer.drop(reset=True)
        peer.say(options(99))
        assert numbers_heard(peer, 1) == [99]

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(resets, agent.local.address)
            while (await first(agent, RequestServed)).request.call_id != "99@tcp":
                pass
            stage.check()


async def more_connections_than_are_taken(adapter: Adapter, place: Place) -> None:
    """The next one is closed at once, and told; those that are there are served, and make room when they go."""
    limit = 50

    def crowds(peer: StreamPeer) -> None:
        connections = [peer.connect() for _ in range(limit)]
        for number, connection in enumerate(connections):
            connection.sendall(options(number))
        assert sorted(numbers_heard(peer, limit)) == list(range(limit))
        for _ in range(limit):
            refused = peer.connect()
            assert until_its_end(refused) == b""
            peer.drop(refused)
        for number, connection in enumerate(connections):
            connection.sendall(options(100 + number))
        assert sorted(numbers_heard(peer, limit)) == list(range(100, 100 + limit))
        for connection in connections:
            peer.drop(connection)
        while True:
            # The agent may not have seen yet that they are gone.
            again = peer.connect()
            again.sendall(options(999))
            if (come := until_its_answer(again)) and header(come, "Call-ID") == "999@tcp":
                return
            peer.drop(again)

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port, flow_limits=FlowLimits(per_host=limit))) as agent:
            stage.play(crowds, agent.local.address)
            assert (await first(agent, Dropped)).reason is DropReason.OVERLOADED
            while (await first(agent, RequestServed)).request.call_id != "999@tcp":
                pass
            stage.check()


def until_its_answer(connection: socket.socket) -> str:
    """The next message on a connection, or nothing where it is ended."""
    come = b""
    with suppress(ConnectionError, ssl.SSLError):
        while b"\r\n\r\n" not in come and (data := connection.recv(65_536)):
            come += data
    return come.decode()


async def peers_that_take_their_time(adapter: Adapter, place: Place) -> None:
    """A connection on which nothing comes, or a message that never ends, is closed in time; one in use is not."""

    def dawdles(peer: StreamPeer) -> None:
        silent, slow = peer.connect(), peer.connect()
        slow.sendall(options(1)[:100])
        assert until_its_end(slow) == until_its_end(silent) == b""
        for each in (silent, slow):
            peer.drop(each)
        peer.say(options(2))
        assert numbers_heard(peer, 1) == [2]

    times = FlowTimes(idle_s=0.05, message_s=0.1, ending_s=0.01)
    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port, flow_times=times)) as agent:
            stage.play(dawdles, agent.local.address)
            assert (await first(agent, Dropped)).reason is DropReason.CUT_SHORT
            await first(agent, RequestServed)
            stage.check()


async def noise_without_end(adapter: Adapter, place: Place) -> None:
    """What is no SIP, and never ends, is ended here: with one note, and little of it kept."""

    def babbles(peer: StreamPeer) -> None:
        connection = peer.connect()
        with suppress(ConnectionError, ssl.SSLError):
            for _ in range(10_000):
                connection.sendall(b"x" * 65_536)
            raise AssertionError("everything was taken")
        peer.drop(connection)
        peer.say(options(2))
        assert numbers_heard(peer, 1) == [2]

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(babbles, agent.local.address)
            noise = await first(agent, Dropped)
            assert noise.reason is DropReason.TOO_LARGE
            assert isinstance(noise.data, bytes)
            assert len(noise.data) < 100_000
            await first(agent, RequestServed)
            stage.check()


async def an_end_with_connections_open(adapter: Adapter, place: Place) -> None:
    """Leaving the block ends them all: idle ones, one just made, one in a message, and one whose peer does not read."""

    def stays(peer: StreamPeer) -> None:
        idle, within, deaf = peer.connect(), peer.connect(), peer.connect()
        within.sendall(options(1)[:100])
        deaf.settimeout(PATIENCE_S)
        count = 0
        while more.get(timeout=PATIENCE_S):
            deaf.sendall(options(count, LONG))
            count += 1
        late = peer.connect()
        ready.put(None)
        for each in (idle, within, deaf, late):
            until_its_end(each)

    more: Queue[bool] = Queue()
    ready: Queue[None] = Queue()
    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port, grace=0.01)) as agent:
            stage.play(stays, agent.local.address)
            while not agent._is_busy:
                more.put(True)
                await first(agent, RequestServed)
            more.put(False)
            ready.get(timeout=PATIENCE_S)
        assert await rest(agent) is not None


async def an_end_while_connections_come(adapter: Adapter, place: Place) -> None:
    """However far the agent has come in taking them: when it is left they are ended, and nothing of them is left."""
    for steps in range(6):
        async with opened(adapter.agent(place.any_port, grace=0.0)) as agent:
            peers = [socket.create_connection(agent.local.address, PATIENCE_S) for _ in range(3)]
            host, port = bracketed(place.host), agent.local.address[1]
            await done(agent.invite(f"sip:itself@{host}:{port}{place.uri_parameters}"))
            for _ in range(steps):
                await step(agent)
        for peer in peers:
            with peer:
                assert until_its_end(peer) == b""


async def step(agent: Any) -> None:
    """Let an agent do what there is to be done now, or some of it."""
    match agent:
        case sipsm_blocking.UserAgent():
            agent._pump(time.monotonic())
        case sipsm_asyncio.UserAgent():
            await asyncio.sleep(0)
        case _:
            await trio.lowlevel.checkpoint()


async def a_call_whose_connection_is_lost(adapter: Adapter, place: Place) -> None:
    """It stays up, and is ended over a new connection, to where the peer's Contact says."""

    def callee(peer: StreamPeer) -> None:
        peer.respond(peer.hear("INVITE "), "200 OK", body=SDP)
        peer.hear("ACK ")
        peer.drop(reset=True)
        gone.put(None)
        peer.respond(peer.hear("BYE "), "200 OK")

    gone: Queue[None] = Queue()
    with peer_at(place) as stage:
        stage.play(callee)
        async with opened(adapter.agent(place.any_port)) as agent:
            call = await done(agent.invite(stage.uri, offer=SDP))
            assert isinstance(await done(call.outcome()), Established)
            gone.get(timeout=PATIENCE_S)
            await until(agent, lambda: not agent.endpoint.flows)
            await done(call.hang_up())
            ended = await done(call.ended())
            assert isinstance(ended, Ended)
            assert ended.reason is EndReason.HUNG_UP


SCENARIOS: list[Scenario] = [
    a_peer_that_has_gone,
    resets_in_the_middle_of_everything,
    more_connections_than_are_taken,
    peers_that_take_their_time,
    noise_without_end,
    an_end_while_connections_come,
    a_call_whose_connection_is_lost,
]
OVER_TCP_ALONE: list[Scenario] = [a_peer_that_has_said_all, an_end_with_connections_open]
CASES = [(each, "TCP") for each in (*SCENARIOS, *OVER_TCP_ALONE)] + [(each, "TLS") for each in SCENARIOS]


@pytest.mark.parametrize(("name", "host"), [("asyncio", "127.0.0.1"), ("trio", "::1"), ("blocking", "127.0.0.1")])
@pytest.mark.parametrize(
    ("scenario", "transport"), CASES, ids=[f"{scenario.__name__}-{transport}" for scenario, transport in CASES]
)
def test_rough_peers(scenario: Scenario, transport: str, name: str, host: str) -> None:
    """An adapter is as robust as all of them."""
    adapter = ADAPTERS[name]
    adapter.run(lambda: scenario(adapter, Place(transport, host)))
