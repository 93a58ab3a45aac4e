"""The four transactions (RFC 3261 17, RFC 6026, RFC 4320)."""

from __future__ import annotations

from sipsm.transaction.base import (
    AckReceived,
    ClientTransaction,
    RequestReceived,
    ResponseReceived,
    ServerTransaction,
    TimedOut,
    Transaction,
    TransportFailed,
)
from sipsm.transaction.client import NonInviteClientTransaction
from sipsm.transaction.invite_client import InviteClientTransaction
from sipsm.transaction.invite_server import InviteServerTransaction
from sipsm.transaction.layer import Absorbed, Output, TransactionLayer, Unmatched
from sipsm.transaction.server import NonInviteServerTransaction
from sipsm.transaction.timer_values import TimerValues

__all__ = [
    "Absorbed",
    "AckReceived",
    "ClientTransaction",
    "InviteClientTransaction",
    "InviteServerTransaction",
    "NonInviteClientTransaction",
    "NonInviteServerTransaction",
    "Output",
    "RequestReceived",
    "ResponseReceived",
    "ServerTransaction",
    "TimedOut",
    "TimerValues",
    "Transaction",
    "TransactionLayer",
    "TransportFailed",
    "Unmatched",
]
