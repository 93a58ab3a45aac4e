"""Requests of ours in a dialog that is early: OPTIONS and INFO of either side, and the BYE of the caller.

RFC 3261 12.2.1 and 15, RFC 6086 4.2.1, RFC 5407 3.1.3 and A.
"""

from __future__ import annotations

import pytest

from sipsm import Call, CallState, EndReason, LocalProtocolError, Policy, Request
from sipsm.role import Answered, EarlyDialogEnded, Ended, Established, Forked, InfoReceived, Profile
from sipsm.testing import answer, ladder, nothing_left, ring
from tests.endpoint.by_hand import SDP2, Bench
from tests.ladders.parties import parties, reasons, taken, told
from tests.ladders.reliably import requests


def forked(bench: Bench, *, policy_tags: tuple[str, ...] = ("a", "b")) -> Call:
    """A call of ours that rings on two branches."""
    call = bench.outgoing()
    for tag in policy_tags:
        bench.receive(bench.response(call.invite, 180, tag=tag))
    return call


def tags(bench: Bench, *methods: str) -> list[tuple[str, str | None]]:
    """The requests of these methods that were sent, and to whom."""
    return [(each.method, each.to_tag) for each in bench.sent if isinstance(each, Request) and each.method in methods]


# -------------------------------------------------------------------- OPTIONS and INFO


@pytest.mark.rfc("3261 12.2.1", "6086 4.2.1")
def test_both_ask_while_it_rings() -> None:
    """Once a response has made the dialog, either may send OPTIONS and INFO in it, and the call goes on."""
    net, alice, bob = parties()
    bob.script(ring(), answer(after=1))
    call = alice.invite("sip:bob")
    net.at(0.2, lambda: alice.do(call.request, "OPTIONS"))
    net.at(0.4, lambda: bob.do(taken(bob).info, None, b"x", "text/plain"))
    net.at(0.6, lambda: alice.do(call.info, None))
    assert net.run(until=2) == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------180- bob
        0.2  alice OPTIONS---------> bob
        0.2  alice <------------200- bob
        0.4  alice <-----------INFO- bob
        0.4  alice 200-------------> bob
        0.6  alice INFO------------> bob
        0.6  alice <------------200- bob
        1.0  alice <------------200- bob
        1.0  alice ACK-------------> bob
    """)
    assert [event.status for event in told(alice, Answered)] == [200, 200]
    assert (len(told(alice, InfoReceived)), len(told(bob, InfoReceived))) == (1, 1)
    assert (call.state, taken(bob).state) == (CallState.ESTABLISHED, CallState.ESTABLISHED)


@pytest.mark.rfc("3261 12.2.1", "6086 4.2.1")
def test_which_branch_is_asked() -> None:
    """Each branch has its own numbers and its own packages; without a name it is the first."""
    bench = Bench(profile=Profile(info_packages=("foo",)))
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180, tag="a"))
    bench.receive(bench.response(call.invite, 180, tag="b", headers=["Recv-Info: foo"]))
    first, second = call.legs
    with pytest.raises(LocalProtocolError, match="does not take it") as error:
        call.info("foo", now=bench.now)
    assert error.value.rfc == "6086 4.2.1"
    for dialog in (None, second, first):
        bench.take(call.request("OPTIONS", dialog=dialog, now=bench.now)[1])
    bench.take(call.info("foo", dialog=second, now=bench.now)[1])
    assert tags(bench, "OPTIONS", "INFO") == [("OPTIONS", "a"), ("OPTIONS", "b"), ("OPTIONS", "a"), ("INFO", "b")]
    number = call.invite.cseq.number
    sent = [each.cseq.number - number for each in bench.sent if isinstance(each, Request)]
    assert sent == [0, 1, 1, 2, 2]


@pytest.mark.rfc("3261 12.2.1.2", "3261 13.2.2.4")
@pytest.mark.parametrize("silent", [True, False])
def test_a_branch_that_is_not_there_any_more(silent: bool) -> None:
    """A 481 or silence ends that early dialog, and not the INVITE; a late 2xx from there gets ACK and BYE."""
    bench = Bench()
    call = forked(bench)
    bench.take(call.request("OPTIONS", dialog=call.legs[1], now=bench.now)[1])
    if silent:
        bench.wait(32)
    else:
        bench.receive(bench.response(bench.last_request, 481))
    assert [event.dialog for event in bench.told(EarlyDialogEnded)] == [call.legs[1]]
    assert (call.state, [leg.session.state for leg in call.legs]) == ("ringing", ["Inviting", "Ended"])
    bench.receive(bench.response(call.invite, 200, tag="a", body=SDP2))
    assert call.state == "established"
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
    assert tags(bench, "ACK", "BYE") == [("ACK", "a"), ("ACK", "b"), ("BYE", "b")]
    assert call.state == "established"


@pytest.mark.rfc("6086 4.2.1", "3261 12.2.1.2")
def test_what_overtakes_our_response() -> None:
    """A 481 to the callee's INFO may only say that its 180 has not got there: the call goes on."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.ring(now=bench.now))
    bench.take(call.info(None, now=bench.now)[1])
    bench.receive(bench.response(bench.last_request, 481))
    assert [event.status for event in bench.told(Answered)] == [481]
    assert (call.state, bench.told(Ended)) == ("ringing", [])
    bench.take(call.answer(SDP2, now=bench.now))
    bench.take(call.request("OPTIONS", now=bench.now)[1])
    assert (bench.last_request.method, call.state) == ("OPTIONS", "answering")


# -------------------------------------------------------------------- BYE


