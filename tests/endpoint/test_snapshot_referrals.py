"""A REFER goes on in the endpoint that is made of a snapshot, whichever side it is on and however far it has come."""

from __future__ import annotations

import random

import pytest

from sipsm import (
    CallState,
    Ids,
    Limits,
    PeerReferralState,
    Profile,
    ReferEnded,
    ReferralState,
    ReferReceived,
    SubscriptionEndReason,
    restore,
    save,
)
from tests.endpoint.by_hand import SDP, Bench
from tests.ladders.referring import CONTACT, TO_CAROL, answer, notified, refer, refer_in, told, up
from tests.ladders.test_rfc3515_sending import notify, refers
from tests.ladders.test_rfc3515_sending import refer as refer_bob


def again(bench: Bench) -> None:
    """From now on the endpoint is one that is made of its snapshot."""
    bench.endpoint = restore(save(bench.endpoint), ids=Ids(random.Random(7)))


@pytest.mark.parametrize("wanted", [True, False], ids=["with a subscription", "without"])
def test_one_that_waits(wanted: bool) -> None:
    """It may be followed then, and its call is told of; it is accepted by itself in its time."""
    on = Bench(profile=Profile(takes_referrals=True))
    refer(on, TO_CAROL, *([] if wanted else ["Require: nosub"]))
    on.wait(3)
    again(on)
    assert [each.state for each in on.endpoint.peer_referrals] == [PeerReferralState.ASKED]
    on.wait(1)
    assert [each.state for each in on.endpoint.peer_referrals] == [PeerReferralState.UNDECIDED]
    again(on)
    assert [each.state for each in on.endpoint.peer_referrals] == [PeerReferralState.UNDECIDED]
    (referral,) = on.endpoint.peer_referrals
    _, outputs = referral.follow(SDP, now=on.now)
    on.take(outputs)
    invite = on.last_request
    again(on)
    (call,) = on.endpoint.calls
    answer(on, invite, 200, "Contact: <sip:carol@192.0.2.2>", body=SDP, tag="carols")
    assert call.state is CallState.ESTABLISHED
    if wanted:
        answer(on, notified(on)[0])
        again(on)
        on.wait(1)
        assert told(on)[-1] == ("200 OK", "terminated;reason=noresource")


def test_within_a_call() -> None:
    """It waits in the call's dialog, and outlives the call."""
    on = Bench(profile=Profile(takes_referrals=True))
    call = up(on)
    refer_in(on, call, 2)
    again(on)
    on.receive(on.in_dialog("BYE", 3, call))
    again(on)
    (referral,) = on.endpoint.peer_referrals
    on.take(referral.accept(now=on.now))
    again(on)
    (referral,) = on.endpoint.peer_referrals
    assert referral.subscription is not None
    assert referral.subscription.referral is referral
    answer(on, notified(on)[0])
    on.wait(2)
    on.take(referral.progress(200, now=on.now))
    assert told(on)[-1] == ("200 OK", "terminated;reason=noresource")
    answer(on, notified(on)[-1])
    on.quiet()
    assert on.left() == {}


def test_one_that_others_subscribe_to() -> None:
    """It can be subscribed to at its URI, is told of there, and is forgotten in its time."""
    on = Bench(profile=Profile(takes_referrals=True))
    there = refer(on, TO_CAROL, "Require: explicitsub").events_at
    assert there is not None
    on.wait(4)
    again(on)
    (referral,) = on.endpoint.peer_referrals
    assert referral.events_at == there
    on.receive(on.request("SUBSCRIBE", uri=there, call_id="a", headers=[CONTACT, "Event: refer"]))
    answer(on, notified(on)[0])
    again(on)
    (referral,) = on.endpoint.peer_referrals
    on.take(referral.accept(now=on.now))
    answer(on, notified(on)[-1])
    again(on)
    on.wait(1)
    (referral,) = on.endpoint.peer_referrals
    assert [each.referral for each in referral.subscriptions] == [referral]
    on.take(referral.progress(200, now=on.now))
    answer(on, notified(on)[-1])
    again(on)
    assert told(on)[-1] == ("200 OK", "terminated;reason=noresource")
    on.receive(on.request("SUBSCRIBE", uri=there, call_id="b", headers=[CONTACT, "Event: refer"]))
    assert told(on)[-1] == ("200 OK", "terminated;reason=noresource")
    answer(on, notified(on)[-1])
    assert on.endpoint.next_timeout() is not None
    again(on)
    on.wait(64)
    assert on.left() == {}


def test_one_of_ours() -> None:
    """What is told of it is told."""
    on = Bench()
    refer_bob(on)
    sent = refers(on)[0]
    again(on)
    (referral,) = on.endpoint.referrals
    assert referral.state is ReferralState.ASKED
    answer(on, sent, 202, "Contact: <sip:bob@192.0.2.2>", tag="bobs")
    again(on)
    (referral,) = on.endpoint.referrals
    assert referral.state is ReferralState.ACCEPTED
    notify(on, referral, b"SIP/2.0 180 Ringing\r\n")
    again(on)
    (referral,) = on.endpoint.referrals
    assert referral.status == 180
    notify(on, referral, b"SIP/2.0 200 OK\r\n", "terminated;reason=noresource", cseq=2)
    (ended,) = on.told(ReferEnded)
    assert (ended.status, ended.reason) == (200, SubscriptionEndReason.NO_RESOURCE)
    assert on.endpoint.referrals == []


def test_what_is_full_stays_full() -> None:
    """Those that wait count in the new endpoint as well."""
    on = Bench(profile=Profile(takes_referrals=True), limits=Limits(peer_subscriptions=1))
    refer(on)
    again(on)
    on.receive(on.request("REFER", headers=[CONTACT, TO_CAROL], call_id="another"))
    assert on.statuses == [503]
    assert len(on.told(ReferReceived)) == 1
