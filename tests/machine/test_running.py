"""One machine by itself (`sipsm.machine.running`)."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from attrs import define

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, Timer, always, doubled, once, repeated
from tests.machine.toys import START, Toy, causes, fire, kind_of, note, row, run, toy, x_is_positive


def lasting(length: float | None) -> Callable[[Any], float | None]:
    """A timer's first length."""
    return lambda _machine: length


def test_a_machine_starts_in_the_initial_state() -> None:
    """No timer runs yet."""
    machine = toy(row("Off", "push", "On"))
    assert (machine.state, machine.timers, machine.next_timeout(), machine.due(START)) == ("Off", {}, None, None)


def test_a_row_moves_and_then_acts() -> None:
    """Actions see the state that was entered, and are done in their order; a row without a next state stays."""
    machine = toy(row("Off", "push", "On", note, note), row("On", "push", None, note))
    assert run(machine, "push", 1) == [("On", 1), ("On", 1)]
    assert run(machine, "push", 2) == [("On", 2)]
    assert (machine.state, machine.done) == ("On", [1, 1, 2])


def test_guards_are_asked_in_the_order_of_the_rows() -> None:
    """The first that holds decides; a row without a condition catches the rest."""
    machine = toy(
        Refuse("Off", "push", lambda _m, x, _at: x > 100, None, "too hard", "0 1"),
        row("Off", "push", "On", guard=x_is_positive),
        row("Off", "push", "Broken"),
        row("On", "push", None),
        row("Broken", "push", None),
    )
    step = Step(START)
    assert machine.receive("push", 101, step).refused
    run(machine, "push", 5)
    assert machine.state == "On"
    other = type(machine)()
    run(other, "push", -5)
    assert other.state == "Broken"


def test_a_refusal_changes_nothing() -> None:
    """State, timers and outputs are as before, and the caller is told which refusal it was."""
    refusal = Refuse("On", "pull", always, 481, "do not pull", "0 1")
    timers = [Timer("T", {"On"}, lasting(1.0), once, "0 2")]
    machine = toy(row("Off", "push", "On", note), refusal, timers=timers)
    run(machine, "push")
    before = (machine.state, dict(machine.timers), list(machine.done))
    step = Step(START + 0.5)
    decision = machine.receive("pull", "x", step)
    assert (decision.refused, decision.ignored, decision.entry) == (True, False, refusal)
    assert (machine.state, machine.timers, machine.done, step.outputs) == (*before, [])


def test_an_ignored_input_changes_nothing_and_says_why() -> None:
    """The reason is that of the table."""
    ignored = Ignore("Off", "pull", "nothing to pull")
    machine = toy(row("Off", "push", "On"), ignored=[ignored], inputs=["pull"])
    step = Step(START)
    decision = machine.receive("pull", "x", step)
    assert (decision.refused, decision.ignored, decision.entry) == (False, True, ignored)
    assert (machine.state, step.outputs) == ("Off", [])


def test_an_input_that_nobody_decided_is_our_mistake() -> None:
    """It crashes with machine, input and state in its text."""
    machine = toy(row("Off", "push", "On"), initial="On")
    with pytest.raises(AssertionError, match="toy: nobody decided push in On"):
        run(machine, "push")
    with pytest.raises(AssertionError, match="toy: nobody decided push in On"):
        machine.find("push", None, None)


# ---------------------------------------------------------------- timers


ROUND = (row("Off", "push", "On"), row("On", "push", "Dim"), row("Dim", "push", "Off"))


def test_a_timer_runs_while_the_machine_is_in_its_states() -> None:
    """Entering them starts it, moving among them leaves it alone, leaving them stops it, coming back starts it anew."""
    machine = toy(*ROUND, row({"On", "Dim"}, "stay", None), timers=[Timer("T", {"On", "Dim"}, lasting(5.0), once, "")])
    run(machine, "push")
    assert machine.timers == {"T": (START + 5, 5.0)}
    run(machine, "stay", now=START + 1)
    run(machine, "push", now=START + 2)
    assert (machine.state, machine.next_timeout()) == ("Dim", START + 5)
    run(machine, "push", now=START + 3)
    assert (machine.state, machine.timers) == ("Off", {})
    run(machine, "push", now=START + 4)
    assert machine.next_timeout() == START + 9


