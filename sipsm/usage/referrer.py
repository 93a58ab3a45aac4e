"""A REFER of ours: asked, accepted, and what is told of it until its end.

RFC 3515 2.4; RFC 4488 4 and RFC 7614 (no subscription); RFC 7647 5 (202 is 200). Not here: the subscription in which that
is told, see `sipsm.usage.subscribing`, which the REFER begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from attrs import define, field, frozen

from sipsm.errors import RemoteProtocolError
from sipsm.grammar import Uri
from sipsm.machine import Ignore, Machine, Row, Step, Table, always
from sipsm.message import Address, Request, Response
from sipsm.message.bodies.sipfrag import SipFrag
from sipsm.message.headers import REFER_SUB, ReferredBy

INITIAL: Final = "Initial"
ASKED: Final = "Asked"
GOING: Final = "Going"
OVER: Final = "Over"

HeaderLines = tuple[tuple[str, str], ...]


def _lines(lines: Iterable[tuple[str, str]]) -> HeaderLines:
    return tuple((name, value) for name, value in lines)


LONG_S: Final = 600
"""How long the subscription is thought to last until a NOTIFY says it, in seconds."""


@define(eq=False)
class Refer:
    """What a REFER is to say."""

    refer_to: Address | Uri | str | None
    """Whom to contact; None: who is at the other end of `replaces`."""
    referred_by: ReferredBy | str | None = None
    replaces: Any = None
    """The call whose place the new one is to take, at the one who is to be contacted."""
    reports: bool = True
    """Whether the other side is to tell how far it has come."""
    headers: tuple[tuple[str, str], ...] = field(default=(), converter=_lines)
    referral: Any = field(default=None, init=False)
    """What has become of it."""


@frozen
class Accepted:
    """The other side does what we asked for: a 2xx says so, or a NOTIFY that has overtaken it."""

    message: Request | Response
    subscribes: bool = True


@frozen
class Progress:
    """How far it has come; without a status nobody could read that."""

    status: int | None
    reason: str
    notify: Request


@frozen
class Over:
    """Nothing more is told of it; why, the subscription knows."""

    ended: Any


@define(eq=False)
class Referrer(Machine):
    """One REFER of ours."""

    table: ClassVar[Table]
    alone: bool = False
    """Whether it insists on no subscription (RFC 7614)."""
    status: int | None = None
    """What was told last of what we asked for."""


# -------------------------------------------------------------------- guards


def makes_none(referrer: Referrer, response: Response, _at: Any) -> bool:
    """The 2xx makes no subscription."""
    if referrer.alone:
        return True
    try:
        granted = response[REFER_SUB]
    except RemoteProtocolError:
        return False
    # "either does not include the "Refer-Sub" header field or includes the "Refer-Sub" header field set to "true" in
    # the 2xx response), an implicit subscription is created as in the default case." (RFC 4488 4)
    return granted is not None and not granted.subscribes


# -------------------------------------------------------------------- actions


def tell_accepted(_: Referrer, message: Request | Response, step: Step) -> None:
    """It is done from now on."""
    step.emit(Accepted(message))


def tell_accepted_alone(_: Referrer, response: Response, step: Step) -> None:
    """It is done, and nobody tells how that goes."""
    step.emit(Accepted(response, subscribes=False))


def tell_progress(referrer: Referrer, notify: Request, step: Step) -> None:
    """The status line says how far it has come."""
    # "The body of a NOTIFY MUST begin with a SIP Response Status-Line as defined in [1]." (RFC 3515 2.4.5)
    try:
        frag = SipFrag.parse(notify.body)
        status, reason = frag.status, frag.reason
    except RemoteProtocolError:
        status = reason = None
    referrer.status = referrer.status if status is None else status
    step.emit(Progress(status, reason or "", notify))


def tell_over(_: Referrer, ended: Any, step: Step) -> None:
    """Nothing more is told."""
    step.emit(Over(ended))


# fmt: off
Referrer.table = Table(
    "REFER of ours",
    rfc="3515 2.4",
    initial=INITIAL,
    rows=(
        #   state    input     guard       next   actions                        RFC
        Row(INITIAL, "REFER",  always,     ASKED, (),                            "3515 2.4.1"),
        Row(ASKED,   "2XX",    makes_none, OVER,  (tell_accepted_alone,),        "4488 4"),
        Row(ASKED,   "2XX",    always,     GOING, (tell_accepted,),              "3515 2.4.2"),
        # "the agent that issued the REFER MUST be prepared to receive a NOTIFY before the REFER transaction completes."
        Row(ASKED,   "NOTIFY", always,     GOING, (tell_accepted, tell_progress), "3515 2.4.4"),
        Row(GOING,   "NOTIFY", always,     GOING, (tell_progress,),              "3515 2.4.4"),
        Row(ASKED,   "ENDED",  always,     OVER,  (tell_over,),                  "3515 2.4.2"),
        Row(GOING,   "ENDED",  always,     OVER,  (tell_over,),                  "3515 2.4.7"),
    ),
    ignored=(
        Ignore(INITIAL, {"2XX", "NOTIFY", "ENDED"}, "it has not been sent"),
        Ignore({ASKED, GOING, OVER}, "REFER", "it is sent once more, without what was not understood"),
        Ignore(GOING, "2XX", "a NOTIFY has overtaken it"),
        Ignore(OVER, {"2XX", "NOTIFY", "ENDED"}, "it is over"),
    ),
)
# fmt: on
