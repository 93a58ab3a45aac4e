"""A machine as data (`sipsm.machine.table`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sipsm.machine import Entry, Ignore, Refuse, Row, Table, Timer, always, doubled, once, repeated
from tests.machine.toys import kind_of, note, row, run, toy, x_is_positive


def a_second(_: object) -> float:
    """1 s."""
    return 1.0


def table(*rows: Row | Refuse, ignored: tuple[Ignore, ...] = (), timers: tuple[Timer, ...] = (), **more: Any) -> Table:
    """A table that begins in Off."""
    return Table("toy", initial="Off", rows=rows, ignored=ignored, timers=timers, rfc="0 0", **more)


def test_a_table_knows_its_states_and_inputs_in_the_order_of_its_rows() -> None:
    """The initial state comes first; a timer's firing is an input; inputs that no row names can be declared."""
    made = table(
        row({"On", "Dim"}, "push", "Off"),
        row("Off", "push", "On"),
        timers=(Timer("T", {"On"}, a_second, once, "0 2"),),
        ignored=(Ignore("Off", "Timer T", "cannot fire"),),
        inputs=("shake",),
    )
    assert made.states == ("Off", "Dim", "On")
    assert made.inputs == ("shake", "push", "Timer T")
    assert (made.name, made.initial, made.rfc) == ("toy", "Off", "0 0")
    assert made.timer_of["T"].input == "Timer T"
    assert [entry.input for entry in made.rows] == ["push", "push"]
    assert [entry.why for entry in made.ignored] == ["cannot fire"]


def test_an_undecided_pair_is_found() -> None:
    """A pair is decided by a row, a refusal or an ignored pair; a row with a condition leaves the rest open."""
    assert table(row("Off", "push", "On")).undecided() == [("On", "push")]
    assert table(row("Off", "push", None, guard=x_is_positive)).undecided() == [("Off", "push")]
    assert table(Refuse("Off", "push", x_is_positive, 500, "no", "0 1")).undecided() == [("Off", "push")]
    assert (
        table(
            row("Off", "push", None, guard=x_is_positive),
            Refuse("On", "push", always, None, "it is on", "0 1"),
            row("Off", "break", "On"),
            ignored=(Ignore("Off", "push", "nothing to push"), Ignore("On", {"break"}, "broken")),
        ).undecided()
        == []
    )
    assert table(row("Off", "push", None), inputs=("shake",)).undecided() == [("Off", "shake")]


def test_a_timer_is_to_be_decided_where_it_runs() -> None:
    """Elsewhere it cannot fire."""
    timer = Timer("T", {"On"}, a_second, once, "0 2")
    rows = (row("Off", "push", "On"), row("On", "push", "Off"))
    assert table(*rows, timers=(timer,)).undecided() == [("On", "Timer T")]
    assert table(*rows, row("On", "Timer T", "Off"), timers=(timer,)).undecided() == []


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: table(row("Off", "push", None), row("Off", "push", "On")), "in Off on push, an entry stands behind"),
        (
            lambda: table(row("Off", "push", None), Refuse("Off", "push", x_is_positive, None, "no", "0 1")),
            "in Off on push, an entry stands behind",
        ),
        (
            lambda: table(row("Off", "push", None), ignored=(Ignore("Off", "push", "why"),)),
            "in Off on push, an entry stands behind",
        ),
        (
            lambda: table(row("Off", "push", None), ignored=(Ignore("Nowhere", "push", "why"),)),
            "no row leads to or from Nowhere",
        ),
        (
            lambda: table(row("Off", "push", None), timers=(Timer("T", {"Nowhere"}, a_second, once, "0 2"),)),
            "no row leads to or from Nowhere",
        ),
        (
            lambda: table(row("Off", "push", None), ignored=(Ignore("Off", {"pull", "push"}, "why"),)),
            "ignores what is not an input: pull",
        ),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(make: Callable[[], Table], why: str) -> None:
    """It fails where it is written, not in a call months later."""
    with pytest.raises(ValueError, match=f"^toy: {why}"):
        make()


def test_two_timers_of_one_letter_are_refused() -> None:
    """The letter is the name under which a running timer is kept."""
    first = Timer("T", {"On"}, a_second, once, "0 2")
    second = Timer("T", {"Off"}, a_second, repeated, "0 3")
    with pytest.raises(ValueError, match=r"^toy: .*\bT\b"):
        table(row({"On", "Off"}, "Timer T", "Off"), row("Off", "push", "On"), timers=(first, second))


def test_a_timer_of_the_initial_state_is_refused() -> None:
    """A timer starts when its states are entered, and nobody enters the state in which a machine is made."""
    timer = Timer("T", {"Off"}, a_second, once, "0 2")
    with pytest.raises(ValueError, match=r"^toy: .*\bT\b"):
        table(row("Off", "Timer T", "On"), row("On", "push", None), timers=(timer,))


def test_how_a_timer_goes_on() -> None:
    """Once, repeated after the same length, or after twice the length."""
    ways: list[Callable[[object, float], float | None]] = [once, repeated, doubled]
    assert [then(None, 0.5) for then in ways] == [None, 0.5, 1.0]


def test_always_is_true() -> None:
    """The guard that asks nothing."""
    assert always(None, None, None)


def test_a_watched_table_tells_what_is_taken() -> None:
    """Every row that is taken and every refusal that is spoken, and nothing else; outputs stay the same."""
    taken: list[Entry] = []
    off_push, on_push = row("Off", "push", "On", note), row("On", "push", None, note)
    refusal = Refuse("On", "pull", x_is_positive, None, "do not pull", "0 1")
    made = table(off_push, on_push, refusal, ignored=(Ignore({"Off", "On"}, "pull", "no effect"),))
    made.watch(taken.append)
    machine = kind_of(made)()
    assert run(machine, "pull", 1) == []
    assert run(machine, "push", "a") == [("On", "a")]
    run(machine, "pull", 0)
    assert taken == [off_push]
    run(machine, "pull", 1)
    assert run(machine, "push", "b") == [("On", "b")]
    assert taken == [off_push, refusal, on_push]


def test_a_table_has_as_many_watchers_as_want_to_watch() -> None:
    """None of them takes another's place."""
    refusal = Refuse("Off", "pull", always, None, "do not pull", "0 1")
    made = table(row("Off", "push", "On"), row("On", "push", "Off"), refusal, ignored=(Ignore("On", "pull", "why"),))
    one: list[Entry] = []
    two: list[Entry] = []
    made.watch(one.append)
    made.watch(two.append)
    machine = kind_of(made)()
    run(machine, "pull")
    run(machine, "push")
    assert one == two == [refusal, made.rows[0]]


def test_watching_leaves_the_table_decided() -> None:
    """A refusal without a condition decides its pair, watched or not."""
    made = table(Refuse("Off", "pull", always, None, "do not pull", "0 1"))
    assert made.undecided() == []
    made.watch(lambda _: None)
    assert made.undecided() == []


def test_entries_hold_for_several_states() -> None:
    """A row, a refusal and an ignored pair may name one state or many, an ignored pair also many inputs."""
    machine = toy(
        row({"Off", "On"}, "push", "On", note),
        Refuse({"Off", "On"}, "pull", always, 500, "no", "0 1"),
        ignored=[Ignore({"Off", "On"}, {"shake", "turn"}, "too heavy")],
        inputs=["shake", "turn"],
    )
    assert machine.table.undecided() == []
    for _ in range(2):
        assert run(machine, "push", 1) == [("On", 1)]
