"""What a simulated user does by itself: rings after a while, answers, hangs up.

A step waits for an event of a call, then for `after` seconds. Each call takes the script from its beginning; when
the call has ended, what has not been done yet is left undone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen

from sipsm.role import Call, CallState, Established, Event, IncomingCall, OfferReceived

Command = Callable[[Call, bytes], tuple[Callable[..., list[Any]], tuple[Any, ...]]]
"""From a call and the session description that the agent has, the command and its arguments."""


@frozen
class Step:
    """One thing to do, `after` seconds from the event; None: from the agent's own `invite`.

    It is left out when the call is in none of the states `unless_past` by then: the network was faster, or slower.
    """

    event: type[Event] | None
    after: float
    command: Command
    unless_past: frozenset[CallState] = frozenset(CallState) - {CallState.ENDED}


BEFORE_THE_ANSWER = frozenset({CallState.CALLING, CallState.RINGING})
WHILE_UP = frozenset({CallState.ANSWERING, CallState.ESTABLISHED})


def ring(status: int = 180, *, after: float = 0.0) -> Step:
    """The callee sends a provisional response."""
    return Step(IncomingCall, after, lambda call, _sdp: (call.ring, (status,)))


def answer(sdp: bytes | None = None, *, after: float = 0.0) -> Step:
    """The callee accepts, with a description of its own unless one is given."""
    return Step(IncomingCall, after, lambda call, own: (call.answer, (own if sdp is None else sdp,)))


def reject(status: int = 603, *, after: float = 0.0) -> Step:
    """The callee refuses."""
    return Step(IncomingCall, after, lambda call, _sdp: (call.reject, (status,)))


def answer_offer(sdp: bytes | None = None, *, after: float = 0.0) -> Step:
    """Whoever gets an offer within the call answers it: in a response, or in a re-INVITE, an UPDATE or a PRACK."""
    waits = frozenset({CallState.INCOMING}) | BEFORE_THE_ANSWER | WHILE_UP
    return Step(OfferReceived, after, lambda call, own: (call.answer_offer, (own if sdp is None else sdp,)), waits)


def cancel(*, after: float = 0.0) -> Step:
    """The caller gives up, counted from its `invite`."""
    return Step(None, after, lambda call, _sdp: (call.cancel, ()), BEFORE_THE_ANSWER)


def hang_up(*, after: float = 0.0) -> Step:
    """Either ends the call, counted from when it was up."""
    return Step(Established, after, lambda call, _sdp: (call.hang_up, ()), WHILE_UP)
