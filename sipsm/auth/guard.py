"""The server's side of a digest: whether a request bears good credentials, and what it is told.

RFC 3261 22.1, 22.2 and 22.4; RFC 7616 3.4, 3.5 and 3.6; RFC 8760 2.3 and 2.6. Nothing is kept of a request that fails.
"""

from __future__ import annotations

from hmac import compare_digest
from itertools import islice
from typing import Final
from zlib import crc32

from attrs import define, field, frozen

from sipsm.auth.digest import algorithm_of, is_session, key_of_session, key_of_user, octets, response_digest
from sipsm.auth.nonces import Nonces
from sipsm.auth.realm import Realm, Secret
from sipsm.auth.sides import SERVER, Side
from sipsm.errors import RemoteProtocolError
from sipsm.grammar import Uri
from sipsm.ids import Ids
from sipsm.message import Request, Response
from sipsm.message.headers import AuthenticationInfo, Challenge, Credentials

NEVER: Final = frozenset({"ACK", "CANCEL"})
"""What is never challenged. "Servers MUST NOT attempt to challenge an ACK." And: "servers MUST NOT attempt to challenge
CANCEL requests since these cannot be resubmitted." (RFC 3261 22.1)"""

MOST_READ: Final = 8
"""How many credentials of one request for the same realm are looked at: each costs a digest."""

_SCHEMES: Final = frozenset({"sip", "sips", "tel"})


@frozen
class Refused:
    """A request is not served without other credentials."""

    challenges: tuple[Challenge, ...]
    is_replay: bool
    """Whether its credentials are good, and were used before: it may have come by two ways."""
    was_forked: bool
    """Whether they were used by itself, to another Request-URI, so that it has."""


@frozen(eq=False)
class _Good:
    """Credentials of a user, whose digest is right."""

    credentials: Credentials
    algorithm: str
    key: str = field(repr=False)


