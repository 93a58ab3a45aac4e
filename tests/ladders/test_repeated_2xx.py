"""The 2xx that is sent again until its ACK, and the ACK that is sent for each (RFC 3261 13.2.2.4, 13.3.1.4)."""

from __future__ import annotations

import pytest

from sipsm import CallState, Dropped, DropReason, EndReason, Flow, LocalProtocolError, TimerValues
from sipsm.role import Ended, Established, IncomingCall
from sipsm.testing import answer, hang_up, ladder, nothing_left
from sipsm.trace import Left
from tests.endpoint.by_hand import OURS, SDP, SDP2, THEIRS, Bench
from tests.ladders.parties import parties, reasons, sent, taken, told


@pytest.mark.rfc("3261 13.2.2.4", "3261 13.3.1.4")
def test_each_2xx_gets_the_same_ack() -> None:
    """While the ACK is lost the 2xx comes again, and each time the same bytes acknowledge it."""
    net, alice, bob = parties(lose={"alice": (2, 3)})
    bob.script(answer())
    alice.invite("sip:bob")
    assert net.run(until=10) == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------200- bob
        0.0  alice ACK-------------x bob
        0.5  alice <------------200- bob   Timer 2xx
        0.5  alice ACK-------------x bob
        1.5  alice <------------200- bob   Timer 2xx
        1.5  alice ACK-------------> bob
    """)
    assert len(set(sent(net, alice, "ACK"))) == 1
    assert len(set(sent(net, bob, 200))) == 1
    assert len(told(bob, Established)) == len(told(alice, Established)) == 1


@pytest.mark.rfc("3261 13.3.1.4", "6026 8.1")
def test_an_ack_that_never_comes() -> None:
    """The 2xx is repeated at T1, doubling to T2; 64*T1 after the first the callee gives up with a BYE."""
    net, alice, bob = parties(lose={"alice": range(2, 13)})
    bob.script(answer())
    alice.invite("sip:bob")
    assert net.run() == ladder("""
         0.0  alice INVITE----------> bob
         0.0  alice <------------200- bob
         0.0  alice ACK-------------x bob
         0.5  alice <------------200- bob   Timer 2xx
         0.5  alice ACK-------------x bob
         1.5  alice <------------200- bob   Timer 2xx
         1.5  alice ACK-------------x bob
         3.5  alice <------------200- bob   Timer 2xx
         3.5  alice ACK-------------x bob
         7.5  alice <------------200- bob   Timer 2xx
         7.5  alice ACK-------------x bob
        11.5  alice <------------200- bob   Timer 2xx
        11.5  alice ACK-------------x bob
        15.5  alice <------------200- bob   Timer 2xx
        15.5  alice ACK-------------x bob
        19.5  alice <------------200- bob   Timer 2xx
        19.5  alice ACK-------------x bob
        23.5  alice <------------200- bob   Timer 2xx
        23.5  alice ACK-------------x bob
        27.5  alice <------------200- bob   Timer 2xx
        27.5  alice ACK-------------x bob
        31.5  alice <------------200- bob   Timer 2xx
        31.5  alice ACK-------------x bob
        32.0  alice <------------BYE- bob   Timer ACK
        32.0  alice 200-------------> bob
    """)
    assert reasons(bob) == [EndReason.NOT_ACKNOWLEDGED]
    assert reasons(alice) == [EndReason.HUNG_UP_BY_PEER]
    assert told(bob, Established) == []
    nothing_left(net)


@pytest.mark.rfc("3261 13.3.1.4")
def test_the_times_are_those_of_the_endpoint() -> None:
    """With another T1 and T2 the repeats come at other times, and the end after another 64*T1."""
    net, _, bob = parties()
    bob = net.agent("robert", times=TimerValues(T1=0.1, T2=0.4))
    bob.script(answer())
    net.lose["alice"] = range(2, 99)
    net.agent("alice").invite("sip:robert")
    net.run(until=60)
    times = [record.at - 1000 for record in net.recorder.records if getattr(record, "why", "") == "Timer 2xx"]
    assert [round(at, 3) for at in times[:5]] == [0.1, 0.3, 0.7, 1.1, 1.5]
    ended = next(record for record in net.recorder.records if getattr(record, "data", b"").startswith(b"BYE"))
    assert round(ended.at - 1000, 3) == 6.4


@pytest.mark.rfc("3261 13.3.1.4", "6026 8.1", "3261-S13")
@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_whatever_the_transport(transport: str) -> None:
    """The repeats come at T1, doubling to T2, on a stream as well: the ACK may be lost on a hop that is none."""
    bench = Bench()
    data = bench.request("INVITE", via=f"Via: SIP/2.0/{transport} 192.0.2.2:5060;branch=z9hG4bK1", body=SDP)
    flow = Flow(transport, OURS, THEIRS)
    bench.take(bench.endpoint.flow_opened(flow, bench.now) if flow.reliable else [])
    bench.take(bench.endpoint.receive(data, flow, bench.now))
    start, call = bench.now, bench.told(IncomingCall)[0].call
    bench.take(call.answer(SDP2, now=start))
    at = [0.0]
    for _ in range(10):
        bench.until(bench.endpoint.next_timeout() or start)
        at.append(bench.now - start)
    assert at == [0.0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert (bench.statuses, len(set(bench.wires)), bench.methods) == ([200] * 11, 1, [])
    assert {flow.transport for flow in bench.flows} == {transport}
    bench.until(start + 32)
    assert bench.methods == ["BYE"]
    bench.receive(bench.response(bench.last_request, 200))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.NOT_ACKNOWLEDGED]


@pytest.mark.rfc("3261 15", "3261-C28")
@pytest.mark.parametrize(("acks_lost", "byes"), [(0, 0.1), (2, 1.5), (11, 32.0)])
def test_when_the_callee_may_hang_up(acks_lost: int, byes: float) -> None:
    """Not on an early dialog; and once answered no BYE goes out before the ACK, or the end of the 2xx's repeats."""
    net, alice, bob = parties(lose={"alice": range(2, 2 + acks_lost)})
    alice.invite("sip:bob")
    net.run(until=0)
    with pytest.raises(LocalProtocolError, match="the dialog is early and you are the UAS"):
        bob.do(taken(bob).hang_up)
    bob.do(taken(bob).answer, bob.sdp)
    net.at(0.1, lambda: bob.do(taken(bob).hang_up))
    net.run()
    left = [record for record in net.recorder.records if isinstance(record, Left) and record.data.startswith(b"BYE")]
    assert [(record.who, round(record.at - net.start, 6)) for record in left] == [("bob", byes)]
    nothing_left(net)


