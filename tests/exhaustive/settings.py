"""What is explored: with each run of the tests, by hand, and to find planted faults."""

from __future__ import annotations

from sipsm.testing.explore import Explored, explore
from sipsm.transaction import TimerValues
from tests.exhaustive.laws import is_over, laws_of
from tests.exhaustive.state import Bounds, Setting, State
from tests.exhaustive.world import World


def options(
    transport: str,
    delay: float,
    patience: float,
    bounds: Bounds,
    *,
    tick_s: float = 0.5,
    answers: tuple[int, ...] = (200,),
) -> Setting:
    """A request that is no INVITE, with the default timers; delay and patience in seconds."""
    return Setting(
        method="OPTIONS",
        transport=transport,
        bounds=bounds,
        delay=round(delay / tick_s),
        patience=round(patience / tick_s),
        answers=answers,
        times=TimerValues(),
        tick_s=tick_s,
    )


def invite(
    transport: str,
    delay: int,
    patience: int,
    bounds: Bounds,
    *,
    answers: tuple[int, ...] = (200, 486),
    rings: bool = False,
    cancels: bool = False,
) -> Setting:
    """An INVITE; delay and patience in ticks of 200 ms, which are half of T1."""
    return Setting("INVITE", transport, bounds, delay, patience, answers, rings, cancels)


def explored(setting: Setting, limit: int | None = None) -> Explored[State]:
    """All of it."""
    world = World(setting)
    return explore(world.first, world.moves, laws=laws_of(world), over=is_over, limit=limit)


NO_FAULTS = Bounds()
LOSSY = Bounds(losses=3, duplicates=2)
A_CUT = Bounds(cuts=1)
A_FAILURE = Bounds(failures=1)

# Where a way may die for good, messages take less than T1: see `test_pairs.test_the_limit_of_timer_J`.
EACH_RUN = (
    options("UDP", 0.5, 4, NO_FAULTS),
    options("UDP", 1, 4, LOSSY),
    options("UDP", 0.5, 4, Bounds(2, 1, 1)),
    options("UDP", 0.25, 4, Bounds(1, 1, 0, 1), tick_s=0.25),
    options("UDP", 0.25, 0, Bounds(1, 1), tick_s=0.25, answers=()),
    options("TCP", 1, 4, NO_FAULTS),
    options("TCP", 1, 4, A_CUT),
    invite("UDP", 1, 3, NO_FAULTS, rings=True),
    invite("UDP", 1, 1, LOSSY),
    invite("UDP", 2, 0, LOSSY, answers=(486,)),
    invite("UDP", 1, 2, Bounds(1, 1), rings=True),
    invite("UDP", 1, 1, Bounds(1, 0, 1)),
    invite("UDP", 1, 1, Bounds(1, 0), rings=True, cancels=True),
    invite("UDP", 1, 1, A_CUT, cancels=True),
    invite("TCP", 2, 3, NO_FAULTS, rings=True),
    invite("TCP", 1, 2, A_CUT, rings=True, cancels=True),
)
"""In a quarter of a minute."""

BY_HAND = (
    *EACH_RUN,
    options("UDP", 0.5, 4, LOSSY._replace(failures=1)),
    options("UDP", 2, 8, LOSSY),
    options("UDP", 5, 0, Bounds(2, 1)),
    options("UDP", 0.25, 4, Bounds(3, 2, 1, 1), tick_s=0.25),
    invite("UDP", 1, 4, LOSSY, rings=True),
    invite("UDP", 2, 2, LOSSY, rings=True),
    invite("UDP", 4, 0, LOSSY),
    invite("UDP", 1, 2, LOSSY._replace(failures=1)),
    invite("UDP", 1, 1, LOSSY, cancels=True),
    invite("UDP", 1, 2, Bounds(1, 1, 0, 1), cancels=True),
    invite("TCP", 4, 5, A_CUT, rings=True, cancels=True),
)
"""In some minutes."""

FINDING_FAULTS = {
    "OPTIONS": (
        options("TCP", 0.5, 4, NO_FAULTS),
        options("UDP", 0.5, 4, NO_FAULTS),
        options("TCP", 0.5, 4, A_CUT),
        options("UDP", 0.25, 4, A_FAILURE, tick_s=0.25),
        options("UDP", 0.25, 0, NO_FAULTS, tick_s=0.25, answers=()),
        options("UDP", 0.25, 4, A_CUT, tick_s=0.25),
        options("UDP", 0.5, 4, Bounds(2, 1)),
    ),
    "INVITE": (
        invite("TCP", 1, 3, NO_FAULTS, rings=True),
        invite("UDP", 1, 3, NO_FAULTS, rings=True),
        invite("UDP", 1, 1, A_FAILURE),
        invite("UDP", 1, 0, A_CUT, answers=(486,), cancels=True),
        invite("UDP", 1, 0, Bounds(1, 1)),
        invite("UDP", 1, 0, Bounds(2, 0)),
        invite("UDP", 1, 1, Bounds(2, 0)),
        invite("TCP", 1, 1, A_CUT, cancels=True),
        invite("UDP", 1, 1, A_CUT, cancels=True),
    ),
}
"""Small ones, the smallest first."""
