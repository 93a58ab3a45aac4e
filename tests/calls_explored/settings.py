"""What is explored: with each run of the tests, and by hand."""

from __future__ import annotations

from tests.calls_explored.world import Setting
from tests.exploring.person import may, must
from tests.exploring.world import A_LOSS, LOSSY, NO_FAULTS, Bounds


def setup(bounds: Bounds, ticks: int = 0) -> Setting:
    """The call is rung, answered, refused, cancelled and hung up in any order (RFC 3261 9.1, 13, 15)."""
    return Setting(
        f"setup and CANCEL within {ticks} ticks",
        bounds,
        alice={"start": may(ticks + 1, "cancel"), "Established": may(ticks, "hang up")},
        bob={"IncomingCall": (*may(ticks, "ring", "reject"), *must(ticks, "answer")), "Established": may(0, "hang up")},
    )


def glare(one: str, other: str, bounds: Bounds, ticks: int = 1) -> Setting:
    """Both change the session that is up, at about the same time (RFC 3261 14, RFC 3311 5)."""
    answers = {"OfferReceived": must(0, "answer the offer"), "OfferRequested": must(0, "give an offer")}
    return Setting(
        f"Alice wants to {one}, Bob to {other}, within {ticks} ticks",
        bounds,
        alice={"start": may(ticks, one), **answers},
        bob={"start": may(ticks, other), **answers},
        up=True,
        changes=True,
    )


def change(what: str, bounds: Bounds, ticks: int = 0) -> Setting:
    """Alice changes the session; it may be cancelled and refused, and either may hang up (RFC 3261 14, 15)."""
    return Setting(
        f"Alice wants to {what}, and both may hang up, within {ticks} ticks",
        bounds,
        alice={"start": may(ticks, what, "hang up", "cancel"), "OfferReceived": must(ticks, "answer the offer")},
        bob={
            "start": may(ticks + 1, "hang up"),
            "OfferReceived": (*may(ticks, "reject the offer"), *must(ticks, "answer the offer")),
            "OfferRequested": (*may(ticks, "reject the offer"), *must(ticks, "give an offer")),
        },
        up=True,
    )


def prack(bounds: Bounds, ticks: int = 0, *, offer: bytes = b"alice 0") -> Setting:
    """Bob rings reliably with a description, and answers before or after its PRACK; Alice may cancel (RFC 3262)."""
    return Setting(
        f"PRACK, {'with' if offer else 'without'} an offer in the INVITE, within {ticks} ticks",
        bounds,
        alice={"start": may(ticks + 1, "cancel"), "OfferReceived": must(ticks, "answer the offer")},
        bob={"IncomingCall": (*must(0, "ring reliably with SDP"), *must(ticks + 1, "answer, with SDP if it must be"))},
        offer=offer,
    )


def early(bounds: Bounds) -> Setting:
    """Bob rings, and never answers, so Alice cancels."""
    return Setting(
        "ringing and CANCEL", bounds, alice={"start": must(1, "cancel")}, bob={"IncomingCall": must(0, "ring")}
    )


def impatient(bounds: Bounds) -> Setting:
    """Bob answers, and hangs up at once."""
    return Setting(
        "answering and hanging up", bounds, alice={}, bob={"IncomingCall": (*must(0, "answer"), *may(1, "hang up"))}
    )


def slow(bounds: Bounds) -> Setting:
    """Bob rings, and then once more, reliably."""
    return Setting(
        "ringing twice, once reliably",
        bounds,
        alice={},
        bob={
            "IncomingCall": (
                *must(0, "ring"),
                *must(1, "ring reliably with SDP"),
                *must(2, "answer, with SDP if it must be"),
            )
        },
    )


INVITE, UPDATE, ASK = "offer by INVITE", "offer by UPDATE", "ask for an offer"

EACH_RUN = (
    setup(NO_FAULTS),
    early(A_LOSS),
    impatient(A_LOSS),
    slow(NO_FAULTS),
    glare(INVITE, INVITE, Bounds(0, 1), 0),
    glare(UPDATE, UPDATE, A_LOSS, 0),
    glare(INVITE, UPDATE, NO_FAULTS),
    glare(ASK, UPDATE, NO_FAULTS, 0),
    prack(NO_FAULTS),
    prack(NO_FAULTS, offer=b""),
)
"""In a quarter of a minute."""

BY_HAND = (
    *EACH_RUN,
    early(LOSSY),
    impatient(LOSSY),
    slow(LOSSY),
    change(INVITE, NO_FAULTS),
    change(UPDATE, NO_FAULTS),
    change(ASK, NO_FAULTS),
    setup(NO_FAULTS, 1),
    glare(UPDATE, UPDATE, LOSSY, 0),
    glare(INVITE, INVITE, A_LOSS),
    glare(INVITE, UPDATE, A_LOSS),
    glare(ASK, INVITE, A_LOSS),
    prack(A_LOSS),
    prack(A_LOSS, offer=b""),
    setup(A_LOSS),
    glare(INVITE, INVITE, LOSSY, 0),
    glare(INVITE, UPDATE, LOSSY, 0),
    glare(ASK, INVITE, LOSSY, 0),
    glare(ASK, ASK, LOSSY, 0),
    prack(LOSSY),
    prack(LOSSY, offer=b""),
    change(ASK, A_LOSS),
    change(UPDATE, A_LOSS),
    setup(LOSSY),
)
"""In a quarter of an hour: the largest have nearly a million states."""