@pytest.mark.rfc("3261 15")
def test_the_callee_s_bye_waits_for_the_ack() -> None:
    """Whoever answered and hangs up at once sends no BYE before the ACK has come."""
    net, alice, bob = parties(lose={"alice": (2, 3)})
    bob.script(answer())
    bob.on(IncomingCall, lambda event: net.after(0.1, lambda: bob.do(event.call.hang_up)))
    alice.invite("sip:bob")
    net.run(until=0.2)
    assert taken(bob).state is CallState.ENDING
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------200- bob
        0.0  alice ACK-------------x bob
        0.5  alice <------------200- bob   Timer 2xx
        0.5  alice ACK-------------x bob
        1.5  alice <------------200- bob   Timer 2xx
        1.5  alice ACK-------------> bob
        1.5  alice <------------BYE- bob
        1.5  alice 200-------------> bob
    """)
    assert (reasons(bob), reasons(alice)) == ([EndReason.HUNG_UP], [EndReason.HUNG_UP_BY_PEER])
    nothing_left(net)


@pytest.mark.rfc("3261 15")
@pytest.mark.parametrize("acknowledged", [True, False])
def test_a_bye_that_waited_says_what_it_was_to_say(acknowledged: bool) -> None:
    """The headers given with the command are in the BYE, whenever it goes out."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.answer(SDP2, now=bench.now))
    bench.take(call.hang_up(headers=[("Reason", "SIP;cause=200")], now=bench.now))
    if acknowledged:
        bench.receive(bench.in_dialog("ACK", 1, call))
    else:
        bench.wait(32)
    assert bench.methods == ["BYE"]
    assert bench.last_request.lines_of("Reason") == ("SIP;cause=200",)


