"""What is so over TLS alone, with every adapter: who somebody is, handshakes that come to nothing, and how it ends."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from sipsm import (
    Dropped,
    DropReason,
    EndReason,
    Established,
    FlowLimits,
    FlowTimes,
    IncomingCall,
    LocalProtocolError,
    RequestServed,
)
from sipsm.transport.flow import bracketed
from sipsm_sockets import Secured, TlsContexts
from tests.adapters.certificates import LOOPBACK, everybody, having, trusted, unknown
from tests.adapters.driving import ADAPTERS, PATIENCE_S, Adapter, done, first, opened
from tests.adapters.name_server import name_server
from tests.adapters.peer import SDP, Place, SecurePeer, StreamPeer, header, peer_at, tag_of
from tests.adapters.test_rough_tcp import until, until_its_end
from tests.adapters.test_tcp import numbers_heard, options

Scenario = Callable[[Adapter, Place], Coroutine[Any, Any, None]]


def turned_away(peer: StreamPeer) -> None:
    """Somebody comes, and goes before he has said anything."""
    with suppress(OSError):
        while True:
            peer.wait()
            if not peer.connections:
                return
            assert set(peer.connections.values()) == {b""}


async def refused(agent: Any, uri: str, why: str) -> None:
    """What is for somebody who does not prove to be who he should be fails at once, and it is said why."""
    answered = await done(agent.request("OPTIONS", uri))
    assert (answered.status, answered.response) == (503, None)
    dropped = await first(agent, Dropped)
    assert (dropped.reason, dropped.data, dropped.flow.transport) == (DropReason.NOT_SECURED, b"", "TLS")
    assert why in dropped.why
    call = await done(agent.invite(uri, offer=SDP))
    assert (await done(call.ended())).reason is EndReason.TRANSPORT_FAILED
    assert not agent.endpoint.flows


WRONG: list[tuple[str, Callable[[], Path], str]] = [
    ("of another name", lambda: trusted().issue("other.example", "*.0.0.1"), "is for other.example and *.0.0.1, not "),
    ("of another domain", lambda: trusted().issue_for_uris("sip:other.example", names=("localhost",)), "is for other"),
    ("of nobody", lambda: trusted().issue("alice@example.com"), "is for nobody, not"),
    ("by somebody unknown", lambda: unknown().issue(*LOOPBACK), "unable to get local issuer certificate"),
    ("that has expired", lambda: trusted().issue_expired(*LOOPBACK), "certificate has expired"),
]


@pytest.mark.rfc("5922 7.1", "5922 7.2", "5922 7.3", "3261 26.3.1")
@pytest.mark.parametrize(
    ("issue", "why"), [(issue, why) for _, issue, why in WRONG], ids=[name for name, _, _ in WRONG]
)
@pytest.mark.parametrize("name", ADAPTERS)
def test_a_wrong_certificate(name: str, issue: Callable[[], Path], why: str) -> None:
    """Nothing is said to who shows it: not a byte of the request."""
    adapter = ADAPTERS[name]
    place = Place("TLS", "127.0.0.1")

    async def scenario() -> None:
        with peer_at(place) as stage:
            stage.peer.tls = having(issue())
            stage.play(turned_away)
            stage.play(turned_away)
            async with opened(adapter.agent(place.any_port)) as agent:
                await refused(agent, stage.uri, why)

    adapter.run(scenario)


@pytest.mark.rfc("5922 7.3", "5922 7.8", "3263 4.1")
@pytest.mark.parametrize("name", ADAPTERS)
def test_the_domain_of_the_uri_counts(name: str) -> None:
    """Whatever host the DNS names: its server is asked for the certificate of the domain, and must show that."""
    adapter = ADAPTERS[name]
    place = Place("TLS", "127.0.0.1")

    async def scenario(issue: Callable[[], Path], status: int) -> None:
        with peer_at(place) as stage:
            asked_for: list[str | None] = []
            stage.peer.tls = having(issue())
            stage.peer.tls.server.sni_callback = lambda _socket, name, _context: asked_for.append(name)
            services = "_sips._tcp.example.com"
            zone = {
                ("NAPTR", "example.com"): [f'1 1 "s" "SIPS+D2T" "" {services}'],
                ("SRV", services): [f"1 1 {stage.peer.address[1]} gate.example.net"],
                ("A", "gate.example.net"): ["127.0.0.1"],
            }
            if status == 200:
                stage.play(lambda peer: peer.respond(peer.hear("OPTIONS sips:bob@example.com SIP"), "200 OK"))
            else:
                stage.play(turned_away)
            with name_server(zone) as server:
                async with opened(adapter.agent(place.any_port, resolver=server.resolver(name))) as agent:
                    assert (await done(agent.options("sips:bob@example.com"))).status == status
            assert asked_for == ["example.com"]

    adapter.run(lambda: scenario(lambda: trusted().issue_for_uris("sip:example.com", names=("gate.example.net",)), 200))
    adapter.run(lambda: scenario(lambda: trusted().issue("example.com"), 200))
    adapter.run(lambda: scenario(lambda: trusted().issue("gate.example.net"), 503))


async def plain_words_at_a_port_for_tls(adapter: Adapter, place: Place) -> None:
    """They are ended at once, with a word of why; the next one finds the agent as it was."""

    def errs(peer: SecurePeer) -> None:
        for words in (options(1), b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\0" * 100, b"\x80" * 100_000):
            with place.socket() as plain:
                plain.settimeout(PATIENCE_S)
                plain.connect(peer.agent)
                with suppress(ConnectionError):
                    plain.sendall(words)
                assert b"SIP/2.0" not in until_its_end(plain)
        peer.say(options(2))
        assert numbers_heard(peer, 1) == [2]

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(errs, agent.local.address)
            for _ in range(4):
                dropped = await first(agent, Dropped)
                assert (dropped.reason, dropped.data) == (DropReason.NOT_SECURED, b"")
            await first(agent, RequestServed)
            stage.check()


async def a_port_for_tcp(adapter: Adapter, place: Place) -> None:
    """Who answers in clear is no server for us, whatever he says."""

    def answers(peer: StreamPeer) -> None:
        for _ in range(2):
            connection, _ = peer.listening.accept()
            with connection:
                connection.settimeout(PATIENCE_S)
                assert connection.recv(65_536).startswith(b"\x16\x03"), "a handshake"
                connection.sendall(b"SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n")
                assert b"OPTIONS" not in until_its_end(connection)

    with peer_at(place) as stage:
        stage.play(answers)
        async with opened(adapter.agent(place.any_port)) as agent:
            await refused(agent, stage.uri, "wrong version number")


async def handshakes_that_never_end(adapter: Adapter, place: Place) -> None:
    """Whoever is slow, he has his time and no more: who comes is closed, whom we come to has failed."""

    def dawdles(peer: StreamPeer) -> None:
        silent, slow = place.socket(), place.socket()
        with silent, slow:
            for each in (silent, slow):
                each.settimeout(PATIENCE_S)
                each.connect(peer.agent)
            slow.sendall(b"\x16\x03\x01\x02\x00\x01")
            assert until_its_end(silent) == until_its_end(slow) == b""
        never, _ = peer.listening.accept()
        with never:
            never.settimeout(PATIENCE_S)
            until_its_end(never)

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port, flow_times=FlowTimes(handshake_s=0.05))) as agent:
            stage.play(dawdles, agent.local.address)
            for _ in range(2):
                assert "too slow" in (await first(agent, Dropped)).why
            answered = await done(agent.request("OPTIONS", stage.uri))
            assert (answered.status, answered.response) == (503, None)
            assert "too slow" in (await first(agent, Dropped)).why
            assert not [*agent._handshakes]


async def more_handshakes_than_are_taken(adapter: Adapter, place: Place) -> None:
    """The one that has taken the longest makes room, and who is in earnest is served at once."""
    limit = 5

    def floods(peer: SecurePeer) -> None:
        with ExitStack() as stack:
            idle = []
            for _ in range(3 * limit):
                idle.append(stack.enter_context(place.socket()))
                idle[-1].settimeout(PATIENCE_S)
                idle[-1].connect(peer.agent)
            for each in idle[: 2 * limit]:
                assert until_its_end(each) == b""
            peer.say(options(1))
            assert numbers_heard(peer, 1) == [1]
            assert until_its_end(idle[2 * limit]) == b""

    limits = FlowLimits(handshakes_per_host=limit)
    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port, flow_limits=limits)) as agent:
            stage.play(floods, agent.local.address)
            for _ in range(2 * limit + 1):
                assert "too many handshakes" in (await first(agent, Dropped)).why
            await first(agent, RequestServed)
            assert len([*agent._handshakes]) <= limit
            stage.check()


async def a_peer_that_goes_in_the_handshake(adapter: Adapter, place: Place) -> None:
    """Wherever it is cut, as a client or as a server, it concerns nobody else."""

    def goes(peer: StreamPeer) -> None:
        hello = Secured(everybody().client, "localhost")
        assert not hello.shake_hands()
        said = hello.going()
        for cut in (0, 1, 5, 20, len(said) - 1, len(said)):
            with place.socket() as each:
                each.connect(peer.agent)
                each.sendall(said[:cut])
        come, _ = peer.listening.accept()
        come.settimeout(PATIENCE_S)
        come.recv(10)
        come.close()
        peer.respond(peer.hear("OPTIONS "), "200 OK")

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(goes, agent.local.address)
            for _ in range(6):
                assert (await first(agent, Dropped)).reason is DropReason.NOT_SECURED
            assert (await done(agent.request("OPTIONS", stage.uri))).status == 503
            assert (await done(agent.request("OPTIONS", stage.uri))).status == 200


@contextmanager
def by_hand(peer: StreamPeer, context: ssl.SSLContext) -> Iterator[tuple[socket.socket, Secured]]:
    """A connection to the agent whose handshake is over, with nothing between us and what is said on it."""
    with peer.place.socket() as raw:
        raw.settimeout(PATIENCE_S)
        raw.connect(peer.agent)
        secured = Secured(context, "localhost")
        while not secured.shake_hands():
            raw.sendall(secured.going())
            secured.take(raw.recv(65_536))
        raw.sendall(secured.going())
        yield raw, secured


def heard(raw: socket.socket, secured: Secured) -> bytes:
    """All that the agent says, to its end."""
    come = b""
    while not secured.is_over:
        try:
            data = raw.recv(65_536)
        except ConnectionError:
            return come
        secured.take(data)
        come += secured.opened() or b""
    return come


@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2])
def test_a_peer_that_has_said_all(version: ssl.TLSVersion, name: str) -> None:
    """Over TLS 1.3 it is answered before its connection is ended; until 1.2 it reads no more, and is ended at once."""
    adapter, place = ADAPTERS[name], Place("TLS", "127.0.0.1")
    context = having(None).client
    context.minimum_version = context.maximum_version = version

    def asks_and_listens(peer: StreamPeer) -> None:
        for together in (True, False):
            with by_hand(peer, context) as (raw, secured):
                said = [secured.seal(options(1)), secured.farewell()]
                if together:
                    raw.sendall(b"".join(said))
                else:
                    raw.sendall(said[0])
                    served.get(timeout=PATIENCE_S)
                    raw.sendall(said[1])
                answer = heard(raw, secured)
                if version is ssl.TLSVersion.TLSv1_3 or not together:
                    assert answer.startswith(b"SIP/2.0 200 ")
                assert secured.is_over, "it has been told the end"

    served: Queue[None] = Queue()

    async def scenario() -> None:
        with peer_at(place) as stage:
            async with opened(adapter.agent(place.any_port, flow_times=FlowTimes(linger_s=0.01))) as agent:
                stage.play(asks_and_listens, agent.local.address)
                for _ in range(2):
                    await first(agent, RequestServed)
                    served.put(None)
                await until(agent, lambda: not agent.endpoint.flows)
                stage.check()

    adapter.run(scenario)


async def messages_in_any_pieces(adapter: Adapter, place: Place) -> None:
    """How a message is cut into records, and these into segments, makes no difference."""

    def says_in_pieces(peer: StreamPeer) -> None:
        with by_hand(peer, everybody().client) as (raw, secured):
            data = options(1)
            sealed = b"".join(secured.seal(data[n : n + 50]) for n in range(0, len(data), 50))
            for n in range(0, len(sealed), 7):
                raw.sendall(sealed[n : n + 7])
            raw.sendall(b"".join(secured.seal(options(number)) for number in range(2, 200)))
            come = b""
            while come.count(b"SIP/2.0 200 ") < 199:
                secured.take(raw.recv(65_536))
                come += secured.opened() or b""

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port)) as agent:
            stage.play(says_in_pieces, agent.local.address)
            for _ in range(199):
                await first(agent, RequestServed)
            stage.check()


@pytest.mark.rfc("5923 5", "5923 9.2")
@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize("proved", [True, False])
def test_a_connection_that_the_peer_made(name: str, proved: bool) -> None:
    """What is for who made it goes back on it, if he has proved to be that; else he must be reached, and prove it."""
    adapter, place = ADAPTERS[name], Place("TLS", "127.0.0.1")

    def calls(peer: SecurePeer) -> None:
        peer.tls = everybody() if proved else having(None)
        connection = peer.connect()
        peer.address = connection.getsockname()[:2]
        invite = peer.ask("INVITE", body=SDP)
        made_on = peer.current
        answer = peer.hear_final("SIP/2.0 200 ")
        peer.ask("ACK", like=invite, to_tag=tag_of(answer))
        if proved:
            peer.respond(peer.hear("BYE "), "200 OK")
            assert peer.current is made_on
            over.get(timeout=PATIENCE_S)

    over: Queue[None] = Queue()

    async def scenario() -> None:
        with peer_at(place) as stage:
            async with opened(adapter.agent(place.any_port)) as agent:
                stage.play(calls, agent.local.address)
                call = agent.bound((await first(agent, IncomingCall)).call)
                await done(call.answer(SDP))
                assert isinstance(await done(call.outcome()), Established)
                await done(call.hang_up())
                assert (await done(call.ended())).reason is EndReason.HUNG_UP
                over.put(None)

    adapter.run(scenario)


@pytest.mark.rfc("3261 26.2", "3261 26.2.2", "5630 5.1.1", "3261-S35")
@pytest.mark.parametrize("name", ADAPTERS)
def test_a_call_to_a_sips_uri(name: str) -> None:
    """All of it is over TLS, and who is called is told to come back so, though we are reached in clear as well."""
    adapter, place = ADAPTERS[name], Place("TLS", "127.0.0.1")
    in_clear = [place._replace(transport=each) for each in ("UDP", "TCP")]

    def callee(peer: SecurePeer) -> None:
        invite = peer.hear("INVITE sips:peer@")
        assert header(invite, "Via").startswith("SIP/2.0/TLS ")
        assert header(invite, "Contact").startswith("<sips:")
        assert "transport=" not in header(invite, "Contact")
        peer.respond(invite, "200 OK", body=SDP)
        peer.hear("ACK ")
        bye = peer.hear("BYE ")
        assert header(bye, "Via").startswith("SIP/2.0/TLS ")
        peer.respond(bye, "200 OK")

    async def scenario() -> None:
        with peer_at(place) as stage:
            stage.play(callee)
            everywhere = [each.any_port for each in (*in_clear, place)]
            async with opened(adapter.agent(*everywhere)) as agent:
                call = await done(agent.invite(f"sips:peer@{stage.peer.host_port}", offer=SDP))
                assert isinstance(await done(call.outcome()), Established)
                await done(call.hang_up())
                assert (await done(call.ended())).reason is EndReason.HUNG_UP

    adapter.run(scenario)


def of_one_port() -> tuple[socket.socket, socket.socket]:
    """A socket for datagrams and one for connections. Where one of a port is free, the other may be somebody's."""
    while True:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        try:
            tcp = socket.create_server(udp.getsockname())
        except OSError:
            udp.close()
            continue
        tcp.setblocking(False)
        udp.setblocking(False)
        return udp, tcp


