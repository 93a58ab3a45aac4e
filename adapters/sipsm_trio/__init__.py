"""SIP endpoints under trio: sockets, clock and tasks for the machines of `sipsm`."""

from __future__ import annotations

from sipsm_trio.proxy import Proxy
from sipsm_trio.user_agent import (
    Call,
    PeerReferral,
    PeerSubscription,
    Publication,
    PublishRequest,
    Referral,
    Subscription,
    UserAgent,
)

__all__ = [
    "Call",
    "PeerReferral",
    "PeerSubscription",
    "Proxy",
    "Publication",
    "PublishRequest",
    "Referral",
    "Subscription",
    "UserAgent",
]
