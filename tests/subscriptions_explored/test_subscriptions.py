"""A subscriber and a notifier with a link between them, explored in every order up to a bound; and planted faults."""

from __future__ import annotations

import pytest

from sipsm.usage.notices import Notices
from sipsm.usage.notifier import Notifier
from tests.exploring.faults import Plant, without_row, without_timer
from tests.exploring.found import ends_well
from tests.exploring.world import NO_FAULTS
from tests.subscriptions_explored.settings import (
    EACH_RUN,
    asked,
    changes,
    crossing,
    partly,
    plain,
    refused,
)
from tests.subscriptions_explored.world import Setting, explored


@pytest.mark.slow
@pytest.mark.rfc("6665 4.1", "6665 4.2", "6665 4.4.1", "6665-04", "6665-11")
@pytest.mark.parametrize("setting", EACH_RUN, ids=str)
def test_every_way_ends_well(setting: Setting) -> None:
    """Whatever is commanded, lost, doubled or overtaken: the state is known in the end, and nothing is left."""
    ends_well(explored(setting)[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plant", "setting"),
    [
        pytest.param(without_row(Notices, "Sent", "NOTIFY", 1), changes(NO_FAULTS), id="what waits is forgotten"),
        pytest.param(without_row(Notices, "Idle", "CONFIRM", 1), plain(NO_FAULTS), id="a 2xx without NOTIFY"),
        pytest.param(
            without_row(Notices, "Ending", "ANSWERED", 1), crossing("unsubscribe", NO_FAULTS), id="no last one"
        ),
        pytest.param(
            without_row(Notices, "Sent", "CONFIRM", 0), partly(NO_FAULTS), id="the whole state is not asked for"
        ),
        pytest.param(without_row(Notifier, "Pending", "ACCEPT"), asked(NO_FAULTS), id="granting it has no effect"),
        pytest.param(without_timer(Notifier, "decision"), refused(NO_FAULTS), id="nobody decides"),
    ],
)
def test_a_planted_fault_is_found(plant: Plant, setting: Setting) -> None:
    """What is left out of a table is missed by somebody."""
    with plant():
        violation = explored(setting)[0].violation
    assert violation is not None
