"""What is explored: with each run of the tests, and by hand."""

from __future__ import annotations

from tests.exploring.person import may, must
from tests.exploring.world import A_LOSS, LOSSY, NO_FAULTS, Bounds
from tests.subscriptions_explored.world import Setting

ACCEPT = must(0, "accept")


def fetch(bounds: Bounds) -> Setting:
    """The state is told once (RFC 6665 4.4.3)."""
    return Setting("fetch", bounds, {}, {"SubscriptionRequested": ACCEPT}, expires_s=0)


def plain(bounds: Bounds) -> Setting:
    """Alice subscribes, and unsubscribes when she knows the state."""
    return Setting("one state", bounds, {}, {"SubscriptionRequested": ACCEPT})


def asked(bounds: Bounds) -> Setting:
    """Bob asks somebody, who may grant it or not (RFC 6665 4.2.2)."""
    decided = (*must(0, "keep it pending"), *may(1, "grant", "terminate"))
    return Setting("pending", bounds, {}, {"SubscriptionRequested": decided})


def refused(bounds: Bounds) -> Setting:
    """Bob refuses it or not, and perhaps says nothing in time (RFC 6665 4.2.1.3)."""
    return Setting("refusal", bounds, {}, {"SubscriptionRequested": may(9, "reject", "accept")})


def changes(bounds: Bounds, ticks: int = 1) -> Setting:
    """Bob tells two further states."""
    return Setting(
        f"two changes within {ticks} ticks",
        bounds,
        {},
        {"SubscriptionRequested": (*ACCEPT, *may(ticks, "tell 1", "tell 2"))},
    )


def crossing(what: str, bounds: Bounds, ticks: int = 1) -> Setting:
    """Alice refreshes it or ends it, while Bob tells a state, or ends it."""
    return Setting(
        f"Alice wants to {what} while Bob tells a state or terminates it, within {ticks} ticks",
        bounds,
        {"start": may(ticks, what)},
        {"SubscriptionRequested": (*ACCEPT, *may(ticks, "tell 1", "terminate"))},
    )


def partly(bounds: Bounds, ticks: int = 1) -> Setting:
    """Bob tells a change, after which only he knows the whole state that a refresh asks for (RFC 6665 5.3.2)."""
    return Setting(
        f"a change and a refresh within {ticks} ticks",
        bounds,
        {"start": may(ticks, "refresh")},
        {
            "SubscriptionRequested": (*ACCEPT, *may(ticks, "tell a change")),
            "StateWanted": must(0, "tell the whole state"),
        },
    )


EACH_RUN = (
    fetch(LOSSY),
    plain(Bounds(1, 1)),
    asked(NO_FAULTS),
    refused(NO_FAULTS),
    changes(NO_FAULTS),
    changes(A_LOSS, 0),
    crossing("refresh", NO_FAULTS, 0),
    crossing("unsubscribe", NO_FAULTS),
    partly(NO_FAULTS),
)
"""In some seconds."""

BY_HAND = (
    *EACH_RUN,
    plain(LOSSY),
    asked(A_LOSS),
    refused(A_LOSS),
    changes(A_LOSS),
    crossing("unsubscribe", A_LOSS),
    crossing("refresh", NO_FAULTS),
    partly(A_LOSS),
    crossing("refresh", A_LOSS, 0),
    changes(LOSSY, 0),
)
"""In some minutes."""
