"""What a server says after credentials were good: Authentication-Info and Proxy-Authentication-Info.

RFC 3261 20.6 and 25.1; RFC 7616 3.5.
"""

from __future__ import annotations

from typing import Self

from sipsm.errors import LocalProtocolError
from sipsm.grammar.text_value import built
from sipsm.message.headers.auth_params import AuthParams
from sipsm.message.headers.field import OverLines


class AuthenticationInfo(AuthParams):
    """The next nonce to use, and the server's own proof that it knows the password (RFC 7616 3.5)."""

    __slots__ = ()

    what = "Authentication-Info"
    # "For historical reasons, a sender MUST NOT generate the quoted string syntax for the following parameters: qop and
    # nc." (RFC 7616 3.5)
    bare = frozenset({"qop", "nc"})

    @classmethod
    def build(
        cls,
        *,
        nextnonce: str | None = None,
        qop: str | None = None,
        rspauth: str | None = None,
        cnonce: str | None = None,
        nc: int | None = None,
    ) -> Self:
        """One of its parts; raises LocalProtocolError when they make none (RFC 7616 3.5)."""
        # "The rspauth, cnonce, and nc parameters MUST be present if "qop=auth" or "qop=auth-int" is specified."
        # (RFC 7616 3.5)
        if qop is not None and (rspauth is None or cnonce is None or nc is None):
            raise LocalProtocolError("with qop go rspauth, cnonce and nc", rfc="7616 3.5")
        known = {
            "nextnonce": nextnonce,
            "qop": qop,
            "rspauth": rspauth,
            "cnonce": cnonce,
            "nc": None if nc is None else f"{nc:08x}",
        }
        return built(cls.parse, cls._format(known))

    @property
    def nextnonce(self) -> str | None:
        """The nonce that the server wants used from now on."""
        return self._params.get("nextnonce")

    @property
    def qop(self) -> str | None:
        """The quality of protection of this response, in lower case."""
        qop = self._params.get("qop")
        return None if qop is None else qop.lower()

    @property
    def rspauth(self) -> str | None:
        """The server's digest, in hexadecimal."""
        return self._params.get("rspauth")

    @property
    def cnonce(self) -> str | None:
        """The cnonce of the request that this answers."""
        return self._params.get("cnonce")


# ainfo *( COMMA ainfo ), which is a list, so its parts may stand on lines of their own.
AUTHENTICATION_INFO = OverLines("Authentication-Info", AuthenticationInfo.parse, rfc="3261 20.6")
PROXY_AUTHENTICATION_INFO = OverLines("Proxy-Authentication-Info", AuthenticationInfo.parse, rfc="7616 3.8")
