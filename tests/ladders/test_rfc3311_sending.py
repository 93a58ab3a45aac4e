"""UPDATE as we send it: who knows it, when it may bear an offer, what it names (RFC 3311 4 and 5.1)."""

from __future__ import annotations

import pytest

from sipsm import LocalProtocolError
from sipsm.role import AnswerReceived, Modified, OfferReceived, Refreshed
from sipsm.testing import answer, ladder, nothing_left
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.parties import parties, request, taken, told
from tests.ladders.reliably import (
    ALLOWS,
    SDP3,
    SUPPORTED,
    early_in,
    early_out,
    pracks,
    requests,
    rings,
    says_ok,
    updates,
)

# -------------------------------------------------------------------- who knows it


@pytest.mark.rfc("3311 4", "3311-01")
def test_both_say_that_they_know_it() -> None:
    """INVITE, the reliable response with a description, 2xx, and the 2xx to an UPDATE have Allow with UPDATE."""
    bench = Bench()
    call = early_in(bench, answer=SDP2)
    reliable = bench.sent[0]
    bench.take(call.answer(now=bench.now))
    accepted = bench.last_response
    updates(bench, call, 3)
    ours = bench.outgoing()
    assert (reliable.has("RSeq"), accepted.status) == (True, 200)
    for message in (reliable, accepted, bench.last_response, ours.invite):
        assert "UPDATE" in (message.header("Allow") or "")


@pytest.mark.rfc("3311 4", "3311-01")
def test_a_peer_that_does_not_know_it() -> None:
    """Where the peer's Allow does not name UPDATE none is sent; once a later Allow names it, it may be."""
    bench = Bench()
    call = bench.outgoing()
    rings(bench, call.invite, 1, body=SDP2, headers=["Allow: INVITE, ACK, BYE, CANCEL, PRACK"])
    says_ok(bench, "PRACK")
    with pytest.raises(LocalProtocolError, match="does not allow it"):
        call.offer(SDP3, now=bench.now)
    rings(bench, call.invite, 2, headers=[ALLOWS])
    says_ok(bench, "PRACK")
    bench.take(call.offer(SDP3, now=bench.now))
    assert bench.methods[-1] == "UPDATE"


@pytest.mark.rfc("3311 4", "3311-01")
def test_a_caller_that_does_not_know_it() -> None:
    """The callee sends none either, when the INVITE's Allow does not name it."""
    bench = Bench()
    call = bench.incoming(headers=[SUPPORTED, "Allow: INVITE, ACK, BYE, CANCEL, PRACK"])
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    pracks(bench, call, 2)
    with pytest.raises(LocalProtocolError, match="does not allow it"):
        call.offer(SDP3, now=bench.now)


# -------------------------------------------------------------------- in an early dialog


