"""An INVITE that takes the place of a dialog, or is to be mixed with one (RFC 3891, RFC 3911)."""

from __future__ import annotations

import pytest

from sipsm import Call, CallState, EndReason
from sipsm.message.headers import JOIN, REPLACES, Join, Replaces
from sipsm.role import Ended, IncomingCall, Policy, RequestServed
from sipsm.testing import answer, ladder, nothing_left
from tests.endpoint.by_hand import SDP, SDP2, Bench
from tests.ladders.parties import parties, reasons, taken


def named(call: Call, *, swapped: bool = False) -> str:
    """The dialog of a call of the bench, as a header of the peer names it."""
    dialog = call.here.dialog
    tags = dialog.local_tag, dialog.remote_tag or "0"
    to_tag, from_tag = reversed(tags) if swapped else tags
    return f"{call.call_id};to-tag={to_tag};from-tag={from_tag}"


def arrives(bench: Bench, *headers: str, call_id: str = "new@192.0.2.3") -> int:
    """An INVITE of a third party with these headers; its final status, or 0 when it is for the application."""
    known = len(bench.told(IncomingCall))
    bench.receive(
        bench.request(
            "INVITE",
            headers=headers,
            body=SDP,
            call_id=call_id,
            from_="<sip:carol@192.0.2.3>;tag=carols",
            contact="<sip:carol@192.0.2.3:5060>",
            via=f"Via: SIP/2.0/UDP 192.0.2.3:5060;branch={bench.branch()}",
        ),
        ("192.0.2.3", 5060),
    )
    return 0 if len(bench.told(IncomingCall)) > known else bench.last_response.status


def newest(bench: Bench) -> IncomingCall:
    """The call that came in last."""
    event = bench.told(IncomingCall)[-1]
    assert isinstance(event, IncomingCall)
    return event


# -------------------------------------------------------------------- Replaces


@pytest.mark.rfc("3891 3", "3891 4")
def test_a_call_is_taken_over() -> None:
    """Carol's INVITE names the call of Alice and Bob: Bob accepts it, hangs up on Alice, and no one else notices."""
    net, alice, bob = parties()
    carol = net.agent("carol")
    call = alice.invite("sip:bob")
    bob.script(answer(after=0.1))

    def take_over() -> None:
        dialog = call.here.dialog
        header = Replaces.build(call.call_id, to_tag=dialog.remote_tag, from_tag=dialog.local_tag)
        carol.invite("sip:bob", headers=[("Replaces", str(header)), ("Require", "replaces")])

    net.at(2, take_over)
    net.at(4, lambda: bob.do(taken(bob).hang_up))
    assert net.run() == ladder("""
        0.0  alice INVITE----------> bob
        0.1  alice <------------200- bob
        0.1  alice ACK-------------> bob
        2.0  bob   <---------INVITE- carol
        2.1  bob   200-------------> carol
        2.1  alice <------------BYE- bob
        2.1  bob   <------------ACK- carol
        2.1  alice 200-------------> bob
        4.0  bob   BYE-------------> carol
        4.0  bob   <------------200- carol
    """)
    assert taken(bob).invite[REPLACES] is not None
    assert reasons(alice) == [EndReason.HUNG_UP_BY_PEER]
    assert reasons(bob) == [EndReason.REPLACED, EndReason.HUNG_UP]
    nothing_left(net)


@pytest.mark.rfc("3891 3")
@pytest.mark.parametrize("ours", [False, True])
def test_either_sides_call_may_be_replaced(ours: bool) -> None:
    """The to-tag is compared with our tag, the from-tag with the peer's, whoever called; the event names the call."""
    bench = Bench()
    call = bench.answered() if ours else bench.acked()
    assert arrives(bench, f"Replaces: {named(call, swapped=True)}") == 481
    assert arrives(bench, f"Replaces: {named(call)}", call_id="second") == 0
    event = newest(bench)
    assert (event.replaces, event.joins, call.state) == (call, None, CallState.ESTABLISHED)
    bench.take(event.call.answer(SDP2, now=bench.now))
    assert (bench.statuses[-1], bench.methods[-1], bench.last_request.call_id) == (200, "BYE", call.call_id)
    bench.receive(bench.response(bench.last_request, 200))
    assert [(end.call, end.reason) for end in bench.told(Ended)] == [(call, EndReason.REPLACED)]


