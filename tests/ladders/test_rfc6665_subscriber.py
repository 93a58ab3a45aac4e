"""A subscriber: SUBSCRIBE requests, the NOTIFY requests that make and end what they ask for (RFC 6665 4.1)."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest

from sipsm import (
    Ids,
    LocalProtocolError,
    NotifyReceived,
    Output,
    Policy,
    RefreshFailed,
    Resubscribing,
    SubscriptionActive,
    SubscriptionEnded,
    SubscriptionEndReason,
    SubscriptionForked,
    SubscriptionPending,
    SubscriptionStatus,
    restore,
    save,
)
from sipsm.packages import DialogInfo, merge
from sipsm.role import Limits, Profile
from tests.endpoint.by_hand import SDP2, T1
from tests.ladders.subscribing import Subscribing

TIMER_N = 64 * T1
ONCE = Policy(resubscribes=False)


def names(bench: Subscribing) -> list[str]:
    """The kinds of all that was told."""
    return [type(event).__name__ for event in bench.events]


# -------------------------------------------------------------------- it begins


@pytest.mark.rfc("6665 4.1.2.1", "6665 4.1.3", "6665 8.2.1", "6665-04", "6665-06")
def test_it_is_granted() -> None:
    """A SUBSCRIBE with Event and Expires, and by the first NOTIFY, which is answered at once, it is there."""
    bench = Subscribing()
    subscription = bench.subscribe("dialog", 600, accept=["text/plain"], headers=[("Subject", "x")])
    (subscribe,) = bench.subscribes
    assert str(subscribe.uri) == "sip:bob@192.0.2.2:5060"
    assert [subscribe.header(name) for name in ("Event", "Expires", "Accept", "Subject")] == [
        "dialog",
        "600",
        "text/plain",
        "x",
    ]
    assert subscribe.header("Contact") == "<sip:192.0.2.1:5060>"
    assert subscription.state is SubscriptionStatus.WAITING
    bench.answer(200, 600)
    assert (subscription.state, bench.events) == (SubscriptionStatus.WAITING, [])
    assert bench.notify(subscription, "active;expires=600", body=b"open") == 200
    assert names(bench) == ["SubscriptionActive", "NotifyReceived"]
    assert (subscription.state, subscription.event) == (SubscriptionStatus.ACTIVE, "dialog")
    assert bench.bodies == [b"open"]
    assert bench.endpoint.subscriptions == [subscription]


@pytest.mark.rfc("6665 4.1.2.4", "6665 4.4.1", "6665-04")
@pytest.mark.parametrize("answers", [True, False])
def test_the_notify_comes_first(answers: bool) -> None:
    """A NOTIFY before the 2xx makes the subscription, and goes on to when no 2xx comes at all."""
    bench = Subscribing()
    subscription = bench.subscribe()
    assert bench.notify(subscription, "active;expires=600") == 200
    assert subscription.state is SubscriptionStatus.ACTIVE
    if answers:
        bench.answer(200, 600)
    bench.wait(TIMER_N + 1)
    assert subscription.state is SubscriptionStatus.ACTIVE
    assert names(bench) == ["SubscriptionActive", "NotifyReceived"]
    bench.take(subscription.refresh(now=bench.now))
    assert bench.subscribes[-1].to_tag == "far"


@pytest.mark.rfc("6665 4.1.2.4", "6665 4.4.1", "6665-04")
def test_a_2xx_makes_nothing() -> None:
    """Not the 2xx makes the dialog: a NOTIFY with another From tag does, and its route and target are those."""
    bench = Subscribing()
    subscription = bench.subscribe()
    bench.answer(200, 600, "Record-Route: <sip:192.0.2.8;lr>", tag="elsewhere")
    bench.notify(
        subscription,
        "active",
        "Record-Route: <sip:192.0.2.2;lr>",
        "Record-Route: <sip:192.0.2.7;lr>",
        contact="<sip:device@192.0.2.6>",
    )
    assert bench.last_response.lines_of("Record-Route") == ("<sip:192.0.2.2;lr>", "<sip:192.0.2.7;lr>")
    bench.take(subscription.refresh(now=bench.now))
    refresh = bench.subscribes[-1]
    assert str(refresh.uri) == "sip:device@192.0.2.6"
    assert refresh.lines_of("Route") == ("<sip:192.0.2.2;lr>", "<sip:192.0.2.7;lr>")
    assert (refresh.to_tag, refresh.cseq.number) == ("far", bench.subscribes[0].cseq.number + 1)


@pytest.mark.rfc("6665 4.1.3")
def test_pending_and_then_active() -> None:
    """What is pending may become active; what is active does not become pending again."""
    bench = Subscribing()
    subscription = bench.subscribe()
    bench.answer()
    bench.notify(subscription, "pending;expires=600")
    assert subscription.state == "pending"
    bench.notify(subscription, "pending;expires=500")
    bench.notify(subscription, "active;expires=400")
    bench.notify(subscription, "pending;expires=300")
    assert subscription.state == "active"
    assert [type(each) for each in bench.events if not isinstance(each, NotifyReceived)] == [
        SubscriptionPending,
        SubscriptionActive,
    ]
    assert [each.state.expires_s for each in bench.told(NotifyReceived)] == [600, 500, 400, 300]


@pytest.mark.rfc("6665 4.1.3", "6665 8.4")
def test_a_state_that_an_extension_defines() -> None:
    """It is told, and the subscription is there, though nobody says that it is granted."""
    bench = Subscribing()
    subscription = bench.subscribe()
    assert bench.notify(subscription, "waiting") == 200
    assert subscription.state is SubscriptionStatus.PENDING
    assert bench.told(NotifyReceived)[0].state.state == "waiting"


@pytest.mark.rfc("6665 8.3.1", "6665-22")
def test_202_is_200() -> None:
    """A 202 says what a 200 does: the same happens, for as long as it says."""
    bench = Subscribing()
    subscription = bench.subscribe()
    bench.answer(202, 300)
    bench.notify(subscription, "active")
    assert (subscription.state, subscription.expires_s) == (SubscriptionStatus.ACTIVE, 300)


@pytest.mark.rfc("6665 5.4.4", "6665 4.1.2.1")
def test_how_long_where_nobody_says() -> None:
    """It is asked for as its package has it."""
    bench = Subscribing()
    bench.subscribe("reg", None)
    assert bench.subscribes[-1].header("Expires") == "3761"


# -------------------------------------------------------------------- it does not begin


@pytest.mark.rfc("6665 4.1.2.1", "6665-10")
@pytest.mark.parametrize("status", [403, 489, 503, 603])
def test_it_is_refused(status: int) -> None:
    """Then there is nothing, and a NOTIFY that comes all the same gets 481."""
    bench = Subscribing()
    subscription = bench.subscribe()
    bench.answer(status)
    (ended,) = bench.told(SubscriptionEnded)
    assert (ended.reason, ended.status) == (SubscriptionEndReason.REFUSED, status)
    assert bench.notify(subscription) == 481
    assert (subscription.state, bench.endpoint.subscriptions) == (SubscriptionStatus.TERMINATED, [])
    bench.quiet()
    assert len(bench.subscribes) == 1


@pytest.mark.rfc("6665 4.1.2.4", "6665-05")
def test_timer_n() -> None:
    """A SUBSCRIBE that is accepted, and for which no NOTIFY comes in 64*T1, has made nothing; later ones get 481."""
    bench = Subscribing()
    subscription = bench.subscribe()
    bench.answer()
    bench.wait(TIMER_N - 0.1)
    assert bench.ends == []
    bench.wait(0.2)
    assert bench.ends == ["no-notify"]
    assert bench.told(SubscriptionEnded)[0].status == 408
    assert bench.notify(subscription) == 481
    assert subscription.state is SubscriptionStatus.TERMINATED


@pytest.mark.rfc("6665 4.1.2.4", "3261 8.1.3.1")
def test_nobody_answers() -> None:
    """Silence ends it, as Timer F and Timer N have it."""
    bench = Subscribing()
    bench.subscribe()
    bench.wait(TIMER_N + 1)
    assert bench.told(SubscriptionEnded)[0].status == 408
    assert bench.endpoint.subscriptions == []


@pytest.mark.rfc("3261 8.1.3.1")
def test_it_cannot_be_sent() -> None:
    """Who cannot be reached has not accepted."""
    bench = Subscribing()
    bench.subscribe(target="sip:bob@nowhere.example.com")
    bench.looked_up()
    (ended,) = bench.told(SubscriptionEnded)
    assert (ended.reason, ended.status) == (SubscriptionEndReason.TRANSPORT_FAILED, 503)


@pytest.mark.rfc("6665 4.2.1.1", "3261 21.4.17", "6665-10")
def test_too_brief() -> None:
    """After a 423 the same is asked for once more, with the next number and for as long as the notifier wants.

    A refresh asks for as long.
    """
    bench = Subscribing()
    subscription = bench.subscribe("dialog", 60)
    bench.answer(423, None, "Min-Expires: 600")
    first, second = bench.subscribes
    assert (second.call_id, second.from_tag, second.to_tag) == (first.call_id, first.from_tag, None)
    assert (second.cseq.number, second.header("Expires")) == (first.cseq.number + 1, "600")
    bench.wait(TIMER_N - 1)
    bench.answer(200, 600)
    bench.notify(subscription, "active;expires=600")
    assert names(bench) == ["SubscriptionActive", "NotifyReceived"]
    bench.take(subscription.refresh(now=bench.now))
    assert bench.subscribes[-1].header("Expires") == "600"
    bench.answer(200, 600)
    bench.notify(subscription, "active;expires=600")
    bench.take(subscription.unsubscribe(now=bench.now))
    assert bench.subscribes[-1].cseq.number == first.cseq.number + 3


@pytest.mark.rfc("3261 21.4.17")
@pytest.mark.parametrize(
    ("more", "policy"),
    [([], None), (["Min-Expires: 60"], None), (["Min-Expires: 600"], Policy(corrects_refused=False))],
)
def test_too_brief_for_ever(more: list[str], policy: Policy | None) -> None:
    """A 423 that names nothing longer refuses, as does any where the policy is to leave it at that."""
    bench = Subscribing(policy=policy)
    bench.subscribe("dialog", 60)
    bench.answer(423, None, *more)
    assert (bench.ends, len(bench.subscribes)) == (["refused"], 1)


@pytest.mark.rfc("3261 21.4.17")
def test_a_little_more_each_time() -> None:
    """A notifier that never has enough is obeyed five times: another on the way may have a minimum of its own."""
    bench = Subscribing()
    bench.subscribe("dialog", 60)
    for more in range(1, 8):
        bench.answer(423, None, f"Min-Expires: {60 + more}")
    assert [each.header("Expires") for each in bench.subscribes] == ["60", "61", "62", "63", "64", "65"]
    assert bench.ends == ["refused"]


@pytest.mark.rfc("6665 4.1.3", "6665 4.4.1", "6665-06")
@pytest.mark.parametrize(
    "parts", [{"call_id": "other"}, {"to": "<sip:x@192.0.2.1>;tag=other"}, {"event": "refer"}, {"event": "dialog;id=1"}]
)
def test_a_notify_that_matches_nothing(parts: dict[str, Any]) -> None:
    """Its Call-ID, To tag and Event must be those of a SUBSCRIBE; else it gets 481."""
    bench = Subscribing()
    subscription = bench.subscribe()
    assert bench.notify(subscription, **parts) == 481
    assert bench.told(NotifyReceived) == []
    assert bench.notify(subscription) == 200
    assert bench.notify(subscription, **parts) == 481


@pytest.mark.rfc("6665 4.1.3", "6665 8.2.1", "6665 8.3.2", "6665-02")
@pytest.mark.parametrize("event", ["", "unheard-of"])
def test_a_notify_of_an_event_that_nobody_knows(event: str) -> None:
    """Without an Event, or with one that is not supported here, it gets 489 and is told what is."""
    bench = Subscribing(profile=Profile(event_packages=("door", "door.winfo")))
    subscription = bench.subscribe()
    for _ in range(2):
        assert bench.notify(subscription, event=event) == 489
        assert bench.last_response.lines_of("Allow-Events") == ("door",)
        assert bench.notify(subscription, event="door") == 481
        bench.notify(subscription)


@pytest.mark.rfc("6665 4.1.3", "6665 8.2.3")
@pytest.mark.parametrize("state", [None, "active;expires=soon"])
def test_a_notify_without_a_state(state: str | None) -> None:
    """It must have one that can be read: else it gets 400, and changes nothing."""
    bench = Subscribing()
    subscription = bench.subscribe()
    assert bench.notify(subscription, state) == 400
    assert subscription.state is SubscriptionStatus.WAITING
    bench.notify(subscription)
    assert bench.notify(subscription, state) == 400
    assert len(bench.told(NotifyReceived)) == 1


@pytest.mark.rfc("3261 12.2.2")
def test_a_notify_out_of_order() -> None:
    """Its number must be higher than that of the one before."""
    bench = Subscribing()
    subscription = bench.active()
    assert bench.notify(subscription, cseq=1) == 500
    assert bench.notify(subscription, cseq=7) == 200


@pytest.mark.rfc("6665 4.6", "3261 9.2", "6665-19")
def test_a_cancel_of_a_notify() -> None:
    """It is answered, and has no effect."""
    bench = Subscribing()
    subscription = bench.subscribe()
    bench.notify(subscription, "active", branch="z9hG4bKnote")
    bench.receive(bench.request("CANCEL", branch="z9hG4bKnote", cseq=1))
    assert bench.last_response.status == 200
    assert bench.last_response.cseq.method == "CANCEL"
    assert subscription.state is SubscriptionStatus.ACTIVE


# -------------------------------------------------------------------- it goes on


@pytest.mark.rfc("6665 4.1.2.2")
def test_it_is_refreshed_in_time() -> None:
    """Before it ends a SUBSCRIBE asks for more, with the same Event and Accept; and again and again."""
    bench = Subscribing()
    subscription = bench.active("dialog;id=7", 600, accept=["text/plain"], body=b"filter", content_type="text/plain")
    began = bench.now
    assert bench.subscribes[0].body == b"filter"
    for n in range(1, 4):
        bench.wait(480)
        assert len(bench.subscribes) == n + 1
        refresh = bench.subscribes[-1]
        assert [refresh.header(name) for name in ("Event", "Expires", "Accept")] == ["dialog;id=7", "600", "text/plain"]
        assert (refresh.to_tag, refresh.body) == ("far", b"")
        bench.answer()
        bench.notify(subscription, "active;expires=600")
    assert bench.now == began + 3 * 480
    numbers = [each.cseq.number for each in bench.subscribes]
    assert all(after == before + 1 for before, after in pairwise(numbers))
    assert bench.ends == []


@pytest.mark.rfc("6665 4.1.2.2")
def test_a_brief_one_is_refreshed_at_half_time() -> None:
    """Of a short duration half is left when more is asked for."""
    bench = Subscribing()
    bench.active("dialog", 60)
    bench.wait(29.9)
    assert len(bench.subscribes) == 1
    bench.wait(0.2)
    assert len(bench.subscribes) == 2


@pytest.mark.rfc("6665 4.1.3", "6665-07")
@pytest.mark.parametrize("first", ["2xx", "notify"])
def test_what_the_notify_says_wins(first: str) -> None:
    """The expires of Subscription-State counts, and not the Expires of the 2xx, whichever comes first."""
    bench = Subscribing()
    subscription = bench.subscribe("dialog", 600)
    if first == "2xx":
        bench.answer(200, 600)
        assert subscription.expires_s == 600
    bench.notify(subscription, "active;expires=100")
    if first == "notify":
        bench.answer(200, 600)
    assert subscription.expires_s == 100
    bench.wait(51)
    assert len(bench.subscribes) == 2


@pytest.mark.rfc("6665 4.1.2.1", "6665-01", "6665-07")
@pytest.mark.parametrize(("told", "lasts"), [(300, 300), (9000, 600), (None, 600)])
def test_how_long_by_the_2xx(told: int | None, lasts: int) -> None:
    """It may be shorter than was asked for, and not longer; where it says nothing, it is as asked."""
    bench = Subscribing()
    subscription = bench.subscribe("dialog", 600)
    bench.answer(200, told)
    bench.notify(subscription, "active")
    assert subscription.expires_s == lasts


@pytest.mark.rfc("6665 4.1.2.4", "6665 4.1.3")
def test_how_long_when_nobody_says() -> None:
    """A NOTIFY without expires, before any 2xx: it lasts as was asked; a later 2xx says it better."""
    bench = Subscribing()
    subscription = bench.subscribe("dialog", 600)
    bench.notify(subscription, "active")
    assert subscription.expires_s == 600
    bench.answer(200, 200)
    assert subscription.expires_s == 200


@pytest.mark.rfc("6665 4.1.2.2")
def test_it_runs_out() -> None:
    """Where no refresh is granted in time, it is over, though the notifier does not say so."""
    bench = Subscribing(policy=ONCE)
    subscription = bench.active("dialog", 600)
    for _ in range(3):
        bench.wait(40 if len(bench.subscribes) > 1 else 480)
        bench.answer(503)
    assert [each.status for each in bench.told(RefreshFailed)] == [503, 503, 503]
    assert subscription.state is SubscriptionStatus.ACTIVE
    bench.wait(40)
    assert bench.ends == ["expired"]
    assert bench.told(SubscriptionEnded)[0].status is None
    assert bench.notify(subscription) == 481


@pytest.mark.rfc("6665 4.1.2.2", "6665-03")
@pytest.mark.parametrize("status", [404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604])
def test_a_refresh_that_ends_it(status: int) -> None:
    """By these the notifier says that there is no such subscription: it is over at once."""
    bench = Subscribing(policy=ONCE)
    subscription = bench.active()
    bench.take(subscription.refresh(now=bench.now))
    bench.answer(status)
    (ended,) = bench.told(SubscriptionEnded)
    assert (ended.reason, ended.status) == (SubscriptionEndReason.LOST, status)
    assert bench.notify(subscription) == 481


@pytest.mark.rfc("6665 4.1.2.2", "6665-03")
@pytest.mark.parametrize("status", [400, 401, 403, 408, 423, 486, 500, 503, 603])
def test_a_refresh_that_fails(status: int) -> None:
    """Any other failure leaves it as it is, until it ends; the refresh is tried again before."""
    bench = Subscribing(policy=ONCE)
    subscription = bench.active()
    bench.take(subscription.refresh(now=bench.now))
    bench.answer(status)
    (failed,) = bench.told(RefreshFailed)
    assert (failed.status, subscription.state) == (status, SubscriptionStatus.ACTIVE)
    assert bench.notify(subscription) == 200
    bench.wait(TIMER_N + 1)
    assert (bench.ends, len(bench.subscribes)) == ([], 2)


@pytest.mark.rfc("6665 4.1.2.2", "6665-05")
def test_a_refresh_without_a_notify() -> None:
    """Timer N counts for each SUBSCRIBE: when no NOTIFY follows a refresh, the subscription is over."""
    bench = Subscribing(policy=ONCE)
    subscription = bench.active()
    bench.take(subscription.refresh(now=bench.now))
    bench.answer()
    bench.wait(TIMER_N - 0.1)
    assert bench.ends == []
    bench.wait(0.2)
    assert bench.ends == ["no-notify"]


@pytest.mark.rfc("6665 4.1.2.2", "5839 6.3")
def test_a_refresh_by_204() -> None:
    """A 204 says that no NOTIFY will come: Timer N is over, and the subscription is not."""
    bench = Subscribing(policy=ONCE)
    subscription = bench.active()
    bench.take(subscription.refresh(now=bench.now))
    bench.answer(204, 500)
    bench.wait(TIMER_N + 1)
    assert (bench.ends, subscription.expires_s) == ([], 500)


@pytest.mark.rfc("6665 4.1.2.4")
def test_what_made_it_is_forgotten() -> None:
    """When no further branch may notify, a subscription that goes on holds its SUBSCRIBE no more."""
    bench = Subscribing(policy=ONCE)
    subscription = bench.active()
    held = [subscription.attempt is not None]
    bench.wait(TIMER_N + 1)
    held.append(subscription.attempt is not None)
    assert (held, subscription.state, bench.ends) == ([True, False], "active", [])


@pytest.mark.rfc("6665 4.1.2.4")
def test_a_first_204() -> None:
    """What is not there yet cannot be unchanged: a NOTIFY must come."""
    bench = Subscribing(policy=ONCE)
    bench.subscribe()
    bench.answer(204)
    bench.wait(TIMER_N + 1)
    assert bench.ends == ["no-notify"]


@pytest.mark.rfc("6665 4.1.2.2", "3261 21.4.17")
def test_a_refresh_that_is_too_brief() -> None:
    """It is asked once more within the dialog, and later refreshes are as long."""
    bench = Subscribing()
    subscription = bench.active()
    bench.take(subscription.refresh(60, now=bench.now))
    bench.answer(423, None, "Min-Expires: 300")
    assert [each.header("Expires") for each in bench.subscribes] == ["600", "60", "300"]
    assert bench.subscribes[-1].to_tag == "far"
    bench.answer(200, 300)
    bench.notify(subscription, "active;expires=300")
    bench.wait(181)
    assert [each.header("Expires") for each in bench.subscribes] == ["600", "60", "300", "300"]
    assert bench.told(RefreshFailed) == []


@pytest.mark.rfc("3261 12.2.1.1", "6665 4.4.1")
def test_the_target_moves() -> None:
    """A NOTIFY and a 2xx may name another Contact: the next SUBSCRIBE goes there."""
    bench = Subscribing()
    subscription = bench.active()
    bench.notify(subscription, "active;expires=600", contact="<sip:bob@192.0.2.2:5070>")
    bench.take(subscription.refresh(now=bench.now))
    assert str(bench.subscribes[-1].uri) == "sip:bob@192.0.2.2:5070"
    bench.answer(200, 600, "Contact: <sip:bob@192.0.2.2:5080>")
    bench.notify(subscription, contact=None)
    bench.take(subscription.refresh(now=bench.now))
    assert str(bench.subscribes[-1].uri) == "sip:bob@192.0.2.2:5080"


@pytest.mark.rfc("6665 5.3.2", "6665 4.1.2.2", "6665-21")
def test_changes_were_missed() -> None:
    """Where a version is missing, a refresh has the full state told."""
    bench = Subscribing()
    subscription = bench.active()
    known: DialogInfo | None = None
    refreshes = []
    for version, state in ((0, "full"), (1, "partial"), (3, "partial"), (4, "full")):
        bench.notify(subscription, body=bytes(DialogInfo(version, "sip:bob@192.0.2.2", state)))
        news = bench.told(NotifyReceived)[-1].request.body
        merged = merge(known, DialogInfo.parse(news))
        known = merged.state
        refreshes.append(merged.refresh)
        if merged.refresh:
            bench.take(subscription.refresh(now=bench.now))
    assert refreshes == [False, False, True, False]
    assert [each.header("Expires") for each in bench.subscribes] == ["600", "600"]
    assert bench.subscribes[-1].to_tag == "far"


# -------------------------------------------------------------------- we end it


@pytest.mark.rfc("6665 4.1.2.3", "6665-15", "6665-11")
def test_we_unsubscribe() -> None:
    """A SUBSCRIBE with Expires 0; it is over with the NOTIFY that follows, which may have a state."""
    bench = Subscribing()
    subscription = bench.active()
    bench.take(subscription.unsubscribe(now=bench.now))
    assert bench.subscribes[-1].header("Expires") == "0"
    bench.answer(200, 0)
    assert bench.notify(subscription, "active;expires=500") == 200
    assert (subscription.state, bench.ends) == (SubscriptionStatus.ACTIVE, [])
    bench.wait(5)
    assert bench.notify(subscription, "terminated;reason=timeout", body=b"last") == 200
    assert (bench.ends, bench.bodies[-1]) == (["unsubscribed"], b"last")
    assert names(bench)[-2:] == ["NotifyReceived", "SubscriptionEnded"]
    assert bench.notify(subscription) == 481
    bench.wait(60)
    assert bench.left() == {}


@pytest.mark.rfc("6665 4.1.2.3", "6665-16")
@pytest.mark.parametrize("status", [200, 481, 503])
def test_we_unsubscribe_and_hear_nothing(status: int) -> None:
    """It is over for us when the notifier does not know it, or tells no more for 64*T1."""
    bench = Subscribing()
    subscription = bench.active()
    bench.take(subscription.unsubscribe(now=bench.now))
    bench.answer(status, 0)
    if status == 200:
        bench.wait(TIMER_N + 0.1)
    assert bench.ends == ["unsubscribed"]
    assert bench.notify(subscription) == 481


@pytest.mark.rfc("6665 4.1.2.3")
def test_it_ends_meanwhile() -> None:
    """What runs out while it is being ended is left to the last NOTIFY, or to Timer N."""
    bench = Subscribing()
    subscription = bench.active("dialog", 60)
    bench.wait(29)
    bench.take(subscription.unsubscribe(now=bench.now))
    bench.answer(200, 0)
    bench.wait(31.5)
    assert bench.ends == []
    bench.notify(subscription, "terminated;reason=timeout")
    assert bench.ends == ["unsubscribed"]


@pytest.mark.rfc("6665 4.1.2.3", "6665 4.4.1")
@pytest.mark.parametrize("first", ["2xx", "notify", "refusal"])
def test_we_unsubscribe_too_early(first: str) -> None:
    """Before the first NOTIFY there is no dialog to say it in: it is said as soon as nothing is under way."""
    bench = Subscribing()
    subscription = bench.subscribe()
    bench.take(subscription.unsubscribe(now=bench.now))
    assert len(bench.subscribes) == 1
    if first == "2xx":
        bench.answer()
    bench.notify(subscription, "active;expires=600")
    if first == "notify":
        bench.answer()
    if first == "refusal":
        bench.answer(503)
    assert [each.header("Expires") for each in bench.subscribes] == ["600", "0"]
    bench.answer(200, 0)
    bench.notify(subscription, "terminated;reason=timeout")
    assert bench.ends == ["unsubscribed"]


@pytest.mark.rfc("6665 4.1.2.3", "5839 6.3")
def test_we_unsubscribe_before_a_204() -> None:
    """A refresh that is under way comes first, also when it says that no NOTIFY will follow."""
    bench = Subscribing()
    subscription = bench.active()
    bench.take(subscription.refresh(now=bench.now))
    bench.take(subscription.unsubscribe(now=bench.now))
    bench.answer(204)
    assert [each.header("Expires") for each in bench.subscribes] == ["600", "600", "0"]


@pytest.mark.rfc("6665 4.1.2.3")
def test_it_is_refused_when_we_want_no_more() -> None:
    """What is refused and given up at once is over, once."""
    bench = Subscribing()
    subscription = bench.subscribe()
    bench.take(subscription.unsubscribe(now=bench.now))
    bench.answer(423, None, "Min-Expires: 6000")
    assert (bench.ends, len(bench.subscribes)) == (["refused"], 1)


@pytest.mark.rfc("6665 4.4.3", "6665 4.1.2.4", "6665-15")
def test_a_fetch() -> None:
    """Expires 0 has the state told once, by a NOTIFY that ends it; no dialog is left."""
    bench = Subscribing()
    subscription = bench.subscribe("dialog", 0)
    assert bench.subscribes[0].header("Expires") == "0"
    bench.answer(200, 0)
    bench.wait(3)
    assert bench.notify(subscription, "terminated;reason=timeout", body=b"now") == 200
    assert names(bench) == ["NotifyReceived", "SubscriptionEnded"]
    assert (bench.bodies, bench.ends) == ([b"now"], ["fetched"])
    bench.wait(60)
    assert (bench.left(), len(bench.subscribes)) == ({}, 1)


@pytest.mark.rfc("6665 4.4.3", "6665 4.1.3")
def test_a_fetch_of_nothing() -> None:
    """Another reason than the usual one is told as it is."""
    bench = Subscribing()
    subscription = bench.subscribe("dialog", 0)
    bench.notify(subscription, "terminated;reason=noresource")
    assert bench.ends == ["noresource"]


@pytest.mark.rfc("6665 4.4.3", "6665 4.1.2.4")
@pytest.mark.parametrize("status", [200, 404])
def test_a_fetch_that_is_not_ended(status: int) -> None:
    """A notifier that goes on all the same is no longer listened to after 64*T1."""
    bench = Subscribing()
    subscription = bench.subscribe("dialog", 0)
    bench.notify(subscription, "active")
    bench.answer(status, 0)
    bench.wait(TIMER_N + 0.1)
    assert bench.ends == ["fetched"]


# -------------------------------------------------------------------- the notifier ends it


@pytest.mark.rfc("6665 4.1.3", "6665-08")
@pytest.mark.parametrize("reason", ["rejected", "noresource", "invariant"])
@pytest.mark.parametrize("from_start", [True, False])
def test_it_is_over_for_good(reason: str, from_start: bool) -> None:
    """After these it is not made anew, whatever retry-after says."""
    bench = Subscribing()
    subscription = bench.subscribe() if from_start else bench.active()
    assert bench.notify(subscription, f"terminated;reason={reason};retry-after=1") == 200
    (ended,) = bench.told(SubscriptionEnded)
    assert (ended.reason.value, ended.retry_after_s) == (reason, None)
    bench.quiet()
    assert len(bench.subscribes) == 1
    assert bench.endpoint.subscriptions == []


@pytest.mark.rfc("6665 4.1.3", "6665 4.4.2", "6665 4.1.2.2", "6665-08", "6665-23")
def test_it_is_to_move() -> None:
    """Deactivated: at once it is made anew, in a new dialog, and not by the route of the old one."""
    bench = Subscribing()
    subscription = bench.subscribe()
    bench.answer()
    bench.notify(subscription, "active;expires=600", "Record-Route: <sip:192.0.2.2;lr>")
    bench.notify(subscription, "terminated;reason=deactivated;retry-after=99")
    (told,) = bench.told(Resubscribing)
    assert (told.reason, told.after_s) == (SubscriptionEndReason.DEACTIVATED, 0)
    first, second = bench.subscribes
    assert (second.to_tag, second.lines_of("Route"), str(second.uri)) == (None, (), str(first.uri))
    assert first.call_id != second.call_id
    assert first.from_tag != second.from_tag
    assert [second.header(name) for name in ("Event", "Expires")] == ["dialog", "600"]
    assert subscription.state is SubscriptionStatus.WAITING
    bench.answer()
    assert bench.notify(subscription, "active;expires=600", tag="new") == 200
    assert (subscription.state, bench.ends) == (SubscriptionStatus.ACTIVE, [])


@pytest.mark.rfc("6665 4.1.3", "6665-08")
@pytest.mark.parametrize(
    ("state", "after_s"),
    [
        ("probation;retry-after=30", 30),
        ("probation", 0),
        ("giveup;retry-after=40", 40),
        ("giveup", 0),
        ("timeout;retry-after=50", 0),
        ("unheard-of;retry-after=20", 20),
        (None, 0),
    ],
)
def test_it_is_made_anew(state: str | None, after_s: int) -> None:
    """After these it is made anew, when retry-after has a meaning then not before."""
    bench = Subscribing()
    subscription = bench.active()
    bench.notify(subscription, "terminated" if state is None else f"terminated;reason={state}")
    (told,) = bench.told(Resubscribing)
    assert told.after_s == after_s
    if after_s:
        assert subscription.state is SubscriptionStatus.RETRYING
        bench.wait(after_s - 0.1)
        assert len(bench.subscribes) == 1
    bench.wait(0.2)
    assert len(bench.subscribes) == 2
    assert bench.subscribes[1].to_tag is None


@pytest.mark.rfc("6665 4.1.3", "6665-08")
def test_it_is_not_made_anew_where_the_policy_is_so() -> None:
    """Then the application is told when it may be."""
    bench = Subscribing(policy=ONCE)
    subscription = bench.active()
    bench.notify(subscription, "terminated;reason=probation;retry-after=30")
    (ended,) = bench.told(SubscriptionEnded)
    assert (ended.reason, ended.retry_after_s) == (SubscriptionEndReason.PROBATION, 30)
    bench.quiet()
    assert len(bench.subscribes) == 1


@pytest.mark.rfc("6665 4.1.3", "6665-08")
def test_what_does_not_last() -> None:
    """A subscription that ends as soon as it has begun is made anew later and later, and at once when it has lasted."""
    bench = Subscribing()
    subscription = bench.active()
    waits = []
    for _ in range(5):
        bench.notify(subscription, "terminated;reason=deactivated")
        waits.append(bench.told(Resubscribing)[-1].after_s)
        bench.wait(waits[-1])
        bench.cseqs.clear()
        bench.notify(subscription, "active;expires=600")
        bench.answer()
    assert waits == [0, 2, 4, 8, 16]
    bench.wait(40)
    bench.notify(subscription, "terminated;reason=deactivated")
    assert bench.told(Resubscribing)[-1].after_s == 0


@pytest.mark.rfc("6665 4.1.2.2", "6665-03")
@pytest.mark.parametrize("how", ["481", "no-notify", "expired"])
def test_what_was_lost_is_made_anew(how: str) -> None:
    """As when the notifier has forgotten it: with a new Call-ID and From tag; when that is refused, it is over."""
    bench = Subscribing()
    subscription = bench.active("dialog", 600)
    bench.take(subscription.refresh(now=bench.now))
    if how == "481":
        bench.answer(481)
    elif how == "no-notify":
        bench.answer()
        bench.wait(TIMER_N)
    else:
        bench.answer(503)
        while not bench.told(Resubscribing):
            bench.wait(1)
            if bench.subscribes[-1].to_tag is not None:
                bench.answer(503)
    assert bench.told(Resubscribing)[0].reason.value == {"481": "lost"}.get(how, how)
    assert bench.subscribes[-1].call_id != bench.subscribes[0].call_id
    bench.answer(403)
    assert bench.ends == ["refused"]


@pytest.mark.rfc("6665 4.1.2.2", "3261 21.4.17")
@pytest.mark.parametrize("how", ["481", "deactivated"])
def test_it_is_made_anew_for_as_long_as_the_notifier_wants(how: str) -> None:
    """What a 423 has refused is not asked for first when the subscription was lost; what is longer is."""
    bench = Subscribing()
    subscription = bench.subscribe("dialog", 60)
    bench.answer(423, None, "Min-Expires: 600")
    if how == "deactivated":
        bench.notify(subscription, "active;expires=600")
        bench.answer(200, 600)
        bench.notify(subscription, "terminated;reason=deactivated")
    else:
        bench.answer(200, 600)
        bench.notify(subscription, "active;expires=600")
        bench.take(subscription.refresh(60, now=bench.now))
        bench.answer(423, None, "Min-Expires: 600")
        bench.answer(481)
    bench.wait(2)
    assert [each.to_tag for each in bench.subscribes][-1] is None
    assert bench.subscribes[-1].header("Expires") == "600"
    bench.answer(200, 600)
    bench.notify(subscription, "active;expires=600", tag="new")
    bench.take(subscription.refresh(900, now=bench.now))
    bench.answer(481)
    bench.wait(2)
    assert bench.subscribes[-1].header("Expires") == "900"


@pytest.mark.rfc("6665 4.1.3")
def test_we_want_it_no_more_while_it_waits() -> None:
    """What is to be made anew later is not, when we say so."""
    bench = Subscribing()
    subscription = bench.active()
    bench.notify(subscription, "terminated;reason=probation;retry-after=30")
    bench.take(subscription.unsubscribe(now=bench.now))
    assert bench.ends == ["unsubscribed"]
    bench.quiet()
    assert len(bench.subscribes) == 1


# -------------------------------------------------------------------- bodies


MIXED = (
    b"--b\r\nContent-Type: application/dialog-info+xml\r\n\r\n<x/>\r\n"
    b"--b\r\nContent-Type: image/png\r\n\r\n.\r\n--b--\r\n"
)


@pytest.mark.rfc("6665 3.2.1", "3261 8.2.3", "3261 21.4.13", "6665-27")
@pytest.mark.parametrize(
    ("event", "accept", "kind", "listed"),
    [
        ("dialog", (), "text/plain", "application/dialog-info+xml"),
        ("dialog", ("text/plain", "image/*;q=0.5"), "application/dialog-info+xml", "text/plain, image/*;q=0.5"),
        ("dialog", ("*/*;q=0", "text/plain"), "image/png", "*/*;q=0, text/plain"),
        ("dialog", (), "multipart/mixed;boundary=b", "application/dialog-info+xml"),
        ("dialog", (), "multipart/mixed;boundary=c", "application/dialog-info+xml"),
        ("dialog", (), "multipart/mixed", "application/dialog-info+xml"),
        ("unheard-of", ("text/plain",), "text/html", "text/plain"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_body_that_was_not_asked_for(
    event: str, accept: tuple[str, ...], kind: str, listed: str, first: bool
) -> None:
    """It gets 415 and the types that were, and nothing is told of it; one that was asked for is taken after that."""
    bench = Subscribing()
    subscription = bench.subscribe(event, accept=accept)
    bench.answer()
    if not first:
        bench.notify(subscription)
    before = len(bench.events)
    assert bench.notify(subscription, body=MIXED, content_type=kind) == 415
    assert bench.last_response.header_values("Accept") == tuple(listed.split(", "))
    assert [type(event).__name__ for event in bench.events[before:]] == ["RequestServed"]
    assert subscription.state is (SubscriptionStatus.WAITING if first else SubscriptionStatus.ACTIVE)
    assert bench.notify(subscription, body=b"x", content_type="text/plain" if accept else listed) == 200
    assert bench.bodies[-1] == b"x"


@pytest.mark.rfc("6665 3.2.1", "3261 8.2.3", "5621 8.4")
@pytest.mark.parametrize(
    ("event", "accept", "kind", "more"),
    [
        ("unheard-of", (), "image/png", ()),
        ("dialog", ("image/*",), "image/png", ()),
        ("dialog", ("*/*",), "text/html", ()),
        ("dialog", (), "APPLICATION/Dialog-Info+xml;charset=utf-8", ()),
        ("dialog", (), "image/png", ("Content-Disposition: render;handling=optional",)),
        ("dialog", ("application/dialog-info+xml", "image/png"), "multipart/mixed;boundary=b", ()),
        ("dialog", (), None, ()),
    ],
)
def test_a_body_that_was_asked_for(
    event: str, accept: tuple[str, ...], kind: str | None, more: tuple[str, ...]
) -> None:
    """Of a type or range that Accept names, or the package; of any where neither does; or one that need not be read."""
    bench = Subscribing()
    subscription = bench.subscribe(event, accept=accept)
    assert bench.notify(subscription, "active", *more, body=MIXED, content_type=kind) == 200
    assert bench.bodies == [MIXED]


@pytest.mark.rfc("6665 3.2.1", "3261 20.1")
def test_a_type_that_is_none() -> None:
    """What cannot be read as a type of bodies is not asked for, by whichever way it is given."""
    bench = Subscribing()
    for parts in ({"accept": ["text"]}, {"headers": [("Accept", "text/plain, /")]}):
        with pytest.raises(LocalProtocolError):
            bench.subscribe(**parts)
    assert bench.sent == []


@pytest.mark.rfc("6665 8.2")
@pytest.mark.parametrize("header", [("o", "dialog"), ("Event", "presence"), ("Expires", "60")])
def test_what_a_subscribe_says_by_itself(header: tuple[str, str]) -> None:
    """An Event or Expires among the further headers would be a second one, which no notifier takes: it is refused."""
    bench = Subscribing()
    with pytest.raises(LocalProtocolError, match="written by sipsm"):
        bench.subscribe(headers=[header])
    assert bench.sent == []


@pytest.mark.rfc("6665 3.2.1")
def test_a_type_that_is_asked_for_by_a_header() -> None:
    """An Accept among the further headers counts as well."""
    bench = Subscribing()
    subscription = bench.subscribe(headers=[("Accept", "text/plain, text/html")])
    assert bench.notify(subscription, body=b"x", content_type="text/html") == 200
    assert bench.notify(subscription, body=b"x", content_type="image/png") == 415


# -------------------------------------------------------------------- forks


@pytest.mark.rfc("6665 4.1.4", "6665 4.1.2.4", "6665 5.4.9", "6665-09")
def test_a_fork_makes_several() -> None:
    """Each From tag is a subscription of its own, with its own dialog and duration, where the package has it so."""
    bench = Subscribing()
    one = bench.subscribe("dialog")
    bench.answer()
    bench.notify(one, "active;expires=600", body=b"1")
    assert bench.notify(one, "pending;expires=300", tag="near", body=b"2") == 200
    (forked,) = bench.told(SubscriptionForked)
    two = forked.subscription
    assert forked.forked_from is one
    assert (two.state, two.expires_s) == (SubscriptionStatus.PENDING, 300)
    assert (one.state, one.expires_s) == (SubscriptionStatus.ACTIVE, 600)
    bench.take(two.unsubscribe(now=bench.now))
    assert bench.subscribes[-1].to_tag == "near"
    bench.answer(200, 0)
    bench.notify(two, "terminated;reason=timeout", tag="near")
    assert bench.told(SubscriptionEnded)[0].subscription is two
    assert bench.notify(one, "active") == 200
    bench.wait(481)
    assert (len(bench.subscribes), bench.subscribes[-1].to_tag) == (3, "far")


@pytest.mark.rfc("6665 4.1.4", "6665 5.4.9", "6665-09")
def test_a_fork_where_the_package_has_one() -> None:
    """The first NOTIFY makes it, and the rest gets 481."""
    bench = Subscribing()
    subscription = bench.subscribe("presence")
    assert bench.notify(subscription) == 200
    assert bench.notify(subscription, tag="near") == 481
    assert bench.endpoint.subscriptions == [subscription]
    assert bench.told(SubscriptionForked) == []


@pytest.mark.rfc("6665 4.1.2.4", "6665-05")
def test_a_fork_that_comes_too_late() -> None:
    """After Timer N nobody else makes one."""
    bench = Subscribing()
    subscription = bench.active()
    bench.wait(TIMER_N - 0.1)
    assert bench.notify(subscription, tag="near") == 200
    bench.wait(0.2)
    assert bench.notify(subscription, tag="late") == 481


@pytest.mark.rfc("6665 4.4.3", "6665-09", "6665-15")
def test_a_fetch_from_several() -> None:
    """Each branch tells what it knows, and that is all."""
    bench = Subscribing()
    subscription = bench.subscribe("dialog", 0)
    bench.notify(subscription, "terminated;reason=timeout", body=b"1")
    bench.notify(subscription, "terminated;reason=timeout", tag="near", body=b"2")
    assert (bench.bodies, bench.ends) == ([b"1", b"2"], ["fetched", "fetched"])
    bench.wait(60)
    assert bench.left() == {}


@pytest.mark.rfc("6665 4.1.2.3")
def test_a_fork_of_what_we_have_ended() -> None:
    """A branch that notifies after the last word to the first one makes nothing."""
    bench = Subscribing()
    subscription = bench.active()
    bench.take(subscription.unsubscribe(now=bench.now))
    bench.notify(subscription, "terminated;reason=timeout")
    assert bench.notify(subscription, tag="near") == 481


@pytest.mark.rfc("6665 4.1.4", "6665 4.1.2.1")
def test_a_branch_refuses_after_another_has_notified() -> None:
    """The final response is that of one branch: those that have notified go on, and others may yet begin."""
    bench = Subscribing()
    subscription = bench.subscribe()
    bench.notify(subscription, "active;expires=600")
    bench.answer(480)
    assert (subscription.state, bench.ends) == (SubscriptionStatus.ACTIVE, [])
    assert bench.notify(subscription, tag="near") == 200


# -------------------------------------------------------------------- within a call


@pytest.mark.rfc("6665 4.5.2", "5057 4", "6665-16")
def test_a_call_ends_before_it() -> None:
    """The dialog outlives the BYE, since a subscription lives in it, and ends with that."""
    bench = Subscribing()
    call = bench.answered()
    subscription = bench.subscribe(target=call)
    subscribe = bench.subscribes[0]
    assert (subscribe.call_id, subscribe.to_tag) == (call.call_id, "far")
    assert subscribe.cseq.number == call.invite.cseq.number + 1
    bench.answer()
    bench.receive(bench.in_dialog("NOTIFY", 5, call, headers=["Event: dialog", "Subscription-State: active"]))
    assert subscription.state is SubscriptionStatus.ACTIVE
    bench.receive(bench.in_dialog("BYE", 6, call))
    assert bench.statuses == [200, 200]
    for method, status in (("INFO", 481), ("BYE", 481), ("INVITE", 481), ("OPTIONS", 481)):
        bench.receive(bench.in_dialog(method, 7 + status, call, body=SDP2 if method == "INVITE" else b""))
        bench.wait(1)
        assert bench.statuses[-1] in {status, 500}
    bench.receive(bench.in_dialog("NOTIFY", 900, call, headers=["Event: dialog", "Subscription-State: active"]))
    assert bench.statuses[-1] == 200
    bench.take(subscription.unsubscribe(now=bench.now))
    bench.answer(200, 0)
    terminated = ["Event: dialog", "Subscription-State: terminated"]
    bench.receive(bench.in_dialog("NOTIFY", 901, call, headers=terminated))
    assert bench.ends == ["unsubscribed"]
    bench.receive(bench.in_dialog("NOTIFY", 902, call, headers=terminated))
    assert bench.statuses[-1] == 481
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("6665 4.5.2", "6665-16")
def test_it_ends_before_the_call() -> None:
    """What becomes of it is nothing to the call: neither its end, nor a 481 to a refresh."""
    bench = Subscribing()
    call = bench.answered()
    one, two = bench.subscribe("dialog;id=1", target=call), bench.subscribe("dialog;id=2", target=call)
    bench.answer()
    with pytest.raises(LocalProtocolError, match="another id"):
        bench.endpoint.subscribe(call, "dialog;id=2", now=bench.now)
    ended = ["Event: dialog;id=1", "Subscription-State: terminated;reason=timeout"]
    bench.receive(bench.in_dialog("NOTIFY", 5, call, headers=ended))
    going = ["Event: dialog;id=2", "Subscription-State: active"]
    bench.receive(bench.in_dialog("NOTIFY", 6, call, headers=going))
    assert (one.state, two.state) == (SubscriptionStatus.TERMINATED, SubscriptionStatus.ACTIVE)
    bench.take(two.refresh(now=bench.now))
    assert bench.subscribes[-1].header("Event") == "dialog;id=2"
    bench.answer(481)
    assert bench.ends == ["timeout", "lost"]
    assert call.state.value == "established"
    bench.receive(bench.in_dialog("BYE", 7, call))
    assert bench.statuses[-1] == 200
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("6665 4.5.2", "6665 4.5.1", "6665-18")
def test_a_dialog_that_is_not_shared() -> None:
    """Neither one whose target is a GRUU, nor one that is not confirmed."""
    bench = Subscribing()
    call = bench.outgoing()
    with pytest.raises(LocalProtocolError, match="not confirmed"):
        bench.endpoint.subscribe(call, "dialog", now=bench.now)
    ok = bench.response(call.invite, 200, body=SDP2, contact="<sip:bob@192.0.2.2;gr=1>")
    bench.receive(ok)
    with pytest.raises(LocalProtocolError, match="GRUU"):
        bench.endpoint.subscribe(call, "dialog", now=bench.now)
    assert bench.subscribes == []


@pytest.mark.rfc("6665 4.5", "5057 5.1", "3261 12.2.2")
@pytest.mark.parametrize(
    ("method", "status"), [("OPTIONS", 200), ("MESSAGE", 200), ("INVITE", 403), ("BYE", 481), ("INFO", 481)]
)
def test_other_requests_in_its_dialog(method: str, status: int) -> None:
    """A dialog that a subscription has made begins no session, and is one all the same."""
    bench = Subscribing()
    subscription = bench.active()
    dialog = subscription.dialog
    asked = bench.request(
        method, cseq=50, from_=dialog.remote, to=dialog.local, call_id=dialog.call_id, body=b"", content_type=None
    )
    bench.receive(asked)
    assert bench.statuses[-1] == status
    bench.receive(bench.request(method, cseq=49, from_=dialog.remote, to=dialog.local, call_id=dialog.call_id))
    assert bench.statuses[-1] == 500


# -------------------------------------------------------------------- what the application may not do


@pytest.mark.rfc("6665 4.1.2.2", "6665 4.1.2.3", "6665 4.4.1")
def test_what_cannot_be_done() -> None:
    """What is not there cannot be refreshed, what is ending not ended, and one SUBSCRIBE is under way at a time."""
    bench = Subscribing()
    subscription = bench.subscribe()
    with pytest.raises(LocalProtocolError, match="cannot refresh in state NotifyWait: there is no dialog"):
        subscription.refresh(now=bench.now)
    bench.answer()
    bench.notify(subscription, "active;expires=600")
    with pytest.raises(LocalProtocolError, match="no time at all"):
        subscription.refresh(0, now=bench.now)
    nothing_in_seconds: list[Any] = [-1, 2**32, 1.5, True, "600"]
    for expires_s in nothing_in_seconds:
        with pytest.raises(LocalProtocolError, match="cannot last"):
            subscription.refresh(expires_s, now=bench.now)
    bench.take(subscription.refresh(300, now=bench.now))
    with pytest.raises(LocalProtocolError, match="a SUBSCRIBE is under way"):
        subscription.refresh(now=bench.now)
    bench.answer()
    bench.notify(subscription, "active;expires=600")
    bench.take(subscription.unsubscribe(now=bench.now))
    with pytest.raises(LocalProtocolError, match="it is being ended already"):
        subscription.unsubscribe(now=bench.now)
    with pytest.raises(LocalProtocolError, match="it is being ended"):
        subscription.refresh(now=bench.now)
    bench.notify(subscription, "terminated")
    for command in (subscription.unsubscribe, subscription.refresh):
        with pytest.raises(LocalProtocolError, match="it is over"):
            command(now=bench.now)


@pytest.mark.rfc("6665 4.1.3")
def test_what_waits_cannot_be_refreshed() -> None:
    """What is to be made anew has no dialog."""
    bench = Subscribing()
    subscription = bench.active()
    bench.notify(subscription, "terminated;reason=probation;retry-after=30")
    with pytest.raises(LocalProtocolError, match="waits to be made anew"):
        subscription.refresh(now=bench.now)


@pytest.mark.rfc("6665 8.2.1", "3261 20.19", "3261 8.1.1")
def test_what_cannot_be_asked_for() -> None:
    """An event that is none, a duration that is none, a header that is ours; and more than the limits allow."""
    bench = Subscribing(limits=Limits(subscriptions=1))
    target = "sip:bob@192.0.2.2"
    with pytest.raises(LocalProtocolError):
        bench.endpoint.subscribe(target, "no event", now=bench.now)
    nothing_in_seconds: list[Any] = [-1, 2**32, 1.5, True, "600"]
    for expires_s in nothing_in_seconds:
        with pytest.raises(LocalProtocolError, match="cannot last"):
            bench.endpoint.subscribe(target, "dialog", expires_s=expires_s, now=bench.now)
    for name in ("Contact", "Event", "o", "expires"):
        with pytest.raises(LocalProtocolError, match="written by sipsm"):
            bench.endpoint.subscribe(target, "dialog", headers=[(name, "600")], now=bench.now)
    with pytest.raises(LocalProtocolError):
        bench.endpoint.subscribe(target, "dialog", body=b"x", content_type="no type", now=bench.now)
    assert (bench.endpoint.subscriptions, bench.endpoint.next_timeout()) == ([], None)
    bench.subscribe()
    with pytest.raises(LocalProtocolError, match="1 subscriptions are there"):
        bench.endpoint.subscribe(target, "dialog", now=bench.now)


@pytest.mark.rfc("6665 4.1.4")
def test_forks_are_bounded() -> None:
    """No more branches make one than the limits allow."""
    bench = Subscribing(limits=Limits(forks=2))
    subscription = bench.subscribe()
    assert [bench.notify(subscription, tag=tag) for tag in ("a", "b", "c")] == [200, 200, 481]


@pytest.mark.rfc("3261 8.1.1.5", "6665 4.1.2.2")
@pytest.mark.parametrize("given", [True, False])
def test_a_dialog_without_numbers(given: bool) -> None:
    """A command that would need one more is refused; what would go out by itself has failed."""
    bench = Subscribing()
    subscription = bench.active()
    subscription.dialog.local_cseq = 2**31 - 1
    if given:
        for command in (subscription.refresh, subscription.unsubscribe):
            with pytest.raises(LocalProtocolError, match="used up"):
                command(now=bench.now)
        assert (subscription.state, len(bench.events)) == ("active", 2)
        return
    bench.wait(481)
    assert [each.status for each in bench.told(RefreshFailed)] == [503]
    bench.wait(121)
    assert [each.reason for each in bench.told(Resubscribing)] == ["expired"]


@pytest.mark.rfc("6665 4.1.2")
def test_how_it_reads() -> None:
    """It says what it is to, and how it stands; its machines are there to be looked at."""
    bench = Subscribing()
    subscription = bench.active()
    assert repr(subscription) == "<Subscription to dialog of sip:bob@192.0.2.2:5060: active>"
    states = [machine.state for machine in subscription.machines]
    assert states == ["Confirmed", "Active", "Idle", "Running"]


# -------------------------------------------------------------------- in another process


class Forgetful(Subscribing):
    """One whose endpoint is another one, restored, before everything that happens to it."""

    def take(self, outputs: list[Output]) -> list[Output]:
        """Note what it gave, and have it go on from a snapshot."""
        super().take(outputs)
        data = save(self.endpoint)
        self.endpoint = restore(data, ids=Ids(random.Random(9)))
        assert save(self.endpoint) == data
        return outputs


def lived(bench: Subscribing) -> tuple[list[bytes], list[str]]:
    """A long life: two branches, a refresh that is too brief, an end, a wait, another one, and the last word."""
    bench.subscribe(forks=True, accept=["text/plain"])
    bench.answer()
    first = bench.endpoint.subscriptions[0]
    bench.notify(first, "pending;expires=600")
    bench.notify(first, "active;expires=100", tag="near", body=b"2")
    bench.notify(bench.endpoint.subscriptions[0], "active;expires=600")
    bench.wait(51)
    bench.answer(423, None, "Min-Expires: 300")
    bench.answer(200, 300)
    bench.notify(bench.endpoint.subscriptions[1], "terminated;reason=rejected", tag="near")
    bench.take(bench.endpoint.subscriptions[0].refresh(900, now=bench.now))
    bench.notify(bench.endpoint.subscriptions[0], "active;expires=900")
    bench.answer(503)
    bench.notify(bench.endpoint.subscriptions[0], "terminated;reason=probation;retry-after=30")
    bench.wait(31)
    bench.notify(bench.endpoint.subscriptions[0], "active;expires=500", tag="new")
    bench.take(bench.endpoint.subscriptions[0].unsubscribe(now=bench.now))
    bench.answer()
    bench.answer(200, 0)
    bench.notify(bench.endpoint.subscriptions[0], "terminated;reason=timeout", tag="new")
    bench.receive(bench.response(bench.outgoing().invite, 200, body=SDP2))
    (call,) = bench.endpoint.calls
    bench.subscribe(target=call)
    bench.receive(bench.in_dialog("NOTIFY", 5, call, headers=["Event: dialog", "Subscription-State: active"]))
    bench.receive(bench.in_dialog("BYE", 6, call))
    bench.wait(700)
    assert bench.left() == {}
    return bench.wires, names(bench)


@pytest.mark.rfc("6665 4.1.2", "6665 4.1.3")
def test_it_goes_on_in_another_process() -> None:
    """Saved and restored at each moment of its life, an endpoint sends and tells the same."""
    assert lived(Forgetful()) == lived(Subscribing())
