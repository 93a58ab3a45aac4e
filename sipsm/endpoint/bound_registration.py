"""The registrations of an agent, and those that others want there: commands without `now`, and what comes of them.

RFC 3261 10. What they do is done by `sipsm.role.registration` and `register_request`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Generic

from sipsm.endpoint.bound_handle import Bound, R, ToldLate
from sipsm.grammar import Uri
from sipsm.message import Address, Request
from sipsm.role import (
    Event,
    Output,
    Registered,
    RegisterFailed,
    RegisterRequest,
    Registration,
    RegistrationEnded,
    RegistrationState,
)
from sipsm.role.call import Headers
from sipsm.role.registration import Contacts

RegistrationOutcome = Registered | RegisterFailed | RegistrationEnded


class BoundRegistration(ToldLate[RegistrationOutcome, RegistrationEnded, R], Generic[R]):
    """A registration of an agent (RFC 3261 10.2). It is refreshed by itself until it is removed.

    Its outcome is what has become of all that was asked for: each command asks for another one.
    """

    of: ClassVar[type] = Registration
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
        return self._do(self._anew(self.core.modify), contacts, expires_s=expires_s)

    def refresh(self, *, expires_s: int | None = None) -> R:
        """Have it last longer (RFC 3261 10.2.4). That is done by itself in time; `expires_s` asks for another time."""
        return self._do(self._anew(self.core.refresh), expires_s=expires_s)

    def remove(self, *, everything: bool = False) -> R:
        """Have its contacts removed, or all that the address has (RFC 3261 10.2.2); `RegistrationEnded` tells when."""
        return self._do(self._anew(self.core.remove), everything=everything)

    def _anew(self, command: Callable[..., list[Output]]) -> Callable[..., list[Output]]:
        """The command; when it has been given, what was asked for before has come to nothing that matters."""

        def asking(*args: Any, **options: Any) -> list[Output]:
            outputs = command(*args, **options)
            self._outcome, self._was_decided = None, False
            return outputs

        return asking

    @property
    def _is_over(self) -> bool:
        return self.state is RegistrationState.ENDED

    @property
    def _is_decided(self) -> bool:
        return not self.core.under_way

    def _heed(self, event: Event) -> None:
        match event:
            case RegistrationEnded():
                self._outcome = self._ended = event
            case Registered() | RegisterFailed(retry_after_s=None) if not self.core.under_way:
                # Else there is more to come, of which this is not the end.
                self._outcome = self._outcome or event
            case _:
                pass


class BoundRegisterRequest(Bound[R]):
    """Somebody wants to register at an agent (RFC 3261 10.3). What comes for the same address waits for that."""

    of: ClassVar[type] = RegisterRequest
    core: RegisterRequest
    """The wish as the endpoint knows it, and as events carry it."""

    @property
    def request(self) -> Request:
        """The REGISTER."""
        return self.core.request

    @property
    def address(self) -> Uri:
        """Whose bindings it is about: the address of record in its To, in canonical form."""
        return self.core.address

    def accept(self, *, headers: Headers = ()) -> R:
        """Have it take effect, if it is in order (RFC 3261 10.3). `headers` go into its 200, such as Date."""
        return self._do(self.core.accept, headers=headers)

    def reject(self, status: int = 403, *, reason: str | None = None, headers: Headers = ()) -> R:
        """Refuse it, and change nothing, with a status of 300 to 599: 403 to who may not, 302 to send him elsewhere."""
        return self._do(self.core.reject, status, reason=reason, headers=headers)
