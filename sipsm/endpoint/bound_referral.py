"""The REFER requests of an agent and of its peers: commands without `now`, and what comes of them (RFC 3515)."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar

from sipsm.endpoint.bound_handle import Bound, Commanded, R, ToldLate
from sipsm.grammar import Uri
from sipsm.message import Address, Request
from sipsm.message.headers import ReferredBy, Replaces
from sipsm.role import Event, PeerReferral, PeerReferralState, ReferAccepted, ReferEnded, Referral, ReferralState
from sipsm.role.commanded import Headers
from sipsm.sdp.description import Sdp

C = TypeVar("C")
ReferralOutcome = ReferAccepted | ReferEnded


class BoundReferral(ToldLate[ReferralOutcome, ReferralOutcome, R], Generic[R]):
    """A REFER of an agent (RFC 3515 2.4). `ReferProgress` tells how far the other side has come.

    It ends with `ReferEnded`; or with `ReferAccepted`, where the other side tells nothing more (RFC 4488 4).
    """

    of: ClassVar[type] = Referral
    core: Referral
    """The referral as the endpoint knows it, and as events carry it."""

    @property
    def state(self) -> ReferralState:
        """Where it stands."""
        return self.core.state

    @property
    def status(self) -> int | None:
        """What was told last of what it asks for, such as 180; None as long as nothing was."""
        return self.core.status

    @property
    def refer_to(self) -> str:
        """Whom it names, as in Refer-To."""
        return self.core.refer_to

    @property
    def events_at(self) -> Uri | None:
        """Where to subscribe to `refer`, where the REFER has required `explicitsub`, once it is accepted (RFC 7614)."""
        return self.core.events_at

    def unsubscribe(self) -> R:
        """Be told no more of it: what it asks for is done all the same (RFC 3515 2.4.4)."""
        return self._do(self.core.unsubscribe)

    def refresh(self, expires_s: int) -> R:
        """Be told for longer, in seconds (RFC 3515 2.4.4). That is asked for by itself too, before the time is up."""
        return self._do(self.core.refresh, expires_s)

    @property
    def _home(self) -> Any:
        return self.core.subscription.agent

    @property
    def _is_over(self) -> bool:
        return self.state is ReferralState.OVER

    @property
    def _is_decided(self) -> bool:
        return self.state is not ReferralState.ASKED

    def _heed(self, event: Event) -> None:
        match event:
            case ReferEnded() | ReferAccepted(subscribes=False):
                self._outcome = self._outcome or event
                self._ended = event
            case ReferAccepted():
                self._outcome = event
            case _:
                pass


class BoundPeerReferral(Bound[R], Generic[R, C]):
    """A REFER that a peer has sent to an agent (RFC 3515 2.4)."""

    of: ClassVar[type] = PeerReferral
    core: PeerReferral
    """The REFER as the endpoint knows it, and as events carry it."""

    @property
    def state(self) -> PeerReferralState:
        """Where it stands."""
        return self.core.state

    @property
    def request(self) -> Request:
        """The REFER."""
        return self.core.request

    @property
    def refer_to(self) -> Address:
        """Who, or what, is to be contacted. Its URI may be of any scheme (RFC 3515 2.1)."""
        return self.core.refer_to

    @property
    def uri(self) -> Uri:
        """The URI of `refer_to`."""
        return self.core.uri

    @property
    def method(self) -> str:
        """The method that the URI asks for: INVITE where it names none (RFC 3261 19.1.1)."""
        return self.core.method

    @property
    def referred_by(self) -> ReferredBy | None:
        """On whose behalf, as the REFER says (RFC 3892 2.2); None where it does not, or in no readable way."""
        return self.core.referred_by

    @property
    def replaces(self) -> Replaces | None:
        """The dialog whose place the new one is to take, at the one who is to be contacted (RFC 5589 7)."""
        return self.core.replaces

    def accept(self, *, headers: Headers = ()) -> R:
        """Answer with 200, and tell that it is being done (RFC 7647 5). Then do it, and `progress` tells how it goes.

        Where the application does nothing for 4 s (8*T1), it is accepted by itself, and may still be rejected.
        """
        return self._do(self.core.accept, headers=headers)

    def reject(self, status: int = 603, *, reason: str | None = None, headers: Headers = ()) -> R:
        """Refuse with 300 to 699 (RFC 3515 2.4.2). What was accepted by itself is refused by its last notification."""
        return self._do(self.core.reject, status, reason=reason, headers=headers)

    def progress(self, status: int, reason: str | None = None, *, headers: Headers = ()) -> R:
        """Tell how far it has come, by a status from 100 to 699: from 200 on that is its end (RFC 3515 2.4.5, 2.4.7).

        Whatever the URI's scheme is, the outcome is told as a status of SIP. `headers` are told beside it: of a
        response those that harm nobody (RFC 3515 5). Nothing is sent where the peer does not want to hear of it.
        """
        return self._do(self.core.progress, status, reason, headers=headers)

    def follow(self, offer: Sdp = b"", *, headers: Headers = ()) -> C:
        """Call whom it names, and tell the peer by itself how that goes; `accept` is implied (RFC 3515 2.4.3).

        The INVITE has the headers that the URI asks for, as Replaces, and the REFER's Referred-By. Raises
        `LocalProtocolError` for what is no INVITE to a SIP or SIPS URI. Returns the call.
        """
        agent: Commanded = self._agent
        call: C = agent._bind(self.core.follow, offer, headers=headers)
        return call