@pytest.mark.rfc("3891 3")
def test_what_is_not_accepted_changes_nothing() -> None:
    """A replacement that is refused, or given up, leaves the call as it was."""
    bench = Bench()
    call = bench.acked()
    assert arrives(bench, f"Replaces: {named(call)}") == 0
    bench.take(newest(bench).call.reject(488, now=bench.now))
    assert arrives(bench, f"Replaces: {named(call)}", call_id="second") == 0
    assert call.state == "established"
    assert bench.methods == []


@pytest.mark.rfc("3891 3")
def test_no_such_dialog() -> None:
    """No match is 481; a dialog that is over is 603, so that no phone rings for what is not wanted."""
    bench = Bench()
    assert arrives(bench, "Replaces: nobody;to-tag=1;from-tag=2") == 481
    call = bench.acked()
    bench.take(call.hang_up(now=bench.now))
    assert arrives(bench, f"Replaces: {named(call)}", call_id="second") == 603
    bench.receive(bench.response(bench.last_request, 200))
    bench.quiet()
    assert arrives(bench, f"Replaces: {named(call)}", call_id="third") == 603
    assert arrives(bench, f"Join: {named(call)}", call_id="fourth") == 603
    assert bench.told(RequestServed)[-1].status == 603


@pytest.mark.rfc("3891 3", "3911 4")
def test_contradictions() -> None:
    """400 for two Replaces, two Joins, one of each, and for either in another request than INVITE."""
    bench = Bench()
    call = bench.acked()
    replaces, join = f"Replaces: {named(call)}", f"Join: {named(call)}"
    for number, headers in enumerate(([replaces, replaces], [join, join], [replaces, join])):
        assert arrives(bench, *headers, call_id=f"c{number}") == 400
    for number, header in enumerate((replaces, join)):
        bench.receive(bench.request("OPTIONS", headers=[header], call_id=f"o{number}"))
        assert bench.last_response.status == 400
    assert (call.state, len(bench.told(IncomingCall))) == ("established", 1)


@pytest.mark.rfc("3891 3")
def test_early_only() -> None:
    """With the flag a confirmed dialog is not replaced: 486."""
    bench = Bench()
    call = bench.acked()
    assert arrives(bench, f"Replaces: {named(call)};early-only") == 486
    assert call.state == "established"


@pytest.mark.rfc("3891 3")
@pytest.mark.parametrize("flag", ["", ";early-only"])
def test_an_early_dialog_of_ours(flag: str) -> None:
    """While we ring somebody our call may be taken over: it gets CANCEL, once the new one is accepted."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    assert arrives(bench, f"Replaces: {named(call)}{flag}") == 0
    assert newest(bench).replaces is call
    bench.take(newest(bench).call.answer(SDP2, now=bench.now))
    assert (bench.statuses[-1], bench.methods[-1]) == (200, "CANCEL")
    bench.receive(bench.response(call.invite, 487))
    assert [end.call for end in bench.told(Ended)] == [call]


@pytest.mark.rfc("3891 3")
def test_it_was_cancelled_meanwhile() -> None:
    """A call that is being cancelled already is not cancelled twice by what takes its place."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    assert arrives(bench, f"Replaces: {named(call)}") == 0
    bench.take(call.cancel(now=bench.now))
    bench.take(newest(bench).call.answer(SDP2, now=bench.now))
    assert bench.methods == ["INVITE", "CANCEL"]


@pytest.mark.rfc("3891 3")
def test_it_was_answered_meanwhile() -> None:
    """An early dialog that is confirmed by the time its replacement is accepted gets BYE; one that is over, nothing."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    assert arrives(bench, f"Replaces: {named(call)}") == 0
    first = newest(bench).call
    assert arrives(bench, f"Replaces: {named(call)}", call_id="second") == 0
    second = newest(bench).call
    bench.receive(bench.response(call.invite, 200, body=SDP2))
    bench.take(first.answer(SDP2, now=bench.now))
    assert bench.methods == ["INVITE", "ACK", "BYE"]
    bench.receive(bench.response(bench.last_request, 200))
    bench.take(second.answer(SDP2, now=bench.now))
    assert bench.methods == ["INVITE", "ACK", "BYE"]


@pytest.mark.rfc("3891 3")
def test_an_early_dialog_of_the_peer() -> None:
    """Who calls us is not replaced before we have answered: 481; joined he may be (RFC 3911 4)."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.ring(now=bench.now))
    assert arrives(bench, f"Replaces: {named(call)}") == 481
    assert (call.state, bench.statuses) == ("ringing", [180, 481])
    assert arrives(bench, f"Join: {named(call)}", call_id="second") == 0
    assert newest(bench).joins is call


