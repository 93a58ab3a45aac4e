"""The presence server of the examples, in the simulated network and on real sockets."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from sipsm import NotifyReceived, Publication, Subscription, SubscriptionEnded
from sipsm.packages import Presence, PresenceTuple, Status
from sipsm.role import Event
from sipsm.testing import Agent, Net, ladder
from tests.ladders.parties import told

EXAMPLE = Path(__file__).parents[2] / "examples" / "presence_server.py"
PUA = "sip:presentity@server"


def example() -> Any:
    """The module."""
    spec = importlib.util.spec_from_file_location("presence_server", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def document(basic: str, id: str = "phone") -> bytes:
    """What a phone publishes."""
    return bytes(Presence("sip:presentity@server", (PresenceTuple(id, Status(basic)),)))


def network(seed: int = 1, **settings: Any) -> tuple[Net, Agent, Agent, Agent]:
    """A network with a publisher, the server, and a watcher."""
    net, module = Net(seed, **settings), example()
    pua, server, watcher = net.agent("pua"), net.agent("server", profile=module.PROFILE), net.agent("watcher")
    serving = module.PresenceServer(server)
    server.on(Event, serving.told)  # type: ignore[arg-type]
    return net, pua, server, watcher


def watch(watcher: Agent, expires_s: int = 3600) -> Subscription:
    """Somebody watches the presentity."""
    subscription = watcher.do(watcher.endpoint.subscribe, PUA, "presence", expires_s=expires_s)
    assert isinstance(subscription, Subscription)
    return subscription


def publish(pua: Agent, basic: str, **more: Any) -> Publication:
    """The presentity publishes."""
    publication = pua.do(pua.endpoint.publish, PUA, "presence", document(basic), Presence.content_type, **more)
    assert isinstance(publication, Publication)
    return publication


def seen(watcher: Agent) -> list[list[str | None]]:
    """What the watcher was told, NOTIFY by NOTIFY."""
    return [
        [each.status.basic for each in Presence.parse(event.request.body).tuples]
        for event in told(watcher, NotifyReceived)
        if event.request.body
    ]


@pytest.mark.rfc("3903 15", "3856 5")
def test_the_flow_of_the_rfc() -> None:
    """A watcher subscribes, a publisher publishes, refreshes and modifies; each change is told, and no refresh."""
    net, pua, _server, watcher = network()
    watch(watcher)
    net.run(until=10)
    publication = publish(pua, "open", expires_s=100)
    net.run(until=65)
    pua.do(publication.modify, document("closed"))
    net.run(until=70)
    assert seen(watcher) == [[], ["open"], ["closed"]]
    assert net.ladder() == ladder("""
         0.0  watcher SUBSCRIBE-------> server
         0.0  watcher <------------200- server
         0.0  watcher <---------NOTIFY- server
         0.0  watcher 200-------------> server
        10.0  server  <--------PUBLISH- pua
        10.0  server  200-------------> pua
        10.0  watcher <---------NOTIFY- server
        10.0  watcher 200-------------> server
        60.0  server  <--------PUBLISH- pua      Timer refresh
        60.0  server  200-------------> pua
        65.0  server  <--------PUBLISH- pua
        65.0  server  200-------------> pua
        65.0  watcher <---------NOTIFY- server
        65.0  watcher 200-------------> server
    """)


def test_two_phones_of_one_person() -> None:
    """Both are told of, the one that spoke last first; when one falls silent, its state expires."""
    net, pua, server, watcher = network()
    other = net.agent("other")
    watch(watcher)
    publish(pua, "open")
    net.run(until=10)
    publication = publish(other, "closed", expires_s=60)
    net.run(until=20)
    assert seen(watcher)[-1] == ["closed", "open"]
    other.crash()
    net.run(until=90)
    assert seen(watcher)[-1] == ["open"]
    assert publication.entity_tag is not None
    for subscription in watcher.endpoint.subscriptions:
        watcher.do(subscription.unsubscribe)
    for publication in pua.endpoint.publications:
        pua.do(publication.remove)
    net.run(until=200)
    assert len(told(watcher, SubscriptionEnded)) == 1
    assert server.endpoint.published(PUA, "presence") == ()


@pytest.mark.parametrize("seed", range(8))
def test_the_watcher_knows_in_the_end(seed: int) -> None:
    """Whatever the network loses: when a while has passed, the watcher knows what was published last."""
    net, pua, server, watcher = network(seed, loss=0.3, duplicate=0.1, delay=(0.0, 0.7))
    watch(watcher)
    net.run(until=60)
    publication = publish(pua, "open", expires_s=300)
    for n, basic in enumerate(("closed", "open", "closed")):
        net.run(until=100 + 7 * n)
        pua.do(publication.modify, document(basic))
    net.run(until=250)
    assert [state.body for state in server.endpoint.published(PUA, "presence")][-1] == document("closed")
    assert seen(watcher)[-1][0] == "closed"


@pytest.mark.parametrize("seed", range(4))
def test_the_server_comes_back(seed: int) -> None:
    """With what it had saved, everything goes on; without, the publisher starts anew by itself (412)."""
    for saved in (None, 55.0):
        net, pua, server, _watcher = network(seed)
        publish(pua, "open", expires_s=100)
        net.crash("server", at=60, back=62, saved=saved)
        net.run(until=150)
        assert [state.body for state in server.endpoint.published(PUA, "presence")] == [document("open")]
        said = [each for each in net.ladder().split("\n") if "412" in each]
        assert bool(said) is (saved is None)


@pytest.mark.rfc("6665 4.2.1.2")
def test_who_does_not_read_presence() -> None:
    """Who takes no presence is refused with 406, and the server goes on; it keeps nothing of who is gone."""
    net, module = Net(), example()
    server, watcher = net.agent("server", profile=module.PROFILE), net.agent("watcher")
    serving = module.PresenceServer(server)
    server.on(Event, serving.told)  # type: ignore[arg-type]
    watcher.do(watcher.endpoint.subscribe, PUA, "presence", accept=["text/plain"])
    net.run(until=1)
    (ended,) = told(watcher, SubscriptionEnded)
    assert ended.status == 406
    watch(watcher, expires_s=0)
    net.run(until=2)
    assert seen(watcher) == [[]]
    assert serving.watchers == {}
