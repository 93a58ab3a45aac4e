"""The three times from which all timers of RFC 3261 are made (17.1.1.1, Table 4)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol

from attrs import field, frozen

from sipsm.transport.flow import RELIABLE, Flow


def _length(_: object, which: Any, seconds: float) -> None:
    if not 0 < seconds < float("inf"):
        raise ValueError(f"{which.name} = {seconds} is no length that a timer can have")


@frozen
class TimerValues:
    """T1, T2 and T4 in seconds. The RFC lets T1 be larger on slow links, never smaller than the round trip."""

    T1: float = field(default=0.5, validator=_length)
    """The estimate of the round-trip time."""
    T2: float = field(default=4.0, validator=_length)
    """The longest interval between repeats of non-INVITE requests and of responses to INVITE."""
    T4: float = field(default=5.0, validator=_length)
    """The longest time that a message stays in the network."""


DEFAULT = TimerValues()


@lru_cache(maxsize=16)
def _times_64(T1: float) -> float:
    # One number for all transactions: nearly every one that waits holds it.
    return 64 * T1


class Timed(Protocol):
    """A machine whose timers last as long as these values say."""

    times: TimerValues


class TimedOnFlow(Timed, Protocol):
    """One whose timers also depend on what its flow is like."""

    flow: Flow


# What a timer lasts, as functions of the machine: they carry the names that the tables show.
def T1(machine: Timed) -> float:
    """The round-trip time."""
    return machine.times.T1


def T1_times_64(machine: Timed) -> float:
    """64*T1: how long a transaction waits for the other side."""
    return _times_64(machine.times.T1)


def T1_if_unreliable(machine: TimedOnFlow) -> float | None:
    """T1 on a datagram transport; not at all on one that sends again by itself."""
    return None if machine.flow.transport in RELIABLE else machine.times.T1


def T4_if_unreliable_else_0(machine: TimedOnFlow) -> float:
    """T4 for repeats that are still in the network; 0 where there can be none."""
    return 0.0 if machine.flow.transport in RELIABLE else machine.times.T4


def T1_times_64_if_unreliable_else_0(machine: TimedOnFlow) -> float:
    """64*T1 for repeats of the request; 0 where there can be none."""
    return 0.0 if machine.flow.transport in RELIABLE else _times_64(machine.times.T1)


def doubled_to_T2(machine: Timed, length: float) -> float:
    """MIN(2*length, T2)."""
    return min(2 * length, machine.times.T2)
