"""The branches of a fork that are wanted, those that are not, and for how long they may answer (RFC 3261 13.2.2.4)."""

from __future__ import annotations

import pytest

from sipsm import Call, CallState, EndReason, LocalProtocolError, Request
from sipsm.role import (
    AnswerReceived,
    Dropped,
    DropReason,
    Ended,
    Established,
    Forked,
    Limits,
    OfferReceived,
    Policy,
    Ringing,
)
from tests.endpoint.by_hand import SDP, SDP2, Bench

KEEPS = Policy(keeps_forks=True)


def branches(bench: Bench, call: Call, *tags: str, offer: bytes = SDP2) -> None:
    """These branches answer, each at its own place."""
    for tag in tags:
        bench.receive(bench.response(call.invite, 200, tag=tag, contact=f"<sip:{tag}@192.0.2.2>", body=offer))


def sent_to(bench: Bench, method: str) -> list[str | None]:
    """The To tags of the requests of this method, in their order."""
    return [each.to_tag for each in bench.sent if isinstance(each, Request) and each.method == method]


def ends(bench: Bench) -> list[tuple[Call, EndReason]]:
    """Which calls are over, and why."""
    return [(event.call, event.reason) for event in bench.told(Ended)]


@pytest.mark.rfc("3261 13.2.2.4", "3261-C22")
def test_each_branch_becomes_a_call() -> None:
    """With `keeps_forks` every 2xx is acknowledged in a dialog of its own, none is hung up, and each is told."""
    bench = Bench(policy=KEEPS)
    call = bench.outgoing()
    branches(bench, call, "a", "b", "c")
    assert sent_to(bench, "ACK") == ["a", "b", "c"]
    assert bench.methods.count("BYE") == 0
    forks = bench.told(Forked)
    assert [event.forked_from for event in forks] == [call, call]
    calls = [call, *(event.call for event in forks)]
    assert [each.here.dialog.remote_tag for each in calls] == ["a", "b", "c"]
    assert len({each.call_id for each in calls}) == 1
    assert [event.call for event in bench.told(Established)] == calls
    assert [event.call for event in bench.told(AnswerReceived)] == calls
    assert bench.endpoint.calls == calls
    for each in calls:
        bench.take(each.hang_up(now=bench.now))
        assert str(bench.last_request.uri) == f"sip:{bench.last_request.to_tag}@192.0.2.2"
        bench.receive(bench.response(bench.last_request, 200))
    bench.quiet()
    assert (ends(bench), bench.left()) == ([(each, EndReason.HUNG_UP) for each in calls], {})


@pytest.mark.rfc("3261 13.2.2.4", "3261-C22", "3261-C23")
@pytest.mark.parametrize("policy", [KEEPS, Policy()])
def test_each_2xx_has_its_ack(policy: Policy) -> None:
    """A 2xx that comes again gets the ACK of its own dialog again, byte for byte, for 64*T1."""
    bench = Bench(policy=policy)
    call = bench.outgoing()
    answers = [bench.response(call.invite, 200, tag=tag, body=SDP2) for tag in "ab"]
    for answer in answers:
        bench.receive(answer)
    first = {wire for wire in bench.wires if wire.startswith(b"ACK")}
    assert len(first) == 2
    for _ in range(3):
        bench.wait(9)
        bench.wires.clear()
        for answer in answers:
            bench.receive(answer)
        assert {wire for wire in bench.wires if wire.startswith(b"ACK")} == first
    assert len(bench.told(Established)) == (2 if policy is KEEPS else 1)


@pytest.mark.rfc("3261 13.2.2.4", "3261-C22")
@pytest.mark.parametrize("policy", [KEEPS, Policy()])
def test_64_times_t1(policy: Policy) -> None:
    """A branch may answer until 64*T1 after the first 2xx; then early dialogs are over, and a 2xx comes to nothing."""
    bench = Bench(policy=policy)
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180, tag="c"))
    branches(bench, call, "a")
    bench.wait(31.9)
    assert [leg.dialog.state for leg in call.legs] == ["Early", "Confirmed"]
    branches(bench, call, "b")
    assert sent_to(bench, "ACK") == ["a", "b"]
    if policy is not KEEPS:
        assert sent_to(bench, "BYE") == ["b"]
        bench.receive(bench.response(bench.last_request, 200))
    bench.wait(0.1)
    assert "Early" not in [leg.dialog.state for leg in call.legs]
    assert bench.told(Ended) == []
    branches(bench, call, "c")
    assert sent_to(bench, "ACK") == ["a", "b"]
    assert bench.told(Dropped)[-1].reason is DropReason.STRAY_RESPONSE
    assert call.state == "established"