def test_a_timer_without_a_length_does_not_run() -> None:
    """None is how a table says that a timer is not started, and leaving its states is no different."""
    machine = toy(*ROUND, timers=[Timer("T", {"On"}, lasting(None), once, "")])
    run(machine, "push")
    assert (machine.timers, machine.next_timeout()) == ({}, None)
    run(machine, "push")
    assert machine.state == "Dim"


def test_a_timer_of_no_length_fires_in_the_step_that_starts_it() -> None:
    """After the actions of the row that entered the state, and within the same outputs."""
    machine = toy(
        row("Off", "push", "On", note),
        row("On", "Timer T", "Off", note),
        timers=[Timer("T", {"On"}, lasting(0.0), once, "")],
    )
    assert run(machine, "push", 1) == [("On", 1), ("Off", None)]
    assert (machine.state, machine.timers) == ("Off", {})


@pytest.mark.parametrize(
    ("then", "fires"),
    [(once, [1.0]), (repeated, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), (doubled, [1.0, 3.0, 7.0])],
)
def test_how_often_a_timer_fires(then: Callable[[Any, float], float | None], fires: list[float]) -> None:
    """Once; again after the same length; again after twice the length."""
    machine = toy(
        row("Off", "push", "On"), row("On", "Timer T", None, note), timers=[Timer("T", {"On"}, lasting(1.0), then, "")]
    )
    run(machine, "push")
    times = []
    while (when := machine.next_timeout()) is not None and when <= START + 7:
        times.append(when - START)
        fire(machine, when)
    assert times == fires
    assert (machine.next_timeout() is None) == (then is once)


def test_a_timer_does_not_fire_early() -> None:
    """Before its deadline nothing is due, at the deadline it is."""
    machine = toy(*ROUND, timers=[Timer("T", {"On"}, lasting(1.0), once, "")])
    run(machine, "push")
    assert machine.due(START + 0.999) is None
    assert machine.due(START + 1) == "T"


def test_a_late_wake_up_fires_a_repeating_timer_once() -> None:
    """Deadlines that were slept through are not made up for, and the next one is counted from now."""
    machine = toy(
        row("Off", "push", "On"), row("On", "Timer T", None), timers=[Timer("T", {"On"}, lasting(1.0), repeated, "")]
    )
    run(machine, "push")
    assert fire(machine, START + 10.5) == ["T"]
    assert machine.next_timeout() == START + 11.5


def test_timers_fire_in_the_order_of_their_deadlines() -> None:
    """Equal deadlines: the first started."""
    timers = [
        Timer("late", {"On"}, lasting(3.0), once, ""),
        Timer("one", {"On"}, lasting(2.0), once, ""),
        Timer("two", {"On"}, lasting(2.0), once, ""),
        Timer("soon", {"On"}, lasting(1.0), once, ""),
    ]
    rows = [row("On", timer.input, None) for timer in timers]
    machine = toy(row("Off", "push", "On"), *rows, timers=timers)
    run(machine, "push")
    assert fire(machine, START + 2) == ["soon", "one", "two"]
    assert fire(machine, START + 100) == ["late"]


def test_a_timer_that_leaves_its_states_as_it_fires_is_stopped() -> None:
    """Its next deadline, set when it fired, goes with the state."""
    machine = toy(
        row("Off", "push", "On"), row("On", "Timer T", "Off"), timers=[Timer("T", {"On"}, lasting(1.0), repeated, "")]
    )
    run(machine, "push")
    assert fire(machine, START + 1) == ["T"]
    assert (machine.state, machine.timers) == ("Off", {})


# ---------------------------------------------------------------- causes


