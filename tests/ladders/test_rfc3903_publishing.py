"""Publishing: what goes out, what each answer means, and what happens by itself (RFC 3903 4 and 5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sipsm import (
    Limits,
    LocalProtocolError,
    Operation,
    Profile,
    PublicationEnded,
    PublicationEndReason,
    PublicationState,
    Published,
    PublishFailed,
    Send,
    save,
)
from sipsm.dialog.dialog import LAST_CSEQ
from sipsm.testing import Net
from tests.ladders.challenging import is_good, proxy, www
from tests.ladders.parties import told
from tests.ladders.publishers import AWAY, BUSY, OPEN, PIDF, RESOURCE, Publisher

REMOVED, REFUSED, FAILED, EXPIRED = PublicationEndReason


def ended(bench: Publisher) -> list[tuple[PublicationEndReason, int | None]]:
    """Why publications are over, and with which status."""
    return [(event.reason, event.status) for event in bench.told(PublicationEnded)]


def operations(bench: Publisher) -> list[Operation]:
    """What the compositor has accepted."""
    return [event.operation for event in bench.told(Published)]


# -------------------------------------------------------------------- the four requests


@pytest.mark.rfc("3903 4.1", "3903 4.2", "3903-03", "3903-04")
def test_an_initial_publication() -> None:
    """It has a body, one Event and a lifetime, and no SIP-If-Match; it is published when a 2xx names its tag."""
    bench = Publisher()
    publication = bench.publish(expires_s=1800)
    request = bench.last_request
    assert (request.method, str(request.uri), request.body) == ("PUBLISH", RESOURCE, OPEN)
    assert request.lines_of("Event") == ("presence",)
    assert request.lines_of("Expires") == ("1800",)
    assert request.content_type == PIDF
    assert not request.has("SIP-If-Match")
    assert not request.has("Contact")
    assert (publication.state, publication.entity_tag) == (PublicationState.PUBLISHING, None)
    bench.accept("dx200xyz", 1200)
    (event,) = bench.told(Published)
    assert (event.publication, event.operation, event.expires_s) == (publication, Operation.INITIAL, 1200)
    assert (publication.state, publication.entity_tag) == (PublicationState.PUBLISHED, "dx200xyz")
    assert bench.endpoint.publications == [publication]


@pytest.mark.rfc("3903 4.3", "3903-05", "3903 15")
def test_it_is_refreshed_by_itself_with_the_tag_of_the_last_2xx() -> None:
    """A refresh has the tag and no body, and its 2xx names the tag of the next one, as in the RFC's example."""
    bench = Publisher()
    publication = bench.publish()
    bench.accept("dx200xyz", 1800)
    bench.drain()
    bench.wait(1620)
    assert bench.said == [("dx200xyz", False, "3600")]
    assert not bench.last_request.has("Content-Type")
    bench.accept("kwj449x", 1800)
    bench.wait(1700)
    assert [each[0] for each in bench.said] == ["dx200xyz", "kwj449x"]
    assert publication.entity_tag == "kwj449x"
    assert operations(bench) == [Operation.REFRESH]


@pytest.mark.rfc("3903 4.3")
@pytest.mark.parametrize(("expires", "after"), [(10, 5), (100, 50), (200, 136), (1000, 900), (100_000, 90_000)])
def test_when_it_is_refreshed(expires: int, after: int) -> None:
    """Early enough that one PUBLISH may go unanswered and another be, and never before half of its time is over."""
    bench = Publisher()
    bench.up(expires, expires_s=100_000)
    bench.wait(after - 0.1)
    assert bench.published == []
    bench.wait(0.2)
    assert len(bench.published) == 1


