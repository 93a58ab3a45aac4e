"""What a part of a user agent takes: it says so itself, and has it from the user agent when it comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from attrs import field, frozen

from sipsm.message import Request, Response
from sipsm.transaction import ServerTransaction

Outside = Callable[[ServerTransaction, Request, float], list[Any]]
"""What is made of a request outside a dialog."""

Inside = Callable[[Any, ServerTransaction, Request, float], list[Any]]
"""What is made of a request within a dialog, which has let it pass."""

Ending = Callable[[Any, int, Response | None, str, float], list[Any]]
"""What is made of the end of a request: `(user, status, response, why, now)`. Without a response the status is 408 for
silence and 503 where it could not be sent."""

Wake = Callable[[Any, float], list[Any]]
"""What is made of a timer that is due: `(of, now)`."""

Command = Callable[[Any, str, Any, float], list[Any]]
"""What is made of a command of the application: `(of, command, x, now)`."""

Renumbered = Callable[[Any, Request], None]
"""What notes that a request of ours has another number from now on: `(user, request)`."""


@frozen
class Takes:
    """Who takes what, by its kind. No two parts take the same."""

    outside: Mapping[str, Outside] = field(factory=dict)
    """By method: requests that name no dialog."""
    unplaced: Mapping[str, Outside] = field(factory=dict)
    """By method: requests that name a dialog that is not there. By itself that is a 481."""
    inside: Mapping[str, Inside] = field(factory=dict)
    """By method: requests in a dialog that is there."""
    ends: Mapping[type, Ending] = field(factory=dict)
    """By the class of its user: how a request of ours ends."""
    keeps: frozenset[type] = frozenset()
    """The classes of users that keep their request as `user.request`: it may go out with another Via or credentials."""
    wakes: Mapping[type, Wake] = field(factory=dict)
    """By the class of what has an `Alarm`: its timer that is due."""
    commands: Mapping[type, Command] = field(factory=dict)
    """By the class of what the application holds: its commands."""
    renumbered: Mapping[type, Renumbered] = field(factory=dict)
    """By the class of its user: who notes the new number of a request of ours that was challenged, and has gone out
    again, where that is kept elsewhere than in the dialog and as `user.request`."""


class Part(Protocol):
    """A part of a user agent."""

    def takes(self) -> Takes:
        """What it takes."""
