"""Offers and answers in reliable provisional responses, in PRACK and in its 2xx (RFC 3262 5)."""

from __future__ import annotations

import pytest

from sipsm import CallState, EndReason, LocalProtocolError, Response
from sipsm.role import AnswerReceived, Ended, Established, OfferReceived, Policy, ProvisionalAcknowledged
from sipsm.testing import ladder, nothing_left
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.parties import names, parties, request, response, taken, told
from tests.ladders.reliably import SDP3, SUPPORTED, early_in, early_out, prack, pracks, requests, responses, rings

# -------------------------------------------------------------------- the answer in a 1xx


@pytest.mark.rfc("3262 5", "3262-19", "3262-20", "6337 2.2")
def test_the_session_before_the_answer() -> None:
    """The first exchange is complete, and agreed at both ends, while the INVITE is unanswered."""
    net, alice, bob = parties(delay=0.1)
    mine = alice.invite("sip:bob")
    net.run(until=1)
    call = taken(bob)
    bob.do(call.ring, 183, sdp=bob.sdp, reliable=True)
    net.run(until=2)
    assert (mine.agreed, call.agreed) == ((alice.sdp, bob.sdp), (bob.sdp, alice.sdp))
    assert (mine.state, call.state) == (CallState.RINGING, CallState.RINGING)
    (answer,) = told(alice, AnswerReceived)
    assert isinstance(answer.in_message, Response)
    assert (answer.sdp, answer.in_message.status) == (bob.sdp, 183)
    bob.do(call.answer)
    net.run(until=3)
    assert response(net, bob, 200).body == b""
    alice.do(mine.hang_up)
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.3  alice <------------100- bob   Timer 100
        1.0  alice <------------183- bob
        1.1  alice PRACK-----------> bob
        1.2  alice <------------200- bob
        2.0  alice <------------200- bob
        2.1  alice ACK-------------> bob
        3.0  alice BYE-------------> bob
        3.1  alice <------------200- bob
    """)
    nothing_left(net)


@pytest.mark.rfc("3262 5", "6337 3.1.1")
def test_the_answer_is_given_once() -> None:
    """Later responses of the callee bear the same description or none: another is refused before it is sent."""
    bench = Bench()
    call = early_in(bench, answer=SDP2)
    for reliable in (True, False):
        with pytest.raises(LocalProtocolError, match="offer anew with UPDATE"):
            call.ring(180, sdp=SDP3, reliable=reliable, now=bench.now)
    with pytest.raises(LocalProtocolError, match="offer anew with UPDATE"):
        call.answer(SDP3, now=bench.now)
    bench.take(call.ring(180, sdp=SDP2, reliable=True, now=bench.now))
    pracks(bench, call, 3)
    bench.take(call.answer(SDP2, now=bench.now))
    assert call.agreed == (SDP2, SDP)


@pytest.mark.rfc("3262 5", "6337 3.1.1", "3261-C20")
def test_a_callee_that_says_more() -> None:
    """The first description in a reliable response is the answer; what later responses bear is ignored."""
    bench = Bench()
    call = early_out(bench, answer=SDP2)
    rings(bench, call.invite, 101, body=SDP3)
    bench.receive(bench.response(call.invite, 180, body=SDP3))
    bench.receive(bench.response(call.invite, 200, body=SDP3))
    assert [event.sdp for event in bench.told(AnswerReceived)] == [SDP2]
    assert call.agreed == (SDP, SDP2)


# -------------------------------------------------------------------- the offer in a 1xx


@pytest.mark.rfc("3262 5", "3262-17", "3262-20", "6337 2.2")
def test_the_callee_offers() -> None:
    """An INVITE without an offer: the first reliable response bears it, the PRACK the answer, the 2xx nothing."""
    net, alice, bob = parties(delay=0.1)
    alice.on(OfferReceived, lambda event: alice.do(event.call.answer_offer, alice.sdp))
    mine = alice.invite("sip:bob", offer=b"")
    net.run(until=1)
    call = taken(bob)
    bob.do(call.ring, 183, sdp=bob.sdp, reliable=True)
    net.run(until=2)
    assert request(net, alice, "PRACK").body == alice.sdp
    assert (mine.agreed, call.agreed) == ((alice.sdp, bob.sdp), (bob.sdp, alice.sdp))
    assert names(bob)[1:] == ["ProvisionalAcknowledged", "AnswerReceived"]
    bob.do(call.answer)
    net.run(until=3)
    assert (mine.state, response(net, bob, 200).body, request(net, alice, "ACK").body) == (
        CallState.ESTABLISHED,
        b"",
        b"",
    )


@pytest.mark.rfc("3262 5", "3262-17")
def test_the_first_reliable_response_must_offer() -> None:
    """Without an offer in the INVITE, a reliable response without one is refused, and an unreliable one with one."""
    bench = Bench()
    call = bench.incoming(offer=b"", headers=[SUPPORTED])
    with pytest.raises(LocalProtocolError, match="first reliable response must carry one"):
        call.ring(180, reliable=True, now=bench.now)
    with pytest.raises(LocalProtocolError, match="an offer needs a reliable message"):
        call.ring(183, sdp=SDP2, reliable=False, now=bench.now)
    bench.take(call.ring(180, reliable=False, now=bench.now))
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    pracks(bench, call, 2, body=SDP)
    bench.take(call.ring(180, reliable=True, now=bench.now))
    assert bench.last_response.status == 180


@pytest.mark.rfc("3262 5", "3262-17")
def test_the_prack_waits_for_the_answer() -> None:
    """The PRACK for an offer goes when the application has answered, and not without an answer."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    rings(bench, call.invite, 1, body=SDP2)
    assert requests(bench, "PRACK") == []
    rings(bench, call.invite, 1, body=SDP2)
    assert len(bench.told(OfferReceived)) == 1
    with pytest.raises(LocalProtocolError, match="must carry the answer"):
        call.acknowledge(now=bench.now)
    with pytest.raises(LocalProtocolError, match="answer it with its streams refused"):
        call.reject_offer(now=bench.now)
    bench.take(call.answer_offer(SDP, now=bench.now))
    (sent,) = requests(bench, "PRACK")
    assert (sent.body, sent.content_type) == (SDP, "application/sdp")
    assert call.agreed == (SDP, SDP2)
    with pytest.raises(LocalProtocolError, match="no offer of the peer"):
        call.answer_offer(SDP, now=bench.now)


