"""Offer and answer in INVITE, its responses and ACK, without any extension (RFC 3261 13.2.1, 13.2.2.4, 14)."""

from __future__ import annotations

import pytest

from sipsm import CallState, EndReason, LocalProtocolError
from sipsm.role import (
    AnswerReceived,
    Ended,
    Established,
    ModificationRefused,
    Modified,
    OfferReceived,
    OfferRequested,
    OfferWithdrawn,
)
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.reliably import SDP3, SUPPORTED, pracks, requests, rings, says_ok

# -------------------------------------------------------------------- one answer


@pytest.mark.rfc("3261 13.2.1", "3261-C20", "6337 3.1.1")
@pytest.mark.parametrize("later", [SDP2, SDP3, b""])
def test_the_first_description_is_the_answer(later: bytes) -> None:
    """The first description in a response is taken as the answer; those of later responses are ignored."""
    bench = Bench()
    call = bench.outgoing()
    for status, body in ((180, b""), (183, SDP2), (183, SDP3), (200, later), (200, SDP3)):
        bench.receive(bench.response(call.invite, status, body=body))
    assert [event.sdp for event in bench.told(AnswerReceived)] == [SDP2]
    assert (call.agreed, call.remote_sdp) == ((SDP, SDP2), SDP2)
    assert bench.methods == ["INVITE", "ACK", "ACK"]


@pytest.mark.rfc("3261 13.2.1", "3261-C20", "6337 2.2")
def test_each_branch_has_its_own_answer() -> None:
    """Each dialog of a fork has its own exchange; the one that is confirmed counts with its own first description."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 183, tag="a", body=SDP2))
    bench.receive(bench.response(call.invite, 183, tag="b", body=SDP3))
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
    assert (call.agreed, call.here.dialog.remote_tag) == ((SDP, SDP3), "b")


@pytest.mark.rfc("3261 9.1", "3261 13.2.1")
@pytest.mark.parametrize("offer", [SDP, b""])
def test_what_comes_behind_a_cancel(offer: bytes) -> None:
    """Descriptions that cross our CANCEL are not told, in a 1xx or a 2xx: the call is not wanted any more."""
    bench = Bench()
    call = bench.outgoing(offer=offer)
    bench.receive(bench.response(call.invite, 180))
    bench.take(call.cancel(now=bench.now))
    bench.receive(bench.response(call.invite, 183, body=SDP2))
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    assert (bench.told(AnswerReceived), bench.told(OfferReceived), bench.told(Established)) == ([], [], [])
    assert bench.methods[-2:] == ["ACK", "BYE"]


@pytest.mark.rfc("3261 13.2.1", "6337 3.1.1")
def test_all_descriptions_of_the_callee_are_the_same() -> None:
    """The callee's preview and answer are the same: another is refused before it is sent, and so is a 2xx without."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.ring(183, sdp=SDP2, now=bench.now))
    with pytest.raises(LocalProtocolError, match="has shown another answer"):
        call.ring(183, sdp=SDP3, now=bench.now)
    with pytest.raises(LocalProtocolError, match="has shown another answer"):
        call.answer(SDP3, now=bench.now)
    with pytest.raises(LocalProtocolError, match="must carry the answer"):
        call.answer(now=bench.now)
    bench.take(call.ring(180, now=bench.now))
    bench.take(call.ring(183, sdp=SDP2, now=bench.now))
    assert call.agreed is None
    bench.take(call.answer(SDP2, now=bench.now))
    assert call.agreed == (SDP2, SDP)


