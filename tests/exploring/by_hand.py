"""Exploring many settings from the command line, each with a line about what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any, TypeVar

from sipsm.testing.explore import Explored
from tests.exploring.world import World

Setting = TypeVar("Setting")


Found = tuple[Explored[Any], World[Any] | None]
"""What was found, and in which world, if that counts its steps."""


def all_hold(settings: Iterable[Setting], explored: Callable[[Setting], Found]) -> bool:
    """Explore all settings; whether all laws hold."""
    states, start, well = 0, perf_counter(), True
    for setting in settings:
        began = perf_counter()
        found, world = explored(setting)
        more = "" if world is None else f"; {world.computed:,} steps of endpoints"
        states += found.states
        well = well and found.complete and found.violation is None
        print(f"{setting}\n  {found}{more}, {perf_counter() - began:.1f} s", flush=True)
    seconds = perf_counter() - start
    print(f"{states:,} states in {seconds:.0f} s: {'all laws hold' if well else 'A LAW IS BROKEN'}")
    return well