@pytest.mark.rfc("3903 4.4", "3903-06")
def test_a_modification() -> None:
    """It has the tag and the new state, and its 2xx names the next tag."""
    bench = Publisher()
    publication = bench.up()
    bench.take(publication.modify(BUSY, now=bench.now))
    assert bench.said == [("one", True, "3600")]
    assert (bench.last_request.body, bench.last_request.content_type) == (BUSY, PIDF)
    bench.accept("two")
    assert (publication.entity_tag, publication.body) == ("two", BUSY)
    assert operations(bench) == [Operation.MODIFY]
    bench.take(publication.modify(b"x", "text/plain", expires_s=60, now=bench.now))
    assert bench.said[-1] == ("two", True, "60")
    assert bench.last_request.content_type == "text/plain"


@pytest.mark.rfc("3903 4.3")
def test_an_answer_that_comes_late() -> None:
    """The compositor counts from when it had the PUBLISH: so it is refreshed, though the answer was lost for long."""
    bench = Publisher()
    publication = bench.publish(expires_s=60)
    bench.until(bench.now + 20)
    bench.accept("one", 60)
    bench.until(bench.now + 9)
    assert bench.said == [(None, True, "60")]
    bench.until(bench.now + 1)
    assert bench.said[1:] == [("one", False, "60")]
    assert publication.state is PublicationState.PUBLISHED


@pytest.mark.rfc("3903 4.2", "3903 4.3")
def test_an_answer_that_comes_too_late() -> None:
    """What the compositor has let expire by then is published anew, at once, as a whole."""
    bench = Publisher()
    publication = bench.publish(expires_s=15)
    bench.until(bench.now + 15)
    bench.accept("one", 15)
    assert bench.said == [(None, True, "15"), (None, True, "15")]
    bench.accept("two", 15)
    assert (publication.state, publication.entity_tag) == (PublicationState.PUBLISHED, "two")
    assert ended(bench) == []


@pytest.mark.rfc("3903 4.3")
def test_a_refresh_that_is_wanted() -> None:
    """The application may refresh, and ask for another lifetime, which later ones ask for as well."""
    bench = Publisher()
    publication = bench.up()
    bench.take(publication.refresh(expires_s=120, now=bench.now))
    assert bench.said == [("one", False, "120")]
    bench.accept("two", 120)
    bench.wait(80)
    assert bench.said[-1] == ("two", False, "120")


@pytest.mark.rfc("3903 4.5", "3903-07")
def test_a_removal() -> None:
    """It has the tag, Expires 0 and no body; with its 2xx the publication is over, and nothing is left of it."""
    bench = Publisher()
    publication = bench.up()
    bench.take(publication.remove(now=bench.now))
    assert bench.said == [("one", False, "0")]
    states = [publication.state]
    bench.accept("two", 0)
    assert ended(bench) == [(REMOVED, None)]
    assert [*states, publication.state] == [PublicationState.REMOVING, PublicationState.ENDED]
    bench.quiet()
    assert bench.left() == {}
    assert bench.endpoint.publications == []
    assert not bench.endpoint._agent.publishing.lines.all


@pytest.mark.rfc("3903 4", "3903-02")
def test_no_dialog_and_no_route() -> None:
    """Record-Route and Contact in the 2xx mean nothing: the next PUBLISH goes where the first one went."""
    bench = Publisher()
    publication = bench.publish()
    first = bench.last_request
    bench.accept("one", 3600, "Record-Route: <sip:192.0.2.77;lr>", "Contact: <sip:esc@192.0.2.66>")
    bench.take(publication.modify(BUSY, now=bench.now))
    request = bench.last_request
    assert (request.uri, request.to_tag, request.has("Route")) == (first.uri, None, False)
    assert bench.flows[-1].remote[0] == "192.0.2.2"
    # One publication is one sequence: its requests can be put into their order.
    assert (request.call_id, request.from_tag) == (first.call_id, first.from_tag)
    assert request.cseq.number == first.cseq.number + 1


