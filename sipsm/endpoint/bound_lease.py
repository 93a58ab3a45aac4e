"""What servers hold for an agent: the commands without `now` that registrations and publications share.

RFC 3261 10.2, RFC 3903 4. What they do is done by `sipsm.role.lease`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Generic

from sipsm.endpoint.bound_handle import E, O, R, ToldLate
from sipsm.role import Event, Output
from sipsm.role.lease import LeaseHandle


class BoundLease(ToldLate[O, E, R], Generic[O, E, R]):
    """What a server holds for an agent. It is refreshed by itself until it is removed.

    Its outcome is what has become of all that was asked for: each command asks for another one.
    """

    core: LeaseHandle[Any]
    succeeds: ClassVar[Any]
    """The class of the event that it was accepted."""
    fails: ClassVar[Any]
    """That of the event that it was not, and goes on."""
    ends: ClassVar[Any]
    """That of its end."""

    def refresh(self, *, expires_s: int | None = None) -> R:
        """Have it last longer (RFC 3261 10.2.4, RFC 3903 4.3).

        That is done by itself in time; `expires_s` asks for another time.
        """
        return self._ask(self.core.refresh, expires_s=expires_s)

    def _ask(self, command: Callable[..., list[Output]], *args: Any, **options: Any) -> R:
        """Give a command; when it has been given, what was asked for before has come to nothing that matters."""

        def asking(*, now: float) -> list[Output]:
            outputs = command(*args, **options, now=now)
            self._outcome, self._was_decided = None, False
            return outputs

        return self._do(asking)

    @property
    def _is_over(self) -> bool:
        return self.core.is_over

    @property
    def _is_decided(self) -> bool:
        return not self.core.under_way

    def _heed(self, event: Event) -> None:
        told: Any = event
        if isinstance(told, self.ends):
            self._outcome = self._ended = told
            return
        decides = isinstance(told, self.succeeds) or (isinstance(told, self.fails) and told.retry_after_s is None)
        if decides and not self.core.under_way:
            # Else there is more to come, of which this is not the end.
            self._outcome = self._outcome or told
