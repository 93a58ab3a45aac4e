"""Which machine of a subscription has a say in what, at the subscriber: one grid.

A subscription is the dialog that it is in, its state, the SUBSCRIBE that is under way, and how long it lasts. The order
of the machines is the precedence of refusals, and the order of outputs. What becomes of the dialog when it is over is
no event here: others may live in it (RFC 6665 4.5.2), see `sipsm.role.calls.dialogs`.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from sipsm.dialog import Dialog
from sipsm.machine import No, To, Wiring, grid_line
from sipsm.usage.lifetime import Lifetime
from sipsm.usage.renewal import Renewal
from sipsm.usage.subscriber import Subscriber

MACHINES: Final = {
    "dialog": (Dialog.table,),
    "subscriber": (Subscriber.table,),
    "renewal": (Renewal.table,),
    "lifetime": (Lifetime.table,),
}


_event = partial(grid_line, MACHINES)


def _told(state: str) -> dict[str, To | No]:
    return _event(
        "all have a say in it",
        dialog=("NOTIFY", "6665 4.4.1"),
        subscriber=(state, "6665 4.1.3"),
        renewal=("NOTIFY", "6665 4.1.2.4"),
        lifetime=("NOTIFY", "6665 4.1.3"),
    )


def _answered(name: str, rfc: str) -> dict[str, To | No]:
    return _event(
        "not the 2xx makes it, but the NOTIFY",
        dialog=("UPDATE 2XX", "3261 12.2.1.2"),
        renewal=(name, rfc),
        lifetime=("2XX", "6665 4.1.2.1"),
    )


def _of_renewal(name: str, rfc: str) -> dict[str, To | No]:
    return _event("told so before, or when it is sent", renewal=(name, rfc))


def _of_subscriber(name: str, rfc: str) -> dict[str, To | No]:
    return _event("told by ENDED", subscriber=(name, rfc))


SUBSCRIBING: Final = Wiring(
    "a subscription at the subscriber",
    MACHINES,
    {
        # ---------------- what we ask
        ">SUBSCRIBE": _event(
            "the NOTIFY makes it, 6665 4.4.1",
            subscriber=("SUBSCRIBE", "6665 4.1.2.1"),
            renewal=("SUBSCRIBE", "6665 4.1.2.1"),
            lifetime=("ASKED", "6665 4.1.2.1"),
        ),
        "REFRESH": _event(
            "goes on",
            subscriber=("REFRESH", "6665 4.1.2.2"),
            renewal=("REFRESH", "6665 4.1.2.2"),
            lifetime=("ASKED", "6665 4.1.2.2"),
        ),
        "LONGER": _event("goes on", renewal=("LONGER", "3261 21.4.17"), lifetime=("ASKED", "3261 21.4.17")),
        "UNSUBSCRIBE": _event(
            "goes on until the last NOTIFY",
            subscriber=("UNSUBSCRIBE", "6665 4.1.2.3"),
            renewal=("UNSUBSCRIBE", "6665 4.1.2.3"),
        ),
        "LEAVE": _of_renewal("LEAVE", "6665 4.1.2.3"),
        "DUE": _of_renewal("DUE", "6665 4.1.2.2"),
        # ---------------- what comes of it
        "2XX": _answered("2XX", "6665 4.1.2.1"),
        "204": _answered("204", "6665 4.1.2.2"),
        "REFUSED": _event(
            "goes on, or ends with it",
            subscriber=("REFUSED", "6665 4.1.2.2"),
            renewal=("REFUSED", "6665 4.1.2.2"),
        ),
        # ---------------- what the notifier tells
        "ACTIVE": _told("ACTIVE"),
        "PENDING": _told("PENDING"),
        "TERMINATED": _event(
            "ends where nothing else lives in it",
            subscriber=("TERMINATED", "6665 4.1.3"),
            renewal=("OVER", "6665 4.4.1"),
            lifetime=("OVER", "6665 4.4.1"),
        ),
        "FORKED": _event(
            "begins with its NOTIFY",
            subscriber=("SUBSCRIBE", "6665 4.1.4"),
            renewal=("FORKED", "6665 4.1.4"),
            lifetime=("ASKED", "6665 4.1.4"),
        ),
        # ---------------- the end
        "LEFT": _of_subscriber("LEFT", "5839 5.7"),
        "DIALOG LOST": _of_subscriber("DIALOG LOST", "5057 5.1"),
        "NO NOTIFY": _of_subscriber("NO NOTIFY", "6665 4.1.2.4"),
        "EXPIRED": _of_subscriber("EXPIRED", "6665 4.1.2.2"),
        "ENDED": _event(
            "ends where nothing else lives in it",
            renewal=("OVER", "6665 4.4.1"),
            lifetime=("OVER", "6665 4.4.1"),
        ),
        "RETRY": _of_subscriber("RETRY", "6665 4.1.3"),
        # ---------------- time
        "TERM SET": _event("told so before", lifetime=("TERM SET", "6665 4.1.2.2")),
        "Timer N": _of_renewal("Timer N", "6665 4.1.2.4"),
        "Timer expires": _event("told by EXPIRED", lifetime=("Timer expires", "6665 4.1.2.2")),
        "Timer refresh": _event("told by DUE", lifetime=("Timer refresh", "6665 4.1.2.2")),
        "Timer retry": _of_subscriber("Timer retry", "6665 4.1.3"),
    },
)
"""Every event of a subscription, at the subscriber."""
