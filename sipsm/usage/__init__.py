"""What lives in a dialog (RFC 5057's word): here the INVITE and its session (RFC 3261 13, 15, 9)."""

from __future__ import annotations

from sipsm.usage.invite_uac import InviteUac
from sipsm.usage.invite_uas import InviteUas
from sipsm.usage.outputs import EndReason
from sipsm.usage.session import SessionUac, SessionUas
from sipsm.usage.wiring import UAC, UAS

__all__ = ["UAC", "UAS", "EndReason", "InviteUac", "InviteUas", "SessionUac", "SessionUas"]
