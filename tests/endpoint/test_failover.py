"""Calls and requests whose first server fails: they go on with the next one (RFC 3263 4.3)."""

from __future__ import annotations

import pytest

from sipsm import Answered, CallState, Dropped, DropReason, Ended, EndReason, Established, Request, Send, Srv
from tests.endpoint.by_hand import SDP2, Bench

TARGET = "sip:bob@example.com;transport=udp"
ZONE = {("SRV", "_sip._udp.example.com"): [Srv(1, 0, 5060, "one.example.com"), Srv(2, 0, 5070, "two.example.com")]}
ONE, TWO = ("192.0.2.2", 5060), ("192.0.2.3", 5070)


def first_failed(bench: Bench, *, status: int = 503, trying: bool = False, looked_up: bool = True) -> Request:
    """A call whose first server has failed; returns the first INVITE."""
    call = bench.outgoing(target=TARGET)
    bench.looked_up(ONE[0], zone=ZONE)
    first = call.invite
    if trying:
        bench.receive(bench.response(first, 100, tag=None))
    bench.receive(bench.response(first, status))
    if looked_up:
        bench.looked_up(TWO[0])
    return first


@pytest.mark.rfc("3263 4.3", "3261 17.1.1.3")
def test_a_call_goes_to_the_second_server() -> None:
    """The 503 gets its ACK where it came from; the call is answered by the second server, and ended there."""
    bench = Bench()
    first = first_failed(bench)
    (call,) = bench.endpoint.calls
    assert [flow.remote for flow in bench.flows] == [ONE, ONE, TWO]
    assert bench.methods == ["INVITE", "ACK", "INVITE"]
    assert call.state is CallState.CALLING
    assert call.invite == bench.sent[-1]
    assert call.invite.branch != first.branch
    (dropped,) = bench.told(Dropped)
    assert (dropped.reason, dropped.data.status) == (DropReason.ABSORBED, 503)
    bench.receive(bench.response(call.invite, 200, body=SDP2), TWO)
    assert len(bench.told(Established)) == 1
    assert bench.last_request.method == "ACK"
    assert bench.last_request.cseq.number == first.cseq.number
    bench.take(call.hang_up(now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 9.1")
@pytest.mark.parametrize("trying", [False, True])
def test_a_cancel_waits_for_the_second_server(trying: bool) -> None:
    """What the first one said of the INVITE is no answer of the second: the CANCEL goes there, once it has answered."""
    bench = Bench()
    first_failed(bench, trying=trying)
    (call,) = bench.endpoint.calls
    bench.take(call.cancel(now=bench.now))
    assert "CANCEL" not in bench.methods
    bench.receive(bench.response(call.invite, 180), TWO)
    assert bench.methods[-1] == "CANCEL"
    assert bench.flows[-1].remote == TWO
    assert bench.last_request.branch == call.invite.branch
    bench.receive(bench.response(call.invite, 487), TWO)
    bench.receive(bench.response(bench.sent[-2], 200), TWO)  # type: ignore[arg-type]
    assert [ended.reason for ended in bench.told(Ended)] == [EndReason.CANCELLED]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 9.1")
@pytest.mark.parametrize("trying", [False, True])
def test_cancelled_between_two_servers(trying: bool) -> None:
    """While the second one's address is looked for, nothing is to be cancelled: the call is over."""
    bench = Bench()
    first_failed(bench, trying=trying, looked_up=False)
    (call,) = bench.endpoint.calls
    bench.take(call.cancel(now=bench.now))
    assert [ended.reason for ended in bench.told(Ended)] == [EndReason.CANCELLED]
    assert bench.methods == ["INVITE", "ACK"]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 9.1")
@pytest.mark.parametrize("trying", [False, True])
def test_no_second_server_for_a_call_that_is_given_up(trying: bool) -> None:
    """The 503 of the first one ends it."""
    bench = Bench()
    call = bench.outgoing(target=TARGET)
    bench.looked_up(ONE[0], zone=ZONE)
    if trying:
        bench.receive(bench.response(call.invite, 100, tag=None))
    bench.take(call.cancel(now=bench.now))
    bench.receive(bench.response(call.invite, 503))
    assert [ended.reason for ended in bench.told(Ended)] == [EndReason.CANCELLED]
    assert {flow.remote for flow in bench.flows} == {ONE}
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3263 4.3", "3261 8.1.3.1")
def test_a_call_for_which_no_server_is_left() -> None:
    """It ends as the last one let it end: here refused with a 503."""
    bench = Bench()
    first_failed(bench)
    (call,) = bench.endpoint.calls
    bench.receive(bench.response(call.invite, 503), TWO)
    (ended,) = bench.told(Ended)
    assert (ended.reason, ended.status) == (EndReason.REJECTED, 503)
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3263 4.3", "3261 8.1.3.1")
def test_the_last_server_has_no_address() -> None:
    """Then what the one before it said is the answer, told when that is known."""
    bench = Bench()
    outgoing, outputs = bench.endpoint.request("OPTIONS", TARGET, now=bench.now)
    bench.take(outputs)
    bench.looked_up(ONE[0], zone=ZONE)
    bench.receive(bench.response(bench.last_request, 503))
    assert bench.told(Answered) == []
    bench.looked_up()
    (answered,) = bench.told(Answered)
    assert (answered.request, answered.status, answered.response.status) == (outgoing, 503, 503)
    bench.quiet()
    assert bench.left() == {}


def test_a_request_outside_a_call_goes_to_the_second_server() -> None:
    """The application sees the request as it was sent last."""
    bench = Bench()
    outgoing, outputs = bench.endpoint.request("OPTIONS", TARGET, now=bench.now)
    bench.take(outputs)
    bench.looked_up(ONE[0], zone=ZONE)
    bench.wait(32)
    bench.looked_up(TWO[0])
    assert outgoing.request == bench.last_request
    bench.receive(bench.response(outgoing.request, 200), TWO)
    assert [answered.status for answered in bench.told(Answered)] == [200]
    bench.quiet()
    assert bench.left() == {}


def test_a_bye_goes_to_the_second_server() -> None:
    """A Contact with a name is located as any other URI."""
    bench = Bench()
    call = bench.acked(contact=f"<{TARGET}>")
    bench.take(call.hang_up(now=bench.now))
    bench.looked_up(ONE[0], zone=ZONE)
    send = bench.outputs[-1]
    assert isinstance(send, Send)
    bench.take(bench.endpoint.send_failed(send, bench.now))
    bench.looked_up(TWO[0])
    assert bench.methods == ["BYE", "BYE"]
    assert bench.flows[-1].remote == TWO
    bench.receive(bench.response(bench.last_request, 200), TWO)
    assert [ended.reason for ended in bench.told(Ended)] == [EndReason.HUNG_UP]
    bench.quiet()
    assert bench.left() == {}


def test_both_hang_up_while_a_second_server_is_looked_for() -> None:
    """The call ends once, when it is known that there is none."""
    bench = Bench()
    call = bench.acked(contact=f"<{TARGET}>")
    bench.take(call.hang_up(now=bench.now))
    bench.looked_up(ONE[0], zone=ZONE)
    bench.receive(bench.response(bench.last_request, 503))
    bench.receive(bench.in_dialog("BYE", 2, call))
    assert bench.statuses[-1] == 200
    bench.looked_up()
    assert len(bench.told(Ended)) == 1
    bench.quiet()
    assert bench.left() == {}


def test_an_invite_that_has_rung_ends_with_its_503() -> None:
    """Nobody else's telephone rings for it."""
    bench = Bench()
    call = bench.outgoing(target=TARGET)
    bench.looked_up(ONE[0], zone=ZONE)
    bench.receive(bench.response(call.invite, 180))
    bench.receive(bench.response(call.invite, 503))
    assert [ended.status for ended in bench.told(Ended)] == [503]
    bench.quiet()
    assert bench.left() == {}


def test_the_drawing_of_servers_is_in_the_hands_of_the_given_chance() -> None:
    """Endpoints of one seed call the same server, those of many seeds all of them."""

    def called(seed: int) -> int:
        bench = Bench(seed)
        bench.outgoing(target=TARGET)
        servers = [Srv(1, 10, port, "host.example.com") for port in (5060, 5070, 5080)]
        bench.looked_up("192.0.2.2", zone={("SRV", "_sip._udp.example.com"): servers})
        return bench.flows[0].remote[1]

    assert {called(seed) for seed in range(30)} == {5060, 5070, 5080}
    assert [called(seed) for seed in range(10)] == [called(seed) for seed in range(10)]
