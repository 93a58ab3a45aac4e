"""The DNS of a simulated network: names as data, and how long it takes to ask for them.

A record is what `sipsm.Endpoint.resolved` takes: a numeric host for A and AAAA, `Srv` and `Naptr` for these
(RFC 1035 3.3, RFC 2782, RFC 3403 4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random

from attrs import field, frozen

from sipsm.testing.link import _not_negative, _share
from sipsm.transport import Naptr, Srv, is_numeric

Record = str | Srv | Naptr
"""A numeric host, an `Srv` or a `Naptr`; or, alone, a name that this one is another name for."""
Zone = Mapping[str, str | Sequence[Record]]
"""What each name has: its records; or one text, which is a numeric host, an agent, or a name to look at instead."""
ALIASES = 8
"""How many names in a row may stand for another."""


@frozen
class Dns:
    """How it is to ask for names. By default the answer is there at once."""

    latency: float = field(default=0.0, validator=_not_negative)
    """Seconds that every answer takes."""
    jitter: float = field(default=0.0, validator=_not_negative)
    """Seconds that it may take beyond that."""
    failing: float = field(default=0.0, validator=_share)
    """The share of questions that nobody answers."""
    gives_up_s: float = field(default=5.0, validator=_not_negative)
    """How long an answer is waited for; then there are no records."""

    def answers(self, random: Random) -> tuple[float, bool]:
        """In how many seconds a question comes to an end, and whether with an answer."""
        takes = self.latency + self.jitter * random.random()
        if random.random() < self.failing or takes > self.gives_up_s:
            return self.gives_up_s, False
        return takes, True


def records(zone: Zone, name: str, host_of: Callable[[str], str | None]) -> tuple[Record, ...]:
    """All records that a name has, in their order; none where there is no such name.

    `host_of` tells the numeric host of an agent.
    """
    found: str | Sequence[Record] = name
    for _ in range(ALIASES):
        if not isinstance(found, str) or is_numeric(found):
            break
        # Case does not matter in a name, and the dot of the root may stand at its end (RFC 1035 2.3.3 and 3.1).
        known = found.rstrip(".")
        known = known if known in zone else known.lower()
        found = zone[known] if known in zone else host_of(known) or ()
    if isinstance(found, str):
        return (found,) if is_numeric(found) else ()
    return tuple(found)


def type_of(record: Record) -> str:
    """The type of the question that this record answers."""
    if isinstance(record, Srv):
        return "SRV"
    if isinstance(record, Naptr):
        return "NAPTR"
    return "AAAA" if ":" in record else "A"
