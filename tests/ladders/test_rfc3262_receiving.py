"""Reliable provisional responses at the caller: in order, once, and for each branch by itself (RFC 3262 4)."""

from __future__ import annotations

import pytest

from sipsm import CallState, Dropped, DropReason, EndReason, LocalProtocolError
from sipsm.role import AnswerReceived, EarlyDialogEnded, Ended, Established, OfferReceived, Ringing
from tests.endpoint.by_hand import SDP2, Bench
from tests.ladders.reliably import REQUIRED, SDP3, early_out, requests, rings, says_ok


def absorbed(bench: Bench) -> list[str]:
    """Why responses came to nothing."""
    return [event.why for event in bench.told(Dropped) if event.reason is DropReason.ABSORBED]


# -------------------------------------------------------------------- what is asked for


@pytest.mark.rfc("3262 4", "3262-12")
def test_every_invite_supports_it() -> None:
    """INVITE and re-INVITE have Supported: 100rel; Require: 100rel only where the application puts it."""
    bench = Bench()
    call = bench.answered()
    bench.take(call.offer(SDP2, now=bench.now))
    for invite in requests(bench, "INVITE"):
        assert "100rel" in invite.header_values("Supported")
        assert not invite.has("Require")
    required = bench.outgoing(headers=[("Require", "100rel")])
    assert required.invite.header_values("Require") == ("100rel",)


@pytest.mark.rfc("3262 4", "3262-12")
def test_no_other_request_requires_it() -> None:
    """An application cannot put Require: 100rel into another request than INVITE, and a PRACK has none by itself."""
    bench = Bench()
    call = early_out(bench, answer=SDP2)
    (prack,) = requests(bench, "PRACK")
    assert not prack.has("Require")
    tag = [("Require", "100rel")]
    with pytest.raises(LocalProtocolError, match="INVITE"):
        call.offer(SDP3, method="UPDATE", headers=tag, now=bench.now)
    bench.receive(bench.response(call.invite, 200))
    with pytest.raises(LocalProtocolError, match="INVITE"):
        call.request("OPTIONS", headers=tag, now=bench.now)
    with pytest.raises(LocalProtocolError, match="INVITE"):
        call.hang_up(headers=tag, now=bench.now)
    with pytest.raises(LocalProtocolError, match="INVITE"):
        bench.endpoint.request("OPTIONS", "sip:bob@192.0.2.2", headers=tag, now=bench.now)
    bench.take(call.offer(SDP3, headers=tag, now=bench.now))
    assert bench.last_request.header_values("Require") == ("100rel",)


# -------------------------------------------------------------------- PRACK


@pytest.mark.rfc("3262 4", "3262-15")
def test_a_prack_is_a_request_within_the_dialog() -> None:
    """It has the next CSeq number, the dialog's tags, target and route, and RAck with RSeq, CSeq number and method."""
    bench = Bench()
    call = bench.outgoing()
    headers = ["Record-Route: <sip:192.0.2.9;lr>, <sip:192.0.2.8;lr>"]
    rings(bench, call.invite, 77, contact="<sip:b@192.0.2.3>", headers=headers)
    (prack,) = requests(bench, "PRACK")
    number = call.invite.cseq.number
    assert (prack.cseq.number, prack.header("RAck")) == (number + 1, f"77 {number} INVITE")
    assert (str(prack.uri), prack.to.tag, prack.from_.tag) == ("sip:b@192.0.2.3", "far", call.invite.from_.tag)
    assert prack.lines_of("Route") == ("<sip:192.0.2.8;lr>", "<sip:192.0.2.9;lr>")
    assert bench.flows[-1].remote == ("192.0.2.8", 5060)
    assert prack.lines_of("Via") != call.invite.lines_of("Via")
    rings(bench, call.invite, 78, contact="<sip:b@192.0.2.3>", headers=headers)
    assert requests(bench, "PRACK")[-1].cseq.number == number + 2


@pytest.mark.rfc("3262 4", "3262-15")
def test_a_challenged_prack_is_no_loss() -> None:
    """A PRACK that is refused for another reason than 481 and 408 leaves its dialog and the INVITE as they are."""
    bench = Bench()
    call = early_out(bench, answer=SDP2, acknowledged=False)
    challenge = ['WWW-Authenticate: Digest realm="r", nonce="n"']
    bench.receive(bench.response(bench.last_request, 401, headers=challenge))
    assert (bench.told(EarlyDialogEnded), call.state) == ([], CallState.RINGING)
    bench.receive(bench.response(call.invite, 200))
    assert call.state is CallState.ESTABLISHED


