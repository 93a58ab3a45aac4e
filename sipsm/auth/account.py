"""Who we are to the servers that ask: a name and a password, for one realm or for any (RFC 3261 22.1)."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from sipsm.errors import LocalProtocolError
from sipsm.grammar.tokens import refuse_line_ends


def check_user(_: object, _field: Any, user: str) -> None:
    """Raises `LocalProtocolError` for what is no user's name: a colon ends it in what is digested (RFC 7616 4)."""
    if not user or ":" in refuse_line_ends(user):
        raise LocalProtocolError(f"{user!r} is no name of a user: it is empty, or has a colon", rfc="7616 4")


def _writable(_: object, _field: Any, realm: str | None) -> None:
    if realm is not None:
        refuse_line_ends(realm)


@frozen
class Account:
    """A name and a password of ours. Raises `LocalProtocolError` for a name that cannot be one."""

    user: str = field(validator=check_user)
    password: str = field(repr=False)
    realm: str | None = field(default=None, validator=_writable)
    """The realm that they are for; None: any for which there is no other. Whoever can answer our requests could then ask
    for proofs of this password, from which a weak one is guessed."""
