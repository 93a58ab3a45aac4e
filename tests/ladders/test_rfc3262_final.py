"""Reliable responses that the final one overtakes or waits for, and those to a re-INVITE (RFC 3262 3 and 5)."""

from __future__ import annotations

import pytest

from sipsm import CallState, EndReason, LocalProtocolError
from sipsm.role import Ended, Established
from tests.endpoint.by_hand import SDP2, Bench
from tests.ladders.reliably import SDP3, SUPPORTED, early_in, prack, pracks, responses, rseq

# -------------------------------------------------------------------- the final response


@pytest.mark.rfc("3262 3", "3262-08")
def test_a_2xx_overtakes_the_prack() -> None:
    """Without a description in the 1xx the 2xx may go first: no repeats from then on, and the late PRACK gets 200."""
    bench = Bench()
    call = bench.incoming(headers=[SUPPORTED])
    bench.take(call.ring(180, reliable=True, now=bench.now))
    response = bench.last_response
    bench.take(call.answer(SDP2, now=bench.now))
    assert bench.last_response.status == 200
    bench.receive(bench.in_dialog("ACK", 1, call))
    bench.wait(20)
    assert len(responses(bench, 180)) == 1
    with pytest.raises(LocalProtocolError, match="answered already"):
        call.ring(180, reliable=True, now=bench.now)
    bench.receive(prack(bench, call, response, 2))
    assert bench.last_response.status == 200
    bench.receive(prack(bench, call, response, 3))
    assert bench.last_response.status == 481
    assert call.state is CallState.ESTABLISHED


@pytest.mark.rfc("3262 3", "3262-08")
def test_a_refusal_overtakes_the_prack() -> None:
    """The INVITE may be refused before the PRACK comes: the response is not repeated, and the late PRACK gets 200."""
    bench = Bench()
    call = bench.incoming(headers=[SUPPORTED])
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    response = bench.last_response
    bench.take(call.reject(486, now=bench.now))
    refusal = bench.last_response
    bench.receive(bench.request("ACK", branch="z9hG4bKcall", to=str(refusal.to)))
    bench.wait(1)
    assert len(responses(bench, 183)) == 1
    bench.receive(prack(bench, call, response, 2))
    assert bench.last_response.status == 200
    bench.receive(prack(bench, call, response, 3))
    assert bench.last_response.status == 481
    assert [event.reason for event in bench.told(Ended)] == [EndReason.DECLINED]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3262 5", "3262-09")
def test_the_2xx_waits() -> None:
    """While a 1xx with a description is not acknowledged, the 2xx is held; the PRACK lets it go, behind its own 200."""
    bench = Bench()
    call = early_in(bench, answer=SDP2, acknowledged=False)
    response = bench.last_response
    bench.take(call.answer(now=bench.now))
    assert (bench.last_response.status, call.state) == (183, CallState.RINGING)
    with pytest.raises(LocalProtocolError, match="waits for a PRACK"):
        call.answer(now=bench.now)
    with pytest.raises(LocalProtocolError, match="answered already"):
        call.ring(180, reliable=False, now=bench.now)
    bench.wait(0.5)
    assert bench.last_response.status == 183
    bench.receive(prack(bench, call, response, 2))
    assert [str(message.cseq) for message in responses(bench, 200)] == ["2 PRACK", "1 INVITE"]
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert (call.state, call.agreed) == (CallState.ESTABLISHED, (SDP2, call.remote_sdp))


@pytest.mark.rfc("3262 3", "3262-06", "3262-09")
def test_the_2xx_waits_in_vain() -> None:
    """A 2xx that is held never goes when no PRACK comes: the INVITE gets 504."""
    bench = Bench()
    call = early_in(bench, answer=SDP2, acknowledged=False)
    bench.take(call.answer(now=bench.now))
    bench.wait(32)
    assert (bench.last_response.status, responses(bench, 200)) == (504, [])
    assert [event.reason for event in bench.told(Ended)] == [EndReason.NOT_ACKNOWLEDGED]


