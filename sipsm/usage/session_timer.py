"""The session timer: who refreshes the session, and its end when nobody does.

RFC 4028 7 to 10. Every 2xx to an INVITE or UPDATE, sent or received, agrees on it anew.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, NamedTuple

from attrs import define

from sipsm.machine import Ignore, Machine, Row, Step, Table, Timer, always, never_where, once
from sipsm.message import Request, Response
from sipsm.message.headers import MIN_SE, SESSION_EXPIRES
from sipsm.usage import acknowledging
from sipsm.usage.outputs import Failure, Refresh

OFF: Final = "Off"
REFRESHING: Final = "Refreshing"
WATCHING: Final = "Watching"

SMALLEST_S: Final = 90
"""No interval is shorter, in seconds (RFC 4028 5)."""


class Interval(NamedTuple):
    """How long a session lasts unless it is refreshed, in seconds, and whether we are who refreshes it."""

    seconds: int
    ours: bool


@define(eq=False)
class SessionTimer(Machine):
    """The session timer of one dialog."""

    table: ClassVar[Table]
    wanted_s: int | None = None
    """The interval that we ask for, in seconds; None: we ask for none."""
    smallest_s: int = SMALLEST_S
    """The smallest that we or the peer's side have named so far."""
    smallest_is_named: bool = False
    """Whether anybody but us has named one: then our session refresh requests must name it too (RFC 4028 7.4)."""
    asked: Interval | None = None
    """What the request that is being handled asks for; of the peer's, whether we are to refresh."""
    supported: bool = False
    """Whether that request's sender knows session timers."""
    agreed: Interval | None = None
    """What the last 2xx agreed on."""

    @property
    def asks_s(self) -> int | None:
        """The interval that a session refresh request of ours asks for, in seconds; None: it asks for none."""
        # "When present, it SHOULD be equal to the maximum of the Min-SE header field (recall that its default value when
        # not present is 90 seconds) and the current session interval." (RFC 4028 7.4)
        now = self.wanted_s if self.agreed is None else self.agreed.seconds
        return None if now is None else max(now, self.smallest_s)


def says(request: Request | Response, tag: str) -> bool:
    """Whether a message supports or requires an extension."""
    return tag in map(str.lower, request.header_values("Supported") + request.header_values("Require"))


# -------------------------------------------------------------------- guards


def concerns_timers(timer: SessionTimer, request: Request, _at: Any) -> bool:
    """The request, or what we want ourselves, has to do with session timers."""
    mine = timer.wanted_s is not None or timer.asked is not None
    return mine or request.has("Session-Expires") or request.has("Min-SE")


def bears_interval(_: SessionTimer, response: Response, _at: Any) -> bool:
    """The 2xx sets an interval."""
    return response.has("Session-Expires")


def asked_in_vain(timer: SessionTimer, _response: Response, _at: Any) -> bool:
    """We have asked for one, and the peer knows nothing of session timers."""
    return timer.wanted_s is not None


def something_is_asked(timer: SessionTimer, _x: Any, _at: Any) -> bool:
    """The request asks for an interval, or we do."""
    return timer.asked is not None or (timer.wanted_s is not None and timer.supported)


def we_refresh(timer: SessionTimer, _x: Any, at: Any) -> bool:
    """It is agreed that we refresh, and there is what goes on."""
    return timer.agreed is not None and timer.agreed.ours and at.session.goes_on


def they_refresh(timer: SessionTimer, _x: Any, at: Any) -> bool:
    """It is agreed that the peer refreshes, and there is what goes on."""
    return timer.agreed is not None and not timer.agreed.ours and at.session.goes_on


@never_where(ack={acknowledging.NONE})
def is_repeat(_: SessionTimer, response: Response, at: Any) -> bool:
    """The 2xx to an INVITE has come before."""
    return response.cseq.method == "INVITE" and bool(at.ack.state != acknowledging.NONE)


def too_small(_: SessionTimer, failure: Failure, _at: Any) -> bool:
    """A 422: the interval that we ask for is too small for somebody on the way."""
    return failure.status == 422 and failure.response is not None and failure.response.has("Min-SE")


