"""The races of RFC 5407 3.3.1 and 3.3.2: offers that cross each other. Every message takes 0.1 s."""

from __future__ import annotations

import pytest

from sipsm import CallState, OfferReceived, Policy
from sipsm.role import ModificationRefused, Modified, Refreshed
from sipsm.sdp import Codec, Media, SessionDescription, add_stream, hold
from sipsm.sdp import answer as answer_to
from sipsm.testing import answer, nothing_left, ring
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.parties import parties, sent, taken, told
from tests.ladders.races import accepts, then, up

CSEQ = b"CSeq: "


def numbers(messages: list[bytes]) -> list[int]:
    """Their CSeq numbers, counted from the first."""
    found = [int(data.partition(CSEQ)[2].split()[0]) for data in messages]
    return [number - found[0] for number in found]


@pytest.mark.rfc("5407 3.3.1", "3261-C26", "3261 14.1")
def test_two_reinvites_cross() -> None:
    """Both get 491 and are sent anew: his within 2 s, hers, who made the Call-ID, after 2.1 to 4 s; both succeed."""
    net, alice, bob, call, his = up()
    net.at(3, lambda: alice.do(call.offer, alice.sdp))
    net.at(3, lambda: bob.do(his.offer, bob.sdp))
    assert net.run(until=10) == then("""
        3.0  alice INVITE----------> bob
        3.0  alice <---------INVITE- bob
        3.1  alice <------------491- bob
        3.1  alice 491-------------> bob
        3.2  alice ACK-------------> bob
        3.2  alice <------------ACK- bob
        4.7  alice <---------INVITE- bob   Timer glare
        4.8  alice 200-------------> bob
        4.9  alice <------------ACK- bob
        7.0  alice INVITE----------> bob   Timer glare
        7.1  alice <------------200- bob
        7.2  alice ACK-------------> bob
    """)
    (hers,), (refused,) = told(alice, ModificationRefused), told(bob, ModificationRefused)
    assert hers.retry_after_s is not None
    assert refused.retry_after_s is not None
    assert (hers.status, 2.1 <= hers.retry_after_s <= 4.0) == (491, True)
    assert (refused.status, 0.0 <= refused.retry_after_s <= 2.0) == (491, True)
    # "in units of 10 ms" (RFC 3261 14.1)
    assert all(wait == round(wait, 2) for wait in (hers.retry_after_s, refused.retry_after_s))
    assert (numbers(sent(net, alice, "INVITE")), numbers(sent(net, bob, "INVITE"))) == ([0, 1, 2], [0, 1])
    assert (len(told(alice, Modified)), len(told(bob, Modified))) == (1, 1)
    assert (call.state, his.state) == (CallState.ESTABLISHED, CallState.ESTABLISHED)
    assert (call.agreed, his.agreed) == ((alice.sdp, bob.sdp), (bob.sdp, alice.sdp))
    alice.do(call.hang_up)
    net.run()
    nothing_left(net)


@pytest.mark.rfc("5407 3.3.1")
def test_a_session_refresh_crosses_a_hold() -> None:
    """His refresh by re-INVITE and her hold collide; the refresh changes nothing, so she holds by herself later."""
    net, alice, bob = parties(delay=0.1)
    bob.script(ring(), answer(after=0.9))
    accepts(alice)
    bob.on(OfferReceived, lambda event: bob.do(event.call.answer_offer, bytes(reply(event.sdp, bob.sdp))))
    call = alice.invite("sip:bob")
    held = bytes(hold(alice.sdp))
    net.at(3, lambda: alice.do(call.offer, held))
    net.at(3, lambda: bob.do(taken(bob).offer, bob.sdp))
    net.run(until=10)
    assert [len(told(agent, ModificationRefused)) for agent in (alice, bob)] == [1, 1]
    assert [len(told(agent, Modified)) for agent in (alice, bob)] == [1, 1]
    assert call.agreed is not None
    ours, theirs = (SessionDescription.parse(sdp) for sdp in call.agreed)
    assert (bytes(ours), theirs.streams[0].direction) == (held, "recvonly")
    assert taken(bob).agreed == (call.agreed[1], call.agreed[0])


def reply(offer: bytes, previous: bytes) -> SessionDescription:
    """An answer from what was said before."""
    accepted = answer_to(offer, previous, previous=previous)
    assert accepted is not None
    return accepted


@pytest.mark.rfc("5407 3.3.1", "3264 8")
def test_a_hold_crosses_the_addition_of_video() -> None:
    """His video changes the session first: her hold, made for one stream, is not repeated unless she offers anew."""
    net, alice, bob = parties(delay=0.1)
    bob.script(ring(), answer(after=0.9))
    for agent in (alice, bob):
        video = Media.build("video", 5000, [Codec("VP8", 90000)])
        both = add_stream(agent.sdp, video)

        def accept(event: OfferReceived, agent: object = agent, both: SessionDescription = both) -> None:
            party = alice if agent is alice else bob
            accepted = answer_to(event.sdp, both, previous=event.call.local_sdp)
            party.do(event.call.answer_offer, bytes(accepted or b""))

        agent.on(OfferReceived, accept)
    call = alice.invite("sip:bob")
    net.at(3, lambda: alice.do(call.offer, bytes(hold(alice.sdp))))
    net.at(3, lambda: bob.do(taken(bob).offer, bytes(add_stream(bob.sdp, video))))
    net.run(until=10)
    assert len(sent(net, alice, "INVITE")) == 2
    first, later = told(alice, ModificationRefused)
    assert first.retry_after_s is not None
    assert (later.status, later.response, later.retry_after_s) == (491, None, None)
    alice.do(call.offer, bytes(hold(call.local_sdp)))
    net.run(until=12)
    assert len(told(alice, Modified)) == 1
    assert call.agreed is not None
    assert [stream.direction for stream in SessionDescription.parse(call.agreed[0]).streams] == ["sendonly"] * 2
    assert taken(bob).agreed == (call.agreed[1], call.agreed[0])


