"""Machines that take one step together (`sipsm.machine.joint`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sipsm.machine import (
    Action,
    Guard,
    Ignore,
    Machine,
    No,
    Outcome,
    Refuse,
    Row,
    Step,
    Table,
    Timer,
    To,
    Wiring,
    always,
    joint_step,
    never_where,
    once,
    only_where,
)
from sipsm.transaction import InviteClientTransaction
from sipsm.usage import CALL
from tests.machine.toys import START, Toy, causes, kind_of, note, row, toy


class Dialog:
    """Two machines side by side; the right one may be asleep."""

    def __init__(self, left: Toy, right: Toy) -> None:
        self.left = left
        self.right = right
        self.call = [self]
        self.awakened: list[str] = []

    def awaken(self, place: str) -> Machine:
        """Its machine of this place, made now."""
        self.awakened.append(place)
        machine = kind_of(getattr(self, place).table)()
        setattr(self, place, machine)
        return machine

    def is_alone(self) -> bool:
        """Whether there is no other dialog."""
        return self.call == [self]

    def within(self, scope: str, place: str) -> list[Dialog]:
        """All dialogs of the call, or those whose left machine is on."""
        assert place in {"left", "right"}
        return self.call if scope == "each" else [each for each in self.call if each.left.state == scope]

    @property
    def states(self) -> tuple[str, str]:
        """Where both are."""
        return self.left.state, self.right.state


class Joint:
    """A few dialogs and their wiring; the first is where things happen."""

    def __init__(self, wiring: Wiring, *dialogs: Dialog) -> None:
        self.wiring = wiring
        self.dialogs = list(dialogs)
        for dialog in dialogs:
            dialog.call = self.dialogs
        self.step = Step(START)

    def take(self, event: str, x: Any = None) -> Outcome:
        """One event, offered to those who have a say in it."""
        self.step = Step(START)
        return joint_step(self.wiring, self.dialogs[0], event, x, self.step)

    @property
    def outputs(self) -> list[Any]:
        """What the last step came to."""
        return [output for _, output in self.step.outputs]


NO = No("none of its business")


def joint(left: Toy, right: Toy, grid: dict[str, tuple[To | No, To | No]], others: int = 0) -> Joint:
    """Two machines and their wiring, and as many dialogs besides with machines of the same kinds."""
    wiring = Wiring(
        "pair",
        {"left": [left.table], "right": [right.table]},
        {event: {"left": cells[0], "right": cells[1]} for event, cells in grid.items()},
        sleepers=["right"],
    )
    more = [Dialog(type(left)(), type(right)()) for _ in range(others)]
    return Joint(wiring, Dialog(left, right), *more)


def to(name: str, scope: str = "") -> To:
    """A wire."""
    return To(name, "0 3", scope)


def say(text: str) -> Action:
    """An action that tells something."""

    def told(_machine: object, _x: object, step: Step) -> None:
        step.emit(text)

    return told


BOTH: dict[str, tuple[To | No, To | No]] = {"go": (to("go"), to("go"))}


def test_all_move_and_then_all_act() -> None:
    """Actions of the first machine find the second in its new state already; outputs are in the wiring's order."""
    seen: list[str] = []
    right = toy(row("Off", "go", "On", say("right")))

    def look(_machine: object, _x: object, _step: Step) -> None:
        seen.append(right.state)

    pair = joint(toy(row("Off", "go", "On", look, say("left"))), right, BOTH)
    assert pair.take("go") == Outcome(refusal=None, moved=True)
    assert pair.dialogs[0].states == ("On", "On")
    assert (seen, pair.outputs) == (["On"], ["left", "right"])


def test_an_event_that_a_machine_has_not_decided_is_our_mistake() -> None:
    """It crashes with machine, input and state in its text."""
    pair = joint(toy(row("Off", "go", "On")), toy(row("Off", "go", "On"), initial="On"), BOTH)
    with pytest.raises(AssertionError, match="toy: nobody decided go in On"):
        pair.take("go")


