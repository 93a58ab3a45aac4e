"""What a server asks of a client before it serves it: WWW-Authenticate and Proxy-Authenticate.

RFC 3261 20.27, 20.44, 22.4 and 25.1; RFC 7616 3.3; RFC 8760.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from sipsm.errors import LocalProtocolError
from sipsm.grammar.params import Params
from sipsm.grammar.text_value import built
from sipsm.grammar.tokens import is_token
from sipsm.message.headers.auth_params import SchemeWithParams
from sipsm.message.headers.field import Listed


class Challenge(SchemeWithParams):
    """One way for a client to show who it is: `Digest realm="atlanta.com", nonce="84a4", qop="auth"` (RFC 7616 3.3)."""

    __slots__ = ()

    what = "challenge"
    # "For historical reasons, a sender MUST NOT generate the quoted string syntax values for the following parameters:
    # stale and algorithm." (RFC 7616 3.3)  Of charset and userhash it says nothing, and shows them without.
    bare = frozenset({"stale", "algorithm", "charset", "userhash"})

    @classmethod
    def digest(
        cls,
        *,
        realm: str,
        nonce: str,
        algorithm: str | None = None,
        qop: Iterable[str] = ("auth",),
        opaque: str | None = None,
        stale: bool = False,
        domain: Iterable[str] = (),
        userhash: bool = False,
        params: Params = (),
    ) -> Self:
        """A challenge of Digest; raises LocalProtocolError when the parts make none (RFC 7616 3.3, RFC 8760 2.6)."""
        qop = tuple(qop)
        domain = tuple(domain)
        # "A UAS MUST always send a "qop" parameter in WWW-Authenticate and Proxy-Authenticate header field values"
        # (RFC 8760 2.6)
        if not qop or not all(map(is_token, qop)):
            raise LocalProtocolError(f"a challenge needs tokens for its qop, and these are {qop}", rfc="8760 2.6")
        if any(uri.split() != [uri] for uri in domain):
            raise LocalProtocolError(f"{domain} are no URIs", rfc="7616 3.3")
        known = {
            "realm": realm,
            "domain": " ".join(domain) or None,
            "nonce": nonce,
            "qop": ",".join(qop),
            "opaque": opaque,
            "stale": "true" if stale else None,
            "algorithm": algorithm,
            "userhash": "true" if userhash else None,
        }
        return built(cls.parse, f"Digest {cls._format(known, params)}")

    @property
    def qop(self) -> tuple[str, ...]:
        """The qualities of protection to choose from, in lower case; none from a server of RFC 2069."""
        qop = self._params.get("qop", "")
        return tuple([option for option in qop.lower().replace(",", " ").split() if option])

    @property
    def stale(self) -> bool:
        """Whether only the nonce was too old, and name and password may be right (RFC 7616 3.3)."""
        return self._params.get("stale", "").lower() == "true"

    @property
    def domain(self) -> tuple[str, ...]:
        """The URIs that the same credentials are good for; of no meaning in Proxy-Authenticate (RFC 7616 3.3)."""
        return tuple(self._params.get("domain", "").split())


WWW_AUTHENTICATE = Listed("WWW-Authenticate", Challenge.parse, parse_line=Challenge.parse_line, rfc="3261 20.44")
PROXY_AUTHENTICATE = Listed("Proxy-Authenticate", Challenge.parse, parse_line=Challenge.parse_line, rfc="3261 20.27")
