"""Composing: what is checked in which order, what is held how long, and what is told of it (RFC 3903 6)."""

from __future__ import annotations

from types import FunctionType
from typing import Any

import pytest

from sipsm import (
    Composing,
    LocalProtocolError,
    Policy,
    Profile,
    PublicationEnded,
    PublicationState,
    PublishRequest,
    PublishRequested,
    PublishWithdrawn,
    Realm,
    RequestServed,
    StatePublished,
)
from sipsm.standalone.composing import address_of_record
from sipsm.testing import Net, ladder
from tests.growth import calls
from tests.ladders.publishers import ADDRESS, AWAY, BUSY, OPEN, PIDF, Compositor

TYPED = {"presence": (PIDF,), "dialog": ()}


def bench_of(packages: Any = TYPED, **settings: Any) -> Compositor:
    """A compositor with these settings."""
    return Compositor(profile=Profile(composes=Composing(packages, **settings)))


def changes(bench: Compositor) -> list[list[bytes]]:
    """The states that were told."""
    return [[state.body for state in event.states] for event in bench.told(StatePublished)]


# -------------------------------------------------------------------- the steps


@pytest.mark.rfc("3903 6", "3903-10")
def test_the_order_of_the_steps() -> None:
    """A PUBLISH with everything wrong is told the first thing; with that put right, the next."""
    bench = bench_of(addresses=[ADDRESS])
    wrong: dict[str, Any] = {
        "uri": "sip:nobody@192.0.2.1",
        "event": "unheard",
        "headers": ["SIP-If-Match: a", "SIP-If-Match: b"],
        "expires": 1,
        "kind": "text/html",
        "body": b"<html>",
    }
    statuses = []
    for name, right in (
        ("uri", ADDRESS),
        ("event", "presence"),
        ("headers", ["SIP-If-Match: unknown"]),
        ("headers", []),
        ("expires", 3600),
        ("kind", PIDF),
        ("body", b""),
    ):
        statuses.append(bench.status(**wrong))
        wrong[name] = right
    assert statuses == [404, 489, 400, 412, 423, 415, 200]
    assert bench.status(**wrong) == 400
    assert len(changes(bench)) == 1


@pytest.mark.rfc("3903 6")
@pytest.mark.parametrize("event", [None, "presence.winfo", "Presence"])
def test_an_event_that_is_not_composed(event: str | None) -> None:
    """It gets 489, with those that are."""
    bench = bench_of()
    assert bench.status(OPEN, event=event) == 489
    assert bench.last_response.header("Allow-Events") == "presence, dialog"


@pytest.mark.rfc("3903 6", "3903 4.1", "3903-03")
def test_more_than_one_event() -> None:
    """There is exactly one."""
    bench = bench_of()
    assert bench.status(OPEN, headers=["Event: dialog"]) == 400


@pytest.mark.rfc("3903 6")
@pytest.mark.parametrize("tag", ["a, b", "a b", '"a"', "*"])
def test_a_precondition_is_one_tag(tag: str) -> None:
    """What is no single entity tag gets 400; the asterisk is a tag that nothing has (RFC 3903 8.1)."""
    assert bench_of().status(OPEN, tag=tag) == (412 if tag == "*" else 400)


@pytest.mark.rfc("3903 6", "3903-10")
def test_a_tag_is_of_one_address_and_event() -> None:
    """A tag that was given for another address, or another package, is not known here."""
    bench = bench_of()
    tag = bench.tagged(OPEN)
    assert bench.status(tag=tag, event="dialog") == 412
    assert bench.status(tag=tag, uri="sip:other@192.0.2.1") == 412
    assert bench.status(tag=tag.upper()) == 412
    assert bench.status(tag=tag, uri=f"{ADDRESS};transport=udp") == 200


@pytest.mark.rfc("3903 6")
@pytest.mark.parametrize(("expires", "status"), [(0, 200), (1, 423), (59, 423), (60, 200), ("soon", 400)])
def test_too_brief(expires: Any, status: int) -> None:
    """Some time, but less than the least that is taken, gets 423 with that; none at all is a removal."""
    bench = bench_of()
    assert bench.status(OPEN, expires=expires) == status
    assert bench.last_response.header("Min-Expires") == ("60" if status == 423 else None)


