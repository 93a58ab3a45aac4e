"""Small machines to try the mechanism on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from attrs import define, field

from sipsm.machine import Action, Ignore, Machine, Refuse, Row, Step, Table, Timer, always

START = 1000.0


@define(eq=False)
class Toy(Machine):
    """A machine that remembers what was done to it."""

    table: ClassVar[Table]
    done: list[Any] = field(factory=list)
    watched_at: float | None = None


def toy(
    *rows: Row | Refuse,
    timers: Iterable[Timer] = (),
    ignored: Iterable[Ignore] = (),
    inputs: Iterable[str] = (),
    initial: str = "Off",
    name: str = "toy",
) -> Toy:
    """A machine of these rows."""
    table = Table(name, initial=initial, rows=rows, ignored=ignored, timers=timers, inputs=inputs, rfc="0 0")
    return kind_of(table)()


def kind_of(table: Table) -> type[Toy]:
    """The class of the machines that a table makes."""

    class Kind(Toy):
        pass

    Kind.table = table
    return Kind


def row(state: Any, name: str, following: str | None, *actions: Action, guard: Any = always) -> Row:
    """A row without ceremony."""
    return Row(state, name, guard, following, actions, "0 1")


def note(machine: Toy, x: Any, step: Step) -> None:
    """Remember what came, and tell it."""
    machine.done.append(x)
    step.emit((machine.state, x))


def x_is_positive(_machine: Toy, x: int, _at: object) -> bool:
    """The input came with a positive number."""
    return x > 0


def causes(*names: str) -> Action:
    """An action that causes further inputs."""

    def cause(_machine: object, _x: object, step: Step) -> None:
        for name in names:
            step.cause(name, f"from {name}")

    return cause


def run(machine: Machine, name: str, x: Any = None, now: float = START) -> list[Any]:
    """One input to one machine; returns the outputs."""
    step = Step(now)
    machine.receive(name, x, step)
    return step.outputs


def fire(machine: Machine, now: float) -> list[str]:
    """Fire all that is due by `now`, one after the other; returns the letters."""
    letters = []
    while (letter := machine.due(now)) is not None:
        run(machine, machine.fired(letter, now), now=now)
        letters.append(letter)
    return letters
