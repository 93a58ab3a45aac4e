"""A call as the application holds it: its state through its life on both sides, its descriptions, its name."""

from __future__ import annotations

import pytest

from sipsm import CallState, Ended, EndReason, Established, Policy, Profile, Ringing
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.role.stages import STAGES, Stage, at, to_its_end


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
def test_the_state_at_every_stage(stage: Stage) -> None:
    """A call is called what it is, its name shows it, and it is among the endpoint's calls until it is over."""
    bench, call = at(stage)
    state = STAGES[stage][0]
    assert call.state is state
    assert repr(call).endswith(f": {state}>")
    assert (call in bench.endpoint.calls) == (state is not CallState.ENDED)
    to_its_end(bench, call)
    assert call.state is CallState.ENDED
    assert bench.endpoint.calls == []


def test_the_life_of_a_call_of_ours() -> None:
    """Calling, ringing, established, ending, ended."""
    bench = Bench()
    call = bench.outgoing()
    states = [call.state]
    bench.receive(bench.response(call.invite, 100, tag=None))
    states.append(call.state)
    bench.receive(bench.response(call.invite, 180))
    states.append(call.state)
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    states.append(call.state)
    bench.take(call.hang_up(now=bench.now))
    states.append(call.state)
    bench.receive(bench.response(bench.last_request, 200))
    states.append(call.state)
    assert states == ["calling", "calling", "ringing", "established", "ending", "ended"]
    assert call.outgoing


def test_the_life_of_a_call_of_the_peer_s() -> None:
    """Incoming, ringing, answering, established, ended."""
    bench = Bench()
    call = bench.incoming()
    states = [call.state]
    bench.take(call.ring(now=bench.now))
    states.append(call.state)
    bench.take(call.answer(SDP2, now=bench.now))
    states.append(call.state)
    bench.receive(bench.in_dialog("ACK", 1, call))
    states.append(call.state)
    bench.receive(bench.in_dialog("BYE", 2, call))
    states.append(call.state)
    assert states == ["incoming", "ringing", "answering", "established", "ended"]
    assert not call.outgoing


def test_a_100_is_no_ringing() -> None:
    """What the next hop says for itself does not show that anybody rings, even after 200 ms of our own silence."""
    bench = Bench()
    call = bench.incoming()
    bench.wait(0.3)
    assert bench.statuses == [100]
    assert call.state is CallState.INCOMING


def test_descriptions() -> None:
    """Each side's description is known from when it went or came, wherever it travelled."""
    bench = Bench()
    ours = bench.outgoing(offer=SDP)
    assert (ours.local_sdp, ours.remote_sdp) == (SDP, b"")
    bench.receive(bench.response(ours.invite, 200, body=SDP2))
    assert (ours.local_sdp, ours.remote_sdp) == (SDP, SDP2)

    theirs = bench.incoming(offer=SDP)
    assert (theirs.local_sdp, theirs.remote_sdp) == (b"", SDP)
    bench.take(theirs.ring(183, sdp=SDP2, now=bench.now))
    assert (theirs.local_sdp, theirs.remote_sdp) == (SDP2, SDP)


def test_descriptions_when_the_2xx_offers() -> None:
    """The offer in the 2xx is the peer's, the answer in the ACK ours; and the other way round."""
    bench = Bench()
    ours = bench.outgoing(offer=b"")
    bench.receive(bench.response(ours.invite, 200, body=SDP))
    assert (ours.local_sdp, ours.remote_sdp) == (b"", SDP)
    bench.take(ours.answer_offer(SDP2, now=bench.now))
    assert (ours.local_sdp, ours.remote_sdp) == (SDP2, SDP)
    assert bench.last_request.body == SDP2

    theirs = bench.incoming(offer=b"")
    bench.take(theirs.answer(SDP2, now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, theirs, body=SDP))
    assert (theirs.local_sdp, theirs.remote_sdp) == (SDP2, SDP)


