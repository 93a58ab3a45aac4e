"""What lives in a dialog (RFC 5057's word): the INVITE and its session, subscriptions, and REFER.

RFC 3261 9, 13, 14, 15; RFC 3262, RFC 3311, RFC 4028; RFC 6665; RFC 3515.
"""

from __future__ import annotations

from sipsm.usage.around import Invitation, Leg
from sipsm.usage.outputs import EndReason
from sipsm.usage.wiring import CALL

__all__ = ["CALL", "EndReason", "Invitation", "Leg"]
