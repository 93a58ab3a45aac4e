"""Offers that collide: both get 491, wait, and try once more (RFC 3261 14, RFC 3311 5.3, RFC 6337 4.2)."""

from __future__ import annotations

from functools import partial

import pytest

from sipsm import Call, CallState, LocalProtocolError
from sipsm.role import ModificationRefused, Modified, OfferReceived
from sipsm.testing import Agent, Net, answer, nothing_left
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.parties import parties, sent, taken, told
from tests.ladders.reliably import ALLOWS, SDP3, requests, responses, says_ok, updates

METHODS = ["INVITE", "UPDATE"]


def collides(bench: Bench, call: Call, method: str, body: bytes = SDP3) -> ModificationRefused:
    """Our offer gets 491; returns what is told."""
    bench.take(call.offer(body, method=method, now=bench.now))
    bench.receive(bench.response(bench.last_request, 491))
    refused = bench.told(ModificationRefused)[-1]
    assert isinstance(refused, ModificationRefused)
    return refused


# -------------------------------------------------------------------- how long


@pytest.mark.rfc("3261 14.1", "3261-C26", "3311 5.3", "3311-12")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("owner", [True, False])
def test_how_long_it_waits(owner: bool, method: str) -> None:
    """The owner of the Call-ID waits 2.1 to 4 s, the other 0 to 2 s, in steps of 10 ms; then it goes once more."""
    waits = []
    for seed in range(60):
        bench = Bench(seed)
        call = bench.answered(headers=[ALLOWS]) if owner else bench.acked(headers=[ALLOWS])
        refused = collides(bench, call, method)
        wait = refused.retry_after_s
        assert wait is not None
        assert wait * 100 == pytest.approx(round(wait * 100))
        waits.append(wait)
        # Who is to wait for no time at all has sent it again already.
        first = requests(bench, method)[-1 if wait else -2]
        if wait:
            bench.until(1000 + wait - 0.005)
            assert requests(bench, method)[-1] is first
        bench.until(1000 + wait)
        again = requests(bench, method)[-1]
        assert again is not first
        assert (again.body, again.cseq.number) == (first.body, first.cseq.number + 1)
        assert again.lines_of("Via") != first.lines_of("Via")
    low, high = (2.1, 4.0) if owner else (0.0, 2.0)
    assert low <= min(waits) < low + 0.2
    assert high - 0.2 < max(waits) <= high
    assert len(set(waits)) > 40


@pytest.mark.rfc("3261 14.1", "3261-C26", "3311-12")
@pytest.mark.parametrize("method", METHODS)
def test_once_more_and_no_more(method: str) -> None:
    """A second 491 is told as the end of it; until then the session is as it was."""
    bench = Bench()
    call = bench.answered(headers=[ALLOWS])
    first = collides(bench, call, method)
    assert first.status == 491
    assert (call.agreed, call.local_sdp) == ((SDP, SDP2), SDP)
    bench.wait(4)
    bench.receive(bench.response(requests(bench, method)[-1], 491))
    assert [event.retry_after_s is None for event in bench.told(ModificationRefused)] == [False, True]
    bench.wait(30)
    assert call.agreed == (SDP, SDP2)
    tried = {request.cseq.number for request in requests(bench, method) if request.body == SDP3}
    assert len(tried) == 2


@pytest.mark.rfc("3261 14.1", "3311-12")
@pytest.mark.parametrize("method", METHODS)
def test_the_second_try_is_accepted(method: str) -> None:
    """It is told by `Modified` as any other."""
    bench = Bench()
    call = bench.answered(headers=[ALLOWS])
    collides(bench, call, method)
    bench.wait(4)
    says_ok(bench, method, body=SDP2)
    assert (len(bench.told(Modified)), call.agreed) == (1, (SDP3, SDP2))


@pytest.mark.rfc("3311 5.3", "3311-12", "3261 15")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("by_peer", [True, False])
def test_the_call_ends_meanwhile(method: str, by_peer: bool) -> None:
    """What waits is not tried any more when the call has ended, by either side."""
    bench = Bench()
    call = bench.answered(headers=[ALLOWS])
    collides(bench, call, method)
    if by_peer:
        bench.receive(bench.in_dialog("BYE", 1, call))
    else:
        bench.take(call.hang_up(now=bench.now))
        says_ok(bench, "BYE")
    bench.quiet()
    assert (len([each for each in requests(bench, method) if each.body == SDP3]), bench.left()) == (1, {})


