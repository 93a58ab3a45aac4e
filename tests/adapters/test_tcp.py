"""What is so over TCP and TLS, with every adapter: a stream has no message bounds, begins, ends, and can be full."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Coroutine
from contextlib import suppress
from queue import Queue
from typing import Any

import pytest

from sipsm import Dropped, EndReason, RequestServed
from sipsm.transport.flow import bracketed
from tests.adapters.driving import ADAPTERS, PATIENCE_S, Adapter, done, first, opened
from tests.adapters.peer import SDP, Place, StreamPeer, header, peer_at, silent_port

Scenario = Callable[[Adapter, Place], Coroutine[Any, Any, None]]
LONG = "x" * 15_000


def options(number: int, filling: str = "") -> bytes:
    """A request that is told from others by its number."""
    lines = [
        "OPTIONS sip:agent@example.com SIP/2.0",
        f"Via: SIP/2.0/TCP peer.example.com:5060;branch=z9hG4bKtcp{number};rport",
        "Max-Forwards: 70",
        f"From: <sip:peer@example.com>;tag=peer{number}{filling}",
        "To: <sip:agent@example.com>",
        f"Call-ID: {number}@tcp",
        "CSeq: 1 OPTIONS",
        "Content-Length: 0",
    ]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def numbers_heard(peer: StreamPeer, count: int) -> list[int]:
    """Whose answers the next ones are."""
    return [int(header(peer.hear("SIP/2.0 200 "), "Call-ID").removesuffix("@tcp")) for _ in range(count)]


async def many_messages_in_one_segment(adapter: Adapter, place: Place) -> None:
    """Each is answered, in their order, also when line ends stand between them."""

    def says_all_at_once(peer: StreamPeer) -> None:
        peer.say(b"\r\n\r\n".join(options(number) for number in range(20)))
        assert numbers_heard(peer, 20) == list(range(20))

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(says_all_at_once, agent.local.address)
            for _ in range(20):
                await first(agent, RequestServed)
            stage.check()


async def a_message_in_many_segments(adapter: Adapter, place: Place) -> None:
    """It is whole when its last byte has come."""

    def says_byte_by_byte(peer: StreamPeer) -> None:
        for number in options(7):
            peer.say(bytes([number]))
        assert numbers_heard(peer, 1) == [7]

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(says_byte_by_byte, agent.local.address)
            await first(agent, RequestServed)
            stage.check()


async def an_end_in_the_middle_of_a_message(adapter: Adapter, place: Place) -> None:
    """What had come of it is told and comes to nothing, and the next connection finds the agent as it was."""

    def breaks_off(peer: StreamPeer) -> None:
        peer.say(options(1)[:-10])
        peer.drop()
        go_on.get(timeout=PATIENCE_S)
        peer.say(options(2))
        assert numbers_heard(peer, 1) == [2]

    go_on: Queue[None] = Queue()
    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(breaks_off, agent.local.address)
            assert (await first(agent, Dropped)).data == options(1)[:-10]
            go_on.put(None)
            await first(agent, RequestServed)
            stage.check()


async def a_connection_that_is_refused(adapter: Adapter, place: Place) -> None:
    """Where nobody listens, a request ends as if with 503, and a call as one that the transport failed."""
    nobody = f"sip:nobody@{bracketed(place.host)}:{silent_port(place)}{place.uri_parameters}"
    async with opened(adapter.agent(place.any_port)) as agent:
        answered = await done(agent.request("OPTIONS", nobody))
        assert (answered.status, answered.response) == (503, None)
        call = await done(agent.invite(nobody, offer=SDP))
        assert (await done(call.ended())).reason is EndReason.TRANSPORT_FAILED


async def a_connection_that_is_reset(adapter: Adapter, place: Place) -> None:
    """A call that nobody has answered on it has failed; the next one gets a connection of its own."""

    def resets(peer: StreamPeer) -> None:
        peer.hear("INVITE ")
        peer.drop(reset=True)
        peer.respond(peer.hear("INVITE "), "486 Busy Here")
        peer.hear("ACK ")

    with peer_at(place) as stage:
        stage.play(resets)
        async with opened(adapter.agent(place.any_port)) as agent:
            call = await done(agent.invite(stage.uri, offer=SDP))
            assert (await done(call.ended())).reason is EndReason.TRANSPORT_FAILED
            call = await done(agent.invite(stage.uri, offer=SDP))
            assert (await done(call.ended())).status == 486


async def several_connections_at_once(adapter: Adapter, place: Place) -> None:
    """Each answer goes to the connection that its request came on, however they are mixed."""

    def speaks_on_three(peer: StreamPeer) -> None:
        connections = [peer.connect() for _ in range(3)]
        for part in (slice(0, 100), slice(100, None)):
            for number, connection in enumerate(connections):
                connection.sendall(options(number)[part])
        heard = {numbers_heard(peer, 1)[0]: peer.current for _ in connections}
        assert heard == dict(enumerate(connections))

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(speaks_on_three, agent.local.address)
            for _ in range(3):
                await first(agent, RequestServed)
            stage.check()
            assert len(agent.endpoint.flows) == 3
        stage.play(StreamPeer.wait_for_the_end)


async def a_peer_that_does_not_read(adapter: Adapter, place: Place) -> None:
    """When too much waits for it, its connection is ended, and nobody else's."""

    def only_speaks(peer: StreamPeer) -> None:
        silent = peer.connect()
        with suppress(ConnectionError, ssl.SSLError):
            for number in range(10_000):
                silent.sendall(options(number, LONG))
            raise AssertionError("everything was taken from a peer that does not read")
        peer.drop(silent)
        peer.say(options(99_999))
        assert numbers_heard(peer, 1) == [99_999]

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(only_speaks, agent.local.address)
            while (await first(agent, RequestServed)).request.call_id != "99999@tcp":
                pass
            stage.check()


