"""A notifier: SUBSCRIBE requests of every kind, and the NOTIFY requests that follow (RFC 6665 4.2)."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from sipsm import (
    Ids,
    LocalProtocolError,
    NotificationRefused,
    PeerSubscription,
    PeerSubscriptionEnded,
    PeerSubscriptionEndReason,
    Policy,
    Realm,
    Request,
    StateWanted,
    SubscriptionRequested,
    restore,
    save,
)
from sipsm.message.headers import WWW_AUTHENTICATE
from sipsm.role import Limits, PeerSubscriptionState, Profile
from tests.ladders.challenging import line
from tests.ladders.watching import AJAR, CLOSED, OPEN, TEXT, Notifying

ALLOW_EVENTS = "door, window, presence, dialog"


def ends(bench: Notifying) -> list[str]:
    """Why the subscriptions that are over are so."""
    return [event.reason.value for event in bench.told(PeerSubscriptionEnded)]


# -------------------------------------------------------------------- a SUBSCRIBE is answered


@pytest.mark.rfc("6665 4.5.1", "5627 4.4", "6665-17")
def test_a_gruu_is_the_target() -> None:
    """ "Notifiers ... MUST use a GRUU as their local target", where a registrar has given them one: the 2xx and each
    NOTIFY say so, over whatever the SUBSCRIBE has come; and what is sent to it is served."""
    gruu = "sip:bob@example.com;gr=urn:uuid:f81d4fae"
    bench = Notifying("door", profile=Profile(gruu=gruu, event_packages=("door",)))
    subscription = bench.active()
    assert {message.header("Contact") for message in (bench.last_response, bench.notify)} == {f"<{gruu}>"}
    assert bench.again(subscription, uri=gruu) == 200
    bench.take(bench.endpoint.invite("sip:carol@192.0.2.3", now=bench.now)[1])
    assert bench.last_request.header("Contact") == f"<{gruu}>"


@pytest.mark.rfc("6665 4.2.1.1", "6665 4.2.1.2", "6665 4.2.2", "6665-01", "6665-11", "6665-13", "6665-20", "6665-22")
def test_it_is_granted() -> None:
    """A 200 with Expires, and a NOTIFY with the state at once, in the dialog that the 200 makes."""
    bench = Notifying()
    subscription = bench.wanted(600, "door", "Record-Route: <sip:192.0.2.9;lr>")
    (told,) = bench.told(SubscriptionRequested)
    assert (subscription.state, told.request.method) == (PeerSubscriptionState.ASKED, "SUBSCRIBE")
    assert subscription.resource == "sip:bob@192.0.2.1:5060"
    bench.take(subscription.accept(OPEN, TEXT, now=bench.now))
    assert bench.statuses == [200]
    ok, notify = bench.last_response, bench.notify
    assert [type(m).__name__ for m in bench.sent] == ["Response", "Request"]
    assert ok.lines_of("Expires") == ("600",)
    assert ok.lines_of("Allow-Events") == (ALLOW_EVENTS,)
    assert ok.lines_of("Record-Route") == ("<sip:192.0.2.9;lr>",)
    assert ok.lines_of("Contact") == notify.lines_of("Contact")
    assert (str(notify.uri), notify.lines_of("Route")) == ("sip:alice@192.0.2.2:5060", ("<sip:192.0.2.9;lr>",))
    assert (notify.from_tag, notify.to_tag) == (ok.to_tag, "theirs")
    assert bench.states == ["active;expires=600"]
    assert (notify.header("Event"), notify.header("Content-Type"), notify.body) == ("door", TEXT, OPEN)
    assert subscription.state == PeerSubscriptionState.ACTIVE
    bench.answer()
    assert bench.endpoint.peer_subscriptions == [subscription]


@pytest.mark.rfc("6665 4.2.1.1", "6665-01")
@pytest.mark.parametrize(
    ("asked", "longest", "wanted", "granted"),
    [(600, 3600, None, 600), (7000, 3600, None, 3600), (600, 3600, 300, 300), (600, 3600, 900, 600), (None, 99, 0, 0)],
)
def test_never_longer_than_asked(asked: int | None, longest: int, wanted: int | None, granted: int) -> None:
    """How long it lasts may be cut short by the settings and by the application, and not lengthened."""
    bench = Notifying(policy=Policy(longest_subscription_s=longest))
    bench.take(bench.wanted(asked).accept(expires_s=wanted, now=bench.now))
    assert bench.last_response.lines_of("Expires") == (str(granted),)
    assert bench.states == [f"active;expires={granted}" if granted else "terminated;reason=timeout"]


@pytest.mark.rfc("6665 5.4.4", "6665 4.2.1.1")
def test_a_subscribe_without_expires() -> None:
    """It lasts as long as its package says, and a refresh as well."""
    bench = Notifying()
    subscription = bench.active(None)
    assert bench.again(subscription, None) == 200
    assert [m.header("Expires") for m in bench.sent if not hasattr(m, "method")] == ["3600", "3600"]


@pytest.mark.rfc("6665 4.2.1.1", "6665 4.2.1.4", "6665-10")
@pytest.mark.parametrize(
    ("expires", "shortest", "brief"),
    [(59, 60, True), (60, 60, False), (0, 60, False), (3599, 7000, True), (3600, 7000, False)],
)
def test_too_brief(expires: int, shortest: int, brief: bool) -> None:
    """What is to last less than we allow gets 423, unless that is nothing at all or an hour; a refresh as well."""
    bench = Notifying(policy=Policy(shortest_subscription_s=shortest))
    assert bench.asked(expires) == (423 if brief else None)
    if brief:
        assert bench.last_response.header("Min-Expires") == str(shortest)
        assert not bench.told(SubscriptionRequested)
        assert not bench.endpoint.peer_subscriptions
        subscription = bench.active(7000)
        assert bench.again(subscription, expires) == 423
        assert bench.last_response.header("Min-Expires") == str(shortest)
        assert subscription.state == "active"
        assert len(bench.notifies) == 1


@pytest.mark.rfc("6665 4.2.1.1", "6665 8.2.1", "6665 4.2.3", "6665-02", "6665-10", "6665-20")
@pytest.mark.parametrize("event", [None, "roof", "Door", "door.winfo"])
def test_an_unknown_package(event: str | None) -> None:
    """It gets 489, with those that are known; so does a SUBSCRIBE without one."""
    bench = Notifying()
    assert bench.asked(600, event) == 489
    assert bench.last_response.lines_of("Allow-Events") == (ALLOW_EVENTS,)


@pytest.mark.rfc("6665 8.2.1", "6665-02")
@pytest.mark.parametrize("more", ["Event: window", "o: door"])
def test_two_packages(more: str) -> None:
    """One package is asked for at a time."""
    assert Notifying().asked(600, "door", more) == 400


@pytest.mark.rfc("3261 12.1.1", "6665 4.2.1.1", "6665-24")
@pytest.mark.parametrize("contact", [None, "*", "<sip:a@192.0.2.2>, <sip:b@192.0.2.2>", "<mailto:a@192.0.2.2>"])
def test_where_the_notifies_go(contact: str | None) -> None:
    """A SUBSCRIBE outside a dialog has one Contact, else nobody knows who is to be told."""
    bench = Notifying()
    assert bench.asked(contact=contact) == 400
    assert not bench.notifies


@pytest.mark.rfc("6665 6.3", "6665 6.4", "7616 3.4", "6665-24")
def test_nobody_is_told_who_has_not_shown_who_he_is() -> None:
    """A SUBSCRIBE that somebody has copied brings no NOTIFY upon another: its count is used up."""
    bench = Notifying(policy=Policy(realm=Realm("biloxi.com", {"alice": "secret"})))
    assert bench.asked() == 401
    good = line(bench.last_response[WWW_AUTHENTICATE][0], "SUBSCRIBE")
    subscription = bench.active(600, "door", good)
    assert bench.notifies
    assert str(bench.notifies[-1].uri) == "sip:alice@192.0.2.2:5060"
    bench.drain()
    victim = "<sip:victim@192.0.2.3:5060>"
    assert bench.asked(600, "door", good, contact=victim, from_="<sip:alice@192.0.2.2>;tag=copy", call_id="copy") == 401
    assert bench.last_response[WWW_AUTHENTICATE][0].stale
    assert bench.endpoint.peer_subscriptions == [subscription]
    assert not bench.notifies


@pytest.mark.rfc("6665 4.2.1.3", "6665-10")
def test_it_is_refused() -> None:
    """The application says why; there has been no subscription."""
    bench = Notifying()
    subscription = bench.wanted()
    bench.take(subscription.reject(603, reason="No", headers=[("Warning", '399 us "No"')], now=bench.now))
    assert (bench.statuses, bench.last_response.reason, bench.methods) == ([603], "No", [])
    assert (ends(bench), subscription.state, bench.endpoint.peer_subscriptions) == (["rejected"], "terminated", [])
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("6665 4.2.1.3", "6665 4.2.2", "6665-13")
def test_somebody_is_to_be_asked() -> None:
    """It is pending, which NOTIFY says at once and at each refresh, until it is granted: then that is told as well."""
    bench = Notifying()
    subscription = bench.wanted()
    bench.take(subscription.pending(b"no comment", TEXT, now=bench.now))
    assert (bench.statuses, subscription.state) == ([200], "pending")
    bench.answer()
    bench.wait(100)
    bench.again(subscription, 500)
    bench.answer()
    bench.wait(100)
    bench.take(subscription.accept(OPEN, TEXT, now=bench.now))
    assert bench.states == ["pending;expires=600", "pending;expires=500", "active;expires=400"]
    assert bench.bodies == [b"no comment", b"no comment", OPEN]
    assert (bench.statuses, subscription.state) == ([200, 200], "active")


@pytest.mark.rfc("6665 4.2.1.3", "6665 4.1.3", "6665-08")
def test_it_is_refused_later() -> None:
    """A pending subscription that nobody grants is terminated, which shows no state."""
    bench = Notifying()
    subscription = bench.wanted()
    bench.take(subscription.pending(now=bench.now))
    bench.answer()
    bench.take(subscription.terminate("rejected", now=bench.now))
    assert bench.states == ["pending;expires=600", "terminated;reason=rejected"]
    assert bench.bodies == [b"", b""]
    bench.answer()
    assert (ends(bench), bench.endpoint.peer_subscriptions) == (["terminated"], [])


@pytest.mark.rfc("6665 4.2.1.1", "6665-06")
def test_nobody_decides() -> None:
    """A SUBSCRIBE does not wait for a user: after 4 s it is accepted, and its subscription is pending."""
    bench = Notifying()
    subscription = bench.wanted()
    bench.wait(3.9)
    assert (bench.statuses, bench.methods) == ([100], [])
    bench.wait(0.1)
    assert (bench.statuses, bench.states, subscription.state) == ([100, 200], ["pending;expires=600"], "pending")


@pytest.mark.rfc("6665 4.2.1.1", "6665 4.4.3")
def test_nobody_decides_on_a_fetch() -> None:
    """It is accepted as well, and shows nothing."""
    bench = Notifying()
    bench.wanted(0)
    bench.wait(4)
    assert (bench.statuses, bench.states, bench.bodies) == ([100, 200], ["terminated;reason=timeout"], [b""])
    assert ends(bench) == ["fetched"]


@pytest.mark.rfc("6665 4.2.1.3", "6665 4.4.3", "6665-15")
def test_a_fetch_that_somebody_is_to_be_asked_of() -> None:
    """Its one NOTIFY tells what everybody may know."""
    bench = Notifying()
    bench.take(bench.wanted(0).pending(b"no comment", TEXT, now=bench.now))
    assert (bench.statuses, bench.states, bench.bodies) == ([200], ["terminated;reason=timeout"], [b"no comment"])


# -------------------------------------------------------------------- and again


@pytest.mark.rfc("6665 4.2.1.2", "6665 4.2.1.4", "6665-11", "6665-01")
def test_a_refresh() -> None:
    """It gets a 200, and the state at once; the subscription lasts anew, no longer than asked."""
    bench = Notifying()
    subscription = bench.active(600)
    bench.wait(500)
    assert bench.again(subscription, 700, "Contact: <sip:alice@192.0.2.7>", contact=None) == 200
    assert bench.last_response.lines_of("Expires") == ("700",)
    assert (bench.states, bench.bodies) == (["active;expires=600", "active;expires=700"], [OPEN, OPEN])
    # "SUBSCRIBE requests are target refresh requests, as that term is defined in [RFC3261]." (RFC 6665 3.1)
    assert str(bench.notify.uri) == "sip:alice@192.0.2.7"
    bench.answer()
    bench.wait(699)
    assert not ends(bench)
    bench.wait(1)
    assert ends(bench) == ["expired"]


@pytest.mark.rfc("6665 4.2.1.4", "6665 4.4.3", "6665-11", "6665-15")
def test_the_peer_unsubscribes() -> None:
    """It gets a 200, and one NOTIFY more, which says that it is over and how things stand."""
    bench = Notifying()
    subscription = bench.active()
    assert bench.again(subscription, 0) == 200
    assert bench.last_response.lines_of("Expires") == ("0",)
    assert (bench.states[1:], bench.bodies[1:]) == (["terminated;reason=timeout"], [OPEN])
    (ended,) = bench.told(PeerSubscriptionEnded)
    assert (ended.reason, ended.message.method) == ("unsubscribed", "SUBSCRIBE")
    assert bench.endpoint.peer_subscriptions == [subscription]
    assert bench.again(subscription, 600) == 481
    assert bench.again(subscription, 0) == 481
    bench.answer()
    assert bench.endpoint.peer_subscriptions == []
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("6665 4.4.3", "6665-15")
def test_a_fetch() -> None:
    """It gets a 200, and one NOTIFY with the state, which is the last."""
    bench = Notifying()
    bench.take(bench.wanted(0).accept(OPEN, TEXT, now=bench.now))
    assert (bench.statuses, bench.last_response.header("Expires")) == ([200], "0")
    assert (bench.states, bench.bodies, ends(bench)) == (["terminated;reason=timeout"], [OPEN], ["fetched"])


@pytest.mark.rfc("6665 4.2.1.4", "6665-12")
def test_nobody_refreshes_it() -> None:
    """When it runs out, that is told by NOTIFY; should that get no answer, nothing more comes."""
    bench = Notifying()
    bench.active(600)
    bench.wait(599)
    assert bench.states == ["active;expires=600"]
    bench.wait(1)
    assert bench.states[1:] == ["terminated;reason=timeout"]
    assert ends(bench) == ["expired"]
    bench.wait(40)
    assert bench.endpoint.peer_subscriptions == []
    assert len(bench.notifies) == 2


@pytest.mark.rfc("6665 4.2.2", "6665-13")
def test_how_long_it_still_lasts() -> None:
    """Each NOTIFY says it, and never more than was granted."""
    bench = Notifying(now=1000.1)
    subscription = bench.active(600)
    for waited in (0, 0.4, 99.6):
        bench.wait(waited)
        bench.take(subscription.notify(CLOSED, TEXT, now=bench.now))
        bench.answer()
    assert bench.states == [f"active;expires={left}" for left in (600, 600, 599, 500)]


@pytest.mark.rfc("6665 4.2.2", "6665 4.1.3", "6665-13", "6665-23")
@pytest.mark.parametrize(
    ("reason", "wait", "state"),
    [
        ("deactivated", None, "terminated;reason=deactivated"),
        ("probation", 60, "terminated;reason=probation;retry-after=60"),
        ("noresource", None, "terminated;reason=noresource"),
    ],
)
def test_we_end_it(reason: str, wait: int | None, state: str) -> None:
    """The last NOTIFY says why, and when the peer may subscribe again."""
    bench = Notifying()
    subscription = bench.active()
    bench.take(subscription.terminate(reason, retry_after_s=wait, body=CLOSED, content_type=TEXT, now=bench.now))
    assert (bench.states[1:], bench.bodies[1:], ends(bench)) == ([state], [CLOSED], ["terminated"])


# -------------------------------------------------------------------- what a NOTIFY comes to


@pytest.mark.rfc("6665 4.2.2", "5057 5.1", "6665-14")
@pytest.mark.parametrize("status", [404, 405, 408, 410, 416, *range(480, 486), 489, 501, 604])
def test_a_notify_that_ends_it(status: int) -> None:
    """Some responses to a NOTIFY say that nobody is there any more: nothing else is sent."""
    bench = Notifying()
    subscription = bench.active()
    bench.take(subscription.notify(CLOSED, TEXT, now=bench.now))
    bench.answer(status)
    assert (ends(bench), subscription.state, bench.endpoint.peer_subscriptions) == (["refused"], "terminated", [])
    assert bench.again(subscription) == 481
    bench.quiet()
    assert (len(bench.notifies), bench.left()) == (2, {})


@pytest.mark.rfc("6665 4.2.2", "6665-14")
@pytest.mark.parametrize("status", [400, 403, 486, 500, 503, 600, 603])
def test_a_notify_that_is_refused(status: int) -> None:
    """Other responses leave the subscription as it was; the application is told."""
    bench = Notifying()
    subscription = bench.active()
    bench.take(subscription.notify(CLOSED, TEXT, now=bench.now))
    bench.answer(status)
    (refused,) = bench.told(NotificationRefused)
    assert (refused.subscription, refused.status, refused.response.status) == (subscription, status, status)
    bench.take(subscription.notify(AJAR, TEXT, now=bench.now))
    assert (bench.bodies, ends(bench)) == ([OPEN, CLOSED, AJAR], [])


@pytest.mark.rfc("6665 4.2.2", "6665-14")
def test_a_notify_without_answer() -> None:
    """Timer F ends the subscription."""
    bench = Notifying()
    subscription = bench.active()
    bench.take(subscription.notify(CLOSED, TEXT, now=bench.now))
    bench.wait(31.9)
    assert subscription.state == "active"
    bench.wait(0.1)
    assert (ends(bench), subscription.state, len(bench.notifies)) == (["not-answered"], "terminated", 2)


@pytest.mark.rfc("6665 3.2", "6665 4.2.2")
def test_the_answer_names_another_contact() -> None:
    """NOTIFY is a target refresh request: the next one goes where the 2xx says."""
    bench = Notifying()
    subscription = bench.active()
    bench.take(subscription.notify(CLOSED, TEXT, now=bench.now))
    bench.answer(headers=["Contact: <sip:alice@192.0.2.8>"])
    bench.take(subscription.notify(AJAR, TEXT, now=bench.now))
    assert str(bench.notify.uri) == "sip:alice@192.0.2.8"


# -------------------------------------------------------------------- many changes


@pytest.mark.rfc("6665 4.2.2")
def test_the_latest_state_alone() -> None:
    """While a NOTIFY is under way, of the states that follow only the last is told."""
    bench = Notifying()
    subscription = bench.active()
    for body in (CLOSED, OPEN, AJAR):
        bench.take(subscription.notify(body, TEXT, now=bench.now))
    assert bench.bodies == [OPEN, CLOSED]
    bench.answer()
    assert bench.bodies == [OPEN, CLOSED, AJAR]
    bench.answer()
    assert subscription.given == 4
    assert len(bench.notifies) == 3


@pytest.mark.rfc("6665 5.3.2", "6665-21")
def test_changes_are_all_told() -> None:
    """Those that are told as changes go one after the other, in their order, and none is left out."""
    bench = Notifying()
    subscription = bench.active()
    for n in range(5):
        bench.take(subscription.notify(b"%d" % n, TEXT, partial=True, now=bench.now))
    for _ in range(5):
        bench.answer()
    assert bench.bodies == [OPEN, b"0", b"1", b"2", b"3", b"4"]
    assert [notify.cseq.number - bench.notifies[0].cseq.number for notify in bench.notifies] == [*range(6)]


@pytest.mark.rfc("6665 5.3.2", "6665 4.2.1.2", "6665-11")
def test_a_refresh_where_changes_have_been_told() -> None:
    """Only the application knows the whole state then: it is asked for it, and that is told at once."""
    bench = Notifying()
    subscription = bench.active()
    bench.take(subscription.notify(b"+1", TEXT, partial=True, now=bench.now))
    bench.answer()
    assert bench.again(subscription) == 200
    (wanted,) = bench.told(StateWanted)
    assert (wanted.subscription, len(bench.notifies)) == (subscription, 2)
    bench.take(subscription.notify(b"+2", TEXT, partial=True, now=bench.now))
    assert len(bench.notifies) == 2
    bench.take(subscription.notify(AJAR, TEXT, now=bench.now))
    assert bench.bodies == [OPEN, b"+1", AJAR]
    bench.answer()
    bench.again(subscription)
    assert (bench.bodies[3:], len(bench.told(StateWanted))) == ([AJAR], 1)


@pytest.mark.rfc("6665 4.2.1.2", "6665-11")
def test_an_application_that_does_not_tell() -> None:
    """A NOTIFY goes out all the same, half a second later and without a state."""
    bench = Notifying()
    subscription = bench.active()
    bench.take(subscription.notify(b"+1", TEXT, partial=True, now=bench.now))
    bench.answer()
    bench.again(subscription)
    bench.wait(0.5)
    assert bench.bodies == [OPEN, b"+1", b""]
    bench.answer()
    bench.again(subscription)
    assert len(bench.told(StateWanted)) == 2


@pytest.mark.rfc("6665 4.2.1.2")
def test_a_refresh_while_a_change_is_under_way() -> None:
    """The whole state follows when that has been answered, be it told before or not at all."""
    bench = Notifying()
    subscription = bench.active()
    for told in (True, False):
        bench.take(subscription.notify(b"+1", TEXT, partial=True, now=bench.now))
        before = len(bench.notifies)
        bench.again(subscription)
        bench.again(subscription)
        if told:
            bench.take(subscription.notify(AJAR, TEXT, now=bench.now))
        else:
            bench.wait(0.5)
        assert len(bench.notifies) == before
        bench.answer()
        assert bench.bodies[before:] == [AJAR if told else b""]
        bench.answer()
    assert len(bench.told(StateWanted)) == 2


@pytest.mark.rfc("6665 4.2.1.2")
@pytest.mark.parametrize("status", [200, 500])
def test_the_answer_comes_before_the_state(status: int) -> None:
    """A NOTIFY has its end while the application has not told the whole state yet."""
    bench = Notifying()
    subscription = bench.active()
    bench.take(subscription.notify(b"+1", TEXT, partial=True, now=bench.now))
    bench.again(subscription)
    bench.answer(status)
    assert len(bench.notifies) == 2
    bench.take(subscription.notify(AJAR, TEXT, now=bench.now))
    assert bench.bodies == [OPEN, b"+1", AJAR]


@pytest.mark.rfc("6665 5.3.2")
def test_too_many_changes() -> None:
    """When more wait than may, they are dropped, and the whole state is asked for."""
    bench = Notifying(limits=Limits(waiting_changes=2))
    subscription = bench.active()
    for n in range(4):
        bench.take(subscription.notify(b"%d" % n, TEXT, partial=True, now=bench.now))
    assert len(bench.told(StateWanted)) == 1
    bench.take(subscription.notify(AJAR, TEXT, now=bench.now))
    bench.answer()
    assert bench.bodies == [OPEN, b"0", AJAR]


@pytest.mark.rfc("6665 5.3.2")
def test_a_change_that_is_refused_leaves_no_gap() -> None:
    """Those that wait behind it are dropped, and the whole state is asked for, unless that waits already."""
    bench = Notifying()
    subscription = bench.active()
    for body in (b"+1", b"+2", b"+3"):
        bench.take(subscription.notify(body, TEXT, partial=True, now=bench.now))
    bench.answer(500)
    assert (len(bench.told(NotificationRefused)), len(bench.told(StateWanted))) == (1, 1)
    bench.take(subscription.notify(AJAR, TEXT, now=bench.now))
    bench.answer()
    assert bench.bodies == [OPEN, b"+1", AJAR]
    bench.take(subscription.notify(b"+4", TEXT, partial=True, now=bench.now))
    bench.take(subscription.notify(CLOSED, TEXT, now=bench.now))
    bench.take(subscription.notify(b"+5", TEXT, partial=True, now=bench.now))
    bench.answer(500)
    bench.answer()
    assert bench.bodies[3:] == [b"+4", CLOSED, b"+5"]
    bench.answer(500)
    assert len(bench.told(StateWanted)) == 2
    bench.take(subscription.notify(OPEN, TEXT, now=bench.now))
    bench.answer(500)
    assert (bench.bodies[6:], len(bench.told(StateWanted))) == ([OPEN], 2)


@pytest.mark.rfc("3261 12.2.2", "6665 4.2.2")
def test_a_notify_that_was_overtaken() -> None:
    """It gets 500 for its CSeq, and is sent once more with another; then that is told, as where a time is named."""
    bench = Notifying()
    doors = bench.active()
    window = two_in_a_dialog(bench, doors)

    def overtaken() -> Request:
        bench.take(doors.notify(b"+1", TEXT, partial=True, now=bench.now))
        before = bench.notify
        bench.take(window.notify(AJAR, TEXT, now=bench.now))
        bench.answer()
        return before

    first = overtaken()
    bench.answer(500, first)
    assert (bench.notify.body, bench.notify.cseq.number) == (b"+1", first.cseq.number + 2)
    bench.answer()
    bench.answer(500, overtaken(), headers=["Retry-After: 5"])
    assert (bench.bodies.count(b"+1"), len(bench.told(NotificationRefused))) == (3, 1)
    bench.take(doors.notify(OPEN, TEXT, now=bench.now))
    bench.answer()
    bench.answer(500, overtaken())
    again = bench.notify
    bench.take(window.notify(CLOSED, TEXT, now=bench.now))
    bench.answer(500, again)
    assert (bench.bodies.count(b"+1"), len(bench.told(NotificationRefused))) == (5, 2)


@pytest.mark.rfc("3261 12.2.2", "6665 4.2.2")
def test_a_last_notify_that_was_overtaken() -> None:
    """It is sent once more: its subscriber would wait for it until his time is over."""
    bench = Notifying()
    doors = bench.active()
    window = two_in_a_dialog(bench, doors)
    bench.take(doors.terminate("noresource", now=bench.now))
    last = bench.notify
    for _ in range(2):
        bench.take(window.notify(AJAR, TEXT, now=bench.now))
        bench.answer()
        bench.answer(500, last)
        last = bench.notify
    assert bench.states.count("terminated;reason=noresource") == 2
    assert doors not in bench.endpoint.peer_subscriptions


def two_in_a_dialog(bench: Notifying, doors: PeerSubscription) -> PeerSubscription:
    """A second subscription in the dialog of the first."""
    assert bench.again(doors, event="window") is None
    window: PeerSubscription = bench.told(SubscriptionRequested)[-1].subscription
    bench.take(window.accept(OPEN, TEXT, now=bench.now))
    bench.answer()
    return window


@pytest.mark.rfc("6665 4.2.2")
def test_a_whole_state_after_changes() -> None:
    """It holds the changes that wait."""
    bench = Notifying()
    subscription = bench.active()
    for body, partial in ((b"1", True), (b"2", True), (AJAR, False)):
        bench.take(subscription.notify(body, TEXT, partial=partial, now=bench.now))
    bench.answer()
    assert bench.bodies == [OPEN, b"1", AJAR]


# -------------------------------------------------------------------- their rate

PIDF = "application/pidf+xml"


def fast() -> tuple[Notifying, PeerSubscription]:
    """A subscription to presence, which may be told every five seconds, and has just been told."""
    bench = Notifying()
    subscription = bench.wanted(600, "presence")
    bench.take(subscription.accept(b"0", now=bench.now))
    return bench, subscription


@pytest.mark.rfc("6665 5.4.10", "3856 6.10")
@pytest.mark.parametrize("status", [200, 500])
def test_none_too_soon(status: int) -> None:
    """What changes within the interval is told when it is over, and only the last of it."""
    bench, subscription = fast()
    bench.wait(1)
    bench.answer(status)
    bench.wait(1)
    for body in (b"1", b"2"):
        bench.take(subscription.notify(body, now=bench.now))
    bench.wait(2.9)
    assert bench.bodies == [b"0"]
    bench.wait(0.1)
    assert (bench.bodies, bench.notify.header("Content-Type")) == ([b"0", b"2"], PIDF)


@pytest.mark.rfc("6665 5.4.10")
def test_nothing_has_changed_in_the_interval() -> None:
    """Then the next change is told at once; so it is where the answer came late."""
    bench, subscription = fast()
    bench.answer()
    bench.wait(5)
    bench.take(subscription.notify(b"1", now=bench.now))
    assert bench.bodies == [b"0", b"1"]
    bench.wait(6)
    bench.take(subscription.notify(b"2", now=bench.now))
    assert bench.bodies == [b"0", b"1"]
    bench.answer()
    assert bench.bodies == [b"0", b"1", b"2"]
    bench.wait(6)
    bench.answer(500)
    bench.take(subscription.notify(b"3", now=bench.now))
    bench.wait(6)
    bench.take(subscription.notify(b"4", now=bench.now))
    bench.answer(500)
    assert bench.bodies == [b"0", b"1", b"2", b"3", b"4"]


@pytest.mark.rfc("6665 5.4.10")
@pytest.mark.parametrize("status", [200, 500])
def test_the_interval_is_not_over_when_the_answer_comes(status: int) -> None:
    """What waits for the answer waits for that as well."""
    bench, subscription = fast()
    bench.take(subscription.notify(b"1", now=bench.now))
    bench.wait(1)
    bench.answer(status)
    bench.wait(3.9)
    assert bench.bodies == [b"0"]
    bench.wait(0.1)
    assert bench.bodies == [b"0", b"1"]


@pytest.mark.rfc("6665 4.2.1.2", "6665 5.4.10", "6665-11")
@pytest.mark.parametrize("waits", [False, True])
def test_a_refresh_within_the_interval(waits: bool) -> None:
    """It is told at once how things stand now; the interval begins anew."""
    bench, subscription = fast()
    bench.answer()
    bench.wait(4)
    if waits:
        bench.take(subscription.notify(b"1", now=bench.now))
    assert bench.again(subscription) == 200
    now = b"1" if waits else b"0"
    assert bench.bodies == [b"0", now]
    bench.answer()
    bench.take(subscription.notify(b"2", now=bench.now))
    bench.wait(4.9)
    assert bench.bodies == [b"0", now]
    bench.wait(0.1)
    assert bench.bodies == [b"0", now, b"2"]


@pytest.mark.rfc("6665 4.2.1.2", "6665-11")
def test_a_refresh_while_a_notify_is_under_way() -> None:
    """The state follows as soon as that is answered, whatever the interval."""
    bench, subscription = fast()
    assert bench.again(subscription) == 200
    assert bench.bodies == [b"0"]
    bench.answer()
    assert bench.bodies == [b"0", b"0"]


@pytest.mark.rfc("6665 5.4.10", "6665 5.3.2")
def test_changes_within_the_interval() -> None:
    """They go one in each interval; too many of them, and the whole state is asked for; a refresh asks for it too."""
    bench = Notifying(limits=Limits(waiting_changes=2))
    subscription = bench.wanted(600, "dialog", "Accept: */*")
    bench.take(subscription.accept(b"0", TEXT, now=bench.now))
    for body in (b"1", b"2"):
        bench.take(subscription.notify(body, TEXT, partial=True, now=bench.now))
    bench.answer()
    bench.wait(1)
    bench.answer()
    bench.wait(1)
    bench.answer()
    assert bench.bodies == [b"0", b"1", b"2"]
    for body in (b"3", b"4", b"5"):
        assert not bench.told(StateWanted)
        bench.take(subscription.notify(body, TEXT, partial=True, now=bench.now))
    assert len(bench.told(StateWanted)) == 1
    bench.take(subscription.notify(b"5 in all", TEXT, now=bench.now))
    bench.answer()
    bench.take(subscription.notify(b"6", TEXT, partial=True, now=bench.now))
    bench.again(subscription)
    assert len(bench.told(StateWanted)) == 2
    bench.take(subscription.notify(b"6 in all", TEXT, now=bench.now))
    assert bench.bodies[3:] == [b"5 in all", b"6 in all"]


@pytest.mark.rfc("6665 4.2.1.4", "6665-12", "6665-15")
@pytest.mark.parametrize("status", [200, 500, 481, None])
def test_the_end_while_a_notify_is_under_way(status: int | None) -> None:
    """The last one follows when that is answered, unless the peer is not there any more."""
    bench = Notifying()
    subscription = bench.active()
    bench.take(subscription.notify(CLOSED, TEXT, now=bench.now))
    bench.take(subscription.notify(AJAR, TEXT, now=bench.now))
    bench.again(subscription, 0)
    assert bench.bodies == [OPEN, CLOSED]
    if status is None:
        bench.wait(32)
    else:
        bench.answer(status)
    gone = status in (481, None)
    assert bench.states[2:] == ([] if gone else ["terminated;reason=timeout"])
    assert bench.bodies[2:] == ([] if gone else [AJAR])
    assert ends(bench) == ["unsubscribed"]
    assert bench.endpoint.peer_subscriptions == ([] if gone else [subscription])
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("6665 4.4.1")
@pytest.mark.parametrize("status", [200, 481, 500])
def test_the_last_answer(status: int) -> None:
    """Whatever it is, nothing is left then."""
    bench = Notifying()
    bench.take(bench.wanted(0).accept(OPEN, TEXT, now=bench.now))
    bench.answer(status)
    assert (bench.endpoint.peer_subscriptions, bench.told(NotificationRefused)) == ([], [])
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("6665 4.2.1.4")
def test_the_end_within_the_interval() -> None:
    """The last NOTIFY does not wait for it, and holds what waited, where that is all of the state."""
    for partial in (False, True):
        bench, subscription = fast()
        bench.answer()
        bench.take(subscription.notify(b"1", partial=partial, now=bench.now))
        bench.again(subscription, 0)
        assert bench.bodies == [b"0", b"" if partial else b"1"]


# -------------------------------------------------------------------- dialogs


@pytest.mark.rfc("6665 4.5.2", "6665-18")
def test_the_id_is_told_again() -> None:
    """A NOTIFY has the `id` of its SUBSCRIBE, and a refresh must have it."""
    bench = Notifying()
    subscription = bench.active(600, "door;id=front;x=1")
    assert (subscription.event, subscription.id) == ("door", "front")
    assert bench.notify.header("Event") == "door;id=front"
    assert bench.again(subscription, event="door;id=front;y") == 200
    assert bench.notify.header("Event") == "door;id=front"
    bench.active(600, 'door;id="the back"', call_id="other")
    assert bench.notify.header("Event") == 'door;id="the back"'


@pytest.mark.rfc("6665 4.5.2", "6665-16", "6665-18")
def test_two_in_a_dialog() -> None:
    """Another event or `id` is another subscription; each ends by itself, and the dialog with the last."""
    bench = Notifying()
    first = bench.active(600, "door;id=1")
    second = bench.active(600, "door;id=2", to=first.dialog.local)
    third = bench.active(600, "window", to=first.dialog.local)
    assert first.dialog is second.dialog is third.dialog
    assert [notify.header("Event") for notify in bench.notifies] == ["door;id=1", "door;id=2", "window"]
    assert bench.again(first, 0, event="door;id=1") == 200
    bench.answer()
    assert bench.endpoint.peer_subscriptions == [second, third]
    bench.take(second.notify(CLOSED, TEXT, now=bench.now))
    bench.answer(481)
    assert third.state == "active"
    assert bench.again(third, 0) == 200
    bench.answer()
    assert bench.again(third) == 481
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("6665 4.5.2", "5057 4.2", "6665-16")
@pytest.mark.parametrize("first", ["call", "subscription"])
def test_within_a_call(first: str) -> None:
    """A subscription in the dialog of a call lives by itself: BYE leaves it there, and its end leaves the call."""
    bench = Notifying()
    call = bench.acked()
    bench.cseq = 1
    subscription = bench.active(600, "door", to=call.here.dialog.local, call_id=call.call_id)
    assert subscription.dialog is call.here.dialog
    if first == "call":
        bench.cseq += 1
        bench.receive(bench.in_dialog("BYE", bench.cseq, call))
        assert (bench.statuses[-1], call.state) == (200, "ended")
        bench.take(subscription.notify(CLOSED, TEXT, now=bench.now))
        bench.answer()
        assert bench.again(subscription, 600) == 200
        bench.answer()
    assert bench.again(subscription, 0) == 200
    bench.answer()
    assert bench.endpoint.peer_subscriptions == []
    if first == "subscription":
        assert call.state == "established"
        bench.cseq += 1
        bench.receive(bench.in_dialog("BYE", bench.cseq, call))
        assert (bench.statuses[-1], call.state) == (200, "ended")
    bench.cseq += 1
    bench.receive(bench.in_dialog("OPTIONS", bench.cseq, call))
    assert bench.statuses[-1] == 481
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("6665 4.5.2")
def test_within_an_early_dialog() -> None:
    """It is not shared: 403 says so."""
    bench = Notifying()
    call = bench.incoming()
    bench.take(call.ring(now=bench.now))
    bench.cseq = 1
    assert bench.asked(to=call.here.dialog.local, call_id=call.call_id) == 403
    assert "Not Shared" in bench.last_response.reason


@pytest.mark.rfc("6665 4.2.1.1")
@pytest.mark.parametrize("expires", [600, 0])
def test_again_before_it_was_granted(expires: int) -> None:
    """A further SUBSCRIBE gets 500 while the first is unanswered; that can only be in the dialog of a call."""
    bench = Notifying()
    call = bench.acked()
    bench.cseq = 1
    subscription = bench.wanted(to=call.here.dialog.local, call_id=call.call_id)
    assert bench.again(subscription, expires, call_id=call.call_id) == 500
    bench.take(subscription.accept(now=bench.now))
    assert bench.statuses[-1] == 200


@pytest.mark.rfc("3261 12.2.2", "6665-06")
def test_out_of_order() -> None:
    """A SUBSCRIBE with a number that is not higher than the last one's gets 500, one of no dialog 481."""
    bench = Notifying()
    subscription = bench.active()
    bench.cseq -= 1
    assert bench.again(subscription, branch="z9hG4bKother", from_=subscription.dialog.remote + ";x") == 500
    assert bench.asked(to="<sip:bob@192.0.2.1>;tag=nobody") == 481


