"""A call at each stage of its life, on both sides, and the way on from there to its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sipsm import Call, CallState, Ended, Policy
from sipsm.role import Output
from tests.endpoint.by_hand import SDP, SDP2, Bench

Stage = Callable[[Bench], Call]
Command = Callable[[Call, float], list[Output]]


# -------------------------------------------------------------------- ours


def calling(bench: Bench) -> Call:
    """Nothing has come yet."""
    return bench.outgoing()


def hearing_it_ring(bench: Bench) -> Call:
    """A 180 has come."""
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 180))
    return call


def cancel_waiting(bench: Bench) -> Call:
    """Given up before anything has come."""
    call = bench.outgoing()
    bench.take(call.cancel(now=bench.now))
    return call


def cancelling(bench: Bench) -> Call:
    """The CANCEL is out."""
    call = hearing_it_ring(bench)
    bench.take(call.cancel(now=bench.now))
    return call


def offered(bench: Bench) -> Call:
    """The 2xx carries an offer, which we have not answered."""
    call = bench.outgoing(offer=b"")
    bench.receive(bench.response(call.invite, 200, body=SDP))
    return call


def up(bench: Bench) -> Call:
    """Established."""
    return bench.answered()


def hung_up(bench: Bench) -> Call:
    """Our BYE is out."""
    call = bench.answered()
    bench.take(call.hang_up(now=bench.now))
    return call


def rejected(bench: Bench) -> Call:
    """The peer did not want it."""
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 486))
    return call


def owing_a_prack(bench: Bench) -> Call:
    """A reliable 183 has come, and its PRACK is left to us."""
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 183, headers=["Require: 100rel", "RSeq: 7"]))
    return call


def offered_early(bench: Bench) -> Call:
    """A reliable 183 carries the offer, which we have not answered."""
    call = bench.outgoing(offer=b"")
    bench.receive(bench.response(call.invite, 183, headers=["Require: 100rel", "RSeq: 7"], body=SDP))
    return call


def answered_early(bench: Bench) -> Call:
    """A reliable 183 has answered our offer, and has its PRACK: UPDATE may be sent now."""
    call = bench.outgoing()
    bench.receive(bench.response(call.invite, 183, headers=["Require: 100rel", "RSeq: 7"], body=SDP2))
    bench.receive(bench.response(bench.last_request, 200))
    return call


def changing(bench: Bench) -> Call:
    """Our re-INVITE is out."""
    call = bench.answered()
    bench.take(call.offer(SDP2, now=bench.now))
    return call


def updating(bench: Bench) -> Call:
    """Our UPDATE is out."""
    call = bench.acked()
    bench.take(call.offer(SDP, method="UPDATE", now=bench.now))
    return call


def collided(bench: Bench) -> Call:
    """Our re-INVITE got 491, and waits for another try."""
    call = changing(bench)
    bench.receive(bench.response(bench.last_request, 491))
    return call


# -------------------------------------------------------------------- the peer's


def incoming(bench: Bench) -> Call:
    """The INVITE has come."""
    return bench.incoming()


def ringing(bench: Bench) -> Call:
    """We have sent a 180."""
    call = bench.incoming()
    bench.take(call.ring(now=bench.now))
    return call


def accepted(bench: Bench) -> Call:
    """Our 2xx is out, and its ACK has not come."""
    call = bench.incoming()
    bench.take(call.answer(SDP2, now=bench.now))
    return call


def leaving(bench: Bench) -> Call:
    """We have hung up, and the BYE waits for the ACK of our 2xx."""
    call = accepted(bench)
    bench.take(call.hang_up(now=bench.now))
    return call


def acknowledged(bench: Bench) -> Call:
    """Established."""
    return bench.acked()


def refreshing(bench: Bench) -> Call:
    """Established, and we are to refresh it."""
    return bench.acked(headers=["Session-Expires: 90;refresher=uas", "Supported: timer"])


def watching(bench: Bench) -> Call:
    """Established, and the peer is to refresh it."""
    return bench.answered(headers=["Session-Expires: 90;refresher=uas", "Require: timer"])


def hung_up_by_callee(bench: Bench) -> Call:
    """Our BYE is out."""
    call = bench.acked()
    bench.take(call.hang_up(now=bench.now))
    return call


def over(bench: Bench) -> Call:
    """The peer has hung up."""
    call = bench.acked()
    bench.receive(bench.in_dialog("BYE", 2, call))
    return call


def ringing_reliably(bench: Bench) -> Call:
    """Our reliable 183 bears our answer, and has not had its PRACK."""
    call = bench.incoming(headers=["Supported: 100rel"])
    bench.take(call.ring(183, sdp=SDP2, reliable=True, now=bench.now))
    return call


def answering(bench: Bench) -> Call:
    """Our 2xx waits for that PRACK."""
    call = ringing_reliably(bench)
    bench.take(call.answer(now=bench.now))
    return call


def pracked_with_an_offer(bench: Bench) -> Call:
    """The PRACK has come, and makes another offer."""
    call = ringing_reliably(bench)
    bench.receive(
        bench.in_dialog("PRACK", 2, call, headers=[f"RAck: {bench.last_response.header('RSeq')} 1 INVITE"], body=SDP)
    )
    return call


def changed(bench: Bench) -> Call:
    """The peer's re-INVITE makes an offer."""
    call = bench.acked()
    bench.receive(bench.in_dialog("INVITE", 2, call, body=SDP))
    return call


def asked_for_an_offer(bench: Bench) -> Call:
    """The peer's re-INVITE makes none."""
    call = bench.answered()
    bench.receive(bench.in_dialog("INVITE", 2, call))
    return call


