"""State that the subscriber knows already is not told again (RFC 5839), at either side."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import (
    LocalProtocolError,
    PeerSubscription,
    PeerSubscriptionEnded,
    Policy,
    Subscription,
    SubscriptionEnded,
    restore,
    save,
)
from tests.endpoint.by_hand import T1
from tests.ladders.subscribing import Subscribing
from tests.ladders.watching import CLOSED, OPEN, TEXT, Notifying

KNOWS = Policy(suppresses_known=True)


def named(bench: Notifying) -> list[tuple[str, str | None, bytes, str | None]]:
    """Of each NOTIFY: how the subscription stands, what names the state, and the state."""
    return [
        (state.partition(";")[0], notify.header("SIP-ETag"), notify.body, notify.content_type)
        for state, notify in zip(bench.states, bench.notifies, strict=True)
    ]


def begun(bench: Notifying, *more: str, etag: str | None = "ffee2") -> PeerSubscription:
    """A subscription that is granted, with the state `OPEN`."""
    subscription = bench.wanted(600, "door", *more)
    bench.take(subscription.accept(OPEN, TEXT, etag=etag, now=bench.now))
    bench.answer()
    return subscription


# -------------------------------------------------------------------- the notifier


@pytest.mark.rfc("5839 3", "5839 6.1", "5839 6.3", "5839 7.1", "6665-28")
def test_the_flow_of_figure_1() -> None:
    """A refresh by one who has the state gets 204 and no NOTIFY; a change is told; so does the end get 204."""
    bench = Notifying()
    subscription = begun(bench)
    assert named(bench) == [("active", "ffee2", OPEN, TEXT)]
    bench.wait(300)
    assert bench.again(subscription, 500, "Suppress-If-Match: ffee2") == 204
    assert bench.last_response.header("Expires") == "500"
    assert len(bench.notifies) == 1
    bench.take(subscription.notify(CLOSED, TEXT, etag="ca89a", now=bench.now))
    bench.answer()
    assert named(bench)[1:] == [("active", "ca89a", CLOSED, TEXT)]
    bench.wait(400)
    assert subscription.state.value == "active"
    assert bench.again(subscription, 0, "Suppress-If-Match: ca89a") == 204
    assert len(bench.notifies) == 2
    assert [event.reason.value for event in bench.told(PeerSubscriptionEnded)] == ["unsubscribed"]
    assert bench.again(subscription, 600) == 481
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("5839 6.2", "5839 6.3")
@pytest.mark.parametrize("expires", [600, 0])
def test_another_state(expires: int) -> None:
    """What names another state, or is told of none, has the state told as ever."""
    bench = Notifying()
    for etag, said in (("ffee2", "other"), ("ffee2", "FFEE2"), (None, "ffee2")):
        subscription = begun(bench, etag=etag)
        before = len(bench.notifies)
        assert bench.again(subscription, expires, f"Suppress-If-Match: {said}") == 200
        assert named(bench)[before:] == [("active" if expires else "terminated", etag, OPEN, TEXT)]
        bench.answer()
        if expires:
            bench.again(subscription, 0)
            bench.answer()


@pytest.mark.rfc("5839 5.5", "5839 6.2", "6665-28")
@pytest.mark.parametrize("said", ["ffee2", "*"])
def test_it_is_resumed(said: str) -> None:
    """To a SUBSCRIBE that makes a dialog there is always a NOTIFY: without the body, and with its name."""
    bench = Notifying()
    subscription = begun(bench, f"Suppress-If-Match: {said}")
    assert bench.statuses == [200]
    assert named(bench) == [("active", "ffee2", b"", None)]
    bench.take(subscription.notify(OPEN, TEXT, etag="ffee2", now=bench.now))
    bench.answer()
    bench.take(subscription.notify(CLOSED, TEXT, etag="x", now=bench.now))
    bench.answer()
    quenched = said == "*"
    assert named(bench)[1:] == [
        ("active", "ffee2", b"", None),
        ("active", "x", b"" if quenched else CLOSED, None if quenched else TEXT),
    ]


@pytest.mark.rfc("5839 5.4", "5839 6.2")
def test_it_is_polled() -> None:
    """The one NOTIFY of a fetch has no body where it would tell what is known."""
    bench = Notifying()
    subscription = bench.wanted(0, "door", "Suppress-If-Match: f2e45")
    bench.take(subscription.accept(OPEN, TEXT, etag="f2e45", now=bench.now))
    assert (bench.statuses, named(bench)) == ([200], [("terminated", "f2e45", b"", None)])


@pytest.mark.rfc("5839 5.2", "5839 6.3")
def test_it_is_quenched() -> None:
    """By an asterisk nothing is told but that the subscription stands otherwise, until a refresh without it."""
    bench = Notifying()
    subscription = begun(bench)
    assert bench.again(subscription, 600, "Suppress-If-Match: *") == 204
    for etag in ("1", "2", None):
        bench.take(subscription.notify(CLOSED, TEXT, etag=etag, now=bench.now))
    assert len(bench.notifies) == 1
    assert subscription.given == 4
    assert bench.again(subscription, 600) == 200
    assert named(bench)[1:] == [("active", None, CLOSED, TEXT)]
    bench.answer()
    assert bench.again(subscription, 600, "Suppress-If-Match: *") == 204
    bench.take(subscription.terminate("noresource", now=bench.now))
    assert named(bench)[2:] == [("terminated", None, b"", None)]


@pytest.mark.rfc("5839 6.2", "5839 6.3")
def test_it_stands_otherwise() -> None:
    """What was pending and is granted is told so, without the body that is known."""
    bench = Notifying()
    subscription = bench.wanted(600, "door")
    bench.take(subscription.pending(OPEN, TEXT, etag="a", now=bench.now))
    bench.answer()
    assert bench.again(subscription, 600, "Suppress-If-Match: a") == 204
    bench.take(subscription.accept(OPEN, TEXT, etag="a", now=bench.now))
    assert named(bench) == [("pending", "a", OPEN, TEXT), ("active", "a", b"", None)]


@pytest.mark.rfc("5839 6.3")
def test_a_state_that_comes_back() -> None:
    """What was known once, and has been another since, is news."""
    bench = Notifying()
    subscription = begun(bench)
    assert bench.again(subscription, 600, "Suppress-If-Match: ffee2") == 204
    bench.take(subscription.notify(OPEN, TEXT, etag="ffee2", now=bench.now))
    assert len(bench.notifies) == 1
    for body, etag in ((CLOSED, "x"), (OPEN, "ffee2")):
        bench.take(subscription.notify(body, TEXT, etag=etag, now=bench.now))
        bench.answer()
    assert [(etag, body) for _, etag, body, _ in named(bench)[1:]] == [("x", CLOSED), ("ffee2", OPEN)]


@pytest.mark.rfc("5839 6.1")
@pytest.mark.parametrize("etag", ["*", "", "a b", "a\r\nX: y"])
def test_what_names_no_state(etag: str) -> None:
    """A name is a token, and not the asterisk."""
    bench = Notifying()
    subscription = begun(bench)
    with pytest.raises(LocalProtocolError, match="names no state"):
        subscription.notify(CLOSED, TEXT, etag=etag, now=bench.now)


@pytest.mark.rfc("5839 7.3")
def test_a_condition_that_cannot_be_read() -> None:
    """It gets 400, and is nothing to the subscription."""
    bench = Notifying()
    subscription = begun(bench)
    assert bench.again(subscription, 600, "Suppress-If-Match: a b") == 400
    assert subscription.state.value == "active"


# -------------------------------------------------------------------- the subscriber


def heard(bench: Subscribing, etag: str | None = "ffee2", **parts: Any) -> Subscription:
    """A subscription of ours whose NOTIFY names the state."""
    subscription = bench.subscribe(**parts)
    bench.answer()
    more = [] if etag is None else [f"SIP-ETag: {etag}"]
    assert bench.notify(subscription, "active;expires=600", *more, body=b"x") == 200
    return subscription


@pytest.mark.rfc("5839 5.1", "5839 5.3", "5839 5.6", "5839 5.7", "6665-29")
def test_what_is_known_is_not_asked_for() -> None:
    """Each further SUBSCRIBE names the state; 204 keeps it for as long as it says, or ends it at once."""
    bench = Subscribing(policy=KNOWS)
    subscription = heard(bench)
    assert not bench.subscribes[0].has("Suppress-If-Match")
    assert subscription.etag == "ffee2"
    bench.wait(481)
    assert bench.subscribes[-1].header("Suppress-If-Match") == "ffee2"
    bench.answer(204, 900)
    bench.wait(100)
    assert (subscription.expires_s, subscription.state.value) == (600, "active")
    assert bench.notify(subscription, "active;expires=500", "SIP-ETag: ca89a", body=b"y") == 200
    bench.take(subscription.unsubscribe(now=bench.now))
    assert [bench.subscribes[-1].header(name) for name in ("Expires", "Suppress-If-Match")] == ["0", "ca89a"]
    bench.answer(204, 0)
    assert bench.ends == ["unsubscribed"]
    assert [event.message.status for event in bench.told(SubscriptionEnded)] == [204]
    assert bench.notify(subscription, "terminated;reason=timeout") == 481
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("5839 5.1")
@pytest.mark.parametrize(("policy", "etag"), [(Policy(), "ffee2"), (KNOWS, None)])
def test_where_nothing_is_known(policy: Policy, etag: str | None) -> None:
    """Nothing is said where the application does not want it, or the notifier names no state."""
    bench = Subscribing(policy=policy)
    subscription = heard(bench, etag)
    bench.take(subscription.refresh(now=bench.now))
    assert not bench.subscribes[-1].has("Suppress-If-Match")
    assert subscription.etag == etag


@pytest.mark.rfc("5839 5.5", "6665 4.1.3")
def test_it_is_made_anew() -> None:
    """What is made anew resumes: its SUBSCRIBE names the last state, and not what was said at first."""
    bench = Subscribing(policy=KNOWS)
    subscription = heard(bench, headers=[("Suppress-If-Match", "old"), ("Subject", "x")])
    assert bench.subscribes[0].header("Suppress-If-Match") == "old"
    bench.notify(subscription, "terminated;reason=deactivated", "SIP-ETag: new")
    bench.wait(0.1)
    again = bench.subscribes[-1]
    assert (again.to_tag, again.lines_of("Suppress-If-Match"), again.header("Subject")) == (None, ("new",), "x")


@pytest.mark.rfc("5839 5.4", "5839 7.1")
def test_a_poll_waits_for_its_notify() -> None:
    """204 means nothing outside a dialog: the NOTIFY is still to come."""
    bench = Subscribing()
    subscription = bench.subscribe(expires_s=0, headers=[("Suppress-If-Match", "f2e45")])
    bench.answer(204, 0)
    assert bench.ends == []
    assert bench.notify(subscription, "terminated;reason=timeout", "SIP-ETag: f2e45") == 200
    assert bench.ends == ["fetched"]


@pytest.mark.rfc("5839 5.3")
def test_it_goes_on_in_another_process() -> None:
    """What is known is saved, at both sides."""
    bench = Subscribing(policy=KNOWS)
    heard(bench)
    bench.endpoint = restore(save(bench.endpoint))
    (subscription,) = bench.endpoint.subscriptions
    bench.take(subscription.refresh(now=bench.now))
    assert bench.subscribes[-1].header("Suppress-If-Match") == "ffee2"
    other = Notifying()
    begun(other)
    other.endpoint = restore(save(other.endpoint))
    (theirs,) = other.endpoint.peer_subscriptions
    assert other.again(theirs, 600, "Suppress-If-Match: ffee2") == 204
    other.wait(64 * T1)
    assert len(other.notifies) == 1
