"""What the machines of a subscription ask for at the subscriber, and what they tell.

A SUBSCRIBE is asked for by what it means; the role builds it. What is told carries no subscription: the role, which
knows whose machines these are, adds it.
"""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from sipsm.message import Request, Response


class SubscriptionEndReason(StrEnum):
    """Why a subscription is over."""

    UNSUBSCRIBED = "unsubscribed"
    """We have ended it."""
    FETCHED = "fetched"
    """It was to be told the state once, and was (RFC 6665 4.4.3)."""
    REFUSED = "refused"
    """The SUBSCRIBE that was to make it was refused."""
    TIMED_OUT = "timed-out"
    """No answer came to the SUBSCRIBE that was to make it."""
    TRANSPORT_FAILED = "transport-failed"
    """That could not be sent."""
    NO_NOTIFY = "no-notify"
    """A SUBSCRIBE was accepted, or nothing was heard of it, and no NOTIFY came in time: Timer N (RFC 6665 4.1.2.4)."""
    LOST = "lost"
    """A refresh was refused with a status by which the notifier knows it no more (RFC 6665 4.1.2.2), or something else
    in its dialog with one by which that is over (RFC 5057 5.1)."""
    EXPIRED = "expired"
    """It ran out, and the notifier has not said so."""
    DEACTIVATED = "deactivated"
    """The notifier ended it: it is to be made anew, and may come to another one (RFC 6665 4.1.3)."""
    PROBATION = "probation"
    """The notifier ended it: it may be made anew later."""
    REJECTED = "rejected"
    """The notifier ended it: we may not have it any more."""
    TIMEOUT = "timeout"
    """The notifier ended it: it had not been refreshed."""
    GIVE_UP = "giveup"
    """The notifier ended it: it did not learn in time whether we may have it."""
    NO_RESOURCE = "noresource"
    """The notifier ended it: what it is about is no more."""
    INVARIANT = "invariant"
    """The notifier ended it: what it is about will not change."""
    TERMINATED = "terminated"
    """The notifier ended it, and gave no reason, or one that is not known here."""


# -------------------------------------------------------------------- what is to be sent


@frozen
class Subscribe:
    """A SUBSCRIBE for so long: a command, and what is to be sent; 0 fetches, or ends what there is."""

    expires_s: int


@frozen
class SendSubscribe:
    """Send a SUBSCRIBE: outside a dialog, or within the one of the subscription where that is there."""

    expires_s: int
    again: bool = False
    """Whether it follows one that was refused (RFC 3261 8.1.3.5)."""


# -------------------------------------------------------------------- what is told


@frozen
class Failure:
    """A SUBSCRIBE of ours came to nothing."""

    status: int
    """Of the response; 408 for silence, 503 where it could not be sent (RFC 3261 8.1.3.1)."""
    response: Response | None = None


@frozen
class Stands:
    """The notifier says for the first time that it is pending, or active."""

    state: str
    request: Request


@frozen
class RefreshRefused:
    """A refresh came to nothing; the subscription lasts as long as it did."""

    failure: Failure


@frozen
class Ended:
    """It is over; with `again_in_s` it is made anew by itself after so many seconds."""

    reason: SubscriptionEndReason
    message: Request | Response | None = None
    retry_after_s: int | None = None
    again_in_s: float | None = None