def updated(bench: Bench) -> Call:
    """The peer's UPDATE makes an offer."""
    call = bench.acked()
    bench.receive(bench.in_dialog("UPDATE", 2, call, body=SDP))
    return call


# -------------------------------------------------------------------- what can be done, and where

COMMANDS: dict[str, Command] = {
    "ring": lambda call, now: call.ring(now=now),
    "ring early": lambda call, now: call.ring(183, sdp=SDP2, now=now),
    "ring reliably": lambda call, now: call.ring(reliable=True, now=now),
    "answer": lambda call, now: call.answer(SDP2, now=now),
    "reject": lambda call, now: call.reject(486, now=now),
    "cancel": lambda call, now: call.cancel(now=now),
    "acknowledge": lambda call, now: call.acknowledge(now=now),
    "answer offer": lambda call, now: call.answer_offer(SDP2, now=now),
    "reject offer": lambda call, now: call.reject_offer(now=now),
    "re-INVITE": lambda call, now: call.offer(SDP, method="INVITE", now=now),
    "UPDATE": lambda call, now: call.offer(SDP, method="UPDATE", now=now),
    "bare UPDATE": lambda call, now: call.offer(method="UPDATE", now=now),
    "hang up": lambda call, now: call.hang_up(now=now),
    "request": lambda call, now: call.request("OPTIONS", now=now)[1],
    "info": lambda call, now: call.info(None, now=now)[1],
}

CHANGES = {"re-INVITE", "UPDATE", "bare UPDATE"}
IN_DIALOG = {"bare UPDATE", "request", "info"}
WHILE_UP = {*IN_DIALOG, "hang up"}

STAGES: dict[Stage, tuple[CallState, set[str]]] = {
    calling: (CallState.CALLING, {"cancel"}),
    hearing_it_ring: (CallState.RINGING, {"cancel", *IN_DIALOG}),
    cancel_waiting: (CallState.ENDING, set()),
    cancelling: (CallState.ENDING, {*IN_DIALOG}),
    owing_a_prack: (CallState.RINGING, {"cancel", *IN_DIALOG, "acknowledge"}),
    offered_early: (CallState.RINGING, {"cancel", *IN_DIALOG, "answer offer"}),
    answered_early: (CallState.RINGING, {"cancel", *IN_DIALOG, "UPDATE"}),
    offered: (CallState.ANSWERING, {"answer offer", "hang up", *IN_DIALOG}),
    up: (CallState.ESTABLISHED, WHILE_UP | CHANGES),
    changing: (CallState.ESTABLISHED, WHILE_UP | {"cancel"}),
    updating: (CallState.ESTABLISHED, WHILE_UP - {"bare UPDATE"}),
    collided: (CallState.ESTABLISHED, WHILE_UP | CHANGES),
    hung_up: (CallState.ENDING, set()),
    rejected: (CallState.ENDED, set()),
    incoming: (CallState.INCOMING, {"ring", "ring early", "answer", "reject"}),
    ringing: (CallState.RINGING, {"ring", "ring early", "answer", "reject", *IN_DIALOG}),
    ringing_reliably: (CallState.RINGING, {"ring", "ring early", "answer", "reject", *IN_DIALOG}),
    answering: (CallState.RINGING, {"reject", *IN_DIALOG}),
    pracked_with_an_offer: (CallState.RINGING, {"ring", "ring reliably", "reject", "answer offer", *IN_DIALOG}),
    accepted: (CallState.ANSWERING, {"hang up", "UPDATE", *IN_DIALOG}),
    leaving: (CallState.ENDING, set()),
    acknowledged: (CallState.ESTABLISHED, WHILE_UP | CHANGES),
    refreshing: (CallState.ESTABLISHED, WHILE_UP | CHANGES),
    watching: (CallState.ESTABLISHED, WHILE_UP | CHANGES),
    changed: (
        CallState.ESTABLISHED,
        WHILE_UP | {"ring", "ring early", "answer", "reject", "answer offer", "reject offer"},
    ),
    asked_for_an_offer: (
        CallState.ESTABLISHED,
        WHILE_UP | {"ring", "answer", "reject", "answer offer", "reject offer"},
    ),
    updated: (CallState.ESTABLISHED, WHILE_UP | {"answer offer", "reject offer"}),
    hung_up_by_callee: (CallState.ENDING, set()),
    over: (CallState.ENDED, set()),
}
"""What a call is called at each stage, and which commands may be given."""


SETTINGS: dict[Stage, dict[str, Any]] = {owing_a_prack: {"policy": Policy(prack_by_hand=True)}}
"""How the endpoint is to be made for a stage, where not by default."""


def at(stage: Stage, seed: int = 1) -> tuple[Bench, Call]:
    """A bench with a call at this stage."""
    bench = Bench(seed, **SETTINGS.get(stage, {}))
    return bench, stage(bench)


def to_its_end(bench: Bench, call: Call) -> None:
    """Play the peer who ends a call at whatever stage it is, and let all timers run out."""
    if call.state is CallState.ENDED:
        pass
    elif call.outgoing and call.here.session.state in {"Inviting", "Invited"}:
        bench.receive(bench.response(call.invite, 183))
        bench.receive(bench.response(call.invite, 487))
    elif call.outgoing and call.state is not CallState.ENDING:
        bench.receive(bench.in_dialog("BYE", 1000, call))
    elif call.here.session.state in {"Inviting", "Invited"}:
        bench.receive(bench.request("CANCEL", branch="z9hG4bKcall"))
    else:
        bench.receive(bench.in_dialog("ACK", 1, call))
        bench.receive(bench.in_dialog("BYE", 1000, call))
    bench.quiet()
    assert call.state is CallState.ENDED
    assert sum(isinstance(event, Ended) and event.call is call for event in bench.outputs) == 1
    assert bench.left() == {}
