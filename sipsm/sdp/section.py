"""What the session-level part of a description and each of its media descriptions have in common: lines.

RFC 8866 5 (the lines and their order), 5.4, 5.7, 5.8, 5.13 and 6.7 (what may stand in both).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from enum import StrEnum
from typing import ClassVar, Self

from attrs import frozen

from sipsm.errors import LocalProtocolError
from sipsm.grammar.tokens import written
from sipsm.sdp.fields import Attribute, Bandwidth, Connection


class Direction(StrEnum):
    """In which direction media flows, as the side sees it whose description says so (RFC 8866 6.7)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @classmethod
    def of(cls, sends: bool, receives: bool) -> Direction:
        """The direction in which it sends, receives, both, or neither."""
        return _DIRECTIONS[sends, receives]

    @property
    def sends(self) -> bool:
        """Whether this side sends."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """Whether this side receives."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def mirrored(self) -> Direction:
        """The same, as the other side sees it."""
        return Direction.of(self.receives, self.sends)

    def __and__(self, other: Direction) -> Direction:
        return Direction.of(self.sends and other.sends, self.receives and other.receives)


_DIRECTIONS = {
    (True, True): Direction.SENDRECV,
    (True, False): Direction.SENDONLY,
    (False, True): Direction.RECVONLY,
    (False, False): Direction.INACTIVE,
}
_BY_NAME = {direction.value: direction for direction in Direction}


@frozen
class Section:
    """Lines of a description, each a letter, "=" and a value; the letters' order is `order`."""

    order: ClassVar[str]

    lines: tuple[str, ...]
    """Every line as it came, without its end."""

    @abstractmethod
    def _with_lines(self, lines: Iterable[str]) -> Self:
        """The same with other lines."""

    def values(self, letter: str) -> list[str]:
        """What stands behind the "=" of each line of this letter."""
        return [line[2:] for line in self.lines if line[0] == letter]

    def with_values(self, letter: str, *values: object) -> Self:
        """The same with these lines of a letter instead of those that it has; none removes them.

        New ones stand where RFC 8866 5 has them. Raises LocalProtocolError for a letter that has no place here, and for
        what cannot be written.
        """
        if letter not in self.order or letter in "vom":
            raise LocalProtocolError(f"no line {letter!r} can be put here", rfc="8866 5")
        return self._with_lines(self._replaced(letter, [f"{letter}={written(value)}" for value in values]))

    def _replaced(self, letters: str, new: list[str]) -> list[str]:
        lines = [line for line in self.lines if line[0] not in letters]
        rank = self.order.index(letters[-1])
        at = next((at for at, line in enumerate(lines) if self.order.find(line[0]) > rank), len(lines))
        return [*lines[:at], *new, *lines[at:]]

    @property
    def information(self) -> str | None:
        """What the i= line tells people, or None."""
        return next(iter(self.values("i")), None)

    @property
    def bandwidths(self) -> tuple[Bandwidth, ...]:
        """The b= lines (RFC 8866 5.8). Raises RemoteProtocolError when one is malformed."""
        return tuple(map(Bandwidth.parse, self.values("b")))

    def with_bandwidths(self, *bandwidths: Bandwidth) -> Self:
        """The same with these b= lines and no other."""
        return self.with_values("b", *bandwidths)

    def with_connections(self, *connections: Connection | str) -> Self:
        """The same with these c= lines and no other; of a text, an address, with `Connection(text)`."""
        return self.with_values("c", *(Connection(each) if isinstance(each, str) else each for each in connections))

    @property
    def attributes(self) -> list[tuple[str, str | None]]:
        """The a= lines in order, each a name with its value, None where there is no ":"."""
        found: list[tuple[str, str | None]] = []
        for line in self.lines:
            if line[0] == "a":
                name, colon, value = line[2:].partition(":")
                found.append((name, value if colon else None))
        return found

    def attribute(self, name: str) -> str | None:
        """The value of the first attribute of that name; "" for one without value, None when there is none."""
        flag, start = f"a={name}", f"a={name}:"
        for line in self.lines:
            if line.startswith(start):
                return line[len(start) :]
            if line == flag:
                return ""
        return None

    def attributes_named(self, name: str) -> list[str]:
        """The values of all attributes of that name, in order; "" for one without."""
        return [value or "" for each, value in self.attributes if each == name]

    def has_attribute(self, name: str) -> bool:
        """Whether there is an attribute of that name."""
        return self.attribute(name) is not None

    def with_attribute(self, name: str, *values: str | None) -> Self:
        """The same with the attribute instead of all of its name: one for each value; without values a mere flag.

        They stand where the first of the old ones stood, or at the end. Raises LocalProtocolError for what cannot be
        written.
        """
        new = [f"a={Attribute(name, value)}" for value in values or (None,)]
        at = next((at for at, line in enumerate(self.lines) if _name(line) == name), len(self.lines))
        kept = [line for line in self.lines if _name(line) != name]
        return self._with_lines([*kept[:at], *new, *kept[at:]])

    def with_added_attribute(self, name: str, value: str | None = None) -> Self:
        """The same with one more attribute at the end."""
        return self._with_lines([*self.lines, f"a={Attribute(name, value)}"])

    def without_attributes(self, *names: str) -> Self:
        """The same without any attribute of these names."""
        return self._with_lines([line for line in self.lines if _name(line) not in names])

    @property
    def direction(self) -> Direction | None:
        """The direction that stands here, the first if there are several; None when there is none (RFC 8866 6.7)."""
        return next((_BY_NAME[line[2:]] for line in self.lines if line[0] == "a" and line[2:] in _BY_NAME), None)

    def with_direction(self, direction: Direction | str | None) -> Self:
        """The same with this direction; with None, without one."""
        if self.direction == direction:
            return self
        lines = [line for line in self.lines if not (line[0] == "a" and line[2:] in _BY_NAME)]
        return self._with_lines(lines if direction is None else [*lines, f"a={Direction(direction)}"])


def _name(line: str) -> str | None:
    """The name of the attribute that a line is."""
    return line[2:].partition(":")[0] if line[0] == "a" else None