@pytest.mark.rfc("3261 14.1", "3311 5.3")
@pytest.mark.parametrize("method", METHODS)
def test_something_else_is_wanted_meanwhile(method: str) -> None:
    """Another offer of the application takes the place of the one that waits."""
    bench = Bench()
    call = bench.answered(headers=[ALLOWS])
    collides(bench, call, method)
    other = SDP.replace(b"4000", b"9000")
    bench.take(call.offer(other, now=bench.now))
    says_ok(bench, "INVITE", body=SDP2)
    bench.wait(10)
    assert len([each for each in requests(bench, method) if each.body == SDP3]) == 1
    assert call.agreed == (other, SDP2)


@pytest.mark.rfc("3261 14.1", "3261-C26")
def test_a_bare_reinvite_collides() -> None:
    """A re-INVITE without an offer is tried again too."""
    bench = Bench()
    call = bench.answered(headers=[ALLOWS])
    collides(bench, call, "INVITE", b"")
    bench.wait(4)
    tried = {each.cseq.number: each.body for each in requests(bench, "INVITE")}
    assert list(tried.values()) == [SDP, b"", b""]


@pytest.mark.rfc("3261 14.1", "3311 5.3")
def test_two_are_refused() -> None:
    """While one waits for its other try, what else was under way and is refused is told, and that is its end."""
    bench = Bench()
    call = bench.answered(headers=[ALLOWS])
    bench.take(call.offer(method="UPDATE", now=bench.now))
    bench.take(call.offer(SDP3, method="INVITE", now=bench.now))
    bench.receive(bench.response(requests(bench, "INVITE")[-1], 491))
    bench.receive(bench.response(requests(bench, "UPDATE")[-1], 491))
    told_of = [(each.method, each.retry_after_s is None) for each in bench.told(ModificationRefused)]
    assert told_of == [("INVITE", False), ("UPDATE", True)]
    bench.wait(4)
    assert len({each.cseq.number for each in requests(bench, "INVITE")}) == 3


@pytest.mark.rfc("3311 5.3", "3311-12")
def test_in_an_early_dialog() -> None:
    """An UPDATE that collides in an early dialog is tried again there; the callee, who waits less, goes first."""
    net, alice, bob = parties(delay=0.05)
    mine = alice.invite("sip:bob")
    net.run(until=0.5)
    call = taken(bob)
    bob.do(call.ring, 183, sdp=bob.sdp, reliable=True)
    net.run(until=1)
    answers(alice, bob)
    alice.do(mine.offer, alice.sdp.replace(b"4000", b"7000"))
    bob.do(call.offer, bob.sdp.replace(b"4000", b"8000"))
    net.run(until=8)
    assert agreed_by_both(mine, call)
    assert (mine.state, call.state) == (CallState.RINGING, CallState.RINGING)
    assert len(sent(net, alice, 491)) == len(sent(net, bob, 491)) == 1


# -------------------------------------------------------------------- both at once, in the network


def answers(*agents: Agent) -> None:
    """Each answers every offer with its own description."""
    for agent in agents:
        agent.on(OfferReceived, partial(_answer, agent))


def _answer(agent: Agent, event: OfferReceived) -> None:
    agent.do(event.call.answer_offer, agent.sdp)


def agreed_by_both(one: Call, other: Call) -> bool:
    """Whether both ends have the same session."""
    return one.agreed is not None and other.agreed == (one.agreed[1], one.agreed[0])


def a_collision(seed: int, mine: str, theirs: str) -> tuple[Net, Agent, Agent, Call, Call]:
    """Alice and Bob, whose call is up, offer at the same time; a while later."""
    net, alice, bob = parties(seed, delay=0.05)
    bob.script(answer())
    one = alice.invite("sip:bob")
    net.run(until=1)
    other = taken(bob)
    answers(alice, bob)
    alice.do(one.offer, alice.sdp.replace(b"4000", b"7000"), method=mine)
    bob.do(other.offer, bob.sdp.replace(b"4000", b"8000"), method=theirs)
    net.run(until=8)
    return net, alice, bob, one, other


@pytest.mark.rfc("3261 14.1", "3261 14.2", "3261-C26", "3261-S14", "3311-07", "3311-12", "6337 4.2")
@pytest.mark.parametrize("theirs", METHODS)
@pytest.mark.parametrize("mine", METHODS)
@pytest.mark.parametrize("seed", range(3))
def test_both_offer_at_once(seed: int, mine: str, theirs: str) -> None:
    """Each gets 491, the callee tries again first, and what both want in the end is the same; Table 4 of RFC 6337."""
    net, alice, bob, one, other = a_collision(seed, mine, theirs)
    assert len(sent(net, alice, 491)) == len(sent(net, bob, 491)) == 1
    (first,), (second,) = told(alice, ModificationRefused)[:1], told(bob, ModificationRefused)[:1]
    assert first.retry_after_s is not None
    assert second.retry_after_s is not None
    assert 2.1 <= first.retry_after_s <= 4
    assert 0 <= second.retry_after_s <= 2
    assert agreed_by_both(one, other)
    assert told(bob, Modified) != []
    alice.do(one.hang_up)
    net.run()
    nothing_left(net)


