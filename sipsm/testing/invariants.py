"""What must hold after every step of every endpoint, whatever the network does.

An invariant is a function of an agent and its last step, which returns what is wrong, or None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define

from sipsm.role import Ended
from sipsm.testing.agent import Agent


# Not frozen: one is made at every step, and a frozen one takes three times as long to make.
@define
class Stepped:
    """One step of an agent's endpoint."""

    agent: Agent
    now: float
    woken: bool
    """Whether the step was `handle_timeout`."""
    outputs: tuple[Any, ...]


Invariant = Callable[[Stepped], str | None]


class InvariantBroken(AssertionError):
    """An invariant does not hold. Its text names the invariant, the agent and the time."""


def next_deadline_is_later(step: Stepped) -> str | None:
    """What was due has been done: after `handle_timeout(t)` the next deadline is later than `t`."""
    if step.woken and (at := step.agent.due_at) is not None and at <= step.now:
        return f"after handle_timeout({step.now}) the next deadline is {at}: an adapter would spin"
    return None


def early_timeout_changes_nothing(step: Stepped) -> str | None:
    """`handle_timeout` before the deadline gives no outputs and leaves the deadline as it is."""
    agent, now = step.agent, step.now
    at, endpoint = agent.due_at, agent.endpoint
    if at is not None and at <= now:
        return None
    outputs = endpoint.handle_timeout(now)
    if outputs or endpoint.next_timeout() != at:
        return f"an early handle_timeout({now}) gave {outputs}; next {at}, then {endpoint.next_timeout()}"
    return None


def one_ended_each(step: Stepped) -> str | None:
    """Each call ends once."""
    for output in step.outputs:
        if isinstance(output, Ended):
            times = step.agent.ended[output.call]
            if times != 1:
                return f"call {output.call.call_id} has ended {times} times"
    return None


EVERY_STEP: tuple[Invariant, ...] = (next_deadline_is_later, early_timeout_changes_nothing, one_ended_each)
