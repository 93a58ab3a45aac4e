"""Faults planted in the tables and the grid of a call, and the settings in which they show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from attrs import evolve, frozen

from sipsm.machine import Ignore, Refuse, Row, Table
from sipsm.sdp import OfferAnswer
from sipsm.usage import CALL, session
from sipsm.usage.acknowledging import Acknowledging
from sipsm.usage.deciding import UpdateIn
from sipsm.usage.invite_uac import InviteUac
from sipsm.usage.invite_uas import InviteUas
from sipsm.usage.reliable_receiver import ReliableReceiver
from sipsm.usage.reliable_sender import ReliableSender
from sipsm.usage.session import Session
from sipsm.usage.turns import Glare, Turns
from tests.calls_explored.settings import (
    A_LOSS,
    ASK,
    INVITE,
    NO_FAULTS,
    UPDATE,
    change,
    early,
    glare,
    impatient,
    prack,
    setup,
    slow,
)
from tests.calls_explored.world import Bounds, Setting, explored


@frozen(eq=False)
class Fault:
    """A machine whose table differs from the true one in one thing, or the grid without a wire."""

    what: str
    plant: Callable[[], Any]
    """A context in which it is there."""
    setting: Setting

    def __str__(self) -> str:
        return self.what

    def found(self) -> str:
        """What tells it: a law, or what the law says of an assertion or a rule of the wire; "" where nobody does."""
        with self.plant():
            violation = explored(self.setting)[0].violation
        return "" if violation is None else violation.law


@contextmanager
def _with(kind: Any, rows: tuple[Row | Refuse, ...], **more: Any) -> Iterator[None]:
    true: Table = kind.table
    parts = {"ignored": true.ignored, "timers": true.timers, **more}
    kind.table = Table(true.name, initial=true.initial, rows=rows, rfc=true.rfc, inputs=true.inputs, **parts)
    try:
        yield
    finally:
        kind.table = true


def without_row(kind: Any, state: str, event: str, nth: int = 0) -> Callable[[], Any]:
    """The first entry of this pair, or another, is left out, and what then nobody decides is ignored."""

    def plant() -> Any:
        true = kind.table
        alternatives = true.lookup[state][event]
        entry = alternatives[nth].entry
        states = entry.state if isinstance(entry.state, frozenset) else frozenset((entry.state,))
        rows: list[Row | Refuse] = []
        for row in true.rows:
            if row is not entry:
                rows.append(row)
            elif states - {state}:
                rows.append(evolve(row, state=states - {state}))
        decided = any(not each.conditional for each in alternatives if each.entry is not entry)
        nothing = () if decided else (Ignore(state, event, "a planted fault"),)
        return _with(kind, tuple(rows), ignored=(*true.ignored, *nothing))

    return plant


def changed_row(kind: Any, state: str, event: str, **change: Any) -> Callable[[], Any]:
    """The row of this pair does something else."""

    def plant() -> Any:
        entry = kind.table.lookup[state][event][-1].entry
        return _with(kind, tuple(evolve(row, **change) if row is entry else row for row in kind.table.rows))

    return plant


def without_timer(kind: Any, letter: str) -> Callable[[], Any]:
    """A timer is never started."""
    return lambda: _with(
        kind, kind.table.rows, timers=tuple(timer for timer in kind.table.timers if timer.letter != letter)
    )


@contextmanager
def without_wire(event: str, machine: str) -> Iterator[None]:
    """A machine does not hear of an event."""
    CALL.connect(without=(event, machine))
    try:
        yield
    finally:
        CALL.connect()


FAULTS = (
    Fault("no 491 for a re-INVITE during ours", without_row(Turns, "Ours", "<INVITE"), glare(ASK, ASK, NO_FAULTS, 0)),
    Fault(
        "no 491 for an UPDATE during ours",
        without_row(OfferAnswer, "SentInUpdate", "<UPDATE+SDP"),
        glare(UPDATE, UPDATE, NO_FAULTS, 0),
    ),
    Fault("no second try after a collision", without_timer(Glare, "glare"), glare(INVITE, INVITE, NO_FAULTS, 0)),
    Fault("a 2xx is not repeated", without_timer(InviteUas, "2xx"), impatient(A_LOSS)),
    Fault("a repeated 2xx gets no ACK", without_row(Acknowledging, "Sent", "2XX"), impatient(A_LOSS)),
    Fault("a CANCEL that must wait is forgotten", without_row(InviteUac, "CancelWaits", "1XX"), early(NO_FAULTS)),
    Fault("a cancelled call that is answered goes on", without_row(Session, "Inviting", "2XX", 1), setup(NO_FAULTS)),
    Fault(
        "the BYE of the callee does not wait for the ACK",
        changed_row(Session, "Accepted", "HANG UP", next="Ending", actions=(session.send_bye,)),
        impatient(NO_FAULTS),
    ),
    Fault("a reliable response is not repeated", without_timer(ReliableSender, "reliable"), slow(A_LOSS)),
    Fault("the 2xx does not wait for the PRACK", without_row(InviteUas, "Proceeding", "ACCEPT"), prack(NO_FAULTS)),
    Fault(
        "a reliable response that comes again gets a PRACK",
        without_row(ReliableReceiver, "Receiving", "REL"),
        slow(Bounds(0, 1)),
    ),
    Fault(
        "a refused re-INVITE leaves its offer open",
        lambda: without_wire("FAILED", "offer_answer"),
        glare(INVITE, INVITE, NO_FAULTS, 0),
    ),
    Fault(
        "a refused re-INVITE keeps the turn",
        lambda: without_wire("FAILED", "turns"),
        glare(INVITE, INVITE, NO_FAULTS, 0),
    ),
    Fault(
        "an UPDATE that waits is not answered at the end",
        without_row(UpdateIn, "Owed", "OVER"),
        change(UPDATE, NO_FAULTS),
    ),
)
