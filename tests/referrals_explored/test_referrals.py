"""One who refers and one who is referred with a link between them, in every order up to a bound; and planted faults."""

from __future__ import annotations

import pytest

from sipsm.machine import Step
from sipsm.usage.notices import Notices
from sipsm.usage.referee import Referee, Report, Tell
from sipsm.usage.referrer import Referrer
from tests.exploring.faults import Plant, changed_row, without_row
from tests.exploring.world import NO_FAULTS
from tests.referrals_explored.settings import EACH_RUN, crossing, followed, going, plain, refused
from tests.referrals_explored.world import Setting, explored


@pytest.mark.slow
@pytest.mark.rfc("3515 2.4.2", "3515 2.4.4", "3515 2.4.7", "4488 4", "3515-05", "3515-10")
@pytest.mark.parametrize("setting", EACH_RUN, ids=str)
def test_every_way_ends_well(setting: Setting) -> None:
    """Whatever is commanded, lost, doubled or overtaken: what was done is known in the end, and nothing is left."""
    found, _ = explored(setting)
    print(found)
    assert found.violation is None, str(found.violation)
    assert found.complete
    assert found.ends > 0


def tell_that_it_rings(_: Referee, _report: Report, step: Step) -> None:
    """The last word is not final."""
    step.emit(Tell(Report(180), "noresource"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plant", "setting", "law"),
    [
        pytest.param(plant, setting, law, id=what)
        for what, plant, setting, law in (
            (
                "the last word is not final",
                changed_row(Referee, "Accepted", "FINAL", actions=(tell_that_it_rings,)),
                plain(NO_FAULTS),
                "the_last_word_is_final",
            ),
            (
                "what follows it is not told",
                changed_row(Referee, "Accepted", "HEARD FINAL", actions=()),
                followed(NO_FAULTS),
                "the_status_is_known",
            ),
            (
                "a late refusal is not told",
                changed_row(Referee, "Undecided", "REJECT", actions=()),
                refused(NO_FAULTS),
                "the_status_is_known",
            ),
            ("what waits is not sent", without_row(Notices, "Held", "Timer interval"), going(NO_FAULTS), "deadlock"),
            ("the end is not told", without_row(Referrer, "Going", "ENDED"), plain(NO_FAULTS), "the_status_is_known"),
            (
                "no NOTIFY says that it is over",
                without_row(Notices, "Sent", "END"),
                crossing("unsubscribe", NO_FAULTS),
                "the_status_is_known",
            ),
        )
    ],
)
def test_a_planted_fault_is_found(plant: Plant, setting: Setting, law: str) -> None:
    """What is left out of a table, or done wrongly, is missed by somebody."""
    with plant():
        violation = explored(setting)[0].violation
    assert violation is not None
    assert violation.law == law
