"""Kamailio's presence modules: a notifier and a compositor for us, and a watcher and a publisher at ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sipsm import (
    NotifyReceived,
    PublicationEnded,
    PublicationEndReason,
    Published,
    SubscriptionActive,
    SubscriptionEnded,
    SubscriptionEndReason,
    SubscriptionPending,
    TimerValues,
)
from sipsm.packages import MessageSummary, Presence, PresenceTuple, Status
from sipsm.standalone.publication import Operation
from sipsm_blocking import UserAgent
from tests.cli.programs import running, sipsm, told
from tests.peers.hearing import Hearing
from tests.peers.kamailio import TOLD, PresenceServer, presence_server
from tests.peers.test_sipp import losing

pytestmark = pytest.mark.slow

PIDF = Presence.content_type
SUMMARY = "Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\n"


@pytest.fixture
def kamailio(tmp_path: Path) -> Iterator[PresenceServer]:
    """A Kamailio, where everybody may watch bob."""
    with presence_server(tmp_path) as server:
        server.lets("bob", "allow")
        yield server


@pytest.fixture
def hearing() -> Iterator[Hearing]:
    """An agent of ours."""
    with UserAgent("udp:127.0.0.1:0", "tcp:127.0.0.1:0", times=TimerValues(T1=0.1, T2=0.4)) as agent:
        yield Hearing(agent)


def presence(status: str, name: str = "a") -> bytes:
    """What one of somebody's devices says of him."""
    return bytes(Presence("sip:bob@example.com", (PresenceTuple(name, Status(status)),)))


def notified(hearing: Hearing) -> dict[str, str | None]:
    """What the next NOTIFY says of each of somebody's devices."""
    notify = hearing.next(NotifyReceived).request
    if not notify.body:
        return {}
    assert notify.content_type == PIDF
    return {each.id: each.status.basic for each in Presence.parse(notify.body).tuples}


@pytest.mark.rfc("6665 4.1.2", "6665 4.1.3", "3903 4.1", "3903 4.3", "3903 4.4", "3903 4.5", "3856 6.6")
@pytest.mark.parametrize(("transport", "lost"), [("udp", 0.0), ("udp", 0.2), ("tcp", 0.0)])
def test_what_we_publish_comes_to_our_watcher(
    transport: str, lost: float, kamailio: PresenceServer, hearing: Hearing
) -> None:
    """Published, refreshed, changed and removed, and each new state told; the subscription is refreshed, and ended."""
    agent, bob = hearing.agent, f"{kamailio.uri('bob')};transport={transport}"
    losing(agent, 1, lost)
    watching = agent.do(agent.endpoint.subscribe, bob, "presence", expires_s=600)
    assert notified(hearing) == {}
    assert 590 < watching.expires_s <= 600
    publication = agent.do(agent.endpoint.publish, bob, "presence", presence("closed"), PIDF)
    assert hearing.next(Published).operation is Operation.INITIAL
    assert notified(hearing) == {"a": "closed"}
    first = publication.entity_tag
    agent.do(publication.refresh, expires_s=300)
    refreshed = hearing.next(Published)
    assert (refreshed.operation, refreshed.expires_s) == (Operation.REFRESH, 300)
    assert publication.entity_tag != first
    agent.do(watching.refresh, 100)
    while watching.expires_s > 100:
        assert notified(hearing) == {"a": "closed"}
    agent.do(publication.modify, presence("open"))
    assert hearing.next(Published).operation is Operation.MODIFY
    while notified(hearing) != {"a": "open"}:
        pass
    agent.do(publication.remove)
    assert hearing.next(PublicationEnded).reason is PublicationEndReason.REMOVED
    # What has gone is closed.
    while notified(hearing) == {"a": "open"}:
        pass
    agent.do(watching.unsubscribe)
    assert hearing.next(SubscriptionEnded).reason is SubscriptionEndReason.UNSUBSCRIBED


@pytest.mark.rfc("3903 4", "3856 6.6")
def test_two_devices(kamailio: PresenceServer, hearing: Hearing) -> None:
    """It composes what both have published; a fetch tells that once."""
    agent, bob = hearing.agent, kamailio.uri("bob")
    for name, status in ("a", "open"), ("b", "closed"):
        agent.do(agent.endpoint.publish, bob, "presence", presence(status, name), PIDF)
        hearing.next(Published)
    agent.do(agent.endpoint.subscribe, bob, "presence", expires_s=0)
    assert notified(hearing) == {"a": "open", "b": "closed"}
    assert hearing.next(SubscriptionEnded).reason is SubscriptionEndReason.FETCHED


