"""A REFER of a peer as the application holds it: whom it names, how it stands, and what can be done with it.

RFC 3515 2.4, RFC 7614 4. The decisions are in the tables of `sipsm.usage.referee` and `sipsm.usage.notifier`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from attrs import Factory, define, field

from sipsm.dialog import Dialog
from sipsm.errors import RemoteProtocolError
from sipsm.grammar import Uri
from sipsm.message import Address, Request
from sipsm.message.headers import REFER_TO, REFERRED_BY, REPLACES, ReferredBy, Replaces, in_uri
from sipsm.role.alarm import Alarm
from sipsm.role.calls.call import Call
from sipsm.role.commanded import Commanded
from sipsm.role.subscriptions.peer_subscription import PeerSubscription
from sipsm.sdp.description import Sdp
from sipsm.transaction import ServerTransaction
from sipsm.usage import referee
from sipsm.usage.notices import Notice
from sipsm.usage.referee import Referee, Refusal, Report, Wish

if TYPE_CHECKING:
    from sipsm.role.events import Output

Headers = Iterable[tuple[str, str]]


class PeerReferralState(StrEnum):
    """Where a REFER of a peer stands (RFC 3515 2.4)."""

    ASKED = "asked"
    """It waits for `accept`, `follow` or `reject`."""
    UNDECIDED = "undecided"
    """It has been accepted by itself, since the application had said nothing for 4 s, and waits for the same; for three
    minutes."""
    ACCEPTED = "accepted"
    """What it asks for is being done."""
    OVER = "over"
    """It was refused, or its end has been told."""


@define(eq=False, repr=False)
class PeerReferral:
    """One REFER of a peer. Its commands return outputs for the adapter, or raise `LocalProtocolError`."""

    agent: Commanded
    request: Request
    """The REFER."""
    referee: Referee
    transaction: ServerTransaction
    """Of the REFER."""
    place: Any
    """The dialog that it came in, a `sipsm.role.calls.dialogs.Place`; None when it came outside one."""
    id: str | None
    """What tells its notifications from those of others in that dialog (RFC 3515 2.4.6)."""
    subscribes: bool
    """Whether its sender is told how far it has come: by a subscription that accepting it begins (RFC 4488, 7614)."""
    events_at: str | None = None
    """The URI at which anybody who knows it may subscribe to how far it has come, where the REFER asks for one: until
    64 s after its end (RFC 7614)."""
    subscription: PeerSubscription | None = None
    """The subscription that accepting it has begun."""
    subscriptions: list[PeerSubscription] = Factory(list)
    """Those at `events_at`. Some may be over."""
    latest: Notice | None = None
    """What was told last."""
    call: Call | None = None
    """The call that `follow` has made."""
    alarm: Alarm = field(default=Factory(Alarm, takes_self=True), init=False)
    """What stands for it in the agenda."""

    # ---------------------------------------------------------------- what it is

    def __repr__(self) -> str:
        return f"<PeerReferral to {self.refer_to}: {self.state}>"

    @property
    def state(self) -> PeerReferralState:
        """Where it stands."""
        return _BY_STATE[self.referee.state]

    @property
    def refer_to(self) -> Address:
        """Who, or what, is to be contacted. Its URI may be of any scheme (RFC 3515 2.1)."""
        address = self.request[REFER_TO]
        assert address is not None, "a REFER without it is refused"
        return address

    @property
    def uri(self) -> Uri:
        """The URI of `refer_to`."""
        return self.refer_to.uri

    @property
    def method(self) -> str:
        """The method that the URI asks for: INVITE where it names none (RFC 3261 19.1.1)."""
        return (self.uri.params.get("method") or "INVITE") if self.uri.scheme in {"sip", "sips"} else ""

    @property
    def referred_by(self) -> ReferredBy | None:
        """On whose behalf, as the REFER says (RFC 3892 2.2); None where it does not, or in no readable way."""
        try:
            return self.request[REFERRED_BY]
        except RemoteProtocolError:
            return None

    @property
    def replaces(self) -> Replaces | None:
        """The dialog whose place the new one is to take, at the one who is to be contacted (RFC 5589 7)."""
        try:
            return in_uri(self.uri, REPLACES)
        except RemoteProtocolError:
            return None

    @property
    def dialog(self) -> Dialog | None:
        """The dialog that it came in, or that accepting it has made."""
        return None if self.place is None else self.place.dialog

    # ---------------------------------------------------------------- what can be done

    def accept(self, *, headers: Headers = (), now: float) -> list[Output]:
        """Answer with 200, and tell that it is being done (RFC 7647 5). Then do it, and `progress` tells how it goes.

        Where the application does nothing for 4 s (8*T1), it is accepted by itself, and may still be rejected; three
        minutes later it is given up.
        """
        return self.agent.command(self, "accept", tuple(headers), now)

    def reject(
        self, status: int = 603, *, reason: str | None = None, headers: Headers = (), now: float
    ) -> list[Output]:
        """Refuse with 300 to 699 (RFC 3515 2.4.2). What was accepted by itself is refused by its last notification."""
        return self.agent.command(self, "reject", Refusal(status, reason, headers), now)

    def progress(self, status: int, reason: str | None = None, *, headers: Headers = (), now: float) -> list[Output]:
        """Tell how far it has come, by a status from 100 to 699: from 200 on that is its end (RFC 3515 2.4.5, 2.4.7).

        Whatever the URI's scheme is, the outcome is told as a status of SIP. `headers` are told beside it: of a
        response those that harm nobody (RFC 3515 5). Nothing is sent where the peer does not want to hear of it.
        """
        return self.agent.command(self, "report progress", Report(status, reason, headers), now)

    def follow(self, offer: Sdp = b"", *, headers: Headers = (), now: float) -> tuple[Call, list[Output]]:
        """Call whom it names, and tell the peer by itself how that goes; `accept` is implied (RFC 3515 2.4.3).

        The INVITE has the headers that the URI asks for, as Replaces, and the REFER's Referred-By. Raises
        `LocalProtocolError` for what is no INVITE to a SIP or SIPS URI. Returns the call and the outputs.
        """
        outputs = self.agent.command(self, "follow", Wish(offer, headers), now)
        assert self.call is not None, "it has been made"
        return self.call, outputs

    # ---------------------------------------------------------------- time

    def next_timeout(self) -> float | None:
        """The deadline until which the application has to decide, in seconds, or None."""
        return self.referee.next_timeout()


_BY_STATE: Final = {
    referee.INITIAL: PeerReferralState.ASKED,
    referee.ASKED: PeerReferralState.ASKED,
    referee.UNDECIDED: PeerReferralState.UNDECIDED,
    referee.ACCEPTED: PeerReferralState.ACCEPTED,
    referee.OVER: PeerReferralState.OVER,
}
