"""What an agent begins, and what it finds again, as handles: every adapter's agent has it, with handles of its own.

Calls, subscriptions, publications, registrations and REFER requests; and with `bound` what an event is about.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar, overload

from sipsm.endpoint.bound_call import BoundCall
from sipsm.endpoint.endpoint import Endpoint
from sipsm.grammar import Uri
from sipsm.message import Address
from sipsm.message.headers import ReferredBy
from sipsm.role import (
    Call,
    PeerReferral,
    PeerSubscription,
    Publication,
    PublishRequest,
    Referral,
    RegisterRequest,
    Registration,
    Subscription,
)
from sipsm.role.commanded import Headers
from sipsm.role.soft_state.registration import Contacts
from sipsm.sdp.description import Sdp

C = TypeVar("C")
S = TypeVar("S")
P = TypeVar("P")
F = TypeVar("F")
PS = TypeVar("PS")
PF = TypeVar("PF")
PR = TypeVar("PR")
G = TypeVar("G")
GR = TypeVar("GR")


class Beginning(ABC, Generic[C, S, P, F, G]):
    """The commands by which an agent begins something. Each returns a handle, in the manner of the adapter."""

    @property
    @abstractmethod
    def endpoint(self) -> Endpoint:
        """The endpoint."""

    def invite(
        self,
        target: Uri | str,
        *,
        offer: Sdp = b"",
        to: str | None = None,
        headers: Headers = (),
        again: BoundCall[Any, Any, Any] | None = None,
    ) -> C:
        """Call somebody (RFC 3261 13.2.1). Without an offer, the peer's 2xx must carry one.

        `again` is a call that was refused, of which this is another attempt (RFC 3261 8.1.3.5).
        """
        before = None if again is None else again.core
        call: C = self._bind(self.endpoint.invite, target, offer=offer, to=to, headers=headers, again=before)
        return call

    def subscribe(
        self,
        target: Uri | str | BoundCall[Any, Any, Any],
        event: str,
        *,
        expires_s: int | None = None,
        accept: Iterable[str] = (),
        to: str | None = None,
        headers: Headers = (),
        body: bytes = b"",
        content_type: str | None = None,
        forks: bool | None = None,
    ) -> S:
        """Subscribe to the state of `target`, such as its presence (RFC 6665 4.1.2.1).

        `event` is a package, with an `id` if there is to be one, as in `"dialog;id=7"`. It lasts for `expires_s`
        seconds, by default as the package has it, and is refreshed by itself; 0 has the state told once (4.4.3).
        `accept` are the types of body that are understood, `body` is a filter or the like. `forks`: whether each
        notifier that the SUBSCRIBE reaches makes a subscription, by default as the package has it. A call as `target`
        is the device at its other end, within its dialog: for peers that know no better way (4.5.2).
        """
        about = target.core if isinstance(target, BoundCall) else target
        how: dict[str, Any] = {"expires_s": expires_s, "accept": accept, "to": to, "forks": forks}
        what: dict[str, Any] = {"headers": headers, "body": body, "content_type": content_type}
        subscription: S = self._bind(self.endpoint.subscribe, about, event, **how, **what)
        return subscription

    def publish(
        self,
        target: Uri | str,
        event: str,
        body: bytes,
        content_type: str,
        *,
        expires_s: int | None = 3600,
        to: str | None = None,
        headers: Headers = (),
    ) -> P:
        """Publish event state, such as presence, for the address that `target` is (RFC 3903 4.2).

        It is asked to last for `expires_s` seconds, None for as long as the compositor likes, and is refreshed by
        itself until it is removed. `headers` go into each of its requests.
        """
        how: dict[str, Any] = {"expires_s": expires_s, "to": to, "headers": headers}
        publication: P = self._bind(self.endpoint.publish, target, event, body, content_type, **how)
        return publication

    def register(
        self,
        address: Uri | Address | str,
        registrar: Uri | str | None = None,
        *,
        contacts: Contacts | None = None,
        expires_s: int | None = 3600,
        by: str | None = None,
        headers: Headers = (),
    ) -> G:
        """Have `address` be reached here, or at these contacts (RFC 3261 10.2.1), until the registration is removed.

        `registrar` is by default the domain of the address. It is asked to last for `expires_s` seconds, None for as
        long as the registrar likes, and is refreshed by itself; a contact may have `expires` and `q` of its own:
        `"<sip:bob@192.0.2.4>;q=0.7;expires=600"`. `by` is who is responsible for it, if it is not `address` itself;
        `headers` go into each of its requests.
        """
        how: dict[str, Any] = {"contacts": contacts, "expires_s": expires_s, "by": by, "headers": headers}
        registration: G = self._bind(self.endpoint.register, address, registrar, **how)
        return registration

    def unregister(
        self,
        address: Uri | Address | str,
        registrar: Uri | str | None = None,
        *,
        contacts: Contacts | None = None,
        everything: bool = False,
        by: str | None = None,
        headers: Headers = (),
    ) -> G:
        """Remove what another run of this program has registered, or with `everything` whatever there is for `address`
        (RFC 3261 10.2.2)."""
        how: dict[str, Any] = {"contacts": contacts, "everything": everything, "by": by, "headers": headers}
        registration: G = self._bind(self.endpoint.unregister, address, registrar, **how)
        return registration

    def query_bindings(
        self,
        address: Uri | Address | str,
        registrar: Uri | str | None = None,
        *,
        by: str | None = None,
        headers: Headers = (),
    ) -> G:
        """Ask the registrar where `address` is to be reached: its end has the `bindings` (RFC 3261 10.2.3)."""
        registration: G = self._bind(self.endpoint.query_bindings, address, registrar, by=by, headers=headers)
        return registration

    def refer(
        self,
        target: Uri | str,
        refer_to: Address | Uri | str,
        *,
        referred_by: ReferredBy | str | None = None,
        reports: bool = True,
        to: str | None = None,
        headers: Headers = (),
    ) -> F:
        """Ask `target` to contact somebody, or something, as `call.refer` does within a call (RFC 3515 2.4.1)."""
        how: dict[str, Any] = {"referred_by": referred_by, "reports": reports, "to": to, "headers": headers}
        referral: F = self._bind(self.endpoint.refer, target, refer_to, **how)
        return referral

    @abstractmethod
    def _bind(self, command: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Give this command, and perform its outputs; returns what it begins as a handle."""


