"""What agents do by themselves, and what their program has them do."""

from __future__ import annotations

import pytest

from sipsm import (
    Answered,
    AnswerReceived,
    CallState,
    Ended,
    EndReason,
    Established,
    IncomingCall,
    OfferReceived,
    Ringing,
)
from sipsm.testing import Net, Step, answer, answer_offer, cancel, hang_up, ladder, nothing_left, reject, ring


def reasons(net: Net, name: str) -> list[EndReason]:
    """Why this agent's calls ended."""
    return [event.reason for event in net.agent(name).events if isinstance(event, Ended)]


def test_ring_answer_hang_up() -> None:
    """Each step counts from its event: ringing and answering from the call's arrival, hanging up from when it is up."""
    net = Net()
    net.agent("bob").script(ring(after=0.1), ring(183, after=0.2), answer(after=1.0), hang_up(after=2.0))
    net.agent("alice").invite("sip:bob")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.1  alice <------------180- bob
        0.2  alice <------------183- bob
        1.0  alice <------------200- bob
        1.0  alice ACK-------------> bob
        3.0  alice <------------BYE- bob
        3.0  alice 200-------------> bob
    """)
    assert reasons(net, "bob") == [EndReason.HUNG_UP]
    assert reasons(net, "alice") == [EndReason.HUNG_UP_BY_PEER]
    nothing_left(net)


@pytest.mark.parametrize("sdp", [None, b"v=1\r\n"])
def test_descriptions_are_made_up_unless_given(sdp: bytes | None) -> None:
    """Who does not care about media gets a plain offer and a plain answer."""
    net = Net()
    alice, bob = net.agent("alice"), net.agent("bob")
    bob.script(answer(sdp))
    alice.invite("sip:bob", offer=sdp)
    net.run(until=1.0)
    assert [event.offer for event in bob.events if isinstance(event, IncomingCall)] == [sdp or alice.sdp]
    assert [event.sdp for event in alice.events if isinstance(event, AnswerReceived)] == [sdp or bob.sdp]


@pytest.mark.parametrize("sdp", [None, b"v=1\r\n"])
def test_a_call_without_an_offer(sdp: bytes | None) -> None:
    """The 2xx carries the offer then, and the caller's script answers it in the ACK."""
    net = Net()
    alice, bob = net.agent("alice"), net.agent("bob")
    alice.script(answer_offer(sdp, after=0.2))
    bob.script(answer())
    alice.invite("sip:bob", offer=b"")
    net.run(until=1.0)
    assert [event.sdp for event in alice.events if isinstance(event, OfferReceived)] == [bob.sdp]
    assert [event.sdp for event in bob.events if isinstance(event, AnswerReceived)] == [sdp or alice.sdp]


def test_a_cancelled_call_leaves_the_rest_of_the_script_undone() -> None:
    """Nobody answers a call that is over."""
    net = Net()
    net.agent("bob").script(ring(), answer(after=5.0))
    net.agent("alice").script(cancel(after=1.0))
    net.agent("alice").invite("sip:bob")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------180- bob
        1.0  alice CANCEL----------> bob
        1.0  alice <------------200- bob
        1.0  alice <------------487- bob
        1.0  alice ACK-------------> bob
    """)
    assert reasons(net, "alice") == [EndReason.CANCELLED]
    assert reasons(net, "bob") == [EndReason.CANCELLED_BY_PEER]


def test_each_call_has_the_script_from_its_beginning() -> None:
    """A script is what an agent does with every call."""
    net = Net()
    net.agent("bob").script(reject(after=1.0))
    for n in range(3):
        net.at(n * 0.3, lambda: net.agent("alice").invite("sip:bob"))
    net.run()
    assert reasons(net, "bob") == [EndReason.DECLINED] * 3
    assert [event.status for event in net.agent("alice").events if isinstance(event, Ended)] == [603] * 3


def test_a_program_reacts_to_events() -> None:
    """A function is called with each event of its type, when all that came with the event has been performed."""
    net = Net()
    alice, bob = net.agent("alice"), net.agent("bob")
    seen: list[str] = []

    def take(event: IncomingCall) -> None:
        bob.do(event.call.ring, 183, headers=[("Alert-Info", "<http://ring.example.com/1>")])
        bob.do(event.call.answer, bob.sdp)

    bob.on(IncomingCall, take)
    alice.on(Ringing, lambda event: seen.append(event.response.header("Alert-Info") or ""))
    alice.on(Established, lambda event: alice.do(event.call.hang_up))
    alice.on(Ended, lambda _: seen.append("ended"))
    call = alice.invite("sip:bob", to="<sip:b@example.com>", headers=[("Subject", "lunch")])
    assert call.state is CallState.CALLING
    net.run()
    assert seen == ["<http://ring.example.com/1>", "ended"]
    assert bob.events[0].request.header("Subject") == "lunch"  # type: ignore[union-attr]


def test_a_request_outside_a_call_is_answered() -> None:
    """The event tells which request it was and how it ended."""
    net = Net()
    net.agent("bob")
    alice = net.agent("alice")
    asked = alice.request(
        "OPTIONS", "sip:bob", to="<sip:b@x>", headers=[("Subject", "1")], body=b"a", content_type="a/b"
    )
    net.run()
    assert [event for event in alice.events if isinstance(event, Answered) and event.request is asked]
    assert asked.status == 200


def test_a_step_of_ones_own() -> None:
    """Whoever needs another reaction writes a step: an event, a time, a command."""
    net = Net()
    net.agent("bob").script(Step(IncomingCall, 1.0, lambda call, _sdp: (call.reject, (302,))))
    net.agent("alice").invite("sip:bob")
    net.run()
    assert [event.status for event in net.agent("alice").events if isinstance(event, Ended)] == [302]
