"""The call that follows a REFER, and what its sender is told of it (RFC 3515 2.4.3, 2.4.4)."""

from __future__ import annotations

import pytest

from sipsm import (
    CallState,
    LocalProtocolError,
    PeerReferralState,
)
from sipsm.message.headers import REFERRED_BY
from tests.endpoint.by_hand import SDP
from tests.ladders.referring import (
    CONTACT,
    answer,
    bench,
    notified,
    refer,
    told,
)


@pytest.mark.rfc("3515 2.4.3", "3261 19.1.5", "3892 2.2")
def test_what_the_uri_asks_for() -> None:
    """The INVITE has the headers that the URI names, but those that nobody may ask for; and says who has referred."""
    on = bench()
    referral = refer(
        on,
        "Refer-To: <sip:carol@192.0.2.2;method=INVITE?Subject=hello&X-Other=1&Via=x&Require=replaces"
        "&Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2&Referred-By=%3Csip%3Aeve%40192.0.2.9%3E>",
        "Referred-By: <sip:alice@192.0.2.2>",
    )
    call, outputs = referral.follow(SDP, headers=[("Priority", "urgent")], now=on.now)
    on.take(outputs)
    assert referral.call is call
    invite = on.last_request
    assert str(invite.uri) == "sip:carol@192.0.2.2"
    assert [invite.header(name) for name in ("Subject", "Require", "Priority")] == ["hello", "replaces", "urgent"]
    assert invite.header("Replaces") == "a@b;to-tag=1;from-tag=2"
    assert str(invite[REFERRED_BY]) == "<sip:alice@192.0.2.2>"
    assert len(invite.lines_of("Via")) == 1
    with pytest.raises(LocalProtocolError, match="done already; the call is its `call`"):
        referral.follow(SDP, now=on.now)


@pytest.mark.rfc("3261 19.1.5")
@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ("Replaces=x", "cannot follow: its URI asks for .*; mend that, or reject it"),
        ("Require=magic", "cannot follow: it wants magic to be required; mend that, or reject it"),
    ],
)
def test_what_the_uri_may_not_ask_for(headers: str, why: str) -> None:
    """What would be no INVITE of ours is not sent, and the REFER is still to be decided."""
    on = bench()
    referral = refer(on, f"Refer-To: <sip:carol@192.0.2.2?{headers}>")
    with pytest.raises(LocalProtocolError, match=why):
        referral.follow(SDP, now=on.now)
    assert referral.state is PeerReferralState.ASKED
    assert not on.endpoint.calls


@pytest.mark.rfc("3515 2.4.4", "3515-11")
def test_unsubscribing_stops_nothing() -> None:
    """Who wants to hear no more of it does not cancel the call by that."""
    on = bench()
    referral = refer(on)
    call, outputs = referral.follow(SDP, now=on.now)
    on.take(outputs)
    invite = on.last_request
    answer(on, notified(on)[0])
    dialog = referral.dialog
    assert dialog is not None
    on.receive(on.request("SUBSCRIBE", to=dialog.local, cseq=2, headers=[CONTACT, "Event: refer", "Expires: 0"]))
    assert on.statuses[-1] == 200
    answer(on, notified(on)[-1])
    answer(on, invite, 200, "Contact: <sip:carol@192.0.2.2>", body=SDP, tag="carols")
    assert call.state is CallState.ESTABLISHED
    assert "CANCEL" not in on.methods
    assert len(notified(on)) == 2


@pytest.mark.rfc("3515 2.4.4", "3515 2.4.7")
@pytest.mark.parametrize(
    ("status", "line"), [(302, "302 X"), (404, "404 X"), (0, "408 Request Timeout")], ids=["moved", "unknown", "silent"]
)
def test_a_call_that_comes_to_nothing(status: int, line: str) -> None:
    """The peer is told what the call has come to, with the words of who said so."""
    on = bench()
    referral = refer(on)
    on.take(referral.follow(SDP, now=on.now)[1])
    invite = on.last_request
    answer(on, notified(on)[0])
    if status:
        answer(on, invite, status, tag="carols")
    on.wait(1 if status else 40)
    assert told(on)[-1] == (line, "terminated;reason=noresource")
    assert referral.state is PeerReferralState.OVER


@pytest.mark.rfc("3515 2.4.4")
def test_the_application_gives_up() -> None:
    """A call that is cancelled here has come to nothing for the peer: 487."""
    on = bench()
    referral = refer(on)
    call, outputs = referral.follow(SDP, now=on.now)
    on.take(outputs)
    invite = on.last_request
    answer(on, notified(on)[0])
    answer(on, invite, 180, tag="carols")
    on.wait(2)
    answer(on, notified(on)[-1])
    on.take(call.cancel(now=on.now))
    # Nobody answers the INVITE any more.
    on.wait(40)
    assert told(on)[-1] == ("487 Request Terminated", "terminated;reason=noresource")


@pytest.mark.rfc("3515 2.4.4")
def test_the_application_tells_the_end_before() -> None:
    """What the application has told counts; what becomes of its call is told no more."""
    on = bench()
    referral = refer(on)
    _, outputs = referral.follow(SDP, now=on.now)
    on.take(outputs)
    invite = on.last_request
    on.take(referral.progress(200, now=on.now))
    answer(on, notified(on)[0])
    on.wait(1)
    assert told(on)[-1] == ("200 OK", "terminated;reason=noresource")
    answer(on, notified(on)[-1])
    known = len(notified(on))
    answer(on, invite, 180, tag="carols")
    answer(on, invite, 486, tag="carols")
    on.wait(1)
    assert len(notified(on)) == known


@pytest.mark.rfc("3515 2.4.3")
def test_followed_when_it_had_been_accepted() -> None:
    """A REFER that was accepted, by the application or by itself, may be followed then."""
    on = bench()
    one, two = refer(on), refer(on, call_id="2")
    on.take(one.accept(now=on.now))
    on.wait(4)
    for each in (one, two):
        on.take(each.follow(SDP, now=on.now)[1])
        assert each.state is PeerReferralState.ACCEPTED
    assert on.methods.count("INVITE") == 2