@pytest.mark.rfc("3262 4", "3262-13")
def test_100_is_not_reliable() -> None:
    """Require: 100rel in a 100 is ignored: no PRACK, no dialog, and the number does not count."""
    bench = Bench()
    call = bench.outgoing()
    rings(bench, call.invite, 5, status=100)
    assert (bench.methods, bench.told(Ringing)) == (["INVITE"], [])
    rings(bench, call.invite, 9)
    assert requests(bench, "PRACK")[0].header("RAck") == f"9 {call.invite.cseq.number} INVITE"


@pytest.mark.rfc("3262 4", "3262-13")
def test_each_branch_counts_by_itself() -> None:
    """Each To tag has its own RSeq numbers, and each PRACK goes to its own branch."""
    bench = Bench()
    call = bench.outgoing()
    for number, tag in [(10, "a"), (500, "b"), (11, "a"), (501, "b"), (10, "c"), (501, "a"), (11, "b")]:
        rings(bench, call.invite, number, tag=tag, contact=f"<sip:{tag}@192.0.2.3>")
    pracks = requests(bench, "PRACK")
    seen = [(prack.to.tag, (prack.header("RAck") or "").split()[0], str(prack.uri)) for prack in pracks]
    assert seen == [
        ("a", "10", "sip:a@192.0.2.3"),
        ("b", "500", "sip:b@192.0.2.3"),
        ("a", "11", "sip:a@192.0.2.3"),
        ("b", "501", "sip:b@192.0.2.3"),
        ("c", "10", "sip:c@192.0.2.3"),
    ]
    assert len(bench.told(Ringing)) == 5
    assert len(absorbed(bench)) == 2


# -------------------------------------------------------------------- order


@pytest.mark.rfc("3262 4", "3262-14")
def test_a_gap() -> None:
    """A response behind a gap is neither acknowledged nor told, nor is its description; it is when its turn comes."""
    bench = Bench()
    call = bench.outgoing()
    rings(bench, call.invite, 20)
    rings(bench, call.invite, 22, body=SDP2)
    assert (len(requests(bench, "PRACK")), bench.told(AnswerReceived), len(bench.told(Ringing))) == (1, [], 1)
    assert absorbed(bench) == ["it has come already, or one before it has not"]
    rings(bench, call.invite, 21)
    rings(bench, call.invite, 22, body=SDP2)
    assert (len(requests(bench, "PRACK")), len(bench.told(AnswerReceived))) == (3, 1)


@pytest.mark.rfc("3262 4", "3262-14")
def test_a_repeat() -> None:
    """A repeat is dropped: the PRACK goes on being repeated by its own timer only."""
    bench = Bench()
    call = early_out(bench, answer=SDP2, acknowledged=False)
    sent = len(bench.wires)
    rings(bench, call.invite, 100, body=SDP2)
    assert (len(bench.wires), len(bench.told(AnswerReceived)), len(bench.told(Ringing))) == (sent, 1, 1)
    bench.wait(0.5)
    assert bench.wires[-1] == bench.wires[sent - 1]
    says_ok(bench, "PRACK")
    sent = len(bench.wires)
    rings(bench, call.invite, 100, body=SDP2)
    rings(bench, call.invite, 99, body=SDP3)
    bench.wait(10)
    assert len(bench.wires) == sent
    assert call.agreed == (call.local_sdp, SDP2)


@pytest.mark.rfc("3262 4", "3262-16")
def test_the_number_lives_until_the_final_response() -> None:
    """What comes after the final response is discarded, in order or not; a re-INVITE begins with another number."""
    bench = Bench()
    call = early_out(bench, answer=SDP2)
    bench.wait(100)
    rings(bench, call.invite, 101)
    says_ok(bench, "PRACK")
    assert len(requests(bench, "PRACK")) == 2
    bench.receive(bench.response(call.invite, 200))
    rings(bench, call.invite, 102)
    assert len(requests(bench, "PRACK")) == 2
    bench.take(call.offer(SDP3, now=bench.now))
    rings(bench, bench.last_request, 7)
    prack = requests(bench, "PRACK")[-1]
    invite = requests(bench, "INVITE")[-1]
    assert prack.header("RAck") == f"7 {invite.cseq.number} INVITE"