def test_more_of_its_own() -> None:
    """The To and the headers that the application gives are in each of its requests."""
    bench = Publisher()
    publication = bench.publish(to="<sip:boss@example.com>", headers=[("Subject", "me")], expires_s=None)
    assert bench.said == [(None, True, None)]
    bench.accept("one", None)
    assert bench.told(Published)[0].expires_s == 3600
    bench.take(publication.refresh(now=bench.now))
    assert (bench.last_request.to_text, bench.last_request.header("Subject")) == ("<sip:boss@example.com>", "me")
    bench.accept("two", None)
    bench.take(publication.refresh(expires_s=50, now=bench.now))
    bench.accept("three", 100)
    assert [event.expires_s for event in bench.told(Published)] == [3600, 3600, 50]
    assert repr(publication) == f"<Publication of presence for {RESOURCE}: published>"


def test_its_requests_are_not_kept() -> None:
    """Of those that are over it has what the next one needs: their Call-ID, tag and number."""
    bench = Publisher()
    publication = bench.publish()
    assert b"PUBLISH sip:" in save(bench.endpoint)
    bench.accept("one")
    first = bench.last_request
    bench.wait(64)
    assert b"PUBLISH sip:" not in save(bench.endpoint)
    bench.take(publication.refresh(now=bench.now))
    again = bench.last_request
    assert (again.call_id, again.from_text, again.to_text) == (first.call_id, first.from_text, first.to_text)
    assert again.cseq.number == first.cseq.number + 1


def test_the_numbers_of_its_requests_may_be_used_up() -> None:
    """After the last CSeq number comes another Call-ID (RFC 3261 8.1.1.5)."""
    bench = Publisher()
    publication = bench.up()
    publication.series.cseq = LAST_CSEQ
    before = publication.series.known_by
    bench.take(publication.refresh(now=bench.now))
    assert bench.last_request.cseq.number < 2**16
    assert publication.series.known_by != before
    assert publication.series.known_by is not None
    assert publication.series.known_by.call_id == bench.last_request.call_id


# -------------------------------------------------------------------- one at a time


@pytest.mark.rfc("3903 4", "3903-01")
def test_one_in_flight_to_a_uri() -> None:
    """A PUBLISH waits until the one before it to the same URI is answered; to another URI it does not."""
    bench = Publisher()
    bench.publish(OPEN)
    bench.publish(BUSY, event="dialog")
    bench.publish(AWAY, target="sip:other@192.0.2.2")
    first, other = bench.published
    assert [(str(each.uri), each.body) for each in (first, other)] == [
        (RESOURCE, OPEN),
        ("sip:other@192.0.2.2", AWAY),
    ]
    bench.say(100, to=first)
    assert len(bench.published) == 2
    bench.accept("one", to=first)
    assert [each.body for each in bench.published] == [OPEN, AWAY, BUSY]
    assert bench.last_request.header("Event") == "dialog"


@pytest.mark.rfc("3903 4", "3903-01")
def test_silence_ends_the_wait() -> None:
    """When a PUBLISH has timed out the next one may go."""
    bench = Publisher()
    first = bench.publish(OPEN)
    bench.publish(BUSY, event="dialog")
    bench.wait(31.9)
    assert [each.body for each in bench.published] == [OPEN]
    bench.wait(0.1)
    assert [each.body for each in bench.published] == [OPEN, BUSY]
    assert ended(bench) == [(FAILED, 408)]
    assert first.state is PublicationState.ENDED


@pytest.mark.rfc("3903 4", "3903-01")
def test_changes_that_wait_are_one() -> None:
    """Of what the application wants while a PUBLISH is under way, the last is published when that is answered."""
    bench = Publisher()
    publication = bench.publish(OPEN)
    bench.take(publication.modify(BUSY, now=bench.now))
    bench.take(publication.modify(AWAY, now=bench.now))
    bench.take(publication.refresh(now=bench.now))
    assert len(bench.published) == 1
    bench.accept("one")
    assert bench.said[1:] == [("one", True, "3600")]
    assert bench.last_request.body == AWAY
    bench.accept("two")
    assert len(bench.published) == 2
    assert operations(bench) == [Operation.INITIAL, Operation.MODIFY]