@pytest.mark.rfc("3261 26.2", "3261 26.2.2", "5630 5.1.1", "3261-S35")
@pytest.mark.parametrize("name", ADAPTERS)
def test_no_call_to_a_sips_uri_in_clear(name: str) -> None:
    """Where nobody proves to be who is called, nothing is said in any other way to who is there, by whatever port."""
    adapter = ADAPTERS[name]

    async def scenario() -> None:
        with ExitStack() as stack:
            udp, tcp = map(stack.enter_context, of_one_port())
            host, port = udp.getsockname()
            local = [f"{each}:127.0.0.1:0" for each in ("udp", "tcp", "tls")]
            async with opened(adapter.agent(*local, flow_times=FlowTimes(handshake_s=0.05))) as agent:
                for target in (f"sips:peer@{host}:{port}", f"sips:peer@{host}:{port};transport=tcp"):
                    call = await done(agent.invite(target, offer=SDP))
                    assert (await done(call.ended())).reason is EndReason.TRANSPORT_FAILED
                with pytest.raises(LocalProtocolError, match="no TLS over UDP"):
                    await done(agent.invite(f"sips:peer@{host}:{port};transport=udp"))
            with pytest.raises(BlockingIOError):
                udp.recv(10)
            for _ in range(2):
                connection = stack.enter_context(tcp.accept()[0])
                assert connection.recv(3) == b"\x16\x03\x01", "a handshake, and nothing else"
            with pytest.raises(BlockingIOError):
                tcp.accept()

    adapter.run(scenario)