@pytest.mark.rfc("3903 6")
@pytest.mark.parametrize(
    ("event", "kind", "status", "accept"),
    [
        ("presence", PIDF, 200, None),
        ("presence", "Application/PIDF+xml;charset=utf-8", 200, None),
        ("presence", "text/plain", 415, PIDF),
        ("presence", None, 415, PIDF),
        ("dialog", "text/plain", 200, None),
        ("dialog", None, 415, "*/*"),
    ],
)
def test_the_type_of_the_body(event: str, kind: str | None, status: int, accept: str | None) -> None:
    """It is one that the package has; the answer to another names them."""
    bench = bench_of()
    assert bench.status(OPEN, event=event, kind=kind) == status
    assert bench.last_response.header("Accept") == accept


@pytest.mark.rfc("3903 6", "3903 4", "3903-02")
def test_record_route_and_contact_mean_nothing() -> None:
    """They are ignored, and the response has neither, whatever they say; no dialog is made."""
    bench = bench_of()
    bench.put(OPEN, headers=["Record-Route: <sip:192.0.2.9;lr>", "Contact: <sip:a@192.0.2.3>, <sip:b@192.0.2.3>"])
    response = bench.last_response
    assert (response.status, response.has("Record-Route"), response.has("Contact")) == (200, False, False)
    assert bench.endpoint._agent.dialogs.all == {}
    assert bench.endpoint.calls == []


@pytest.mark.rfc("3903 4")
def test_within_a_dialog() -> None:
    """It means the same there; where there is no such dialog it gets 481."""
    bench = bench_of()
    call = bench.acked()
    bench.receive(
        bench.in_dialog("PUBLISH", 2, call, uri=ADDRESS, headers=["Event: presence"], body=OPEN, content_type=PIDF)
    )
    assert bench.last_response.status == 200
    assert bench.bodies() == [OPEN]
    assert bench.status(OPEN, to=f"<{ADDRESS}>;tag=unknown") == 481


def test_without_a_package_nothing_is_served() -> None:
    """PUBLISH gets 405, and Allow does not name it."""
    bench = Compositor()
    assert bench.status(OPEN) == 405
    assert "PUBLISH" not in (bench.last_response.header("Allow") or "")


@pytest.mark.rfc("3903 7", "3903-15")
def test_options_tells() -> None:
    """Allow has PUBLISH, and Allow-Events the packages; one that is subscribed to as well is named once."""
    bench = Compositor(profile=Profile(composes=("presence", "reg"), event_packages=("presence", "presence.winfo")))
    bench.receive(bench.request("OPTIONS"))
    assert "PUBLISH" in bench.last_response.header_values("Allow")
    assert bench.last_response.header("Allow-Events") == "presence, reg"


# -------------------------------------------------------------------- the 2xx


@pytest.mark.rfc("3903 6", "3903-11")
def test_a_new_tag_each_time() -> None:
    """Each 2xx names a tag that was never given before, and with that the one before is void."""
    bench = bench_of()
    tags = [bench.tagged(OPEN)]
    for parts in ({}, {"body": BUSY}, {"expires": 90}, {"body": AWAY, "expires": 61}):
        tags.append(bench.tagged(tag=tags[-1], **parts))
    for old in tags[:-1]:
        assert bench.status(tag=old) == 412
    tags += [bench.tagged(tag=tags[-1], expires=0), bench.tagged(OPEN, expires=0), bench.tagged(OPEN)]
    assert len(set(tags)) == len(tags) == 8
    assert bench.bodies() == [OPEN]