@pytest.mark.rfc("3261 13.2.1", "3264 5")
def test_an_offer_in_an_unreliable_response_is_none() -> None:
    """Without an offer in the INVITE, a description in an unreliable response is no offer: that of the 2xx is."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    bench.receive(bench.response(call.invite, 183, body=SDP3))
    assert bench.told(OfferReceived) == []
    with pytest.raises(LocalProtocolError, match="no offer of the peer"):
        call.answer_offer(SDP, now=bench.now)
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    (offer,) = bench.told(OfferReceived)
    bench.take(call.answer_offer(SDP, now=bench.now))
    assert (offer.sdp, call.agreed, bench.last_request.body) == (SDP2, (SDP, SDP2), SDP)


# -------------------------------------------------------------------- an offer of no use in a 2xx


@pytest.mark.rfc("3261 13.2.2.4", "3261-C24", "6337 2.3")
@pytest.mark.parametrize("by_hand", [True, False])
def test_an_offer_in_a_2xx_that_is_not_acceptable(by_hand: bool) -> None:
    """It is answered in the ACK with its streams refused, and the BYE follows: by hand, or all by `hang_up`."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    refusing = SDP.replace(b"4000", b"0")
    with pytest.raises(LocalProtocolError, match="answer it with its streams refused"):
        call.reject_offer(now=bench.now)
    if by_hand:
        bench.take(call.answer_offer(refusing, now=bench.now))
    bench.take(call.hang_up(now=bench.now))
    assert bench.methods == ["INVITE", "ACK", "BYE"]
    (ack,) = requests(bench, "ACK")
    assert (b"m=audio 0 " in ack.body, ack.content_type) == (True, "application/sdp")
    says_ok(bench, "BYE")
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 13.2.2.4")
def test_an_offer_in_a_2xx_is_answered() -> None:
    """The call is up when it is; the 2xx has been told of with the offer."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    bench.receive(ok := bench.response(call.invite, 200, body=SDP2))
    (offered,) = bench.told(OfferReceived)
    assert bytes(offered.in_message) == bytes(ok)
    bench.take(call.answer_offer(SDP, now=bench.now))
    assert bench.methods == ["INVITE", "ACK"]
    assert [event.message for event in bench.told(Established)] == [None]


# -------------------------------------------------------------------- re-INVITE


@pytest.mark.rfc("3261 14.1", "3261-C25")
@pytest.mark.parametrize("status", [300, 401, 415, 422, 488, 500, 503, 606])
def test_a_refused_reinvite(status: int) -> None:
    """A refusal leaves the session as it was, and is told; the next re-INVITE may follow at once."""
    bench = Bench()
    call = bench.answered()
    bench.take(call.offer(SDP3, now=bench.now))
    with pytest.raises(LocalProtocolError):
        call.offer(SDP2, now=bench.now)
    bench.receive(bench.response(bench.last_request, status))
    assert (call.agreed, call.local_sdp, call.remote_sdp) == ((SDP, SDP2), SDP, SDP2)
    (refused,) = bench.told(ModificationRefused)
    assert (refused.method, refused.status, refused.undone) == ("INVITE", status, False)
    assert call.state is CallState.ESTABLISHED
    bench.take(call.offer(SDP3, now=bench.now))
    says_ok(bench, "INVITE", body=SDP2)
    assert call.agreed == (SDP3, SDP2)


@pytest.mark.rfc("3261 14.1", "3261-C25")
def test_one_reinvite_at_a_time() -> None:
    """There is no re-INVITE before the call is up, nor while one is under way either way, nor before its ACK."""
    bench = Bench()
    call = bench.incoming()
    with pytest.raises(LocalProtocolError):
        call.offer(SDP3, method="INVITE", now=bench.now)
    bench.take(call.answer(SDP2, now=bench.now))
    with pytest.raises(LocalProtocolError, match="ACK for our 2xx"):
        call.offer(SDP3, method="INVITE", now=bench.now)
    bench.receive(bench.in_dialog("ACK", 1, call))
    bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP3))
    with pytest.raises(LocalProtocolError):
        call.offer(SDP3, method="INVITE", now=bench.now)
    bench.take(call.answer_offer(SDP2, now=bench.now))
    with pytest.raises(LocalProtocolError, match="ACK for our 2xx"):
        call.offer(SDP3, method="INVITE", now=bench.now)
    bench.receive(bench.in_dialog("ACK", 2, call))
    bench.take(call.offer(SDP3, method="INVITE", now=bench.now))
    with pytest.raises(LocalProtocolError):
        call.offer(b"", method="INVITE", now=bench.now)
    assert len(requests(bench, "INVITE")) == 1


@pytest.mark.rfc("3261 14.1", "3261-C27", "3261-C25")
@pytest.mark.parametrize("status", [481, 408, None])
def test_a_peer_that_is_lost(status: int | None) -> None:
    """481, 408 or silence to a re-INVITE ends the call with a BYE."""
    bench = Bench()
    call = bench.answered()
    bench.take(call.offer(SDP3, now=bench.now))
    if status is None:
        bench.wait(32)
    else:
        bench.receive(bench.response(bench.last_request, status))
    assert bench.methods[-1] == "BYE"
    says_ok(bench, "BYE")
    assert [event.reason for event in bench.told(Ended)] == [EndReason.PEER_LOST]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 14.1", "6337 2.2")
def test_a_bare_reinvite() -> None:
    """A re-INVITE without an offer asks for one in the 2xx; the ACK waits for our answer."""
    bench = Bench()
    call = bench.answered()
    bench.take(call.offer(method="INVITE", now=bench.now))
    assert bench.last_request.body == b""
    says_ok(bench, "INVITE", body=SDP3)
    assert (len(requests(bench, "ACK")), len(bench.told(OfferReceived))) == (1, 1)
    bench.take(call.answer_offer(SDP2, now=bench.now))
    assert (requests(bench, "ACK")[-1].body, call.agreed) == (SDP2, (SDP2, SDP3))
    assert len(bench.told(Modified)) == 1
    assert len(bench.told(Established)) == 1


@pytest.mark.rfc("3261 14.2", "6337 2.2")
def test_a_bare_reinvite_of_the_peer() -> None:
    """Its 2xx must bear an offer; the application is asked for one, and may refuse."""
    bench = Bench()
    call = bench.acked()
    bench.receive(bench.in_dialog("INVITE", 2, call))
    assert len(bench.told(OfferRequested)) == 1
    with pytest.raises(LocalProtocolError, match="must carry one"):
        call.answer(now=bench.now)
    bench.take(call.reject_offer(now=bench.now))
    assert (bench.last_response.status, call.agreed) == (488, (SDP2, SDP))
    bench.receive(bench.in_dialog("INVITE", 3, call))
    bench.take(call.answer(SDP3, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 3, call, body=SDP))
    assert call.agreed == (SDP3, SDP)


@pytest.mark.rfc("3261 14.2", "3261-S15")
@pytest.mark.parametrize("acked", [True, False])
def test_an_offer_that_is_never_answered(acked: bool) -> None:
    """Our offer in the 2xx to a re-INVITE gets an ACK without an answer, or no ACK at all: BYE."""
    bench = Bench()
    call = bench.acked()
    bench.receive(bench.in_dialog("INVITE", 2, call))
    bench.take(call.answer(SDP3, now=bench.now))
    if acked:
        bench.receive(bench.in_dialog("ACK", 2, call))
    else:
        bench.wait(32)
    assert bench.methods[-1] == "BYE"
    says_ok(bench, "BYE")
    reason = EndReason.NO_ANSWER if acked else EndReason.NOT_ACKNOWLEDGED
    assert [event.reason for event in bench.told(Ended)] == [reason]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 14.1", "3261 13.2.2.4")
def test_a_repeat_of_an_older_2xx() -> None:
    """The 2xx of an INVITE before, come again while a re-INVITE is open, gets its own ACK and answers nothing."""
    bench = Bench()
    call = bench.answered()
    again = bench.response(call.invite, 200, body=SDP3)
    bench.take(call.offer(SDP3, now=bench.now))
    bench.receive(again)
    acks = requests(bench, "ACK")
    assert [ack.cseq.number for ack in acks] == [call.invite.cseq.number] * 2
    assert (call.agreed, bench.told(Modified)) == ((SDP, SDP2), [])
    says_ok(bench, "INVITE", body=SDP)
    assert (call.agreed, requests(bench, "ACK")[-1].cseq.number) == ((SDP3, SDP), call.invite.cseq.number + 1)


@pytest.mark.rfc("3261 14.1", "3261 13.2.2.4")
def test_a_bare_repeat_of_an_older_2xx() -> None:
    """The same without a description: the offer of the re-INVITE stays open."""
    bench = Bench()
    call = bench.outgoing()
    again = bench.response(call.invite, 200)
    bench.receive(again)
    bench.take(call.offer(SDP3, now=bench.now))
    bench.receive(again)
    assert (call.agreed, call.local_sdp) == (None, SDP3)
    says_ok(bench, "INVITE", body=SDP2)
    assert call.agreed == (SDP3, SDP2)


@pytest.mark.rfc("3261 14.2", "3261 13.3.1.4")
@pytest.mark.parametrize("body", [SDP3, b""])
def test_a_repeat_of_an_older_ack(body: bytes) -> None:
    """The ACK of an INVITE before, come again, does not answer what our 2xx to a re-INVITE offers, nor refuse to."""
    bench = Bench()
    call = bench.acked()
    bench.receive(bench.in_dialog("INVITE", 2, call))
    bench.take(call.answer(SDP3, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call, body=body))
    assert (call.agreed, bench.methods) == ((SDP2, SDP), [])
    with pytest.raises(LocalProtocolError):
        call.offer(SDP2, now=bench.now)
    bench.receive(bench.in_dialog("ACK", 2, call, body=SDP))
    assert call.agreed == (SDP3, SDP)


@pytest.mark.rfc("3261 14.1", "3261-C25")
@pytest.mark.parametrize("theirs", [SDP3, b""])
def test_a_bare_reinvite_while_the_peer_waits(theirs: bytes) -> None:
    """A re-INVITE without an offer too has to wait until the peer's is answered."""
    bench = Bench()
    call = bench.acked()
    bench.receive(bench.in_dialog("INVITE", 2, call, body=theirs))
    with pytest.raises(LocalProtocolError):
        call.offer(method="INVITE", now=bench.now)
    assert requests(bench, "INVITE") == []


