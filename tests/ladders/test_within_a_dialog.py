"""Requests within a dialog: their route, their number, what they find out (RFC 3261 12, 14.2)."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import Answered, CallState, EndReason, LocalProtocolError, OfferReceived, Request
from sipsm.role import Ended, Established
from sipsm.testing import answer, ladder, nothing_left
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.parties import parties, told

ROUTES = ["Record-Route: <sip:p1.example.com;lr>, <sip:192.0.2.9;lr;x=1>", "Record-Route: <sip:192.0.2.8;x=1;lr=on>"]


def ended(bench: Bench) -> list[EndReason]:
    """Why the calls of a bench are over."""
    return [event.reason for event in bench.told(Ended)]


# -------------------------------------------------------------------- asking


@pytest.mark.rfc("3261 12.2.1", "3261 11")
def test_asking_within_a_call() -> None:
    """OPTIONS within a call is answered, and the call goes on."""
    net, alice, bob = parties()
    bob.script(answer())
    call = alice.invite("sip:bob")
    net.run(until=1)
    alice.do(call.request, "OPTIONS")
    assert net.run(until=2) == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------200- bob
        0.0  alice ACK-------------> bob
        1.0  alice OPTIONS---------> bob
        1.0  alice <------------200- bob
    """)
    (told_of,) = told(alice, Answered)
    assert (told_of.status, told_of.request.call, call.state) == (200, call, CallState.ESTABLISHED)
    alice.do(call.hang_up)
    net.run()
    nothing_left(net)


@pytest.mark.rfc("3261 12.2.1.2", "3261-C17")
@pytest.mark.parametrize("status", [481, 408, None])
def test_the_peer_has_lost_the_call(status: int | None) -> None:
    """481, 408 or silence to a request within the dialog ends the call, with a BYE for the case that it lives on."""
    bench = Bench()
    call = bench.answered()
    bench.take(call.request("OPTIONS", now=bench.now)[1])
    if status is None:
        bench.wait(32)
    else:
        bench.receive(bench.response(bench.last_request, status))
    assert [event.status for event in bench.told(Answered)] == [status or 408]
    assert (bench.methods[-1], call.state) == ("BYE", CallState.ENDING)
    bench.receive(bench.response(bench.last_request, 481))
    assert ended(bench) == [EndReason.PEER_LOST]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 12.2.1.2")
@pytest.mark.parametrize("status", [200, 302, 403, 501, 603])
def test_any_other_answer_leaves_the_call_alone(status: int) -> None:
    """A request that fails otherwise tells nothing of the dialog."""
    bench = Bench()
    call = bench.answered()
    bench.take(call.request("OPTIONS", now=bench.now)[1])
    bench.receive(bench.response(bench.last_request, status))
    assert (call.state, ended(bench)) == (CallState.ESTABLISHED, [])


@pytest.mark.rfc("3261 12.2.1.2")
def test_a_loss_told_twice_ends_once() -> None:
    """When two requests are answered with 481, there is one BYE and one end."""
    bench = Bench()
    call = bench.acked()
    bench.take(call.request("OPTIONS", now=bench.now)[1])
    first = bench.last_request
    bench.take(call.request("OPTIONS", now=bench.now)[1])
    second = bench.last_request
    bench.receive(bench.response(first, 481))
    bench.receive(bench.response(second, 481))
    assert bench.methods == ["OPTIONS", "OPTIONS", "BYE"]
    bench.receive(bench.response(bench.last_request, 200))
    assert ended(bench) == [EndReason.PEER_LOST]
    bench.quiet()
    assert bench.left() == {}


# -------------------------------------------------------------------- numbers


@pytest.mark.rfc("3261 12.2.1.1", "3261-C15")
def test_each_request_has_the_next_number() -> None:
    """The numbers rise by one; the ACK has the INVITE's, and so does a CANCEL."""
    bench = Bench()
    call = bench.answered()
    first = call.invite.cseq.number
    for _ in range(3):
        bench.take(call.request("OPTIONS", now=bench.now)[1])
        bench.receive(bench.response(bench.last_request, 200))
    bench.take(call.hang_up(now=bench.now))
    requests = [message for message in bench.sent if hasattr(message, "method")]
    assert [message.cseq.number - first for message in requests] == [0, 0, 1, 2, 3, 4]
    cancelled = bench.outgoing()
    bench.receive(bench.response(cancelled.invite, 180))
    bench.take(cancelled.cancel(now=bench.now))
    assert bench.last_request.cseq.number == cancelled.invite.cseq.number