def test_so_is_one_that_only_conditions_would_decide() -> None:
    """It crashes likewise where none of them holds."""
    kind = toy(row("Off", "go", "On", guard=lambda _machine, x, _at: bool(x)))
    with pytest.raises(AssertionError, match="toy: nobody decided go in Off"):
        joint(toy(row("Off", "go", "On")), kind, BOTH).take("go", 0)


@pytest.mark.parametrize("refusing", ["left", "right"])
def test_one_refusal_stops_all(refusing: str) -> None:
    """Whichever machine refuses, none has moved and nothing was told; the refusal and its state are named."""
    refusal = Refuse("Off", "go", always, 491, "not now", "0 4")
    moving, stopping = toy(row("Off", "go", "On", note)), toy(refusal)
    left, right = (stopping, moving) if refusing == "left" else (moving, stopping)
    pair = joint(left, right, BOTH)
    assert pair.take("go") == Outcome(refusal=refusal, moved=False, state="Off")
    assert pair.dialogs[0].states == ("Off", "Off")
    assert (pair.outputs, moving.done, moving.timers) == ([], [], {})


def test_the_first_of_two_refusals_is_spoken() -> None:
    """The order of the machines in the wiring is the precedence of their refusals."""
    first = Refuse("Off", "go", always, 481, "first", "0 4")
    second = Refuse("Off", "go", always, 491, "second", "0 4")
    assert joint(toy(first), toy(second), BOTH).take("go").refusal is first


def test_guards_see_the_machines_as_they_stood_before_the_step() -> None:
    """A guard of the second machine does not see that the first has a row to take."""

    def left_is_off(_machine: object, _x: object, at: Dialog) -> bool:
        return at.left.state == "Off"

    left = toy(row("Off", "go", "On"), row("On", "go", "Off"))
    right = toy(
        row("Off", "go", "SawOff", guard=left_is_off),
        row("Off", "go", "SawOn"),
        row({"SawOff", "SawOn"}, "go", "Off"),
    )
    pair = joint(left, right, BOTH)
    pair.take("go")
    assert pair.dialogs[0].states == ("On", "SawOff")


@pytest.mark.parametrize("rule", [only_where(left={"On"}), never_where(left={"Off", "Broken"})])
def test_a_guard_is_not_asked_where_it_says_that_it_does_not_hold(rule: Callable[[Guard], Guard]) -> None:
    """It is asked where it may, and where the machine of which it speaks does not hear the event."""
    asked: list[str] = []

    def left_is_on(_machine: object, _x: object, at: Dialog) -> bool:
        asked.append(at.left.state)
        return at.left.state == "On"

    left = toy(row({"Off", "On"}, "go", "On"), inputs=["go"])
    right = toy(row({"Off", "On"}, "go", "On", guard=rule(left_is_on)), row({"Off", "On"}, "go", "Off"))
    pair = joint(left, right, {**BOTH, "alone": (NO, to("go"))})
    pair.take("go")
    assert (asked, pair.dialogs[0].states) == ([], ("On", "Off"))
    pair.take("go")
    assert (asked, pair.dialogs[0].states) == (["On"], ("On", "On"))
    left.state = "Off"
    pair.take("alone")
    assert (asked, pair.dialogs[0].states) == (["On", "Off"], ("Off", "Off"))


def test_guards_of_several_machines_are_asked_in_their_order() -> None:
    """Up to a refusal; and what they say is settled together, each time anew."""
    asked: list[Any] = []

    def is_in(name: str) -> Guard:
        def named(_machine: object, x: str, _at: object) -> bool:
            asked.append(name)
            return name in x

        return named

    left = toy(
        Refuse({"Off", "On"}, "go", is_in("a"), 400, "never", "0 4"),
        row({"Off", "On"}, "go", "On", guard=is_in("b")),
        row({"Off", "On"}, "go", "Off"),
    )
    right = toy(row({"Off", "On"}, "go", "On", guard=is_in("c")), row({"Off", "On"}, "go", "Off"))
    pair = joint(left, right, BOTH)
    for x, states in {"b": ("On", "Off"), "bc": ("On", "On"), "c": ("Off", "On"), "": ("Off", "Off")}.items():
        pair.take("go", x)
        assert pair.dialogs[0].states == states
    asked.clear()
    assert pair.take("go", "abc").refusal is not None
    assert (asked, pair.dialogs[0].states) == (["a"], ("Off", "Off"))