async def a_port_of_its_own(adapter: Adapter, place: Place) -> None:
    """Over UDP and TCP an agent is at one port, over TLS at another one; without certificates it is not there."""
    local = [place._replace(transport=each).any_port for each in ("UDP", "TCP", "TLS")]
    async with opened(adapter.agent(*local)) as agent:
        udp, tcp, tls = agent.listening
        assert udp.address == tcp.address != tls.address
    with pytest.raises(LocalProtocolError, match="with which certificates"):
        adapter.agent(place.any_port, tls=None)


async def somebody_without_a_certificate(adapter: Adapter, place: Place) -> None:
    """He reaches others, and nobody reaches him."""

    def answers(peer: SecurePeer) -> None:
        peer.respond(peer.hear("OPTIONS "), "200 OK")
        with pytest.raises(ssl.SSLError):
            peer.connect()

    with peer_at(place) as stage:
        async with opened(adapter.agent(place.any_port, tls=having(None))) as agent:
            stage.play(answers, agent.local.address)
            host, port = stage.peer.address
            answered = await done(agent.request("OPTIONS", f"sips:peer@{bracketed(host)}:{port}"))
            assert answered.status == 200
            assert "no shared cipher" in (await first(agent, Dropped)).why
            stage.check()


async def contexts_of_the_programs_own(adapter: Adapter, place: Place) -> None:
    """They are asked as they are; one that verifies nobody is no way to anybody."""

    def answers(peer: SecurePeer) -> None:
        peer.respond(peer.hear("OPTIONS "), "200 OK")
        peer.drop()
        turned_away(peer)

    usual, careless = ssl.create_default_context(cafile=trusted().file), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    with peer_at(place) as stage:
        stage.play(answers)
        for client, status in ((usual, 200), (careless, 503)):
            async with opened(adapter.agent(place.any_port, tls=TlsContexts(everybody().server, client))) as agent:
                assert (await done(agent.request("OPTIONS", stage.uri))).status == status


SCENARIOS: list[Scenario] = [
    contexts_of_the_programs_own,
    plain_words_at_a_port_for_tls,
    a_port_for_tcp,
    handshakes_that_never_end,
    more_handshakes_than_are_taken,
    a_peer_that_goes_in_the_handshake,
    messages_in_any_pieces,
    a_port_of_its_own,
    somebody_without_a_certificate,
]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_over_tls(scenario: Scenario, name: str, host: str) -> None:
    """An adapter does over TLS what all of them do."""
    adapter = ADAPTERS[name]
    adapter.run(lambda: scenario(adapter, Place("TLS", host)))
