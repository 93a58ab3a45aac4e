"""What is explored: with each run of the tests, and by hand."""

from __future__ import annotations

from tests.exploring.person import may, must
from tests.exploring.world import A_LOSS, LOSSY, NO_FAULTS, Bounds
from tests.referrals_explored.world import Setting

ACCEPT = must(0, "accept")


def plain(bounds: Bounds) -> Setting:
    """Bob does what he is asked for, and tells that it is done."""
    return Setting("done", bounds, {}, {"ReferReceived": (*ACCEPT, *must(1, "finish"))})


def going(bounds: Bounds, ticks: int = 1) -> Setting:
    """It takes a while, and he tells how far he has come: but no sooner than a second after what he told before."""
    steps = (*ACCEPT, *may(ticks, "ring"), *must(ticks + 1, "finish"))
    return Setting(f"progress within {ticks} ticks", bounds, {}, {"ReferReceived": steps})


def refused(bounds: Bounds, *names: str) -> Setting:
    """Bob refuses it or not, and perhaps says nothing in time, and refuses it then (RFC 3515 2.4.2, 2.4.7)."""
    what = " or ".join(("refusal", *names))
    return Setting(what, bounds, {}, {"ReferReceived": (*may(9, "reject", *names), *must(10, "finish"))})


def crossing(what: str, bounds: Bounds, ticks: int = 0) -> Setting:
    """Alice wants to hear for longer, or no more, while Bob tells how far he has come (RFC 3515 2.4.4)."""
    return Setting(
        f"Alice wants to {what} within {ticks} ticks",
        bounds,
        {"start": may(ticks + 1, what), "ReferAccepted": may(ticks, what)},
        {"ReferReceived": (*ACCEPT, *may(ticks, "ring"), *must(ticks + 1, "finish"))},
    )


def unheard(bounds: Bounds) -> Setting:
    """Alice does not want to hear of it (RFC 4488)."""
    return Setting("no reports", bounds, {}, {"ReferReceived": may(9, "reject", "finish")}, reports=False)


def followed(bounds: Bounds) -> Setting:
    """Bob calls whom the REFER names, who is busy; that is told by itself."""
    return Setting("followed", bounds, {"IncomingCall": must(0, "busy")}, {"ReferReceived": must(0, "follow")})


EACH_RUN = (
    plain(Bounds(1, 1)),
    going(NO_FAULTS),
    refused(NO_FAULTS),
    crossing("refresh", NO_FAULTS),
    crossing("unsubscribe", NO_FAULTS),
    unheard(NO_FAULTS),
    followed(NO_FAULTS),
)
"""In some seconds."""

BY_HAND = (
    *EACH_RUN,
    plain(LOSSY),
    going(A_LOSS),
    refused(NO_FAULTS, "accept"),
    refused(A_LOSS),
    crossing("refresh", A_LOSS),
    crossing("unsubscribe", A_LOSS),
    crossing("unsubscribe", NO_FAULTS, 1),
    unheard(LOSSY),
    followed(A_LOSS),
)
"""In some minutes."""