def test_a_machine_that_ignores_an_event_lets_the_others_move() -> None:
    """When nobody moves, the reasons of all are told; when nobody has a say, that is the reason."""
    left = toy(row("Off", "go", "On"), ignored=[Ignore("On", "go", "left is on")])
    right = toy(row("On", "go", "Off"), ignored=[Ignore("Off", "go", "right is off")])
    pair = joint(left, right, {**BOTH, "nothing": (NO, NO)})
    assert pair.take("go").moved
    assert pair.dialogs[0].states == ("On", "Off")
    assert pair.take("go") == Outcome(moved=False, why_not="left is on; right is off")
    assert pair.take("nothing") == Outcome(moved=False, why_not="nobody has a say in it")


def test_the_same_event_is_another_input_to_each() -> None:
    """A wire says what the event is to its machine; what came with it reaches all."""
    pair = joint(
        toy(row("Off", "push", None, note)), toy(row("Off", "pull", None, note)), {"go": (to("push"), to("pull"))}
    )
    pair.take("go", 7)
    assert pair.outputs == [("Off", 7), ("Off", 7)]


def test_what_a_step_causes_is_taken_when_it_is_complete() -> None:
    """First in, first out, each offered to all; and what came with a cause reaches those who take it."""
    left = toy(row("Off", "go", "On", causes("a", "b"), say("left")), row("On", "a", None, note, causes("c")))
    right = toy(
        row("Off", "go", "On", say("right")), row("On", "b", None, note), row("On", "c", None, note, say("end"))
    )
    grid = {**BOTH, "a": (to("a"), NO), "b": (NO, to("b")), "c": (NO, to("c"))}
    pair = joint(left, right, grid)
    assert pair.take("go").moved
    assert pair.outputs == ["left", "right", ("On", "from a"), ("On", "from b"), ("On", "from c"), "end"]


def test_a_caused_event_that_is_refused_is_our_mistake() -> None:
    """It crashes with wiring, event, cause and refusal in its text."""
    pair = joint(
        toy(row("Off", "go", "On", causes("stop"))),
        toy(row("Off", "go", "On"), Refuse("On", "stop", always, 500, "never", "0 4")),
        {**BOTH, "stop": (NO, to("stop"))},
    )
    with pytest.raises(AssertionError, match=r"pair: go caused stop, which was refused: .*never"):
        pair.take("go")


def test_a_caused_event_may_come_to_nothing() -> None:
    """The outcome told is that of the event itself."""
    pair = joint(
        toy(row("Off", "go", "On", causes("stop"))),
        toy(row("Off", "go", "On"), inputs=["stop"], ignored=[Ignore("On", "stop", "why not")]),
        {**BOTH, "stop": (NO, to("stop"))},
    )
    assert pair.take("go") == Outcome(moved=True)


def test_a_timer_of_no_length_is_an_event_of_the_same_step() -> None:
    """It is offered by the wiring, like any cause, after all have acted."""
    left = toy(
        row("Off", "go", "On", say("left")),
        row("On", "Timer T", "Off", say("fired")),
        timers=[Timer("T", {"On"}, lambda _: 0.0, once, "")],
    )
    pair = joint(left, toy(row("Off", "go", "On", say("right"))), {**BOTH, "Timer T": (to("Timer T"), NO)})
    pair.take("go")
    assert pair.outputs == ["left", "right", "fired"]


# ---------------------------------------------------------------- scopes


