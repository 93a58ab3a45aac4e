"""RFC 5407 E: responses with new To tags, figures 4 to 7. The network between is a proxy's; here is the UAC."""

from __future__ import annotations

import pytest

from sipsm import CallState, Dropped, DropReason, EndReason, Established, Policy, Request
from sipsm.role import Ended, Forked, Ringing
from tests.endpoint.by_hand import SDP2, Bench


def sent(bench: Bench) -> list[tuple[str, str | None]]:
    """The requests behind the INVITE: method and To tag."""
    return [(message.method, message.to.tag) for message in bench.sent[1:] if isinstance(message, Request)]


@pytest.mark.rfc("5407 E", "3261 13.2.2.4")
def test_two_branches_ring_and_one_answers() -> None:
    """Figure 4: the other early dialog is over 64*T1 after the 2xx, when the INVITE is."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 100, tag=None))
    bench.receive(bench.response(call.invite, 180, tag="a"))
    bench.receive(bench.response(call.invite, 180, tag="b"))
    assert [event.dialog.dialog.remote_tag for event in bench.told(Ringing)] == ["a", "b"]
    bench.receive(bench.response(call.invite, 200, tag="a", body=SDP2))
    assert (sent(bench), call.state) == ([("ACK", "a")], CallState.ESTABLISHED)
    bench.wait(31.9)
    assert [leg.dialog.state for leg in call.legs] == ["Confirmed", "Early"]
    bench.wait(0.1)
    assert [leg.dialog.state for leg in call.legs] == ["Confirmed", "Terminated"]
    assert (sent(bench), bench.told(Ended)) == ([("ACK", "a")], [])


@pytest.mark.rfc("5407 E", "3261-C22")
@pytest.mark.parametrize("rang", [True, False])
def test_two_branches_answer(rang: bool) -> None:
    """Figures 5 and 6: a second 2xx gets its ACK and at once a BYE, whether its branch has rung before or not."""
    bench = Bench()
    call = bench.outgoing()
    for tag in "ab" if rang else "a":
        bench.receive(bench.response(call.invite, 180, tag=tag))
    bench.receive(bench.response(call.invite, 200, tag="a", body=SDP2))
    bench.wait(3)
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
    assert sent(bench) == [("ACK", "a"), ("ACK", "b"), ("BYE", "b")]
    bench.receive(bench.response(bench.last_request, 200))
    assert [event.message.to.tag for event in bench.told(Established)] == ["a"]
    assert (call.state, bench.told(Ended)) == (CallState.ESTABLISHED, [])
    bench.take(call.hang_up(now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    bench.quiet()
    assert ([event.reason for event in bench.told(Ended)], bench.left()) == ([EndReason.HUNG_UP], {})


@pytest.mark.rfc("5407 E", "3261 13.2.2.4")
def test_a_focus_keeps_every_branch() -> None:
    """Who wants several dialogs sends no BYE: each branch that answers is a call of its own."""
    bench = Bench(policy=Policy(keeps_forks=True))
    call = bench.outgoing()
    for tag in "ab":
        bench.receive(bench.response(call.invite, 180, tag=tag))
    for tag in "ab":
        bench.receive(bench.response(call.invite, 200, tag=tag, body=SDP2))
    assert sent(bench) == [("ACK", "a"), ("ACK", "b")]
    (forked,) = bench.told(Forked)
    assert (forked.forked_from, forked.call.state, call.state) == (call, CallState.ESTABLISHED, CallState.ESTABLISHED)
    for each in (call, forked.call):
        bench.take(each.hang_up(now=bench.now))
        bench.receive(bench.response(bench.last_request, 200))
    assert [event.call for event in bench.told(Ended)] == [call, forked.call]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("5407 E", "3262 4", "6026 8.4")
def test_a_late_branch_rings_reliably() -> None:
    """Figure 7: a reliable 180 behind the 2xx of another branch may be acknowledged, or discarded as here."""
    # "The UAC MAY acknowledge reliable provisional responses received after the final response or MAY discard them."
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180, tag="a"))
    bench.receive(bench.response(call.invite, 200, tag="a", body=SDP2))
    bench.receive(bench.response(call.invite, 180, tag="b", headers=["Require: 100rel", "RSeq: 7"]))
    assert [event.reason for event in bench.told(Dropped)] == [DropReason.ABSORBED]
    assert [event.response.to.tag for event in bench.told(Ringing)] == ["a"]
    # That branch may answer yet.
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
    assert sent(bench) == [("ACK", "a"), ("ACK", "b"), ("BYE", "b")]
    assert (call.state, len(bench.told(Established)), bench.told(Ended)) == (CallState.ESTABLISHED, 1, [])


@pytest.mark.rfc("5407 E", "3262 4")
def test_two_branches_ring_reliably() -> None:
    """Before any 2xx each early dialog has its own PRACK, numbered within that dialog."""
    bench = Bench()
    call = bench.outgoing()
    for tag, rseq in (("a", 7), ("b", 7), ("a", 8)):
        bench.receive(bench.response(call.invite, 180, tag=tag, headers=["Require: 100rel", f"RSeq: {rseq}"]))
        bench.receive(bench.response(bench.last_request, 200))
    assert sent(bench) == [("PRACK", "a"), ("PRACK", "b"), ("PRACK", "a")]
    numbers = [message.cseq.number - call.invite.cseq.number for message in bench.sent if isinstance(message, Request)]
    assert numbers == [0, 1, 1, 2]
