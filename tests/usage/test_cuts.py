"""Every wire and every row of a call is missed when it is taken out: each is there for a reason, and somebody knows it.

First a whole and a broken machine are followed side by side from where the wire or the row is used (`cutting`); what
nobody notices there, a scenario with messages must. The few that are left are named below with their reason.
"""

from __future__ import annotations

from typing import Final

import pytest

from tests.usage.cutting import ENTRIES, WIRES, Cut, Uses, note_uses, noticed
from tests.usage.plans import PLANS
from tests.usage.scenarios import SCENARIOS, Outcome, Scenario, outcome_of
from tests.usage.walk import walk

MOST: Final = 150
"""States of each plan in which uses are looked for."""

CLOSES_ANYWAY = "the session ends in the same step, and that closes it"

UNNOTICED: Final = {
    "NO PRACK to reliable": "it is over already, and has caused this",
    "NO ANSWER to offer_answer": "it has rolled back already, and has caused this",
    "NO ANSWER to reliable": "the PRACK that did not answer has acknowledged its response",
    "LOST to reliable": CLOSES_ANYWAY,
    "LOST to offer_answer": CLOSES_ANYWAY,
    "LOST to turns": CLOSES_ANYWAY,
    "OVER to prack": "what waits for the application has been answered by CLOSE",
    "turn-taking of INVITE: Ours FAILED -> Free": "there is no other turn in a dialog that is not to be",
    "offer/answer: GotIn1xx/Previewed/SentInInvite/ToBeOffered <REFUSAL -> Closed": CLOSES_ANYWAY,
    "offer/answer: GotInInvite/SentIn1xx/Shown/ToOffer >REFUSAL -> Closed": CLOSES_ANYWAY,
    "offer/answer: Shown >1XX+SDP -> Shown": "it says that the same may be shown again, and changes nothing",
    "offer/answer: SentIn1xx >2XX -> SentIn1xx": "it says that the 2xx may be held, and changes nothing",
    "offer/answer: all but GotIn2xx >ACK+SDP -> refused": "the ACK refuses it before, the same way",
    "session: Ended/Initial BYE -> refused": "the dialog refuses every request before, the same way",
    "dialog: Confirmed OVER when is_shared -> Confirmed": "nothing lives in these dialogs but a session",
    "dialog: Initial/Terminated REQUEST -> refused": "the session refuses every request behind it, the same way",
}
"""What may be taken out and nobody notices, and why not."""


@pytest.fixture(scope="module")
def uses() -> Uses:
    """Where walked calls use what."""
    found = Uses()
    for plan in PLANS.values():
        note_uses(walk(plan, MOST), found)
    return found


@pytest.fixture(scope="module")
def unbroken() -> dict[Scenario, Outcome]:
    """What each scenario comes to when nothing is missing."""
    return {scenario: scenario() for scenario in SCENARIOS}


def who_notices(cut: Cut, uses: Uses, unbroken: dict[Scenario, Outcome]) -> str | None:
    """Somebody who notices that it is taken out, or None."""
    by = noticed(cut, uses.of(cut))
    if by is not None:
        return by
    with cut.cut():
        return next((s.__name__ for s, outcome in unbroken.items() if outcome_of(s).seen != outcome.seen), None)


@pytest.mark.slow
@pytest.mark.parametrize("cuts", [WIRES, ENTRIES], ids=["wires", "rows"])
def test_whatever_is_taken_out_is_missed(cuts: tuple[Cut, ...], uses: Uses, unbroken: dict[Scenario, Outcome]) -> None:
    """An oracle speaks, or something else is sent, told, refused or agreed."""
    by = {str(cut): who_notices(cut, uses, unbroken) for cut in cuts}
    assert len(by) == len(cuts), "each has a name of its own"
    count = {who: list(by.values()).count(who) for who in dict.fromkeys(by.values())}
    print(f"{len(cuts)} taken out; noticed by {count}")
    assert [name for name, who in by.items() if who is None and name not in UNNOTICED] == []
    assert {name: by[name] for name in UNNOTICED if by.get(name) is not None} == {}, "these are noticed after all"


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_the_scenarios_come_to_the_same_each_time(scenario: Scenario, unbroken: dict[Scenario, Outcome]) -> None:
    """A difference is the cut's doing: nothing in a scenario is left to chance."""
    assert scenario() == unbroken[scenario]


def test_what_is_said_to_be_unnoticed_is_there() -> None:
    """Each name in the list is that of a wire or a row."""
    assert set(UNNOTICED) <= {str(cut) for cut in (*WIRES, *ENTRIES)}
