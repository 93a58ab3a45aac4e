"""Descriptions where no offer and no answer has its place: ours are not sent, theirs change nothing (RFC 6337 2)."""

from __future__ import annotations

import pytest

from sipsm import Call, CallState, EndReason, LocalProtocolError
from sipsm.role import AnswerReceived, Ended, OfferReceived, Policy
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.reliably import ALLOWS, SDP3, SUPPORTED, early_in, pracks, requests, rings, says_ok, updates

BY_HAND = Policy(prack_by_hand=True)


def refused(call: Call, bench: Bench) -> None:
    """No response of ours to the INVITE can bear a description now."""
    known = len(bench.wires)
    for reliable in (True, False):
        with pytest.raises(LocalProtocolError):
            call.ring(183, sdp=SDP3, reliable=reliable, now=bench.now)
    with pytest.raises(LocalProtocolError):
        call.answer(SDP3, now=bench.now)
    assert len(bench.wires) == known


# -------------------------------------------------------------------- ours


@pytest.mark.rfc("6337 2.2", "3264 4", "3262-20")
def test_responses_of_ours_while_our_update_is_open() -> None:
    """While the answer to an UPDATE of ours is out, no response to the INVITE bears one; others go."""
    bench = Bench()
    call = early_in(bench, answer=SDP2)
    bench.take(call.offer(SDP, now=bench.now))
    refused(call, bench)
    bench.take(call.ring(180, reliable=True, now=bench.now))
    pracks(bench, call, 3)
    bench.take(call.answer(now=bench.now))
    assert bench.last_response.cseq.method == "INVITE"
    says_ok(bench, "UPDATE", body=SDP3)
    assert call.agreed == (SDP, SDP3)


@pytest.mark.rfc("6337 2.2", "3264 4", "3262-20")
@pytest.mark.parametrize("carrier", ["PRACK", "UPDATE"])
def test_responses_of_ours_while_the_peer_waits(carrier: str) -> None:
    """While the peer's offer in a PRACK or UPDATE waits, no response to the INVITE bears a description."""
    bench = Bench()
    call = early_in(bench, answer=SDP2, acknowledged=carrier == "UPDATE")
    if carrier == "PRACK":
        pracks(bench, call, 2, body=SDP3)
    else:
        updates(bench, call, 3, SDP3)
    refused(call, bench)
    bench.take(call.answer_offer(SDP2, now=bench.now))
    bench.take(call.ring(180, sdp=SDP2, reliable=False, now=bench.now))
    assert call.agreed == (SDP2, SDP3)


@pytest.mark.rfc("6337 2.2", "3262 5")
def test_responses_of_ours_while_our_offer_in_one_is_open() -> None:
    """The callee that has offered in a reliable response offers nothing in the next one, nor in its 2xx."""
    bench = Bench()
    call = bench.incoming(offer=b"", headers=[SUPPORTED])
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    refused(call, bench)


@pytest.mark.rfc("3261 13.2.1", "6337 3.1.1")
def test_a_reliable_answer_is_the_one_that_was_shown() -> None:
    """What an unreliable response has shown is what a reliable one says."""
    bench = Bench()
    call = bench.incoming(headers=[SUPPORTED])
    bench.take(call.ring(183, sdp=SDP2, reliable=False, now=bench.now))
    with pytest.raises(LocalProtocolError, match="has shown another answer"):
        call.ring(183, sdp=SDP3, reliable=True, now=bench.now)
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    assert call.agreed == (SDP2, SDP)


@pytest.mark.rfc("6337 2.2", "3264 4", "3262 5")
def test_a_prack_of_ours_while_the_peer_waits() -> None:
    """While an UPDATE of the callee waits for our answer, a PRACK makes no offer."""
    bench = Bench(policy=BY_HAND)
    call = bench.outgoing()
    rings(bench, call.invite, 1, body=SDP2)
    updates(bench, call, 1, SDP3)
    with pytest.raises(LocalProtocolError, match="give that first"):
        call.acknowledge(SDP, now=bench.now)
    bench.take(call.acknowledge(now=bench.now))
    bench.take(call.answer_offer(SDP, now=bench.now))
    assert call.agreed == (SDP, SDP3)


@pytest.mark.rfc("6337 2.2", "3262 5")
def test_a_prack_of_ours_before_the_offer() -> None:
    """A callee that sends its first reliable response without the offer it owes gets a PRACK that has none either."""
    bench = Bench(policy=BY_HAND)
    call = bench.outgoing(offer=b"")
    rings(bench, call.invite, 1)
    with pytest.raises(LocalProtocolError, match="no exchange"):
        call.acknowledge(SDP, now=bench.now)
    bench.take(call.acknowledge(now=bench.now))
    rings(bench, call.invite, 2, body=SDP2)
    bench.take(call.answer_offer(SDP, now=bench.now))
    assert call.agreed == (SDP, SDP2)


