"""BYE, from either side and from both, on a network that loses it (RFC 3261 15)."""

from __future__ import annotations

import pytest

from sipsm import CallState, EndReason, LocalProtocolError, Response
from sipsm.role import Ended
from sipsm.testing import Net, answer, hang_up, ladder, nothing_left, ring
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.parties import parties, reasons, request, sent, taken, told


@pytest.mark.rfc("3261 15.1.1", "3261 15.1.2", "3261 12.2.1.1")
def test_the_caller_hangs_up() -> None:
    """The BYE is a request of the dialog: its number follows the INVITE's, its branch is new; it gets 200."""
    net, alice, bob = parties()
    bob.script(answer())
    alice.script(hang_up(after=1.0))
    call = alice.invite("sip:bob")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------200- bob
        0.0  alice ACK-------------> bob
        1.0  alice BYE-------------> bob
        1.0  alice <------------200- bob
    """)
    bye = request(net, alice, "BYE")
    assert (bye.cseq.number, bye.call_id) == (call.invite.cseq.number + 1, call.call_id)
    assert (bye.from_.tag, bye.to.tag) == (taken(bob).here.dialog.remote_tag, taken(bob).here.dialog.local_tag)
    assert bye.via.branch not in {call.invite.via.branch, request(net, alice, "ACK").via.branch}
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP], [EndReason.HUNG_UP_BY_PEER])
    nothing_left(net)


@pytest.mark.rfc("3261 15.1.1", "3261 15.1.2")
def test_the_callee_hangs_up() -> None:
    """Either side may end the call; the callee's numbers are its own."""
    net, alice, bob = parties()
    bob.script(answer(), hang_up(after=1.0))
    alice.invite("sip:bob")
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------200- bob
        0.0  alice ACK-------------> bob
        1.0  alice <------------BYE- bob
        1.0  alice 200-------------> bob
    """)
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP_BY_PEER], [EndReason.HUNG_UP])
    nothing_left(net)


@pytest.mark.rfc("3261 15.1.1", "3261 15.1.2")
def test_both_hang_up_at_once() -> None:
    """BYEs that cross are both answered with 200, and each side has hung up by itself."""
    net, alice, bob = parties(delay=0.1)
    bob.script(answer())
    call = alice.invite("sip:bob")
    net.at(1.0, lambda: alice.do(call.hang_up))
    net.at(1.0, lambda: bob.do(taken(bob).hang_up))
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.1  alice <------------200- bob
        0.2  alice ACK-------------> bob
        1.0  alice BYE-------------> bob
        1.0  alice <------------BYE- bob
        1.1  alice <------------200- bob
        1.1  alice 200-------------> bob
    """)
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP], [EndReason.HUNG_UP])
    nothing_left(net)


@pytest.mark.rfc("3261 15.1.1", "3261 17.1.2.2", "3261 17.2.2")
def test_a_lost_bye() -> None:
    """A BYE that is lost is sent again, and one whose 200 is lost gets the same 200 again."""
    net, alice, bob = parties(lose={"alice": (3,), "bob": (2,)})
    bob.script(answer())
    alice.script(hang_up(after=1.0))
    call = alice.invite("sip:bob")
    net.run(until=1.2)
    assert call.state is CallState.ENDING
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------200- bob
        0.0  alice ACK-------------> bob
        1.0  alice BYE-------------x bob
        1.5  alice BYE-------------> bob   Timer E
        1.5  alice x------------200- bob
        2.5  alice BYE-------------> bob   Timer E
        2.5  alice <------------200- bob
    """)
    assert len(set(sent(net, alice, "BYE"))) == 1
    assert (reasons(alice), reasons(bob)) == ([EndReason.HUNG_UP], [EndReason.HUNG_UP_BY_PEER])
    nothing_left(net)


@pytest.mark.rfc("3261 15.1.1", "3261-C30")
@pytest.mark.parametrize("status", [200, 403, 408, 481, 500, None])
def test_whatever_the_bye_gets(status: int | None) -> None:
    """The session is over the moment the BYE is handed down, whatever answers it: a refusal, 481, 408, or silence."""
    bench = Bench()
    call = bench.answered()
    bench.take(call.hang_up(now=bench.now))
    assert str(call.state) == "ending"
    if status is None:
        bench.wait(31.9)
        assert bench.told(Ended) == []
        bench.wait(0.1)
    else:
        bench.receive(bench.response(bench.last_request, status))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP]
    assert str(call.state) == "ended"
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 15.1.2", "3261 12.2.2")
def test_a_bye_without_a_call() -> None:
    """A BYE that belongs to no dialog gets 481, and so does one for a call that is over."""
    bench = Bench()
    bench.receive(bench.request("BYE", to="<sip:bob@192.0.2.1>;tag=nobody"))
    bench.receive(bench.request("BYE"))
    assert bench.statuses == [481, 481]
    call = bench.acked()
    bench.receive(bench.in_dialog("BYE", 2, call))
    assert bench.last_response.status == 200
    bench.receive(bench.in_dialog("BYE", 3, call))
    assert bench.last_response.status == 481
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 15.1.2", "3261-S16")
def test_a_bye_before_the_answer() -> None:
    """A BYE on an early dialog gets 200, and the INVITE that is still pending 487."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.ring(now=bench.now))
    bench.receive(bench.in_dialog("BYE", 2, call))
    answers = [message for message in bench.sent if isinstance(message, Response)]
    assert {(answer.cseq.method, answer.status) for answer in answers[1:]} == {("BYE", 200), ("INVITE", 487)}
    assert {answer.to.tag for answer in answers} == {call.here.dialog.local_tag}
    assert [event.reason for event in bench.told(Ended)] == [EndReason.CANCELLED_BY_PEER]
    with pytest.raises(LocalProtocolError, match="the INVITE is over"):
        call.answer(SDP2, now=bench.now)
    bench.receive(bench.request("ACK", branch="z9hG4bKcall", to=call.here.dialog.local))
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 15", "3261 15.1.2")
def test_a_callee_that_byes_its_early_dialog() -> None:
    """A callee sends BYE only behind its 2xx: that was lost, and the call is over; if it comes yet, it gets its ACK."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    bench.receive(bench.in_dialog("BYE", 1, call))
    assert (bench.statuses, call.state) == ([200], CallState.ENDED)
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP_BY_PEER]
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    assert (bench.methods[-1], call.state) == ("ACK", CallState.ENDED)
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 13.3.1.4", "3261 15.1.2")
def test_every_200_is_lost() -> None:
    """The callee gives up and says BYE; the caller, who has only heard it ring, knows that it is over."""
    net = Net(lose={"bob": range(2, 13)})
    net.agent("bob").script(ring(), answer(after=1.0))
    net.agent("alice").invite("sip:bob")
    net.run()
    reasons = [event.reason for agent in net.agents.values() for event in agent.events if isinstance(event, Ended)]
    assert reasons == [EndReason.NOT_ACKNOWLEDGED, EndReason.HUNG_UP_BY_PEER]
    nothing_left(net)


@pytest.mark.rfc("3261 15.1.2")
def test_a_bye_in_the_early_dialog_of_a_branch_that_lost() -> None:
    """Another branch has answered: the BYE is answered as well, and the call goes on."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180, tag="slow"))
    bench.receive(bench.response(call.invite, 200, tag="quick", body=SDP2))
    slow, quick = call.legs
    call.here = slow
    bye = bench.in_dialog("BYE", 1, call)
    call.here = quick
    bench.receive(bye)
    assert (bench.statuses, call.state, slow.session.state) == ([200], CallState.ESTABLISHED, "Ended")


