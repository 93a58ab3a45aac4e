"""A REFER that makes no subscription, and lets anybody who is told where subscribe by himself (RFC 7614)."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import (
    Limits,
    PeerReferral,
    PeerReferralState,
    PeerSubscriptionEnded,
    PeerSubscriptionEndReason,
    Policy,
    Profile,
    ReferReceived,
    Request,
    SubscriptionEnded,
    SubscriptionRequested,
    Uri,
)
from sipsm.message.headers import EVENT, EXPIRES, REFER_EVENTS_AT
from sipsm.packages import read_document
from sipsm.usage.subscription_outputs import SubscriptionEndReason
from tests.endpoint.by_hand import SDP, Bench
from tests.ladders.referring import CONTACT, TO_CAROL, answer, bench, notified, refer, refer_in, told, up
from tests.ladders.test_rfc3515_sending import refer as refer_bob
from tests.ladders.test_rfc3515_sending import refers

EXPLICIT = "Require: explicitsub"
GONE = "terminated;reason=noresource"


def accepted(on: Bench) -> tuple[PeerReferral, Uri]:
    """The peer refers us and has been told where he may subscribe to what becomes of it."""
    referral = refer(on, TO_CAROL, EXPLICIT)
    on.take(referral.accept(now=on.now))
    return referral, events_at(on)


def events_at(on: Bench) -> Uri:
    """Where the last 2xx to a REFER says that it is told of."""
    (response,) = [each for each in on.sent if not isinstance(each, Request) and each.has("Refer-Events-At")][-1:]
    there = response[REFER_EVENTS_AT]
    assert there is not None
    return there.uri


def subscribe(on: Bench, uri: Uri | str, *headers: str, call_id: str = "a") -> int:
    """Somebody subscribes there; the status of our answer."""
    lines = [CONTACT, "Event: refer", *headers]
    on.receive(on.request("SUBSCRIBE", uri=str(uri), call_id=call_id, headers=lines))
    return on.last_response.status


@pytest.mark.rfc("7614 4.3", "7614 4.5", "7614 4.6", "3515 3.4", "3515-21")
def test_a_subscription_of_its_own() -> None:
    """The 200 names a URI, and nothing is told; a SUBSCRIBE there is told how far it has come, and each new step."""
    on = bench()
    referral, uri = accepted(on)
    assert on.last_response.status == 200
    assert (referral.state, referral.dialog, referral.subscription) == (PeerReferralState.ACCEPTED, None, None)
    assert referral.events_at == str(uri)
    assert on.endpoint.peer_referrals == [referral]
    on.take(referral.progress(180, now=on.now))
    assert notified(on) == []
    assert subscribe(on, uri) == 200
    assert on.last_response[EXPIRES] == 600
    assert on.told(SubscriptionRequested) == []
    (first,) = notified(on)
    assert str(first[EVENT]) == "refer"
    assert told(on) == [("180 Ringing", "active")]
    answer(on, first)
    on.wait(1)
    on.take(referral.progress(183, now=on.now))
    answer(on, notified(on)[-1])
    on.wait(1)
    on.take(referral.progress(200, now=on.now))
    assert told(on)[1:] == [("183 Session Progress", "active"), ("200 OK", GONE)]
    answer(on, notified(on)[-1])
    assert on.endpoint.peer_referrals == []
    on.quiet()
    assert on.left() == {}


@pytest.mark.rfc("7614 4.7", "3515-21")
def test_when_it_is_over() -> None:
    """For 64 s its end is told to who asks, by the one NOTIFY that there is; then nothing is known of it."""
    on = bench()
    referral, uri = accepted(on)
    on.take(referral.progress(486, now=on.now))
    on.wait(63)
    assert subscribe(on, uri) == 200
    assert told(on) == [("486 Busy Here", GONE)]
    answer(on, notified(on)[0])
    assert subscribe(on, uri, "Expires: 0", call_id="b") == 200
    assert told(on)[1:] == [("486 Busy Here", GONE)]
    answer(on, notified(on)[1])
    on.wait(1)
    assert subscribe(on, uri, call_id="c") == 403
    assert on.left().get("REFERs to be told of", 0) == 0


@pytest.mark.rfc("7614 3.1", "7614 8", "3515-21")
def test_several_subscribers() -> None:
    """Whoever knows the URI may subscribe; he who ends it takes it from nobody else, and the call goes on."""
    on = bench()
    referral = refer(on, TO_CAROL, EXPLICIT)
    _, outputs = referral.follow(SDP, now=on.now)
    on.take(outputs)
    invite = on.last_request
    uri = events_at(on)
    assert (subscribe(on, uri), subscribe(on, uri, call_id="b")) == (200, 200)
    one, two = notified(on)
    answer(on, one)
    answer(on, two)
    on.receive(
        on.request("SUBSCRIBE", to=one.from_text, cseq=2, call_id="a", headers=[CONTACT, "Event: refer", "Expires: 0"])
    )
    assert told(on)[-1] == ("100 Trying", "terminated;reason=timeout")
    answer(on, notified(on)[-1])
    on.wait(1)
    answer(on, invite, 200, "Contact: <sip:carol@192.0.2.2>", body=SDP, tag="carols")
    assert told(on)[3:] == [("200 OK", GONE)]
    assert notified(on)[-1].call_id == "b"
    assert [each.reason for each in on.told(PeerSubscriptionEnded)] == [
        PeerSubscriptionEndReason.UNSUBSCRIBED,
        PeerSubscriptionEndReason.TERMINATED,
    ]


@pytest.mark.rfc("7614 4.3", "7614 8", "3515-21")
def test_who_cannot_guess_it() -> None:
    """Each REFER has a URI of its own, of 96 random bits; at another one there is nothing, nor within a dialog."""
    on = bench()
    uris = set()
    for number in range(8):
        referral = refer(on, TO_CAROL, EXPLICIT, call_id=f"r{number}")
        on.take(referral.accept(now=on.now))
        uris.add(events_at(on).user)
    assert len(uris) == 8
    assert all(user is not None and len(user) == 24 for user in uris)
    assert subscribe(on, "sip:bob@192.0.2.1:5060", call_id="x") == 403
    assert subscribe(on, "sip:192.0.2.1:5060", call_id="y") == 403
    call = up(on)
    on.receive(
        on.in_dialog(
            "SUBSCRIBE", 2, call, uri=f"sip:{min(map(str, uris))}@192.0.2.1", headers=[CONTACT, "Event: refer"]
        )
    )
    assert on.last_response.status == 403


@pytest.mark.rfc("7614 4.3", "3515-21")
def test_within_a_call() -> None:
    """It lives in no dialog: the call may end, and the subscription has its own; Refer-Sub changes nothing."""
    on = bench()
    call = up(on)
    referral = refer_in(on, call, 2, TO_CAROL, EXPLICIT, "Refer-Sub: false")
    on.take(referral.accept(now=on.now))
    assert on.last_response.header("Refer-Sub") == "false"
    uri = events_at(on)
    on.receive(on.in_dialog("BYE", 3, call))
    assert subscribe(on, uri) == 200
    (notify,) = notified(on)
    assert notify.call_id == "a"
    assert told(on) == [("100 Trying", "active")]


@pytest.mark.rfc("7614 4.3", "3515 2.4.5", "3515-21")
@pytest.mark.parametrize("way", ["follow", "reject", "nobody decides"])
def test_before_anybody_has_decided(way: str) -> None:
    """What is accepted by itself is pending for who subscribes, until somebody decides; its refusal is kept too."""
    on = bench()
    referral = refer(on, TO_CAROL, EXPLICIT)
    on.wait(4)
    uri = events_at(on)
    assert subscribe(on, uri) == 200
    assert told(on) == [("100 Trying", "pending")]
    answer(on, notified(on)[0])
    on.wait(2)
    if way == "follow":
        subscribe(on, uri, call_id="b")
        answer(on, notified(on)[-1])
        (early, _) = referral.subscriptions
        on.take(early.accept(b"SIP/2.0 100 Trying\r\n", now=on.now))
        answer(on, notified(on)[-1])
        on.take(referral.follow(SDP, now=on.now)[1])
        assert [(each.call_id, how) for each, (_, how) in zip(notified(on), told(on), strict=True)] == [
            ("a", "pending"),
            ("b", "pending"),
            ("a", "active"),
            ("b", "active"),
        ]
        return
    if way == "reject":
        on.take(referral.reject(now=on.now))
        last = ("603 Decline", "terminated;reason=rejected")
    else:
        on.wait(180)
        last = ("408 Request Timeout", "terminated;reason=giveup")
    assert told(on)[-1] == last
    answer(on, notified(on)[-1])
    assert subscribe(on, uri, call_id="b") == 200
    assert told(on)[-1] == (last[0], GONE)


@pytest.mark.rfc("7614 4.3")
def test_one_that_is_refused() -> None:
    """A REFER that is refused has no place where it is told of."""
    on = bench()
    referral = refer(on, TO_CAROL, EXPLICIT)
    on.take(referral.reject(now=on.now))
    assert not on.last_response.has("Refer-Events-At")
    assert subscribe(on, referral.events_at or "") == 403
    on.quiet()
    assert on.left() == {}


@pytest.mark.rfc("6665 4.2.1.1")
@pytest.mark.parametrize(("headers", "status"), [(["Expires: 5"], 423), ([], 503)], ids=["too brief", "too many"])
def test_a_subscribe_that_is_refused(headers: list[str], status: int) -> None:
    """A SUBSCRIBE there keeps the rules of any other."""
    on = Bench(profile=Profile(takes_referrals=True), limits=Limits(peer_subscriptions=1))
    _, uri = accepted(on)
    if not headers:
        assert subscribe(on, uri) == 200
    assert subscribe(on, uri, *headers, call_id="b") == status


def test_a_limit() -> None:
    """So many are told of at most: what is over counts until it is forgotten."""
    on = Bench(profile=Profile(takes_referrals=True), limits=Limits(peer_subscriptions=1))
    referral, _ = accepted(on)
    on.take(referral.progress(200, now=on.now))
    more: dict[str, Any] = {"headers": [CONTACT, TO_CAROL, EXPLICIT]}
    on.receive(on.request("REFER", call_id="another", **more))
    assert on.statuses[-1] == 503
    on.wait(64)
    on.receive(on.request("REFER", call_id="third", **more))
    assert len(on.told(ReferReceived)) == 2


# -------------------------------------------------------------------- the other side


def accept_at(on: Bench, *lines: str) -> Any:
    """We refer Bob, who accepts it and says where it is told of."""
    referral = refer_bob(on, headers=[("Require", "explicitsub")])
    answer(on, refers(on)[0], 200, "Contact: <sip:bob@192.0.2.2:5060>", *lines, tag="bobs")
    return referral


@pytest.mark.rfc("7614 4.2", "7614 4.8", "3515-19")
@pytest.mark.parametrize(
    ("lines", "found"),
    [(("Refer-Events-At: <sip:1@192.0.2.2>;x",), "sip:1@192.0.2.2"), ((), None), (("Refer-Events-At: sip:1@x",), None)],
    ids=["there", "nowhere", "unreadable"],
)
def test_where_it_is_told_of(lines: tuple[str, ...], found: str | None) -> None:
    """The referral knows where the 2xx has us subscribe."""
    referral = accept_at(Bench(), *lines)
    assert referral.events_at == (None if found is None else Uri.parse(found))


@pytest.mark.rfc("7614 4.4", "7614 4.6")
@pytest.mark.parametrize("number", ["", ";id=93809823"], ids=["without an id", "with one"])
def test_subscribing_to_it(number: str) -> None:
    """We subscribe there; where its NOTIFY requests have an id, what we send next has it too."""
    on = Bench(policy=Policy())
    referral = accept_at(on, "Refer-Events-At: <sip:1@192.0.2.2>")
    assert referral.events_at is not None
    subscription, outputs = on.endpoint.subscribe(referral.events_at, "refer", now=on.now)
    on.take(outputs)
    sent = on.last_request
    assert (str(sent.uri), str(sent[EVENT]), sent.to_tag) == ("sip:1@192.0.2.2", "refer", None)
    answer(on, sent, 200, "Contact: <sip:bob@192.0.2.2:5060>", "Expires: 600", tag="bobs")

    def notify(cseq: int, event: str, state: str, body: bytes) -> int:
        lines = [f"Event: {event}", f"Subscription-State: {state}", "Contact: <sip:bob@192.0.2.2:5060>"]
        on.receive(
            on.request(
                "NOTIFY",
                from_=f"{sent.to_text};tag=bobs",
                to=sent.from_text,
                call_id=sent.call_id,
                cseq=cseq,
                headers=lines,
                body=body,
                content_type="message/sipfrag;version=2.0",
            )
        )
        return on.last_response.status

    assert notify(1, f"refer{number}", "active;expires=600", b"SIP/2.0 180 Ringing\r\n") == 200
    on.take(subscription.refresh(600, now=on.now))
    refresh = on.last_request
    assert str(refresh[EVENT]) == f"refer{number}"
    answer(on, refresh, 200, "Contact: <sip:bob@192.0.2.2:5060>", "Expires: 600")
    assert notify(2, "refer;id=7", "active;expires=600", b"SIP/2.0 183 X\r\n") == (481 if number else 200)
    assert notify(3, "presence", "active;expires=600", b"") == 481
    assert notify(4, str(on.last_request[EVENT]) if number else "refer;id=7", GONE, b"SIP/2.0 200 OK\r\n") == 200
    (ended,) = on.told(SubscriptionEnded)
    assert ended.reason is SubscriptionEndReason.NO_RESOURCE
    frag = read_document("message/sipfrag", ended.message.body)
    assert getattr(frag, "status", None) == 200
