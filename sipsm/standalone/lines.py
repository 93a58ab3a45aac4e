"""One request at a time to each Request-URI: who has one to send gets in line (RFC 3903 4)."""

from __future__ import annotations

from typing import Generic, TypeVar

from attrs import define, field

from sipsm.grammar import Uri

Who = TypeVar("Who")


@define(eq=False)
class Lines(Generic[Who]):
    """For each Request-URI to which something is under way: who sent that, and behind it who waits."""

    all: dict[Uri, list[Who]] = field(factory=dict)

    def enter(self, uri: Uri, who: Who) -> bool:
        """Get in line; returns whether it is its turn at once."""
        line = self.all.setdefault(uri, [])
        line.append(who)
        return len(line) == 1

    def leave(self, uri: Uri) -> Who | None:
        """What was under way is done; returns whose turn it is now, None when nobody waits."""
        line = self.all[uri]
        del line[0]
        if line:
            return line[0]
        del self.all[uri]
        return None