def test_what_waits_may_change() -> None:
    """A publication whose first PUBLISH waits for its turn is sent as it is when that has come."""
    bench = Publisher()
    bench.publish(OPEN)
    second = bench.publish(BUSY, event="dialog")
    bench.take(second.modify(AWAY, expires_s=77, now=bench.now))
    bench.take(second.refresh(expires_s=78, now=bench.now))
    bench.accept("one")
    assert bench.said[1:] == [(None, True, "78")]
    assert bench.last_request.body == AWAY


@pytest.mark.rfc("3903 4.5")
def test_removal_of_what_nobody_has() -> None:
    """A publication that waits for its turn is simply not sent, and those behind it do not wait for it."""
    bench = Publisher()
    bench.publish(OPEN)
    second, third = bench.publish(BUSY, event="dialog"), bench.publish(AWAY, event="reg")
    bench.take(second.remove(now=bench.now))
    assert ended(bench) == [(REMOVED, None)]
    bench.accept("one")
    assert [each.body for each in bench.published] == [OPEN, AWAY]
    bench.say(404)
    assert (second.state, third.state) == (PublicationState.ENDED, PublicationState.ENDED)
    assert not bench.endpoint._agent.publishing.lines.all


@pytest.mark.rfc("3903 4.5")
def test_removal_in_the_place_of_a_change() -> None:
    """A change that waits for its turn need not be published any more when it is all to be removed."""
    bench = Publisher()
    publication = bench.up()
    bench.publish(BUSY, event="dialog")
    other = bench.last_request
    bench.take(publication.modify(AWAY, now=bench.now))
    bench.take(publication.remove(now=bench.now))
    bench.accept("x", to=other)
    assert bench.said[1:] == [("one", False, "0")]


@pytest.mark.rfc("3903 4.5")
def test_removal_waits_for_the_answer() -> None:
    """What is removed while its PUBLISH is under way is removed with the tag that the answer names."""
    bench = Publisher()
    publication = bench.publish()
    bench.take(publication.remove(now=bench.now))
    assert len(bench.published) == 1
    bench.accept("one")
    assert bench.said[1:] == [("one", False, "0")]


@pytest.mark.rfc("3903 4.5")
@pytest.mark.parametrize(("after", "said"), [(1, [("one", False, "0")]), (31, [])])
def test_removal_while_another_request_is_under_way(after: float, said: list[Any]) -> None:
    """It waits for its turn, and is not sent at all when the publication has expired by then."""
    bench = Publisher()
    publication = bench.up(30)
    bench.publish(BUSY, event="dialog")
    other = bench.last_request
    bench.take(publication.remove(now=bench.now))
    bench.drain()
    bench.wait(after)
    bench.drain()
    bench.accept("x", to=other)
    assert bench.said == said
    assert ended(bench) == ([] if said else [(REMOVED, None)])


# -------------------------------------------------------------------- what is refused


@pytest.mark.rfc("3903 5", "3903-08")
@pytest.mark.parametrize("command", ["modify", "refresh", "by itself"])
def test_412_starts_again(command: str) -> None:
    """The tag is forgotten, and the full state goes out as an initial publication; nothing is sent as it was."""
    bench = Publisher()
    publication = bench.up()
    if command == "modify":
        bench.take(publication.modify(BUSY, now=bench.now))
    elif command == "refresh":
        bench.take(publication.refresh(now=bench.now))
    else:
        bench.wait(3241)
    bench.say(412)
    assert bench.said[1:] == [(None, True, "3600")]
    assert bench.last_request.body == (BUSY if command == "modify" else OPEN)
    assert (publication.state, publication.entity_tag) == (PublicationState.PUBLISHING, None)
    bench.accept("new")
    assert operations(bench) == [Operation.INITIAL]
    assert publication.entity_tag == "new"


@pytest.mark.rfc("3903 5", "3903-08")
def test_412_to_what_has_no_tag() -> None:
    """An initial publication that gets 412 is refused; one that was to be removed is gone, which was wanted."""
    bench = Publisher()
    bench.publish()
    bench.say(412)
    assert ended(bench) == [(REFUSED, 412)]
    for command in ("remove", "refresh"):
        bench.drain()
        publication = bench.up()
        bench.take(getattr(publication, command)(now=bench.now))
        if command == "refresh":
            bench.take(publication.remove(now=bench.now))
        bench.say(412)
        assert ended(bench) == [(REMOVED, None)]
        assert len(bench.published) == 1


