"""What happened, as records and as pictures: every message with its time, every step with its RFC section."""

from __future__ import annotations

from sipsm.trace.arrows import Arrow
from sipsm.trace.ladder import Ladder, ladder, live
from sipsm.trace.record import Arrived, Asked, Carried, Left, Moved, Record, Recorder, Watching

__all__ = [
    "Arrived",
    "Arrow",
    "Asked",
    "Carried",
    "Ladder",
    "Left",
    "Moved",
    "Record",
    "Recorder",
    "Watching",
    "ladder",
    "live",
]