def test_what_a_step_causes_is_taken_first_in_first_out() -> None:
    """A cause waits until the step is complete; what it causes itself comes behind what was there before."""
    machine = toy(
        row("Off", "push", None, causes("a", "b"), note),
        row("Off", "a", None, note, causes("c")),
        row("Off", "b", None, note),
        row("Off", "c", None, note),
    )
    assert [x for _, x in run(machine, "push", "x")] == ["x", "from a", "from b", "from c"]


def test_a_caused_input_that_is_refused_is_our_mistake() -> None:
    """Nobody is there who could be told: neither the program nor the network asked for it."""
    machine = toy(row("Off", "push", "On", causes("pull")), Refuse("On", "pull", always, None, "do not pull", "0 1"))
    with pytest.raises(AssertionError, match="pull"):
        run(machine, "push")


def test_a_caused_input_may_be_ignored() -> None:
    """That is an answer like another."""
    machine = toy(row("Off", "push", "On", causes("pull")), inputs=["pull"], ignored=[Ignore("On", "pull", "why")])
    run(machine, "push")
    assert machine.state == "On"


# ---------------------------------------------------------------- watching and saving


def test_an_observer_is_told_of_every_row_that_is_taken() -> None:
    """With the state before, the input, the row and the time; the machine has moved. Not of refusals."""
    seen: list[tuple[str, str, str, Row, float]] = []

    def observer(machine: Machine, before: str, name: str, taken: Row, now: float) -> None:
        seen.append((before, name, machine.state, taken, now))

    rows = row("Off", "push", "On", causes("pull")), row("On", "pull", "Off")
    machine = toy(*rows, Refuse("Off", "pull", always, None, "no", "0 1"))
    machine.receive("push", None, Step(START, observer))
    machine.receive("pull", None, Step(START + 1, observer))
    assert seen == [("Off", "push", "On", rows[0], START), ("On", "pull", "Off", rows[1], START)]


@define(eq=False)
class Lamp(Toy):
    """A lamp that blinks, then goes off."""

    table: ClassVar[Table] = Table(
        "lamp",
        initial="Off",
        rows=(row("Off", "push", "On"), row("On", "Timer blink", None, note), row("On", "Timer off", "Off", note)),
        ignored=(Ignore("On", "push", "is on"),),
        timers=(
            Timer("blink", {"On"}, lasting(1.0), doubled, "0 1"),
            Timer("off", {"On"}, lasting(10.0), once, "0 2"),
        ),
        rfc="0 0",
    )


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda lamp: pickle.loads(pickle.dumps(lamp))])
def test_a_saved_machine_goes_on_like_the_original(copied: Callable[[Lamp], Lamp]) -> None:
    """State and timers are plain data."""
    lamp = Lamp()
    run(lamp, "push")
    fire(lamp, START + 1)
    twin = copied(lamp)
    assert (twin.state, twin.timers, twin.done, type(twin)) == (lamp.state, lamp.timers, lamp.done, Lamp)
    futures = []
    for each in (lamp, twin):
        future = []
        while (when := each.next_timeout()) is not None:
            future.append((when, fire(each, when), each.state))
        futures.append(future)
    assert futures[0] == [
        (START + 3, ["blink"], "On"),
        (START + 7, ["blink"], "On"),
        (START + 10, ["off"], "Off"),
    ]
    assert futures[1] == futures[0]


def test_a_copy_has_a_life_of_its_own() -> None:
    """What happens to a deep copy does not happen to the original."""
    lamp = Lamp()
    run(lamp, "push")
    twin = copy.deepcopy(lamp)
    fire(twin, START + 10)
    assert (lamp.state, len(lamp.timers), twin.state, twin.timers) == ("On", 2, "Off", {})


def test_machines_of_one_table_share_nothing() -> None:
    """Each has its state, its timers and its data."""
    kind = kind_of(Lamp.table)
    one, two = kind(), kind()
    run(one, "push")
    assert (two.state, two.timers) == ("Off", {})
    assert one != two
