"""An agent that crashes, and comes back knowing nothing, or as it was saved."""

from __future__ import annotations

import pytest

from sipsm import Answered, CallState, Ended, EndReason, Established, LocalProtocolError, OfferReceived
from sipsm.testing import Dns, Link, Net, answer, answer_offer, hang_up, ladder, nothing_left, ring


def calling(net: Net, *, answer_after: float = 1.0, last: float = 10.0) -> None:
    """Alice calls Bob, who answers; she hangs up after a while."""
    net.agent("bob").script(ring(), answer(after=answer_after))
    net.agent("alice").script(hang_up(after=last))
    net.agent("alice").invite("sip:bob")


def test_one_who_comes_back_empty_knows_of_no_call() -> None:
    """Packets meanwhile are lost; then the peer hears that there is no such call."""
    net = Net()
    calling(net)
    net.crash("bob", at=5.0, back=11.2)
    assert net.run() == ladder("""
         0.0  alice INVITE----------> bob
         0.0  alice <------------180- bob
         1.0  alice <------------200- bob
         1.0  alice ACK-------------> bob
        11.0  alice BYE-------------x bob
        11.5  alice BYE-------------> bob   Timer E
        11.5  alice <------------481- bob
    """)
    assert [event.reason for event in net.agent("alice").events if isinstance(event, Ended)] == [EndReason.HUNG_UP]
    assert not [event for event in net.agent("bob").events if isinstance(event, Ended)]
    nothing_left(net)


def test_one_who_comes_back_as_it_was_goes_on() -> None:
    """Its call is still up, and its timers fire, those at once that are past."""
    net = Net()
    calling(net)
    net.crash("bob", at=5.0, back=11.2, saved=5.0)
    picture = net.run()
    assert picture.split("\n")[-2:] == [
        "11.5  alice BYE-------------> bob   Timer E",
        "11.5  alice <------------200- bob",
    ]
    assert [event.reason for event in net.agent("bob").events if isinstance(event, Ended)] == [
        EndReason.HUNG_UP_BY_PEER
    ]
    nothing_left(net)


class Counting:
    """A watcher of one's own, which counts what arrives."""

    arrived = 0

    def received(self, *_: object) -> None:
        self.arrived += 1

    def sent(self, *_: object) -> None:
        """Nothing."""

    moved = sent


@pytest.mark.parametrize("saved", [None, 5.0])
def test_who_watches_it_watches_on(saved: float | None) -> None:
    """A watcher that an agent was made with is there again with it, whether it comes back empty or as it was."""
    net, watcher = Net(record=False), Counting()
    net.agent("alice")
    net.agent("bob", watcher=watcher)
    calling(net)
    net.crash("bob", at=5.0, back=6.0, saved=saved)
    net.run(until=5.5)
    before = watcher.arrived
    net.run()
    assert (before, watcher.arrived) == (2, 3)


def test_what_came_after_the_snapshot_is_forgotten() -> None:
    """Saved while it rang, it rings again when it is back, though the program had answered and the call had been up."""
    net = Net()
    bob = net.agent("bob")
    bob.script(ring())
    net.agent("alice").invite("sip:bob")
    net.at(1.0, lambda: bob.do(bob.endpoint.calls[0].answer, bob.sdp))
    net.crash("bob", at=5.0, back=6.0, saved=0.5)
    net.run(until=7.0)
    (call,) = bob.endpoint.calls
    assert call.state is CallState.RINGING
    assert any(isinstance(event, Established) for event in bob.events)


def test_a_script_does_again_what_it_did_after_the_snapshot() -> None:
    """It answers a second time, is acknowledged a second time, and the call goes on; but not what it did before."""
    net = Net()
    calling(net, last=30.0)
    net.crash("bob", at=5.0, back=6.0, saved=0.5)
    assert net.run() == ladder("""
         0.0  alice INVITE----------> bob
         0.0  alice <------------180- bob
         1.0  alice <------------200- bob
         1.0  alice ACK-------------> bob
         6.0  alice <------------200- bob
         6.0  alice ACK-------------> bob
        31.0  alice BYE-------------> bob
        31.0  alice <------------200- bob
    """)
    nothing_left(net)


def test_what_was_under_way_is_asked_again_or_has_failed() -> None:
    """Saved while it looked for an address, it looks again; while a connection was made, there is none."""
    net = Net(every=Link(latency=1.0), dns=Dns(latency=1.0))
    net.agent("bob", transports=["TCP"])
    alice = net.agent("alice", transports=["TCP"])
    alice.request("OPTIONS", "sip:bob;transport=tcp")
    alice.request("OPTIONS", f"sip:{net.agent('bob').host};transport=tcp")
    net.crash("alice", at=0.7, back=10.0, saved=0.5)
    net.run()
    told = [(event.status, event.why) for event in alice.events if isinstance(event, Answered)]
    assert told == [(503, "it could not be sent"), (200, "")]
    nothing_left(net)


