"""An agent that is suspended, and another one that goes on at its addresses: with every adapter, over real sockets."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from sipsm import (
    Answered,
    CallState,
    Ended,
    EndReason,
    Established,
    IncomingCall,
    LocalProtocolError,
    Operation,
    PublicationEndReason,
    Published,
    Ringing,
    SnapshotError,
    TimerValues,
    save,
)
from tests.adapters.certificates import everybody
from tests.adapters.driving import ADAPTERS, done, first, opened, rest
from tests.adapters.name_server import name_server
from tests.adapters.peer import SDP, Peer, Place, branch_of, header, peer_at, tag_of
from tests.cli.programs import PATIENCE_S, ROOT, environment

PLACES = [Place("UDP", "127.0.0.1"), Place("TCP", "::1"), Place("TLS", "127.0.0.1")]
PAIRS = [*pairwise(ADAPTERS), *((name, name) for name in ADAPTERS)]
everywhere = pytest.mark.parametrize(
    ("before", "after", "place"),
    [(*pair, place) for pair, place in product(PAIRS, PLACES)],
    ids=lambda x: x if isinstance(x, str) else x.transport,
)


def one_after_the_other(
    before: str, after: str, place: Place, begins: Callable[..., Any], ends: Callable[..., Any]
) -> None:
    """Suspend an agent of the one adapter where `begins` ends, and restore it with the other one for `ends`."""
    one, other = ADAPTERS[before], ADAPTERS[after]
    data: list[bytes] = []

    async def first_half() -> None:
        async with opened(one.agent(place.any_port)) as agent:
            await begins(agent)
            data.append(await done(agent.suspend()))
            assert agent._over()

    async def second_half() -> None:
        async with opened(other.restored(data[0], tls=everybody())) as agent:
            await ends(agent)

    one.run(first_half)
    other.run(second_half)


@everywhere
def test_a_publication_goes_on(before: str, after: str, place: Place) -> None:
    """It is found again with its entity tag, and what is asked of it from now on is waited for as ever."""

    def compositor(peer: Peer) -> None:
        for tag, known in (("one", None), ("two", "one"), ("three", "two")):
            publish = peer.hear("PUBLISH ")
            assert ("SIP-If-Match" in publish) == (known is not None)
            assert known is None or header(publish, "SIP-If-Match") == known
            peer.respond(publish, "200 OK", f"SIP-ETag: {tag}", "Expires: 600")

    async def begins(agent: Any) -> None:
        publication = await done(agent.publish(stage.uri, "door", b"open", "text/plain", expires_s=600))
        assert isinstance(await done(publication.outcome()), Published)

    async def ends(agent: Any) -> None:
        (publication,) = agent.publications
        assert (publication.entity_tag, publication.body) == ("one", b"open")
        with pytest.raises(LocalProtocolError, match="decided before"):
            await done(publication.outcome())
        await done(publication.modify(b"shut"))
        assert (await done(publication.outcome())).operation is Operation.MODIFY
        await done(publication.remove())
        assert (await done(publication.ended())).reason is PublicationEndReason.REMOVED

    with peer_at(place) as stage:
        stage.play(compositor)
        one_after_the_other(before, after, place, begins, ends)


@everywhere
def test_a_call_that_is_up_goes_on(before: str, after: str, place: Place) -> None:
    """It can still be asked in, and ended; over TCP by a new connection, since the old one is gone."""

    def callee(peer: Peer) -> None:
        peer.respond(peer.hear("INVITE "), "200 OK", body=SDP)
        peer.hear("ACK ")
        peer.respond(peer.hear("OPTIONS "), "200 OK")
        peer.respond(peer.hear("BYE "), "200 OK")

    async def begins(agent: Any) -> None:
        call = await done(agent.invite(stage.uri, offer=SDP))
        assert isinstance(await done(call.outcome()), Established)
        ids.append((call.call_id, agent.local))

    async def ends(agent: Any) -> None:
        (call,) = agent.calls
        assert (call.call_id, agent.local) == ids[0]
        assert (call.state, call.remote_sdp) == (CallState.ESTABLISHED, SDP)
        assert isinstance(await done(call.outcome()), Established)
        assert (await done(call.request("OPTIONS"))).status == 200
        await done(call.hang_up())
        assert (await done(call.ended())).reason is EndReason.HUNG_UP
        assert await first(agent, Ended) is await done(call.ended())

    ids: list[Any] = []
    with peer_at(place) as stage:
        stage.play(callee)
        one_after_the_other(before, after, place, begins, ends)


@everywhere
def test_a_call_that_comes_in_is_answered_by_the_next(before: str, after: str, place: Place) -> None:
    """The caller notices nothing; over TCP the response comes by a new connection (RFC 3261 18.2.2)."""

    def caller(peer: Peer) -> None:
        invite = peer.ask("INVITE", body=SDP)
        ringing = peer.hear("SIP/2.0 180 ")
        answer = peer.hear("SIP/2.0 200 ")
        assert tag_of(answer) == tag_of(ringing)
        peer.ask("ACK", like=invite, to_tag=tag_of(answer))
        peer.ask("BYE", like=invite, to_tag=tag_of(answer), cseq=2)
        peer.hear("SIP/2.0 200 ")

    async def begins(agent: Any) -> None:
        stage.play(caller, agent.local.address)
        incoming = await first(agent, IncomingCall)
        await done(agent.bound(incoming.call).ring())

    async def ends(agent: Any) -> None:
        (call,) = agent.calls
        assert call.state is CallState.RINGING
        await done(call.answer(SDP))
        assert isinstance(await done(call.outcome()), Established)
        assert (await done(call.ended())).reason is EndReason.HUNG_UP_BY_PEER

    with peer_at(place) as stage:
        one_after_the_other(before, after, place, begins, ends)


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_request_is_sent_again_by_the_next(before: str, after: str) -> None:
    """Its timers run on: the same bytes, from the same address; and its answer comes to the call."""

    def deaf_at_first(peer: Peer) -> None:
        invite = peer.hear("INVITE ")
        agent = peer.agent
        assert peer.hear("INVITE ") == invite
        assert peer.agent == agent
        peer.respond(invite, "180 Ringing")
        peer.respond(invite, "486 Busy Here")
        while not (ack := peer.hear("")).startswith("ACK "):
            assert ack == invite
        assert branch_of(ack) == branch_of(invite)

    async def first_half() -> None:
        async with opened(one.agent(place.any_port, times=TimerValues(T1=0.05))) as agent:
            await done(agent.invite(stage.uri, offer=SDP))
            data.append(await done(agent.suspend()))

    async def second_half() -> None:
        async with opened(other.restored(data[0])) as agent:
            (call,) = agent.calls
            await first(call, Ringing)
            assert (await done(call.outcome())).status == 486

    one, other, place = ADAPTERS[before], ADAPTERS[after], PLACES[0]
    data: list[bytes] = []
    with peer_at(place) as stage:
        one.run(first_half)
        stage.play(deaf_at_first)
        other.run(second_half)


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_connection_that_was_being_made_is_made(before: str, after: str) -> None:
    """What waited for it is sent on it."""

    def callee(peer: Any) -> None:
        while not (come := peer.next()).startswith(b"INVITE "):
            raise AssertionError(come)
        peer.respond(come.decode(), "603 Decline")
        peer.hear("ACK ")

    async def begins(agent: Any) -> None:
        core, _ = agent.endpoint.invite(stage.uri, now=agent._now)
        assert agent.endpoint.opening
        agent._begun(core)

    async def ends(agent: Any) -> None:
        assert (await done(agent.calls[0].outcome())).status == 603

    with peer_at(PLACES[1]) as stage:
        stage.play(callee)
        one_after_the_other(before, after, PLACES[1], begins, ends)


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_a_name_is_asked_for_again(before: str, after: str) -> None:
    """Whoever was asked has nobody to tell any more; the next agent asks its own."""

    def answers(peer: Peer) -> None:
        asked = peer.hear("OPTIONS ")
        assert header(asked, "Subject") == "before"
        peer.respond(asked, "200 OK")

    async def first_half() -> None:
        async with opened(one.agent(place.any_port)) as agent:
            agent.endpoint.request("OPTIONS", "sip:peer@example.com", headers=[("Subject", "before")], now=agent._now)
            data.append(await done(agent.suspend()))

    async def second_half() -> None:
        async with opened(other.restored(data[0], resolver=server.resolver(after))) as agent:
            answered = await first(agent, Answered)
            assert (answered.status, answered.request.method) == (200, "OPTIONS")

    one, other, place = ADAPTERS[before], ADAPTERS[after], PLACES[0]
    data: list[bytes] = []
    with peer_at(place) as stage:
        zone = {
            ("SRV", "_sip._udp.example.com"): [f"1 1 {stage.peer.address[1]} host.example.com"],
            ("A", "host.example.com"): ["127.0.0.1"],
        }
        with name_server(zone) as server:
            one.run(first_half)
            stage.play(answers)
            other.run(second_half)
            assert server.asked[0] == ("NAPTR", "example.com")


@pytest.mark.parametrize("name", ADAPTERS)
def test_an_agent_that_is_saved_goes_on_itself(name: str) -> None:
    """Saving changes nothing; suspending closes, without a word, also while something is under way."""
    adapter = ADAPTERS[name]

    async def scenario() -> None:
        with peer_at("127.0.0.1") as stage:
            async with opened(adapter.agent("udp:127.0.0.1:0", grace=3600.0)) as agent:
                call = await done(agent.invite(stage.uri, offer=SDP))
                assert (await done(agent.save())).startswith(b"sipsm agent 1 ")
                stage.play(lambda peer: peer.respond(peer.hear("INVITE "), "180 Ringing"))
                await first(call, Ringing)
                await done(agent.suspend())
                assert await rest(call) == []
                with pytest.raises(LocalProtocolError, match="closed"):
                    await done(call.cancel())

    adapter.run(scenario)


@pytest.mark.parametrize("name", ADAPTERS)
def test_its_address_may_be_taken(name: str) -> None:
    """Where somebody else is now, nobody can go on: that is the system's error."""
    adapter = ADAPTERS[name]

    async def scenario() -> None:
        async with opened(adapter.agent("udp:127.0.0.1:0")) as agent:
            data = await done(agent.save())
            with pytest.raises(OSError, match="in use"):
                async with opened(adapter.restored(data)):
                    pass
            with pytest.raises(SnapshotError, match="no snapshot of an agent"):
                adapter.restored(save(agent.endpoint))

    adapter.run(scenario)


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [("asyncio", "trio"), ("trio", "blocking"), ("blocking", "asyncio")])
def test_two_processes(before: str, after: str, tmp_path: Path) -> None:
    """One is suspended in the middle of a call, the other one hangs up; each has the clock of its own framework."""

    def callee(peer: Peer) -> None:
        peer.respond(peer.hear("INVITE "), "200 OK", body=SDP)
        peer.hear("ACK ")
        peer.respond(peer.hear("BYE "), "200 OK")

    def run(*words: str) -> None:
        program = [sys.executable, "-m", "tests.adapters.handover", *words]
        subprocess.run(program, cwd=ROOT, env=environment(), timeout=PATIENCE_S, check=True)

    with peer_at(Place("TCP" if before == "trio" else "UDP", "127.0.0.1")) as stage:
        stage.play(callee)
        run("begin", before, str(tmp_path / "agent"), stage.uri)
        run("end", after, str(tmp_path / "agent"))
