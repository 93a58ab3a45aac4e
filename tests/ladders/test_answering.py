"""A call from its INVITE to its ACK: ringing, early dialogs, offer and answer (RFC 3261 13, RFC 3264, RFC 6337 2.1)."""

from __future__ import annotations

import pytest

from sipsm import CallState, EndReason, LocalProtocolError, Send
from sipsm.role import AnswerReceived, IncomingCall, OfferReceived, Output, Ringing
from sipsm.testing import answer, answer_offer, hang_up, ladder, nothing_left, ring
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.parties import names, parties, reasons, request, response, sent, taken, told


@pytest.mark.rfc("3261 13.2", "3261 13.3.1", "3261 15")
def test_a_call() -> None:
    """Somebody calls, it rings, it is answered, and the caller hangs up."""
    net, alice, bob = parties()
    bob.script(ring(after=0.5), answer(after=2.0))
    alice.script(hang_up(after=3.0))
    alice.invite("sip:bob@biloxi.example.com")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.2  alice <------------100- bob   Timer 100
        0.5  alice <------------180- bob
        2.0  alice <------------200- bob
        2.0  alice ACK-------------> bob
        5.0  alice BYE-------------> bob
        5.0  alice <------------200- bob
    """)
    assert names(alice) == ["Ringing", "AnswerReceived", "Established", "Ended"]
    assert names(bob) == ["IncomingCall", "Established", "Ended"]
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP], [EndReason.HUNG_UP_BY_PEER])
    nothing_left(net)


@pytest.mark.rfc("3261 13.2.1", "3261 13.3.1.4", "3264 5", "3264 6")
def test_offer_and_answer() -> None:
    """The INVITE's offer reaches the callee, and the answer in the 2xx the caller; the ACK then has no body."""
    net, alice, bob = parties()
    bob.script(answer())
    call = alice.invite("sip:bob")
    net.run(until=1)
    assert [event.offer for event in told(bob, IncomingCall)] == [alice.sdp]
    assert [event.sdp for event in told(alice, AnswerReceived)] == [bob.sdp]
    assert (call.local_sdp, call.remote_sdp) == (alice.sdp, bob.sdp)
    assert (taken(bob).local_sdp, taken(bob).remote_sdp) == (bob.sdp, alice.sdp)
    assert request(net, alice, "ACK").body == b""
    assert (call.state, taken(bob).state) == (CallState.ESTABLISHED, CallState.ESTABLISHED)


@pytest.mark.rfc("3261 13.2.2.1", "3261 13.3.1.1", "3261 12.1")
def test_provisional_responses() -> None:
    """Each provisional response but 100 is told, has the tag of the dialog that it makes early, and rings only."""
    net, alice, bob = parties()
    bob.script(ring(180, after=0.5), ring(182, after=0.6), ring(198, after=0.7), answer(after=1.0))
    call = alice.invite("sip:bob")
    assert call.state is CallState.CALLING
    net.run(until=0.3)
    assert call.state is CallState.CALLING
    net.run(until=0.9)
    assert (call.state, taken(bob).state) == (CallState.RINGING, CallState.RINGING)
    assert net.run(until=2) == ladder("""
        0.0  alice INVITE----------> bob
        0.2  alice <------------100- bob   Timer 100
        0.5  alice <------------180- bob
        0.6  alice <------------182- bob
        0.7  alice <------------198- bob
        1.0  alice <------------200- bob
        1.0  alice ACK-------------> bob
    """)
    assert [event.response.status for event in told(alice, Ringing)] == [180, 182, 198]
    tags = {response(net, bob, status).to.tag for status in (180, 182, 198, 200)}
    assert tags == {call.here.dialog.remote_tag}
    assert response(net, bob, 100).to.tag is None


@pytest.mark.rfc("3261 13.2.1")
def test_the_first_description_is_the_answer() -> None:
    """An answer shown in a 183 is the answer: it is told once, and the same one stands in the 2xx."""
    net, alice, bob = parties()
    alice.invite("sip:bob")
    net.run(until=0.1)
    bob.do(taken(bob).ring, 183, sdp=bob.sdp)
    bob.do(taken(bob).ring, 183, sdp=bob.sdp)
    other = bob.sdp.replace(b"4000", b"4002")
    with pytest.raises(LocalProtocolError, match="has shown another answer"):
        bob.do(taken(bob).ring, 183, sdp=other)
    with pytest.raises(LocalProtocolError, match="has shown another answer"):
        bob.do(taken(bob).answer, other)
    with pytest.raises(LocalProtocolError, match="must carry the answer"):
        bob.do(taken(bob).answer)
    bob.do(taken(bob).answer, bob.sdp)
    net.run(until=1)
    assert [event.in_message for event in told(alice, AnswerReceived)] == [told(alice, Ringing)[0].response]
    assert names(alice) == ["AnswerReceived", "Ringing", "Ringing", "Established"]