@pytest.mark.rfc("3261 12.2.2", "3261-C19")
@pytest.mark.parametrize("ours", [True, False])
def test_numbers_of_the_peer(ours: bool) -> None:
    """A number that is not higher gets 500 with Retry-After and changes nothing; a gap upwards is no error."""
    bench = Bench()
    call = bench.answered() if ours else bench.acked()
    for cseq, status in ((7, 200), (6, 500), (7, 500), (100, 200), (8, 500), (101, 200)):
        bench.receive(bench.in_dialog("OPTIONS", cseq, call))
        assert bench.last_response.status == status, cseq
        if status == 500:
            assert 0 <= int(bench.last_response.header("Retry-After") or "") <= 10
    bench.receive(bench.in_dialog("BYE", 50, call))
    assert (bench.last_response.status, call.state) == (500, CallState.ESTABLISHED)
    bench.receive(bench.in_dialog("BYE", 102, call))
    assert (bench.last_response.status, call.state) == (200, CallState.ENDED)


# -------------------------------------------------------------------- routes


@pytest.mark.rfc("3261 12.1.2", "3261 12.2.1.1", "3261-C13")
def test_the_caller_s_route() -> None:
    """It is the response's Record-Route reversed, parameters and all; the request goes to its first hop."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 200, headers=ROUTES, body=SDP2))
    bench.take(call.hang_up(now=bench.now))
    for message in bench.sent[1:]:
        assert isinstance(message, Request)
        assert [str(route) for route in message.route] == [
            "<sip:192.0.2.8;x=1;lr=on>",
            "<sip:192.0.2.9;lr;x=1>",
            "<sip:p1.example.com;lr>",
        ]
        assert str(message.uri) == "sip:bob@192.0.2.2:5060"
    assert [flow.remote for flow in bench.flows[1:]] == [("192.0.2.8", 5060)] * 2


@pytest.mark.rfc("3261 12.1.1", "3261 12.2.1.1", "3261-S11")
def test_the_callee_s_route() -> None:
    """It is the INVITE's Record-Route as it stands, and is copied to 18x and 2xx but not to a refusal."""
    bench = Bench()
    call = bench.incoming(headers=ROUTES)
    bench.take(call.ring(now=bench.now))
    bench.take(call.answer(SDP2, now=bench.now))
    copied = [line.removeprefix("Record-Route: ") for line in ROUTES]
    assert [list(message.lines_of("Record-Route")) for message in bench.sent] == [copied, copied]
    bench.receive(bench.in_dialog("ACK", 1, call))
    bench.take(call.request("OPTIONS", now=bench.now)[1])
    # The first hop is a name: the request waits for its address.
    assert bench.methods == []
    assert call.here.dialog.route_set == (
        "<sip:p1.example.com;lr>",
        "<sip:192.0.2.9;lr;x=1>",
        "<sip:192.0.2.8;x=1;lr=on>",
    )
    refused = bench.incoming(headers=ROUTES, call_id="other", via="Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKother")
    bench.take(refused.reject(486, now=bench.now))
    assert bench.last_response.lines_of("Record-Route") == ()


@pytest.mark.rfc("3261 12.2.1.1", "3261-C16")
def test_a_strict_router() -> None:
    """A first hop without `lr` goes into the Request-URI, and the remote target last into Route."""
    bench = Bench()
    headers = ["Record-Route: <sip:192.0.2.8;lr>", "Record-Route: <sip:strict@192.0.2.9;method=INVITE?Subject=x>"]
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 200, headers=headers, body=SDP2))
    ack = bench.last_request
    assert str(ack.uri) == "sip:strict@192.0.2.9"
    assert [str(route) for route in ack.route] == ["<sip:192.0.2.8;lr>", "<sip:bob@192.0.2.2:5060>"]
    assert bench.flows[-1].remote == ("192.0.2.9", 5060)


@pytest.mark.rfc("3261 13.2.2.4", "3261 12.1.2", "3261-C21")
def test_the_route_is_the_2xx_s() -> None:
    """What the first early response said of the route and target is replaced by the 2xx, and by nothing else."""
    bench = Bench()
    call = bench.outgoing()
    early = ["Record-Route: <sip:192.0.2.7;lr>"]
    bench.receive(bench.response(call.invite, 180, headers=early, contact="<sip:early@192.0.2.2>"))
    dialog = call.here.dialog
    assert list(dialog.route_set) == ["<sip:192.0.2.7;lr>"]
    bench.receive(bench.response(call.invite, 183, headers=ROUTES[1:], contact="<sip:later@192.0.2.2>"))
    assert (list(dialog.route_set), str(dialog.remote_target)) == (["<sip:192.0.2.7;lr>"], "sip:early@192.0.2.2")
    confirming: dict[str, Any] = {"contact": "<sip:late@192.0.2.2>", "body": SDP2}
    bench.receive(bench.response(call.invite, 200, **confirming))
    assert (list(dialog.route_set), str(dialog.remote_target)) == ([], "sip:late@192.0.2.2")
    bench.receive(bench.response(call.invite, 200, headers=ROUTES, body=SDP2))
    assert (list(dialog.route_set), str(bench.last_request.uri)) == ([], "sip:late@192.0.2.2")


@pytest.mark.rfc("3261 12.2")
def test_requests_leave_the_route_alone() -> None:
    """A Record-Route in a request within the dialog does not change the route set."""
    bench = Bench()
    call = bench.acked()
    bench.receive(bench.in_dialog("OPTIONS", 2, call, headers=ROUTES))
    assert call.here.dialog.route_set == ()