@pytest.mark.rfc("3311 5.1", "3311-03", "3262-20", "6337 3.2")
def test_either_side_updates_the_early_session() -> None:
    """Once the reliable answer is acknowledged, caller and callee may each offer anew, before the call is answered."""
    net, alice, bob = parties(delay=0.1)
    mine = alice.invite("sip:bob")
    net.run(until=1)
    call = taken(bob)
    alice.on(OfferReceived, lambda event: alice.do(event.call.answer_offer, alice.sdp))
    bob.on(OfferReceived, lambda event: bob.do(event.call.answer_offer, bob.sdp))
    bob.do(call.ring, 183, sdp=bob.sdp, reliable=True)
    net.run(until=2)
    second, third = alice.sdp.replace(b"4000", b"7000"), bob.sdp.replace(b"4000", b"8000")
    alice.do(mine.offer, second)
    net.run(until=3)
    assert (mine.agreed, call.agreed) == ((second, bob.sdp), (bob.sdp, second))
    bob.do(call.offer, third)
    net.run(until=4)
    assert (mine.agreed, call.agreed) == ((alice.sdp, third), (third, alice.sdp))
    assert [event.method for event in told(alice, Modified) + told(bob, Modified)] == ["UPDATE", "UPDATE"]
    bob.do(call.answer)
    net.run(until=5)
    bob.do(call.hang_up)
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.3  alice <------------100- bob   Timer 100
        1.0  alice <------------183- bob
        1.1  alice PRACK-----------> bob
        1.2  alice <------------200- bob
        2.0  alice UPDATE----------> bob
        2.1  alice <------------200- bob
        3.0  alice <---------UPDATE- bob
        3.1  alice 200-------------> bob
        4.0  alice <------------200- bob
        4.1  alice ACK-------------> bob
        5.0  alice <------------BYE- bob
        5.1  alice 200-------------> bob
    """)
    nothing_left(net)


@pytest.mark.rfc("3311 5.1", "3311-02", "3311-03", "6337 2.2")
def test_the_caller_before_the_answer() -> None:
    """The caller offers by UPDATE only behind a reliable answer: not at once, not behind an unreliable preview."""
    bench = Bench()
    call = bench.outgoing()
    with pytest.raises(LocalProtocolError, match=r"unanswered|made the dialog"):
        call.offer(SDP3, now=bench.now)
    bench.receive(bench.response(call.invite, 183, body=SDP2, headers=[ALLOWS]))
    with pytest.raises(LocalProtocolError, match="our offer is unanswered"):
        call.offer(SDP3, now=bench.now)
    rings(bench, call.invite, 1)
    with pytest.raises(LocalProtocolError, match="our offer is unanswered"):
        call.offer(SDP3, now=bench.now)
    rings(bench, call.invite, 2, body=SDP2)
    assert call.agreed == (SDP, SDP2)
    bench.take(call.offer(SDP3, now=bench.now))
    assert bench.last_request.body == SDP3
    with pytest.raises(LocalProtocolError, match="our offer is unanswered"):
        call.offer(SDP, now=bench.now)


@pytest.mark.rfc("3311 5.1", "3311-02", "3311-03")
def test_the_caller_without_an_offer_of_its_own() -> None:
    """Behind an INVITE without an offer, the caller offers only once it has answered the callee's offer in a PRACK."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    bench.receive(bench.response(call.invite, 180))
    with pytest.raises(LocalProtocolError, match="no exchange"):
        call.offer(SDP3, now=bench.now)
    rings(bench, call.invite, 1, body=SDP2)
    with pytest.raises(LocalProtocolError, match="give that first"):
        call.offer(SDP3, now=bench.now)
    bench.take(call.answer_offer(SDP, now=bench.now))
    bench.take(call.offer(SDP3, now=bench.now))
    assert bench.last_request.method == "UPDATE"


@pytest.mark.rfc("3311 5.1", "3311-02", "3311-03")
def test_the_callee_before_the_prack() -> None:
    """The callee offers by UPDATE only when its reliable answer has had its PRACK."""
    bench = Bench()
    call = bench.incoming(headers=[SUPPORTED, ALLOWS])
    with pytest.raises(LocalProtocolError):
        call.offer(SDP3, now=bench.now)
    bench.take(call.ring(183, sdp=SDP2, reliable=False, now=bench.now))
    with pytest.raises(LocalProtocolError, match="give that first"):
        call.offer(SDP3, now=bench.now)
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    with pytest.raises(LocalProtocolError, match="has not had its PRACK"):
        call.offer(SDP3, now=bench.now)
    pracks(bench, call, 2)
    bench.take(call.offer(SDP3, now=bench.now))
    assert bench.last_request.method == "UPDATE"


@pytest.mark.rfc("3311 5.1", "3311-02", "3311-03")
def test_the_callee_that_offered() -> None:
    """Behind its own offer in a reliable response, the callee offers anew only when its answer has come."""
    bench = Bench()
    call = bench.incoming(offer=b"", headers=[SUPPORTED, ALLOWS])
    bench.take(call.ring(180, reliable=False, now=bench.now))
    with pytest.raises(LocalProtocolError, match="no exchange"):
        call.offer(SDP3, now=bench.now)
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    with pytest.raises(LocalProtocolError, match="our offer is unanswered"):
        call.offer(SDP3, now=bench.now)
    pracks(bench, call, 2, body=SDP)
    bench.take(call.offer(SDP3, now=bench.now))
    assert bench.last_request.method == "UPDATE"


@pytest.mark.rfc("3311 5.1")
def test_there_must_be_a_dialog() -> None:
    """Before a response has made the dialog, an UPDATE cannot even go without an offer, from either side."""
    bench = Bench()
    ours, theirs = bench.outgoing(), bench.incoming(headers=[SUPPORTED, ALLOWS])
    for call in (ours, theirs):
        with pytest.raises(LocalProtocolError, match="has made the dialog"):
            call.offer(method="UPDATE", now=bench.now)
    bench.receive(bench.response(ours.invite, 180))
    bench.take(theirs.ring(180, now=bench.now))
    for call in (ours, theirs):
        bench.take(call.offer(method="UPDATE", now=bench.now))
        assert (bench.last_request.method, bench.last_request.body) == ("UPDATE", b"")
        assert bench.last_request.to.tag == call.here.dialog.remote_tag


