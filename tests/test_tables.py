"""What is true of every table of sipsm: they are found, not listed."""

from __future__ import annotations

import re

import pytest

from sipsm.machine import Row, Table, To, Wiring
from sipsm.proxy import wiring as proxying
from sipsm.testing.tables import tables_of
from sipsm.usage import notifying, subscribing, wiring

TABLES = tables_of(["sipsm"])
SECTION = re.compile(r"\d{4} (\d+(\.\d+)*|T.*)")


def name_of(thing: Table | Wiring) -> str:
    """The name of a table or wiring."""
    return thing.name


WIRINGS = [
    value
    for module in (wiring, subscribing, notifying, proxying)
    for value in vars(module).values()
    if isinstance(value, Wiring)
]
BY_THE_ROLE = {"SHARE"}
"""What a machine is told by the role alone, beside all grids: that something else lives in its dialog."""


def test_the_tables_are_found() -> None:
    """The four transactions, the dialog, and the machines of a call, each with a name of its own."""
    names = [table.name for table in TABLES]
    assert len(set(names)) == len(names) >= 11
    assert {"INVITE client transaction", "non-INVITE server transaction", "dialog"} <= set(names)
    assert [grid.name for grid in WIRINGS][:1] == ["a call"]


@pytest.mark.parametrize("table", TABLES, ids=name_of)
def test_every_pair_is_decided(table: Table) -> None:
    """A machine never meets an input that nobody thought about."""
    # Compiled anew: the one that runs is watched, so that each of its refusals has a condition to it.
    fresh = Table(
        table.name,
        initial=table.initial,
        rows=table.rows,
        ignored=table.ignored,
        timers=table.timers,
        inputs=table.inputs,
        rfc=table.rfc,
    )
    assert fresh.undecided() == []


@pytest.mark.parametrize("table", TABLES, ids=name_of)
def test_every_row_cites_its_section(table: Table) -> None:
    """Rows, refusals and timers name the section that says so; the table names at least its RFC."""
    cited = [*(row.rfc for row in table.rows), *(timer.rfc for timer in table.timers)]
    assert [rfc for rfc in cited if not SECTION.fullmatch(rfc)] == []
    assert re.match(r"\d{4}( |$)", table.rfc)


@pytest.mark.parametrize("table", TABLES, ids=name_of)
def test_every_state_can_be_reached(table: Table) -> None:
    """From the first state some row leads, step by step, to each other state."""
    reached, new = {table.initial}, {table.initial}
    while new:
        new = {
            decision.next
            for state in new
            for alternatives in table.lookup[state].values()
            for decision in alternatives
            if isinstance(decision.entry, Row)
        } - reached
        reached |= new
    assert reached == set(table.states)


@pytest.mark.parametrize("table", TABLES, ids=name_of)
def test_every_timer_is_a_timer_of_states_that_act_on_it(table: Table) -> None:
    """Where a timer runs a row says what its firing does, and nowhere else."""
    for timer in table.timers:
        acting = {
            state
            for state in table.states
            for decision in table.lookup[state].get(timer.input, ())
            if isinstance(decision.entry, Row)
        }
        assert acting == timer.runs_in, timer.letter


@pytest.mark.parametrize("grid", WIRINGS, ids=name_of)
def test_every_wiring_is_a_full_grid(grid: Wiring) -> None:
    """Each event is an input to each machine, by a section, or there is a reason why it is none."""
    for event, cells in grid.grid.items():
        assert list(cells) == list(grid.machines), event
        for place, cell in cells.items():
            assert SECTION.fullmatch(cell.rfc) if isinstance(cell, To) else cell.why, (event, place)


@pytest.mark.parametrize("table", TABLES, ids=name_of)
def test_every_input_of_a_wired_table_comes_from_somewhere(table: Table) -> None:
    """No row of a call's machine waits for an input that no event of a call is to what stands in its place."""
    places = [(grid, place) for grid in WIRINGS for place, tables in grid.machines.items() if table in tables]
    wired = {
        cell.input for grid, place in places for cells in grid.grid.values() if isinstance(cell := cells[place], To)
    }
    assert not places or set(table.inputs) <= wired | BY_THE_ROLE
