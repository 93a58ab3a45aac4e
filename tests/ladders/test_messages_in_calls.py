"""MESSAGE, OPTIONS and digits in INFO, in a call and outside one; and why a call ends (RFC 3428, 3261 11, 3326)."""

from __future__ import annotations

from functools import partial

import pytest

from sipsm import CallState, EndReason, LocalProtocolError
from sipsm.message.headers import REASON, Reason
from sipsm.role import Answered, Ended, InfoReceived, Limits, MessageReceived, RequestServed
from sipsm.testing import answer, ladder, nothing_left, ring
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.parties import parties, request, response, taken, told

ELSEWHERE = str(Reason.build("SIP", cause=200, text="Call completed elsewhere"))


# -------------------------------------------------------------------- MESSAGE


@pytest.mark.rfc("3428 4", "3428 7", "3428-01", "3428-02", "3428-06", "3428-07", "3428-13")
def test_a_message_outside_a_call() -> None:
    """It is answered 200 at once, without a body and without waiting for anybody; neither side names a Contact."""
    net, alice, bob = parties()
    asked = alice.request("MESSAGE", "sip:bob", body=b"Watson, come here.", content_type="text/plain")
    assert net.run() == ladder("""
        0.0  alice MESSAGE---------> bob
        0.0  alice <------------200- bob
    """)
    (event,) = told(bob, MessageReceived)
    assert (event.call, event.request.body, event.request.content_type) == (None, b"Watson, come here.", "text/plain")
    assert [(each.request, each.status) for each in told(alice, Answered)] == [(asked, 200)]
    ok = response(net, bob, 200)
    assert (ok.body, ok.has("Contact"), request(net, alice, "MESSAGE").has("Contact")) == (b"", False, False)
    assert bob.endpoint.calls == []
    nothing_left(net)


@pytest.mark.rfc("3428 8", "3261 12.2.1.1")
def test_a_message_in_a_call() -> None:
    """It goes by the dialog, and its event names the call; either side may send one."""
    net, alice, bob = parties()
    bob.script(answer(after=0.1))
    call = alice.invite("sip:bob")
    net.at(1, lambda: alice.do(call.request, "MESSAGE", body=b"hello", content_type="text/plain"))
    net.at(2, lambda: bob.do(taken(bob).request, "MESSAGE", body=b"hi", content_type="text/plain"))
    net.at(3, lambda: alice.do(call.hang_up))
    net.run()
    assert [(event.call, event.request.body) for event in told(bob, MessageReceived)] == [(taken(bob), b"hello")]
    assert [(event.call, event.request.body) for event in told(alice, MessageReceived)] == [(call, b"hi")]
    assert [event.status for event in (*told(alice, Answered), *told(bob, Answered))] == [200, 200]
    assert response(net, bob, 200).body == b""
    nothing_left(net)


@pytest.mark.rfc("3428 7", "3261 12.2.2")
def test_a_message_for_a_call_that_is_not_there() -> None:
    """481, and no application hears of it."""
    bench = Bench()
    bench.receive(bench.request("MESSAGE", to="<sip:bob@192.0.2.1>;tag=gone", body=b"x", content_type="text/plain"))
    assert (bench.last_response.status, bench.told(MessageReceived)) == (481, [])
    assert [event.status for event in bench.told(RequestServed)] == [481]


@pytest.mark.rfc("3428 7", "3261 17.2.2")
def test_a_message_that_comes_twice() -> None:
    """A repeat of it gets the same answer, and is told once."""
    bench = Bench()
    data = bench.request("MESSAGE", body=b"x", content_type="text/plain")
    bench.receive(data)
    bench.receive(data)
    assert (bench.statuses, len(bench.told(MessageReceived))) == ([200, 200], 1)
    assert bench.wires[0] == bench.wires[1]


# -------------------------------------------------------------------- OPTIONS


@pytest.mark.rfc("3261 11.2", "3261-S10")
def test_options_in_a_call() -> None:
    """It is told what we can do, and changes nothing in the call."""
    net, alice, bob = parties()
    bob.script(answer(after=0.1))
    call = alice.invite("sip:bob")
    net.at(1, lambda: alice.do(call.request, "OPTIONS"))
    net.at(2, lambda: alice.do(call.hang_up))
    net.run(until=1.5)
    (answered,) = told(alice, Answered)
    assert answered.response is not None
    for name in ("Allow", "Accept", "Accept-Encoding", "Accept-Language", "Supported"):
        assert answered.response.has(name), name
    assert (call.state, taken(bob).state) == ("established", "established")
    net.run()
    nothing_left(net)


@pytest.mark.rfc("3261 11.2", "3261-S10")
def test_options_gets_what_an_invite_would() -> None:
    """200 while another call would be taken, and 503 when none would."""
    bench = Bench(limits=Limits(calls=1))
    for cseq, full, status in ((1, False, 200), (2, True, 503)):
        if full:
            bench.incoming()
        bench.receive(bench.request("OPTIONS", cseq=cseq, call_id="asks"))
        assert bench.last_response.status == status
        assert bench.last_response.has("Allow")


