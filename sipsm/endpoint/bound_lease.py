"""What servers hold for an agent, and what others want held there: commands without `now`, and what comes of them.

RFC 3261 10, RFC 3903. What they do is done by `sipsm.role.soft_state.registration`, `publication` and `undecided`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Generic

from sipsm.endpoint.bound_handle import Bound, E, O, R, ToldLate
from sipsm.grammar import Uri
from sipsm.message import Address, Request
from sipsm.role import (
    Event,
    Output,
    Publication,
    PublicationEnded,
    PublicationState,
    Published,
    PublishFailed,
    PublishRequest,
    Registered,
    RegisterFailed,
    RegisterRequest,
    Registration,
    RegistrationEnded,
    RegistrationState,
)
from sipsm.role.commanded import Headers
from sipsm.role.soft_state.lease import LeaseHandle
from sipsm.role.soft_state.registration import Contacts
from sipsm.role.soft_state.undecided import Undecided

PublicationOutcome = Published | PublishFailed | PublicationEnded
RegistrationOutcome = Registered | RegisterFailed | RegistrationEnded


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


class BoundRegistration(BoundLease[RegistrationOutcome, RegistrationEnded, R], Generic[R]):
    """A registration of an agent (RFC 3261 10.2). It is refreshed by itself until it is removed.

    Its outcome is what has become of all that was asked for: each command asks for another one.
    """

    of: ClassVar[type] = Registration
    succeeds, fails, ends = Registered, RegisterFailed, RegistrationEnded
    core: Registration
    """The registration as the endpoint knows it, and as events carry it."""

    @property
    def state(self) -> RegistrationState:
        """Where it stands."""
        return self.core.state

    @property
    def address(self) -> Uri:
        """The address of record, without parameters."""
        return self.core.address

    @property
    def registrar(self) -> Uri:
        """Whom it asks: the domain, or where that has sent it."""
        return self.core.registrar

    @property
    def contacts(self) -> tuple[Address, ...]:
        """Where the address is to be reached: what of this is registered, or is to be."""
        return self.core.contacts

    def modify(self, contacts: Contacts, *, expires_s: int | None = None) -> R:
        """Register these contacts in the place of those before, which are removed with that (RFC 3261 10.2.1)."""
        return self._ask(self.core.modify, contacts, expires_s=expires_s)

    def remove(self, *, everything: bool = False) -> R:
        """Have its contacts removed, or all that the address has (RFC 3261 10.2.2); `RegistrationEnded` tells when."""
        return self._ask(self.core.remove, everything=everything)


class BoundPublication(BoundLease[PublicationOutcome, PublicationEnded, R], Generic[R]):
    """A publication of an agent (RFC 3903 4). It is refreshed by itself until it is removed.

    Its outcome is what has become of all that was asked for: each command asks for another one.
    """

    of: ClassVar[type] = Publication
    succeeds, fails, ends = Published, PublishFailed, PublicationEnded
    core: Publication
    """The publication as the endpoint knows it, and as events carry it."""

    @property
    def state(self) -> PublicationState:
        """Where it stands."""
        return self.core.state

    @property
    def entity_tag(self) -> str | None:
        """What the compositor knows it by since its last 2xx; None when it does not know it (RFC 3903 4.1)."""
        return self.core.entity_tag

    @property
    def body(self) -> bytes:
        """The state that is published, or is to be."""
        return self.core.body

    def modify(self, body: bytes, content_type: str | None = None, *, expires_s: int | None = None) -> R:
        """Publish another state in the place of this one (RFC 3903 4.4), by default of the same type and lifetime."""
        return self._ask(self.core.modify, body, content_type, expires_s=expires_s)

    def remove(self) -> R:
        """Have it removed (RFC 3903 4.5). `PublicationEnded` tells when that is done."""
        return self._ask(self.core.remove)


class BoundUndecided(Bound[R]):
    """Somebody wants something at an agent. What comes for the same address waits for the decision."""

    core: Undecided
    """The wish as the endpoint knows it, and as events carry it."""

    @property
    def request(self) -> Request:
        """What has come."""
        return self.core.request

    @property
    def address(self) -> Uri:
        """Whom it is about: the To of a REGISTER in canonical form, the Request-URI of a PUBLISH without parameters."""
        return self.core.address

    def reject(self, status: int = 403, *, reason: str | None = None, headers: Headers = ()) -> R:
        """Refuse it, and change nothing: 403 to who may not do this (RFC 3261 10.3, RFC 3903 6)."""
        return self._do(self.core.reject, status, reason=reason, headers=headers)


class BoundRegisterRequest(BoundUndecided[R]):
    """Somebody wants to register at an agent (RFC 3261 10.3). What comes for the same address waits for that."""

    of: ClassVar[type] = RegisterRequest
    core: RegisterRequest

    def accept(self, *, headers: Headers = ()) -> R:
        """Have it take effect, if it is in order (RFC 3261 10.3). `headers` go into its 200, such as Date."""
        return self._do(self.core.accept, headers=headers)


class BoundPublishRequest(BoundUndecided[R]):
    """Somebody wants to publish at an agent (RFC 3903 6). What comes for the same address waits for the decision."""

    of: ClassVar[type] = PublishRequest
    core: PublishRequest

    def accept(self) -> R:
        """Have it take effect (RFC 3903 6)."""
        return self._do(self.core.accept)
