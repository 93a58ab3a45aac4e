"""Publications of either side go on from a snapshot as if nothing had been."""

from __future__ import annotations

import random

import pytest

from sipsm import (
    Composing,
    Ids,
    Profile,
    Publication,
    PublicationEnded,
    Published,
    PublishRequested,
    StatePublished,
    restore,
    save,
)
from tests.ladders.publishers import ADDRESS, AWAY, BUSY, OPEN, PIDF, Compositor, Publisher


def again(bench: Publisher | Compositor) -> None:
    """The endpoint goes on in another process."""
    data = save(bench.endpoint)
    bench.endpoint = restore(data, ids=Ids(random.Random(7)))
    assert save(bench.endpoint) == data


def only(bench: Publisher) -> Publication:
    """The one publication that is there."""
    (publication,) = bench.endpoint.publications
    return publication


def test_a_publisher_in_each_of_its_states() -> None:
    """Under way, published, waiting for its turn, being removed: it goes on from there."""
    bench = Publisher()
    bench.publish(OPEN)
    again(bench)
    bench.accept("one", to=bench.published[0])
    assert [event.publication for event in bench.told(Published)] == [only(bench)]
    again(bench)
    bench.wait(3250)
    assert bench.last_request.header("SIP-If-Match") == "one"
    again(bench)
    bench.accept("two")
    bench.take(only(bench).modify(BUSY, now=bench.now))
    bench.take(only(bench).modify(AWAY, now=bench.now))
    again(bench)
    bench.accept("three")
    assert (bench.last_request.header("SIP-If-Match"), bench.last_request.body) == ("three", AWAY)
    bench.take(only(bench).remove(now=bench.now))
    again(bench)
    bench.accept("four")
    again(bench)
    bench.accept("five", 0)
    assert len(bench.told(PublicationEnded)) == 1
    again(bench)
    bench.quiet()
    assert bench.left() == {}


def test_those_in_line() -> None:
    """Who waited for a turn still does."""
    bench = Publisher()
    for event in ("presence", "dialog", "reg"):
        bench.publish(event=event)
    again(bench)
    for event in ("presence", "dialog", "reg"):
        assert bench.last_request.header("Event") == event
        bench.accept(event)
    assert [each.entity_tag for each in bench.endpoint.publications] == ["presence", "dialog", "reg"]


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_compositor(by_hand: bool) -> None:
    """What it holds, until when, who may change it, and what it was about to decide."""
    composing = Composing({"presence": (PIDF,)}, addresses=[ADDRESS], by_hand=by_hand)
    bench = Compositor(profile=Profile(composes=composing))

    def put(body: bytes, **parts: object) -> str:
        bench.put(body, **parts)  # type: ignore[arg-type]
        again(bench)
        if by_hand:
            asked = next(iter(bench.endpoint._agent.compositor.undecided.values()))
            assert type(asked) is type(bench.told(PublishRequested)[-1].asked)
            bench.take(asked.accept(now=bench.now))
            again(bench)
        return bench.last_response.header("SIP-ETag") or ""

    one = put(OPEN, expires=100)
    put(BUSY, expires=200)
    assert bench.bodies() == [OPEN, BUSY]
    one = put(AWAY, tag=one, expires=100)
    assert bench.bodies() == [BUSY, AWAY]
    bench.wait(100)
    again(bench)
    assert bench.bodies() == [BUSY]
    assert bench.status(tag=one) == 412
    bench.wait(100)
    assert bench.told(StatePublished)[-1].states == ()
    again(bench)
    bench.quiet()
    assert bench.left() == {}
