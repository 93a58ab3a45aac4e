"""The digests themselves: what a client computes of a password and a request, and a server of the same.

RFC 7616 3.4.1 to 3.4.3 and 3.5, with the algorithms of RFC 8760 2.1; RFC 2617 3.2.2.1 (without qop). Only computing:
whom a digest is for, and what it proves, is decided in the other files of this room.
"""

from __future__ import annotations

import hashlib
from typing import Final

from sipsm.errors import LocalProtocolError

_HASHES: Final = {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
# SHA-512/256 comes with the system's OpenSSL, and is not there without: then it is an algorithm that is not known.
_THERE: Final = {name: each for name, each in _HASHES.items() if each in hashlib.algorithms_available}

ALGORITHMS: Final = tuple(f"{name}{session}" for session in ("", "-sess") for name in _THERE)
"""The algorithms that are known (RFC 8760 2.1), by the names that stand in headers."""
_KNOWN: Final = {name.lower(): name for name in ALGORITHMS}

SESSION: Final = "-sess"


def algorithm_of(name: str) -> str | None:
    """The algorithm of that name, which is told without regard to case (RFC 3261 7.3.1); None for an unknown one."""
    return _KNOWN.get(name.lower())


def checked(name: str) -> str:
    """The same; raises `LocalProtocolError` for an unknown one."""
    known = algorithm_of(name)
    if known is None:
        raise LocalProtocolError(
            f"{name!r} is no algorithm that is known here: {', '.join(ALGORITHMS)}", rfc="8760 2.1"
        )
    return known


def is_session(algorithm: str) -> bool:
    """Whether a session has a key of its own with this algorithm (RFC 7616 3.4.2)."""
    return algorithm.endswith(SESSION)


def octets(text: str) -> bytes:
    """The octets that are digested of a text: UTF-8, and those that came and are none, as they came."""
    return text.encode("utf-8", "surrogateescape")


def digest(algorithm: str, data: bytes) -> str:
    """H(data), in hexadecimal (RFC 7616 3.3, RFC 8760 2.2)."""
    # A session's key is hashed in the same way. What this protects is old: a system that allows MD5 for nothing else
    # has to be told that it is not ours to choose.
    name = _THERE[algorithm.removesuffix(SESSION)]
    return hashlib.new(name, data, usedforsecurity=False).hexdigest()


def key_of_user(algorithm: str, user: str, realm: str, password: str) -> str:
    """H(A1) of a user, which serves in the place of the password (RFC 7616 3.4.2)."""
    # A1 = unq(username) ":" unq(realm) ":" passwd
    return digest(algorithm, octets(f"{user}:{realm}:{password}"))


def key_of_session(algorithm: str, key: str, nonce: str, cnonce: str) -> str:
    """H(A1) of an authentication session, where the algorithm has those; else the user's (RFC 7616 3.4.2)."""
    # A1 = H( unq(username) ":" unq(realm) ":" passwd ) ":" unq(nonce-prime) ":" unq(cnonce-prime)
    return digest(algorithm, octets(f"{key}:{nonce}:{cnonce}")) if is_session(algorithm) else key


def response_digest(
    algorithm: str,
    key: str,
    *,
    method: str,
    uri: str,
    nonce: str,
    body: bytes = b"",
    qop: str | None = None,
    cnonce: str = "",
    nc: str = "",
) -> str:
    """The `response` of credentials; with an empty method, the `rspauth` of a server (RFC 7616 3.4.1, 3.5).

    `nc` is as it stands in the header: its eight digits are digested.
    """
    # If the qop parameter's value is "auth" or is unspecified, then A2 is: A2 = Method ":" request-uri
    # If the qop value is "auth-int", then A2 is: A2 = Method ":" request-uri ":" H(entity-body)
    a2 = f"{method}:{uri}"
    if qop == "auth-int":
        # "H(entity-body) = <algorithm>("")" where there is none (RFC 8760 2.6).
        a2 = f"{a2}:{digest(algorithm, body)}"
    hashed = digest(algorithm, octets(a2))
    # Without qop it is that of RFC 2069: KD ( H(A1), unq(nonce-value) ":" H(A2) )  (RFC 2617 3.2.2.1)
    middle = nonce if qop is None else f"{nonce}:{nc}:{cnonce}:{qop}"
    return digest(algorithm, octets(f"{key}:{middle}:{hashed}"))
