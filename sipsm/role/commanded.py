"""Who carries out what the application commands of a thing that it has in hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

from sipsm.usage import Leg
from sipsm.usage.around import Terms

if TYPE_CHECKING:
    from sipsm.role.events import Output

Headers = Iterable[tuple[str, str]]


class Commanded(Protocol):
    """Who carries out the commands of a call or a subscription: the endpoint that it belongs to."""

    @property
    def terms(self) -> Terms:
        """What it lays down for all its calls."""

    def command(self, of: Any, command: str, x: Any, now: float, dialog: Leg | None = None) -> list[Output]:
        """Take one command; returns its outputs, raises `LocalProtocolError` when a rule forbids it."""
