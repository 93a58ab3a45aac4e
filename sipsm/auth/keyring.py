"""The accounts of ours, and what is known of the spaces that they open: what answers a challenge, and what goes ahead.

RFC 3261 22.1 to 22.3, RFC 8760 2.4. How often a request is answered for is the affair of `sipsm.auth.authentication`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hmac import compare_digest
from typing import Final

from attrs import define, field, frozen

from sipsm.auth.account import Account
from sipsm.auth.digest import octets, response_digest
from sipsm.auth.sides import PROXY, SIDES, Side
from sipsm.auth.space import Space, can_be_said_again, challenges_of, open_space
from sipsm.errors import RemoteProtocolError
from sipsm.ids import Ids
from sipsm.message import Request, Response
from sipsm.message.headers import Challenge

MOST_ANSWERS: Final = 8
"""How many challenges of one response are answered: each costs a digest, and makes the request longer."""

Protected = tuple[int, str]
"""A realm, and the status of the side that asks for it."""


@frozen(eq=False)
class Answers:
    """What a challenged request can be answered with."""

    new: tuple[Space, ...]
    """The sessions that begin with it."""
    kept: tuple[Space, ...] = ()
    """Those that its credentials were of, and that nobody has asked for anew: their servers have let it pass."""
    rejected: tuple[Space, ...] = ()
    """Those whose credentials were refused."""


@define(eq=False)
class Keyring:
    """The accounts, and the sessions that they are in, by what they are good for."""

    ids: Ids
    limit: int
    """For how many destinations and calls sessions are remembered."""
    has_proxy: bool
    """Whether there is an outbound proxy of ours."""
    accounts: list[Account] = field(factory=list)
    spaces: dict[str, list[Space]] = field(factory=dict)
    """By the To or the Call-ID for which they are good, those used last at the end."""

    def account(self, realm: str, after: Account | None = None) -> Account | None:
        """The account for a realm, or the next one, where that one was refused; None where there is no other."""
        fitting = [each for each in self.accounts if each.realm == realm]
        fitting += [each for each in self.accounts if each.realm is None]
        if after is None:
            return fitting[0] if fitting else None
        behind = fitting[fitting.index(after) + 1 :] if after in fitting else []
        return behind[0] if behind else None

    # ---------------------------------------------------------------- sent ahead

    def ahead(self, request: Request) -> tuple[Space, ...]:
        """The sessions whose credentials a request is sent with, before anybody has asked for them."""
        if not self.spaces:
            return ()
        found: dict[Protected, Space] = {}
        for scope in ("", f"call {request.call_id}", _to(request)):
            for space in self.spaces.get(scope, ()):
                found[space.status, space.realm] = space
        return tuple(found.values())

    def remember(self, space: Space, request: Request) -> None:
        """Credentials of a session go with what follows to the same place."""
        scope = self._scope(space, request)
        there = [
            each for each in self.spaces.pop(scope, []) if (each.status, each.realm) != (space.status, space.realm)
        ]
        self.spaces[scope] = [*there[1 - MOST_ANSWERS :], space]
        if len(self.spaces) > self.limit:
            del self.spaces[next(iter(self.spaces))]

    def forget(self, rejected: Iterable[Space], request: Request) -> None:
        """Nothing is sent ahead any more of what was refused."""
        for space in rejected:
            scope = self._scope(space, request)
            left = [each for each in self.spaces.pop(scope, []) if each is not space]
            if left:
                self.spaces[scope] = left

    def _scope(self, space: Space, request: Request) -> str:
        if space.side is not PROXY:
            # "UAs SHOULD cache the credentials for a given value of the To header field and "realm" and attempt to
            # re-use these values on the next request for that destination." (RFC 3261 22.2)
            return _to(request)
        # "it should incorporate credentials for that realm in all subsequent requests that contain the same Call-ID.
        # These credentials MUST NOT be cached across dialogs; however, if a UA is configured with the realm of its
        # local outbound proxy, when one exists, then the UA MAY cache credentials for that realm across dialogs."
        # (RFC 3261 22.3)
        is_ours = self.has_proxy and space.account.realm is not None
        return "" if is_ours else f"call {request.call_id}"

    # ---------------------------------------------------------------- challenged

    def answers(self, response: Response, answered: Sequence[Space], ahead: Sequence[Space]) -> Answers:
        """What answers a response to a request that had credentials of these, given to its own challenges, or ahead."""
        groups: dict[Protected, list[tuple[Side, Challenge]]] = {}
        for side, challenge in challenges_of(response):
            assert challenge.realm is not None, "it is understood"
            groups.setdefault((side.status, challenge.realm), []).append((side, challenge))
        new: list[Space] = []
        rejected: list[Space] = []
        for protected, group in groups.items():
            if len(new) >= MOST_ANSWERS:
                break
            # "When the UAC receives a response with multiple WWW-Authenticate/Proxy-Authenticate header fields with the
            # same realm, it SHOULD use the topmost header field that it supports unless a local policy dictates
            # otherwise." (RFC 8760 2.4)  More with the same algorithm are of further servers: "When it retries a
            # request, a UAC MAY therefore supply multiple credentials in Authorization or Proxy-Authorization header
            # fields with the same "realm" parameter value." (RFC 3261 22.3)
            first = group[0][1].algorithm.lower()
            chosen = [each for each in group if each[1].algorithm.lower() == first][: MOST_ANSWERS - len(new)]
            tried = [space for space in (*ahead, *answered) if (space.status, space.realm) == protected]
            account = self._account(protected[1], [challenge for _, challenge in chosen], tried, ahead)
            if account is None:
                rejected += tried
            else:
                new += [open_space(challenge, side, account, self.ids) for side, challenge in chosen]
        kept = tuple(space for space in (*ahead, *answered) if (space.status, space.realm) not in groups)
        return Answers(tuple(new), kept, tuple(rejected))

    def _account(
        self, realm: str, challenges: Sequence[Challenge], tried: Sequence[Space], ahead: Sequence[Space]
    ) -> Account | None:
        """The account that answers these challenges of a realm."""
        if not tried:
            return self.account(realm)
        last = tried[-1]
        # "A UAC MUST NOT re-attempt requests with the credentials that have just been rejected (though the request may
        # be retried if the nonce was stale)." (RFC 3261 22.1)
        if any(challenge.stale for challenge in challenges):
            return last.account
        # Deviation: RFC 3261 22.1 has rejected credentials not tried again, and RFC 7616 3.3 has a server say that only
        # the nonce was stale. One that has been started anew does not know its own nonces any more, and says nothing;
        # where what was refused was sent ahead, for another nonce than it asks for now, this one is answered, once.
        if last in ahead and all(challenge.nonce != last.nonce for challenge in challenges):
            return last.account
        return self.account(realm, last.account)

    # ---------------------------------------------------------------- accepted

    def learn(self, response: Response, request: Request, used: Sequence[Space]) -> list[Side]:
        """Take what a server says behind credentials: its next nonce; returns the sides whose own proof is wrong."""
        wrong: list[Side] = []
        for side in SIDES.values():
            spaces = [space for space in used if space.side is side]
            if not spaces or not response.has(side.info.name):
                continue
            try:
                info = response[side.info]
            except RemoteProtocolError:
                continue
            assert info is not None, "it is there"
            # Ours stand last; one that names no cnonce is for the only one, or for the first.
            ours = request.lines_of(side.credentials.name)[-len(spaces) :]
            sent = list(zip(spaces, map(side.credentials.parse, ours), strict=True))
            space, credentials = next((each for each in sent if each[1].cnonce == info.cnonce), sent[0])
            if info.rspauth is not None:
                proof = response_digest(
                    space.algorithm,
                    space.key,
                    method="",
                    uri=credentials.uri or "",
                    nonce=credentials.nonce or "",
                    body=response.body,
                    qop=info.qop or credentials.qop,
                    cnonce=credentials.cnonce or "",
                    nc=credentials.params.get("nc", ""),
                )
                if not compare_digest(octets(proof), octets(info.rspauth.lower())):
                    wrong.append(side)
                    continue
            # "If the nextnonce field is present, the client SHOULD use it when constructing the Authorization header
            # field for its next request." (RFC 7616 3.5)
            if info.nextnonce is not None and can_be_said_again(info):
                space.renew(info.nextnonce)
        return wrong


def _to(request: Request) -> str:
    return f"to {request.to.uri}"