@pytest.mark.rfc("3261 15")
def test_a_bye_that_waits_for_an_ack_in_vain() -> None:
    """When the ACK does not come, the BYE goes out once the 2xx is given up."""
    net, alice, bob = parties(lose={"alice": range(2, 13)})
    bob.script(answer())
    alice.invite("sip:bob")
    net.at(1.0, lambda: bob.do(taken(bob).hang_up))
    net.run(until=31.9)
    assert sent(net, bob, "BYE") == []
    assert net.run(until=33).split("\n")[-2:] == [
        "32.0  alice <------------BYE- bob   Timer ACK",
        "32.0  alice 200-------------> bob",
    ]
    assert reasons(bob) == [EndReason.HUNG_UP]
    net.run()
    nothing_left(net)


@pytest.mark.rfc("3261 15.1.2", "3261 13.3.1.4")
def test_the_bye_overtakes_the_ack() -> None:
    """A caller that hangs up before its ACK has arrived ends the call; the 2xx goes on until the ACK is there."""
    # "Response retransmissions cease when an ACK request for the response is received." (RFC 3261 13.3.1.4)
    net, alice, bob = parties(lose={"alice": (2,)})
    bob.script(answer())
    alice.script(hang_up(after=0.1))
    alice.invite("sip:bob")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------200- bob
        0.0  alice ACK-------------x bob
        0.1  alice BYE-------------> bob
        0.1  alice <------------200- bob
        0.5  alice <------------200- bob   Timer 2xx
        0.5  alice ACK-------------> bob
    """)
    assert reasons(bob) == [EndReason.HUNG_UP_BY_PEER]
    assert told(bob, Established) == []
    nothing_left(net)


@pytest.mark.rfc("3261 15.1.2", "3261 15")
def test_both_hang_up_before_the_ack() -> None:
    """While the callee's BYE waits for the ACK, the caller's BYE ends the call, and the callee's is never sent."""
    net, alice, bob = parties(lose={"alice": (2,)})
    bob.script(answer())
    call = alice.invite("sip:bob")
    net.at(0.1, lambda: bob.do(taken(bob).hang_up))
    net.at(0.2, lambda: alice.do(call.hang_up))
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------200- bob
        0.0  alice ACK-------------x bob
        0.2  alice BYE-------------> bob
        0.2  alice <------------200- bob
        0.5  alice <------------200- bob   Timer 2xx
        0.5  alice ACK-------------> bob
    """)
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP], [EndReason.HUNG_UP_BY_PEER])
    nothing_left(net)


@pytest.mark.rfc("3261 13.3.1.4")
def test_an_ack_that_comes_twice() -> None:
    """Every ACK after the first does nothing, and leaves a trace, as does the repeated INVITE."""
    net, alice, bob = parties(delay=0.4)
    bob.script(answer())
    alice.invite("sip:bob")
    assert net.run(until=3) == ladder("""
        0.0  alice INVITE----------> bob
        0.4  alice <------------200- bob
        0.5  alice INVITE----------> bob   Timer A
        0.8  alice ACK-------------> bob
        0.9  alice <------------200- bob   Timer 2xx
        1.3  alice ACK-------------> bob
    """)
    assert len(told(bob, Established)) == 1
    assert [event.reason for event in told(bob, Dropped)] == [DropReason.ABSORBED] * 2


@pytest.mark.rfc("3261 13.2.2.4")
def test_a_2xx_repeated_after_the_end_gets_its_ack() -> None:
    """Each 2xx gets an ACK, though the peer has hung up meanwhile: its repeat may have been overtaken by its BYE."""
    bench = Bench()
    call = bench.answered()
    (ack,) = (message for message in bench.sent if message.cseq.method == "ACK")
    bench.receive(bench.in_dialog("BYE", 1, call))
    assert call.state is CallState.ENDED
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    assert bytes(bench.last_request) == bytes(ack)
