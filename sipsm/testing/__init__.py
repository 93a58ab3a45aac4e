"""A simulated network for tests: of sipsm, and of programs that use it.

`Net` carries the packets of any number of agents in virtual time, loses those that it is told to lose, and draws
what happened as a picture; `explore` looks at every state that a system can come to; `sipsm.testing.plugin` tells
pytest which rows of the tables a suite has taken.
"""

from __future__ import annotations

from sipsm.testing.agent import Agent
from sipsm.testing.census import census, nothing_left
from sipsm.testing.explore import Explored, Violation, explore
from sipsm.testing.invariants import (
    EVERY_STEP,
    Invariant,
    InvariantBroken,
    Stepped,
    early_timeout_changes_nothing,
    next_deadline_is_later,
    one_ended_each,
)
from sipsm.testing.ladder import ladder
from sipsm.testing.link import Link, Streaming
from sipsm.testing.names import Dns
from sipsm.testing.net import Net
from sipsm.testing.replay import ReplayDiffers, replay
from sipsm.testing.script import Step, answer, answer_offer, cancel, hang_up, reject, ring
from sipsm.testing.streams import Fault
from sipsm.testing.tape import Tape

__all__ = [
    "EVERY_STEP",
    "Agent",
    "Dns",
    "Explored",
    "Fault",
    "Invariant",
    "InvariantBroken",
    "Link",
    "Net",
    "ReplayDiffers",
    "Step",
    "Stepped",
    "Streaming",
    "Tape",
    "Violation",
    "answer",
    "answer_offer",
    "cancel",
    "census",
    "early_timeout_changes_nothing",
    "explore",
    "hang_up",
    "ladder",
    "next_deadline_is_later",
    "nothing_left",
    "one_ended_each",
    "reject",
    "replay",
    "ring",
]
