"""Who is let in: a realm and its users, as a server asks for them (RFC 3261 22.1, 22.4; RFC 8760 2.3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from attrs import field, frozen
from attrs.validators import ge, gt

from sipsm.auth.account import check_user
from sipsm.auth.digest import SESSION, algorithm_of, checked, digest, key_of_user
from sipsm.errors import LocalProtocolError
from sipsm.grammar.tokens import refuse_line_ends
from sipsm.message.headers import Challenge

USUAL: Final = ("SHA-256", "MD5")
"""The algorithms that are offered by default, the one that is wanted most first."""

Secret = str | tuple[tuple[str, str], ...]
"""A password; or H(A1) by algorithm."""


def _secrets(
    users: Mapping[str, str | Mapping[str, str]] | Iterable[tuple[str, Secret]],
) -> tuple[tuple[str, Secret], ...]:
    pairs = users.items() if isinstance(users, Mapping) else users
    return tuple((name, tuple(given.items()) if isinstance(given, Mapping) else given) for name, given in pairs)


def _check_key(algorithm: str, key: str) -> None:
    if len(digest(checked(algorithm), b"")) != len(key) or _is_hex(key) is None:
        raise LocalProtocolError(
            f"that is no H(A1) of {algorithm}: it is as long as a digest, in lower case", rfc="8760 2.2"
        )


_is_hex = re.compile(r"[0-9a-f]*+").fullmatch


def _algorithms(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(checked, names))


def _different(_: object, _field: Any, names: tuple[str, ...]) -> None:
    # "If the UAS challenges the originator using multiple WWW-Authenticate/Proxy-Authenticate header fields with the
    # same realm, then each of these header fields MUST use a different digest algorithm." (RFC 8760 2.3)
    if not names or len(set(names)) < len(names):
        raise LocalProtocolError(f"{names} are no algorithms that all differ", rfc="8760 2.3")


def _qualities(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(given)


def _known_qop(_: object, _field: Any, qop: tuple[str, ...]) -> None:
    if not qop or not {"auth", "auth-int"}.issuperset(qop):
        raise LocalProtocolError(f"{qop} are no qualities of protection: auth, auth-int, or both", rfc="7616 3.3")


def _named(_: object, _field: Any, name: str) -> None:
    if not refuse_line_ends(name):
        raise LocalProtocolError("a realm needs a name that users know it by", rfc="3261 22.1")


@frozen
class Realm:
    """Whose requests are served: those of its users. Raises `LocalProtocolError` for what it cannot be.

    All requests outside dialogs are challenged, but for ACK and CANCEL, which nobody can send again (RFC 3261 22.1).
    """

    name: str = field(validator=_named)
    """What users know it by; a domain of one's own, so that there is no other of this name (RFC 3261 22.1)."""
    users: tuple[tuple[str, Secret], ...] = field(converter=_secrets, repr=False)
    """By their names: the password of each; or, where passwords are not kept, H(A1) for each algorithm that is offered,
    as `{"bob": {"SHA-256": "b1f2..."}}`. `hashed` makes those."""
    algorithms: tuple[str, ...] = field(default=USUAL, converter=_algorithms, validator=_different)
    """What is offered, a challenge each, the one that is wanted most first: of MD5, SHA-256, SHA-512-256, and each with
    `-sess` behind it. Whoever offers MD5 is not safer than that (RFC 8760 3)."""
    qop: tuple[str, ...] = field(default=("auth",), converter=_qualities, validator=_known_qop)
    """The qualities of protection that are offered: `auth`, and `auth-int`, which covers bodies too."""
    in_dialogs: bool = False
    """Whether requests within dialogs are challenged too."""
    nonce_lasts_s: float = field(default=300.0, validator=gt(0))
    """How long a nonce may be used, in seconds. Then it is stale, and the client is asked with another."""
    nonces: int = field(default=10_000, validator=ge(1))
    """How many nonces that were used are remembered with the counts that they were used with. With one more, the oldest
    is stale before its time."""

    @users.validator
    def _all_users(self, _field: Any, users: tuple[tuple[str, Secret], ...]) -> None:
        for name, secret in users:
            check_user(self, _field, name)
            if isinstance(secret, str):
                continue
            for algorithm, key in secret:
                _check_key(algorithm, key)
            there = {algorithm_of(algorithm) for algorithm, _ in secret}
            missing = [each for each in self.plain if each not in there]
            if missing:
                raise LocalProtocolError(f"{name!r} has no H(A1) for {', '.join(missing)}", rfc="7616 3.4.2")

    @property
    def plain(self) -> tuple[str, ...]:
        """The algorithms that are offered, without what makes a session of them."""
        return tuple(dict.fromkeys(name.removesuffix(SESSION) for name in self.algorithms))

    @staticmethod
    def hashed(user: str, realm: str, password: str, *algorithms: str) -> dict[str, str]:
        """H(A1) of a user, by algorithm: what can be kept in the place of the password, and protected like it."""
        return {name: key_of_user(name, user, realm, password) for name in map(checked, algorithms or USUAL)}

    def challenges(self, nonce: str, *, stale: bool) -> list[Challenge]:
        """What a request without good credentials is answered with, in the order of preference."""
        # "servers MUST always send a "qop" parameter in WWW-Authenticate and Proxy-Authenticate header field values."
        # (RFC 3261 22.4)
        return [
            Challenge.digest(realm=self.name, nonce=nonce, algorithm=each, qop=self.qop, stale=stale)
            for each in self.algorithms
        ]