@pytest.mark.rfc("3891 3", "3261 15")
def test_a_call_whose_ack_is_missing() -> None:
    """Our answer has not been acknowledged: the BYE waits for that, as every BYE of a callee."""
    bench = Bench()
    call = bench.incoming()
    bench.take(call.answer(SDP2, now=bench.now))
    assert arrives(bench, f"Replaces: {named(call)}") == 0
    bench.take(newest(bench).call.answer(SDP2, now=bench.now))
    assert "BYE" not in bench.methods
    bench.receive(bench.in_dialog("ACK", 1, call))
    assert bench.methods == ["BYE"]
    bench.receive(bench.response(bench.last_request, 200))
    assert bench.told(Ended)[-1].reason is EndReason.REPLACED


@pytest.mark.rfc("3891 3", "3261 13.2.2.4")
def test_a_call_whose_offer_is_unanswered() -> None:
    """The peer's 2xx bears an offer, and the application has not answered: its streams are refused, then comes BYE."""
    bench = Bench()
    call = bench.outgoing(offer=b"")
    bench.receive(bench.response(call.invite, 200, body=SDP))
    assert arrives(bench, f"Replaces: {named(call)}") == 0
    bench.take(newest(bench).call.answer(SDP2, now=bench.now))
    assert bench.methods == ["INVITE", "ACK", "BYE"]
    bench.receive(bench.response(bench.last_request, 200))
    assert [end.reason for end in bench.told(Ended)] == [EndReason.REPLACED]


@pytest.mark.rfc("3891 6.1", "3261 12.1.1", "3261-C14")
def test_a_tag_of_zero() -> None:
    """A peer of RFC 2543 without a tag is named by the tag 0."""
    bench = Bench()
    call = bench.acked(from_="<sip:old@192.0.2.2>")
    assert named(call).endswith(";from-tag=0")
    assert arrives(bench, f"Replaces: {named(call)}") == 0
    assert newest(bench).replaces is call


@pytest.mark.rfc("3891 3", "3911 4")
@pytest.mark.parametrize("header", ["Replaces", "Join"])
def test_nobody_may(header: str) -> None:
    """A policy that lets nobody in answers 403, whatever the dialog is."""
    bench = Bench(policy=Policy(replaceable=False))
    call = bench.acked()
    assert arrives(bench, f"{header}: {named(call)}") == 403
    assert arrives(bench, f"{header}: nobody;to-tag=1;from-tag=2", call_id="second") == 403
    assert call.state == "established"


# -------------------------------------------------------------------- Join


@pytest.mark.rfc("3911 4", "3911 5")
def test_a_call_is_joined() -> None:
    """The event names the call; both go on, and mixing them is the application's."""
    bench = Bench()
    call = bench.acked()
    assert arrives(bench, f"Join: {named(call)}") == 0
    event = newest(bench)
    assert (event.joins, event.replaces) == (call, None)
    bench.take(event.call.answer(SDP2, now=bench.now))
    assert (call.state, bench.methods) == ("established", [])
    assert arrives(bench, "Join: nobody;to-tag=1;from-tag=2", call_id="second") == 481
    assert arrives(bench, f"Join: {named(call, swapped=True)}", call_id="third") == 481


@pytest.mark.rfc("3911 4")
def test_an_early_dialog_is_joined() -> None:
    """Also one of ours that only rings."""
    bench = Bench()
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    assert arrives(bench, f"Join: {named(call)}") == 0
    bench.take(newest(bench).call.reject(488, now=bench.now))
    assert call.state == "ringing"


@pytest.mark.rfc("3911 5", "3261 8.1.3.4")
def test_a_join_that_is_redirected() -> None:
    """The INVITE to the next target has the same Join."""
    bench = Bench(policy=Policy(redirections=1))
    join = Join.build("a@b", to_tag="1", from_tag="2")
    call = bench.outgoing(headers=[("Join", str(join))])
    bench.receive(bench.response(call.invite, 302, contact="<sip:conference@192.0.2.5>"))
    assert str(bench.last_request.uri) == "sip:conference@192.0.2.5"
    assert bench.last_request[JOIN] == join


@pytest.mark.rfc("3891 5", "3261 20.37")
def test_both_are_named_as_supported() -> None:
    """An INVITE lists replaces and join in Supported."""
    assert {"replaces", "join"} <= set(Bench().outgoing().invite.header_values("Supported"))
