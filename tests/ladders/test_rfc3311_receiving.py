"""UPDATE as it comes from the peer: what refuses it, what it may change, and that its answer waits (RFC 3311 5.2)."""

from __future__ import annotations

import pytest

from sipsm import CallState, LocalProtocolError
from sipsm.role import AnswerReceived, Modified, OfferReceived, OfferRequested, Policy, Refreshed
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.reliably import (
    ALLOWS,
    SDP3,
    SUPPORTED,
    early_in,
    early_out,
    prack,
    pracks,
    requests,
    responses,
    rings,
    says_ok,
    updates,
)


def wait_of(bench: Bench) -> int:
    """Retry-After of the last response, in seconds."""
    return int(bench.last_response.header("Retry-After") or -1)


# -------------------------------------------------------------------- an offer


@pytest.mark.rfc("3311 5.2", "3311-09", "6337 2.2")
@pytest.mark.parametrize("early", [True, False])
def test_an_offer_and_its_answer(early: bool) -> None:
    """An UPDATE with a description is told as an offer, and its 2xx bears the answer; then both are agreed."""
    bench = Bench()
    call = early_in(bench, answer=SDP2) if early else bench.acked()
    updates(bench, call, 3, SDP3)
    (offer,) = bench.told(OfferReceived)
    assert (offer.sdp, offer.in_message.method, offer.dialog) == (SDP3, "UPDATE", call.here)
    assert responses(bench, 200, "UPDATE") == []
    bench.take(call.answer_offer(SDP, now=bench.now))
    assert (bench.last_response.status, bench.last_response.body) == (200, SDP)
    assert call.agreed == (SDP, SDP3)


@pytest.mark.rfc("3311 5.2", "3311-09", "3264 8")
@pytest.mark.parametrize(("version", "same"), [(b"1 1 IN", True), (b"1 2 IN", False)])
def test_the_version_says_whether_it_has_changed(version: bytes, same: bool) -> None:
    """The application sees by the version in o= whether the session has changed; the 2xx bears an answer always."""
    bench = Bench()
    call = bench.acked()
    body = SDP.replace(b"1 1 IN", version)
    updates(bench, call, 3, body)
    (offer,) = bench.told(OfferReceived)
    assert call.agreed is not None
    assert (offer.sdp == call.agreed[1]) is same
    bench.take(call.answer_offer(SDP2, now=bench.now))
    assert (bench.last_response.body, call.agreed) == (SDP2, (SDP2, body))


@pytest.mark.rfc("3311 5.2", "3311-09")
def test_an_offer_in_an_early_dialog_of_ours() -> None:
    """The callee's UPDATE reaches the caller in the early dialog that its reliable response has made."""
    bench = Bench()
    call = early_out(bench, answer=SDP2)
    updates(bench, call, 1, SDP3)
    bench.take(call.answer_offer(SDP, now=bench.now))
    assert (bench.last_response.status, call.agreed, call.state) == (200, (SDP, SDP3), CallState.RINGING)


@pytest.mark.rfc("3311 5.2", "3311-10", "3311-11", "6337 2.3")
@pytest.mark.parametrize("status", [488, 504])
def test_a_refused_offer(status: int) -> None:
    """An UPDATE that cannot be accepted, or not without the user, is refused with a Warning; all is as it was."""
    bench = Bench()
    call = bench.acked()
    updates(bench, call, 3, SDP3)
    warning = [("Warning", '399 example.com "the user is to be asked"')]
    bench.take(call.reject_offer(status, headers=warning, now=bench.now))
    assert (bench.last_response.status, bench.last_response.header("Warning")) == (status, warning[0][1])
    assert (call.agreed, call.remote_sdp) == ((SDP2, SDP), SDP)
    assert bench.last_response.contact is None
    with pytest.raises(LocalProtocolError, match="no offer of the peer"):
        call.answer_offer(SDP, now=bench.now)


@pytest.mark.rfc("3311 5.2", "3264 5")
def test_the_answer_must_be_there() -> None:
    """The 2xx to an UPDATE with an offer cannot be without an answer."""
    bench = Bench()
    call = bench.acked()
    updates(bench, call, 3, SDP3)
    with pytest.raises(LocalProtocolError, match="an answer is a session description"):
        call.answer_offer(b"", now=bench.now)
    with pytest.raises(LocalProtocolError):
        call.answer(SDP, now=bench.now)