@pytest.mark.rfc("3262 4")
def test_what_comes_before_our_prack() -> None:
    """A further reliable response before the PRACK for the one before it is not taken; it comes again behind it."""
    bench = Bench(policy=BY_HAND)
    call = bench.outgoing()
    rings(bench, call.invite, 1)
    rings(bench, call.invite, 2, body=SDP2)
    assert (requests(bench, "PRACK"), bench.told(AnswerReceived)) == ([], [])
    bench.take(call.acknowledge(now=bench.now))
    rings(bench, call.invite, 2, body=SDP2)
    bench.take(call.acknowledge(now=bench.now))
    assert (len(requests(bench, "PRACK")), call.agreed) == (2, (SDP, SDP2))


@pytest.mark.rfc("3262 4", "3261 13.2.2.4")
def test_the_2xx_comes_before_our_prack() -> None:
    """A PRACK that waits for the application when the 2xx comes may still be sent, and changes nothing any more."""
    bench = Bench(policy=BY_HAND)
    call = bench.outgoing()
    rings(bench, call.invite, 1, body=SDP2)
    bench.receive(bench.response(call.invite, 200))
    bench.take(call.acknowledge(now=bench.now))
    says_ok(bench, "PRACK")
    assert (call.state, call.agreed) == (CallState.ESTABLISHED, (SDP, SDP2))
    with pytest.raises(LocalProtocolError, match="no reliable provisional response waits"):
        call.acknowledge(now=bench.now)


@pytest.mark.rfc("3262 4", "3261 13.2.2.3")
def test_the_refusal_comes_before_our_prack() -> None:
    """A PRACK that waits for the application when the INVITE is refused is not sent any more."""
    bench = Bench(policy=BY_HAND)
    call = bench.answered()
    bench.take(call.offer(SDP3, now=bench.now))
    rings(bench, bench.last_request, 1, body=SDP)
    bench.receive(bench.response(requests(bench, "INVITE")[-1], 488))
    with pytest.raises(LocalProtocolError, match="no reliable provisional response waits"):
        call.acknowledge(now=bench.now)
    assert call.agreed == (SDP, SDP2)


# -------------------------------------------------------------------- the peer's


@pytest.mark.rfc("6337 2.2", "3261 13.2.2.4")
@pytest.mark.parametrize("again", [False, True])
def test_an_ack_that_need_not_answer(again: bool) -> None:
    """A description in an ACK counts only as the answer to our offer in the 2xx."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call, body=SDP3))
    if again:
        bench.receive(bench.in_dialog("ACK", 1, call, body=SDP3))
    assert (call.agreed, call.state) == ((SDP2, SDP), CallState.ESTABLISHED)
    assert (bench.told(AnswerReceived), bench.told(OfferReceived)) == ([], [])


@pytest.mark.rfc("6337 2.2", "3311 5.2")
@pytest.mark.parametrize("method", ["UPDATE", "PRACK"])
def test_a_2xx_that_answers_nothing(method: str) -> None:
    """A description in the 2xx to an UPDATE or PRACK that made no offer is no answer."""
    bench = Bench()
    call = bench.outgoing()
    rings(bench, call.invite, 1, body=SDP2, headers=[ALLOWS])
    if method == "UPDATE":
        says_ok(bench, "PRACK")
        bench.take(call.offer(method="UPDATE", now=bench.now))
    says_ok(bench, method, body=SDP3)
    assert (call.agreed, len(bench.told(AnswerReceived))) == ((SDP, SDP2), 1)


@pytest.mark.rfc("6337 2.4", "3261 21.4.26")
@pytest.mark.parametrize("status", [488, 606])
def test_a_description_in_a_refusal(status: int) -> None:
    """What a refusal describes is neither an offer nor an answer."""
    bench = Bench()
    call = bench.answered()
    bench.take(call.offer(SDP3, now=bench.now))
    bench.receive(bench.response(bench.last_request, status, body=SDP3))
    assert (call.agreed, len(bench.told(AnswerReceived)), bench.told(OfferReceived)) == ((SDP, SDP2), 1, [])


@pytest.mark.rfc("6337 2.4", "3261 11.2")
@pytest.mark.parametrize("method", ["OPTIONS", "INFO", "BYE", "MESSAGE"])
def test_a_description_in_another_request(method: str) -> None:
    """Requests other than INVITE, PRACK, ACK and UPDATE carry no offers."""
    bench = Bench()
    call = bench.acked()
    bench.receive(bench.in_dialog(method, 2, call, body=SDP3))
    assert (bench.told(OfferReceived), call.agreed) == ([], (SDP2, SDP))


@pytest.mark.rfc("6337 2.2", "3261 20.11")
@pytest.mark.parametrize("says", ["session", "SESSION;handling=required", "early-session", "render"])
def test_a_description_for_something_else(says: str) -> None:
    """A description counts when its disposition is `session`, said or not; others are another matter."""
    counts = says.lower().startswith("session")
    header = [f"Content-Disposition: {says}"]
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 183, body=SDP2, headers=header))
    assert len(bench.told(AnswerReceived)) == counts
    bench.receive(bench.response(call.invite, 200, body=SDP3))
    assert call.agreed == (SDP, SDP2 if counts else SDP3)
    updates(bench, call, 1, SDP2, headers=header)
    assert len(bench.told(OfferReceived)) == counts


@pytest.mark.rfc("6337 4.2", "3262 5")
def test_a_prack_offers_while_our_update_is_open() -> None:
    """A PRACK with an offer that crosses our UPDATE gets 491: only one of the two can be answered."""
    bench = Bench()
    call = early_in(bench, answer=SDP2)
    bench.take(call.offer(SDP, now=bench.now))
    bench.take(call.ring(180, reliable=True, now=bench.now))
    ringing = bench.last_response
    pracks(bench, call, 3, body=SDP3)
    assert (bench.last_response.status, bench.told(OfferReceived)) == (491, [])
    says_ok(bench, "UPDATE", body=SDP3)
    rack = f"RAck: {ringing.header('RSeq')} 1 INVITE"
    bench.receive(bench.in_dialog("PRACK", 4, call, headers=[rack]))
    assert (bench.last_response.status, call.agreed) == (200, (SDP, SDP3))


@pytest.mark.rfc("3261 13.3.1.4", "3261 14.1")
@pytest.mark.parametrize("first", [True, False])
def test_a_2xx_without_the_answer_it_owes(first: bool) -> None:
    """The call is up all the same: without a session if it is the first, else with the one from before."""
    bench = Bench()
    if first:
        call = bench.outgoing()
    else:
        call = bench.answered()
        bench.take(call.offer(SDP3, now=bench.now))
    says_ok(bench, "INVITE")
    assert (call.state, bench.methods[-1]) == (CallState.ESTABLISHED, "ACK")
    assert (call.agreed, call.local_sdp) == ((None if first else (SDP, SDP2)), SDP)
    bench.take(call.offer(SDP3, now=bench.now))
    assert bench.methods[-1] == "INVITE"


@pytest.mark.rfc("3261 13.3.1.4")
def test_a_2xx_without_the_offer_it_owes() -> None:
    """Without an offer anywhere, the call is up without a session, and the next offer begins one."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    says_ok(bench, "INVITE")
    assert (call.state, call.agreed) == (CallState.ESTABLISHED, None)
    bench.take(call.offer(SDP, now=bench.now))
    bench.receive(bench.response(bench.last_request, 200, body=SDP2))
    assert call.agreed == (SDP, SDP2)