@pytest.mark.rfc("3261 14.1", "3261-C25", "3262 5")
@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("body", [SDP2, b""])
def test_a_reinvite_whose_exchange_is_complete(ours: bool, body: bytes) -> None:
    """A re-INVITE that has its reliable answer is still under way: no other may begin, but an UPDATE may offer."""
    bench = Bench()
    if ours:
        call = bench.answered()
        bench.take(call.offer(SDP3, now=bench.now))
        rings(bench, bench.last_request, 1, body=SDP2)
        says_ok(bench, "PRACK")
    else:
        call = bench.acked()
        bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP3, headers=[SUPPORTED]))
        bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
        pracks(bench, call, 3)
    with pytest.raises(LocalProtocolError, match="INVITE is un"):
        call.offer(body, method="INVITE", now=bench.now)
    bench.take(call.offer(SDP, method="UPDATE", now=bench.now))
    assert bench.methods[-1] == "UPDATE"


@pytest.mark.rfc("3261 14.2", "3261 13.3.1")
def test_a_reinvite_expires() -> None:
    """A re-INVITE whose Expires is over gets 487, and its offer need not be answered any more."""
    bench = Bench()
    call = bench.acked()
    bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP3, headers=["Expires: 5"]))
    bench.wait(5)
    assert (bench.last_response.status, len(bench.told(OfferWithdrawn))) == (487, 1)
    assert (call.agreed, call.state) == ((SDP2, SDP), CallState.ESTABLISHED)


@pytest.mark.rfc("3261 14.1", "3261 9.1")
def test_a_reinvite_is_cancelled() -> None:
    """A re-INVITE of ours may be cancelled: 487 leaves the session as it was, and a 2xx that crosses it counts."""
    for status in (487, 200):
        bench = Bench()
        call = bench.answered()
        bench.take(call.offer(SDP3, now=bench.now))
        invite = bench.last_request
        bench.receive(bench.response(invite, 180))
        bench.take(call.cancel(now=bench.now))
        assert bench.methods[-1] == "CANCEL"
        bench.receive(bench.response(bench.last_request, 200))
        bench.receive(bench.response(invite, status, body=SDP2 if status == 200 else b""))
        assert call.agreed == ((SDP, SDP2) if status == 487 else (SDP3, SDP2))
        assert (call.state, bench.told(Ended)) == (CallState.ESTABLISHED, [])