@pytest.mark.rfc("3903 5")
def test_423_raises_the_lifetime() -> None:
    """A 423 makes the same PUBLISH ask for as long as it says, and all that follow."""
    bench = Publisher()
    publication = bench.publish(expires_s=30)
    bench.say(423, "Min-Expires: 90")
    assert bench.said == [(None, True, "30"), (None, True, "90")]
    bench.accept("one", 90)
    bench.take(publication.modify(BUSY, expires_s=10, now=bench.now))
    bench.say(423, "Min-Expires: 95")
    assert bench.said[2:] == [("one", True, "10"), ("one", True, "95")]
    assert bench.last_request.body == BUSY
    bench.accept("two", 95)
    bench.wait(60)
    assert bench.said[-1] == ("two", False, "95")
    bench.say(423, "Min-Expires: 100")
    assert bench.said[-1] == ("two", False, "100")


@pytest.mark.rfc("3903 5", "3261 22.2", "3261 22.3", "3903-09")
@pytest.mark.parametrize(("status", "line"), [(401, www), (407, proxy)])
def test_what_is_put_right_by_itself(status: int, line: Callable[..., str]) -> None:
    """A PUBLISH that lasts too briefly, or says not who we are, goes out again so that it can be accepted."""
    bench = Publisher(profile=Profile(accounts=[("alice", "secret")]))
    publication = bench.publish(expires_s=30)
    bench.say(status, line())
    assert is_good(bench.last_request)
    bench.say(423, "Min-Expires: 90")
    bench.say(status, line("fresh"))
    first, challenged, longer, last = bench.published
    assert [each[2] for each in bench.said] == ["30", "30", "90", "90"]
    assert is_good(last)
    assert {each.call_id for each in bench.published} == {first.call_id}
    assert [each.cseq.number - first.cseq.number for each in (challenged, longer, last)] == [1, 2, 3]
    bench.accept("one", 90)
    assert (publication.entity_tag, operations(bench)) == ("one", [Operation.INITIAL])
    # What follows has credentials from the start, and the next number.
    bench.take(publication.modify(BUSY, now=bench.now))
    assert (bench.last_request.cseq.number, bench.said[-1]) == (first.cseq.number + 4, ("one", True, "90"))
    assert is_good(bench.last_request)
    bench.accept("two", 90)
    bench.wait(60)
    assert bench.said[-1] == ("two", False, "90")
    bench.say(status, line("fresher"))
    assert is_good(bench.last_request)
    assert bench.said[-1] == ("two", False, "90")


@pytest.mark.rfc("3903 5")
@pytest.mark.parametrize("more", [["Min-Expires: 30"], ["Min-Expires: 29"], []])
def test_423_that_asks_for_nothing_new(more: list[str]) -> None:
    """It is a refusal: the same would come again."""
    bench = Publisher()
    bench.publish(expires_s=30)
    bench.say(423, *more)
    assert len(bench.published) == 1
    assert ended(bench) == [(REFUSED, 423)]


@pytest.mark.rfc("3903 5")
def test_423_without_end() -> None:
    """A server that always wants a little more is not obeyed for ever; one that says it for the first time is."""
    bench = Publisher()
    bench.publish(expires_s=None)
    for n in range(6):
        bench.say(423, f"Min-Expires: {100 + n}")
    assert [each[2] for each in bench.said] == [None, "100", "101", "102", "103", "104"]
    assert ended(bench) == [(REFUSED, 423)]


