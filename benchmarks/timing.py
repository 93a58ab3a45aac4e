"""The least time that jobs take, measured in turns."""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import perf_counter

Job = Callable[[], object]


def best(*jobs: Job, rounds: int, loops: int) -> dict[Job, float]:
    """The least microseconds that each job took; their rounds take turns, so that all meet the same noise."""
    least: dict[Job, float] = dict.fromkeys(jobs, float("inf"))
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for job in jobs:
                start = perf_counter()
                for _ in range(loops):
                    job()
                least[job] = min(least[job], (perf_counter() - start) / loops * 1e6)
    finally:
        gc.enable()
    return least