def refresh_was_too_small(timer: SessionTimer, failure: Failure, at: Any) -> bool:
    """The same, and the session timer itself had asked, and may ask for more than it did."""
    if not too_small(timer, failure, at) or failure.wish is None or not failure.wish.refresh:
        return False
    # "the UAC SHOULD NOT continuously retry the request if the server indicates the same error response." (RFC 4028 10)
    smallest = None if failure.response is None else failure.response[MIN_SE]
    return smallest is not None and smallest.interval_s > (timer.asks_s or 0)


# -------------------------------------------------------------------- actions


def note_asked(timer: SessionTimer, request: Request, _step: Step) -> None:
    """What the peer asks for; it counts when we accept."""
    timer.supported = says(request, "timer")
    timer.asked = None
    smallest = request[MIN_SE]
    if smallest is not None:
        timer.smallest_s, timer.smallest_is_named = max(timer.smallest_s, smallest.interval_s), True
    wanted = request[SESSION_EXPIRES]
    if wanted is not None:
        # Table 2 of RFC 4028 9: uac makes it the peer, uas makes it us; where it is left to us, the peer does it if it
        # can.
        timer.asked = Interval(wanted.interval_s, wanted.refresher == "uas" or not timer.supported)


def agree_to_asked(timer: SessionTimer, _x: Any, step: Step) -> None:
    """Our 2xx goes out: the interval is the one asked for, or ours where that is shorter."""
    # "The UAS response MAY reduce its value but MUST NOT set it to a duration lower than the value in the Min-SE header
    # field in the request, if it is present; otherwise the UAS MAY reduce its value but MUST NOT set it to a duration
    # lower than 90 seconds.  The UAS MUST NOT increase the value of the Session-Expires header field." (RFC 4028 9)
    asked = timer.asked
    if asked is None:
        assert timer.wanted_s is not None, "somebody asks for an interval"
        timer.agreed = Interval(max(timer.wanted_s, timer.smallest_s), False)
    else:
        shorter = asked.seconds if timer.wanted_s is None else min(asked.seconds, timer.wanted_s)
        timer.agreed = Interval(max(shorter, min(timer.smallest_s, asked.seconds)), asked.ours)
    timer.asked = None
    step.cause("TIMER SET")


def agree_to_answered(timer: SessionTimer, response: Response, step: Step) -> None:
    """The peer's 2xx sets the interval, and who refreshes."""
    expires = response[SESSION_EXPIRES]
    assert expires is not None, "the 2xx bears an interval"
    timer.agreed = Interval(max(expires.interval_s, 1), expires.refresher != "uas")
    step.cause("TIMER SET")


def agree_alone(timer: SessionTimer, _response: Response, step: Step) -> None:
    """The peer knows no session timers: we refresh, for ourselves."""
    # "if the UAC still wishes to use the session timer (which is purely for its benefit alone), it has to perform
    # them.  To do this, the UAC follows the procedures defined in this specification as if the Session-Expires header
    # field were in the 2xx response, and its value was the same as that in the request, but with a refresher parameter
    # of 'uac'." (RFC 4028 7.2)
    assert timer.asks_s is not None, "we have asked"
    timer.agreed = Interval(timer.asks_s, True)
    step.cause("TIMER SET")


def agree_to_none(timer: SessionTimer, _x: Any, _step: Step) -> None:
    """There is no interval any more."""
    timer.agreed = None


def ask_for_more(timer: SessionTimer, failure: Failure, _step: Step) -> None:
    """The interval must be longer."""
    smallest = failure.response and failure.response[MIN_SE]
    assert smallest, "a 422 with Min-SE has come"
    timer.smallest_s, timer.smallest_is_named = max(timer.smallest_s, smallest.interval_s), True


def refresh(_: SessionTimer, _x: Any, step: Step) -> None:
    """Half of the interval is over."""
    step.emit(Refresh())


def cause_expired(_: SessionTimer, _x: Any, step: Step) -> None:
    """Nobody has refreshed it."""
    step.cause("SESSION EXPIRED")