@pytest.mark.rfc("6665 4.6", "6665-19")
def test_a_subscribe_cannot_be_cancelled() -> None:
    """CANCEL is answered, and has no effect."""
    bench = Notifying()
    subscription = bench.wanted(branch="z9hG4bKsame")
    bench.receive(bench.request("CANCEL", branch="z9hG4bKsame"))
    assert bench.statuses == [200]
    bench.take(subscription.accept(OPEN, TEXT, now=bench.now))
    assert (bench.statuses, bench.states) == ([200, 200], ["active;expires=600"])


@pytest.mark.rfc("3261 8.2.2.2")
def test_a_merged_subscribe() -> None:
    """One that has come by two ways makes one subscription."""
    bench = Notifying()
    bench.wanted()
    bench.cseq -= 1
    assert bench.asked() == 482
    assert len(bench.endpoint.peer_subscriptions) == 1


@pytest.mark.rfc("3261 17.2.2")
def test_a_repeat() -> None:
    """It gets the same answer, and brings no further NOTIFY."""
    bench = Notifying()
    subscription = bench.wanted(branch="z9hG4bKsame")
    bench.take(subscription.accept(OPEN, TEXT, now=bench.now))
    bench.cseq -= 1
    assert bench.asked(branch="z9hG4bKsame") == 200
    assert (bench.statuses, len(bench.notifies)) == ([200, 200], 1)