@pytest.mark.rfc("3903 6", "3903-12")
@pytest.mark.parametrize(
    ("asked", "given"), [(None, 1800), (60, 60), (1800, 1800), (7200, 7200), (7201, 7200), (2**32 - 1, 7200), (0, 0)]
)
def test_how_long_it_lasts(asked: int | None, given: int) -> None:
    """Expires says so: what was asked for, or less; or, for who asks for nothing, what is usual."""
    bench = bench_of(usual_s=1800, longest_s=7200)
    bench.put(OPEN, expires=asked)
    assert bench.last_response.lines_of("Expires") == (str(given),)
    if given:
        bench.wait(given - 0.1)
        assert bench.bodies() == [OPEN]
        bench.wait(0.2)
    assert bench.bodies() == []
    bench.quiet()
    assert bench.left() == {}
    assert not bench.endpoint._agent.compositor.alarms


@pytest.mark.rfc("3903 6", "3903 4.3")
def test_what_is_refreshed_lives_on() -> None:
    """A refresh and a modification begin the lifetime anew; then it expires as said."""
    bench = bench_of()
    tag = bench.tagged(OPEN, expires=100)
    bench.wait(99)
    tag = bench.tagged(tag=tag, expires=80)
    bench.wait(79)
    tag = bench.tagged(BUSY, tag=tag, expires=60)
    bench.wait(59)
    assert bench.bodies() == [BUSY]
    bench.wait(1)
    assert bench.bodies() == []
    assert bench.status(tag=tag) == 412


# -------------------------------------------------------------------- what it means


@pytest.mark.rfc("3903 4.1", "3903 15")
def test_what_is_told() -> None:
    """A change is told with all that holds then; a refresh changes nothing."""
    bench = bench_of()
    tag = bench.tagged(OPEN)
    (event,) = bench.told(StatePublished)
    assert (str(event.address), event.event, event.request.body) == (ADDRESS, "presence", OPEN)
    (state,) = event.states
    assert (state.body, state.content_type, state.changed_at) == (OPEN, PIDF, bench.now)
    tag = bench.tagged(tag=tag)
    assert len(changes(bench)) == 1
    bench.tagged(BUSY, tag=tag)
    assert changes(bench) == [[OPEN], [BUSY]]
    assert bench.told(StatePublished)[1].states[0].number == state.number
    bench.wait(3600)
    assert changes(bench) == [[OPEN], [BUSY], []]
    assert bench.told(StatePublished)[2].request is None


@pytest.mark.rfc("3903 4.1", "3903 10.3")
def test_several_publishers() -> None:
    """Each has its own publication, which the others do not touch; the one that was changed last stands last."""
    bench = bench_of()
    one, two = bench.tagged(OPEN), bench.tagged(BUSY)
    bench.wait(1)
    bench.tagged(b"elsewhere", uri="sip:other@192.0.2.1")
    bench.tagged(b"call", event="dialog")
    three = bench.tagged(AWAY)
    bench.wait(1)
    two = bench.tagged(tag=two)
    assert bench.bodies() == [OPEN, BUSY, AWAY]
    bench.tagged(b"again", tag=one)
    bench.tagged(tag=three, expires=0)
    assert bench.bodies() == [BUSY, b"again"]
    assert (bench.bodies("sip:other@192.0.2.1"), bench.bodies(event="dialog")) == ([b"elsewhere"], [b"call"])
    assert changes(bench)[-1] == [BUSY, b"again"]


@pytest.mark.rfc("3903 6", "3903 4.5", "3903-14")
@pytest.mark.parametrize("body", [b"", BUSY])
def test_expires_0(body: bytes) -> None:
    """It removes at once, also with a body, which is not stored."""
    bench = bench_of()
    tag = bench.tagged(OPEN)
    bench.put(body, tag=tag, expires=0)
    assert (bench.last_response.status, bench.last_response.header("Expires")) == (200, "0")
    assert bench.bodies() == []
    assert changes(bench) == [[OPEN], []]
    assert bench.status(tag=bench.last_response.header("SIP-ETag")) == 412


@pytest.mark.rfc("3903 6", "3903-14")
def test_an_initial_publication_that_lasts_no_time() -> None:
    """It is answered as any other, and nothing is stored, and nobody told."""
    bench = bench_of()
    tag = bench.tagged(OPEN, expires=0)
    assert tag
    assert (bench.bodies(), changes(bench)) == ([], [])
    assert bench.status(tag=tag) == 412
    assert bench.status(expires=0) == 400