@pytest.mark.rfc("3262 4")
def test_without_a_number_it_is_not_reliable() -> None:
    """100rel without RSeq, and RSeq without 100rel, are taken as unreliable responses."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180, headers=[REQUIRED]))
    bench.receive(bench.response(call.invite, 181, headers=["RSeq: 1"]))
    assert (requests(bench, "PRACK"), len(bench.told(Ringing))) == ([], 2)


# -------------------------------------------------------------------- what ends


@pytest.mark.rfc("3262 4", "3262-21", "3261 12.2.1.2")
@pytest.mark.parametrize("status", [481, 408, None])
def test_a_lost_early_dialog(status: int | None) -> None:
    """A PRACK that gets 481, 408 or silence ends its early dialog only: another branch answers the INVITE."""
    bench = Bench()
    call = bench.outgoing()
    rings(bench, call.invite, 1, tag="a")
    rings(bench, call.invite, 1, tag="b")
    says_ok(bench, "PRACK")
    lost = requests(bench, "PRACK")[0]
    if status is None:
        bench.wait(32)
    else:
        bench.receive(bench.response(lost, status))
    (ended,) = bench.told(EarlyDialogEnded)
    assert (ended.call, ended.dialog.dialog.remote_tag, ended.response) == (call, "a", None)
    assert (bench.told(Ended), call.state) == ([], CallState.RINGING)
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
    assert (call.state, call.here.dialog.remote_tag) == (CallState.ESTABLISHED, "b")
    assert "BYE" not in bench.methods


@pytest.mark.rfc("3262-21", "3261 13.2.2.4")
def test_the_only_early_dialog_is_lost() -> None:
    """When its only early dialog is lost the INVITE goes on, and ends as it is answered."""
    bench = Bench()
    call = early_out(bench, answer=SDP2, acknowledged=False)
    bench.receive(bench.response(bench.last_request, 481))
    assert (len(bench.told(EarlyDialogEnded)), bench.told(Ended)) == (1, [])
    bench.receive(bench.response(call.invite, 486))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.REJECTED]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3262-21", "3261 13.2.2.4")
def test_what_was_lost_answers_after_all() -> None:
    """A 2xx of an early dialog that was given up is acknowledged and hung up, and the call ends."""
    bench = Bench()
    call = early_out(bench, answer=SDP2, acknowledged=False)
    bench.receive(bench.response(bench.last_request, 481))
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    assert bench.methods[-2:] == ["ACK", "BYE"]
    bench.receive(bench.response(bench.last_request, 200))
    bench.quiet()
    assert len(bench.told(Ended)) == 1
    assert (bench.told(Established), bench.left()) == ([], {})


@pytest.mark.rfc("3262 4", "3261 9.1")
def test_a_cancelled_invite_is_still_acknowledged() -> None:
    """After CANCEL a reliable response still gets its PRACK, and is not told."""
    bench = Bench()
    call = bench.outgoing()
    rings(bench, call.invite, 1)
    bench.take(call.cancel(now=bench.now))
    rings(bench, call.invite, 2, body=SDP2)
    assert len(requests(bench, "PRACK")) == 2
    assert (len(bench.told(Ringing)), bench.told(AnswerReceived)) == (1, [])
    for request in requests(bench, "PRACK"):
        bench.receive(bench.response(request, 200))
    bench.receive(bench.response(requests(bench, "CANCEL")[0], 200))
    bench.receive(bench.response(call.invite, 487))
    bench.quiet()
    assert [event.reason for event in bench.told(Ended)] == [EndReason.CANCELLED]
    assert bench.left() == {}


@pytest.mark.rfc("3262 5", "3261 9.1")
def test_an_offer_behind_a_cancel() -> None:
    """An offer in a reliable response that crosses our CANCEL is answered in its PRACK, with every stream refused."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    bench.receive(bench.response(call.invite, 180))
    bench.take(call.cancel(now=bench.now))
    rings(bench, call.invite, 1, body=SDP2)
    (prack,) = requests(bench, "PRACK")
    assert b"m=audio 0 " in prack.body
    assert bench.told(OfferReceived) == []
    bench.receive(bench.response(prack, 200))
    bench.receive(bench.response(call.invite, 487))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.CANCELLED]


@pytest.mark.rfc("3262 4", "3261 13.2.2.4")
def test_a_2xx_crosses_the_prack() -> None:
    """A 2xx before the PRACK's 200 establishes the call; the 200, or a 481, behind it changes nothing."""
    for status in (200, 481):
        bench = Bench()
        call = early_out(bench, answer=SDP2, acknowledged=False)
        prack = bench.last_request
        bench.receive(bench.response(call.invite, 200))
        assert (call.state, call.agreed) == (CallState.ESTABLISHED, (call.local_sdp, SDP2))
        bench.receive(bench.response(prack, status))
        assert (call.state, bench.methods[-1]) == (CallState.ESTABLISHED, "ACK")


@pytest.mark.rfc("3262 4", "3261 12.2.1.2")
@pytest.mark.parametrize("status", [408, None])
def test_a_prack_in_a_call_that_is_up(status: int | None) -> None:
    """When nobody answers the PRACK of a call that is up by then, the peer is lost: BYE."""
    bench = Bench()
    call = early_out(bench, answer=SDP2, acknowledged=False)
    prack = bench.last_request
    bench.receive(bench.response(call.invite, 200))
    if status is None:
        bench.wait(32)
    else:
        bench.receive(bench.response(prack, status))
    assert bench.methods[-1] == "BYE"
    says_ok(bench, "BYE")
    assert [event.reason for event in bench.told(Ended)] == [EndReason.PEER_LOST]
    bench.quiet()
    assert bench.left() == {}