# -------------------------------------------------------------------- bounds, and what an application may not do


@pytest.mark.rfc("3261 21.5.4")
def test_as_many_as_there_may_be() -> None:
    """One more gets 503, and a refresh is taken."""
    bench = Notifying(limits=Limits(peer_subscriptions=1))
    subscription = bench.active()
    assert bench.asked(600, from_="<sip:carol@192.0.2.2>;tag=c", call_id="other") == 503
    assert bench.last_response.header("Retry-After") == "10"
    assert bench.again(subscription) == 200


@pytest.mark.rfc("6665 4.5.2")
def test_as_many_as_there_may_be_in_one_dialog() -> None:
    """One more there gets 503; in another dialog it is taken, as is a refresh."""
    bench = Notifying(limits=Limits(subscriptions_in_dialog=1))
    subscription = bench.active()
    assert bench.asked(600, "door;id=2", to=subscription.dialog.local, call_id=subscription.dialog.call_id) == 503
    assert bench.last_response.header("Retry-After") == "10"
    assert bench.again(subscription) == 200
    assert bench.asked(600, from_="<sip:carol@192.0.2.2>;tag=c", call_id="other") is None


@pytest.mark.rfc("6665 3.2.1")
@pytest.mark.parametrize(
    ("event", "accept", "kind", "takes"),
    [
        ("presence", None, None, True),
        ("presence", None, "application/pidf+xml; charset=utf-8", True),
        ("presence", None, TEXT, False),
        ("presence", "text/plain, application/pidf+xml;q=0", TEXT, True),
        ("presence", "text/plain, application/pidf+xml;q=0", None, False),
        ("presence", "text/*", "Text/html", True),
        ("presence", "*/*", TEXT, True),
        ("presence", "", None, False),
        ("door", None, TEXT, True),
        ("door", None, None, False),
        ("door", None, "text", False),
        ("door", "*/*", "text", False),
    ],
)
def test_the_type_of_a_body(event: str, accept: str | None, kind: str | None, takes: bool) -> None:
    """It is one that the subscriber accepts, or without Accept the one that the package has."""
    bench = Notifying()
    subscription = bench.wanted(600, event, *([] if accept is None else [f"Accept: {accept}"]))
    if takes:
        bench.take(subscription.accept(OPEN, kind, now=bench.now))
        assert bench.notify.header("Content-Type") == (kind or PIDF)
    else:
        with pytest.raises(LocalProtocolError):
            subscription.accept(OPEN, kind, now=bench.now)
        bench.take(subscription.accept(now=bench.now))
        assert bench.notify.header("Content-Type") is None


