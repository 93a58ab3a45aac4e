"""Reliable provisional responses at the callee: numbers, repeats, PRACK, what they hold up (RFC 3262 3 and 5)."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from sipsm import EndReason, Ids, LocalProtocolError
from sipsm.role import Ended, Policy, ProvisionalAcknowledged
from sipsm.role.policy import CallTerms
from sipsm.testing import ladder, nothing_left
from sipsm.transaction import TimerValues
from tests.endpoint.by_hand import SDP2, Bench
from tests.ladders.parties import parties, reasons, taken
from tests.ladders.reliably import REQUIRED, SUPPORTED, prack, pracks, responses, rseq

# -------------------------------------------------------------------- when


@pytest.mark.rfc("3262 3", "3262-01")
def test_what_is_required_is_done() -> None:
    """Where the caller requires 100rel every provisional response is reliable, whatever the policy, and none is not."""
    bench = Bench()
    call = bench.incoming(headers=[REQUIRED])
    with pytest.raises(LocalProtocolError, match="requires 100rel"):
        call.ring(180, reliable=False, now=bench.now)
    for cseq in (2, 3):
        bench.take(call.ring(180, now=bench.now))
        assert bench.last_response.header("Require") == "100rel"
        assert bench.last_response.has("RSeq")
        pracks(bench, call, cseq)
    bench.take(call.answer(SDP2, now=bench.now))
    assert bench.last_response.status == 200
    assert not bench.last_response.has("Require")


@pytest.mark.rfc("3262 3", "3262-02")
def test_never_to_a_peer_that_does_not_say_so() -> None:
    """Without Supported or Require: 100rel of the caller nothing is sent reliably, whatever the policy."""
    bench = Bench(policy=Policy(reliable=True))
    call = bench.incoming()
    with pytest.raises(LocalProtocolError, match="does not support 100rel"):
        call.ring(180, reliable=True, now=bench.now)
    bench.take(call.ring(180, now=bench.now))
    assert not bench.last_response.has("RSeq")
    assert not bench.last_response.has("Require")


@pytest.mark.rfc("3262 3", "3262-02")
@pytest.mark.parametrize("header", [SUPPORTED, REQUIRED])
def test_100_is_never_reliable(header: str) -> None:
    """100 is the server transaction's, and has no RSeq; an application cannot send it."""
    bench = Bench()
    call = bench.incoming(headers=[header])
    with pytest.raises(LocalProtocolError, match="101 to 199"):
        call.ring(100, reliable=True, now=bench.now)
    bench.wait(1)
    assert [response.has("RSeq") for response in responses(bench, 100)] in ([], [False])


@pytest.mark.rfc("3262 3")
def test_the_policy_decides_where_it_may() -> None:
    """With `Policy.reliable` a call rings reliably where the peer supports it, and one ring may be unreliable."""
    bench = Bench(policy=Policy(reliable=True))
    call = bench.incoming(headers=[SUPPORTED])
    bench.take(call.ring(181, reliable=False, now=bench.now))
    assert not bench.last_response.has("RSeq")
    bench.take(call.ring(180, now=bench.now))
    assert bench.last_response.has("RSeq")


@pytest.mark.rfc("3262 3", "3311 4")
def test_what_a_reliable_response_says() -> None:
    """It has Require, RSeq, Contact, the To tag of the dialog, Record-Route of the INVITE, and Allow with UPDATE."""
    bench = Bench()
    call = bench.incoming(headers=[SUPPORTED, "Record-Route: <sip:p.example.com;lr>"])
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    response = bench.last_response
    assert (response.header("Require"), response.to.tag) == ("100rel", call.here.dialog.local_tag)
    assert (response.lines_of("Record-Route"), response.contact is not None) == (("<sip:p.example.com;lr>",), True)
    assert "UPDATE" in (response.header("Allow") or "")
    assert response.body == SDP2


# -------------------------------------------------------------------- numbers


@pytest.mark.rfc("3262 3", "3262-03")
def test_numbers_rise_by_one() -> None:
    """The first RSeq is 1 to 2**31-1, each further one is greater by exactly one, and each INVITE begins anew."""
    firsts = set()
    for seed in range(20):
        bench = Bench(seed)
        call = bench.incoming(headers=[SUPPORTED])
        numbers = []
        for cseq in (2, 3, 4):
            bench.take(call.ring(180, reliable=True, now=bench.now))
            numbers.append(rseq(bench.last_response))
            pracks(bench, call, cseq)
        first = numbers[0]
        assert 1 <= first <= 2**31 - 1
        assert numbers == [first, first + 1, first + 2]
        firsts.add(first)
    assert len(firsts) == 20


