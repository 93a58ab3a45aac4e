"""The events of an agent, sorted to the calls, subscriptions and the like that they are about, each with its handle.

Not here: sockets and the clock, which are `sipsm.endpoint.bound`'s.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, ClassVar, Final, get_args

from attrs import fields

from sipsm.endpoint.bound_handle import Bound, Told, ToldLate
from sipsm.endpoint.endpoint import Endpoint
from sipsm.endpoint.inbox import Inbox
from sipsm.errors import LocalProtocolError
from sipsm.proxy import RouteRequested
from sipsm.role import Answered, Call, Event, Forked, IncomingCall, Output


class Sorting(Inbox, ABC):
    """All that an agent is told, and what each of its handles is told of that.

    A call has its handle from the beginning. Of all else there may be so many that one is only made where the program
    wants one: what it begins itself has one at once, and an event's subject when it asks with `bound`.
    """

    _kinds: ClassVar[tuple[type[Bound[Any]], ...]]
    """The kinds of handles that the adapter has, one for each class of the core."""

    def __init__(self) -> None:
        super().__init__()
        self._kind_of = {kind.of: kind for kind in self._kinds}
        self._handles: dict[Any, Told[Any, Any, Any]] = {}
        """Those of which something is told, by what they bind."""
        self._taken: Event | None = None

    @property
    @abstractmethod
    def endpoint(self) -> Endpoint:
        """The endpoint."""

    @abstractmethod
    def do(self, command: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Give any command of the endpoint, or of what it returned: `now` is put in, and its outputs are performed.

        Returns what the command returns beside its outputs, in the manner of the adapter. What handles offer is more
        comfortable; this is for all else, and for who keeps his own books of many subscriptions.
        """

    # ---------------------------------------------------------------- handles

    def _bind(self, command: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Give a command; returns the handle of what it begins, which is told all that comes of it."""

        def beginning(*args: Any, **options: Any) -> tuple[Bound[Any], list[Output]]:
            core, outputs = command(*args, **options)
            return self._begun(core), outputs

        return self.do(beginning, *args, **options)

    def _begun(self, core: Any) -> Any:
        """There is something new: from now on its handle is told its events."""
        handle = self._kind_of[type(core)](self, core)
        assert isinstance(handle, Told), "of all that begins something is told"
        self._handles[core] = handle
        return handle

    def _found(self, core: Any) -> Any:
        handle = self._find(core)
        if handle is None:
            raise LocalProtocolError(f"the agent has nothing of the kind, or not any more: {core!r}")
        return handle

    def _all(self, cores: Iterable[Any]) -> list[Any]:
        return [handle for core in cores if (handle := self._find(core)) is not None]

    @property
    def _known_calls(self) -> list[Call]:
        return [core for core in self._handles if isinstance(core, Call)]

    def _find(self, core: Any) -> Any:
        """The handle of this, made if need be; None when all that could be told of it has been read."""
        if core in self._handles:
            return self._handles[core]
        if isinstance(core, Call):
            return None
        kind = self._kind_of.get(type(core))
        if kind is None:
            return None
        handle = kind(self, core)
        if handle._home is not self.endpoint:
            return None
        return self._caught_up(handle) if isinstance(handle, ToldLate) else handle

    def _caught_up(self, handle: ToldLate[Any, Any, Any]) -> ToldLate[Any, Any, Any] | None:
        """A new handle for what is there already: it is told what the program has not read of it yet."""
        if self._taken is not None and handle.core in _subjects(self._taken):
            handle._heed(self._taken)
        for event in self._unread:
            if handle.core in _subjects(event):
                handle._put(event)
        if handle._is_over and handle._ended is None:
            return None
        handle._was_decided = handle._is_decided
        self._handles[handle.core] = handle
        return handle

    # ---------------------------------------------------------------- events

    def _note(self, event: Event) -> None:
        """Sort an event to whom it concerns."""
        if isinstance(event, IncomingCall | Forked):
            self._begun(event.call)
        for subject in _subjects(event):
            if subject in self._handles:
                self._handles[subject]._put(event)
        if (pushed_out := self._put(event)) is not None:
            self._forget(pushed_out)

    def _take(self) -> Event | None:
        # What has just been told to be over must still be found; the next reading shows that it was.
        if self._taken is not None:
            self._forget(self._taken)
        self._taken = super()._take()
        return self._taken

    def _forget(self, event: Event) -> None:
        """What this event has ended is not known any more."""
        for subject in _subjects(event):
            if subject in self._handles and self._handles[subject]._ended is event:
                del self._handles[subject]

    def _close(self) -> None:
        super()._close()
        for handle in self._handles.values():
            handle._close()


def _reading(names: tuple[str, ...]) -> Callable[[Event], tuple[Any, ...]]:
    """How to read these fields of an event."""
    if len(names) == 1:
        read = attrgetter(*names)
        return lambda event: (read(event),)
    return attrgetter(*names) if names else lambda _: ()


_SUBJECTS: Final[dict[type, Callable[[Any], tuple[Any, ...]]]] = {
    kind: _reading(
        tuple(
            each.name
            for each in fields(kind)
            if each.name in {"call", "forked_from", "about", "subscription", "publication", "registration", "referral"}
        )
    )
    for kind in get_args(Event)
}
_SUBJECTS[Answered] = attrgetter("request", "request.call")
_SUBJECTS[RouteRequested] = _reading(())


def _subjects(event: Event) -> tuple[Any, ...]:
    """What an event is about, as the endpoint knows it."""
    return _SUBJECTS[type(event)](event)