def test_names() -> None:
    """A call is shown with the peer and its state; a request with its method and its answer."""
    bench = Bench()
    ours = bench.outgoing(target="sip:bob@192.0.2.2")
    assert repr(ours) == "<Call to <sip:bob@192.0.2.2>: calling>"
    bench.receive(bench.response(ours.invite, 180, tag="far"))
    assert repr(ours) == "<Call to <sip:bob@192.0.2.2>;tag=far: ringing>"
    theirs = bench.incoming()
    assert repr(theirs) == "<Call from <sip:alice@192.0.2.2>;tag=theirs: incoming>"
    outgoing, outputs = bench.endpoint.request("OPTIONS", "sip:bob@192.0.2.2", now=bench.now)
    bench.take(outputs)
    assert repr(outgoing) == "OutgoingRequest(method='OPTIONS', status=None)"
    bench.receive(bench.response(outgoing.request, 486))
    assert repr(outgoing) == "OutgoingRequest(method='OPTIONS', status=486)"


def test_the_call_id_is_the_invite_s() -> None:
    """By it a call is found in logs (RFC 3261 8.1.1.4)."""
    bench = Bench()
    assert bench.incoming(call_id="abc@host").call_id == "abc@host"
    ours = bench.outgoing()
    assert ours.call_id == ours.invite.call_id == bench.last_request.call_id


def test_calls_are_listed_in_the_order_in_which_they_began() -> None:
    """The oldest first; the ended ones are gone, and the list is the caller's own."""
    bench = Bench()
    first, second, third = bench.outgoing(), bench.incoming(), bench.outgoing()
    assert bench.endpoint.calls == [first, second, third]
    bench.take(second.reject(now=bench.now))
    assert bench.endpoint.calls == [first, third]
    bench.endpoint.calls.clear()
    assert bench.endpoint.calls == [first, third]