@pytest.mark.rfc("5407 3.3.2", "3311-07", "3311-12")
def test_an_update_crosses_a_reinvite() -> None:
    """Where both bear offers both get 491, and each is sent anew, as when two re-INVITEs cross."""
    net, alice, bob, call, his = up()
    net.at(3, lambda: alice.do(call.offer, alice.sdp, method="UPDATE"))
    net.at(3, lambda: bob.do(his.offer, bob.sdp))
    assert net.run(until=10) == then("""
        3.0  alice UPDATE----------> bob
        3.0  alice <---------INVITE- bob
        3.1  alice <------------491- bob
        3.1  alice 491-------------> bob
        3.2  alice <------------ACK- bob
        4.7  alice <---------INVITE- bob   Timer glare
        4.8  alice 200-------------> bob
        4.9  alice <------------ACK- bob
        7.0  alice UPDATE----------> bob   Timer glare
        7.1  alice <------------200- bob
    """)
    assert [event.method for event in told(alice, Modified)] == ["UPDATE"]
    assert [event.method for event in told(bob, Modified)] == ["INVITE"]
    assert (call.agreed, his.agreed) == ((alice.sdp, bob.sdp), (bob.sdp, alice.sdp))


@pytest.mark.rfc("5407 3.3.2")
def test_a_bare_update_crosses_a_reinvite() -> None:
    """An UPDATE that only refreshes offers nothing that could collide: both succeed."""
    net, alice, bob, call, his = up()
    net.at(3, lambda: alice.do(call.offer, method="UPDATE"))
    net.at(3, lambda: bob.do(his.offer, bob.sdp))
    assert net.run(until=10) == then("""
        3.0  alice UPDATE----------> bob
        3.0  alice <---------INVITE- bob
        3.1  alice <------------200- bob
        3.1  alice 200-------------> bob
        3.2  alice <------------ACK- bob
    """)
    assert [len(told(agent, Modified)) for agent in (alice, bob)] == [1, 1]
    assert [len(told(agent, ModificationRefused)) for agent in (alice, bob)] == [0, 0]


@pytest.mark.rfc("5407 3.3.2", "3311 5.3")
@pytest.mark.parametrize("offers", [True, False])
def test_two_updates_cross(offers: bool) -> None:
    """With offers both get 491 and are sent anew; those that only refresh both succeed."""
    net, alice, bob, call, his = up()
    net.at(3, lambda: alice.do(call.offer, alice.sdp if offers else b"", method="UPDATE"))
    net.at(3, lambda: bob.do(his.offer, bob.sdp if offers else b"", method="UPDATE"))
    collided = """
        3.0  alice UPDATE----------> bob
        3.0  alice <---------UPDATE- bob
        3.1  alice <------------491- bob
        3.1  alice 491-------------> bob
        4.7  alice <---------UPDATE- bob   Timer glare
        4.8  alice 200-------------> bob
        7.0  alice UPDATE----------> bob   Timer glare
        7.1  alice <------------200- bob
    """
    passed = """
        3.0  alice UPDATE----------> bob
        3.0  alice <---------UPDATE- bob
        3.1  alice <------------200- bob
        3.1  alice 200-------------> bob
    """
    assert net.run(until=10) == then(collided if offers else passed)
    assert [len(told(agent, Modified)) for agent in (alice, bob)] == [1, 1]
    assert [len(told(agent, Refreshed)) for agent in (alice, bob)] == ([0, 0] if offers else [1, 1])


@pytest.mark.rfc("5407 3.3.1", "4028 7.4")
@pytest.mark.parametrize(
    "meanwhile", ["nothing", "his re-INVITE is unanswered", "his re-INVITE has changed the session"]
)
def test_a_refresh_by_reinvite_collides(meanwhile: str) -> None:
    """The session timer's re-INVITE is sent anew too, unless his has come meanwhile; nobody is told."""
    bench = Bench(policy=Policy(session_interval_s=90))
    call = bench.outgoing()
    timed = ["Session-Expires: 90;refresher=uac", "Require: timer", "Allow: INVITE, ACK, BYE"]
    bench.receive(bench.response(call.invite, 200, body=SDP2, headers=timed))
    bench.wait(45)
    assert bench.methods == ["INVITE", "ACK", "INVITE"]
    bench.receive(bench.response(bench.last_request, 491))
    bench.drain()
    if meanwhile != "nothing":
        bench.receive(bench.in_dialog("INVITE", 1, call, body=SDP2.replace(b"5000", b"6000"), headers=timed[2:]))
    if "changed" in meanwhile:
        bench.take(call.answer_offer(SDP, now=bench.now))
        bench.receive(bench.in_dialog("ACK", 1, call))
    bench.wait(4)
    assert set(bench.methods) == ({"INVITE"} if meanwhile == "nothing" else set())
    assert (bench.told(ModificationRefused), call.state) == ([], CallState.ESTABLISHED)