@pytest.mark.rfc("3262 3", "3262-03")
@pytest.mark.parametrize(("drawn", "first"), [(0, 1), (2**31 - 2, 2**31 - 1), (2**31 - 1, 1)])
def test_no_first_number_can_wrap(drawn: int, first: int) -> None:
    """Whatever is drawn, the first number leaves room for 2**31 responses below 2**32."""

    class Drawn(random.Random):
        def getrandbits(self, k: int) -> int:
            assert k == 31
            return drawn

    terms = CallTerms(TimerValues(), Ids(Drawn()), prack_by_hand=False, session_interval_s=None, smallest_interval_s=90)
    assert terms.rseq() == first


@pytest.mark.rfc("3262 3", "3262-04")
def test_one_at_a_time() -> None:
    """A second reliable response waits for the PRACK of the first; an unreliable one does not."""
    bench = Bench()
    call = bench.incoming(headers=[SUPPORTED])
    bench.take(call.ring(183, reliable=True, now=bench.now))
    first = bench.last_response
    before = len(bench.wires)
    with pytest.raises(LocalProtocolError, match="wait for its PRACK"):
        call.ring(180, reliable=True, now=bench.now)
    assert len(bench.wires) == before
    bench.take(call.ring(180, reliable=False, now=bench.now))
    assert not bench.last_response.has("RSeq")
    bench.receive(prack(bench, call, first, 2))
    bench.take(call.ring(180, reliable=True, now=bench.now))
    assert rseq(bench.last_response) == rseq(first) + 1


# -------------------------------------------------------------------- repeats