@pytest.mark.rfc("3261 15.1.2", "3261 13.2.2.4")
def test_a_bye_before_its_offer_was_answered() -> None:
    """The 2xx is acknowledged with all its streams refused, and then the BYE is answered."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    bench.receive(bench.response(call.invite, 200, body=SDP))
    bench.receive(bench.in_dialog("BYE", 1, call))
    assert bench.methods == ["INVITE", "ACK"]
    assert b"m=audio 0 RTP/AVP 0" in bench.last_request.body
    assert bench.statuses == [200]
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP_BY_PEER]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 13.2.2.4")
def test_a_2xx_that_comes_after_the_end() -> None:
    """A repeat of the 2xx while our BYE is under way is acknowledged again; the end of the call is told once."""
    bench = Bench()
    call = bench.answered()
    ok = bench.response(call.invite, 200, body=SDP2)
    bench.take(call.hang_up(now=bench.now))
    bye = bench.last_request
    bench.receive(ok)
    assert bench.methods == ["INVITE", "ACK", "BYE", "ACK"]
    assert bench.wires[1] == bench.wires[3]
    bench.receive(bench.response(bye, 200))
    bench.receive(ok)
    assert bench.methods.count("BYE") == 1
    assert len(told_ends(bench)) == 1
    bench.quiet()
    assert bench.left() == {}


def told_ends(bench: Bench) -> list[Ended]:
    """How the calls of a bench ended."""
    return [event for event in bench.events if isinstance(event, Ended)]


@pytest.mark.rfc("3261 13.3.1.4", "3261 14.2")
def test_an_ack_without_the_answer() -> None:
    """Our offer in the 2xx must be answered in the ACK: where it is not, there is no session, and a BYE says so."""
    bench = Bench()
    call = bench.incoming(offer=b"")
    bench.take(call.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert bench.methods == ["BYE"]
    bench.receive(bench.response(bench.last_request, 200))
    assert [event.reason for event in told_ends(bench)] == [EndReason.NO_ANSWER]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 15", "3261 13.3.1.4")
def test_hung_up_before_an_ack_without_the_answer() -> None:
    """The BYE that waited for the ACK goes out once, whether or not the ACK carried the answer."""
    bench = Bench()
    call = bench.incoming(offer=b"")
    bench.take(call.answer(SDP2, now=bench.now))
    bench.take(call.hang_up(now=bench.now))
    assert bench.methods == []
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert bench.methods == ["BYE"]
    bench.receive(bench.response(bench.last_request, 200))
    assert [event.reason for event in told_ends(bench)] == [EndReason.HUNG_UP]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 15.1.1")
def test_the_end_is_told_once() -> None:
    """Neither a second BYE nor a late response tells the end again."""
    net, alice, bob = parties(delay=0.05, duplicate=1.0)
    bob.script(answer())
    alice.script(hang_up(after=1.0))
    alice.invite("sip:bob")
    net.run()
    assert (len(told(alice, Ended)), len(told(bob, Ended))) == (1, 1)
    nothing_left(net)
