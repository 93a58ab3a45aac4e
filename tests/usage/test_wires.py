"""Every wire of a call is missed when it is cut: it is there for a reason, and some scenario knows the reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sipsm.machine import To, Wiring
from sipsm.usage import UAC, UAS
from tests.usage.scenarios import SCENARIOS, Outcome, Scenario, outcome_of

WIRES = [
    pytest.param(wiring, event, place, id=f"{wiring.name}: {event} to {place}")
    for wiring in (UAC, UAS)
    for event, cells in wiring.grid.items()
    for place, cell in cells.items()
    if isinstance(cell, To)
]

INNER = {
    (UAS.name, "ACCEPT+SDP", "dialog"): "the callee's dialog takes the same requests whether early or confirmed",
    (UAS.name, "OVER", "offer_answer"): "no message or command reaches the callee's exchange once the session is over",
}
"""Wires that only the states of the machines show to be cut, and why nothing else does."""


class Heard(dict[str, Any]):
    """The wires of a wiring, which notes the events that are looked up."""

    def __init__(self, wires: dict[str, Any]) -> None:
        super().__init__(wires)
        self.events: set[str] = set()

    def __getitem__(self, event: str) -> Any:
        self.events.add(event)
        return super().__getitem__(event)


@pytest.fixture(autouse=True)
def connected() -> Iterator[None]:
    """Every wire is in its place again afterwards."""
    yield
    UAC.connect()
    UAS.connect()


@pytest.fixture(scope="module")
def unbroken() -> dict[Scenario, tuple[Outcome, frozenset[tuple[str, str]]]]:
    """What each scenario comes to with all wires in place, and the events that it has."""
    found = {}
    for scenario in SCENARIOS:
        heard = {wiring: Heard(wiring.wires) for wiring in (UAC, UAS)}
        for wiring, wires in heard.items():
            wiring.wires = wires
        outcome = scenario()
        events = frozenset((wiring.name, event) for wiring, wires in heard.items() for event in wires.events)
        found[scenario] = (outcome, events)
        UAC.connect()
        UAS.connect()
    return found


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_the_scenarios_come_to_the_same_each_time(
    scenario: Scenario, unbroken: dict[Scenario, tuple[Outcome, frozenset[tuple[str, str]]]]
) -> None:
    """A difference is the wire's doing: nothing in a scenario is left to chance."""
    assert scenario() == unbroken[scenario][0]


@pytest.mark.parametrize(("wiring", "event", "place"), WIRES)
def test_every_wire_is_missed(
    wiring: Wiring,
    event: str,
    place: str,
    unbroken: dict[Scenario, tuple[Outcome, frozenset[tuple[str, str]]]],
) -> None:
    """Without it, at least one scenario comes to something else, to whoever looks on from outside."""
    wiring.connect(without=(event, place))
    inner = (wiring.name, event, place) in INNER
    differing = []
    for scenario, (outcome, events) in unbroken.items():
        if (wiring.name, event) in events:
            broken = outcome_of(scenario)
            if broken.seen != outcome.seen:
                assert not inner, f"{scenario.__name__} shows it from outside"
                return
            if broken.states != outcome.states:
                differing.append(scenario)
    assert inner, f"seen from outside by nobody; from inside by {[each.__name__ for each in differing]}"
    assert differing, "not even the states of the machines show it"