class Finding(ABC, Generic[C, S, P, F, G, PS, PF, PR, GR]):
    """What an agent has, as handles: by what an event carries, or all of a kind."""

    @overload
    def bound(self, core: Call) -> C: ...
    @overload
    def bound(self, core: Subscription) -> S: ...
    @overload
    def bound(self, core: Publication) -> P: ...
    @overload
    def bound(self, core: Referral) -> F: ...
    @overload
    def bound(self, core: PeerSubscription) -> PS: ...
    @overload
    def bound(self, core: PeerReferral) -> PF: ...
    @overload
    def bound(self, core: PublishRequest) -> PR: ...
    @overload
    def bound(self, core: Registration) -> G: ...
    @overload
    def bound(self, core: RegisterRequest) -> GR: ...

    def bound(self, core: Any) -> Any:
        """What an event is about, such as `event.call` or `event.subscription`, with commands that need no `now`.

        For what one is told of, it is always the same object: it keeps what the agent has not been read of it yet, and
        all that is told from then on. It can be had until the event that follows its end is read; raises
        `LocalProtocolError` later.
        """
        return self._found(core)

    @property
    def calls(self) -> list[C]:
        """Its calls, the oldest first: those that `bound` finds."""
        return self._all(self._known_calls)

    @property
    def subscriptions(self) -> list[S]:
        """Its subscriptions that are not over, the oldest first."""
        return self._all(core for core in self.endpoint.subscriptions if core.referral is None)

    @property
    def publications(self) -> list[P]:
        """Its publications that are not over, the oldest first."""
        return self._all(self.endpoint.publications)

    @property
    def registrations(self) -> list[G]:
        """Its registrations that are not over, the oldest first."""
        return self._all(self.endpoint.registrations)

    @property
    def referrals(self) -> list[F]:
        """Its REFER requests of which more will be told, the oldest first."""
        return self._all(self.endpoint.referrals)

    @property
    def peer_subscriptions(self) -> list[PS]:
        """The subscriptions that peers have here, and that are not over, the oldest first."""
        return self._all(core for core in self.endpoint.peer_subscriptions if core.referral is None)

    @property
    def peer_referrals(self) -> list[PF]:
        """The REFER requests of peers that wait for the application, and those that are or may still be told of."""
        return self._all(self.endpoint.peer_referrals)

    @property
    @abstractmethod
    def endpoint(self) -> Endpoint:
        """The endpoint."""

    @property
    @abstractmethod
    def _known_calls(self) -> list[Call]:
        """The calls that it has, the oldest first."""

    @abstractmethod
    def _found(self, core: Any) -> Any:
        """The handle of this. Raises `LocalProtocolError` where there is none, or none any more."""

    @abstractmethod
    def _all(self, cores: Iterable[Any]) -> list[Any]:
        """The handles of these, where there are any."""
