"""Faults planted in the tables: a row left out, a timer left out, an action left out."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve, frozen

from sipsm.machine import Ignore, Row, Table
from sipsm.machine.diagram import action_name
from sipsm.transaction import (
    InviteClientTransaction,
    InviteServerTransaction,
    NonInviteClientTransaction,
    NonInviteServerTransaction,
    Transaction,
)
from sipsm.transaction.base import TERMINATED
from tests.exhaustive.settings import FINDING_FAULTS, explored
from tests.exploring.faults import changed, planted

KINDS: tuple[type[Transaction], ...] = (
    InviteClientTransaction,
    InviteServerTransaction,
    NonInviteClientTransaction,
    NonInviteServerTransaction,
)

UNSEEN = {
    "INVITE client transaction staying on transport error in Completed": "told of the failure; Timer D ends it as well",
    "INVITE server transaction ignoring ACK in Accepted": "only the ACK of an RFC 2543 client comes here",
    "INVITE server transaction not doing 'pass ack up' on ACK in Accepted": "only that of an RFC 2543 client",
    "non-INVITE client transaction staying on 1xx in Trying": "it repeats more often, with the same end",
    "non-INVITE client transaction ignoring 1xx in Proceeding": "a second 100 tells nothing new",
    "non-INVITE client transaction not doing 'pass response up' on 1xx in Proceeding": "a second 100 tells nothing new",
    "non-INVITE server transaction ignoring Timer late in Trying": "with these times Timer 100 comes first",
    "non-INVITE server transaction staying on Timer late in Trying": "with these times Timer 100 comes first",
    "non-INVITE server transaction not doing 'report timeout' on Timer late in Trying": "Timer 100 comes first",
}
"""Faults that do not show between two sides like these, and why. They show in `tests/transaction`."""


@frozen
class Fault:
    """A table that differs from the true one in one thing."""

    kind: type[Transaction]
    what: str
    table: Table

    def __str__(self) -> str:
        return f"{self.kind.table.name} {self.what}"


def faults() -> Iterator[Fault]:
    """All that are made by leaving out one thing."""
    for kind in KINDS:
        table = kind.table
        for timer in table.timers:
            left = tuple(each for each in table.timers if each is not timer)
            yield Fault(kind, f"without Timer {timer.letter}", changed(table, table.rows, timers=left))
            on = evolve(timer, runs_in=timer.runs_in | {TERMINATED})
            yield Fault(kind, f"not stopping Timer {timer.letter}", changed(table, table.rows, timers=(*left, on)))
        for row in table.rows:
            if not isinstance(row, Row):
                continue
            left_rows = tuple(each for each in table.rows if each is not row)
            nothing = (*table.ignored, Ignore(row.state, row.input, "a planted fault"))
            where = f"{row.input} in {row.state}"
            yield Fault(kind, f"ignoring {where}", changed(table, left_rows, ignored=nothing))
            if row.next is not None and row.next != row.state:
                stays = tuple(evolve(row, next=None) if each is row else each for each in table.rows)
                yield Fault(kind, f"staying on {where}", changed(table, stays))
            for action in row.actions:
                less = evolve(row, actions=tuple(each for each in row.actions if each is not action))
                rows = tuple(less if each is row else each for each in table.rows)
                yield Fault(kind, f"not doing {action_name(action)!r} on {where}", changed(table, rows))


def found_by(fault: Fault) -> str:
    """The law that tells the fault, by its name; "" where nobody notices."""
    method = "INVITE" if fault.kind in {InviteClientTransaction, InviteServerTransaction} else "OPTIONS"
    with planted(fault.kind, fault.table):
        try:
            violations = (explored(setting).violation for setting in FINDING_FAULTS[method])
            return next((violation.law for violation in violations if violation is not None), "")
        except AssertionError:
            return "an assertion of sipsm"
