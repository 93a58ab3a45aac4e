"""What may become of a call, and why: the judge of the simulation.

A call ends as both its ends agree; or something kept them from it (`Around` knows what befell the network, and when),
and then each way in which it may end is one that an RFC names. What is not allowed here is a bug.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import define, field, frozen

from sipsm import EndReason

R = EndReason
T1_64 = 32.0
"""64*T1, seconds: Timer B, F and H, the wait for an ACK, the wait after a CANCEL."""
PATIENCE_S = 100.0
"""How long a caller lets it ring, and then cancels."""
LATER_S = 300.0
"""When a call that should be over, and of whose end nobody has heard, is ended by hand."""
CONNECT_S = 10.0
"""How long a connection may take to be made, before the next target is tried (RFC 3263 4.3)."""
AFTERMATH_S = 90.0
"""How long after a fault bytes may still be late because of it: until what was lost meanwhile is sent again."""
LOOK_UP_S = 2.0
"""How long it may take to find the addresses of a name."""
MANY = 4
"""So many faults may keep a 2xx and its ACK apart, though the 2xx is sent eleven times, each time on a new connection
where there is none."""
SAVED_BEFORE_S = 2.0
"""How long before a crash somebody was saved, at most."""
ROUNDING_S = 1e-6

AGREED = "agreed"
TIMER_B = "Timer B (RFC 3261 17.1.1.2)"
NO_ACK = "64*T1 without an ACK (RFC 3261 13.3.1.4)"
CANCEL_IN_VAIN = "64*T1 after a CANCEL (RFC 3261 9.1)"
BYE_IN_VAIN = "BYE without an answer (RFC 3261 15.1.1)"
NOT_SENT = "INVITE that could not be sent (RFC 3261 17.1.4)"
CANCELLED_UNSENT = "CANCEL of an INVITE that could not be sent (RFC 3261 17.1.4)"
CROSSED = "CANCEL that crossed the 2xx (RFC 3261 9.1)"
MERGED = "482 to an INVITE that was tried again (RFC 3263 4.3, RFC 3261 8.2.2.2)"
LATE_COPY = "INVITE that was tried again, whose first copy came late (RFC 3263 4.3)"
GONE = "BYE for a call that a crash had taken away (RFC 3261 15.1.1)"
FORGOTTEN = "the crashed one was told nothing"

ANSWERED = "OPTIONS answered"
TIMER_F = "OPTIONS Timer F (RFC 3261 17.1.2.2)"
OPTIONS_NOT_SENT = "OPTIONS that could not be sent (RFC 3261 17.1.4)"

Ends = frozenset[tuple[EndReason, EndReason]]


@frozen
class End:
    """What one side was told of the end of a call."""

    at: float
    reason: EndReason
    life: int = 0
    """How often that side had crashed by then."""
    status: int | None = None


@define
class Told:
    """A call, and what its two ends were told of its end."""

    began: float
    ends: Ends
    """What caller and callee agree on, if nothing goes wrong."""
    caller: list[End] = field(factory=list)
    callee: list[End] = field(factory=list)
    rang: list[tuple[float, int]] = field(factory=list)
    """When the callee was told of it, and in which of its lives."""
    call_id: str = ""
    two_targets: bool = False
    """Whether the INVITE may have been sent to a second target: one too large for UDP, over UDP (RFC 3261 18.1.1)."""
    named: bool = False
    """Whether the address of the callee had to be looked for."""

    @property
    def until(self) -> float:
        """When all was over."""
        return max((end.at for end in (*self.caller, *self.callee)), default=self.began)


Befell = Callable[[float, float], int]


def never(_start: float, _end: float) -> int:
    """There was no such time."""
    return 0


@frozen
class Around:
    """What befell the network between the two parties of a call. Each function tells how often, between two times.

    By default datagrams get lost.
    """

    lossy: bool = True
    """Whether a datagram may have been lost, or a message cut short on its way at any time."""
    cut: Befell = never
    """Nothing could get across."""
    broke: Befell = never
    """A connection between them broke, ended at one side, or could not be made."""
    held_up: Befell = never
    """Bytes on a connection were late."""
    caller_away: Sequence[tuple[float, float]] = ()
    """From when to when the caller was not there."""
    callee_away: Sequence[tuple[float, float]] = ()

    def silent(self, start: float, end: float) -> bool:
        """Whether a message of that time may not have arrived, or too late."""
        return self.silent_for_long(start, end) or self.broke(start - AFTERMATH_S, end) > 0

    def silent_for_long(self, start: float, end: float) -> bool:
        """Whether none of many messages of that time may have arrived. One broken connection is no reason.

        "If that connection is no longer open, the server SHOULD open a connection" (RFC 3261 18.2.2)
        """
        start -= AFTERMATH_S
        befell = self.cut(start, end) + self.held_up(start, end)
        return self.lossy or befell > 0 or self.broke(start, end) >= MANY

    def failed(self, start: float, end: float) -> bool:
        """Whether a connection may have failed them then."""
        return self.broke(start, end) + self.cut(start - AFTERMATH_S, end) > 0


def verdict(told: Told, around: Around) -> str | None:
    """What a call came to: both ends agree, or something kept them from it, which is named; None for a bug."""
    over = told.until if told.caller and len(told.callee) == len(told.rang) else float("inf")
    crashed = [
        any(back > told.began and down - SAVED_BEFORE_S <= over for down, back in away)
        for away in (around.caller_away, around.callee_away)
    ]
    if any(crashed):
        found = after_crash(told, around, *crashed)
        return None if found is None else f"after a crash: {found}"
    # "there is one such event for each call", at the callee if it has heard of the call at all.
    if len(told.caller) != 1 or len(told.callee) != len(told.rang):
        return None
    if len(told.rang) == 2 and told.two_targets:
        return of_copies(told, around)
    if len(told.rang) > 1:
        return None
    return of_two(told, told.caller[0], told.callee[0] if told.callee else None, around)


def of_two(told: Told, caller: End, callee: End | None, around: Around) -> str | None:
    """Two ends, and nobody has crashed."""
    reason = None if callee is None else callee.reason
    if (caller.reason, reason) in told.ends:
        return AGREED
    lasted = caller.at - told.began + ROUNDING_S
    until = told.until - told.began + ROUNDING_S
    silent, for_long = (may(told.began, told.until) for may in (around.silent, around.silent_for_long))
    match caller.reason, reason:
        # The callee may not have heard of it; or its refusal may have been lost; or its 2xx, whose ACK it then misses.
        case R.TIMED_OUT, None | R.DECLINED | R.NOT_ACKNOWLEDGED:
            late = lateness(told, caller, around)
            return TIMER_B if for_long and T1_64 <= lasted <= T1_64 + late + 2 * ROUNDING_S else None
        # No response had come, so the caller cannot know that the callee has the INVITE.
        case R.TRANSPORT_FAILED, None | R.DECLINED | R.NOT_ACKNOWLEDGED:
            return NOT_SENT if lasted <= T1_64 + CONNECT_S and around.failed(told.began, caller.at) else None
        # The same, of a caller who had given it up, and waited for a response so that it could send a CANCEL.
        case R.CANCELLED, None | R.DECLINED | R.NOT_ACKNOWLEDGED if lasted < T1_64:
            return CANCELLED_UNSENT if around.failed(told.began, caller.at) else None
        # Tried again with another branch, while the first copy rang: "the UAS core SHOULD generate a 482".
        case R.REJECTED, R.DECLINED | R.NOT_ACKNOWLEDGED | R.HUNG_UP if caller.status == 482:
            return MERGED if around.failed(told.began, caller.at) else None
        case R.HUNG_UP | R.HUNG_UP_BY_PEER | R.CANCELLED, R.NOT_ACKNOWLEDGED:
            return NO_ACK if for_long and until >= T1_64 else None
        case R.CANCELLED, None | R.DECLINED:
            return CANCEL_IN_VAIN if silent else None
        case R.CANCELLED, R.HUNG_UP_BY_PEER:
            return CROSSED if silent and lasted >= PATIENCE_S else None
        # The other hears nothing of it, and hangs up by himself later.
        case R.HUNG_UP | R.CANCELLED, R.HUNG_UP:
            return BYE_IN_VAIN if silent and until >= LATER_S else None
    return None


def lateness(told: Told, end: End, around: Around) -> float:
    """How much later than the call the transaction may have begun that timed out at its end, in seconds."""
    # What went to a second target began when it was told that there is no connection to the first.
    second = CONNECT_S if around.failed(told.began, end.at) else 0.0
    return second + (LOOK_UP_S if told.named else 0.0)


def of_copies(told: Told, around: Around) -> str | None:
    """The first target was given up, and what had been sent to it arrived when the second copy was over.

    Nothing tells the callee that they are one call: "ongoing transaction" (RFC 3261 8.2.2.2) is neither of them.
    """
    late = around.cut(told.began - AFTERMATH_S, told.until) + around.held_up(told.began - AFTERMATH_S, told.until)
    for one, other in (told.callee, told.callee[::-1]):
        alone = other.reason in {R.NOT_ACKNOWLEDGED, R.DECLINED}
        if late and alone and of_two(told, told.caller[0], one, around) is not None:
            return LATE_COPY
    return None


def after_crash(told: Told, around: Around, caller_crashed: bool, callee_crashed: bool) -> str | None:
    """One of the two, or both, crashed while the call was up, or were away when it began.

    Who comes back as it was saved may live through a part of the call again: it is told of an end once in each life.
    Who has not crashed is told of one end, which must be one that it may come to without help from the other.
    """
    if len({end.life for end in told.caller}) != len(told.caller):
        return None
    if not caller_crashed and len(told.caller) != 1:
        return None
    # An INVITE that a restored caller sends again, or that finds a callee who has forgotten it, is a new call there.
    if len(told.rang) > 1 and len(told.rang) > 1 + len(around.caller_away) + len(around.callee_away):
        return None
    if not callee_crashed and len(told.callee) != len(told.rang):
        return None
    if len(told.callee) > len(told.rang) + len(around.callee_away):
        return None
    ends = [*(by_caller(told, end, around) for end in told.caller), *(by_callee(told, end) for end in told.callee)]
    if None in ends:
        return None
    reasons = {(caller.reason, callee.reason) for caller in told.caller for callee in told.callee}
    if reasons & told.ends:
        return AGREED
    return next((end for end in ends if end), FORGOTTEN)


def by_caller(told: Told, end: End, around: Around) -> str | None:
    """Why a caller may be told this, where the other side, or itself in another life, is no witness."""
    lasted = end.at - told.began + ROUNDING_S
    agreed = {caller for caller, _ in told.ends}
    match end.reason:
        case R.TIMED_OUT:
            # Who was away finds the timer due when it is back.
            late = lateness(told, end, around)
            ok = T1_64 <= lasted <= T1_64 + late + 2 * ROUNDING_S or (end.life and lasted >= T1_64)
            return TIMER_B if ok else None
        case R.TRANSPORT_FAILED:
            return NOT_SENT if around.failed(told.began, end.at) else None
        case R.CANCELLED if R.CANCELLED in agreed or lasted >= PATIENCE_S:
            return CANCEL_IN_VAIN
        # Restored as it was before it cancelled, it takes the 487 for a refusal.
        case R.REJECTED if R.REJECTED in agreed or end.status in {480, 482} or (end.life and end.status == 487):
            return MERGED if end.status == 482 else AGREED
        case R.HUNG_UP | R.HUNG_UP_BY_PEER:
            return GONE
    return None


def by_callee(told: Told, end: End) -> str | None:
    """And why a callee may."""
    agreed = {callee for _, callee in told.ends}
    lasted = end.at - told.rang[0][0] + ROUNDING_S
    match end.reason:
        case R.NOT_ACKNOWLEDGED:
            return NO_ACK if lasted >= T1_64 else None
        # Restored as it was before its answer, it takes the BYE for one that gives the INVITE up (RFC 3261 15.1.2).
        case R.CANCELLED_BY_PEER if R.CANCELLED_BY_PEER in agreed or end.life or lasted >= PATIENCE_S - CONNECT_S:
            return AGREED
        case R.DECLINED if R.DECLINED in agreed or lasted >= LATER_S:
            return AGREED
        case R.HUNG_UP | R.HUNG_UP_BY_PEER:
            return GONE
    return None


def verdict_on_request(
    began: float, answers: Sequence[tuple[float, int]], around: Around, *, named: bool = False
) -> str | None:
    """What a request outside a call came to: answered, or not, for a reason; None for a bug."""
    if not answers and any(back > began for _, back in around.caller_away):
        return f"after a crash: {FORGOTTEN}"
    if len(answers) > 1 + len(around.caller_away) or not answers:
        return None
    at, status = answers[0]
    away = any(back > began - T1_64 for _, back in (*around.caller_away, *around.callee_away))
    lasted = at - began + ROUNDING_S
    match status:
        case 200:
            return ANSWERED
        case 408 if lasted >= T1_64 and (away or lasted <= T1_64 + named * LOOK_UP_S + 2 * ROUNDING_S):
            return TIMER_F if away or around.silent(began, at) else None
        case 503 if away or around.failed(began, at):
            return OPTIONS_NOT_SENT
    return None