@pytest.mark.rfc("3261 14.2", "3261-S14", "3261-C25")
@pytest.mark.parametrize("body", [SDP2, b""])
@pytest.mark.parametrize("ours", [SDP3, b""])
def test_a_reinvite_while_ours_is_under_way(ours: bytes, body: bytes) -> None:
    """The peer's re-INVITE gets 491 while ours is unanswered, with offers or without; ours goes on as if alone."""
    bench = Bench()
    call = bench.answered()
    bench.take(call.offer(ours, method="INVITE", now=bench.now))
    bench.receive(bench.in_dialog("INVITE", 1, call, body=body))
    assert (bench.last_response.status, bench.told(OfferReceived)) == (491, [])
    with pytest.raises(LocalProtocolError):
        call.offer(SDP, method="INVITE", now=bench.now)
    says_ok(bench, "INVITE", body=SDP2)
    if not ours:
        bench.take(call.answer_offer(SDP3, now=bench.now))
    assert call.agreed == (SDP3, SDP2)


@pytest.mark.rfc("3261 14.2", "3261-S14", "6337 4.3")
@pytest.mark.parametrize("body", [SDP2, b""])
@pytest.mark.parametrize("first", [SDP3, b""])
def test_a_reinvite_behind_another(first: bytes, body: bytes) -> None:
    """A second re-INVITE before the first is answered gets 500 with Retry-After of 0 to 10 s; the first goes on."""
    waits = set()
    for seed in range(30):
        bench = Bench(seed)
        call = bench.acked()
        bench.receive(bench.in_dialog("INVITE", 2, call, body=first, branch="z9hG4bKre"))
        bench.receive(bench.in_dialog("INVITE", 3, call, body=body))
        assert (bench.last_response.status, bench.last_response.cseq.number) == (500, 3)
        waits.add(int(bench.last_response.header("Retry-After") or -1))
        bench.take(call.answer(SDP, now=bench.now))
        assert (bench.last_response.status, bench.last_response.cseq.number) == (200, 2)
    assert waits <= set(range(11))
    assert len(waits) > 5


@pytest.mark.rfc("3261 14.2", "3261-S14", "6337 4.3")
def test_a_second_invite_before_the_first_is_answered() -> None:
    """The same while the call is still ringing, and while a reliable response of ours offers."""
    bench = Bench()
    call = bench.incoming(offer=b"", headers=["Supported: 100rel"])
    bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP3))
    assert bench.last_response.status == 500
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    bench.receive(bench.in_dialog("INVITE", 3, call, body=SDP3))
    assert bench.last_response.status == 500
    assert len(responses(bench, 500)) == 2


@pytest.mark.rfc("3261 14.2", "3261-S14", "6337 4.3")
def test_whose_invite_it_is_decides_also_within_an_update() -> None:
    """Within our re-INVITE a re-INVITE gets 491 though the peer's UPDATE waits; within the peer's, 500."""
    bench = Bench()
    call = bench.answered(headers=[ALLOWS])
    bench.take(call.offer(SDP3, now=bench.now))
    reply = ["Require: 100rel", "RSeq: 1"]
    bench.receive(bench.response(bench.last_request, 183, headers=reply, body=SDP))
    says_ok(bench, "PRACK")
    updates(bench, call, 1, SDP2)
    for cseq, body in ((2, SDP), (3, b"")):
        bench.receive(bench.in_dialog("INVITE", cseq, call, body=body))
        assert (bench.last_response.status, bench.last_response.cseq.number) == (491, cseq)
    other = Bench()
    theirs = other.acked(headers=[ALLOWS])
    other.receive(other.in_dialog("INVITE", 2, theirs, body=SDP3, headers=["Supported: 100rel"]))
    other.take(theirs.ring(183, sdp=SDP, reliable=True, now=other.now))
    number = other.last_response.header("RSeq")
    other.receive(other.in_dialog("PRACK", 3, theirs, headers=[f"RAck: {number} 2 INVITE"]))
    other.take(theirs.offer(SDP2, method="UPDATE", now=other.now))
    for cseq, body in ((4, SDP), (5, b"")):
        other.receive(other.in_dialog("INVITE", cseq, theirs, body=body))
        assert (other.last_response.status, other.last_response.cseq.number) == (500, cseq)