def test_a_wire_reaches_the_dialog_of_the_event_or_each_dialog() -> None:
    """A scope offers the event to that machine of every dialog within it, in their order."""
    left, right = toy(row({"Off", "On"}, "go", "On")), toy(row({"Off", "On"}, "go", "On", note))
    here = joint(left, right, BOTH, others=2)
    here.take("go")
    assert [dialog.states for dialog in here.dialogs] == [("On", "On"), ("Off", "Off"), ("Off", "Off")]
    everywhere = joint(type(left)(), type(right)(), {"go": (to("go"), to("go", "each"))}, others=2)
    everywhere.take("go", 1)
    assert [dialog.states for dialog in everywhere.dialogs] == [("On", "On"), ("Off", "On"), ("Off", "On")]
    assert everywhere.outputs == [("On", 1)] * 3
    assert [at for at, _ in everywhere.step.outputs] == everywhere.dialogs


def test_who_is_within_a_scope_is_asked_when_the_event_happens() -> None:
    """A scope may leave some out, or all; then nobody has a say."""
    left, right = toy(row("Off", "begin", "On")), toy(row("Off", "go", "On"))
    here = joint(left, right, {"begin": (to("begin"), NO), "go": (NO, to("go", "On"))}, others=1)
    assert here.take("go") == Outcome(moved=False, why_not="nobody has a say in it")
    here.take("begin")
    assert here.take("go").moved
    assert [dialog.states for dialog in here.dialogs] == [("On", "On"), ("Off", "Off")]


def test_an_output_comes_with_the_machines_around_it() -> None:
    """Also that of an event which another one has caused, in the dialog where it was."""
    left = toy(row("Off", "begin", None), row("Off", "end", "Over", say("end")))
    right = toy(row("Off", "begin", "On", say("on"), causes("end")))
    pair = joint(left, right, {"begin": (NO, to("begin", "each")), "end": (to("end"), NO)}, others=1)
    pair.take("begin")
    first, second = pair.dialogs
    assert pair.step.outputs == [(first, "on"), (second, "on"), (first, "end"), (second, "end")]


# ---------------------------------------------------------------- asleep


def asleep(machine: Toy) -> Toy:
    """The one that stands for all of its kind."""

    class Asleep(type(machine)):  # type: ignore[misc]  # the class is only known here
        asleep = True

    made: Toy = Asleep()
    return made


def test_a_machine_awakes_when_it_moves() -> None:
    """The one that stands for it stays as it is, and the made one takes the row and acts."""
    pair = joint(toy(row({"Off", "On"}, "go", "On")), toy(row("Off", "go", "On", note)), BOTH)
    stands = pair.dialogs[0].right = asleep(pair.dialogs[0].right)
    assert pair.take("go", 7).moved
    assert (stands.state, stands.done) == ("Off", [])
    assert pair.dialogs[0].right is not stands
    assert (pair.dialogs[0].states, pair.dialogs[0].right.done) == (("On", "On"), [7])
    assert pair.dialogs[0].awakened == ["right"]


@pytest.mark.parametrize("refuses", [False, True])
def test_a_machine_sleeps_on_where_it_only_ignores_or_refuses(refuses: bool) -> None:
    """What does not move need not be made."""
    refusal = Refuse("Off", "go", always, 481, "nothing is there", "0 4")
    right = (
        toy(refusal, row("Off", "wake", "On"))
        if refuses
        else toy(row("Off", "wake", "On"), inputs=["go"], ignored=[Ignore("Off", "go", "it sleeps")])
    )
    pair = joint(toy(row("Off", "go", "On")), right, BOTH)
    stands = pair.dialogs[0].right = asleep(right)
    assert pair.take("go").refusal is (refusal if refuses else None)
    assert pair.dialogs[0].right is stands
    assert pair.dialogs[0].awakened == []


def test_a_refusal_in_another_dialog_stops_all() -> None:
    """Nobody has moved, in no dialog."""
    kind = toy(row("Off", "go", "On"), Refuse("On", "go", always, 500, "is on", "0 4"))
    pair = joint(toy(row("Off", "go", "On")), kind, {"go": (to("go"), to("go", "each"))}, others=1)
    pair.dialogs[1].right.state = "On"
    assert pair.take("go").state == "On"
    assert [dialog.states for dialog in pair.dialogs] == [("Off", "Off"), ("Off", "On")]