def test_addresses_are_compared_as_uris() -> None:
    """Case of the host, escapes and parameters make no other address; the user part's case does, and SIPS."""
    bench = bench_of(addresses=[ADDRESS, "sip:chat.EXAMPLE.com", "sips:presentity@192.0.2.1"])
    bench.tagged(OPEN, uri="sip:%70resentity@192.0.2.1;user=ip")
    assert bench.bodies() == [OPEN]
    assert bench.status(OPEN, uri="sip:Presentity@192.0.2.1") == 404
    assert bench.tagged(BUSY, uri="sip:CHAT.example.com;transport=udp")
    assert bench.bodies("sip:chat.example.com") == [BUSY]
    bench.tagged(AWAY, uri="sips:presentity@192.0.2.1")
    assert bench.bodies() == [OPEN]
    assert bench.bodies("tel:+1-555") == []


# -------------------------------------------------------------------- how much


@pytest.mark.rfc("3903 9", "3903-16")
@pytest.mark.parametrize("limit", [{"entries": 2}, {"entries_of_address": 2}, {"octets": len(OPEN + BUSY)}])
def test_no_more_than_allowed(limit: dict[str, int]) -> None:
    """What would add to what is held gets 503 with Retry-After; what adds nothing is taken, also a removal."""
    bench = bench_of(**limit)
    one, two = bench.tagged(OPEN), bench.tagged(BUSY)
    assert bench.status(AWAY) == 503
    assert bench.last_response.header("Retry-After") == "60"
    assert bench.status(AWAY, expires=0) == 200
    one = bench.tagged(tag=one)
    two = bench.tagged(OPEN, tag=two)
    assert bench.status(AWAY + AWAY, tag=two) == (503 if "octets" in limit else 200)
    assert bench.status(tag=one, expires=0) == 200
    assert bench.status(AWAY) == 200


def test_what_a_compositor_cannot_be() -> None:
    """Packages are tokens, types are types, and a lifetime has some length."""
    wrong: list[dict[str, Any]] = [
        {"packages": ["a b"]},
        {"packages": {"a b": []}},
        {"packages": {"a": ["text"]}},
        {"longest_s": 0},
    ]
    for settings in wrong:
        with pytest.raises(LocalProtocolError):
            bench_of(**settings)


# -------------------------------------------------------------------- by hand


def by_hand(**settings: Any) -> Compositor:
    """A compositor whose application decides."""
    return bench_of(by_hand=True, **settings)


def asked(bench: Compositor) -> list[PublishRequest]:
    """What the application was asked so far."""
    return [event.asked for event in bench.told(PublishRequested)]


@pytest.mark.rfc("3903 14.1")
def test_the_application_decides() -> None:
    """What is in order is shown to it; accepted, it takes effect; rejected, nothing has happened."""
    bench = by_hand()
    assert bench.put(OPEN) is None
    (request,) = asked(bench)
    assert (str(request.address), request.request.body) == (ADDRESS, OPEN)
    assert repr(request) == f"<PublishRequest for {ADDRESS}: Shown>"
    assert bench.bodies() == []
    bench.take(request.accept(now=bench.now))
    assert (bench.last_response.status, bench.bodies()) == (200, [OPEN])
    assert changes(bench) == [[OPEN]]
    tag = bench.last_response.header("SIP-ETag")
    assert bench.put(BUSY, tag=tag) is None
    bench.take(asked(bench)[1].reject(headers=[("Reason-Of-Mine", "x")], reason="Not You", now=bench.now))
    response = bench.last_response
    assert (response.status, response.reason, response.header("Reason-Of-Mine")) == (403, "Not You", "x")
    assert bench.bodies() == [OPEN]
    assert bench.put(tag=tag) is None


def test_what_is_not_in_order_is_answered() -> None:
    """Nobody is asked about it."""
    bench = by_hand()
    assert bench.status(OPEN, event="unheard") == 489
    assert bench.status(BUSY, tag="unknown") == 412
    assert asked(bench) == []
    assert not bench.endpoint._agent.compositor.undecided