@pytest.mark.rfc("3262 5", "3262-09")
def test_a_held_2xx_may_still_be_a_refusal() -> None:
    """Until the PRACK comes, the held 2xx can be taken back by a refusal."""
    bench = Bench()
    call = early_in(bench, answer=SDP2, acknowledged=False)
    response = bench.last_response
    bench.take(call.answer(now=bench.now))
    bench.take(call.reject(486, now=bench.now))
    assert bench.last_response.status == 486
    bench.receive(prack(bench, call, response, 2))
    assert [str(message.cseq) for message in responses(bench, 200)] == ["2 PRACK"]


@pytest.mark.rfc("3262 3", "3261 9.2")
@pytest.mark.parametrize("held", [False, True])
def test_cancel_before_the_prack(held: bool) -> None:
    """A CANCEL ends the INVITE with 487, held 2xx or not; the PRACK that it crossed gets 200."""
    bench = Bench()
    call = early_in(bench, answer=SDP2, acknowledged=False)
    response = bench.last_response
    if held:
        bench.take(call.answer(now=bench.now))
    bench.receive(bench.request("CANCEL", branch="z9hG4bKcall"))
    assert bench.statuses[-2:] == [200, 487]
    assert [event.reason for event in bench.told(Ended)] == [EndReason.CANCELLED_BY_PEER]
    bench.receive(prack(bench, call, response, 2))
    assert (bench.last_response.status, str(bench.last_response.cseq)) == (200, "2 PRACK")
    bench.receive(bench.request("ACK", branch="z9hG4bKcall", to=str(response.to)))
    bench.quiet()
    assert (bench.left(), bench.told(Established)) == ({}, [])


@pytest.mark.rfc("3262 3", "3261 15.1.2")
def test_bye_before_the_prack() -> None:
    """A BYE in the early dialog gets 200 and ends the INVITE with 487; a PRACK behind it gets an answer."""
    bench = Bench()
    call = early_in(bench, answer=SDP2, acknowledged=False)
    response = bench.last_response
    bench.receive(bench.in_dialog("BYE", 2, call))
    assert sorted(bench.statuses[-2:]) == [200, 487]
    bench.receive(prack(bench, call, response, 3))
    assert bench.last_response.cseq.method == "PRACK"
    bench.receive(bench.request("ACK", branch="z9hG4bKcall", to=str(response.to)))
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3262 3", "3262-08")
@pytest.mark.parametrize("status", [200, 486])
def test_the_late_prack_never_comes(status: int) -> None:
    """It is waited for as long as its response would have been repeated; behind that it gets 481."""
    bench = Bench()
    call = bench.incoming(headers=[SUPPORTED])
    bench.take(call.ring(180, reliable=True, now=bench.now))
    ringing = bench.last_response
    bench.wait(10)
    bench.take(call.answer(SDP2, now=bench.now) if status == 200 else call.reject(status, now=bench.now))
    if status == 200:
        bench.receive(bench.in_dialog("ACK", 1, call))
    else:
        bench.receive(bench.request("ACK", branch="z9hG4bKcall", to=str(bench.last_response.to)))
        with pytest.raises(LocalProtocolError, match="is over"):
            call.ring(180, reliable=True, now=bench.now)
    bench.until(1032)
    bench.receive(prack(bench, call, ringing, 2))
    assert bench.last_response.status == 481
    bench.quiet()
    assert (len(responses(bench, 180)), "calls" in bench.left()) == (5, status == 200)