@pytest.mark.rfc("3261 15", "3261 15.1.1", "5407 A", "3261-S16")
def test_a_bye_while_it_rings() -> None:
    """The caller ends an early dialog: who rings there refuses the INVITE, and with it the call is over."""
    net, alice, bob = parties()
    bob.script(ring())
    call = alice.invite("sip:bob")
    net.at(1, lambda: alice.do(call.hang_up, dialog=call.legs[0]))
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.0  alice <------------180- bob
        1.0  alice BYE-------------> bob
        1.0  alice <------------200- bob
        1.0  alice <------------487- bob
        1.0  alice ACK-------------> bob
    """)
    (ended,) = told(alice, Ended)
    assert (ended.reason, ended.status) == (EndReason.REJECTED, 487)
    assert (reasons(bob), len(told(alice, EarlyDialogEnded))) == ([EndReason.CANCELLED_BY_PEER], 1)
    nothing_left(net)


@pytest.mark.rfc("3261 15", "5407 A")
def test_one_branch_is_left_and_another_answers() -> None:
    """The BYE ends that early dialog alone; what still comes from there tells nothing, and the other one is up."""
    bench = Bench()
    call = forked(bench)
    first, second = call.legs
    bench.take(call.hang_up(dialog=first, now=bench.now))
    assert ([event.dialog for event in bench.told(EarlyDialogEnded)], bench.told(Ended)) == ([first], [])
    bye = bench.last_request
    bench.receive(bench.response(call.invite, 180, tag="a"))
    with pytest.raises(LocalProtocolError, match="ending already"):
        call.hang_up(dialog=first, now=bench.now)
    with pytest.raises(LocalProtocolError, match="over"):
        call.request("OPTIONS", dialog=first, now=bench.now)
    bench.receive(bench.response(bye, 200))
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
    assert (call.state, call.here) == ("established", second)
    assert (tags(bench, "BYE", "ACK"), len(bench.told(Established))) == ([("BYE", "a"), ("ACK", "b")], 1)
    bench.take(call.hang_up(dialog=second, now=bench.now))
    bench.receive(bench.response(bench.last_request, 200))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("5407 3.1.3", "3261 15.1.1", "3261 13.2.2.4")
@pytest.mark.parametrize("answered", [None, 200, 481])
def test_the_bye_meets_the_200(answered: int | None) -> None:
    """The 200 is acknowledged and begins nothing; where the BYE had been answered before, another one follows."""
    bench = Bench()
    call = forked(bench, policy_tags=("a",))
    bench.take(call.hang_up(dialog=call.legs[0], now=bench.now))
    bye = bench.last_request
    if answered is not None:
        bench.receive(bench.response(bye, answered))
    bench.receive(bench.response(call.invite, 200, tag="a", body=SDP2))
    assert tags(bench, "BYE", "ACK") == [("BYE", "a"), ("ACK", "a")] + [("BYE", "a")] * (answered is not None)
    assert (bench.told(Established), call.state) == ([], "ending")
    bench.receive(bench.response(bench.last_request if answered else bye, 200))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("5407 A", "3261 13.2.2.4")
@pytest.mark.parametrize("keeps_forks", [True, False])
def test_the_branch_that_was_left_answers_last(keeps_forks: bool) -> None:
    """While another is up, its 200 gets ACK, and the BYE that is under way is the only one; no call comes of it."""
    bench = Bench(policy=Policy(keeps_forks=keeps_forks))
    call = forked(bench)
    bench.take(call.hang_up(dialog=call.legs[0], now=bench.now))
    bye = bench.last_request
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
    bench.receive(bench.response(call.invite, 200, tag="a", body=SDP2))
    assert tags(bench, "BYE", "ACK") == [("BYE", "a"), ("ACK", "b"), ("ACK", "a")]
    bench.receive(bench.response(bye, 200))
    assert (call.state, bench.told(Ended), bench.told(Forked)) == ("established", [], [])
    assert len(requests(bench, "BYE")) == 1


@pytest.mark.rfc("5407 A", "3261 13.2.2.4")
def test_the_branch_that_was_left_answers_first() -> None:
    """With its 200 the INVITE is answered: the call ends with the BYE, and another branch gets ACK and BYE."""
    bench = Bench()
    call = forked(bench)
    bench.take(call.hang_up(dialog=call.legs[0], now=bench.now))
    bye = bench.last_request
    bench.receive(bench.response(call.invite, 200, tag="a", body=SDP2))
    bench.receive(bench.response(call.invite, 200, tag="b", body=SDP2))
    assert tags(bench, "BYE", "ACK") == [("BYE", "a"), ("ACK", "a"), ("ACK", "b"), ("BYE", "b")]
    bench.receive(bench.response(bye, 200))
    bench.receive(bench.response(requests(bench, "BYE")[-1], 200))
    assert [event.reason for event in bench.told(Ended)] == [EndReason.HUNG_UP]
    bench.quiet()
    assert bench.left() == {}


@pytest.mark.rfc("3261 15")
def test_who_may_not_hang_up_yet() -> None:
    """Not the callee in an early dialog, nor the caller before there is one, nor the whole call: that is cancelled."""
    bench = Bench()
    theirs = bench.incoming()
    bench.take(theirs.ring(now=bench.now))
    ours = bench.outgoing()
    for call, why in ((theirs, "answer or reject"), (ours, "cancel instead")):
        with pytest.raises(LocalProtocolError, match=why) as error:
            call.hang_up(dialog=call.legs[0], now=bench.now)
        assert error.value.rfc == "3261 15"
    bench.receive(bench.response(ours.invite, 180))
    with pytest.raises(LocalProtocolError, match="cancel instead"):
        ours.hang_up(now=bench.now)
    assert requests(bench, "BYE") == []
