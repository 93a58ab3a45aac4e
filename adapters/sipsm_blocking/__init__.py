"""SIP endpoints with plain blocking sockets, no threads: for the machines of `sipsm`."""

from __future__ import annotations

from sipsm_blocking.proxy import Proxy

from sipsm_blocking.user_agent import (  # isort: skip
    Call, PeerReferral, PeerSubscription, Publication, PublishRequest, Referral, RegisterRequest, Registration,
    Subscription, UserAgent,
)  # fmt: skip

__all__ = [
    "Call", "PeerReferral", "PeerSubscription", "Proxy", "Publication", "PublishRequest", "Referral", "RegisterRequest",
    "Registration", "Subscription", "UserAgent",
]  # fmt: skip
