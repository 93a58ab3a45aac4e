"""`sipsm notifier` in a process of its own, over real sockets, and a subscriber in this one."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sipsm import Ended, NotifyReceived, Profile, Published, SubscriptionEnded
from sipsm.packages import Presence, PresenceTuple, Status
from sipsm_blocking import UserAgent
from sipsm_cli.arguments import parse
from tests.cli.programs import Running, running, told

pytestmark = pytest.mark.slow


@contextmanager
def notifier(*words: str) -> Iterator[tuple[Running, str]]:
    """`sipsm notifier` on a free port, and a URI there."""
    with running("notifier", "--bind", "udp:127.0.0.1:0", "--event", "door,presence", *words) as server:
        yield server, f"sip:door@127.0.0.1:{server.port}"


def subscribed(agent: UserAgent, uri: str, event: str = "door", **how: Any) -> Any:
    """Subscribe."""
    return agent.do(agent.endpoint.subscribe, uri, event, **how)


def heard(agent: UserAgent, kind: type) -> Any:
    """The next event of this kind."""
    return next(event for event in agent if isinstance(event, kind))


@pytest.mark.rfc("6665 4.2.1.2", "6665 4.2.2")
def test_a_state() -> None:
    """Who subscribes is told the state, and that nothing more comes when the notifier ends."""
    with notifier("--type", "text/plain", "--state", "open") as (server, uri), UserAgent("udp:127.0.0.1:0") as agent:
        first = subscribed(agent, uri, expires_s=600)
        notify = heard(agent, NotifyReceived).request
        assert (notify.body, notify.content_type) == (b"open", "text/plain")
        assert notify.header("Subscription-State") == "active;expires=600"
        agent.do(first.unsubscribe)
        assert heard(agent, SubscriptionEnded).subscription is first
        second = subscribed(agent, uri, expires_s=9999)
        assert heard(agent, NotifyReceived).request.header("Subscription-State") == "active;expires=3600"
        server.process.send_signal(signal.SIGTERM)
        ended = heard(agent, SubscriptionEnded)
        assert ended.subscription is second
        assert server.wait() == 0
    states = [(each["state"], each.get("reason")) for each in told(server.output, "subscription")]
    assert states == [("active", None), ("terminated", "unsubscribed"), ("active", None), ("terminated", "terminated")]


@pytest.mark.rfc("6665 4.2.1.1")
def test_what_is_refused() -> None:
    """Another package, a time that is too short, and who does not understand the state."""
    with notifier("--type", "text/plain", "--state", "@/dev/null") as (server, uri):
        with UserAgent("udp:127.0.0.1:0") as agent:
            subscribed(agent, uri, "window")
            assert heard(agent, SubscriptionEnded).status == 489
        assert server.end() == 0
    with notifier("--type", "text/plain", "--state", "open", "--min-expires", "3000") as (server, uri):
        with UserAgent("udp:127.0.0.1:0") as agent:
            subscribed(agent, uri, "presence", expires_s=3000)
            assert heard(agent, SubscriptionEnded).status == 406
            answered = agent.request("MESSAGE", uri, body=b"hello", content_type="text/plain")
            assert answered.status == 200
            outcome = agent.invite(uri).outcome()
            assert isinstance(outcome, Ended)
            assert outcome.status == 603
        assert server.end() == 0


@pytest.mark.rfc("3903 1", "3903 6")
def test_what_is_published() -> None:
    """It goes to who watches that URI, composed where the package says how, and is gone when it is removed."""
    pidf = Presence("sip:door@example.com", (PresenceTuple("a", Status("open")),))
    with (
        notifier("--publish", "--type", "text/plain", "--state", "nobody knows") as (server, uri),
        UserAgent("udp:127.0.0.1:0") as agent,
    ):
        subscribed(agent, uri)
        subscribed(agent, uri.replace("door@", "gate@"))
        assert [heard(agent, NotifyReceived).request.body for _ in range(2)] == [b"nobody knows"] * 2
        published = agent.do(agent.endpoint.publish, uri, "door", b"shut", "text/plain")
        assert heard(agent, NotifyReceived).request.body == b"shut"
        subscribed(agent, uri)
        assert heard(agent, NotifyReceived).request.body == b"shut"
        agent.do(published.remove)
        assert {heard(agent, NotifyReceived).request.body for _ in range(2)} == {b"nobody knows"}
        agent.do(agent.endpoint.publish, uri, "presence", bytes(pidf), pidf.content_type)
        heard(agent, Published)
        subscribed(agent, uri, "presence")
        known = Presence.parse(heard(agent, NotifyReceived).request.body)
        assert [each.status.basic for each in known.tuples] == ["open"]
        assert server.end() == 0


def test_what_is_published_at_one_address_is_known_at_all() -> None:
    """Of somebody in a domain, and of somebody at the notifier's own addresses, whichever of these is named."""
    binds = ("--bind", "udp:127.0.0.1:0", "--bind", "udp:[::1]:0")
    words = ("--event", "door", "--publish", "--type", "text/plain", "--state", "-")
    with running("notifier", *binds, *words) as server:
        four, six = (server.until(event="listening")["bind"].removeprefix("udp:") for _ in range(2))
        with (
            UserAgent("udp:127.0.0.1:0", profile=Profile(route=[f"<sip:{four};lr>"])) as publisher,
            UserAgent("udp:[::1]:0", profile=Profile(route=[f"<sip:{six};lr>"])) as watcher,
        ):
            for here, there in (("sip:door@example.com",) * 2, (f"sip:door@{four}", f"sip:door@{six}")):
                subscribed(watcher, there)
                assert heard(watcher, NotifyReceived).request.body == b"-"
                publisher.do(publisher.endpoint.publish, here, "door", b"shut", "text/plain")
                assert heard(watcher, NotifyReceived).request.body == b"shut"
                subscribed(watcher, there)
                assert heard(watcher, NotifyReceived).request.body == b"shut"
        assert server.end() == 0


@pytest.mark.parametrize(
    "words",
    [
        "notifier --event door --max-expires 0",
        "notifier --event door --min-expires 100 --max-expires 99",
        "notifier",
        "notifier --event a@b",
        "notifier --event door --state open",
        "notifier --event door --type text --state open",
        "notifier --event door --min-expires 1.5",
    ],
)
def test_what_makes_no_sense(words: str) -> None:
    """It ends with exit 2."""
    with pytest.raises(SystemExit) as ended:
        parse(words.split())
    assert ended.value.code == 2
