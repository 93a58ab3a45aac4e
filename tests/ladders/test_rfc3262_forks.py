"""One INVITE, many early dialogs: each has its own numbers, offers, answers and end (RFC 3262 4 and 5)."""

from __future__ import annotations

import pytest

from sipsm import CallState, LocalProtocolError
from sipsm.role import (
    AnswerReceived,
    EarlyDialogEnded,
    Ended,
    Forked,
    ModificationRefused,
    Modified,
    OfferReceived,
    Policy,
)
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.reliably import ALLOWS, SDP3, requests, rings, says_ok


def two_branches(bench: Bench, *, offer: bytes = SDP) -> tuple[str, str]:
    """A call of ours that rings reliably in two places, each with a description; returns their tags."""
    call = bench.outgoing(offer=offer)
    for number, tag, body in ((10, "a", SDP2), (500, "b", SDP3)):
        rings(bench, call.invite, number, tag=tag, body=body, headers=[ALLOWS], contact=f"<sip:{tag}@192.0.2.2>")
        if offer:
            says_ok(bench, "PRACK")
    return "a", "b"


@pytest.mark.rfc("3262 5", "6337 2.2", "3262-13", "3262-20")
def test_each_branch_answers() -> None:
    """Each branch has its own answer, agreed to by itself; that of the branch which is confirmed is the call's."""
    bench = Bench()
    two_branches(bench)
    (call,) = bench.endpoint.calls
    assert [leg.offer_answer.agreed for leg in call.legs] == [(SDP, SDP2), (SDP, SDP3)]
    assert [event.dialog for event in bench.told(AnswerReceived)] == call.legs
    bench.receive(bench.response(call.invite, 200, tag="b"))
    assert (call.agreed, call.here) == ((SDP, SDP3), call.legs[1])


@pytest.mark.rfc("3262 5", "6337 2.2", "3262-17", "3262-13")
def test_each_branch_offers() -> None:
    """Without an offer in the INVITE each branch offers, and each is answered in its own PRACK, in any order."""
    bench = Bench()
    two_branches(bench, offer=b"")
    (call,) = bench.endpoint.calls
    one, other = call.legs
    assert [(event.sdp, event.dialog) for event in bench.told(OfferReceived)] == [(SDP2, one), (SDP3, other)]
    bench.take(call.answer_offer(SDP, dialog=other, now=bench.now))
    (prack,) = requests(bench, "PRACK")
    assert (prack.to.tag, prack.header("RAck"), prack.body) == ("b", f"500 {call.invite.cseq.number} INVITE", SDP)
    bench.take(call.answer_offer(SDP3, dialog=one, now=bench.now))
    prack = requests(bench, "PRACK")[-1]
    assert (prack.to.tag, prack.header("RAck"), prack.body) == ("a", f"10 {call.invite.cseq.number} INVITE", SDP3)
    assert [leg.offer_answer.agreed for leg in call.legs] == [(SDP3, SDP2), (SDP, SDP3)]


@pytest.mark.rfc("3311 5.1", "3311-02", "6337 2.2")
def test_each_branch_is_updated_by_itself() -> None:
    """An UPDATE changes the session of its own early dialog; in the other one an offer may be open at the same time."""
    bench = Bench()
    two_branches(bench)
    (call,) = bench.endpoint.calls
    one, other = call.legs
    ours, theirs = SDP.replace(b"4000", b"7000"), SDP.replace(b"4000", b"8000")
    bench.take(call.offer(ours, dialog=one, now=bench.now))
    update = bench.last_request
    assert (update.method, update.to.tag, str(update.uri)) == ("UPDATE", "a", "sip:a@192.0.2.2")
    parts = {"from_": other.dialog.remote, "to": other.dialog.local, "call_id": call.call_id}
    bench.receive(bench.request("UPDATE", cseq=1, body=theirs, **parts))
    (offer,) = bench.told(OfferReceived)
    assert (offer.dialog, offer.sdp) == (other, theirs)
    with pytest.raises(LocalProtocolError, match="give that first"):
        call.offer(ours, dialog=other, now=bench.now)
    bench.take(call.answer_offer(SDP2, dialog=other, now=bench.now))
    bench.receive(bench.response(update, 200, body=SDP3))
    assert [leg.offer_answer.agreed for leg in call.legs] == [(ours, SDP3), (SDP2, theirs)]
    assert len(bench.told(Modified)) == 1


@pytest.mark.rfc("3311 5.3", "3311-12")
def test_a_collision_in_one_branch() -> None:
    """What collided is tried again in its own dialog, unless that is over by then."""
    for over in (False, True):
        bench = Bench()
        two_branches(bench)
        (call,) = bench.endpoint.calls
        bench.take(call.offer(SDP3, dialog=call.legs[0], now=bench.now))
        bench.receive(bench.response(bench.last_request, 491))
        assert bench.told(ModificationRefused)[0].retry_after_s is not None
        if over:
            bench.receive(bench.response(call.invite, 199, tag="a"))
            assert [event.dialog for event in bench.told(EarlyDialogEnded)] == [call.legs[0]]
        bench.wait(4)
        tried = {request.cseq.number for request in requests(bench, "UPDATE")}
        assert len(tried) == (1 if over else 2)


@pytest.mark.rfc("3262 4", "3261 13.2.2.4", "3262-16")
def test_another_branch_has_answered() -> None:
    """Behind the 2xx of one branch the reliable responses of all are discarded: the INVITE has its final response."""
    bench = Bench()
    two_branches(bench)
    (call,) = bench.endpoint.calls
    bench.receive(bench.response(call.invite, 200, tag="b"))
    answers = len(bench.told(AnswerReceived))
    for number, tag in ((501, "b"), (11, "a"), (1, "c")):
        rings(bench, call.invite, number, tag=tag, body=SDP2)
    assert len(requests(bench, "PRACK")) == 2
    assert (len(bench.told(AnswerReceived)), bench.told(Ended)) == (answers, [])
    bench.wait(32)
    assert (call.state, len(bench.endpoint.calls)) == (CallState.ESTABLISHED, 1)


@pytest.mark.rfc("3262 5", "3261 13.2.2.4")
def test_each_branch_is_kept() -> None:
    """With `Policy.keeps_forks` each branch that answers is a call with the session of its own early dialog."""
    bench = Bench(policy=Policy(keeps_forks=True))
    two_branches(bench)
    (call,) = bench.endpoint.calls
    bench.receive(bench.response(call.invite, 200, tag="a"))
    bench.receive(bench.response(call.invite, 200, tag="b"))
    (fork,) = bench.told(Forked)
    assert (call.agreed, fork.call.agreed) == ((SDP, SDP2), (SDP, SDP3))
    assert (call.state, fork.call.state) == (CallState.ESTABLISHED, CallState.ESTABLISHED)
    for each in (call, fork.call):
        bench.take(each.offer(SDP, method="UPDATE", now=bench.now))
        says_ok(bench, "UPDATE", body=SDP2)
        assert each.agreed == (SDP, SDP2)
