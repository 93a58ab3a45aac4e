"""What is the blocking adapter's own: time runs only while somebody waits, and waiting has an end."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import pytest

from sipsm import Answered, Dropped, Ended, Established, IncomingCall, Ringing, SubscriptionEnded
from sipsm_blocking import UserAgent
from tests.adapters.peer import SDP, Peer, peer_at

LOCAL = "udp:127.0.0.1:0"


def rings(peer: Peer) -> None:
    """Lets a call ring, and no more."""
    peer.respond(peer.hear("INVITE "), "180 Ringing")


def test_the_program_of_the_manual() -> None:
    """A server takes a call in a loop over its events."""

    def caller(peer: Peer) -> None:
        with UserAgent(LOCAL) as alice:
            call = alice.invite(f"sip:bob@127.0.0.1:{peer.agent[1]}", offer=SDP)
            assert isinstance(call.outcome(timeout=10), Established)
            call.hang_up()
            call.ended(timeout=10)

    seen = []
    with peer_at("127.0.0.1") as stage, UserAgent(LOCAL) as agent:
        stage.play(caller, agent.local.address)
        for event in agent.events(timeout=10):
            seen.append(type(event).__name__)
            match event:
                case IncomingCall(call=core):
                    call = agent.bound(core)
                    call.ring()
                    call.answer(SDP)
                case Ended():
                    break
    assert seen == ["IncomingCall", "Established", "Ended"]


def test_waiting_ends_with_its_timeout() -> None:
    """What did not come in time raises `TimeoutError`; a loop over events just ends, and may be begun again."""
    with peer_at("127.0.0.1") as stage, UserAgent(LOCAL, grace=0) as agent:
        call = agent.invite(stage.uri, offer=SDP)
        with pytest.raises(TimeoutError, match=r"within 0\.01 s"):
            call.outcome(timeout=0.01)
        with pytest.raises(TimeoutError):
            call.ended(timeout=0)
        with pytest.raises(TimeoutError):
            agent.request("OPTIONS", stage.uri, timeout=0)
        assert list(call.events(timeout=0)) == []
        assert list(agent.events(timeout=0.01)) == []
        stage.play(rings)
        stage.check()
        assert [type(event) for event in call.events(timeout=0)] == [Ringing]


def test_waiting_for_what_is_no_call_ends_with_its_timeout() -> None:
    """A subscription, a request within a call, the next event of a kind: each is waited for as long as one likes."""

    def answers(peer: Peer) -> None:
        invite = peer.hear("INVITE ")
        peer.respond(invite, "200 OK", body=SDP)
        peer.hear("ACK ")

    with peer_at("127.0.0.1") as stage, UserAgent(LOCAL, grace=0) as agent:
        stage.play(answers)
        call = agent.invite(stage.uri, offer=SDP)
        assert call.next(Established, timeout=10) is call.outcome(timeout=0)
        with pytest.raises(TimeoutError):
            call.next(Ended, timeout=0)
        with pytest.raises(TimeoutError):
            call.request("OPTIONS", timeout=0)
        with pytest.raises(TimeoutError):
            call.info(None, timeout=0)
        with pytest.raises(TimeoutError):
            call.message("hello", timeout=0)
        subscription = agent.subscribe(stage.uri, "door")
        for wait in (subscription.outcome, subscription.ended):
            with pytest.raises(TimeoutError):
                wait(timeout=0)
        with pytest.raises(TimeoutError, match="none came within 0 s"):
            agent.next(SubscriptionEnded, timeout=0)
    assert call.next(Ended) is None, "nothing comes when the agent is closed"


def test_what_has_come_is_there_without_waiting() -> None:
    """A timeout of 0 takes what the socket holds."""
    with peer_at("127.0.0.1") as stage, UserAgent(LOCAL) as agent:
        stage.play(lambda peer: peer.say(b"no SIP"), agent.local.address)
        stage.check()
        assert [type(event) for event in agent.events(timeout=0)] == [Dropped]


def test_waiting_for_one_loses_nothing_of_another() -> None:
    """While one call is waited for, what comes for others is kept for them."""

    def answers_both(peer: Peer) -> None:
        first, second = peer.hear("INVITE "), peer.hear("INVITE ")
        peer.respond(first, "486 Busy Here")
        peer.hear("ACK ")
        peer.respond(second, "600 Busy Everywhere")
        peer.hear("ACK ")

    with peer_at("127.0.0.1") as stage, UserAgent(LOCAL) as agent:
        stage.play(answers_both)
        first, second = agent.invite(stage.uri, offer=SDP), agent.invite(stage.uri, offer=SDP)
        assert second.ended(timeout=10).status == 600
        assert [type(event) for event in first] == [Ended]
        assert first.ended(timeout=0).status == 486


def test_no_thread_is_started() -> None:
    """All of it happens in the thread that waits."""
    with peer_at("127.0.0.1") as stage:
        stage.play(lambda peer: peer.respond(peer.hear("OPTIONS "), "200 OK"))
        before = threading.active_count()
        with UserAgent(LOCAL) as agent:
            assert isinstance(agent.request("OPTIONS", stage.uri, timeout=10), Answered)
            assert threading.active_count() == before


def test_grace_has_an_end() -> None:
    """When nobody answers, the block is left after `grace` seconds."""
    with peer_at("127.0.0.1") as stage:
        with UserAgent(LOCAL, grace=0.01) as agent:
            agent.invite(stage.uri, offer=SDP)
        assert agent.endpoint.unfinished == 1


def test_a_signal_interrupts_waiting() -> None:
    """What a signal handler raises leaves the loop, even a `TimeoutError`."""

    def enough(_: int, __: FrameType | None) -> None:
        raise TimeoutError("enough")

    before = signal.signal(signal.SIGALRM, enough)
    try:
        with UserAgent(LOCAL) as agent:
            signal.setitimer(signal.ITIMER_REAL, 0.01)
            with pytest.raises(TimeoutError, match="enough"):
                next(iter(agent))
    finally:
        signal.signal(signal.SIGALRM, before)