@pytest.mark.rfc("3903 6", "3903-13")
def test_in_order_for_each_address() -> None:
    """The next one for an address is looked at when the one before is answered; other addresses do not wait."""
    bench = by_hand()
    bench.put(OPEN)
    bench.put(BUSY)
    bench.put(AWAY, tag="unknown")
    bench.put(b"other", uri="sip:other@192.0.2.1")
    bench.put(b"last")
    assert [each.request.body for each in asked(bench)] == [OPEN, b"other"]
    bench.take(asked(bench)[0].accept(now=bench.now))
    assert [each.request.body for each in asked(bench)] == [OPEN, b"other", BUSY]
    bench.take(asked(bench)[2].reject(now=bench.now))
    # The one with the unknown tag is answered on the way to the next that is in order.
    assert bench.statuses == [200, 403, 412]
    assert [each.request.body for each in asked(bench)] == [OPEN, b"other", BUSY, b"last"]
    bench.take(asked(bench)[3].accept(now=bench.now))
    bench.take(asked(bench)[1].accept(now=bench.now))
    assert bench.bodies() == [OPEN, b"last"]
    assert not bench.endpoint._agent.compositor.lines.all


@pytest.mark.rfc("3903 6", "3903-13")
def test_a_storage_that_fails() -> None:
    """The application answers 504: nothing is stored, the tag is as it was, and the next one is looked at."""
    bench = by_hand()
    bench.put(OPEN)
    bench.take(asked(bench)[0].accept(now=bench.now))
    tag = bench.last_response.header("SIP-ETag")
    bench.put(BUSY, tag=tag)
    bench.put(AWAY, tag=tag)
    bench.take(asked(bench)[1].reject(504, now=bench.now))
    assert bench.last_response.status == 504
    assert bench.bodies() == [OPEN]
    bench.take(asked(bench)[2].accept(now=bench.now))
    assert bench.bodies() == [AWAY]


def test_it_may_expire_meanwhile() -> None:
    """What is accepted after what it was about has expired gets 412 all the same."""
    bench = by_hand()
    bench.put(OPEN, expires=60)
    bench.take(asked(bench)[0].accept(now=bench.now))
    tag = bench.last_response.header("SIP-ETag")
    bench.wait(50)
    bench.put(BUSY, tag=tag)
    bench.wait(11)
    bench.take(asked(bench)[1].accept(now=bench.now))
    assert bench.last_response.status == 412
    assert bench.bodies() == []


@pytest.mark.rfc("4320 4.2")
def test_nobody_decides() -> None:
    """After 64*T1 its sender has given up: it is withdrawn, and the one behind it is looked at."""
    bench = by_hand()
    bench.put(OPEN)
    bench.wait(5)
    bench.put(BUSY)
    bench.wait(27)
    assert [event.asked for event in bench.told(PublishWithdrawn)] == asked(bench)[:1]
    assert [each.request.body for each in asked(bench)] == [OPEN, BUSY]
    bench.wait(5)
    assert [event.asked for event in bench.told(PublishWithdrawn)] == asked(bench)
    bench.wait(60)
    assert bench.bodies() == []
    assert bench.left() == {}
    assert not bench.endpoint._agent.compositor.undecided
    assert not bench.endpoint._agent.compositor.lines.all
    for refused in (asked(bench)[0].accept, asked(bench)[0].reject):
        with pytest.raises(LocalProtocolError, match="waited for too long"):
            refused(now=bench.now)


def test_other_requests_wait_for_their_application_too() -> None:
    """That somebody else's request was given up is nothing to the compositor."""
    bench = by_hand()
    call = bench.acked()
    bench.receive(bench.in_dialog("UPDATE", 2, call, body=b"v=0\r\n", headers=[]))
    bench.wait(40)
    assert bench.told(PublishWithdrawn) == []


