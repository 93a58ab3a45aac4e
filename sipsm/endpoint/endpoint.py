"""An endpoint: bytes, time and commands in; actions and events out. All that an application needs to know.

It is an `Element` with a user agent for its core, and with a door: where not everybody is let in, requests are judged
before anything is made of them (RFC 3261 22.1).
"""

from __future__ import annotations

from typing import Any, get_args

from sipsm.auth import Account, Guard, Nonces, Refused
from sipsm.endpoint.commanding import Commanding
from sipsm.endpoint.element import Element
from sipsm.endpoint.reading import read_what_matters
from sipsm.endpoint.watcher import Watcher
from sipsm.ids import Ids
from sipsm.message import Request, Response
from sipsm.message.headers.times import date_of
from sipsm.role import Dropped, DropReason, Limits, Output, Policy, Profile, RequestServed, UserAgent
from sipsm.role.party import Party
from sipsm.transaction import (
    TimerValues,
)
from sipsm.transaction.matching import identity
from sipsm.transport import (
    Flow,
    FlowLimits,
    FlowTimes,
    KeepAlive,
    Listening,
    MessageLimits,
)
from sipsm.usage import Leg
from sipsm.usage.around import Terms


class Endpoint(Element[Output], Commanding):
    """A user agent at one local address, or at one for each transport.

    Each of `local` is a `Listening`, or a text such as `"udp:192.0.2.1:5060"` or `"tcp:192.0.2.1:5060"`; the first one
    is preferred. `now` is in seconds from any origin that never runs backwards. Commands raise `LocalProtocolError`
    when a rule forbids them; then nothing has changed.

    Four settings bound what strangers may cost: `limits` (requests, calls, and how long a datagram may be),
    `message_limits` (each message, in a datagram as on a connection), `flow_limits` (connections, and what is held for
    them) and `flow_times`. With `keep_alive`, every connection that it makes is kept alive and never falls idle
    (RFC 5626 3.5.1).
    """

    _out = frozenset(get_args(Output))
    _check = staticmethod(read_what_matters)
    _forwards = False

    def __init__(
        self,
        *local: Listening | str,
        profile: Profile | None = None,
        policy: Policy | None = None,
        limits: Limits | None = None,
        times: TimerValues | None = None,
        message_limits: MessageLimits | None = None,
        flow_limits: FlowLimits | None = None,
        flow_times: FlowTimes | None = None,
        keep_alive: KeepAlive | None = None,
        ids: Ids | None = None,
        watcher: Watcher | None = None,
    ) -> None:
        super().__init__(local, limits, times, message_limits, flow_limits, flow_times, keep_alive, ids, watcher)
        self._core = self._agent = UserAgent(
            self._transactions,
            self._sending,
            self._agenda,
            Party(self.listening, profile or Profile(), self._ids),
            policy or Policy(),
            self.limits,
            self,
            self._transactions.observer,
        )
        realm = self._agent.policy.realm
        self._nonces = Nonces() if realm is None else Nonces(realm.nonce_lasts_s, realm.nonces)
        self._guard = None if realm is None else Guard(realm, self._ids, self._nonces)
        if self._guard is not None:
            self._transactions.seal = self._seal
            self._doorkeeper = self._judged

    def command(self, of: Any, command: str, x: Any, now: float, dialog: Leg | None = None) -> list[Output]:
        """A command of a call, of a subscription or of what else it returned: what its methods do."""
        return self._perform(self._agent.command(of, command, x, now, dialog), None, now)

    def tell_time(self, unix_s: float, *, now: float) -> None:
        """Say what the time of day is, in seconds since the first of 1970: a registrar puts it into each 200.

        Every adapter's agent does. Raises `LocalProtocolError` for what is no time.
        """
        date_of(unix_s)
        self._agent.party.wall_s = unix_s - now

    # ---------------------------------------------------------------- who asks

    def _judged(self, request: Request, reply_to: Flow, size: int, flow: Flow, now: float) -> list[Output] | None:
        """None where a request may come in; else what it comes to."""
        assert self._guard is not None, "without a realm nobody is judged"
        refused = self._guard.judge(request, self._secret, now)
        if refused is not None:
            return self._challenge(refused, request, reply_to, size, flow, now)
        if request.method == "ACK" and request.to_tag == self._tag_of(request):
            return [Dropped(DropReason.ABSORBED, "it acknowledges a challenge", flow, request)]
        return None

    def _challenge(
        self, refused: Refused, request: Request, reply_to: Flow, size: int, flow: Flow, now: float
    ) -> list[Output]:
        """A request lacks good credentials."""
        # "UAs and proxy servers SHOULD challenge questionable requests with only a single 401 (Unauthorized) or 407
        # (Proxy Authentication Required), forgoing the normal response retransmission algorithm, and thus behaving
        # statelessly towards unauthenticated requests." (RFC 3261 26.3.2.4)
        status, headers = 401, [("WWW-Authenticate", str(each)) for each in refused.challenges]
        if refused.was_forked or (refused.is_replay and identity(request) in self._transactions.first_of):
            # Its credentials came before, by another way: it was forked (RFC 3261 8.2.2.2). Over TCP the first copy may
            # be over by now; were this one asked for others, it would be so each time, and nobody hear of the answer.
            status, headers = 482, []
        answer = self._stateless(request, reply_to, size, status, now, *headers)
        if not answer:
            why = f"a {status} has too many bytes for an answer to it"
            return [Dropped(DropReason.UNANSWERED, why, flow, request)]
        return [*answer, RequestServed(request, status)]

    def _seal(self, request: Request, response: Response, now: float) -> Response:
        assert self._guard is not None, "without a realm nothing is sealed"
        return self._guard.seal(request, response, self._secret, now)

    def user_of(self, request: Request) -> str | None:
        """The user of `Policy.realm` who has sent a request; None where its credentials are not good, or not there.

        A request outside a dialog that is told to the application has always come from a user of the realm.
        """
        return None if self._guard is None else self._guard.user_of(request, self._secret)

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts with which challenges are answered: those of the profile, and those added since."""
        return self._agent.authenticating.accounts

    def add_account(self, user: str, password: str, realm: str | None = None) -> None:
        """Have a name and a password, for one realm or for any, with which requests from now on answer challenges.

        What was refused before goes out again when the application sends it again, a call by `invite(again=call)`.
        """
        authenticating = self._agent.authenticating
        authenticating.accounts = (*authenticating.accounts, Account(user, password, realm))

    @property
    def terms(self) -> Terms:
        """What it lays down for the machines of its calls."""
        return self._agent.terms
