"""A re-INVITE within which something has been changed already, and that fails or is cancelled then (RFC 6141 3)."""

from __future__ import annotations

import pytest

from sipsm import CallState
from sipsm.role import Ended, ModificationRefused, OfferReceived, OfferWithdrawn, Policy
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.reliably import ALLOWS, SDP3, SUPPORTED, pracks, requests, responses, rings, says_ok, updates


def changed_by_us(bench: Bench, **settings: bytes) -> None:
    """A re-INVITE of ours whose exchange is complete, and which is not answered yet."""
    call = bench.answered(headers=[ALLOWS])
    bench.take(call.offer(SDP3, now=bench.now))
    rings(bench, bench.last_request, 1, body=SDP)
    says_ok(bench, "PRACK")
    assert call.agreed == (SDP3, SDP)


@pytest.mark.rfc("6141 3.4", "3261 14.1", "3261-C25")
@pytest.mark.parametrize("status", [488, 500, 603])
def test_the_uac_is_told_that_changes_are_undone(status: int) -> None:
    """The session from before is in force, and the application is told to offer it anew; an UPDATE may do that."""
    bench = Bench()
    changed_by_us(bench)
    (call,) = bench.endpoint.calls
    bench.receive(bench.response(requests(bench, "INVITE")[-1], status))
    (refused,) = bench.told(ModificationRefused)
    assert (refused.undone, refused.status, call.agreed, call.local_sdp) == (True, status, (SDP, SDP2), SDP)
    bench.take(call.offer(SDP, method="UPDATE", now=bench.now))
    says_ok(bench, "UPDATE", body=SDP2)
    assert call.agreed == (SDP, SDP2)


@pytest.mark.rfc("6141 3.4")
@pytest.mark.parametrize("preview", [b"", SDP3])
def test_nothing_is_to_be_undone(preview: bytes) -> None:
    """A refusal before an exchange was complete, with a preview or without, undoes nothing."""
    bench = Bench()
    call = bench.answered(headers=[ALLOWS])
    bench.take(call.offer(SDP3, now=bench.now))
    bench.receive(bench.response(bench.last_request, 183, body=preview))
    bench.receive(bench.response(requests(bench, "INVITE")[-1], 488))
    (refused,) = bench.told(ModificationRefused)
    assert (refused.undone, call.agreed) == (False, (SDP, SDP2))


@pytest.mark.rfc("6141 3.4")
def test_a_later_refusal_undoes_nothing_more() -> None:
    """What a re-INVITE has undone is not undone again by the next one, nor by an UPDATE."""
    bench = Bench()
    changed_by_us(bench)
    (call,) = bench.endpoint.calls
    bench.receive(bench.response(requests(bench, "INVITE")[-1], 488))
    for method in ("UPDATE", "INVITE"):
        bench.take(call.offer(SDP3, method=method, now=bench.now))
        bench.receive(bench.response(bench.last_request, 488))
    assert [event.undone for event in bench.told(ModificationRefused)] == [True, False, False]
    assert call.agreed == (SDP, SDP2)


@pytest.mark.rfc("6141 3.4", "6141 3.5")
@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("accepted", [True, False])
def test_an_update_crosses_the_refusal(ours: bool, accepted: bool) -> None:
    """An UPDATE that is under way when the re-INVITE is refused is completed, and counts when it is accepted."""
    bench = Bench()
    changed_by_us(bench)
    (call,) = bench.endpoint.calls
    other = SDP.replace(b"4000", b"9000")
    if ours:
        bench.take(call.offer(other, method="UPDATE", now=bench.now))
    else:
        updates(bench, call, 1, other)
    bench.receive(bench.response(requests(bench, "INVITE")[-1], 488))
    if ours:
        bench.receive(
            bench.response(requests(bench, "UPDATE")[-1], 200 if accepted else 488, body=SDP if accepted else b"")
        )
        expected = (other, SDP)
    else:
        bench.take(call.answer_offer(SDP, now=bench.now) if accepted else call.reject_offer(now=bench.now))
        expected = (SDP, other)
    assert call.agreed == (expected if accepted else (SDP, SDP2))
    assert (call.local_sdp, call.remote_sdp) == call.agreed


@pytest.mark.rfc("6141 3.4", "3262 5")
def test_the_refusal_crosses_an_offer_in_a_prack() -> None:
    """An offer in a PRACK falls with its re-INVITE; the response to that PRACK changes nothing any more."""
    bench = Bench(policy=Policy(prack_by_hand=True))
    call = bench.answered(headers=[ALLOWS])
    bench.take(call.offer(SDP3, now=bench.now))
    rings(bench, bench.last_request, 1, body=SDP)
    bench.take(call.acknowledge(SDP2, now=bench.now))
    bench.receive(bench.response(requests(bench, "INVITE")[-1], 488))
    assert call.agreed == (SDP, SDP2)
    says_ok(bench, "PRACK", body=SDP3)
    assert (call.agreed, call.local_sdp) == ((SDP, SDP2), SDP)
    bench.take(call.offer(SDP3, now=bench.now))
    assert bench.methods[-1] == "INVITE"


# -------------------------------------------------------------------- at the UAS


