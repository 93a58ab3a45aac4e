"""All adapters, each over IPv4 and IPv6: the suite of `conformance.py`, and any two of them with each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from queue import Queue

import pytest

from sipsm import EndReason, Established, IncomingCall
from tests.adapters.conformance import OF_DATAGRAMS, SCENARIOS, Scenario
from tests.adapters.driving import ADAPTERS, PATIENCE_S, done, first, opened
from tests.adapters.peer import SDP, Place, peer_at

HOSTS = ["127.0.0.1", "::1"]
PLACES = [Place(transport, host) for transport in ("UDP", "TCP", "TLS") for host in HOSTS]
CASES = [
    *((scenario, place) for scenario in SCENARIOS for place in PLACES),
    *((scenario, place) for scenario in OF_DATAGRAMS for place in PLACES if place.transport == "UDP"),
]
IDS = [f"{scenario.__name__}-{'-'.join(place)}" for scenario, place in CASES]


@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize(("scenario", "place"), CASES, ids=IDS)
def test_conformance(scenario: Scenario, name: str, place: Place) -> None:
    """An adapter does what all of them do."""
    adapter = ADAPTERS[name]
    adapter.run(lambda: scenario(adapter, place))


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_name_is_looked_up(name: str) -> None:
    """`localhost` has an address, and the one of our IP version is taken."""
    adapter = ADAPTERS[name]

    async def scenario() -> None:
        with peer_at("127.0.0.1") as stage:
            stage.play(lambda peer: peer.respond(peer.hear("OPTIONS "), "200 OK"))
            async with opened(adapter.agent("udp:127.0.0.1:0")) as agent:
                answered = await done(agent.request("OPTIONS", f"sip:peer@localhost:{stage.peer.address[1]}"))
                assert answered.status == 200

    adapter.run(scenario)


@pytest.mark.parametrize("place", PLACES, ids="-".join)
@pytest.mark.parametrize(("caller", "callee"), list(permutations(ADAPTERS, 2)))
def test_two_adapters_call_each_other(caller: str, callee: str, place: Place) -> None:
    """Each adapter understands each other, in a call that the callee hangs up."""
    addresses: Queue[str] = Queue()

    async def calls() -> None:
        async with opened(ADAPTERS[caller].agent(place.any_port)) as agent:
            call = await done(
                agent.invite(f"sip:callee@{addresses.get(timeout=PATIENCE_S)}{place.uri_parameters}", offer=SDP)
            )
            assert isinstance(await done(call.outcome()), Established)
            assert (await done(call.ended())).reason is EndReason.HUNG_UP_BY_PEER

    async def is_called() -> None:
        async with opened(ADAPTERS[callee].agent(place.any_port)) as agent:
            addresses.put(agent.local.sent_by)
            call = agent.bound((await first(agent, IncomingCall)).call)
            await done(call.ring())
            await done(call.answer(SDP))
            assert isinstance(await done(call.outcome()), Established)
            await done(call.hang_up())
            assert (await done(call.ended())).reason is EndReason.HUNG_UP

    with ThreadPoolExecutor(1) as thread:
        answering = thread.submit(ADAPTERS[callee].run, is_called)
        ADAPTERS[caller].run(calls)
        answering.result(PATIENCE_S)
