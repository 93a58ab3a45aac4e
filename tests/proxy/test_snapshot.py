"""A proxy as bytes: it goes on in another process."""

from __future__ import annotations

import random
from operator import attrgetter

import pytest

from sipsm import Ids, Proxy, ProxyPolicy, SnapshotError, restore, restore_proxy, save
from sipsm.endpoint.state import PROXY_CONFIG, PROXY_STATE
from tests.proxy.by_hand import ALICE, Neighbours, at, statuses
from tests.proxy.test_responses import left
from tests.proxy.test_ways import SERVERS, look_up


def restart(world: Neighbours) -> None:
    """The proxy goes on as another one."""
    route = world.proxy.route
    world.proxy = restore_proxy(save(world.proxy), route=route, ids=Ids(random.Random(7)))


def test_what_was_forwarded_goes_on() -> None:
    """Branches are answered, cancelled and counted as if nothing had been."""
    world = Neighbours(route=at("bob", "carol"), record_routes=True)
    bob, carol = world.ask()
    world.answer(bob, 180)
    restart(world)
    assert statuses(world.answer(carol, 486)) == ["ACK"]
    restart(world)
    assert statuses(world.cancel(headers=[("Reason", "SIP;cause=200")])) == [200, "CANCEL"]
    restart(world)
    assert statuses(world.answer(bob, 487)) == ["ACK", 486]
    restart(world)
    assert left(world) == {}


def test_who_is_asked_is_asked_still() -> None:
    """The request that waits for the application is in `undecided`."""
    world = Neighbours()
    world.ask()
    restart(world)
    (asked,) = world.proxy.undecided
    (copy,) = world.take(asked.forward("sip:bob@192.0.2.20", now=world.now))
    restart(world)
    assert statuses(world.answer(copy, 200)) == [200]
    restart(world)
    assert statuses(world.answer(copy, 200)) == [200]
    assert left(world) == {}


def test_the_next_target_and_the_next_server_are_not_forgotten() -> None:
    """What is still to be tried is tried."""
    world = Neighbours(route=lambda _: ["sip:bob@example.com", "sip:carol@192.0.2.30"], serial=True)
    world.ask()
    (first,) = look_up(world, **SERVERS, A=["192.0.2.21"])
    restart(world)
    world.answer(first, 503)
    restart(world)
    (second,) = look_up(world, A=["192.0.2.22"])
    restart(world)
    assert statuses(world.answer(second, 404)) == ["ACK", "INVITE"]
    restart(world)
    assert sum(1 for _ in range(400) if world.wait(1) is not None) >= 181
    assert left(world) == {}


def test_timers_and_the_knowledge_of_loops_outlive_a_restart() -> None:
    """Timer C fires when it would have, and a loop is known."""
    world = Neighbours(route=lambda request: [request.uri])
    (copy,) = world.ask(uri="sip:bob@192.0.2.1")
    restart(world)
    assert statuses(world.receive(copy, ("192.0.2.1", 5060))) == [482]
    world.answer(copy, 180)
    world.wait(100)
    restart(world)
    assert statuses(world.wait(80.5)) == []
    assert statuses(world.wait(0.6)) == ["CANCEL"]


def test_a_proxy_and_a_user_agent_are_told_apart() -> None:
    """One is not restored as the other."""
    proxy = Proxy("udp:192.0.2.1:5060", policy=ProxyPolicy(domains=["biloxi.com"], serial=True))
    data = save(proxy)
    assert restore_proxy(data)._proxy.policy == proxy._proxy.policy
    with pytest.raises(SnapshotError, match="lacks a setting"):
        restore(data)


def test_every_attribute_is_saved_or_made_anew() -> None:
    """A new attribute of the proxy is kept or is not: somebody has decided."""
    proxy = Proxy("udp:192.0.2.1:5060")
    anew = {
        "": {"watcher", "_ids", "_agenda", "_flows", "_transactions", "_sending", "_core", "_proxy", "local",
             "_doorkeeper", "_small"},
        "_proxy": {
            "transactions", "sending", "agenda", "ids", "route", "decided", "is_ours", "observer", "own", "_via",
        },
    }  # fmt: skip
    kept = {*PROXY_STATE, *(path for path, _ in PROXY_CONFIG.values())}
    for part, names in anew.items():
        holder = attrgetter(part)(proxy) if part else proxy
        before = f"{part}." if part else ""
        there = {before + name for name in vars(holder)}
        assert there == {path for path in kept if path.rpartition(".")[0] == part} | {before + name for name in names}


def test_a_request_knows_its_sender_after_a_restart() -> None:
    """Its answer goes where it came from."""
    world = Neighbours(route=at("bob"))
    (copy,) = world.ask("MESSAGE")
    restart(world)
    (answer,) = world.answer(copy, 200)
    assert world.went_to(answer) == ALICE
