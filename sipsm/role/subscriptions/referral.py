"""A REFER of ours as the application holds it: how it stands, and what can be done with it.

RFC 3515 2.4, RFC 7614 4.2. The decisions are in the tables of `sipsm.usage.referrer` and, for what is told of it,
`subscriber`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from attrs import define, field

from sipsm.grammar import Uri
from sipsm.message import Request
from sipsm.role.subscriptions.subscription import Subscription
from sipsm.usage import referrer
from sipsm.usage.referrer import Referrer

if TYPE_CHECKING:
    from sipsm.role.events import Output


class ReferralState(StrEnum):
    """Where a REFER of ours stands (RFC 3515 2.4)."""

    ASKED = "asked"
    """It is out, and nothing has come."""
    ACCEPTED = "accepted"
    """What it asks for is being done."""
    OVER = "over"
    """It was refused, or nothing more is told of it."""


@define(eq=False, repr=False)
class Referral:
    """One REFER of ours. Its commands return outputs for the adapter, or raise `LocalProtocolError`."""

    referrer: Referrer
    refer_to: str
    """Whom it names, as in Refer-To."""
    events_at: Uri | None = None
    """Where the other side lets us subscribe to how far it has come, where the REFER has required that by the extension
    `explicitsub`; until it has been accepted, None (RFC 7614 4.2)."""
    subscription: Subscription = field(init=False)
    """In which the other side tells how far it has come."""
    request: Request = field(init=False)
    """The REFER, as it was sent last."""

    def __repr__(self) -> str:
        return f"<Referral to {self.refer_to}: {self.state}>"

    @property
    def state(self) -> ReferralState:
        """Where it stands."""
        return _BY_STATE[self.referrer.state]

    @property
    def status(self) -> int | None:
        """What was told last of what it asks for, such as 180; None as long as nothing was."""
        return self.referrer.status

    # ---------------------------------------------------------------- what can be done

    def unsubscribe(self, *, now: float) -> list[Output]:
        """Be told no more of it: what it asks for is done all the same (RFC 3515 2.4.4)."""
        return self.subscription.unsubscribe(now=now)

    def refresh(self, expires_s: int, *, now: float) -> list[Output]:
        """Be told for longer, in seconds (RFC 3515 2.4.4). That is asked for by itself too, before the time is up."""
        return self.subscription.refresh(expires_s, now=now)


_BY_STATE: Final = {
    referrer.INITIAL: ReferralState.ASKED,
    referrer.ASKED: ReferralState.ASKED,
    referrer.GOING: ReferralState.ACCEPTED,
    referrer.OVER: ReferralState.OVER,
}
