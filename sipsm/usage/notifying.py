"""Which machine of a peer's subscription has a say in what, and what stands together.

RFC 6665 4.2. The order of the machines is the precedence of refusals and that of outputs. Whether a SUBSCRIBE within the
dialog is in order (481, 500) has been found out before.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from sipsm.dialog import Dialog
from sipsm.machine import No, To, Wiring, grid_line
from sipsm.usage.notices import Notices
from sipsm.usage.notifier import Notifier

MACHINES: Final = {"dialog": (Dialog.table,), "notifier": (Notifier.table,), "notices": (Notices.table,)}


_event = partial(grid_line, MACHINES)


def _command(name: str, rfc: str) -> dict[str, To | No]:
    return _event("told by what the subscription makes of it", notifier=(name, rfc))


NOTIFYING: Final = Wiring(
    "a subscription of a peer",
    MACHINES,
    {
        # ---------------- what the peer sends
        "<SUBSCRIBE": _event("told by what becomes of it", notifier=("SUBSCRIBE", "6665 4.2.1.1")),
        "<REFRESH": _event("told by what becomes of it", notifier=("REFRESH", "6665 4.2.1.4")),
        "<UNSUBSCRIBE": _event("told by what becomes of it", notifier=("UNSUBSCRIBE", "6665 4.2.1.4")),
        # ---------------- what the application wants
        "ACCEPT": _command("ACCEPT", "6665 4.2.1.2"),
        "PENDING": _command("PENDING", "6665 4.2.1.3"),
        "REJECT": _command("REJECT", "6665 4.2.1.3"),
        "TERMINATE": _command("TERMINATE", "6665 4.2.2"),
        "NOTIFY": _event(
            "concerns the state only", notifier=("NOTIFY", "6665 4.2.2"), notices=("NOTIFY", "6665 4.2.2")
        ),
        # ---------------- what follows
        # "SUBSCRIBE requests are target refresh requests, as that term is defined in [RFC3261]." (RFC 6665 3.1)  They are
        # one when they are accepted (RFC 6141 4.6).
        "ACCEPTED": _event(
            "told by what follows it", dialog=("SUBSCRIBE", "6665 4.4.1"), notices=("SUBSCRIBE", "5839 6.2")
        ),
        "RENEWED": _event("concerns how long it lasts only", notifier=("RENEWED", "6665 4.2.1.4")),
        "REJECTED": _event("it told so", notices=("REJECTED", "6665 4.2.1")),
        "CONFIRM": _event("it told so", notices=("CONFIRM", "6665 4.2.1.2")),
        "END": _event("it told so", notices=("END", "6665 4.2.2")),
        "NEXT NOTICE": _event("concerns the NOTIFY requests only", notices=("NEXT NOTICE", "6665 4.2.2")),
        "NOTICE LOST": _event("they told so", notifier=("NOTICE LOST", "6665 4.2.2")),
        # ---------------- what a NOTIFY comes to
        # "NOTIFY is a target refresh request, as that term is defined in [RFC3261]." (RFC 6665 3.2)
        "ANSWERED": _event(
            "concerns the NOTIFY requests only",
            dialog=("UPDATE 2XX", "6665 3.2"),
            notices=("ANSWERED", "6665 4.2.2"),
        ),
        "REFUSED": _event("told by NOTICE LOST, where it ends with it", notices=("REFUSED", "6665 4.2.2")),
        # ---------------- what becomes of the dialog
        "DIALOG LOST": _event("told by what the subscription makes of it", notifier=("DIALOG LOST", "5057 5.1")),
        "GONE": _event("it told so", notices=("GONE", "5057 5.1")),
        # ---------------- time
        "Timer decision": _command("Timer decision", "6665 4.2.1.1"),
        "Timer expires": _command("Timer expires", "6665 4.2.1.4"),
        "Timer interval": _event("of the NOTIFY requests only", notices=("Timer interval", "6665 5.4.10")),
        "Timer owed": _event("of the NOTIFY requests only", notices=("Timer owed", "6665 4.2.1.2")),
    },
)
"""Every event of a peer's subscription."""