@pytest.mark.parametrize(("back", "answered"), [(4.0, 6.0), (8.0, 8.0)])
def test_a_script_goes_on_with_the_calls_that_are_left(back: float, answered: float) -> None:
    """Who was about to answer does so when it is time, or when it is back if that is later."""
    net = Net()
    calling(net, answer_after=6.0)
    net.crash("bob", at=3.0, back=back, saved=2.0)
    net.run()
    lines = net.ladder().split("\n")
    assert f"{answered:4.1f}  alice <------------200- bob" in lines
    nothing_left(net)


def test_a_script_waits_for_what_its_call_has_not_heard_yet() -> None:
    """Saved before the offer came that she answered, Alice answers it when it comes again."""
    net = Net(lose={"alice": {2}})
    alice, bob = net.agent("alice"), net.agent("bob")
    bob.script(answer(after=2.0))
    alice.script(answer_offer(after=0.1))
    call = alice.invite("sip:bob", offer=b"")
    net.crash("alice", at=2.2, back=2.3, saved=1.0)
    net.run(until=30.0)
    assert [event.__class__ for event in alice.events] == [OfferReceived, Established, OfferReceived, Established]
    (restored,) = alice.endpoint.calls
    assert (restored.state, restored is call) == (CallState.ESTABLISHED, False)
    alice.do(restored.hang_up)
    net.run()
    nothing_left(net)


def test_a_script_has_nothing_left_to_do_for_calls_that_are_forgotten() -> None:
    """Nobody answers what nobody knows of."""
    net = Net()
    calling(net, answer_after=6.0)
    net.crash("bob", at=3.0, back=4.0)
    net.run(until=20.0)
    assert "200" not in net.ladder()


def test_one_who_never_comes_back() -> None:
    """Everybody else ends by a timer; nothing can be asked of it, and its own plans come to nothing."""
    net = Net(delay=0.1)
    calling(net, answer_after=6.0)
    heard: list[object] = []
    bob = net.agent("bob")
    net.agent("alice").script()
    net.crash("bob", at=0.05)
    bob.on(Established, heard.append)
    net.run()
    reasons = [event.reason for event in net.agent("alice").events if isinstance(event, Ended)]
    assert (reasons, heard) == ([EndReason.TIMED_OUT], [])
    with pytest.raises(LocalProtocolError, match="bob has crashed: nobody is there to request OPTIONS"):
        bob.request("OPTIONS", "sip:alice")


def test_a_program_does_not_react_to_what_happened_before_it_crashed() -> None:
    """What it was about to do is gone with it."""
    net = Net(delay=0.5)
    bob = net.agent("bob")
    heard: list[float] = []
    bob.on(Established, lambda _: heard.append(net.now))
    calling(net)
    # The ACK is under way then, and arrives just before the crash.
    net.at(2.3, lambda: net.crash("bob", at=2.5, back=2.6))
    net.run(until=4.0)
    assert any(isinstance(event, Established) for event in bob.events)
    assert heard == []


def test_a_packet_under_way_is_lost_when_a_crash_comes_unexpectedly() -> None:
    """Nobody is there to read it."""
    net = Net(delay=1.0)
    net.agent("bob")
    net.agent("alice").request("OPTIONS", "sip:bob")
    net.run(until=0.5)
    net.crash("bob", at=0.5, back=1.2)
    net.run(until=1.4)
    assert net.agent("bob").events == []


@pytest.mark.parametrize(
    ("at", "back", "saved", "said"),
    [
        (5.0, 4.0, None, "cannot crash at 5.0 and be back at 4.0"),
        (-1.0, None, None, "cannot crash at -1.0"),
        (5.0, 6.0, 5.5, "cannot be saved at 5.5 and crash at 5.0"),
        (5.0, 6.0, -0.5, "cannot be saved at -0.5"),
    ],
)
def test_a_crash_that_cannot_be(at: float, back: float | None, saved: float | None, said: str) -> None:
    """First it is saved, then it crashes, then it is back; and nothing of that in the past."""
    net = Net()
    net.agent("bob")
    with pytest.raises(ValueError, match=said):
        net.crash("bob", at, back, saved=saved)


def test_each_life_has_its_own_names() -> None:
    """Who comes back empty uses no branch, tag or Call-ID a second time."""
    net = Net()
    bob = net.agent("bob")
    first = bob.invite("sip:192.0.2.9")
    net.crash("bob", at=1.0, back=2.0)
    net.run(until=3.0)
    second = bob.invite("sip:192.0.2.9")
    assert first.call_id != second.call_id