@define(eq=False)
class Guard:
    """Who lets the users of a realm in."""

    realm: Realm
    ids: Ids
    nonces: Nonces
    side: Side = SERVER
    users: dict[str, Secret] = field(init=False, repr=False)
    decoy: Secret = field(init=False, repr=False)
    """What is computed with for a user that there is not."""

    @users.default
    def _by_name(self) -> dict[str, Secret]:
        return dict(self.realm.users)

    @decoy.default
    def _of_any(self) -> Secret:
        return next(iter(self.users.values()), "")

    # ---------------------------------------------------------------- a request comes

    def concerns(self, request: Request) -> bool:
        """Whether a request is to have credentials at all."""
        if request.method in NEVER:
            return False
        return request.to_tag is None or self.realm.in_dialogs

    def judge(self, request: Request, secret: bytes, now: float) -> Refused | None:
        """None where a request has good credentials, which are used up by that; else what it is answered with.

        `secret` is that of the endpoint, with which nonces are signed.
        """
        if not self.concerns(request):
            # What goes by unasked is used up as well: it could come again in a request that is not let pass.
            if request.method not in NEVER and (good := self._proven(request, secret)) is not None:
                self._take(good, now)
            return None
        was_good = is_replay = was_forked = False
        for good in self._good(request):
            was_good = True
            if not self._is_ours(good, secret):
                continue
            # "if the same nc value is seen twice, then the request is a replay" (RFC 7616 3.4).  Without a count, as
            # from a client of RFC 2069, a nonce is good once.
            nonce, marks = good.credentials.nonce or "", _marks(request)
            if self._take(good, now):
                self.nonces.note(nonce, good.credentials.nc or 1, marks)
                return None
            is_replay, was_forked = True, was_forked or self.nonces.was_forked(nonce, marks)
        # "by specifying "stale=true" with this response, the server tells the client to retry with the new nonce, but
        # without prompting for a new username and password." (RFC 7616 3.6)  An unknown user, a wrong password and a
        # nonce of somebody else's are told apart by nothing.
        nonce = self.nonces.make(self.realm.name, secret, self.ids, now)
        return Refused(tuple(self.realm.challenges(nonce, stale=was_good)), is_replay, was_forked)

    def user_of(self, request: Request, secret: bytes) -> str | None:
        """The user whose good credentials a request has, new or used before; None where it has none."""
        found = self._proven(request, secret)
        return None if found is None else found.credentials.username

    # ---------------------------------------------------------------- its response goes

    def seal(self, request: Request, response: Response, secret: bytes, now: float) -> Response:
        """The 2xx to a request with good credentials, with our own proof, and a new nonce when it is time for it."""
        good = self._proven(request, secret)
        # "These mechanisms MUST be used by a server to determine if the client supports the new mechanisms in RFC 2617
        # that were not specified in RFC 2069." (RFC 3261 22.4)
        if good is None or good.credentials.qop is None:
            return response
        credentials = good.credentials
        nonce = credentials.nonce or ""
        # In good time, so that nobody is asked again in the middle of what he does. The key of a session is bound to the
        # nonce of its challenge, and the session lasts until there is another (RFC 7616 3.6).
        ages = self.nonces.age_s(nonce, now) > self.realm.nonce_lasts_s / 2 and not is_session(good.algorithm)
        following = self.nonces.make(self.realm.name, secret, self.ids, now) if ages else None
        qop = credentials.qop
        proof = response_digest(
            good.algorithm,
            good.key,
            method="",
            uri=credentials.uri or "",
            nonce=nonce,
            body=response.body,
            qop=qop,
            cnonce=credentials.cnonce or "",
            nc=credentials.params.get("nc", ""),
        )
        # "The server SHOULD use the same value for the qop parameter in the response as was sent by the client in the
        # corresponding request." And: "The cnonce value and nc value MUST be the ones for the client request to which
        # this message is the response." (RFC 7616 3.5)
        info = AuthenticationInfo.build(
            nextnonce=following, qop=qop, rspauth=proof, cnonce=credentials.cnonce, nc=credentials.nc
        )
        return response.with_header(self.side.info.name, str(info))

    # ---------------------------------------------------------------- credentials

    def _proven(self, request: Request, secret: bytes) -> _Good | None:
        """The first good credentials of a request with a nonce of ours."""
        mine = (each for each in self._good(request) if self._is_ours(each, secret))
        return next(mine, None)

    def _take(self, good: _Good, now: float) -> bool:
        given = good.credentials
        return self.nonces.take(given.nonce or "", given.nc or 1, given.cnonce or "", now)

    def _is_ours(self, good: _Good, secret: bytes) -> bool:
        return self.nonces.is_ours(good.credentials.nonce or "", self.realm.name, secret)

    def _good(self, request: Request) -> list[_Good]:
        """The credentials of a request for our realm whose digest is right."""
        name = self.side.credentials.name
        if not request.has(name):
            return []
        mine: list[Credentials] = []
        for line in request.lines_of(name):
            try:
                values = self.side.credentials.read((line,))
            except RemoteProtocolError:
                # It may be for somebody else, who understands it.
                continue
            mine += [each for each in values if each.scheme == "digest" and each.realm == self.realm.name]
        checked = (self._check(each, request) for each in islice(mine, MOST_READ))
        return [each for each in checked if each is not None]

    def _check(self, credentials: Credentials, request: Request) -> _Good | None:
        """What credentials prove, where they are whole and their digest is right."""
        algorithm = algorithm_of(credentials.algorithm)
        user, nonce, response = credentials.username, credentials.nonce, credentials.response
        qop, cnonce, nc = credentials.qop, credentials.cnonce, credentials.nc
        if algorithm is None or algorithm not in self.realm.algorithms or not _is_uri(credentials.uri):
            return None
        if user is None or nonce is None or response is None:
            return None
        # "the "qop" parameter must unfortunately remain optional for clients and servers to receive." (RFC 3261 22.4)
        if qop is None:
            if is_session(algorithm):
                return None
        elif qop not in self.realm.qop or cnonce is None or nc is None:
            return None
        secret = self.users.get(user)
        # Who is not known costs as much time as who is.
        user_key = self._key(algorithm, user, self.decoy if secret is None else secret)
        # "A1 is calculated using the nonce value provided in the challenge from the server, and cnonce value from the
        # request by the client following receipt of a WWW-Authenticate challenge from the server." (RFC 7616 3.4.2)
        # Many make the key anew of what each request says.
        parts = {cnonce or "": None}
        if is_session(algorithm) and (first := self.nonces.first_cnonce(nonce)) is not None:
            parts[first] = None
        for part in parts:
            key = key_of_session(algorithm, user_key, nonce, part)
            expected = response_digest(
                algorithm,
                key,
                method=request.method,
                uri=credentials.uri or "",
                nonce=nonce,
                body=request.body,
                qop=qop,
                cnonce=cnonce or "",
                nc=credentials.params.get("nc", ""),
            )
            if compare_digest(octets(expected), octets(response.lower())) and secret is not None:
                return _Good(credentials, algorithm, key)
        return None

    def _key(self, algorithm: str, user: str, secret: Secret) -> str:
        """H(A1) of a user, before there is a session."""
        if isinstance(secret, str):
            return key_of_user(algorithm, user, self.realm.name, secret)
        by_name = {algorithm_of(name): key for name, key in secret}
        return by_name[algorithm.removesuffix("-sess")]


def _is_uri(text: str | None) -> bool:
    # "In a SIP context, these two URIs may refer to different users due to forwarding at some proxy. Therefore, in SIP,
    # a UAS MUST check if the Request-URI in the Authorization/Proxy-Authorization header field value corresponds to a
    # user for whom the UAS is willing to accept forwarded or direct requests; however, it MAY still accept it if the
    # two fields are not equivalent." (RFC 8760 2.6)  Whoever lives here may be called by any name that leads here.
    try:
        return text is not None and Uri.parse(text).scheme in _SCHEMES
    except RemoteProtocolError:
        return False


def _marks(request: Request) -> tuple[int, int]:
    """What marks a request that may come by several ways, and where it was sent by this one (RFC 3261 8.2.2.2)."""
    number, method = request.cseq
    same = f"{request.call_id}\n{request.from_tag}\n{number} {method}"
    return crc32(octets(same)), crc32(octets(str(request.uri)))
