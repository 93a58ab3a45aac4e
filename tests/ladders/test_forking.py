"""One INVITE, many answers: early dialogs, the first 2xx, and those after it (RFC 3261 12.1, 13.2.2.4)."""

from __future__ import annotations

from typing import Any

import pytest

from sipsm import CallState, Dropped, DropReason, EndReason, LocalProtocolError, Request
from sipsm.machine import Machine, Row
from sipsm.role import AnswerReceived, Ended, Established, Forked, Limits, OfferReceived, Policy, Ringing
from tests.endpoint.by_hand import SDP, SDP2, Bench


def requests(bench: Bench, method: str) -> list[Request]:
    """The requests of this method that were sent."""
    return [message for message in bench.sent if isinstance(message, Request) and message.method == method]


def reasons(bench: Bench) -> list[EndReason]:
    """Why the calls of a bench are over."""
    return [event.reason for event in bench.told(Ended)]


@pytest.mark.rfc("3261 12.1", "3261 13.2.2.1")
def test_early_dialogs_are_told_apart() -> None:
    """Each To tag makes an early dialog with its own target, route and answer; the first 2xx decides which it is."""
    bench = Bench()
    call = bench.outgoing()
    for name, contact in (("a", "<sip:a@192.0.2.3>"), ("b", "<sip:b@192.0.2.4>")):
        route = [f"Record-Route: <sip:{name}.example.com;lr>"]
        bench.receive(bench.response(call.invite, 183, tag=name, contact=contact, headers=route, body=SDP2))
    assert [leg.dialog.remote_tag for leg in call.legs] == ["a", "b"]
    assert [str(leg.dialog.remote_target) for leg in call.legs] == ["sip:a@192.0.2.3", "sip:b@192.0.2.4"]
    assert [leg.dialog.route_set for leg in call.legs] == [("<sip:a.example.com;lr>",), ("<sip:b.example.com;lr>",)]
    assert [event.in_message.to.tag for event in bench.told(AnswerReceived)] == ["a", "b"]
    assert [event.response.to.tag for event in bench.told(Ringing)] == ["a", "b"]
    bench.receive(bench.response(call.invite, 200, tag="b", contact="<sip:b@192.0.2.4>", body=SDP2))
    assert call.here is call.legs[1]
    assert call.state is CallState.ESTABLISHED
    (ack,) = requests(bench, "ACK")
    assert (ack.to.tag, str(ack.uri), bench.flows[-1].remote) == ("b", "sip:b@192.0.2.4", ("192.0.2.4", 5060))


@pytest.mark.rfc("3261 13.2.2.4", "3261 12.2.1.1")
def test_a_second_branch_answers_too() -> None:
    """Each 2xx gets its own ACK; the second one's dialog is hung up, and the first one's call is not disturbed."""
    bench = Bench()
    call = bench.answered(tag="a")
    again = bench.response(call.invite, 200, tag="b", body=SDP2)
    bench.receive(again)
    assert bench.methods == ["INVITE", "ACK", "ACK", "BYE"]
    assert [request.to.tag for request in bench.sent[1:]] == ["a", "b", "b"]
    bye = bench.last_request
    assert bye.cseq.number == call.invite.cseq.number + 1
    bench.receive(again)
    assert bench.methods[4:] == ["ACK"]
    assert bench.wires[2] == bench.wires[4]
    bench.receive(bench.response(bye, 200))
    assert bench.methods[5:] == []
    assert call.state is CallState.ESTABLISHED
    assert (len(bench.told(Established)), len(bench.told(AnswerReceived)), reasons(bench)) == (1, 1, [])
    bench.take(call.hang_up(now=bench.now))
    assert bench.last_request.to.tag == "a"
    bench.receive(bench.response(bench.last_request, 200))
    bench.quiet()
    assert (reasons(bench), bench.left()) == ([EndReason.HUNG_UP], {})


