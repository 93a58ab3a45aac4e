"""Faults planted in the tables and the grid of a call, and the settings in which they show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from attrs import frozen

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
    ASK,
    INVITE,
    UPDATE,
    change,
    early,
    glare,
    impatient,
    prack,
    setup,
    slow,
)
from tests.calls_explored.world import Setting, explored
from tests.exploring.faults import Plant, changed_row, without_row, without_timer
from tests.exploring.world import A_LOSS, NO_FAULTS, Bounds


@frozen(eq=False)
class Fault:
    """A machine whose table differs from the true one in one thing, or the grid without a wire."""

    what: str
    plant: Plant
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
        without_row(ReliableReceiver, "Receiving", "REL", 1),
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