@pytest.mark.rfc("3311 5.1", "3311-02")
def test_one_at_a_time() -> None:
    """While an UPDATE of ours is unanswered there is no second one, with an offer or without, and no re-INVITE."""
    bench = Bench()
    call = bench.acked(headers=[ALLOWS])
    bench.take(call.offer(SDP3, method="UPDATE", now=bench.now))
    for method in ("UPDATE", "INVITE"):
        for sdp in (SDP, b""):
            with pytest.raises(LocalProtocolError, match="unanswered"):
                call.offer(sdp, method=method, now=bench.now)
    says_ok(bench, "UPDATE", body=SDP)
    bench.take(call.offer(SDP2, method="UPDATE", now=bench.now))
    assert len(requests(bench, "UPDATE")) == 2


@pytest.mark.rfc("3311 5.1", "3311-02")
@pytest.mark.parametrize("carrier", ["INVITE", "UPDATE"])
def test_not_while_the_peer_waits(carrier: str) -> None:
    """While an offer of the peer is unanswered, by re-INVITE or UPDATE, ours is refused before it is sent."""
    bench = Bench()
    call = bench.acked(headers=[ALLOWS])
    bench.receive(bench.in_dialog(carrier, 2, call, body=SDP3))
    for method in ("UPDATE", "INVITE"):
        with pytest.raises(LocalProtocolError, match="give that first"):
            call.offer(SDP, method=method, now=bench.now)
    bench.take(call.answer_offer(SDP2, now=bench.now))
    assert call.agreed == (SDP2, SDP3)


@pytest.mark.rfc("3311 5.1", "3311-02")
def test_during_a_reinvite() -> None:
    """Within a re-INVITE too, the callee's UPDATE waits for the PRACK of its reliable answer."""
    bench = Bench()
    call = bench.acked(headers=[ALLOWS])
    bench.receive(bench.in_dialog("INVITE", 2, call, branch="z9hG4bKre", body=SDP3, headers=[SUPPORTED]))
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    with pytest.raises(LocalProtocolError, match="has not had its PRACK"):
        call.offer(SDP, method="UPDATE", now=bench.now)
    pracks(bench, call, 3)
    bench.take(call.offer(SDP, method="UPDATE", now=bench.now))
    assert bench.last_request.method == "UPDATE"


# -------------------------------------------------------------------- once the call is up


@pytest.mark.rfc("3311 5.1", "3311-05")
def test_a_reinvite_is_preferred() -> None:
    """On a confirmed dialog an offer goes by re-INVITE unless UPDATE is asked for; in an early one by UPDATE."""
    bench = Bench()
    call = early_out(bench, answer=SDP2)
    bench.take(call.offer(SDP3, now=bench.now))
    assert bench.methods[-1] == "UPDATE"
    says_ok(bench, "UPDATE", body=SDP2)
    bench.receive(bench.response(call.invite, 200))
    bench.take(call.offer(SDP, now=bench.now))
    assert bench.methods[-1] == "INVITE"
    says_ok(bench, "INVITE", body=SDP2)
    bench.take(call.offer(SDP3, method="UPDATE", now=bench.now))
    assert bench.methods[-1] == "UPDATE"


@pytest.mark.rfc("3311 5.1", "3311-14", "3311 5.2")
def test_without_an_offer() -> None:
    """A bare UPDATE changes no session: it is answered at once, told as `Refreshed`, and goes while offers are open."""
    net, alice, bob = parties()
    bob.script(answer())
    mine = alice.invite("sip:bob")
    net.run(until=1)
    before = mine.agreed
    alice.do(mine.offer, method="UPDATE")
    net.run(until=2)
    assert request(net, alice, "UPDATE").body == b""
    assert [event.method for event in told(alice, Modified)] == ["UPDATE"]
    assert (len(told(bob, Refreshed)), told(bob, OfferReceived), told(alice, AnswerReceived)[1:]) == (1, [], [])
    assert mine.agreed == before
    alice.do(mine.offer, mine.local_sdp.replace(b"4000", b"7000"))
    alice.do(mine.offer, method="UPDATE")
    net.run(until=3)
    assert len(told(bob, Refreshed)) == 2


@pytest.mark.rfc("3311 5.1", "3311-04", "6141 4.4")
def test_it_names_our_contact() -> None:
    """An UPDATE and its 2xx have our Contact, the same that the 2xx to the INVITE has."""
    bench = Bench()
    call = early_in(bench, answer=SDP2)
    bench.take(call.offer(SDP3, now=bench.now))
    update = bench.last_request
    says_ok(bench, "UPDATE", body=SDP)
    updates(bench, call, 3)
    accepted = bench.last_response
    bench.take(call.answer(now=bench.now))
    contacts = {message.header("Contact") for message in (update, accepted, bench.last_response)}
    assert (len(contacts), contacts & {None}) == (1, set())