@pytest.mark.parametrize("status", [403, 404, 415, 489, 503, 600, 302])
def test_a_refused_initial_publication(status: int) -> None:
    """It is over, and the application learns why: it may publish anew."""
    bench = Publisher()
    bench.publish()
    bench.say(status)
    (event,) = bench.told(PublicationEnded)
    assert (event.reason, event.status) == (FAILED if status == 503 else REFUSED, status)
    assert event.response is not None
    assert event.response.status == status


@pytest.mark.rfc("3903 6")
def test_a_refused_modification_changes_nothing() -> None:
    """What was accepted before is refreshed as if nothing had been: the compositor is atomic."""
    bench = Publisher()
    publication = bench.up()
    bench.wait(100)
    bench.take(publication.modify(b"<nonsense/>", now=bench.now))
    bench.say(415)
    (event,) = bench.told(PublishFailed)
    assert (event.operation, event.status, event.retry_after_s) == (Operation.MODIFY, 415, None)
    assert (publication.body, publication.entity_tag) == (OPEN, "one")
    bench.drain()
    bench.wait(3139)
    assert bench.published == []
    bench.wait(2)
    assert bench.said == [("one", False, "3600")]


def test_a_modification_that_is_refused_when_the_refresh_is_due() -> None:
    """The refresh follows at once."""
    bench = Publisher()
    publication = bench.up(20)
    bench.wait(9)
    bench.take(publication.modify(b"<nonsense/>", now=bench.now))
    bench.wait(5)
    bench.say(415)
    assert bench.said[1:] == [("one", False, "3600")]


def test_a_refused_modification_with_another_behind_it() -> None:
    """The next state is published in its place."""
    bench = Publisher()
    publication = bench.up()
    bench.take(publication.modify(b"<nonsense/>", now=bench.now))
    bench.take(publication.modify(BUSY, now=bench.now))
    bench.say(415)
    assert bench.said[1:] == [("one", True, "3600")]
    assert bench.last_request.body == BUSY
    assert [event.status for event in bench.told(PublishFailed)] == [415]


def test_a_refused_modification_with_a_refresh_behind_it() -> None:
    """What was accepted is refreshed, as the application wanted."""
    bench = Publisher()
    publication = bench.up()
    bench.take(publication.modify(b"<nonsense/>", now=bench.now))
    bench.take(publication.refresh(now=bench.now))
    bench.say(415)
    assert bench.said[1:] == [("one", False, "3600")]


def test_a_refused_refresh_ends_it() -> None:
    """Who may not refresh has no publication any more."""
    bench = Publisher()
    publication = bench.up()
    bench.take(publication.refresh(now=bench.now))
    bench.say(403)
    assert ended(bench) == [(REFUSED, 403)]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.parametrize("status", [403, 500])
def test_a_refused_removal_ends_it_too(status: int) -> None:
    """It will expire: nothing more is done for it."""
    bench = Publisher()
    publication = bench.up()
    bench.take(publication.remove(now=bench.now))
    bench.say(status)
    assert ended(bench) == [(FAILED if status == 500 else REFUSED, status)]


@pytest.mark.parametrize("status", [403, 500])
@pytest.mark.parametrize("has_tag", [True, False])
def test_removal_behind_a_refusal(status: int, has_tag: bool) -> None:
    """What is to be removed is removed whatever the PUBLISH before it came to, if there is anything."""
    bench = Publisher()
    publication = bench.up() if has_tag else bench.publish()
    if has_tag:
        bench.take(publication.modify(BUSY, now=bench.now))
    bench.take(publication.remove(now=bench.now))
    bench.say(status)
    if has_tag:
        assert bench.said[1:] == [("one", False, "0")]
        bench.accept("two", 0)
    assert ended(bench) == [(REMOVED, None)]
    assert bench.told(PublishFailed) == []


def test_a_2xx_without_a_tag() -> None:
    """Nothing could be done with such a publication: it counts as failed."""
    bench = Publisher()
    bench.publish()
    bench.say(200, "Expires: 60")
    assert ended(bench) == [(FAILED, 200)]


def test_a_2xx_that_grants_no_time() -> None:
    """A publication whose lifetime is nothing has expired."""
    bench = Publisher()
    bench.publish()
    bench.accept("one", 0)
    assert ended(bench) == [(EXPIRED, None)]