@pytest.mark.rfc("3262 5", "3262-17")
def test_a_prack_without_the_answer() -> None:
    """A PRACK that does not answer our offer matches, and gets 200; the INVITE, which can never be agreed, gets 400."""
    bench = Bench()
    call = bench.incoming(offer=b"", headers=[SUPPORTED])
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    pracks(bench, call, 2)
    assert [str(each.cseq) for each in responses(bench, 200)] == ["2 PRACK"]
    assert [str(each.cseq) for each in responses(bench, 400)] == ["1 INVITE"]
    assert [event.reason for event in bench.told(Ended)] == [EndReason.NO_ANSWER]


@pytest.mark.rfc("3262 5")
def test_a_prack_within_a_reinvite_without_the_answer() -> None:
    """The same within a re-INVITE ends the re-INVITE only, and the session is as it was."""
    bench = Bench()
    call = bench.acked()
    agreed = call.agreed
    bench.receive(bench.in_dialog("INVITE", 2, call, headers=[SUPPORTED]))
    bench.take(call.ring(183, sdp=SDP3, reliable=True, now=bench.now))
    pracks(bench, call, 3)
    assert [str(each.cseq) for each in responses(bench, 200, "PRACK")] == ["3 PRACK"]
    assert [str(each.cseq) for each in responses(bench, 400)] == ["2 INVITE"]
    assert (call.state, call.agreed, bench.told(Ended)) == (CallState.ESTABLISHED, agreed, [])