@pytest.mark.rfc("6141 3.3", "6141 3.8", "3261 9.2")
def test_a_reinvite_is_cancelled_when_it_has_changed_something() -> None:
    """A CANCEL finds a change that has been executed: the re-INVITE is accepted, and the change stands."""
    bench = Bench()
    call = bench.acked(headers=[SUPPORTED])
    bench.receive(bench.in_dialog("INVITE", 2, call, branch="z9hG4bKre", body=SDP3, headers=[SUPPORTED]))
    bench.take(call.ring(183, sdp=SDP, reliable=True, now=bench.now))
    pracks(bench, call, 3)
    bench.receive(bench.in_dialog("CANCEL", 2, call, branch="z9hG4bKre"))
    assert [str(each.cseq) for each in bench.sent[-2:]] == ["2 CANCEL", "2 INVITE"]
    assert bench.statuses[-2:] == [200, 200]
    assert len(bench.told(OfferWithdrawn)) == 1
    bench.receive(bench.in_dialog("ACK", 2, call))
    assert (call.agreed, call.state, bench.told(Ended)) == ((SDP, SDP3), CallState.ESTABLISHED, [])
    bench.quiet()
    assert bench.methods == []


@pytest.mark.rfc("6141 3.8", "3262-09")
def test_the_same_before_the_prack() -> None:
    """The 2xx that takes the place of the 487 waits for the PRACK of the answer, as any 2xx does."""
    bench = Bench()
    call = bench.acked(headers=[SUPPORTED])
    bench.receive(bench.in_dialog("INVITE", 2, call, branch="z9hG4bKre", body=SDP3, headers=[SUPPORTED]))
    bench.take(call.ring(183, sdp=SDP, reliable=True, now=bench.now))
    answered = bench.last_response
    bench.receive(bench.in_dialog("CANCEL", 2, call, branch="z9hG4bKre"))
    assert [str(each.cseq) for each in responses(bench, 200)[-1:]] == ["2 CANCEL"]
    bench.receive(
        bench.in_dialog("PRACK", 3, call, headers=[f"RAck: {answered.header('RSeq')} 2 INVITE"]),
    )
    assert [str(each.cseq) for each in responses(bench, 200)[-2:]] == ["3 PRACK", "2 INVITE"]


@pytest.mark.rfc("6141 3.3", "3261 9.2", "3261 14.2")
@pytest.mark.parametrize("cancelled_late", [True, False])
def test_a_reinvite_is_cancelled_when_it_has_changed_nothing(cancelled_late: bool) -> None:
    """Without a change a CANCEL brings 487, and the session is as it was; behind the 2xx it changes nothing."""
    bench = Bench()
    call = bench.acked()
    agreed = call.agreed
    bench.receive(bench.in_dialog("INVITE", 2, call, branch="z9hG4bKre", body=SDP3))
    if cancelled_late:
        bench.take(call.answer_offer(SDP, now=bench.now))
        bench.receive(bench.in_dialog("CANCEL", 2, call, branch="z9hG4bKre"))
        assert (call.agreed, responses(bench, 487)) == ((SDP, SDP3), [])
        return
    bench.receive(bench.in_dialog("CANCEL", 2, call, branch="z9hG4bKre"))
    assert bench.statuses[-2:] == [200, 487]
    assert (len(bench.told(OfferWithdrawn)), call.agreed, call.state) == (1, agreed, CallState.ESTABLISHED)


@pytest.mark.rfc("6141 3.3", "6337 3.4")
def test_the_uas_refuses_all_the_same() -> None:
    """An application may refuse a re-INVITE that has changed something: then the change is undone here too."""
    bench = Bench()
    call = bench.acked(headers=[SUPPORTED])
    agreed = call.agreed
    bench.receive(bench.in_dialog("INVITE", 2, call, branch="z9hG4bKre", body=SDP3, headers=[SUPPORTED]))
    bench.take(call.ring(183, sdp=SDP, reliable=True, now=bench.now))
    pracks(bench, call, 3)
    assert call.agreed == (SDP, SDP3)
    updates(bench, call, 4, SDP2)
    bench.take(call.reject(488, now=bench.now))
    assert call.agreed == agreed
    bench.take(call.answer_offer(SDP3, now=bench.now))
    assert (call.agreed, len(bench.told(OfferReceived))) == ((SDP3, SDP2), 2)


@pytest.mark.rfc("6141 3.3", "3262 5")
def test_the_uas_refuses_while_a_prack_waits() -> None:
    """An offer in a PRACK is answered even behind the refusal of its INVITE: every PRACK that matches gets a 2xx."""
    bench = Bench()
    call = bench.acked(headers=[SUPPORTED])
    bench.receive(bench.in_dialog("INVITE", 2, call, branch="z9hG4bKre", body=SDP3, headers=[SUPPORTED]))
    bench.take(call.ring(183, sdp=SDP, reliable=True, now=bench.now))
    pracks(bench, call, 3, body=SDP2)
    bench.take(call.reject(488, now=bench.now))
    bench.take(call.answer_offer(SDP3, now=bench.now))
    assert (bench.last_response.status, str(bench.last_response.cseq)) == (200, "3 PRACK")