@pytest.mark.rfc("3261 13.2.1", "3261-C20")
@pytest.mark.parametrize("first", [183, 200])
def test_later_descriptions_are_ignored(first: int) -> None:
    """The first description in a response is the answer; another one in a later response of the dialog is nothing."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, first, body=SDP2))
    for status in (183, 200, 200):
        bench.receive(bench.response(call.invite, status, body=SDP2.replace(b"5000", b"6000")))
    assert [event.sdp for event in bench.told(AnswerReceived)] == [SDP2]
    assert (call.remote_sdp, call.state) == (SDP2, CallState.ESTABLISHED)


@pytest.mark.rfc("3261 13.2.1", "3261 13.2.2.4", "3261 13.3.1.4", "6337 2.1")
def test_an_invite_without_an_offer() -> None:
    """The 2xx carries the offer and is repeated until the ACK, which carries the answer."""
    net, alice, bob = parties()
    bob.script(ring(), answer(after=0.1))
    alice.script(answer_offer(after=1.0))
    call = alice.invite("sip:bob", offer=b"")
    net.run(until=0.5)
    assert (call.state, taken(bob).state) == (CallState.ANSWERING, CallState.ANSWERING)
    assert net.run(until=5) == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------180- bob
        0.1  alice <------------200- bob
        0.6  alice <------------200- bob   Timer 2xx
        1.1  alice ACK-------------> bob
    """)
    assert [event.offer for event in told(bob, IncomingCall)] == [b""]
    assert [event.sdp for event in told(alice, OfferReceived)] == [bob.sdp]
    assert [event.sdp for event in told(bob, AnswerReceived)] == [alice.sdp]
    assert request(net, alice, "ACK").body == alice.sdp
    assert (names(alice)[-1], names(bob)[-1]) == ("Established", "Established")
    assert (call.state, taken(bob).state) == (CallState.ESTABLISHED, CallState.ESTABLISHED)
    assert (call.local_sdp, call.remote_sdp) == (alice.sdp, bob.sdp)
    assert (taken(bob).local_sdp, taken(bob).remote_sdp) == (bob.sdp, alice.sdp)