@pytest.mark.rfc("3261 13.2.2.4")
def test_a_second_branch_offers_too() -> None:
    """Without an offer in the INVITE each 2xx has its own: the one of no use is refused in its ACK, and not told."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    bench.receive(bench.response(call.invite, 200, tag="a", body=SDP))
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP))
    (ack,) = requests(bench, "ACK")
    assert (ack.to.tag, b"m=audio 0 RTP/AVP 0" in ack.body) == ("b", True)
    assert (bench.methods, bench.last_request.to.tag) == (["INVITE", "ACK", "BYE"], "b")
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP))
    assert bench.methods[3:] == ["ACK"]
    assert bench.wires[1] == bench.wires[3]
    assert len(bench.told(OfferReceived)) == 1
    bench.take(call.answer_offer(SDP2, now=bench.now))
    assert (bench.last_request.method, bench.last_request.to.tag, bench.last_request.body) == ("ACK", "a", SDP2)
    assert call.state is CallState.ESTABLISHED


@pytest.mark.rfc("3261 13.2.2.4", "3261-C22")
def test_late_branches() -> None:
    """For 64*T1 after the first 2xx others are acknowledged and hung up; early dialogs left then are over."""
    bench = Bench()
    call = bench.outgoing()
    for tag in "abc":
        bench.receive(bench.response(call.invite, 180, tag=tag))
    bench.receive(bench.response(call.invite, 200, tag="a", body=SDP2))
    bench.wait(31.9)
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
    assert [request.to.tag for request in requests(bench, "ACK")] == ["a", "b"]
    assert [request.to.tag for request in requests(bench, "BYE")] == ["b"]
    bench.receive(bench.response(bench.last_request, 200))
    assert [leg.dialog.state for leg in call.legs] == ["Confirmed", "Terminated", "Early"]
    bench.wait(0.1)
    assert [leg.dialog.state for leg in call.legs] == ["Confirmed", "Terminated", "Terminated"]
    assert [leg.offer_answer.state for leg in call.legs] == ["Stable", "Closed", "Closed"]
    bench.drain()
    bench.receive(bench.response(call.invite, 200, tag="d", body=SDP2))
    assert [event.reason for event in bench.told(Dropped)] == [DropReason.STRAY_RESPONSE]
    assert (bench.methods, call.state) == ([], CallState.ESTABLISHED)
    bench.take(call.hang_up(now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 13.2.2.3", "3261 12.3")
def test_a_refusal_ends_every_early_dialog() -> None:
    """A final response other than 2xx ends all that the INVITE has begun; each dialog is gone."""
    bench = Bench()
    call = bench.outgoing()
    for tag in "abc":
        bench.receive(bench.response(call.invite, 180, tag=tag))
    bench.receive(bench.response(call.invite, 486, tag="a"))
    assert [leg.dialog.state for leg in call.legs] == ["Terminated"] * 3
    assert [leg.offer_answer.state for leg in call.legs] == ["Closed"] * 3
    assert reasons(bench) == [EndReason.REJECTED]
    for tag in "abc":
        bench.receive(bench.request("BYE", from_=f"<sip:bob@192.0.2.2>;tag={tag}", to=call.here.dialog.local))
    assert bench.statuses == [481] * 3
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 13.2.2.4", "3261 15.1.2", "3261 14.2")
def test_an_unwanted_branch_is_not_the_application_s() -> None:
    """While it is being hung up only BYE means anything in it, and none of its requests concerns the call."""
    bench = Bench()
    call = bench.answered(tag="a")
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
    bye = bench.last_request
    unwanted: dict[str, Any] = {
        "from_": call.legs[1].dialog.remote,
        "to": call.here.dialog.local,
        "call_id": call.call_id,
    }
    bench.receive(bench.request("INVITE", cseq=1, body=SDP, **unwanted))
    bench.receive(bench.request("OPTIONS", cseq=2, **unwanted))
    bench.receive(bench.request("BYE", cseq=3, **unwanted))
    assert bench.statuses == [481, 481, 200]
    bench.receive(bench.response(bye, 481))
    bench.receive(bench.request("BYE", cseq=4, **unwanted))
    assert bench.statuses[3:] == [481]
    assert (call.state, reasons(bench)) == (CallState.ESTABLISHED, [])


@pytest.mark.rfc("3261 13.2.2.4")
def test_the_first_call_may_be_over_when_the_second_branch_answers() -> None:
    """The late 2xx is acknowledged and hung up all the same, and the end is told once."""
    bench = Bench()
    call = bench.answered(tag="a")
    bench.receive(bench.in_dialog("BYE", 1, call))
    assert reasons(bench) == [EndReason.HUNG_UP_BY_PEER]
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
    assert bench.methods == ["INVITE", "ACK", "ACK", "BYE"]
    bench.receive(bench.response(bench.last_request, 200))
    assert (call.state, reasons(bench)) == (CallState.ENDED, [EndReason.HUNG_UP_BY_PEER])
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 9.1", "3261 13.2.2.4")
def test_a_cancelled_call_of_which_two_branches_answer() -> None:
    """Both are acknowledged and hung up, and the call has been cancelled."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180, tag="a"))
    bench.take(call.cancel(now=bench.now))
    for tag in "ab":
        bench.receive(bench.response(call.invite, 200, tag=tag, body=SDP2))
    assert bench.methods[2:] == ["ACK", "BYE", "ACK", "BYE"]
    assert [request.to.tag for request in bench.sent[2:]] == ["a", "a", "b", "b"]
    for bye in requests(bench, "BYE"):
        bench.receive(bench.response(bye, 200))
    bench.quiet()
    assert (reasons(bench), bench.left()) == ([EndReason.CANCELLED], {})


