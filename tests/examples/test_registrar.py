"""The registrar of the examples, in the simulated network and on real sockets."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from sipsm import NotifyReceived, SubscriptionEnded
from sipsm.packages.reg import RegInfo
from sipsm.role import Event
from sipsm.testing import Agent, Net, ladder, nothing_left
from tests.ladders.parties import told

EXAMPLE = Path(__file__).parents[2] / "examples" / "registrar.py"
BOB = "sip:bob@server"


def example() -> Any:
    """The module."""
    spec = importlib.util.spec_from_file_location("registrar", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def network() -> tuple[Net, Agent, Agent, Agent]:
    """A network with Bob, the server, and who watches where Bob is."""
    net, module = Net(), example()
    bob, server, watcher = net.agent("bob"), net.agent("server", profile=module.PROFILE), net.agent("watcher")
    serving = module.Registrar(server)
    server.on(Event, serving.told)  # type: ignore[arg-type]
    return net, bob, server, watcher


def seen(watcher: Agent) -> list[list[tuple[str, str, str]]]:
    """What the watcher was told, NOTIFY by NOTIFY: each contact with its event, and how the registration stands."""
    documents = [RegInfo.parse(event.request.body) for event in told(watcher, NotifyReceived)]
    assert [each.version for each in documents] == list(range(len(documents)))
    return [
        [(each.state, contact.uri.partition("@")[2], contact.event) for contact in each.contacts]
        for document in documents
        for each in document.registrations
    ]


@pytest.mark.rfc("3261 10.3", "3680 4.1", "3680 4.7")
def test_who_watches_is_told_where_bob_is() -> None:
    """Nowhere yet, at one place, at two, at one again, and nowhere."""
    net, bob, _, watcher = network()
    watching = watcher.do(watcher.endpoint.subscribe, BOB, "reg")
    net.run(until=5)
    phone = bob.do(bob.endpoint.register, BOB, contacts="sip:bob@192.0.2.11")
    net.run(until=20)
    bob.do(bob.endpoint.register, BOB, contacts="sip:bob@192.0.2.12", expires_s=60)
    net.run(until=26)
    (_, desk) = bob.endpoint.registrations
    bob.do(phone.remove)
    net.run(until=40)
    bob.do(desk.remove)
    net.run(until=50)
    told_of = seen(watcher)
    assert told_of[0] == []
    assert told_of[1] == [("active", "192.0.2.11", "registered")]
    assert told_of[2] == [("active", "192.0.2.11", "registered"), ("active", "192.0.2.12", "registered")]
    assert told_of[3] == [("active", "192.0.2.12", "registered"), ("active", "192.0.2.11", "unregistered")]
    assert told_of[-1] == [("terminated", "192.0.2.12", "unregistered")]
    watcher.do(watching.unsubscribe)
    net.run()
    assert len(told(watcher, SubscriptionEnded)) == 1
    nothing_left(net)


def test_who_cannot_read_it() -> None:
    """He is told so."""
    net, _, _, watcher = network()
    watcher.do(watcher.endpoint.subscribe, BOB, "reg", accept=["text/plain"])
    assert net.run(until=1) == ladder("""
        0.0  watcher SUBSCRIBE-------> server
        0.0  watcher <------------406- server
    """)
