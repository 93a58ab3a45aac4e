"""A step is looked up, or each machine is asked (`sipsm.machine.joint`): both come to the same, wherever a call is."""

from __future__ import annotations

import pytest

from sipsm.machine import Machine, Row
from tests.usage.cutting import outside, seen
from tests.usage.plans import PLANS
from tests.usage.walk import walk
from tests.usage.world import apply, everything, inputs, observers

STATES = 60
"""Of each plan: enough for all its events."""


def nobody(_machine: Machine, _before: str, _name: str, _row: Row, _now: float) -> None:
    """For whose sake each machine is asked."""


@pytest.mark.parametrize("name", PLANS)
def test_a_step_is_the_same_when_it_is_observed(name: str) -> None:
    """What is sent, told and refused, and all that the machines then hold, does not depend on who looks on."""
    compared = 0
    for world in walk(PLANS[name], STATES).worlds:
        for each in inputs(world):
            alone, observed = world.copy(), world.copy()
            expected = apply(alone, each)
            observers.append(nobody)
            try:
                done = apply(observed, each)
            finally:
                observers.pop()
            assert outside(done) == outside(expected), f"{each} in {world}"
            assert (done.outcome.moved, done.outcome.why_not) == (expected.outcome.moved, expected.outcome.why_not)
            assert (seen(observed), everything(observed)) == (seen(alone), everything(alone)), f"{each} in {world}"
            compared += 1
    assert compared > 300