@pytest.mark.parametrize("header", ["SIP-ETag: a b", "Expires: soon", "Min-Expires: -1"])
def test_an_answer_that_cannot_be_read(header: str) -> None:
    """It is dropped, as any malformed response; the PUBLISH then times out."""
    bench = Publisher()
    bench.publish()
    bench.say(200, header)
    assert bench.told(Published) == []
    bench.wait(40)
    assert ended(bench) == [(FAILED, 408)]


# -------------------------------------------------------------------- silence


@pytest.mark.rfc("3903 4.3")
def test_a_refresh_is_tried_again_while_there_is_time() -> None:
    """After silence or a 5xx, at half of what is left, and in the end it has expired."""
    bench = Publisher()
    publication = bench.up(1000)
    bench.wait(900)
    bench.say(503)
    (event,) = bench.told(PublishFailed)
    assert (event.operation, event.status, event.retry_after_s) == (Operation.REFRESH, 503, 50)
    assert publication.state is PublicationState.PUBLISHED
    bench.wait(50)
    assert bench.said == [("one", False, "3600")] * 2
    bench.say(504)
    assert [event.retry_after_s for event in bench.told(PublishFailed)] == [50, 32]
    bench.wait(32)
    assert len(bench.published) == 3
    bench.wait(32)
    assert ended(bench) == [(EXPIRED, None)]
    bench.quiet()
    assert bench.left() == {}


def test_a_try_that_helps() -> None:
    """A refresh that is accepted at last begins the lifetime anew."""
    bench = Publisher()
    publication = bench.up(1000)
    bench.wait(900)
    bench.say(500)
    bench.wait(50)
    bench.accept("two", 1000)
    assert publication.entity_tag == "two"
    bench.wait(899)
    assert len(bench.published) == 2


def test_when_the_server_says_when() -> None:
    """Retry-After is heeded; when it is longer than the publication lasts, that expires."""
    bench = Publisher()
    bench.up(1000)
    bench.wait(900)
    bench.say(503, "Retry-After: 70")
    assert bench.told(PublishFailed)[0].retry_after_s == 70
    bench.wait(70)
    bench.say(503, "Retry-After: 70")
    assert bench.told(PublishFailed)[1].retry_after_s is None
    bench.wait(30)
    assert (len(bench.published), ended(bench)) == (2, [(EXPIRED, None)])


def test_a_modification_that_nobody_served_is_tried_again() -> None:
    """The state is still wanted: it goes out with the next try, or with another change."""
    bench = Publisher()
    publication = bench.up(1000)
    bench.take(publication.modify(BUSY, now=bench.now))
    bench.wait(32)
    assert [(event.operation, event.status) for event in bench.told(PublishFailed)] == [(Operation.MODIFY, 408)]
    assert bench.told(PublishFailed)[0].retry_after_s == 484
    bench.wait(484)
    # The one before had arrived, and only its answer was lost: the tag is another one by now.
    bench.say(412)
    assert bench.said[-2:] == [("one", True, "3600"), (None, True, "3600")]
    assert [each.body for each in bench.published[-2:]] == [BUSY, BUSY]


def test_it_expires_while_it_waits_for_its_turn() -> None:
    """What has expired at the compositor begins anew: its tag would not be known any more."""
    bench = Publisher()
    publication = bench.up(30)
    bench.publish(BUSY, event="dialog")
    other = bench.last_request
    bench.take(publication.modify(AWAY, now=bench.now))
    bench.wait(31)
    bench.accept("x", to=other)
    assert bench.said[-1] == (None, True, "3600")


def test_it_expires_while_its_refresh_is_under_way() -> None:
    """When silence lasts longer than the publication it is over."""
    bench = Publisher()
    bench.up(40)
    bench.wait(20 + 32)
    assert ended(bench) == [(EXPIRED, None)]


