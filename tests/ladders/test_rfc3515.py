"""A peer asks to contact somebody, and is told how that goes (RFC 3515; RFC 4488, 6665, 7614 and 7647)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from sipsm import (
    Ended,
    Limits,
    LocalProtocolError,
    PeerReferralState,
    PeerSubscriptionEnded,
    PeerSubscriptionEndReason,
    Profile,
    ReferReceived,
    RequestServed,
)
from sipsm.message.headers import EVENT, SUBSCRIPTION_STATE
from tests.endpoint.by_hand import SDP, Bench
from tests.ladders.referring import (
    CONTACT,
    TO_CAROL,
    answer,
    bench,
    different,
    notified,
    refer,
    refer_in,
    told,
    up,
)

# -------------------------------------------------------------------- what is refused unseen


@pytest.mark.rfc("3515 2.4.2", "3515-02")
@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("Refer-To: <sip:carol@192.0.2.2>", "Refer-To: <sip:dave@192.0.2.2>"),
        ("Refer-To: <sip:carol@192.0.2.2>, <sip:dave@192.0.2.2>",),
        ("Refer-To: <>",),
        (TO_CAROL, "Refer-Sub: perhaps"),
        (TO_CAROL, "Target-Dialog: ;;"),
    ],
    ids=["none", "two", "two in one", "no URI", "malformed Refer-Sub", "malformed Target-Dialog"],
)
def test_exactly_one_refer_to(lines: Sequence[str]) -> None:
    """A REFER names one whom to contact, and what it says can be read; else it is answered with 400."""
    on = bench()
    on.receive(on.request("REFER", headers=[CONTACT, *lines]))
    assert on.statuses == [400]
    assert not on.told(ReferReceived)


@pytest.mark.rfc("3515 2.1", "3515-01")
@pytest.mark.parametrize("contacts", [(), ("Contact: *",), (CONTACT, CONTACT), ("Contact: <tel:+1>",)])
def test_one_contact(contacts: Sequence[str]) -> None:
    """A REFER outside a dialog says where its sender is to be told of it."""
    on = bench()
    on.receive(on.request("REFER", headers=[*contacts, TO_CAROL]))
    assert on.statuses == [400]


@pytest.mark.rfc("3515 2.4.2", "3515-19")
@pytest.mark.parametrize(
    ("profile", "require", "status"),
    [({}, (), 405), ({"takes_referrals": True}, ("Require: magic",), 420)],
    ids=["not served", "an extension that is not known"],
)
def test_who_takes_none(profile: dict[str, Any], require: Sequence[str], status: int) -> None:
    """REFER is served where the program says so, and none that requires what is not known."""
    on = Bench(profile=Profile(**profile))
    on.receive(on.request("REFER", headers=[CONTACT, TO_CAROL, *require]))
    assert on.statuses == [status]


@pytest.mark.rfc("3515 2.4.4", "3515-12")
def test_no_subscribe_begins_one() -> None:
    """A SUBSCRIBE for a REFER that there is not gets 403, outside a dialog and within one."""
    on = bench()
    event = "Event: refer"
    on.receive(on.request("SUBSCRIBE", headers=[CONTACT, event]))
    assert on.statuses == [403]
    call = on.incoming(call_id="call@192.0.2.2")
    on.take(call.answer(SDP, now=on.now))
    on.receive(on.in_dialog("ACK", 1, call))
    on.receive(on.in_dialog("SUBSCRIBE", 2, call, headers=[CONTACT, event]))
    assert on.statuses[-1] == 403


def test_a_limit() -> None:
    """More than so many are not held."""
    on = Bench(profile=Profile(takes_referrals=True), limits=Limits(peer_subscriptions=1))
    refer(on)
    on.receive(on.request("REFER", headers=[CONTACT, TO_CAROL], call_id="another"))
    assert on.statuses == [503]


def test_a_limit_within_a_dialog() -> None:
    """More than so many do not live in one dialog."""
    on = Bench(profile=Profile(takes_referrals=True), limits=Limits(subscriptions_in_dialog=1))
    call = up(on)
    on.receive(on.in_dialog("REFER", 2, call, headers=[CONTACT, TO_CAROL]))
    on.receive(on.in_dialog("REFER", 3, call, headers=[CONTACT, TO_CAROL]))
    assert (len(on.told(ReferReceived)), on.statuses[-1]) == (1, 503)


# -------------------------------------------------------------------- what the application is told


@pytest.mark.rfc("3515 2.4.2", "3892 2.2", "3515-03")
def test_what_is_asked() -> None:
    """The application hears whom to contact, for whom, and by what; it need not be anything of SIP."""
    on = bench()
    referral = refer(
        on,
        "Refer-To: Carol <sip:carol@192.0.2.2;method=INVITE?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2>",
        "Referred-By: <sip:alice@192.0.2.2>",
    )
    assert referral.method == "INVITE"
    assert referral.refer_to.display_name == "Carol"
    assert str(referral.referred_by) == "<sip:alice@192.0.2.2>"
    assert referral.replaces is not None
    assert referral.replaces.call_id == "a@b"
    assert referral.dialog is None
    assert repr(referral).startswith("<PeerReferral to Carol")
    assert referral.state is PeerReferralState.ASKED
    other = refer(on, "Refer-To: <sip:carol@192.0.2.2?Replaces=x>", "Referred-By: <", call_id="2")
    assert (other.replaces, other.referred_by) == (None, None)
    web = refer(on, "Refer-To: <http://www.example.com/>", call_id="3")
    assert (web.uri.scheme, web.method) == ("http", "")
    bye = refer(on, "Refer-To: <sip:carol@192.0.2.2;method=BYE>", call_id="4")
    assert bye.method == "BYE"
    for each, why in ((web, "http is no scheme of SIP"), (bye, "it asks for BYE")):
        with pytest.raises(LocalProtocolError, match=why):
            each.follow(SDP, now=on.now)
        assert each.state is PeerReferralState.ASKED


@pytest.mark.rfc("4538 4", "7647 4", "3515-20")
@pytest.mark.parametrize(
    ("target", "found"),
    [("{call_id};local-tag={local};remote-tag={remote}", True), ("{call_id};local-tag={local}", False)],
    ids=["matches", "lacks a tag"],
)
def test_which_call_it_is_about(target: str, found: bool) -> None:
    """A REFER outside the dialog of a call names the call by Target-Dialog."""
    on = bench()
    call = on.incoming(call_id="call@192.0.2.2")
    on.take(call.answer(SDP, now=on.now))
    dialog = call.here.dialog
    named = target.format(call_id=call.call_id, local=dialog.local_tag, remote=dialog.remote_tag)
    refer(on, TO_CAROL, f"Target-Dialog: {named}", "Require: tdialog")
    assert on.told(ReferReceived)[0].about is (call if found else None)


# -------------------------------------------------------------------- accepted, and told of


@pytest.mark.rfc("3515 2.4.4", "3515 2.4.5", "7647 5", "3515-04", "3515-05", "3515-06", "3515-07", "3515-10")
def test_the_application_does_it() -> None:
    """Accepted with 200, and a NOTIFY at once; what the application tells goes out; its end ends the subscription."""
    on = bench()
    referral = refer(on, "Refer-To: <http://www.example.com/>")
    on.take(referral.accept(headers=[("Subject", "fine")], now=on.now))
    ok = on.last_response
    assert (ok.status, ok.header("Subject"), ok.has("Expires"), ok.has("Contact")) == (200, "fine", False, True)
    assert told(on) == [("100 Trying", "active")]
    (first,) = notified(on)
    assert str(first[EVENT]) == "refer"
    assert first.content_type == "message/sipfrag"
    answer(on, first)
    on.wait(2)
    on.take(referral.progress(183, "Reading it", now=on.now))
    answer(on, notified(on)[-1])
    on.wait(2)
    on.take(referral.progress(200, headers=[("Warning", '399 sipsm "read"')], now=on.now))
    assert told(on)[1:] == [("183 Reading it", "active"), ("200 OK", "terminated;reason=noresource")]
    assert b'Warning: 399 sipsm "read"\r\n' in notified(on)[-1].body
    answer(on, notified(on)[-1])
    on.quiet()
    assert referral.state is PeerReferralState.OVER
    assert referral.dialog is not None
    assert on.left() == {}


@pytest.mark.rfc("3515 2.4.2")
def test_the_application_refuses() -> None:
    """Refused, it leaves no subscription and no dialog."""
    on = bench()
    referral = refer(on)
    on.take(referral.reject(603, headers=[("Subject", "no")], now=on.now))
    assert (on.statuses, on.last_response.header("Subject")) == ([603], "no")
    on.quiet()
    assert (notified(on), on.left()) == ([], {})


@pytest.mark.rfc("3515 2.4.2", "3515 2.4.7", "3515-04")
def test_nobody_decides_in_time() -> None:
    """After 4 s it is accepted by itself, pending; and then granted."""
    on = bench()
    referral = refer(on)
    on.wait(3.9)
    assert 200 not in on.statuses
    on.wait(0.1)
    assert on.statuses[-1] == 200
    assert told(on) == [("100 Trying", "pending")]
    assert referral.state is PeerReferralState.UNDECIDED
    answer(on, notified(on)[0])
    on.wait(2)
    on.take(referral.accept(now=on.now))
    assert told(on)[1:] == [("100 Trying", "active")]


@pytest.mark.rfc("3515 2.4.5", "3515 2.4.7")
def test_denied_when_it_had_been_accepted() -> None:
    """What was accepted by itself is denied by the last NOTIFY."""
    on = bench()
    referral = refer(on)
    on.wait(4)
    answer(on, notified(on)[0])
    on.take(referral.reject(603, now=on.now))
    on.wait(1)
    assert told(on)[1:] == [("603 Decline", "terminated;reason=rejected")]


@pytest.mark.rfc("3515 2.4.2", "6665 4.1.3")
@pytest.mark.parametrize("header", ["", "Refer-Sub: false"])
def test_nobody_ever_decides(header: str) -> None:
    """Three minutes after it was accepted by itself it is given up, and nothing waits for the application any more."""
    on = bench()
    referral = refer(on, TO_CAROL, *filter(None, [header]))
    on.wait(4)
    for notify in notified(on):
        answer(on, notify)
    on.wait(179)
    assert (referral.state, on.endpoint.peer_referrals) == (PeerReferralState.UNDECIDED, [referral])
    on.wait(1)
    assert told(on)[1:] == ([] if header else [("408 Request Timeout", "terminated;reason=giveup")])
    for notify in notified(on)[1:]:
        answer(on, notify)
    on.quiet()
    assert (referral.state, on.endpoint.peer_referrals, on.left()) == (PeerReferralState.OVER, [], {})


@pytest.mark.rfc("3515 3.10", "3515-15")
def test_not_more_than_one_a_second() -> None:
    """Of what happens within a second, the latest is told when it is over."""
    on = bench()
    referral = refer(on)
    on.take(referral.accept(now=on.now))
    answer(on, notified(on)[0])
    for status in (180, 181, 182):
        on.wait(0.2)
        on.take(referral.progress(status, now=on.now))
    assert len(notified(on)) == 1
    on.wait(0.5)
    assert [line for line, _ in told(on)] == ["100 Trying", "182 Queued"]


@pytest.mark.rfc("3515 3.10", "3515-15")
@pytest.mark.parametrize("status", [200, 500], ids=["answered", "refused"])
@pytest.mark.parametrize("answered_s", [0.0, 0.5, 1.5])
@pytest.mark.parametrize("between", [True, False], ids=["something else waits", "nothing else"])
def test_the_end_waits_as_well(status: int, answered_s: float, between: bool) -> None:
    """The last one comes a second after the one before it, or when that is answered, and in place of what waits."""
    on = bench()
    referral = refer(on)
    on.take(referral.accept(now=on.now))
    if answered_s == 0:
        answer(on, notified(on)[0], status)
    on.wait(0.2)
    if between:
        on.take(referral.progress(180, now=on.now))
    on.take(referral.progress(200, now=on.now))
    assert len(different(on)) == 1
    if answered_s:
        on.wait(answered_s - 0.2)
        assert len(different(on)) == 1
        answer(on, notified(on)[0], status)
        assert len(different(on)) == (2 if answered_s > 1 else 1)
    on.wait(1)
    assert len(different(on)) == 2
    assert told(on)[-1] == ("200 OK", "terminated;reason=noresource")


@pytest.mark.rfc("3515 3.4", "3515-14")
def test_how_long_it_lasts() -> None:
    """The first NOTIFY says how long: longer than an INVITE may ring. Then the subscription is over, and no more."""
    on = bench()
    referral = refer(on, TO_CAROL, "Expires: 0")
    on.take(referral.accept(now=on.now))
    state = notified(on)[0][SUBSCRIPTION_STATE]
    assert state is not None
    assert state.expires_s == 600
    answer(on, notified(on)[0])
    on.wait(600)
    assert told(on)[-1] == ("100 Trying", "terminated;reason=timeout")
    known = len(on.sent)
    assert referral.progress(200, now=on.now) == []
    assert len(on.sent) == known


# -------------------------------------------------------------------- within a dialog


@pytest.mark.rfc("3515 2.4.6", "3515-08", "3515-09")
def test_several_in_one_dialog() -> None:
    """From the second on, the number of the REFER tells its notifications apart, and what refreshes or ends it."""
    on = bench()
    call = up(on)
    one, two = refer_in(on, call, 2), refer_in(on, call, 7)
    assert [event.about for event in on.told(ReferReceived)] == [call, call]
    for each in (one, two):
        on.take(each.accept(now=on.now))
    assert [str(notify[EVENT]) for notify in notified(on)] == ["refer", "refer;id=7"]
    for notify in notified(on):
        answer(on, notify)
    on.wait(2)
    on.receive(on.in_dialog("SUBSCRIBE", 8, call, headers=[CONTACT, "Event: refer;id=7", "Expires: 900"]))
    assert on.last_response.header("Expires") == "900"
    answer(on, notified(on)[-1])
    on.wait(2)
    on.receive(on.in_dialog("SUBSCRIBE", 9, call, headers=[CONTACT, "Event: refer;id=7", "Expires: 0"]))
    assert told(on)[-1] == ("100 Trying", "terminated;reason=timeout")
    on.receive(on.in_dialog("SUBSCRIBE", 10, call, headers=[CONTACT, "Event: refer;id=8", "Expires: 0"]))
    assert on.statuses[-1] == 403
    (ended,) = on.told(PeerSubscriptionEnded)
    assert ended.reason is PeerSubscriptionEndReason.UNSUBSCRIBED
    assert ended.subscription.referral is two


@pytest.mark.rfc("5057 4.2", "3515-16")
@pytest.mark.parametrize("answers", ["accept", "reject"])
def test_the_call_ends_first(answers: str) -> None:
    """A BYE ends the session, and not the REFER that waits: it is accepted, told of in that dialog, or refused."""
    on = bench()
    call = up(on)
    referral = refer_in(on, call, 2)
    on.receive(on.in_dialog("BYE", 3, call))
    assert on.told(Ended)
    if answers == "reject":
        on.take(referral.reject(now=on.now))
        assert on.statuses[-1] == 603
    else:
        on.take(referral.accept(now=on.now))
        answer(on, notified(on)[0])
        on.wait(2)
        on.take(referral.progress(503, now=on.now))
        assert told(on)[-1] == ("503 Service Unavailable", "terminated;reason=noresource")
        answer(on, notified(on)[-1])
    on.quiet()
    assert on.left() == {}
    assert not on.endpoint._agent.dialogs.all


@pytest.mark.rfc("4488 4")
def test_a_malformed_one_in_a_call() -> None:
    """What cannot be read is answered with 400 within a dialog as well."""
    on = bench()
    call = up(on)
    on.receive(on.in_dialog("REFER", 2, call, headers=[CONTACT, TO_CAROL, "Refer-Sub: perhaps"]))
    assert on.statuses[-1] == 400


@pytest.mark.rfc("6665 4.5.2")
def test_an_early_dialog_is_not_shared() -> None:
    """Before the call is answered, no subscription can live in its dialog; without one, a REFER may come."""
    on = bench()
    call = on.incoming(call_id="call@192.0.2.2")
    on.take(call.ring(now=on.now))
    on.receive(on.in_dialog("REFER", 2, call, headers=[CONTACT, TO_CAROL]))
    assert on.statuses[-1] == 403
    referral = refer_in(on, call, 3, TO_CAROL, "Require: nosub")
    on.take(referral.accept(now=on.now))
    assert on.statuses[-1] == 200
    assert notified(on) == []


@pytest.mark.rfc("5057 5.4")
def test_it_says_where_its_sender_is_from_now_on() -> None:
    """A REFER is a target refresh request."""
    on = bench()
    call = up(on)
    on.receive(on.in_dialog("REFER", 2, call, headers=["Contact: <sip:there@192.0.2.2>", TO_CAROL]))
    on.take(on.told(ReferReceived)[-1].referral.accept(now=on.now))
    assert str(notified(on)[0].uri) == "sip:there@192.0.2.2"
    on.receive(on.in_dialog("REFER", 3, call, headers=["Contact: <sip:here@192.0.2.2>", TO_CAROL, "Refer-Sub: false"]))
    on.take(on.told(ReferReceived)[-1].referral.accept(now=on.now))
    assert call.here.dialog.remote_target == "sip:here@192.0.2.2"


@pytest.mark.rfc("3515 2.4.6")
def test_a_second_one_in_the_dialog_that_the_first_has_made() -> None:
    """The dialog of a REFER may take another one."""
    on = bench()
    first = refer(on)
    on.take(first.accept(now=on.now))
    dialog = first.dialog
    assert dialog is not None
    on.receive(on.request("REFER", to=dialog.local, cseq=2, headers=[CONTACT, TO_CAROL]))
    event = on.told(ReferReceived)[-1]
    assert event.about is None
    on.take(event.referral.accept(now=on.now))
    assert str(notified(on)[-1][EVENT]) == "refer;id=2"


# -------------------------------------------------------------------- without a subscription


@pytest.mark.rfc("4488 4", "7614 5.3", "3515-17", "3515-19")
@pytest.mark.parametrize(
    ("header", "echoed"), [("Refer-Sub: false", "false"), ("Require: nosub", None)], ids=["Refer-Sub", "nosub"]
)
def test_who_does_not_want_to_hear_of_it(header: str, echoed: str | None) -> None:
    """It is accepted, done, and nothing told; by itself as well when nobody decides."""
    on = bench()
    referral = refer(on, TO_CAROL, header)
    on.take(referral.accept(now=on.now))
    assert on.last_response.status == 200
    assert on.last_response.header("Refer-Sub") == echoed
    on.take(referral.progress(180, now=on.now))
    on.take(referral.progress(200, now=on.now))
    late = refer(on, TO_CAROL, header, call_id="late")
    on.wait(4)
    assert on.statuses.count(200) == 2
    on.take(late.follow(SDP, now=on.now)[1])
    assert on.last_request.method == "INVITE"
    assert notified(on) == []


# -------------------------------------------------------------------- misuse


@pytest.mark.rfc("3515 2.4")
def test_what_cannot_be_done() -> None:
    """A command that does not fit raises, and nothing changes."""
    on = bench()
    referral = refer(on)
    with pytest.raises(LocalProtocolError, match="accept or follow it first"):
        referral.progress(180, now=on.now)
    with pytest.raises(LocalProtocolError, match="accept or follow it first"):
        referral.progress(200, now=on.now)
    with pytest.raises(LocalProtocolError, match="300 to 699"):
        referral.reject(200, now=on.now)
    on.take(referral.accept(now=on.now))
    with pytest.raises(
        LocalProtocolError, match="cannot accept in state Accepted: it has been accepted; tell how it goes"
    ):
        referral.accept(now=on.now)
    with pytest.raises(LocalProtocolError, match="tell its end by `progress` instead"):
        referral.reject(now=on.now)
    with pytest.raises(LocalProtocolError, match="100 to 699"):
        referral.progress(99, now=on.now)
    on.take(referral.progress(200, now=on.now))
    for command, name, instead in (
        (referral.accept, "accept", "there is nothing left to do"),
        (referral.reject, "reject", "there is nothing left to do"),
        (referral.follow, "follow", "is made by `invite`"),
    ):
        with pytest.raises(LocalProtocolError, match=f"cannot {name} in state Over: it is over, .*{instead}"):
            command(now=on.now)
    for status in (180, 200):
        with pytest.raises(LocalProtocolError, match="it is over"):
            referral.progress(status, now=on.now)
    assert on.told(RequestServed) == []


@pytest.mark.rfc("3515 2.4")
def test_what_is_given_and_cannot_be() -> None:
    """Whatever is wrong with it, the text names the command, and says what to do instead."""
    on = Bench(profile=Profile(takes_referrals=True), limits=Limits(calls=1))
    referral = refer(on, "Refer-To: <sip:carol@192.0.2.9;transport=tcp>")
    via: list[tuple[str, str]] = [("Via", "x")]
    no_sdp: Any = "v=0"
    mend = "mend that, or reject it"
    wrong: list[tuple[Callable[[], object], str]] = [
        (lambda: referral.accept(headers=via, now=on.now), "cannot accept: Via is written by .*; leave that out"),
        (lambda: referral.accept(headers=[("X", "a\nb")], now=on.now), "cannot accept: CR, LF and .*; leave that out"),
        (lambda: referral.reject(headers=via, now=on.now), "cannot reject: Via is written by .*; leave that out"),
        (lambda: referral.follow(headers=via, now=on.now), f"cannot follow: Via is written by .*; {mend}"),
        (lambda: referral.follow(no_sdp, now=on.now), f"cannot follow: a session description is .*; {mend}"),
        (lambda: referral.follow(now=on.now), f"cannot follow: cannot send to .* over TCP.*; {mend}"),
    ]
    for command, why in wrong:
        with pytest.raises(LocalProtocolError, match=why):
            command()
    assert referral.state is PeerReferralState.ASKED
    on.incoming()
    with pytest.raises(LocalProtocolError, match=f"cannot follow: 1 calls are up, .*; {mend}"):
        referral.follow(now=on.now)
    on.take(referral.accept(now=on.now))
    with pytest.raises(LocalProtocolError, match=r"cannot follow: .*; mend that, or tell its end by `progress`"):
        referral.follow(now=on.now)
    with pytest.raises(LocalProtocolError, match=r"cannot report progress: CR, LF and .*; leave that out"):
        referral.progress(180, "a\nb", now=on.now)