@pytest.mark.rfc("3261 13.2.2.4", "3261-C24")
def test_an_offer_that_is_of_no_use() -> None:
    """Whoever hangs up instead of answering the 2xx's offer refuses all its streams in the ACK, then sends the BYE."""
    net, alice, bob = parties()
    bob.sdp += b"m=video 4002 RTP/AVP 31 34\r\n"
    bob.script(answer())
    alice.on(OfferReceived, lambda event: alice.do(event.call.hang_up))
    alice.invite("sip:bob", offer=b"")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------200- bob
        0.0  alice ACK-------------> bob
        0.0  alice BYE-------------> bob
        0.0  alice <------------200- bob
    """)
    media = [line for line in request(net, alice, "ACK").body.split(b"\r\n") if line.startswith(b"m=")]
    assert media == [b"m=audio 0 RTP/AVP 0", b"m=video 0 RTP/AVP 31 34"]
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP], [EndReason.HUNG_UP_BY_PEER])
    nothing_left(net)


@pytest.mark.rfc("3261 13.2.1", "3261 13.3.1.4", "3261 13.2.2.4", "3264 4")
def test_what_must_be_carried_where() -> None:
    """Without an offer in the INVITE, the offer is in the 2xx, not in a provisional, and the answer in the ACK."""
    net, alice, bob = parties()
    call = alice.invite("sip:bob", offer=b"")
    net.run(until=0.1)
    with pytest.raises(LocalProtocolError, match="put it into the 2xx"):
        bob.do(taken(bob).ring, 183, sdp=bob.sdp)
    with pytest.raises(LocalProtocolError, match="so the 2xx must carry one"):
        bob.do(taken(bob).answer)
    with pytest.raises(LocalProtocolError, match="no offer of the peer waits"):
        alice.do(call.answer_offer, alice.sdp)
    bob.do(taken(bob).answer, bob.sdp)
    net.run(until=0.2)
    with pytest.raises(LocalProtocolError, match="an answer is a session description"):
        alice.do(call.answer_offer, b"")
    alice.do(call.answer_offer, alice.sdp)
    with pytest.raises(LocalProtocolError, match="no offer of the peer waits"):
        alice.do(call.answer_offer, alice.sdp)
    assert len(sent(net, alice, "ACK")) == 1


@pytest.mark.rfc("3261 13.3.1.4")
def test_an_offer_must_be_answered() -> None:
    """A 2xx to an INVITE with an offer carries the answer; what is refused to the program sends nothing."""
    net, alice, bob = parties()
    alice.invite("sip:bob")
    net.run(until=0.1)
    with pytest.raises(LocalProtocolError, match="must carry the answer to the INVITE's offer"):
        bob.do(taken(bob).answer)
    assert sent(net, bob, 200) == []
    bob.do(taken(bob).answer, bob.sdp)
    for again, arguments in (("ring", ()), ("answer", (bob.sdp,)), ("reject", (486,))):
        with pytest.raises(LocalProtocolError, match="has been answered already"):
            bob.do(getattr(taken(bob), again), *arguments)
    net.run(until=1)
    assert len(sent(net, bob, 200)) == 1


def test_what_is_sent_comes_before_what_is_told() -> None:
    """An application that acts on an event at once does so after the message that belongs to it is on its way."""
    bench = Bench()
    call = bench.outgoing()
    assert outputs_to(bench, bench.response(call.invite, 200, body=SDP2)) == ["ACK", "AnswerReceived", "Established"]
    assert outputs_to(bench, bench.in_dialog("BYE", 1, call)) == ["200", "Ended"]
    offered = bench.outgoing(offer=b"")
    bench.receive(bench.response(offered.invite, 200, body=SDP2))
    bench.outputs.clear()
    bench.take(offered.answer_offer(SDP, now=bench.now))
    assert shown(bench.outputs) == ["ACK", "Established"]
    turned_down = bench.outgoing(offer=b"")
    bench.receive(bench.response(turned_down.invite, 200, body=SDP2))
    assert outputs_to(bench, bench.in_dialog("BYE", 1, turned_down)) == ["ACK", "200", "Ended"]
    early = bench.incoming(call_id="1", via="Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK1")
    assert outputs_to(bench, bench.in_dialog("BYE", 2, early)) == ["200", "487", "Ended"]
    for number, went_on in enumerate(("unacked", "leaving", "up")):
        taken_ = bench.incoming(call_id=went_on, via=f"Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKup{number}")
        bench.take(taken_.answer(SDP2, now=bench.now))
        if went_on == "up":
            bench.receive(bench.in_dialog("ACK", 1, taken_))
        if went_on == "leaving":
            bench.take(taken_.hang_up(now=bench.now))
        assert outputs_to(bench, bench.in_dialog("BYE", 2, taken_)) == ["200", "Ended"], went_on


def outputs_to(bench: Bench, data: bytes) -> list[str]:
    """What the endpoint gives when these bytes arrive."""
    bench.outputs.clear()
    bench.receive(data)
    return shown(bench.outputs)


def shown(outputs: list[Output]) -> list[str]:
    """Methods and statuses of what is sent, and the kinds of events."""
    lines = [output.data.split(b" ")[:2] if isinstance(output, Send) else output for output in outputs]
    return [
        (line[1] if line[0] == b"SIP/2.0" else line[0]).decode() if isinstance(line, list) else type(line).__name__
        for line in lines
    ]


@pytest.mark.rfc("3261 13.2.1", "3261 13.3.1.4")
def test_what_is_not_for_this_side() -> None:
    """The caller cannot answer its own call, nor the callee cancel it."""
    net, alice, bob = parties()
    call = alice.invite("sip:bob")
    net.run(until=0.1)
    with pytest.raises(LocalProtocolError, match="not for the caller"):
        alice.do(call.ring)
    with pytest.raises(LocalProtocolError, match="not for the callee"):
        bob.do(taken(bob).cancel)


@pytest.mark.rfc("3261 12.2.1", "3261 15")
def test_nothing_can_be_asked_before_there_is_a_dialog() -> None:
    """A request within the dialog needs one: not before a response has made it, and not once it is over."""
    net, alice, bob = parties()
    call = alice.invite("sip:bob")
    net.run(until=0.1)
    for agent, one in ((alice, call), (bob, taken(bob))):
        with pytest.raises(LocalProtocolError, match="no response to the INVITE has made the dialog yet"):
            agent.do(one.request, "OPTIONS")
    bob.do(taken(bob).answer, bob.sdp)
    net.run(until=1)
    alice.do(call.hang_up)
    net.run()
    for agent, one in ((alice, call), (bob, taken(bob))):
        with pytest.raises(LocalProtocolError, match="the session is over"):
            agent.do(one.request, "OPTIONS")
        with pytest.raises(LocalProtocolError, match="ending already, or over"):
            agent.do(one.hang_up)
    nothing_left(net)
