"""Handles: what the endpoint has given us, bound to the agent that it lives in. Their commands need no `now`.

The core's `Call` or `Subscription` returns outputs, for somebody to perform. A handle has the same commands, and gives
each of them to its agent, which puts the present in and performs the outputs: that is `Bound`, and all that differs
from one kind of handle to the next are the names and the parameters of its commands. A kind of which something is told
is `Told` as well: it keeps its events until they are read, and what all of it has come to. What a command returns is
the adapter's way: nothing where it acts at once, something to be awaited where the framework wants that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from sipsm.endpoint.inbox import Inbox
from sipsm.errors import LocalProtocolError
from sipsm.role import Answered, Event, OutgoingRequest

R = TypeVar("R")
O = TypeVar("O")  # noqa: E741  # an outcome
E = TypeVar("E")


class Commanded(Protocol):
    """The agent, as its handles know it."""

    def do(self, command: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Give a command, and perform its outputs; returns what it returns beside them."""

    def _bind(self, command: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """The same; what the command returns is bound."""

    def _ask(self, command: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """The same for a command that sends a request; returns its end."""

    def _date(self, expires_s: int | None) -> Any:
        """The present, where a message is to hold for so long."""


class Bound(Generic[R]):
    """A handle; `R` is what its commands return.

    Commands raise `LocalProtocolError` when a rule forbids them; then nothing has changed and nothing was sent.
    """

    of: ClassVar[type]
    """The class of the core that it binds."""
    core: Any
    """What the endpoint knows, and what events carry."""

    def __init__(self, agent: Any, core: Any) -> None:
        self._agent = agent
        self.core = core

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__} of {self.core!r}>"

    @property
    def _home(self) -> Any:
        """The endpoint that it lives in."""
        return self.core.agent

    def _do(self, command: Callable[..., Any], *args: Any, **options: Any) -> R:
        """Give this command, with the present as `now`, and perform its outputs."""
        agent: Commanded = self._agent
        done: R = agent.do(command, *args, **options)
        return done


class Told(Inbox, Bound[R], ABC, Generic[O, E, R]):
    """A handle of which something is told: `O` is what it may come to, `E` is its end."""

    def __init__(self, agent: Any, core: Any) -> None:
        Inbox.__init__(self)
        Bound.__init__(self, agent, core)
        self._outcome: O | None = None
        self._ended: E | None = None

    @abstractmethod
    def _heed(self, event: Event) -> None:
        """Note what it has come to by this event."""

    def _put(self, event: Event) -> Event | None:
        self._heed(event)
        return super()._put(event)

    def _over(self) -> bool:
        return self._closed or self._ended is not None

    def _decided(self) -> O | None:
        """What it has come to, or None as long as that is not known."""
        return self._outcome


class ToldLate(Told[O, E, R]):
    """One that may have been there for long before somebody wanted a handle of it."""

    _was_decided = False
    """Whether it had come to something before anybody could be told of it here."""

    @property
    @abstractmethod
    def _is_over(self) -> bool:
        """Whether nothing more will be told of it."""

    @property
    @abstractmethod
    def _is_decided(self) -> bool:
        """Whether it has come to what `outcome` waits for."""

    def _decided(self) -> O | None:
        if self._outcome is None and self._was_decided:
            raise LocalProtocolError("that was decided before it was bound here: its `state` says how it stands")
        return self._outcome


class BoundRequest(Told[Answered, Answered, None]):
    """A request, in a call or outside one, that somebody waits for."""

    of: ClassVar[type] = OutgoingRequest
    core: OutgoingRequest

    def _heed(self, event: Event) -> None:
        assert isinstance(event, Answered), "this is all that is told of a request"
        self._outcome = self._ended = event