@pytest.mark.rfc("3261 14.2", "3261-S15")
def test_an_ack_without_the_answer_it_owes() -> None:
    """An ACK that does not answer the offer in our first 2xx ends the call with BYE."""
    bench = Bench()
    call = bench.incoming(offer=b"")
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert bench.methods[-1] == "BYE"
    says_ok(bench, "BYE")
    assert [event.reason for event in bench.told(Ended)] == [EndReason.NO_ANSWER]


# -------------------------------------------------------------------- nothing was changed


@pytest.mark.rfc("3262 5", "3311 5.2", "3261 14.1")
def test_commands_where_nothing_waits() -> None:
    """Answering, refusing and acknowledging where nothing waits for it is refused, and changes nothing."""
    bench = Bench()
    call = bench.acked()
    known = len(bench.wires)
    for command in (call.answer_offer, call.acknowledge):
        with pytest.raises(LocalProtocolError):
            command(SDP, now=bench.now)
    with pytest.raises(LocalProtocolError):
        call.reject_offer(now=bench.now)
    bench.take(call.hang_up(now=bench.now))
    for method in ("INVITE", "UPDATE"):
        for body in (SDP3, b""):
            with pytest.raises(LocalProtocolError, match="the session is over"):
                call.offer(body, method=method, now=bench.now)
    assert len(bench.wires) == known + 1
    assert call.agreed == (SDP2, SDP)


@pytest.mark.rfc("3261 12.2.1.1", "3264 4")
def test_what_cannot_be_built_changes_nothing() -> None:
    """When the CSeq numbers are used up, an offer or a PRACK is refused before anything has moved."""
    bench = Bench()
    call = bench.answered(headers=[ALLOWS])
    call.here.dialog.local_cseq = 2**31 - 1
    for method in ("INVITE", "UPDATE"):
        with pytest.raises(LocalProtocolError, match="used up"):
            call.offer(SDP3, method=method, now=bench.now)
    assert (call.agreed, call.local_sdp, len(call.here.invitations)) == ((SDP, SDP2), SDP, 1)
    call.here.dialog.local_cseq = 5
    for method in ("INVITE", "UPDATE"):
        bench.take(call.offer(SDP3, method=method, now=bench.now))
        says_ok(bench, method, body=SDP2)
    assert call.agreed == (SDP3, SDP2)