def test_machines_of_a_call() -> None:
    """The INVITE's machine first, then four for each dialog; those that sleep are nobody's."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180, tag="a"))
    bench.receive(bench.response(call.invite, 180, tag="b"))
    machines = call.machines()
    assert [machine.table.name.partition(" ")[0] for machine in machines] == [
        "INVITE",
        *["dialog", "offer/answer", "turn-taking", "session"] * 2,
    ]
    assert machines[0] is call.origin.invite
    assert not {id(machine) for machine in machines} & {id(machine) for machine in bench.incoming().machines()}


def test_machines_that_have_been_needed_are_the_call_s() -> None:
    """Reliable responses, their PRACK, an UPDATE in each direction, a collision, a session timer."""
    bench = Bench(policy=Policy(session_interval_s=90))
    call = bench.incoming(headers=["Supported: 100rel"])
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    rack = f"RAck: {bench.last_response.header('RSeq')} 1 INVITE"
    bench.receive(bench.in_dialog("PRACK", 2, call, headers=[rack]))
    bench.take(call.answer(now=bench.now))
    bench.receive(bench.in_dialog("ACK", 1, call))
    bench.receive(bench.in_dialog("UPDATE", 3, call))
    bench.take(call.offer(method="UPDATE", now=bench.now))
    bench.receive(bench.response(bench.last_request, 491))
    assert [machine.table.name for machine in call.machines()] == [
        "INVITE at the UAS",
        "dialog",
        "offer/answer",
        "turn-taking of INVITE",
        "UPDATE of the peer",
        "UPDATE of ours",
        "collisions",
        "session",
        "session timer",
        "reliable provisional responses at the UAS",
        "PRACK of the peer",
    ]


def test_the_deadline_of_a_call() -> None:
    """A call waits only while its INVITE's life does: to ring again, for the ACK, or for other branches' answers."""
    bench = Bench()
    call = bench.incoming()
    assert call.next_timeout() == bench.now + 60
    bench.take(call.answer(SDP2, now=bench.now))
    assert call.next_timeout() == bench.now + 0.5
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert call.next_timeout() is None


# -------------------------------------------------------------------- forks


@pytest.mark.rfc("3261-C22", "3261 13.2.2.4")
def test_every_branch_that_answers() -> None:
    """Each 2xx with a new To tag gets an ACK of its own, unwanted ones a BYE; for 64*T1 more may come."""
    bench = Bench()
    call = bench.outgoing()
    for tag in ("a", "b"):
        bench.receive(bench.response(call.invite, 180, tag=tag))
    assert len(bench.told(Ringing)) == 2
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
    assert call.here.dialog.remote_tag == "b"
    bench.drain()
    for tag, wait in [("a", 1.0), ("c", 30.9)]:
        bench.wait(wait)
        bench.drain()
        bench.receive(bench.response(call.invite, 200, tag=tag, body=SDP2))
        assert bench.methods == ["ACK", "BYE"]
        assert {message.to.tag for message in bench.sent} == {tag}
        bench.receive(bench.response(bench.last_request, 200))
    assert call.state is CallState.ESTABLISHED
    bench.wait(0.2)
    bench.drain()
    bench.receive(bench.response(call.invite, 200, tag="d", body=SDP2))
    assert bench.drain() == ([], ["Droppedstray-response"])
    bench.take(call.hang_up(now=bench.now))
    assert bench.last_request.to.tag == "b"
    to_its_end(bench, call)


def test_the_application_s_commands_concern_the_branch_that_answered_first() -> None:
    """Whatever else rings or answers, one call has one dialog to speak in."""
    bench = Bench()
    call = bench.outgoing()
    for tag, status in [("a", 180), ("b", 183), ("c", 200), ("a", 200)]:
        bench.receive(bench.response(call.invite, status, tag=tag, body=SDP2 if status == 200 else b""))
    bench.drain()
    bench.take(call.request("INFO", now=bench.now)[1])
    assert bench.last_request.to.tag == "c"
    assert bench.told(Established) == []


def test_a_call_is_over_only_when_no_branch_can_answer_any_more() -> None:
    """After a quick hang-up the INVITE may still be answered elsewhere: the call is ended but not yet forgotten."""
    bench = Bench()
    call = bench.answered()
    bench.take(call.hang_up(now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    assert call.state is CallState.ENDED
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP]
    bench.drain()
    bench.receive(bench.response(call.invite, 200, tag="late", body=SDP2))
    assert bench.methods == ["ACK", "BYE"]
    assert bench.told(Ended) == []
    bench.receive(bench.response(bench.last_request, 200))
    bench.quiet()
    assert bench.left() == {}


# -------------------------------------------------------------------- what calls send


def test_who_we_are() -> None:
    """From is the profile's identity; User-Agent and Server are its name."""
    profile = Profile(identity='"Bell" <sip:bell@example.com>', user_agent="bell/1", supported=("gruu",))
    bench = Bench(profile=profile)
    call = bench.answered()
    bench.take(call.request("INFO", now=bench.now)[1])
    bench.take(call.hang_up(now=bench.now))
    invite, ack, info, bye = bench.sent
    for message in (invite, ack, info, bye):
        assert message.lines_of("From")[0].startswith('"Bell" <sip:bell@example.com>;tag=')
    assert [message.header("User-Agent") for message in bench.sent] == ["bell/1", None, "bell/1", "bell/1"]
    assert invite.header("Supported") == "100rel, timer, replaces, join, 199, gruu"
    assert invite.header("Allow") == "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, MESSAGE, NOTIFY"
    bench.acked()
    assert bench.last_response.header("Server") == "bell/1"
    assert bench.last_response.header("Supported") == invite.header("Supported")


def test_responses_may_say_more() -> None:
    """Status, reason and headers of a response are the application's to choose within the command's kind."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.ring(182, reason="Queued: 3", headers=[("X-Queue", "3")], now=bench.now))
    bench.take(call.answer(SDP2, status=202, headers=[("X-Agent", "7")], now=bench.now))
    ringing, answer = bench.sent
    assert bench.statuses == [182, 202]
    assert bytes(ringing).startswith(b"SIP/2.0 182 Queued: 3\r\n")
    assert (ringing.header("X-Queue"), answer.header("X-Agent")) == ("3", "7")
    bench.wait(0.5)
    assert bench.wires[-1] == bytes(answer), "what is sent again is the same"
