"""How a client and its first hop agree on security: Security-Client, Security-Server and Security-Verify (RFC 3329)."""

from __future__ import annotations

from typing import Self

from sipsm.errors import RemoteProtocolError
from sipsm.grammar.params import Params, is_qvalue
from sipsm.message.headers.field import Listed
from sipsm.message.headers.with_params import WithParams


class SecurityMechanism(WithParams):
    """One way to secure a hop: `digest;d-qop=auth;q=0.2` (RFC 3329 2.2). What it is called is its `value`."""

    __slots__ = ()

    what = "security mechanism"
    rfc = "3329 2.2"

    @classmethod
    def build(
        cls,
        value: str,
        params: Params = (),
        *,
        q: float | None = None,
        d_alg: str | None = None,
        d_qop: str | None = None,
        d_ver: str | None = None,
    ) -> Self:
        """One of its parts; raises LocalProtocolError when they cannot be written."""
        digits = None if q is None else f"{q:.3f}".rstrip("0").rstrip(".")
        return cls._of(value, params, q=digits, d_alg=d_alg, d_qop=d_qop, d_ver=d_ver)

    @classmethod
    def _is_quoted(cls, name: str, value: str) -> bool:
        # digest-verify = "d-ver" EQUAL LDQUOT 32LHEX RDQUOT
        return name == "d-ver" or super()._is_quoted(name, value)

    def _check(self) -> None:
        q = self.params.get("q", "1")
        if q is None or is_qvalue(q) is None:
            raise RemoteProtocolError(f"q {q!r} is no number from 0 to 1", rfc="3329 2.2")

    @property
    def q(self) -> float | None:
        """How much the server wants it, from 0 to 1; a client says nothing of the kind (RFC 3329 2.3.1)."""
        q = self.params.get("q")
        return None if q is None else float(q)

    @property
    def d_alg(self) -> str | None:
        """The algorithm of digest (RFC 3329 2.2)."""
        return self.params.get("d-alg")

    @property
    def d_qop(self) -> str | None:
        """The quality of protection of digest (RFC 3329 2.2)."""
        return self.params.get("d-qop")

    @property
    def d_ver(self) -> str | None:
        """The digest over the list of the server, which shows that nobody has changed it (RFC 3329 2.2)."""
        return self.params.get("d-ver")


def _check_preferences(mechanisms: tuple[SecurityMechanism, ...]) -> None:
    # "It is an error to provide two mechanisms with the same "q" value." (RFC 3329 2.2)
    preferences = [mechanism.q for mechanism in mechanisms if mechanism.q is not None]
    if len(set(preferences)) < len(preferences):
        raise RemoteProtocolError("two security mechanisms with the same q", rfc="3329 2.2")


SECURITY_CLIENT = Listed("Security-Client", SecurityMechanism.parse, check=_check_preferences, rfc="3329 2.2")
SECURITY_SERVER = Listed("Security-Server", SecurityMechanism.parse, check=_check_preferences, rfc="3329 2.2")
SECURITY_VERIFY = Listed("Security-Verify", SecurityMechanism.parse, check=_check_preferences, rfc="3329 2.2")