@pytest.mark.rfc("3262 5", "3262-09", "3262-17")
def test_a_2xx_waits_for_the_answer_in_the_prack() -> None:
    """The 2xx is held while our offer in the 1xx is unanswered."""
    bench = Bench()
    call = bench.incoming(offer=b"", headers=[SUPPORTED])
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    offered = bench.last_response
    bench.take(call.answer(now=bench.now))
    assert responses(bench, 200) == []
    bench.receive(prack(bench, call, offered, 2, body=SDP))
    assert [str(each.cseq) for each in responses(bench, 200)] == ["2 PRACK", "1 INVITE"]
    assert call.agreed == (SDP2, SDP)


# -------------------------------------------------------------------- the offer in PRACK


@pytest.mark.rfc("3262 5", "3262-18", "3262-20", "6337 2.2")
def test_an_offer_in_the_prack() -> None:
    """The PRACK for the answer makes another offer, whose answer is in the 200 to the PRACK; both agree to it."""
    net, _, bob = parties(delay=0.1)
    alice = net.agent("carol", policy=Policy(prack_by_hand=True))
    other = alice.sdp.replace(b"4000", b"7000")
    mine = alice.invite("sip:bob")
    net.run(until=1)
    call = taken(bob)
    bob.do(call.ring, 183, sdp=bob.sdp, reliable=True)
    net.run(until=1.2)
    alice.do(mine.acknowledge, other)
    net.run(until=1.4)
    (offer,) = told(bob, OfferReceived)
    assert (offer.sdp, offer.in_message.cseq.method) == (other, "PRACK")
    assert told(bob, ProvisionalAcknowledged) != []
    bob.do(call.answer_offer, bob.sdp.replace(b"4000", b"8000"))
    net.run(until=1.6)
    assert mine.agreed == (other, bob.sdp.replace(b"4000", b"8000"))
    assert call.agreed == (bob.sdp.replace(b"4000", b"8000"), other)
    bob.do(call.answer)
    net.run(until=2)
    assert mine.state is CallState.ESTABLISHED


@pytest.mark.rfc("3262 5", "3262-18")
def test_a_prack_with_an_offer_cannot_be_refused() -> None:
    """The callee answers it; refusing is not possible, a 2xx to the INVITE has to wait, and other offers too."""
    bench = Bench()
    call = early_in(bench, answer=SDP2, acknowledged=False)
    offer = prack(bench, call, bench.last_response, 2, body=SDP3)
    bench.receive(offer)
    assert responses(bench, 200, "PRACK") == []
    with pytest.raises(LocalProtocolError, match="a PRACK is not refused"):
        call.reject_offer(now=bench.now)
    with pytest.raises(LocalProtocolError, match="give that first"):
        call.answer(now=bench.now)
    with pytest.raises(LocalProtocolError, match="give that first"):
        call.offer(SDP, now=bench.now)
    bench.receive(offer)
    assert len(bench.told(OfferReceived)) == 1
    bench.take(call.answer_offer(SDP2, now=bench.now))
    assert (bench.last_response.status, bench.last_response.body) == (200, SDP2)
    assert call.agreed == (SDP2, SDP3)
    bench.take(call.answer(now=bench.now))
    assert bench.last_response.cseq.method == "INVITE"