@pytest.mark.rfc("3262 3", "3262-08", "3262 5")
def test_late_pracks_of_an_invite_before() -> None:
    """A late PRACK ends with its own INVITE: it answers nothing that a later one offers."""
    bench = Bench()
    call = bench.incoming(headers=[SUPPORTED])
    bench.take(call.ring(180, reliable=True, now=bench.now))
    ringing = bench.last_response
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call))
    bench.receive(bench.in_dialog("INVITE", 2, call, headers=[SUPPORTED]))
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    offered = bench.last_response
    bench.receive(prack(bench, call, ringing, 3))
    assert (bench.last_response.status, call.state) == (200, CallState.ESTABLISHED)
    bench.receive(prack(bench, call, offered, 4, body=SDP3))
    assert call.agreed == (SDP2, SDP3)


@pytest.mark.rfc("3262 3", "3262 5")
@pytest.mark.parametrize("refused", [True, False])
def test_a_prack_behind_one_that_waits(refused: bool) -> None:
    """While an offer in a PRACK waits for the application, the PRACK for the next response gets its 200."""
    bench = Bench()
    call = early_in(bench, answer=SDP2, acknowledged=False)
    pracks(bench, call, 2, body=SDP3)
    bench.take(call.ring(180, reliable=True, now=bench.now))
    ringing = bench.last_response
    if refused:
        bench.take(call.reject(486, now=bench.now))
        assert [each.cseq.method for each in responses(bench, 487)] == ["PRACK"]
    bench.receive(prack(bench, call, ringing, 3, body=SDP3 if refused else b""))
    assert [str(each.cseq) for each in responses(bench, 200)] == ["3 PRACK"]


# -------------------------------------------------------------------- a re-INVITE


@pytest.mark.rfc("3262 3", "3262-02", "6337 3.3")
def test_within_a_reinvite() -> None:
    """A re-INVITE may be answered reliably too: its RSeq numbers are its own, and its PRACK names its CSeq number."""
    bench = Bench()
    call = bench.acked()
    bench.receive(bench.in_dialog("INVITE", 2, call, branch="z9hG4bKre", body=call.remote_sdp, headers=[SUPPORTED]))
    bench.take(call.ring(180, reliable=True, now=bench.now))
    response = bench.last_response
    assert (str(response.cseq), response.has("RSeq")) == ("2 INVITE", True)
    bench.receive(prack(bench, call, response, 3, rack=f"{rseq(response)} 1 INVITE"))
    assert bench.last_response.status == 481
    bench.receive(prack(bench, call, response, 4))
    assert bench.last_response.status == 200
    bench.take(call.answer_offer(SDP2, now=bench.now))
    assert (bench.last_response.status, str(bench.last_response.cseq)) == (200, "2 INVITE")


@pytest.mark.rfc("3262 3", "3262-06", "3262-08")
def test_a_reinvite_that_is_never_acknowledged() -> None:
    """A re-INVITE whose reliable response gets no PRACK is refused with 504, and the call goes on as it was."""
    bench = Bench()
    call = bench.acked()
    agreed = call.agreed
    bench.receive(bench.in_dialog("INVITE", 2, call, branch="z9hG4bKre", body=call.remote_sdp, headers=[SUPPORTED]))
    bench.take(call.ring(180, sdp=SDP2, reliable=True, now=bench.now))
    bench.wait(32)
    assert (bench.last_response.status, call.state, call.agreed) == (504, CallState.ESTABLISHED, agreed)


@pytest.mark.rfc("3262 3", "3262-08")
def test_a_reinvite_refused_before_the_prack() -> None:
    """The late PRACK for a response to a re-INVITE that has been refused gets 200."""
    bench = Bench()
    call = bench.acked()
    bench.receive(bench.in_dialog("INVITE", 2, call, branch="z9hG4bKre", body=call.remote_sdp, headers=[SUPPORTED]))
    bench.take(call.ring(180, reliable=True, now=bench.now))
    response = bench.last_response
    bench.take(call.reject(488, now=bench.now))
    bench.receive(prack(bench, call, response, 3))
    assert bench.last_response.status == 200
    bench.quiet()
    assert call.state is CallState.ESTABLISHED
