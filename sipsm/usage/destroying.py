"""Which failure of a request within a dialog destroys more than its transaction: its usage, or the dialog with all of them.

RFC 5057 5.1, whose first table this is; RFC 6665 4.1.2.2 and 4.2.2, which name the same statuses of a subscription.
Silence is a word on the usage alone (RFC 5057 5.2), and so is not here.
"""

from __future__ import annotations

from typing import Final

DESTROYS_USAGE: Final = frozenset((405, 480, 481, 489, 501))
"""By these the usage is over that the request was of, and no other."""

# "Getting this response means that something has gone fundamentally wrong with the dialog state." (RFC 5057 5.1)  And of
# 482, 483 and 502: the way that the dialog has laid down leads nowhere.
DESTROYS_DIALOG: Final = frozenset((404, 410, 416, 482, 483, 484, 485, 502, 604))
"""By these the dialog is over, and all that lives in it."""

# "If the NOTIFY transaction fails due to the receipt of a 404, 405, 410, 416, 480-485, 489, 501, or 604 response to the
# NOTIFY request, the notifier MUST remove the corresponding subscription." (RFC 6665 4.2.2)  4.1.2.2 has the same of
# a SUBSCRIBE that refreshes one.
# Deviation: RFC 6665 4.1.2.2 keeps a subscription whose refresh gets 502. RFC 5057 5.1, to which it refers, says of that
# "Future requests using this dialog state will also fail."
ENDS_SUBSCRIPTION: Final = DESTROYS_USAGE | DESTROYS_DIALOG
"""By these a subscription is over."""

# An INVITE usage is "Destroyed by:  200 responses to BYE; certain failure responses to INVITE, UPDATE, PRACK, INFO, or
# BYE", a subscription by "certain failure responses to NOTIFY or SUBSCRIBE" (RFC 5057 4.1, 4.2).  Not by those to REFER,
# or to what is asked by the way: who answers such a one with 404 may mean whom, or what, it names.
OF_A_USAGE: Final = frozenset({"INVITE", "UPDATE", "PRACK", "INFO", "BYE", "NOTIFY", "SUBSCRIBE"})
"""The methods of which such a status is a word on the dialog."""