@pytest.mark.rfc("3261 13.2.2.4")
def test_the_call_that_was_first_ends_first() -> None:
    """The branches that are kept do not hang on the one that answered first, nor on the INVITE's time."""
    bench = Bench(policy=KEEPS)
    call = bench.outgoing()
    branches(bench, call, "a", "b")
    bench.take(call.hang_up(now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    branches(bench, call, "c")
    bench.wait(100)
    kept = [event.call for event in bench.told(Forked)]
    assert [(each.here.dialog.remote_tag, each.state) for each in kept] == [("b", "established"), ("c", "established")]
    assert bench.endpoint.calls == kept
    for each in kept:
        dialog = each.here.dialog
        bench.receive(bench.request("BYE", from_=dialog.remote, to=dialog.local, call_id=each.call_id))
    bench.quiet()
    assert (len(ends(bench)), bench.left()) == (3, {})


@pytest.mark.rfc("3261 13.2.2.4")
def test_without_an_offer_each_branch_offers() -> None:
    """Then each is answered by itself, and its ACK waits for that."""
    bench = Bench(policy=KEEPS)
    call = bench.outgoing(offer=b"")
    branches(bench, call, "a", "b", offer=SDP)
    assert sent_to(bench, "ACK") == []
    offers = bench.told(OfferReceived)
    assert [event.dialog.dialog.remote_tag for event in offers] == ["a", "b"]
    for event in reversed(offers):
        assert event.call.state is CallState.ANSWERING
        bench.take(event.call.answer_offer(SDP2, now=bench.now))
    assert sent_to(bench, "ACK") == ["b", "a"]
    assert [event.call.state for event in offers] == ["established", "established"]


@pytest.mark.rfc("3261 13.2.2.4", "3261 9.1", "3261-C29")
@pytest.mark.parametrize("policy", [KEEPS, Policy()])
def test_a_call_that_was_given_up_keeps_no_fork(policy: Policy) -> None:
    """After CANCEL every 2xx is acknowledged and hung up, whatever the policy."""
    bench = Bench(policy=policy)
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180, tag="a"))
    bench.take(call.cancel(now=bench.now))
    branches(bench, call, "a")
    bench.receive(bench.response(bench.last_request, 200))
    assert (sent_to(bench, "ACK"), sent_to(bench, "BYE")) == (["a"], ["a"])
    assert ends(bench) == [(call, EndReason.CANCELLED)]
    assert bench.told(Established) == []


@pytest.mark.rfc("3261 13.2.2.4")
def test_more_branches_than_the_limit() -> None:
    """A stranger cannot make dialogs without number: beyond the limit a branch comes to nothing, and that is told."""
    bench = Bench(limits=Limits(forks=2))
    call = bench.outgoing()
    for tag in "abcd":
        bench.receive(bench.response(call.invite, 180, tag=tag))
    assert (len(call.legs), len(bench.told(Ringing))) == (2, 2)
    assert [drop.reason for drop in bench.told(Dropped)] == [DropReason.OVERLOADED] * 2
    branches(bench, call, "c", "b")
    assert (sent_to(bench, "ACK"), call.here.dialog.remote_tag) == (["b"], "b")


@pytest.mark.rfc("3261 13.2.2.4", "3261 12.1.2", "3261-C21")
def test_the_route_of_the_2xx_counts() -> None:
    """When an early dialog is confirmed its route set is the 2xx's; numbers go on, and nothing changes it later."""
    bench = Bench()
    call = bench.outgoing()
    early = ["Record-Route: <sip:p1.example.com;lr>", "Require: 100rel", "RSeq: 1"]
    bench.receive(bench.response(call.invite, 180, tag="a", headers=early))
    dialog = call.here.dialog
    assert list(dialog.route_set) == ["<sip:p1.example.com;lr>"]
    assert dialog.local_cseq == call.invite.cseq.number + 1
    routes = ["Record-Route: <sip:192.0.2.8;lr;x=1>, <sip:192.0.2.9;lr>"]
    bench.receive(bench.response(call.invite, 200, tag="a", headers=routes, body=SDP2))
    assert bench.last_request.method == "ACK"
    assert bench.last_request.lines_of("Route") == ("<sip:192.0.2.9;lr>", "<sip:192.0.2.8;lr;x=1>")
    bench.take(call.offer(SDP, now=bench.now))
    assert bench.last_request.cseq.number == call.invite.cseq.number + 2
    bench.receive(bench.response(bench.last_request, 200, headers=["Record-Route: <sip:192.0.2.7;lr>"], body=SDP2))
    assert list(dialog.route_set) == ["<sip:192.0.2.9;lr>", "<sip:192.0.2.8;lr;x=1>"]


@pytest.mark.rfc("3261 13.2.2.4")
def test_commands_name_a_dialog_of_their_own_call() -> None:
    """An early dialog of another call is refused, and nothing has happened."""
    bench = Bench()
    call, other = bench.outgoing(), bench.outgoing()
    with pytest.raises(LocalProtocolError, match="not this call's"):
        call.answer_offer(SDP, dialog=other.here, now=bench.now)