@pytest.mark.rfc("3311 5.2", "3311-14", "3311-10")
@pytest.mark.parametrize("early", [True, False])
def test_without_an_offer(early: bool) -> None:
    """A bare UPDATE gets its 200 at once, is told as `Refreshed`, and is no offer."""
    bench = Bench()
    call = early_in(bench, answer=SDP2) if early else bench.acked()
    agreed = call.agreed
    updates(bench, call, 3)
    assert (bench.last_response.status, bench.last_response.body) == (200, b"")
    assert (len(bench.told(Refreshed)), bench.told(OfferReceived), call.agreed) == (1, [], agreed)


# -------------------------------------------------------------------- one at a time


@pytest.mark.rfc("3311 5.2", "3311-06", "6337 4.3")
@pytest.mark.parametrize("body", [SDP2, b""])
def test_a_second_update(body: bytes) -> None:
    """While one is unanswered, another gets 500 with a Retry-After of 0 to 10 s; the first is answered as if alone."""
    waits = set()
    for seed in range(30):
        bench = Bench(seed)
        call = bench.acked()
        updates(bench, call, 3, SDP3)
        updates(bench, call, 4, body)
        assert bench.last_response.status == 500
        waits.add(wait_of(bench))
        assert len(bench.told(OfferReceived)) == 1
        bench.take(call.answer_offer(SDP2, now=bench.now))
        assert (bench.last_response.status, bench.last_response.cseq.number) == (200, 3)
    assert waits <= set(range(11))
    assert len(waits) > 5


@pytest.mark.rfc("3311 5.2", "3311-07", "6337 4.2")
@pytest.mark.parametrize("carrier", ["INVITE", "UPDATE"])
def test_our_offer_is_open(carrier: str) -> None:
    """While our offer in a re-INVITE or UPDATE is unanswered, one in an UPDATE gets 491, and ours is completed."""
    bench = Bench()
    call = bench.answered(headers=[ALLOWS])
    bench.take(call.offer(SDP3, method=carrier, now=bench.now))
    updates(bench, call, 1, SDP)
    assert (bench.last_response.status, bench.told(OfferReceived)) == (491, [])
    updates(bench, call, 2)
    assert bench.last_response.status == 200
    says_ok(bench, carrier, body=SDP)
    assert call.agreed == (SDP3, SDP)
    updates(bench, call, 3, SDP2)
    assert len(bench.told(OfferReceived)) == 1


