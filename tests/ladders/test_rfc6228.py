"""199 (Early Dialog Terminated): an early dialog is over, and its INVITE is not (RFC 6228)."""

from __future__ import annotations

import pytest

from sipsm import EndReason, LocalProtocolError
from sipsm.message.headers import REASON
from sipsm.role import Dropped, EarlyDialogEnded, Ended, Established, Policy, Ringing
from tests.endpoint.by_hand import SDP2, Bench

WHY = "Reason: SIP;cause=486"


def early(bench: Bench, *tags: str) -> None:
    """We call, and these branches ring."""
    call = bench.outgoing()
    for tag in tags:
        bench.receive(bench.response(call.invite, 180, tag=tag))


@pytest.mark.rfc("6228 4")
def test_199_is_named_as_supported() -> None:
    """An INVITE lists it in Supported, and nowhere requires it."""
    invite = Bench().outgoing().invite
    assert "199" in invite.header_values("Supported")
    assert not invite.has("Require")
    assert not invite.has("Proxy-Require")


@pytest.mark.rfc("6228 4", "3326 2")
def test_one_early_dialog_ends() -> None:
    """The event names which and why; the other rings on, and may be answered."""
    bench = Bench()
    early(bench, "a", "b")
    (call,) = bench.endpoint.calls
    bench.receive(bench.response(call.invite, 199, tag="a", headers=[WHY]))
    (event,) = bench.told(EarlyDialogEnded)
    assert (event.dialog, event.dialog.dialog.remote_tag) == (call.legs[0], "a")
    assert [reason.cause for reason in event.response[REASON]] == [486]
    assert (call.state, bench.told(Ended)) == ("ringing", [])
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
    assert (bench.methods, call.here.dialog.remote_tag) == (["INVITE", "ACK"], "b")


@pytest.mark.rfc("6228 4")
def test_all_early_dialogs_have_ended() -> None:
    """The INVITE goes on: others may ring, and the final response comes."""
    bench = Bench()
    early(bench, "a", "b")
    (call,) = bench.endpoint.calls
    for tag in ("a", "b"):
        bench.receive(bench.response(call.invite, 199, tag=tag, headers=[WHY]))
    assert (len(bench.told(EarlyDialogEnded)), bench.told(Ended)) == (2, [])
    bench.wait(100)
    bench.receive(bench.response(call.invite, 180, tag="c"))
    assert len(bench.told(Ringing)) == 3
    bench.receive(bench.response(call.invite, 486, tag="c"))
    assert [event.status for event in bench.told(Ended)] == [486]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("6228 4")
def test_a_199_that_is_too_early() -> None:
    """One that outruns the 18x of its dialog is discarded, and the 18x counts when it comes."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 199, tag="a", headers=[WHY]))
    early(bench, "x")
    assert (bench.told(EarlyDialogEnded), call.state) == ([], "calling")
    bench.receive(bench.response(call.invite, 180, tag="a"))
    assert call.state == "ringing"
    bench.receive(bench.response(call.invite, 199, tag="b", headers=[WHY]))
    assert bench.told(EarlyDialogEnded) == []
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
    assert (call.state, call.here.dialog.remote_tag) == ("established", "b")


@pytest.mark.rfc("6228 4", "3262 4")
def test_a_reliable_199() -> None:
    """It gets its PRACK, also where no 18x came before it; a repeat of it gets none, and tells nothing more."""
    bench = Bench()
    call = bench.outgoing()
    reliably = ["Require: 100rel", "RSeq: 7", WHY]
    bench.receive(bench.response(call.invite, 199, tag="a", headers=reliably))
    assert bench.methods == ["INVITE", "PRACK"]
    assert [event.dialog.dialog.remote_tag for event in bench.told(EarlyDialogEnded)] == ["a"]
    bench.receive(bench.response(call.invite, 199, tag="a", headers=reliably))
    assert (bench.methods, len(bench.told(EarlyDialogEnded))) == (["INVITE", "PRACK"], 1)
    assert len(bench.told(Dropped)) == 1


@pytest.mark.rfc("6228 4", "3262 4")
def test_a_reliable_199_out_of_order() -> None:
    """While one before it is missing it is not processed: the dialog is there until it comes again."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180, tag="a", headers=["Require: 100rel", "RSeq: 1"]))
    bench.receive(bench.response(call.invite, 199, tag="a", headers=["Require: 100rel", "RSeq: 3", WHY]))
    assert bench.told(EarlyDialogEnded) == []
    assert call.legs[0].dialog.state == "Early"


@pytest.mark.rfc("6228 4", "3261 13.2.2.4")
@pytest.mark.parametrize("policy", [Policy(), Policy(keeps_forks=True)])
def test_a_dialog_that_was_over_is_answered(policy: Policy) -> None:
    """It has been given up, and nobody talks in it: its 2xx is acknowledged, each time, and it is hung up."""
    bench = Bench(policy=policy)
    early(bench, "a")
    (call,) = bench.endpoint.calls
    bench.receive(bench.response(call.invite, 199, tag="a", headers=[WHY]))
    ok = bench.response(call.invite, 200, tag="a", body=SDP2)
    bench.receive(ok)
    assert (bench.methods, call.state) == (["INVITE", "ACK", "BYE"], "ending")
    bye = bench.last_request
    bench.receive(ok)
    assert (bench.methods[3:], bench.told(Established)) == (["ACK"], [])
    bench.receive(bench.response(bye, 200))
    bench.quiet()
    assert ([event.reason for event in bench.told(Ended)], bench.left()) == ([EndReason.PEER_LOST], {})


@pytest.mark.rfc("6228 5")
def test_who_may_send_it() -> None:
    """Only to a caller that supports it, and with the cause; whether reliably or not."""
    bench = Bench()
    call = bench.incoming()
    for reliable in (None, False):
        with pytest.raises(LocalProtocolError, match="does not support it"):
            call.ring(199, reliable=reliable, headers=[("Reason", "SIP;cause=486")], now=bench.now)
    bench = Bench()
    call = bench.incoming(headers=["Supported: 199, 100rel"])
    for reliable in (None, False, True):
        with pytest.raises(LocalProtocolError, match="Reason"):
            call.ring(199, reliable=reliable, now=bench.now)
    bench.take(call.ring(199, headers=[("Reason", "SIP;cause=486")], now=bench.now))
    assert (bench.last_response.status, bench.last_response.to_tag) == (199, call.here.dialog.local_tag)
    assert not any(bench.last_response.has(name) for name in ("Supported", "Require", "Proxy-Require"))
    bench.take(call.reject(486, now=bench.now))
    assert bench.last_response.status == 486
