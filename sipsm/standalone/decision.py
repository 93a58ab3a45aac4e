"""A PUBLISH or REGISTER on which the application decides: those for one address one after the other, as they came.

RFC 3903 6 (order and atomicity) and 14.1 (who may publish); RFC 3261 10.3 (the same, and who may register). Not here:
whose turn it is, see `sipsm.standalone.lines`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define, frozen

from sipsm.machine import Ignore, Machine, Refuse, Row, Step, Table, always

IN_LINE: Final = "In line"
SHOWN: Final = "Shown"
OVER: Final = "Over"

TURN: Final = "turn"
ACCEPT: Final = "accept"
REJECT: Final = "reject"
LATE: Final = "late"


@frozen
class Show:
    """It is in order: have the application decide, or answer it if it is not."""


@frozen
class Take:
    """Have it take effect, and answer it so."""


@frozen
class TurnDown:
    """Answer it so; nothing has changed."""

    status: int
    reason: str | None
    headers: tuple[tuple[str, str], ...]


@frozen
class Withdraw:
    """Its sender has given up."""


@define(eq=False)
class Decision(Machine):
    """One of them, from when it came until it is answered."""

    table: ClassVar[Table]


def show(_: Decision, _x: Any, step: Step) -> None:
    """All that came before it are done."""
    step.emit(Show())


def take(_: Decision, _x: Any, step: Step) -> None:
    """It is accepted."""
    step.emit(Take())


def turn_down(_: Decision, answer: TurnDown, step: Step) -> None:
    """It is rejected."""
    step.emit(answer)


def withdraw(_: Decision, _x: Any, step: Step) -> None:
    """It has waited for too long."""
    step.emit(Withdraw())


# fmt: off
Decision.table = Table(
    "PUBLISH or REGISTER to be decided on",
    rfc="3903 6",
    initial=IN_LINE,
    rows=(
        #   state   input   guard   next   actions       RFC
        # "PUBLISH requests with the same Request-URI MUST be processed in the order that they are received." And:
        # "REGISTER requests MUST be processed by a registrar in the order that they are received." (RFC 3261 10.3)
        Row(IN_LINE, TURN,   always, SHOWN, (show,),      "3903 6"),
        Row(SHOWN,   ACCEPT, always, OVER,  (take,),      "3903 6"),
        # "the publication MUST NOT succeed, and the ESC MUST fail with an appropriate error response"; and "If the
        # authenticated user is not authorized to modify bindings, the registrar MUST return a 403 (Forbidden) and skip
        # the remaining steps." (RFC 3261 10.3)
        Row(SHOWN,   REJECT, always, OVER,  (turn_down,), "3903 6"),
        # "an element that cannot respond before the transaction expires will not send a final response at all."
        Row(SHOWN,   LATE,   always, OVER,  (withdraw,),  "4320 4.2"),
        Refuse(OVER, ACCEPT, always, None, "it has been answered, or waited for too long", "3903 6"),
        Refuse(OVER, REJECT, always, None, "it has been answered, or waited for too long", "3903 6"),
    ),
    ignored=(
        Ignore({SHOWN, OVER}, TURN, "it has had its turn"),
        Ignore(IN_LINE, LATE, "what came before it has waited for longer"),
        Ignore(IN_LINE, {ACCEPT, REJECT}, "the application has not seen it"),
        Ignore(OVER, LATE, "it has been answered"),
    ),
)
# fmt: on