async def a_peer_that_reads_late(adapter: Adapter, place: Place) -> None:
    """What waits for it is not lost and stays in order, and the block is not left before."""

    def reads_when_all_is_said(peer: StreamPeer) -> None:
        count = 0
        while more.get(timeout=PATIENCE_S):
            peer.say(options(count, LONG))
            count += 1
        assert numbers_heard(peer, count) == list(range(count))

    more: Queue[bool] = Queue()
    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(reads_when_all_is_said, agent.local.address)
            while not agent._is_busy:
                more.put(True)
                await first(agent, RequestServed)
            more.put(False)
        assert not agent.endpoint.unfinished


async def one_port_for_both(adapter: Adapter, place: Place) -> None:
    """An agent is reached over UDP and TCP at one port; each request goes the way that its URI names."""
    udp = place._replace(transport="UDP")
    with peer_at(place) as by_tcp, peer_at(udp) as by_udp:
        async with opened(adapter.agent(udp.any_port, place.any_port)) as agent:
            over_udp, over_tcp = agent.listening
            assert (over_udp.transport, over_tcp.transport) == ("UDP", "TCP")
            assert over_udp.address == over_tcp.address
            assert agent.local is over_udp
            for stage, listening in ((by_udp, over_udp), (by_tcp, over_tcp)):

                def asks_back(peer: Any) -> None:
                    asked = peer.hear("OPTIONS ")
                    assert f"SIP/2.0/{peer.place.transport} " in header(asked, "Via")
                    peer.respond(asked, "200 OK")
                    peer.ask("OPTIONS")
                    peer.hear("SIP/2.0 200 ")

                stage.play(asks_back)
                assert (await done(agent.request("OPTIONS", stage.uri))).status == 200
                served = await first(agent, RequestServed)
                assert listening.transport in str(served.request.via)
                stage.check()


async def a_port_that_is_taken_over_tcp(adapter: Adapter, place: Place) -> None:
    """That the port is free over UDP is not enough: it is said, and nothing stays open."""
    udp = place._replace(transport="UDP")
    with place.socket() as taken:
        taken.bind((place.host, 0))
        taken.listen()
        port = taken.getsockname()[1]
        both = [f"{each}:{bracketed(place.host)}:{port}" for each in ("udp", "tcp")]
        with pytest.raises(OSError, match=rf"in use: TCP .* port {port}"):
            async with opened(adapter.agent(*both)):
                pass
        with udp.socket() as free:
            free.bind((place.host, port))


SCENARIOS: list[Scenario] = [
    many_messages_in_one_segment,
    a_message_in_many_segments,
    an_end_in_the_middle_of_a_message,
    a_connection_that_is_refused,
    a_connection_that_is_reset,
    several_connections_at_once,
    a_peer_that_does_not_read,
    a_peer_that_reads_late,
]
OVER_TCP_ALONE: list[Scenario] = [one_port_for_both, a_port_that_is_taken_over_tcp]
CASES = [(each, "TCP") for each in (*SCENARIOS, *OVER_TCP_ALONE)] + [(each, "TLS") for each in SCENARIOS]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize(
    ("scenario", "transport"), CASES, ids=[f"{scenario.__name__}-{transport}" for scenario, transport in CASES]
)
def test_over_a_stream(scenario: Scenario, transport: str, name: str, host: str) -> None:
    """An adapter does over TCP, and over TLS, what all of them do."""
    adapter = ADAPTERS[name]
    adapter.run(lambda: scenario(adapter, Place(transport, host)))