def test_a_cause_is_taken_in_the_dialog_that_caused_it() -> None:
    """What a machine of another dialog causes concerns that dialog, not the one where the event happened."""
    left = toy(row("Off", "begin", None), row("Off", "end", "Over", note))
    right = toy(row("Off", "begin", "On", causes("end")))
    pair = joint(left, right, {"begin": (NO, to("begin", "each")), "end": (to("end"), NO)}, others=1)
    pair.dialogs[0].right = toy(row("Off", "begin", "On"))
    pair.take("begin")
    assert [dialog.states for dialog in pair.dialogs] == [("Off", "On"), ("Over", "On")]


# ---------------------------------------------------------------- the grid


LEFT = toy(row("Off", "go", "On")).table
RIGHT = toy(row("Off", "stop", "On")).table


@pytest.mark.parametrize("cells", [{"left": to("go")}, {"left": to("go"), "right": NO, "middle": NO}, {}])
def test_a_grid_is_full(cells: dict[str, To | No]) -> None:
    """Each event says what it is to each machine, and to nobody else."""
    with pytest.raises(ValueError, match="pair: go does not say what it is to each of left, right"):
        Wiring("pair", {"left": [LEFT], "right": [RIGHT]}, {"go": cells})


def test_a_wire_names_an_input_that_a_machine_there_knows() -> None:
    """One of the tables that may stand in a place must know the input that a wire names; the other hears nothing."""
    cells: dict[str, dict[str, To | No]] = {"go": {"left": to("go"), "right": NO}}
    Wiring("pair", {"left": [LEFT, RIGHT], "right": [RIGHT]}, cells)
    with pytest.raises(ValueError, match="pair: go is go to toy, which does not know it"):
        Wiring("pair", {"left": [RIGHT], "right": [RIGHT]}, cells)


def test_a_wire_can_be_taken_out_and_put_back() -> None:
    """For the test that somebody misses it: without its wire a machine stays as it is."""
    pair = joint(toy(row("Off", "go", "On")), toy(row({"Off", "On"}, "go", "On")), BOTH)
    pair.wiring.connect(without=("go", "left"))
    assert pair.take("go").moved
    assert pair.dialogs[0].states == ("Off", "On")
    pair.wiring.connect()
    pair.take("go")
    assert pair.dialogs[0].states == ("On", "On")


def test_an_observer_is_told_of_the_rows_of_all_machines() -> None:
    """In the order of the wiring, when all have moved."""
    seen: list[tuple[str, str, str]] = []

    def observer(machine: Machine, before: str, name: str, _taken: Row, _now: float) -> None:
        seen.append((machine.table.name, before, name))

    pair = joint(toy(row("Off", "go", "On"), name="one"), toy(row("Off", "go", "On"), name="two"), BOTH)
    joint_step(pair.wiring, pair.dialogs[0], "go", None, Step(START, observer))
    assert seen == [("one", "Off", "go"), ("two", "Off", "go")]


def test_a_place_may_be_taken_by_machines_of_several_tables() -> None:
    """Which of them stands there is each dialog's matter."""
    tables = [Table(name, initial="Off", rows=[row("Off", "go", name)], rfc="0 0") for name in ("One", "Two")]
    wiring = Wiring("solo", {"left": tables}, {"go": {"left": to("go", "each")}})
    right = toy(row("Off", "go", None))
    dialogs = [Dialog(kind_of(table)(), right) for table in tables]
    Joint(wiring, *dialogs).take("go")
    assert [dialog.left.state for dialog in dialogs] == ["One", "Two"]


def test_a_timer_that_nobody_hears_is_refused() -> None:
    """A timer of a machine in the grid is an event of the grid: else its firing would reach nobody."""
    with pytest.raises(ValueError, match="Timer A of invite is no event of the grid"):
        Wiring("deaf", {"invite": [InviteClientTransaction.table]}, {"answer": {"invite": To("2xx", "9 2")}})


def test_only_a_wire_can_be_left_out() -> None:
    """To leave out what is not there would prove nothing."""
    with pytest.raises(ValueError, match="there is no wire from EXTEND to session"):
        CALL.connect(without=("EXTEND", "session"))