@pytest.mark.rfc("3903 4.3", "3903 5")
def test_it_has_forgotten_our_publication(kamailio: PresenceServer, hearing: Hearing) -> None:
    """It says 412 to the refresh, and the whole state is published anew, under another tag."""
    agent, bob = hearing.agent, kamailio.uri("bob")
    publication = agent.do(agent.endpoint.publish, bob, "presence", presence("open"), PIDF)
    hearing.next(Published)
    forgotten = publication.entity_tag
    condition = [("Event", "presence"), ("Expires", "0"), ("SIP-If-Match", forgotten)]
    assert agent.request("PUBLISH", bob, headers=condition).status == 200
    agent.do(publication.refresh)
    assert hearing.next(Published).operation is Operation.INITIAL
    assert publication.entity_tag != forgotten
    agent.do(agent.endpoint.subscribe, bob, "presence", expires_s=0)
    assert notified(hearing) == {"a": "open"}


@pytest.mark.rfc("6665 4.1.2.1", "6665 8.3.2", "3903 4")
def test_what_it_refuses(kamailio: PresenceServer, hearing: Hearing) -> None:
    """A time that is too short gets 423, and is asked for anew as it wants it; a package that it does not know, 489."""
    agent, bob = hearing.agent, kamailio.uri("bob")
    watching = agent.do(agent.endpoint.subscribe, bob, "presence", expires_s=10)
    hearing.next(SubscriptionActive)
    assert 50 < watching.expires_s <= 60
    agent.do(agent.endpoint.subscribe, bob, "door")
    assert hearing.next(SubscriptionEnded).status == 489
    agent.do(agent.endpoint.publish, bob, "door", b"open", "text/plain")
    assert hearing.next(PublicationEnded).status == 489


@pytest.mark.rfc("6665 4.1.3")
def test_carol_decides_who_may_watch_her(kamailio: PresenceServer, hearing: Hearing) -> None:
    """The subscription is pending until she lets us, and ends when she does not any more."""
    agent, carol = hearing.agent, kamailio.uri("carol")
    agent.do(agent.endpoint.publish, carol, "presence", presence("open"), PIDF)
    hearing.next(Published)
    agent.do(agent.endpoint.subscribe, carol, "presence")
    hearing.next(SubscriptionPending)
    assert notified(hearing) == {}
    kamailio.lets("carol", "allow")
    hearing.next(SubscriptionActive)
    assert notified(hearing) == {"a": "open"}
    kamailio.lets("carol", "block")
    assert hearing.next(SubscriptionEnded).reason is SubscriptionEndReason.REJECTED


@pytest.mark.rfc("3842 3.5", "3903 4.5")
def test_our_programs(kamailio: PresenceServer) -> None:
    """`sipsm publish` has it tell `sipsm subscribe` that messages wait."""
    bob = kamailio.uri("bob")
    with running("subscribe", bob, "--event", "message-summary") as watcher:
        watcher.until(event="notify", state="active", body="")
        done = sipsm("publish", bob, SUMMARY, "--event", "message-summary", "--do", "refresh; remove", "--json")
        assert done.returncode == 0, done.stderr
        assert watcher.until(event="notify", body=SUMMARY)["type"] == MessageSummary.content_type
        assert watcher.end() == 0
    assert [each["operation"] for each in told(done.stdout, "published")] == ["initial", "refresh"]


@pytest.mark.rfc("6665 4.2.1", "6665 4.2.2", "3903 6")
def test_it_publishes_at_ours_and_watches(kamailio: PresenceServer) -> None:
    """It subscribes, refreshes and unsubscribes; it publishes, refreshes and removes; it is told what it has published.

    It asks for 10 s more than it is told to.
    """
    with running("notifier", "--bind", "udp:127.0.0.1:0", "--event", "message-summary", "--publish") as server:
        bob, watcher = f"sip:bob@127.0.0.1:{server.port}", kamailio.uri("watcher")
        kamailio.does("pua.subscribe", bob, watcher, "message-summary", 600)
        assert kamailio.until(TOLD) == "active;expires=610|"
        series = (bob, "600", "message-summary")
        rest = (".", ".", ".", ".")
        first = kamailio.does("pua.publish", *series, MessageSummary.content_type, *rest, SUMMARY)
        assert kamailio.until(TOLD).endswith("|Messages-Waiting: yes")
        second = kamailio.does("pua.publish", *series, ".", *rest)
        assert first["SIP-ETag"] != second["SIP-ETag"]
        kamailio.does("pua.subscribe", bob, watcher, "message-summary", 300)
        assert kamailio.until(TOLD) == "active;expires=310|Messages-Waiting: yes"
        assert kamailio.does("pua.publish", bob, "0", "message-summary", ".", *rest)["Expires"] == 0
        kamailio.does("pua.subscribe", bob, watcher, "message-summary", 0)
        assert kamailio.until(f"{TOLD}terminated;") == "reason=timeout|"
        assert server.end() == 0
    states = [(each["state"], each.get("reason")) for each in told(server.output, "subscription")]
    assert states == [("active", None), ("terminated", "unsubscribed")]
