"""Events of REFER (RFC 3515): of our own, and of those that peers send."""

from __future__ import annotations

from attrs import frozen

from sipsm.message import Request, Response
from sipsm.role.calls.call import Call
from sipsm.role.subscriptions.peer_referral import PeerReferral
from sipsm.role.subscriptions.referral import Referral
from sipsm.usage.subscription_outputs import SubscriptionEndReason


@frozen
class ReferAccepted:
    """The other side does what our REFER asks for (RFC 3515 2.4.2)."""

    referral: Referral
    message: Request | Response
    """The 2xx, or the NOTIFY that has overtaken it."""
    subscribes: bool
    """Whether `ReferProgress` and `ReferEnded` will tell how that goes; else nothing more is told (RFC 4488 4)."""


@frozen
class ReferForked:
    """Another peer that our REFER has reached takes it as well, and tells by itself how far it has come.

    "The agent sending the REFER manages the state associated with each subscription separately." (RFC 3515 3.9)
    """

    referral: Referral
    """What has become of it there."""
    forked_from: Referral
    """The one that `refer` returned, of which the first to tell has made use."""


@frozen
class ReferProgress:
    """The other side tells how far it has come with what our REFER asks for (RFC 3515 2.4.5)."""

    referral: Referral
    status: int | None
    """Such as 180, and from 200 on how it has ended; None where nobody could read that."""
    reason: str
    request: Request
    """The NOTIFY, which may tell more of it."""


@frozen
class ReferEnded:
    """Our REFER is over; there is one such event for each that is not accepted without any report."""

    referral: Referral
    status: int | None
    """What was told last; where nothing was, that of the response that refused the REFER, if one did."""
    reason: SubscriptionEndReason
    """`NO_RESOURCE` at the end of what it asks for (RFC 3515 2.4.7); others when the subscription ends otherwise."""
    message: Request | Response | None
    """The NOTIFY or the response that ended it, if one did."""

    @property
    def succeeded(self) -> bool:
        """Whether what it asked for was done, as far as that is known."""
        return self.status is not None and 200 <= self.status < 300


@frozen
class ReferReceived:
    """Somebody asks to contact another (RFC 3515 2.4.2). Do `referral.follow`, `referral.accept` or `referral.reject`.

    Whether its sender may ask that is for the application to say; `referral` says whom to contact, and on whose behalf.
    """

    referral: PeerReferral
    request: Request
    about: Call | None
    """The call that it is about: in whose dialog it came, or that its Target-Dialog names (RFC 4538 4)."""


ReferEvent = ReferAccepted | ReferForked | ReferProgress | ReferEnded | ReferReceived
"""All that is told of REFER."""
