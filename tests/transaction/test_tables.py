"""The four tables as a whole, and the times that they are made of (RFC 3261 Table 4)."""

from __future__ import annotations

import math

import pytest

from sipsm.machine import Step, Table
from sipsm.transaction import (
    InviteClientTransaction,
    InviteServerTransaction,
    NonInviteClientTransaction,
    NonInviteServerTransaction,
    TimerValues,
    Transaction,
)
from tests.transaction.messages import Bench, request

KINDS: list[type[Transaction]] = [
    InviteClientTransaction,
    NonInviteClientTransaction,
    InviteServerTransaction,
    NonInviteServerTransaction,
]


def name_of(kind: type[Transaction]) -> str:
    """The table's name, as the id of a test."""
    return kind.table.name


def timers(table: Table) -> dict[str, set[str]]:
    """In which states each timer runs."""
    return {timer.letter: set(timer.runs_in) for timer in table.timers}


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_every_pair_is_decided(kind: type[Transaction]) -> None:
    """A transaction never meets an input that nobody thought about."""
    assert kind.table.undecided() == []


@pytest.mark.parametrize("kind", KINDS, ids=name_of)
def test_a_transaction_is_started_once_and_before_anything_else(kind: type[Transaction]) -> None:
    """Before its start and after its end a transaction takes no notice of anything; nothing starts it again."""
    bench = Bench()
    names = [name for name in kind.table.inputs if not name.startswith("Timer")]
    for state in ("Initial", "Terminated"):
        for name in names:
            if (state, name) != ("Initial", "start"):
                tx = kind("key", bench.flow)
                tx.state = state
                step = Step(1000.0)
                assert tx.receive(name, None, step).ignored
                assert (tx.state, tx.timers, step.outputs) == (state, {}, [])
    for state in kind.table.states[1:]:
        tx = kind("key", bench.flow)
        tx.state = state
        assert tx.receive("start", request(), Step(1000.0)).ignored


@pytest.mark.rfc("3261 17.1.1", "3261 17.1.2", "3261 17.2.1", "3261 17.2.2", "6026 7")
def test_the_timers_run_in_their_states() -> None:
    """Each timer runs in the states that the RFC says, and in no other."""
    assert timers(InviteClientTransaction.table) == {
        "A": {"Calling"},
        "B": {"Calling"},
        "D": {"Completed"},
        "M": {"Accepted"},
    }
    assert timers(NonInviteClientTransaction.table) == {
        "E": {"Trying", "Proceeding"},
        "F": {"Trying", "Proceeding"},
        "K": {"Completed"},
    }
    assert timers(InviteServerTransaction.table) == {
        "100": {"Trying"},
        "G": {"Completed"},
        "H": {"Completed"},
        "I": {"Confirmed"},
        "L": {"Accepted"},
    }
    assert timers(NonInviteServerTransaction.table) == {
        "100": {"Trying"},
        "late": {"Trying", "Proceeding"},
        "J": {"Completed"},
    }


@pytest.mark.rfc("3261 17.1.1.1", "3261 17.1.2.2")
def test_the_defaults() -> None:
    """T1 is 500 ms, T2 is 4 s, T4 is 5 s."""
    assert TimerValues() == TimerValues(T1=0.5, T2=4.0, T4=5.0)


@pytest.mark.parametrize("name", ["T1", "T2", "T4"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan])
def test_a_time_is_longer_than_nothing(name: str, value: float) -> None:
    """A timer of no length would repeat without end."""
    with pytest.raises(ValueError, match=name):
        TimerValues(**{name: value})
