"""Digest authentication, at both ends (RFC 3261 22, RFC 7616, RFC 8760)."""

from __future__ import annotations

from sipsm.auth.account import Account
from sipsm.auth.authentication import Authentication
from sipsm.auth.guard import Guard, Refused
from sipsm.auth.keyring import Keyring
from sipsm.auth.nonces import Nonces
from sipsm.auth.realm import Realm

__all__ = ["Account", "Authentication", "Guard", "Keyring", "Nonces", "Realm", "Refused"]