@pytest.mark.rfc("6665 4.2.2")
def test_what_is_forbidden_when() -> None:
    """Each command has its time; at another it raises, and changes nothing."""
    bench = Notifying()
    subscription = bench.wanted()
    commands: dict[str, Callable[[], Any]] = {
        "accept": lambda: subscription.accept(now=bench.now),
        "pending": lambda: subscription.pending(now=bench.now),
        "reject": lambda: subscription.reject(now=bench.now),
        "notify": lambda: subscription.notify(now=bench.now),
        "terminate": lambda: subscription.terminate("noresource", now=bench.now),
    }

    def forbidden(*names: str) -> None:
        for name in names:
            with pytest.raises(LocalProtocolError, match="in state"):
                commands[name]()

    forbidden("notify", "terminate")
    bench.take(commands["pending"]())
    forbidden("pending", "reject", "notify")
    bench.take(commands["accept"]())
    forbidden("pending", "reject", "accept")
    assert (subscription.state, len(bench.notifies)) == ("active", 1)
    bench.take(commands["terminate"]())
    forbidden(*commands)
    assert repr(subscription) == "<PeerSubscription of <sip:alice@192.0.2.2>;tag=theirs to door: terminated>"


@pytest.mark.rfc("6665 8.2", "3261 8.1.1")
def test_what_cannot_be_written() -> None:
    """A status that is none, a header of ours, a reason that is no token: nothing has changed then."""
    bench = Notifying()
    subscription = bench.wanted()
    now = bench.now
    refused: list[Callable[[], Any]] = [
        lambda: subscription.reject(200, now=now),
        lambda: subscription.reject(700, now=now),
        lambda: subscription.reject(reason="a\r\nb", now=now),
        lambda: subscription.reject(headers=[("Via", "x")], now=now),
        lambda: subscription.accept(headers=[("Expires", "9")], now=now),
        lambda: subscription.accept(headers=[("X", "a\r\nb")], now=now),
        lambda: subscription.accept(expires_s=-1, now=now),
        lambda: subscription.pending(expires_s=1.5, now=now),  # type: ignore[arg-type]
    ]
    for command in refused:
        with pytest.raises(LocalProtocolError):
            command()
    bench.take(subscription.accept(headers=[("X", "y")], now=now))
    assert bench.last_response.header("X") == "y"
    refused = [
        lambda: subscription.notify(headers=[("Event", "x")], now=now),
        lambda: subscription.notify(headers=[("Subscription-State", "x")], now=now),
        lambda: subscription.notify(headers=[("Require", "100rel")], now=now),
        lambda: subscription.notify(headers=[("X", "a\r\nb")], now=now),
        lambda: subscription.terminate("not a token", now=now),
        lambda: subscription.terminate("giveup", retry_after_s=-1, now=now),
    ]
    for command in refused:
        with pytest.raises(LocalProtocolError):
            command()
    assert (subscription.given, len(bench.notifies)) == (1, 1)
    bench.answer()
    bench.take(subscription.notify(headers=[("X", "y")], now=now))
    assert bench.notify.header("X") == "y"