# -------------------------------------------------------------------- another INVITE


@pytest.mark.rfc("3261 14.2", "3261 14.1")
@pytest.mark.parametrize("ours", [True, False])
def test_a_reinvite_may_be_refused_and_the_call_goes_on(ours: bool) -> None:
    """The application says 488, and everything stays as it was."""
    bench = Bench()
    call = bench.answered() if ours else bench.acked()
    local, remote, target = call.local_sdp, call.remote_sdp, call.here.dialog.remote_target
    bench.receive(bench.in_dialog("INVITE", 5, call, branch="z9hG4bKre", body=SDP, contact="<sip:moved@192.0.2.2>"))
    assert [(event.call, event.sdp) for event in bench.told(OfferReceived)] == [(call, SDP)]
    bench.take(call.reject_offer(now=bench.now))
    assert (bench.last_response.status, call.state) == (488, CallState.ESTABLISHED)
    assert (call.local_sdp, call.remote_sdp, call.here.dialog.remote_target) == (local, remote, target)
    bench.receive(bench.in_dialog("ACK", 5, call, branch="z9hG4bKre"))
    assert [event.reason for event in bench.told(Ended)] == []
    bench.take(call.hang_up(now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    assert ended(bench) == [EndReason.HUNG_UP]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 14.1", "3261 13.2.2.4")
def test_the_ack_of_a_reinvite_waits_for_the_answer_however_long() -> None:
    """A 2xx that makes the offer is acknowledged with our answer, also when no repeat of it can come any more."""
    bench = Bench()
    call = bench.answered()
    bench.take(call.offer(now=bench.now))
    reinvite = bench.last_request
    bench.receive(bench.response(reinvite, 200, body=SDP))
    bench.wait(100)
    assert bench.last_request == reinvite
    bench.take(call.answer_offer(SDP2, now=bench.now))
    assert (bench.last_request.method, bench.last_request.cseq.number) == ("ACK", reinvite.cseq.number)
    assert (bench.last_request.body, call.agreed) == (SDP2, (SDP2, SDP))


@pytest.mark.rfc("3261 14.2", "3261-S14")
def test_a_second_invite_too_early() -> None:
    """While the first INVITE has no final response, a second gets 500 with Retry-After; while ours runs, 491."""
    bench = Bench()
    call = bench.incoming()
    bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP))
    assert bench.last_response.status == 500
    assert 0 <= int(bench.last_response.header("Retry-After") or "") <= 10
    assert call.state is CallState.INCOMING
    outgoing = bench.outgoing()
    bench.receive(bench.response(outgoing.invite, 180))
    bench.receive(bench.in_dialog("INVITE", 1, outgoing, body=SDP))
    assert (bench.last_response.status, outgoing.state) == (491, CallState.RINGING)
    offered = bench.outgoing(offer=b"")
    bench.receive(bench.response(offered.invite, 200, body=SDP))
    bench.receive(bench.in_dialog("INVITE", 1, offered, body=SDP))
    assert (bench.last_response.status, offered.state) == (491, CallState.ANSWERING)


@pytest.mark.rfc("3261 12.2.2", "3261 15.1.1")
@pytest.mark.parametrize("ours", [True, False])
def test_an_invite_while_it_is_being_hung_up(ours: bool) -> None:
    """From the moment our BYE is handed down there is no session that another INVITE could change."""
    bench = Bench()
    call = bench.answered() if ours else bench.acked()
    bench.take(call.hang_up(now=bench.now))
    bench.receive(bench.in_dialog("INVITE", 5, call, body=SDP))
    assert (bench.last_response.status, call.state) == (481, CallState.ENDING)


@pytest.mark.rfc("3261 14.2", "3261 12.2.2", "3261 15.1.2")
def test_a_second_invite_before_the_ack_or_after_the_end() -> None:
    """Before the ACK of the first a second INVITE makes its offer, a third must wait; after the BYE it is too late."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP))
    assert bench.statuses == [200]
    assert [(event.call, event.sdp) for event in bench.told(OfferReceived)] == [(call, SDP)]
    bench.take(call.hang_up(now=bench.now))
    with pytest.raises(LocalProtocolError, match="the BYE waits for the ACK"):
        call.hang_up(now=bench.now)
    with pytest.raises(LocalProtocolError, match="the session is over"):
        call.request("OPTIONS", now=bench.now)
    bench.receive(bench.in_dialog("INVITE", 3, call, body=SDP))
    assert bench.last_response.status == 500
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert bench.told(Established) == []
    assert (bench.methods, bench.statuses, bench.last_response.cseq.number) == (["BYE"], [200, 500, 487], 2)
    bench.receive(bench.in_dialog("INVITE", 4, call, body=SDP))
    assert (bench.last_response.status, call.state) == (481, CallState.ENDING)
    bench.receive(bench.response(bench.last_request, 200))
    bench.receive(bench.in_dialog("INVITE", 5, call, body=SDP))
    assert bench.last_response.status == 481