@pytest.mark.rfc("3262 3", "3262-05", "3262-06")
def test_nobody_acknowledges() -> None:
    """It is sent at T1 doubling without a cap, byte for byte; after 64*T1 the INVITE is refused with 504."""
    bench = Bench()
    call = bench.incoming(headers=[SUPPORTED])
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    (first,) = [wire for wire in bench.wires if b" 183 " in wire]
    times = []
    while not bench.told(Ended):
        known = len(bench.wires)
        at = bench.endpoint.next_timeout()
        assert at is not None
        bench.until(at)
        times += [bench.now - 1000] * bench.wires[known:].count(first)
    assert times == [0.5, 1.5, 3.5, 7.5, 15.5, 31.5]
    assert (bench.now, bench.last_response.status) == (1032, 504)
    assert [event.reason for event in bench.told(Ended)] == [EndReason.NOT_ACKNOWLEDGED]
    bench.receive(bench.request("ACK", branch="z9hG4bKcall", to=str(bench.last_response.to)))
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3262 3", "3262-05")
def test_a_lost_prack_in_the_network() -> None:
    """Response and PRACK are repeated each by its own timer; the repeated response brings no second PRACK."""
    net, alice, bob = parties(lose={"alice": (2,)}, delay=0.1)
    alice.invite("sip:bob")
    net.run(until=0.1)
    call = taken(bob)
    bob.do(call.ring, 183, sdp=bob.sdp, reliable=True)
    net.run(until=1)
    bob.do(call.answer)
    net.run(until=2)
    bob.do(call.hang_up)
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.1  alice <------------183- bob
        0.2  alice PRACK-----------x bob
        0.6  alice <------------183- bob   Timer reliable
        0.7  alice PRACK-----------> bob   Timer E
        0.8  alice <------------200- bob
        1.0  alice <------------200- bob
        1.1  alice ACK-------------> bob
        2.0  alice <------------BYE- bob
        2.1  alice 200-------------> bob
    """)
    nothing_left(net)


# -------------------------------------------------------------------- PRACK


@pytest.mark.rfc("3262 3", "3262-07")
def test_the_prack_ends_the_repeats() -> None:
    """A PRACK that matches gets 200, is told, and nothing is sent again; its own repeat gets the same 200."""
    bench = Bench()
    call = bench.incoming(headers=[SUPPORTED])
    bench.take(call.ring(180, reliable=True, now=bench.now))
    wire = prack(bench, call, bench.last_response, 2)
    bench.receive(wire)
    assert (bench.last_response.status, str(bench.last_response.cseq)) == (200, "2 PRACK")
    assert [event.request.method for event in bench.told(ProvisionalAcknowledged)] == ["PRACK"]
    sent = len(bench.wires)
    bench.wait(30)
    assert len(bench.wires) == sent
    bench.until(1000)


@pytest.mark.rfc("3262 3", "3262-07")
@pytest.mark.parametrize("off", ["rseq", "cseq", "method"])
def test_a_prack_for_something_else(off: str) -> None:
    """Another RSeq, CSeq number or method in RAck gets 481, and the response goes on being repeated."""
    bench = Bench()
    call = bench.incoming(headers=[SUPPORTED])
    bench.take(call.ring(180, reliable=True, now=bench.now))
    response = bench.last_response
    number = rseq(response)
    rack = {"rseq": f"{number + 1} 1 INVITE", "cseq": f"{number} 2 INVITE", "method": f"{number} 1 OPTIONS"}[off]
    bench.receive(prack(bench, call, response, 2, rack=rack))
    assert bench.last_response.status == 481
    bench.wait(0.5)
    assert bench.last_response.status == 180
    pracks(bench, call, 3)
    assert bench.last_response.status == 200


@pytest.mark.rfc("3262 3", "3262-07")
def test_a_prack_for_nothing() -> None:
    """A second PRACK for the same response, one before any, and one without RAck get 481 or 400."""
    bench = Bench()
    call = bench.incoming(headers=[SUPPORTED])
    bench.receive(bench.in_dialog("PRACK", 2, call, headers=["RAck: 1 1 INVITE"]))
    assert bench.last_response.status == 481
    bench.take(call.ring(180, reliable=True, now=bench.now))
    response = bench.last_response
    bench.receive(bench.in_dialog("PRACK", 3, call))
    assert bench.last_response.status in {400, 481}
    bench.receive(prack(bench, call, response, 4))
    assert bench.last_response.status == 200
    bench.receive(prack(bench, call, response, 5))
    assert bench.last_response.status == 481
    assert len(bench.told(ProvisionalAcknowledged)) == 1


@pytest.mark.rfc("3262 3")
def test_a_prack_of_another_dialog() -> None:
    """A PRACK with another tag is not within the dialog, and gets 481."""
    bench = Bench()
    call = bench.incoming(headers=[SUPPORTED])
    bench.take(call.ring(180, reliable=True, now=bench.now))
    response = bench.last_response
    bench.receive(prack(bench, call, response, 2, from_="<sip:alice@192.0.2.2>;tag=other"))
    assert bench.last_response.status == 481
    bench.receive(prack(bench, call, response, 2))
    assert bench.last_response.status == 200


# -------------------------------------------------------------------- ringing for long


@pytest.mark.rfc("3262 3", "3262-10")
def test_ringing_for_long() -> None:
    """A call that rings reliably is extended by a further reliable response every two and a half minutes."""
    bench = Bench()
    call = bench.incoming(headers=[SUPPORTED])
    bench.take(call.ring(180, sdp=SDP2, reliable=True, now=bench.now))
    at, seen = [], 0
    for cseq in range(2, 8):
        pracks(bench, call, cseq)
        seen = len(bench.wires)
        while len(bench.wires) == seen and bench.now < 1000 + 760:
            bench.until(bench.endpoint.next_timeout() or bench.now)
        at.append(bench.now)
        if bench.now >= 1000 + 600:
            break
    assert len(at) >= 4
    assert all(149 <= later - earlier <= 151 for earlier, later in pairwise(at[1:]))
    sent = responses(bench, 180)
    numbers = [rseq(response) for response in sent]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert [bool(response.body) for response in sent] == [True] + [False] * (len(sent) - 1)


@pytest.mark.rfc("3262 3")
def test_the_network_is_bad() -> None:
    """Through a network that loses a third, reliable ringing and a held 2xx come to a call that both know of."""
    for seed in range(6):
        net, alice, bob = parties(seed, loss=0.3, delay=0.05)
        alice.invite("sip:bob")
        net.run(until=10)
        call = taken(bob)
        bob.do(call.ring, 183, sdp=bob.sdp, reliable=True)
        bob.do(call.answer)
        net.run(until=60)
        assert call.agreed == (bob.sdp, alice.sdp)
        (mine,) = alice.endpoint.calls
        assert mine.agreed == (alice.sdp, bob.sdp)
        alice.do(mine.hang_up)
        net.run()
        assert reasons(alice) == [EndReason.HUNG_UP]
        nothing_left(net)
