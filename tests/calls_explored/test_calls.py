"""Two calls with a link between them, explored in every order up to a bound; and faults that are found there."""

from __future__ import annotations

import pytest

from tests.calls_explored.faults import FAULTS, Fault
from tests.calls_explored.settings import EACH_RUN
from tests.calls_explored.world import Setting, explored
from tests.exploring.found import ends_well


@pytest.mark.slow
@pytest.mark.rfc("3261 9.1", "3261 13", "3261 14.1", "3261 14.2", "3261 15", "3262 3", "3262 5", "3264 4", "3311 5")
@pytest.mark.parametrize("setting", EACH_RUN, ids=str)
def test_every_way_ends_well(setting: Setting) -> None:
    """Whatever is commanded, lost, doubled or overtaken: the rules are kept, both ends agree, and nothing is left."""
    ends_well(explored(setting)[0])


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_planted_fault_is_found(fault: Fault) -> None:
    """What is left out of a table or of the grid is missed by somebody."""
    assert fault.found()
