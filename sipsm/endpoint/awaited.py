"""How a task waits for what an agent is told: the same under every framework in which one says `await`.

Not here: how a task sleeps and is woken, which is all that the framework has to say to this.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Generic, Self, TypeVar

from sipsm.endpoint.bound_call import A, BoundCall, CallOutcome, F
from sipsm.endpoint.bound_events import BoundPeerSubscription, BoundSubscription, SubscriptionOutcome
from sipsm.endpoint.bound_handle import BoundRequest, E, O, R, Told
from sipsm.endpoint.bound_lease import BoundPublication, BoundRegistration, PublicationOutcome, RegistrationOutcome
from sipsm.endpoint.bound_referral import BoundReferral, ReferralOutcome
from sipsm.endpoint.inbox import Inbox
from sipsm.role import (
    Answered,
    Ended,
    Event,
    PeerSubscriptionEnded,
    PublicationEnded,
    RegistrationEnded,
    SubscriptionEnded,
)

T = TypeVar("T")


class Awaited(Inbox):
    """An inbox that tasks can wait for: `async for` gives its events, each once, until none can come any more."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        await self._checkpoint()
        while (event := self._take()) is None:
            if self._over():
                raise StopAsyncIteration
            await self._woken()
        return event

    async def next(self, kind: type[T]) -> T | None:
        """Read up to the next event of this kind, and return it; None when none can come any more."""
        async for event in self:
            if isinstance(event, kind):
                return event
        return None

    async def _until(self, found: Callable[[], T | None]) -> T:
        """Wait until there is something."""
        await self._checkpoint()
        while (value := found()) is None:
            self._check_open()
            await self._woken()
        return value

    @abstractmethod
    async def _woken(self) -> None:
        """Wait for the next `_wake`."""

    async def _checkpoint(self) -> None:
        """Let others run, and be cancelled: where a framework wants that of all that can be awaited."""


class AwaitedEnd(Awaited, Told[O, E, R]):
    """A handle whose end tasks can wait for."""

    async def ended(self) -> E:
        """Wait until it is over."""
        return await self._until(lambda: self._ended)


class AwaitedOutcome(AwaitedEnd[O, E, R]):
    """A handle for which tasks can wait, until it has come to something."""

    async def outcome(self) -> O:
        """Wait until it has come to something: to what was asked for, or to its end without that."""
        return await self._until(self._decided)


class AwaitedRequest(AwaitedEnd[Answered, Answered, None], BoundRequest):
    """A request that tasks can wait for."""


class AwaitedCall(AwaitedOutcome[CallOutcome, Ended, R], BoundCall[R, A, F], Generic[R, A, F]):
    """A call that tasks can wait for."""


class AwaitedSubscription(AwaitedOutcome[SubscriptionOutcome, SubscriptionEnded, R], BoundSubscription[R]):
    """A subscription that tasks can wait for."""


class AwaitedPublication(AwaitedOutcome[PublicationOutcome, PublicationEnded, R], BoundPublication[R]):
    """A publication that tasks can wait for."""


class AwaitedRegistration(AwaitedOutcome[RegistrationOutcome, RegistrationEnded, R], BoundRegistration[R]):
    """A registration that tasks can wait for."""


class AwaitedReferral(AwaitedOutcome[ReferralOutcome, ReferralOutcome, R], BoundReferral[R]):
    """A REFER that tasks can wait for."""


class AwaitedPeerSubscription(AwaitedEnd[PeerSubscriptionEnded, PeerSubscriptionEnded, R], BoundPeerSubscription[R]):
    """A subscription of a peer whose end tasks can wait for."""
