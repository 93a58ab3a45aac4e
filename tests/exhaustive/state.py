"""The states that are explored, and what bounds them."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from attrs import frozen

from sipsm.transaction import TimerValues
from tests.exhaustive.party import Saved

RESET = -1
"""Not a message: the connection is gone."""

Way = tuple[tuple[int, Any], ...]
"""What is under way to a side: ticks until it must have arrived, and a message's number, `RESET`, or the sender of what
could not be sent."""


class Bounds(NamedTuple):
    """How often the link may still misbehave."""

    losses: int = 0
    duplicates: int = 0
    failures: int = 0
    """Sends that fail, and the sender is told within `delay`."""
    cuts: int = 0
    """One direction of a datagram link dies for good; or a connection breaks."""


@frozen
class Setting:
    """What is explored."""

    method: str
    transport: str
    bounds: Bounds
    delay: int
    """In ticks."""
    patience: int
    """In ticks."""
    answers: tuple[int, ...]
    """Those between which Bob chooses. None: he never answers."""
    rings: bool = False
    cancels: bool = False
    times: TimerValues = TimerValues(T1=0.4, T2=3.2, T4=4.0)  # noqa: RUF009  (it is frozen)
    """In the ratios of RFC 3261, and such that 200 ms are whole ticks."""
    tick_s: float = 0.2

    def __str__(self) -> str:
        bounds = ", ".join(f"{count} {name}" for name, count in self.bounds._asdict().items() if count)
        cancels = " with CANCEL" if self.cancels else ""
        reached = f"delay {self.delay * self.tick_s:g} s, answer within {self.patience * self.tick_s:g} s"
        return f"{self.method}{cancels} over {self.transport}, {bounds or 'no faults'}, {reached}"


class Uac(NamedTuple):
    """Alice's transaction user."""

    heard: tuple[str, ...] = ()
    """The ends of her request: final responses, timeouts, failures; repeats of a 2xx once."""
    provisional: str = ""
    """The highest one."""
    cancel_by: int | None = None
    give_up_in: int | None = None
    heard_of_cancel: tuple[str, ...] = ()
    unacknowledged: bool = False
    """The ACK for a failed INVITE could not be sent: she is told so after the final response (RFC 6026 8.4)."""


class Uas(NamedTuple):
    """Bob's transaction user."""

    seen: int = 0
    """How often the request reached him."""
    key: Any = None
    answer_by: int | None = None
    rang: bool = False
    status: int = 0
    repeat_in: int | None = None
    """Of his 2xx to an INVITE, until its ACK (RFC 3261 13.3.1.4)."""
    length: int = 0
    give_up_in: int | None = None
    acknowledged: bool = False
    """An ACK has arrived after his answer."""
    told: tuple[str, ...] = ()


class State(NamedTuple):
    """All that there is."""

    started: bool = False
    alice: tuple[Saved, ...] = ()
    bob: tuple[Saved, ...] = ()
    uac: Uac = Uac()
    uas: Uas = Uas()
    to_alice: Way = ()
    to_bob: Way = ()
    left: Bounds = Bounds()
    dead_to_alice: bool = False
    dead_to_bob: bool = False
    alice_knows: bool = False
    """That the connection is broken."""
    bob_knows: bool = False
    clock: int = 0
    """Ticks since the beginning, where the link has no faults; it stops when all must have been said."""
    broken: tuple[str, str] | None = None
    """The law that the last step broke, and how."""


def later(state: State, ticks: int) -> State:
    """The same, after some time in which nothing happened."""
    uac, uas = state.uac, state.uas
    return state._replace(
        alice=_all_later(state.alice, ticks),
        bob=_all_later(state.bob, ticks),
        uac=uac._replace(cancel_by=_sooner(uac.cancel_by, ticks), give_up_in=_sooner(uac.give_up_in, ticks)),
        uas=uas._replace(
            answer_by=_sooner(uas.answer_by, ticks),
            repeat_in=_sooner(uas.repeat_in, ticks),
            give_up_in=_sooner(uas.give_up_in, ticks),
        ),
        to_alice=_way_later(state.to_alice, ticks),
        to_bob=_way_later(state.to_bob, ticks),
    )


# Remembered, so that equal parts of states are one object.
@cache
def _all_later(alive: tuple[Saved, ...], ticks: int) -> tuple[Saved, ...]:
    return tuple(saved.later(ticks) for saved in alive)


@cache
def _way_later(way: Way, ticks: int) -> Way:
    return tuple((due - ticks, what) for due, what in way)


def _sooner(at: int | None, ticks: int) -> int | None:
    return None if at is None else at - ticks


def fires(saved: Saved) -> str:
    """The name of the timer that is due."""
    return "Timer " + next(letter for letter, at, _ in saved.timers if at == 0)