@pytest.mark.rfc("3261 8.1.3.1")
def test_what_cannot_be_sent() -> None:
    """It counts as a 503."""
    bench = Publisher()
    bench.publish()
    send = next(output for output in bench.outputs if isinstance(output, Send))
    bench.take(bench.endpoint.send_failed(send, bench.now))
    assert ended(bench) == [(FAILED, 503)]


# -------------------------------------------------------------------- what the application may not do


@pytest.mark.rfc("3903 4.2", "3903-04")
@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({"body": b""}, "the body is empty"),
        ({"expires_s": 0}, "use `remove`"),
        ({"expires_s": 2**32}, "whole number"),
        ({"event": "no such thing"}, "Event|kind of event"),
        ({"event": ""}, "Event|kind of event"),
        ({"headers": [("Contact", "<sip:me@192.0.2.1>")]}, "written by sipsm"),
        ({"headers": [("Expires", "5")]}, "written by sipsm"),
        ({"headers": [("o", "dialog")]}, "written by sipsm"),
        ({"content_type": "pidf"}, "pidf|media"),
        ({"to": "<sip:a@b>;tag=1"}, "tag"),
        ({"target": "sip:a@192.0.2.2?x=y"}, "headers"),
        ({"target": "no uri"}, "no URI"),
    ],
)
def test_what_cannot_be_published(parts: dict[str, Any], text: str) -> None:
    """It is refused at once, also when it would have to wait for its turn."""
    bench = Publisher()
    bench.publish()
    bench.drain()
    with pytest.raises(LocalProtocolError, match=text):
        bench.publish(**parts)
    assert len(bench.endpoint.publications) == 1
    assert bench.published == []


def test_what_cannot_become_of_it() -> None:
    """A command that is refused changes nothing."""
    bench = Publisher()
    publication = bench.up()
    wrong: list[tuple[Callable[..., list[Any]], list[Any], dict[str, Any]]] = [
        (publication.modify, [b""], {}),
        (publication.modify, [OPEN, "a\r\nb"], {}),
        (publication.modify, [OPEN, "pidf"], {}),
        (publication.modify, [OPEN], {"expires_s": 0}),
        (publication.refresh, [], {"expires_s": 0}),
    ]
    for command, args, options in wrong:
        with pytest.raises(LocalProtocolError):
            command(*args, **options, now=bench.now)
    assert bench.published == []
    bench.take(publication.remove(now=bench.now))
    for state in ("the publication is being removed", "the publication is over"):
        with pytest.raises(LocalProtocolError, match=state):
            publication.modify(BUSY, now=bench.now)
        with pytest.raises(LocalProtocolError, match=state):
            publication.refresh(now=bench.now)
        with pytest.raises(LocalProtocolError, match=state):
            publication.remove(now=bench.now)
        if bench.published:
            bench.accept("two", 0)
    assert len(bench.published) == 1


def test_how_many() -> None:
    """The limits say how many publications live at once."""
    bench = Publisher(limits=Limits(publications=1))
    publication = bench.publish()
    with pytest.raises(LocalProtocolError, match="the limits allow no more"):
        bench.publish(target="sip:b@192.0.2.2")
    bench.take(publication.remove(now=bench.now))
    bench.say(404)
    bench.publish(target="sip:b@192.0.2.2")


@pytest.mark.rfc("3261 18.1.1", "3903 4.1")
def test_another_transport_than_the_first() -> None:
    """A PUBLISH that goes by TCP has another Via than it was made with; its refreshes and its end go the same way."""
    net = Net()
    alice = net.agent("alice", transports=("UDP", "TCP"))
    net.agent("bob", transports=("UDP", "TCP"), profile=Profile(composes=("presence",)))
    publication = alice.do(alice.endpoint.publish, "sip:192.0.2.2;transport=tcp", "presence", OPEN, PIDF)
    net.run(until=1)
    alice.do(publication.remove)
    net.run()
    assert [event.operation for event in told(alice, Published)] == [Operation.INITIAL]
    assert [event.reason for event in told(alice, PublicationEnded)] == [REMOVED]