@pytest.mark.rfc("3311 5.2", "3311-07", "6337 4.3")
def test_our_offer_in_the_first_invite_is_open() -> None:
    """Behind an early dialog without a reliable answer, an UPDATE with an offer gets 491."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 183, body=SDP2))
    updates(bench, call, 1, SDP3)
    assert (bench.last_response.status, bench.told(OfferReceived)) == (491, [])
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    updates(bench, call, 2, SDP3)
    assert len(bench.told(OfferReceived)) == 1


@pytest.mark.rfc("3311 5.2", "3311-07", "3262 5")
def test_our_offer_in_a_prack_is_open() -> None:
    """While the offer in our PRACK is unanswered, one in an UPDATE gets 491."""
    bench = Bench(policy=Policy(prack_by_hand=True))
    call = bench.outgoing()
    rings(bench, call.invite, 1, body=SDP2)
    bench.take(call.acknowledge(SDP3, now=bench.now))
    updates(bench, call, 1, SDP)
    assert bench.last_response.status == 491
    says_ok(bench, "PRACK", body=SDP)
    assert call.agreed == (SDP3, SDP)


@pytest.mark.rfc("3311 5.2", "3311-08", "6337 4.3")
def test_the_peers_offer_is_open() -> None:
    """While the peer's own offer in an INVITE, re-INVITE or PRACK is unanswered, one in an UPDATE gets 500."""
    bench = Bench()
    first = bench.incoming(headers=[SUPPORTED])
    updates(bench, first, 2, SDP3)
    assert bench.last_response.status == 500
    assert 0 <= wait_of(bench) <= 10
    bench.take(first.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    pracks(bench, first, 3, body=SDP3)
    updates(bench, first, 4, SDP)
    assert bench.last_response.status == 500
    bench.take(first.answer_offer(SDP2, now=bench.now))
    bench.take(first.answer(now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, first))
    bench.receive(bench.in_dialog("INVITE", 5, first, body=SDP))
    updates(bench, first, 6, SDP3)
    assert (bench.last_response.status, len(bench.told(OfferReceived))) == (500, 2)
    bench.take(first.answer_offer(SDP2, now=bench.now))
    assert first.agreed == (SDP2, SDP)


@pytest.mark.rfc("3311 5.2", "6337 4.1", "6337 4.3")
def test_it_overtakes_the_prack_with_the_answer() -> None:
    """While our offer in a reliable response waits for its PRACK, an UPDATE with an offer gets 500."""
    bench = Bench()
    call = bench.incoming(offer=b"", headers=[SUPPORTED])
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    offered = bench.last_response
    updates(bench, call, 2, SDP3)
    assert (bench.last_response.status, bench.told(OfferReceived)) == (500, [])
    assert 0 <= wait_of(bench) <= 10
    bench.receive(prack(bench, call, offered, 3, body=SDP))
    assert call.agreed == (SDP2, SDP)


@pytest.mark.rfc("3311 5.1", "3311 5.2")
def test_it_overtakes_the_prack_without_one() -> None:
    """Behind our reliable answer the caller may offer by UPDATE at once; its PRACK may come later than that."""
    bench = Bench()
    call = early_in(bench, answer=SDP2, acknowledged=False)
    answered = bench.last_response
    updates(bench, call, 3, SDP3)
    bench.take(call.answer_offer(SDP, now=bench.now))
    assert (bench.last_response.status, call.agreed) == (200, (SDP, SDP3))
    bench.receive(prack(bench, call, answered, 2))
    assert bench.last_response.status == 500
    bench.receive(prack(bench, call, answered, 4))
    assert bench.last_response.status == 200


@pytest.mark.rfc("5407 3.1.5")
def test_our_offer_in_a_2xx_is_open() -> None:
    """While our offer in a 2xx waits for its ACK, an UPDATE with an offer gets 491, and so does a re-INVITE."""
    bench = Bench()
    call = bench.incoming(offer=b"")
    bench.take(call.answer(SDP2, now=bench.now))
    updates(bench, call, 2, SDP3)
    assert bench.last_response.status == 491
    for cseq, body in ((3, SDP3), (4, b"")):
        bench.receive(bench.in_dialog("INVITE", cseq, call, body=body))
        assert (bench.last_response.status, bench.last_response.cseq.number) == (491, cseq)
    bench.receive(bench.in_dialog("ACK", 1, call, body=SDP))
    assert (call.agreed, bench.told(OfferReceived)) == ((SDP2, SDP), [])


@pytest.mark.rfc("3311 5.2", "6337 4.3")
@pytest.mark.parametrize("in_2xx", [True, False])
def test_the_peers_offer_in_a_response_is_open(in_2xx: bool) -> None:
    """While we owe an answer to the offer in a response to our INVITE, an UPDATE with another gets 491."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    if in_2xx:
        bench.receive(bench.response(call.invite, 200, body=SDP2))
    else:
        rings(bench, call.invite, 1, body=SDP2)
    updates(bench, call, 1, SDP3)
    assert (bench.last_response.status, len(bench.told(OfferReceived))) == (491, 1)
    bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP3))
    assert bench.last_response.status == 491
    bench.take(call.answer_offer(SDP, now=bench.now))
    assert call.agreed == (SDP, SDP2)


@pytest.mark.rfc("3311 5.2", "6337 4.3")
def test_an_offer_is_due() -> None:
    """While an INVITE without an offer is under way, an UPDATE with one gets 491 at its sender, else 500."""
    bench = Bench()
    ours = bench.outgoing(offer=b"")
    bench.receive(bench.response(ours.invite, 180))
    updates(bench, ours, 1, SDP3)
    assert bench.last_response.status == 491
    other = Bench()
    theirs = other.incoming(offer=b"")
    updates(other, theirs, 2, SDP3)
    assert other.last_response.status == 500


@pytest.mark.rfc("3311 5.2", "6337 4.3", "3261 14.2")
@pytest.mark.parametrize("body", [SDP2, b""])
def test_a_reinvite_behind_an_update(body: bytes) -> None:
    """While an UPDATE of the peer is unanswered its re-INVITE gets 500, with an offer or without; behind ours 491."""
    bench = Bench()
    call = bench.acked(headers=[ALLOWS])
    updates(bench, call, 2, SDP3)
    bench.receive(bench.in_dialog("INVITE", 3, call, body=body))
    assert bench.last_response.status == 500
    bench.take(call.answer_offer(SDP2, now=bench.now))
    bench.take(call.offer(SDP, method="UPDATE", now=bench.now))
    bench.receive(bench.in_dialog("INVITE", 4, call, body=body))
    assert (bench.last_response.status, bench.told(OfferRequested)) == (491, [])
    says_ok(bench, "UPDATE", body=SDP3)
    assert len(bench.told(Modified)) == 1


# -------------------------------------------------------------------- around it


@pytest.mark.rfc("3311 5.2", "3261 12.2.2")
def test_a_stale_update() -> None:
    """An UPDATE whose CSeq number is not higher gets 500, and its offer is not told; one of no dialog gets 481."""
    bench = Bench()
    call = bench.acked()
    updates(bench, call, 1, SDP3)
    assert (bench.last_response.status, bench.told(OfferReceived)) == (500, [])
    updates(bench, call, 5, SDP3, to="<sip:bob@192.0.2.1>;tag=nobody")
    assert bench.last_response.status == 481


@pytest.mark.rfc("3311 5.2", "3261 15.1.2")
@pytest.mark.parametrize("by_peer", [True, False])
def test_the_call_ends_before_it_is_answered(by_peer: bool) -> None:
    """An UPDATE that waits for the application gets 487 when the call ends, by either side; a later one gets 481."""
    bench = Bench()
    call = bench.acked()
    updates(bench, call, 2, SDP3)
    if by_peer:
        bench.receive(bench.in_dialog("BYE", 3, call))
    else:
        bench.take(call.hang_up(now=bench.now))
    assert [str(response.cseq) for response in responses(bench, 487)] == ["2 UPDATE"]
    updates(bench, call, 4)
    assert bench.last_response.status == 481
    if not by_peer:
        says_ok(bench, "BYE")
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3311 5.2", "3261 9.2")
def test_the_early_call_ends_before_it_is_answered() -> None:
    """The same in an early dialog that the peer cancels."""
    bench = Bench()
    call = early_in(bench, answer=SDP2)
    updates(bench, call, 3, SDP3)
    bench.receive(bench.request("CANCEL", branch="z9hG4bKcall"))
    assert sorted(response.cseq.method for response in responses(bench, 487)) == ["INVITE", "UPDATE"]


@pytest.mark.rfc("3311 5.2")
def test_the_2xx_to_the_invite_waits_for_the_answer() -> None:
    """A call is not answered over an UPDATE that waits: its answer comes first."""
    bench = Bench()
    call = early_in(bench, answer=SDP2)
    updates(bench, call, 3, SDP3)
    with pytest.raises(LocalProtocolError, match="give that first"):
        call.answer(now=bench.now)
    bench.take(call.answer_offer(SDP2, now=bench.now))
    bench.take(call.answer(now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert (call.state, call.agreed, bench.told(AnswerReceived)) == (CallState.ESTABLISHED, (SDP2, SDP3), [])


@pytest.mark.rfc("3311 5.2", "3261 13.2.2.4")
def test_it_comes_before_the_2xx_is_acknowledged() -> None:
    """An UPDATE that crosses our 2xx is served: the exchange of the INVITE is complete."""
    bench = Bench()
    call = early_in(bench, answer=SDP2)
    bench.take(call.answer(now=bench.now))
    updates(bench, call, 3, SDP3)
    bench.take(call.answer_offer(SDP2, now=bench.now))
    assert (bench.last_response.status, call.agreed) == (200, (SDP2, SDP3))
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert (call.state, len(requests(bench, "BYE"))) == (CallState.ESTABLISHED, 0)
