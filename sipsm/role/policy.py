"""What a user agent does of itself where the RFCs leave the choice. Nothing else goes out that nobody asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen
from attrs.validators import ge, optional

from sipsm.auth.realm import Realm
from sipsm.errors import LocalProtocolError, RemoteProtocolError
from sipsm.grammar import Uri
from sipsm.ids import Ids
from sipsm.transaction import TimerValues
from sipsm.usage.session_timer import SMALLEST_S


def _an_interval(_: object, _field: Any, seconds: int | None) -> None:
    if seconds is not None and seconds < SMALLEST_S:
        raise LocalProtocolError(f"no session interval is shorter than {SMALLEST_S} s", rfc="4028 5")


def _a_host(_: object, _field: Any, gateway: str | None) -> None:
    if gateway is None:
        return
    try:
        uri = Uri.parse(gateway)
    except RemoteProtocolError as error:
        raise LocalProtocolError(f"{gateway!r} is no URI: {error.what}", rfc=error.rfc) from None
    if uri.scheme not in {"sip", "sips"} or uri.user is not None or uri.headers is not None:
        raise LocalProtocolError(f"{gateway!r} names no host to ask for numbers", rfc="3261 19.1.6")


def _pairs(given: Mapping[str, float] | Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    return tuple((name, float(value)) for name, value in (given.items() if isinstance(given, Mapping) else given))


def _all_spans(_: object, _field: Any, spans: tuple[tuple[str, float], ...]) -> None:
    for name, seconds in spans:
        if not seconds > 0:
            raise LocalProtocolError(f"{seconds} s is no time between INFO requests of {name}", rfc="6086 10.9")


@frozen
class Policy:
    """The choices that the RFCs leave to a user agent, with the default of each."""

    reliable: bool = False
    """Whether `call.ring` sends reliably where the peer supports that (RFC 3262 3). Where it requires that: always."""
    prack_by_hand: bool = False
    """Whether the application sends each PRACK by `call.acknowledge`, to put an offer into it (RFC 3262 5)."""
    extends_ringing: bool = True
    """Whether a provisional response goes out each minute while a call is not answered (RFC 3261 13.3.1.1)."""
    keeps_forks: bool = False
    """Whether each further branch that answers our INVITE becomes a call, told by `Forked`; else it gets ACK and BYE
    (RFC 3261 13.2.2.4)."""
    redirections: int = field(default=0, validator=ge(0))
    """How many of the targets that 3xx responses name are tried for one call, and how many of the registrars for one
    registration (RFC 3261 8.1.3.4)."""
    corrects_refused: bool = True
    """Whether an INVITE is sent anew without the extensions that a 420 names, or with the interval that a 422 asks for,
    and a SUBSCRIBE with the duration that a 423 asks for, as long as that changes it (RFC 3261 8.1.3.5, RFC 4028 7.3);
    and as `goes_without_offer` and `gateway` let it."""
    goes_without_offer: bool = False
    """Whether an INVITE whose description is too long (413), or not taken as it is (415), is sent anew without: then
    the peer offers, and `OfferReceived` asks for an answer (RFC 3261 8.1.3.5)."""
    gateway: str | None = field(default=None, validator=_a_host)
    """The host that is asked for the number of a tel URI that a 416 does not understand, such as
    `"sip:gateway.example.com"`; None: that is for the application (RFC 3261 8.1.3.5, 19.1.6)."""
    follows_ambiguous: bool = False
    """Whether the Contacts of a 485 are targets like those of a 3xx, `redirections` of them. "While an automated choice
    or sequential search makes sense for a 3xx response, user intervention is required" there (RFC 3261 21.4.23)."""
    longest_wait_s: int = field(default=0, validator=ge(0))
    """How long Retry-After may have us wait, in seconds, before a refused INVITE is sent anew, told by `Postponed`;
    0: the call is over, and `Ended.retry_after_s` tells the time (RFC 3261 20.33)."""
    resubscribes: bool = True
    """Whether a subscription of ours that has ended is made anew by itself, where the reason lets it: at once, after
    its retry-after, and ever later when it does not last (RFC 6665 4.1.3)."""
    suppresses_known: bool = False
    """Whether the further SUBSCRIBE requests of a subscription of ours name the state that was told last, so that it is
    not told again: a `NotifyReceived` without a body then means that it is as it was (RFC 5839 5)."""
    session_interval_s: int | None = field(default=None, validator=_an_interval)
    """The session interval asked for in each call, in seconds, at least 90; None asks for none (RFC 4028 7.1)."""
    busy_at: int | None = field(default=None, validator=optional(ge(1)))
    """With so many calls we are busy: a further INVITE gets 486, unseen, as does an OPTIONS, which asks whether one
    would be taken (RFC 3261 11.2). None: we never are."""
    relays_messages: bool = False
    """Whether a MESSAGE is answered 202 and not 200, since it is kept to be passed on, and may yet not arrive (RFC 3428
    7)."""
    realm: Realm | None = None
    """Whose requests are served: those of the users of this realm, who are asked for their passwords (RFC 3261 22.2);
    None: everybody's."""
    replaceable: bool = True
    """Whether an INVITE may replace or join a call of ours; else it gets 403, unseen (RFC 3891 3, RFC 3911 4)."""

    info_intervals_s: tuple[tuple[str, float], ...] = field(default=(), converter=_pairs, validator=_all_spans)
    """The least time between two INFO requests of a package in one dialog, where its specification names one, given as
    `{"package": seconds}`: what would be sent before raises `LocalProtocolError` (RFC 6086 10.9)."""
    shortest_subscription_s: int = field(default=60, validator=ge(0))
    """The least that a subscription of a peer lasts, in seconds; one that is to last less, and less than an hour, gets
    423 (RFC 6665 4.2.1.1)."""
    longest_subscription_s: int = field(default=7200, validator=ge(1))
    """The most that a subscription of a peer lasts without a refresh, in seconds (RFC 6665 4.2.1.1)."""


@frozen(eq=False)
class CallTerms:
    """What the machines of every call of a user agent need to know (`sipsm.usage.around.Terms`)."""

    times: TimerValues
    ids: Ids
    prack_by_hand: bool
    session_interval_s: int | None
    smallest_interval_s: int

    def rseq(self) -> int:
        """The first RSeq of an INVITE: "It is RECOMMENDED that it be chosen uniformly in this range" (RFC 3262 3)."""
        return 1 + self.ids.source.getrandbits(31) % (2**31 - 1)