@pytest.mark.rfc("3261 13.2.2.4")
def test_as_many_branches_as_the_limits_allow() -> None:
    """The response that would make one dialog more is dropped, and said to be."""
    bench = Bench(limits=Limits(forks=2))
    call = bench.outgoing()
    for tag in "abc":
        bench.receive(bench.response(call.invite, 180, tag=tag))
    assert (len(call.legs), [event.reason for event in bench.told(Dropped)]) == (2, [DropReason.OVERLOADED])


# -------------------------------------------------------------------- peers of RFC 2543


@pytest.mark.rfc("3261 12.1.1", "3261-C14")
def test_a_caller_without_a_tag() -> None:
    """A From without a tag is a null tag: our requests then have none in To, and the caller's BYE is found."""
    bench = Bench()
    bench.receive(bench.request("INVITE", branch="z9hG4bKcall", from_="<sip:alice@192.0.2.2>", body=SDP))
    call = bench.events[-1].call
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert call.state is CallState.ESTABLISHED
    bench.take(call.request("OPTIONS", now=bench.now)[1])
    assert (bench.last_request.to.tag, bench.last_request.lines_of("To")) == (None, ("<sip:alice@192.0.2.2>",))
    bench.receive(bench.in_dialog("BYE", 2, call))
    assert (bench.last_response.status, call.state) == (200, CallState.ENDED)
    bench.quiet()
    outgoing = bench.outgoing()
    bench.receive(bench.response(outgoing.invite, 180, tag=None))
    bench.receive(bench.response(outgoing.invite, 200, tag=None, body=SDP2))
    assert (bench.last_request.method, bench.last_request.to.tag) == ("ACK", None)
    bench.take(outgoing.hang_up(now=bench.now))
    assert (bench.last_request.method, bench.last_request.to.tag) == ("BYE", None)
    bench.receive(bench.response(bench.last_request, 200, tag=None))
    assert outgoing.state is CallState.ENDED


@pytest.mark.rfc("3261 12.1.2")
def test_an_early_response_without_a_tag() -> None:
    """An early dialog without a tag takes the first that comes: a ringing without and a 2xx with one are one dialog."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180, tag=None))
    bench.receive(bench.response(call.invite, 200, tag="a", body=SDP2))
    assert (call.state, len(call.legs), bench.last_request.to.tag) == (CallState.ESTABLISHED, 1, "a")
    bench.take(call.hang_up(now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 12.1.2", "3261 13.2.2.4")
def test_answers_without_what_they_should_have() -> None:
    """A 2xx without a description or a Contact is acknowledged where the call went, and the call is up."""
    for offer in (SDP, b""):
        bench = Bench()
        call = bench.outgoing(offer=offer)
        bench.receive(bench.response(call.invite, 200, contact=None))
        assert (bench.methods, call.state) == (["INVITE", "ACK"], CallState.ESTABLISHED)
        assert str(bench.last_request.uri) == "sip:bob@192.0.2.2:5060"
        with pytest.raises(LocalProtocolError, match="no offer of the peer waits"):
            call.answer_offer(SDP2, now=bench.now)


@pytest.mark.rfc("3261 13.2.2.4", "3311 5.3")
def test_what_waits_in_a_branch_goes_with_it() -> None:
    """An UPDATE that collided in an early dialog is tried again there, when the branch has become a call of its own."""
    bench = Bench(policy=Policy(keeps_forks=True))
    call = bench.outgoing()
    for tag in "ab":
        bench.receive(bench.response(call.invite, 180, tag=tag))
    bench.take(call.offer(method="UPDATE", dialog=call.legs[1], now=bench.now))
    bench.receive(bench.response(bench.last_request, 491))
    for tag in "ab":
        bench.receive(bench.response(call.invite, 200, tag=tag, body=SDP2))
    (forked,) = bench.told(Forked)
    assert (forked.forked_from, forked.call.here.dialog.remote_tag) == (call, "b")
    bench.drain()
    bench.wait(4)
    assert (len(set(bench.wires)), bench.last_request.method, bench.last_request.to.tag) == (1, "UPDATE", "b")


class Beginnings:
    """A watcher that remembers who took an INVITE for the first time."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, float]] = []

    def received(self, *_: object) -> None:
        """Bytes are not what it is for."""

    sent = received

    def moved(self, machine: Machine, before: str, name: str, _row: Row, now: float) -> None:
        if before == "Initial" and name.startswith(">INVITE+"):
            self.seen.append((machine.table.name, name, now))


def test_a_watcher_sees_each_branch_begin() -> None:
    """The machines of a branch that comes later are told of from their first row on, at the time it comes."""
    watcher = Beginnings()
    bench = Bench(watcher=watcher)
    call = bench.outgoing()
    for tag, at in (("a", 1000.1), ("b", 1000.3)):
        watcher.seen.clear()
        bench.now = at
        bench.receive(bench.response(call.invite, 180, tag=tag))
        assert watcher.seen == ([("offer/answer", ">INVITE+SDP", at)] if tag == "b" else [])
