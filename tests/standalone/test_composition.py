"""Several publications of presence make one document (RFC 3903 10.3, 10.4)."""

from __future__ import annotations

import pytest

from sipsm import EventState, Profile, compose_presence
from sipsm.packages import Note, Presence, PresenceTuple, Status
from tests.ladders.publishers import ADDRESS, BUSY, Compositor, Publisher


def pidf(*ids: str, basic: str = "open", note: str | None = None) -> bytes:
    """A document with these tuples."""
    tuples = tuple(PresenceTuple(each, Status(basic)) for each in ids)
    return bytes(Presence(ADDRESS, tuples, () if note is None else (Note(note),)))


def shown(bench: Compositor) -> list[tuple[str, str | None]]:
    """The tuples of the composed presence, and what they say."""
    presence = Presence.parse(bytes(compose_presence(ADDRESS, bench.endpoint.published(ADDRESS, "presence"))))
    assert presence.entity == ADDRESS
    return [(each.id, each.status.basic) for each in presence.tuples]


@pytest.mark.rfc("3903 10.3", "3903 10.4", "3903-17")
def test_each_publisher_has_tuples_of_its_own() -> None:
    """Those of all are there, under ids that stay, whoever else publishes; what a publisher leaves out is gone."""
    bench = Compositor(profile=Profile(composes=("presence",)))
    one = bench.tagged(pidf("mobile", "desk"))
    assert shown(bench) == [("p0.mobile", "open"), ("p0.desk", "open")]
    bench.tagged(pidf("mobile", basic="closed"))
    assert shown(bench) == [("p1.mobile", "closed"), ("p0.mobile", "open"), ("p0.desk", "open")]
    one = bench.tagged(tag=one)
    one = bench.tagged(pidf("mobile", "car", basic="closed"), tag=one)
    assert shown(bench) == [("p0.mobile", "closed"), ("p0.car", "closed"), ("p1.mobile", "closed")]
    bench.tagged(tag=one, expires=0)
    assert shown(bench) == [("p1.mobile", "closed")]


@pytest.mark.rfc("3903 10.4", "3903-17")
def test_a_publisher_keeps_its_ids() -> None:
    """What is published is what the application gave, octet by octet, as long as the publication lives."""
    bench = Publisher()
    publication = bench.publish(pidf("mobile"))
    assert bench.last_request.body == pidf("mobile")
    bench.accept("one")
    bench.take(publication.modify(pidf("mobile", basic="closed"), now=bench.now))
    bench.say(412)
    assert [each.body for each in bench.published[1:]] == [pidf("mobile", basic="closed")] * 2


def test_what_cannot_be_composed_is_left_out() -> None:
    """Another type, or a body that is no such document, says nothing; notes are all kept."""
    states = [
        EventState(0, pidf("a", note="first"), "application/pidf+xml;charset=utf-8", 0.0),
        EventState(1, BUSY, "application/pidf+xml", 0.0),
        EventState(2, pidf("b"), "text/plain", 0.0),
        EventState(3, pidf(note="second"), "application/pidf+xml", 0.0),
    ]
    presence = compose_presence(ADDRESS, states)
    assert [each.id for each in presence.tuples] == ["p0.a"]
    assert [note.text for note in presence.notes] == ["second", "first"]
    assert compose_presence(ADDRESS, ()) == Presence(ADDRESS)
