"""What an agent asks others outside of calls, and waits for: every adapter's agent has it, and waits in its own way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from sipsm.endpoint.bound_call import Requested
from sipsm.endpoint.endpoint import Endpoint
from sipsm.grammar import Uri
from sipsm.role.commanded import Headers

A = TypeVar("A")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""From where the clock on the wall counts."""


class Asking(ABC, Generic[A]):
    """An agent's requests that belong to no call. Each is waited for until `Answered` tells its end, which it returns.

    `waiting` is how the adapter lets one wait, such as a `timeout`, where it does.
    """

    @property
    @abstractmethod
    def endpoint(self) -> Endpoint:
        """The endpoint."""

    def request(
        self,
        method: str,
        target: Uri | str,
        *,
        to: str | None = None,
        headers: Headers = (),
        body: bytes = b"",
        content_type: str | None = None,
        **waiting: Any,
    ) -> A:
        """Send a request outside a call, and wait for its end (RFC 3261 8.1)."""
        how: dict[str, Any] = {"to": to, "headers": headers, "body": body, "content_type": content_type}
        return self._ask(self.endpoint.request, method, target, **how, **waiting)

    def message(
        self,
        target: Uri | str,
        text: str | bytes,
        content_type: str = "text/plain",
        *,
        to: str | None = None,
        headers: Headers = (),
        expires_s: int | None = None,
        congestion_safe: bool = False,
        **waiting: Any,
    ) -> A:
        """Send an instant message outside a call, when those before it to the same URI are answered (RFC 3428).

        A 2xx says that it has arrived, and not that anybody has read it. With `expires_s` it says since when and for
        how many seconds it holds. More than 1300 bytes raise `LocalProtocolError`, unless `congestion_safe` says that
        no link on the way can be congested by them (RFC 3428 8).
        """
        how: dict[str, Any] = {"to": to, "headers": headers, "expires_s": expires_s, "date": self._date(expires_s)}
        return self._ask(
            self.endpoint.message, target, text, content_type, congestion_safe=congestion_safe, **how, **waiting
        )

    def options(
        self,
        target: Uri | str,
        *,
        to: str | None = None,
        accept: Iterable[str] = ("application/sdp",),
        headers: Headers = (),
        **waiting: Any,
    ) -> A:
        """Ask somebody what they can do (RFC 3261 11): the answer has the status that a call would get, and Allow."""
        return self._ask(self.endpoint.options, target, to=to, accept=accept, headers=headers, **waiting)

    def _date(self, expires_s: int | None) -> datetime | None:
        """The present, where a message needs it: from then on it holds for so long."""
        return None if expires_s is None else EPOCH + timedelta(seconds=self._wall)

    @property
    @abstractmethod
    def _wall(self) -> float:
        """What the clock on the wall says, in seconds since the epoch."""

    @abstractmethod
    def _ask(self, command: Callable[..., Requested], *args: Any, **kwargs: Any) -> A:
        """Call this command with the present as `now`, perform its outputs, and wait for the end of its request."""
