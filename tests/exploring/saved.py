"""An endpoint as a value: its snapshot, and the messages and names of which it speaks.

Time is counted in ticks from the present, so that what differs only in when it began is the same; names are counted,
not drawn.
"""

from __future__ import annotations

import json
import re
from math import ceil

from sipsm import Endpoint
from sipsm.endpoint.snapshot import _restored, save
from sipsm.endpoint.state import CONFIG
from sipsm.ids import Ids
from sipsm.message import parse_message

TICK_S = 0.5
NOW = 1_000_000.0
"""The present, in each step."""
_TIME = re.compile(r"(?<=[\[,: ])(9\d{5}|1\d{6})\.\d+(?=[\],}])")


class Counted:
    """A source of names that counts. Its waits after a collision are whole ticks."""

    def __init__(self, rank: int, drawn: int) -> None:
        self.rank = rank
        self.drawn = drawn

    def getrandbits(self, k: int, /) -> int:
        """The next name, or a number that is always the same."""
        if k < 64:
            # 2.5 s for the caller, 0.5 s for the callee (see `Commands.wait`).
            return 40 + 191 * 57 if k == 32 else self.rank
        self.drawn += 1
        return (self.rank << 32) + self.drawn


class Messages:
    """All messages that there are, by number."""

    def __init__(self) -> None:
        self.all: list[bytes] = []
        self.numbers: dict[bytes, int] = {}

    def number(self, data: bytes) -> int:
        """The number of these bytes."""
        if data not in self.numbers:
            self.numbers[data] = len(self.all)
            self.all.append(data)
        return self.numbers[data]

    def name(self, number: int) -> str:
        """A word for it, with its CSeq number."""
        message = parse_message(self.all[number])
        what = str(getattr(message, "status", "")) or message.cseq.method
        return f"{what} ({message.cseq})" if what.isdecimal() else f"{what} ({message.cseq.number})"


def ticks_until(at: float) -> int:
    """From the present, rounded up."""
    return ceil((at - NOW) / TICK_S - 1e-3)


def saved(endpoint: Endpoint) -> str:
    """Its snapshot, with its deadlines in whole ticks from now."""
    text = save(endpoint).split(b"\n", 2)[2].decode()
    return _TIME.sub(lambda found: f"{NOW + ticks_until(float(found[0])) * TICK_S:.1f}", text)


def restored(text: str, source: Counted) -> Endpoint:
    """The endpoint of a snapshot."""
    return _restored(json.loads(text), Endpoint, CONFIG, Ids(source), {"watcher": None})


_shift: dict[tuple[str, int], str] = {}


def shifted(text: str, ticks: int) -> str:
    """Every deadline so many ticks sooner."""
    found = _shift.get((text, ticks))
    if found is None:
        found = _TIME.sub(lambda at: f"{NOW + (ticks_until(float(at[0])) - ticks) * TICK_S:.1f}", text)
        _shift[text, ticks] = found
    return found
