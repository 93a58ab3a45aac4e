"""A lease: what a server holds for us for a time, and only as long as we refresh it. A registration, or a publication.

RFC 3261 10.2, RFC 3903 4 and 5. Here is what such leases have in common: their states and inputs, what they remember,
and the guards, actions and timers of which their tables are made. A kind of them is a subclass, in a module with its
own table, what that sends, and what it makes of a 2xx. The request is decided on when its turn has come: what the
program has changed until then goes out at once. Not here: whose turn it is, see `sipsm.standalone.lines`; and the
answer to a challenge, with which a request goes out again before anything of it comes here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, ClassVar, Final, Generic, Protocol, TypeVar

from attrs import define, field, frozen

from sipsm.machine import Machine, Step, Table
from sipsm.message import Response
from sipsm.message.headers import MIN_EXPIRES, RETRY_AFTER
from sipsm.transaction import TimerValues

NEW: Final = "New"
WAITING: Final = "Waiting"
ASKED: Final = "Asked"
SETTLING: Final = "Settling"
OVER: Final = "Over"
BUSY: Final = frozenset({WAITING, ASKED})

MODIFY: Final = "modify"
REFRESH: Final = "refresh"
REMOVE: Final = "remove"
TURN: Final = "turn"
R2XX: Final = "2xx"
R423: Final = "423"
REFUSED: Final = "refused"
FAILED: Final = "failed"
SETTLED: Final = "settled"

MOST_RAISES: Final = 5
"""How often in a row a 423 is obeyed: each server on the way may have a minimum of its own."""

USUAL_S: Final = 3600
"""How long a lease lasts, in seconds, where neither side has said so, as it must (RFC 3261 10.3, RFC 3903 6)."""

TRANSIENT: Final = frozenset({408, 480, 500, 503, 504})
"""Answers that say nothing of the lease, only that the server cannot serve now."""


W = TypeVar("W")


# -------------------------------------------------------------------- what it is told, and what it asks for


@frozen
class Wish(Generic[W]):
    """What the program wants: something else to be there, or another time."""

    wanted: W | None = None
    expires_s: int | None = None


@frozen
class Failure:
    """What a request came to that was not accepted; no response when none came (408), or it could not go out (503)."""

    status: int
    response: Response | None

    @property
    def smallest_s(self) -> int | None:
        """The shortest time that a 423 would take, in seconds (RFC 3261 10.2.8, RFC 3903 5)."""
        return None if self.response is None else self.response[MIN_EXPIRES]

    @property
    def retry_after_s(self) -> float:
        """When the server would have it tried again, in seconds (RFC 3261 20.33)."""
        after = None if self.response is None else self.response[RETRY_AFTER]
        return 0.0 if after is None else float(after.wait_s)


@frozen
class WaitForTurn:
    """Have it send when nothing else is under way where its requests go one at a time."""


@frozen
class TellAccepted:
    """The server has accepted."""

    operation: str
    expires_s: int
    response: Response


@frozen
class TellFailed:
    """A refresh or a change came to nothing, and the lease goes on."""

    operation: str
    failure: Failure
    retry_after_s: float | None


@frozen
class TellEnded:
    """It is over."""

    reason: str
    """A `LeaseEndReason`, or one that the kind has of its own."""
    failure: Failure | None = None
    response: Response | None = None
    """The 2xx with which it is, where that says something."""


class LeaseEndReason(StrEnum):
    """Why a lease is over: the values that such an enumeration of each kind has, beside others of its own."""

    REMOVED = "removed"
    REFUSED = "refused"
    FAILED = "failed"
    EXPIRED = "expired"


# -------------------------------------------------------------------- the machine


class Sent(Protocol):
    """A request of a lease."""

    @property
    def operation(self) -> str:
        """What it does: `MODIFY` where it changes what was accepted."""

    @property
    def expires_s(self) -> int | None:
        """The time that it asks for in seconds, 0 where it removes the lease; None leaves it to the server."""


S = TypeVar("S", bound=Sent)


@define(eq=False)
class Lease(Machine, Generic[W, S]):
    """One lease: what is wanted, what the server has, and the request that is under way between them."""

    table: ClassVar[Table]
    answers: ClassVar[Mapping[int, str]] = {423: R423}
    """The inputs that its own statuses are."""
    times: TimerValues
    wanted: W
    """What the program wants the server to have."""
    asks_s: int | None
    """The time that is asked for in seconds, None for what the server likes."""
    accepted: W | None = None
    """What the server has accepted; None where it is not known to have anything."""
    expires_at: float = 0.0
    """When it is over at the server."""
    refresh_at: float = 0.0
    """When it is to be refreshed."""
    left_s: float = 0.0
    wait_s: float = 0.0
    sent: S | None = None
    """What is under way, or was last."""
    sent_at: float = 0.0
    """When it went out."""
    changed: bool = False
    """Whether something else is wanted than the server has."""
    leaving: bool = False
    """Whether it is to be removed."""
    more: bool = False
    """Whether something was asked for since the last request went out."""
    raised: int = 0
    """How often a 423 was obeyed since the last 2xx."""
    watched_at: float | None = field(default=None, init=False)

    @property
    def under_way(self) -> S:
        """The request that is under way, or has just been answered."""
        assert self.sent is not None, "one is under way"
        return self.sent

    @property
    def removes(self) -> bool:
        """Whether that one removes what the server has."""
        return self.under_way.expires_s == 0

    @property
    def modifies(self) -> bool:
        """Whether that one changes it."""
        return self.under_way.operation == MODIFY

    def input_of(self, status: int) -> str:
        """What a final response is to the machine, by its status."""
        if 200 <= status < 300:
            return R2XX
        return FAILED if status in TRANSIENT else self.answers.get(status, REFUSED)


AnyLease = Lease[Any, Any]


# -------------------------------------------------------------------- guards


def is_leaving(lease: AnyLease, _x: Any, _at: Any) -> bool:
    """It is to be removed."""
    return lease.leaving


def is_new(lease: AnyLease, _x: Any, _at: Any) -> bool:
    """The server is not known to have anything of it."""
    return lease.accepted is None


def is_not_there(lease: AnyLease, now: float, _at: Any) -> bool:
    """The server has accepted nothing of it, or has let it expire by now."""
    return lease.accepted is None or lease.expires_at <= now


def has_changed(lease: AnyLease, _x: Any, _at: Any) -> bool:
    """The server has something else than what is wanted."""
    return lease.changed


def was_removal(lease: AnyLease, _x: Any, _at: Any) -> bool:
    """What is under way removes it."""
    return lease.removes


def was_modification(lease: AnyLease, _x: Any, _at: Any) -> bool:
    """What is under way changes it."""
    return lease.modifies


def was_superseded(lease: AnyLease, _x: Any, _at: Any) -> bool:
    """What is under way changes it, and has been followed by another change."""
    return lease.modifies and lease.changed


def wants_more(lease: AnyLease, _x: Any, _at: Any) -> bool:
    """Something was asked for meanwhile."""
    return lease.more


def has_no_time_left(lease: AnyLease, _x: Any, _at: Any) -> bool:
    """Its time is over."""
    return lease.left_s <= 0


def asks_for_longer(lease: AnyLease, failure: Failure, asked: Iterable[int]) -> bool:
    """Whether a 423 is to be obeyed: the time that it asks for is longer than one of those that were asked for."""
    smallest_s = failure.smallest_s
    return smallest_s is not None and lease.raised < MOST_RAISES and any(smallest_s > each for each in asked)


# -------------------------------------------------------------------- actions


def wait_for_turn(_: AnyLease, _x: Any, step: Step) -> None:
    """Get in line."""
    # "UAs MUST NOT send a new registration (that is, containing new Contact header field values, as opposed to a
    # retransmission) until they have received a final response from the registrar for the previous one or the previous
    # REGISTER request has timed out." (RFC 3261 10.2)
    # "EPAs MUST NOT send a new PUBLISH request (not a re-transmission) for the same Request-URI, until they have
    # received a final response from the ESC for the previous one or the previous PUBLISH request has timed out."
    # (RFC 3903 4)
    step.emit(WaitForTurn())


def note_wish(lease: AnyLease, wish: Wish[Any], _step: Step) -> None:
    """Take what the program wants."""
    if wish.wanted is not None:
        lease.wanted, lease.changed = wish.wanted, True
    if wish.expires_s is not None:
        lease.asks_s = wish.expires_s


def note_more(lease: AnyLease, _x: Any, _step: Step) -> None:
    """Something is left to be done when the answer has come."""
    lease.more = True


def note_leaving(lease: AnyLease, _x: Any, _step: Step) -> None:
    """It is to be removed."""
    lease.leaving = True


def send(lease: AnyLease, what: Sent, step: Step) -> None:
    """Have it sent, and note that."""
    lease.sent, lease.sent_at = what, step.now
    lease.changed = lease.more = False
    step.emit(what)


def settle(lease: Lease[W, Any], accepted: W | None, lasts_s: int, response: Response, step: Step) -> None:
    """Take what a 2xx says: the server has this, for so long."""
    lease.accepted, lease.raised = accepted, 0
    # The server counts from when it had the request, and this may be a late repeat of its answer. What is over by then
    # is begun anew.
    lease.expires_at = lease.sent_at + lasts_s
    lease.more = lease.more or 0 < lasts_s <= step.now - lease.sent_at
    # "The UA then issues a REGISTER request for each of its bindings before the expiration interval has elapsed." (RFC
    # 3261 10.2.4)  One request may go unanswered, and another one be, before it is over.
    margin = min(lasts_s / 2, max(lasts_s / 10, 128 * lease.times.T1))
    lease.refresh_at = lease.expires_at - margin
    go_on(lease, step.now)
    step.emit(TellAccepted(lease.under_way.operation, lasts_s, response))
    step.cause(SETTLED)


def note_raise(lease: AnyLease) -> None:
    """A 423 is obeyed: what was under way is to be asked for again."""
    lease.raised += 1
    keep_change(lease)


def keep_change(lease: AnyLease) -> None:
    """What the request under way was to change is to be changed yet."""
    lease.changed = lease.changed or lease.modifies


def cause_refusal(_: AnyLease, failure: Failure, step: Step) -> None:
    """It is refused for what it is."""
    step.cause(REFUSED, failure)


def keep_accepted(lease: AnyLease, _failure: Failure, step: Step) -> None:
    """The server has what it had; with what is left of its time."""
    assert lease.accepted is not None, "a modification follows what was accepted"
    lease.wanted = lease.accepted
    go_on(lease, step.now)
    step.cause(SETTLED)


def try_later(lease: AnyLease, failure: Failure, step: Step) -> None:
    """Try it again, when half of the time that is left is over, or when the server wants it."""
    # "If the transaction layer returns a timeout error because the REGISTER yielded no response, the UAC SHOULD NOT
    # immediately re-attempt a registration to the same registrar." (RFC 3261 10.2.7)
    keep_change(lease)
    lease.more = False
    # Towards the end the tries do not come ever faster: each has the time to be answered.
    after = max((lease.expires_at - step.now) / 2, 64 * lease.times.T1)
    lease.refresh_at = step.now + max(after, failure.retry_after_s)
    go_on(lease, step.now)
    tried_again = lease.wait_s if lease.wait_s < lease.left_s else None
    step.emit(TellFailed(lease.under_way.operation, failure, tried_again))
    step.cause(SETTLED)


def go_on(lease: AnyLease, now: float) -> None:
    """What is left of its time runs on."""
    lease.left_s = lease.expires_at - now
    lease.wait_s = max(lease.refresh_at - now, 0.0)


def report_failure(lease: AnyLease, failure: Failure, step: Step) -> None:
    """Tell that a change was refused."""
    step.emit(TellFailed(lease.under_way.operation, failure, None))


def report_removed(_: AnyLease, response: Response, step: Step) -> None:
    """Tell that it is gone, as was wanted."""
    step.emit(TellEnded(LeaseEndReason.REMOVED, response=response))


def report_gone(_: AnyLease, _x: Any, step: Step) -> None:
    """Tell that it was gone already, as was wanted."""
    step.emit(TellEnded(LeaseEndReason.REMOVED))


def report_refused(_: AnyLease, failure: Failure, step: Step) -> None:
    """Tell that the server does not take it."""
    step.emit(TellEnded(LeaseEndReason.REFUSED, failure))


def report_failed(_: AnyLease, failure: Failure, step: Step) -> None:
    """Tell that nobody serves it."""
    step.emit(TellEnded(LeaseEndReason.FAILED, failure))


def report_expired(_: AnyLease, _x: Any, step: Step) -> None:
    """Tell that its time is over."""
    step.emit(TellEnded(LeaseEndReason.EXPIRED))


# -------------------------------------------------------------------- timers


def until_refresh(lease: AnyLease) -> float:
    """Until it is to be refreshed, in time to be over before its own time is."""
    return lease.wait_s


def until_expiry(lease: AnyLease) -> float:
    """What is left of its time."""
    return lease.left_s