@pytest.mark.rfc("3262 5", "6337 2.2")
def test_only_the_prack_for_an_answer_may_offer() -> None:
    """A PRACK for a response without a description, or behind an unreliable preview, makes no offer."""
    bench = Bench(policy=Policy(prack_by_hand=True))
    call = bench.outgoing()
    rings(bench, call.invite, 1)
    with pytest.raises(LocalProtocolError, match="our offer is unanswered"):
        call.acknowledge(SDP3, now=bench.now)
    bench.take(call.acknowledge(now=bench.now))
    bench.receive(bench.response(call.invite, 183, body=SDP2))
    rings(bench, call.invite, 2)
    with pytest.raises(LocalProtocolError, match="our offer is unanswered"):
        call.acknowledge(SDP3, now=bench.now)
    bench.take(call.acknowledge(now=bench.now))
    rings(bench, call.invite, 3, body=SDP2)
    bench.take(call.acknowledge(now=bench.now))
    rings(bench, call.invite, 4)
    with pytest.raises(LocalProtocolError, match="bears no answer"):
        call.acknowledge(SDP3, now=bench.now)
    bench.take(call.acknowledge(now=bench.now))
    with pytest.raises(LocalProtocolError, match="no reliable provisional response waits"):
        call.acknowledge(now=bench.now)


@pytest.mark.rfc("3262 5", "6337 2.3")
@pytest.mark.parametrize("status", [200, 488])
def test_an_offer_in_the_prack_comes_to_nothing(status: int) -> None:
    """A PRACK's offer that is refused, or left unanswered in its 2xx, leaves the session of the 1xx in force."""
    bench = Bench(policy=Policy(prack_by_hand=True))
    call = bench.outgoing()
    rings(bench, call.invite, 1, body=SDP2)
    bench.take(call.acknowledge(SDP3, now=bench.now))
    assert call.local_sdp == SDP3
    bench.receive(bench.response(bench.last_request, status))
    assert (call.agreed, call.local_sdp) == ((SDP, SDP2), SDP)
    bench.receive(bench.response(call.invite, 200))
    assert call.state is CallState.ESTABLISHED


@pytest.mark.rfc("3262 5", "6337 2.2")
def test_a_prack_that_offers_where_it_may_not() -> None:
    """An offer in a PRACK while the INVITE's own is unanswered gets 500, and nothing of it is told."""
    bench = Bench()
    call = bench.incoming(headers=[SUPPORTED])
    bench.take(call.ring(180, reliable=True, now=bench.now))
    ringing = bench.last_response
    bench.receive(prack(bench, call, ringing, 2, body=SDP3))
    assert (bench.last_response.status, bench.told(OfferReceived)) == (500, [])
    assert 0 <= int(bench.last_response.header("Retry-After") or -1) <= 10
    bench.receive(prack(bench, call, ringing, 3))
    assert bench.last_response.status == 200
    bench.take(call.answer(SDP2, now=bench.now))
    assert call.agreed == (SDP2, SDP)


@pytest.mark.rfc("3262 3", "3262-08")
def test_a_late_prack_makes_no_offer() -> None:
    """What a PRACK behind the final response bears is no offer any more: it gets 200, and the session is as it was."""
    bench = Bench()
    call = bench.incoming(headers=[SUPPORTED])
    bench.take(call.ring(180, reliable=True, now=bench.now))
    ringing = bench.last_response
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call))
    bench.receive(prack(bench, call, ringing, 2, body=SDP3))
    assert (bench.last_response.status, bench.last_response.body) == (200, b"")
    assert (call.agreed, bench.told(OfferReceived), len(bench.told(Established))) == ((SDP2, SDP), [], 1)


@pytest.mark.rfc("3262 5", "3261 15.1.2")
@pytest.mark.parametrize("how", ["BYE", "CANCEL"])
def test_the_call_ends_before_the_prack_is_answered(how: str) -> None:
    """A PRACK that waits for the application gets 487 when its dialog ends."""
    bench = Bench()
    call = early_in(bench, answer=SDP2, acknowledged=False)
    pracks(bench, call, 2, body=SDP3)
    if how == "BYE":
        bench.receive(bench.in_dialog("BYE", 3, call))
    else:
        bench.receive(bench.request("CANCEL", branch="z9hG4bKcall"))
    assert sorted(response.cseq.method for response in responses(bench, 487)) == ["INVITE", "PRACK"]
    bench.receive(bench.request("ACK", branch="z9hG4bKcall", to=str(bench.last_response.to)))
    bench.quiet()
    assert bench.left() == {}
