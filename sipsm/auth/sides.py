"""Who asks for a digest: a user agent server, or a proxy on the way to it, each with header fields of its own.

RFC 3261 22.2 and 22.3; RFC 7616 3.8.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sipsm.message.headers import (
    AUTHENTICATION_INFO,
    AUTHORIZATION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHENTICATION_INFO,
    PROXY_AUTHORIZATION,
    WWW_AUTHENTICATE,
    AuthenticationInfo,
    Challenge,
    Credentials,
    Listed,
)
from sipsm.message.headers.field import OverLines


class Side(NamedTuple):
    """Where the three parts of a digest stand."""

    status: int
    """The response that asks for credentials by itself."""
    challenge: Listed[Challenge]
    credentials: Listed[Credentials]
    info: OverLines[AuthenticationInfo]


SERVER: Final = Side(401, WWW_AUTHENTICATE, AUTHORIZATION, AUTHENTICATION_INFO)
PROXY: Final = Side(407, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, PROXY_AUTHENTICATION_INFO)
SIDES: Final = {side.status: side for side in (SERVER, PROXY)}
