"""How long a subscription lasts at the subscriber: what its notifier has said last, and when to ask for more.

RFC 6665 4.1.2.1 (Expires of a 2xx), 4.1.2.2 (refreshing), 4.1.3 (the expires parameter of a NOTIFY, which wins).
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define

from sipsm.machine import Ignore, Machine, Row, Step, Table, Timer, always, once
from sipsm.message import Request, Response
from sipsm.message.headers import EXPIRES, SUBSCRIPTION_STATE
from sipsm.usage.subscription_outputs import Subscribe

OFF: Final = "Off"
RUNNING: Final = "Running"

IN_ADVANCE_S: Final = 120.0
"""So long before its end, or at half of it where that is later, a subscription is refreshed."""


@define(eq=False)
class Lifetime(Machine):
    """The duration of one subscription."""

    table: ClassVar[Table]
    asked_s: int = 0
    """What was asked for last, in seconds."""
    lasts_s: float = 0.0
    """What was told last, in seconds."""
    told: bool = False
    """Whether a NOTIFY has told it since the last SUBSCRIBE."""


# -------------------------------------------------------------------- guards


def tells(_: Lifetime, notify: Request, _at: Any) -> bool:
    """The NOTIFY says how long it lasts."""
    state = notify[SUBSCRIPTION_STATE]
    return state is not None and state.expires_s is not None


def has_been_told(lifetime: Lifetime, _response: Response, _at: Any) -> bool:
    """A NOTIFY has said it before the 2xx came."""
    return lifetime.told


def is_leaving(_: Lifetime, _response: Response, at: Any) -> bool:
    """It is the answer to a SUBSCRIBE by which it ends: the last NOTIFY is still to come."""
    return bool(at.renewal.leaves)


# -------------------------------------------------------------------- actions


def note_asked(lifetime: Lifetime, asked: Subscribe, _step: Step) -> None:
    """A SUBSCRIBE goes out."""
    lifetime.asked_s, lifetime.told = asked.expires_s, False


def take_told(lifetime: Lifetime, notify: Request, step: Step) -> None:
    """It lasts as long as the NOTIFY says."""
    # "If the header field also contains an "expires" parameter, the subscriber SHOULD take it as the authoritative
    # subscription duration and adjust accordingly." (RFC 6665 4.1.3)
    state = notify[SUBSCRIPTION_STATE]
    assert state is not None, "it says how long"
    assert state.expires_s is not None, "it says how long"
    lifetime.told = True
    _set(lifetime, state.expires_s, step)


def take_answered(lifetime: Lifetime, response: Response, step: Step) -> None:
    """It lasts as long as the 2xx says."""
    # "The received value might be smaller than the value indicated in the SUBSCRIBE request but cannot be larger"
    # (RFC 6665 4.1.2.1)
    # "unlike SUBSCRIBE, the REFER transaction does not contain a duration for the subscription in either the request or
    # the response." (RFC 3515 2.4.4)  What stands there all the same is not looked at, nor whether it can be read.
    expires = response[EXPIRES] if response.cseq.method == "SUBSCRIBE" else None
    _set(lifetime, lifetime.asked_s if expires is None else min(expires, lifetime.asked_s), step)


def take_asked(lifetime: Lifetime, _notify: Request, step: Step) -> None:
    """Nobody has said how long: it lasts as was asked for."""
    _set(lifetime, lifetime.asked_s, step)


def _set(lifetime: Lifetime, seconds: int, step: Step) -> None:
    lifetime.lasts_s = float(max(seconds, 1))
    step.cause("TERM SET")


def cause_due(_: Lifetime, _x: Any, step: Step) -> None:
    """It is to be refreshed."""
    step.cause("DUE")


def cause_expired(_: Lifetime, _x: Any, step: Step) -> None:
    """It has not been refreshed."""
    step.cause("EXPIRED")


# -------------------------------------------------------------------- timers


def whole(lifetime: Lifetime) -> float:
    """As long as it lasts."""
    return lifetime.lasts_s


def a_little_less(lifetime: Lifetime) -> float:
    """A while before its end."""
    return lifetime.lasts_s - _advance(lifetime)


def a_third_of_the_rest(lifetime: Lifetime, _length: float) -> float:
    """Another try, if the last one has not come to a 2xx."""
    return _advance(lifetime) / 3


def _advance(lifetime: Lifetime) -> float:
    return min(IN_ADVANCE_S, lifetime.lasts_s / 2)


ANY: Final = frozenset({OFF, RUNNING})

# fmt: off
Lifetime.table = Table(
    "duration of a subscription",
    rfc="6665 4.1.2",
    initial=OFF,
    rows=(
        #   state    input            guard          next     actions           RFC
        Row(ANY,     "ASKED",         always,        None,    (note_asked,),    "6665 4.1.2.2"),
        # Off and on again, since what is told begins anew.
        Row(ANY,     "NOTIFY",        tells,         OFF,     (take_told,),     "6665 4.1.3"),
        Row(OFF,     "NOTIFY",        always,        OFF,     (take_asked,),    "6665 4.1.2.4"),
        Row(ANY,     "2XX",           is_leaving,    None,    (),               "6665 4.1.2.3"),
        Row(ANY,     "2XX",           has_been_told, None,    (),               "6665 4.1.3"),
        Row(ANY,     "2XX",           always,        OFF,     (take_answered,), "6665 4.1.2.1"),
        Row(OFF,     "TERM SET",      always,        RUNNING, (),               "6665 4.1.2.2"),
        Row(RUNNING, "Timer refresh", always,        RUNNING, (cause_due,),     "6665 4.1.2.2"),
        Row(RUNNING, "Timer expires", always,        OFF,     (cause_expired,), "6665 4.1.2.2"),
        Row(RUNNING, "OVER",          always,        OFF,     (),               "6665 4.4.1"),
    ),
    timers=(
        # It stands first, so that nothing is refreshed in the moment in which it is over.
        #     letter     runs in    lasts          then                 RFC
        Timer("expires", {RUNNING}, whole,         once,                "6665 4.1.2.2"),
        Timer("refresh", {RUNNING}, a_little_less, a_third_of_the_rest, "6665 4.1.2.2"),
    ),
    ignored=(
        Ignore(RUNNING, "NOTIFY", "it does not say how long"),
        Ignore(RUNNING, "TERM SET", "a duration begins where none runs"),
        Ignore(OFF, "OVER", "no duration runs"),
    ),
)
# fmt: on
