"""A call at each stage of its life, on both sides, and the way on from there to its end."""

from __future__ import annotations

from collections.abc import Callable

from sipsm import Call, CallState, Ended
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


# -------------------------------------------------------------------- what can be done, and where

COMMANDS: dict[str, Command] = {
    "ring": lambda call, now: call.ring(now=now),
    "ring early": lambda call, now: call.ring(183, sdp=SDP2, now=now),
    "answer": lambda call, now: call.answer(SDP2, now=now),
    "reject": lambda call, now: call.reject(486, now=now),
    "cancel": lambda call, now: call.cancel(now=now),
    "answer offer": lambda call, now: call.answer_offer(SDP2, now=now),
    "hang up": lambda call, now: call.hang_up(now=now),
    "request": lambda call, now: call.request("OPTIONS", now=now)[1],
}

BEFORE_ANSWERING = {"ring", "ring early", "answer", "reject"}

STAGES: dict[Stage, tuple[CallState, set[str]]] = {
    calling: (CallState.CALLING, {"cancel"}),
    hearing_it_ring: (CallState.RINGING, {"cancel"}),
    cancel_waiting: (CallState.ENDING, set()),
    cancelling: (CallState.ENDING, set()),
    offered: (CallState.ANSWERING, {"answer offer", "hang up"}),
    up: (CallState.ESTABLISHED, {"hang up", "request"}),
    hung_up: (CallState.ENDING, set()),
    rejected: (CallState.ENDED, set()),
    incoming: (CallState.INCOMING, BEFORE_ANSWERING),
    ringing: (CallState.RINGING, BEFORE_ANSWERING),
    accepted: (CallState.ANSWERING, {"hang up"}),
    leaving: (CallState.ENDING, set()),
    acknowledged: (CallState.ESTABLISHED, {"hang up", "request"}),
    hung_up_by_callee: (CallState.ENDING, set()),
    over: (CallState.ENDED, set()),
}
"""What a call is called at each stage, and which commands may be given."""


def to_its_end(bench: Bench, call: Call) -> None:
    """Play the peer who ends a call at whatever stage it is, and let all timers run out."""
    if call.state is CallState.ENDED:
        pass
    elif call.outgoing and call.here.session.state == "Early":
        bench.receive(bench.response(call.invite, 183))
        bench.receive(bench.response(call.invite, 487))
    elif call.outgoing and call.state is not CallState.ENDING:
        bench.receive(bench.in_dialog("BYE", 1000, call))
    elif call.here.session.state == "Early":
        bench.receive(bench.request("CANCEL", branch="z9hG4bKcall"))
    else:
        bench.receive(bench.in_dialog("ACK", 1, call))
        bench.receive(bench.in_dialog("BYE", 1000, call))
    bench.quiet()
    assert call.state is CallState.ENDED
    assert sum(isinstance(event, Ended) and event.call is call for event in bench.outputs) == 1
    assert bench.left() == {}
