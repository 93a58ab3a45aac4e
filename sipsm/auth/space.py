"""An authentication session in a protection space: what a challenge has said, and how often it was answered since.

RFC 3261 22.1 ("The realm string alone defines the protection domain."), RFC 7616 3.4 and 3.6.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from attrs import define, field

from sipsm.auth.account import Account
from sipsm.auth.digest import algorithm_of, checked, is_session, key_of_session, key_of_user, response_digest
from sipsm.auth.sides import SIDES, Side
from sipsm.errors import RemoteProtocolError
from sipsm.ids import Ids
from sipsm.message import Request, Response
from sipsm.message.headers import Challenge, Credentials
from sipsm.message.headers.auth_params import AuthParams


@define(eq=False)
class Space:
    """One challenge, and the account that answers it."""

    status: int
    """Of the `Side` that asks."""
    realm: str
    account: Account
    algorithm: str
    named: str | None
    """The algorithm as the challenge spells it; None where it names none."""
    qop: tuple[str, ...]
    """The qualities of protection that are offered and known here; none from a server of RFC 2069."""
    nonce: str
    opaque: str | None
    cnonce: str
    """Ours, of the first answer, from which a session's key is made."""
    key: str = field(repr=False)
    """H(A1)."""
    used: int = 0
    """How many requests were sent with this nonce."""

    @property
    def side(self) -> Side:
        """Where its header fields stand."""
        return SIDES[self.status]

    def credentials(self, request: Request, ids: Ids) -> Credentials:
        """The credentials of one request: each counts (RFC 7616 3.4)."""
        qop = self.quality(request)
        self.used += 1
        uri = str(request.uri)
        # Who keeps the key of a session, and who makes it anew from what each request says, come to the same.
        cnonce = self.cnonce if is_session(self.algorithm) or self.used == 1 else ids.cnonce()
        proof = response_digest(
            self.algorithm,
            self.key,
            method=request.method,
            uri=uri,
            nonce=self.nonce,
            body=request.body,
            qop=qop,
            cnonce=cnonce,
            nc=f"{self.used:08x}",
        )
        return Credentials.digest(
            username=self.account.user,
            realm=self.realm,
            nonce=self.nonce,
            uri=uri,
            response=proof,
            algorithm=self.named,
            # "If a client receives a "qop" parameter in a challenge header field, it MUST send the "qop" parameter in
            # any resulting authorization header field." And: "a cnonce value MUST NOT be sent in an Authorization (and
            # by extension Proxy-Authorization) header field if no qop directive has been sent." (RFC 3261 22.4)
            qop=qop,
            cnonce=cnonce if qop else None,
            nc=self.used if qop else None,
            opaque=self.opaque,
        )

    def quality(self, request: Request) -> str | None:
        """How a request is protected: with its body, where it has one and the server offers that."""
        if not self.qop:
            return None
        wants_body = request.body and "auth-int" in self.qop
        return "auth-int" if wants_body or "auth" not in self.qop else "auth"

    def renew(self, nonce: str) -> None:
        """The server wants another nonce used from now on (RFC 7616 3.5)."""
        self.nonce, self.used = nonce, 0


def open_space(challenge: Challenge, side: Side, account: Account, ids: Ids) -> Space:
    """The session that an answer to a challenge begins, which can be answered (see `can_be_answered`)."""
    algorithm = checked(challenge.algorithm)
    realm, nonce = challenge.realm or "", challenge.nonce or ""
    cnonce = ids.cnonce()
    key = key_of_user(algorithm, account.user, realm, account.password)
    return Space(
        side.status,
        realm,
        account,
        algorithm,
        challenge.params.get("algorithm"),
        tuple([each for each in challenge.qop if each in KNOWN_QOP]),
        nonce,
        challenge.opaque,
        cnonce,
        key_of_session(algorithm, key, nonce, cnonce),
    )


KNOWN_QOP: Final = frozenset({"auth", "auth-int"})

LONGEST: Final = 4096
"""Characters of a challenge: one that has more is not answered."""


def can_be_answered(challenge: Challenge) -> bool:
    """Whether a challenge is understood; else "The client MUST ignore" it (RFC 8760 2.4)."""
    if challenge.scheme != "digest" or challenge.realm is None or challenge.nonce is None:
        # "SIP clients and servers MUST NOT accept or request Basic authentication." (RFC 8760 2.6)
        return False
    if not can_be_said_again(challenge):
        return False
    algorithm = algorithm_of(challenge.algorithm)
    if algorithm is None:
        return False
    if challenge.qop:
        return not KNOWN_QOP.isdisjoint(challenge.qop)
    # "any algorithms that have a dependency on the cnonce (including "MD5-Sess") require that the qop directive be
    # sent." (RFC 3261 22.4)
    return not is_session(algorithm)


def can_be_said_again(said: AuthParams) -> bool:
    """Whether what a server has said can stand in our requests, and be kept for them."""
    text = str(said)
    return len(text) <= LONGEST and "\0" not in text


def challenges_of(response: Response) -> list[tuple[Side, Challenge]]:
    """The challenges of a response that are understood, of either side, in their order."""
    found: list[tuple[Side, Challenge]] = []
    for side in SIDES.values():
        for line in response.lines_of(side.challenge.name):
            try:
                values = side.challenge.read((line,))
            except RemoteProtocolError:
                # What cannot be read does no harm to what stands beside it.
                continue
            found += [(side, challenge) for challenge in values if can_be_answered(challenge)]
    return found


def with_credentials(request: Request, spaces: Iterable[Space], ids: Ids) -> Request:
    """The request with credentials of these spaces, in the place of what it had for their realms."""
    spaces = tuple(spaces)
    for side in SIDES.values():
        name = side.credentials.name
        mine = [space for space in spaces if space.side is side]
        if not mine:
            continue
        realms = {space.realm for space in mine}
        kept = [line for line in request.lines_of(name) if _realm_of(side, line) not in realms]
        made = [str(space.credentials(request, ids)) for space in mine]
        request = request.with_header(name, *kept, *made)
    return request


def _realm_of(side: Side, line: str) -> str | None:
    try:
        values = side.credentials.read((line,))
    except RemoteProtocolError:
        # The application's own, and for it to answer for.
        return None
    return values[0].realm if values[0].scheme == "digest" else None
