"""A REGISTER on which the application decides: those for one address one after the other, as they came.

RFC 3261 10.3 (order and atomicity; who may register whom, steps 3 and 4). Not here: whose turn it is, see
`sipsm.standalone.lines`.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import define

from sipsm.machine import Ignore, Machine, Refuse, Row, Table, always
from sipsm.standalone.decision import (
    ACCEPT,
    IN_LINE,
    LATE,
    OVER,
    REJECT,
    SHOWN,
    TURN,
    show,
    take,
    turn_down,
    withdraw,
)


@define(eq=False)
class Admission(Machine):
    """One REGISTER, from when it came until it is answered."""

    table: ClassVar[Table]


# fmt: off
Admission.table = Table(
    "REGISTER to be decided on",
    rfc="3261 10.3",
    initial=IN_LINE,
    rows=(
        #   state   input   guard   next   actions       RFC
        # "REGISTER requests MUST be processed by a registrar in the order that they are received."
        Row(IN_LINE, TURN,   always, SHOWN, (show,),      "3261 10.3"),
        Row(SHOWN,   ACCEPT, always, OVER,  (take,),      "3261 10.3"),
        # "If the authenticated user is not authorized to modify bindings, the registrar MUST return a 403 (Forbidden)
        # and skip the remaining steps."
        Row(SHOWN,   REJECT, always, OVER,  (turn_down,), "3261 10.3"),
        # "an element that cannot respond before the transaction expires will not send a final response at all."
        Row(SHOWN,   LATE,   always, OVER,  (withdraw,),  "4320 4.2"),
        Refuse(OVER, ACCEPT, always, None, "it has been answered, or waited for too long", "3261 10.3"),
        Refuse(OVER, REJECT, always, None, "it has been answered, or waited for too long", "3261 10.3"),
    ),
    ignored=(
        Ignore({SHOWN, OVER}, TURN, "it has had its turn"),
        Ignore(IN_LINE, LATE, "what came before it has waited for longer"),
        Ignore(IN_LINE, {ACCEPT, REJECT}, "the application has not seen it"),
        Ignore(OVER, LATE, "it has been answered"),
    ),
)
# fmt: on
