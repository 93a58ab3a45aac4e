"""The one mechanism: machines declared as tables, run one by one or several in a joint step."""

from __future__ import annotations

from sipsm.machine.agenda import Agenda, Watched
from sipsm.machine.diagram import graphviz, grid, listing, mermaid
from sipsm.machine.joint import No, To, Wiring, grid_line, joint_step
from sipsm.machine.running import Machine
from sipsm.machine.settling import Outcome
from sipsm.machine.step import Observer, Step
from sipsm.machine.table import (
    Action,
    Decision,
    Entry,
    Guard,
    Ignore,
    Refuse,
    Row,
    Table,
    Timer,
    always,
    doubled,
    never_where,
    once,
    only_where,
    repeated,
)

__all__ = [
    "Action",
    "Agenda",
    "Decision",
    "Entry",
    "Guard",
    "Ignore",
    "Machine",
    "No",
    "Observer",
    "Outcome",
    "Refuse",
    "Row",
    "Step",
    "Table",
    "Timer",
    "To",
    "Watched",
    "Wiring",
    "always",
    "doubled",
    "graphviz",
    "grid",
    "grid_line",
    "joint_step",
    "listing",
    "mermaid",
    "never_where",
    "once",
    "only_where",
    "repeated",
]
