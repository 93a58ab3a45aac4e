"""An event package that the program has told of is kept to on both sides (RFC 6665 5.4)."""

from __future__ import annotations

import random
from typing import Any

import pytest

from sipsm import Composing, Ids, LocalProtocolError, NotifyReceived, Profile, SubscriptionForked, restore, save
from sipsm.message.headers import EXPIRES
from sipsm.packages import EventPackage
from tests.endpoint.by_hand import Bench
from tests.ladders.referring import answer
from tests.ladders.watching import TEXT, Notifying

DOOR = EventPackage("door", (TEXT, "text/html"), 1800, forks=True, partial=True, interval_s=2.0)


def again(bench: Bench) -> None:
    """From now on the endpoint is one that is made of its snapshot."""
    bench.endpoint = restore(save(bench.endpoint), ids=Ids(random.Random(7)))


@pytest.mark.rfc("6665 5.4.4", "6665 5.4.5", "6665 5.4.10", "6665 5.3.2")
@pytest.mark.parametrize("saved", [False, True], ids=["as it was", "from a snapshot"])
def test_the_notifier_keeps_to_it(saved: bool) -> None:
    """How long it lasts, of which type a body is, and how often a NOTIFY goes out: as the package lays down."""
    on = Notifying(profile=Profile(event_packages=("door",), known_packages=[DOOR]))
    if saved:
        again(on)
    subscription = on.wanted(None)
    on.take(subscription.accept(b"0", now=on.now))
    assert on.last_response[EXPIRES] == 1800
    assert on.last_request.content_type == TEXT
    with pytest.raises(LocalProtocolError, match="accepts text/plain"):
        subscription.notify(b"<p>", "text/html", now=on.now)
    on.answer()
    for change in (b"1", b"2"):
        on.take(subscription.notify(change, partial=True, now=on.now))
    on.wait(1.9)
    assert on.last_request.body == b"0"
    on.wait(0.1)
    assert on.last_request.body == b"1"
    on.answer()
    on.wait(2)
    assert on.last_request.body == b"2"


def notify(on: Bench, sent: Any, kind: str, tag: str = "bobs") -> int:
    """A notifier tells the state; the status of our answer."""
    on.receive(
        on.request(
            "NOTIFY",
            from_=f"{sent.to_text};tag={tag}",
            to=sent.from_text,
            call_id=sent.call_id,
            headers=["Event: door", "Subscription-State: active;expires=60", "Contact: <sip:bob@192.0.2.2:5060>"],
            body=b"open",
            content_type=kind,
        )
    )
    return on.last_response.status


@pytest.mark.rfc("6665 5.4.4", "6665 5.4.5", "6665 5.4.9", "6665 3.2.1")
@pytest.mark.parametrize("saved", [False, True], ids=["as it was", "from a snapshot"])
def test_the_subscriber_keeps_to_it(saved: bool) -> None:
    """For how long it asks, which bodies it takes, and that branches make subscriptions: as the package has it."""
    on = Bench(profile=Profile(known_packages=[DOOR]))
    subscription, outputs = on.endpoint.subscribe("sip:bob@192.0.2.2", "door", now=on.now)
    on.take(outputs)
    sent = on.last_request
    assert sent[EXPIRES] == 1800
    assert subscription.wanted.types == DOOR.types
    if saved:
        again(on)
    answer(on, sent, 200, "Contact: <sip:bob@192.0.2.2:5060>", "Expires: 1800", tag="bobs")
    assert notify(on, sent, "application/json") == 415
    assert on.last_response.header("Accept") == "text/plain, text/html"
    assert notify(on, sent, "text/html") == 200
    assert notify(on, sent, TEXT, "another") == 200
    assert len(on.told(NotifyReceived)) == 2
    assert len(on.told(SubscriptionForked)) == 1


@pytest.mark.rfc("6665 4.1.3", "6665 4.2.1.1")
def test_what_is_known_is_not_served_therefore() -> None:
    """Who knows a package takes no SUBSCRIBE for it unless he says so; a stray NOTIFY of it gets 481, and not 489."""
    on = Bench(profile=Profile(known_packages=[DOOR]))
    on.receive(on.request("SUBSCRIBE", headers=["Event: door", "Contact: <sip:alice@192.0.2.2:5060>"]))
    state = "Subscription-State: active;expires=60"
    for event in ("door", "window"):
        headers = [f"Event: {event}", state, "Contact: <sip:alice@192.0.2.2:5060>"]
        on.receive(on.request("NOTIFY", to="<sip:bob@192.0.2.1>;tag=x", headers=headers))
    assert on.statuses == [405, 481, 489]


@pytest.mark.rfc("6665 5.4.10")
def test_what_sipsm_knows_is_said_otherwise() -> None:
    """The program's word on a package counts more than what sipsm knows of it; of others nothing changes."""
    profile = Profile(known_packages=[EventPackage("presence", interval_s=1)])
    assert profile.package("presence").interval_s == 1
    assert profile.package("dialog").partial
    assert profile.package("window") == EventPackage("window")


@pytest.mark.rfc("3903 6")
def test_a_compositor_takes_its_types() -> None:
    """Among what can be published, a package stands for itself and its types."""
    assert Composing([DOOR, "presence", ("window", ["A/B"])]).packages == (
        ("door", DOOR.types),
        ("presence", ("application/pidf+xml",)),
        ("window", ("a/b",)),
    )