def test_what_is_no_answer() -> None:
    """A rejection has a status from 300 on, and headers that can be written; then it may be tried again."""
    bench = by_hand()
    bench.put(OPEN)
    (request,) = asked(bench)
    for parts in (
        {"status": 200},
        {"status": 700},
        {"status": True},
        {"headers": [("a b", "")]},
        {"headers": [("Via", "x")]},
        {"reason": "a\r\nb"},
    ):
        with pytest.raises(LocalProtocolError):
            request.reject(**parts, now=bench.now)
    bench.take(request.reject(302, headers=[("Contact", "<sip:esc@192.0.2.9>")], now=bench.now))
    assert bench.last_response.header("Contact") == "<sip:esc@192.0.2.9>"


@pytest.mark.rfc("3903 9")
def test_how_many_may_wait() -> None:
    """More than are held for an address do not wait for it either."""
    bench = by_hand(entries_of_address=2)
    assert (bench.put(OPEN), bench.put(BUSY), bench.status(AWAY)) == (None, None, 503)


@pytest.mark.rfc("3903 14", "3903 6", "3261 22.2")
@pytest.mark.parametrize("by_hand", [False, True])
def test_who_may_publish_shows_who_he_is(by_hand: bool) -> None:
    """The compositor asks before it looks at a PUBLISH, and the publisher answers by himself; nobody else is heard."""
    users = {"alice": Realm.hashed("alice", "biloxi.com", "secret")}
    net = Net(1)
    esc = net.agent(
        "esc",
        profile=Profile(composes=Composing(TYPED, by_hand=by_hand)),
        policy=Policy(realm=Realm("biloxi.com", users)),
    )
    esc.on(PublishRequested, lambda event: esc.do(event.asked.accept))
    alice = net.agent("alice", profile=Profile(accounts=[("alice", "secret")]))
    mallory = net.agent("mallory", profile=Profile(accounts=[("alice", "guess")]))
    publication = alice.do(alice.endpoint.publish, "sip:esc", "presence", OPEN, PIDF)
    net.run(until=1)
    mallory.do(mallory.endpoint.publish, "sip:esc", "presence", BUSY, PIDF)
    net.run(until=2)
    assert [state.body for state in esc.endpoint.published("sip:esc", "presence")] == [OPEN]
    assert (publication.state, publication.entity_tag is None) == (PublicationState.PUBLISHED, False)
    assert [event.status for event in mallory.events if isinstance(event, PublicationEnded)] == [401]
    alice.do(publication.remove)
    assert net.run(until=3) == ladder("""
        0.0  alice PUBLISH---------> esc
        0.0  alice <------------401- esc
        0.0  alice PUBLISH---------> esc
        0.0  alice <------------200- esc
        1.0  esc   <--------PUBLISH- mallory
        1.0  esc   401-------------> mallory
        1.0  esc   <--------PUBLISH- mallory
        1.0  esc   401-------------> mallory
        2.0  alice PUBLISH---------> esc
        2.0  alice <------------200- esc
    """)
    assert esc.endpoint.published("sip:esc", "presence") == ()


def test_who_is_served_by_itself_is_told() -> None:
    """`RequestServed` names each PUBLISH that was answered without asking."""
    bench = bench_of()
    bench.put(OPEN)
    bench.put(tag="unknown")
    assert [event.status for event in bench.told(RequestServed)] == [200, 412]


@pytest.mark.parametrize("by_hand", [False, True])
def test_whom_a_publish_is_about_is_found_once(by_hand: bool) -> None:
    """What is judged is what takes effect, and what is told of."""
    bench = bench_of(by_hand=by_hand)
    assert isinstance(address_of_record, FunctionType)

    def publishes(tag: str | None) -> None:
        bench.put(OPEN, tag=tag)
        if by_hand:
            bench.take(bench.told(PublishRequested)[-1].asked.accept(now=bench.now))

    for n in range(2):
        tag = None if n == 0 else bench.last_response.header("SIP-ETag")
        assert calls(address_of_record, lambda tag=tag: publishes(tag)) == 1  # type: ignore[misc]
    assert len(changes(bench)) == 2
