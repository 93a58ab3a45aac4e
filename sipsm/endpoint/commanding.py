"""What an application can have an endpoint do: calls, subscriptions, publications, registrations, and requests alone.

What each of these begins takes further commands, which come back to `Endpoint.command`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import Uri
from sipsm.grammar.text_value import built
from sipsm.message import Address
from sipsm.message.headers import Event as EventHeader
from sipsm.message.headers import ReferredBy
from sipsm.role import (
    Call,
    OutgoingRequest,
    Output,
    PeerReferral,
    PeerReferralState,
    PeerSubscription,
    Publication,
    Referral,
    Registration,
    Subscription,
    UserAgent,
)
from sipsm.role.soft_state.registration import Contacts, as_contacts
from sipsm.role.soft_state.registrations import Registrant
from sipsm.role.subscriptions.subscription import Wanted
from sipsm.sdp.description import Sdp
from sipsm.standalone.binding import Binding
from sipsm.standalone.lease import REMOVE
from sipsm.standalone.messages import as_body, limiting
from sipsm.standalone.publication import Content
from sipsm.standalone.registration import QUERY, REGISTER, REMOVE_ALL
from sipsm.standalone.soft_state import EventState
from sipsm.transport import Flow
from sipsm.usage.referrer import Refer

if TYPE_CHECKING:
    from datetime import datetime


class Commanding(ABC):
    """The commands of an endpoint, and what it holds of what they began."""

    _agent: UserAgent

    @abstractmethod
    def _perform(self, outputs: list[Any], flow: Flow | None, now: float, room: int = 0) -> list[Output]:
        """Have sends and events go out, and what is for the transaction user go up to it."""

    def invite(
        self,
        target: Uri | str,
        *,
        offer: Sdp = b"",
        to: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        again: Call | None = None,
        now: float,
    ) -> tuple[Call, list[Output]]:
        """Call somebody (RFC 3261 13.2.1). Without an offer, the peer's 2xx must carry one.

        The offer is given as bytes, or as `sipsm.sdp.SessionDescription`. `to` is the To value, by default the target.
        `again` is a call of ours that was refused: this one has its Call-ID, From and To, and the next CSeq number, and
        is otherwise given anew, as the response would have it (8.1.3.5): another body or none (413, 415), another
        target (416, 484, 485), credentials (401, 407), or later (503). Returns the call, whose commands take it
        further.
        """
        call, outputs = self._agent.invite(_target(target), to, offer, headers, now, again)
        return call, self._perform(outputs, None, now)

    def request(
        self,
        method: str,
        target: Uri | str,
        *,
        to: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        content_type: str | None = None,
        now: float,
    ) -> tuple[OutgoingRequest, list[Output]]:
        """Send a request outside a call, such as OPTIONS (RFC 3261 8.1, 11). `Answered` tells its end."""
        outgoing, outputs = self._agent.ask(method, _target(target), to, headers, body, content_type, now)
        return outgoing, self._perform(outputs, None, now)

    def publish(
        self,
        target: Uri | str,
        event: str,
        body: bytes,
        content_type: str,
        *,
        expires_s: int | None = 3600,
        to: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        now: float,
    ) -> tuple[Publication, list[Output]]:
        """Publish event state, such as presence, for the address that `target` is (RFC 3903 4.2).

        It is asked to last for `expires_s` seconds, None for as long as the compositor likes, and is refreshed by
        itself until it is removed. `headers` go into each of its requests. Returns the publication, whose commands take
        it further; `Published` and `PublicationEnded` tell what it comes to.
        """
        content = Content(body, content_type)
        publication, outputs = self._agent.publishing.publish(
            _target(target), event, content, expires_s, to, headers, now
        )
        return publication, self._perform(outputs, None, now)

    def register(
        self,
        address: Uri | Address | str,
        registrar: Uri | str | None = None,
        *,
        contacts: Contacts | None = None,
        expires_s: int | None = 3600,
        by: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        now: float,
    ) -> tuple[Registration, list[Output]]:
        """Have `address` be reached here, or at these contacts (RFC 3261 10.2.1), until the registration is removed.

        `registrar` is by default the domain of the address. It is asked to last for `expires_s` seconds, None for as
        long as the registrar likes, and is refreshed by itself; a contact may have `expires` and `q` of its own:
        `"<sip:bob@192.0.2.4>;q=0.7;expires=600"`. `by` is who is responsible for it, if it is not `address` itself;
        `headers` go into each of its requests. Returns the registration, whose commands take it further; `Registered`
        and `RegistrationEnded` tell what it comes to.
        """
        who = _registrant(address, registrar, by, headers)
        theirs = None if contacts is None else as_contacts(contacts)
        registration, outputs = self._agent.registrations.register(REGISTER, who, theirs, expires_s, now)
        return registration, self._perform(outputs, None, now)

    def unregister(
        self,
        address: Uri | Address | str,
        registrar: Uri | str | None = None,
        *,
        contacts: Contacts | None = None,
        everything: bool = False,
        by: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        now: float,
    ) -> tuple[Registration, list[Output]]:
        """Remove what another run of this program has registered, or with `everything` whatever there is for `address`
        (RFC 3261 10.2.2).

        What this endpoint has registered itself is removed by `registration.remove`. `RegistrationEnded` tells the end.
        """
        who = _registrant(address, registrar, by, headers)
        theirs = None if contacts is None else as_contacts(contacts)
        what = REMOVE_ALL if everything else REMOVE
        registration, outputs = self._agent.registrations.register(what, who, theirs, None, now)
        return registration, self._perform(outputs, None, now)

    def query_bindings(
        self,
        address: Uri | Address | str,
        registrar: Uri | str | None = None,
        *,
        by: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        now: float,
    ) -> tuple[Registration, list[Output]]:
        """Ask the registrar where `address` is reached (RFC 3261 10.2.3): `RegistrationEnded.bindings` tells it."""
        who = _registrant(address, registrar, by, headers)
        registration, outputs = self._agent.registrations.register(QUERY, who, (), None, now)
        return registration, self._perform(outputs, None, now)

    def bindings(self, address: Uri | str) -> tuple[Binding, ...]:
        """Where somebody can be reached who has registered here, in the order in which he has (RFC 3261 10.3)."""
        return self._agent.registrar.bindings(_target(address))

    def unbind(self, address: Uri | str, contact: Uri | str | None = None, *, now: float) -> list[Output]:
        """Remove this binding of somebody who has registered here, or all; `BindingRemoved` tells each."""
        where = None if contact is None else _target(contact)
        return self._perform(self._agent.registrar.unbind(_target(address), where, now), None, now)

    def subscribe(
        self,
        target: Uri | str | Call,
        event: str,
        *,
        expires_s: int | None = None,
        accept: Iterable[str] = (),
        to: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
        content_type: str | None = None,
        forks: bool | None = None,
        now: float,
    ) -> tuple[Subscription, list[Output]]:
        """Subscribe to the state of `target`, such as its presence (RFC 6665 4.1.2.1).

        `event` is a package, with an `id` if there is to be one, as in `"dialog;id=7"`. It lasts for `expires_s`
        seconds, by default as the package has it, and is refreshed by itself; 0 has the state told once (4.4.3).
        `accept` are the types of body that are understood, `body` is a filter or the like. `forks`: whether each
        notifier that the SUBSCRIBE reaches makes a subscription, by default as the package has it. A call as `target`
        is the device at its other end, within its dialog: for peers that know no better way (4.5.2). Returns the
        subscription, whose commands take it further; `NotifyReceived` tells each state, `SubscriptionEnded` its end.
        """
        kind = built(EventHeader.parse, event)
        package = self._agent.profile.package(kind.value)
        wanted = Wanted(
            None if isinstance(target, Call) else _target(target),
            kind,
            package.forks if forks is None else forks,
            to,
            tuple(accept),
            tuple(headers),
            body,
            content_type,
            usual=package.types,
        )
        seconds = package.expires_s if expires_s is None else expires_s
        call = target if isinstance(target, Call) else None
        subscription, outputs = self._agent.subscriptions.subscribe(wanted, call, seconds, now)
        return subscription, self._perform(outputs, None, now)

    def refer(
        self,
        target: Uri | str,
        refer_to: Address | Uri | str,
        *,
        referred_by: ReferredBy | str | None = None,
        reports: bool = True,
        to: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        now: float,
    ) -> tuple[Referral, list[Output]]:
        """Ask `target` to contact somebody, or something, as `call.refer` does within a call (RFC 3515 2.4.1)."""
        x = Refer(refer_to, referred_by, None, reports, headers)
        outputs = self._agent.referring.refer(_target(target), to, None, x, [], now)
        return x.referral, self._perform(outputs, None, now)

    def published(self, address: Uri | str, event: str) -> tuple[EventState, ...]:
        """What others have published here for an address, and what `StatePublished` told last (RFC 3903 6)."""
        return self._agent.compositor.states(_target(address), event)

    def message(
        self,
        target: Uri | str,
        text: str | bytes,
        content_type: str = "text/plain",
        *,
        to: str | None = None,
        headers: Iterable[tuple[str, str]] = (),
        expires_s: int | None = None,
        date: datetime | None = None,
        congestion_safe: bool = False,
        now: float,
    ) -> tuple[OutgoingRequest, list[Output]]:
        """Send an instant message outside a call (RFC 3428): when those before it to the same URI are answered.

        `Answered` tells its end: a 2xx that it has arrived, and not that anybody has read it. `date` is the present, in
        a time zone; where a message is to hold for `expires_s` seconds it is needed. An `im:` URI is sent to as the SIP
        URI of the same user. More than 1300 bytes raise `LocalProtocolError`, unless `congestion_safe` says that no
        link on the way can be congested by them (RFC 3428 8).
        """
        more = [*limiting(expires_s, date), *headers]
        body = as_body(text)
        outgoing, outputs = self._agent.messaging.send(
            _target(target), to, more, body, content_type if body else None, now, congestion_safe=congestion_safe
        )
        return outgoing, self._perform(outputs, None, now)

    def options(
        self,
        target: Uri | str,
        *,
        to: str | None = None,
        accept: Iterable[str] = ("application/sdp",),
        headers: Iterable[tuple[str, str]] = (),
        now: float,
    ) -> tuple[OutgoingRequest, list[Output]]:
        """Ask somebody what they can do (RFC 3261 11.1), with a body of the types in `accept`.

        `Answered` has the response: its status is the one that a call would get; Allow, Accept and Supported say what
        is understood there.
        """
        # "An Accept header field SHOULD be included to indicate the type of message body the UAC wishes to receive in
        # the response." (RFC 3261 11.1)
        more = [("Accept", ", ".join(accept)), *headers]
        return self.request("OPTIONS", target, to=to, headers=more, now=now)

    def turn_away(self, status: int | None = 486) -> None:
        """Refuse each further call with this status, 300 to 699, without a word to the application; with None no more.

        So does an OPTIONS get to know what a call would get (RFC 3261 11.2).
        """
        if status is not None and not 300 <= status <= 699:
            raise LocalProtocolError(f"cannot refuse calls with {status}: it is not in 300 to 699", rfc="3261 13.3.1")
        self._agent.requests.turns_away = status or 0

    # ---------------------------------------------------------------- what it holds

    @property
    def calls(self) -> list[Call]:
        """The calls that are not forgotten yet, the oldest first."""
        return list(self._agent.calls.all)

    @property
    def subscriptions(self) -> list[Subscription]:
        """The subscriptions of ours that are not over, the oldest first."""
        return list(self._agent.subscriptions.all)

    @property
    def publications(self) -> list[Publication]:
        """The publications of ours that are not over, the oldest first."""
        return list(self._agent.publishing.all)

    @property
    def registrations(self) -> list[Registration]:
        """The registrations of ours that are not over, the oldest first."""
        return list(self._agent.registrations.all)

    @property
    def bound_addresses(self) -> list[Uri]:
        """The addresses that somebody has registered here, in their canonical form (RFC 3261 10.3)."""
        return list(self._agent.registrar.location.held)

    @property
    def peer_subscriptions(self) -> list[PeerSubscription]:
        """The subscriptions of peers that are not forgotten yet, the oldest first."""
        return list(self._agent.notifications.all)

    @property
    def referrals(self) -> list[Referral]:
        """The REFER requests of ours of which more will be told, the oldest first."""
        return [each.referral for each in self._agent.subscriptions.all if each.referral is not None]

    @property
    def peer_referrals(self) -> list[PeerReferral]:
        """The REFER requests of peers that wait for the application, and those that are or may still be told of."""
        agent = self._agent
        told = [each.referral for each in agent.notifications.all if each.referral is not None]
        asked = [each for each in agent.referred.told.values() if each.state is not PeerReferralState.OVER]
        return list(dict.fromkeys([*agent.referred.all, *told, *asked]))


def _registrant(
    address: Uri | Address | str, registrar: Uri | str | None, by: str | None, headers: Iterable[tuple[str, str]]
) -> Registrant:
    return Registrant(address, None if registrar is None else _target(registrar), by, headers)


def _target(target: Uri | str) -> Uri:
    if isinstance(target, Uri):
        return target
    try:
        return Uri.parse(target)
    except RemoteProtocolError as error:
        raise LocalProtocolError(f"{target!r} is no URI: {error.what}", rfc=error.rfc) from None