# -------------------------------------------------------------------- digits


@pytest.mark.rfc("6086 3", "6086-15")
def test_digits_by_either_side() -> None:
    """INFO without a package carries digits as it always has: in the order in which they were pressed."""
    net, alice, bob = parties(delay=0.02)
    bob.script(answer(after=0.1))
    call = alice.invite("sip:bob")
    for n, digit in enumerate("42#"):
        body = f"Signal={digit}\r\nDuration=100\r\n".encode()
        net.at(1 + n / 10, partial(alice.do, call.info, None, body, "application/dtmf-relay"))
    net.at(2, lambda: bob.do(taken(bob).info, None, b"1", "application/dtmf"))
    net.at(3, lambda: alice.do(call.hang_up))
    net.run()
    pressed = [event.request.body.splitlines()[0] for event in told(bob, InfoReceived)]
    assert pressed == [b"Signal=4", b"Signal=2", b"Signal=#"]
    numbers = [event.request.cseq.number for event in told(bob, InfoReceived)]
    assert numbers == sorted(set(numbers))
    (theirs,) = told(alice, InfoReceived)
    assert (theirs.call, theirs.package, theirs.request.content_type) == (call, None, "application/dtmf")
    nothing_left(net)


# -------------------------------------------------------------------- before a call is up


@pytest.mark.rfc("3261 12.2.2", "6086 4.2.1")
@pytest.mark.parametrize("method", ["INFO", "MESSAGE", "OPTIONS"])
def test_in_an_early_dialog(method: str) -> None:
    """What the peer asks in an early dialog is answered, and the INVITE waits on."""
    bench = Bench()
    theirs = bench.incoming()
    bench.take(theirs.ring(now=bench.now))
    bench.receive(bench.in_dialog(method, 2, theirs))
    assert (bench.last_response.status, theirs.state) == (200, "ringing")
    ours = bench.outgoing()
    bench.receive(bench.response(ours.invite, 180))
    bench.receive(bench.in_dialog(method, 1, ours))
    assert (bench.last_response.status, ours.state) == (200, "ringing")


# -------------------------------------------------------------------- why


@pytest.mark.rfc("3326 2", "3326 3")
def test_the_reason_of_a_bye() -> None:
    """What the application says of why it hangs up goes with the BYE, and is read from the event at the other side."""
    net, alice, bob = parties()
    bob.script(answer(after=0.1))
    call = alice.invite("sip:bob")
    why = Reason.build("Q.850", cause=16, text="Terminated")
    net.at(1, lambda: alice.do(call.hang_up, headers=[("Reason", str(why)), ("Reason", ELSEWHERE)]))
    net.run()
    assert request(net, alice, "BYE")[REASON][0] == why
    (event,) = told(bob, Ended)
    assert event.reason is EndReason.HUNG_UP_BY_PEER
    assert event.message is not None
    assert [(each.protocol, each.cause, each.text) for each in event.message[REASON]] == [
        ("Q.850", 16, "Terminated"),
        ("SIP", 200, "Call completed elsewhere"),
    ]


@pytest.mark.rfc("3326 2", "3261 9.1")
@pytest.mark.parametrize("rings", [True, False])
def test_the_reason_of_a_cancel(rings: bool) -> None:
    """The same of a CANCEL, also when that has to wait for a provisional response."""
    net, alice, bob = parties()
    bob.script(ring(after=0.1 if rings else 2))
    call = alice.invite("sip:bob", headers=[("Expires", "100")])
    net.at(0.15, lambda: alice.do(call.cancel, headers=[("Reason", ELSEWHERE)]))
    net.run(until=10)
    (event,) = told(bob, Ended)
    assert event.reason is EndReason.CANCELLED_BY_PEER
    assert event.message is not None
    assert [each.text for each in event.message[REASON]] == ["Call completed elsewhere"]


@pytest.mark.rfc("3326 2", "3261 15")
def test_the_reason_of_a_bye_that_waits() -> None:
    """A callee's BYE before the ACK keeps it until then."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.answer(SDP2, now=bench.now))
    bench.take(call.hang_up(headers=[("Reason", ELSEWHERE)], now=bench.now))
    assert call.state is CallState.ENDING
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert bench.last_request.lines_of("Reason") == (ELSEWHERE,)


@pytest.mark.rfc("3326 2")
def test_the_reason_of_a_refusal() -> None:
    """A response may bear one as well: the event at the caller has it."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 603, headers=[f"Reason: {ELSEWHERE}"]))
    assert bench.told(Ended)[-1].message[REASON][0].cause == 200
    theirs = bench.incoming(offer=SDP)
    bench.take(theirs.reject(486, headers=[("Reason", "Q.850;cause=17")], now=bench.now))
    assert bench.last_response[REASON][0].cause == 17
    with pytest.raises(LocalProtocolError):
        theirs.hang_up(headers=[("Reason", "a\r\nb")], now=bench.now)