# -------------------------------------------------------------------- timers


def half(timer: SessionTimer) -> float:
    """Half of the interval."""
    assert timer.agreed is not None, "an interval is agreed on"
    return timer.agreed.seconds / 2


def an_eighth(timer: SessionTimer, _length: float) -> float:
    """An eighth of the interval: another try, if it has not come to a 2xx."""
    return half(timer) / 4


def whole(timer: SessionTimer) -> float:
    """The interval."""
    return 2 * half(timer)


def a_little_less(timer: SessionTimer) -> float:
    """The interval, less the smaller of 32 seconds and a third of it."""
    # "The minimum of 32 seconds and one third of the session interval is RECOMMENDED." (RFC 4028 10)
    return whole(timer) - min(32.0, whole(timer) / 3)


ANY: Final = frozenset({OFF, REFRESHING, WATCHING})

# fmt: off
SessionTimer.table = Table(
    "session timer",
    rfc="4028",
    initial=OFF,
    rows=(
        #   state       input             guard               next        actions              RFC
        Row(ANY,        "ASKED",          concerns_timers,    None,       (note_asked,),       "4028 9"),
        # Off and on again, since each 2xx begins the interval anew.
        Row(ANY,        "ACCEPTED",       something_is_asked, OFF,        (agree_to_asked,),   "4028 9"),
        Row({REFRESHING, WATCHING}, "ACCEPTED", always,       OFF,        (agree_to_none,),    "4028 9"),
        Row(ANY,        "2XX",            is_repeat,          None,       (),                  "3261 13.2.2.4"),
        Row(ANY,        "2XX",            bears_interval,     OFF,        (agree_to_answered,), "4028 7.2"),
        Row(ANY,        "2XX",            asked_in_vain,      OFF,        (agree_alone,),      "4028 7.2"),
        Row({REFRESHING, WATCHING}, "2XX", always,            OFF,        (agree_to_none,),    "4028 7.2"),
        Row(OFF,        "TIMER SET",      we_refresh,         REFRESHING, (),                  "4028 7.2"),
        Row(OFF,        "TIMER SET",      they_refresh,       WATCHING,   (),                  "4028 9"),
        Row(ANY,        "REFUSED",        refresh_was_too_small, None,    (ask_for_more, refresh), "4028 7.3"),
        Row(ANY,        "REFUSED",        too_small,          None,       (ask_for_more,),     "4028 7.3"),
        Row(REFRESHING, "Timer refresh",  always,             REFRESHING, (refresh,),          "4028 10"),
        Row(REFRESHING, "Timer expires unrefreshed", always,  OFF,        (cause_expired,),    "4028 10"),
        Row(WATCHING,   "Timer unrefreshed", always,          OFF,        (cause_expired,),    "4028 10"),
        Row({REFRESHING, WATCHING}, "CLOSE", always,          OFF,        (),                  "4028 10"),
    ),
    timers=(
        #     letter                runs in       lasts          then       RFC
        # It stands first, so that nothing is refreshed in the moment in which it is over.
        Timer("expires unrefreshed", {REFRESHING}, whole,        once,      "4028 10"),
        # "It is RECOMMENDED that this refresh be sent once half the session interval has elapsed." (RFC 4028 7.2)
        Timer("refresh",            {REFRESHING}, half,          an_eighth, "4028 7.2"),
        Timer("unrefreshed",        {WATCHING},   a_little_less, once,      "4028 10"),
    ),
    ignored=(
        Ignore(ANY, "REFUSED", "not for its interval"),
        Ignore(ANY, "ASKED", "it has nothing to do with session timers"),
        Ignore(OFF, {"ACCEPTED", "2XX"}, "nobody asks for an interval"),
        Ignore(OFF, "TIMER SET", "the session has ended in the same step"),
        Ignore({REFRESHING, WATCHING}, "TIMER SET", "an interval begins where none runs"),
        Ignore(OFF, "CLOSE", "no interval runs"),
    ),
)
# fmt: on