@pytest.mark.rfc("3261 8.2.1", "6665 4.4.4")
def test_who_serves_no_package() -> None:
    """SUBSCRIBE gets 405 there, and Allow and Allow-Events tell so."""
    bench = Notifying(profile=Profile())
    assert bench.asked() == 405
    assert "SUBSCRIBE" not in (bench.last_response.header("Allow") or "")
    bench.receive(bench.request("OPTIONS"))
    assert not bench.last_response.has("Allow-Events")


# -------------------------------------------------------------------- in another process


def reborn(bench: Notifying) -> PeerSubscription:
    """The endpoint is saved and restored; returns its first subscription."""
    data = save(bench.endpoint)
    bench.endpoint = restore(data, ids=Ids(random.Random(2)))
    assert save(bench.endpoint) == data
    return bench.endpoint.peer_subscriptions[0]


def test_it_goes_on_elsewhere() -> None:
    """At every point of its life a subscription can be saved, and goes on as if nothing had been."""
    bench = Notifying()
    bench.wanted(600, "presence;id=1", "Accept: text/plain")
    bench.take(reborn(bench).pending(b"-", TEXT, now=bench.now))
    reborn(bench)
    bench.answer()
    bench.take(reborn(bench).accept(OPEN, TEXT, now=bench.now))
    bench.take(reborn(bench).notify(CLOSED, TEXT, headers=[("X", "y")], now=bench.now))
    reborn(bench)
    bench.answer()
    reborn(bench)
    bench.wait(5)
    assert (bench.bodies, bench.notify.header("X")) == ([b"-", OPEN, CLOSED], "y")
    bench.answer()
    bench.take(reborn(bench).notify(b"+1", TEXT, partial=True, now=bench.now))
    bench.again(reborn(bench), event="presence;id=1")
    assert len(bench.told(StateWanted)) == 1
    bench.take(reborn(bench).notify(AJAR, TEXT, now=bench.now))
    bench.take(reborn(bench).terminate("giveup", retry_after_s=9, body=OPEN, content_type=TEXT, now=bench.now))
    reborn(bench)
    bench.answer()
    reborn(bench)
    assert (bench.bodies[3:], bench.states[-1]) == ([AJAR, OPEN], "terminated;reason=giveup;retry-after=9")
    bench.answer()
    assert bench.endpoint.peer_subscriptions == []
    bench.quiet()
    assert bench.left() == {}


def test_the_names_are_stable() -> None:
    """Where a subscription stands, and why it is over: the texts are part of the interface."""
    assert [str(state) for state in PeerSubscriptionState] == ["asked", "pending", "active", "terminated"]
    assert [str(reason) for reason in PeerSubscriptionEndReason] == [
        "rejected",
        "fetched",
        "unsubscribed",
        "expired",
        "terminated",
        "refused",
        "not-answered",
    ]
