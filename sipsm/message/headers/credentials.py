"""What a client shows of itself: Authorization and Proxy-Authorization.

RFC 3261 20.7, 20.28, 22.4 and 25.1; RFC 7616 3.4; RFC 8760. Not here: whether it is true.
"""

from __future__ import annotations

import re
from typing import Self

from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar.escapes import unescape
from sipsm.grammar.params import Params
from sipsm.grammar.text_value import built
from sipsm.message.headers.auth_params import SchemeWithParams
from sipsm.message.headers.field import Listed

# ext-value = charset "'" [ language ] "'" value-chars, value-chars = *( pct-encoded / attr-char )  (RFC 5987 3.2.1)
_ext_value = re.compile(r"[uU][tT][fF]-8'[A-Za-z0-9\-]*+'((?:[A-Za-z0-9!#$&+\-.^_`|~]++|%[0-9A-Fa-f]{2})*+)").fullmatch
# request-digest = LDQUOT *LHEX RDQUOT  (RFC 8760 2.7)
_is_digest = re.compile(r"[0-9a-f]*+").fullmatch


class Credentials(SchemeWithParams):
    """The answer to a challenge: `Digest username="bob", realm="atlanta.com", ... response="..."` (RFC 7616 3.4).

    A parameter that is not there is None, also where the RFC wants it: what to make of that is the server's decision.
    """

    __slots__ = ()

    what = "credentials"
    # "For historical reasons, a sender MUST NOT generate the quoted string syntax for the following parameters:
    # algorithm, qop, and nc." (RFC 7616 3.4)  Of userhash and username* it says nothing, and shows them without.
    bare = frozenset({"algorithm", "qop", "nc", "userhash", "username*"})

    @classmethod
    def digest(
        cls,
        *,
        username: str,
        realm: str,
        nonce: str,
        uri: str,
        response: str,
        algorithm: str | None = None,
        qop: str | None = None,
        cnonce: str | None = None,
        nc: int | None = None,
        opaque: str | None = None,
        userhash: bool = False,
        params: Params = (),
    ) -> Self:
        """Credentials of Digest; raises LocalProtocolError when the parts make none (RFC 7616 3.4)."""
        # "This MUST be specified if a qop directive is sent (see above), and MUST NOT be specified if the server did
        # not send a qop directive" (RFC 2617 3.2.2, of cnonce and of nc alike)
        if len({qop is None, cnonce is None, nc is None}) > 1:
            raise LocalProtocolError("qop, cnonce and nc are given together or not at all", rfc="7616 3.4")
        if _is_digest(response) is None:
            raise LocalProtocolError(f"the response {response!r} is not hexadecimal in lower case", rfc="8760 2.7")
        known = {
            "username": username,
            "realm": realm,
            "nonce": nonce,
            "uri": uri,
            "response": response,
            "algorithm": algorithm,
            "cnonce": cnonce,
            "opaque": opaque,
            "qop": qop,
            "nc": None if nc is None else f"{nc:08x}",
            "userhash": "true" if userhash else None,
        }
        return built(cls.parse, f"Digest {cls._format(known, params)}")

    def _check(self) -> None:
        super()._check()
        extended = self._params.get("username*")
        if extended is not None and self._scheme == "digest":
            # "Sending both username and username* in the same header option MUST be treated as an error."
            # (RFC 7616 3.4)
            if "username" in self._params:
                raise RemoteProtocolError("both username and username*", rfc="7616 3.4")
            if _ext_value(extended) is None:
                raise RemoteProtocolError(f"username* {extended[:80]!r} is no name in UTF-8", rfc="7616 3.4")

    @property
    def username(self) -> str | None:
        """The user's name in the realm; where `userhash` is true, the hash of it (RFC 7616 3.4.4)."""
        extended = _ext_value(self._params.get("username*", ""))
        if extended is None:
            return self._params.get("username")
        return unescape(extended[1])

    @property
    def uri(self) -> str | None:
        """The Request-URI that the client sent, as it is part of the digest."""
        return self._params.get("uri")

    @property
    def response(self) -> str | None:
        """The digest, in hexadecimal; empty when there has been no challenge (RFC 8760 2.7)."""
        return self._params.get("response")

    @property
    def cnonce(self) -> str | None:
        """The string that the client put into the digest."""
        return self._params.get("cnonce")

    @property
    def qop(self) -> str | None:
        """The quality of protection that the client chose, in lower case."""
        qop = self._params.get("qop")
        return None if qop is None else qop.lower()


AUTHORIZATION = Listed("Authorization", Credentials.parse, parse_line=Credentials.parse_line, rfc="3261 20.7")
PROXY_AUTHORIZATION = Listed(
    "Proxy-Authorization", Credentials.parse, parse_line=Credentials.parse_line, rfc="3261 20.28"
)
