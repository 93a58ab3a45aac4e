"""A message that has come in part on a connection, and the time in which the rest of it must come.

RFC 3261 18.3, RFC 4475 3.1.2.2. Not here: its bytes, which the framer has, see `sipsm.transport.framing`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final

from attrs import define

from sipsm.machine import Ignore, Machine, Row, Step, Table, Timer, always, once
from sipsm.transport.limits import FlowTimes

BETWEEN: Final = "Between"
WITHIN: Final = "Within"
BEGUN: Final = "begun"
WHOLE: Final = "whole"


@define(eq=False)
class Reading(Machine):
    """Whether a message has come in part, and since when."""

    table: ClassVar[Table]
    times: FlowTimes


def report_too_slow(reading: Reading, _: Any, step: Step) -> None:
    """Tell the connection that the rest of the message has not come in time."""
    step.emit("the rest of the message did not come in time")


def message_time(reading: Reading) -> float:
    """`FlowTimes.message_s`."""
    return reading.times.message_s


# fmt: off
Reading.table = Table(
    "half-read message",
    rfc="3261 18.3",
    initial=BETWEEN,
    rows=(
        #   state    input            guard   next     actions             RFC
        Row(BETWEEN, BEGUN,           always, WITHIN,  (),                 "3261 18.3"),
        Row(WITHIN,  WHOLE,           always, BETWEEN, (),                 "3261 18.3"),
        Row(WITHIN,  "Timer message", always, BETWEEN, (report_too_slow,), "4475 3.1.2.2"),
    ),
    timers=(
        Timer("message", {WITHIN}, message_time, once, "4475 3.1.2.2"),
    ),
    ignored=(
        Ignore(BETWEEN, WHOLE, "it came in one piece"),
        Ignore(WITHIN, BEGUN, "it is still the same message"),
    ),
)
# fmt: on
